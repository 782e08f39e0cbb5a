// Environment of containers, and the downward API's fields.
import { invalid, notSupported, required, type FieldError } from '../../meta/field-error.ts';
import { configMapKey, dnsLabel, dnsSubdomain, envVarName, labelKey, nameErrors } from '../../meta/names.ts';
import type { EnvFromSource, EnvVar, ObjectFieldSelector, ResourceFieldSelector } from '../../types/kubernetes.ts';
import { canonical } from './resources.ts';
import { localPath } from './volume-sources.ts';

const ENV_FIELDS = ['metadata.name', 'metadata.namespace', 'metadata.uid', 'spec.nodeName', 'spec.serviceAccountName', 'status.hostIP', 'status.hostIPs', 'status.podIP', 'status.podIPs'];
const VOLUME_FIELDS = ['metadata.annotations', 'metadata.labels', 'metadata.name', 'metadata.namespace', 'metadata.uid'];
const KNOWN_FIELDS = new Set([...ENV_FIELDS, ...VOLUME_FIELDS, 'spec.schedulerName', 'spec.restartPolicy', 'status.phase']);
const RESOURCES = ['limits.cpu', 'limits.ephemeral-storage', 'limits.memory', 'requests.cpu', 'requests.ephemeral-storage', 'requests.memory'];

const CPU_UNITS = ['1m', '1'], UNITS = ['1', '1k', '1M', '1G', '1T', '1P', '1E', '1Ki', '1Mi', '1Gi', '1Ti', '1Pi', '1Ei'];

/** Kubernetes' defaults of references in an environment, in place. */
export function defaultEnv(env: readonly EnvVar[] | undefined): void {
  for (const v of env ?? []) {
    if (v.valueFrom?.fieldRef) v.valueFrom.fieldRef.apiVersion ||= 'v1';
    if (v.valueFrom?.resourceFieldRef) defaultResourceField(v.valueFrom.resourceFieldRef);
  }
}
/** The divisor is never absent on the wire: 0 means "1". */
export function defaultResourceField(r: ResourceFieldSelector): void { r.divisor = r.divisor === undefined ? '0' : canonical(r.divisor); }

/** A field of the downward API for env (`env`) or for a volume. */
export function validateFieldRef(ref: ObjectFieldSelector, use: 'env' | 'volume', path: string): FieldError[] {
  if (!ref.apiVersion) return [required(`${path}.apiVersion`)];
  if (!ref.fieldPath) return [required(`${path}.fieldPath`)];
  const bad = (why: string): FieldError[] => [invalid(`${path}.fieldPath`, ref.fieldPath, `error converting fieldPath: ${why}`)];
  if (ref.apiVersion !== 'v1') return bad(`unsupported pod version: ${ref.apiVersion}`);
  const subscript = /^(.*?)\['(.*)'\]$/.exec(ref.fieldPath);
  if (subscript) {
    const [, base, subject] = subscript, key = base === 'metadata.annotations' ? subject!.toLowerCase() : subject!;
    if (base !== 'metadata.labels' && base !== 'metadata.annotations') return bad(`field label does not support subscript: ${ref.fieldPath}`);
    return labelKey(key).map(m => invalid(path, key, m));
  }
  // What a pod's node was called once.
  const field = ref.fieldPath === 'spec.host' ? 'spec.nodeName' : ref.fieldPath;
  if (!KNOWN_FIELDS.has(field)) return bad(`field label not supported: ${field}`);
  const allowed = use === 'env' ? ENV_FIELDS : VOLUME_FIELDS;
  return allowed.includes(field) ? [] : [notSupported(`${path}.fieldPath`, field, allowed)];
}

/** Field errors of a `resourceFieldRef`; in a `volume` it must name its container. */
export function validateResourceFieldRef(ref: ResourceFieldSelector, volume: boolean, path: string): FieldError[] {
  const errors: FieldError[] = [];
  const huge = /^(limits|requests)\.hugepages-/.test(ref.resource ?? ''), known = RESOURCES.includes(ref.resource);
  if (volume && !ref.containerName) errors.push(required(`${path}.containerName`));
  else if (!ref.resource) errors.push(required(`${path}.resource`));
  else if (!huge && !known) errors.push(notSupported(`${path}.resource`, ref.resource, RESOURCES));
  const divisor = canonical(ref.divisor ?? '0');
  if (divisor === '0' || !(huge || known)) return errors;
  const cpu = ref.resource.endsWith('.cpu');
  if (!(cpu ? CPU_UNITS : UNITS).includes(divisor)) {
    errors.push(invalid(`${path}.divisor`, ref.resource, cpu ? "only divisor's values 1m and 1 are supported with the cpu resource"
      : `only divisor's values ${UNITS.join(', ')} are supported with the ${ref.resource.includes('ephemeral') ? 'local ephemeral storage' : huge ? 'hugepages' : 'memory'} resource`));
  }
  return errors;
}

/** Field errors of `env`, below `path`. */
export function validateEnv(env: readonly EnvVar[] | undefined, path: string): FieldError[] {
  const errors: FieldError[] = [];
  for (let i = 0; i < (env?.length ?? 0); i++) {
    const v = env![i]!, at = `${path}[${i}]`;
    if (!v.name) errors.push(required(`${at}.name`));
    else for (const m of envVarName(v.name)) errors.push(invalid(`${at}.name`, v.name, m));
    if (v.valueFrom) errors.push(...validateValueFrom(v, `${at}.valueFrom`));
  }
  return errors;
}

function validateValueFrom(v: EnvVar, path: string): FieldError[] {
  const from = v.valueFrom!;
  const errors: FieldError[] = [];
  let count = 0;
  if (from.fieldRef) { count++; errors.push(...validateFieldRef(from.fieldRef, 'env', `${path}.fieldRef`)); }
  if (from.resourceFieldRef) { count++; errors.push(...validateResourceFieldRef(from.resourceFieldRef, false, `${path}.resourceFieldRef`)); }
  for (const source of ['configMapKeyRef', 'secretKeyRef'] as const) {
    const ref = from[source];
    if (!ref) continue;
    count++;
    for (const m of dnsSubdomain(ref.name ?? '')) errors.push(invalid(`${path}.${source}.name`, ref.name ?? '', m));
    if (!ref.key) errors.push(required(`${path}.${source}.key`));
    else for (const m of configMapKey(ref.key)) errors.push(invalid(`${path}.${source}.key`, ref.key, m));
  }
  const file = from.fileKeyRef, at = `${path}.fileKeyRef`;
  if (file) {
    count++;
    if (!file.volumeName) errors.push(required(`${at}.volumeName`));
    else for (const m of dnsLabel(file.volumeName)) errors.push(invalid(`${at}.volumeName`, file.volumeName, m));
    if (!file.path) errors.push(required(`${at}.path`));
    else errors.push(...localPath(file.path, `${at}.path`));
    if (!file.key) errors.push(required(`${at}.key`));
    else for (const m of envVarName(file.key)) errors.push(invalid(`${at}.key`, file.key, m));
  }
  if (count === 0) errors.push(invalid(path, '', 'must specify one of: `fieldRef`, `resourceFieldRef`, `configMapKeyRef` or `secretKeyRef`'));
  else if (v.value) errors.push(invalid(path, '', 'may not be specified when `value` is not empty'));
  else if (count > 1) errors.push(invalid(path, '', 'may not have more than one field specified at a time'));
  return errors;
}

/** Field errors of `envFrom`, below `path`. */
export function validateEnvFrom(sources: readonly EnvFromSource[] | undefined, path: string): FieldError[] {
  const errors: FieldError[] = [];
  for (let i = 0; i < (sources?.length ?? 0); i++) {
    const s = sources![i]!, at = `${path}[${i}]`;
    if (s.prefix) for (const m of envVarName(s.prefix)) errors.push(invalid(`${at}.prefix`, s.prefix, m));
    let count = 0;
    for (const source of ['configMapRef', 'secretRef'] as const) {
      const ref = s[source];
      if (!ref) continue;
      count++;
      if (!ref.name) errors.push(required(`${at}.${source}.name`));
      else for (const m of nameErrors('dns-subdomain', ref.name, true)) errors.push(invalid(`${at}.${source}.name`, ref.name, m));
    }
    // Kubernetes leaves the index out here.
    if (count === 0) errors.push(invalid(path, '', 'must specify one of: `configMapRef` or `secretRef`'));
    else if (count > 1) errors.push(invalid(path, '', 'may not have more than one field specified at a time'));
  }
  return errors;
}

// The environment of a container: envFrom, env with $(VAR) expansion, downward API, service variables, in kubelet's order.
import type { ConfigMap, Container, EnvFromSource, EnvVarSource, FileKeySelector, Pod, Secret, Service } from '../../api/types/kubernetes.ts';
import { expand } from './expand.ts';
import { fieldValue, resourceValue, type PodFacts } from './field-ref.ts';
import { serviceVariables } from './service-env.ts';

/** The pod asks for something that is not there: waiting reason CreateContainerConfigError with this message. */
export class ConfigError extends Error {}

export interface Sources {
  configMap(namespace: string, name: string): ConfigMap | undefined;
  secret(namespace: string, name: string): Secret | undefined;
  /** Services of the pod's namespace and `default/kubernetes`. */
  services(namespace: string): readonly Service[];
}

const NO_FILES: ReadonlyMap<FileKeySelector, string> = new Map();
const decode = (base64: string): string => Buffer.from(base64, 'base64').toString('utf8');
/** Names a process can have in its environment (relaxed rule of 1.34: any printable ASCII but `=`). */
const isName = (key: string): boolean => /^[\x20-\x3c\x3e-\x7e]+$/.test(key);

/** Throws ConfigError with kubelet's words. `files`: values that come from files of volumes (env-file.ts). `skipped` are keys that cannot be variable names, for the event InvalidEnvironmentVariableNames. */
export function containerEnv(pod: Pod, c: Container, sources: Sources, facts: PodFacts, files: ReadonlyMap<FileKeySelector, string> = NO_FILES): { env: { name: string; value: string }[]; skipped: string[] } {
  const ns = pod.metadata?.namespace ?? '';
  const services = serviceVariables(sources.services(ns), ns, pod.spec?.enableServiceLinks ?? true);
  const out = new Map<string, string>();
  const skipped: string[] = [];
  for (const from of c.envFrom ?? []) {
    const { keys, of } = bulk(from, ns, sources);
    for (const [key, value] of keys) {
      const name = (from.prefix ?? '') + key;
      if (isName(name)) out.set(name, value); else skipped.push(`${of} ${name}`);
    }
  }
  const lookup = (name: string): string | undefined => out.get(name) ?? services.get(name);
  for (const e of c.env ?? []) {
    const file = e.valueFrom?.fileKeyRef;
    const value = file ? files.get(file) : e.valueFrom ? referenced(pod, c, e.valueFrom, ns, sources, facts) : expand(e.value ?? '', lookup);
    if (value !== undefined) out.set(e.name, value);
  }
  for (const [name, value] of services) if (!out.has(name)) out.set(name, value);
  return { env: [...out].map(([name, value]) => ({ name, value })), skipped };
}

function bulk(from: EnvFromSource, ns: string, sources: Sources): { keys: [string, string][]; of: string } {
  const map = from.configMapRef;
  if (map) {
    const found = sources.configMap(ns, map.name ?? '');
    if (!found && !map.optional) throw new ConfigError(`configmap "${map.name ?? ''}" not found`);
    return { keys: Object.entries(found?.data ?? {}), of: `configmap ${map.name ?? ''}:` };
  }
  const secret = from.secretRef;
  if (!secret) return { keys: [], of: '' };
  const found = sources.secret(ns, secret.name ?? '');
  if (!found && !secret.optional) throw new ConfigError(`secret "${secret.name ?? ''}" not found`);
  return { keys: Object.entries(found?.data ?? {}).map(([k, v]) => [k, decode(v)]), of: `secret ${secret.name ?? ''}:` };
}

function referenced(pod: Pod, c: Container, from: EnvVarSource, ns: string, sources: Sources, facts: PodFacts): string | undefined {
  if (from.fieldRef) {
    try { return fieldValue(pod, from.fieldRef.fieldPath, facts); } catch (e) { throw new ConfigError((e as Error).message); }
  }
  if (from.resourceFieldRef) {
    const { resource, divisor, containerName } = from.resourceFieldRef;
    const of = containerName ? [...(pod.spec?.containers ?? []), ...(pod.spec?.initContainers ?? [])].find(x => x.name === containerName) : c;
    if (!of) throw new ConfigError(`container ${containerName} not found`);
    try { return resourceValue(pod, of, resource, divisor, facts); } catch (e) { throw new ConfigError((e as Error).message); }
  }
  const map = from.configMapKeyRef;
  if (map) {
    const found = sources.configMap(ns, map.name ?? '');
    if (!found) { if (map.optional) return undefined; throw new ConfigError(`configmap "${map.name ?? ''}" not found`); }
    const value = found.data?.[map.key];
    if (value === undefined && !map.optional) throw new ConfigError(`couldn't find key ${map.key} in ConfigMap ${ns}/${map.name ?? ''}`);
    return value;
  }
  const secret = from.secretKeyRef;
  if (secret) {
    const found = sources.secret(ns, secret.name ?? '');
    if (!found) { if (secret.optional) return undefined; throw new ConfigError(`secret "${secret.name ?? ''}" not found`); }
    const value = found.data?.[secret.key];
    if (value === undefined && !secret.optional) throw new ConfigError(`couldn't find key ${secret.key} in Secret ${ns}/${secret.name ?? ''}`);
    return value === undefined ? undefined : decode(value);
  }
  throw new ConfigError('this kind of valueFrom is not supported by this node');
}

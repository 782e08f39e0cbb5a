// Containers of pods: defaults and rules (design contract 13.1).
import { duplicate, forbidden, invalid, notFound, notSupported, required, tooMany, type FieldError } from '../../meta/field-error.ts';
import { dnsLabel, portName, portNumber } from '../../meta/names.ts';
import type { Container, PodSpec, SecurityContext } from '../../types/kubernetes.ts';
import { defaultEnv, validateEnv, validateEnvFrom } from './env.ts';
import { pullPolicyFor } from './image.ts';
import { defaultLifecycle, defaultProbe, validateLifecycle, validateProbe } from './probe.ts';
import { defaultRequirements, validateRequirements, validateResizePolicy } from './resources.ts';
import { idErrors, validateAppArmor, validateSeccomp } from './security.ts';
import { validateDevices, validateMounts, type Volumes } from './volumes.ts';
import { validateWindowsOptions } from './windows.ts';

const PROTOCOLS = ['SCTP', 'TCP', 'UDP'], PULL = ['Always', 'IfNotPresent', 'Never'], MESSAGE = ['File', 'FallbackToLogsOnError'];
const RESTART = ['Always', 'Never', 'OnFailure'], ACTIONS = ['Restart', 'RestartAllContainers'], OPERATORS = ['In', 'NotIn'], MAX_RULES = 20, MAX_CODES = 255;

/** What of its pod a container refers to. */
export interface Surroundings {
  readonly spec: PodSpec;
  readonly volumes: Volumes;
  readonly claims: ReadonlySet<string>;
}

/** `inPod`: requests follow limits in pods, not in templates. */
export function defaultContainer(c: Container, inPod: boolean): void {
  if (!c.imagePullPolicy) c.imagePullPolicy = pullPolicyFor(c.image ?? '');
  if (!c.terminationMessagePath) c.terminationMessagePath = '/dev/termination-log';
  if (!c.terminationMessagePolicy) c.terminationMessagePolicy = 'File';
  for (const p of c.ports ?? []) if (!p.protocol) p.protocol = 'TCP';
  defaultEnv(c.env);
  c.resources ??= {};
  defaultRequirements(c.resources, inPod);
  defaultProbe(c.livenessProbe);
  defaultProbe(c.readinessProbe);
  defaultProbe(c.startupProbe);
  defaultLifecycle(c.lifecycle);
}

/** Host ports of a host-network pod are its container ports. */
export function defaultHostPorts(c: Container): void {
  for (const p of c.ports ?? []) if (!p.hostPort) p.hostPort = p.containerPort;
}

function validatePorts(c: Container, path: string): FieldError[] {
  const errors: FieldError[] = [];
  const names = new Set<string>();
  for (let i = 0; i < (c.ports?.length ?? 0); i++) {
    const p = c.ports![i]!, at = `${path}[${i}]`;
    if (p.name) {
      const bad = portName(p.name);
      for (const m of bad) errors.push(invalid(`${at}.name`, p.name, m));
      if (bad.length === 0 && names.has(p.name)) errors.push(duplicate(`${at}.name`, p.name));
      if (bad.length === 0) names.add(p.name);
    }
    if (!p.containerPort) errors.push(required(`${at}.containerPort`));
    else for (const m of portNumber(p.containerPort)) errors.push(invalid(`${at}.containerPort`, p.containerPort, m));
    if (p.hostPort) for (const m of portNumber(p.hostPort)) errors.push(invalid(`${at}.hostPort`, p.hostPort, m));
    if (!p.protocol) errors.push(required(`${at}.protocol`));
    else if (!PROTOCOLS.includes(p.protocol)) errors.push(notSupported(`${at}.protocol`, p.protocol, PROTOCOLS));
  }
  return errors;
}

function validateSecurity(s: SecurityContext | undefined, path: string, hostUsers: boolean | undefined): FieldError[] {
  if (!s) return [];
  const errors: FieldError[] = [];
  for (const f of ['runAsUser', 'runAsGroup'] as const) errors.push(...idErrors(s[f], `${path}.${f}`));
  if (s.procMount !== undefined && s.procMount !== 'Default' && s.procMount !== 'Unmasked') errors.push(notSupported(`${path}.procMount`, s.procMount, ['Default', 'Unmasked']));
  if (s.procMount === 'Unmasked' && hostUsers !== false) errors.push(invalid(`${path}.procMount`, s.procMount, '`hostUsers` must be false to use `Unmasked`'));
  errors.push(...validateSeccomp(s.seccompProfile, `${path}.seccompProfile`));
  if (s.allowPrivilegeEscalation === false) {
    if (s.privileged) errors.push(invalid(path, s, 'cannot set `allowPrivilegeEscalation` to false and `privileged` to true'));
    if (s.capabilities?.add?.includes('CAP_SYS_ADMIN')) errors.push(invalid(path, s, 'cannot set `allowPrivilegeEscalation` to false and `capabilities.Add` CAP_SYS_ADMIN'));
  }
  if (s.windowsOptions) errors.push(...validateWindowsOptions(s.windowsOptions, `${path}.windowsOptions`));
  return [...errors, ...validateAppArmor(s.appArmorProfile, `${path}.appArmorProfile`)];
}

/** How a container by itself is restarted, whatever its pod's policy. */
function validateRestart(c: Container, path: string): FieldError[] {
  const errors: FieldError[] = [], rules = c.restartPolicyRules ?? [];
  if (c.restartPolicy === undefined) { if (rules.length > 0) errors.push(required(`${path}.restartPolicy`, 'must specify restartPolicy when restartPolicyRules are used')); }
  else if (!RESTART.includes(c.restartPolicy)) errors.push(notSupported(`${path}.restartPolicy`, c.restartPolicy, RESTART));
  if (rules.length > MAX_RULES) errors.push(tooMany(`${path}.restartPolicyRules`, rules.length, MAX_RULES));
  rules.forEach((r, i) => {
    const at = `${path}.restartPolicyRules[${i}]`, codes = r.exitCodes;
    if (!ACTIONS.includes(r.action)) errors.push(r.action ? notSupported(`${at}.action`, r.action, ACTIONS) : required(`${at}.action`));
    if (!codes) { errors.push(required(`${at}.exitCodes`, 'must be specified')); return; }
    if (!OPERATORS.includes(codes.operator)) errors.push(codes.operator ? notSupported(`${at}.exitCodes.operator`, codes.operator, OPERATORS) : required(`${at}.exitCodes.operator`));
    if ((codes.values?.length ?? 0) > MAX_CODES) errors.push(tooMany(`${at}.exitCodes.values`, codes.values!.length, MAX_CODES));
  });
  return errors;
}

function validateCommon(c: Container, { spec, volumes, claims }: Surroundings, path: string): FieldError[] {
  const errors: FieldError[] = [];
  if (!c.name) errors.push(required(`${path}.name`));
  else for (const m of dnsLabel(c.name)) errors.push(invalid(`${path}.name`, c.name, m));
  if (!c.image) errors.push(required(`${path}.image`));
  if (!MESSAGE.includes(c.terminationMessagePolicy ?? '')) errors.push(notSupported(`${path}.terminationMessagePolicy`, c.terminationMessagePolicy ?? '', MESSAGE, true));
  if (c.ports) errors.push(...validatePorts(c, `${path}.ports`));
  if (c.env) errors.push(...validateEnv(c.env, `${path}.env`));
  if (c.envFrom) errors.push(...validateEnvFrom(c.envFrom, `${path}.envFrom`));
  if (c.volumeMounts) errors.push(...validateMounts(c, volumes, `${path}.volumeMounts`));
  if (c.volumeDevices) errors.push(...validateDevices(c, volumes, `${path}.volumeDevices`));
  if (!PULL.includes(c.imagePullPolicy ?? '')) errors.push(notSupported(`${path}.imagePullPolicy`, c.imagePullPolicy ?? '', PULL));
  errors.push(...validateRequirements(c.resources, `${path}.resources`, claims));
  if (c.resizePolicy) errors.push(...validateResizePolicy(c.resizePolicy, `${path}.resizePolicy`, spec.restartPolicy));
  errors.push(...validateSecurity(c.securityContext, `${path}.securityContext`, spec.hostUsers));
  return errors;
}

function validateRunning(c: Container, spec: PodSpec, path: string): FieldError[] {
  return [
    ...validateLifecycle(c.lifecycle, `${path}.lifecycle`, spec.terminationGracePeriodSeconds),
    ...validateProbe(c.livenessProbe, 'livenessProbe', path),
    ...validateProbe(c.readinessProbe, 'readinessProbe', path),
    ...validateProbe(c.startupProbe, 'startupProbe', path),
  ];
}

/** Ports of the host that are taken twice; `first` is where Kubernetes says they are. */
function hostPortErrors(list: readonly Container[], first: (i: number) => string): FieldError[] {
  const errors: FieldError[] = [], taken = new Set<string>();
  list.forEach((c, i) => c.ports?.forEach((p, j) => {
    if (!p.hostPort) return;
    const key = `${p.protocol}/${p.hostIP ?? ''}/${p.hostPort}`;
    if (taken.has(key)) errors.push(duplicate(`${first(i)}.ports[${j}].hostPort`, key));
    taken.add(key);
  }));
  return errors;
}

/** All containers of a pod, init containers after the others; names are unique over both. */
export function validateContainers(pod: Surroundings, path: string): FieldError[] {
  const { spec } = pod, errors: FieldError[] = [], names = new Set<string>(), list = spec.containers as readonly Container[] | undefined;
  if (!list?.length) errors.push(required(`${path}.containers`));
  list?.forEach((c, i) => {
    const at = `${path}.containers[${i}]`;
    errors.push(...validateCommon(c, pod, at));
    if (names.has(c.name)) errors.push(duplicate(`${at}.name`, c.name));
    names.add(c.name);
    errors.push(...validateRunning(c, spec, at), ...validateRestart(c, at));
  });
  if (list) errors.push(...hostPortErrors(list, i => `${path}.containers[${i}]`));
  spec.initContainers?.forEach((c, i) => {
    const at = `${path}.initContainers[${i}]`;
    errors.push(...validateCommon(c, pod, at), ...validateRestart(c, at));
    if (names.has(c.name)) errors.push(duplicate(`${at}.name`, c.name));
    else if (c.name) names.add(c.name);
    // They run one by one: each is looked at alone, and is the first of its list to Kubernetes.
    errors.push(...hostPortErrors([c], () => `${path}.initContainers[0]`));
    if (c.restartPolicy === 'Always') errors.push(...validateRunning(c, spec, at));
    else for (const f of ['lifecycle', 'livenessProbe', 'readinessProbe', 'startupProbe'] as const) if (c[f]) errors.push(forbidden(`${at}.${f}`, 'may not be set for init containers without restartPolicy=Always'));
  });
  return errors;
}

/** Images of a pod may not be padded; those of templates always could. */
export const imageSpace = (c: Container, path: string): FieldError[] =>
  (c.image && c.image !== c.image.trim() ? [invalid(`${path}.image`, c.image, 'must not have leading or trailing whitespace')] : []);

/** A pod on the host's network has its containers' ports there; a template may leave the host port to the pod. */
export function validateHostNetworkPorts(spec: PodSpec, path: string, inPod: boolean): FieldError[] {
  if (!spec.hostNetwork) return [];
  return (spec.containers ?? []).flatMap((c, i) => (c.ports ?? []).flatMap((p, j) => ((inPod || p.hostPort) && (p.hostPort ?? 0) !== p.containerPort
    ? [invalid(`${path}.containers[${i}].ports[${j}].hostPort`, p.hostPort ?? 0, 'must match `containerPort` when `hostNetwork` is true')] : [])));
}

/** What an ephemeral container cannot have: it is never restarted, probed or counted. */
const NOT_EPHEMERAL = ['ports', 'resources', 'resizePolicy', 'restartPolicy', 'restartPolicyRules', 'livenessProbe', 'readinessProbe', 'startupProbe', 'lifecycle'] as const;
const said = (v: unknown): boolean => v !== undefined && v !== null && (typeof v !== 'object' || Object.keys(v).length > 0);

/** Ephemeral containers: named unlike all others, and with no more than a look inside needs. */
export function validateEphemeral(pod: Surroundings, path: string): FieldError[] {
  const { spec } = pod, errors: FieldError[] = [];
  if (!spec.ephemeralContainers?.length) return errors;
  const others = new Set([...(spec.containers ?? []), ...(spec.initContainers ?? [])].map(c => c.name)), names = new Set(others);
  spec.ephemeralContainers.forEach((e, i) => {
    const c = e as Container, at = `${path}.ephemeralContainers[${i}]`;
    errors.push(...validateCommon(c, pod, at), ...imageSpace(c, at));
    if (names.has(c.name)) errors.push(duplicate(`${at}.name`, c.name));
    names.add(c.name);
    if (e.targetContainerName && !others.has(e.targetContainerName)) errors.push(notFound(`${at}.targetContainerName`, e.targetContainerName));
    for (const f of NOT_EPHEMERAL) if (said(c[f])) errors.push(forbidden(`${at}.${f}`, 'cannot be set for an Ephemeral Container'));
    c.volumeMounts?.forEach((m, j) => {
      for (const f of ['subPath', 'subPathExpr'] as const) if (m[f]) errors.push(forbidden(`${at}.volumeMounts[${j}].${f}`, 'cannot be set for an Ephemeral Container'));
    });
  });
  return errors;
}

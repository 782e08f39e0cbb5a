// The Pod Security Standards, rule by rule, with what each says of a pod that breaks it
// (https://kubernetes.io/docs/concepts/security/pod-security-standards).
import type { Container, LifecycleHandler, ObjectMeta, PodSpec, Probe } from '../../../api/types/kubernetes.ts';

export interface Violation { readonly reason: string; readonly detail: string }
interface Subject { readonly meta: ObjectMeta; readonly spec: PodSpec; readonly containers: readonly Container[]; /** Minor version of the policy. */ readonly minor: number }
type Check = (s: Subject) => Violation | undefined;

const quoted = (words: readonly string[]): string => words.map(w => JSON.stringify(w)).join(', ');
const set = (words: readonly string[]): string[] => [...new Set(words)].sort();
const plural = (one: string, n: number): string => (n === 1 ? one : `${one}s`);
const named = (list: readonly Container[]): string => `${plural('container', list.length)} ${quoted(list.map(c => c.name))}`;
/** `pod and containers "a", "b"`. */
const setters = (pod: boolean, list: readonly Container[]): string => [...(pod ? ['pod'] : []), ...(list.length > 0 ? [named(list)] : [])].join(' and ');
const windows = (s: Subject): boolean => s.minor >= 25 && s.spec.os?.name === 'windows';
/** A pod whose root is nobody outside it. */
const ownUsers = (s: Subject): boolean => s.minor >= 35 && s.spec.hostUsers === false;

/** A rule on one word of the security context of pod and containers. */
function badWords(s: Subject, of: (c: Container['securityContext'] | PodSpec['securityContext']) => string | undefined, good: (w: string) => boolean): { who: string; words: string[] } | undefined {
  const bad = (w: string | undefined): boolean => w !== undefined && !good(w);
  const pod = of(s.spec.securityContext), list = s.containers.filter(c => bad(of(c.securityContext)));
  if (!bad(pod) && list.length === 0) return undefined;
  return { who: setters(bad(pod), list), words: set([...(bad(pod) ? [pod!] : []), ...list.map(c => of(c.securityContext)!)]) };
}

// --- baseline ---
const APPARMOR = 'container.apparmor.security.beta.kubernetes.io/';
const appArmorProfile: Check = s => {
  const fields = badWords(s, c => c?.appArmorProfile?.type, w => w === 'RuntimeDefault' || w === 'Localhost');
  const annotations = Object.entries(s.meta.annotations ?? {}).filter(([k, v]) => k.startsWith(APPARMOR) && v !== '' && v !== 'runtime/default' && !v.startsWith('localhost/')).map(([k, v]) => `${k}=${JSON.stringify(v)}`).sort();
  const details = [...(fields ? [`${fields.who} must not set AppArmor profile type to ${quoted(fields.words)}`] : []), ...annotations];
  return details.length === 0 ? undefined : { reason: plural('forbidden AppArmor profile', (fields?.words.length ?? 0) + annotations.length), detail: details.join(', ') };
};

const DEFAULT_CAPABILITIES = new Set(['AUDIT_WRITE', 'CHOWN', 'DAC_OVERRIDE', 'FOWNER', 'FSETID', 'KILL', 'MKNOD', 'NET_BIND_SERVICE', 'SETFCAP', 'SETGID', 'SETPCAP', 'SETUID', 'SYS_CHROOT']);
const adds = (s: Subject, good: (c: string) => boolean): string | undefined => {
  const of = (c: Container): string[] => (c.securityContext?.capabilities?.add ?? []).filter(x => !good(x));
  const list = s.containers.filter(c => of(c).length > 0);
  return list.length === 0 ? undefined : `${named(list)} must not include ${quoted(set(list.flatMap(of)))} in securityContext.capabilities.add`;
};
const capabilitiesBaseline: Check = s => {
  const detail = adds(s, c => DEFAULT_CAPABILITIES.has(c));
  return detail === undefined ? undefined : { reason: 'non-default capabilities', detail };
};

const hostNamespaces: Check = s => {
  const used = (['hostNetwork', 'hostPID', 'hostIPC'] as const).filter(f => s.spec[f] === true);
  return used.length === 0 ? undefined : { reason: 'host namespaces', detail: used.map(f => `${f}=true`).join(', ') };
};

const hostPathVolumes: Check = s => {
  const list = (s.spec.volumes ?? []).filter(v => v.hostPath).map(v => v.name);
  return list.length === 0 ? undefined : { reason: 'hostPath volumes', detail: `${plural('volume', list.length)} ${quoted(list)}` };
};

const uses = (list: readonly unknown[]): string => (list.length === 1 ? 'uses' : 'use');
const hostPorts: Check = s => {
  const of = (c: Container): string[] => (c.ports ?? []).filter(p => p.hostPort).map(p => String(p.hostPort));
  const list = s.containers.filter(c => of(c).length > 0), ports = set(list.flatMap(of));
  return list.length === 0 ? undefined : { reason: 'hostPort', detail: `${named(list)} ${uses(list)} ${plural('hostPort', ports.length)} ${ports.join(', ')}` };
};

const hostProbes: Check = s => {
  const hosts = (h: Probe | LifecycleHandler | undefined): string[] => [h?.httpGet?.host, h?.tcpSocket?.host].filter((x): x is string => Boolean(x));
  const of = (c: Container): string[] => [c.livenessProbe, c.readinessProbe, c.startupProbe, c.lifecycle?.postStart, c.lifecycle?.preStop].flatMap(hosts);
  const list = s.containers.filter(c => of(c).length > 0), bad = set(list.flatMap(of));
  if (s.minor < 34 || list.length === 0) return undefined;
  return { reason: 'probe or lifecycle host', detail: `${plural('container', list.length)} ${quoted(set(list.map(c => c.name)))} ${uses(list)} ${plural('probe or lifecycle host', bad.length)} ${quoted(bad)}` };
};

const privileged: Check = s => {
  const list = s.containers.filter(c => c.securityContext?.privileged === true);
  return list.length === 0 ? undefined : { reason: 'privileged', detail: `${named(list)} must not set securityContext.privileged=true` };
};

const procMount: Check = s => {
  const list = s.containers.filter(c => (c.securityContext?.procMount ?? 'Default') !== 'Default');
  return list.length === 0 || ownUsers(s) ? undefined : { reason: 'procMount', detail: `${named(list)} must not set securityContext.procMount to ${quoted(set(list.map(c => c.securityContext!.procMount!)))}` };
};

const SELINUX_TYPES = new Set(['', 'container_t', 'container_init_t', 'container_kvm_t']);
const seLinuxOptions: Check = s => {
  const typeOk = (t: string): boolean => SELINUX_TYPES.has(t) || (s.minor >= 31 && t === 'container_engine_t');
  const bad = (o: { type?: string; user?: string; role?: string } | undefined): boolean => o !== undefined && (!typeOk(o.type ?? '') || Boolean(o.user) || Boolean(o.role));
  const pod = s.spec.securityContext?.seLinuxOptions, list = s.containers.filter(c => bad(c.securityContext?.seLinuxOptions));
  const all = [...(bad(pod) ? [pod!] : []), ...list.map(c => c.securityContext!.seLinuxOptions!)];
  if (all.length === 0) return undefined;
  const types = set(all.map(o => o.type ?? '').filter(t => !typeOk(t)));
  const data = [
    ...(types.length > 0 ? [`${plural('type', types.length)} ${quoted(types)}`] : []),
    ...(all.some(o => o.user) ? ['user may not be set'] : []), ...(all.some(o => o.role) ? ['role may not be set'] : []),
  ];
  return { reason: 'seLinuxOptions', detail: `${setters(bad(pod), list)} set forbidden securityContext.seLinuxOptions: ${data.join('; ')}` };
};

const seccompOk = (w: string): boolean => w === 'RuntimeDefault' || w === 'Localhost';
const SECCOMP_POD = 'seccomp.security.alpha.kubernetes.io/pod', SECCOMP_CONTAINER = 'container.seccomp.security.alpha.kubernetes.io/';
/** Before there was a field. */
function seccompAnnotations(s: Subject): Violation | undefined {
  const ok = (v: string): boolean => v === 'runtime/default' || v === 'docker/default' || v.startsWith('localhost/');
  const bad = [SECCOMP_POD, ...s.containers.map(c => SECCOMP_CONTAINER + c.name)].filter(k => { const v = s.meta.annotations?.[k]; return v !== undefined && !ok(v); });
  return bad.length === 0 ? undefined : { reason: 'seccompProfile', detail: `forbidden ${plural('annotation', bad.length)} ${bad.map(k => `${k}=${JSON.stringify(s.meta.annotations![k])}`).sort().join(', ')}` };
}
const seccompBaseline: Check = s => {
  if (s.minor < 19) return seccompAnnotations(s);
  const bad = badWords(s, c => c?.seccompProfile?.type, seccompOk);
  return bad && { reason: 'seccompProfile', detail: `${bad.who} must not set securityContext.seccompProfile.type to ${quoted(bad.words)}` };
};

/** Sysctls of a namespace of their own, and since which minor version they are allowed. */
const SYSCTLS: Readonly<Record<string, number>> = {
  'kernel.shm_rmid_forced': 0, 'net.ipv4.ip_local_port_range': 0, 'net.ipv4.tcp_syncookies': 0, 'net.ipv4.ping_group_range': 0, 'net.ipv4.ip_unprivileged_port_start': 0,
  'net.ipv4.ip_local_reserved_ports': 27, 'net.ipv4.tcp_keepalive_time': 29, 'net.ipv4.tcp_fin_timeout': 29, 'net.ipv4.tcp_keepalive_intvl': 29, 'net.ipv4.tcp_keepalive_probes': 29,
  'net.ipv4.tcp_rmem': 32, 'net.ipv4.tcp_wmem': 32,
};
const sysctls: Check = s => {
  const bad = (s.spec.securityContext?.sysctls ?? []).map(x => x.name).filter(n => SYSCTLS[n] === undefined || s.minor < SYSCTLS[n]);
  return bad.length === 0 ? undefined : { reason: 'forbidden sysctls', detail: bad.join(', ') };
};

const windowsHostProcess: Check = s => {
  const pod = s.spec.securityContext?.windowsOptions?.hostProcess === true, list = s.containers.filter(c => c.securityContext?.windowsOptions?.hostProcess === true);
  return pod || list.length > 0 ? { reason: 'hostProcess', detail: `${setters(pod, list)} must not set securityContext.windowsOptions.hostProcess=true` } : undefined;
};

// --- restricted ---
const allowPrivilegeEscalation: Check = s => {
  const list = s.containers.filter(c => c.securityContext?.allowPrivilegeEscalation !== false);
  if (s.minor < 8 || list.length === 0 || windows(s)) return undefined;
  return { reason: 'allowPrivilegeEscalation != false', detail: `${named(list)} must set securityContext.allowPrivilegeEscalation=false` };
};

const capabilitiesRestricted: Check = s => {
  if (windows(s)) return undefined;
  const keeping = s.containers.filter(c => !c.securityContext?.capabilities?.drop?.includes('ALL'));
  const details = [...(keeping.length > 0 ? [`${named(keeping)} must set securityContext.capabilities.drop=["ALL"]`] : []), adds(s, c => c === 'NET_BIND_SERVICE')].filter(Boolean);
  return details.length === 0 ? undefined : { reason: 'unrestricted capabilities', detail: details.join('; ') };
};

const VOLUMES = new Set(['configMap', 'csi', 'downwardAPI', 'emptyDir', 'ephemeral', 'persistentVolumeClaim', 'projected', 'secret', 'image']);
const restrictedVolumes: Check = s => {
  const typeOf = (v: object): string => Object.keys(v).find(k => k !== 'name') ?? 'emptyDir';
  const bad = (s.spec.volumes ?? []).filter(v => !VOLUMES.has(typeOf(v))), types = set(bad.map(typeOf));
  return bad.length === 0 ? undefined : { reason: 'restricted volume types', detail: `${plural('volume', bad.length)} ${quoted(bad.map(v => v.name))} ${uses(bad)} restricted volume ${plural('type', types.length)} ${quoted(types)}` };
};

const runAsNonRoot: Check = s => {
  if (ownUsers(s)) return undefined;
  const reason = 'runAsNonRoot != true', pod = s.spec.securityContext?.runAsNonRoot;
  const bad = s.containers.filter(c => c.securityContext?.runAsNonRoot === false), open = s.containers.filter(c => c.securityContext?.runAsNonRoot === undefined && pod !== true);
  if (pod === false || bad.length > 0) return { reason, detail: `${setters(pod === false, bad)} must not set securityContext.runAsNonRoot=false` };
  return open.length === 0 ? undefined : { reason, detail: `pod or ${named(open)} must set securityContext.runAsNonRoot=true` };
};

const runAsUser: Check = s => {
  const pod = s.spec.securityContext?.runAsUser === 0, list = s.containers.filter(c => c.securityContext?.runAsUser === 0);
  if (s.minor < 23 || ownUsers(s) || (!pod && list.length === 0)) return undefined;
  return { reason: 'runAsUser=0', detail: `${setters(pod, list)} must not set runAsUser=0` };
};

const seccompRestricted: Check = s => {
  if (windows(s)) return undefined;
  const bad = seccompBaseline(s), pod = s.spec.securityContext?.seccompProfile?.type;
  const open = s.containers.filter(c => c.securityContext?.seccompProfile === undefined && (pod === undefined || !seccompOk(pod)));
  return bad ?? (open.length === 0 ? undefined : { reason: 'seccompProfile', detail: `pod or ${named(open)} must set securityContext.seccompProfile.type to "RuntimeDefault" or "Localhost"` });
};

const BASELINE: readonly Check[] = [appArmorProfile, hostNamespaces, hostPathVolumes, hostPorts, hostProbes, privileged, procMount, seLinuxOptions, sysctls, windowsHostProcess];
/** Rules that a stricter one replaces, and since which minor version it is there. */
const REPLACED: readonly { check: Check; by: Check; since: number }[] = [{ check: capabilitiesBaseline, by: capabilitiesRestricted, since: 22 }, { check: seccompBaseline, by: seccompRestricted, since: 19 }];

/** Everything about a pod that a level forbids, in Kubernetes' order; `minor` is the policy's version. */
export function violations(level: 'baseline' | 'restricted', minor: number, meta: ObjectMeta, spec: PodSpec): Violation[] {
  const s: Subject = { meta, spec, minor, containers: [...(spec.initContainers ?? []), ...(spec.containers ?? []), ...((spec.ephemeralContainers ?? []) as Container[])] };
  const [capabilities, seccomp] = REPLACED.map(r => (level === 'restricted' && minor >= r.since ? undefined : r.check));
  const restricted = (r: number): Check | undefined => (minor >= REPLACED[r]!.since ? REPLACED[r]!.by : undefined);
  const checks = [
    ...BASELINE, capabilities, seccomp,
    ...(level === 'restricted' ? [allowPrivilegeEscalation, restricted(0), restrictedVolumes, runAsNonRoot, runAsUser, restricted(1)] : []),
  ];
  return checks.flatMap(c => c?.(s) ?? []);
}

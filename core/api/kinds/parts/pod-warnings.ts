// What is legal in a pod and almost surely not meant, or will not be for long: Warning headers (Kubernetes pkg/api/pod, pkg/api/node).
import { dnsLabel, labelValue } from '../../meta/names.ts';
import type { KubeObject } from '../../meta/object.ts';
import type { ContainerPort, NodeSelectorTerm, ObjectMeta, PodAffinity, PodSpec, PodTemplateSpec, Volume } from '../../types/kubernetes.ts';
import { claimWarnings } from './claim.ts';
import { isFractional } from './resources.ts';
import { containersOf } from './windows.ts';

/** Labels of nodes that have another name by now. */
const OLD_LABELS: Readonly<Record<string, string>> = {
  'beta.kubernetes.io/arch': 'deprecated since v1.14; use "kubernetes.io/arch" instead',
  'beta.kubernetes.io/os': 'deprecated since v1.14; use "kubernetes.io/os" instead',
  'failure-domain.beta.kubernetes.io/region': 'deprecated since v1.17; use "topology.kubernetes.io/region" instead',
  'failure-domain.beta.kubernetes.io/zone': 'deprecated since v1.17; use "topology.kubernetes.io/zone" instead',
  'beta.kubernetes.io/instance-type': 'deprecated since v1.17; use "node.kubernetes.io/instance-type" instead',
  'app.kubernetes.io/created-by': 'deprecated since v1.9',
  'scheduler.alpha.kubernetes.io/preferAvoidPods': 'deprecated since v1.22; use Taints and Tolerations instead',
  'node-role.kubernetes.io/master': 'use "node-role.kubernetes.io/control-plane" instead',
};
export const oldLabel = (key: string): string | undefined => (Object.hasOwn(OLD_LABELS, key) ? OLD_LABELS[key] : undefined);
const OLD_ANNOTATIONS: Readonly<Record<string, string>> = {
  'scheduler.alpha.kubernetes.io/critical-pod': 'non-functional in v1.16+; use the "priorityClassName" field instead',
  'security.alpha.kubernetes.io/sysctls': 'non-functional in v1.11+; use the "sysctls" field instead',
  'security.alpha.kubernetes.io/unsafe-sysctls': 'non-functional in v1.11+; use the "sysctls" field instead',
};
const OLD_VOLUMES: readonly (readonly [keyof Volume, string, string])[] = [
  ['photonPersistentDisk', 'photonPersistentDisk', 'deprecated in v1.11, non-functional in v1.16+'], ['gitRepo', 'gitRepo', 'deprecated in v1.11, and disabled by default in v1.33+'],
  ['scaleIO', 'scaleIO', 'deprecated in v1.16, non-functional in v1.22+'], ['flocker', 'flocker', 'deprecated in v1.22, non-functional in v1.25+'],
  ['storageos', 'storageOS', 'deprecated in v1.22, non-functional in v1.25+'], ['quobyte', 'quobyte', 'deprecated in v1.22, non-functional in v1.25+'],
  ['glusterfs', 'glusterfs', 'deprecated in v1.25, non-functional in v1.26+'], ['cephfs', 'cephfs', 'deprecated in v1.28, non-functional in v1.31+'], ['rbd', 'rbd', 'deprecated in v1.28, non-functional in v1.31+'],
];
const SECCOMP_POD = 'seccomp.security.alpha.kubernetes.io/pod', SECCOMP = 'container.seccomp.security.alpha.kubernetes.io/', APPARMOR = 'container.apparmor.security.beta.kubernetes.io/';
const BYTES = ['memory', 'ephemeral-storage'];
const NO_POD = 'a null labelSelector results in matching no pod';

/** A node selector's term: labels of another name and, with `values`, values no label can have. */
export function nodeTermWarnings(term: NodeSelectorTerm | undefined, path: string, values: boolean): string[] {
  return (term?.matchExpressions ?? []).flatMap((e, i) => {
    const at = `${path}.matchExpressions[${i}]`, old = oldLabel(e.key);
    return [...(old ? [`${at}.key: ${e.key} is ${old}`] : []), ...(values ? (e.values ?? []).flatMap((v, j) => labelValue(v).map(m => `${at}.values[${j}]: ${v} is invalid, ${m}`)) : [])];
  });
}

function selectorWarnings(spec: PodSpec, path: string): string[] {
  const out: string[] = [], node = spec.affinity?.nodeAffinity, at = `${path}.affinity.nodeAffinity`;
  for (const k in spec.nodeSelector) { const old = oldLabel(k); if (old) out.push(`${path}.nodeSelector[${k}]: ${old}`); }
  node?.requiredDuringSchedulingIgnoredDuringExecution?.nodeSelectorTerms?.forEach((t, i) => out.push(...nodeTermWarnings(t, `${at}.requiredDuringSchedulingIgnoredDuringExecution.nodeSelectorTerms[${i}]`, false)));
  node?.preferredDuringSchedulingIgnoredDuringExecution?.forEach((t, i) => out.push(...nodeTermWarnings(t.preference, `${at}.preferredDuringSchedulingIgnoredDuringExecution[${i}].preference`, true)));
  spec.topologySpreadConstraints?.forEach((c, i) => {
    const one = `${path}.topologySpreadConstraints[${i}]`, old = oldLabel(c.topologyKey);
    if (old) out.push(`${one}.topologyKey: ${c.topologyKey} is ${old}`);
    if (!c.labelSelector) out.push(`${one}.labelSelector: ${NO_POD}`);
  });
  return out;
}

function volumeWarnings(spec: PodSpec, path: string): string[] {
  const out: string[] = [], tokens = new Set<string>();
  spec.volumes?.forEach((v, i) => {
    for (const [k, shown, text] of OLD_VOLUMES) if (v[k]) out.push(`${path}.volumes[${i}].${shown}: ${text}`);
    out.push(...claimWarnings(v.ephemeral?.volumeClaimTemplate?.spec, `${path}.volumes[${i}].ephemeral.volumeClaimTemplate.spec`));
    for (const s of v.projected?.sources ?? []) if (s.serviceAccountToken) tokens.add(s.serviceAccountToken.path);
  });
  if (tokens.size === 0) return out;
  spec.volumes?.forEach((v, i) => {
    const twice = (file: string | undefined, where: string): void => { if (file !== undefined && tokens.has(file)) out.push(`${path}.volumes[${i}].projected.sources.${where}: has duplicated path with ServiceAccountToken ${JSON.stringify(file)}`); };
    for (const s of v.projected?.sources ?? []) {
      s.configMap?.items?.forEach((f, j) => twice(f.path, `configMap[${j}]`));
      s.secret?.items?.forEach((f, j) => twice(f.path, `secrets[${j}]`));
      s.downwardAPI?.items?.forEach((f, j) => twice(f.path, `downwardAPI[${j}]`));
      if (s.clusterTrustBundle) twice(s.clusterTrustBundle.path, 'ClusterTrustBundle');
    }
  });
  return out;
}

/** Named twice, and not the first time either. */
function twiceWarnings(list: readonly (string | undefined)[], text: (i: number, name: string) => string): string[] {
  const seen = new Set<string>();
  return list.flatMap((name = '', i) => { const again = seen.has(name); seen.add(name); return again ? [text(i, name)] : []; });
}

/** Adds to `out` what is no whole number of bytes. */
function fraction(list: Readonly<Record<string, string>> | undefined, name: string, at: string, out: string[]): void {
  const v = list?.[name];
  if (v !== undefined && isFractional(v)) out.push(`${at}[${name}]: fractional byte value ${JSON.stringify(v)} is invalid, must be an integer`);
}

/** Ports of all containers that are said twice, or nearly. */
function portWarnings(containers: ReturnType<typeof containersOf>): string[] {
  const out: string[] = [], all = new Map<string, { at: string; port: ContainerPort }[]>();
  for (const { container: c, at: of } of containers) {
    c.ports?.forEach((port, i) => {
      const at = `${of}.ports[${i}]`, key = `${port.containerPort}/${port.protocol ?? 'TCP'}`, others = all.get(key) ?? [], ip = port.hostIP ?? '', host = port.hostPort ?? 0;
      if (ip !== '' && host === 0) out.push(`${at}: hostIP set without hostPort: {Name:${port.name ?? ''} HostPort:0 ContainerPort:${port.containerPort} Protocol:${port.protocol ?? 'TCP'} HostIP:${ip}}`);
      for (const other of others) {
        const otherIp = other.port.hostIP ?? '', otherHost = other.port.hostPort ?? 0;
        if (ip === otherIp && host === otherHost) out.push(`${at}: duplicate port definition with ${other.at}`);
        else if (host === 0 || otherHost === 0) out.push(`${at}: overlapping port definition with ${other.at}`);
        else if (host === otherHost && (ip === '') !== (otherIp === '')) out.push(`${at}: dangerously ambiguous port definition with ${other.at}`);
      }
      all.set(key, [...others, { at, port }]);
    });
  }
  return out;
}

function affinityWarnings(a: PodAffinity | undefined, at: string): string[] {
  return [
    ...(a?.requiredDuringSchedulingIgnoredDuringExecution ?? []).flatMap((t, i) => (t.labelSelector ? [] : [`${at}.requiredDuringSchedulingIgnoredDuringExecution[${i}].labelSelector: ${NO_POD}`])),
    ...(a?.preferredDuringSchedulingIgnoredDuringExecution ?? []).flatMap((t, i) => (t.podAffinityTerm?.labelSelector ? [] : [`${at}.preferredDuringSchedulingIgnoredDuringExecution[${i}].podAffinityTerm.labelSelector: ${NO_POD}`])),
  ];
}

/**
 * Warnings for a pod (`spec`) or a template (`spec.template.spec`): `path` is the spec's, `metadata` what stands beside it.
 */
export function specWarnings(spec: PodSpec | undefined, path: string, metadata?: ObjectMeta): string[] {
  if (!spec) return [];
  const out = selectorWarnings(spec, path), notes = metadata?.annotations ?? {}, template = path !== 'spec', beside = `${path.slice(0, -'spec'.length)}metadata.annotations`;
  if (metadata?.annotations) for (const k in OLD_ANNOTATIONS) if (notes[k] !== undefined) out.push(`${beside}[${k}]: ${OLD_ANNOTATIONS[k]}`);
  if (spec.volumes) out.push(...volumeWarnings(spec, path));
  if (spec.hostAliases) out.push(...twiceWarnings(spec.hostAliases.map(a => a.ip), (i, ip) => `${path}.hostAliases[${i}].ip: duplicate ip ${JSON.stringify(ip)}`));
  if (spec.imagePullSecrets) out.push(...twiceWarnings(spec.imagePullSecrets.map(s => s.name), (i, name) => `${path}.imagePullSecrets[${i}].name: duplicate name ${JSON.stringify(name)}`));
  spec.imagePullSecrets?.forEach((s, i) => { if (!s.name) out.push(`${path}.imagePullSecrets[${i}].name: invalid empty name ""`); });
  for (const n of BYTES) fraction(spec.overhead, n, `${path}.overhead`, out);
  const noField = 'non-functional in v1.27+; use the "seccompProfile" field instead';
  if (!spec.securityContext?.seccompProfile && notes[SECCOMP_POD] !== undefined) out.push(`${beside}[${SECCOMP_POD}]: ${noField}`);
  const containers = containersOf(spec, path);
  for (const { container: c, at } of containers) {
    const s = c.securityContext;
    if (!s?.seccompProfile && notes[SECCOMP + c.name] !== undefined) out.push(`${beside}[${SECCOMP}${c.name}]: ${noField}`);
    if (template && !spec.securityContext?.appArmorProfile && !s?.appArmorProfile && notes[APPARMOR + c.name] !== undefined) out.push(`${beside}[${APPARMOR}${c.name}]: deprecated since v1.30; use the "appArmorProfile" field instead`);
    const { limits, requests } = c.resources ?? {};
    for (const n of BYTES) { fraction(limits, n, `${at}.resources.limits`, out); fraction(requests, n, `${at}.resources.requests`, out); }
    if (!c.env || c.env.length < 2) continue;
    const seen = new Set<string>();
    c.env.forEach((e, i) => {
      // One value may build on the one before: PATH=$(PATH):/more.
      const ref = `$(${e.name})`;
      if (seen.has(e.name) && (e.valueFrom || e.value === ref || !e.value?.includes(ref))) out.push(`${at}.env[${i}]: hides previous definition of ${JSON.stringify(e.name)}, which may be dropped when using apply`);
      seen.add(e.name);
    });
  }
  out.push(...portWarnings(containers));
  if ((spec.terminationGracePeriodSeconds ?? 0) < 0) out.push(`${path}.terminationGracePeriodSeconds: must be >= 0; negative values are invalid and will be treated as 1`);
  return [...out, ...affinityWarnings(spec.affinity?.podAffinity, `${path}.affinity.podAffinity`), ...affinityWarnings(spec.affinity?.podAntiAffinity, `${path}.affinity.podAntiAffinity`)];
}

/** Of a new object whose name becomes part of its pods' names: a name that is no DNS label. */
export function nameWarnings(o: KubeObject, prev: KubeObject | undefined): string[] {
  const bad = prev ? [] : dnsLabel(o.metadata?.name ?? '');
  return bad.length > 0 ? [`metadata.name: this is used in Pod names and hostnames, which can result in surprising behavior; a DNS label is recommended: [${bad.join(' ')}]`] : [];
}

/** Of a template below `path`, when its object is new or its spec has changed. */
export const templateWarnings = (o: KubeObject, prev: KubeObject | undefined, template: PodTemplateSpec | undefined, path: string): string[] =>
  (prev && prev.metadata?.generation === o.metadata?.generation ? [] : specWarnings(template?.spec, `${path}.spec`, template?.metadata));

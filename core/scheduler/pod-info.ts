// What the scheduler needs of a pod, computed once per version of it.
import { cachedSelectorFrom, type LabelSelectorLike, type Selector } from '../api/meta/labels.ts';
import { controllerOf } from '../api/meta/owner.ts';
import { isSidecar } from '../api/meta/pod.ts';
import type { Pod, PodAffinityTerm, Toleration } from '../api/types/kubernetes.ts';
import { podRequests, podRequestsForScore, type Amounts } from './resources.ts';

export type NamespaceLabels = ReadonlyMap<string, Readonly<Record<string, string>>>;

/** A (anti-)affinity term: pods of these namespaces that match, counted within one value of the topology key. */
export interface Term {
  /** Equal for terms that mean the same. */
  readonly id: string;
  readonly topologyKey: string;
  readonly selector: Selector;
  readonly namespaces: ReadonlySet<string>;
  /** Namespaces whose labels match count as well. */
  readonly namespaceSelector: Selector;
  /** Below zero where it is a wish to be apart. */
  readonly weight: number;
}
export interface HostPort { readonly ip: string; readonly protocol: string; readonly port: number }

export interface PodInfo {
  readonly key: string;
  readonly uid: string;
  readonly pod: Pod;
  readonly namespace: string;
  readonly labels: Readonly<Record<string, string>> | undefined;
  readonly priority: number;
  readonly requests: Amounts;
  readonly scoreRequests: Amounts;
  readonly hostPorts: readonly HostPort[];
  readonly tolerations: readonly Toleration[];
  /** Its controller, by kind and name; undefined for a bare pod. */
  readonly owner: { readonly kind: string; readonly name: string } | undefined;
  /** `namespace/name` of the claims it uses. */
  readonly claims: readonly string[];
  readonly isLeaving: boolean;
  readonly requiredAffinity: readonly Term[];
  readonly requiredAntiAffinity: readonly Term[];
  readonly preferences: readonly Term[];
  /** Whether any of the three is there. */
  readonly hasTerms: boolean;
}

/** Text that is equal for selectors that select the same by the same words. */
export const selectorId = (s: Selector): string => (s.nothing ? '-' : s.toString());

/** A selector with further keys taken from the pod's own labels. */
export function selectorWithKeys(base: LabelSelectorLike | undefined, own: Readonly<Record<string, string>>, matching: readonly string[] | undefined, mismatching?: readonly string[]): Selector {
  const extra = [
    ...(matching ?? []).filter(k => k in own).map(key => ({ key, operator: 'In', values: [own[key]!] })),
    ...(mismatching ?? []).filter(k => k in own).map(key => ({ key, operator: 'NotIn', values: [own[key]!] })),
  ];
  return cachedSelectorFrom(extra.length && base ? { ...base, matchExpressions: [...(base.matchExpressions ?? []), ...extra] } : base);
}

function term(t: PodAffinityTerm, pod: Pod, weight = 1): Term {
  const selector = selectorWithKeys(t.labelSelector, pod.metadata?.labels ?? {}, t.matchLabelKeys, t.mismatchLabelKeys);
  // Nothing named at all: the pod's own namespace.
  const namespaces = new Set(t.namespaces?.length || t.namespaceSelector ? t.namespaces : [pod.metadata?.namespace ?? '']);
  const namespaceSelector = cachedSelectorFrom(t.namespaceSelector);
  const id = `${t.topologyKey}|${[...namespaces].sort().join(',')}|${selectorId(namespaceSelector)}|${selectorId(selector)}`;
  return { id, topologyKey: t.topologyKey, selector, namespaces, namespaceSelector, weight };
}

const known = new WeakMap<Pod, PodInfo>();

/** Computed once per pod object and remembered with it. */
export function podInfo(pod: Pod): PodInfo {
  let info = known.get(pod);
  if (!info) known.set(pod, info = compute(pod));
  return info;
}

function compute(pod: Pod): PodInfo {
  const spec = pod.spec, affinity = spec?.affinity, namespace = pod.metadata?.namespace ?? '', owner = controllerOf(pod);
  const containers = [...(spec?.containers ?? []), ...(spec?.initContainers ?? []).filter(isSidecar)];
  const requiredAffinity = (affinity?.podAffinity?.requiredDuringSchedulingIgnoredDuringExecution ?? []).map(t => term(t, pod));
  const requiredAntiAffinity = (affinity?.podAntiAffinity?.requiredDuringSchedulingIgnoredDuringExecution ?? []).map(t => term(t, pod));
  const preferences = [
    ...(affinity?.podAffinity?.preferredDuringSchedulingIgnoredDuringExecution ?? []).map(t => term(t.podAffinityTerm, pod, t.weight)),
    ...(affinity?.podAntiAffinity?.preferredDuringSchedulingIgnoredDuringExecution ?? []).map(t => term(t.podAffinityTerm, pod, -t.weight)),
  ];
  return {
    key: `${pod.metadata?.namespace}/${pod.metadata?.name}`, uid: pod.metadata?.uid ?? '', pod, namespace, labels: pod.metadata?.labels,
    priority: spec?.priority ?? 0,
    requests: podRequests(pod), scoreRequests: podRequestsForScore(pod),
    hostPorts: containers.flatMap(c => c.ports ?? []).filter(p => p.hostPort)
      .map(p => ({ ip: p.hostIP || '0.0.0.0', protocol: p.protocol || 'TCP', port: p.hostPort! })),
    tolerations: spec?.tolerations ?? [],
    owner: owner && { kind: owner.kind, name: owner.name },
    claims: claimNames(pod).map(c => `${namespace}/${c.name}`),
    isLeaving: pod.metadata?.deletionTimestamp !== undefined,
    requiredAffinity, requiredAntiAffinity, preferences,
    hasTerms: requiredAffinity.length + requiredAntiAffinity.length + preferences.length > 0,
  };
}

/** The claims a pod's volumes use; `ephemeral` ones are made for the pod and named after it. */
export function claimNames(pod: Pod): { name: string; ephemeral: boolean }[] {
  const out: { name: string; ephemeral: boolean }[] = [];
  for (const v of pod.spec?.volumes ?? []) {
    if (v.persistentVolumeClaim) out.push({ name: v.persistentVolumeClaim.claimName, ephemeral: false });
    else if (v.ephemeral) out.push({ name: `${pod.metadata?.name}-${v.name}`, ephemeral: true });
  }
  return out;
}

export const termMatches = (t: Term, p: PodInfo, namespaces: NamespaceLabels): boolean =>
  (t.namespaces.has(p.namespace) || (!t.namespaceSelector.nothing && t.namespaceSelector.matches(namespaces.get(p.namespace)))) && t.selector.matches(p.labels);

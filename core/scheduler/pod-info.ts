// What the scheduler needs of a pod, computed once per version of it.
import { cachedSelectorFrom, type Selector } from '../api/meta/labels.ts';
import { controllerOf } from '../api/meta/owner.ts';
import type { Pod, PodAffinityTerm, Toleration } from '../api/types/kubernetes.ts';
import { podRequests, podRequestsForScore, type Amounts } from './resources.ts';

/** A (anti-)affinity term: pods of these namespaces that match, counted within one value of the topology key. */
export interface Term {
  readonly topologyKey: string;
  readonly selector: Selector;
  readonly namespaces: ReadonlySet<string>;
  /** Namespaces whose labels match count as well. */
  readonly namespaceSelector: Selector;
  readonly weight: number;
}
export interface HostPort { readonly ip: string; readonly protocol: string; readonly port: number }

export interface PodInfo {
  readonly key: string;
  readonly uid: string;
  readonly pod: Pod;
  readonly namespace: string;
  readonly priority: number;
  readonly requests: Amounts;
  readonly scoreRequests: Amounts;
  readonly hostPorts: readonly HostPort[];
  readonly tolerations: readonly Toleration[];
  /** uid of its controller, for spreading; undefined for a bare pod. */
  readonly owner: string | undefined;
  readonly requiredAffinity: readonly Term[];
  readonly requiredAntiAffinity: readonly Term[];
  readonly preferredAffinity: readonly Term[];
  readonly preferredAntiAffinity: readonly Term[];
}

function term(t: PodAffinityTerm, pod: Pod, weight = 1): Term {
  const own = pod.metadata?.labels ?? {};
  const base = t.labelSelector;
  const extra = [
    ...(t.matchLabelKeys ?? []).filter(k => k in own).map(key => ({ key, operator: 'In', values: [own[key]!] })),
    ...(t.mismatchLabelKeys ?? []).filter(k => k in own).map(key => ({ key, operator: 'NotIn', values: [own[key]!] })),
  ];
  const selector = extra.length && base ? { ...base, matchExpressions: [...(base.matchExpressions ?? []), ...extra] } : base;
  // Nothing named at all: the pod's own namespace.
  const namespaces = new Set(t.namespaces?.length || t.namespaceSelector ? t.namespaces : [pod.metadata?.namespace ?? '']);
  return { topologyKey: t.topologyKey, selector: cachedSelectorFrom(selector), namespaces, namespaceSelector: cachedSelectorFrom(t.namespaceSelector), weight };
}

const known = new WeakMap<Pod, PodInfo>();

/** Computed once per pod object and remembered with it. */
export function podInfo(pod: Pod): PodInfo {
  let info = known.get(pod);
  if (!info) known.set(pod, info = compute(pod));
  return info;
}

function compute(pod: Pod): PodInfo {
  const affinity = pod.spec?.affinity;
  const containers = [...(pod.spec?.containers ?? []), ...(pod.spec?.initContainers ?? []).filter(c => c.restartPolicy === 'Always')];
  return {
    key: `${pod.metadata?.namespace}/${pod.metadata?.name}`, uid: pod.metadata?.uid ?? '', pod, namespace: pod.metadata?.namespace ?? '',
    priority: pod.spec?.priority ?? 0,
    requests: podRequests(pod), scoreRequests: podRequestsForScore(pod),
    hostPorts: containers.flatMap(c => c.ports ?? []).filter(p => p.hostPort)
      .map(p => ({ ip: p.hostIP || '0.0.0.0', protocol: p.protocol || 'TCP', port: p.hostPort! })),
    tolerations: pod.spec?.tolerations ?? [],
    owner: controllerOf(pod)?.uid,
    requiredAffinity: (affinity?.podAffinity?.requiredDuringSchedulingIgnoredDuringExecution ?? []).map(t => term(t, pod)),
    requiredAntiAffinity: (affinity?.podAntiAffinity?.requiredDuringSchedulingIgnoredDuringExecution ?? []).map(t => term(t, pod)),
    preferredAffinity: (affinity?.podAffinity?.preferredDuringSchedulingIgnoredDuringExecution ?? []).map(t => term(t.podAffinityTerm, pod, t.weight)),
    preferredAntiAffinity: (affinity?.podAntiAffinity?.preferredDuringSchedulingIgnoredDuringExecution ?? []).map(t => term(t.podAffinityTerm, pod, t.weight)),
  };
}

export const termMatches = (t: Term, p: PodInfo, namespaces: ReadonlyMap<string, Readonly<Record<string, string>>>): boolean =>
  (t.namespaces.has(p.namespace) || (!t.namespaceSelector.nothing && t.namespaceSelector.matches(namespaces.get(p.namespace)))) && t.selector.matches(p.pod.metadata?.labels);

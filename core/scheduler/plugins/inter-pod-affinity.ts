// Near to some pods, far from others: by the pod's own terms, and by those of pods that are there already.
import { stretched, type Cycle, type Plugin, type PodFilter, type Refusal } from '../framework.ts';
import type { NodeInfo } from '../node-info.ts';
import { termMatches, type PodInfo, type Term } from '../pod-info.ts';
import type { Snapshot } from '../snapshot.ts';
import type { Holder, Tally } from '../tally.ts';

const AFFINITY: Refusal = { reasons: ["node(s) didn't match pod affinity rules"], fixed: true };
const ANTI: Refusal = { reasons: ["node(s) didn't match pod anti-affinity rules"], fixed: false };
const EXISTING: Refusal = { reasons: ["node(s) didn't satisfy existing pods anti-affinity rules"], fixed: false };

/** Arguments as in InterPodAffinityArgs. */
export interface InterPodAffinityArgs {
  /** What a placed pod's required affinity to this one is worth, beside preferences with weights to 100; 1 where nothing is said. */
  readonly hardPodAffinityWeight?: number;
  readonly ignorePreferredTermsOfExistingPods?: boolean;
}

const matchesAll = (terms: readonly Term[], p: PodInfo, s: Snapshot): boolean => terms.every(t => termMatches(t, p, s.namespaces));

/** Where pods are that match all of the terms. */
function tallyOf(terms: readonly Term[], s: Snapshot): Tally {
  const namespace = terms.every(t => t.namespaceSelector.nothing && t.namespaces.size === 1) && new Set(terms.flatMap(t => [...t.namespaces])).size === 1 ? [...terms[0]!.namespaces][0] : undefined;
  // Which label they are counted by is no part of what is counted.
  const id = terms.map(t => t.id.slice(t.topologyKey.length)).sort().join('&');
  return s.tally(`near${id}`, namespace, terms[0]!.selector, p => matchesAll(terms, p, s));
}

class AffinityFilter implements PodFilter {
  readonly #cycle: Cycle;
  readonly #wanted: { readonly key: string; readonly domains: ReadonlyMap<string, number> }[];
  readonly #avoided: { readonly key: string; readonly domains: ReadonlyMap<string, number> }[];
  #refusing: Holder[];
  readonly #startsGroup: boolean;

  constructor(cycle: Cycle, refusing: Holder[]) {
    const { pod, snapshot } = cycle;
    this.#cycle = cycle;
    this.#refusing = refusing;
    const near = pod.requiredAffinity.length ? tallyOf(pod.requiredAffinity, snapshot) : undefined;
    this.#wanted = near ? pod.requiredAffinity.map(t => ({ key: t.topologyKey, domains: near.domains(t.topologyKey) })) : [];
    this.#avoided = pod.requiredAntiAffinity.map(t => ({ key: t.topologyKey, domains: tallyOf([t], snapshot).domains(t.topologyKey) }));
    this.#startsGroup = near !== undefined && matchesAll(pod.requiredAffinity, pod, snapshot);
  }

  filter(n: NodeInfo): Refusal | undefined {
    let there = true;
    for (const w of this.#wanted) {
      const value = n.labels[w.key];
      if (value === undefined) return AFFINITY;
      if (!w.domains.has(value)) there = false;
    }
    // The first of a group that wants to be together has nobody to be with: it may start the group.
    if (!there && !(this.#startsGroup && this.#wanted.every(w => w.domains.size === 0))) return AFFINITY;
    for (const a of this.#avoided) {
      const value = n.labels[a.key];
      if (value !== undefined && a.domains.has(value)) return ANTI;
    }
    for (const h of this.#refusing) {
      const value = n.labels[h.term.topologyKey];
      if (value !== undefined && h.domains.has(value)) return EXISTING;
    }
    return undefined;
  }

  moved(p: PodInfo): void {
    // The counts are kept by the snapshot; only who refuses may be somebody else now.
    if (p.requiredAntiAffinity.length) this.#refusing = [...this.#cycle.snapshot.antiAffinity.about(this.#cycle.pod, this.#cycle.snapshot.namespaces)];
  }
}

export function interPodAffinity(args: InterPodAffinityArgs = {}): Plugin {
  const hard = args.hardPodAffinityWeight ?? 1;
  const wanted = (pod: PodInfo, e: { pod?: PodInfo | undefined }): boolean => !e.pod || pod.requiredAffinity.some(t => t.selector.matches(e.pod!.labels));
  return {
    name: 'InterPodAffinity',
    events: { 'node-added': true, 'node-labels': true, 'pod-placed': wanted, 'pod-removed': (pod, e) => !e.pod || pod.requiredAntiAffinity.length > 0 || e.pod.requiredAntiAffinity.length > 0, 'pod-labels': true, 'namespace-labels': true },
    preFilter(cycle) {
      const { pod, snapshot } = cycle;
      const refusing = [...snapshot.antiAffinity.about(pod, snapshot.namespaces)];
      // Somebody nominated may refuse the pod as well.
      if (refusing.length === 0 && pod.requiredAffinity.length === 0 && pod.requiredAntiAffinity.length === 0 && !snapshot.anyNominated) return undefined;
      return new AffinityFilter(cycle, refusing);
    },
    preScore({ pod, snapshot }) {
      const parts: { key: string; domains: ReadonlyMap<string, number>; weight: number }[] = [];
      for (const t of pod.preferences) parts.push({ key: t.topologyKey, domains: tallyOf([t], snapshot).domains(t.topologyKey), weight: t.weight });
      if (hard > 0) for (const h of snapshot.affinity.about(pod, snapshot.namespaces)) parts.push({ key: h.term.topologyKey, domains: h.domains, weight: hard });
      if (!args.ignorePreferredTermsOfExistingPods) for (const h of snapshot.preferences.about(pod, snapshot.namespaces)) parts.push({ key: h.term.topologyKey, domains: h.domains, weight: 1 });
      if (!parts.some(p => p.domains.size > 0)) return undefined;
      return {
        score(n) {
          let sum = 0;
          for (const p of parts) { const value = n.labels[p.key]; if (value !== undefined) sum += p.weight * (p.domains.get(value) ?? 0); }
          return sum;
        },
        normalize: stretched,
      };
    },
  };
}

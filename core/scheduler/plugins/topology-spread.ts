// Pods spread over the values of a node label, as their constraints ask, or as all pods of a controller do by default.
import { isTolerated } from '../../api/meta/taint.ts';
import type { Selector } from '../../api/meta/labels.ts';
import type { TopologySpreadConstraint } from '../../api/types/kubernetes.ts';
import type { Cycle, Plugin, PodFilter, Refusal, Scorer } from '../framework.ts';
import { nodeSelection } from '../node-selection.ts';
import type { NodeInfo } from '../node-info.ts';
import { selectorId, selectorWithKeys, type PodInfo } from '../pod-info.ts';
import type { Snapshot } from '../snapshot.ts';
import type { Tally } from '../tally.ts';

const HOSTNAME = 'kubernetes.io/hostname';
const NO_LABEL: Refusal = { reasons: ["node(s) didn't match pod topology spread constraints (missing required label)"], fixed: true };
const SKEWED: Refusal = { reasons: ["node(s) didn't match pod topology spread constraints"], fixed: false };

/** A constraint without a selector, as a profile's defaults are; theirs comes from the pod's controller and services. */
export type DefaultConstraint = Pick<TopologySpreadConstraint, 'maxSkew' | 'topologyKey' | 'whenUnsatisfiable'>;
/** Arguments as in PodTopologySpreadArgs. */
export interface PodTopologySpreadArgs { readonly defaultConstraints?: readonly DefaultConstraint[]; readonly defaultingType?: 'System' | 'List' }
const SYSTEM: readonly DefaultConstraint[] = [
  { maxSkew: 3, topologyKey: HOSTNAME, whenUnsatisfiable: 'ScheduleAnyway' },
  { maxSkew: 5, topologyKey: 'topology.kubernetes.io/zone', whenUnsatisfiable: 'ScheduleAnyway' },
];

/** What selects a pod's fellows where it has no constraints itself; undefined when nothing does. */
export type FellowsOf = (pod: PodInfo) => Selector | undefined;

interface Constraint { readonly key: string; readonly maxSkew: number; readonly minDomains: number; readonly tally: Tally; readonly selector: Selector; readonly honorAffinity: boolean; readonly honorTaints: boolean }

function tallyOf(pod: PodInfo, snapshot: Snapshot, selector: Selector): Tally {
  return snapshot.tally(`spread|${pod.namespace}|${selectorId(selector)}`, pod.namespace, selector, p => p.namespace === pod.namespace && !p.isLeaving && selector.matches(p.labels));
}

export function podTopologySpread(fellowsOf: FellowsOf, args: PodTopologySpreadArgs = {}): Plugin {
  const isSystem = args.defaultingType !== 'List' && !args.defaultConstraints?.length;
  const defaults = isSystem ? SYSTEM : args.defaultConstraints ?? [];
  const constraintsOf = ({ pod, snapshot }: Cycle, when: 'DoNotSchedule' | 'ScheduleAnyway'): Constraint[] => {
    const own = pod.pod.spec?.topologySpreadConstraints;
    if (own?.length)
      return own.filter(c => c.whenUnsatisfiable === when).map(c => {
        const selector = selectorWithKeys(c.labelSelector ?? {}, pod.labels ?? {}, c.matchLabelKeys);
        return {
          key: c.topologyKey, maxSkew: c.maxSkew, minDomains: c.minDomains ?? 1, selector, tally: tallyOf(pod, snapshot, selector),
          honorAffinity: c.nodeAffinityPolicy !== 'Ignore', honorTaints: c.nodeTaintsPolicy === 'Honor',
        };
      });
    const wanted = defaults.filter(c => c.whenUnsatisfiable === when);
    const selector = wanted.length ? fellowsOf(pod) : undefined;
    if (!selector) return [];
    const tally = tallyOf(pod, snapshot, selector);
    return wanted.map(c => ({ key: c.topologyKey, maxSkew: c.maxSkew, minDomains: 1, selector, tally, honorAffinity: true, honorTaints: false }));
  };
  const constrained = (pod: PodInfo): readonly TopologySpreadConstraint[] => pod.pod.spec?.topologySpreadConstraints ?? [];
  const selects = (pod: PodInfo, e: { pod?: PodInfo | undefined }): boolean => !e.pod || (e.pod.namespace === pod.namespace
    && (constrained(pod).length === 0 || constrained(pod).some(c => selectorWithKeys(c.labelSelector ?? {}, pod.labels ?? {}, c.matchLabelKeys).matches(e.pod!.labels))));
  const hasKeys = (pod: PodInfo, e: { node?: NodeInfo | undefined }): boolean => !e.node || constrained(pod).every(c => c.topologyKey in e.node!.labels);
  return {
    name: 'PodTopologySpread',
    events: { 'node-added': hasKeys, 'node-removed': true, 'node-labels': true, 'node-taints': true, 'pod-placed': selects, 'pod-removed': selects, 'pod-leaving': selects, 'pod-labels': true },
    preFilter(cycle) {
      const all = constraintsOf(cycle, 'DoNotSchedule');
      return all.length ? new SpreadFilter(cycle, all) : undefined;
    },
    preScore(cycle, nodes) {
      const all = constraintsOf(cycle, 'ScheduleAnyway');
      return all.length ? scorer(cycle, nodes, all, isSystem && constrained(cycle.pod).length === 0) : undefined;
    },
  };
}

/** Whether a node counts as a place the pod could be in, under the constraint's policies. */
function counts(c: Constraint, n: NodeInfo, pod: PodInfo, matches: ((n: NodeInfo) => boolean) | undefined): boolean {
  return !(c.honorAffinity && matches && !matches(n)) && !(c.honorTaints && n.taints.some(t => t.effect !== 'PreferNoSchedule' && !isTolerated(t, pod.tolerations)));
}

class SpreadFilter implements PodFilter {
  readonly #pod: PodInfo;
  readonly #matches: ((n: NodeInfo) => boolean) | undefined;
  readonly #all: { readonly c: Constraint; readonly domains: Map<string, number>; readonly self: number; min: number | undefined }[];

  constructor({ pod, snapshot }: Cycle, constraints: readonly Constraint[]) {
    this.#pod = pod;
    this.#matches = nodeSelection(pod);
    this.#all = constraints.map(c => ({ c, domains: new Map<string, number>(), self: c.selector.matches(pod.labels) ? 1 : 0, min: undefined }));
    for (const n of snapshot.nodes) {
      // A node that lacks one of the labels is no place for the pod at all.
      if (!constraints.every(c => c.key in n.labels)) continue;
      for (const { c, domains } of this.#all) {
        if (!counts(c, n, pod, this.#matches)) continue;
        const value = n.labels[c.key]!;
        domains.set(value, (domains.get(value) ?? 0) + c.tally.on(n));
      }
    }
  }

  filter(n: NodeInfo): Refusal | undefined {
    for (const a of this.#all) {
      const value = n.labels[a.c.key];
      if (value === undefined) return NO_LABEL;
      a.min ??= a.domains.size < a.c.minDomains ? 0 : smallest(a.domains);
      if ((a.domains.get(value) ?? 0) + a.self - a.min > a.c.maxSkew) return SKEWED;
    }
    return undefined;
  }

  moved(p: PodInfo, n: NodeInfo, sign: 1 | -1): void {
    if (p.namespace !== this.#pod.namespace || p.isLeaving || !this.#all.every(a => a.c.key in n.labels)) return;
    for (const a of this.#all) {
      const value = n.labels[a.c.key]!;
      if (!a.c.selector.matches(p.labels) || !a.domains.has(value) || !counts(a.c, n, this.#pod, this.#matches)) continue;
      a.domains.set(value, a.domains.get(value)! + sign);
      a.min = undefined;
    }
  }
}

function smallest(domains: ReadonlyMap<string, number>): number {
  let min = 2 ** 31 - 1;
  for (const n of domains.values()) if (n < min) min = n;
  return min;
}

/** `lenient`: a node without one of the labels is scored by the others; else it comes last. */
function scorer({ pod, snapshot }: Cycle, nodes: readonly NodeInfo[], all: readonly Constraint[], lenient: boolean): Scorer | undefined {
  const matches = nodeSelection(pod);
  const left = (n: NodeInfo): boolean => !lenient && !all.every(c => c.key in n.labels);
  const ignored = nodes.map(left);
  const parts = all.map(c => {
    if (c.key === HOSTNAME) return { c, domains: undefined, size: ignored.filter(i => !i).length };
    const values = new Set<string>();
    nodes.forEach((n, i) => { const v = n.labels[c.key]; if (!ignored[i] && v !== undefined) values.add(v); });
    return { c, domains: domainsOf(c, values), size: values.size };
  }).map(p => ({ ...p, weight: Math.log(p.size + 2) }));

  function domainsOf(c: Constraint, values: ReadonlySet<string>): ReadonlyMap<string, number> {
    // All nodes count: the sums are kept already.
    if (lenient && !matches && !c.honorTaints) return c.tally.domains(c.key);
    const sums = new Map<string, number>();
    for (const n of snapshot.nodes) {
      const value = n.labels[c.key];
      if (value === undefined || !values.has(value) || left(n) || !counts(c, n, pod, matches)) continue;
      sums.set(value, (sums.get(value) ?? 0) + c.tally.on(n));
    }
    return sums;
  }

  return {
    score(n) {
      let sum = 0;
      for (const { c, domains, weight } of parts) {
        const value = n.labels[c.key];
        if (value === undefined) continue;
        sum += (domains ? domains.get(value) ?? 0 : c.tally.on(n)) * weight + (c.maxSkew - 1);
      }
      return Math.round(sum);
    },
    normalize(scores) {
      let min = Infinity, max = 0;
      scores.forEach((s, i) => { if (!ignored[i]) { if (s < min) min = s; if (s > max) max = s; } });
      scores.forEach((s, i) => { scores[i] = ignored[i] ? 0 : max === 0 ? 100 : Math.trunc((100 * (max + min - s)) / max); });
    },
  };
}

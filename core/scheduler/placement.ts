// One decision: the best node for a pod, or why there is none.
import type { PodFilter, Refusal } from './framework.ts';
import { filters, scores } from './registry.ts';
import type { PodInfo } from './pod-info.ts';
import type { NodeInfo, Snapshot } from './snapshot.ts';

export type Placement =
  | { readonly node: string }
  | { readonly node?: undefined; readonly refusals: ReadonlyMap<NodeInfo, Refusal>; readonly refusedBy: ReadonlySet<string> };

/** With fewer nodes than this, all are looked at. */
const ALWAYS_LOOK_AT = 100;

/** How many fitting nodes are enough: of many nodes a part will do, smaller the more there are, as in Kubernetes. */
function enough(nodes: number): number {
  if (nodes < ALWAYS_LOOK_AT) return nodes;
  return Math.max(ALWAYS_LOOK_AT, Math.trunc((nodes * Math.max(5, 50 - nodes / 125)) / 100));
}

/** The filters that have something to say about this pod, in order. */
export const preparedFilters = (pod: PodInfo, snapshot: Snapshot): { name: string; filter: PodFilter }[] =>
  filters.map(f => ({ name: f.name, filter: f.prepare(pod, snapshot) })).filter((f): f is { name: string; filter: PodFilter } => f.filter !== undefined);

export class Placer {
  readonly #snapshot: Snapshot;
  readonly #random: () => number;
  #next = 0;
  constructor(snapshot: Snapshot, random: () => number = Math.random) { this.#snapshot = snapshot; this.#random = random; }

  /** Decides, changing nothing. Starts each time where it left off, so that all nodes get their turn. */
  place(pod: PodInfo): Placement {
    const nodes = this.#snapshot.nodes;
    const active = preparedFilters(pod, this.#snapshot);
    const fitting: NodeInfo[] = [];
    const refusals = new Map<NodeInfo, Refusal>();
    const refusedBy = new Set<string>();
    const limit = enough(nodes.length);
    let seen = 0;
    for (; seen < nodes.length && fitting.length < limit; seen++) {
      const node = nodes[(this.#next + seen) % nodes.length]!;
      const no = this.#snapshot.withNominated(node, pod, () => refuse(active, node, refusedBy));
      if (no) refusals.set(node, no);
      else fitting.push(node);
    }
    this.#next = nodes.length ? (this.#next + seen) % nodes.length : 0;
    if (fitting.length === 0) return { refusals, refusedBy };
    return { node: (fitting.length === 1 ? fitting[0]! : this.#best(pod, fitting)).name };
  }

  #best(pod: PodInfo, nodes: readonly NodeInfo[]): NodeInfo {
    const totals = new Float64Array(nodes.length);
    for (const plugin of scores) {
      const values = plugin.score(pod, nodes, this.#snapshot);
      if (values) for (let i = 0; i < values.length; i++) totals[i]! += values[i]! * plugin.weight;
    }
    // Among equals the choice is random, or the first node would get everything.
    let best = 0;
    let ties = 1;
    for (let i = 1; i < totals.length; i++) {
      if (totals[i]! > totals[best]!) { best = i; ties = 1; }
      else if (totals[i] === totals[best] && this.#random() * ++ties < 1) best = i;
    }
    return nodes[best]!;
  }
}

function refuse(active: readonly { name: string; filter: PodFilter }[], node: NodeInfo, by: Set<string>): Refusal | undefined {
  for (const { name, filter } of active) {
    const no = filter.filter(node);
    if (no) { by.add(name); return no; }
  }
  return undefined;
}

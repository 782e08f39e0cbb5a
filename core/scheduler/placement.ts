// One decision: the best node for a pod, or why there is none.
import { isRefusal, type Cycle, type PodFilter, type Refusal } from './framework.ts';
import { addReasons, blockedMessage, fitMessage } from './message.ts';
import type { NodeInfo } from './node-info.ts';
import type { Profile } from './profile.ts';

/** The filters that have something to say about a pod, in order. */
export interface Prepared {
  readonly filters: readonly { readonly plugin: string; readonly of: PodFilter }[];
  /** Only these nodes, because of these plug-ins. */
  readonly nodes: ReadonlySet<string> | undefined;
  readonly because: readonly string[];
  /** One plug-in refuses the pod on every node. */
  readonly blocked: { readonly by: string; readonly refusal: Refusal } | undefined;
}

export function prepare(profile: Profile, cycle: Cycle): Prepared {
  const filters: { plugin: string; of: PodFilter }[] = [];
  let nodes: Set<string> | undefined;
  const because: string[] = [];
  for (const p of profile.preFilters) {
    const outcome = p.preFilter!(cycle);
    if (!outcome) continue;
    if (isRefusal(outcome)) return { filters, nodes, because, blocked: { by: p.name, refusal: outcome } };
    filters.push({ plugin: p.name, of: outcome });
    if (!outcome.nodes) continue;
    because.push(p.name);
    nodes = new Set(nodes ? [...nodes].filter(n => outcome.nodes!.has(n)) : outcome.nodes);
  }
  if (nodes?.size === 0) {
    const why = because.length === 1 ? `plugin ${because[0]!}` : `plugin(s) [${because.sort().join(' ')}] simultaneously`;
    return { filters, nodes, because, blocked: { by: because[0]!, refusal: { reasons: [`node(s) didn't satisfy ${why}`], fixed: true } } };
  }
  return { filters, nodes, because, blocked: undefined };
}

/**
 * Why the node will not do, undefined when it will. Pods of no lower priority that are nominated to it count as there; since they may
 * never come, the node must do without them as well.
 */
export function refuse(cycle: Cycle, prepared: Prepared, node: NodeInfo, by?: Set<string>): Refusal | undefined {
  const { pod, snapshot } = cycle;
  const there = snapshot.anyNominated ? snapshot.nominatedTo(node.name).filter(p => p.key !== pod.key && p.priority >= pod.priority && !node.pods.has(p.key)) : [];
  if (there.length === 0) return first(prepared, node, by);
  const move = (sign: 1 | -1): void => {
    for (const p of there) {
      if (sign > 0) snapshot.attach(p, node); else snapshot.detach(p, node);
      for (const f of prepared.filters) f.of.moved?.(p, node, sign);
    }
  };
  move(1);
  let no: Refusal | undefined;
  try { no = first(prepared, node, by); } finally { move(-1); }
  return no ?? first(prepared, node, by);
}
function first(prepared: Prepared, node: NodeInfo, by: Set<string> | undefined): Refusal | undefined {
  for (const f of prepared.filters) {
    const no = f.of.filter(node);
    if (no) { by?.add(f.plugin); return no; }
  }
  return undefined;
}

export type Placement =
  | { readonly node: NodeInfo }
  | {
    readonly node?: undefined;
    /** By node; nodes that were not looked at are not in it. */
    readonly refusals: ReadonlyMap<NodeInfo, Refusal>;
    readonly refusedBy: ReadonlySet<string>;
    /** `0/3 nodes are available: ...` */
    readonly message: string;
  };

/** What a look at the nodes came to. */
export interface Found { readonly prepared: Prepared; readonly fitting: readonly NodeInfo[]; readonly refusals: Map<NodeInfo, Refusal>; readonly refusedBy: Set<string> }

/** With fewer nodes than this, all are looked at. */
const ALWAYS_LOOK_AT = 100;

export class Placer {
  readonly #random: () => number;
  #next = 0;
  constructor(random: () => number) { this.#random = random; }

  /** Decides, changing nothing. */
  place(profile: Profile, cycle: Cycle): Placement {
    const found = this.look(profile, cycle, true);
    const [only, more] = found.fitting;
    return only ? { node: more ? this.best(profile, cycle, found.fitting) : only } : this.unfit(cycle, found);
  }

  /** Enough nodes that fit, and why others do not. Starts each time where it left off, so that all nodes get their turn. `nominated`: the node room was made on is taken alone where it fits. */
  look(profile: Profile, cycle: Cycle, nominated = false): Found {
    const { pod, snapshot } = cycle, all = snapshot.nodes;
    const prepared = prepare(profile, cycle), refusals = new Map<NodeInfo, Refusal>();
    if (prepared.blocked) {
      const { by, refusal } = prepared.blocked;
      for (const n of all) refusals.set(n, refusal);
      return { prepared, fitting: [], refusals, refusedBy: new Set([by]) };
    }
    const refusedBy = new Set<string>();
    // Room was made there for this pod: no other node is compared while that one does.
    const name = nominated ? snapshot.nominatedNode(pod.key) : undefined, wanted = name === undefined ? undefined : snapshot.get(name);
    if (wanted?.node && (!prepared.nodes || prepared.nodes.has(wanted.name)) && !refuse(cycle, prepared, wanted)) return { prepared, fitting: [wanted], refusals, refusedBy };
    const nodes = prepared.nodes ? [...prepared.nodes].map(n => snapshot.get(n)).filter((n): n is NodeInfo => n?.node !== undefined) : all;
    const fitting: NodeInfo[] = [];
    const limit = enough(nodes.length, profile.percentageOfNodesToScore);
    let seen = 0;
    const start = prepared.nodes || this.#next >= nodes.length ? 0 : this.#next;
    for (; seen < nodes.length && fitting.length < limit; seen++) {
      const node = nodes[(start + seen) % nodes.length]!;
      const no = refuse(cycle, prepared, node, refusedBy);
      if (no) refusals.set(node, no);
      else fitting.push(node);
    }
    if (!prepared.nodes) this.#next = nodes.length ? (start + seen) % nodes.length : 0;
    return { prepared, fitting, refusals, refusedBy };
  }

  /** What is said of a pod that fits nowhere. */
  unfit({ snapshot: { nodes: all } }: Cycle, { prepared, refusals, refusedBy }: Found): Placement {
    if (prepared.blocked) return { refusals, refusedBy, message: blockedMessage(all.length, prepared.blocked.refusal.reasons.join(', ')) };
    const reasons = new Map<string, number>();
    for (const r of refusals.values()) addReasons(reasons, r.reasons);
    if (prepared.nodes) {
      for (const p of prepared.because) refusedBy.add(p);
      if (all.length > refusals.size) addReasons(reasons, [`node(s) didn't satisfy plugin(s) [${[...prepared.because].sort().join(' ')}]`], all.length - refusals.size);
    }
    return { refusals, refusedBy, message: fitMessage(all.length, reasons) };
  }

  /** The best of several; `extra`: scores by node name to add to the plug-ins'. */
  best(profile: Profile, cycle: Cycle, nodes: readonly NodeInfo[], extra?: ReadonlyMap<string, number>): NodeInfo {
    const totals = new Float64Array(nodes.length), values = new Float64Array(nodes.length);
    for (const { plugin, weight } of profile.scores) {
      const scorer = plugin.preScore!(cycle, nodes);
      if (!scorer) continue;
      for (let i = 0; i < nodes.length; i++) values[i] = scorer.score(nodes[i]!);
      scorer.normalize?.(values);
      for (let i = 0; i < nodes.length; i++) totals[i]! += values[i]! * weight;
    }
    if (extra) for (let i = 0; i < nodes.length; i++) totals[i]! += extra.get(nodes[i]!.name) ?? 0;
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

/** How many fitting nodes are enough: of many nodes a part will do, smaller the more there are, as in Kubernetes. */
function enough(nodes: number, percentage: number | undefined): number {
  if (nodes < ALWAYS_LOOK_AT) return nodes;
  const share = percentage || Math.max(5, Math.trunc(50 - nodes / 125));
  return share >= 100 ? nodes : Math.max(ALWAYS_LOOK_AT, Math.trunc((nodes * share) / 100));
}

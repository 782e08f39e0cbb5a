// Making room: which pods of lower priority would have to go, and from which node that hurts least.
import { cachedSelectorFrom } from '../../api/meta/labels.ts';
import { parseTime } from '../../api/meta/time.ts';
import type { PodDisruptionBudget } from '../../api/types/kubernetes.ts';
import type { Extender, Victims } from '../extender.ts';
import type { Cycle, Plugin, PostFiltered, Refusal } from '../framework.ts';
import { addReasons, fitMessage, NOT_HELPFUL } from '../message.ts';
import { refuse, type Prepared } from '../placement.ts';
import type { NodeInfo } from '../node-info.ts';
import type { PodInfo } from '../pod-info.ts';

const NO_VICTIMS = 'No preemption victims found for incoming pod';
const BY_PREEMPTION = 'PreemptionByScheduler';

/** Arguments as in DefaultPreemptionArgs: how many nodes room could be made on are enough to choose from. */
export interface DefaultPreemptionArgs { readonly minCandidateNodesPercentage?: number; readonly minCandidateNodesAbsolute?: number }
export interface PreemptionNeeds {
  budgets(): readonly PodDisruptionBudget[];
  /** The filters of the pod's profile, anew. */
  prepare(cycle: Cycle): Prepared;
  random(): number;
  /** Those who have a say in who goes, of all extenders. */
  readonly extenders: readonly Extender[];
}


export function defaultPreemption(needs: PreemptionNeeds, args: DefaultPreemptionArgs = {}): Plugin {
  const share = (args.minCandidateNodesPercentage ?? 10) / 100, least = args.minCandidateNodesAbsolute ?? 100;
  return {
    name: 'DefaultPreemption',
    postFilter(cycle, refusals): PostFiltered | Promise<PostFiltered> {
      const { pod, snapshot } = cycle;
      const why = notEligible(cycle, refusals);
      if (why !== undefined) return { message: `preemption: ${why}`, clear: false };
      const nodes = [...refusals].filter(([, r]) => !r.fixed).map(([n]) => n);
      const reasons = new Map<string, number>();
      const enough = Math.min(nodes.length, Math.max(Math.trunc(nodes.length * share), least));
      const first = Math.trunc(needs.random() * nodes.length);
      const candidates = new Map<NodeInfo, Victims>();
      let gentle = false, said = 0;
      const budgets = nodes.length ? needs.budgets() : [];
      const prepared = nodes.some(n => [...n.pods.values()].some(p => p.priority < pod.priority)) ? needs.prepare(cycle) : undefined;
      for (let i = 0; i < nodes.length && !(gentle && candidates.size >= enough); i++) {
        const node = nodes[(first + i) % nodes.length]!;
        const toll = tollOf(node, cycle, prepared, budgets);
        if (!('victims' in toll)) { addReasons(reasons, toll.reasons); said++; continue; }
        candidates.set(node, toll);
        if (toll.violations === 0) gentle = true;
      }
      const asked = candidates.size > 0 ? needs.extenders.filter(e => e.config.preemptVerb && e.isInterested(pod.pod)) : [];
      if (asked.length > 0) return agreed(pod, candidates, asked);
      if (candidates.size > 0) return leastOf(candidates);
      if (snapshot.nodes.length > said) addReasons(reasons, [NOT_HELPFUL], snapshot.nodes.length - said);
      return { message: `preemption: ${fitMessage(snapshot.nodes.length, reasons)}`, clear: true };
    },
  };
}

function leastOf(candidates: ReadonlyMap<NodeInfo, Victims>): PostFiltered {
  let best: [NodeInfo, Victims] | undefined;
  for (const c of candidates) if (!best || hurtsLess(c[1], best[1])) best = c;
  return best ? { node: best[0].name, victims: best[1].victims } : { message: 'preemption: no candidate node for preemption', clear: false };
}
/** Each extender may strike nodes off and choose others to go. */
async function agreed({ pod }: PodInfo, candidates: ReadonlyMap<NodeInfo, Victims>, extenders: readonly Extender[]): Promise<PostFiltered> {
  let left = candidates;
  for (const e of extenders) {
    if (left.size === 0) break;
    try { left = await e.preempt(pod, left); } catch (error) {
      if (!e.config.ignorable) return { message: `preemption: ${error instanceof Error ? error.message : String(error)}`, clear: false };
    }
  }
  return leastOf(left);
}

function notEligible({ pod, snapshot }: Cycle, refusals: ReadonlyMap<NodeInfo, Refusal>): string | undefined {
  if (pod.pod.spec?.preemptionPolicy === 'Never') return 'not eligible due to preemptionPolicy=Never.';
  const nominated = snapshot.nominatedNode(pod.key), awaited = nominated === undefined ? undefined : snapshot.get(nominated);
  if (!awaited || refusals.get(awaited)?.fixed) return undefined;
  for (const p of awaited.pods.values()) if (p.priority < pod.priority && isLeavingForAnother(p)) return 'not eligible due to a terminating pod on the nominated node.';
  return undefined;
}
const isLeavingForAnother = (p: PodInfo): boolean => p.isLeaving && (p.pod.status?.conditions?.some(c => c.type === 'DisruptionTarget' && c.status === 'True' && c.reason === BY_PREEMPTION) ?? false);

/** The fewest pods whose going lets the pod in: all lower ones are taken off, then as many as possible are spared, first those that a budget protects, the most important first. */
function tollOf(node: NodeInfo, cycle: Cycle, prepared: Prepared | undefined, budgets: readonly PodDisruptionBudget[]): Victims | Refusal {
  const { pod, snapshot } = cycle;
  const lower = [...node.pods.values()].filter(p => p.priority < pod.priority);
  if (lower.length === 0 || !prepared) return { reasons: [NO_VICTIMS], fixed: true };
  const move = (p: PodInfo, sign: 1 | -1): void => {
    if (sign > 0) snapshot.attach(p, node); else snapshot.detach(p, node);
    for (const f of prepared.filters) f.of.moved?.(p, node, sign);
  };
  const off = new Set<PodInfo>();
  try {
    for (const p of lower) { move(p, -1); off.add(p); }
    const no = refuse(cycle, prepared, node);
    if (no) return no;
    lower.sort((a, b) => b.priority - a.priority || startOf(a) - startOf(b));
    const beyond = beyondBudget(lower, budgets);
    let violations = 0;
    for (const p of [...lower.filter(l => beyond.has(l)), ...lower.filter(l => !beyond.has(l))]) {
      move(p, 1);
      off.delete(p);
      if (!refuse(cycle, prepared, node)) continue;
      move(p, -1);
      off.add(p);
      if (beyond.has(p)) violations++;
    }
    return { victims: lower.filter(p => off.has(p)), violations };
  } finally {
    for (const p of off) move(p, 1);
  }
}

/** Of pods in order of importance, those for whom their budgets have no disruption left. */
function beyondBudget(pods: readonly PodInfo[], budgets: readonly PodDisruptionBudget[]): ReadonlySet<PodInfo> {
  const beyond = new Set<PodInfo>();
  for (const b of budgets) {
    const selector = cachedSelectorFrom(b.spec?.selector);
    if (selector.nothing || selector.everything) continue;
    let left = b.status?.disruptionsAllowed ?? 0;
    const going = b.status?.disruptedPods ?? {};
    for (const p of pods) {
      if (p.namespace !== b.metadata?.namespace || !selector.matches(p.labels) || (p.pod.metadata?.name ?? '') in going) continue;
      if (left-- <= 0) beyond.add(p);
    }
  }
  return beyond;
}

/** One that has not started yet is the newest of all. */
const startOf = (p: PodInfo): number => parseTime(p.pod.status?.startTime) || Number.MAX_SAFE_INTEGER;

/** Fewer broken budgets, then lower highest priority, then lower sum, then fewer, then those that started last. */
function hurtsLess({ victims: a, violations: broken }: Victims, { victims: b, violations: otherwise }: Victims): boolean {
  const top = (v: readonly PodInfo[]): number => v.reduce((m, p) => Math.max(m, p.priority), -(2 ** 31));
  const sum = (v: readonly PodInfo[]): number => v.reduce((n, p) => n + p.priority + 2 ** 31, 0);
  const start = (v: readonly PodInfo[]): number => Math.min(...v.filter(p => p.priority === top(v)).map(startOf));
  return (broken - otherwise || top(a) - top(b) || sum(a) - sum(b) || a.length - b.length || start(b) - start(a)) < 0;
}

// Making room: which pods of lower priority would have to go, and from which node that hurts least.
import { cachedSelectorFrom } from '../api/meta/labels.ts';
import { parseTime } from '../api/meta/time.ts';
import type { PodDisruptionBudget } from '../api/types/kubernetes.ts';
import type { Refusal } from './framework.ts';
import { fitMessage } from './message.ts';
import { preparedFilters } from './placement.ts';
import type { PodInfo } from './pod-info.ts';
import type { NodeInfo, Snapshot } from './snapshot.ts';

export type Preemption =
  | { readonly node: string; readonly victims: readonly PodInfo[] }
  | { readonly node?: undefined; readonly message: string };

const NOT_HELPFUL = 'Preemption is not helpful for scheduling';
const NO_VICTIMS = 'No preemption victims found for incoming pod';

const startOf = (p: PodInfo): number => parseTime(p.pod.status?.startTime ?? p.pod.metadata?.creationTimestamp) || 0;

/** Pods that would have to go, and how many of them against a disruption budget. */
interface Toll { readonly victims: PodInfo[]; readonly violations: number }

/**
 * Decides, changing nothing in the end. `refusals` are those of the failed attempt; `nominated` the node room is being made on already.
 * Budgets are respected where that is possible; a pod of higher priority gets its place all the same.
 */
export function findVictims(pod: PodInfo, snapshot: Snapshot, refusals: ReadonlyMap<NodeInfo, Refusal>, nominated: string | undefined, budgets: readonly PodDisruptionBudget[] = []): Preemption {
  if (pod.pod.spec?.preemptionPolicy === 'Never') return { message: 'not eligible due to preemptionPolicy=Never.' };
  const awaited = nominated === undefined ? undefined : snapshot.get(nominated);
  if (awaited && [...awaited.pods.values()].some(p => p.pod.metadata?.deletionTimestamp !== undefined && p.priority < pod.priority))
    return { message: 'not eligible due to a terminating pod on the nominated node.' };
  const reasons: string[] = [];
  let best: { node: NodeInfo; toll: Toll } | undefined;
  for (const [node, refusal] of refusals) {
    if (refusal.fixed) { reasons.push(NOT_HELPFUL); continue; }
    const toll = tollOf(node, pod, snapshot, budgets);
    if (!toll) { reasons.push(NO_VICTIMS); continue; }
    if (!best || hurtsLess(toll, best.toll)) best = { node, toll };
  }
  return best ? { node: best.node.name, victims: best.toll.victims } : { message: fitMessage(refusals.size, reasons) };
}

/** Of pods in order of importance, those for whom their budgets have no disruption left. */
function beyondBudget(pods: readonly PodInfo[], budgets: readonly PodDisruptionBudget[]): ReadonlySet<PodInfo> {
  const beyond = new Set<PodInfo>();
  for (const b of budgets) {
    const selector = cachedSelectorFrom(b.spec?.selector);
    if (selector.nothing) continue;
    let left = b.status?.disruptionsAllowed ?? 0;
    const going = new Set(Object.keys(b.status?.disruptedPods ?? {}));
    for (const p of pods) {
      if (p.namespace !== b.metadata?.namespace || !selector.matches(p.pod.metadata?.labels) || going.has(p.pod.metadata?.name ?? '')) continue;
      if (left-- <= 0) beyond.add(p);
    }
  }
  return beyond;
}

/** The fewest pods whose going lets `pod` in: all lower ones are taken off, then as many as possible are spared, first those that a budget protects, the most important first. */
function tollOf(node: NodeInfo, pod: PodInfo, snapshot: Snapshot, budgets: readonly PodDisruptionBudget[]): Toll | undefined {
  const lower = [...node.pods.values()].filter(p => p.priority < pod.priority);
  if (lower.length === 0) return undefined;
  const assumed = new Set(lower.filter(p => snapshot.isAssumed(p.key)));
  const putBack = (p: PodInfo): void => snapshot.place(p, node.name, assumed.has(p));
  const fits = (): boolean => preparedFilters(pod, snapshot).every(f => !f.filter.filter(node));
  for (const p of lower) snapshot.unplace(p.key);
  if (!fits()) { lower.forEach(putBack); return undefined; }
  const victims: PodInfo[] = [];
  lower.sort((a, b) => b.priority - a.priority || startOf(a) - startOf(b));
  const beyond = beyondBudget(lower, budgets);
  for (const p of [...lower.filter(l => beyond.has(l)), ...lower.filter(l => !beyond.has(l))]) {
    putBack(p);
    if (fits()) continue;
    snapshot.unplace(p.key);
    victims.push(p);
  }
  victims.forEach(putBack);
  return { victims, violations: victims.filter(v => beyond.has(v)).length };
}

/** Fewer broken budgets, then lower highest priority, then lower sum, then fewer, then those that started last. */
function hurtsLess({ victims: a, violations: broken }: Toll, { victims: b, violations: otherwise }: Toll): boolean {
  const top = (v: readonly PodInfo[]): number => Math.max(...v.map(p => p.priority));
  const sum = (v: readonly PodInfo[]): number => v.reduce((n, p) => n + p.priority + 2 ** 31, 0);
  const start = (v: readonly PodInfo[]): number => Math.min(...v.filter(p => p.priority === top(v)).map(startOf));
  return (broken - otherwise || top(a) - top(b) || sum(a) - sum(b) || a.length - b.length || start(b) - start(a)) < 0;
}

// Making room: which pods of lower priority would have to go, and from which node that hurts least.
import { parseTime } from '../api/meta/time.ts';
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

/** Decides, changing nothing in the end. `refusals` are those of the failed attempt; `nominated` the node room is being made on already. */
export function findVictims(pod: PodInfo, snapshot: Snapshot, refusals: ReadonlyMap<NodeInfo, Refusal>, nominated: string | undefined): Preemption {
  if (pod.pod.spec?.preemptionPolicy === 'Never') return { message: 'not eligible due to preemptionPolicy=Never.' };
  const awaited = nominated === undefined ? undefined : snapshot.get(nominated);
  if (awaited && [...awaited.pods.values()].some(p => p.pod.metadata?.deletionTimestamp !== undefined && p.priority < pod.priority))
    return { message: 'not eligible due to a terminating pod on the nominated node.' };
  const reasons: string[] = [];
  let best: { node: NodeInfo; victims: PodInfo[] } | undefined;
  for (const [node, refusal] of refusals) {
    if (refusal.fixed) { reasons.push(NOT_HELPFUL); continue; }
    const victims = victimsOn(node, pod, snapshot);
    if (!victims) { reasons.push(NO_VICTIMS); continue; }
    if (!best || hurtsLess(victims, best.victims)) best = { node, victims };
  }
  return best ? { node: best.node.name, victims: best.victims } : { message: fitMessage(refusals.size, reasons) };
}

/** The fewest pods whose going lets `pod` in: all lower ones are taken off, then as many as possible are spared, the most important first. */
function victimsOn(node: NodeInfo, pod: PodInfo, snapshot: Snapshot): PodInfo[] | undefined {
  const lower = [...node.pods.values()].filter(p => p.priority < pod.priority);
  if (lower.length === 0) return undefined;
  const assumed = new Set(lower.filter(p => snapshot.isAssumed(p.key)));
  const putBack = (p: PodInfo): void => snapshot.place(p, node.name, assumed.has(p));
  const fits = (): boolean => preparedFilters(pod, snapshot).every(f => !f.filter.filter(node));
  for (const p of lower) snapshot.unplace(p.key);
  if (!fits()) { lower.forEach(putBack); return undefined; }
  const victims: PodInfo[] = [];
  for (const p of lower.sort((a, b) => b.priority - a.priority || startOf(a) - startOf(b))) {
    putBack(p);
    if (fits()) continue;
    snapshot.unplace(p.key);
    victims.push(p);
  }
  victims.forEach(putBack);
  return victims;
}

/** Lower highest priority, then lower sum, then fewer, then those that started last. */
function hurtsLess(a: readonly PodInfo[], b: readonly PodInfo[]): boolean {
  const top = (v: readonly PodInfo[]): number => Math.max(...v.map(p => p.priority));
  const sum = (v: readonly PodInfo[]): number => v.reduce((n, p) => n + p.priority + 2 ** 31, 0);
  const start = (v: readonly PodInfo[]): number => Math.min(...v.filter(p => p.priority === top(v)).map(startOf));
  return (top(a) - top(b) || sum(a) - sum(b) || a.length - b.length || start(b) - start(a)) < 0;
}

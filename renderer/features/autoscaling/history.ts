// What was seen of an autoscaler while somebody looked, and what its events tell of the time before. Bounded: so many samples of so
// many autoscalers, and equal samples one after another are two: the first and the last.
import type { CoreEvent, V2HorizontalPodAutoscaler } from '../../../core/api/types/kubernetes.ts';
import { metricsOf } from './metrics.ts';

export interface Sample { at: number; replicas: number | undefined; desired: number | undefined; ratios: readonly (number | undefined)[] }
const SAMPLES = 400, KEPT = 16;

export class History {
  #samples: Sample[] = [];
  get samples(): readonly Sample[] { return this.#samples; }

  add(s: Sample): void {
    const last = this.#samples.at(-1), before = this.#samples.at(-2);
    if (last && last.at >= s.at) return;
    const steady = last !== undefined && before !== undefined && same(last, s) && same(before, s);
    this.#samples = [...(steady ? this.#samples.slice(0, -1) : this.#samples), s].slice(-SAMPLES);
  }
}
const same = (a: Sample, b: Sample): boolean => a.replicas === b.replicas && a.desired === b.desired && a.ratios.length === b.ratios.length && a.ratios.every((r, i) => r === b.ratios[i]);

const kept = new Map<string, History>();
/** The history of one autoscaler by its uid; the one looked at longest ago is forgotten when there are many. */
export function historyOf(uid: string): History {
  const found = kept.get(uid) ?? new History();
  kept.delete(uid);
  kept.set(uid, found);
  if (kept.size > KEPT) kept.delete(kept.keys().next().value!);
  return found;
}

export const sampleOf = (h: V2HorizontalPodAutoscaler, at: number): Sample =>
  ({ at, replicas: h.status?.currentReplicas, desired: h.status?.desiredReplicas, ratios: metricsOf(h).map(m => m.ratio) });

export interface Step { at: number; size: number; why: string }
/** Of its events (`New size: 4; reason: cpu resource utilization above target`), oldest first. */
export function stepsOf(events: readonly CoreEvent[]): Step[] {
  const out: Step[] = [];
  for (const e of events) {
    const m = e.reason === 'SuccessfulRescale' ? /^New size: (\d+)(?:; reason: (.*))?$/s.exec(e.message ?? '') : null;
    if (!m) continue;
    // The same again is counted in one event: its first and last time are known.
    const times = new Set([e.firstTimestamp, e.series?.lastObservedTime ?? e.lastTimestamp ?? e.eventTime ?? e.metadata?.creationTimestamp]);
    for (const t of times) { const at = t ? Date.parse(t) : Number.NaN; if (!Number.isNaN(at)) out.push({ at, size: Number(m[1]), why: m[2] ?? '' }); }
  }
  return out.sort((a, b) => a.at - b.at);
}

/** Replicas over time: what events tell until the first sample, then what was seen. */
export function replicaLine(steps: readonly Step[], samples: readonly Sample[]): { at: number; value: number }[] {
  const seen = samples.filter(s => s.replicas !== undefined).map(s => ({ at: s.at, value: s.replicas! }));
  const from = seen[0]?.at ?? Infinity;
  return [...steps.filter(s => s.at < from).map(s => ({ at: s.at, value: s.size })), ...seen];
}

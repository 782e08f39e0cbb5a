// Back-off limits of single indexes (`backoffLimitPerIndex`). How often an index failed is written on the pod that tries next, so the last
// failed pod of an index keeps its finalizer until its successor is there to carry the count.
import { isActive } from '../../api/meta/pod.ts';
import type { Job, Pod } from '../../api/types/kubernetes.ts';
import { endedAt, waitAfter } from './backoff.ts';
import { isTracked } from './count.ts';
import { includes, indexesOf, parseIndexes, union, type Intervals } from './indexes.ts';
import { judgeFailure } from './policies.ts';

export const INDEX = 'batch.kubernetes.io/job-completion-index';
const FAILURES = 'batch.kubernetes.io/job-index-failure-count';
/** Failures that the pod failure policy ignored: they count for the wait, not for the limit. */
const IGNORED = 'batch.kubernetes.io/job-index-ignored-failure-count';

const number = (p: Pod, annotation: string): number | undefined => {
  const text = p.metadata?.annotations?.[annotation];
  return text !== undefined && /^\d+$/.test(text) ? Number(text) : undefined;
};

/** Index of a pod of an indexed job, undefined for others. */
export const indexOf = (p: Pod): number | undefined => number(p, INDEX);
/** The index, where the job (still) has it. */
export const validIndex = (job: Job, p: Pod): number | undefined => {
  const i = indexOf(p);
  return i !== undefined && i < (job.spec?.completions ?? 0) ? i : undefined;
};
export const isIndexed = (job: Job): boolean => job.spec?.completionMode === 'Indexed';
export const hasLimitPerIndex = (job: Job): boolean => isIndexed(job) && job.spec?.backoffLimitPerIndex !== undefined;

const allFailures = (p: Pod): number => (number(p, FAILURES) ?? 0) + (number(p, IGNORED) ?? 0);

/** Failed for ever: by a FailIndex rule, or as often as the limit allows and once more. */
function failsIndex(job: Job, p: Pod): boolean {
  const { action, counted } = judgeFailure(job, p);
  return action === 'FailIndex' || (counted && (number(p, FAILURES) ?? 0) >= job.spec!.backoffLimitPerIndex!);
}

/** The indexes that failed for ever, those of this pass included. `failed` are the pods that failed. */
export const failedIndexes = (job: Job, failed: readonly Pod[]): Intervals =>
  union(parseIndexes(job.status?.failedIndexes, job.spec?.completions ?? 0), indexesOf(failed.filter(p => isTracked(p) && validIndex(job, p) !== undefined && failsIndex(job, p)).map(p => indexOf(p)!)));

/** Per index that is to be tried again: the pod whose failure was the last. */
export function lastFailures(job: Job, pods: readonly Pod[], failed: readonly Pod[], over: Intervals): Map<number, Pod> {
  const active = new Set(pods.filter(isActive).map(indexOf)), last = new Map<number, Pod>();
  for (const p of failed) {
    const i = validIndex(job, p);
    if (i === undefined || !isTracked(p) || active.has(i) || includes(over, i)) continue;
    const other = last.get(i);
    if (!other || (allFailures(other) <= allFailures(p) && endedAt(p) >= endedAt(other))) last.set(i, p);
  }
  return last;
}

/** Milliseconds until an index may be tried again. */
export const indexWait = (previous: Pod | undefined, now: number): number => (previous ? waitAfter(allFailures(previous) + 1, endedAt(previous), now) : 0);

/** What the next pod of an index carries on. */
export function failureCounts(job: Job, previous: Pod | undefined): Record<string, string> {
  const counted = previous !== undefined && judgeFailure(job, previous).counted;
  const failures = (previous ? number(previous, FAILURES) ?? 0 : 0) + Number(counted);
  const ignored = (previous ? number(previous, IGNORED) ?? 0 : 0) + Number(previous !== undefined && !counted);
  return { [FAILURES]: String(failures), ...(ignored > 0 ? { [IGNORED]: String(ignored) } : {}) };
}

// How long a Job waits before it tries again: ten seconds after a failure, twice as long after each further one, six minutes at most.
import { podCondition } from '../../api/meta/pod.ts';
import { parseTime } from '../../api/meta/time.ts';
import type { Pod } from '../../api/types/kubernetes.ts';

const FIRST = 10_000;
const LONGEST = 360_000;

/** When a pod ended: by its containers, else by when it ceased to be ready, else by when it was deleted, else by its beginning. */
export function endedAt(p: Pod): number {
  const containers = p.status?.containerStatuses ?? [];
  const ends = containers.map(c => parseTime(c.state?.terminated?.finishedAt));
  if (ends.length > 0 && ends.every(t => !Number.isNaN(t))) return Math.max(...ends);
  const ready = podCondition(p, 'Ready');
  const unready = ready?.status === 'False' ? parseTime(ready.lastTransitionTime) : Number.NaN;
  if (!Number.isNaN(unready)) return unready;
  const deleted = parseTime(p.metadata?.deletionTimestamp);
  return Number.isNaN(deleted) ? parseTime(p.metadata?.creationTimestamp) : deleted - (p.metadata?.deletionGracePeriodSeconds ?? 0) * 1000;
}

/** Milliseconds left after `failures` in a row, the last at `last`. */
export function waitAfter(failures: number, last: number, now: number): number {
  if (failures === 0) return 0;
  return Math.max(0, last + Math.min(LONGEST, FIRST * 2 ** Math.min(failures - 1, 30)) - now);
}

/** Failures since the last success, and when the last of them was. */
export interface Streak { readonly failures: number; readonly last: number }

/** `before` with more that ended. */
export function extend(before: Streak, succeeded: readonly Pod[], failed: readonly Pod[]): Streak {
  const lastSuccess = Math.max(...succeeded.map(endedAt));
  const since = succeeded.length === 0 ? failed.map(endedAt) : failed.map(endedAt).filter(t => t > lastSuccess);
  if (succeeded.length > 0) return { failures: since.length, last: Math.max(...since) };
  return since.length === 0 ? before : { failures: before.failures + since.length, last: Math.max(...since) };
}

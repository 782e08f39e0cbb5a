// What a Job's status says.
import type { Job, JobCondition } from '../../api/types/kubernetes.ts';
import { formatTime } from '../../api/meta/time.ts';

export const jobCondition = (j: Job, type: string): JobCondition | undefined => j.status?.conditions?.find(c => c.type === type && c.status === 'True');

/** How a job ended; undefined while it has not. */
export const finishedAs = (j: Job): 'Complete' | 'Failed' | undefined =>
  (jobCondition(j, 'Complete') ? 'Complete' : jobCondition(j, 'Failed') ? 'Failed' : undefined);

/** Conditions with one set, in its place where it stood; one that is False and was never there is not worth a word. */
export function withJobCondition(conditions: readonly JobCondition[] | undefined, type: string, status: 'True' | 'False', reason: string, message: string, now: number): JobCondition[] {
  const all = conditions ?? [], time = formatTime(now), next = { type, status, reason, message, lastProbeTime: time, lastTransitionTime: time };
  const old = all.find(c => c.type === type);
  if (!old) return status === 'False' ? [...all] : [...all, next];
  if (old.status === status && old.reason === reason && old.message === message) return [...all];
  return all.map(c => (c === old ? next : c));
}

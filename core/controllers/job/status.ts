// What a Job's status says.
import type { Job, JobCondition } from '../../api/types/kubernetes.ts';
import { formatTime } from '../../api/meta/time.ts';

export const jobCondition = (j: Job, type: string): JobCondition | undefined => j.status?.conditions?.find(c => c.type === type && c.status === 'True');

/** How a job ended; undefined while it has not. */
export const finishedAs = (j: Job): 'Complete' | 'Failed' | undefined =>
  (jobCondition(j, 'Complete') ? 'Complete' : jobCondition(j, 'Failed') ? 'Failed' : undefined);

/** Conditions with one set, its times new where its status changed. */
export function withJobCondition(conditions: readonly JobCondition[], type: string, status: 'True' | 'False', reason: string, message: string, now: number): JobCondition[] {
  const old = conditions.find(c => c.type === type);
  if (old?.status === status && old.reason === reason && old.message === message) return [...conditions];
  const time = formatTime(now);
  return [...conditions.filter(c => c !== old), { type, status, reason, message, lastProbeTime: time, lastTransitionTime: time }];
}

/** `0-2,5` as a set. */
export function parseIndexes(text: string | undefined): Set<number> {
  const found = new Set<number>();
  for (const part of (text ?? '').split(',').filter(Boolean)) {
    const [from = '', to = from] = part.split('-');
    for (let i = Number(from); i <= Number(to); i++) found.add(i);
  }
  return found;
}

/** The shortest text of a set of indexes: `0-2,5`. */
export function formatIndexes(indexes: Iterable<number>): string {
  const parts: string[] = [];
  const sorted = [...indexes].sort((a, b) => a - b);
  for (let i = 0; i < sorted.length; i++) {
    const from = sorted[i]!;
    while (i + 1 < sorted.length && sorted[i + 1] === sorted[i]! + 1) i++;
    const to = sorted[i]!;
    parts.push(to === from ? `${from}` : to === from + 1 ? `${from},${to}` : `${from}-${to}`);
  }
  return parts.join(',');
}

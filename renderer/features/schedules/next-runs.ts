// When a cron job runs next, what a run by hand is made of, and how its runs went.
import { Schedule } from '../../../core/api/meta/cron-schedule.ts';
import { apiVersionOf } from '../../../core/api/meta/object.ts';
import { parseTime } from '../../../core/api/meta/time.ts';
import type { CronJob, Job } from '../../../core/api/types/kubernetes.ts';

export interface Timetable {
  /** Milliseconds; empty for a schedule that never comes. */
  next: number[];
  /** The zone the schedule is read in; undefined where the object names none: then it is the controller's own, here UTC. */
  zone: string | undefined;
  /** A run that was due and has not been started; milliseconds. */
  overdue: number | undefined;
  /** Why the schedule cannot be read. */
  error?: string;
}

/** A due run is called late after this: controllers look once a minute at the latest. */
const LATE_MS = 60_000;

/** The next `count` runs after `now` (ms). */
export function timetableOf(c: CronJob, now: number, count: number): Timetable {
  const given = c.spec?.schedule ?? '';
  const old = /^(?:CRON_)?TZ=(\S*) +/.exec(given);
  const zone = c.spec?.timeZone ?? old?.[1];
  try {
    const schedule = new Schedule(old ? given.slice(old[0].length) : given, zone);
    const next: number[] = [];
    for (let at = schedule.next(now); at !== undefined && next.length < count; at = schedule.next(at)) next.push(at);
    const last = parseTime(c.status?.lastScheduleTime ?? c.metadata?.creationTimestamp);
    const due = Number.isNaN(last) || c.spec?.suspend ? undefined : schedule.next(last);
    const deadline = c.spec?.startingDeadlineSeconds;
    const late = due !== undefined && due < now - LATE_MS && (deadline === undefined || due > now - deadline * 1000);
    return { next, zone, overdue: late ? due : undefined };
  } catch (e) {
    return { next: [], zone, overdue: undefined, error: e instanceof Error ? e.message : String(e) };
  }
}

/** Whether both zones show the same time at every one of these moments. */
export function sameClock(a: string, b: string, times: readonly number[]): boolean {
  const read = (zone: string): ((ms: number) => string) => { const f = new Intl.DateTimeFormat('en', { timeZone: zone, dateStyle: 'short', timeStyle: 'short' }); return ms => f.format(ms); };
  const x = read(a), y = read(b);
  return times.every(ms => x(ms) === y(ms));
}

/** The job `kubectl create job NAME --from=cronjob/…` makes. */
export function manualJob(c: CronJob, name: string): Job {
  const template = c.spec?.jobTemplate;
  return {
    apiVersion: 'batch/v1', kind: 'Job',
    metadata: {
      name, namespace: c.metadata?.namespace, annotations: { 'cronjob.kubernetes.io/instantiate': 'manual', ...template?.metadata?.annotations }, labels: template?.metadata?.labels,
      // Without blockOwnerDeletion: that would ask for a right of its own.
      ownerReferences: [{ apiVersion: apiVersionOf({ group: 'batch', version: 'v1' }), kind: 'CronJob', name: c.metadata?.name ?? '', uid: c.metadata?.uid ?? '', controller: true }],
    },
    spec: structuredClone(template?.spec),
  } as Job;
}

export const isManual = (j: Job): boolean => j.metadata?.annotations?.['cronjob.kubernetes.io/instantiate'] === 'manual';

/** A name for a run by hand: the cron job's, cut so that a job's 63 characters hold, and `salt`. */
export const manualName = (cron: string, salt: string): string => `${cron.slice(0, 63 - '-manual-'.length - salt.length).replace(/[-.]+$/, '')}-manual-${salt}`;

/** Runs of a cron job, newest first. */
export const runsOf = (c: CronJob, jobs: readonly Job[]): Job[] =>
  jobs.filter(j => j.metadata?.ownerReferences?.some(r => r.uid === c.metadata?.uid)).sort((a, b) => startOf(b).localeCompare(startOf(a)) || (b.metadata?.name ?? '').localeCompare(a.metadata?.name ?? ''));
const startOf = (j: Job): string => j.status?.startTime ?? j.metadata?.creationTimestamp ?? '';

/** How long a run took, or takes by `now`; undefined before it started. */
export function durationOf(j: Job, now: number): number | undefined {
  const start = parseTime(j.status?.startTime);
  const end = j.status?.completionTime ?? j.status?.conditions?.find(c => c.type === 'Failed' && c.status === 'True')?.lastTransitionTime;
  return Number.isNaN(start) ? undefined : Math.max(0, (end ? parseTime(end) : now) - start);
}

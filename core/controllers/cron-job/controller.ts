// Makes a Job whenever a CronJob's schedule says so, and clears away old ones.
import { cronJob as cronJobKind } from '../../api/kinds/batch/cron-job.ts';
import { job as jobKind } from '../../api/kinds/batch/job.ts';
import { semanticEqual } from '../../api/meta/equal.ts';
import { objectKey, splitKey } from '../../api/meta/object.ts';
import { controllerOf, controllerReference } from '../../api/meta/owner.ts';
import { isAlreadyExists, isNotFound } from '../../api/meta/status.ts';
import { formatTime, parseTime } from '../../api/meta/time.ts';
import type { CronJob, CronJobStatus, Job, ObjectReference } from '../../api/types/kubernetes.ts';
import type { Controller, ControllerContext } from '../controller.ts';
import { finishedAs } from '../job/status.ts';
import { dependentsOf, indexByController } from '../ownership.ts';
import { namespaceTerminating } from '../terminating.ts';
import { Schedule } from './schedule.ts';

const SCHEDULED_AT = 'batch.kubernetes.io/cronjob-scheduled-timestamp';
/** More missed starts than this are a clock gone wrong, and worth a warning. */
const MANY_MISSED = 100;
/** A little after the minute, so that the clock is surely past it. */
const SLACK = 100;

export const cronJobController: Controller = {
  name: 'cronjob-controller', alias: 'cronjob',
  start(ctx, keys) {
    const crons = ctx.informers.for<CronJob>(cronJobKind);
    const jobs = ctx.informers.for<Job>(jobKind);
    indexByController(jobs);
    const wake = (c: CronJob): void => keys.add(objectKey(c));
    const wakeOwner = (j: Job): void => {
      const ref = controllerOf(j);
      if (ref?.kind === 'CronJob') keys.add(`${j.metadata?.namespace}/${ref.name}`);
    };
    crons.on({ add: wake, update: wake });
    jobs.on({ add: wakeOwner, update: wakeOwner, delete: wakeOwner });
    return async key => {
      const { namespace, name } = splitKey(key);
      const cron = crons.lister.get(namespace, name);
      if (!cron?.spec || cron.metadata?.deletionTimestamp !== undefined) return undefined;
      const own = dependentsOf(jobs, cron.metadata?.uid ?? '');
      const status = settle(ctx, cron, own);
      await clearHistory(ctx, cron, own);
      const next = await run(ctx, cron, own, status);
      if (!semanticEqual(status, cron.status ?? {})) await ctx.client.updateStatus<CronJob>(cronJobKind, { ...cron, status });
      return next === undefined ? undefined : { requeueAfter: Math.max(0, next - ctx.clock.now()) + SLACK };
    };
  },
};

/** Takes what has finished or vanished out of the active list. */
function settle(ctx: ControllerContext, cron: CronJob, own: readonly Job[]): CronJobStatus {
  const status: CronJobStatus = { ...cron.status, active: [] };
  for (const ref of cron.status?.active ?? []) {
    const job = own.find(j => j.metadata?.uid === ref.uid);
    const as = job && finishedAs(job);
    if (job && !as) { status.active!.push(ref); continue; }
    if (!job) { ctx.recorder.event(cron, 'Normal', 'MissingJob', `Active job went missing: ${ref.name}`); continue; }
    ctx.recorder.event(cron, 'Normal', 'SawCompletedJob', `Saw completed job: ${ref.name}, condition: ${as}`);
  }
  const ends = own.filter(j => finishedAs(j) === 'Complete').map(j => j.status?.completionTime).filter(t => t !== undefined).sort();
  const latest = ends.at(-1);
  if (latest !== undefined && latest > (status.lastSuccessfulTime ?? '')) status.lastSuccessfulTime = latest;
  if (status.active!.length === 0) delete status.active;
  return status;
}

async function clearHistory(ctx: ControllerContext, cron: CronJob, own: readonly Job[]): Promise<void> {
  const of = (as: 'Complete' | 'Failed', limit: number): Job[] => {
    const ended = own.filter(j => finishedAs(j) === as).sort((a, b) => ((a.status?.startTime ?? '') < (b.status?.startTime ?? '') ? -1 : 1));
    return ended.slice(0, Math.max(0, ended.length - limit));
  };
  for (const j of [...of('Complete', cron.spec?.successfulJobsHistoryLimit ?? 3), ...of('Failed', cron.spec?.failedJobsHistoryLimit ?? 1)]) await remove(ctx, cron, j);
}

async function remove(ctx: ControllerContext, cron: CronJob, j: Job): Promise<void> {
  if (j.metadata?.deletionTimestamp !== undefined) return;
  try {
    await ctx.client.delete(jobKind, j.metadata?.namespace, j.metadata?.name ?? '', { propagationPolicy: 'Background', preconditions: { uid: j.metadata?.uid } });
    ctx.recorder.event(cron, 'Normal', 'SuccessfulDelete', `Deleted job ${j.metadata?.name}`);
  } catch (error) {
    if (!isNotFound(error)) throw error;
  }
}

/** Starts what is due; answers when to look again. Changes `status`. */
async function run(ctx: ControllerContext, cron: CronJob, own: readonly Job[], status: CronJobStatus): Promise<number | undefined> {
  const spec = cron.spec!;
  const now = ctx.clock.now();
  let schedule: Schedule;
  try {
    schedule = new Schedule(spec.schedule, spec.timeZone);
  } catch (error) {
    ctx.recorder.event(cron, 'Warning', 'UnparseableSchedule', `unparseable schedule: ${JSON.stringify(spec.schedule)} : ${error instanceof Error ? error.message : String(error)}`);
    return undefined;
  }
  const next = schedule.next(now);
  if (spec.suspend) return undefined;
  const { at, missed } = lastDue(schedule, spec.startingDeadlineSeconds, parseTime(status.lastScheduleTime ?? cron.metadata?.creationTimestamp), now);
  if (missed > MANY_MISSED) ctx.recorder.event(cron, 'Warning', 'TooManyMissedTimes', 'too many missed start times. Set or decrease .spec.startingDeadlineSeconds or check clock skew');
  if (at === undefined) return next;
  if (status.active?.length && spec.concurrencyPolicy === 'Forbid') {
    ctx.recorder.event(cron, 'Normal', 'JobAlreadyActive', 'Not starting job because prior execution is running and concurrency policy is Forbid');
    return next;
  }
  if (spec.concurrencyPolicy === 'Replace') {
    for (const ref of status.active ?? []) { const j = own.find(x => x.metadata?.uid === ref.uid); if (j) await remove(ctx, cron, j); }
    delete status.active;
  }
  const job = jobFor(cron, at);
  try {
    const made = await ctx.client.create<Job>(jobKind, job);
    ctx.recorder.event(cron, 'Normal', 'SuccessfulCreate', `Created job ${made.metadata?.name}`);
    const ref: ObjectReference = { apiVersion: 'batch/v1', kind: 'Job', name: made.metadata?.name, namespace: made.metadata?.namespace, uid: made.metadata?.uid, resourceVersion: made.metadata?.resourceVersion };
    status.active = [...(status.active ?? []), ref];
  } catch (error) {
    if (namespaceTerminating(error)) return undefined;
    // Made before, and the status that should have said so was lost.
    if (!isAlreadyExists(error)) {
      ctx.recorder.event(cron, 'Warning', 'FailedCreate', `Error creating job: ${error instanceof Error ? error.message : String(error)}`);
      throw error;
    }
  }
  status.lastScheduleTime = formatTime(at);
  return next;
}

/** The latest due time not yet served, within the deadline; and how many there were. */
function lastDue(schedule: Schedule, deadlineSeconds: number | undefined, last: number, now: number): { at: number | undefined; missed: number } {
  let from = last;
  if (deadlineSeconds !== undefined) from = Math.max(from, now - deadlineSeconds * 1000);
  let at: number | undefined;
  let missed = 0;
  for (let t = schedule.next(from); t !== undefined && t <= now; t = schedule.next(t)) {
    at = t;
    // Years asleep with a schedule of every minute: what lies far back is not counted, only skipped.
    if (++missed > MANY_MISSED && now - t > 7_200_000) t = now - 7_200_000;
  }
  return { at, missed };
}

function jobFor(cron: CronJob, at: number): Job {
  const template = cron.spec!.jobTemplate;
  return {
    apiVersion: 'batch/v1', kind: 'Job',
    metadata: {
      // Named by its minute: the same start cannot be made twice.
      name: `${cron.metadata?.name}-${Math.floor(at / 60_000)}`, namespace: cron.metadata?.namespace,
      labels: { ...template.metadata?.labels }, annotations: { ...template.metadata?.annotations, [SCHEDULED_AT]: formatTime(at) },
      ownerReferences: [controllerReference(cron, cronJobKind)],
    },
    spec: structuredClone(template.spec),
  };
}

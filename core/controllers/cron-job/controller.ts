// Makes a Job whenever a CronJob's schedule says so, and clears away old ones.
import { cronJob as cronJobKind } from '../../api/kinds/batch/cron-job.ts';
import { job as jobKind } from '../../api/kinds/batch/job.ts';
import { Schedule, Zone } from '../../api/meta/cron-schedule.ts';
import { semanticEqual } from '../../api/meta/equal.ts';
import { objectKey, splitKey } from '../../api/meta/object.ts';
import { controllerOf, controllerReference } from '../../api/meta/owner.ts';
import { isAlreadyExists, isNotFound } from '../../api/meta/status.ts';
import { formatTime, parseTime } from '../../api/meta/time.ts';
import type { CronJob, CronJobSpec, CronJobStatus, Job } from '../../api/types/kubernetes.ts';
import { exponential, type Histogram } from '../../base/figures.ts';
import type { Controller, ControllerContext } from '../controller.ts';
import { finishedAs } from '../job/status.ts';
import { dependentsOf, indexByController } from '../ownership.ts';
import { namespaceTerminating } from '../terminating.ts';

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
    const skew = ctx.figures.histogram('cronjob_controller_job_creation_skew_duration_seconds', 'Seconds from when a job was due until it was made.', [], exponential(1, 2, 10));
    const wake = (c: CronJob): void => keys.add(objectKey(c));
    const wakeOwner = (j: Job): void => {
      const ref = controllerOf(j);
      if (ref?.kind === 'CronJob') keys.add(`${j.metadata?.namespace}/${ref.name}`);
    };
    crons.on({ add: wake, update: wake });
    jobs.on({
      add: wakeOwner, delete: wakeOwner,
      update: (j, prev) => { wakeOwner(j); if (controllerOf(prev)?.uid !== controllerOf(j)?.uid) wakeOwner(prev); },
    });
    return async key => {
      const { namespace, name } = splitKey(key);
      const cron = crons.lister.get(namespace, name);
      if (!cron?.spec) return undefined;
      const run = new Run(ctx, cron, dependentsOf(jobs, cron.metadata?.uid ?? ''), skew);
      let next: number | undefined;
      try {
        await run.settle();
        next = cron.metadata?.deletionTimestamp === undefined ? await run.start() : undefined;
        await run.clearHistory();
      } finally {
        // What came of it is written whatever failed after.
        await run.write();
      }
      return next === undefined ? undefined : { requeueAfter: Math.max(0, next - ctx.clock.now()) + SLACK };
    };
  },
};

/** One look at one CronJob and the jobs it controls. */
class Run {
  readonly #ctx: ControllerContext;
  #cron: CronJob;
  readonly #jobs: readonly Job[];
  readonly #skew: Histogram;
  #status: CronJobStatus;
  #zone = new Zone();

  constructor(ctx: ControllerContext, cron: CronJob, jobs: readonly Job[], skew: Histogram) { this.#ctx = ctx; this.#cron = cron; this.#jobs = jobs; this.#skew = skew; this.#status = structuredClone(cron.status ?? {}); }

  get #spec(): CronJobSpec { return this.#cron.spec!; }
  #event(type: 'Normal' | 'Warning', reason: string, message: string): void { this.#ctx.recorder.event(this.#cron, type, reason, message); }
  #isActive(job: Job): boolean { return this.#status.active?.some(r => r.uid === job.metadata?.uid) === true; }
  #drop(uid: string | undefined): void {
    const left = this.#status.active?.filter(r => r.uid !== uid);
    if (left?.length) this.#status.active = left; else delete this.#status.active;
  }

  async write(): Promise<void> {
    if (!semanticEqual(this.#status, this.#cron.status ?? {})) await this.#ctx.client.updateStatus<CronJob>(cronJobKind, { ...this.#cron, status: this.#status });
  }

  /** Takes what has finished or vanished out of the active list. */
  async settle(): Promise<void> {
    for (const job of this.#jobs) {
      const as = finishedAs(job), known = this.#isActive(job);
      if (!known && !as && job.metadata?.deletionTimestamp === undefined) await this.#unknown(job);
      if (known && as) { this.#drop(job.metadata?.uid); this.#event('Normal', 'SawCompletedJob', `Saw completed job: ${job.metadata?.name}, condition: ${as}`); }
      const end = as === 'Complete' ? job.status?.completionTime : undefined;
      if (end !== undefined && !(parseTime(end) <= parseTime(this.#status.lastSuccessfulTime))) this.#status.lastSuccessfulTime = end;
    }
    const children = new Set(this.#jobs.map(j => j.metadata?.uid));
    for (const ref of this.#status.active ?? []) {
      if (children.has(ref.uid) || (await this.#live(ref.name ?? ''))?.metadata?.uid === ref.uid) continue;
      this.#drop(ref.uid);
      this.#event('Normal', 'MissingJob', `Active job went missing: ${ref.name}`);
    }
  }

  /** A job that is not in the list: the cached list may be behind, so the server is asked before anything is said. */
  async #unknown(job: Job): Promise<void> {
    const fresh = await this.#ctx.client.get<CronJob>(cronJobKind, this.#cron.metadata?.namespace, this.#cron.metadata?.name ?? '');
    if (fresh.metadata?.uid !== this.#cron.metadata?.uid || !fresh.status?.active?.some(r => r.uid === job.metadata?.uid)) {
      this.#event('Warning', 'UnexpectedJob', `Saw a job that the controller did not create or forgot: ${job.metadata?.name}`);
      return;
    }
    this.#cron = fresh;
    this.#status = structuredClone(fresh.status);
  }

  async #live(name: string): Promise<Job | undefined> {
    try {
      return await this.#ctx.client.get<Job>(jobKind, this.#cron.metadata?.namespace, name);
    } catch (error) {
      if (isNotFound(error)) return undefined;
      throw error;
    }
  }

  /** Deletes finished jobs beyond the limits, those that began first before others. */
  async clearHistory(): Promise<void> {
    const began = (j: Job): string => j.status?.startTime ?? '￿';
    const older = (a: Job, b: Job): number => (began(a) === began(b) ? ((a.metadata?.name ?? '') < (b.metadata?.name ?? '') ? -1 : 1) : began(a) < began(b) ? -1 : 1);
    for (const [as, limit] of [['Complete', this.#spec.successfulJobsHistoryLimit], ['Failed', this.#spec.failedJobsHistoryLimit]] as const) {
      if (limit === undefined) continue;
      const ended = this.#jobs.filter(j => finishedAs(j) === as).sort(older);
      for (const j of ended.slice(0, Math.max(0, ended.length - limit))) await this.#remove(j);
    }
  }

  async #remove(j: Job): Promise<void> {
    if (j.metadata?.deletionTimestamp !== undefined) return;
    try {
      await this.#ctx.client.delete(jobKind, j.metadata?.namespace, j.metadata?.name ?? '', { propagationPolicy: 'Background', preconditions: { uid: j.metadata?.uid } });
    } catch (error) {
      if (!isNotFound(error)) { this.#event('Warning', 'FailedDelete', `Deleted job: ${error instanceof Error ? error.message : String(error)}`); throw error; }
    }
    this.#drop(j.metadata?.uid);
    this.#event('Normal', 'SuccessfulDelete', `Deleted job ${j.metadata?.name}`);
  }

  #schedule(): Schedule | undefined {
    const { schedule, timeZone } = this.#spec;
    try {
      this.#zone = new Zone(timeZone);
    } catch (error) {
      this.#event('Warning', 'UnknownTimeZone', `invalid timeZone: ${JSON.stringify(timeZone)}: ${error instanceof Error ? error.message : String(error)}`);
      return undefined;
    }
    if (this.#spec.suspend) return undefined;
    try {
      const parsed = new Schedule(schedule, timeZone);
      if (/TZ/.test(schedule)) this.#event('Warning', 'UnsupportedSchedule', `CRON_TZ or TZ used in schedule ${JSON.stringify(schedule)} is not officially supported, see https://kubernetes.io/docs/concepts/workloads/controllers/cron-jobs/ for more details`);
      return parsed;
    } catch (error) {
      // The specification may be from a time when less was checked; a change of it brings the key again.
      this.#event('Warning', 'UnparseableSchedule', `unparseable schedule: ${JSON.stringify(schedule)} : ${error instanceof Error ? error.message : String(error)}`);
      return undefined;
    }
  }

  /** Starts what is due; answers when to look again. */
  async start(): Promise<number | undefined> {
    const spec = this.#spec, now = this.#ctx.clock.now(), schedule = this.#schedule();
    if (!schedule) return undefined;
    const since = parseTime(this.#status.lastScheduleTime ?? this.#cron.metadata?.creationTimestamp), deadline = spec.startingDeadlineSeconds;
    const due = schedule.last(since, now), next = schedule.next(due?.at ?? since);
    // What lies before the deadline is not due any more.
    const recent = deadline === undefined ? due : schedule.last(Math.max(since, now - deadline * 1000), now);
    if (!recent) return next;
    const interval = (schedule.next(recent.first) ?? Infinity) - recent.first;
    if (Math.floor((now - recent.first) / interval) + 1 > MANY_MISSED) this.#event('Warning', 'TooManyMissedTimes', 'too many missed start times. Set or decrease .spec.startingDeadlineSeconds or check clock skew');
    const job = this.#jobFor(recent.at);
    if (this.#status.active?.some(r => r.name === job.metadata?.name)) return next;
    if (this.#status.active?.length && spec.concurrencyPolicy === 'Forbid') {
      this.#event('Normal', 'JobAlreadyActive', 'Not starting job because prior execution is running and concurrency policy is Forbid');
      return next;
    }
    if (spec.concurrencyPolicy === 'Replace')
      for (const ref of this.#status.active ?? []) { const j = this.#jobs.find(x => x.metadata?.uid === ref.uid); if (j) await this.#remove(j); else this.#drop(ref.uid); }
    if (await this.#create(job, recent.at)) this.#status.lastScheduleTime = formatTime(recent.at);
    return next;
  }

  /** True when the job is there and ours. */
  async #create(job: Job, at: number): Promise<boolean> {
    let made: Job | undefined;
    try {
      made = await this.#ctx.client.create<Job>(jobKind, job);
      this.#event('Normal', 'SuccessfulCreate', `Created job ${made.metadata?.name}`);
      this.#skew.observe([], Math.max(0, parseTime(made.metadata?.creationTimestamp) - at) / 1000);
    } catch (error) {
      if (namespaceTerminating(error)) return false;
      if (!isAlreadyExists(error)) {
        this.#event('Warning', 'FailedCreate', `Error creating job: ${error instanceof Error ? error.message : String(error)}`);
        throw error;
      }
      // Made before, and the status that should have said so was lost; or somebody else's.
      made = await this.#live(job.metadata?.name ?? '');
      if (!made || controllerOf(made)?.uid !== this.#cron.metadata?.uid) return false;
    }
    if (finishedAs(made) || this.#isActive(made)) return true;
    const { name, namespace, uid, resourceVersion } = made.metadata ?? {};
    this.#status.active = [...(this.#status.active ?? []), { apiVersion: 'batch/v1', kind: 'Job', name, namespace, uid, resourceVersion }];
    return true;
  }

  #jobFor(at: number): Job {
    const cron = this.#cron, template = this.#spec.jobTemplate;
    return {
      apiVersion: 'batch/v1', kind: 'Job',
      metadata: {
        // Named by its minute: the same start cannot be made twice.
        name: `${cron.metadata?.name}-${Math.floor(at / 60_000)}`, namespace: cron.metadata?.namespace,
        labels: { ...template.metadata?.labels }, annotations: { ...template.metadata?.annotations, [SCHEDULED_AT]: this.#zone.format(at) },
        ownerReferences: [controllerReference(cron, cronJobKind)],
      },
      spec: structuredClone(template.spec),
    };
  }
}

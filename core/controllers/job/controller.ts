// Runs Jobs to completion: so many pods at a time until so many have succeeded, trying again up to a limit.
import { job as jobKind } from '../../api/kinds/batch/job.ts';
import { pod as podKind } from '../../api/kinds/core/pod.ts';
import { semanticEqual } from '../../api/meta/equal.ts';
import { cachedSelectorFrom, selectorFromMap } from '../../api/meta/labels.ts';
import { objectKey, splitKey } from '../../api/meta/object.ts';
import { controllerOf } from '../../api/meta/owner.ts';
import { isActive, isReady, isTerminal, isTerminating } from '../../api/meta/pod.ts';
import { formatTime, parseTime } from '../../api/meta/time.ts';
import type { Job, JobStatus, Pod } from '../../api/types/kubernetes.ts';
import type { Controller, ControllerContext, Keys, Outcome, Reconcile } from '../controller.ts';
import { Expectations } from '../expectations.ts';
import { claim, dependentsOf, indexByController } from '../ownership.ts';
import { maxRestarts, podKey } from '../pods.ts';
import { podsToDelete } from '../replicaset/ranking.ts';
import { isTracked, noteEnded, settleCounted, untrack } from './count.ts';
import { createPods, deletePods, indexOf } from './pods.ts';
import { finishedAs, formatIndexes, jobCondition, parseIndexes, withJobCondition } from './status.ts';

/** After a failure the next pod waits this long, twice as long after each further one. */
const BACKOFF = 10_000;
const MAX_BACKOFF = 600_000;
const OURS = 'kubernetes.io/job-controller';
/** What a Job may ask for that is not done here; said in an event, never silently left out. */
const MISSING = ['podFailurePolicy', 'successPolicy', 'backoffLimitPerIndex'] as const;

export const jobController: Controller = { name: 'job-controller', alias: 'job', workers: 5, start };

function start(ctx: ControllerContext, keys: Keys): Reconcile {
  const jobs = ctx.informers.for<Job>(jobKind);
  const pods = ctx.informers.for<Pod>(podKind);
  const expectations = new Expectations(ctx.clock);
  indexByController(pods);
  const ownerKey = (p: Pod): string | undefined => {
    const ref = controllerOf(p);
    if (ref?.kind !== 'Job') return undefined;
    const job = jobs.lister.get(p.metadata?.namespace, ref.name);
    return job?.metadata?.uid === ref.uid ? objectKey(job) : undefined;
  };
  const wake = (j: Job): void => keys.add(objectKey(j));
  jobs.on({ add: wake, update: wake, delete: j => { expectations.forget(objectKey(j)); for (const p of dependentsOf(pods, j.metadata?.uid ?? '')) keys.add(`orphan:${podKey(p)}`); } });
  pods.on({
    add: p => {
      const key = ownerKey(p);
      if (key === undefined) { if (isTracked(p)) keys.add(`orphan:${podKey(p)}`); return; }
      if (p.metadata?.deletionTimestamp !== undefined) expectations.deletionObserved(key, podKey(p)); else expectations.creationObserved(key);
      keys.add(key);
    },
    update: p => {
      const key = ownerKey(p);
      if (key === undefined) { if (isTracked(p)) keys.add(`orphan:${podKey(p)}`); return; }
      if (p.metadata?.deletionTimestamp !== undefined) expectations.deletionObserved(key, podKey(p));
      keys.add(key);
    },
    delete: p => { const key = ownerKey(p); if (key !== undefined) { expectations.deletionObserved(key, podKey(p)); keys.add(key); } },
  });

  return async key => {
    if (key.startsWith('orphan:')) {
      // Its job is gone: nobody will count it, so nothing may hold it.
      const p = pods.lister.getByKey(key.slice(7));
      if (p && isTracked(p) && ownerKey(p) === undefined) await untrack(ctx.client, p);
      return undefined;
    }
    const { namespace, name } = splitKey(key);
    const job = jobs.lister.get(namespace, name);
    if (!job?.spec || finishedAs(job) || (job.spec.managedBy !== undefined && job.spec.managedBy !== OURS)) return undefined;
    const maySync = expectations.satisfied(key);
    const selector = job.spec.selector ? cachedSelectorFrom(job.spec.selector) : selectorFromMap({ 'batch.kubernetes.io/controller-uid': job.metadata?.uid ?? '' });
    const own = await claim<Pod>({ client: ctx.client, owner: job, ownerKind: jobKind, dependentKind: podKind, informer: pods, selector });
    return new Pass(ctx, expectations, key, job, own).run(maySync);
  };
}

/** One look at one job. */
class Pass {
  readonly #ctx: ControllerContext;
  readonly #expectations: Expectations;
  readonly #key: string;
  #job: Job;
  readonly #pods: readonly Pod[];
  #status: JobStatus;
  readonly #now: number;

  constructor(ctx: ControllerContext, expectations: Expectations, key: string, job: Job, pods: readonly Pod[]) {
    this.#ctx = ctx;
    this.#expectations = expectations;
    this.#key = key;
    this.#job = job;
    this.#pods = pods;
    this.#status = structuredClone(job.status ?? {});
    this.#now = ctx.clock.now();
  }

  async run(maySync: boolean): Promise<Outcome | void> {
    const spec = this.#job.spec!;
    const status = this.#status;
    if (status.startTime === undefined && !spec.suspend) {
      status.startTime = formatTime(this.#now);
      for (const field of MISSING) if (spec[field] !== undefined) this.#event('Warning', 'NotSupported', `spec.${field} is not supported by this cluster and has no effect`);
    }
    const failing = this.#whyFailed();
    await this.#count(failing !== undefined);
    const active = this.#pods.filter(isActive);
    const why = failing ?? this.#whyFailed();
    const succeeded = this.#succeeded();
    const done = why === undefined && this.#isDone(succeeded, active.length);
    let outcome: Outcome | undefined;
    if (why) status.conditions = withJobCondition(status.conditions ?? [], 'FailureTarget', 'True', why.reason, why.message, this.#now);
    else if (done) status.conditions = withJobCondition(status.conditions ?? [], 'SuccessCriteriaMet', 'True', 'CompletionsReached', 'Reached expected number of succeeded pods', this.#now);

    if (why || done || spec.suspend) { if (maySync) await this.#stop(active); } else if (maySync && this.#job.metadata?.deletionTimestamp === undefined) outcome = await this.#scale(active, succeeded);
    this.#suspension(spec.suspend === true);

    const ending = this.#pods.filter(p => isTerminating(p) && !isTerminal(p)).length;
    const left = active.length + ending + this.#pods.filter(p => isTracked(p) && isTerminal(p)).length;
    if (left === 0 && why) this.#finish('Failed', why.reason, why.message);
    if (left === 0 && done) this.#finish('Complete', 'CompletionsReached', 'Reached expected number of succeeded pods');
    set(status, 'active', why || done ? 0 : active.length);
    set(status, 'ready', active.filter(isReady).length, true);
    set(status, 'terminating', ending, true);
    await this.#write();
    return outcome ?? this.#deadline();
  }

  #event(type: 'Normal' | 'Warning', reason: string, message: string): void { this.#ctx.recorder.event(this.#job, type, reason, message); }

  async #write(): Promise<void> {
    if (semanticEqual(this.#status, this.#job.status)) return;
    this.#job = await this.#ctx.client.updateStatus<Job>(jobKind, { ...this.#job, status: this.#status });
    this.#status = structuredClone(this.#job.status ?? {});
  }

  /** Notes ended pods, lets them go, counts them: each step is written before the next. */
  async #count(abandoned: boolean): Promise<void> {
    settleCounted(this.#status, this.#pods);
    if (noteEnded(this.#status, this.#pods, abandoned)) {
      if (this.#isIndexed()) this.#status.completedIndexes = formatIndexes(this.#completedIndexes()) || undefined;
      await this.#write();
    }
    const noted = new Set([...(this.#status.uncountedTerminatedPods?.succeeded ?? []), ...(this.#status.uncountedTerminatedPods?.failed ?? [])]);
    await Promise.all(this.#pods.filter(p => isTracked(p) && noted.has(p.metadata?.uid ?? '')).map(p => untrack(this.#ctx.client, p)));
  }

  #isIndexed(): boolean { return this.#job.spec?.completionMode === 'Indexed'; }
  #completedIndexes(): Set<number> {
    const found = parseIndexes(this.#status.completedIndexes);
    for (const p of this.#pods) { const i = indexOf(p); if (i !== undefined && p.status?.phase === 'Succeeded' && i < (this.#job.spec?.completions ?? 0)) found.add(i); }
    return found;
  }
  #succeeded(): number {
    return this.#isIndexed() ? this.#completedIndexes().size : (this.#status.succeeded ?? 0) + (this.#status.uncountedTerminatedPods?.succeeded?.length ?? 0);
  }
  #failed(): number { return (this.#status.failed ?? 0) + (this.#status.uncountedTerminatedPods?.failed?.length ?? 0); }

  #whyFailed(): { reason: string; message: string } | undefined {
    const target = jobCondition(this.#job, 'FailureTarget');
    if (target) return { reason: target.reason ?? '', message: target.message ?? '' };
    if (jobCondition(this.#job, 'SuccessCriteriaMet')) return undefined;
    const spec = this.#job.spec!;
    const limit = spec.backoffLimit ?? 6;
    const restarts = spec.template.spec?.restartPolicy === 'OnFailure' ? this.#pods.filter(p => isActive(p)).reduce((n, p) => n + maxRestarts(p), 0) : 0;
    if (this.#failed() > limit || (restarts > 0 && restarts >= limit)) return { reason: 'BackoffLimitExceeded', message: 'Job has reached the specified backoff limit' };
    const started = parseTime(this.#status.startTime);
    if (spec.activeDeadlineSeconds !== undefined && !spec.suspend && this.#now - started >= spec.activeDeadlineSeconds * 1000) return { reason: 'DeadlineExceeded', message: 'Job was active longer than specified deadline' };
    return undefined;
  }

  #isDone(succeeded: number, active: number): boolean {
    const { completions } = this.#job.spec!;
    return completions === undefined ? succeeded > 0 && active === 0 : succeeded >= completions;
  }

  async #stop(active: readonly Pod[]): Promise<void> { await deletePods(this.#ctx, this.#expectations, this.#key, this.#job, active); }

  async #scale(active: readonly Pod[], succeeded: number): Promise<Outcome | undefined> {
    const spec = this.#job.spec!;
    const parallelism = spec.parallelism ?? 1;
    const wanted = spec.completions === undefined ? (succeeded > 0 ? active.length : parallelism) : Math.min(spec.completions - succeeded, parallelism);
    if (active.length > wanted) { await this.#stop(podsToDelete(active, active, active.length - wanted, this.#now)); return undefined; }
    // With replacement only of the failed, a pod that is still ending keeps its place.
    const ending = spec.podReplacementPolicy === 'Failed' ? this.#pods.filter(p => isTerminating(p) && !isTerminal(p)).length : 0;
    const missing = wanted - active.length - ending;
    if (missing <= 0) return undefined;
    const wait = this.#backoff();
    if (wait > 0) return { requeueAfter: wait };
    await createPods(this.#ctx, this.#expectations, this.#key, this.#job, missing, this.#isIndexed() ? this.#freeIndexes(active, missing) : undefined);
    return undefined;
  }

  #freeIndexes(active: readonly Pod[], count: number): number[] {
    const taken = new Set([...this.#completedIndexes(), ...active.map(indexOf).filter(i => i !== undefined)]);
    const free: number[] = [];
    for (let i = 0; i < (this.#job.spec?.completions ?? 0) && free.length < count; i++) if (!taken.has(i)) free.push(i);
    return free;
  }

  /** Milliseconds to wait after the failures since the last success. */
  #backoff(): number {
    const ended = (p: Pod): number => Math.max(...[...(p.status?.containerStatuses ?? []).map(c => parseTime(c.state?.terminated?.finishedAt)), parseTime(p.metadata?.creationTimestamp)].filter(t => !Number.isNaN(t)));
    const lastSuccess = Math.max(0, ...this.#pods.filter(p => p.status?.phase === 'Succeeded').map(ended));
    const failures = this.#pods.filter(p => p.status?.phase === 'Failed').map(ended).filter(t => t > lastSuccess);
    if (failures.length === 0) return 0;
    return Math.max(...failures) + Math.min(MAX_BACKOFF, BACKOFF * 2 ** (failures.length - 1)) - this.#now;
  }

  #suspension(suspended: boolean): void {
    const was = jobCondition(this.#job, 'Suspended') !== undefined;
    if (suspended === was) return;
    this.#status.conditions = withJobCondition(this.#status.conditions ?? [], 'Suspended', suspended ? 'True' : 'False', suspended ? 'JobSuspended' : 'JobResumed', suspended ? 'Job suspended' : 'Job resumed', this.#now);
    if (suspended) delete this.#status.startTime;
    else this.#status.startTime = formatTime(this.#now);
    this.#event('Normal', suspended ? 'Suspended' : 'Resumed', suspended ? 'Job suspended' : 'Job resumed');
  }

  #finish(as: 'Complete' | 'Failed', reason: string, message: string): void {
    settleCounted(this.#status, this.#pods);
    this.#status.conditions = withJobCondition(this.#status.conditions ?? [], as, 'True', reason, message, this.#now);
    if (as === 'Complete') { this.#status.completionTime = formatTime(this.#now); this.#event('Normal', 'Completed', 'Job completed'); } else this.#event('Warning', reason, message);
  }

  #deadline(): Outcome | undefined {
    const seconds = this.#job.spec?.activeDeadlineSeconds;
    const started = parseTime(this.#status.startTime);
    return seconds === undefined || Number.isNaN(started) || finishedAs({ status: this.#status }) ? undefined : { requeueAfter: Math.max(0, started + seconds * 1000 - this.#now) + 1 };
  }
}

function set(status: JobStatus, field: 'active' | 'ready' | 'terminating', n: number, always = false): void {
  if (n > 0 || always) status[field] = n; else delete status[field];
}

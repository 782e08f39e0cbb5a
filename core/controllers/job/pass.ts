// One look at one Job: what its pods say, whether that decides it, which pods to make or take away, and what is written down.
import { job as jobKind } from '../../api/kinds/batch/job.ts';
import { semanticEqual } from '../../api/meta/equal.ts';
import { isActive, isReady, isTerminal, isTerminating } from '../../api/meta/pod.ts';
import { formatTime, parseTime } from '../../api/meta/time.ts';
import type { Job, JobStatus, Pod } from '../../api/types/kubernetes.ts';
import type { ControllerContext, Outcome } from '../controller.ts';
import type { Expectations } from '../expectations.ts';
import { podsToDelete } from '../replicaset/ranking.ts';
import { extend, waitAfter, type Streak } from './backoff.ts';
import { isTracked, MOST_UNCOUNTED, setUncounted, settleCounted, uidOf, untrack } from './count.ts';
import type { CreationReason, JobFigures, SyncAction } from './figures.ts';
import { countOf, firstFree, formatIndexes, includes, indexesOf, parseIndexes, union, type Intervals } from './indexes.ts';
import { failedIndexes, hasLimitPerIndex, indexOf, indexWait, isIndexed, lastFailures, validIndex } from './per-index.ts';
import { createPods, deletePods, NOTHING, type Done, type Place } from './pods.ts';
import { judgeFailure, successByPolicy } from './policies.ts';
import { finishedAs, jobCondition, withJobCondition } from './status.ts';

/** Pods made or deleted in one pass at most. */
const BURST = 500;

/** What the controller remembers of its jobs between two looks; all of it can be found anew after a restart. */
export interface Memory {
  readonly figures: JobFigures;
  readonly expectations: Expectations;
  /** By the job's uid. */
  readonly streaks: Map<string, Streak>;
  /** Uids of pods whose finalizer was taken away, until the cache has seen it. */
  readonly released: Set<string>;
  /** The version of each job (by uid) that the last status written made: a cache behind it would count anew what is counted. */
  readonly written: Map<string, number>;
}

interface Verdict { readonly type: 'FailureTarget' | 'SuccessCriteriaMet'; readonly reason: string; readonly message: string }
const failure = (reason: string, message: string): Verdict => ({ type: 'FailureTarget', reason, message });

export class Pass {
  readonly #ctx: ControllerContext;
  readonly #memory: Memory;
  readonly #key: string;
  readonly #job: Job;
  readonly #status: JobStatus;
  readonly #now: number;
  readonly #pods: readonly Pod[];
  readonly #active: readonly Pod[];
  /** Pods that failed or are held to have failed, counted or not. */
  readonly #failedPods: readonly Pod[];
  #streak: Streak;
  /** What ended and is not in the status yet. */
  readonly #fresh: { readonly succeeded: readonly Pod[]; readonly failed: readonly Pod[] };
  #indexes: { before: Intervals; succeeded: Intervals; failed: Intervals } = { before: [], succeeded: [], failed: [] };
  #delayed: ReadonlyMap<number, Pod> = new Map();
  #terminating: number;
  #ready: number;
  #wait: number | undefined;
  #action: SyncAction = 'reconciling';
  /** Actions of the rules that fitted pods which are entered in this pass. */
  readonly #handled: string[] = [];
  #error: Error | undefined;

  /** `pods` are the job's own, claimed. */
  constructor(ctx: ControllerContext, memory: Memory, key: string, job: Job, pods: readonly Pod[]) {
    this.#ctx = ctx;
    this.#memory = memory;
    this.#key = key;
    this.#job = job;
    this.#now = ctx.clock.now();
    this.#status = structuredClone(job.status ?? {});
    this.#pods = isIndexed(job) ? inOrder(pods) : pods;
    this.#active = this.#pods.filter(isActive);
    this.#failedPods = this.#pods.filter(p => this.#hasFailed(p));
    this.#terminating = this.#pods.filter(p => isTerminating(p) && !isTerminal(p)).length;
    this.#ready = this.#active.filter(isReady).length;
    settleCounted(this.#status, this.#pods);
    const { succeeded = [], failed = [] } = this.#status.uncountedTerminatedPods!, known = new Set([...succeeded, ...failed]);
    const isFresh = (p: Pod): boolean => isTracked(p) && !known.has(uidOf(p)) && !memory.released.has(uidOf(p)) && (!isIndexed(job) || validIndex(job, p) !== undefined);
    this.#fresh = { succeeded: this.#pods.filter(p => p.status?.phase === 'Succeeded' && isFresh(p)), failed: this.#failedPods.filter(isFresh) };
    this.#streak = extend(memory.streaks.get(job.metadata?.uid ?? '') ?? this.#oldStreak(), this.#fresh.succeeded, this.#fresh.failed);
  }

  /** `settled`: everything asked for before was seen; without it no pod is made or deleted. */
  async run(settled: boolean): Promise<Outcome | void> {
    let ok = false;
    try {
      const outcome = await this.#look(settled);
      ok = true;
      return outcome;
    } finally { this.#memory.figures.synced(this.#job, ok, this.#action, this.#ctx.clock.now() - this.#now); }
  }

  async #look(settled: boolean): Promise<Outcome | void> {
    const { spec, metadata } = this.#job, suspended = spec!.suspend === true;
    if (this.#status.startTime === undefined && !suspended) this.#status.startTime = formatTime(this.#now);
    this.#readIndexes();
    let verdict = this.#verdict(), active = this.#active.length;
    if (verdict) {
      // Not over while a pod may still be on its way into the cache.
      if (!settled) verdict = undefined;
      else {
        const gone = await this.#delete(this.#active, false);
        active -= gone.count;
        if (gone.error) verdict = undefined;
      }
    } else {
      const managed = settled && metadata?.deletionTimestamp === undefined;
      if (managed) active = await this.#manage();
      if (this.#isComplete(active)) verdict = { type: 'SuccessCriteriaMet', reason: 'CompletionsReached', message: 'Reached expected number of succeeded pods' };
      else if (managed) this.#suspension(suspended);
    }
    set(this.#status, 'active', active);
    this.#status.ready = Math.max(0, this.#ready);
    this.#status.terminating = this.#terminating;
    await this.#record(verdict);
    if (this.#error) throw this.#error;
    const waits = [this.#wait, verdict ? undefined : this.#deadline()].filter(ms => ms !== undefined);
    return waits.length > 0 ? { requeueAfter: Math.min(...waits) } : undefined;
  }

  /** A pod that is being deleted will not succeed, unless only failed ones may be replaced: then its end is awaited. */
  #hasFailed(p: Pod): boolean {
    if (p.status?.phase === 'Failed') return true;
    return this.#job.spec?.podReplacementPolicy !== 'Failed' && isTerminating(p) && p.status?.phase !== 'Succeeded';
  }

  /** After a restart: as far as the pods that were counted are still there. */
  #oldStreak(): Streak {
    const fresh = new Set([...this.#fresh.succeeded, ...this.#fresh.failed]);
    return extend({ failures: 0, last: 0 }, this.#pods.filter(p => p.status?.phase === 'Succeeded' && !fresh.has(p)), this.#pods.filter(p => p.status?.phase === 'Failed' && !fresh.has(p)));
  }

  #readIndexes(): void {
    if (!isIndexed(this.#job)) return;
    const completions = this.#job.spec?.completions ?? 0, before = parseIndexes(this.#status.completedIndexes, completions);
    const succeeded = union(before, indexesOf(this.#fresh.succeeded.map(p => indexOf(p)!)));
    const failed = hasLimitPerIndex(this.#job) ? failedIndexes(this.#job, this.#failedPods) : [];
    this.#indexes = { before, succeeded, failed };
    if (hasLimitPerIndex(this.#job)) this.#delayed = lastFailures(this.#job, this.#pods, this.#failedPods, union(succeeded, failed));
  }

  #succeeded(): number {
    if (isIndexed(this.#job)) return countOf(this.#indexes.succeeded);
    return (this.#status.succeeded ?? 0) + (this.#status.uncountedTerminatedPods?.succeeded?.length ?? 0) + this.#fresh.succeeded.length;
  }
  #failed(): number {
    const counted = this.#job.spec?.podFailurePolicy ? this.#fresh.failed.filter(p => judgeFailure(this.#job, p).counted) : this.#fresh.failed;
    return (this.#status.failed ?? 0) + (this.#status.uncountedTerminatedPods?.failed?.length ?? 0) + counted.length;
  }

  /** Whether the job is decided without its completions being reached. What was decided before stays decided. */
  #verdict(): Verdict | undefined {
    for (const type of ['SuccessCriteriaMet', 'FailureTarget'] as const) {
      const c = jobCondition(this.#job, type);
      if (c) return { type, reason: c.reason ?? '', message: c.message ?? '' };
    }
    const spec = this.#job.spec!;
    if (spec.podFailurePolicy) {
      const message = this.#failedPods.map(p => judgeFailure(this.#job, p).failJob).find(m => m !== undefined);
      if (message !== undefined) return failure('PodFailurePolicy', message);
    }
    if (this.#failed() > spec.backoffLimit! || this.#restartedTooOften()) return failure('BackoffLimitExceeded', 'Job has reached the specified backoff limit');
    const left = this.#deadline();
    if (left !== undefined && left <= 0) return failure('DeadlineExceeded', 'Job was active longer than specified deadline');
    if (!isIndexed(this.#job)) return undefined;
    const { succeeded, failed } = this.#indexes, lost = countOf(failed);
    if (hasLimitPerIndex(this.#job)) {
      if (spec.maxFailedIndexes !== undefined && lost > spec.maxFailedIndexes) return failure('MaxFailedIndexesExceeded', 'Job has exceeded the specified maximal number of failed indexes');
      if (lost > 0 && lost + countOf(succeeded) >= spec.completions!) return failure('FailedIndexes', 'Job has failed indexes');
    }
    const met = successByPolicy(this.#job, succeeded);
    return met === undefined ? undefined : { type: 'SuccessCriteriaMet', reason: 'SuccessPolicy', message: met };
  }

  /** Containers restarted in place count against the limit as failed pods would. */
  #restartedTooOften(): boolean {
    const { template, backoffLimit } = this.#job.spec!;
    if (template.spec?.restartPolicy !== 'OnFailure') return false;
    let restarts = 0;
    for (const p of this.#pods)
      if (p.status?.phase === 'Running' || p.status?.phase === 'Pending')
        for (const c of [...(p.status.initContainerStatuses ?? []), ...(p.status.containerStatuses ?? [])]) restarts += c.restartCount;
    return backoffLimit === 0 ? restarts > 0 : restarts >= backoffLimit!;
  }

  /** Milliseconds until the job has been active for too long. */
  #deadline(): number | undefined {
    const { activeDeadlineSeconds, suspend } = this.#job.spec!, started = parseTime(this.#status.startTime);
    return activeDeadlineSeconds === undefined || suspend || Number.isNaN(started) ? undefined : started + activeDeadlineSeconds * 1000 - this.#now;
  }

  #isComplete(active: number): boolean {
    const { completions } = this.#job.spec!, succeeded = this.#succeeded();
    return active === 0 && (completions === undefined ? succeeded > 0 : succeeded >= completions);
  }

  /** Makes or takes away pods; answers how many are active then. */
  async #manage(): Promise<number> {
    const spec = this.#job.spec!, active = this.#active.length, parallelism = spec.parallelism ?? 1;
    this.#action = 'pods_deleted';
    if (spec.suspend) return active - (await this.#delete(this.#toRemove(active), true)).count;
    const succeeded = this.#succeeded();
    const wanted = spec.completions === undefined ? (succeeded > 0 ? active : parallelism) : Math.max(0, Math.min(spec.completions - succeeded, parallelism));
    const surplus = this.#toRemove(Math.max(0, active - wanted)).slice(0, BURST);
    if (surplus.length > 0) return active - (await this.#delete(surplus, true)).count;
    // With replacement only of the failed, a pod that is still ending keeps its place.
    const missing = Math.min(wanted - active - (spec.podReplacementPolicy === 'Failed' ? this.#terminating : 0), BURST);
    this.#action = missing > 0 ? 'pods_created' : 'tracking';
    if (missing <= 0) return active;
    if (!hasLimitPerIndex(this.#job)) {
      const wait = waitAfter(this.#streak.failures, this.#streak.last, this.#now);
      if (wait > 0) { this.#wait = wait; return active; }
    }
    const places = isIndexed(this.#job) ? this.#places(missing) : undefined;
    const reason = this.#creationReason();
    const made = await createPods(this.#ctx, this.#memory.expectations, this.#key, this.#job, places?.length ?? missing, places, ok => this.#memory.figures.made(reason, ok));
    this.#error ??= made.error;
    // Nothing will follow those that failed: what is kept for it would keep the namespace.
    if (made.closed) this.#delayed = new Map();
    return active + made.count;
  }

  #creationReason(): CreationReason {
    const failed = this.#failed() > 0;
    if (failed && this.#job.spec?.podReplacementPolicy === 'Failed') return 'recreate_failed';
    return failed || this.#terminating > 0 ? 'recreate_terminating_or_failed' : 'new';
  }

  /** Free indexes whose time has come; when none has, arranges to look again at the first that will. */
  #places(count: number): Place[] {
    const { succeeded, failed } = this.#indexes, ending = this.#job.spec?.podReplacementPolicy === 'Failed';
    const held = this.#pods.filter(p => isActive(p) || (ending && isTerminating(p) && !isTerminal(p))).map(indexOf).filter(i => i !== undefined);
    const free = firstFree(union(union(succeeded, failed), indexesOf(held)), count, this.#job.spec?.completions ?? 0);
    const all = free.map(index => ({ index, previous: this.#delayed.get(index), wait: indexWait(this.#delayed.get(index), this.#now) }));
    const now = all.filter(p => p.wait === 0);
    if (now.length < all.length) this.#wait = Math.min(...all.filter(p => p.wait > 0).map(p => p.wait));
    return now;
  }

  /** At least so many of the active pods: those of indexes there twice or not at all, then the least far. */
  #toRemove(atLeast: number): Pod[] {
    if (!isIndexed(this.#job)) return podsToDelete(this.#active, [], atLeast, this.#now);
    const remove: Pod[] = [], keep: Pod[] = [], byIndex = new Map<number | undefined, Pod[]>();
    for (const p of this.#active) { const i = validIndex(this.#job, p); const same = byIndex.get(i); if (same) same.push(p); else byIndex.set(i, [p]); }
    for (const [i, same] of byIndex) {
      const surplus = i === undefined ? same : podsToDelete(same, [], same.length - 1, this.#now);
      remove.push(...surplus);
      if (i !== undefined) keep.push(...same.filter(p => !surplus.includes(p)));
    }
    return remove.length < atLeast ? [...remove, ...podsToDelete(keep, [], atLeast - remove.length, this.#now)] : remove;
  }

  async #delete(pods: readonly Pod[], forget: boolean): Promise<Done> {
    const gone = pods.length === 0 ? NOTHING : await deletePods(this.#ctx, this.#memory.expectations, this.#key, this.#job, pods, forget);
    if (forget) for (const p of pods) if (isTracked(p)) this.#memory.released.add(uidOf(p));
    this.#terminating += gone.count;
    this.#ready -= gone.ready;
    this.#error ??= gone.error;
    return gone;
  }

  #event(type: 'Normal' | 'Warning', reason: string, message: string): void { this.#ctx.recorder.event(this.#job, type, reason, message); }
  #condition(type: string, status: 'True' | 'False', reason: string, message: string): boolean {
    const before = this.#status.conditions ?? [], after = withJobCondition(before, type, status, reason, message, this.#now);
    if (after.every((c, i) => c === before[i])) return false;
    this.#status.conditions = after;
    return true;
  }

  #suspension(suspended: boolean): void {
    const [reason, message, event] = suspended ? ['JobSuspended', 'Job suspended', 'Suspended'] as const : ['JobResumed', 'Job resumed', 'Resumed'] as const;
    if (!this.#condition('Suspended', suspended ? 'True' : 'False', reason, message)) return;
    // The deadline is for a time of activity without a break.
    if (suspended) delete this.#status.startTime; else this.#status.startTime = formatTime(this.#now);
    this.#event('Normal', event, message);
  }

  /** Notes what ended, lets go of it, and says the job is over once nothing of it is left: each step is written before the next. */
  async #record(verdict: Verdict | undefined): Promise<void> {
    const uid = this.#job.metadata?.uid ?? '', over = verdict !== undefined || this.#job.metadata?.deletionTimestamp !== undefined, release = this.#note(verdict, over);
    if (verdict) this.#condition(verdict.type, 'True', verdict.reason, verdict.message);
    const rest = this.#status.uncountedTerminatedPods!, left = release.length + (rest.succeeded?.length ?? 0) + (rest.failed?.length ?? 0) + this.#terminating;
    const held = this.#pods.some(isTracked);
    if (verdict && left === 0 && !held) this.#condition(verdict.type === 'FailureTarget' ? 'Failed' : 'Complete', 'True', verdict.reason, verdict.message);
    const as = finishedAs({ status: this.#status });
    if (as === 'Complete') this.#status.completionTime = formatTime(this.#now);
    if (!semanticEqual(this.#status, this.#job.status)) {
      const made = await this.#ctx.client.updateStatus<Job>(jobKind, { ...this.#job, status: this.#status });
      this.#memory.written.set(uid, Number(made.metadata?.resourceVersion));
      this.#memory.figures.counted(this.#job, this.#job.status, this.#status);
    }
    for (const action of this.#handled) this.#memory.figures.handled(action);
    if (as) this.#memory.figures.finished(this.#job, as, verdict?.reason ?? '');
    this.#memory.streaks.set(uid, this.#streak);
    if (as === 'Complete') {
      if (this.#job.spec!.completions !== undefined && (this.#status.succeeded ?? 0) > this.#job.spec!.completions) this.#event('Warning', 'TooManySucceededPods', 'Too many succeeded pods running after completion count reached');
      this.#event('Normal', 'Completed', 'Job completed');
    } else if (as === 'Failed') this.#event('Warning', verdict!.reason, verdict!.message);
    await this.#release(release);
  }

  /** Enters what ended into the status; answers the pods that may be let go once that is written. */
  #note(verdict: Verdict | undefined, over: boolean): Pod[] {
    const indexed = isIndexed(this.#job), release: Pod[] = [], done: number[] = [];
    const succeeded = [...(this.#status.uncountedTerminatedPods?.succeeded ?? [])], failed = [...(this.#status.uncountedTerminatedPods?.failed ?? [])];
    const known = new Set([...succeeded, ...failed]);
    for (const p of this.#pods) {
      if (!isTracked(p) || this.#memory.released.has(uidOf(p))) continue;
      const lost = this.#hasFailed(p), won = p.status?.phase === 'Succeeded';
      if (!over && !won && (!lost || this.#delayed.get(indexOf(p) ?? -1) === p)) continue;
      release.push(p);
      const index = validIndex(this.#job, p), countable = !known.has(uidOf(p)) && (!indexed || index !== undefined);
      if (won && countable) { if (!indexed) succeeded.push(uidOf(p)); else if (!includes(this.#indexes.before, index!)) done.push(index!); }
      // Once the job has failed, whatever still ran has failed with it.
      else if (countable && (lost || verdict?.type === 'FailureTarget')) {
        const { action, counted } = judgeFailure(this.#job, p);
        if (action !== undefined) this.#handled.push(action);
        if (counted) failed.push(uidOf(p));
      }
      if (done.length + succeeded.length + failed.length >= MOST_UNCOUNTED) break;
    }
    setUncounted(this.#status, succeeded, failed);
    if (indexed) {
      const all = union(this.#indexes.before, indexesOf(done));
      set(this.#status, 'succeeded', countOf(all));
      this.#status.completedIndexes = formatIndexes(all);
      if (this.#status.completedIndexes === '') delete this.#status.completedIndexes;
      if (hasLimitPerIndex(this.#job)) this.#status.failedIndexes = formatIndexes(this.#indexes.failed);
    }
    return release;
  }

  async #release(pods: readonly Pod[]): Promise<void> {
    for (const p of pods) this.#memory.released.add(uidOf(p));
    const results = await Promise.allSettled(pods.map(p => untrack(this.#ctx.client, p)));
    for (const [i, r] of results.entries()) {
      if (r.status === 'fulfilled') continue;
      this.#memory.released.delete(uidOf(pods[i]!));
      this.#error ??= r.reason instanceof Error ? r.reason : new Error(String(r.reason));
    }
  }
}

/** By index, so that of very many the first are counted first. */
const inOrder = (pods: readonly Pod[]): Pod[] => pods.map(p => ({ p, index: indexOf(p) ?? -1 })).sort((a, b) => a.index - b.index).map(x => x.p);

function set(status: JobStatus, field: 'active' | 'succeeded', n: number): void { if (n > 0) status[field] = n; else delete status[field]; }

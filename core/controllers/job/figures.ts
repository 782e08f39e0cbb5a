// What the Job controller counts (Kubernetes' pkg/controller/job/metrics).
import { exponential, type Counter, type Figures, type Histogram } from '../../base/figures.ts';
import { isTerminal } from '../../api/meta/pod.ts';
import type { Job, JobStatus, Pod } from '../../api/types/kubernetes.ts';
import { isTracked } from './count.ts';
import { countOf, parseIndexes } from './indexes.ts';
import { hasLimitPerIndex, isIndexed } from './per-index.ts';

/** What a look at a job came to. */
export type SyncAction = 'reconciling' | 'tracking' | 'pods_created' | 'pods_deleted';
export type CreationReason = 'new' | 'recreate_failed' | 'recreate_terminating_or_failed';

const SUBSYSTEM = 'job_controller';
const modeOf = (j: Job): string => (isIndexed(j) ? 'Indexed' : 'NonIndexed');
const holdsBack = (p: Pod | undefined): boolean => p !== undefined && isTerminal(p) && isTracked(p);

export class JobFigures {
  readonly #seconds: Histogram;
  readonly #syncs: Counter;
  readonly #finished: Counter;
  readonly #pods: Counter;
  readonly #indexes: Counter;
  readonly #handled: Counter;
  readonly #tracked: Counter;
  readonly #created: Counter;
  readonly #external: Counter;
  readonly #stale: Counter;

  constructor(f: Figures) {
    const sync = ['completion_mode', 'result', 'action'];
    this.#seconds = f.histogram(`${SUBSYSTEM}_job_sync_duration_seconds`, 'Seconds that looks at a job took.', sync, exponential(0.004, 2, 15));
    this.#syncs = f.counter(`${SUBSYSTEM}_job_syncs_total`, 'Looks at a job.', sync);
    this.#finished = f.counter(`${SUBSYSTEM}_jobs_finished_total`, 'Jobs that ended.', ['completion_mode', 'result', 'reason']);
    this.#pods = f.counter(`${SUBSYSTEM}_job_pods_finished_total`, 'Pods that ended and are counted.', ['completion_mode', 'result']);
    this.#indexes = f.counter(`${SUBSYSTEM}_job_finished_indexes_total`, 'Indexes that ended, by how their back-off is limited: perIndex or global.', ['status', 'backoffLimit']);
    this.#handled = f.counter(`${SUBSYSTEM}_pod_failures_handled_by_failure_policy_total`, 'Failed pods that a rule of a pod failure policy fitted, by its action.', ['action']);
    this.#tracked = f.counter(`${SUBSYSTEM}_terminated_pods_tracking_finalizer_total`, 'Ended pods that got (add) or lost (delete) the finalizer of jobs.', ['event']);
    this.#created = f.counter(`${SUBSYSTEM}_job_pods_creation_total`, 'Pods made, by why: new, recreate_terminating_or_failed or recreate_failed.', ['reason', 'status']);
    this.#external = f.counter(`${SUBSYSTEM}_jobs_by_external_controller_total`, 'Jobs that something else looks after.', ['controller_name']);
    this.#stale = f.counter(`${SUBSYSTEM}_stale_sync_skips_total`, 'Looks put off because the cache was behind.');
  }

  synced(j: Job, ok: boolean, action: SyncAction, ms: number): void {
    const values = [modeOf(j), ok ? 'success' : 'error', action];
    this.#syncs.add(values);
    this.#seconds.observe(values, ms / 1000);
  }
  finished(j: Job, as: 'Complete' | 'Failed', reason: string): void { this.#finished.add([modeOf(j), as === 'Complete' ? 'succeeded' : 'failed', as === 'Complete' ? '' : reason]); }

  /** Of a status that was written: what it counts more than the one before. */
  counted(j: Job, before: JobStatus | undefined, after: JobStatus): void {
    const mode = modeOf(j), completions = j.spec?.completions ?? 0, limit = hasLimitPerIndex(j) ? 'perIndex' : 'global';
    const more = (f: (s: JobStatus | undefined) => number, add: (n: number) => void): void => { const n = f(after) - f(before); if (n > 0) add(n); };
    const indexes = (text: string | undefined): number => countOf(parseIndexes(text, completions));
    more(s => (isIndexed(j) ? indexes(s?.completedIndexes) : s?.succeeded ?? 0), n => {
      this.#pods.add([mode, 'succeeded'], n);
      if (isIndexed(j)) this.#indexes.add(['succeeded', limit], n);
    });
    more(s => s?.failed ?? 0, n => this.#pods.add([mode, 'failed'], n));
    if (limit === 'perIndex') more(s => indexes(s?.failedIndexes), n => this.#indexes.add(['failed', limit], n));
  }
  handled(action: string): void { this.#handled.add([action]); }
  made(reason: CreationReason, ok: boolean): void { this.#created.add([reason, ok ? 'succeeded' : 'failed']); }
  external(manager: string): void { this.#external.add([manager]); }
  stale(): void { this.#stale.add([]); }
  /** A pod as it was and is; undefined where it was or is not there. */
  pod(before: Pod | undefined, now: Pod | undefined): void {
    const was = holdsBack(before), is = holdsBack(now);
    if (was !== is) this.#tracked.add([is ? 'add' : 'delete']);
  }
}

// Runs Jobs to completion: so many pods at a time until so many have succeeded, trying again up to a limit.
import { job as jobKind } from '../../api/kinds/batch/job.ts';
import { pod as podKind } from '../../api/kinds/core/pod.ts';
import { semanticEqual } from '../../api/meta/equal.ts';
import { cachedSelectorFrom, selectorFromMap, type Selector } from '../../api/meta/labels.ts';
import { objectKey, splitKey } from '../../api/meta/object.ts';
import { controllerOf } from '../../api/meta/owner.ts';
import type { Job, Pod } from '../../api/types/kubernetes.ts';
import { selecting } from '../../client/selection.ts';
import type { Controller, ControllerContext, Keys, Reconcile } from '../controller.ts';
import { Expectations } from '../expectations.ts';
import { claim, dependentsOf, indexByController } from '../ownership.ts';
import { podKey } from '../pods.ts';
import { isTracked, TRACKING, uidOf, untrack } from './count.ts';
import { JobFigures } from './figures.ts';
import { Pass, type Memory } from './pass.ts';
import { finishedAs } from './status.ts';

const OURS = 'kubernetes.io/job-controller';
/** With no more pods at once, a job is looked at for each change of a pod. */
const FEW = 50;
/** Keys of pods that hold a finalizer nobody will take away: their job is gone. */
const ORPHAN = 'orphan:';

export const jobController: Controller = { name: 'job-controller', alias: 'job', workers: 5, start };

const isOurs = (j: Job): boolean => j.spec?.managedBy === undefined || j.spec.managedBy === OURS;
/** Controlled by something that is no Job: what finalizers it has are that one's to take away. */
const isForeign = (p: Pod): boolean => { const ref = controllerOf(p); return ref !== undefined && (ref.kind !== 'Job' || ref.apiVersion !== 'batch/v1'); };
const selectorOf = (j: Job): Selector => (j.spec?.selector ? cachedSelectorFrom(j.spec.selector) : selectorFromMap({ 'batch.kubernetes.io/controller-uid': j.metadata?.uid ?? '' }));

function start(ctx: ControllerContext, keys: Keys): Reconcile {
  const jobs = ctx.informers.for<Job>(jobKind);
  const pods = ctx.informers.for<Pod>(podKind);
  const figures = new JobFigures(ctx.figures), memory: Memory = { figures, expectations: new Expectations(ctx.clock), streaks: new Map(), released: new Set(), written: new Map() };
  const { expectations, released, streaks, written } = memory;
  indexByController(pods);
  const ownerOf = (p: Pod): Job | undefined => {
    const ref = controllerOf(p);
    if (ref?.kind !== 'Job') return undefined;
    const job = jobs.lister.get(p.metadata?.namespace, ref.name);
    return job?.metadata?.uid === ref.uid ? job : undefined;
  };
  const forget = (j: Job): void => { streaks.delete(j.metadata?.uid ?? ''); written.delete(j.metadata?.uid ?? ''); };
  const wake = (j: Job): void => keys.add(objectKey(j));
  /** A large job waits for more of its pods to change: one look reads them all. */
  const wakeSoon = (j: Job): void => {
    const { parallelism = 1 } = j.spec ?? {};
    keys.addAfter(objectKey(j), parallelism > FEW ? Math.min(parallelism, 1000) : 0);
  };
  const seen = (p: Pod, added: boolean): void => {
    const job = ownerOf(p);
    if (!isTracked(p)) released.delete(uidOf(p));
    if (!job) { if (isTracked(p) && !isForeign(p)) keys.add(`${ORPHAN}${podKey(p)}`); return; }
    if (p.metadata?.deletionTimestamp !== undefined) expectations.deletionObserved(objectKey(job), podKey(p));
    else if (added) expectations.creationObserved(objectKey(job));
    wakeSoon(job);
  };
  const adopters = selecting(jobs, 'by-selected', selectorOf);
  /** One that nobody controls may be for a job to adopt: the one whose labels it carries, or one that chose its selector itself. */
  const wakeMatching = (p: Pod): void => {
    if (controllerOf(p) || p.metadata?.deletionTimestamp !== undefined) return;
    for (const j of adopters.matching(p.metadata?.namespace, p.metadata?.labels)) wake(j);
  };
  jobs.on({
    add: j => { wake(j); if (!isOurs(j)) figures.external(j.spec?.managedBy ?? ''); }, update: wake,
    delete: j => {
      expectations.forget(objectKey(j));
      forget(j);
      for (const p of dependentsOf(pods, j.metadata?.uid ?? '')) if (isTracked(p)) keys.add(`${ORPHAN}${podKey(p)}`);
    },
  });
  pods.on({
    add: p => { figures.pod(undefined, p); seen(p, true); wakeMatching(p); },
    update: (p, prev) => {
      figures.pod(prev, p);
      seen(p, false);
      const moved = controllerOf(p)?.uid !== controllerOf(prev)?.uid, former = moved ? ownerOf(prev) : undefined;
      if (former) wake(former);
      if (moved || !semanticEqual(p.metadata?.labels, prev.metadata?.labels)) wakeMatching(p);
    },
    delete: p => {
      figures.pod(p, undefined);
      released.delete(uidOf(p));
      const job = ownerOf(p);
      if (job) { expectations.deletionObserved(objectKey(job), podKey(p)); wakeSoon(job); }
    },
  });

  return async key => {
    if (key.startsWith(ORPHAN)) {
      const p = pods.lister.getByKey(key.slice(ORPHAN.length));
      if (p && isTracked(p) && !isForeign(p) && ownerOf(p) === undefined) await untrack(ctx.client, p);
      return undefined;
    }
    const { namespace, name } = splitKey(key);
    const job = jobs.lister.get(namespace, name);
    if (!job?.spec || !isOurs(job)) return undefined;
    if (finishedAs(job)) {
      forget(job);
      // Whatever still came after the end counts for nothing, and nothing may hold it.
      for (const p of dependentsOf(pods, job.metadata?.uid ?? '')) if (isTracked(p)) await untrack(ctx.client, p);
      return undefined;
    }
    // Its own event is on its way, and brings the key again.
    if (Number(job.metadata?.resourceVersion) < (written.get(job.metadata?.uid ?? '') ?? 0)) { figures.stale(); return undefined; }
    const settled = expectations.satisfied(key);
    const own = await claim<Pod>({ client: ctx.client, owner: job, ownerKind: jobKind, dependentKind: podKind, informer: pods, selector: selectorOf(job), finalizer: TRACKING });
    return new Pass(ctx, memory, key, job, own).run(settled);
  };
}

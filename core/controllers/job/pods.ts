// The pods a Job makes and takes away.
import { job as jobKind } from '../../api/kinds/batch/job.ts';
import { controllerReference } from '../../api/meta/owner.ts';
import { isReady } from '../../api/meta/pod.ts';
import type { Job, Pod } from '../../api/types/kubernetes.ts';
import { slowStart } from '../batch.ts';
import type { ControllerContext } from '../controller.ts';
import type { Expectations } from '../expectations.ts';
import { podFromTemplate, podKey } from '../pods.ts';
import { createPod, deletePod } from '../pod-writes.ts';
import { namespaceTerminating } from '../terminating.ts';
import { isTracked, TRACKING, untrack } from './count.ts';
import { failureCounts, hasLimitPerIndex, INDEX } from './per-index.ts';

/** What a generated name may have before its five random characters. */
const LONGEST_PREFIX = 58;

/** A pod of this index (where the job has them), following `previous`, which failed. */
export interface Place { readonly index: number; readonly previous: Pod | undefined }

function jobPod(job: Job, place: Place | undefined): Pod {
  const name = job.metadata?.name ?? '';
  const pod = podFromTemplate(job.spec?.template ?? {}, { name, namespace: job.metadata?.namespace ?? '' });
  const m = pod.metadata!;
  m.ownerReferences = [controllerReference(job, jobKind)];
  if (!m.finalizers?.includes(TRACKING)) m.finalizers = [...(m.finalizers ?? []), TRACKING];
  if (!place) return pod;
  const { index, previous } = place, end = `-${index}-`;
  m.generateName = name.slice(0, LONGEST_PREFIX - end.length) + end;
  m.annotations = { ...m.annotations, [INDEX]: String(index), ...(hasLimitPerIndex(job) ? failureCounts(job, previous) : {}) };
  m.labels = { ...m.labels, [INDEX]: String(index) };
  pod.spec!.hostname = `${name}-${index}`;
  for (const c of [...pod.spec!.containers, ...(pod.spec!.initContainers ?? [])])
    if (!c.env?.some(e => e.name === 'JOB_COMPLETION_INDEX'))
      c.env = [...(c.env ?? []), { name: 'JOB_COMPLETION_INDEX', valueFrom: { fieldRef: { apiVersion: 'v1', fieldPath: `metadata.labels['${INDEX}']` } } }];
  return pod;
}

/** What came of it: how many it was done to, how many of those were ready, and the first error; `closed`: the namespace goes, and takes no more. */
export interface Done { readonly count: number; readonly ready: number; readonly error?: Error; readonly closed?: true }
export const NOTHING: Done = { count: 0, ready: 0 };

/** Makes `count` pods (of these places, where the job has indexes); each failure is an event. `tried` hears of each whether it was made. */
export async function createPods(ctx: ControllerContext, expectations: Expectations, key: string, job: Job, count: number, places: readonly Place[] | undefined, tried: (ok: boolean) => void): Promise<Done> {
  if (count === 0) return NOTHING;
  expectations.expectCreations(key, count);
  const { succeeded, error } = await slowStart(count, async i => {
    let ok = false;
    try { await createPod(ctx, job, jobPod(job, places?.[i])); ok = true; } finally { tried(ok); }
  });
  expectations.creationObserved(key, count - succeeded);
  return { count: succeeded, ready: 0, ...(!error ? {} : namespaceTerminating(error) ? { closed: true as const } : { error }) };
}

/**
 * Deletes these pods, expecting their events. `forget`: they are no failures (the job was suspended, or wants fewer), so that their
 * finalizers go first; else they stay to be counted.
 */
export async function deletePods(ctx: ControllerContext, expectations: Expectations, key: string, job: Job, pods: readonly Pod[], forget: boolean): Promise<Done> {
  if (pods.length === 0) return NOTHING;
  expectations.expectDeletions(key, pods.map(podKey));
  const results = await Promise.allSettled(pods.map(async p => {
    try {
      if (forget && isTracked(p)) await untrack(ctx.client, p);
      if (!await deletePod(ctx, job, p)) expectations.deletionObserved(key, podKey(p));
    } catch (cause) {
      expectations.deletionObserved(key, podKey(p));
      throw cause;
    }
  }));
  const failed = results.find(r => r.status === 'rejected'), gone = pods.filter((_, i) => results[i]!.status === 'fulfilled');
  const done = { count: gone.length, ready: gone.filter(isReady).length };
  return failed ? { ...done, error: failed.reason instanceof Error ? failed.reason : new Error(String(failed.reason)) } : done;
}

// The pods a Job makes.
import { pod as podKind } from '../../api/kinds/core/pod.ts';
import { job as jobKind } from '../../api/kinds/batch/job.ts';
import { controllerReference } from '../../api/meta/owner.ts';
import { isNotFound } from '../../api/meta/status.ts';
import type { Job, Pod } from '../../api/types/kubernetes.ts';
import { slowStart } from '../batch.ts';
import type { ControllerContext } from '../controller.ts';
import type { Expectations } from '../expectations.ts';
import { podFromTemplate, podKey } from '../pods.ts';
import { namespaceTerminating } from '../terminating.ts';
import { TRACKING } from './count.ts';

export const INDEX = 'batch.kubernetes.io/job-completion-index';

/** Index of a pod of an indexed job, undefined for others. */
export const indexOf = (p: Pod): number | undefined => {
  const text = p.metadata?.annotations?.[INDEX];
  return text !== undefined && /^\d+$/.test(text) ? Number(text) : undefined;
};

function jobPod(job: Job, index: number | undefined): Pod {
  const name = job.metadata?.name ?? '';
  const pod = podFromTemplate(job.spec?.template ?? {}, { name: index === undefined ? name : `${name}-${index}`, namespace: job.metadata?.namespace ?? '' });
  const m = pod.metadata!;
  m.ownerReferences = [controllerReference(job, jobKind)];
  m.finalizers = [...(m.finalizers ?? []), TRACKING];
  if (!job.spec?.manualSelector) {
    const uid = job.metadata?.uid ?? '';
    m.labels = { ...m.labels, 'batch.kubernetes.io/controller-uid': uid, 'controller-uid': uid, 'batch.kubernetes.io/job-name': name, 'job-name': name };
  }
  if (index === undefined) return pod;
  m.annotations = { ...m.annotations, [INDEX]: String(index) };
  m.labels = { ...m.labels, [INDEX]: String(index) };
  pod.spec!.hostname ??= `${name}-${index}`;
  for (const c of [...pod.spec!.containers, ...(pod.spec!.initContainers ?? [])])
    if (!c.env?.some(e => e.name === 'JOB_COMPLETION_INDEX'))
      c.env = [...(c.env ?? []), { name: 'JOB_COMPLETION_INDEX', valueFrom: { fieldRef: { fieldPath: `metadata.labels['${INDEX}']` } } }];
  return pod;
}

/** Makes `count` pods (of these indexes, where the job has them); a failure to is an event and rejects. */
export async function createPods(ctx: ControllerContext, expectations: Expectations, key: string, job: Job, count: number, indexes: readonly number[] | undefined): Promise<void> {
  expectations.expectCreations(key, count);
  const { succeeded, error } = await slowStart(count, async i => {
    try {
      const made = await ctx.client.create<Pod>(podKind, jobPod(job, indexes?.[i]));
      ctx.recorder.event(job, 'Normal', 'SuccessfulCreate', `Created pod: ${made.metadata?.name}`);
    } catch (cause) {
      if (!namespaceTerminating(cause)) ctx.recorder.event(job, 'Warning', 'FailedCreate', `Error creating: ${cause instanceof Error ? cause.message : String(cause)}`);
      throw cause;
    }
  });
  expectations.creationObserved(key, count - succeeded);
  if (error && !namespaceTerminating(error)) throw error;
}

/** Deletes these pods, expecting their events; rejects when one cannot be deleted. */
export async function deletePods(ctx: ControllerContext, expectations: Expectations, key: string, job: Job, pods: readonly Pod[]): Promise<void> {
  if (pods.length === 0) return;
  expectations.expectDeletions(key, pods.map(podKey));
  await Promise.all(pods.map(async p => {
    try {
      await ctx.client.delete(podKind, p.metadata?.namespace, p.metadata?.name ?? '', { preconditions: { uid: p.metadata?.uid } });
      ctx.recorder.event(job, 'Normal', 'SuccessfulDelete', `Deleted pod: ${p.metadata?.name}`);
    } catch (error) {
      expectations.deletionObserved(key, podKey(p));
      if (!isNotFound(error)) throw error;
    }
  }));
}

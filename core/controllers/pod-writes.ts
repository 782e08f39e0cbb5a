// Making and deleting pods for an owner, with the events Kubernetes' pod control writes about it.
import { pod as podKind } from '../api/kinds/core/pod.ts';
import type { KubeObject } from '../api/meta/object.ts';
import { isConflict, isNotFound } from '../api/meta/status.ts';
import type { Pod } from '../api/types/kubernetes.ts';
import type { ControllerContext } from './controller.ts';
import { namespaceTerminating } from './terminating.ts';

export const messageOf = (cause: unknown): string => (cause instanceof Error ? cause.message : String(cause));

/** Creates a pod of `owner`. A refusal is an event and rejects; that the namespace is going away is no event. */
export async function createPod(ctx: ControllerContext, owner: KubeObject, pod: Pod): Promise<Pod> {
  try {
    const made = await ctx.client.create<Pod>(podKind, pod);
    ctx.recorder.event(owner, 'Normal', 'SuccessfulCreate', `Created pod: ${made.metadata?.name}`);
    return made;
  } catch (cause) {
    if (!namespaceTerminating(cause)) ctx.recorder.event(owner, 'Warning', 'FailedCreate', `Error creating: ${messageOf(cause)}`);
    throw cause;
  }
}

/** Deletes this very pod, not one that took its name. False when it is gone already; a refusal is an event and rejects. */
export async function deletePod(ctx: ControllerContext, owner: KubeObject, pod: Pod): Promise<boolean> {
  try {
    if (!await removePod(ctx, pod)) return false;
    ctx.recorder.event(owner, 'Normal', 'SuccessfulDelete', `Deleted pod: ${pod.metadata?.name}`);
    return true;
  } catch (cause) {
    ctx.recorder.event(owner, 'Warning', 'FailedDelete', `Error deleting: ${messageOf(cause)}`);
    throw cause;
  }
}

/** As deletePod, without a word about it. */
export async function removePod(ctx: ControllerContext, pod: Pod): Promise<boolean> {
  try {
    await ctx.client.delete(podKind, pod.metadata?.namespace, pod.metadata?.name ?? '', { preconditions: { uid: pod.metadata?.uid } });
    return true;
  } catch (cause) {
    if (isNotFound(cause) || isConflict(cause)) return false;
    throw cause;
  }
}

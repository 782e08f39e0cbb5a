// Creating what is missing and deleting what is too much.
import { isNotFound } from '../../api/meta/status.ts';
import type { Pod } from '../../api/types/kubernetes.ts';
import { pod as podKind } from '../../api/kinds/core/pod.ts';
import { slowStart } from '../batch.ts';
import type { ControllerContext } from '../controller.ts';
import type { Expectations } from '../expectations.ts';
import { controllerReference } from '../../api/meta/owner.ts';
import { podFromTemplate, podKey } from '../pods.ts';
import { namespaceTerminating } from '../terminating.ts';
import { podsToDelete } from './ranking.ts';
import type { Flavour, ReplicaKeeper } from './flavour.ts';
import type { Failure } from './status.ts';

/** Creations and deletions of one pass at most; the rest follows when these have been seen. */
const BURST = 500;

/** A failure to scale: what the status shall say, and the error that brings the key back. */
export interface ScaleFailure extends Failure { readonly error: Error }

/** Brings `active` to the wished number. `related` are pods of the same family, for spreading what remains. */
export async function scale(ctx: ControllerContext, flavour: Flavour, expectations: Expectations, key: string, owner: ReplicaKeeper, active: readonly Pod[], related: () => readonly Pod[]): Promise<ScaleFailure | undefined> {
  const missing = (owner.spec?.replicas ?? 1) - active.length;
  if (missing > 0) return create(ctx, flavour, expectations, key, owner, Math.min(missing, BURST));
  if (missing < 0) return remove(ctx, expectations, key, owner, podsToDelete(active, related(), Math.min(-missing, BURST), ctx.clock.now()));
  return undefined;
}

async function create(ctx: ControllerContext, flavour: Flavour, expectations: Expectations, key: string, owner: ReplicaKeeper, count: number): Promise<ScaleFailure | undefined> {
  expectations.expectCreations(key, count);
  const ref = controllerReference(owner, flavour.resource);
  const named = { name: owner.metadata?.name ?? '', namespace: owner.metadata?.namespace ?? '' };
  const { succeeded, error } = await slowStart(count, async () => {
    const pod = podFromTemplate(owner.spec?.template ?? {}, named);
    pod.metadata!.ownerReferences = [ref];
    try {
      const made = await ctx.client.create<Pod>(podKind, pod);
      ctx.recorder.event(owner, 'Normal', 'SuccessfulCreate', `Created pod: ${made.metadata?.name}`);
    } catch (cause) {
      if (!namespaceTerminating(cause)) ctx.recorder.event(owner, 'Warning', 'FailedCreate', `Error creating: ${cause instanceof Error ? cause.message : String(cause)}`);
      throw cause;
    }
  });
  // Those that failed and those never tried will not be seen.
  expectations.creationObserved(key, count - succeeded);
  if (!error || namespaceTerminating(error)) return undefined;
  return { reason: 'FailedCreate', message: error.message, error };
}

async function remove(ctx: ControllerContext, expectations: Expectations, key: string, owner: ReplicaKeeper, victims: readonly Pod[]): Promise<ScaleFailure | undefined> {
  expectations.expectDeletions(key, victims.map(podKey));
  const results = await Promise.allSettled(victims.map(async victim => {
    try {
      await ctx.client.delete(podKind, victim.metadata?.namespace, victim.metadata?.name ?? '', { preconditions: { uid: victim.metadata?.uid } });
      ctx.recorder.event(owner, 'Normal', 'SuccessfulDelete', `Deleted pod: ${victim.metadata?.name}`);
    } catch (cause) {
      expectations.deletionObserved(key, podKey(victim));
      if (isNotFound(cause)) return;
      ctx.recorder.event(owner, 'Warning', 'FailedDelete', `Error deleting: ${cause instanceof Error ? cause.message : String(cause)}`);
      throw cause;
    }
  }));
  const failed = results.find(r => r.status === 'rejected');
  if (!failed) return undefined;
  const error = failed.reason instanceof Error ? failed.reason : new Error(String(failed.reason));
  return { reason: 'FailedDelete', message: error.message, error };
}

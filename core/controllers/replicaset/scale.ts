// Creating what is missing and deleting what is too much.
import type { Pod } from '../../api/types/kubernetes.ts';
import { slowStart } from '../batch.ts';
import type { ControllerContext } from '../controller.ts';
import type { Expectations } from '../expectations.ts';
import { controllerReference } from '../../api/meta/owner.ts';
import { createPod, deletePod } from '../pod-writes.ts';
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
    await createPod(ctx, owner, pod);
  });
  // Those that failed and those never tried will not be seen.
  expectations.creationObserved(key, count - succeeded);
  if (!error || namespaceTerminating(error)) return undefined;
  return { reason: 'FailedCreate', message: error.message, error };
}

async function remove(ctx: ControllerContext, expectations: Expectations, key: string, owner: ReplicaKeeper, victims: readonly Pod[]): Promise<ScaleFailure | undefined> {
  expectations.expectDeletions(key, victims.map(podKey));
  const results = await Promise.allSettled(victims.map(async victim => {
    let begun = false;
    try { begun = await deletePod(ctx, owner, victim); } finally { if (!begun) expectations.deletionObserved(key, podKey(victim)); }
  }));
  const failed = results.find(r => r.status === 'rejected');
  if (!failed) return undefined;
  const error = failed.reason instanceof Error ? failed.reason : new Error(String(failed.reason));
  return { reason: 'FailedDelete', message: error.message, error };
}

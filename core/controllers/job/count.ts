// Counting finished pods exactly once. A pod carries a finalizer until it is counted, so that none is lost by being deleted; its uid
// stands in `uncountedTerminatedPods` from before the finalizer goes until the counter has it, so that none is counted twice. A success of
// an indexed job is its index in `completedIndexes`, which cannot be there twice.
import { pod as podKind } from '../../api/kinds/core/pod.ts';
import { isNotFound } from '../../api/meta/status.ts';
import type { JobStatus, Pod } from '../../api/types/kubernetes.ts';
import type { Client } from '../../client/client.ts';

export const TRACKING = 'batch.kubernetes.io/job-tracking';
/** Uids in a status at most: 20 kB. What is more is counted in the next pass. */
export const MOST_UNCOUNTED = 500;

export const isTracked = (p: Pod): boolean => p.metadata?.finalizers?.includes(TRACKING) === true;
export const uidOf = (p: Pod): string => p.metadata?.uid ?? '';

/** Moves uids whose pods no longer hold the finalizer into the counters. Changes `status`. */
export function settleCounted(status: JobStatus, pods: readonly Pod[]): void {
  const old = status.uncountedTerminatedPods ?? {}, held = old.succeeded?.length || old.failed?.length ? new Set(pods.filter(isTracked).map(uidOf)) : new Set<string>();
  const settle = (uids: readonly string[] | undefined, field: 'succeeded' | 'failed'): string[] => {
    const kept = (uids ?? []).filter(u => held.has(u)), gone = (uids?.length ?? 0) - kept.length;
    if (gone > 0) status[field] = (status[field] ?? 0) + gone;
    return kept;
  };
  setUncounted(status, settle(old.succeeded, 'succeeded'), settle(old.failed, 'failed'));
}

export function setUncounted(status: JobStatus, succeeded: string[], failed: string[]): void {
  status.uncountedTerminatedPods = { ...(succeeded.length ? { succeeded } : {}), ...(failed.length ? { failed } : {}) };
}

/** Lets go of a pod; one that is gone already is as good. */
export async function untrack(client: Client, p: Pod): Promise<void> {
  try {
    await client.patch(podKind, p.metadata?.namespace, p.metadata?.name ?? '', 'application/strategic-merge-patch+json',
      { metadata: { uid: p.metadata?.uid, '$deleteFromPrimitiveList/finalizers': [TRACKING] } });
  } catch (error) {
    if (!isNotFound(error)) throw error;
  }
}

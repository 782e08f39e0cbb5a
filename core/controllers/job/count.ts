// Counting finished pods exactly once. A pod carries a finalizer until it is counted, so that none is lost by being deleted; its uid
// stands in `uncountedTerminatedPods` from before the finalizer goes until the counter has it, so that none is counted twice.
import { pod as podKind } from '../../api/kinds/core/pod.ts';
import { isNotFound } from '../../api/meta/status.ts';
import type { JobStatus, Pod } from '../../api/types/kubernetes.ts';
import type { Client } from '../../client/client.ts';

export const TRACKING = 'batch.kubernetes.io/job-tracking';

export const isTracked = (p: Pod): boolean => p.metadata?.finalizers?.includes(TRACKING) === true;
/** Counts as failed: ended so, or was deleted and so never will succeed. */
const hasFailed = (p: Pod): boolean => p.status?.phase === 'Failed';

export interface Uncounted { readonly succeeded: Set<string>; readonly failed: Set<string> }

/** Moves uids whose pods no longer hold the finalizer into the counters. Changes `status`. */
export function settleCounted(status: JobStatus, pods: readonly Pod[]): void {
  const held = new Set(pods.filter(isTracked).map(p => p.metadata?.uid));
  const keep = (uids: readonly string[] | undefined): string[] => (uids ?? []).filter(u => held.has(u));
  const old = status.uncountedTerminatedPods ?? {};
  const succeeded = keep(old.succeeded);
  const failed = keep(old.failed);
  bump(status, 'succeeded', (old.succeeded?.length ?? 0) - succeeded.length);
  bump(status, 'failed', (old.failed?.length ?? 0) - failed.length);
  status.uncountedTerminatedPods = { ...(succeeded.length ? { succeeded } : {}), ...(failed.length ? { failed } : {}) };
}
function bump(status: JobStatus, field: 'succeeded' | 'failed', by: number): void { if (by > 0) status[field] = (status[field] ?? 0) + by; }

/** Notes newly ended pods. `abandoned`: the job is over, so that pods still being deleted count as failed. Changes `status`; true if it did. */
export function noteEnded(status: JobStatus, pods: readonly Pod[], abandoned: boolean): boolean {
  const known = new Set([...(status.uncountedTerminatedPods?.succeeded ?? []), ...(status.uncountedTerminatedPods?.failed ?? [])]);
  const fresh = pods.filter(p => isTracked(p) && !known.has(p.metadata?.uid ?? ''));
  const succeeded = fresh.filter(p => p.status?.phase === 'Succeeded').map(p => p.metadata?.uid ?? '');
  const failed = fresh.filter(p => hasFailed(p) || (p.metadata?.deletionTimestamp !== undefined && (abandoned || !p.spec?.nodeName) && p.status?.phase !== 'Succeeded')).map(p => p.metadata?.uid ?? '');
  if (succeeded.length + failed.length === 0) return false;
  const old = status.uncountedTerminatedPods ?? {};
  status.uncountedTerminatedPods = {
    ...(old.succeeded || succeeded.length ? { succeeded: [...(old.succeeded ?? []), ...succeeded] } : {}),
    ...(old.failed || failed.length ? { failed: [...(old.failed ?? []), ...failed] } : {}),
  };
  return true;
}

/** Lets go of a pod; one that is gone already is as good. */
export async function untrack(client: Client, p: Pod): Promise<void> {
  try {
    await client.patch(podKind, p.metadata?.namespace, p.metadata?.name ?? '', 'application/merge-patch+json',
      { metadata: { uid: p.metadata?.uid, finalizers: (p.metadata?.finalizers ?? []).filter(f => f !== TRACKING) } });
  } catch (error) {
    if (!isNotFound(error)) throw error;
  }
}

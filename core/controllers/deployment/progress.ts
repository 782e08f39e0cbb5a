// The status at the end of a pass, and what it says of progress: going on, complete, or stuck past its deadline.
import { objectKey } from '../../api/meta/object.ts';
import type { DeploymentStatus } from '../../api/types/kubernetes.ts';
import { parseTime } from '../../api/meta/time.ts';
import { condition, conditionOf, countedStatus, hasDeadline, hasProgressed, isComplete, timedOut, withCondition, withoutCondition } from './conditions.ts';
import { allOf, type Rollout, type Sets } from './rollout.ts';

/** Writes the status of a rollout; without a change, arranges to look again when the deadline passes. */
export async function syncStatus(r: Rollout, sets: Sets): Promise<void> {
  const all = allOf(sets);
  const status = countedStatus(r.d, all, sets.newSet, r.now);
  const current = conditionOf(r.d.status?.conditions, 'Progressing');
  if (!hasDeadline(r.d)) status.conditions = withoutCondition(status.conditions, 'Progressing');
  const settled = (status.replicas ?? 0) === (status.updatedReplicas ?? 0) && current?.reason === 'NewReplicaSetAvailable';
  if (hasDeadline(r.d) && !settled) status.conditions = withProgress(r, sets, status);
  // The new set's failure is the one that matters; without one, any other's.
  const failed = [sets.newSet, ...all].map(rs => rs?.status?.conditions?.find(c => c.type === 'ReplicaFailure')).find(c => c !== undefined);
  const since = parseTime(failed?.lastTransitionTime);
  status.conditions = failed
    ? withCondition(status.conditions, condition('ReplicaFailure', failed.status as 'True', failed.reason ?? '', failed.message ?? '', Number.isNaN(since) ? r.now : since))
    : withoutCondition(status.conditions, 'ReplicaFailure');
  if (!(await r.writeStatus(status))) requeueStuck(r, status);
}

function withProgress(r: Rollout, sets: Sets, status: DeploymentStatus): NonNullable<DeploymentStatus['conditions']> {
  const subject = sets.newSet ? `ReplicaSet "${sets.newSet.metadata?.name}"` : `Deployment "${r.d.metadata?.name}"`;
  const conditions = status.conditions ?? [];
  if (isComplete(r.d, status))
    return withCondition(conditions, condition('Progressing', 'True', 'NewReplicaSetAvailable', `${subject} has successfully progressed.`, r.now));
  if (hasProgressed(r.d.status, status)) {
    const next = condition('Progressing', 'True', 'ReplicaSetUpdated', `${subject} is progressing.`, r.now);
    // Its update time is what the deadline counts from, so it is renewed even where status and reason stay.
    const current = conditionOf(conditions, 'Progressing');
    return [...withoutCondition(conditions, 'Progressing'), current?.status === 'True' ? { ...next, lastTransitionTime: current.lastTransitionTime } : next];
  }
  if (timedOut(r.d, status, r.now))
    return withCondition(conditions, condition('Progressing', 'False', 'ProgressDeadlineExceeded', `${subject} has timed out progressing.`, r.now));
  return conditions;
}

/** A rollout that hangs produces no events: only the clock finds it late. */
function requeueStuck(r: Rollout, status: DeploymentStatus): void {
  const current = conditionOf(r.d.status?.conditions, 'Progressing');
  if (!hasDeadline(r.d) || !current || isComplete(r.d, status) || current.reason === 'ProgressDeadlineExceeded') return;
  const left = parseTime(current.lastUpdateTime) + r.d.spec!.progressDeadlineSeconds! * 1000 - r.now;
  r.keys.addAfter(objectKey(r.d), Math.max(0, left) + 1000);
}

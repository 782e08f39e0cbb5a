// RollingUpdate: the new set grows into the surge, old ones shrink as far as availability allows; unhealthy old pods go first.
import type { ReplicaSet } from '../../api/types/kubernetes.ts';
import { maxUnavailable, newSetSize, replicasOf, sumReplicas, sumStatus } from './bounds.ts';
import { isComplete } from './conditions.ts';
import { syncStatus } from './progress.ts';
import { allOf, isActiveSet, type Rollout, type Sets } from './rollout.ts';
import { syncedSets } from './sets.ts';
import { cleanUp } from './sync.ts';

/** One step of a rolling update; each step ends in a status, and the change it made brings the next. */
export async function rollRolling(r: Rollout): Promise<void> {
  let sets = await syncedSets(r, true);
  const grown = await growNew(r, sets);
  if (grown) { await syncStatus(r, { ...sets, newSet: grown }); return; }
  const shrunk = await shrinkOld(r, sets);
  if (shrunk) { sets = { ...sets, oldSets: shrunk }; await syncStatus(r, sets); return; }
  if (isComplete(r.d, r.d.status ?? {})) await cleanUp(r, sets.oldSets);
  await syncStatus(r, sets);
}

/** The new set at its next size, undefined when it has it. */
async function growNew(r: Rollout, sets: Sets): Promise<ReplicaSet | undefined> {
  const rs = sets.newSet;
  if (!rs) return undefined;
  const size = replicasOf(rs);
  const wished = replicasOf(r.d);
  const next = size > wished ? wished : size === wished ? size : newSetSize(r.d, allOf(sets), size);
  return next === size ? undefined : r.resize(rs, next);
}

/** The old sets after this step, undefined when none could shrink. */
async function shrinkOld(r: Rollout, sets: Sets): Promise<ReplicaSet[] | undefined> {
  if (sumReplicas(sets.oldSets) === 0) return undefined;
  const minAvailable = replicasOf(r.d) - maxUnavailable(r.d);
  const newUnavailable = sets.newSet ? replicasOf(sets.newSet) - (sets.newSet.status?.availableReplicas ?? 0) : 0;
  // New pods that are not there yet may not be paid for by old ones.
  const allowance = sumReplicas(allOf(sets)) - minAvailable - newUnavailable;
  if (allowance <= 0) return undefined;

  const current = [...sets.oldSets];
  let unhealthy = 0;
  for (const [i, rs] of current.entries()) {
    const surplus = replicasOf(rs) - (rs.status?.availableReplicas ?? 0);
    const cut = Math.min(allowance - unhealthy, surplus);
    if (!isActiveSet(rs) || cut <= 0) continue;
    current[i] = await r.resize(rs, replicasOf(rs) - cut);
    unhealthy += cut;
  }
  const all = sets.newSet ? [...current, sets.newSet] : current;
  let spare = sumStatus(all, 'availableReplicas') - minAvailable;
  let healthy = 0;
  for (const [i, rs] of current.entries()) {
    const cut = Math.min(replicasOf(rs), spare);
    if (cut <= 0) continue;
    current[i] = await r.resize(rs, replicasOf(rs) - cut);
    spare -= cut;
    healthy += cut;
  }
  return unhealthy + healthy > 0 ? current : undefined;
}

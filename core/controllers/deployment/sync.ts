// What is done outside a rollout step: scaling in proportion, pausing, clearing away old revisions.
import { isNotFound } from '../../api/meta/status.ts';
import type { ReplicaSet } from '../../api/types/kubernetes.ts';
import { byRevision, desiredOf, maxReplicasOf } from './annotations.ts';
import { isRolling, maxSurge, replicasOf, sumReplicas } from './bounds.ts';
import { condition, conditionOf, countedStatus, hasDeadline, withCondition } from './conditions.ts';
import { rollbackOf } from './rollback.ts';
import { allOf, byAge, isActiveSet, replicaSetKind, type Rollout, type Sets } from './rollout.ts';
import { findSets, syncedSets } from './sets.ts';

/**
 * The wished number of replicas changed since the active sets were last sized. Where several are active that do not roll (an old one of a
 * Recreate was scaled by hand), there is no share to give each: the next step of the rollout sizes them.
 */
export function isScaling(r: Rollout): boolean {
  const active = allOf(findSets(r)).filter(isActiveSet);
  if (active.length > 1 && !isRolling(r.d)) return false;
  return active.some(rs => { const desired = desiredOf(rs); return desired !== undefined && desired !== replicasOf(r.d); });
}

/** Sizes without rolling: while paused, and when only the number of replicas changed. */
export async function syncSizes(r: Rollout): Promise<void> {
  let sets = await syncedSets(r, false);
  sets = await scale(r, sets);
  if (r.d.spec?.paused && rollbackOf(r.d) === undefined) await cleanUp(r, sets.oldSets);
  await writeCounts(r, sets);
}

/** Counts only, for a Deployment that is being deleted. */
export const syncStatusOnly = (r: Rollout): Promise<void> => writeCounts(r, findSets(r));

async function writeCounts(r: Rollout, sets: Sets): Promise<void> {
  await r.writeStatus(countedStatus(r.d, allOf(sets), sets.newSet, r.now));
}

/** Says in Progressing that the Deployment is paused or resumed, so that a pause does not count against the deadline. */
export async function syncPaused(r: Rollout): Promise<void> {
  const current = conditionOf(r.d.status?.conditions, 'Progressing');
  if (!hasDeadline(r.d) || current?.reason === 'ProgressDeadlineExceeded') return;
  const isPaused = current?.reason === 'DeploymentPaused';
  if (r.d.spec?.paused === isPaused || (!r.d.spec?.paused && !isPaused)) return;
  const next = r.d.spec?.paused
    ? condition('Progressing', 'Unknown', 'DeploymentPaused', 'Deployment is paused', r.now)
    : condition('Progressing', 'Unknown', 'DeploymentResumed', 'Deployment is resumed', r.now);
  await r.writeStatus({ ...r.d.status, conditions: withCondition(r.d.status?.conditions, next) });
}

async function scale(r: Rollout, sets: Sets): Promise<Sets> {
  const only = soleSet(sets);
  // A Recreate that is paused between its old pods and its new ones goes on waiting for the old to be gone.
  if (only && !isRolling(r.d) && replicasOf(only) < replicasOf(r.d) && r.stillRun(allOf(sets).filter(rs => rs !== only))) return sets;
  // Also where its size is right already (scaled by hand): what it says it was sized for must be right as well, or it would be scaled for ever.
  if (only) return replaced(sets, [await r.resize(only, replicasOf(r.d))]);
  if (sets.newSet && isSaturated(r, sets.newSet)) {
    const done: ReplicaSet[] = [];
    for (const rs of sets.oldSets.filter(isActiveSet)) done.push(await r.resize(rs, 0));
    return replaced(sets, done);
  }
  return isRolling(r.d) ? scaleInProportion(r, sets) : sets;
}

/** The set that takes a scaling alone: the only active one; with none active the new one or else the youngest. */
function soleSet(sets: Sets): ReplicaSet | undefined {
  const active = allOf(sets).filter(isActiveSet);
  if (active.length === 0) return sets.newSet ?? [...sets.oldSets].sort(byAge).at(-1);
  return active.length === 1 ? active[0] : undefined;
}

const isSaturated = (r: Rollout, rs: ReplicaSet): boolean =>
  replicasOf(rs) === replicasOf(r.d) && desiredOf(rs) === replicasOf(r.d) && (rs.status?.availableReplicas ?? 0) === replicasOf(r.d);

/** In mid-rollout every set grows or shrinks by its share; what rounding leaves goes to the largest. */
async function scaleInProportion(r: Rollout, sets: Sets): Promise<Sets> {
  const active = allOf(sets).filter(isActiveSet);
  const allowed = replicasOf(r.d) > 0 ? replicasOf(r.d) + maxSurge(r.d) : 0;
  const toAdd = allowed - sumReplicas(active);
  active.sort((a, b) => replicasOf(b) - replicasOf(a) || (toAdd > 0 ? byAge(b, a) : byAge(a, b)));
  let added = 0;
  const sizes = active.map(rs => {
    const share = proportion(r, rs, toAdd, added);
    added += share;
    return replicasOf(rs) + share;
  });
  if (toAdd !== 0 && sizes.length > 0) sizes[0] = Math.max(0, sizes[0]! + toAdd - added);
  const done: ReplicaSet[] = [];
  for (const [i, rs] of active.entries()) done.push(await r.resize(rs, sizes[i]!));
  return replaced(sets, done);
}

function proportion(r: Rollout, rs: ReplicaSet, toAdd: number, added: number): number {
  if (replicasOf(rs) === 0 || toAdd === 0 || toAdd === added) return 0;
  const left = toAdd - added;
  const share = fraction(r, rs);
  return toAdd > 0 ? Math.min(share, left) : Math.max(share, left);
}

function fraction(r: Rollout, rs: ReplicaSet): number {
  if (replicasOf(r.d) === 0) return -replicasOf(rs);
  const before = maxReplicasOf(rs) || r.d.status?.replicas || 0;
  if (before === 0) return 0;
  return Math.round((replicasOf(rs) * (replicasOf(r.d) + maxSurge(r.d))) / before) - replicasOf(rs);
}

function replaced(sets: Sets, written: readonly ReplicaSet[]): Sets {
  const by = new Map(written.map(rs => [rs.metadata?.uid, rs]));
  const pick = (rs: ReplicaSet): ReplicaSet => by.get(rs.metadata?.uid) ?? rs;
  return { newSet: sets.newSet && pick(sets.newSet), oldSets: sets.oldSets.map(pick) };
}

/** Deletes the oldest revisions beyond the history limit; never one with pods, nor one whose status is behind. */
export async function cleanUp(r: Rollout, oldSets: readonly ReplicaSet[]): Promise<void> {
  const limit = r.d.spec?.revisionHistoryLimit;
  if (limit === undefined || limit === 2_147_483_647) return;
  const alive = oldSets.filter(rs => rs.metadata?.deletionTimestamp === undefined);
  const surplus = [...alive].sort((a, b) => byRevision(a, b) || byAge(a, b)).slice(0, Math.max(0, alive.length - limit));
  for (const rs of surplus) {
    if ((rs.status?.replicas ?? 0) !== 0 || replicasOf(rs) !== 0 || (rs.metadata?.generation ?? 0) > (rs.status?.observedGeneration ?? 0)) continue;
    try {
      await r.ctx.client.delete(replicaSetKind, rs.metadata?.namespace, rs.metadata?.name ?? '', { preconditions: { uid: rs.metadata?.uid } });
    } catch (error) {
      if (!isNotFound(error)) throw error;
    }
  }
}

// Recreate: every old pod ends before the first new one begins.
import type { ReplicaSet } from '../../api/types/kubernetes.ts';
import { replicasOf } from './bounds.ts';
import { isComplete } from './conditions.ts';
import { syncStatus } from './progress.ts';
import { isActiveSet, type Rollout } from './rollout.ts';
import { syncedSets } from './sets.ts';
import { cleanUp } from './sync.ts';

/** One step of a recreate. */
export async function rollRecreate(r: Rollout): Promise<void> {
  let sets = await syncedSets(r, false);
  const oldSets: ReplicaSet[] = [];
  for (const rs of sets.oldSets) oldSets.push(isActiveSet(rs) ? await r.resize(rs, 0) : rs);
  if (sets.oldSets.some(isActiveSet)) { await syncStatus(r, { ...sets, oldSets }); return; }
  if (r.stillRun(sets.oldSets)) { await syncStatus(r, sets); return; }
  if (!sets.newSet) sets = await syncedSets(r, true);
  if (sets.newSet && replicasOf(sets.newSet) !== replicasOf(r.d)) sets = { ...sets, newSet: await r.resize(sets.newSet, replicasOf(r.d)) };
  if (isComplete(r.d, r.d.status ?? {})) await cleanUp(r, sets.oldSets);
  await syncStatus(r, sets);
}

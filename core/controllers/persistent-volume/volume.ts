// What becomes of a volume: free, bound, released, and what its reclaim policy says then.
import { persistentVolumeClaim as claimKind } from '../../api/kinds/core/persistent-volume-claim.ts';
import { PROVISIONED_BY, annotated, modesDiffer } from '../../api/meta/claims.ts';
import { objectKey } from '../../api/meta/object.ts';
import { isNotFound } from '../../api/meta/status.ts';
import type { PersistentVolume, PersistentVolumeClaim } from '../../api/types/kubernetes.ts';
import type { Keys } from '../controller.ts';
import type { Objects } from './objects.ts';

/** Key of a claim in the binder's queue. */
export const claimKey = (key: string): string => `claim/${key}`;

export async function syncVolume(o: Objects, v: PersistentVolume, keys: Keys): Promise<void> {
  const ref = v.spec?.claimRef;
  // Kept for a claim that has not come yet is free as well, but only for that one.
  if (!ref?.uid) {
    await o.volumePhase(v, 'Available');
    if (ref) keys.add(claimKey(`${ref.namespace ?? ''}/${ref.name ?? ''}`));
    return;
  }
  const claim = await claimOf(o, v, ref.namespace ?? '', ref.name ?? '', ref.uid);
  if (!claim) { await reclaim(o, v); return; }
  const named = claim.spec?.volumeName;
  if (!named) {
    if (modesDiffer(v, claim)) {
      o.event(v, 'Warning', 'VolumeMismatch', `Cannot bind PersistentVolume to requested PersistentVolumeClaim "${claim.metadata?.name ?? ''}" due to incompatible volumeMode.`);
      o.event(claim, 'Warning', 'VolumeMismatch', `Cannot bind PersistentVolume "${v.metadata?.name ?? ''}" to requested PersistentVolumeClaim due to incompatible volumeMode.`);
      return;
    }
    keys.add(claimKey(objectKey(claim)));
  } else if (named === v.metadata?.name) await o.volumePhase(v, 'Bound');
  // Made for a claim that found another one meanwhile.
  else if (annotated(v, PROVISIONED_BY) && v.spec?.persistentVolumeReclaimPolicy === 'Delete') await reclaim(o, v);
  else await o.unbind(v);
}

/** The claim a volume is bound to; the server is asked before a volume is given up for a claim the cache does not have. */
async function claimOf(o: Objects, v: PersistentVolume, namespace: string, name: string, uid: string): Promise<PersistentVolumeClaim | undefined> {
  let claim = o.claims.get(`${namespace}/${name}`);
  if (!claim && v.status?.phase !== 'Released' && v.status?.phase !== 'Failed') {
    try { claim = await o.ctx.client.get<PersistentVolumeClaim>(claimKind, namespace, name); } catch (e) { if (!isNotFound(e)) throw e; }
  }
  return claim?.metadata?.uid === uid ? claim : undefined;
}

/** The claim is gone. Who has failed stays so, for people to see. */
async function reclaim(o: Objects, v: PersistentVolume): Promise<void> {
  const released = v.status?.phase === 'Released' || v.status?.phase === 'Failed' ? v : await o.volumePhase(v, 'Released');
  switch (v.spec?.persistentVolumeReclaimPolicy) {
    case 'Retain': case undefined: return;
    case 'Recycle': return o.volumePhaseTold(released, 'Failed', 'VolumeFailedRecycle', 'No recycler plugin found for the volume!');
    case 'Delete': {
      // Whoever made it is to delete it; a volume that a person made has nobody who would.
      if (annotated(v, PROVISIONED_BY)) return;
      const path = v.spec?.hostPath?.path;
      return o.volumePhaseTold(released, 'Failed', 'VolumeFailedDelete', path === undefined
        ? `error getting deleter volume plugin for volume "${v.metadata?.name ?? ''}": no deletable volume plugin matched`
        : `host_path deleter only supports directories that this cluster's provisioner made but received provided ${path}`);
    }
    default: return o.volumePhaseTold(released, 'Failed', 'VolumeUnknownReclaimPolicy', 'Volume has unrecognized PersistentVolumeReclaimPolicy');
  }
}


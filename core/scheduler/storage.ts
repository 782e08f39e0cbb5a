// What the scheduler asks about storage: claims, volumes, classes; and the words they say it in.
import type { CSIDriver, CSINode, CSIStorageCapacity, PersistentVolume, PersistentVolumeClaim, StorageClass } from '../api/types/kubernetes.ts';
import { BIND_COMPLETED, annotated, bestVolume, classOf } from '../api/meta/claims.ts';
import { cachedSelectorFrom } from '../api/meta/labels.ts';
import { wholeOf } from '../api/meta/quantity.ts';
import { termMatches } from './node-selection.ts';
import type { NodeInfo } from './node-info.ts';

export interface Storage {
  claim(namespace: string, name: string): PersistentVolumeClaim | undefined;
  volume(name: string): PersistentVolume | undefined;
  volumesOfClass(name: string): readonly PersistentVolume[];
  storageClass(name: string): StorageClass | undefined;
  csiNode(name: string): CSINode | undefined;
  csiDriver(name: string): CSIDriver | undefined;
  /** What drivers say there is left for volumes of a class. */
  capacitiesOf(storageClass: string): readonly CSIStorageCapacity[];
}

/** Bound, and both sides know it. */
export const isBound = (claim: PersistentVolumeClaim): boolean => Boolean(claim.spec?.volumeName) && (annotated(claim, BIND_COMPLETED) || claim.status?.phase === 'Bound');
export const waitsForConsumer = (claim: PersistentVolumeClaim, s: Storage): boolean => s.storageClass(classOf(claim))?.volumeBindingMode === 'WaitForFirstConsumer';

/** Whether pods on the node may use the volume. */
export function reaches(volume: PersistentVolume, n: NodeInfo): boolean {
  const terms = volume.spec?.nodeAffinity?.required?.nodeSelectorTerms;
  return !terms || terms.some(t => termMatches(t, n));
}

/** The smallest free volume that serves the claim on the node; one that names the claim already comes first. `taken` are spoken for. */
export const volumeFor = (claim: PersistentVolumeClaim, n: NodeInfo, s: Storage, taken: (volume: string) => boolean): PersistentVolume | undefined =>
  bestVolume(claim, s.volumesOfClass(classOf(claim)), false, v => !taken(v.metadata?.name ?? '') && reaches(v, n));

/** Whether the class's driver has enough left for the claim where the node is; drivers that do not tell always have. */
export function hasCapacity(claim: PersistentVolumeClaim, c: StorageClass, n: NodeInfo, s: Storage): boolean {
  const wanted = claim.spec?.resources?.requests?.['storage'];
  if (wanted === undefined || s.csiDriver(c.provisioner)?.spec?.storageCapacity !== true) return true;
  return s.capacitiesOf(c.metadata?.name ?? '').some(has => {
    const limit = has.maximumVolumeSize ?? has.capacity;
    return limit !== undefined && wholeOf(limit) >= wholeOf(wanted) && has.nodeTopology !== undefined && cachedSelectorFrom(has.nodeTopology).matches(n.labels);
  });
}

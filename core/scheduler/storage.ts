// What the scheduler asks about storage: claims, volumes, classes; and the words they say it in.
import type { CSINode, PersistentVolume, PersistentVolumeClaim, StorageClass } from '../api/types/kubernetes.ts';
import { BIND_COMPLETED, annotated, bestVolume, classOf } from '../api/meta/claims.ts';
import { termMatches } from './node-selection.ts';
import type { NodeInfo } from './node-info.ts';

export interface Storage {
  claim(namespace: string, name: string): PersistentVolumeClaim | undefined;
  volume(name: string): PersistentVolume | undefined;
  volumesOfClass(name: string): readonly PersistentVolume[];
  storageClass(name: string): StorageClass | undefined;
  csiNode(name: string): CSINode | undefined;
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

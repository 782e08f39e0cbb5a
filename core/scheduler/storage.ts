// What the scheduler asks about storage: claims, volumes, classes; and the words they say it in.
import type { CSINode, PersistentVolume, PersistentVolumeClaim, StorageClass } from '../api/types/kubernetes.ts';
import { wholeOf } from '../api/meta/quantity.ts';
import { cachedSelectorFrom } from '../api/meta/labels.ts';
import { termMatches } from './node-selection.ts';
import type { NodeInfo } from './node-info.ts';

export interface Storage {
  claim(namespace: string, name: string): PersistentVolumeClaim | undefined;
  volume(name: string): PersistentVolume | undefined;
  volumesOfClass(name: string): readonly PersistentVolume[];
  storageClass(name: string): StorageClass | undefined;
  csiNode(name: string): CSINode | undefined;
}

export const SELECTED_NODE = 'volume.kubernetes.io/selected-node';
export const BOUND_BY_CONTROLLER = 'pv.kubernetes.io/bound-by-controller';
const BIND_COMPLETED = 'pv.kubernetes.io/bind-completed';
const BETA_CLASS = 'volume.beta.kubernetes.io/storage-class';

export const classOf = (claim: PersistentVolumeClaim): string => claim.metadata?.annotations?.[BETA_CLASS] ?? claim.spec?.storageClassName ?? '';
export const classOfVolume = (volume: PersistentVolume): string => volume.metadata?.annotations?.[BETA_CLASS] ?? volume.spec?.storageClassName ?? '';
/** Bound, and both sides know it. */
export const isBound = (claim: PersistentVolumeClaim): boolean => Boolean(claim.spec?.volumeName) && (claim.metadata?.annotations?.[BIND_COMPLETED] !== undefined || claim.status?.phase === 'Bound');
export const waitsForConsumer = (claim: PersistentVolumeClaim, s: Storage): boolean => s.storageClass(classOf(claim))?.volumeBindingMode === 'WaitForFirstConsumer';

/** Whether pods on the node may use the volume. */
export function reaches(volume: PersistentVolume, n: NodeInfo): boolean {
  const terms = volume.spec?.nodeAffinity?.required?.nodeSelectorTerms;
  return !terms || terms.some(t => termMatches(t, n));
}

const sizeOf = (v: PersistentVolume): number => wholeOf(v.spec?.capacity?.['storage']);

/** The smallest free volume that serves the claim on the node; one that names the claim already comes first. `taken` are spoken for. */
export function volumeFor(claim: PersistentVolumeClaim, n: NodeInfo, s: Storage, taken: (volume: string) => boolean): PersistentVolume | undefined {
  const wanted = wholeOf(claim.spec?.resources?.requests?.['storage']), selector = claim.spec?.selector ? cachedSelectorFrom(claim.spec.selector) : undefined;
  let best: PersistentVolume | undefined;
  for (const v of s.volumesOfClass(classOf(claim))) {
    if (v.metadata?.deletionTimestamp !== undefined || taken(v.metadata?.name ?? '')) continue;
    if ((v.spec?.volumeMode ?? 'Filesystem') !== (claim.spec?.volumeMode ?? 'Filesystem') || sizeOf(v) < wanted) continue;
    if ((v.spec?.volumeAttributesClassName ?? '') !== (claim.spec?.volumeAttributesClassName ?? '')) continue;
    if (!(claim.spec?.accessModes ?? []).every(m => v.spec?.accessModes?.includes(m))) continue;
    const ref = v.spec?.claimRef;
    if (ref) {
      const mine = ref.namespace === claim.metadata?.namespace && ref.name === claim.metadata?.name && (!ref.uid || ref.uid === claim.metadata?.uid);
      if (!mine) continue;
      if (reaches(v, n)) return v;
      continue;
    }
    if (v.status?.phase !== 'Available' || (selector && !selector.matches(v.metadata?.labels)) || !reaches(v, n)) continue;
    if (!best || sizeOf(v) < sizeOf(best)) best = v;
  }
  return best;
}

// Claims and volumes: the annotations both sides speak by, and which volume fits which claim (Kubernetes' rules of binding). Pure.
import type { PersistentVolume, PersistentVolumeClaim, Pod, StorageClass } from '../types/kubernetes.ts';
import { cachedSelectorFrom } from './labels.ts';
import type { KubeObject } from './object.ts';
import { controllerOf } from './owner.ts';
import { wholeOf } from './quantity.ts';

/** On a claim: its first binding is done. */
export const BIND_COMPLETED = 'pv.kubernetes.io/bind-completed';
/** On either: the controller made the binding, not a person. */
export const BOUND_BY_CONTROLLER = 'pv.kubernetes.io/bound-by-controller';
/** On a volume: who made it. */
export const PROVISIONED_BY = 'pv.kubernetes.io/provisioned-by';
/** On a claim: who is to make its volume. Older provisioners read the second name. */
export const PROVISIONER = 'volume.kubernetes.io/storage-provisioner', BETA_PROVISIONER = 'volume.beta.kubernetes.io/storage-provisioner';
/** On a claim: the node the scheduler chose for its first pod. */
export const SELECTED_NODE = 'volume.kubernetes.io/selected-node';
const BETA_CLASS = 'volume.beta.kubernetes.io/storage-class';

/** Whether an annotation is there, whatever its value. */
export const annotated = (o: KubeObject, name: string): boolean => o.metadata?.annotations?.[name] !== undefined;

/** The class of a claim or a volume; '' for none. */
export const classOf = (o: PersistentVolume | PersistentVolumeClaim): string => o.metadata?.annotations?.[BETA_CLASS] ?? o.spec?.storageClassName ?? '';
/** Whether the claim says a class, be it none at all (`""`); who says nothing gets the default one, also later. */
export const namesClass = (c: PersistentVolumeClaim): boolean => annotated(c, BETA_CLASS) || (c.spec?.storageClassName !== undefined && c.spec.storageClassName !== null);

/** The claim waits until a pod that uses it has a node, and none has yet. */
export const waitsForPod = (c: PersistentVolumeClaim, cls: StorageClass | undefined): boolean => cls?.volumeBindingMode === 'WaitForFirstConsumer' && !annotated(c, SELECTED_NODE);

/** Name of the claim a pod's volume uses; undefined when it uses none. */
export const claimNameOf = (pod: Pod, v: { name: string; persistentVolumeClaim?: { claimName: string }; ephemeral?: unknown }): string | undefined =>
  v.persistentVolumeClaim?.claimName ?? (v.ephemeral ? `${pod.metadata?.name ?? ''}-${v.name}` : undefined);
/** Keys `namespace/name` of the claims a pod uses. */
export const claimKeysOf = (pod: Pod): string[] => (pod.spec?.volumes ?? []).flatMap(v => {
  const name = claimNameOf(pod, v);
  return name === undefined ? [] : [`${pod.metadata?.namespace ?? ''}/${name}`];
});
/** Why a claim of that name does not serve a pod's ephemeral volume, in Kubernetes' words; undefined when it was made for it. */
export function notMadeFor(pod: Pod, c: PersistentVolumeClaim): string | undefined {
  if (controllerOf(c)?.uid === pod.metadata?.uid) return undefined;
  const of = (o: KubeObject): string => `${o.metadata?.namespace ?? ''}/${o.metadata?.name ?? ''}`;
  return `PVC ${of(c)} was not created for pod ${of(pod)} (pod is not owner)`;
}

/** The volume is kept for this claim: by name, and by uid where one is said. */
export function isFor(v: PersistentVolume, c: PersistentVolumeClaim): boolean {
  const r = v.spec?.claimRef;
  return r !== undefined && r.name === c.metadata?.name && r.namespace === c.metadata?.namespace && (!r.uid || r.uid === c.metadata?.uid);
}

const modeOf = (o: PersistentVolume | PersistentVolumeClaim): string => o.spec?.volumeMode ?? 'Filesystem';
/** One is a file system, the other a block device. */
export const modesDiffer = (v: PersistentVolume, c: PersistentVolumeClaim): boolean => modeOf(v) !== modeOf(c);
const offers = (v: PersistentVolume, c: PersistentVolumeClaim): boolean => (c.spec?.accessModes ?? []).every(m => v.spec?.accessModes?.includes(m));
const tooSmall = (v: PersistentVolume, c: PersistentVolumeClaim): boolean => wholeOf(v.spec?.capacity?.['storage']) < wholeOf(c.spec?.resources?.requests?.['storage']);
const attributesDiffer = (v: PersistentVolume, c: PersistentVolumeClaim): boolean => (v.spec?.volumeAttributesClassName ?? '') !== (c.spec?.volumeAttributesClassName ?? '');

/** Why a volume that a claim names cannot be its volume, in Kubernetes' words; undefined when it can. */
export function mismatch(v: PersistentVolume, c: PersistentVolumeClaim): string | undefined {
  if (tooSmall(v, c)) return 'requested PV is too small';
  if (classOf(v) !== classOf(c)) return 'storageClassName does not match';
  if (modesDiffer(v, c)) return 'incompatible volumeMode';
  if (attributesDiffer(v, c)) return 'VolumeAttributesClassName does not match';
  return offers(v, c) ? undefined : 'incompatible accessMode';
}

/**
 * The volume for a claim among `candidates`: the one that is kept for it, else the smallest free one that fits, of equal ones that with the
 * fewest access modes, then the first by name. With `delayed` only one that is kept for it: the scheduler chooses among the others.
 */
export function bestVolume(c: PersistentVolumeClaim, candidates: Iterable<PersistentVolume>, delayed: boolean, fitsNode?: (v: PersistentVolume) => boolean): PersistentVolume | undefined {
  const selector = c.spec?.selector ? cachedSelectorFrom(c.spec.selector) : undefined;
  let best: PersistentVolume | undefined;
  for (const v of candidates) {
    const kept = isFor(v, c);
    if ((v.spec?.claimRef && !kept) || tooSmall(v, c) || modesDiffer(v, c) || attributesDiffer(v, c) || !offers(v, c) || v.metadata?.deletionTimestamp !== undefined) continue;
    if (kept) { if (fitsNode?.(v) ?? true) return v; continue; }
    if (delayed || v.status?.phase !== 'Available' || classOf(v) !== classOf(c) || (selector && !selector.matches(v.metadata?.labels)) || !(fitsNode?.(v) ?? true)) continue;
    if (best === undefined || before(v, best)) best = v;
  }
  return best;
}

function before(a: PersistentVolume, b: PersistentVolume): boolean {
  const size = wholeOf(a.spec?.capacity?.['storage']), other = wholeOf(b.spec?.capacity?.['storage']);
  if (size !== other) return size < other;
  const modes = (a.spec?.accessModes?.length ?? 0) - (b.spec?.accessModes?.length ?? 0);
  return modes === 0 ? (a.metadata?.name ?? '') < (b.metadata?.name ?? '') : modes < 0;
}

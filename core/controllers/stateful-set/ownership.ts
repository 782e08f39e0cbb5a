// Who owns the claims of a stateful set: nobody, the set (they go with it) or the pod (they go when it is scaled away), as
// spec.persistentVolumeClaimRetentionPolicy says.
import { statefulSet as setKind } from '../../api/kinds/apps/stateful-set.ts';
import { pod as podKind } from '../../api/kinds/core/pod.ts';
import { apiVersionOf, type OwnerReference, type ResourceType } from '../../api/meta/object.ts';
import { controllerReference } from '../../api/meta/owner.ts';
import type { PersistentVolumeClaim, Pod, StatefulSet } from '../../api/types/kubernetes.ts';
import { isInRange, ordinalOf } from './identity.ts';

interface Owner { readonly metadata?: { readonly name?: string; readonly uid?: string } }
const refsOf = (claim: PersistentVolumeClaim): readonly OwnerReference[] => claim.metadata?.ownerReferences ?? [];
const names = (ref: OwnerReference, owner: Owner, kind: ResourceType): boolean => ref.apiVersion === apiVersionOf(kind) && ref.kind === kind.kind && ref.name === owner.metadata?.name;
const owns = (claim: PersistentVolumeClaim, owner: Owner): boolean => refsOf(claim).some(r => r.uid === owner.metadata?.uid);
const isStale = (claim: PersistentVolumeClaim, owner: Owner, kind: ResourceType): boolean => {
  const ref = refsOf(claim).find(r => names(r, owner, kind));
  return ref !== undefined && ref.uid !== owner.metadata?.uid;
};

export const deletesWhenScaled = (set: StatefulSet): boolean => set.spec?.persistentVolumeClaimRetentionPolicy?.whenScaled === 'Delete';
export const deletesWhenDeleted = (set: StatefulSet): boolean => set.spec?.persistentVolumeClaimRetentionPolicy?.whenDeleted === 'Delete';

/** The claim belongs to a pod of this name that is gone: it is about to be collected, and must not be used by the next one. */
export const belongsToFormerPod = (claim: PersistentVolumeClaim, pod: Pod): boolean => isStale(claim, pod, podKind);

/** Somebody else is the controller of a claim this set has a policy for. */
export function hasForeignController(claim: PersistentVolumeClaim, set: StatefulSet, pod: Pod): boolean {
  if (!deletesWhenScaled(set) && !deletesWhenDeleted(set)) return false;
  return refsOf(claim).some(ref => {
    if (names(ref, set, setKind)) return ref.uid !== set.metadata?.uid;
    if (names(ref, pod, podKind)) return ref.uid !== pod.metadata?.uid;
    return ref.controller === true;
  });
}

/** Which of the two should own the claim now. */
function wanted(set: StatefulSet, pod: Pod): { set: boolean; pod: boolean } {
  const scaledAway = !isInRange(set, ordinalOf(pod));
  const byPod = deletesWhenScaled(set) && scaledAway;
  return { pod: byPod, set: deletesWhenDeleted(set) && !byPod };
}

/** Nothing to change: the owners are as the policy says, or those of somebody whom we leave alone. */
export function isUpToDate(claim: PersistentVolumeClaim, set: StatefulSet, pod: Pod): boolean {
  if (isStale(claim, set, setKind) || isStale(claim, pod, podKind)) return true;
  if (hasForeignController(claim, set, pod)) return !owns(claim, set) && !owns(claim, pod);
  if (refsOf(claim).some(r => (r.uid === set.metadata?.uid || r.uid === pod.metadata?.uid) && r.controller !== true)) return false;
  const want = wanted(set, pod);
  return owns(claim, set) === want.set && owns(claim, pod) === want.pod;
}

/** The owners the claim is to have. */
export function ownersOf(claim: PersistentVolumeClaim, set: StatefulSet, pod: Pod): OwnerReference[] {
  const foreign = hasForeignController(claim, set, pod);
  const rest = refsOf(claim).filter(r => !names(r, set, setKind) && !names(r, pod, podKind));
  if (foreign) return rest;
  const want = wanted(set, pod);
  return [...rest, ...(want.pod ? [controllerReference(pod, podKind)] : []), ...(want.set ? [controllerReference(set, setKind)] : [])];
}

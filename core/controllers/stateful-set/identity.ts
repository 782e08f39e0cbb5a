// Who a pod of a stateful set is: its ordinal, names, labels, and the claims that go with it.
import { statefulSet as setKind } from '../../api/kinds/apps/stateful-set.ts';
import { clone } from '../../api/meta/clone.ts';
import { controllerReference } from '../../api/meta/owner.ts';
import type { ControllerRevision, PersistentVolumeClaim, Pod, PodTemplateSpec, StatefulSet, Volume } from '../../api/types/kubernetes.ts';
import { REVISION_HASH } from '../history.ts';
import { podFromTemplate } from '../pods.ts';

const POD_NAME = 'statefulset.kubernetes.io/pod-name', POD_INDEX = 'apps.kubernetes.io/pod-index';
/** Ordinals are 32-bit numbers; what is larger is somebody else's name. */
const MOST = 2 ** 31 - 1;

/** Owner's name and ordinal, as a pod's name says them; -1 for a name that says none. */
export function parseName(name: string): { parent: string; ordinal: number } {
  const parts = /^(.*)-([0-9]+)$/s.exec(name);
  if (!parts) return { parent: '', ordinal: -1 };
  const ordinal = Number(parts[2]);
  return { parent: parts[1]!, ordinal: ordinal <= MOST ? ordinal : -1 };
}
export const ordinalOf = (pod: Pod): number => parseName(pod.metadata?.name ?? '').ordinal;
export const isMember = (set: StatefulSet, pod: Pod): boolean => parseName(pod.metadata?.name ?? '').parent === set.metadata?.name;

export const replicasOf = (set: StatefulSet): number => set.spec?.replicas ?? 1;
/** The first ordinal. */
export const startOf = (set: StatefulSet): number => set.spec?.ordinals?.start ?? 0;
export const isInRange = (set: StatefulSet, ordinal: number): boolean => ordinal >= startOf(set) && ordinal < startOf(set) + replicasOf(set);
/** Name of the revision a pod was made from; '' when it says none. */
export const revisionOf = (pod: Pod): string => pod.metadata?.labels?.[REVISION_HASH] ?? '';

export const podNameOf = (set: StatefulSet, ordinal: number): string => `${set.metadata?.name}-${ordinal}`;
export const claimNameOf = (set: StatefulSet, template: PersistentVolumeClaim, ordinal: number): string => `${template.metadata?.name}-${set.metadata?.name}-${ordinal}`;

/** The claims of a pod as they are made: template, own name, the selector's labels added. */
export function claimsOf(set: StatefulSet, ordinal: number): PersistentVolumeClaim[] {
  return (set.spec?.volumeClaimTemplates ?? []).map(template => {
    const claim = clone(template);
    claim.metadata = {
      ...claim.metadata, name: claimNameOf(set, template, ordinal), namespace: set.metadata?.namespace,
      labels: { ...claim.metadata?.labels, ...set.spec?.selector.matchLabels },
    };
    return claim;
  });
}

/** Volumes of claims first; a volume of the template that has a claim's name gives way. */
function volumesOf(set: StatefulSet, ordinal: number, volumes: readonly Volume[]): Volume[] {
  const templates = set.spec?.volumeClaimTemplates ?? [];
  const taken = new Set(templates.map(t => t.metadata?.name));
  return [
    ...templates.map((t): Volume => ({ name: t.metadata?.name ?? '', persistentVolumeClaim: { claimName: claimNameOf(set, t, ordinal) } })),
    ...volumes.filter(v => !taken.has(v.name)),
  ];
}

/** The pod of an ordinal, as it is made from `template`, that of `revision`. */
export function newPod(set: StatefulSet, template: PodTemplateSpec, revision: string, ordinal: number): Pod {
  const name = podNameOf(set, ordinal);
  const pod = podFromTemplate(template, { name: set.metadata?.name ?? '', namespace: set.metadata?.namespace ?? '' });
  pod.metadata = {
    ...pod.metadata, name, ownerReferences: [controllerReference(set, setKind)],
    labels: { ...pod.metadata?.labels, [POD_NAME]: name, [POD_INDEX]: String(ordinal), [REVISION_HASH]: revision },
  };
  pod.spec = { ...pod.spec!, hostname: name, ...(set.spec?.serviceName ? { subdomain: set.spec.serviceName } : {}) };
  const volumes = volumesOf(set, ordinal, pod.spec.volumes ?? []);
  if (volumes.length) pod.spec.volumes = volumes;
  return pod;
}

export const hasIdentity = (pod: Pod): boolean => pod.metadata?.labels?.[POD_NAME] === pod.metadata?.name;
export function hasStorage(set: StatefulSet, pod: Pod): boolean {
  const ordinal = ordinalOf(pod);
  return (set.spec?.volumeClaimTemplates ?? []).every(t => pod.spec?.volumes?.find(v => v.name === t.metadata?.name)?.persistentVolumeClaim?.claimName === claimNameOf(set, t, ordinal));
}
/** The pod with its labels and volumes put right. */
export function corrected(set: StatefulSet, pod: Pod): Pod {
  const ordinal = ordinalOf(pod);
  return {
    ...pod, metadata: { ...pod.metadata, labels: { ...pod.metadata?.labels, [POD_NAME]: podNameOf(set, ordinal), [POD_INDEX]: String(ordinal) } },
    spec: { ...pod.spec!, volumes: volumesOf(set, ordinal, pod.spec?.volumes ?? []) },
  };
}

/** What the pods of a set are made from: as it was, and as it is to be. */
export interface Revisions { readonly current: ControllerRevision; readonly update: ControllerRevision; readonly collisionCount: number }

// The history of a deployment from its replica sets, and the requests that change its course. Names and annotations as kubectl's.
import type { Deployment, PodTemplateSpec, ReplicaSet } from '../../../core/api/types/kubernetes.ts';

export const REVISION = 'deployment.kubernetes.io/revision';
export const CAUSE = 'kubernetes.io/change-cause';
const HASH = 'pod-template-hash';
/** Annotations that belong to a replica set or to one client and do not come back with an undo. */
const NOT_RESTORED = new Set(['kubectl.kubernetes.io/last-applied-configuration', REVISION, 'deployment.kubernetes.io/revision-history', 'deployment.kubernetes.io/desired-replicas', 'deployment.kubernetes.io/max-replicas', 'deprecated.deployment.rollback.to']);

export interface Revision {
  number: number;
  set: ReplicaSet;
  template: PodTemplateSpec;
  cause: string | undefined;
  images: string[];
  current: boolean;
  /** Pods it has, and those of them that are ready. */
  replicas: number;
  ready: number;
}

export const ownedBy = (o: { metadata?: { ownerReferences?: { uid: string; controller?: boolean }[] } }, uid: string | undefined): boolean =>
  uid !== undefined && (o.metadata?.ownerReferences?.some(r => r.uid === uid && r.controller) ?? false);

/** The template a replica set was made from: without the label the deployment added. */
export function templateOf(set: ReplicaSet): PodTemplateSpec {
  const template = structuredClone(set.spec?.template ?? {}) as PodTemplateSpec;
  if (template.metadata?.labels) delete template.metadata.labels[HASH];
  return template;
}

/** Newest first. */
export function revisionsOf(d: Deployment, sets: readonly ReplicaSet[]): Revision[] {
  const now = Number(d.metadata?.annotations?.[REVISION] ?? 0);
  return sets.filter(s => ownedBy(s, d.metadata?.uid)).map(set => {
    const number = Number(set.metadata?.annotations?.[REVISION] ?? 0);
    return {
      number, set, template: templateOf(set), cause: set.metadata?.annotations?.[CAUSE], current: number === now && number > 0,
      images: (set.spec?.template?.spec?.containers ?? []).map(c => c.image ?? ''), replicas: set.status?.replicas ?? 0, ready: set.status?.readyReplicas ?? 0,
    };
  }).filter(r => r.number > 0).sort((a, b) => b.number - a.number);
}

/** JSON patch that brings a revision back; the replica set that has it is used again. */
export function undoPatch(d: Deployment, r: Revision): unknown[] {
  const kept = Object.fromEntries(Object.entries(d.metadata?.annotations ?? {}).filter(([k]) => NOT_RESTORED.has(k)));
  const brought = Object.fromEntries(Object.entries(r.set.metadata?.annotations ?? {}).filter(([k]) => !NOT_RESTORED.has(k)));
  return [
    // The state that was looked at: anything newer is a conflict.
    ...(d.metadata?.resourceVersion ? [{ op: 'test', path: '/spec/template', value: d.spec?.template }] : []),
    { op: 'replace', path: '/spec/template', value: r.template },
    { op: d.metadata?.annotations ? 'replace' : 'add', path: '/metadata/annotations', value: { ...kept, ...brought } },
  ];
}

/** Strategic merge patch for new images by container; `cause` is remembered with the revision. */
export const imagePatch = (images: Readonly<Record<string, string>>, cause: string | undefined, init: ReadonlySet<string>): unknown => {
  const of = (wanted: boolean) => Object.entries(images).filter(([n]) => init.has(n) === wanted).map(([name, image]) => ({ name, image }));
  const containers = of(false), initContainers = of(true);
  return {
    ...(cause ? { metadata: { annotations: { [CAUSE]: cause } } } : {}),
    spec: { template: { spec: { ...(containers.length > 0 ? { containers } : {}), ...(initContainers.length > 0 ? { initContainers } : {}) } } },
  };
};

// The history of a workload, and the requests that change its course: a deployment's from its replica sets, that of stateful and
// daemon sets from their controller revisions. Names and annotations as kubectl's.
import type { ControllerRevision, Deployment, Pod, PodTemplateSpec, ReplicaSet } from '../../../core/api/types/kubernetes.ts';
import type { Workload } from './target.ts';

export const REVISION = 'deployment.kubernetes.io/revision';
export const CAUSE = 'kubernetes.io/change-cause';
const HASH = 'pod-template-hash';
export const REVISION_LABEL = 'controller-revision-hash';
/** Annotations that belong to a replica set or to one client and do not come back with an undo. */
const NOT_RESTORED = new Set(['kubectl.kubernetes.io/last-applied-configuration', REVISION, 'deployment.kubernetes.io/revision-history', 'deployment.kubernetes.io/desired-replicas', 'deployment.kubernetes.io/max-replicas', 'deprecated.deployment.rollback.to']);

export interface Revision {
  number: number;
  /** What keeps it: a replica set or a controller revision (then `data` is there). */
  keeper: ReplicaSet | ControllerRevision;
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

const imagesOf = (t: PodTemplateSpec): string[] => [...t.spec?.initContainers ?? [], ...t.spec?.containers ?? []].map(c => c.image ?? '');
const newestFirst = (a: Revision, b: Revision): number => b.number - a.number;

/** The template a replica set was made from: without the label the deployment added. */
export function templateOf(set: ReplicaSet): PodTemplateSpec {
  const template = structuredClone(set.spec?.template ?? {}) as PodTemplateSpec;
  if (template.metadata?.labels) delete template.metadata.labels[HASH];
  return template;
}

/** Of a deployment; newest first. */
export function revisionsOf(d: Deployment, sets: readonly ReplicaSet[]): Revision[] {
  const now = Number(d.metadata?.annotations?.[REVISION] ?? 0);
  return sets.filter(s => ownedBy(s, d.metadata?.uid)).map(set => {
    const number = Number(set.metadata?.annotations?.[REVISION] ?? 0);
    const template = templateOf(set);
    return {
      number, keeper: set, template, cause: set.metadata?.annotations?.[CAUSE], current: number === now && number > 0,
      images: imagesOf(template), replicas: set.status?.replicas ?? 0, ready: set.status?.readyReplicas ?? 0,
    };
  }).filter(r => r.number > 0).sort(newestFirst);
}

/** Of a stateful or daemon set; newest first. The current one is what new pods are made from. */
export function controllerRevisionsOf(o: Workload, kept: readonly ControllerRevision[], pods: readonly Pod[]): Revision[] {
  const mine = kept.filter(r => ownedBy(r, o.metadata?.uid) && r.revision > 0);
  const named = (o.status as { updateRevision?: string } | undefined)?.updateRevision;
  const newest = mine.reduce<ControllerRevision | undefined>((a, b) => (a && a.revision > b.revision ? a : b), undefined);
  const current = mine.find(r => r.metadata?.name === named) ?? newest;
  return mine.map(r => {
    const { $patch: _, ...template } = ((r.data as { spec?: { template?: PodTemplateSpec & { $patch?: string } } } | null)?.spec?.template ?? {}) as PodTemplateSpec & { $patch?: string };
    const its = pods.filter(p => isOf(p, r));
    return {
      number: r.revision, keeper: r, template, cause: r.metadata?.annotations?.[CAUSE], current: r === current, images: imagesOf(template),
      replicas: its.length, ready: its.filter(p => p.status?.conditions?.some(c => c.type === 'Ready' && c.status === 'True')).length,
    };
  }).sort(newestFirst);
}

/** Stateful sets label their pods with the revision's name, daemon sets with its hash. */
export function isOf(pod: Pod, r: ControllerRevision): boolean {
  const label = pod.metadata?.labels?.[REVISION_LABEL];
  return label !== undefined && (label === r.metadata?.name || label === r.metadata?.labels?.[REVISION_LABEL]);
}

/** JSON patch that brings a revision back; a deployment uses the replica set that has it again, and its cause comes back with it. */
export function undoPatch(o: Workload, r: Revision): unknown[] {
  const out: unknown[] = [
    // The state that was looked at: anything newer is a conflict.
    ...(o.metadata?.resourceVersion ? [{ op: 'test', path: '/spec/template', value: o.spec?.template }] : []),
    { op: 'replace', path: '/spec/template', value: r.template },
  ];
  const before = o.metadata?.annotations;
  const kept = Object.fromEntries(Object.entries(before ?? {}).filter(([k]) => NOT_RESTORED.has(k)));
  const brought = Object.fromEntries(Object.entries(r.keeper.metadata?.annotations ?? {}).filter(([k]) => !NOT_RESTORED.has(k)));
  if (!('data' in r.keeper)) return [...out, { op: before ? 'replace' : 'add', path: '/metadata/annotations', value: { ...kept, ...brought } }];
  // Of a controller revision's annotations only the cause speaks of the template.
  const { [CAUSE]: _, ...others } = before ?? {};
  return [...out, { op: before ? 'replace' : 'add', path: '/metadata/annotations', value: { ...others, ...(r.cause ? { [CAUSE]: r.cause } : {}) } }];
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

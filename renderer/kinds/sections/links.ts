// Which other objects an object names: by reference fields, by what its pods use, and by what a pod spec needs. Field names as
// Kubernetes' API has them; nothing is asked of the server here.
import { kindOf } from '../../../core/api/kinds/index.ts';
import type { KindSpec } from '../../../core/api/kinds/kind.ts';
import type { KubeObject } from '../../../core/api/meta/object.ts';
import type { PodSpec } from '../../../core/api/types/kubernetes.ts';

/** `namespace` where it is not the object's own. */
export interface Link { kind: KindSpec; name: string; namespace?: string; note?: string }
interface Ref { apiVersion?: string; apiGroup?: string; kind?: string; name?: string; namespace?: string }

/** Finds the kind an apiVersion and kind name. */
export type FindKind = (apiVersion: string, kind: string) => KindSpec | undefined;

class Links {
  readonly #found = new Map<string, Link>();
  readonly #find: FindKind;
  constructor(find: FindKind = kindOf) { this.#find = find; }
  add(apiVersion: string, kindName: string, name: string | undefined, more: Omit<Link, 'kind' | 'name'> = {}): void {
    const kind = this.#find(apiVersion, kindName);
    if (kind && name) this.#found.set(`${kindName}/${more.namespace ?? ''}/${name}`, { kind, name, ...more });
  }
  get list(): Link[] { return [...this.#found.values()]; }
}

export interface Template { labels: Readonly<Record<string, string>>; spec: PodSpec }
/** Labels and spec of the pods this object is, or makes. */
export function templateOf(object: KubeObject): Template | undefined {
  type Made = { metadata?: { labels?: Record<string, string> }; spec?: PodSpec };
  const o = object as { spec?: PodSpec & { template?: Made; jobTemplate?: { spec?: { template?: Made } } }; template?: Made };
  if (object.kind === 'Pod' || o.spec?.containers) return o.spec && { labels: object.metadata?.labels ?? {}, spec: o.spec };
  const template = o.spec?.template ?? o.spec?.jobTemplate?.spec?.template ?? o.template;
  return template?.spec && { labels: template.metadata?.labels ?? {}, spec: template.spec };
}

/** Settings, secrets, claims, the account and the node that a pod spec names, each once. */
export function usedBy(spec: PodSpec): Link[] {
  const found = new Links();
  const add = (kindName: string, name: string | undefined): void => found.add('v1', kindName, name);
  for (const v of spec.volumes ?? []) {
    add('ConfigMap', v.configMap?.name);
    add('Secret', v.secret?.secretName);
    add('PersistentVolumeClaim', v.persistentVolumeClaim?.claimName);
    // The projected token volume names the cluster's own certificate in every pod: no news.
    if (!v.name.startsWith('kube-api-access-')) for (const s of v.projected?.sources ?? []) { add('ConfigMap', s.configMap?.name); add('Secret', s.secret?.name); }
  }
  for (const c of [...(spec.initContainers ?? []), ...(spec.containers ?? [])]) {
    for (const e of c.env ?? []) { add('ConfigMap', e.valueFrom?.configMapKeyRef?.name); add('Secret', e.valueFrom?.secretKeyRef?.name); }
    for (const e of c.envFrom ?? []) { add('ConfigMap', e.configMapRef?.name); add('Secret', e.secretRef?.name); }
  }
  for (const s of spec.imagePullSecrets ?? []) add('Secret', s.name);
  add('ServiceAccount', spec.serviceAccountName);
  add('Node', spec.nodeName);
  found.add('scheduling.k8s.io/v1', 'PriorityClass', spec.priorityClassName);
  return found.list;
}

/** What the object itself points at (`find`: also in a cluster's own kinds): volumes and classes, backends, roles and subjects, the target of an autoscaler or an event. */
export function pointsAt(object: KubeObject, find?: FindKind): Link[] {
  const found = new Links(find);
  const o = object as KubeObject & {
    spec?: { volumeName?: string; storageClassName?: string; claimRef?: Ref; scaleTargetRef?: Ref; ingressClassName?: string; tls?: { secretName?: string }[]; defaultBackend?: Backend; rules?: { http?: { paths?: { path?: string; backend?: Backend }[] } }[] };
    roleRef?: Ref; subjects?: Ref[]; involvedObject?: Ref; regarding?: Ref; secrets?: Ref[];
  };
  interface Backend { service?: { name?: string; port?: { name?: string; number?: number } } }
  const { spec } = o;
  switch (object.kind) {
    case 'PersistentVolumeClaim': found.add('v1', 'PersistentVolume', spec?.volumeName); found.add('storage.k8s.io/v1', 'StorageClass', spec?.storageClassName); break;
    case 'PersistentVolume': found.add('v1', 'PersistentVolumeClaim', spec?.claimRef?.name, { namespace: spec?.claimRef?.namespace }); found.add('storage.k8s.io/v1', 'StorageClass', spec?.storageClassName); break;
    case 'HorizontalPodAutoscaler': found.add(spec?.scaleTargetRef?.apiVersion ?? '', spec?.scaleTargetRef?.kind ?? '', spec?.scaleTargetRef?.name); break;
    case 'Ingress': {
      const backend = (b: Backend | undefined, path?: string): void => found.add('v1', 'Service', b?.service?.name, path === undefined ? {} : { note: path });
      backend(spec?.defaultBackend);
      for (const p of (spec?.rules ?? []).flatMap(r => r.http?.paths ?? [])) backend(p.backend, p.path);
      for (const t of spec?.tls ?? []) found.add('v1', 'Secret', t.secretName, { note: 'TLS' });
      found.add('networking.k8s.io/v1', 'IngressClass', spec?.ingressClassName);
      break;
    }
    case 'RoleBinding': case 'ClusterRoleBinding':
      found.add('rbac.authorization.k8s.io/v1', o.roleRef?.kind ?? '', o.roleRef?.name);
      for (const s of o.subjects ?? []) if (s.kind === 'ServiceAccount') found.add('v1', 'ServiceAccount', s.name, { namespace: s.namespace });
      break;
    case 'EndpointSlice': found.add('v1', 'Service', object.metadata?.labels?.['kubernetes.io/service-name']); break;
    case 'Endpoints': found.add('v1', 'Service', object.metadata?.name); break;
    case 'ServiceAccount': for (const s of o.secrets ?? []) found.add('v1', 'Secret', s.name); break;
    case 'Event': { const ref = o.involvedObject ?? o.regarding; found.add(ref?.apiVersion ?? 'v1', ref?.kind ?? '', ref?.name, { namespace: ref?.namespace }); break; }
    default:
  }
  return found.list;
}

const USED: ReadonlySet<string> = new Set(['ConfigMap', 'Secret', 'PersistentVolumeClaim', 'ServiceAccount']);
/** Kinds that pods of the same namespace may use. */
export const isUsable = (kind: string): boolean => USED.has(kind);
/** Whether a pod spec uses this object. */
export const uses = (spec: PodSpec | undefined, object: { kind: string; name: string }): boolean =>
  spec !== undefined && usedBy(spec).some(l => l.kind.kind === object.kind && l.name === object.name);

export const selects = (selector: Readonly<Record<string, string>> | undefined, labels: Readonly<Record<string, string>>): boolean =>
  selector !== undefined && Object.keys(selector).length > 0 && Object.entries(selector).every(([k, v]) => labels[k] === v);

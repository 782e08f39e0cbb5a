// The words every room speaks: objects, lists, watch events, references.
import type { ListMeta, ObjectMeta } from '../types/kubernetes.ts';

export type { ListMeta, ObjectMeta, OwnerReference } from '../types/kubernetes.ts';

/** Any Kubernetes object. `metadata` is always there once an object has passed the server's door. */
export interface KubeObject {
  apiVersion?: string;
  kind?: string;
  metadata?: ObjectMeta;
}

/** An object whose type is not known: what the wire brings before it is parsed, and custom resources. */
export interface Unstructured extends KubeObject {
  [field: string]: unknown;
}

export interface KubeList<T extends KubeObject = KubeObject> {
  apiVersion?: string;
  kind?: string;
  metadata?: ListMeta;
  items: T[];
}

/** One event of a watch, as on the wire. BOOKMARK carries only kind, apiVersion and metadata; ERROR carries a Status. */
export interface WatchEvent<T extends KubeObject = KubeObject> {
  type: 'ADDED' | 'MODIFIED' | 'DELETED' | 'BOOKMARK' | 'ERROR';
  object: T;
}

/** What identifies a resource on the wire. A KindSpec is one; clients need no more than this. */
export interface ResourceType {
  /** '' for the core group. */
  readonly group: string;
  readonly version: string;
  readonly kind: string;
  /** The plural in URLs: `pods`. */
  readonly plural: string;
  readonly namespaced: boolean;
}

/** `v1`, `apps/v1`. */
export const apiVersionOf = (r: { group: string; version: string }): string => (r.group === '' ? r.version : `${r.group}/${r.version}`);

/** `/api/v1/namespaces/NS/pods[/NAME[/SUB]]`; without a namespace a namespaced resource addresses all namespaces. */
export function resourcePath(r: ResourceType, namespace?: string, name?: string, subresource?: string): string {
  const root = r.group === '' ? `/api/${r.version}` : `/apis/${r.group}/${r.version}`;
  let path = r.namespaced && namespace ? `${root}/namespaces/${encodeURIComponent(namespace)}/${r.plural}` : `${root}/${r.plural}`;
  if (name !== undefined) path += `/${encodeURIComponent(name)}`;
  if (subresource !== undefined) path += `/${subresource}`;
  return path;
}

/** `ns/name`, or `name` for a cluster-scoped object: the key of queues and indexes. */
export function objectKey(o: KubeObject): string {
  const m = o.metadata;
  return m?.namespace ? `${m.namespace}/${m.name ?? ''}` : (m?.name ?? '');
}

/** The parts of `objectKey`. */
export function splitKey(key: string): { namespace: string; name: string } {
  const i = key.indexOf('/');
  return i < 0 ? { namespace: '', name: key } : { namespace: key.slice(0, i), name: key.slice(i + 1) };
}

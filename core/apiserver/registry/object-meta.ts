// Metadata the server owns (contract 5.1 to 5.5).
import { forbidden, type FieldError } from '../../api/meta/field-error.ts';
import type { KubeObject, ObjectMeta } from '../../api/meta/object.ts';
import { conflict, failure } from '../../api/meta/status.ts';
import { equal, equalExcept } from '../../api/meta/clone.ts';
import { timestamp } from './env.ts';
import type { Resource } from './resource.ts';

/** Makes `object`'s metadata that of a new object: identity and age are the server's, deletion and history are cleared. */
export function beginObject(object: KubeObject, resource: Resource, uid: string, nowMs: number): void {
  const given = object.metadata!;
  if (given.resourceVersion !== undefined && given.resourceVersion !== '' && given.resourceVersion !== '0') throw failure(500, 'InternalError', 'resourceVersion should not be set on objects to be created');
  const m: ObjectMeta = { ...given };
  for (const k of ['resourceVersion', 'uid', 'creationTimestamp', 'deletionTimestamp', 'deletionGracePeriodSeconds', 'selfLink', 'managedFields', 'generation'] as const) delete m[k];
  tidy(m);
  m.uid = uid;
  m.creationTimestamp = timestamp(nowMs);
  if (resource.spec.generation) m.generation = 1;
  object.metadata = m;
}

/** Drops what Go's omitempty would. */
function tidy(m: ObjectMeta): void {
  for (const k of ['labels', 'annotations'] as const) if (m[k] && Object.keys(m[k]).length === 0) delete m[k];
  for (const k of ['finalizers', 'ownerReferences'] as const) if (m[k] && m[k].length === 0) delete m[k];
  for (const k of Object.keys(m) as (keyof ObjectMeta)[]) if (m[k] === null || m[k] === '') delete m[k];
}

/** Gives an update the metadata its author cannot change. Throws 409 when it names another uid. */
export function carryMeta(next: KubeObject, prev: KubeObject, resource: Resource): void {
  const p = prev.metadata!, m: ObjectMeta = { ...next.metadata };
  if (m.uid && m.uid !== p.uid) {
    throw conflict(resource.spec, p.name!, `Precondition failed: UID in precondition: ${m.uid}, UID in object meta: ${p.uid}`);
  }
  for (const k of ['uid', 'creationTimestamp', 'deletionTimestamp', 'deletionGracePeriodSeconds', 'generation', 'name', 'namespace', 'generateName'] as const) {
    if (p[k] === undefined) delete m[k]; else (m as Record<string, unknown>)[k] = p[k];
  }
  delete m.selfLink;
  delete m.managedFields;
  tidy(m);
  next.metadata = m;
}

/** Drops owner references that repeat an earlier one to the letter, and warns of them (5.11). */
export function dedupOwners(object: KubeObject, warnings: string[]): void {
  const owners = object.metadata!.ownerReferences;
  if (!owners || owners.length < 2) return;
  const kept: typeof owners = [], twice = new Set<string>();
  for (const o of owners) {
    if (kept.some(k => k.uid === o.uid && equal(k, o))) twice.add(o.uid); else kept.push(o);
  }
  if (twice.size === 0) return;
  object.metadata!.ownerReferences = kept;
  warnings.push(`metadata.ownerReferences contains duplicate entries; API server dedups owner references in 1.20+, and may reject such requests as early as 1.24; please fix your requests; duplicate UID(s) observed: ${[...twice].join(', ')}`);
}

/** Counts a change of anything but metadata and status. */
export function bumpGeneration(next: KubeObject, prev: KubeObject): void {
  if (!equalExcept(next, prev, 'metadata', 'status', 'kind', 'apiVersion')) next.metadata!.generation = (prev.metadata!.generation ?? 0) + 1;
}

/** Rules of metadata between two states; the rest of it is validated with the kind. */
export function metaUpdateErrors(next: KubeObject, prev: KubeObject): FieldError[] {
  const p = prev.metadata!, m = next.metadata!;
  if (p.deletionTimestamp === undefined) return [];
  const added = (m.finalizers ?? []).filter(f => !p.finalizers?.includes(f));
  return added.length === 0 ? [] : [forbidden('metadata.finalizers', `no new finalizers can be added if the object is being deleted, found new finalizers []string{${added.map(f => JSON.stringify(f)).join(', ')}}`)];
}

/** Nothing a client could see differs, resourceVersion aside (trap 14). */
export function unchanged(next: KubeObject, prev: KubeObject): boolean {
  const { resourceVersion: _n, ...a } = next.metadata!, { resourceVersion: _p, ...b } = prev.metadata!;
  return equal(a, b) && equalExcept(next, prev, 'metadata', 'kind', 'apiVersion');
}

/** `["kubernetes"]` of a namespace and metadata.finalizers of anything: what keeps a deleted object standing. */
export function finalizersLeft(object: KubeObject, resource: Resource): boolean {
  if ((object.metadata!.finalizers?.length ?? 0) > 0) return true;
  return isNamespace(resource) && ((object as { spec?: { finalizers?: string[] } }).spec?.finalizers?.length ?? 0) > 0;
}

export const isNamespace = (r: Resource): boolean => r.spec.group === '' && r.spec.plural === 'namespaces';

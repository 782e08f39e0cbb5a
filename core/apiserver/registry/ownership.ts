// metadata.managedFields on every write: whose fields a change took (contract 5.12, 7.12). Applies are in apply.ts.
import type { KubeObject } from '../../api/meta/object.ts';
import { equal } from '../../api/meta/clone.ts';
import { compare, type Comparison } from '../../api/meta/managed-fields/compare.ts';
import { difference, isEmpty } from '../../api/meta/managed-fields/field-set.ts';
import { givenEntries, setOf, updated, type Entry, type Manager } from '../../api/meta/managed-fields/managers.ts';
import type { ManagedFieldsEntry, ObjectMeta } from '../../api/types/kubernetes.ts';
import { customOf } from '../crd/custom-kind.ts';
import { timestamp, type RegistryEnv } from './env.ts';
import { resourceFields } from './field-schema.ts';
import type { Resource } from './resource.ts';

export type Owners = readonly Entry[];
const NONE: Owners = [];
type Obj = Readonly<Record<string, unknown>>;

export const ownersOf = (object: KubeObject): Owners => object.metadata?.managedFields ?? NONE;

/** Puts the entries into the object's metadata, or none. Entries are shared between versions and never changed. */
export function setOwners(object: KubeObject, owners: Owners): void {
  const m = object.metadata!;
  if (owners.length === 0) delete m.managedFields; else m.managedFields = owners as ManagedFieldsEntry[];
}

/** A write of /status changes nothing else, not even metadata. */
export const statusAlone = ({ spec }: Resource): boolean => !spec.prepareForStatusUpdate && (spec.statusOnly === true || customOf(spec) !== undefined);

/** Top-level fields a write through this door can change; what it ignores is nobody's (status through the object, spec through /status). */
export function writes(resource: Resource, subresource: string): ((field: string) => boolean) | undefined {
  const { spec } = resource;
  if (subresource === 'status') return !statusAlone(resource) ? field => field === 'status' || field === 'metadata' : field => field === 'status';
  if (subresource === '' && spec.subresources.some(s => s.name === 'status')) return field => field !== 'status';
  return undefined;
}

/** The object without what the server says of it: cheaper to compare. */
function plain(object: KubeObject): Obj {
  const { managedFields: _m, resourceVersion: _r, uid: _u, creationTimestamp: _c, generation: _g, ...metadata } = object.metadata ?? {} as ObjectMeta;
  return { ...object, metadata };
}

export const managerOf = (resource: Resource, manager: string, operation: 'Apply' | 'Update', subresource: string): Manager => ({ manager: manager || 'unknown', operation, apiVersion: resource.apiVersion, subresource });

/** The owners of a new object. `given` is what its author wrote into managedFields. */
export function ownersOnCreate(env: RegistryEnv, resource: Resource, object: KubeObject, given: unknown, manager: string): Owners {
  const entries = given === undefined ? NONE : givenEntries(given);
  if (entries === 'reset') return NONE;
  const { changed } = compare(resourceFields(resource), {}, plain(object), writes(resource, ''));
  const m = managerOf(resource, manager, 'Update', ''), time = timestamp(env.clock.now());
  return updated(entries ?? NONE, m, changed, {}, time, true);
}

/**
 * The owners after an update: `given` (undefined: none) replaces those that are where it can be read, as migrating clients want it;
 * one empty entry clears them. The same array when nobody gained or lost anything.
 */
export function ownersOnUpdate(env: RegistryEnv, resource: Resource, prev: KubeObject, next: KubeObject, given: unknown, manager: string, subresource: string): Owners {
  const before = ownersOf(prev);
  let entries = before;
  if (subresource === '' && given !== undefined && given !== before && !equal(given, before)) {
    const read = givenEntries(given);
    if (read === 'reset') return NONE;
    entries = read ?? before;
  }
  if (entries.length === 0) return entries;
  const only = writes(resource, subresource), a = plain(prev), b = plain(next);
  const base = compare(resourceFields(resource), a, b, only);
  if (isEmpty(base.changed) && isEmpty(base.removed)) return entries;
  const m = managerOf(resource, manager, 'Update', subresource), time = timestamp(env.clock.now());
  if (entries.every(e => e.apiVersion === resource.apiVersion)) return updated(entries, m, base.changed, base.removed, time, false);
  // Others' fields are named as their version names them.
  const versions = new Versions(env, resource, prev, next, base, only);
  const known = versions.adjusted(entries);
  return updated(known, m, base.changed, base.removed, time, false);
}

/** One change as each version of the kind sees it, compared when it is first asked for. */
export class Versions {
  readonly #env: RegistryEnv;
  readonly #resource: Resource;
  readonly #prev: KubeObject;
  readonly #next: KubeObject;
  readonly #only: ((field: string) => boolean) | undefined;
  readonly #seen = new Map<string, Comparison | undefined>();

  constructor(env: RegistryEnv, resource: Resource, prev: KubeObject, next: KubeObject, own: Comparison, only: ((field: string) => boolean) | undefined) {
    this.#env = env; this.#resource = resource; this.#prev = prev; this.#next = next; this.#only = only;
    this.#seen.set(resource.apiVersion, own);
  }

  /** Undefined for versions that are not served: who owned something there owns it no more. */
  in(apiVersion: string): Comparison | undefined {
    if (this.#seen.has(apiVersion)) return this.#seen.get(apiVersion);
    const to = sibling(this.#env, this.#resource, apiVersion);
    const c = to && compare(resourceFields(to), plain(converted(this.#prev, this.#resource, to)), plain(converted(this.#next, this.#resource, to)), this.#only);
    this.#seen.set(apiVersion, c);
    return c;
  }

  /** Entries of other versions after the change, those of this one as they were. */
  adjusted(entries: Owners): Owners {
    const out: Entry[] = [];
    for (const e of entries) {
      if (e.apiVersion === this.#resource.apiVersion) { out.push(e); continue; }
      const c = this.in(e.apiVersion ?? '');
      if (c === undefined) continue;
      const after = difference(difference(setOf(e), c.changed), c.removed);
      if (!isEmpty(after)) out.push(after === setOf(e) ? e : { ...e, fieldsV1: after });
    }
    return out;
  }
}

/** The same objects in another served version; undefined when there is none. */
export function sibling(env: RegistryEnv, resource: Resource, apiVersion: string): Resource | undefined {
  if (apiVersion === resource.apiVersion) return resource;
  return env.sharing(resource).find(r => r.apiVersion === apiVersion);
}

/** `object` of `from` as `to` sees it; shared parts, `object` stays as it is. */
export function converted(object: KubeObject, from: Resource, to: Resource): KubeObject {
  if (from === to) return object;
  const stored = from.view ? from.view.toStored({ ...object }) : object;
  const seen = to.view ? to.view.fromStored(stored) : stored;
  return { ...seen, apiVersion: to.apiVersion, kind: to.spec.kind };
}


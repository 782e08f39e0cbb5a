// Objects of a resource by one field, for selectors that are asked all the time (a node's pods). Built when first asked for, then
// kept by a watch: it changes in the same turn in which the store shows a write.
import type { KubeObject } from '../../api/meta/object.ts';
import type { Entry, Store } from '../../store/store.ts';
import type { Resource } from './resource.ts';

/** Fields worth an index, by resource. */
const INDEXED: Readonly<Record<string, readonly string[]>> = { '/pods': ['spec.nodeName'], '/events': ['involvedObject.uid', 'involvedObject.name'] };

class FieldIndex {
  readonly #keys = new Map<string, Set<string>>();
  readonly #valueOf = new Map<string, string>();

  constructor(store: Store, resource: Resource, read: (o: KubeObject) => string) {
    const all = store.range({ prefix: resource.prefix });
    for (const e of all.entries) this.#set(e.key, read(resource.objectOf(e)));
    store.watch(resource.prefix, all.revision, events => {
      for (const e of events) this.#set(e.entry.key, e.type === 'DELETE' ? undefined : read(resource.objectOf(e.entry)));
    });
  }

  /** Keys in byte order. */
  keys(value: string): string[] { return [...(this.#keys.get(value) ?? [])].sort(); }

  #set(key: string, value: string | undefined): void {
    const old = this.#valueOf.get(key);
    if (old === value) return;
    if (old !== undefined) {
      const set = this.#keys.get(old)!;
      set.delete(key);
      if (set.size === 0) this.#keys.delete(old);
    }
    if (value === undefined) { this.#valueOf.delete(key); return; }
    this.#valueOf.set(key, value);
    const set = this.#keys.get(value);
    if (set) set.add(key); else this.#keys.set(value, new Set([key]));
  }
}

const indexes = new WeakMap<Store, Map<string, FieldIndex>>();

/** The candidates for a selector that pins an indexed field, in key order; undefined when it pins none. */
export function candidates(store: Store, resource: Resource, prefix: string, pinned: ((field: string) => string | undefined) | undefined): Entry[] | undefined {
  const fields = pinned && !resource.view ? INDEXED[`${resource.spec.group}/${resource.spec.plural}`] : undefined;
  if (!fields) return undefined;
  for (const field of fields) {
    const value = pinned!(field), read = resource.spec.fields?.[field];
    if (value === undefined || value === '' || !read) continue;
    let mine = indexes.get(store);
    if (!mine) indexes.set(store, mine = new Map());
    const id = `${resource.prefix} ${field}`;
    let index = mine.get(id);
    if (!index) mine.set(id, index = new FieldIndex(store, resource, read));
    return index.keys(value).filter(k => k.startsWith(prefix)).flatMap(k => store.get(k) ?? []);
  }
  return undefined;
}

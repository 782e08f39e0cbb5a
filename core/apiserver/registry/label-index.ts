// Objects of a resource by their labels, for selectors that pick few of many. Built when a selector is first asked of a resource with
// many objects, then kept by a watch: it changes in the same turn in which the store shows a write.
import type { Requirement } from '../../api/meta/labels.ts';
import type { Entry, Store } from '../../store/store.ts';
import type { Resource } from './resource.ts';

/** With fewer objects looking at each costs less than keeping an index. */
const WORTH = 500;
/** A selector that picks more than this part of the objects is as fast by looking at all of them, which come sorted. */
const FEW = 0.25;

type Labels = Readonly<Record<string, string>>;

class LabelIndex {
  /** label -> value -> keys. */
  readonly #keys = new Map<string, Map<string, Set<string>>>();
  readonly #labelsOf = new Map<string, Labels>();

  constructor(store: Store, resource: Resource) {
    const labels = (e: Entry): Labels | undefined => resource.objectOf(e).metadata?.labels;
    const all = store.range({ prefix: resource.prefix });
    for (const e of all.entries) this.#set(e.key, labels(e));
    store.watch(resource.prefix, all.revision, events => {
      for (const e of events) this.#set(e.entry.key, e.type === 'DELETE' ? undefined : labels(e.entry));
    });
  }

  /** How many objects carry one of `values`. */
  count(r: Requirement): number { return this.#sets(r).reduce((n, s) => n + s.size, 0); }

  /** Keys of the objects that carry one of `values`, in byte order of the store's keys as long as these are ASCII, which names are. */
  keys(r: Requirement): string[] {
    const sets = this.#sets(r);
    return (sets.length === 1 ? [...sets[0]!] : sets.flatMap(s => [...s])).sort();
  }

  #sets(r: Requirement): Set<string>[] {
    const values = this.#keys.get(r.key);
    return values ? [...new Set(r.values)].flatMap(v => values.get(v) ?? []) : [];
  }

  #set(key: string, labels: Labels | undefined): void {
    const old = this.#labelsOf.get(key);
    if (old === labels) return;
    for (const name in old) if (labels?.[name] !== old[name]) this.#remove(name, old[name]!, key);
    for (const name in labels) if (old?.[name] !== labels[name]) this.#add(name, labels[name]!, key);
    if (labels === undefined) this.#labelsOf.delete(key); else this.#labelsOf.set(key, labels);
  }

  #add(name: string, value: string, key: string): void {
    let values = this.#keys.get(name);
    if (!values) this.#keys.set(name, values = new Map());
    const set = values.get(value);
    if (set) set.add(key); else values.set(value, new Set([key]));
  }

  #remove(name: string, value: string, key: string): void {
    const values = this.#keys.get(name), set = values?.get(value);
    if (!values || !set) return;
    set.delete(key);
    if (set.size > 0) return;
    values.delete(value);
    if (values.size === 0) this.#keys.delete(name);
  }
}

const indexes = new WeakMap<Store, Map<string, LabelIndex>>();
const PINS = new Set(['=', '==', 'in']);

/**
 * Candidates for a label selector in key order, newest state: a superset of what matches. undefined when no requirement names values,
 * when the resource is small, and when most of it would be picked: then looking at everything is the way.
 */
export function labelled(store: Store, resource: Resource, prefix: string, requirements: readonly Requirement[]): Entry[] | undefined {
  const pinning = requirements.filter(r => PINS.has(r.operator));
  if (pinning.length === 0 || resource.view) return undefined;
  const total = store.count(prefix);
  if (total < WORTH) return undefined;
  let mine = indexes.get(store);
  if (!mine) indexes.set(store, mine = new Map());
  let index = mine.get(resource.prefix);
  if (!index) mine.set(resource.prefix, index = new LabelIndex(store, resource));
  let best: Requirement | undefined, least = total * FEW;
  for (const r of pinning) {
    const n = index.count(r);
    if (n <= least) { least = n; best = r; }
  }
  if (best === undefined) return undefined;
  return index.keys(best).filter(k => k.startsWith(prefix)).flatMap(k => store.get(k) ?? []);
}

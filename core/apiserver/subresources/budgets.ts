// The disruption budgets over a pod, found by its labels: an eviction costs what those cost, however many a namespace has.
import { nothing, selectorFrom, type LabelMap, type Selector } from '../../api/meta/labels.ts';
import type { PodDisruptionBudget } from '../../api/types/kubernetes.ts';
import { Selected } from '../../base/selected.ts';
import type { Entry, Store } from '../../store/store.ts';
import type { Resource } from '../registry/resource.ts';

interface Filed { readonly namespace: string; readonly selector: Selector }

class Budgets {
  readonly #filed = new Map<string, Filed>();
  readonly #selected = new Selected<string>();

  constructor(store: Store, resource: Resource) {
    const file = (e: Entry): Filed => {
      const { metadata, spec } = resource.objectOf(e) as PodDisruptionBudget;
      return { namespace: metadata!.namespace!, selector: selectorFrom(spec?.selector) };
    };
    const all = store.range({ prefix: resource.prefix });
    for (const e of all.entries) this.#set(e.key, file(e));
    store.watch(resource.prefix, all.revision, events => { for (const e of events) this.#set(e.entry.key, e.type === 'DELETE' ? undefined : file(e.entry)); });
  }

  #set(key: string, next: Filed | undefined): void {
    const old = this.#filed.get(key);
    if (old) { this.#filed.delete(key); this.#selected.delete(key, [old.namespace], old.selector); }
    if (!next || next.selector === nothing) return;
    this.#filed.set(key, next);
    this.#selected.add(key, [next.namespace], next.selector);
  }

  /** Keys in byte order. */
  over(namespace: string, labels: LabelMap): string[] {
    return [...this.#selected.about({ namespace, labels })].filter(key => this.#filed.get(key)!.selector.matches(labels)).sort();
  }
}

const known = new WeakMap<Store, Budgets>();

/** Budgets that select a pod of these labels, in key order, newest state. The index is made when it is first asked, then kept by a watch. */
export function budgetsOver(store: Store, resource: Resource, namespace: string, labels: LabelMap): Entry[] {
  let budgets = known.get(store);
  if (!budgets) known.set(store, budgets = new Budgets(store, resource));
  return budgets.over(namespace, labels).flatMap(key => store.get(key) ?? []);
}

// Things that select objects, found by the object: each is filed under one label its selector asks for, so that an object meets only those
// that may select it, however many there are.
import type { LabelMap, Selector } from '../api/meta/labels.ts';

const ANYWHERE = '*';

/** Where a selector is filed: under `key=value` it requires, '' where it requires none. */
function fileOf(s: Selector): string {
  for (const r of s.requirements) if ((r.operator === '=' || r.operator === '==' || r.operator === 'in') && r.values.length === 1) return `${r.key}=${r.values[0]!}`;
  return '';
}

export class Selected<T> {
  readonly #files = new Map<string, Set<T>>();
  #size = 0;
  get size(): number { return this.#size; }

  /** `namespaces`: the only ones its objects may be in; undefined for any. */
  add(thing: T, namespaces: Iterable<string> | undefined, selector: Selector): void {
    this.#size++;
    for (const ns of namespaces ?? [ANYWHERE]) {
      const name = `${ns}|${fileOf(selector)}`, file = this.#files.get(name);
      if (file) file.add(thing); else this.#files.set(name, new Set([thing]));
    }
  }
  delete(thing: T, namespaces: Iterable<string> | undefined, selector: Selector): void {
    this.#size--;
    for (const ns of namespaces ?? [ANYWHERE]) {
      const name = `${ns}|${fileOf(selector)}`, file = this.#files.get(name);
      if (file?.delete(thing) && file.size === 0) this.#files.delete(name);
    }
  }
  /** Those that may select an object; whether they do is still to be asked. */
  *about(o: { readonly namespace: string; readonly labels: LabelMap }): Generator<T> {
    if (this.#size === 0) return;
    for (const ns of [o.namespace, ANYWHERE]) {
      yield* this.#files.get(`${ns}|`) ?? [];
      for (const key in o.labels) yield* this.#files.get(`${ns}|${key}=${o.labels[key]!}`) ?? [];
    }
  }
}

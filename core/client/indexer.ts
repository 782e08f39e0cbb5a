// The cache behind an informer: objects by key, by namespace and under named indexes, each in constant time per change.
import { objectKey, type KubeObject } from '../api/meta/object.ts';
import type { Lister } from './informer.ts';

interface Index<T extends KubeObject> {
  readonly keysOf: (object: T) => readonly string[];
  /** What an object was filed under, so that it is found again even if `keysOf` would answer differently by now. */
  readonly filed: Map<string, readonly string[]>;
  readonly values: Map<string, Map<string, T>>;
}

function file<T extends KubeObject>(ix: Index<T>, key: string, next: T | undefined): void {
  const before = ix.filed.get(key);
  const after = next ? ix.keysOf(next) : undefined;
  for (const v of before ?? []) {
    if (after?.includes(v)) continue;
    const held = ix.values.get(v);
    held?.delete(key);
    if (held?.size === 0) ix.values.delete(v);
  }
  // What is filed nowhere takes no room.
  if (!next || !after || after.length === 0) { if (before) ix.filed.delete(key); return; }
  ix.filed.set(key, after);
  for (const v of after) {
    let held = ix.values.get(v);
    if (!held) ix.values.set(v, held = new Map());
    held.set(key, next);
  }
}

const NAMESPACE = (o: KubeObject): readonly string[] => [o.metadata?.namespace ?? ''];

export class Indexer<T extends KubeObject> implements Lister<T> {
  readonly #objects = new Map<string, T>();
  readonly #indexes = new Map<string, Index<T>>();
  readonly #namespaces: Index<T> = { keysOf: NAMESPACE, filed: new Map(), values: new Map() };

  get size(): number { return this.#objects.size; }
  get(namespace: string | undefined, name: string): T | undefined { return this.#objects.get(namespace ? `${namespace}/${name}` : name); }
  getByKey(key: string): T | undefined { return this.#objects.get(key); }
  list(namespace?: string): T[] {
    if (namespace === undefined || namespace === '') return [...this.#objects.values()];
    return [...(this.#namespaces.values.get(namespace)?.values() ?? [])];
  }
  byIndex(index: string, value: string): T[] {
    const ix = this.#indexes.get(index);
    if (!ix) throw new Error(`no index is called ${index}`);
    return [...(ix.values.get(value)?.values() ?? [])];
  }
  countIn(index: string, value: string): number { return this.#indexes.get(index)?.values.get(value)?.size ?? 0; }
  valuesOf(index: string): string[] { return [...this.#indexes.get(index)?.values.keys() ?? []]; }
  keys(): IterableIterator<string> { return this.#objects.keys(); }

  /** Adding the same name again replaces nothing: the first definition stays, so that workers may share one. */
  addIndex(name: string, keysOf: (object: T) => readonly string[]): void {
    if (this.#indexes.has(name)) return;
    const ix: Index<T> = { keysOf, filed: new Map(), values: new Map() };
    this.#indexes.set(name, ix);
    for (const [key, o] of this.#objects) file(ix, key, o);
  }
  /** Returns what was there before. */
  set(object: T): T | undefined {
    const key = objectKey(object);
    const prev = this.#objects.get(key);
    this.#objects.set(key, object);
    this.#file(key, object);
    return prev;
  }
  delete(key: string): T | undefined {
    const prev = this.#objects.get(key);
    if (!this.#objects.delete(key)) return undefined;
    this.#file(key, undefined);
    return prev;
  }
  #file(key: string, object: T | undefined): void {
    file(this.#namespaces, key, object);
    for (const ix of this.#indexes.values()) file(ix, key, object);
  }
}

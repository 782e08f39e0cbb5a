// The cached view of one resource that workers read. Implementation: reflector.ts fills an Indexer, the informer fans out.
import type { KubeObject, ResourceType } from '../api/meta/object.ts';

/** Reads from the cache. Objects are shared and must not be mutated. */
export interface Lister<T extends KubeObject> {
  get(namespace: string | undefined, name: string): T | undefined;
  getByKey(key: string): T | undefined;
  /** All, or those of a namespace; O(result). */
  list(namespace?: string): T[];
  /** Objects under `value` of a named index added by `addIndex`; O(result). */
  byIndex(index: string, value: string): T[];
  /** How many there are under `value` of a named index. */
  countIn(index: string, value: string): number;
  /** The values of a named index under which there are any. */
  valuesOf(index: string): string[];
  readonly size: number;
}

export interface Handlers<T extends KubeObject> {
  add?(object: T): void;
  update?(next: T, prev: T): void;
  /** The last known state, also when the deletion was noticed only by a relist. */
  delete?(object: T): void;
}

export interface Informer<T extends KubeObject = KubeObject> {
  readonly resource: ResourceType;
  readonly lister: Lister<T>;
  /** Resolves when the first list has been delivered to every handler registered before. */
  readonly synced: Promise<void>;
  readonly hasSynced: boolean;
  /** Late handlers get an `add` per cached object at once. Returns an unsubscriber. */
  on(handlers: Handlers<T>): () => void;
  /** `keys` says under which values of index `name` an object is found. Call before start, or it walks the cache once. */
  addIndex(name: string, keys: (object: T) => readonly string[]): void;
}

/** One informer per resource and selector, shared by every worker of a process. */
export interface InformerFactory {
  for<T extends KubeObject>(r: ResourceType, o?: { namespace?: string; labelSelector?: string; fieldSelector?: string }): Informer<T>;
  /** Stops and forgets the informers of a resource that is served no more; who still holds one sees its last state. */
  drop(r: ResourceType): void;
  /** Starts what has been asked for and is not running; resolves when all have synced. */
  start(): Promise<void>;
  stop(): void;
}

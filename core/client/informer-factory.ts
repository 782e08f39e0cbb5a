// Shared informers: one reflector and one cache per resource and selector, however many workers read it.
import { apiVersionOf, objectKey, type KubeObject, type ResourceType } from '../api/meta/object.ts';
import type { Clock } from '../base/clock.ts';
import { deepFreeze } from '../base/deep-freeze.ts';
import type { Log } from '../base/log.ts';
import type { Client } from './client.ts';
import { Indexer } from './indexer.ts';
import type { Handlers, Informer, InformerFactory, Lister } from './informer.ts';
import { Reflector, type ReflectorSink } from './reflector.ts';

/** `random` spreads what many do at once; chance where nothing is said. */
export interface InformerFactoryOptions { clock: Clock; log: Log; random?: () => number }
type Selection = { namespace?: string; labelSelector?: string; fieldSelector?: string };

/** Informers over `client`. In-process workers of one process should share one factory. */
export function createInformerFactory(client: Client, o: InformerFactoryOptions): InformerFactory { return new Factory(client, o); }

class Factory implements InformerFactory {
  readonly #client: Client;
  readonly #o: InformerFactoryOptions;
  readonly #informers = new Map<string, SharedInformer<KubeObject>>();
  readonly #stop = Promise.withResolvers<void>();
  #stopped = false;
  constructor(client: Client, o: InformerFactoryOptions) { this.#client = client; this.#o = o; }

  for<T extends KubeObject>(r: ResourceType, s: Selection = {}): Informer<T> {
    const key = JSON.stringify([r.group, r.version, r.plural, s.namespace ?? '', s.labelSelector ?? '', s.fieldSelector ?? '']);
    let informer = this.#informers.get(key);
    if (!informer) this.#informers.set(key, informer = new SharedInformer<KubeObject>(this.#client, r, s, this.#o));
    // One map holds informers of every type; the caller names the type that belongs to `r`.
    return informer as unknown as Informer<T>;
  }

  drop(r: ResourceType): void {
    for (const [key, i] of this.#informers) {
      if (i.resource.group !== r.group || i.resource.version !== r.version || i.resource.plural !== r.plural) continue;
      this.#informers.delete(key);
      i.stop();
    }
  }

  async start(): Promise<void> {
    if (this.#stopped) return;
    const all = [...this.#informers.values()];
    for (const i of all) i.start();
    await Promise.race([Promise.all(all.map(i => i.synced)), this.#stop.promise]);
  }

  stop(): void {
    this.#stopped = true;
    for (const i of this.#informers.values()) i.stop();
    this.#stop.resolve();
  }
}

class SharedInformer<T extends KubeObject> implements Informer<T>, ReflectorSink<T> {
  readonly resource: ResourceType;
  readonly #indexer = new Indexer<T>();
  readonly #handlers = new Set<Handlers<T>>();
  readonly #reflector: Reflector<T>;
  readonly #synced = Promise.withResolvers<void>();
  readonly #log: Log;
  readonly #freeze = process.env['PILOTHOUSE_FREEZE'] === '1';
  #hasSynced = false;

  constructor(client: Client, resource: ResourceType, s: Selection, o: InformerFactoryOptions) {
    this.resource = resource;
    this.#log = o.log;
    this.#reflector = new Reflector<T>(client, resource, this, { ...s, ...o });
  }

  get lister(): Lister<T> { return this.#indexer; }
  get synced(): Promise<void> { return this.#synced.promise; }
  get hasSynced(): boolean { return this.#hasSynced; }
  start(): void { this.#reflector.start(); }
  stop(): void { this.#reflector.stop(); }
  addIndex(name: string, keys: (object: T) => readonly string[]): void { this.#indexer.addIndex(name, keys); }

  on(handlers: Handlers<T>): () => void {
    // A copy makes each registration its own, also of the same object.
    const own: Handlers<T> = { add: handlers.add?.bind(handlers), update: handlers.update?.bind(handlers), delete: handlers.delete?.bind(handlers) };
    this.#handlers.add(own);
    for (const o of this.#indexer.list()) this.#call(() => own.add?.(o));
    return () => { this.#handlers.delete(own); };
  }

  replace(objects: T[]): void {
    const present = new Set<string>();
    for (const o of objects) {
      present.add(objectKey(o));
      this.#put(o);
    }
    for (const key of this.#indexer.keys()) if (!present.has(key)) this.#remove(key, undefined);
    if (this.#hasSynced) return;
    this.#hasSynced = true;
    this.#synced.resolve();
  }

  apply(e: { type: 'ADDED' | 'MODIFIED' | 'DELETED'; object: T }): void {
    if (e.type === 'DELETED') this.#remove(objectKey(e.object), e.object);
    else this.#put(e.object);
  }

  #put(object: T): void {
    const known = this.#indexer.getByKey(objectKey(object));
    if (known?.metadata?.resourceVersion !== undefined && known.metadata.resourceVersion === object.metadata?.resourceVersion) return;
    // Another object under the same name: its deletion was missed, and whoever counts objects must hear of it.
    if (known && known.metadata?.uid !== object.metadata?.uid) this.#remove(objectKey(object), undefined);
    const next = this.#own(object);
    const prev = this.#indexer.set(next);
    for (const h of this.#handlers) this.#call(() => { if (prev) h.update?.(next, prev); else h.add?.(next); });
  }

  #remove(key: string, last: T | undefined): void {
    const known = this.#indexer.delete(key);
    if (!known) return;
    const object = last ? this.#own(last) : known;
    for (const h of this.#handlers) this.#call(() => h.delete?.(object));
  }

  /** Items of lists carry no kind on the wire; workers may rely on it. */
  #own(object: T): T {
    const named = object.kind ? object : { ...object, apiVersion: apiVersionOf(this.resource), kind: this.resource.kind };
    return this.#freeze ? deepFreeze(named) : named;
  }

  #call(handler: () => void): void {
    try { handler(); } catch (error) { this.#log.error('a handler threw', { resource: this.resource.plural, error }); }
  }
}

// One list+watch of a resource, kept for as long as any window looks at it, and healed when the connection breaks. Subscribers
// see a snapshot in chunks and then events; a relist reaches them as the differences only, so that nothing flickers.
import { objectKey, resourcePath, type KubeList, type KubeObject, type ResourceType, type WatchEvent } from '../../core/api/meta/object.ts';
import type { Clock } from '../../core/base/clock.ts';
import type { Log } from '../../core/base/log.ts';
import type { Transport } from '../../core/client/client.ts';
import { CHUNK, type Freshness } from '../contract/frames.ts';
import { wireErrorOf } from './wire-error.ts';

export interface Scope { resource: ResourceType; namespace?: string; labelSelector?: string; fieldSelector?: string }
export interface WatchSink {
  /** Objects as they are known; `done` once the server's list is complete. */
  snapshot(items: readonly KubeObject[], done: boolean): void;
  events(events: readonly WatchEvent<KubeObject>[]): void;
  state(state: Freshness): void;
}

/** Milliseconds events wait to travel together. */
const BATCH = 40;
/** A watch is asked to end after this many seconds and counted as dead this much later when it says nothing. */
const WATCH_SECONDS = 290;
const SILENCE = (WATCH_SECONDS + 20) * 1000;
const BACKOFF = [300, 700, 1500, 3000, 6000, 12_000, 20_000] as const;
/** Someone without the right may get it: ask again now and then. */
const FORBIDDEN_RETRY = 30_000;

interface Subscriber { sink: WatchSink; done: boolean }

/** A list+watch of one scope and its subscribers; begins at once, ends with `close`. */
export class SharedWatch {
  readonly scope: Scope;
  readonly objects = new Map<string, KubeObject>();
  readonly #slim: (object: KubeObject) => KubeObject;
  #transport: () => Promise<Transport>;
  #clock: Clock;
  #log: Log;
  #subscribers = new Set<Subscriber>();
  #state: Freshness;
  #listed = false;
  #pending: WatchEvent<KubeObject>[] = [];
  #flushTimer: { cancel(): void } | undefined;
  #stop = new AbortController();
  #wake: (() => void) | undefined;

  constructor(scope: Scope, transport: () => Promise<Transport>, clock: Clock, log: Log) {
    this.scope = scope;
    this.#slim = scope.resource.plural === 'customresourcedefinitions' && scope.fieldSelector === undefined ? o => withoutSchemas(slim(o)) : slim;
    this.#transport = transport;
    this.#clock = clock;
    this.#log = log;
    this.#state = { state: 'loading', since: clock.now() };
    void this.#run();
  }

  get size(): number { return this.#subscribers.size; }

  /** Delivers what is known at once, then all that follows. Returns the way out. */
  subscribe(sink: WatchSink): () => void {
    this.#flush();
    const subscriber: Subscriber = { sink, done: false };
    this.#subscribers.add(subscriber);
    sink.state(this.#state);
    if (this.objects.size > 0 || this.#listed) this.#deliver(subscriber, [...this.objects.values()], this.#listed);
    return () => { this.#subscribers.delete(subscriber); };
  }

  /** Ends a pause between attempts. */
  retry(): void { this.#wake?.(); }

  close(): void {
    this.#stop.abort();
    this.#flushTimer?.cancel();
    this.#wake?.();
    this.#subscribers.clear();
    this.objects.clear();
  }

  async #run(): Promise<void> {
    let version = '';
    let failures = 0;
    while (!this.#stop.signal.aborted) {
      const started = this.#clock.now();
      try {
        const transport = await this.#transport();
        if (version === '') {
          version = await this.#list(transport);
          failures = 0;
        } else if (this.#state.state !== 'live') {
          // A watch says nothing until something changes: ask for one object to know that the server is back.
          await transport.request({ method: 'GET', path: resourcePath(this.scope.resource, this.scope.namespace), query: { limit: '1' }, signal: this.#stop.signal });
        }
        this.#say({ state: 'live', since: this.#clock.now() });
        version = await this.#watch(transport, version, () => { failures = 0; });
        // A server that closes at once would be asked in a tight loop.
        if (this.#clock.now() - started < 1000) await this.#pause(BACKOFF[Math.min(failures++, BACKOFF.length - 1)]!);
      } catch (error) {
        if (this.#stop.signal.aborted) return;
        const wire = wireErrorOf(error);
        if (wire.code === 410) {
          version = '';
          this.#say({ state: 'catching-up', since: this.#clock.now(), reason: wire.message });
          if (failures++ === 0) continue;
        }
        await this.#suffer(wire, failures++);
      }
    }
  }

  /** Tells why there is no news and waits for the next attempt. */
  async #suffer(error: { code: number; reason: string; message: string }, failures: number): Promise<void> {
    const denied = error.code === 401 || error.code === 403;
    const refused = !denied && error.code >= 400 && error.code < 500 && error.code !== 410 && error.code !== 429;
    const base = denied || refused ? FORBIDDEN_RETRY : BACKOFF[Math.min(failures, BACKOFF.length - 1)]!;
    const wait = Math.round(base * (0.8 + Math.random() * 0.4));
    const now = this.#clock.now();
    const since = this.#state.state === 'stale' ? this.#state.since : now;
    this.#say({ state: denied ? 'forbidden' : refused ? 'failed' : 'stale', since, reason: error.message, code: error.code, retryAt: now + wait });
    this.#log.debug('watch waits', { resource: this.scope.resource.plural, reason: error.reason, message: error.message, wait });
    await this.#pause(wait);
  }

  /** Reads the whole list in pages; returns its resourceVersion. First list: pages are shown as they come. Relist: as differences. */
  async #list(transport: Transport): Promise<string> {
    const { resource, namespace, labelSelector, fieldSelector } = this.scope;
    const path = resourcePath(resource, namespace);
    const seen = new Set<string>();
    let token: string | undefined;
    let version: string;
    do {
      const page = await transport.request({ method: 'GET', path, query: { limit: String(CHUNK), continue: token, labelSelector, fieldSelector }, signal: this.#stop.signal }) as KubeList;
      version = page.metadata?.resourceVersion ?? '';
      token = page.metadata?.continue || undefined;
      const items = (page.items ?? []).map(this.#slim);
      for (const item of items) seen.add(objectKey(item));
      if (this.#listed) for (const item of items) this.#apply({ type: 'MODIFIED', object: item });
      else {
        for (const item of items) this.objects.set(objectKey(item), item);
        for (const s of this.#subscribers) this.#deliver(s, items, token === undefined);
      }
    } while (token !== undefined);
    for (const [key, object] of this.objects) if (!seen.has(key)) this.#apply({ type: 'DELETED', object });
    this.#listed = true;
    this.#flush();
    return version;
  }

  async #watch(transport: Transport, from: string, alive: () => void): Promise<string> {
    const { resource, namespace, labelSelector, fieldSelector } = this.scope;
    let version = from;
    const attempt = new AbortController();
    const onStop = (): void => attempt.abort();
    this.#stop.signal.addEventListener('abort', onStop);
    let watchdog = this.#clock.after(SILENCE, () => attempt.abort());
    let broken: unknown;
    try {
      await transport.watch(resourcePath(resource, namespace), {
        watch: 'true', resourceVersion: version, allowWatchBookmarks: 'true', timeoutSeconds: String(WATCH_SECONDS), labelSelector, fieldSelector,
      }, events => {
        watchdog.cancel();
        watchdog = this.#clock.after(SILENCE, () => attempt.abort());
        alive();
        for (const e of events) {
          if (e.type === 'ERROR') { broken = Object.assign(new Error('watch error'), { status: e.object }); attempt.abort(); return; }
          version = e.object.metadata?.resourceVersion ?? version;
          if (e.type !== 'BOOKMARK') this.#apply({ type: e.type, object: this.#slim(e.object) });
        }
      }, attempt.signal);
    } catch (error) {
      // Silence is a broken connection; an ERROR event is the server's word and goes first.
      if (broken === undefined && !attempt.signal.aborted) throw error;
    } finally {
      watchdog.cancel();
      this.#stop.signal.removeEventListener('abort', onStop);
    }
    if (broken !== undefined) throw broken;
    return version;
  }

  #apply(event: WatchEvent<KubeObject>): void {
    const key = objectKey(event.object);
    const known = this.objects.get(key);
    if (event.type === 'DELETED') {
      if (!known) return;
      this.objects.delete(key);
    } else {
      if (known && known.metadata?.uid === event.object.metadata?.uid && known.metadata?.resourceVersion === event.object.metadata?.resourceVersion) return;
      this.objects.set(key, event.object);
    }
    this.#pending.push({ type: event.type === 'DELETED' ? 'DELETED' : known ? 'MODIFIED' : 'ADDED', object: event.object });
    this.#flushTimer ??= this.#clock.after(BATCH, () => this.#flush());
  }

  #flush(): void {
    this.#flushTimer?.cancel();
    this.#flushTimer = undefined;
    if (this.#pending.length === 0) return;
    const events = this.#pending;
    this.#pending = [];
    for (const s of this.#subscribers) s.sink.events(events);
  }

  #deliver(s: Subscriber, items: readonly KubeObject[], complete: boolean): void {
    for (let i = 0; i < items.length || i === 0; i += CHUNK) {
      const last = i + CHUNK >= items.length;
      s.sink.snapshot(items.slice(i, i + CHUNK), last && complete);
    }
    s.done = complete;
  }

  #say(state: Freshness): void {
    if (state.state === this.#state.state && state.reason === this.#state.reason && state.retryAt === this.#state.retryAt) return;
    this.#state = state;
    this.#flush();
    for (const s of this.#subscribers) s.sink.state(state);
  }

  #pause(ms: number): Promise<void> {
    return new Promise(resolve => {
      const timer = this.#clock.after(ms, () => wake());
      const wake = (): void => { timer.cancel(); this.#wake = undefined; resolve(); };
      this.#wake = wake;
      if (this.#stop.signal.aborted) wake();
    });
  }
}

/** Nobody shows managedFields in a table; they are a third of an object. The editor reads its object afresh. */
function slim(object: KubeObject): KubeObject {
  if (object.metadata?.managedFields === undefined) return object;
  const { managedFields: _, ...metadata } = object.metadata;
  return { ...object, metadata };
}

/** Of a list of definitions nobody wants the schemas: a cluster with a few operators has tens of megabytes of them. */
function withoutSchemas(object: KubeObject): KubeObject {
  const { metadata, spec } = object as KubeObject & { spec?: { versions?: { schema?: unknown }[] } };
  const { [LAST_APPLIED]: _, ...annotations } = metadata?.annotations ?? {};
  const versions = spec?.versions?.map(({ schema: _schema, ...v }) => v);
  return { ...object, metadata: { ...metadata, annotations }, spec: { ...spec, versions } } as KubeObject;
}
const LAST_APPLIED = 'kubectl.kubernetes.io/last-applied-configuration';

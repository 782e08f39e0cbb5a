// Keeps a sink equal to a resource on the server: LIST, then WATCH from there, over and over. A stream that ends is taken up where it
// stopped; history that is gone (410) leads to a new list; failures wait, longer each time.
import { ApiError, statusOf, type Status } from '../api/meta/status.ts';
import { resourcePath, type KubeList, type KubeObject, type ResourceType, type WatchEvent } from '../api/meta/object.ts';
import { Backoff } from '../base/backoff.ts';
import type { Clock } from '../base/clock.ts';
import type { Log } from '../base/log.ts';
import type { Client } from './client.ts';

export interface ReflectorSink<T extends KubeObject> {
  /** The whole truth, after a list. */
  replace(objects: T[]): void;
  apply(event: { type: 'ADDED' | 'MODIFIED' | 'DELETED'; object: T }): void;
}

export interface ReflectorOptions { namespace?: string; labelSelector?: string; fieldSelector?: string; clock: Clock; log: Log; random?: () => number }

/** A stream that ended within this time without an event says that something is wrong with watching here. */
const SHORT_MS = 1000;

export class Reflector<T extends KubeObject> {
  readonly #client: Client;
  readonly #resource: ResourceType;
  readonly #sink: ReflectorSink<T>;
  readonly #o: ReflectorOptions;
  readonly #abort = new AbortController();
  readonly #backoff: Backoff;
  readonly #random: () => number;
  /** Where the next watch starts. */
  #version = '';
  /** What the next list asks for: 0 at first (any cached state will do), then never older than what was seen; '' = the newest. */
  #listVersion = '0';
  #started = false;

  constructor(client: Client, resource: ResourceType, sink: ReflectorSink<T>, o: ReflectorOptions) {
    this.#client = client;
    this.#resource = resource;
    this.#sink = sink;
    this.#o = o;
    this.#random = o.random ?? Math.random;
    this.#backoff = new Backoff(250, 30_000, this.#random);
  }

  start(): void {
    if (this.#started) return;
    this.#started = true;
    void this.#run();
  }
  /** Nothing reaches the sink afterwards. */
  stop(): void { this.#abort.abort(); }
  get #stopped(): boolean { return this.#abort.signal.aborted; }

  async #run(): Promise<void> {
    while (!this.#stopped) {
      try {
        await this.#list();
      } catch (error) {
        if (this.#stopped) return;
        if (isExpired(error) || isTooLarge(error)) this.#listVersion = '';
        await this.#failed('list failed', error);
        continue;
      }
      await this.#watchUntilStale();
    }
  }

  async #list(): Promise<void> {
    const { namespace, labelSelector, fieldSelector } = this.#o;
    const items: T[] = [];
    let next: string | undefined;
    let version: string | undefined;
    do {
      const page: KubeList<T> = await this.#client.list<T>(this.#resource, next ? { namespace, labelSelector, fieldSelector, continue: next, limit: 500 } : { namespace, labelSelector, fieldSelector, resourceVersion: this.#listVersion || undefined });
      for (const item of page.items ?? []) items.push(item);
      version = page.metadata?.resourceVersion;
      next = page.metadata?.continue || undefined;
    } while (next && !this.#stopped);
    if (this.#stopped) return;
    this.#version = this.#listVersion = version ?? '';
    this.#sink.replace(items);
  }

  /** Returns when a new list is needed. */
  async #watchUntilStale(): Promise<void> {
    const { namespace, labelSelector, fieldSelector, clock } = this.#o;
    while (!this.#stopped) {
      const startedAt = clock.now();
      let received = 0;
      let failure: unknown;
      // A stream of our own: an ERROR event ends it from this side.
      const stream = new AbortController();
      const onStop = (): void => stream.abort();
      this.#abort.signal.addEventListener('abort', onStop, { once: true });
      try {
        await this.#client.transport.watch(
          resourcePath(this.#resource, namespace),
          { labelSelector, fieldSelector, resourceVersion: this.#version, allowWatchBookmarks: 'true', timeoutSeconds: String(Math.floor(300 + this.#random() * 300)) },
          events => {
            for (const e of events) {
              if (this.#stopped || failure !== undefined) return;
              failure = this.#take(e as WatchEvent<T>);
              if (failure !== undefined) { stream.abort(); return; }
              received++;
            }
          },
          stream.signal,
        );
      } catch (error) {
        failure ??= error;
      } finally { this.#abort.signal.removeEventListener('abort', onStop); }
      if (this.#stopped) return;
      if (received > 0) this.#backoff.reset();
      if (failure === undefined) {
        if (received === 0 && clock.now() - startedAt < SHORT_MS) await this.#failed('watch ended at once', new Error('very short watch without events'));
        continue;
      }
      if (isExpired(failure)) {
        this.#o.log.debug('history is gone, listing again', { resource: this.#resource.plural, version: this.#version });
        this.#listVersion = '';
        return;
      }
      if (isTooLarge(failure)) this.#listVersion = '';
      await this.#failed('watch failed', failure);
      // The server's own word against this watch is settled by a list; a broken connection only needs another.
      if (failure instanceof ApiError && failure.code !== 429 && failure.code < 500) return;
      if (isTooLarge(failure)) return;
    }
  }

  /** Applies one event; a returned error ends the stream. */
  #take(e: WatchEvent<T>): unknown {
    if (e.type === 'ERROR') {
      const status = e.object as unknown as Status;
      return new ApiError({ ...status, code: status.code ?? 500 });
    }
    if (e.type !== 'BOOKMARK') this.#sink.apply({ type: e.type, object: e.object });
    const version = e.object.metadata?.resourceVersion;
    if (version) this.#version = this.#listVersion = version;
    return undefined;
  }

  async #failed(what: string, error: unknown): Promise<void> {
    const status = statusOf(error);
    const seconds = status.details?.retryAfterSeconds;
    const wait = Math.max(this.#backoff.next(), (seconds ?? 0) * 1000);
    this.#o.log.warn(what, { resource: this.#resource.plural, error: error instanceof Error ? error : String(error), retryMs: Math.round(wait) });
    const { signal } = this.#abort;
    await new Promise<void>(resolve => {
      const wake = (): void => {
        timer.cancel();
        signal.removeEventListener('abort', wake);
        resolve();
      };
      const timer = this.#o.clock.after(wait, wake);
      signal.addEventListener('abort', wake);
    });
  }
}

const isExpired = (e: unknown): boolean => e instanceof ApiError && (e.code === 410 || e.reason === 'Expired' || e.reason === 'Gone');
/** The server is behind what we saw (it lost its state, or we reached another one). */
const isTooLarge = (e: unknown): boolean => e instanceof ApiError && (e.status.details?.causes?.some(c => c.reason === 'ResourceVersionTooLarge') ?? false);

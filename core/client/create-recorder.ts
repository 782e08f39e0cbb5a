// Writes events as client-go's recorder does: the same event again counts up on one object, many alike are combined, and an object
// that produces too many is muted. Limits: 25 at once and one per 5 minutes per object; more than 10 alike within 10 minutes combine.
import type { KubeObject, ResourceType } from '../api/meta/object.ts';
import { ApiError, isNotFound } from '../api/meta/status.ts';
import type { CoreEvent } from '../api/types/kubernetes.ts';
import type { Clock } from '../base/clock.ts';
import type { Log } from '../base/log.ts';
import type { Client } from './client.ts';
import type { EventRecorder } from './recorder.ts';

export const EVENTS: ResourceType = { group: '', version: 'v1', kind: 'Event', plural: 'events', namespaced: true };
const BURST = 25;
const REFILL_MS = 300_000;
const ALIKE_MAX = 10;
const ALIKE_MS = 600_000;
/** Objects remembered; the oldest are forgotten first. */
const REMEMBER = 4096;
/** Events waiting to be written; more are dropped, since they must never hold a worker up. 2,000 pods starting at once make 8,000. */
const BACKLOG = 20_000;
/** Requests under way at once: in process they share a commit. */
const PARALLEL = 16;
const TRIES = 12;
const RETRY_MS = 10_000;

export interface RecorderOptions { component: string; /** Node name, for components that run per node. */ host?: string; clock: Clock; log: Log }

/** `idle` resolves when everything recorded so far has been written or given up. */
export function createRecorder(client: Client, o: RecorderOptions): EventRecorder & { idle(): Promise<void> } { return new Recorder(client, o); }

/** A Map that forgets what was not used for longest. */
class Recent<V> {
  readonly #map = new Map<string, V>();
  get(key: string): V | undefined {
    const v = this.#map.get(key);
    if (v !== undefined) { this.#map.delete(key); this.#map.set(key, v); }
    return v;
  }
  set(key: string, v: V): void {
    this.#map.delete(key);
    this.#map.set(key, v);
    if (this.#map.size > REMEMBER) this.#map.delete(this.#map.keys().next().value!);
  }
}

interface Written { name: string; count: number; first: string; /** resourceVersion is of no use: counts are only ours. */ created: boolean }

/** An event that waits; the same one again before its turn only counts. */
interface Waiting { readonly event: CoreEvent; readonly name: string; readonly first: string; last: string; message: string; count: number }

class Recorder implements EventRecorder {
  readonly #client: Client;
  readonly #o: RecorderOptions;
  readonly #tokens = new Recent<{ left: number; at: number }>();
  readonly #alike = new Recent<{ messages: Set<string>; at: number }>();
  readonly #written = new Recent<Written>();
  /** By what makes events the same, in the order of their first. */
  readonly #waiting = new Map<string, Waiting>();
  /** What is being written: the next of the same waits for it, as it counts on. */
  readonly #busy = new Set<string>();
  #idle: (() => void)[] = [];

  constructor(client: Client, o: RecorderOptions) { this.#client = client; this.#o = o; }
  idle(): Promise<void> { return this.#waiting.size + this.#busy.size === 0 ? Promise.resolve() : new Promise(resolve => { this.#idle.push(resolve); }); }

  event(regarding: KubeObject, type: 'Normal' | 'Warning', reason: string, message: string, fieldPath?: string): void {
    const m = regarding.metadata ?? {};
    const object = [regarding.kind, m.namespace, m.name, m.uid, regarding.apiVersion].join('\0');
    if (!this.#allowed(object)) return;
    const now = this.#o.clock.now();
    const alike = [object, fieldPath, type, reason].join('\0');
    const combined = this.#isFlood(alike, message, now);
    const text = combined ? `(combined from similar events): ${message}` : message;
    const stamp = new Date(now).toISOString().replace(/\.\d+Z$/, 'Z');
    const key = combined ? alike : `${alike}\0${text}`;
    const known = this.#waiting.get(key);
    if (known) { known.count++; known.last = stamp; known.message = text; return; }
    if (this.#waiting.size >= BACKLOG) { this.#o.log.warn('an event was dropped: too many are waiting', { reason, name: m.name }); return; }
    const namespace = m.namespace || 'default';
    this.#waiting.set(key, {
      // The name is fixed here, so that it carries the time of the event and not of its writing.
      name: `${m.name ?? ''}.${uniqueSuffix(now)}`, first: stamp, last: stamp, message: text, count: 1,
      event: {
        apiVersion: 'v1', kind: 'Event', metadata: { namespace },
        involvedObject: { kind: regarding.kind, namespace: m.namespace, name: m.name, uid: m.uid, apiVersion: regarding.apiVersion, resourceVersion: m.resourceVersion, fieldPath },
        reason, type, source: { component: this.#o.component, host: this.#o.host }, reportingComponent: this.#o.component, reportingInstance: this.#o.host ?? '',
      },
    });
    // Not in this turn: what happens in it may still count up.
    queueMicrotask(() => this.#begin());
  }

  #begin(): void {
    for (const [key, waiting] of this.#waiting) {
      if (this.#busy.size >= PARALLEL) return;
      if (this.#busy.has(key)) continue;
      this.#waiting.delete(key);
      this.#busy.add(key);
      void this.#write(key, waiting);
    }
  }

  async #write(key: string, e: Waiting): Promise<void> {
    try {
      const known = this.#written.get(key);
      const w: Written = known ? { ...known, count: known.count + e.count } : { name: e.name, count: e.count, first: e.first, created: false };
      const event: CoreEvent = { ...e.event, metadata: { ...e.event.metadata, name: w.name }, message: e.message, count: w.count, firstTimestamp: w.first, lastTimestamp: e.last };
      if (await this.#send(event, w)) this.#written.set(key, w);
    } catch (error) {
      this.#o.log.error('an event could not be written', { reason: e.event.reason, error });
    }
    this.#busy.delete(key);
    this.#begin();
    if (this.#waiting.size + this.#busy.size === 0) for (const done of this.#idle.splice(0)) done();
  }

  /** True when the event is on the server. */
  async #send(event: CoreEvent, w: Written): Promise<boolean> {
    const namespace = event.metadata?.namespace;
    for (let attempt = 1; ; attempt++) {
      try {
        if (w.created) {
          try {
            await this.#client.patch(EVENTS, namespace, w.name, 'application/merge-patch+json', { count: event.count, lastTimestamp: event.lastTimestamp, message: event.message });
            return true;
          } catch (error) {
            // It has expired meanwhile: start a new one that keeps the count.
            if (!isNotFound(error)) throw error;
            w.name = `${event.involvedObject?.name ?? ''}.${uniqueSuffix(this.#o.clock.now())}`;
            w.created = false;
          }
        }
        await this.#client.create(EVENTS, { ...event, metadata: { name: w.name, namespace } });
        w.created = true;
        return true;
      } catch (error) {
        if (error instanceof ApiError && error.code < 500 && error.code !== 429) {
          this.#o.log.debug('the server refused an event', { reason: event.reason, name: event.involvedObject?.name, error });
          return false;
        }
        if (attempt >= TRIES) throw error;
        await new Promise<void>(resolve => { this.#o.clock.after(RETRY_MS, resolve); });
      }
    }
  }

  #allowed(object: string): boolean {
    const now = this.#o.clock.now();
    const t = this.#tokens.get(object) ?? { left: BURST, at: now };
    const left = Math.min(BURST, t.left + (now - t.at) / REFILL_MS);
    this.#tokens.set(object, { left: left >= 1 ? left - 1 : left, at: now });
    return left >= 1;
  }

  #isFlood(alike: string, message: string, now: number): boolean {
    let a = this.#alike.get(alike);
    if (!a || now - a.at > ALIKE_MS) this.#alike.set(alike, a = { messages: new Set(), at: now });
    a.at = now;
    a.messages.add(message);
    if (a.messages.size <= ALIKE_MAX) return false;
    // One in, one out: the set says "more than ten", it does not grow.
    a.messages.delete(a.messages.values().next().value!);
    return true;
  }
}

let nanos = 0;
/** Nanoseconds in hex, made unique within this process: several recorders speak of one object in the same millisecond. */
function uniqueSuffix(now: number): string {
  nanos = (nanos + 1) % 1_000_000;
  return (BigInt(now) * 1_000_000n + BigInt(nanos)).toString(16);
}

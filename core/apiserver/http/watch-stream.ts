// A watch on the wire: one JSON line per event, headers at once, never buffered (contract 6.6 to 6.14, trap 17).
import type { ServerResponse } from 'node:http';
import type { Clock, Timer } from '../../base/clock.ts';
import type { Log } from '../../base/log.ts';
import { statusOf } from '../../api/meta/status.ts';
import type { Entry, StoreEvent } from '../../store/store.ts';
import type { WatchRequest } from '../context.ts';
import type { RegistryEnv } from '../registry/env.ts';
import type { Resource } from '../registry/resource.ts';
import { bookmark, openWatch, seen, type EventType, type LiveWatch } from '../registry/watch.ts';
import type { KubeObject } from '../../api/meta/object.ts';
import { watchFrame } from '../codec/protobuf-encode.ts';
import { PROTOBUF, type As } from './negotiate.ts';
import { partial, partialText } from './partial.ts';
import { tableBookmark, tableEvent, type Include } from './table.ts';

const BOOKMARK_MS = 60_000;
/** A client that lets this much pile up is cut off; it comes back with its last revision. */
const BACKLOG_BYTES = 16 << 20;
/** The state at the start goes out in pieces, as fast as the client takes them: however large it is, no more of it waits here. */
const INITIAL_CHUNK = 1 << 20;
/** Events that may wait until the state is out; they are the store's own, and cost next to nothing each. */
const INITIAL_BACKLOG = 20_000;

/** Batches are shared by all plain watchers of a prefix: joined once for each version of HTTP, written to each. */
const joined = new WeakMap<readonly StoreEvent[], { framed?: Buffer; bare?: Buffer }>();
/** What ends a body of HTTP/1.1 chunks. */
const LAST_CHUNK = '0\r\n\r\n';

/** One chunk of HTTP/1.1. */
function framed(parts: readonly Buffer[]): Buffer {
  const size = parts.reduce((n, p) => n + p.length, 0), head = `${size.toString(16)}\r\n`;
  const out = Buffer.allocUnsafe(head.length + size + 2);
  let at = out.write(head, 0, 'latin1');
  for (const p of parts) at += p.copy(out, at);
  out.write('\r\n', at, 'latin1');
  return out;
}
/** What hangs in StoreEvent.encoded: the line of each event type, for plain JSON. */
type Lines = Partial<Record<EventType, Buffer>> & { of?: Resource };

function line(resource: Resource, type: EventType, entry: Entry, event: StoreEvent): Buffer {
  // The state before, shown when an object stops matching, is rare and not worth keeping; a view's lines are its own.
  if (entry !== event.entry || resource.view) return resource.eventBytes(type, entry, event.revision);
  const lines = (event.encoded ??= { of: resource }) as Lines;
  // Made under an earlier form of a custom resource.
  if (lines.of !== resource) return resource.eventBytes(type, entry, event.revision);
  return (lines[type] ??= resource.eventBytes(type, entry, event.revision));
}

interface Shape { readonly as: As; readonly include: Include; /** Length-prefixed protobuf rather than lines of JSON. */ readonly binary: boolean }

/** One watch on one response: from the first event to the timeout, the client's leaving or an ERROR event. */
export class WatchStream {
  readonly #env: RegistryEnv;
  readonly #resource: Resource;
  readonly #w: WatchRequest;
  readonly #res: ServerResponse;
  readonly #shape: Shape;
  readonly #clock: Clock;
  #watcher: LiveWatch | undefined;
  #timers: Timer[] = [];
  #isFirst = true;
  /** What happened while the state at the start was still going out. */
  #early: (readonly StoreEvent[])[] | undefined = [];
  #earlyCount = 0;
  #closed = false;
  /** Chunks of HTTP/1.1 are framed here: once for all watchers of a batch, and as one write. */
  readonly #framed: boolean;
  readonly #onClose: () => void;

  /** Writes headers and the initial events, then lives until its time is over, the client leaves, or `close`. Throws before headers. */
  constructor(env: RegistryEnv, resource: Resource, w: WatchRequest, res: ServerResponse, shape: Shape, log: Log, onClose: () => void) {
    this.#env = env; this.#resource = resource; this.#w = w; this.#res = res; this.#shape = shape; this.#clock = env.clock; this.#onClose = onClose;
    // Opened first: a compacted start must still become a 410 answer.
    this.#watcher = openWatch(env, resource, w, events => this.#take(events));
    res.on('close', () => this.#stop());
    res.on('error', error => { log.debug('watch connection failed', { error }); this.#stop(); });
    res.writeHead(200, ['Content-Type', shape.binary ? `${PROTOBUF};stream=watch` : 'application/json', 'Cache-Control', 'no-cache, private']);
    res.flushHeaders();
    this.#framed = res.chunkedEncoding === true;
    if (this.#framed) res.chunkedEncoding = false;
    this.#initial(0);
    this.#timers.push(this.#clock.after(w.timeoutMs, () => this.close()));
    if (w.bookmarks) this.#armBookmark();
    const unsubscribe = resource.onRetired?.(() => this.close());
    if (unsubscribe) res.on('close', unsubscribe);
  }

  /** Ends the stream as at its timeout: a last bookmark, then EOF. */
  close(): void {
    if (this.#closed) return;
    if (this.#w.bookmarks && this.#early === undefined && !this.#watcher?.behind) this.#bookmark(this.#env.store.revision, false);
    this.#stop();
    this.#end();
  }

  #end(): void { if (this.#framed) this.#res.end(LAST_CHUNK, 'latin1'); else this.#res.end(); }

  #stop(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#watcher?.close();
    for (const t of this.#timers) t.cancel();
    this.#onClose();
  }

  #armBookmark(): void {
    const timer = this.#clock.after(BOOKMARK_MS * (0.9 + Math.random() * 0.2), () => {
      this.#timers = this.#timers.filter(t => t !== timer);
      // Never ahead of what has not been sent.
      if (this.#early === undefined && !this.#watcher?.behind) this.#bookmark(this.#env.store.revision, false);
      if (!this.#closed) this.#armBookmark();
    });
    this.#timers.push(timer);
  }

  /** Lines are the stored bytes. */
  get #plain(): boolean { return this.#shape.as === 'object' && !this.#shape.binary; }

  /** Sends the state from the entry at `from` on, then what happened meanwhile. */
  #initial(from: number): void {
    if (this.#closed) return;
    const { initial, initialBookmark } = this.#w;
    let chunk: Buffer[] = [], size = 0, at = from;
    for (; at < initial.length && size < INITIAL_CHUNK; at++) {
      const e = initial[at]!;
      const b = this.#plain ? this.#resource.eventBytes('ADDED', e) : this.#shaped('ADDED', e, e.revision);
      chunk.push(b);
      size += b.length;
    }
    const flows = size === 0 || this.#res.write(this.#chunk(chunk));
    chunk = [];
    if (at < initial.length) {
      if (flows) this.#initial(at); else this.#res.once('drain', () => this.#guarded(() => this.#initial(at)));
      return;
    }
    if (initialBookmark !== undefined) this.#bookmark(initialBookmark, true);
    const pending = this.#early ?? [];
    this.#early = undefined;
    for (const events of pending) this.#batch(events);
  }

  #take(events: readonly StoreEvent[]): void {
    if (this.#early === undefined) { this.#batch(events); return; }
    this.#early.push(events);
    this.#earlyCount += events.length;
    if (this.#earlyCount > INITIAL_BACKLOG) { this.#stop(); this.#res.destroy(); }
  }

  #batch(events: readonly StoreEvent[]): void {
    if (this.#closed) return;
    const r = this.#resource, w = this.#w;
    const plain = this.#plain;
    if (plain && !r.view && w.matches === undefined && w.key === undefined && events[0]!.revision > w.after) {
      let all = joined.get(events);
      if (all === undefined) joined.set(events, all = {});
      this.#send(all[this.#framed ? 'framed' : 'bare'] ??= this.#chunk(events.map(e => line(r, e.type === 'DELETE' ? 'DELETED' : e.prev === undefined ? 'ADDED' : 'MODIFIED', e.entry, e))));
      return;
    }
    const out: Buffer[] = [];
    try {
      for (const event of events) {
        const s = seen(r, w, event);
        if (s === undefined) continue;
        out.push(plain ? line(r, s.type, s.entry, event) : this.#shaped(s.type, s.entry, event.revision));
      }
    } catch (error) { this.#failed(error); return; }
    if (out.length > 0) this.#send(this.#chunk(out));
  }

  #guarded(work: () => void): void { try { work(); } catch (error) { this.#failed(error); } }

  /** A stored object this watcher cannot show: say so as the protocol does, and let it start anew. */
  #failed(error: unknown): void {
    this.#write(this.#shape.binary ? watchFrame('ERROR', statusOf(error) as KubeObject) : Buffer.from(`${JSON.stringify({ type: 'ERROR', object: statusOf(error) })}\n`));
    this.#stop();
    this.#end();
  }

  #shaped(type: EventType, entry: Entry, revision: number): Buffer {
    if (this.#shape.binary) {
      const object = this.#resource.objectAt(entry, revision);
      return watchFrame(type, this.#shape.as === 'object' ? object : partial(object));
    }
    const object = this.#shape.as === 'Table'
      ? tableEvent(this.#resource, entry, revision, this.#shape.include, this.#clock.now(), this.#isFirst)
      : partialText(this.#resource, entry, revision);
    this.#isFirst = false;
    return Buffer.from(`{"type":"${type}","object":${object}}\n`);
  }

  #bookmark(revision: number, endOfInitial: boolean): void {
    if (this.#closed) return;
    const o = bookmark(this.#resource, revision, endOfInitial);
    if (this.#shape.binary) { this.#write(watchFrame('BOOKMARK', this.#shape.as === 'object' ? o : partial(o))); return; }
    let text = JSON.stringify(o);
    if (this.#shape.as === 'Table') { text = tableBookmark(this.#resource, o, this.#isFirst); this.#isFirst = false; }
    else if (this.#shape.as === 'PartialObjectMetadata') text = JSON.stringify(partial(o));
    this.#write(Buffer.from(`{"type":"BOOKMARK","object":${text}}\n`));
  }

  #chunk(parts: readonly Buffer[]): Buffer { return this.#framed ? framed(parts) : parts.length === 1 ? parts[0]! : Buffer.concat(parts); }
  #write(b: Buffer): void { this.#send(this.#chunk([b])); }

  #send(chunk: Buffer): void {
    this.#res.write(chunk);
    if (this.#res.writableLength > BACKLOG_BYTES) { this.#stop(); this.#res.destroy(); }
  }
}

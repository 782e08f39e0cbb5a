// The store's engine: newest state in a sorted index, history as events, writers compared against the newest accepted write and
// acknowledged in groups once the log has them.
import type { Clock } from '../base/clock.ts';
import type { Log } from '../base/log.ts';
import { History } from './history.ts';
import { mergeAt } from './range-at.ts';
import type { Change } from './record.ts';
import { FIRST } from './recover.ts';
import { forgetful, NotWritten, type Sink } from './segment-log.ts';
import { SortedIndex } from './sorted-index.ts';
import { CompareFailed, Compacted, FutureRevision, type Entry, type Narrow, type Op, type RangeOptions, type Store, type StoreEvent, type Watcher } from './store.ts';
import { WatchHub } from './watch-hub.ts';

/** What history is kept: everything younger than `keepMs` and at least `keepRevisions` events, but never more than `maxBytes` of it. */
export interface HistoryPolicy { keepMs: number; keepRevisions: number; maxBytes: number }
export const DEFAULT_HISTORY: HistoryPolicy = { keepMs: 10 * 60_000, keepRevisions: 10_000, maxBytes: 64 << 20 };

interface Txn { events: StoreEvent[]; entries: (Entry | undefined)[]; revision: number; resolve(r: { revision: number; entries: (Entry | undefined)[] }): void; reject(e: unknown): void }
interface Accepted { entry: Entry | undefined; revision: number }

/** Bytes after which a group commit is closed and the next begins. */
const MAX_COMMIT = 8 << 20;
const MARK_MS = 10_000;

export class MvccStore implements Store {
  #sink: Sink = forgetful;
  readonly #log: Log;
  readonly #clock: Clock;
  readonly #policy: HistoryPolicy;
  readonly #live = new SortedIndex<Entry>();
  readonly #history = new History();
  readonly #hub: WatchHub;
  readonly #listeners = new Set<(revision: number) => void>();
  /** Newest accepted state of keys whose write is not durable yet. */
  readonly #accepted = new Map<string, Accepted>();
  #queue: Txn[] = [];
  #newest = FIRST;
  #revision = FIRST;
  #compactRevision = 0;
  /** When which revision was newest, one mark per MARK_MS, oldest first. */
  #marks: { at: number; revision: number }[] = [];
  #flushing: Promise<void> | undefined;
  #snapshotting: Promise<void> | undefined;
  #failure: Error | undefined;
  #closed = false;

  constructor(o: { log: Log; clock: Clock; history?: HistoryPolicy }) {
    this.#log = o.log;
    this.#clock = o.clock;
    this.#policy = o.history ?? DEFAULT_HISTORY;
    this.#hub = new WatchHub(o.log);
  }

  get revision(): number { return this.#revision; }
  get failure(): Error | undefined { return this.#failure; }
  get compactRevision(): number { return this.#compactRevision; }
  get(key: string): Entry | undefined { return this.#live.get(key); }
  count(prefix: string): number { return this.#live.count(prefix); }

  /** Takes over a snapshot's entry; before anything else. */
  load(c: Change): void {
    this.#live.set(c.key, { key: c.key, value: c.value ?? Buffer.alloc(0), revision: c.revision, createRevision: c.createRevision, decoded: undefined, printed: undefined });
  }
  /** After the last `load`: the state so far is that of `revision`, and older ones are gone. */
  loaded(revision: number): void { this.#newest = this.#revision = this.#compactRevision = revision; }
  /** Takes over one change of the log. */
  replay(c: Change): void {
    const prev = this.#live.get(c.key);
    const entry: Entry | undefined = c.type === 'put' ? { key: c.key, value: c.value ?? Buffer.alloc(0), revision: c.revision, createRevision: c.createRevision, decoded: undefined, printed: undefined } : prev;
    if (entry) this.#apply({ type: c.type === 'put' ? 'PUT' : 'DELETE', entry, prev, revision: c.revision });
    this.#newest = this.#revision = c.revision;
    if (this.#history.bytes > this.#policy.maxBytes) this.#tidy();
  }

  /** From here on writes are kept in `sink`; without it they live in memory only. */
  writeTo(sink: Sink): void { this.#sink = sink; }

  range(o: RangeOptions): { entries: Entry[]; more: boolean; remaining: number; revision: number } {
    const from = o.from ?? o.prefix;
    const limit = o.limit && o.limit > 0 ? o.limit : Infinity;
    const revision = o.revision ?? this.#revision;
    if (revision > this.#revision) throw new FutureRevision(this.#revision);
    if (revision < this.#compactRevision) throw new Compacted(this.#compactRevision);
    if (revision < this.#revision) {
      const undone = this.#history.undo(o.prefix, revision);
      if (undone.size > 0) return { ...mergeAt(this.#live, undone, o.prefix, from, limit), revision };
    }
    const entries = this.#live.range(o.prefix, from, limit);
    const remaining = entries.length < limit ? 0 : this.#live.count(o.prefix, from) - entries.length;
    return { entries, more: remaining > 0, remaining, revision };
  }

  txn(ops: readonly Op[]): Promise<{ revision: number; entries: (Entry | undefined)[] }> {
    if (this.#failure) return Promise.reject(this.#failure);
    if (this.#closed) return Promise.reject(new Error('the store is closed'));
    const events: StoreEvent[] = [];
    const entries: (Entry | undefined)[] = [];
    const own = new Map<string, Entry | undefined>();
    let revision = this.#newest;
    for (const op of ops) {
      const prev = own.has(op.key) ? own.get(op.key) : this.#acceptedEntry(op.key);
      if (op.expect !== undefined && op.expect !== (prev?.revision ?? 0)) return Promise.reject(new CompareFailed(op.key, prev));
      if (op.type === 'put') {
        revision++;
        const entry: Entry = { key: op.key, value: op.value, revision, createRevision: prev?.createRevision ?? revision, decoded: op.decoded, printed: undefined };
        events.push({ type: 'PUT', entry, prev, revision, encoded: undefined });
        own.set(op.key, entry);
        entries.push(entry);
      } else {
        if (prev) events.push({ type: 'DELETE', entry: prev, prev, revision: ++revision, encoded: undefined });
        own.set(op.key, undefined);
        entries.push(prev);
      }
    }
    this.#newest = revision;
    for (const e of events) this.#accepted.set(e.entry.key, { entry: e.type === 'PUT' ? e.entry : undefined, revision: e.revision });
    return new Promise((resolve, reject) => {
      this.#queue.push({ events, entries, revision, resolve, reject });
      this.#flushing ??= this.#flush().catch((error: unknown) => this.#fail(error));
    });
  }

  watch(prefix: string, after: number, onEvents: (events: readonly StoreEvent[]) => void, narrow?: Narrow): Watcher {
    if (after < this.#compactRevision) throw new Compacted(this.#compactRevision);
    const watcher = this.#hub.add(prefix, Math.max(after, this.#revision), onEvents, narrow);
    const past = after < this.#revision ? this.#history.since(prefix, after) : [];
    if (past.length > 0) onEvents(past);
    return watcher;
  }

  onRevision(listener: (revision: number) => void): Watcher {
    this.#listeners.add(listener);
    return { close: () => { this.#listeners.delete(listener); } };
  }

  compact(revision: number): void {
    const to = Math.min(revision, this.#revision);
    if (to <= this.#compactRevision) return;
    this.#history.dropThrough(to);
    this.#compactRevision = to;
  }

  async close(): Promise<void> {
    this.#closed = true;
    await this.#flushing;
    await this.#snapshotting;
    if (!this.#failure && this.#sink.wantsSnapshot) await this.#snapshot();
    await this.#snapshotting;
    await this.#sink.close();
  }

  #acceptedEntry(key: string): Entry | undefined {
    const pending = this.#accepted.get(key);
    return pending ? pending.entry : this.#live.get(key);
  }

  async #flush(): Promise<void> {
    // Writers that were woken together are given the chance to queue together.
    await Promise.resolve();
    while (this.#queue.length > 0) {
      const batch = this.#takeBatch();
      try {
        await this.#sink.commit();
      } catch (error) {
        this.#abort(batch, error);
        continue;
      }
      this.#publish(batch);
      if (this.#sink.wantsSnapshot && !this.#snapshotting) {
        try { await this.#snapshot(); } catch (error) { this.#fail(error); }
      }
    }
    this.#flushing = undefined;
  }

  #takeBatch(): Txn[] {
    let bytes = 0;
    let n = 0;
    for (; n < this.#queue.length && bytes < MAX_COMMIT; n++) {
      for (const e of this.#queue[n]!.events) {
        const put = e.type === 'PUT';
        this.#sink.add({ type: put ? 'put' : 'delete', key: e.entry.key, revision: e.revision, createRevision: put ? e.entry.createRevision : 0, value: put ? e.entry.value : undefined });
        bytes += put ? e.entry.value.length : 0;
      }
    }
    return this.#queue.splice(0, n);
  }

  #publish(batch: Txn[]): void {
    const events = batch.length === 1 ? batch[0]!.events : batch.flatMap(t => t.events);
    for (const e of events) {
      this.#apply(e);
      if (this.#accepted.get(e.entry.key)?.revision === e.revision) this.#accepted.delete(e.entry.key);
    }
    const last = events[events.length - 1];
    if (last) {
      this.#revision = last.revision;
      this.#hub.deliver(events);
      for (const listener of this.#listeners) {
        try { listener(this.#revision); } catch (error) { this.#log.error('a revision listener threw', { error }); }
      }
      this.#history.cool();
      this.#mark();
    }
    for (const t of batch) t.resolve({ revision: t.revision, entries: t.entries });
  }

  #apply(e: StoreEvent): void {
    if (e.type === 'PUT') this.#live.set(e.entry.key, e.entry); else this.#live.delete(e.entry.key);
    this.#history.add(e);
  }

  /** Nothing of `batch` became durable: it and all that was accepted on top of it is refused. */
  #abort(batch: Txn[], error: unknown): void {
    const refused = [...batch, ...this.#queue.splice(0)];
    this.#accepted.clear();
    this.#newest = this.#revision;
    if (error instanceof NotWritten) this.#log.error('writes were refused', { error, count: refused.length });
    else this.#fail(error);
    for (const t of refused) t.reject(error);
  }

  /** What is on disk is no longer known: after a failed fdatasync the kernel may have dropped the pages, so trying again would lie. */
  #fail(error: unknown): void {
    this.#failure = error instanceof Error ? error : new Error(String(error));
    this.#log.error('the log cannot be written; the store accepts nothing more', { error: this.#failure });
    for (const t of this.#queue.splice(0)) t.reject(this.#failure);
  }

  async #snapshot(): Promise<void> {
    const revision = this.#revision;
    await this.#sink.rotate(revision);
    this.#snapshotting = this.#sink.snapshot(revision, this.#live.range(''))
      .catch((error: unknown) => { this.#log.error('no snapshot could be written; the log keeps growing', { error }); })
      .finally(() => { this.#snapshotting = undefined; });
  }

  #mark(): void {
    const now = this.#clock.now();
    const newest = this.#marks[this.#marks.length - 1];
    if (newest && now - newest.at < MARK_MS && this.#history.bytes <= this.#policy.maxBytes) return;
    if (!newest || now - newest.at >= MARK_MS) this.#marks.push({ at: now, revision: this.#revision });
    this.#tidy();
  }

  #tidy(): void {
    const oldest = this.#clock.now() - this.#policy.keepMs;
    let byAge = 0;
    while (this.#marks[0] && this.#marks[0].at <= oldest) byAge = this.#marks.shift()!.revision;
    if (byAge > 0) this.#aged = byAge;
    const byCount = this.#history.revisionBefore(this.#policy.keepRevisions) ?? 0;
    // Cutting to three quarters spares a cut per write from then on.
    const byBytes = this.#history.bytes > this.#policy.maxBytes ? this.#history.revisionToFit(this.#policy.maxBytes * 0.75) : 0;
    this.compact(Math.max(Math.min(this.#aged, byCount), byBytes));
  }
  /** Newest revision that is older than keepMs. */
  #aged = 0;
}

// The store's contract, shaped like etcd's: bytes under keys, one 64-bit revision for all of them, history until compacted.
// It knows no kind. Revisions are JS numbers: 2^53 writes last 285 years at a million a second.
// A write is acknowledged (its promise resolves) only after fdatasync of the log record that carries it.

/** One version of one key. `decoded` is a slot for the caller's parsed form; the store never reads it, and empties it some time after the version was superseded. */
export interface Entry {
  readonly key: string;
  /** UTF-8 JSON as the caller gave it; never mutated. */
  readonly value: Buffer;
  /** Revision of this version. */
  readonly revision: number;
  readonly createRevision: number;
  decoded?: unknown;
  /** A slot for what the caller made of the bytes to print them; emptied with `decoded`. */
  printed?: unknown;
}

export interface StoreEvent {
  readonly type: 'PUT' | 'DELETE';
  /** The new version; for DELETE, the last one. */
  readonly entry: Entry;
  /** The version before, undefined on create. */
  readonly prev: Entry | undefined;
  /** Revision of this event (for DELETE, of the deletion). */
  readonly revision: number;
  /** A slot for the caller: an event encoded once and fanned out to many watchers. Emptied when the event is no longer recent. */
  encoded?: unknown;
}

/** `expect` is the entry's revision the write depends on; 0 = the key must not exist; undefined = no condition. */
export type Op =
  | { readonly type: 'put'; readonly key: string; readonly value: Buffer; readonly decoded?: unknown; readonly expect?: number }
  | { readonly type: 'delete'; readonly key: string; readonly expect?: number };

/** Another writer was faster: the revision a write depended on is not the newest. */
export class CompareFailed extends Error {
  readonly key: string;
  /** The entry that stood in the way, undefined if the key is missing. */
  readonly actual: Entry | undefined;
  constructor(key: string, actual: Entry | undefined) { super(`compare failed on ${key}`); this.name = 'CompareFailed'; this.key = key; this.actual = actual; }
}
/** The asked revision is older than the history kept. */
export class Compacted extends Error { readonly compactRevision: number; constructor(r: number) { super(`revision compacted up to ${r}`); this.name = 'Compacted'; this.compactRevision = r; } }
/** The asked revision has not happened yet. */
export class FutureRevision extends Error { readonly current: number; constructor(c: number) { super(`current revision is ${c}`); this.name = 'FutureRevision'; this.current = c; } }

export interface RangeOptions {
  /** Keys that start with `prefix`, in byte order. */
  readonly prefix: string;
  /** Start at this key (inclusive) rather than at the first of the prefix. */
  readonly from?: string;
  readonly limit?: number;
  /** The state at this revision; the newest without it. Throws Compacted or FutureRevision. */
  readonly revision?: number;
}

export interface Watcher { close(): void }

/**
 * A watcher that cares only for entries with one value of something the caller reads from them: a field, a label. Events whose entry and
 * whose entry before have other values need not reach it, so that thousands of such watchers cost no more than those concerned.
 */
export interface Narrow {
  /** What is read, `label app`; watchers of a prefix with the same name share one reading. */
  readonly name: string;
  readonly value: string;
  valueOf(entry: Entry): string | undefined;
}

export interface Store {
  /** The newest revision whose write is durable and visible. */
  readonly revision: number;
  readonly compactRevision: number;
  get(key: string): Entry | undefined;
  /** `more`: there are entries after the last one returned; `revision`: what the answer is consistent with; `remaining`: how many. */
  range(options: RangeOptions): { entries: Entry[]; more: boolean; remaining: number; revision: number };
  count(prefix: string): number;
  /**
   * All ops or none, at one revision each in order; the last op's revision is the answer's. Rejects with CompareFailed before anything
   * is written. Reads that follow the call (even before the promise resolves) may see the write only once it is durable.
   * The compare is done against the newest accepted write, so that pipelined writers conflict as they should.
   */
  txn(ops: readonly Op[]): Promise<{ revision: number; entries: (Entry | undefined)[] }>;
  /** Events after `after` (exclusive) on keys with `prefix`, first from history, then live, without gap or repeat; `onEvents` gets
   *  batches in revision order, synchronously after they are durable. With `narrow` some that do not concern it may be left out. Throws Compacted if the history is gone. */
  watch(prefix: string, after: number, onEvents: (events: readonly StoreEvent[]) => void, narrow?: Narrow): Watcher;
  /** Calls back after every durable revision (for progress bookmarks and waiters). */
  onRevision(listener: (revision: number) => void): Watcher;
  /** Drops history below `revision` (the newest version of each key stays). */
  compact(revision: number): void;
  /** Why nothing can be written any more; undefined as long as all is well. */
  readonly failure: Error | undefined;
  /** Flushes, writes a snapshot if worthwhile, closes files. */
  close(): Promise<void>;
}

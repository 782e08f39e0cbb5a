// Events since the last compaction, as one line of time and per directory. Older states are not kept apart: they are the newest state
// with the events since then undone, which costs nothing until somebody asks.
import { directoryOf, eachDirectory } from './directories.ts';
import type { Entry, StoreEvent } from './store.ts';

/** A queue of events in revision order whose front can be dropped cheaply. */
class Line {
  #events: StoreEvent[] = [];
  #start = 0;
  get length(): number { return this.#events.length - this.#start; }
  at(i: number): StoreEvent | undefined { return this.#events[this.#start + i]; }
  push(e: StoreEvent): void { this.#events.push(e); }
  dropFirst(): void {
    this.#start++;
    if (this.#start > 64 && this.#start * 2 > this.#events.length) { this.#events = this.#events.slice(this.#start); this.#start = 0; }
  }
  /** Index of the first event after `revision`. */
  after(revision: number): number {
    let lo = 0;
    let hi = this.length;
    while (lo < hi) {
      const mid = (lo + hi) >> 1;
      if (this.at(mid)!.revision > revision) hi = mid; else lo = mid + 1;
    }
    return lo;
  }
}

/** Newest events that keep their callers' decoded and encoded forms: watchers and relists are mostly this close behind. */
const WARM = 512;

/** Memory an event keeps alive beyond the newest state, in bytes, roughly. */
const weight = (e: StoreEvent): number => 200 + (e.prev ? e.prev.value.length + e.prev.key.length : 0);

export class History {
  readonly #all = new Line();
  readonly #directories = new Map<string, Line>();
  #bytes = 0;
  /** Events from the oldest on that are cool. */
  #cold = 0;

  get length(): number { return this.#all.length; }
  /** Estimated bytes kept alive by history alone. */
  get bytes(): number { return this.#bytes; }
  /** Revision of the event that is `fromNewest` events before the newest, undefined if there is none. */
  revisionBefore(fromNewest: number): number | undefined { return this.#all.at(this.#all.length - 1 - fromNewest)?.revision; }
  /** Revision up to which events must go for history to weigh at most `bytes`. */
  revisionToFit(bytes: number): number {
    let left = this.#bytes;
    let revision = 0;
    for (let i = 0; left > bytes; i++) {
      const e = this.#all.at(i);
      if (!e) break;
      left -= weight(e);
      revision = e.revision;
    }
    return revision;
  }

  add(e: StoreEvent): void {
    this.#all.push(e);
    this.#bytes += weight(e);
    eachDirectory(e.entry.key, d => {
      let line = this.#directories.get(d);
      if (!line) this.#directories.set(d, line = new Line());
      line.push(e);
    });
  }

  /** Call when all watchers have heard of the events: those that are no longer among the newest lose what callers hung on them. */
  cool(): void {
    for (const end = this.#all.length - WARM; this.#cold < end; this.#cold++) {
      const e = this.#all.at(this.#cold)!;
      // What was superseded is rarely read again; whoever does decodes it anew. Bytes are a fraction of the decoded form.
      e.encoded = undefined;
      if (e.prev) e.prev.decoded = e.prev.printed = undefined;
    }
  }

  /** Drops events up to and including `revision`. */
  dropThrough(revision: number): void {
    for (let e = this.#all.at(0); e && e.revision <= revision; e = this.#all.at(0)) {
      this.#all.dropFirst();
      if (this.#cold > 0) this.#cold--;
      this.#bytes -= weight(e);
      eachDirectory(e.entry.key, d => {
        const line = this.#directories.get(d);
        line?.dropFirst();
        if (line?.length === 0) this.#directories.delete(d);
      });
    }
  }

  /** Events on keys with `prefix` after `revision`, oldest first. */
  since(prefix: string, revision: number): StoreEvent[] {
    const directory = directoryOf(prefix);
    const line = this.#directories.get(directory);
    if (!line) return [];
    const out: StoreEvent[] = [];
    for (let i = line.after(revision); i < line.length; i++) {
      const e = line.at(i)!;
      if (prefix === directory || e.entry.key.startsWith(prefix)) out.push(e);
    }
    return out;
  }

  /** For each key with `prefix` written after `revision`: what it was at `revision` (undefined: it did not exist). */
  undo(prefix: string, revision: number): Map<string, Entry | undefined> {
    const before = new Map<string, Entry | undefined>();
    for (const e of this.since(prefix, revision)) if (!before.has(e.entry.key)) before.set(e.entry.key, e.prev);
    return before;
  }
}

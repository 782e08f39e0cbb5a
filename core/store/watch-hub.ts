// Watchers filed by prefix: an event visits the directories of its key, so it costs what its own watchers cost, however many others there are.
import type { Log } from '../base/log.ts';
import { directoryOf, eachDirectory } from './directories.ts';
import type { StoreEvent, Watcher } from './store.ts';

interface Member { /** Events up to this revision are known to it. */ after: number; onEvents(events: readonly StoreEvent[]): void }
interface Group { readonly prefix: string; readonly members: Set<Member>; batch: StoreEvent[] }
/** The groups of one directory. `lengths` counts the prefixes of each length: a key is cut to these to find its groups. */
interface Groups { readonly byPrefix: Map<string, Group>; readonly lengths: Map<number, number> }

export class WatchHub {
  readonly #log: Log;
  /** directory -> prefix -> group; a prefix is in the deepest directory that holds all its keys. */
  readonly #directories = new Map<string, Groups>();
  constructor(log: Log) { this.#log = log; }

  add(prefix: string, after: number, onEvents: (events: readonly StoreEvent[]) => void): Watcher {
    const directory = directoryOf(prefix);
    let groups = this.#directories.get(directory);
    if (!groups) this.#directories.set(directory, groups = { byPrefix: new Map(), lengths: new Map() });
    const { byPrefix, lengths } = groups;
    let group = byPrefix.get(prefix);
    if (!group) {
      byPrefix.set(prefix, group = { prefix, members: new Set(), batch: [] });
      lengths.set(prefix.length, (lengths.get(prefix.length) ?? 0) + 1);
    }
    const member: Member = { after, onEvents };
    group.members.add(member);
    return {
      close: () => {
        group.members.delete(member);
        if (group.members.size > 0 || byPrefix.get(prefix) !== group) return;
        byPrefix.delete(prefix);
        const left = lengths.get(prefix.length)! - 1;
        if (left > 0) lengths.set(prefix.length, left); else lengths.delete(prefix.length);
        if (byPrefix.size === 0 && this.#directories.get(directory) === groups) this.#directories.delete(directory);
      },
    };
  }

  /** Hands each watcher its part of `events`. A watcher that throws is reported and keeps its place. */
  deliver(events: readonly StoreEvent[]): void {
    const touched: Group[] = [];
    for (const e of events) {
      eachDirectory(e.entry.key, d => {
        const groups = this.#directories.get(d);
        if (!groups) return;
        // Thousands may watch one object each: looked up by its key, not asked one by one.
        for (const length of groups.lengths.keys()) {
          const g = groups.byPrefix.get(e.entry.key.slice(0, length));
          if (!g) continue;
          if (g.batch.length === 0) touched.push(g);
          g.batch.push(e);
        }
      });
    }
    // The deepest first: who watches one object or namespace is a client who waits, those above are workers with caches to keep.
    for (let i = touched.length - 1; i >= 0; i--) {
      const g = touched[i]!;
      const batch = g.batch;
      g.batch = [];
      const last = batch[batch.length - 1]!.revision;
      // Watchers come and go inside callbacks: a Set's iteration leaves out the gone, and newcomers already know these events.
      for (const m of g.members) {
        if (m.after >= last) continue;
        const part = m.after < batch[0]!.revision ? batch : batch.filter(e => e.revision > m.after);
        m.after = last;
        try { m.onEvents(part); } catch (error) { this.#log.error('a watcher threw', { prefix: g.prefix, error }); }
      }
    }
  }
}

// Watchers filed by prefix: an event visits the directories of its key, so it costs what its own watchers cost, however many others there are.
import type { Log } from '../base/log.ts';
import { directoryOf, eachDirectory } from './directories.ts';
import type { Entry, Narrow, StoreEvent, Watcher } from './store.ts';

interface Member { /** Events up to this revision are known to it. */ after: number; onEvents(events: readonly StoreEvent[]): void }
/** Watchers of one value each. */
interface Narrowed { readonly valueOf: (entry: Entry) => string | undefined; readonly byValue: Map<string, Set<Member>> }
interface Group { readonly prefix: string; readonly members: Set<Member>; readonly narrowed: Map<string, Narrowed>; batch: StoreEvent[] }
/** The groups of one directory. `lengths` counts the prefixes of each length: a key is cut to these to find its groups. */
interface Groups { readonly byPrefix: Map<string, Group>; readonly lengths: Map<number, number> }

export class WatchHub {
  readonly #log: Log;
  /** directory -> prefix -> group; a prefix is in the deepest directory that holds all its keys. */
  readonly #directories = new Map<string, Groups>();
  constructor(log: Log) { this.#log = log; }

  add(prefix: string, after: number, onEvents: (events: readonly StoreEvent[]) => void, narrow?: Narrow): Watcher {
    const directory = directoryOf(prefix);
    let groups = this.#directories.get(directory);
    if (!groups) this.#directories.set(directory, groups = { byPrefix: new Map(), lengths: new Map() });
    const { byPrefix, lengths } = groups;
    let group = byPrefix.get(prefix);
    if (!group) {
      byPrefix.set(prefix, group = { prefix, members: new Set(), narrowed: new Map(), batch: [] });
      lengths.set(prefix.length, (lengths.get(prefix.length) ?? 0) + 1);
    }
    const member: Member = { after, onEvents };
    const leave = narrow ? join(group, narrow, member) : (group.members.add(member), () => { group.members.delete(member); });
    return {
      close: () => {
        leave();
        if (group.members.size > 0 || group.narrowed.size > 0 || byPrefix.get(prefix) !== group) return;
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
      this.#hand(g, g.members, batch);
      for (const n of g.narrowed.values()) for (const [value, events] of this.#sorted(g, n, batch)) this.#hand(g, n.byValue.get(value) ?? NOBODY, events);
    }
  }

  #hand(g: Group, members: ReadonlySet<Member>, batch: readonly StoreEvent[]): void {
    const last = batch[batch.length - 1]!.revision;
    // Watchers come and go inside callbacks: a Set's iteration leaves out the gone, and newcomers already know these events.
    for (const m of members) {
      if (m.after >= last) continue;
      const part = m.after < batch[0]!.revision ? batch : batch.filter(e => e.revision > m.after);
      m.after = last;
      try { m.onEvents(part); } catch (error) { this.#log.error('a watcher threw', { prefix: g.prefix, error }); }
    }
  }

  /** The events that concern each value somebody watches. One that cannot be read concerns them all. */
  #sorted(g: Group, n: Narrowed, batch: readonly StoreEvent[]): Map<string, StoreEvent[]> {
    const out = new Map<string, StoreEvent[]>();
    const put = (value: string | undefined, e: StoreEvent): void => {
      if (value === undefined || !n.byValue.has(value)) return;
      const events = out.get(value);
      if (events) events.push(e); else out.set(value, [e]);
    };
    for (const e of batch) {
      try {
        const now = n.valueOf(e.entry), before = e.prev && n.valueOf(e.prev);
        put(now, e);
        if (before !== now) put(before, e);
      } catch (error) {
        this.#log.error('an entry could not be read for its watchers', { prefix: g.prefix, key: e.entry.key, error });
        for (const value of n.byValue.keys()) if (out.get(value)?.at(-1) !== e) put(value, e);
      }
    }
    return out;
  }
}

const NOBODY: ReadonlySet<Member> = new Set();

/** Files a watcher under its value; answers how it leaves. */
function join(group: Group, { name, value, valueOf }: Narrow, member: Member): () => void {
  let n = group.narrowed.get(name);
  if (!n) group.narrowed.set(name, n = { valueOf, byValue: new Map() });
  const { byValue } = n;
  let members = byValue.get(value);
  if (!members) byValue.set(value, members = new Set());
  members.add(member);
  return () => {
    if (!members.delete(member) || members.size > 0) return;
    if (byValue.get(value) === members) byValue.delete(value);
    if (byValue.size === 0 && group.narrowed.get(name)?.byValue === byValue) group.narrowed.delete(name);
  };
}

// Watchers filed by prefix: an event visits the directories of its key, so it costs what its own watchers cost, however many others there are.
import type { Log } from '../base/log.ts';
import { directoryOf, eachDirectory } from './directories.ts';
import type { StoreEvent, Watcher } from './store.ts';

interface Member { /** Events up to this revision are known to it. */ after: number; onEvents(events: readonly StoreEvent[]): void }
interface Group { readonly prefix: string; readonly members: Set<Member>; batch: StoreEvent[] }

export class WatchHub {
  readonly #log: Log;
  /** directory -> prefix -> group; a prefix is in the deepest directory that holds all its keys. */
  readonly #directories = new Map<string, Map<string, Group>>();
  constructor(log: Log) { this.#log = log; }

  add(prefix: string, after: number, onEvents: (events: readonly StoreEvent[]) => void): Watcher {
    const directory = directoryOf(prefix);
    let groups = this.#directories.get(directory);
    if (!groups) this.#directories.set(directory, groups = new Map());
    let group = groups.get(prefix);
    if (!group) groups.set(prefix, group = { prefix, members: new Set(), batch: [] });
    const member: Member = { after, onEvents };
    group.members.add(member);
    return {
      close: () => {
        group.members.delete(member);
        if (group.members.size > 0 || groups.get(prefix) !== group) return;
        groups.delete(prefix);
        if (groups.size === 0 && this.#directories.get(directory) === groups) this.#directories.delete(directory);
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
        for (const g of groups.values()) {
          if (g.prefix !== d && !e.entry.key.startsWith(g.prefix)) continue;
          if (g.batch.length === 0) touched.push(g);
          g.batch.push(e);
        }
      });
    }
    for (const g of touched) {
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

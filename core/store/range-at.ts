// A range of an older state: the newest one with what happened since undone.
import type { SortedIndex } from './sorted-index.ts';
import type { Entry } from './store.ts';

/** Live entries looked at in one go: unchanged ones may be rare. */
const BATCH = 1000;

/** `undone` says for each key changed since what it was then; keys come back in byte order. */
export function mergeAt(live: SortedIndex<Entry>, undone: ReadonlyMap<string, Entry | undefined>, prefix: string, from: string, limit: number): { entries: Entry[]; more: boolean; remaining: number } {
  const start = live.compare(from, prefix) > 0 ? from : prefix;
  const old: Entry[] = [];
  let changedAlive = 0;
  for (const [key, entry] of undone) {
    if (live.compare(key, start) < 0) continue;
    if (live.get(key)) changedAlive++;
    if (entry) old.push(entry);
  }
  old.sort((a, b) => live.compare(a.key, b.key));
  const total = live.count(prefix, from) - changedAlive + old.length;

  const entries: Entry[] = [];
  const step = Math.max(BATCH, limit);
  let o = 0;
  let next = start;
  for (let batch: Entry[]; entries.length < limit; next = `${batch[batch.length - 1]!.key}\0`) {
    batch = live.range(prefix, next, step);
    for (const entry of batch) {
      if (undone.has(entry.key)) continue;
      while (o < old.length && entries.length < limit && live.compare(old[o]!.key, entry.key) < 0) entries.push(old[o++]!);
      if (entries.length >= limit) break;
      entries.push(entry);
    }
    if (batch.length < step) break;
  }
  while (o < old.length && entries.length < limit) entries.push(old[o++]!);
  const remaining = total - entries.length;
  return { entries, more: remaining > 0, remaining };
}

// A range of an older state: the newest one with what happened since undone.
import { compareBytes, type SortedIndex } from './sorted-index.ts';
import type { Entry } from './store.ts';

/** `undone` says for each key changed since what it was then; keys come back in byte order. */
export function mergeAt(live: SortedIndex<Entry>, undone: ReadonlyMap<string, Entry | undefined>, prefix: string, from: string, limit: number): { entries: Entry[]; more: boolean; remaining: number } {
  const start = compareBytes(from, prefix) > 0 ? from : prefix;
  const old: Entry[] = [];
  let changedAlive = 0;
  for (const [key, entry] of undone) {
    if (compareBytes(key, start) < 0) continue;
    if (live.get(key)) changedAlive++;
    if (entry) old.push(entry);
  }
  old.sort((a, b) => compareBytes(a.key, b.key));
  const total = live.count(prefix, from) - changedAlive + old.length;

  const entries: Entry[] = [];
  let o = 0;
  // Of the first `limit + changedAlive` live keys at least `limit` are unchanged, or there are no more.
  for (const entry of live.range(prefix, from, limit + changedAlive)) {
    if (undone.has(entry.key)) continue;
    while (o < old.length && compareBytes(old[o]!.key, entry.key) < 0 && entries.length < limit) entries.push(old[o++]!);
    if (entries.length >= limit) break;
    entries.push(entry);
  }
  while (o < old.length && entries.length < limit) entries.push(old[o++]!);
  const remaining = total - entries.length;
  return { entries, more: remaining > 0, remaining };
}

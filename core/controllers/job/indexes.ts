// Sets of completion indexes as ordered intervals: a Job of 100,000 indexes is counted by its gaps, not by its indexes.

/** First and last of each run, in order, never touching. */
export type Intervals = readonly (readonly [first: number, last: number])[];

/** `0-2,5` as intervals, without what lies at or beyond `completions` or is no number. */
export function parseIndexes(text: string | undefined, completions: number): Intervals {
  const found: [number, number][] = [];
  for (const part of (text ?? '').split(',').filter(Boolean)) {
    const [from = '', to = from] = part.split('-');
    if (!/^\d+$/.test(from) || !/^\d+$/.test(to)) continue;
    if (Number(from) >= completions) break;
    push(found, Number(from), Math.min(Number(to), completions - 1));
  }
  return found;
}

/** The shortest text of a set: `0-2,5`, two in a row as `3,4`. */
export const formatIndexes = (all: Intervals): string =>
  all.map(([from, to]) => (to === from ? `${from}` : to === from + 1 ? `${from},${to}` : `${from}-${to}`)).join(',');

export const countOf = (all: Intervals): number => all.reduce((n, [from, to]) => n + to - from + 1, 0);

export function includes(all: Intervals, index: number): boolean {
  let low = 0, high = all.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (all[middle]![1] >= index) high = middle; else low = middle + 1;
  }
  return low < all.length && all[low]![0] <= index;
}

/** Both together. */
export function union(a: Intervals, b: Intervals): Intervals {
  const merged: [number, number][] = [];
  for (let i = 0, j = 0; i < a.length || j < b.length;) {
    const next = j >= b.length || (i < a.length && a[i]![0] < b[j]![0]) ? a[i++]! : b[j++]!;
    push(merged, next[0], next[1]);
  }
  return merged;
}

/** A set of these indexes, given in any order. */
export const indexesOf = (indexes: Iterable<number>): Intervals => [...new Set(indexes)].sort((x, y) => x - y).reduce<[number, number][]>((all, i) => { push(all, i, i); return all; }, []);

/** How many of `wanted` are in `present`. */
export function countShared(wanted: Intervals, present: Intervals): number {
  let shared = 0;
  for (let i = 0, j = 0; i < wanted.length && j < present.length;) {
    const [a, b] = wanted[i]!, [c, d] = present[j]!;
    shared += Math.max(0, Math.min(b, d) - Math.max(a, c) + 1);
    if (b < d) i++; else j++;
  }
  return shared;
}

/** The first `count` indexes below `completions` that are not in `taken`. */
export function firstFree(taken: Intervals, count: number, completions: number): number[] {
  const free: number[] = [];
  let candidate = 0;
  for (const [from, to] of taken) {
    for (; candidate < from && candidate < completions && free.length < count; candidate++) free.push(candidate);
    candidate = Math.max(candidate, to + 1);
  }
  for (; candidate < completions && free.length < count; candidate++) free.push(candidate);
  return free;
}

function push(all: [number, number][], from: number, to: number): void {
  const last = all.at(-1);
  if (last && from <= last[1] + 1) last[1] = Math.max(last[1], to); else all.push([from, to]);
}

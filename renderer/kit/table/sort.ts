// Sorting of row keys by several columns. Text compares as people read it: web-2 before web-10.

export interface SortKey { column: string; descending: boolean }
export type SortValue = string | number | boolean;

const collator = new Intl.Collator('en', { numeric: true, sensitivity: 'base' });

/** Order of two values: numbers by size, everything else as text; numbers before text. */
export function compareValues(a: SortValue, b: SortValue): number {
  if (typeof a === 'number' && typeof b === 'number') return a - b;
  if (typeof a === 'number') return -1;
  if (typeof b === 'number') return 1;
  const x = String(a);
  const y = String(b);
  return x === y ? 0 : collator.compare(x, y);
}

/** Click: that column alone, the other way round when it was first already. With `add` (shift): as a further key, or turned, or (third time) removed. */
export function toggleSort(sorts: readonly SortKey[], column: string, add: boolean): SortKey[] {
  const at = sorts.findIndex(s => s.column === column);
  const known = sorts[at];
  if (!add) return [{ column, descending: sorts.length === 1 && known ? !known.descending : false }];
  if (!known) return [...sorts, { column, descending: false }];
  if (known.descending) return sorts.length === 1 ? [{ column, descending: false }] : sorts.filter((_, i) => i !== at);
  return sorts.map((s, i) => (i === at ? { column, descending: true } : s));
}

type Value = (key: string, column: string) => SortValue;

/** The order of two rows; ties are broken by the key itself, so that equal rows never change places. */
function comparer(sorts: readonly SortKey[], value: Value): (a: string, b: string) => number {
  return (a, b) => {
    for (const s of sorts) {
      const c = compareValues(value(a, s.column), value(b, s.column));
      if (c !== 0) return s.descending ? -c : c;
    }
    return a < b ? -1 : a > b ? 1 : 0;
  };
}

/** Sorts `keys` in place. */
export const sortKeys = (keys: string[], sorts: readonly SortKey[], value: Value): string[] => keys.sort(comparer(sorts, value));

/**
 * Puts `moved` (in any order) into `kept`, which is sorted: as sorting all of them, for the cost of the few. Neither is changed
 * beyond sorting `moved`.
 */
export function mergeKeys(kept: readonly string[], moved: string[], sorts: readonly SortKey[], value: Value): string[] {
  if (moved.length === 0) return kept.slice();
  const compare = comparer(sorts, value);
  moved.sort(compare);
  const out: string[] = [];
  let from = 0;
  for (const key of moved) {
    let low = from;
    let high = kept.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (compare(kept[middle]!, key) < 0) low = middle + 1; else high = middle;
    }
    while (from < low) out.push(kept[from++]!);
    out.push(key);
  }
  while (from < kept.length) out.push(kept[from++]!);
  return out;
}

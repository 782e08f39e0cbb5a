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

/**
 * Sorts `keys` in place. Values are read once per row into one array per sort key; ties are broken by the key itself, so that equal
 * rows never change places.
 */
export function sortKeys(keys: string[], sorts: readonly SortKey[], value: (key: string, column: string) => SortValue): string[] {
  const n = keys.length;
  const columns = sorts.map(s => ({ values: keys.map(k => value(k, s.column)), sign: s.descending ? -1 : 1 }));
  // A plain array, not a typed one: its sort is linear where the order hardly changed, and text compares are dear.
  const index = Array.from({ length: n }, (_, i) => i);
  index.sort((i, j) => {
    for (const { values, sign } of columns) {
      const c = compareValues(values[i]!, values[j]!);
      if (c !== 0) return c * sign;
    }
    const a = keys[i]!;
    const b = keys[j]!;
    return a < b ? -1 : a > b ? 1 : 0;
  });
  const copy = keys.slice();
  for (let i = 0; i < n; i++) keys[i] = copy[index[i]!]!;
  return keys;
}

// Which rows are chosen and where the cursor is. Pure: every deed gives a new value.

export interface Selection {
  readonly chosen: ReadonlySet<string>;
  /** Row with the keyboard focus. */
  readonly cursor?: string;
  /** Where a range began. */
  readonly anchor?: string;
}
export const nothing: Selection = { chosen: new Set() };

/** Moves the cursor by rows (clamped); with `extend` the range from the anchor is chosen. `at` is the order shown now. */
export function move(s: Selection, rows: readonly string[], by: number | 'first' | 'last', extend = false): Selection {
  if (rows.length === 0) return s;
  const from = s.cursor === undefined ? -1 : rows.indexOf(s.cursor);
  const to = by === 'first' ? 0 : by === 'last' ? rows.length - 1 : from < 0 ? (by > 0 ? 0 : rows.length - 1) : Math.max(0, Math.min(rows.length - 1, from + by));
  const cursor = rows[to]!;
  if (!extend) return { ...s, cursor, anchor: cursor };
  const anchor = s.anchor ?? s.cursor ?? cursor;
  return { cursor, anchor, chosen: new Set(between(rows, anchor, cursor)) };
}

/** Space, or a click on the box. */
export function toggle(s: Selection, row: string): Selection {
  const chosen = new Set(s.chosen);
  if (!chosen.delete(row)) chosen.add(row);
  return { chosen, cursor: row, anchor: row };
}

/** Shift-click: everything from the anchor to `row`, in addition to what is chosen. */
export function extendTo(s: Selection, rows: readonly string[], row: string): Selection {
  const anchor = s.anchor !== undefined && rows.includes(s.anchor) ? s.anchor : row;
  return { cursor: row, anchor, chosen: new Set([...s.chosen, ...between(rows, anchor, row)]) };
}

export const all = (s: Selection, rows: readonly string[]): Selection => ({ ...s, chosen: new Set(rows) });
export const clear = (s: Selection): Selection => (s.chosen.size === 0 ? s : { ...s, chosen: new Set() });
export const focus = (s: Selection, row: string): Selection => ({ ...s, cursor: row, anchor: row });

/** Forgets rows that are gone; the cursor moves to the row that took the place of its own. */
export function prune(s: Selection, exists: (row: string) => boolean, before: readonly string[], after: readonly string[]): Selection {
  const lost = [...s.chosen].some(r => !exists(r));
  const cursorLost = s.cursor !== undefined && !exists(s.cursor);
  if (!lost && !cursorLost) return s;
  const chosen = lost ? new Set([...s.chosen].filter(exists)) : s.chosen;
  if (!cursorLost) return { ...s, chosen };
  const at = before.indexOf(s.cursor!);
  const cursor = at < 0 ? undefined : after[Math.min(at, after.length - 1)];
  return { chosen, cursor, anchor: cursor };
}

function between(rows: readonly string[], a: string, b: string): string[] {
  const i = rows.indexOf(a);
  const j = rows.indexOf(b);
  if (i < 0 || j < 0) return [b];
  return rows.slice(Math.min(i, j), Math.max(i, j) + 1);
}

// A column as the table draws it: what the kit knows of a kind's columns.
import type { SortValue } from './sort.ts';

export type Cell = 'text' | 'name' | 'ratio' | 'state' | 'number' | 'age' | 'labels' | 'code' | 'link' | 'list' | 'bytes' | 'percent';

export interface TableColumn<T> {
  id: string;
  label: string;
  description?: string;
  cell: Cell;
  /** Shown only where there is room, unless the user asks for it. */
  wide?: boolean;
  /** Characters to keep space for, however short the first rows are. */
  chars?: number;
  value(row: T, now: number): string | number | boolean;
  sort(row: T): SortValue;
}

const WIDTH: Record<Cell, readonly [min: number, max: number]> = {
  name: [200, 520], state: [130, 380], ratio: [64, 80], number: [72, 120], age: [72, 110], labels: [140, 320], code: [90, 340],
  link: [90, 240], list: [90, 340], bytes: [80, 110], percent: [90, 120], text: [80, 300],
};
export const isRight = (cell: Cell): boolean => cell === 'number' || cell === 'bytes' || cell === 'percent' || cell === 'age' || cell === 'ratio';
const CHAR = 7.3;
const MONO_CHAR = 7.7;
const PADDING = 22;
/** Wider than nearly any text of a proportional font. */
const WIDE_CHAR = 8.4;

const isMono = (cell: Cell): boolean => cell === 'name' || cell === 'code' || cell === 'labels' || cell === 'list';

/** Characters that stand in a column of `width` px for sure. */
export const charsThatFit = (cell: Cell, width: number): number => Math.floor((width - 20 - (cell === 'state' ? 16 : 0)) / (isMono(cell) ? MONO_CHAR : WIDE_CHAR));

/** Width in px that fits nearly all of the sampled texts, every name, and the header. */
export function fitWidth(cell: Cell, label: string, texts: readonly string[], chars = 0): number {
  const lengths = texts.map(t => t.length).sort((a, b) => a - b);
  // A name is never cut for the few that are long: reasons give way first.
  const most = Math.max(chars, lengths[Math.floor((lengths.length - 1) * (cell === 'name' ? 1 : 0.95))] ?? 0);
  const mark = cell === 'state' ? 16 : 0;
  const char = isMono(cell) ? MONO_CHAR : CHAR;
  const [min, max] = WIDTH[cell];
  return Math.round(Math.max(min, Math.min(max, Math.max(most * char + mark, label.length * CHAR + 14) + PADDING)));
}

/** How far a column may be squeezed before the table scrolls sideways. */
const LEAST: Partial<Record<Cell, number>> = { name: 150, state: 140, code: 84, labels: 90, list: 84, link: 84, text: 70, number: 66, ratio: 58, age: 70, bytes: 66 };

/** What is cut first, and how far: a reason may end in an ellipsis before any name does. */
const FIRST: Partial<Record<Cell, number>> = { state: 190 };

/** Shrinks the columns that can be shrunk until all fit into `room`: reasons first, then all in proportion; widths the user chose stay. */
export function squeeze(columns: readonly { id: string; cell: Cell; width: number; fixed: boolean }[], room: number): Record<string, number> {
  let widths = columns.map(c => c.width);
  for (const least of [FIRST, LEAST]) {
    const over = sum(widths) - room;
    const slack = columns.map((c, i) => (c.fixed ? 0 : Math.max(0, widths[i]! - (least[c.cell] ?? widths[i]!))));
    const total = sum(slack);
    if (over > 0 && total > 0) widths = widths.map((w, i) => w - slack[i]! * Math.min(1, over / total));
  }
  return Object.fromEntries(columns.map((c, i) => [c.id, Math.floor(widths[i]!)]));
}
const sum = (numbers: readonly number[]): number => numbers.reduce((a, b) => a + b, 0);

/** What is left of `room` goes to the name and, somewhat less, to the state, where the user set no width. In the order of `columns`. */
export function spread(columns: readonly { id: string; cell: Cell; fixed: boolean }[], squeezed: Readonly<Record<string, number>>, room: number): number[] {
  const widths = columns.map(c => squeezed[c.id] ?? 100);
  const shares = columns.map(c => (c.fixed ? 0 : c.cell === 'name' ? 1 : c.cell === 'state' ? 0.6 : 0));
  const left = room - sum(widths);
  const all = sum(shares);
  return left > 0 && all > 0 ? widths.map((w, i) => w + Math.floor((left * shares[i]!) / all)) : widths;
}

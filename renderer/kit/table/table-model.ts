// Which rows a table shows and in which order: filter and sort over a live source, at most four times a second, and not at all
// while the pointer rests on a row or the table scrolls.
import { matches, parseFilter, type Filter, type Filterable } from './filter.ts';
import { mergeKeys, sortKeys, type SortKey, type SortValue } from './sort.ts';

export interface RowSource<T> {
  keys(): Iterable<string>;
  get(key: string): T | undefined;
  subscribe(listener: () => void): () => void;
}
export interface RowReader<T> {
  filterable(row: T): Filterable;
  sortValue(row: T, column: string): SortValue;
}
export interface TableView {
  readonly rows: readonly string[];
  /** Rows before the filter. */
  readonly total: number;
  readonly filter: Filter;
  readonly sorts: readonly SortKey[];
}

/** Milliseconds between re-sorts. */
const EVERY = 250;

export class TableModel<T> {
  #source: RowSource<T>;
  #reader: RowReader<T>;
  #filter: Filter = { kind: 'none' };
  #sorts: readonly SortKey[];
  #extra: ((row: T) => boolean) | undefined;
  #view: TableView;
  #listeners = new Set<() => void>();
  #texts = new WeakMap<object, Filterable>();
  #values = new Map<string, WeakMap<object, SortValue>>();
  #held = false;
  #due = false;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #computed = Number.NEGATIVE_INFINITY;
  /** Every key of the source in the order of the view, the filter left out of account, and the objects it was made of. */
  #order: readonly string[] = [];
  #last = new Map<string, T>();
  #inOrder = false;
  #now: () => number;
  #stop: (() => void) | undefined;

  constructor(source: RowSource<T>, reader: RowReader<T>, sorts: readonly SortKey[], now: () => number = () => performance.now()) {
    this.#source = source;
    this.#reader = reader;
    this.#sorts = sorts;
    this.#now = now;
    this.#view = { rows: [], total: 0, filter: this.#filter, sorts };
    this.#compute();
  }

  readonly view = (): TableView => this.#view;
  readonly subscribe = (listener: () => void): (() => void) => {
    if (this.#listeners.size === 0) {
      this.#stop = this.#source.subscribe(() => this.#changed());
      this.#compute();
    }
    this.#listeners.add(listener);
    return () => {
      this.#listeners.delete(listener);
      if (this.#listeners.size > 0) return;
      this.#stop?.();
      clearTimeout(this.#timer);
      this.#timer = undefined;
    };
  };

  setFilter(text: string): void { this.#filter = parseFilter(text); this.#compute(); }
  setSorts(sorts: readonly SortKey[]): void { this.#sorts = sorts; this.#compute(); }
  /** A further condition: chosen namespaces, only what is broken. */
  setExtra(extra: ((row: T) => boolean) | undefined): void { this.#extra = extra; this.#compute(); }

  /** While held, rows keep their places: new ones come last, gone ones leave. */
  hold(on: boolean): void {
    if (this.#held === on) return;
    this.#held = on;
    if (!on && this.#due) this.#compute();
  }

  #changed(): void {
    if (this.#timer !== undefined) return;
    const wait = this.#computed + EVERY - this.#now();
    if (wait <= 0) { this.#compute(); return; }
    this.#timer = setTimeout(() => { this.#timer = undefined; this.#compute(); }, wait);
  }

  #compute(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#computed = this.#now();
    const sameSorts = this.#view.sorts === this.#sorts;
    // Rows whose objects are the same keep their order among themselves; only the others are placed anew.
    const kept: string[] = [];
    const moved: string[] = [];
    const now = new Map<string, T>();
    for (const key of this.#source.keys()) {
      const row = this.#source.get(key);
      if (row === undefined) continue;
      now.set(key, row);
      if (!this.#last.has(key)) moved.push(key);
    }
    this.#due = this.#held && sameSorts;
    const sorted = sameSorts && this.#inOrder;
    for (const key of this.#order) {
      const row = now.get(key);
      if (row === undefined) continue;
      if (this.#due || !sorted || this.#last.get(key) === row) kept.push(key); else moved.push(key);
    }
    const value = (key: string, column: string): SortValue => this.#value(now.get(key)!, column);
    if (this.#due) this.#order = [...kept, ...moved];
    else if (sorted) this.#order = mergeKeys(kept, moved, this.#sorts, value);
    else this.#order = sortKeys([...kept, ...moved], this.#sorts, value);
    this.#inOrder = !this.#due;
    this.#last = now;
    // The filter comes after the order: another letter in it costs one pass and no sorting.
    let total = 0;
    const rows = this.#order.filter(key => {
      const row = now.get(key)!;
      if (this.#extra?.(row) === false) return false;
      total++;
      return this.#filter.kind === 'none' || matches(this.#filter, () => this.#text(row));
    });
    const same = sameSorts && this.#view.filter === this.#filter && total === this.#view.total && rows.length === this.#view.rows.length && rows.every((r, i) => r === this.#view.rows[i]);
    if (same) return;
    this.#view = { rows, total, filter: this.#filter, sorts: this.#sorts };
    for (const l of this.#listeners) l();
  }

  #value(row: T, column: string): SortValue {
    let values = this.#values.get(column);
    if (!values) this.#values.set(column, values = new WeakMap());
    let value = values.get(row as object);
    if (value === undefined) values.set(row as object, value = this.#reader.sortValue(row, column));
    return value;
  }

  #text(row: T): Filterable {
    let text = this.#texts.get(row as object);
    if (!text) this.#texts.set(row as object, text = this.#reader.filterable(row));
    return text;
  }
}

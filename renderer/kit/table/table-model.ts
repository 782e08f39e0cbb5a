// Which rows a table shows and in which order: filter and sort over a live source, at most four times a second, and not at all
// while the pointer rests on a row or the table scrolls. What did not change costs nothing: only the changed rows are looked at.
import { matches, parseFilter, type Filter, type Filterable } from './filter.ts';
import { mergeKeys, sortKeys, type SortKey, type SortValue } from './sort.ts';

export interface RowSource<T> {
  keys(): Iterable<string>;
  get(key: string): T | undefined;
  /** `changed`: keys that came, changed or went since the last call. */
  subscribe(listener: (changed: ReadonlySet<string>) => void): () => void;
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
/** Milliseconds that one slice of a filter takes, and rows until the clock is looked at again. */
const SLICE = 6, BETWEEN_LOOKS = 64;
/** A row fails the further condition, fails the filter, or is shown. */
const OUT = 0, HIDDEN = 1, SHOWN = 2;

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
  #timer: ReturnType<typeof setTimeout> | undefined;
  #asking: ReturnType<typeof setTimeout> | undefined;
  #computed = Number.NEGATIVE_INFINITY;
  /** Every key of the source in the order of the view, the filter left out of account. */
  #order: readonly string[] = [];
  /** The objects the order was made of, and what the filter says of each. */
  #known = new Map<string, T>();
  #verdicts = new Map<string, number>();
  #counts = [0, 0, 0];
  /** Told by the source, not yet looked at. */
  #dirty = new Set<string>();
  /** Rows that do not stand where they belong, because the table was held when they changed. */
  #astray = new Set<string>();
  #now: () => number;
  #stop: (() => void) | undefined;

  constructor(source: RowSource<T>, reader: RowReader<T>, sorts: readonly SortKey[], filter = '', now: () => number = () => performance.now()) {
    this.#source = source;
    this.#reader = reader;
    this.#sorts = sorts;
    this.#now = now;
    this.#filter = parseFilter(filter);
    this.#view = { rows: [], total: 0, filter: this.#filter, sorts };
    this.#rebuild();
  }

  readonly view = (): TableView => this.#view;
  readonly subscribe = (listener: () => void): (() => void) => {
    if (this.#listeners.size === 0) {
      this.#stop = this.#source.subscribe(changed => this.#changed(changed));
      this.#rebuild();
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

  /** Filters at once, whatever it costs. */
  setFilter(text: string): void { this.#answer(parseFilter(text)); }
  /** Filters in slices of at most SLICE ms, between which the page can draw; the view changes once, at the end. A later question takes the place of an earlier one. */
  askFilter(text: string): void {
    clearTimeout(this.#asking);
    const filter = parseFilter(text);
    if (filter.kind === 'none' || filter.kind === 'error') { this.#answer(filter); return; }
    const rows = [...this.#known.values()];
    const answers = new Map<T, boolean>();
    let at = 0;
    const slice = (): void => {
      const until = this.#now() + SLICE;
      for (; at < rows.length; at++) {
        const row = rows[at]!;
        answers.set(row, matches(filter, () => this.#text(row)));
        if (at % BETWEEN_LOOKS === BETWEEN_LOOKS - 1 && this.#now() >= until) { at++; this.#asking = setTimeout(slice, 0); return; }
      }
      this.#answer(filter, answers);
    };
    this.#asking = setTimeout(slice, 0);
  }
  /** `answers`: what is known already; rows that changed since are asked anew. */
  #answer(filter: Filter, answers?: ReadonlyMap<T, boolean>): void {
    clearTimeout(this.#asking);
    this.#filter = filter;
    this.#judgeAll(answers);
    this.#compute();
  }
  setSorts(sorts: readonly SortKey[]): void {
    this.#sorts = sorts;
    this.#take();
    this.#order = sortKeys([...this.#known.keys()], this.#sorts, this.#valueOf);
    this.#astray.clear();
    this.#show();
  }
  /** A further condition: chosen namespaces, only what is broken. */
  setExtra(extra: ((row: T) => boolean) | undefined): void { this.#extra = extra; this.#judgeAll(); this.#compute(); }

  /** While held, rows keep their places: new ones come last, gone ones leave. */
  hold(on: boolean): void {
    if (this.#held === on) return;
    this.#held = on;
    if (!on && this.#astray.size > 0) this.#compute();
  }

  #changed(changed: ReadonlySet<string>): void {
    for (const key of changed) this.#dirty.add(key);
    if (this.#timer !== undefined || this.#dirty.size === 0) return;
    const wait = this.#computed + EVERY - this.#now();
    if (wait <= 0) { this.#compute(); return; }
    this.#timer = setTimeout(() => { this.#timer = undefined; this.#compute(); }, wait);
  }

  #rebuild(): void {
    this.#dirty = new Set([...this.#source.keys(), ...this.#known.keys()]);
    this.#compute();
  }

  #compute(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#computed = this.#now();
    const { gone, added, moved } = this.#take();
    for (const key of moved) this.#astray.add(key);
    for (const key of gone) this.#astray.delete(key);
    if (this.#held) {
      if (gone.size > 0 || added.length > 0) this.#order = [...without(this.#order, gone), ...added];
      for (const key of added) this.#astray.add(key);
    } else if (gone.size > 0 || added.length > 0 || this.#astray.size > 0) {
      const leave = gone.size === 0 ? this.#astray : new Set([...gone, ...this.#astray]);
      const come = [...new Set([...added, ...this.#astray])];
      this.#order = mergeKeys(without(this.#order, leave), come, this.#sorts, this.#valueOf);
      this.#astray.clear();
    }
    this.#show();
  }

  /** Takes the changed rows over: which are gone, which are new, and which may have to change places. */
  #take(): { gone: Set<string>; added: string[]; moved: string[] } {
    const gone = new Set<string>();
    const added: string[] = [];
    const moved: string[] = [];
    for (const key of this.#dirty) {
      const row = this.#source.get(key);
      const was = this.#known.get(key);
      if (row === was) continue;
      if (row === undefined) {
        gone.add(key);
        this.#known.delete(key);
        this.#count(key, undefined);
        continue;
      }
      this.#known.set(key, row);
      this.#count(key, this.#judge(row));
      if (was === undefined) added.push(key);
      else if (this.#sorts.some(s => this.#value(was, s.column) !== this.#value(row, s.column))) moved.push(key);
    }
    this.#dirty.clear();
    return { gone, added, moved };
  }

  #show(): void {
    const total = this.#known.size - this.#counts[OUT]!;
    const rows = this.#counts[SHOWN] === this.#order.length ? this.#order : this.#order.filter(key => this.#verdicts.get(key) === SHOWN);
    const was = this.#view;
    const sameRows = rows === was.rows || (rows.length === was.rows.length && rows.every((r, i) => r === was.rows[i]));
    if (sameRows && was.sorts === this.#sorts && was.filter === this.#filter && total === was.total) return;
    this.#view = { rows: sameRows ? was.rows : rows, total, filter: this.#filter, sorts: this.#sorts };
    for (const l of this.#listeners) l();
  }

  #judge(row: T, answer?: boolean): number {
    if (this.#extra?.(row) === false) return OUT;
    return (answer ?? (this.#filter.kind === 'none' || matches(this.#filter, () => this.#text(row)))) ? SHOWN : HIDDEN;
  }
  #judgeAll(answers?: ReadonlyMap<T, boolean>): void { for (const [key, row] of this.#known) this.#count(key, this.#judge(row, answers?.get(row))); }
  #count(key: string, verdict: number | undefined): void {
    const was = this.#verdicts.get(key);
    if (was === verdict) return;
    if (was !== undefined) this.#counts[was]!--;
    if (verdict === undefined) this.#verdicts.delete(key);
    else { this.#counts[verdict]!++; this.#verdicts.set(key, verdict); }
  }

  #valueOf = (key: string, column: string): SortValue => this.#value(this.#known.get(key)!, column);
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

const without = (keys: readonly string[], gone: ReadonlySet<string>): readonly string[] => (gone.size === 0 ? keys : keys.filter(k => !gone.has(k)));

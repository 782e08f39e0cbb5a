// What workers count, under Kubernetes' names, read when somebody asks for a page of metrics. Counting is a look-up in a map and an addition.

export type Labels = Readonly<Record<string, string>>;
/** One line of a page; `suffix` is put behind the family's name. */
export type Line = readonly [labels: Labels, value: number, suffix?: string];
/** A figure in several series, told apart by labels, read when somebody asks. */
export interface Family { readonly name: string; readonly help: string; readonly type: 'gauge' | 'counter' | 'histogram'; read(): readonly Line[] }

const labelled = (names: readonly string[], values: readonly string[]): Labels => Object.fromEntries(names.map((n, i) => [n, values[i] ?? '']));

/** A number that only grows, for each set of labels. */
export class Counter implements Family {
  readonly type = 'counter';
  readonly name: string;
  readonly help: string;
  readonly #names: readonly string[];
  readonly #series = new Map<string, { values: readonly string[]; n: number }>();
  constructor(name: string, help: string, labels: readonly string[]) { this.name = name; this.help = help; this.#names = labels; }

  /** `values` in the order of the labels' names. */
  add(values: readonly string[], by = 1): void {
    const key = values.join('\0'), s = this.#series.get(key);
    if (s) s.n += by; else this.#series.set(key, { values: [...values], n: by });
  }
  read(): Line[] { return [...this.#series.values()].map(s => [labelled(this.#names, s.values), s.n]); }
}

/** How often amounts were up to each bound, for each set of labels. */
export class Histogram implements Family {
  readonly type = 'histogram';
  readonly name: string;
  readonly help: string;
  readonly #names: readonly string[];
  readonly #bounds: readonly number[];
  readonly #series = new Map<string, { values: readonly string[]; buckets: Float64Array; sum: number; count: number }>();
  /** `bounds` ascending. */
  constructor(name: string, help: string, labels: readonly string[], bounds: readonly number[]) { this.name = name; this.help = help; this.#names = labels; this.#bounds = bounds; }

  observe(values: readonly string[], amount: number): void { this.of(values)(amount); }
  /** The series of these labels alone, for who observes often. It is read from now on. */
  of(values: readonly string[]): (amount: number) => void {
    const key = values.join('\0'), bounds = this.#bounds;
    let s = this.#series.get(key);
    if (!s) this.#series.set(key, s = { values: [...values], buckets: new Float64Array(bounds.length), sum: 0, count: 0 });
    const series = s;
    return amount => {
      series.count++;
      series.sum += amount;
      for (let i = 0; i < bounds.length; i++) if (amount <= bounds[i]!) { series.buckets[i]!++; return; }
    };
  }
  read(): Line[] {
    const out: Line[] = [];
    for (const s of this.#series.values()) {
      const labels = labelled(this.#names, s.values);
      let below = 0;
      this.#bounds.forEach((b, i) => { below += s.buckets[i]!; out.push([{ ...labels, le: String(b) }, below, '_bucket']); });
      out.push([{ ...labels, le: '+Inf' }, s.count, '_bucket'], [labels, s.sum, '_sum'], [labels, s.count, '_count']);
    }
    return out;
  }
}

/** `start`, and `count - 1` more, each `factor` times the one before. */
export const exponential = (start: number, factor: number, count: number): number[] => Array.from({ length: count }, (_, i) => Number((start * factor ** i).toPrecision(12)));

/** All that the workers of one process count. Asked twice for one name, it gives the same family. */
export class Figures {
  readonly #families = new Map<string, Family>();
  counter(name: string, help: string, labels: readonly string[] = []): Counter { return this.#once(name, () => new Counter(name, help, labels)); }
  histogram(name: string, help: string, labels: readonly string[], bounds: readonly number[]): Histogram { return this.#once(name, () => new Histogram(name, help, labels, bounds)); }
  /** Read from something that is counted anyway. */
  observed(family: Family): void { this.#families.set(family.name, family); }
  all(): readonly Family[] { return [...this.#families.values()]; }

  #once<T extends Family>(name: string, make: () => T): T {
    const found = this.#families.get(name) as T | undefined, family = found ?? make();
    if (!found) this.#families.set(name, family);
    return family;
  }
}

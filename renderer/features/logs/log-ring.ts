// The lines of a merged log in time order, bounded by number and by size. What has been dropped is counted, never hidden.

export interface LogLine {
  /** Raised by one for every line taken in; the identity of a row. */
  readonly id: number;
  /** Index into the session's sources. */
  readonly source: number;
  /** RFC 3339 with nanoseconds as the server gave it; '' for a word of our own. */
  readonly at: string;
  /** `at` in a form that sorts as text. */
  readonly key: string;
  readonly text: string;
  /** A word of ours, not output: the source began again, and so many instances before it can no longer be read. */
  readonly restarted?: { readonly lost: number };
}

export const MAX_LINES = 50_000;
/** Characters kept in all lines together. */
export const MAX_CHARS = 24_000_000;
/** A longer line is shown as several: one line must not be able to fill the memory. */
export const MAX_LINE = 200_000;

/** Sortable text of a timestamp: seconds in UTC and nine digits. Server clocks may write an offset instead of Z. */
export function sortKey(at: string): string {
  const m = /^(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)(?:\.(\d{1,9}))?(Z|[+-]\d\d:\d\d)$/.exec(at);
  if (!m) return '';
  const seconds = m[3] === 'Z' ? m[1]! : new Date(`${m[1]!}${m[3]!}`).toISOString().slice(0, 19);
  return `${seconds}.${(m[2] ?? '').padEnd(9, '0')}`;
}

/** Keeps order under late arrivals: a batch older than the end is merged in, at the cost of the part it overlaps. */
export class LogRing {
  #lines: LogLine[] = [];
  #chars = 0;
  #maxLines: number;
  #maxChars: number;
  /** Lines dropped at the old end. */
  dropped = 0;
  /** Raised by every change that is not a plain append: views built on the lines start anew. */
  generation = 0;
  /** Lines taken in so far. */
  taken = 0;

  constructor(maxLines = MAX_LINES, maxChars = MAX_CHARS) { this.#maxLines = maxLines; this.#maxChars = maxChars; }

  get lines(): readonly LogLine[] { return this.#lines; }

  /** Takes a batch in any order. */
  add(batch: readonly LogLine[]): void {
    if (batch.length === 0) return;
    const fresh = [...batch].sort((a, b) => (a.key < b.key ? -1 : a.key > b.key ? 1 : a.id - b.id));
    for (const l of fresh) this.#chars += l.text.length;
    this.taken += fresh.length;
    const last = this.#lines.at(-1);
    if (!last || last.key <= fresh[0]!.key) for (const l of fresh) this.#lines.push(l);
    else this.#merge(fresh);
    this.#trim();
  }

  clear(): void {
    this.#lines = [];
    this.#chars = 0;
    this.dropped = 0;
    this.generation++;
  }

  #merge(fresh: readonly LogLine[]): void {
    let low = 0, high = this.#lines.length;
    const first = fresh[0]!.key;
    while (low < high) {
      const mid = (low + high) >>> 1;
      if (this.#lines[mid]!.key <= first) low = mid + 1; else high = mid;
    }
    const old = this.#lines.splice(low);
    let i = 0, j = 0;
    while (i < old.length || j < fresh.length) {
      const a = old[i], b = fresh[j];
      if (b === undefined || (a !== undefined && a.key <= b.key)) { this.#lines.push(a!); i++; } else { this.#lines.push(b); j++; }
    }
    this.generation++;
  }

  #trim(): void {
    // A slack of a tenth makes dropping cheap: the array is moved once in a while, not with every line.
    if (this.#lines.length <= this.#maxLines * 1.1 && this.#chars <= this.#maxChars * 1.1) return;
    let cut = Math.max(0, this.#lines.length - this.#maxLines);
    let chars = this.#chars;
    for (let i = 0; i < cut; i++) chars -= this.#lines[i]!.text.length;
    while (chars > this.#maxChars && cut < this.#lines.length - 1) chars -= this.#lines[cut++]!.text.length;
    this.#lines = this.#lines.slice(cut);
    this.#chars = chars;
    this.dropped += cut;
    this.generation++;
  }
}

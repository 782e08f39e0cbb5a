// When a cron schedule is due: five fields (minute hour day-of-month month day-of-week) or a word such as `@hourly`, in a time zone. Read as
// Kubernetes' library does: where a change to summer time leaves a time out, it is not due that day; where the clock is set back, what
// falls into the hour that comes twice is due twice.

const MINUTE = 60_000;
const HOUR = 3_600_000;
const DAY = 86_400_000;
const MONTHS = ['jan', 'feb', 'mar', 'apr', 'may', 'jun', 'jul', 'aug', 'sep', 'oct', 'nov', 'dec'];
const DAYS = ['sun', 'mon', 'tue', 'wed', 'thu', 'fri', 'sat'];
const WORDS: Readonly<Record<string, string>> = {
  '@yearly': '0 0 1 1 *', '@annually': '0 0 1 1 *', '@monthly': '0 0 1 * *', '@weekly': '0 0 * * 0', '@daily': '0 0 * * *', '@midnight': '0 0 * * *', '@hourly': '0 * * * *',
};
/** A date that never comes (31 February) is given up after this. */
const HORIZON_DAYS = 366 * 5;
/** No clock is set back by more. */
const LONGEST_SHIFT = 3 * HOUR;

interface Field { readonly values: ReadonlySet<number>; readonly any: boolean }

function parseField(text: string, min: number, max: number, names: readonly string[] = []): Field {
  const number = (word: string): number => {
    const named = names.indexOf(word.toLowerCase());
    const n = named >= 0 ? named + min : /^\d+$/.test(word) ? Number(word) : Number.NaN;
    if (!(n >= min && n <= max)) throw new RangeError(`value ${word} is not in the range ${min} to ${max}`);
    return n;
  };
  const values = new Set<number>();
  let any = false;
  for (const part of text.split(',')) {
    const [range = '', step] = part.split('/');
    if (step !== undefined && !/^[1-9]\d*$/.test(step)) throw new RangeError(`${part} is not a step`);
    let from: number;
    let to: number;
    if (range === '*' || range === '?') { from = min; to = max; any ||= step === undefined || step === '1'; }
    else if (range.includes('-')) { const [a = '', b = ''] = range.split('-'); from = number(a); to = number(b); }
    else { from = number(range); to = step === undefined ? from : max; }
    if (from > to) throw new RangeError(`beginning of range (${from}) beyond end of range (${to}): ${part}`);
    for (let v = from; v <= to; v += Number(step ?? 1)) values.add(v);
  }
  return { values, any };
}

/** A zone of the IANA's list; without a name UTC. Throws RangeError for one that is none. */
export class Zone {
  readonly #format: Intl.DateTimeFormat | undefined;
  constructor(name?: string) {
    this.#format = name && name !== 'UTC' && name !== 'Etc/UTC'
      ? new Intl.DateTimeFormat('en-US', { timeZone: name, hourCycle: 'h23', year: 'numeric', month: 'numeric', day: 'numeric', hour: 'numeric', minute: 'numeric', second: 'numeric' }) : undefined;
  }
  /** What its clocks are ahead of UTC at `ms`, in milliseconds. */
  offset(ms: number): number {
    if (!this.#format) return 0;
    const part = Object.fromEntries(this.#format.formatToParts(ms).map(p => [p.type, Number(p.value)]));
    return Date.UTC(part['year']!, part['month']! - 1, part['day'], part['hour'], part['minute'], part['second']) - Math.floor(ms / 1000) * 1000;
  }
  /** The moments at which its clocks show `wall` (a time written as if it were UTC), earliest first: none, one or two. */
  moments(wall: number): number[] {
    if (!this.#format) return [wall];
    const offsets = new Set([this.offset(wall - DAY), this.offset(wall + DAY)]);
    return [...offsets].map(o => wall - o).filter(ms => ms + this.offset(ms) === wall).sort((a, b) => a - b);
  }
  /** `2026-03-01T09:00:00+01:00`; `Z` where it is UTC. */
  format(ms: number): string {
    const offset = this.offset(ms), minutes = Math.abs(offset) / MINUTE, two = (n: number): string => String(Math.floor(n)).padStart(2, '0');
    return new Date(ms + offset).toISOString().slice(0, 19) + (offset === 0 ? 'Z' : `${offset < 0 ? '-' : '+'}${two(minutes / 60)}:${two(minutes % 60)}`);
  }
}

export class Schedule {
  readonly #minutes: readonly number[];
  readonly #hours: readonly number[];
  readonly #dom: Field;
  readonly #month: Field;
  readonly #dow: Field;
  readonly #every: number | undefined;
  readonly #zone: Zone;

  /** Throws RangeError for what is no schedule or no time zone. Without a zone: the one a schedule of old names (`TZ=…`), or UTC. */
  constructor(text: string, timeZone?: string) {
    const [, named, rest] = /^(?:CRON_)?TZ=(\S*) +(.*)$/s.exec(text) ?? [undefined, undefined, text];
    const trimmed = rest!.trim();
    this.#zone = new Zone(timeZone ?? named);
    this.#every = trimmed.startsWith('@every ') ? duration(trimmed.slice(7)) : undefined;
    const fields = (this.#every === undefined ? WORDS[trimmed] ?? trimmed : '* * * * *').split(/\s+/);
    if (fields.length !== 5) throw new RangeError(`expected exactly 5 fields, found ${fields.length}: [${trimmed}]`);
    const sorted = (f: Field): number[] => [...f.values].sort((a, b) => a - b);
    this.#minutes = sorted(parseField(fields[0]!, 0, 59));
    this.#hours = sorted(parseField(fields[1]!, 0, 23));
    this.#dom = parseField(fields[2]!, 1, 31);
    this.#month = parseField(fields[3]!, 1, 12, MONTHS);
    this.#dow = parseField(fields[4]!, 0, 6, DAYS);
  }

  /** The first time after `ms` (exclusive), undefined if there is none. */
  next(ms: number): number | undefined {
    if (this.#every !== undefined) return Math.floor(ms / 1000) * 1000 + this.#every;
    const offset = this.#zone.offset(ms);
    if (this.#zone.offset(ms + LONGEST_SHIFT) < offset) return this.#nextNearSetBack(ms, offset);
    for (let wall = this.#nextWall(ms + offset); wall !== undefined; wall = this.#nextWall(wall)) {
      const at = this.#zone.moments(wall).find(t => t > ms);
      if (at !== undefined) return at;
    }
    return undefined;
  }

  /** The last time due after `after` and up to `ms`, and the first; undefined where there is none. */
  last(after: number, ms: number): { at: number; first: number } | undefined {
    const first = this.next(after);
    if (first === undefined || first > ms) return undefined;
    // Such a schedule counts from where it was last due, not from midnight.
    if (this.#every !== undefined) return { first, at: first + Math.floor((ms - first) / this.#every) * this.#every };
    // Halves what may lie before the last one, so that years asleep cost no more than minutes.
    let at = first;
    for (let low = first, high = ms; high - low >= 1000;) {
      const middle = Math.floor((low + high) / 2), next = this.next(middle);
      if (next !== undefined && next <= ms) { at = next; low = next; } else high = middle;
    }
    return { at, first };
  }

  /** The clock is about to be set back from `offset`: what is due before, and else what is due when the time comes again. */
  #nextNearSetBack(ms: number, offset: number): number | undefined {
    let low = ms, high = ms + LONGEST_SHIFT;
    while (high - low > 1) { const middle = Math.floor((low + high) / 2); if (this.#zone.offset(middle) === offset) low = middle; else high = middle; }
    const before = this.#nextWall(ms + offset);
    if (before !== undefined && before - offset < high) return before - offset;
    const later = this.#zone.offset(high), after = this.#nextWall(high + later - 1);
    return after === undefined ? undefined : this.#zone.moments(after).at(-1);
  }

  /** The first time of the clock on the wall after `start`, as if in UTC. */
  #nextWall(start: number): number | undefined {
    for (let day = Math.floor(start / DAY) * DAY, n = 0; n < HORIZON_DAYS; day += DAY, n++) {
      if (!this.#onDay(new Date(day))) continue;
      for (const hour of this.#hours) {
        if (day + hour * HOUR + HOUR <= start) continue;
        for (const minute of this.#minutes) {
          const wall = day + hour * HOUR + minute * MINUTE;
          if (wall > start) return wall;
        }
      }
    }
    return undefined;
  }

  /** Both days given: either will do (as cron has it); one of them `*`: the other decides. */
  #onDay(date: Date): boolean {
    if (!this.#month.values.has(date.getUTCMonth() + 1)) return false;
    const dom = this.#dom.values.has(date.getUTCDate());
    const dow = this.#dow.values.has(date.getUTCDay());
    return this.#dom.any || this.#dow.any ? dom && dow : dom || dow;
  }
}

const UNITS: Readonly<Record<string, number>> = { h: HOUR, m: MINUTE, s: 1000, ms: 1, us: 1e-3, 'µs': 1e-3, ns: 1e-6 };
/** Whole seconds, one at least. */
function duration(text: string): number {
  let total = 0;
  const rest = text.trim().replace(/^\+/, '').replace(/(\d+(?:\.\d+)?)(ns|us|µs|ms|h|m|s)/g, (_, n: string, unit: string) => { total += Number(n) * UNITS[unit]!; return ''; });
  if (rest !== '') throw new RangeError(`failed to parse duration @every ${text}`);
  return Math.max(1, Math.floor(total / 1000)) * 1000;
}

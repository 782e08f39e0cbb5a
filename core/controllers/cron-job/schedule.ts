// Cron schedules: five fields (minute hour day-of-month month day-of-week) or a word such as `@hourly`, in a time zone.

const MINUTE = 60_000;
const DAY = 86_400_000;
const MONTHS = ['jan', 'feb', 'mar', 'apr', 'may', 'jun', 'jul', 'aug', 'sep', 'oct', 'nov', 'dec'];
const DAYS = ['sun', 'mon', 'tue', 'wed', 'thu', 'fri', 'sat'];
const WORDS: Readonly<Record<string, string>> = {
  '@yearly': '0 0 1 1 *', '@annually': '0 0 1 1 *', '@monthly': '0 0 1 * *', '@weekly': '0 0 * * 0', '@daily': '0 0 * * *', '@midnight': '0 0 * * *', '@hourly': '0 * * * *',
};
/** A date that never comes (31 February) is given up after this. */
const HORIZON_DAYS = 366 * 5;

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

export class Schedule {
  readonly #minutes: readonly number[];
  readonly #hours: readonly number[];
  readonly #dom: Field;
  readonly #month: Field;
  readonly #dow: Field;
  readonly #every: number | undefined;
  readonly #format: Intl.DateTimeFormat | undefined;

  /** Throws RangeError for what is no schedule or no time zone. Without a zone: UTC. */
  constructor(text: string, timeZone?: string) {
    const trimmed = text.trim();
    this.#format = timeZone && timeZone !== 'UTC' && timeZone !== 'Etc/UTC'
      ? new Intl.DateTimeFormat('en-US', { timeZone, hourCycle: 'h23', year: 'numeric', month: 'numeric', day: 'numeric', hour: 'numeric', minute: 'numeric', second: 'numeric' }) : undefined;
    this.#every = trimmed.startsWith('@every ') ? duration(trimmed.slice(7)) : undefined;
    const fields = (this.#every === undefined ? WORDS[trimmed] ?? trimmed : '* * * * *').split(/\s+/);
    if (fields.length !== 5) throw new RangeError(`expected exactly 5 fields, found ${fields.length}: [${trimmed}]`);
    const sorted = (f: Field): number[] => [...f.values].sort((a, b) => a - b);
    this.#minutes = sorted(parseField(fields[0]!, 0, 59));
    this.#hours = sorted(parseField(fields[1]!, 0, 23));
    this.#dom = parseField(fields[2]!, 1, 31);
    this.#month = parseField(fields[3]!, 1, 12, MONTHS);
    // 7 is Sunday too.
    const dow = parseField(fields[4]!.replace(/\b7\b/g, m => (fields[4]!.includes('-7') ? m : '0')), 0, fields[4]!.includes('-7') ? 7 : 6, DAYS);
    this.#dow = dow.values.has(7) ? { any: dow.any, values: new Set([...dow.values].map(v => v % 7)) } : dow;
  }

  /** The first time after `ms` (exclusive), undefined if there is none. */
  next(ms: number): number | undefined {
    if (this.#every !== undefined) return Math.floor(ms / 1000) * 1000 + this.#every;
    const start = this.#wall(ms);
    for (let day = Math.floor(start / DAY) * DAY, n = 0; n < HORIZON_DAYS; day += DAY, n++) {
      if (!this.#onDay(new Date(day))) continue;
      for (const hour of this.#hours)
        for (const minute of this.#minutes) {
          const wall = day + hour * 3_600_000 + minute * MINUTE;
          if (wall <= start - MINUTE) continue;
          const time = this.#utc(wall);
          if (time !== undefined && time > ms) return time;
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

  /** The wall clock of the zone, as if it were UTC. */
  #wall(ms: number): number {
    if (!this.#format) return ms;
    const part = Object.fromEntries(this.#format.formatToParts(ms).map(p => [p.type, Number(p.value)]));
    return Date.UTC(part['year']!, part['month']! - 1, part['day'], part['hour'], part['minute'], part['second']);
  }
  /** The moment of a wall-clock time; undefined for one that a change to summer time leaves out. */
  #utc(wall: number): number | undefined {
    if (!this.#format) return wall;
    let ms = wall - (this.#wall(wall) - wall);
    ms += wall - this.#wall(ms);
    return this.#wall(ms) === wall ? ms : undefined;
  }
}

function duration(text: string): number {
  const units: Readonly<Record<string, number>> = { h: 3_600_000, m: MINUTE, s: 1000 };
  let total = 0;
  const rest = text.trim().replace(/(\d+(?:\.\d+)?)(h|m|s)/g, (_, n: string, unit: string) => { total += Number(n) * units[unit]!; return ''; });
  if (rest !== '' || total < 1000) throw new RangeError(`failed to parse duration @every ${text}`);
  return Math.floor(total / 1000) * 1000;
}

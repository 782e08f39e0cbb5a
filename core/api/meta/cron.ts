// Cron schedules as robfig/cron reads them (standard five fields, names, steps, @daily…): checking, not scheduling.

interface Field { readonly name: string; readonly low: number; readonly high: number; readonly names: readonly string[] }
const FIELDS: readonly Field[] = [
  { name: 'minute', low: 0, high: 59, names: [] },
  { name: 'hour', low: 0, high: 23, names: [] },
  { name: 'day of month', low: 1, high: 31, names: [] },
  { name: 'month', low: 1, high: 12, names: ['jan', 'feb', 'mar', 'apr', 'may', 'jun', 'jul', 'aug', 'sep', 'oct', 'nov', 'dec'] },
  { name: 'day of week', low: 0, high: 6, names: ['sun', 'mon', 'tue', 'wed', 'thu', 'fri', 'sat'] },
];
const DESCRIPTORS = new Set(['@yearly', '@annually', '@monthly', '@weekly', '@daily', '@midnight', '@hourly']);

function number(text: string, f: Field): number | string {
  const named = f.names.indexOf(text.toLowerCase());
  if (named >= 0) return named + f.low;
  return /^\d+$/.test(text) ? Number(text) : `failed to parse int from ${text}: strconv.Atoi: parsing ${JSON.stringify(text)}: invalid syntax`;
}

function rangeError(expr: string, f: Field): string | undefined {
  const [range, step, more] = expr.split('/');
  if (more !== undefined) return `too many slashes: ${expr}`;
  const [from, to, extra] = range!.split('-');
  if (extra !== undefined) return `too many hyphens: ${expr}`;
  const any = from === '*' || from === '?';
  const a = any ? f.low : number(from!, f), b = to === undefined ? (any || step !== undefined ? f.high : a) : number(to, f);
  if (typeof a === 'string') return a;
  if (typeof b === 'string') return b;
  const s = step === undefined ? 1 : number(step, { ...f, names: [] });
  if (typeof s === 'string') return s;
  if (a < f.low) return `beginning of range (${a}) below minimum (${f.low}): ${expr}`;
  if (b > f.high) return `end of range (${b}) above maximum (${f.high}): ${expr}`;
  if (a > b) return `beginning of range (${a}) beyond end of range (${b}): ${expr}`;
  return s === 0 ? `step of range should be a positive number: ${expr}` : undefined;
}

/** Why a schedule is none; undefined when it is one. */
export function cronError(given: string): string | undefined {
  // A zone before the schedule is read, and refused elsewhere.
  const schedule = given.replace(/^(CRON_)?TZ=\S* +/, '');
  if (schedule.startsWith('@')) {
    if (DESCRIPTORS.has(schedule) || /^@every [+-]?(\d+(\.\d+)?(ns|us|µs|ms|s|m|h))+$/.test(schedule)) return undefined;
    return schedule.startsWith('@every ') ? `failed to parse duration ${schedule}: time: invalid duration ${JSON.stringify(schedule.slice(7))}` : `unrecognized descriptor: ${schedule}`;
  }
  const parts = schedule.trim().split(/\s+/).filter(Boolean);
  if (parts.length !== 5) return `expected exactly 5 fields, found ${parts.length}: [${parts.join(' ')}]`;
  for (let i = 0; i < 5; i++) {
    for (const expr of parts[i]!.split(',')) {
      const error = rangeError(expr, FIELDS[i]!);
      if (error) return error;
    }
  }
  return undefined;
}

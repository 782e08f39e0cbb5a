// Time as Go reads and writes it: RFC 3339 in, UTC out (whole seconds for Time, six digits for MicroTime).

const RFC3339 = /^(\d{4})-(\d\d)-(\d\d)T(\d\d):(\d\d):(\d\d)(?:[.,](\d+))?(Z|[+-]\d\d:\d\d)$/;
const LAYOUTS = { 0: '2006-01-02T15:04:05Z07:00', 6: '2006-01-02T15:04:05.000000Z07:00' } as const;
const PARTS: [pattern: RegExp, name: string][] = [
  [/^\d{4}/, '2006'], [/^-/, '-'], [/^\d\d/, '01'], [/^-/, '-'], [/^\d\d/, '02'], [/^T/, 'T'], [/^\d\d/, '15'], [/^:/, ':'],
  [/^\d\d/, '04'], [/^:/, ':'], [/^\d\d(?:[.,]\d+)?/, '05'], [/^(?:Z|[+-]\d\d:\d\d)/, 'Z07:00'],
];

/** Why Go's time.Parse would refuse `text`. */
function complaint(text: string, layout: string): string {
  let rest = text;
  for (const [pattern, name] of PARTS) {
    const m = pattern.exec(rest);
    if (!m) return `parsing time ${JSON.stringify(text)} as ${JSON.stringify(layout)}: cannot parse ${JSON.stringify(rest)} as ${JSON.stringify(name)}`;
    rest = rest.slice(m[0].length);
  }
  if (rest !== '') return `parsing time ${JSON.stringify(text)}: extra text: ${JSON.stringify(rest)}`;
  return '';
}

/** `text` in UTC with `digits` digits of a second (cut, not rounded). Throws an Error with Go's text. */
export function normalizeTime(text: string, digits: 0 | 6): string {
  const m = RFC3339.exec(text);
  if (!m) throw new Error(complaint(text, LAYOUTS[digits]));
  const [, y, mo, d, h, mi, s, fraction = '', zone] = m;
  const bad = outOfRange(Number(y), Number(mo), Number(d), Number(h), Number(mi), Number(s));
  if (bad) throw new Error(`parsing time ${JSON.stringify(text)}: ${bad} out of range`);
  const tail = digits === 0 ? 'Z' : `.${fraction.slice(0, 6).padEnd(6, '0')}Z`;
  if (zone === 'Z') return `${text.slice(0, 19)}${tail}`;
  const offset = (Number(zone!.slice(1, 3)) * 60 + Number(zone!.slice(4))) * (zone![0] === '-' ? -1 : 1);
  return `${new Date(Date.parse(`${text.slice(0, 19)}Z`) - offset * 60_000).toISOString().slice(0, 19)}${tail}`;
}

function outOfRange(y: number, mo: number, d: number, h: number, mi: number, s: number): string | undefined {
  if (mo < 1 || mo > 12) return 'month';
  if (d < 1 || d > new Date(Date.UTC(y, mo, 0)).getUTCDate()) return 'day';
  if (h > 23) return 'hour';
  if (mi > 59) return 'minute';
  return s > 59 ? 'second' : undefined;
}

const UNITS: Readonly<Record<string, number>> = { h: 3_600_000_000_000, m: 60_000_000_000, s: 1_000_000_000, ms: 1_000_000, us: 1000, µs: 1000, ns: 1 };

/** Nanoseconds of a duration as Go writes it (`1m30.5s`); 0 for text that is none. */
export function nanosOfDuration(text: string): number {
  if (!/^-?(0|(\d+(\.\d+)?(h|m|s|ms|us|µs|ns))+)$/.test(text)) return 0;
  let sum = 0;
  for (const [, amount, unit] of text.matchAll(/(\d+(?:\.\d+)?)(h|ms|m|s|us|µs|ns)/g)) sum += Math.round(Number(amount) * UNITS[unit!]!);
  return text.startsWith('-') ? -sum : sum;
}

/** A duration as Go writes it: `10.039s`, `1m0s`, `250ms`, `0s`. */
export function durationText(nanos: number): string {
  if (nanos === 0) return '0s';
  const sign = nanos < 0 ? '-' : '', n = Math.abs(nanos);
  if (n < 1000) return `${sign}${n}ns`;
  if (n < 1_000_000) return `${sign}${n / 1000}µs`;
  if (n < 1_000_000_000) return `${sign}${n / 1_000_000}ms`;
  const hours = Math.floor(n / UNITS['h']!), minutes = Math.floor(n / UNITS['m']!) % 60, seconds = (n % UNITS['m']!) / UNITS['s']!;
  return `${sign}${hours > 0 ? `${hours}h` : ''}${hours > 0 || minutes > 0 ? `${minutes}m` : ''}${seconds}s`;
}

// Parts of a timestamp in a time zone: `UTC`, `Europe/Berlin`, `+02:00`.
import { CelError, floorDiv, Timestamp } from './values.ts';

interface Parts { year: number; month: number; day: number; hour: number; minute: number; second: number }
const formats = new Map<string, Intl.DateTimeFormat>();

function local(t: Timestamp, zone: string): Parts {
  let ms = Number(floorDiv(t.ns, 1_000_000n));
  const offset = /^([+-]?)(\d\d):(\d\d)$/.exec(zone);
  if (offset) ms += (Number(offset[2]) * 60 + Number(offset[3])) * (offset[1] === '-' ? -60_000 : 60_000);
  if (offset || zone === 'UTC' || zone === '') {
    const d = new Date(ms);
    return { year: d.getUTCFullYear(), month: d.getUTCMonth(), day: d.getUTCDate(), hour: d.getUTCHours(), minute: d.getUTCMinutes(), second: d.getUTCSeconds() };
  }
  let format = formats.get(zone);
  if (!format) {
    try {
      format = new Intl.DateTimeFormat('en-US', { timeZone: zone, hourCycle: 'h23', year: 'numeric', month: 'numeric', day: 'numeric', hour: 'numeric', minute: 'numeric', second: 'numeric' });
    } catch (e) {
      if (!(e instanceof RangeError)) throw e;
      throw new CelError(`unknown time zone ${zone}`);
    }
    if (formats.size > 100) formats.clear();
    formats.set(zone, format);
  }
  const of = Object.fromEntries(format.formatToParts(ms).map(p => [p.type, Number(p.value)]));
  return { year: of['year']!, month: of['month']! - 1, day: of['day']!, hour: of['hour']!, minute: of['minute']!, second: of['second']! };
}

const midnight = (p: Parts): number => { const d = new Date(0); d.setUTCFullYear(p.year, p.month, p.day); return d.getTime(); };

/** By the name of CEL's function. */
export const dateParts: Readonly<Record<string, (t: Timestamp, zone: string) => number>> = {
  getFullYear: (t, z) => local(t, z).year,
  getMonth: (t, z) => local(t, z).month,
  getDayOfYear: (t, z) => { const p = local(t, z); return Math.round((midnight(p) - midnight({ ...p, month: 0, day: 1 })) / 86_400_000); },
  getDayOfMonth: (t, z) => local(t, z).day - 1,
  getDate: (t, z) => local(t, z).day,
  getDayOfWeek: (t, z) => new Date(midnight(local(t, z))).getUTCDay(),
  getHours: (t, z) => local(t, z).hour,
  getMinutes: (t, z) => local(t, z).minute,
  getSeconds: (t, z) => local(t, z).second,
  getMilliseconds: t => Number(floorDiv(t.ns, 1_000_000n) - floorDiv(t.ns, 1_000_000_000n) * 1000n),
};

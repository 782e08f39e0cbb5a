// Times on the wire and times as people read them.

/** RFC 3339 UTC, whole seconds: `2026-01-02T03:04:05Z` (metav1.Time). */
export const formatTime = (ms: number): string => `${new Date(ms).toISOString().slice(0, 19)}Z`;

/** RFC 3339 UTC with six fractional digits (metav1.MicroTime); `ms` may carry a fraction. */
export function formatMicroTime(ms: number): string {
  const whole = Math.floor(ms);
  const micros = Math.floor((ms - whole) * 1000);
  return `${new Date(whole).toISOString().slice(0, 23)}${String(micros).padStart(3, '0')}Z`;
}

const TIME = /^(\d{4})-(\d\d)-(\d\d)T(\d\d):(\d\d):(\d\d)(?:[.,](\d+))?(Z|[+-]\d\d:\d\d)$/;

/** True for what Kubernetes' decoders take as a time: RFC 3339 with a zone, any number of fractional digits. */
export const isTime = (text: string): boolean => TIME.test(text) && !Number.isNaN(Date.parse(text.replace(',', '.')));

/** Milliseconds since the epoch; NaN for a missing or malformed time. Digits below the millisecond are dropped, so never write the result back. */
export const parseTime = (text: string | undefined): number => (text === undefined ? Number.NaN : Date.parse(text));

/**
 * A metav1.Time in the form the server keeps: UTC, whole seconds. Undefined if malformed.
 * A MicroTime is not passed through this: it is kept as given (six digits do not fit a Date).
 */
export function normalizeTime(text: string): string | undefined {
  if (!isTime(text)) return undefined;
  return text.length === 20 && text.endsWith('Z') ? text : formatTime(Date.parse(text.replace(',', '.')));
}

/** A span as kubectl's AGE column shows it: the two largest units while the larger is small (`90s`, `3m5s`, `2d3h`). */
export function ageText(ms: number): string {
  const seconds = Math.trunc(ms / 1000);
  if (seconds < -1) return '<invalid>';
  if (seconds < 0) return '0s';
  if (seconds < 120) return `${seconds}s`;
  const minutes = Math.trunc(seconds / 60);
  if (minutes < 10) return two(minutes, 'm', seconds % 60, 's');
  if (minutes < 180) return `${minutes}m`;
  const hours = Math.trunc(minutes / 60);
  if (hours < 8) return two(hours, 'h', minutes % 60, 'm');
  if (hours < 48) return `${hours}h`;
  const days = Math.trunc(hours / 24);
  if (hours < 192) return two(days, 'd', hours % 24, 'h');
  if (hours < 17_520) return `${days}d`;
  const years = Math.trunc(days / 365);
  if (hours < 70_080) return two(years, 'y', days % 365, 'd');
  return `${years}y`;
}
const two = (a: number, unitA: string, b: number, unitB: string): string => (b === 0 ? `${a}${unitA}` : `${a}${unitA}${b}${unitB}`);

/** Age of a timestamp as a cell: `<unknown>` when there is none. */
export const sinceText = (timestamp: string | undefined | null, now: number): string =>
  (timestamp ? ageText(now - Date.parse(timestamp)) : '<unknown>');

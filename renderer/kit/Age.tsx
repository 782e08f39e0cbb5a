import { ageText } from '../../core/api/meta/time.ts';
import { useTicking } from '../base/ticker.ts';

/** Time since `at` (RFC 3339), ticking; the exact time in the reader's zone on hover. */
export function Age({ at }: { at: string | undefined }) {
  const since = at === undefined ? Number.NaN : Date.parse(at);
  const text = useTicking(now => (Number.isNaN(since) ? '' : ageText(Math.max(0, now - since))));
  return <time dateTime={at} title={Number.isNaN(since) ? undefined : exactTime(since)}>{text}</time>;
}

// Making a formatter costs far more than using one.
const exact = new Intl.DateTimeFormat(undefined, { dateStyle: 'medium', timeStyle: 'long' });
/** In the reader's zone. */
export const exactTime = (ms: number): string => exact.format(ms);
const clock = new Intl.DateTimeFormat(undefined, { hour: '2-digit', minute: '2-digit', hourCycle: 'h23' });
const dated = new Intl.DateTimeFormat(undefined, { dateStyle: 'short', timeStyle: 'short' });
/** `14:02` today, with the date otherwise. */
export const clockTime = (ms: number): string => {
  const date = new Date(ms);
  const today = date.toDateString() === new Date().toDateString();
  return (today ? clock : dated).format(date);
};

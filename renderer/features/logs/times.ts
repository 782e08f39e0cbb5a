// Times of log lines in the reader's zone.

/** `14:02:07.123`; making a formatter per line would cost more than drawing it. */
export function localTime(at: string): string {
  const ms = Date.parse(at.replace(/(\.\d{3})\d+/, '$1'));
  if (Number.isNaN(ms)) return '';
  const d = new Date(ms);
  const two = (n: number): string => String(n).padStart(2, '0');
  return `${two(d.getHours())}:${two(d.getMinutes())}:${two(d.getSeconds())}.${String(d.getMilliseconds()).padStart(3, '0')}`;
}

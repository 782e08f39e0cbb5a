// The arithmetic of a small chart: from times and values to the path of a line in a box of 100 by 100.

export interface Point { at: number; value: number }
export interface Span { from: number; to: number }

/** From the first point to `now`: never shorter than `least`, never longer than `most` (ms). */
export function spanOf(points: readonly Point[], now: number, least: number, most: number): Span {
  const first = points.reduce((a, p) => Math.min(a, p.at), now);
  return { from: now - Math.min(most, Math.max(least, now - first)), to: now };
}

/** A top above `most` that is 1, 2 or 5 times a power of ten. */
export function topOf(most: number): number {
  if (!(most > 0)) return 1;
  const power = 10 ** Math.floor(Math.log10(most));
  return [1, 2, 5, 10].map(n => n * power).find(n => n >= most * 0.999)!;
}

/** SVG path; the line goes on to the end of the span. `stairs` keeps each value until the next; a gap breaks the line. */
export function pathOf(points: readonly (Point | undefined)[], span: Span, top: number, stairs: boolean): string {
  const x = (at: number): number => round(Math.max(0, Math.min(100, (at - span.from) / (span.to - span.from) * 100)));
  const y = (v: number): number => round(100 - Math.min(1, v / top) * 100);
  const parts: string[] = [];
  let before: Point | undefined;
  for (const p of points) {
    if (!p) { before = undefined; continue; }
    if (p.at < span.from) {
      // The last value before the span is the one it begins with.
      before = { at: span.from, value: p.value };
      if (parts.length > 0) parts.length = 0;
      parts.push(`M0 ${y(p.value)}`);
      continue;
    }
    if (!before) parts.push(`M${x(p.at)} ${y(p.value)}`);
    else if (stairs) parts.push(`H${x(p.at)}`, `V${y(p.value)}`);
    else parts.push(`L${x(p.at)} ${y(p.value)}`);
    before = p;
  }
  if (before && before.at < span.to) parts.push('H100');
  return parts.join('');
}
const round = (n: number): number => Math.round(n * 100) / 100;

/** The value that held at a time. */
export const valueAt = (points: readonly Point[], at: number): number | undefined => points.findLast(p => p.at <= at)?.value;

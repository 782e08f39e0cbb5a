import { describe, expect, it } from 'vitest';
import { LogRing, sortKey, type LogLine } from './log-ring.ts';

let id = 0;
const line = (at: string, text = at, source = 0): LogLine => ({ id: ++id, source, at, key: sortKey(at), text });
const t = (s: number, frac = ''): string => `2026-01-01T00:00:${String(s).padStart(2, '0')}${frac}Z`;

describe('LogRing', () => {
  it('orders times with fractions of any length and with offsets', () => {
    expect(sortKey('2026-01-01T00:00:01.5Z') > sortKey('2026-01-01T00:00:01.123456789Z')).toBe(true);
    expect(sortKey('2026-01-01T02:00:01.5+02:00')).toBe(sortKey('2026-01-01T00:00:01.5Z'));
    expect(sortKey('no time')).toBe('');
  });
  it('merges batches of several sources by time and keeps the order of equal times', () => {
    const ring = new LogRing();
    ring.add([line(t(1)), line(t(3)), line(t(5))]);
    const before = ring.generation;
    ring.add([line(t(2), 'b2'), line(t(3), 'b3'), line(t(6), 'b6')]);
    expect(ring.lines.map(l => l.text)).toEqual([t(1), 'b2', t(3), 'b3', t(5), 'b6']);
    expect(ring.generation).toBe(before + 1);
    ring.add([line(t(7), 'end')]);
    expect(ring.generation).toBe(before + 1);
  });
  it('stays within its bounds and counts what it dropped', () => {
    const ring = new LogRing(100, 10_000);
    for (let i = 0; i < 1000; i++) ring.add([line(t(i % 60, `.${String(i).padStart(4, '0')}`), 'x')]);
    expect(ring.lines.length).toBeLessThanOrEqual(110);
    expect(ring.dropped + ring.lines.length).toBe(1000);
    ring.add([line(t(59, '.9'), 'y'.repeat(20_000)), line(t(59, '.91'), 'z')]);
    expect(ring.lines.map(l => l.text)).toEqual(['z']);
  });
});

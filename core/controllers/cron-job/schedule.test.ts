import { describe, expect, it } from 'vitest';
import { Schedule } from './schedule.ts';

const next = (schedule: string, from: string, zone?: string): string | undefined => {
  const at = new Schedule(schedule, zone).next(Date.parse(from));
  return at === undefined ? undefined : new Date(at).toISOString().slice(0, 16);
};

describe('Schedule', () => {
  it.each([
    ['*/1 * * * *', '2026-01-01T00:00:00Z', '2026-01-01T00:01'],
    ['*/15 * * * *', '2026-01-01T00:14:59Z', '2026-01-01T00:15'],
    ['0 3 * * *', '2026-01-01T03:00:00Z', '2026-01-02T03:00'],
    ['@monthly', '2026-01-15T00:00:00Z', '2026-02-01T00:00'],
    ['30 4 1,15 * 5', '2026-01-01T05:00:00Z', '2026-01-02T04:30'],
    ['0 0 * * sun', '2026-01-01T00:00:00Z', '2026-01-04T00:00'],
    ['0 0 * * 7', '2026-01-01T00:00:00Z', '2026-01-04T00:00'],
    ['0 0 29 2 *', '2026-01-01T00:00:00Z', '2028-02-29T00:00'],
    ['0 9-17/4 * jan-mar mon-fri', '2026-01-02T17:00:00Z', '2026-01-05T09:00'],
  ])('%s after %s', (schedule, from, expected) => { expect(next(schedule, from)).toBe(expected); });

  it('keeps to the wall clock of a zone, over the change to summer time', () => {
    expect(next('0 12 * * *', '2026-01-01T00:00:00Z', 'Europe/Berlin')).toBe('2026-01-01T11:00');
    expect(next('0 12 * * *', '2026-07-01T00:00:00Z', 'Europe/Berlin')).toBe('2026-07-01T10:00');
    expect(next('30 2 * * *', '2026-03-28T12:00:00Z', 'Europe/Berlin')).toBe('2026-03-30T00:30');
  });

  it('never comes, or is refused', () => {
    expect(next('0 0 31 2 *', '2026-01-01T00:00:00Z')).toBeUndefined();
    for (const bad of ['', '* * * *', '60 * * * *', '5-1 * * * *', '*/0 * * * *', 'a * * * *']) expect(() => new Schedule(bad)).toThrow(RangeError);
    expect(() => new Schedule('* * * * *', 'Mars/Olympus')).toThrow(RangeError);
  });
});

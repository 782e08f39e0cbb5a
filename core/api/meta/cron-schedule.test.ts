import { describe, expect, it } from 'vitest';
import { Schedule, Zone } from './cron-schedule.ts';

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
    ['0 0 29 2 *', '2026-01-01T00:00:00Z', '2028-02-29T00:00'],
    ['0 9-17/4 * jan-mar mon-fri', '2026-01-02T17:00:00Z', '2026-01-05T09:00'],
  ])('%s after %s', (schedule, from, expected) => { expect(next(schedule, from)).toBe(expected); });

  it('keeps to the wall clock of a zone, over the change to summer time', () => {
    expect(next('0 12 * * *', '2026-01-01T00:00:00Z', 'Europe/Berlin')).toBe('2026-01-01T11:00');
    expect(next('0 12 * * *', '2026-07-01T00:00:00Z', 'Europe/Berlin')).toBe('2026-07-01T10:00');
    expect(next('30 2 * * *', '2026-03-28T12:00:00Z', 'Europe/Berlin')).toBe('2026-03-30T00:30');
  });

  it.each([
    // The clock is set forward: what is left out is not due that day.
    ['30 2 * * *', '2012-03-11T05:00:00Z', '2012-03-12T06:30'], ['0 * * * *', '2012-03-11T06:00:00Z', '2012-03-11T07:00'], ['0 1 * * *', '2012-03-11T05:00:00Z', '2012-03-11T06:00'],
    // It is set back: the hour from one to two comes twice, at 05:00 and at 06:00 of UTC.
    ['0 * * * *', '2012-11-04T04:00:00Z', '2012-11-04T05:00'], ['0 * * * *', '2012-11-04T05:00:00Z', '2012-11-04T06:00'], ['0 * * * *', '2012-11-04T06:00:00Z', '2012-11-04T07:00'],
    ['0 1 * * *', '2012-11-04T04:00:00Z', '2012-11-04T05:00'], ['0 1 * * *', '2012-11-04T05:00:00Z', '2012-11-04T06:00'], ['0 1 * * *', '2012-11-04T06:00:00Z', '2012-11-05T06:00'],
    ['30 1 * * *', '2012-11-04T05:45:00Z', '2012-11-04T06:30'], ['30 2 * * *', '2012-11-04T04:00:00Z', '2012-11-04T07:30'], ['30 1 4 11 *', '2012-11-04T05:45:00Z', '2012-11-04T06:30'],
  ])('in New York: %s after %s', (schedule, from, expected) => { expect(next(schedule, from, 'America/New_York')).toBe(expected); });

  it('reads a zone that the schedule itself names, and durations', () => {
    expect(next('CRON_TZ=Europe/Berlin 0 12 * * *', '2026-01-01T00:00:00Z')).toBe('2026-01-01T11:00');
    expect(next('@every 1h30m', '2026-01-01T00:00:00.700Z')).toBe('2026-01-01T01:30');
    expect(new Schedule('@every 10ms').next(0)).toBe(1000);
  });

  it('finds the last of very many', () => {
    const every = new Schedule('*/5 * * * *'), from = Date.UTC(2020, 0, 1), to = Date.UTC(2026, 5, 1, 12, 3);
    expect(every.last(from, to)).toEqual({ first: from + 300_000, at: Date.UTC(2026, 5, 1, 12, 0) });
    expect(new Schedule('0 3 * * *').last(from, to)?.at).toBe(Date.UTC(2026, 5, 1, 3));
    expect(new Schedule('0 0 29 2 *').last(from, to)?.at).toBe(Date.UTC(2024, 1, 29));
    expect(new Schedule('0 0 29 2 *').last(Date.UTC(2024, 2, 1), to)).toBeUndefined();
    expect(every.last(to - 60_000, to)).toBeUndefined();
  });

  it('writes a time as its zone does', () => {
    expect(['UTC', 'America/New_York', 'Asia/Kolkata'].map(z => new Zone(z).format(Date.UTC(2026, 0, 1)))).toEqual(['2026-01-01T00:00:00Z', '2025-12-31T19:00:00-05:00', '2026-01-01T05:30:00+05:30']);
  });

  it('never comes, or is refused', () => {
    expect(next('0 0 31 2 *', '2026-01-01T00:00:00Z')).toBeUndefined();
    for (const bad of ['', '* * * *', '60 * * * *', '5-1 * * * *', '*/0 * * * *', 'a * * * *']) expect(() => new Schedule(bad)).toThrow(RangeError);
    expect(() => new Schedule('* * * * *', 'Mars/Olympus')).toThrow(RangeError);
  });
});

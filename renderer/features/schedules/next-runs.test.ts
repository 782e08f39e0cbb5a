import { describe, expect, it } from 'vitest';
import type { CronJob, Job } from '../../../core/api/types/kubernetes.ts';
import { durationOf, manualJob, manualName, runsOf, sameClock, timetableOf } from './next-runs.ts';

const NOW = Date.parse('2026-03-28T12:00:00Z');
const cron = (spec: object, more: object = {}): CronJob => ({ metadata: { name: 'report', namespace: 'shop', uid: 'c', creationTimestamp: '2026-03-28T11:59:30Z' }, spec: { schedule: '30 2 * * *', jobTemplate: { metadata: { labels: { a: 'b' }, annotations: { note: 'x' } }, spec: { template: {} } }, ...spec }, ...more }) as unknown as CronJob;
const at = (t: { next: number[] }): string[] => t.next.map(ms => new Date(ms).toISOString());

describe('next runs', () => {
  it('are those of the zone the job names, over the change to summer time', () => {
    expect(at(timetableOf(cron({ schedule: '30 8 * * *', timeZone: 'Europe/Berlin' }), NOW, 2))).toEqual(['2026-03-29T06:30:00.000Z', '2026-03-30T06:30:00.000Z']);
    expect(at(timetableOf(cron({ schedule: '30 8 * * *' }), NOW, 1))).toEqual(['2026-03-29T08:30:00.000Z']);
    expect(timetableOf(cron({ schedule: 'TZ=Asia/Tokyo 0 9 * * *' }), NOW, 1)).toMatchObject({ zone: 'Asia/Tokyo', next: [Date.parse('2026-03-29T00:00:00Z')] });
  });
  it('of a schedule that cannot be read there are none, with the reason; of a day that never comes there are none', () => {
    expect(timetableOf(cron({ schedule: 'often' }), NOW, 3)).toMatchObject({ next: [], error: expect.stringContaining('5 fields') as string });
    expect(timetableOf(cron({ schedule: '0 0 31 2 *' }), NOW, 3)).toEqual({ next: [], zone: undefined, overdue: undefined });
  });
  it('a run that was due and is not there is overdue: not while suspended, not after its deadline', () => {
    const late = { status: { lastScheduleTime: '2026-03-28T11:00:00Z' } };
    expect(timetableOf(cron({ schedule: '30 * * * *' }, late), NOW, 1).overdue).toBe(Date.parse('2026-03-28T11:30:00Z'));
    expect(timetableOf(cron({ schedule: '30 * * * *', suspend: true }, late), NOW, 1).overdue).toBeUndefined();
    expect(timetableOf(cron({ schedule: '30 * * * *', startingDeadlineSeconds: 60 }, late), NOW, 1).overdue).toBeUndefined();
    expect(timetableOf(cron({ schedule: '* * * * *' }, { status: { lastScheduleTime: '2026-03-28T11:59:00Z' } }), NOW, 1).overdue).toBeUndefined();
  });
  it('the same clock is not shown twice', () => {
    expect(sameClock('UTC', 'Etc/UTC', [NOW])).toBe(true);
    expect(sameClock('UTC', 'Europe/London', [NOW])).toBe(true);
    expect(sameClock('UTC', 'Europe/London', [NOW, NOW + 86_400_000])).toBe(false);
  });
});

describe('runs', () => {
  it('by hand are made as kubectl makes them', () => {
    expect(manualJob(cron({}), 'report-manual-1')).toEqual({
      apiVersion: 'batch/v1', kind: 'Job', spec: { template: {} },
      metadata: { name: 'report-manual-1', namespace: 'shop', labels: { a: 'b' }, annotations: { 'cronjob.kubernetes.io/instantiate': 'manual', note: 'x' }, ownerReferences: [{ apiVersion: 'batch/v1', kind: 'CronJob', name: 'report', uid: 'c', controller: true }] },
    });
    expect(manualName('x'.repeat(70), 'abcde')).toHaveLength(63);
    expect(manualName(`${'x'.repeat(49)}-y`, 'abcde')).toBe(`${'x'.repeat(49)}-manual-abcde`);
  });
  it('are the cron job\'s own, newest first, with their duration', () => {
    const job = (name: string, startTime: string, more: object = {}, uid = 'c'): Job => ({ metadata: { name, ownerReferences: [{ uid }] }, status: { startTime, ...more } }) as unknown as Job;
    const done = job('a', '2026-03-28T10:00:00Z', { completionTime: '2026-03-28T10:01:05Z' }), failed = job('b', '2026-03-28T11:00:00Z', { conditions: [{ type: 'Failed', status: 'True', lastTransitionTime: '2026-03-28T11:00:10Z' }] });
    expect(runsOf(cron({}), [done, job('foreign', '2026-03-28T11:30:00Z', {}, 'other'), failed]).map(j => j.metadata?.name)).toEqual(['b', 'a']);
    expect([durationOf(done, NOW), durationOf(failed, NOW), durationOf(job('c', '2026-03-28T11:59:00Z'), NOW), durationOf({} as Job, NOW)]).toEqual([65_000, 10_000, 60_000, undefined]);
  });
});

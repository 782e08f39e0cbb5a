// Each case is named by the sentence it proves: kubernetes.io/docs, concepts/workloads/controllers/cron-jobs and the API reference.
import { afterEach, describe, expect, it } from 'vitest';
import { cronJob as cronJobKind } from '../../api/kinds/batch/cron-job.ts';
import { job as jobKind } from '../../api/kinds/batch/job.ts';
import { formatTime } from '../../api/meta/time.ts';
import type { CronJob, CronJobSpec, Job } from '../../api/types/kubernetes.ts';
import { world, type World } from '../../../test/harness/controllers.ts';

const MINUTE = 60_000, HOUR = 3_600_000, DAY = 24 * HOUR, YEAR = 365 * DAY;
/** When every world begins. */
const START = Date.UTC(2026, 0, 1);
let w: World;
afterEach(async () => { expect(w.complaints).toEqual([]); await w.stop(); });

const cron = (spec: Partial<CronJobSpec> = {}, created = START): CronJob => ({
  apiVersion: 'batch/v1', kind: 'CronJob', metadata: { name: 'tick', namespace: 'default', creationTimestamp: formatTime(created) },
  spec: {
    schedule: '*/10 * * * *', concurrencyPolicy: 'Allow', suspend: false, successfulJobsHistoryLimit: 3, failedJobsHistoryLimit: 1,
    jobTemplate: { metadata: { labels: { a: 'b' }, annotations: { c: 'd' } }, spec: { template: { spec: { containers: [{ name: 'main', image: 'x' }] } } } }, ...spec,
  },
});
const begin = async (spec: Partial<CronJobSpec> = {}, created?: number): Promise<void> => { w = await world(['cronjob'], api => { api.put(cronJobKind, cron(spec, created)); }); };
const jobs = (): Job[] => w.api.all<Job>(jobKind);
const names = (): string[] => jobs().map(j => j.metadata?.name ?? '');
const tick = (): CronJob => w.api.get<CronJob>(cronJobKind, 'default/tick')!;
const nameAt = (ms: number): string => `tick-${ms / MINUTE}`;
const change = async (f: (c: CronJob) => void): Promise<void> => { w.api.change<CronJob>(cronJobKind, 'default/tick', f); await w.settle(); };
async function finish(name: string, as: 'Complete' | 'Failed' = 'Complete'): Promise<void> {
  const now = formatTime(w.clock.now());
  w.api.change<Job>(jobKind, `default/${name}`, j => { j.status = { startTime: now, ...(as === 'Complete' ? { completionTime: now } : {}), conditions: [{ type: as, status: 'True' }] }; });
  await w.settle();
}
const said = (reason: string): string[] => w.events.filter(e => e.split(' ')[2] === reason).map(e => e.split(' ').slice(3).join(' '));

describe('CronJob', () => {
  it('"A CronJob creates a Job object approximately once per execution time of its schedule", named after it, with its template\'s labels', async () => {
    await begin();
    await w.clock.advance(9 * MINUTE);
    expect(jobs()).toEqual([]);
    await w.clock.advance(MINUTE + 1000);
    const at = START + 10 * MINUTE;
    expect(names()).toEqual([nameAt(at)]);
    expect(jobs()[0]?.metadata).toMatchObject({ labels: { a: 'b' }, annotations: { c: 'd', 'batch.kubernetes.io/cronjob-scheduled-timestamp': formatTime(at) }, ownerReferences: [{ kind: 'CronJob', name: 'tick', controller: true, blockOwnerDeletion: true }] });
    expect(tick().status).toMatchObject({ lastScheduleTime: formatTime(at), active: [{ kind: 'Job', name: nameAt(at), uid: jobs()[0]?.metadata?.uid }] });
    expect(said('SuccessfulCreate')).toEqual([`Created job ${nameAt(at)}`]);
  });
  it('runs for years: once per due time, and never twice', async () => {
    await begin({ schedule: '30 2 * * 1', timeZone: 'Europe/Berlin', concurrencyPolicy: 'Replace' });
    const due = new Set<string>();
    for (let week = 0; week < 160; week++) { await w.clock.advance(7 * DAY); for (const n of names()) due.add(n); }
    expect(due.size).toBe(160);
    expect([...due].every(n => new Date(Number(n.slice(5)) * MINUTE).getUTCDay() === 1)).toBe(true);
    expect(new Set([...due].map(n => new Date(Number(n.slice(5)) * MINUTE).getUTCHours()))).toEqual(new Set([0, 1]));
    expect(jobs().length).toBe(1);
  });
  it('"timeZone: … the kube-controller-manager interprets schedules relative to [that] time zone"', async () => {
    await begin({ schedule: '0 9 * * *', timeZone: 'America/New_York' });
    await w.clock.advance(14 * HOUR + 1000);
    expect(jobs().map(j => j.metadata?.annotations?.['batch.kubernetes.io/cronjob-scheduled-timestamp'])).toEqual(['2026-01-01T09:00:00-05:00']);
  });
  it('says that it does not know a zone or cannot read a schedule, and starts nothing', async () => {
    await begin({ timeZone: 'Mars/Olympus' });
    await w.clock.advance(HOUR);
    expect(said('UnknownTimeZone')[0]).toMatch(/^invalid timeZone: "Mars\/Olympus": /);
    await change(c => { delete c.spec!.timeZone; c.spec!.schedule = 'whenever'; });
    expect(said('UnparseableSchedule')[0]).toMatch(/^unparseable schedule: "whenever" : /);
    expect(jobs()).toEqual([]);
  });
  it('"Allow (default): The CronJob allows concurrently running Jobs"', async () => {
    await begin();
    await w.clock.advance(31 * MINUTE);
    expect([jobs().length, tick().status?.active?.length]).toEqual([3, 3]);
  });
  it('"Forbid: … if it is time for a new Job run and the previous Job run hasn\'t finished yet, the CronJob skips the new Job run … when the previous Job run finishes, .spec.startingDeadlineSeconds is still taken into account"', async () => {
    await begin({ concurrencyPolicy: 'Forbid' });
    await w.clock.advance(31 * MINUTE);
    expect(jobs().length).toBe(1);
    expect(said('JobAlreadyActive')[0]).toBe('Not starting job because prior execution is running and concurrency policy is Forbid');
    await finish(names()[0]!);
    expect(names()).toEqual([nameAt(START + 10 * MINUTE), nameAt(START + 30 * MINUTE)]);
  });
  it('"Replace: If it is time for a new Job run and the previous Job run hasn\'t finished yet, the CronJob replaces the currently running Job run with a new Job run"', async () => {
    await begin({ concurrencyPolicy: 'Replace' });
    await w.clock.advance(21 * MINUTE);
    expect(names()).toEqual([nameAt(START + 20 * MINUTE)]);
    expect(said('SuccessfulDelete')).toEqual([`Deleted job ${nameAt(START + 10 * MINUTE)}`]);
    expect(tick().status?.active?.map(r => r.name)).toEqual(names());
  });
  it('"startingDeadlineSeconds … after missing the deadline, the CronJob skips that instance of the Job"', async () => {
    await begin({ startingDeadlineSeconds: 60, schedule: '0 * * * *' }, START - 5 * HOUR - 30 * MINUTE + HOUR);
    // The last full hour was just now and is in time; the four before it are not.
    expect(names()).toEqual([nameAt(START)]);
    await w.stop();
    await begin({ startingDeadlineSeconds: 60, schedule: '30 * * * *' }, START - 2 * HOUR);
    expect(names()).toEqual([]);
    await w.clock.advance(31 * MINUTE);
    expect(names()).toEqual([nameAt(START + 30 * MINUTE)]);
  });
  it('"If startingDeadlineSeconds is … not set, … the Jobs will always run at least once": of many missed only the last', async () => {
    await begin({ schedule: '0 * * * *' }, START - 5 * HOUR - 30 * MINUTE);
    expect(names()).toEqual([nameAt(START)]);
    expect(said('TooManyMissedTimes')).toEqual([]);
  });
  it('"checks how many schedules it missed … If there are more than 100 missed schedules" it says so; after years asleep the last is started all the same', async () => {
    await begin({ schedule: '*/7 * * * *' }, START - 3 * YEAR);
    expect(names()).toEqual([nameAt(Date.UTC(2026, 0, 1, 0, 0))]);
    expect(said('TooManyMissedTimes')).toEqual(['too many missed start times. Set or decrease .spec.startingDeadlineSeconds or check clock skew']);
    await w.stop();
    // A day of the year long past is still the last one due.
    await begin({ schedule: '0 3 20 * *' }, START - 20 * YEAR);
    expect(names()).toEqual([nameAt(Date.UTC(2025, 11, 20, 3))]);
  });
  it('"suspend … all subsequent executions are suspended … it does not affect executions that have already been started"; resumed, "the missed Jobs are scheduled immediately"', async () => {
    await begin();
    await w.clock.advance(11 * MINUTE);
    await change(c => { c.spec!.suspend = true; });
    await w.clock.advance(2 * HOUR);
    expect([names(), tick().status?.active?.length]).toEqual([[nameAt(START + 10 * MINUTE)], 1]);
    await change(c => { c.spec!.suspend = false; });
    expect(names()).toEqual([nameAt(START + 10 * MINUTE), nameAt(START + 130 * MINUTE)]);
  });
  it('"changes you make to an existing CronJob will apply to new Jobs … that start to run after your modification is complete. Jobs … that have already started continue to run without changes"', async () => {
    await begin();
    await w.clock.advance(11 * MINUTE);
    await change(c => { c.spec!.jobTemplate.spec!.template.spec!.containers[0]!.image = 'y'; c.spec!.schedule = '*/5 * * * *'; });
    await w.clock.advance(5 * MINUTE);
    expect(jobs().map(j => [j.metadata?.name, j.spec?.template.spec?.containers[0]?.image])).toEqual([[nameAt(START + 10 * MINUTE), 'x'], [nameAt(START + 15 * MINUTE), 'y']]);
  });
  it('"successfulJobsHistoryLimit and failedJobsHistoryLimit … specify how many completed and failed Jobs should be kept"', async () => {
    await begin();
    for (let i = 0; i < 8; i++) { await w.clock.advance(10 * MINUTE + 1000); await finish(names().at(-1)!, i % 2 ? 'Failed' : 'Complete'); }
    const as = (type: string): string[] => jobs().filter(j => j.status?.conditions?.[0]?.type === type).map(j => j.metadata?.name ?? '');
    expect([as('Complete'), as('Failed')]).toEqual([[3, 5, 7].map(n => nameAt(START + n * 10 * MINUTE)), [nameAt(START + 80 * MINUTE)]]);
    await change(c => { c.spec!.successfulJobsHistoryLimit = 0; });
    expect(as('Complete')).toEqual([]);
  });
  it('tells of jobs that completed, that vanished and that are not its own; lastSuccessfulTime is the latest completion', async () => {
    await begin();
    await w.clock.advance(21 * MINUTE);
    const [first, second] = names();
    await finish(first!);
    expect(said('SawCompletedJob')).toEqual([`Saw completed job: ${first}, condition: Complete`]);
    expect(tick().status?.lastSuccessfulTime).toBe(formatTime(START + 21 * MINUTE));
    w.api.remove(jobKind, `default/${second}`);
    await w.settle();
    expect([said('MissingJob'), tick().status?.active]).toEqual([[`Active job went missing: ${second}`], undefined]);
    w.api.put(jobKind, { metadata: { name: 'mine', namespace: 'default', ownerReferences: jobs()[0]!.metadata!.ownerReferences! }, spec: { template: {} } } as Job);
    await w.settle();
    expect(said('UnexpectedJob')).toContain('Saw a job that the controller did not create or forgot: mine');
  });
  it('makes nothing twice when it was killed between the job and the status', async () => {
    await begin();
    await w.clock.advance(11 * MINUTE);
    const [made] = jobs();
    await w.stop();
    w = await world(['cronjob'], api => { api.put(cronJobKind, { ...cron({}, START - 10 * MINUTE), metadata: { ...cron({}, START - 10 * MINUTE).metadata, uid: made!.metadata!.ownerReferences![0]!.uid } }); api.put(jobKind, { ...structuredClone(made!), metadata: { ...structuredClone(made!.metadata), name: nameAt(START) } }); });
    expect(names()).toEqual([nameAt(START)]);
    expect(tick().status).toMatchObject({ active: [{ name: nameAt(START) }], lastScheduleTime: formatTime(START) });
  });
  it('"@every" counts from the last start', async () => {
    await begin({ schedule: '@every 25m' });
    await w.clock.advance(2 * HOUR);
    expect(names()).toEqual([25, 50, 75, 100].map(m => nameAt(START + m * MINUTE)));
  });
});

// What the tests of Kubernetes' own batch, disruption, quota and limit suites (test/e2e/apps, test/e2e/scheduling, test/e2e/apimachinery) ask of a cluster, played in process
// on a clock turned by hand: one control plane, a namespace for each case, pods that end as told.
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { replicaSet as replicaSetKind } from '../../core/api/kinds/apps/replica-set.ts';
import { cronJob as cronJobKind } from '../../core/api/kinds/batch/cron-job.ts';
import { job as jobKind } from '../../core/api/kinds/batch/job.ts';
import { event as eventKind } from '../../core/api/kinds/core/event.ts';
import { limitRange as limitRangeKind } from '../../core/api/kinds/core/limit-range.ts';
import { namespace as namespaceKind } from '../../core/api/kinds/core/namespace.ts';
import { pod as podKind } from '../../core/api/kinds/core/pod.ts';
import { resourceQuota as quotaKind } from '../../core/api/kinds/core/resource-quota.ts';
import { podDisruptionBudget as budgetKind } from '../../core/api/kinds/policy/pod-disruption-budget.ts';
import { priorityClass as priorityClassKind } from '../../core/api/kinds/scheduling/priority-class.ts';
import type { KubeObject, ResourceType } from '../../core/api/meta/object.ts';
import { statusOf } from '../../core/api/meta/status.ts';
import { formatTime } from '../../core/api/meta/time.ts';
import type { CoreEvent, CronJob, CronJobSpec, Job, JobSpec, LimitRange, Pod, PodDisruptionBudget, PriorityClass, ReplicaSet, ResourceQuota } from '../../core/api/types/kubernetes.ts';
import { controlPlane, type ControlPlane } from '../harness/control-plane.ts';

let c: ControlPlane, ns = '', count = 0;
const INDEX = 'batch.kubernetes.io/job-completion-index';
/** How the pods of a namespace end: an exit code, `runs` for those that do not, or what a function says of each. */
const endings = new Map<string, number | 'runs' | ((p: Pod) => number | 'runs')>();

beforeAll(async () => { c = await controlPlane(['n1']); });
afterAll(() => c.stop());

const patch = <T extends KubeObject>(r: ResourceType, name: string, body: object, subresource?: string): Promise<T> => c.during(c.client.patch<T>(r, ns, name, 'application/merge-patch+json', body, subresource));
const create = <T extends KubeObject>(r: ResourceType, o: T): Promise<T> => c.during(c.client.create<T>(r, o));
const remove = (r: ResourceType, name: string, more = {}): Promise<unknown> => c.during(c.client.delete(r, ns, name, more));
const pods = (): Promise<Pod[]> => c.list<Pod>(podKind, ns);
const why = async (work: Promise<unknown>): Promise<string> => work.then(() => 'no error', (e: unknown) => `${statusOf(e).code} ${statusOf(e).message}`);

/** A namespace of its own for each case. */
async function place(ending: number | 'runs' | ((p: Pod) => number | 'runs') = 0): Promise<void> {
  ns = `case-${count++}`;
  endings.set(ns, ending);
  await create(namespaceKind, { metadata: { name: ns } });
}

/** Ends pods that run as their namespace says, until `seconds` of the cluster have passed; steps are shorter than a node may be silent. */
async function live(seconds: number, step = 1000): Promise<void> {
  for (let left = seconds * 1000; left > 0; left -= step) {
    await c.settle(60);
    if (step > 60) await c.clock.advance(step - 60);
    for (const p of await pods()) {
      if (p.status?.phase !== 'Running' || p.metadata?.deletionTimestamp) continue;
      const said = endings.get(ns)!, code = typeof said === 'function' ? said(p) : said;
      if (code !== 'runs') await end(p, code);
    }
  }
}
const end = (p: Pod, exitCode: number): Promise<unknown> => {
  const at = formatTime(c.clock.now());
  return patch(podKind, p.metadata!.name!, { status: {
    phase: exitCode === 0 ? 'Succeeded' : 'Failed', conditions: [{ type: 'Ready', status: 'False', lastTransitionTime: at }],
    containerStatuses: p.spec!.containers.map(x => ({ name: x.name, image: x.image, imageID: '', ready: false, restartCount: 0, state: { terminated: { exitCode, finishedAt: at } } })),
  } }, 'status');
};

const evict = (p: Pod, more: object = {}): Promise<unknown> =>
  c.during(c.client.create(podKind, { apiVersion: 'policy/v1', kind: 'Eviction', metadata: { name: p.metadata!.name!, namespace: ns }, ...more } as KubeObject, { name: 'eviction', of: p.metadata!.name! }));

describe('Job', () => {
  const job = (spec: Partial<JobSpec> = {}, name = 'j'): Promise<Job> => create<Job>(jobKind, {
    metadata: { name, namespace: ns }, spec: { parallelism: 2, completions: 4, backoffLimit: 6, template: { metadata: { labels: { job: name } }, spec: { restartPolicy: 'Never', containers: [{ name: 'c', image: 'busybox' }] } }, ...spec },
  });
  const read = async (name = 'j'): Promise<Job> => (await c.get<Job>(jobKind, name, ns))!;
  const conditions = async (): Promise<string[]> => ((await read()).status?.conditions ?? []).map(x => `${x.type}=${x.status} ${x.reason}`);
  const index = (p: Pod): number => Number(p.metadata?.annotations?.[INDEX]);
  const odd = (p: Pod): number => index(p) % 2;

  it('should run a job to completion when tasks succeed; TTL: its finished job is deleted with its pods', async () => {
    await place();
    await job({ ttlSecondsAfterFinished: 10 });
    await live(4);
    expect(await conditions()).toEqual(['SuccessCriteriaMet=True CompletionsReached', 'Complete=True CompletionsReached']);
    expect((await read()).status).toMatchObject({ succeeded: 4, ready: 0, terminating: 0, uncountedTerminatedPods: {}, completionTime: expect.any(String) as string });
    expect((await pods()).map(p => [p.status?.phase, p.metadata?.finalizers])).toEqual([1, 2, 3, 4].map(() => ['Succeeded', undefined]));
    await live(12, 3000);
    expect([await c.get(jobKind, 'j', ns), await pods()]).toEqual([undefined, []]);
  });

  it('should allow to use the pod failure policy on exit code to fail the job early', async () => {
    await place(1);
    await job({ podFailurePolicy: { rules: [{ action: 'FailJob', onExitCodes: { operator: 'In', values: [1] } }] } });
    await live(3);
    expect(await conditions()).toEqual(['FailureTarget=True PodFailurePolicy', 'Failed=True PodFailurePolicy']);
    expect((await read()).status?.conditions?.[1]?.message).toMatch(/^Container c for pod case-\d+\/j-\w{5} failed with exit code 1 matching FailJob rule at index 0$/);
  });

  it('should allow to use a pod failure policy to ignore failure matching on DisruptionTarget condition', async () => {
    await place('runs');
    await job({ parallelism: 3, completions: 3, backoffLimit: 2, completionMode: 'Indexed', podFailurePolicy: { rules: [{ action: 'Ignore', onPodConditions: [{ type: 'DisruptionTarget', status: 'True' }] }] } });
    await live(2);
    expect((await read()).status).toMatchObject({ active: 3, ready: 3 });
    for (const p of await pods()) await evict(p);
    endings.set(ns, 0);
    await live(60, 10_000);
    expect(await conditions()).toEqual(['SuccessCriteriaMet=True CompletionsReached', 'Complete=True CompletionsReached']);
    expect((await read()).status?.failed).toBeUndefined();
  });

  it('should not create pods when created in suspend state; should delete pods when suspended; should update the status ready field', async () => {
    await place('runs');
    await job({ suspend: true });
    await live(1);
    expect([await conditions(), await pods(), (await read()).status]).toEqual([['Suspended=True JobSuspended'], [], expect.objectContaining({ ready: 0, terminating: 0 })]);
    expect((await read()).status?.startTime).toBeUndefined();
    await patch(jobKind, 'j', { spec: { suspend: false } });
    await live(1);
    expect((await read()).status).toMatchObject({ active: 2, ready: 2, startTime: expect.any(String) as string, conditions: [{ type: 'Suspended', status: 'False', reason: 'JobResumed', message: 'Job resumed' }] });
    await patch(jobKind, 'j', { spec: { suspend: true } });
    await live(2);
    expect([await pods(), await conditions(), (await read()).status?.ready]).toEqual([[], ['Suspended=True JobSuspended'], 0]);
    // Once nothing of it runs any more, where and with how much its pods run may be decided anew.
    await patch(jobKind, 'j', { spec: { template: { spec: { nodeSelector: { 'kubernetes.io/hostname': 'n1' } } } } });
    await patch(jobKind, 'j', { spec: { suspend: false } });
    endings.set(ns, 0);
    await live(6);
    expect((await read()).status).toMatchObject({ succeeded: 4, conditions: [{ type: 'Suspended', status: 'False' }, { type: 'SuccessCriteriaMet' }, { type: 'Complete' }] });
    expect((await pods()).every(p => p.spec?.nodeSelector?.['kubernetes.io/hostname'] === 'n1')).toBe(true);
    await job({ completions: 0, suspend: true }, 'nothing');
    await live(1);
    expect((await read('nothing')).status).toMatchObject({ completionTime: expect.any(String) as string, conditions: [{ type: 'SuccessCriteriaMet' }, { type: 'Complete', status: 'True' }] });
  });

  it('should recreate pods only after they have failed if pod replacement policy is set to Failed', async () => {
    await place('runs');
    await job({ parallelism: 1, completions: 1, backoffLimit: 1, podReplacementPolicy: 'Failed' });
    await live(1);
    const [p] = await pods();
    // A kubelet that is silent leaves it in its last minutes.
    c.silent.add('n1');
    await remove(podKind, p!.metadata!.name!, { gracePeriodSeconds: 30 });
    await live(2);
    expect((await read()).status).toMatchObject({ terminating: 1, ready: 0 });
    expect([(await read()).status?.active, (await read()).status?.failed, (await pods()).length]).toEqual([undefined, undefined, 1]);
    c.silent.delete('n1');
    await live(14, 2000);
    expect((await read()).status).toMatchObject({ active: 1, failed: 1, terminating: 0 });
  });

  it('should create pods for an Indexed job with completion indexes and specified hostname', async () => {
    await place();
    await job({ completionMode: 'Indexed' });
    await live(4);
    expect((await read()).status).toMatchObject({ completedIndexes: '0-3', succeeded: 4 });
    const made = (await pods()).sort((a, b) => index(a) - index(b));
    expect(made.map(p => [p.metadata?.annotations?.[INDEX], p.metadata?.labels?.[INDEX], p.spec?.hostname])).toEqual([0, 1, 2, 3].map(i => [String(i), String(i), `j-${i}`]));
  });

  it.each<[string, Partial<JobSpec>, string, number]>([
    ['all indexes succeeded', { completions: 2, successPolicy: { rules: [{ succeededCount: 2 }] } }, '0,1', 0],
    ['succeededIndexes rule, even when some indexes remain pending', { completions: 5, successPolicy: { rules: [{ succeededIndexes: '0' }] } }, '0', 1],
    ['succeededCount rule, even when some indexes remain pending', { completions: 5, backoffLimit: 2_147_483_647, successPolicy: { rules: [{ succeededCount: 1 }] } }, '0', 1],
  ])('with successPolicy: %s', async (_, spec, completed, code) => {
    await place(p => (index(p) % 2 === 1 ? code : 0));
    await job({ completionMode: 'Indexed', ...spec });
    await live(5);
    const { status } = await read();
    expect(await conditions()).toEqual(['SuccessCriteriaMet=True SuccessPolicy', 'Complete=True SuccessPolicy']);
    expect([status?.completedIndexes, status?.active, status?.ready, status?.terminating]).toEqual([completed, undefined, 0, 0]);
    expect(status?.conditions?.[0]?.message).toBe('Matched rules at index 0');
  });

  it('should execute all indexes despite some failing when using backoffLimitPerIndex, and record the failure-count in the Pod annotation', async () => {
    await place(odd);
    await job({ completionMode: 'Indexed', backoffLimit: undefined, backoffLimitPerIndex: 1 });
    const counts = new Set<string>();
    for (let i = 0; i < 8; i++) { await live(6, 3000); for (const p of await pods()) counts.add(`${index(p)}:${p.metadata?.annotations?.['batch.kubernetes.io/job-index-failure-count']}`); }
    expect(await conditions()).toEqual(['FailureTarget=True FailedIndexes', 'Failed=True FailedIndexes']);
    expect((await read()).status).toMatchObject({ failedIndexes: '1,3', completedIndexes: '0,2', failed: 4, succeeded: 2 });
    expect([...counts].sort()).toEqual(['0:0', '1:0', '1:1', '2:0', '3:0', '3:1']);
  });

  it('should terminate job execution when the number of failed indexes exceeds maxFailedIndexes', async () => {
    await place(1);
    await job({ parallelism: 1, completionMode: 'Indexed', backoffLimit: undefined, backoffLimitPerIndex: 0, maxFailedIndexes: 0 });
    await live(4);
    expect(await conditions()).toEqual(['FailureTarget=True MaxFailedIndexesExceeded', 'Failed=True MaxFailedIndexesExceeded']);
    expect((await read()).status).toMatchObject({ failedIndexes: '0', failed: 1 });
  });

  it('should mark indexes as failed when the FailIndex action is matched in podFailurePolicy', async () => {
    await place(odd);
    await job({ completions: 2, completionMode: 'Indexed', backoffLimit: undefined, backoffLimitPerIndex: 1, podFailurePolicy: { rules: [{ action: 'FailIndex', onExitCodes: { operator: 'In', values: [1] } }] } });
    await live(4);
    expect((await read()).status).toMatchObject({ failedIndexes: '1', completedIndexes: '0', failed: 1, succeeded: 1, conditions: [{ type: 'FailureTarget' }, { type: 'Failed', reason: 'FailedIndexes' }] });
  });

  it('should run a job to completion when tasks sometimes fail and are not locally restarted', async () => {
    let failed = 0;
    await place(() => (failed++ === 0 ? 1 : 0));
    await job();
    await live(20, 2000);
    expect(await conditions()).toEqual(['SuccessCriteriaMet=True CompletionsReached', 'Complete=True CompletionsReached']);
    expect((await read()).status).toMatchObject({ failed: 1, succeeded: 4, ready: 0, terminating: 0 });
  });

  it('should fail when exceeds active deadline; should fail to exceed backoffLimit', async () => {
    await place('runs');
    await job({ activeDeadlineSeconds: 1 });
    await live(4);
    expect(await conditions()).toEqual(['FailureTarget=True DeadlineExceeded', 'Failed=True DeadlineExceeded']);
    expect([(await read()).status?.active, (await read()).status?.ready, (await read()).status?.terminating]).toEqual([undefined, 0, 0]);
    await place(1);
    await job({ parallelism: 1, completions: 1, backoffLimit: 1 });
    await live(16, 2000);
    expect(await conditions()).toEqual(['FailureTarget=True BackoffLimitExceeded', 'Failed=True BackoffLimitExceeded']);
    expect((await pods()).map(p => p.status?.phase)).toEqual(['Failed', 'Failed']);
  });

  it('should delete a job and remove its pods; should adopt matching orphans and release non-matching pods', async () => {
    await place('runs');
    await job();
    await live(1);
    const [p] = await pods(), name = p!.metadata!.name!, owner = async (): Promise<unknown> => (await c.get<Pod>(podKind, name, ns))?.metadata?.ownerReferences?.[0]?.name;
    await patch(podKind, name, { metadata: { ownerReferences: null } });
    await live(1);
    expect(await owner()).toBe('j');
    await patch(podKind, name, { metadata: { labels: null } });
    await live(1);
    expect(await owner()).toBeUndefined();
    expect((await c.get<Pod>(podKind, name, ns))?.metadata?.finalizers).toBeUndefined();
    await remove(jobKind, 'j', { propagationPolicy: 'Foreground' });
    await live(2);
    expect([await c.get(jobKind, 'j', ns), (await pods()).map(x => x.metadata?.name)]).toEqual([undefined, [name]]);
  });

  it('should apply changes to a job status; should allow to delegate reconciliation to external controller', async () => {
    await place('runs');
    await job();
    await live(1);
    const now = formatTime(c.clock.now()), patched = await patch<Job>(jobKind, 'j', { metadata: { annotations: { patchedstatus: 'true' } }, status: { conditions: [{ type: 'CustomConditionType', status: 'True', lastTransitionTime: now }] } }, 'status');
    expect(patched).toMatchObject({ metadata: { annotations: { patchedstatus: 'true' } }, status: { active: 2, conditions: [{ type: 'CustomConditionType', lastTransitionTime: now }] } });
    await job({ managedBy: 'example.com/custom-job-controller' }, 'theirs');
    await live(3);
    expect((await read('theirs')).status).toEqual({});
  });
});

describe('CronJob', () => {
  const cron = (spec: Partial<CronJobSpec> = {}, name = 'cj'): Promise<CronJob> => create<CronJob>(cronJobKind, {
    metadata: { name, namespace: ns }, spec: { schedule: '*/1 * * * ?', concurrencyPolicy: 'Allow', jobTemplate: { spec: { parallelism: 1, completions: 1, template: { spec: { restartPolicy: 'OnFailure', containers: [{ name: 'c', image: 'busybox' }] } } } }, ...spec },
  });
  const read = async (): Promise<CronJob> => (await c.get<CronJob>(cronJobKind, 'cj', ns))!;
  /** Just after a full minute, so that it is known how many more there will be. */
  const onTheMinute = (): Promise<void> => live((60_000 - (c.clock.now() % 60_000)) / 1000 + 1, 10_000);
  const jobs = (): Promise<Job[]> => c.list<Job>(jobKind, ns);
  const said = async (): Promise<string[]> => (await c.list<CoreEvent>(eventKind, ns)).filter(e => e.involvedObject.kind === 'CronJob').map(e => e.reason!);

  it('should schedule multiple jobs concurrently; should remove from active list jobs that have been deleted; should not emit unexpected warnings', async () => {
    await place('runs');
    await onTheMinute();
    await cron();
    await live(130, 10_000);
    expect([(await jobs()).length, (await read()).status?.active?.length]).toEqual([2, 2]);
    expect((await said()).filter(r => r !== 'SuccessfulCreate')).toEqual([]);
    await remove(jobKind, (await jobs())[0]!.metadata!.name!, { propagationPolicy: 'Background' });
    await live(3);
    expect((await read()).status?.active?.length).toBe(1);
    expect(await said()).toContain('MissingJob');
    await remove(cronJobKind, 'cj', { propagationPolicy: 'Foreground' });
    await live(4);
    expect([await jobs(), await pods()]).toEqual([[], []]);
  });

  it('should not schedule jobs when suspended, nor new jobs when ForbidConcurrent; should replace jobs when ReplaceConcurrent', async () => {
    await place('runs');
    await onTheMinute();
    await cron({ suspend: true });
    await live(125, 25_000);
    expect(await jobs()).toEqual([]);
    await patch(cronJobKind, 'cj', { spec: { suspend: false, concurrencyPolicy: 'Forbid' } });
    await live(125, 25_000);
    const first = (await jobs()).map(j => j.metadata?.name);
    expect([first.length, (await read()).status?.active?.length]).toEqual([1, 1]);
    expect(await said()).toContain('JobAlreadyActive');
    await patch(cronJobKind, 'cj', { spec: { concurrencyPolicy: 'Replace' } });
    await live(65, 13_000);
    const second = (await jobs()).filter(j => j.metadata?.deletionTimestamp === undefined).map(j => j.metadata?.name);
    expect([second.length, second[0] === first[0], (await read()).status?.active?.map(r => r.name)]).toEqual([1, false, second]);
    await remove(cronJobKind, 'cj', { propagationPolicy: 'Background' });
    await live(3);
  });

  it('should delete successful finished jobs with limit of one successful job, and failed ones with theirs; should support timezone', async () => {
    let runs = 0;
    await place(() => runs++ % 2);
    await cron({ successfulJobsHistoryLimit: 1, failedJobsHistoryLimit: 1, timeZone: 'America/New_York', jobTemplate: { spec: { backoffLimit: 0, template: { spec: { restartPolicy: 'Never', containers: [{ name: 'c', image: 'busybox' }] } } } } });
    await live(250, 10_000);
    const done = (await jobs()).flatMap(j => j.status?.conditions?.filter(x => x.type === 'Complete' || x.type === 'Failed').map(x => x.type) ?? []).sort();
    expect(done).toEqual(['Complete', 'Failed']);
    expect((await read()).status).toMatchObject({ lastSuccessfulTime: expect.any(String) as string, lastScheduleTime: expect.any(String) as string });
    expect((await said()).filter(r => r.startsWith('Unexpected') || r === 'MissingJob')).toEqual([]);
    await remove(cronJobKind, 'cj', { propagationPolicy: 'Background' });
  });

  it('should support CronJob API operations', async () => {
    await place();
    const made = await cron({ suspend: true });
    expect(made).toMatchObject({ metadata: { generation: 1 }, spec: { suspend: true, successfulJobsHistoryLimit: 3, failedJobsHistoryLimit: 1 }, status: {} });
    expect((await patch<CronJob>(cronJobKind, 'cj', { metadata: { annotations: { patched: 'true' } } })).metadata?.annotations).toEqual({ patched: 'true' });
    const now = formatTime(c.clock.now());
    expect((await patch<CronJob>(cronJobKind, 'cj', { metadata: { annotations: { patchedstatus: 'true' } }, status: { lastScheduleTime: now } }, 'status'))).toMatchObject({ metadata: { annotations: { patchedstatus: 'true' } }, status: { lastScheduleTime: now } });
    const held = await read();
    held.status = { ...held.status, lastScheduleTime: formatTime(c.clock.now() + 1000) };
    expect((await c.during(c.client.updateStatus<CronJob>(cronJobKind, held))).status?.lastScheduleTime).toBe(formatTime(c.clock.now() + 1000));
    await remove(cronJobKind, 'cj');
    expect(await c.get(cronJobKind, 'cj', ns)).toBeUndefined();
  });
});

describe('DisruptionController', () => {
  const labels = { foo: 'bar' };
  const set = (replicas: number): Promise<ReplicaSet> => create<ReplicaSet>(replicaSetKind, { metadata: { name: 'rs', namespace: ns }, spec: { replicas, selector: { matchLabels: labels }, template: { metadata: { labels }, spec: { containers: [{ name: 'c', image: 'nginx' }] } } } });
  const budget = (spec: NonNullable<PodDisruptionBudget['spec']>, name = 'foo'): Promise<PodDisruptionBudget> => create<PodDisruptionBudget>(budgetKind, { metadata: { name, namespace: ns }, spec: { selector: { matchLabels: labels }, ...spec } });
  const read = async (name = 'foo'): Promise<PodDisruptionBudget> => (await c.get<PodDisruptionBudget>(budgetKind, name, ns))!;
  const bare = (name: string): Promise<Pod> => create<Pod>(podKind, { metadata: { name, namespace: ns, labels }, spec: { containers: [{ name: 'c', image: 'nginx' }] } });
  const first = async (): Promise<Pod> => (await pods()).find(p => p.metadata?.deletionTimestamp === undefined)!;

  it('should create, update and patch a PodDisruptionBudget, and observe its status updated', async () => {
    await place('runs');
    await budget({ minAvailable: '1%' });
    await live(1);
    expect((await read()).status).toMatchObject({ observedGeneration: 1, disruptionsAllowed: 0, expectedPods: 0, conditions: [{ type: 'DisruptionAllowed', status: 'False', reason: 'InsufficientPods' }] });
    await patch(budgetKind, 'foo', { spec: { minAvailable: '2%' } });
    await set(2);
    await live(2);
    expect((await read()).status).toMatchObject({ observedGeneration: 2, currentHealthy: 2, expectedPods: 2, desiredHealthy: 1, disruptionsAllowed: 1, conditions: [{ status: 'True', reason: 'SufficientPods', observedGeneration: 2 }] });
    expect((await read()).status).not.toHaveProperty('disruptedPods');
    await patch(budgetKind, 'foo', { spec: { minAvailable: 3, maxUnavailable: null } });
    await live(1);
    expect((await read()).status).toMatchObject({ observedGeneration: 3, desiredHealthy: 3, disruptionsAllowed: 0 });
    expect((await patch<PodDisruptionBudget>(budgetKind, 'foo', { status: { disruptedPods: { 'pod-1': formatTime(c.clock.now()) } } }, 'status')).status?.disruptedPods).toEqual({ 'pod-1': formatTime(c.clock.now()) });
  });

  it('should block an eviction until the PDB is updated to allow it', async () => {
    await place('runs');
    await budget({ minAvailable: 3 });
    await set(3);
    await live(2);
    const refusal = await evict(await first()).then(() => undefined, (e: unknown) => statusOf(e));
    expect(refusal).toMatchObject({
      code: 429, reason: 'TooManyRequests', message: "Cannot evict pod as it would violate the pod's disruption budget.",
      details: { causes: [{ reason: 'DisruptionBudget', message: 'The disruption budget foo needs 3 healthy pods and has 3 currently' }] },
    });
    await patch(budgetKind, 'foo', { spec: { minAvailable: 2 } });
    await live(1);
    await evict(await first());
    await live(2);
    await patch(budgetKind, 'foo', { spec: { minAvailable: 3 } });
    await live(2);
    expect(await why(evict(await first()))).toMatch(/^429 /);
    await remove(budgetKind, 'foo');
    await evict(await first());
  });

  it.each<[string, NonNullable<PodDisruptionBudget['spec']> | undefined, number, number, boolean]>([
    ['no PDB => should allow an eviction', undefined, 1, 0, true],
    ['too few pods, absolute => should not allow an eviction', { minAvailable: 2 }, 2, 0, false],
    ['enough pods, absolute => should allow an eviction', { minAvailable: 2 }, 3, 0, true],
    ['enough pods, replicaSet, percentage => should allow an eviction', { minAvailable: '90%' }, 0, 10, true],
    ['too few pods, replicaSet, percentage => should not allow an eviction', { minAvailable: '90%' }, 0, 9, false],
    ['maxUnavailable allow single eviction, percentage => should allow an eviction', { maxUnavailable: '10%' }, 0, 10, true],
    ['maxUnavailable deny evictions, integer => should not allow an eviction', { maxUnavailable: 0 }, 0, 3, false],
    ['an empty selector is that of all pods', { minAvailable: 2, selector: {} }, 2, 0, false],
    ['without a selector it is of none', { minAvailable: 2, selector: undefined }, 2, 0, true],
  ])('evictions: %s', async (_, spec, alone, replicas, allowed) => {
    await place('runs');
    if (spec) await budget(spec);
    for (let i = 0; i < alone; i++) await bare(`p${i}`);
    if (replicas) await set(replicas);
    await live(2);
    expect(await why(evict(await first()))).toMatch(allowed ? /^no error$/ : /^429 /);
  });

  it('pods without labels are counted by selectors that want none (TestSelectorsForPodsWithoutLabels), also when they change', async () => {
    await place('runs');
    await create<Pod>(podKind, { metadata: { name: 'bare', namespace: ns }, spec: { containers: [{ name: 'c', image: 'nginx' }] } });
    await budget({ minAvailable: 1, selector: { matchExpressions: [{ key: 'pod-group', operator: 'DoesNotExist' }] } });
    await live(1);
    expect((await read()).status).toMatchObject({ currentHealthy: 1, expectedPods: 1 });
    await patch(budgetKind, 'foo', { spec: { selector: { matchExpressions: [{ key: 'pod-group', operator: 'Exists' }] } } });
    await live(1);
    expect((await read()).status).toMatchObject({ currentHealthy: 0, expectedPods: 0 });
    await patch(podKind, 'bare', { metadata: { labels: { 'pod-group': 'x' } } });
    await live(1);
    expect((await read()).status).toMatchObject({ currentHealthy: 1, expectedPods: 1, disruptionsAllowed: 0 });
  });

  it('pods that are done, or unready where the policy lets them, go without a budget; several budgets are an error; preconditions and dry runs hold', async () => {
    await place('runs');
    await bare('p');
    await bare('q');
    await live(1);
    expect(await why(evict((await c.get<Pod>(podKind, 'p', ns))!, { deleteOptions: { preconditions: { uid: 'other' } } }))).toMatch(/^409 /);
    await budget({ maxUnavailable: 0 });
    await live(1);
    const pod = async (name: string): Promise<Pod> => (await c.get<Pod>(podKind, name, ns))!;
    expect(await why(evict(await pod('p')))).toMatch(/^429 /);
    await patch(podKind, 'p', { status: { conditions: [{ type: 'Ready', status: 'False' }] } }, 'status');
    await live(1);
    expect(await why(evict(await pod('p')))).toMatch(/^429 /);
    await patch(budgetKind, 'foo', { spec: { unhealthyPodEvictionPolicy: 'AlwaysAllow' } });
    await live(1);
    expect(await why(evict(await pod('p'), { deleteOptions: { dryRun: ['All'] } }))).toBe('no error');
    expect((await pod('p')).status?.conditions?.some(x => x.type === 'DisruptionTarget')).toBe(false);
    expect(await why(evict(await pod('p')))).toBe('no error');
    await budget({ minAvailable: 1 }, 'second');
    await live(1);
    expect(await why(evict(await pod('q')))).toBe('500 This pod has more than one PodDisruptionBudget, which the eviction subresource does not support.');
    await patch(podKind, 'q', { status: { phase: 'Succeeded' } }, 'status');
    expect(await why(evict(await pod('q')))).toBe('no error');
  });

  it('Listing PodDisruptionBudgets for all namespaces should list and delete a collection of PodDisruptionBudgets', async () => {
    await place('runs');
    for (const name of ['a', 'b', 'c']) await create<PodDisruptionBudget>(budgetKind, { metadata: { name, namespace: ns, labels: { suite: ns } }, spec: { minAvailable: 1, selector: {} } });
    expect((await c.during(c.client.list<PodDisruptionBudget>(budgetKind, { labelSelector: `suite=${ns}` }))).items.length).toBe(3);
    await c.during(c.client.transport.request({ method: 'DELETE', path: `/apis/policy/v1/namespaces/${ns}/poddisruptionbudgets`, query: { labelSelector: `suite=${ns}` } }));
    expect(await c.list(budgetKind, ns)).toEqual([]);
  });
});

const list = (cpu: string, memory: string, storage: string): Record<string, string> => Object.fromEntries(Object.entries({ cpu, memory, 'ephemeral-storage': storage }).filter(([, v]) => v !== ''));
const sized = (name: string, resources: object = {}, more: object = {}): Promise<Pod> => create<Pod>(podKind, { metadata: { name, namespace: ns }, spec: { containers: [{ name: 'c', image: 'pause', resources }], ...more } } as Pod);

describe('LimitRange', () => {
  it('should create a LimitRange with defaults and ensure pod has those defaults applied', async () => {
    await place('runs');
    const min = list('50m', '100Mi', '100Gi'), max = list('500m', '500Mi', '500Gi'), defaultRequest = list('100m', '200Mi', '200Gi');
    await create<LimitRange>(limitRangeKind, { metadata: { name: 'lr', namespace: ns }, spec: { limits: [{ type: 'Container', min, max, default: max, defaultRequest, maxLimitRequestRatio: {} }] } });
    expect((await sized('none')).spec?.containers[0]?.resources).toEqual({ limits: max, requests: defaultRequest });
    // A limit without a request is the request as well, before the range has a say.
    expect((await sized('partial', { requests: list('', '150Mi', '150Gi'), limits: list('300m', '', '') })).spec?.containers[0]?.resources)
      .toEqual({ requests: list('300m', '150Mi', '150Gi'), limits: list('300m', '500Mi', '500Gi') });
    expect(await why(sized('small', { requests: list('10m', '50Mi', '50Gi') }))).toBe(
      '403 pods "small" is forbidden: [minimum cpu usage per Container is 50m, but request is 10m, minimum ephemeral-storage usage per Container is 100Gi, but request is 50Gi, minimum memory usage per Container is 100Mi, but request is 50Mi]');
    expect(await why(sized('large', { limits: list('600m', '600Mi', '600Gi') }))).toMatch(/^403 pods "large" is forbidden: \[maximum cpu usage per Container is 500m, but limit is 600m, maximum ephemeral-storage/);
    await patch(limitRangeKind, 'lr', { spec: { limits: [{ type: 'Container', min: list('9m', '49Mi', '49Gi'), max, default: max, defaultRequest }] } });
    await sized('small', { requests: list('10m', '50Mi', '50Gi') });
    expect(await why(sized('large', { limits: list('600m', '600Mi', '600Gi') }))).toMatch(/^403 /);
    await remove(limitRangeKind, 'lr');
    await sized('large', { limits: list('600m', '600Mi', '600Gi') });
  });

  it('should list, patch and delete a LimitRange by collection', async () => {
    await place('runs');
    await create<LimitRange>(limitRangeKind, { metadata: { name: 'lr', namespace: ns, labels: { suite: ns } }, spec: { limits: [{ type: 'Container', min: list('50m', '', '') }] } });
    expect((await patch<LimitRange>(limitRangeKind, 'lr', { metadata: { labels: { lr: 'patched' } }, spec: { limits: [{ type: 'Container', min: list('40m', '', '') }] } })).spec?.limits[0]?.min).toEqual({ cpu: '40m' });
    await c.during(c.client.transport.request({ method: 'DELETE', path: `/api/v1/namespaces/${ns}/limitranges`, query: { labelSelector: 'lr=patched' } }));
    expect(await c.list(limitRangeKind, ns)).toEqual([]);
  });
});

describe('ResourceQuota', () => {
  const quota = (name: string, hard: Record<string, string>, more: object = {}): Promise<ResourceQuota> => create<ResourceQuota>(quotaKind, { metadata: { name, namespace: ns }, spec: { hard, ...more } });
  const used = async (name: string): Promise<Record<string, string> | undefined> => (await c.get<ResourceQuota>(quotaKind, name, ns))?.status?.used;

  it('should create a ResourceQuota and capture the life of a pod', async () => {
    await place('runs');
    await quota('q', { pods: '5', cpu: '1', memory: '500Mi', 'requests.example.com/dongle': '3' });
    await live(1);
    expect(await used('q')).toEqual({ pods: '0', cpu: '0', memory: '0', 'requests.example.com/dongle': '0' });
    const dongle = (cpu: string, memory: string, n: string): object => ({ requests: { cpu, memory, 'example.com/dongle': n }, limits: { 'example.com/dongle': n } });
    await sized('p', dongle('500m', '252Mi', '2'));
    expect(await used('q')).toEqual({ pods: '1', cpu: '500m', memory: '252Mi', 'requests.example.com/dongle': '2' });
    expect(await why(sized('fails', dongle('600m', '100Mi', '0')))).toBe('403 pods "fails" is forbidden: exceeded quota: q, requested: cpu=600m, used: cpu=500m, limited: cpu=1');
    expect(await why(sized('ext', dongle('500m', '100Mi', '2')))).toBe('403 pods "ext" is forbidden: exceeded quota: q, requested: requests.example.com/dongle=2, used: requests.example.com/dongle=2, limited: requests.example.com/dongle=3');
    expect(await why(patch(podKind, 'p', { spec: { containers: [{ name: 'c', image: 'pause', resources: { requests: { cpu: '100m', memory: '100Mi' } } }] } }))).toMatch(/^422 /);
    await remove(podKind, 'p', { gracePeriodSeconds: 0 });
    expect(await used('q')).toEqual({ pods: '0', cpu: '0', memory: '0', 'requests.example.com/dongle': '0' });
  });

  it('should verify ResourceQuota with terminating scopes, with best effort scope, and for priority class', async () => {
    await place('runs');
    await quota('terminating', { pods: '5' }, { scopes: ['Terminating'] });
    await quota('not-terminating', { pods: '5' }, { scopes: ['NotTerminating'] });
    await quota('besteffort', { pods: '5' }, { scopes: ['BestEffort'] });
    await quota('not-besteffort', { pods: '5' }, { scopes: ['NotBestEffort'] });
    await create(priorityClassKind, { metadata: { name: 'pclass1' }, value: 1000 } as PriorityClass);
    await quota('priority', { pods: '1' }, { scopeSelector: { matchExpressions: [{ operator: 'In', scopeName: 'PriorityClass', values: ['pclass1'] }] } });
    const all = async (): Promise<(string | undefined)[]> => { const of = async (n: string): Promise<string | undefined> => (await used(n))?.['pods']; return [await of('terminating'), await of('not-terminating'), await of('besteffort'), await of('not-besteffort'), await of('priority')]; };
    await sized('long');
    await live(1);
    expect(await all()).toEqual(['0', '1', '1', '0', '0']);
    await sized('deadline', { requests: { cpu: '100m' } }, { activeDeadlineSeconds: 3600 });
    expect(await all()).toEqual(['1', '1', '1', '1', '0']);
    await sized('prior', {}, { priorityClassName: 'pclass1' });
    expect(await why(sized('more', {}, { priorityClassName: 'pclass1' }))).toBe('403 pods "more" is forbidden: exceeded quota: priority, requested: pods=1, used: pods=1, limited: pods=1');
    expect(await all()).toEqual(['1', '2', '2', '1', '1']);
    for (const name of ['long', 'deadline', 'prior']) await remove(podKind, name, { gracePeriodSeconds: 0 });
    expect(await all()).toEqual(['0', '0', '0', '0', '0']);
  });

  it('should manage the lifecycle of a ResourceQuota and apply changes to its status', async () => {
    await place('runs');
    await quota('q', { cpu: '1', memory: '500Mi' });
    await live(1);
    expect((await patch<ResourceQuota>(quotaKind, 'q', { metadata: { labels: { q: 'patched' } }, spec: { hard: { memory: '750Mi' } } })).spec?.hard).toEqual({ cpu: '1', memory: '750Mi' });
    await live(1);
    expect((await c.get<ResourceQuota>(quotaKind, 'q', ns))?.status?.hard).toEqual({ cpu: '1', memory: '750Mi' });
    expect((await patch<ResourceQuota>(quotaKind, 'q', { status: { hard: { memory: '1Gi' } } }, 'status')).status?.hard).toEqual({ cpu: '1', memory: '1Gi' });
    await patch(quotaKind, 'q', { spec: { hard: { cpu: '2' } } });
    await live(1);
    expect((await c.get<ResourceQuota>(quotaKind, 'q', ns))?.status?.hard).toEqual({ cpu: '2', memory: '750Mi' });
    await remove(quotaKind, 'q');
    expect(await c.get(quotaKind, 'q', ns)).toBeUndefined();
  });
});

// Each case is named by the sentence it proves: kubernetes.io/docs, concepts/workloads/controllers/job and the API reference.
import { afterEach, describe, expect, it } from 'vitest';
import { job as jobKind } from '../../api/kinds/batch/job.ts';
import { pod as podKind } from '../../api/kinds/core/pod.ts';
import { failure } from '../../api/meta/status.ts';
import { formatTime } from '../../api/meta/time.ts';
import type { ContainerStatus, Job, JobSpec, Pod } from '../../api/types/kubernetes.ts';
import { JobWorld, jobOf } from '../../../test/harness/jobs.ts';
import { world } from '../../../test/harness/controllers.ts';

let j: JobWorld;
afterEach(async () => { expect(j.w.complaints).toEqual([]); await j.stop(); });
const REACHED = 'CompletionsReached Reached expected number of succeeded pods';
const LIMIT = 'BackoffLimitExceeded Job has reached the specified backoff limit';
const TRACKED = ['batch.kubernetes.io/job-tracking'];

describe('Job: completions and parallelism', () => {
  it('"When a specified number of successful completions is reached, the task (ie, Job) is complete."', async () => {
    j = await JobWorld.with({ completions: 3, parallelism: 2 });
    await j.run();
    expect([j.active.length, j.status.active, j.status.ready]).toEqual([2, 2, 2]);
    await j.end(j.active);
    expect([j.active.length, j.status.succeeded]).toEqual([1, 2]);
    await j.run();
    await j.end(j.active);
    expect(j.conditions).toEqual([`SuccessCriteriaMet=True ${REACHED}`, `Complete=True ${REACHED}`]);
    expect(j.status).toMatchObject({ succeeded: 3, ready: 0, terminating: 0, uncountedTerminatedPods: {} });
    expect(j.status.active).toBeUndefined();
    expect(j.status.completionTime).toBeDefined();
    expect(j.w.events).toContain('Job/sums Normal Completed Job completed');
    expect(j.pods.map(p => p.metadata?.finalizers ?? [])).toEqual([[], [], []]);
    expect(j.made).toBe(3);
  });
  it('"For non-parallel Jobs, the Job is complete as soon as its Pod terminates successfully."', async () => {
    j = await JobWorld.with();
    await j.run();
    expect(j.active[0]?.metadata).toMatchObject({ finalizers: TRACKED, labels: { 'batch.kubernetes.io/job-name': 'sums', 'job-name': 'sums', 'controller-uid': j.job.metadata?.uid } });
    await j.end(j.active);
    expect(j.conditions).toContain(`Complete=True ${REACHED}`);
  });
  it('"For a work queue Job … when any Pod from the Job terminates with success, no new Pods are created."', async () => {
    j = await JobWorld.with({ parallelism: 3 });
    await j.run();
    await j.end(j.active[0]!);
    await j.after(60);
    expect([j.active.length, j.made]).toEqual([2, 3]);
    expect(j.conditions).toEqual([]);
    await j.end(j.active[0]!, 1);
    expect(j.made).toBe(3);
    await j.end(j.active);
    expect(j.conditions).toContain(`Complete=True ${REACHED}`);
  });
  it('"If [parallelism] is specified as 0, then the Job is effectively paused until it is increased."', async () => {
    j = await JobWorld.with({ completions: 2, parallelism: 0 });
    expect(j.pods).toEqual([]);
    await j.change(o => { o.spec!.parallelism = 5; });
    expect(j.active.length).toBe(2);
    await j.run();
    await j.change(o => { o.spec!.parallelism = 1; });
    await j.reap();
    expect([j.pods.length, j.status.failed]).toEqual([1, undefined]);
  });
  it('"completions: 0" is done at once', async () => {
    j = await JobWorld.with({ completions: 0 });
    expect(j.conditions).toContain(`Complete=True ${REACHED}`);
    expect(j.made).toBe(0);
  });
  it('"If it fails to create Pods [because of] excessive quota", it says so and tries again', async () => {
    let refused = true;
    j = new JobWorld(await world(['job'], api => {
      api.put(jobKind, jobOf({ parallelism: 2, completions: 2 }));
      api.intercept = r => { if (refused && r.method === 'POST') throw failure(403, 'Forbidden', 'exceeded quota'); };
    }));
    expect(j.w.events).toContain('Job/sums Warning FailedCreate Error creating: exceeded quota');
    refused = false;
    await j.after(30);
    expect(j.active.length).toBe(2);
    j.w.complaints.length = 0;
  });
  it('adopts with its finalizer what its selector says is its own, and lets go of what no longer is', async () => {
    j = new JobWorld(await world(['job'], api => {
      api.put(podKind, { metadata: { name: 'stray', namespace: 'default', labels: { batch: 'x' } }, spec: { containers: [], nodeName: 'n' }, status: { phase: 'Running' } } as Pod);
      const own = jobOf({ parallelism: 1, manualSelector: true, selector: { matchLabels: { batch: 'x' } } });
      own.spec!.template.metadata = { labels: { batch: 'x' } };
      api.put(jobKind, own);
    }));
    const stray = (): Pod['metadata'] => j.w.api.get<Pod>(podKind, 'default/stray')?.metadata;
    expect([stray()?.ownerReferences?.[0]?.name, stray()?.finalizers, j.made]).toEqual(['sums', TRACKED, 0]);
    j.w.api.change<Pod>(podKind, 'default/stray', p => { p.metadata!.labels = {}; });
    await j.w.settle();
    expect([stray()?.ownerReferences, stray()?.finalizers, j.made]).toEqual([[], [], 1]);
  });
});

describe('Job: many pods', () => {
  it('looks at a large job once for many changes of its pods', async () => {
    j = await JobWorld.with({ completions: 300, parallelism: 300, completionMode: 'Indexed' });
    await j.run();
    await j.after(1);
    const writes = (): number => j.w.api.writes.filter(x => x === 'PUT/status jobs default/sums').length, before = writes();
    for (const p of j.active) { j.w.api.change<Pod>(podKind, `default/${p.metadata?.name}`, o => { o.status = { phase: 'Succeeded' }; }); await j.w.clock.advance(1); }
    await j.after(2);
    expect([j.status.completedIndexes, j.status.succeeded, j.conditions.at(-1)]).toEqual(['0-299', 300, `Complete=True ${REACHED}`]);
    expect(writes() - before).toBeLessThan(10);
  });
});

describe('Job: orphans', () => {
  it('takes back a pod whose owner was taken off it, and replaces one that lost its labels', async () => {
    j = await JobWorld.with({ parallelism: 2, completions: 2 });
    await j.run();
    const [a, b] = j.active.map(p => p.metadata?.name ?? '');
    const change = async (name: string | undefined, f: (p: Pod) => void): Promise<void> => { j.w.api.change<Pod>(podKind, `default/${name}`, f); await j.w.settle(); };
    await change(a, p => { delete p.metadata!.ownerReferences; });
    expect([j.w.api.get<Pod>(podKind, `default/${a}`)?.metadata?.ownerReferences?.[0]?.name, j.made]).toEqual(['sums', 2]);
    await change(b, p => { p.metadata!.labels = {}; });
    expect([j.w.api.get<Pod>(podKind, `default/${b}`)?.metadata?.ownerReferences, j.made]).toEqual([[], 3]);
  });
  it('adopts a copy of one of its pods that nobody controls', async () => {
    j = await JobWorld.with({ parallelism: 2, completions: 2 });
    const copy = structuredClone(j.active[0]!);
    copy.metadata = { name: 'copy', namespace: 'default', labels: copy.metadata!.labels! };
    j.w.api.put(podKind, copy);
    await j.w.settle();
    expect([j.active.length, j.made]).toEqual([2, 2]);
  });
});

describe('Job: failures and back-off', () => {
  it('"Failed Pods … are recreated by the Job controller with an exponential back-off delay (10s, 20s, 40s …) capped at six minutes."', async () => {
    j = await JobWorld.with({ backoffLimit: 9 });
    for (const wait of [10, 20, 40, 80, 160, 320, 360, 360]) {
      await j.run();
      await j.end(j.active, 1);
      await j.after(wait - 3);
      expect([wait, j.active.length]).toEqual([wait, 0]);
      await j.after(5);
      expect([wait, j.active.length]).toEqual([wait, 1]);
    }
    expect(j.status.failed).toBe(8);
  });
  it('"The back-off count is reset when a Job\'s Pod is … successful without any other Pods for the Job failing around that time"', async () => {
    j = await JobWorld.with({ backoffLimit: 9, completions: 3, parallelism: 1 });
    for (let i = 0; i < 3; i++) { await j.run(); await j.end(j.active, 1); await j.after(100); }
    await j.run();
    await j.end(j.active);
    await j.run();
    expect(j.active.length).toBe(1);
    await j.end(j.active, 1);
    await j.after(7);
    expect(j.active.length).toBe(0);
    await j.after(5);
    expect(j.active.length).toBe(1);
  });
  it('"The back-off limit is set by default to 6": the seventh failure is the last', async () => {
    j = await JobWorld.with();
    for (let i = 0; i < 7; i++) { await j.run(); await j.end(j.active, 1); await j.after(400); }
    expect(j.made).toBe(7);
    expect(j.conditions).toEqual([`FailureTarget=True ${LIMIT}`, `Failed=True ${LIMIT}`]);
    expect(j.status.failed).toBe(7);
    expect(j.w.events).toContain(`Job/sums Warning ${LIMIT}`);
  });
  it('"the number of retries [by] the sum of restarts of all containers in Pods … with phase Pending or Running" for OnFailure', async () => {
    j = await JobWorld.with({ backoffLimit: 2 }, { restartPolicy: 'OnFailure' });
    await j.run();
    const restarts = async (n: number): Promise<void> => {
      j.w.api.change<Pod>(podKind, `default/${j.active[0]?.metadata?.name}`, p => { p.status!.containerStatuses = [{ name: 'main', image: '', imageID: '', ready: true, restartCount: n }]; });
      await j.w.settle();
    };
    await restarts(1);
    expect(j.conditions).toEqual([]);
    await restarts(2);
    expect(j.conditions).toEqual([`FailureTarget=True ${LIMIT}`]);
    expect(j.active).toEqual([]);
  });
  it('"the terminal condition … is added only after all of the Job Pods are terminated"', async () => {
    j = await JobWorld.with({ parallelism: 2, completions: 2, backoffLimit: 0 });
    await j.run();
    await j.end(j.active[0]!, 1);
    expect(j.conditions).toEqual([`FailureTarget=True ${LIMIT}`]);
    expect(j.status).toMatchObject({ terminating: 1, ready: 0, failed: 2 });
    await j.reap();
    expect(j.conditions).toEqual([`FailureTarget=True ${LIMIT}`, `Failed=True ${LIMIT}`]);
    expect(j.status).toMatchObject({ terminating: 0, failed: 2 });
  });
  it('"Once a Job reaches activeDeadlineSeconds, all of its running Pods are terminated and the Job status will become type: Failed with reason: DeadlineExceeded."', async () => {
    j = await JobWorld.with({ activeDeadlineSeconds: 100, parallelism: 2, completions: 2 });
    await j.run();
    await j.after(98);
    expect(j.active.length).toBe(2);
    await j.after(3);
    expect(j.active).toEqual([]);
    await j.reap();
    expect(j.conditions).toEqual(['FailureTarget', 'Failed'].map(t => `${t}=True DeadlineExceeded Job was active longer than specified deadline`));
    expect(j.w.events).toContain('Job/sums Warning DeadlineExceeded Job was active longer than specified deadline');
  });
  it('"a Job\'s .spec.activeDeadlineSeconds takes precedence over its .spec.backoffLimit"', async () => {
    j = await JobWorld.with({ activeDeadlineSeconds: 15, backoffLimit: 100 });
    for (let i = 0; i < 3; i++) { await j.run(); await j.end(j.active, 1); await j.after(11); }
    expect([j.made, j.conditions.at(-1)]).toEqual([2, 'Failed=True DeadlineExceeded Job was active longer than specified deadline']);
  });
  it('a pod that somebody deletes is replaced, and is counted once it is gone for good', async () => {
    j = await JobWorld.with();
    await j.run();
    await j.w.api.request({ method: 'DELETE', path: `/api/v1/namespaces/default/pods/${j.active[0]?.metadata?.name}` });
    await j.after(1);
    expect(j.status.failed).toBe(1);
    await j.after(11);
    expect(j.active.length).toBe(1);
    await j.reap();
    expect([j.pods.length, j.status.failed]).toEqual([1, 1]);
  });
});

describe('Job: tracking with finalizers', () => {
  it('"the control plane keeps track of the Pods that belong to any Job and notices if any such Pod is removed from the API server"', async () => {
    j = await JobWorld.with({ completions: 2, parallelism: 1 });
    await j.run();
    const [first] = j.active;
    await j.w.controllers.stop();
    await j.end(first!);
    // Removed by somebody while no controller looked: the finalizer keeps it.
    await j.w.api.request({ method: 'DELETE', path: `/api/v1/namespaces/default/pods/${first?.metadata?.name}` });
    expect(j.pods.length).toBe(1);
    const api = j.w.api;
    const second = await world(['job'], fresh => { fresh.put(jobKind, structuredClone(api.get(jobKind, 'default/sums')!)); for (const p of api.all<Pod>(podKind)) fresh.put(podKind, { ...structuredClone(p), metadata: { ...structuredClone(p.metadata), name: 'kept', uid: 'kept' } }); });
    j = new JobWorld(second);
    expect([j.status.succeeded, j.active.length]).toEqual([1, 1]);
    await j.run(); await j.end(j.active);
    expect(j.conditions).toContain(`Complete=True ${REACHED}`);
  });
  it.each(['before', 'after'] as const)('counts exactly once when it is killed %s a finalizer goes', async when => {
    const job = jobOf({ completions: 2, parallelism: 1 });
    job.status = { startTime: '2026-01-01T00:00:00Z', active: 1, uncountedTerminatedPods: { succeeded: ['p1'] } };
    j = new JobWorld(await world(['job'], api => {
      api.put(jobKind, job);
      api.put(podKind, {
        metadata: { name: 'p1', uid: 'p1', namespace: 'default', labels: job.spec!.template.metadata!.labels!, ...(when === 'before' ? { finalizers: TRACKED } : {}), ownerReferences: [{ apiVersion: 'batch/v1', kind: 'Job', name: 'sums', uid: job.metadata!.uid!, controller: true }] },
        spec: { containers: [], nodeName: 'n' }, status: { phase: 'Succeeded' },
      } as Pod);
    }));
    await j.w.settle();
    expect(j.status).toMatchObject({ succeeded: 1, uncountedTerminatedPods: {} });
    expect(j.active.length).toBe(1);
  });
  it('lets go of pods whose job is gone', async () => {
    j = await JobWorld.with({ parallelism: 2, completions: 2 });
    await j.run();
    j.w.api.remove(jobKind, 'default/sums');
    await j.w.settle();
    expect(j.pods.map(p => p.metadata?.finalizers)).toEqual([[], []]);
  });
  it('leaves the finalizer on pods that something else than a Job controls', async () => {
    j = await JobWorld.with({ parallelism: 0 });
    for (const [name, ownerReferences] of [['theirs', [{ apiVersion: 'example.com/v1', kind: 'Job', name: 'x', uid: 'x', controller: true }]], ['nobodys', []]] as const)
      j.w.api.put(podKind, { metadata: { name, namespace: 'default', ownerReferences: [...ownerReferences], finalizers: ['batch.kubernetes.io/job-tracking'] }, spec: { containers: [] } } as Pod);
    await j.w.settle();
    expect(j.pods.map(p => [p.metadata?.name, p.metadata?.finalizers])).toEqual([['theirs', ['batch.kubernetes.io/job-tracking']], ['nobodys', []]]);
  });
  it('"managedBy … the built-in Job controller skips" jobs of others', async () => {
    j = await JobWorld.with({ managedBy: 'example.com/other' });
    expect([j.pods.length, j.status]).toEqual([0, {}]);
  });
});

describe('Job: indexed', () => {
  it('"Each Pod gets an associated completion index": annotation, label, hostname, environment, name', async () => {
    j = await JobWorld.with({ completionMode: 'Indexed', completions: 3, parallelism: 3 });
    const p = j.at(1);
    expect(p.metadata).toMatchObject({ annotations: { 'batch.kubernetes.io/job-completion-index': '1' }, labels: { 'batch.kubernetes.io/job-completion-index': '1' } });
    expect(p.metadata?.name).toMatch(/^sums-1-/);
    expect(p.spec?.hostname).toBe('sums-1');
    expect(p.spec?.containers[0]?.env).toEqual([{ name: 'JOB_COMPLETION_INDEX', valueFrom: { fieldRef: { apiVersion: 'v1', fieldPath: "metadata.labels['batch.kubernetes.io/job-completion-index']" } } }]);
  });
  it('"The Job is considered complete when there is one successfully completed Pod for each index."', async () => {
    j = await JobWorld.with({ completionMode: 'Indexed', completions: 5, parallelism: 5 });
    await j.run();
    for (const i of [0, 1, 2, 4]) await j.end(j.at(i));
    expect([j.status.completedIndexes, j.status.succeeded]).toEqual(['0-2,4', 4]);
    await j.end(j.at(3), 1);
    await j.after(11);
    expect(j.indexes).toEqual([3]);
    await j.run(); await j.end(j.at(3));
    expect([j.status.completedIndexes, j.status.succeeded, j.conditions.at(-1)]).toEqual(['0-4', 5, `Complete=True ${REACHED}`]);
  });
  it('"more than one Pod could be started for the same index … in that case, only the first Pod that completes successfully will count"', async () => {
    j = await JobWorld.with({ completionMode: 'Indexed', completions: 2, parallelism: 2 });
    await j.run();
    const twin = structuredClone(j.at(0));
    twin.metadata = { ...twin.metadata, name: 'twin', uid: 'twin' };
    j.w.api.put(podKind, twin);
    await j.w.settle();
    await j.reap();
    expect(j.indexes).toEqual([0, 1]);
    expect(j.status.failed).toBeUndefined();
  });
  it('"you can scale Indexed Jobs up or down by mutating both .spec.parallelism and .spec.completions together"', async () => {
    j = await JobWorld.with({ completionMode: 'Indexed', completions: 4, parallelism: 4 });
    await j.run();
    await j.end(j.at(3));
    expect(j.status.succeeded).toBe(1);
    await j.change(o => { o.spec!.parallelism = 2; o.spec!.completions = 2; });
    await j.reap();
    expect([j.indexes, j.status.succeeded, j.status.completedIndexes]).toEqual([[0, 1], undefined, undefined]);
    await j.change(o => { o.spec!.parallelism = 3; o.spec!.completions = 3; });
    await j.run();
    expect(j.indexes).toEqual([0, 1, 2]);
    await j.end(j.active);
    expect(j.conditions).toContain(`Complete=True ${REACHED}`);
  });
});

describe('Job: back-off limit per index', () => {
  const FAILED = 'FailedIndexes Job has failed indexes';
  it('"When the number of Pod failures for an index exceeds the limit, the index is considered failed … the other indexes continue"', async () => {
    j = await JobWorld.with({ completionMode: 'Indexed', completions: 2, parallelism: 2, backoffLimitPerIndex: 1 });
    await j.run();
    expect([j.job.spec?.backoffLimit, j.status.failedIndexes]).toEqual([2_147_483_647, '']);
    await j.end(j.at(0), 1);
    expect(j.indexes).toEqual([1]);
    await j.after(11);
    expect(j.at(0).metadata?.annotations?.['batch.kubernetes.io/job-index-failure-count']).toBe('1');
    await j.run();
    await j.end(j.at(0), 1);
    await j.after(60);
    expect([j.indexes, j.status.failedIndexes, j.status.failed]).toEqual([[1], '0', 2]);
    expect(j.conditions).toEqual([]);
    await j.end(j.at(1));
    expect(j.conditions).toEqual([`FailureTarget=True ${FAILED}`, `Failed=True ${FAILED}`]);
    expect(j.status).toMatchObject({ completedIndexes: '1', failedIndexes: '0', succeeded: 1, failed: 2 });
  });
  it('lets the last failed pod of an index go where no successor can come: its namespace goes, and waits for it', async () => {
    j = await JobWorld.with({ completionMode: 'Indexed', completions: 1, parallelism: 1, backoffLimitPerIndex: 5 });
    await j.run();
    const first = j.at(0);
    j.w.api.intercept = r => { if (r.method === 'POST' && r.path.endsWith('/pods')) throw failure(403, 'Forbidden', 'unable to create new content in namespace default because it is being terminated', { details: { causes: [{ reason: 'NamespaceTerminating' }] } }); };
    await j.end(first, 1);
    await j.after(11);
    await j.after(30);
    expect(j.w.api.get<Pod>(podKind, `default/${first.metadata?.name}`)?.metadata?.finalizers ?? []).toEqual([]);
    expect(j.status.failed).toBe(1);
  });
  it('keeps the last failed pod of an index until its successor carries the count', async () => {
    j = await JobWorld.with({ completionMode: 'Indexed', completions: 1, parallelism: 1, backoffLimitPerIndex: 5 });
    await j.run();
    const first = j.at(0);
    await j.end(first, 1);
    const finalizers = (): string[] => j.w.api.get<Pod>(podKind, `default/${first.metadata?.name}`)?.metadata?.finalizers ?? [];
    expect(finalizers()).toEqual(TRACKED);
    await j.after(11);
    expect([finalizers(), j.status.failed]).toEqual([[], 1]);
    await j.run(); await j.end(j.at(0), 1); await j.after(19);
    expect(j.active).toEqual([]);
    await j.after(2);
    expect(j.active.length).toBe(1);
  });
  it('"maxFailedIndexes … when the number of failed indexes exceeds it, the Job controller triggers termination of all remaining running Pods"', async () => {
    j = await JobWorld.with({ completionMode: 'Indexed', completions: 5, parallelism: 5, backoffLimitPerIndex: 0, maxFailedIndexes: 1 });
    await j.run();
    await j.end(j.at(0), 1);
    expect(j.conditions).toEqual([]);
    await j.end(j.at(1), 1);
    expect(j.active).toEqual([]);
    await j.reap();
    expect(j.conditions.at(-1)).toBe('Failed=True MaxFailedIndexesExceeded Job has exceeded the specified maximal number of failed indexes');
    expect(j.status).toMatchObject({ failedIndexes: '0,1', failed: 5 });
  });
  it('"FailIndex: … to avoid unnecessary retries within the index of a failed pod"', async () => {
    j = await JobWorld.with({ completionMode: 'Indexed', completions: 2, parallelism: 2, backoffLimitPerIndex: 9, podFailurePolicy: { rules: [{ action: 'FailIndex', onExitCodes: { operator: 'In', values: [42] } }] } });
    await j.run();
    await j.end(j.at(0), 42);
    await j.after(60);
    expect([j.indexes, j.status.failedIndexes]).toEqual([[1], '0']);
  });
});

describe('Job: pod failure policy', () => {
  const rules = { rules: [
    { action: 'FailJob', onExitCodes: { containerName: 'main', operator: 'In', values: [42] } },
    { action: 'Ignore', onPodConditions: [{ type: 'DisruptionTarget', status: 'True' }] },
    { action: 'Count', onExitCodes: { operator: 'NotIn', values: [7] } },
  ] };
  it('"FailJob: … indicates that the Pod\'s job should be marked as Failed and all running Pods should be terminated"', async () => {
    j = await JobWorld.with({ parallelism: 2, completions: 2, podFailurePolicy: rules });
    await j.run();
    const [bad] = j.active;
    await j.end(bad!, 42);
    const why = `PodFailurePolicy Container main for pod default/${bad?.metadata?.name} failed with exit code 42 matching FailJob rule at index 0`;
    expect(j.conditions).toEqual([`FailureTarget=True ${why}`]);
    await j.reap();
    expect(j.conditions).toEqual([`FailureTarget=True ${why}`, `Failed=True ${why}`]);
    expect(j.w.events).toContain(`Job/sums Warning ${why}`);
  });
  it('"Ignore: … the counter towards the .spec.backoffLimit should not be incremented and a replacement Pod should be created"', async () => {
    j = await JobWorld.with({ backoffLimit: 0, podFailurePolicy: rules });
    for (const wait of [10, 20]) {
      await j.run();
      await j.end(j.active, 137, [{ type: 'DisruptionTarget', status: 'True' }]);
      await j.after(wait + 1);
    }
    expect([j.status.failed, j.active.length, j.made]).toEqual([undefined, 1, 3]);
    await j.run(); await j.end(j.active, 1);
    expect([j.status.failed, j.conditions.at(-1)]).toEqual([1, `Failed=True ${LIMIT}`]);
  });
  it('"Once a rule matches a Pod failure, the remaining rules are ignored"; "when no rule matches … the default handling applies"; a rule may be for one container', async () => {
    const rules: NonNullable<JobSpec['podFailurePolicy']>['rules'] = [
      { action: 'Ignore', onExitCodes: { containerName: 'side', operator: 'In', values: [3] } }, { action: 'Count', onExitCodes: { operator: 'In', values: [3, 4] } }, { action: 'FailJob', onExitCodes: { operator: 'NotIn', values: [5] } },
    ];
    const containers = [{ name: 'main', image: 'x' }, { name: 'side', image: 'x' }];
    j = await JobWorld.with({ podFailurePolicy: { rules } }, { containers });
    const fail = async (main: number, side: number): Promise<void> => {
      await j.run();
      const name = j.active[0]!.metadata!.name!, of = (n: string, exitCode: number): ContainerStatus => ({ name: n, image: 'x', imageID: '', ready: false, restartCount: 0, state: { terminated: { exitCode, finishedAt: formatTime(j.w.clock.now()) } } });
      j.w.api.change<Pod>(podKind, `default/${name}`, p => { p.status = { phase: 'Failed', containerStatuses: [of('main', main), of('side', side)] }; });
      await j.after(400);
    };
    await fail(0, 3);
    expect([j.status.failed, j.conditions]).toEqual([undefined, []]);
    await fail(3, 0);
    await fail(0, 5);
    expect([j.status.failed, j.conditions]).toEqual([2, []]);
    await fail(6, 5);
    expect(j.conditions[0]).toMatch(/^FailureTarget=True PodFailurePolicy Container main for pod default\/sums-\w+ failed with exit code 6 matching FailJob rule at index 2$/);
  });
  it('"podReplacementPolicy: Failed means to wait until a previously created Pod is fully terminated (has phase Failed or Succeeded)"', async () => {
    j = await JobWorld.with({ podReplacementPolicy: 'Failed' });
    await j.run();
    const [first] = j.active;
    await j.w.api.request({ method: 'DELETE', path: `/api/v1/namespaces/default/pods/${first?.metadata?.name}` });
    await j.after(60);
    expect([j.active.length, j.status.terminating, j.status.failed]).toEqual([0, 1, undefined]);
    await j.end(first!, 143);
    await j.reap();
    await j.after(11);
    expect([j.active.length, j.status.terminating, j.status.failed]).toEqual([1, 0, 1]);
  });
});

describe('Job: success policy', () => {
  it.each([
    [{ succeededIndexes: '0' }, [0]], [{ succeededCount: 2 }, [1, 3]], [{ succeededIndexes: '1-3', succeededCount: 2 }, [1, 3]],
  ])('%j: "the Job controller terminates the lingering Pods"', async (rule, winners) => {
    j = await JobWorld.with({ completionMode: 'Indexed', completions: 4, parallelism: 4, successPolicy: { rules: [{ succeededIndexes: '0-3' }, rule] } });
    await j.run();
    for (const i of winners.slice(0, -1)) await j.end(j.at(i));
    expect(j.conditions).toEqual([]);
    await j.end(j.at(winners.at(-1)!));
    const met = 'SuccessPolicy Matched rules at index 1';
    expect(j.conditions).toEqual([`SuccessCriteriaMet=True ${met}`]);
    expect(j.active).toEqual([]);
    await j.reap();
    expect(j.conditions).toEqual([`SuccessCriteriaMet=True ${met}`, `Complete=True ${met}`]);
    expect([j.status.failed, j.status.succeeded]).toEqual([undefined, winners.length]);
  });
  it('"if … the backoffLimit is exceeded, … the Job is failed: the success policy is ignored"', async () => {
    j = await JobWorld.with({ completionMode: 'Indexed', completions: 2, parallelism: 2, backoffLimit: 0, successPolicy: { rules: [{ succeededCount: 1 }] } });
    await j.run();
    await j.end(j.at(0), 1);
    await j.reap();
    expect(j.conditions.at(-1)).toBe(`Failed=True ${LIMIT}`);
  });
});

describe('Job: suspending', () => {
  it('"When a Job is suspended … its running Pods that don\'t have a status of Completed will be terminated"; resumed, startTime is reset', async () => {
    j = await JobWorld.with({ parallelism: 2, completions: 3, activeDeadlineSeconds: 100 });
    await j.run();
    await j.end(j.active[0]!);
    await j.run();
    await j.after(90);
    await j.change(o => { o.spec!.suspend = true; });
    expect([j.active.length, j.status.terminating, j.status.startTime]).toEqual([0, 2, undefined]);
    expect(j.conditions).toEqual(['Suspended=True JobSuspended Job suspended']);
    await j.reap();
    expect([j.pods.length, j.status.failed, j.status.succeeded]).toEqual([1, undefined, 1]);
    await j.after(1000);
    const now = j.w.clock.now();
    await j.change(o => { o.spec!.suspend = false; });
    expect(j.conditions).toEqual(['Suspended=False JobResumed Job resumed']);
    expect(Date.parse(j.status.startTime ?? '') - now).toBeLessThan(1000);
    expect(j.active.length).toBe(2);
    await j.after(50);
    expect(j.conditions.length).toBe(1);
    expect(j.w.events.filter(e => /Normal (Suspended|Resumed) Job/.test(e))).toEqual(['Job/sums Normal Suspended Job suspended', 'Job/sums Normal Resumed Job resumed']);
  });
  it('"a Job created suspended … starts with no Pods": no startTime until it is resumed', async () => {
    j = await JobWorld.with({ suspend: true });
    await j.after(100);
    expect([j.pods.length, j.status.startTime, j.conditions]).toEqual([0, undefined, ['Suspended=True JobSuspended Job suspended']]);
    await j.change(o => { o.spec!.suspend = false; });
    expect(j.active.length).toBe(1);
    expect(j.status.startTime).toBeDefined();
  });
});

describe('Job: TTL after finished', () => {
  it('"If the field is set to 0, the Job will be eligible to be automatically deleted immediately after it finishes. If the field is unset, this Job won\'t be cleaned up"; failed ones are cleaned up as well', async () => {
    j = new JobWorld(await world(['job', 'ttl-after-finished'], api => {
      for (const [name, spec] of Object.entries({ sums: { ttlSecondsAfterFinished: 0, backoffLimit: 0 }, kept: {} })) api.put(jobKind, jobOf(spec, {}, name));
      const timeless = jobOf({ ttlSecondsAfterFinished: 0, managedBy: 'example.com/other' }, {}, 'timeless');
      api.put(jobKind, { ...timeless, status: { conditions: [{ type: 'Complete', status: 'True' }] } });
    }));
    await j.run();
    await j.end(j.active, 1);
    await j.after(1);
    expect([j.job.metadata?.deletionTimestamp === undefined, j.conditions.length]).toEqual([false, 2]);
    await j.after(100_000);
    for (const name of ['kept', 'timeless']) expect([name, j.w.api.get<Job>(jobKind, `default/${name}`)?.metadata?.deletionTimestamp]).toEqual([name, undefined]);
  });
  it('"When the TTL-after-finished controller cleans up a Job, it will delete the Job cascadingly … once it has been finished for so long"; until then the time may be changed', async () => {
    j = new JobWorld(await world(['job', 'ttl-after-finished'], api => { api.put(jobKind, jobOf({ ttlSecondsAfterFinished: 100 })); }));
    await j.run();
    await j.end(j.active);
    await j.after(90);
    await j.change(o => { o.spec!.ttlSecondsAfterFinished = 200; });
    await j.after(100);
    expect(j.job.metadata?.deletionTimestamp).toBeUndefined();
    await j.after(15);
    // In the foreground: its pods go first.
    expect([j.job.metadata?.deletionTimestamp === undefined, j.job.metadata?.finalizers]).toEqual([false, ['foregroundDeletion']]);
  });
});

describe('Job: metrics', () => {
  it('counts jobs, pods, indexes, rules that fitted and finalizers under Kubernetes\' names', async () => {
    j = await JobWorld.with({ completionMode: 'Indexed', completions: 3, parallelism: 3, backoffLimitPerIndex: 1, podFailurePolicy: { rules: [{ action: 'FailIndex', onExitCodes: { operator: 'In', values: [7] } }] } });
    await j.run();
    await j.end(j.at(0));
    await j.end(j.at(1), 7);
    await j.end(j.at(2), 1);
    await j.after(11);
    await j.run();
    await j.end(j.at(2));
    await j.after(1);
    expect(j.conditions.at(-1)).toMatch(/^Failed=True FailedIndexes/);
    const count = (name: string): string[] => j.w.counted(`job_controller_${name}{`).map(l => l.slice(`job_controller_${name}`.length)).sort();
    expect(count('jobs_finished_total')).toEqual(['{completion_mode="Indexed",result="failed",reason="FailedIndexes"} 1']);
    expect(count('job_pods_finished_total')).toEqual(['{completion_mode="Indexed",result="failed"} 2', '{completion_mode="Indexed",result="succeeded"} 2']);
    expect(count('job_finished_indexes_total')).toEqual(['{status="failed",backoffLimit="perIndex"} 1', '{status="succeeded",backoffLimit="perIndex"} 2']);
    expect(count('pod_failures_handled_by_failure_policy_total')).toEqual(['{action="FailIndex"} 1']);
    expect(count('job_pods_creation_total')).toEqual(['{reason="new",status="succeeded"} 3', '{reason="recreate_failed",status="succeeded"} 1']);
    expect(count('terminated_pods_tracking_finalizer_total')).toEqual(['{event="add"} 4', '{event="delete"} 4']);
    expect(count('job_syncs_total').map(l => l.replace(/\d+$/, 'n'))).toEqual(['{completion_mode="Indexed",result="success",action="pods_created"} n', '{completion_mode="Indexed",result="success",action="reconciling"} n', '{completion_mode="Indexed",result="success",action="tracking"} n']);
    expect(j.w.counted('workqueue_depth{name="job"}')).toEqual(['workqueue_depth{name="job"} 0']);
    expect(j.w.counted('workqueue_work_duration_seconds_count{name="job"}').length).toBe(1);
  });
});

// Each case is a sentence of Kubernetes' documentation of disruptions and of PodDisruptionBudget.
import { describe, expect, it } from 'vitest';
import { deployment as deploymentKind } from '../../api/kinds/apps/deployment.ts';
import { replicaSet as replicaSetKind } from '../../api/kinds/apps/replica-set.ts';
import { statefulSet as statefulSetKind } from '../../api/kinds/apps/stateful-set.ts';
import { job as jobKind } from '../../api/kinds/batch/job.ts';
import { pod as podKind } from '../../api/kinds/core/pod.ts';
import { podDisruptionBudget as budgetKind } from '../../api/kinds/policy/pod-disruption-budget.ts';
import { formatTime } from '../../api/meta/time.ts';
import type { Deployment, Job, OwnerReference, Pod, PodDisruptionBudget, PodDisruptionBudgetStatus, ReplicaSet, StatefulSet } from '../../api/types/kubernetes.ts';
import type { FakeApi } from '../../../test/harness/fake-api.ts';
import { world, type World } from '../../../test/harness/controllers.ts';

type Spec = NonNullable<PodDisruptionBudget['spec']>;
const labels = { app: 'zk' };
const owned = (kind: string, name: string, uid: string, apiVersion = 'apps/v1'): OwnerReference[] => [{ apiVersion, kind, name, uid, controller: true }];
const set = (api: FakeApi, replicas: number): StatefulSet => api.put(statefulSetKind, { metadata: { name: 'zk', namespace: 'default' }, spec: { replicas, selector: { matchLabels: labels }, template: {} } });
const pod = (name: string, ownerReferences: OwnerReference[] = [], ready = true): Pod => ({
  metadata: { name, namespace: 'default', labels, ownerReferences }, spec: { nodeName: 'n', containers: [] }, status: { phase: 'Running', conditions: [{ type: 'Ready', status: ready ? 'True' : 'False' }] },
});
const budget = (spec: Spec): PodDisruptionBudget => ({ metadata: { name: 'zk', namespace: 'default' }, spec: { selector: { matchLabels: labels }, ...spec } });
const statusOf = (w: World): PodDisruptionBudgetStatus => w.api.get<PodDisruptionBudget>(budgetKind, 'default/zk')!.status!;
const counts = (w: World): (number | undefined)[] => { const s = statusOf(w); return [s.expectedPods, s.desiredHealthy, s.currentHealthy, s.disruptionsAllowed]; };

/** Expected, desired, healthy and allowed for `total` pods of a StatefulSet of `replicas`, of which `unready` are not ready. */
async function counted(spec: Spec, total: number, replicas = total, unready = 0): Promise<(number | undefined)[]> {
  const w = await world(['disruption'], api => {
    const s = set(api, replicas);
    for (let i = 0; i < total; i++) api.put(podKind, pod(`zk-${i}`, owned('StatefulSet', 'zk', s.metadata!.uid!), i >= unready));
    api.put(budgetKind, budget(spec));
  });
  const found = counts(w);
  expect(w.complaints).toEqual([]);
  await w.stop();
  return found;
}

describe('PodDisruptionBudget', () => {
  it.each<[string, Spec, number, number, number, number[]]>([
    ['minAvailable of 5: evictions are allowed as long as they leave behind 5 or more healthy pods', { minAvailable: 5 }, 7, 7, 0, [7, 5, 7, 2]],
    ['minAvailable of 30%: allowed as long as at least 30% of the desired number of replicas are healthy', { minAvailable: '30%' }, 10, 10, 0, [10, 3, 10, 7]],
    ['maxUnavailable of 5: allowed as long as there are at most 5 unhealthy replicas among the total desired', { maxUnavailable: 5 }, 9, 9, 2, [9, 4, 7, 3]],
    ['maxUnavailable of 30%: rounded up', { maxUnavailable: '30%' }, 7, 7, 0, [7, 4, 7, 3]],
    ['with 7 pods and minAvailable 50% it rounds up to 4', { minAvailable: '50%' }, 7, 7, 0, [7, 4, 7, 3]],
    ['the desired number is that of the controller, not of the pods there are', { maxUnavailable: 1 }, 2, 4, 0, [4, 3, 2, 0]],
    ['maxUnavailable of 0 allows no voluntary evictions', { maxUnavailable: 0 }, 3, 3, 0, [3, 3, 3, 0]],
    ['minAvailable of 100% allows none either', { minAvailable: '100%' }, 3, 3, 0, [3, 3, 3, 0]],
    ['a budget that matches nothing allows nothing', { minAvailable: 0 }, 0, 0, 0, [0, 0, 0, 0]],
  ])('%s', async (_, spec, total, replicas, unready, expected) => { expect(await counted(spec, total, replicas, unready)).toEqual(expected); });

  it('the sets of a Deployment count as the Deployment', async () => {
    const w = await world(['disruption'], api => {
      const d = api.put<Deployment>(deploymentKind, { metadata: { name: 'zk', namespace: 'default' }, spec: { replicas: 4 } } as Deployment);
      for (const [name, replicas] of [['zk-a', 3], ['zk-b', 2]] as const) {
        const rs = api.put<ReplicaSet>(replicaSetKind, { metadata: { name, namespace: 'default', ownerReferences: owned('Deployment', 'zk', d.metadata!.uid!) }, spec: { replicas } } as ReplicaSet);
        for (let i = 0; i < replicas; i++) api.put(podKind, pod(`${name}-${i}`, owned('ReplicaSet', name, rs.metadata!.uid!)));
      }
      api.put(budgetKind, budget({ maxUnavailable: 1 }));
    });
    expect(counts(w)).toEqual([4, 3, 5, 2]);
    expect(statusOf(w).conditions).toMatchObject([{ type: 'DisruptionAllowed', status: 'True', reason: 'SufficientPods', observedGeneration: 1 }]);
    w.api.change<Pod>(podKind, 'default/zk-a-0', p => { p.status!.conditions![0]!.status = 'False'; });
    w.api.remove(podKind, 'default/zk-a-1');
    await w.settle();
    expect(counts(w)).toEqual([4, 3, 3, 0]);
    expect(statusOf(w).conditions).toMatchObject([{ status: 'False', reason: 'InsufficientPods' }]);
    w.api.change<Deployment>(deploymentKind, 'default/zk', d => { d.spec!.replicas = 2; });
    await w.settle();
    expect(counts(w)).toEqual([2, 1, 3, 2]);
    await w.stop();
  });

  it('pods without a controller count for an integer minAvailable only, and it says so', async () => {
    const w = await world(['disruption'], api => { api.put(podKind, pod('a')); api.put(podKind, pod('b')); api.put(budgetKind, budget({ maxUnavailable: 1 })); });
    expect(counts(w)).toEqual([0, 0, 2, 0]);
    expect(w.events).toContain('PodDisruptionBudget/zk Warning UnmanagedPods Pods selected by this PodDisruptionBudget (selector: &LabelSelector{MatchLabels:map[string]string{app: zk,},MatchExpressions:[]LabelSelectorRequirement{},}) were found to be unmanaged. As a result, the status of the PDB cannot be calculated correctly, which may result in undefined behavior. To account for these pods please set ".spec.minAvailable" field of the PDB to an integer value.');
    w.api.change<PodDisruptionBudget>(budgetKind, 'default/zk', b => { b.spec = { selector: b.spec!.selector!, minAvailable: 1 }; b.metadata!.generation = 2; });
    await w.settle();
    expect(counts(w)).toEqual([2, 1, 2, 1]);
    expect(statusOf(w).observedGeneration).toBe(2);
    await w.stop();
  });

  it('a controller that has no scale makes it fail, and what cannot be counted allows nothing', async () => {
    const w = await world(['disruption'], api => {
      const j = api.put<Job>(jobKind, { metadata: { name: 'zk', namespace: 'default' }, spec: {} } as Job);
      api.put(podKind, pod('a', owned('Job', 'zk', j.metadata!.uid!, 'batch/v1')));
      api.put(budgetKind, budget({ maxUnavailable: 1 }));
    });
    expect(statusOf(w)).toMatchObject({ disruptionsAllowed: 0, conditions: [{ type: 'DisruptionAllowed', status: 'False', reason: 'SyncFailed', message: 'jobs.batch does not implement the scale subresource' }] });
    expect(w.events).toContain('PodDisruptionBudget/zk Warning CalculateExpectedPodCountFailed Failed to calculate the number of expected pods: jobs.batch does not implement the scale subresource');
    await w.stop();
  });

  it('a granted eviction counts as gone until the pod is deleted, or for two minutes', async () => {
    const w = await world(['disruption'], api => { const s = set(api, 3); for (let i = 0; i < 3; i++) api.put(podKind, pod(`zk-${i}`, owned('StatefulSet', 'zk', s.metadata!.uid!))); api.put(budgetKind, budget({ maxUnavailable: 1 })); });
    expect(counts(w)).toEqual([3, 2, 3, 1]);
    w.api.change<PodDisruptionBudget>(budgetKind, 'default/zk', b => { b.status = { ...b.status, disruptionsAllowed: 0, disruptedPods: { 'zk-1': formatTime(w.clock.now()) } }; });
    await w.settle();
    expect(counts(w)).toEqual([3, 2, 2, 0]);
    await w.clock.advance(125_000);
    expect(counts(w)).toEqual([3, 2, 3, 1]);
    expect(statusOf(w).disruptedPods ?? {}).toEqual({});
    expect(w.events).toContain('Pod/zk-1 Warning NotDeleted Pod was expected by PDB default/zk to be deleted but it wasn\'t');
    await w.stop();
  });

  it('the DisruptionTarget condition of a pod that was not terminated is set to False after two minutes', async () => {
    const announce = (reason: string): Pod => { const p = pod(reason.toLowerCase()); p.status!.conditions!.push({ type: 'DisruptionTarget', status: 'True', reason, message: 'x', lastTransitionTime: '2026-01-01T00:00:00Z' }); return p; };
    const w = await world(['disruption'], api => { api.put(podKind, announce('PreemptionByScheduler')); api.put(podKind, announce('TerminationByKubelet')); });
    const target = (name: string) => w.api.get<Pod>(podKind, `default/${name}`)!.status!.conditions!.find(c => c.type === 'DisruptionTarget');
    await w.clock.advance(110_000);
    expect(target('preemptionbyscheduler')?.status).toBe('True');
    await w.clock.advance(11_000);
    expect(target('preemptionbyscheduler')).toMatchObject({ status: 'False' });
    expect(target('terminationbykubelet')?.status).toBe('True');
    expect(w.complaints).toEqual([]);
    await w.stop();
  });
});

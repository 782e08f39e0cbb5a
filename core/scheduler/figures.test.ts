import { expect, it } from 'vitest';
import { node as nodeKind } from '../api/kinds/core/node.ts';
import { pod as podKind } from '../api/kinds/core/pod.ts';
import { Figures } from '../base/figures.ts';
import type { Node, Pod } from '../api/types/kubernetes.ts';
import { schedulerCluster } from '../../test/harness/scheduler-cluster.ts';

const node = (name: string, cpu = '1'): Node => ({ metadata: { name }, spec: {}, status: { allocatable: { cpu, memory: '1Gi', pods: '10' } } });
const pod = (name: string, cpu: string, more: Partial<NonNullable<Pod['spec']>> = {}): Pod => ({ metadata: { name, namespace: 'default' }, spec: { containers: [{ name: 'c', image: 'i', resources: { requests: { cpu } } }], ...more } });

it('counts attempts, waiting pods and preemption under kube-scheduler\'s names', async () => {
  const figures = new Figures(), c = await schedulerCluster([node('n1')], { figures });
  const lines = (): string[] => figures.all().filter(f => f.type !== 'histogram').flatMap(f => f.read().map(([l, n]) => `${f.name.slice('scheduler_'.length)} ${Object.values(l).join('/')} ${n}`));
  const counts = (name: string): number => figures.all().find(f => f.name === name)?.read().filter(([, , suffix]) => suffix === '_count').reduce((n, [, v]) => n + v, 0) ?? Number.NaN;
  c.api.put(podKind, pod('fits', '600m'));
  c.api.put(podKind, pod('waits', '600m'));
  c.api.put(podKind, pod('gated', '1m', { schedulingGates: [{ name: 'g' }] }));
  await c.settle();
  expect(lines()).toEqual(expect.arrayContaining([
    'schedule_attempts_total default-scheduler/scheduled 1', 'schedule_attempts_total default-scheduler/unschedulable 1', 'pending_pods active 0', 'pending_pods unschedulable 1', 'pending_pods gated 1',
    'unschedulable_pods NodeResourcesFit/default-scheduler 1', 'cache_size nodes 1', 'cache_size pods 1', 'cache_size assumed_pods 0', 'preemption_attempts_total  1',
  ]));
  expect([counts('scheduler_pod_scheduling_sli_duration_seconds'), counts('scheduler_scheduling_attempt_duration_seconds'), counts('scheduler_preemption_victims')]).toEqual([1, 2, 0]);
  c.api.put(podKind, pod('first', '600m', { priority: 100 }));
  await c.settle();
  expect(counts('scheduler_preemption_victims')).toBe(1);
  c.api.put(nodeKind, node('n2', '4'));
  await c.clock.advance(15_000);
  // By its second attempt.
  expect(figures.all().find(f => f.name === 'scheduler_pod_scheduling_sli_duration_seconds')?.read().filter(([, , s]) => s === '_count').map(([l]) => l['attempts']).sort()).toEqual(['1', '2']);
  expect(lines()).toEqual(expect.arrayContaining(['pending_pods unschedulable 0', 'cache_size nodes 2']));
  await c.end();
});

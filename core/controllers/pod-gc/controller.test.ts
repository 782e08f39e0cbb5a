import { afterEach, expect, it } from 'vitest';
import { node as nodeKind } from '../../api/kinds/core/node.ts';
import { pod as podKind } from '../../api/kinds/core/pod.ts';
import type { Node, Pod } from '../../api/types/kubernetes.ts';
import { world, type World } from '../../../test/harness/controllers.ts';

let w: World;
afterEach(async () => { expect(w.complaints).toEqual([]); await w.stop(); });
const node = (name: string, extra: Partial<Node> = {}): Node => ({ metadata: { name }, ...extra });
const pod = (name: string, nodeName: string | undefined, phase = 'Running'): Pod => ({ metadata: { name, namespace: 'default' }, spec: { ...(nodeName ? { nodeName } : {}), terminationGracePeriodSeconds: 30, containers: [{ name: 'c', image: 'i' }] }, status: { phase } });
const names = (): string[] => w.api.all<Pod>(podKind).map(p => p.metadata?.name ?? '').sort();
const ask = (name: string): void => { w.api.change<Pod>(podKind, `default/${name}`, p => { p.metadata!.deletionTimestamp = '2026-01-01T00:00:30Z'; p.metadata!.deletionGracePeriodSeconds = 30; }); };

it('a pod that is being deleted on a node that is gone goes at once; one that is not waits for the quarantine', async () => {
  w = await world(['podgc'], api => { api.put(nodeKind, node('here')); for (const [n, at] of [['stays', 'here'], ['going', 'here'], ['lost', 'nowhere'], ['asked', 'nowhere']] as const) api.put(podKind, pod(n, at)); });
  ask('asked'); ask('going');
  await w.settle();
  expect(names()).toEqual(['going', 'lost', 'stays']);
  await w.clock.advance(39_000); await w.settle();
  expect(names()).toEqual(['going', 'lost', 'stays']);
  await w.clock.advance(30_000); await w.settle();
  expect(names()).toEqual(['going', 'stays']);
});

it('a node that comes back in time keeps its pods', async () => {
  w = await world(['podgc'], api => { api.put(podKind, pod('lost', 'late')); });
  await w.clock.advance(30_000);
  w.api.put(nodeKind, node('late'));
  await w.clock.advance(120_000); await w.settle();
  expect(names()).toEqual(['lost']);
});

it('pods that are being deleted before they had a node, and those of a node that is out of service, go at once', async () => {
  const off = node('off', { spec: { taints: [{ key: 'node.kubernetes.io/out-of-service', effect: 'NoExecute' }] }, status: { conditions: [{ type: 'Ready', status: 'Unknown' }] } });
  w = await world(['podgc'], api => { api.put(nodeKind, off); api.put(podKind, pod('unbound', undefined, 'Pending')); api.put(podKind, pod('there', 'off')); });
  await w.settle();
  expect(names()).toEqual(['there', 'unbound']);
  ask('unbound'); ask('there');
  await w.settle();
  expect(names()).toEqual([]);
});

it('finished pods beyond the threshold go, the oldest first', async () => {
  w = await world(['podgc'], api => { api.put(nodeKind, node('here')); for (const [n, at] of [['old', '01'], ['new', '03'], ['mid', '02']] as const) api.put(podKind, { ...pod(n, 'here', 'Succeeded'), metadata: { name: n, namespace: 'default', creationTimestamp: `2026-01-${at}T00:00:00Z` } }); }, { terminatedPodThreshold: 1 });
  await w.settle();
  expect(names()).toEqual(['new']);
});

it('of finished pods in excess those that were evicted go first, then the oldest', async () => {
  const at = (n: string, day: string, reason?: string): Pod => ({ ...pod(n, 'here', 'Failed'), metadata: { name: n, namespace: 'default', creationTimestamp: `2026-01-${day}T00:00:00Z` }, status: { phase: 'Failed', ...(reason ? { reason } : {}) } });
  w = await world(['podgc'], api => { api.put(nodeKind, node('here')); for (const p of [at('old', '01'), at('mid', '02'), at('evicted', '03', 'Evicted')]) api.put(podKind, p); }, { terminatedPodThreshold: 2 });
  await w.settle();
  expect(names()).toEqual(['mid', 'old']);
  expect(w.counted('pod_gc_collector')).toEqual(['pod_gc_collector_force_delete_pods_total{namespace="default",reason="terminated"} 1']);
});

it('a running pod that is given up is marked as Failed, and the DisruptionTarget condition says why', async () => {
  const patched: unknown[] = [];
  w = await world(['podgc'], api => { api.intercept = r => { if (r.method === 'PATCH') patched.push(r.body); }; api.put(podKind, pod('lost', 'nowhere')); });
  await w.clock.advance(70_000);
  expect(names()).toEqual([]);
  expect(patched).toMatchObject([{ status: { phase: 'Failed', conditions: [{ type: 'DisruptionTarget', status: 'True', reason: 'DeletionByPodGC', message: 'PodGC: node no longer exists' }] } }]);
});

// What the controllers together read from their caches for one event: the same in a cluster of 500 pods as in one of 50. Time is measured in
// test/bench/controllers.test.ts; this counts.
import { expect, it, vi } from 'vitest';
import { deployment as deploymentKind } from '../api/kinds/apps/deployment.ts';
import { configMap as configMapKind } from '../api/kinds/core/config-map.ts';
import { node as nodeKind } from '../api/kinds/core/node.ts';
import { lease as leaseKind } from '../api/kinds/coordination/lease.ts';
import { namespace as namespaceKind } from '../api/kinds/core/namespace.ts';
import { pod as podKind } from '../api/kinds/core/pod.ts';
import { replicationController as rcKind } from '../api/kinds/core/replication-controller.ts';
import { service as serviceKind } from '../api/kinds/core/service.ts';
import { podDisruptionBudget as budgetKind } from '../api/kinds/policy/pod-disruption-budget.ts';
import type { Deployment, Lease, Pod, PodDisruptionBudget, ReplicationController, Service } from '../api/types/kubernetes.ts';
import { Indexer } from '../client/indexer.ts';
import { reapPods, runPods, world, type World } from '../../test/harness/controllers.ts';

const NS = 'shop';
const template = (app: string): object => ({ metadata: { labels: { app, part: 'shop' } }, spec: { containers: [{ name: 'c', image: 'i', ports: [{ containerPort: 80 }] }] } });

const EVENTS: Readonly<Record<string, (w: World) => unknown>> = {
  'a pod is no longer Ready': w => w.api.change<Pod>(podKind, first(w), p => { p.status!.conditions![0]!.status = 'False'; }),
  'a pod is deleted and replaced': async w => { w.api.remove(podKind, first(w)); await w.settle(); runPods(w.api); },
  'a Deployment grows by one': async w => { w.api.change<Deployment>(deploymentKind, `${NS}/d0`, d => { d.spec!.replicas = 6; d.metadata!.generation = 2; }); await w.settle(); runPods(w.api); },
  'a pod that nobody controls comes': w => w.api.put<Pod>(podKind, { metadata: { name: 'bare', namespace: NS, labels: { app: 'bare', part: 'shop' } }, spec: { nodeName: 'node-0', containers: [] }, status: { phase: 'Running' } }),
  'a pod without a node is asked to go': async w => { w.api.put<Pod>(podKind, { metadata: { name: 'lost', namespace: NS, deletionTimestamp: '2026-01-01T00:00:30Z', deletionGracePeriodSeconds: 30 }, spec: { containers: [] }, status: { phase: 'Pending' } }); await w.settle(); reapPods(w.api); },
  'a service comes': w => w.api.put<Service>(serviceKind, { metadata: { name: 'more', namespace: NS }, spec: { clusterIP: 'None', selector: { part: 'shop', app: 'app0' }, ports: [{ port: 80 }] } }),
  'a budget comes': w => w.api.put<PodDisruptionBudget>(budgetKind, { metadata: { name: 'more', namespace: NS, generation: 1 }, spec: { minAvailable: 1, selector: { matchLabels: { part: 'shop', app: 'app0' } } } }),
  'a node renews its lease': w => w.api.change<Lease>(leaseKind, 'kube-node-lease/node-0', l => { l.spec = { renewTime: '2026-01-01T00:00:01.000000Z' }; }),
  'a config map comes': w => w.api.put(configMapKind, { metadata: { name: 'cm', namespace: NS } }),
};
const first = (w: World): string => { const p = w.api.all<Pod>(podKind, NS).find(x => x.metadata?.labels?.['app'] === 'app0' && x.metadata.name?.startsWith('d0-'))!; return `${NS}/${p.metadata!.name}`; };

/** Objects that lists and indexes answered, by what happened. Each unit is ten pods: five of a Deployment, five of a ReplicationController. */
async function reads(units: number): Promise<Record<string, number>> {
  let read = 0;
  const count = <T extends unknown[]>(list: T): T => { read += list.length; return list; };
  const { list, byIndex, valuesOf } = Indexer.prototype;
  vi.spyOn(Indexer.prototype, 'list').mockImplementation(function (this: Indexer<never>, ns?: string) { return count(list.call(this, ns)); });
  vi.spyOn(Indexer.prototype, 'byIndex').mockImplementation(function (this: Indexer<never>, index: string, value: string) { return count(byIndex.call(this, index, value)); });
  vi.spyOn(Indexer.prototype, 'valuesOf').mockImplementation(function (this: Indexer<never>, index: string) { return count(valuesOf.call(this, index)); });
  const w = await world(['*'], api => {
    for (const name of [NS, 'kube-node-lease']) api.put(namespaceKind, { metadata: { name }, spec: { finalizers: ['kubernetes'] } });
    for (const i of [0, 1]) {
      api.put(nodeKind, { metadata: { name: `node-${i}` }, status: { conditions: [{ type: 'Ready', status: 'True' }] } });
      api.put<Lease>(leaseKind, { metadata: { name: `node-${i}`, namespace: 'kube-node-lease' }, spec: {} });
    }
    for (let u = 0; u < units; u++) {
      const app = `app${u}`;
      api.put(deploymentKind, { metadata: { name: `d${u}`, namespace: NS }, spec: { replicas: 5, strategy: { type: 'RollingUpdate' }, selector: { matchLabels: { app, part: 'shop' } }, template: template(app) } } as Deployment);
      api.put(rcKind, { metadata: { name: `rc${u}`, namespace: NS }, spec: { replicas: 5, selector: { app: `rc-${app}` }, template: template(`rc-${app}`) } } as ReplicationController);
      api.put<Service>(serviceKind, { metadata: { name: `s${u}`, namespace: NS }, spec: { clusterIP: 'None', selector: { part: 'shop', app }, ports: [{ port: 80 }] } });
      api.put<PodDisruptionBudget>(budgetKind, { metadata: { name: `b${u}`, namespace: NS, generation: 1 }, spec: { maxUnavailable: 1, selector: { matchLabels: { part: 'shop', app } } } });
    }
  });
  await w.settle();
  runPods(w.api);
  await w.settle();
  const out: Record<string, number> = {};
  for (const [what, happen] of Object.entries(EVENTS)) {
    const before = read;
    await happen(w);
    await w.settle();
    out[what] = read - before;
  }
  expect(w.api.all(podKind, NS)).toHaveLength(units * 10 + 2);
  expect(w.complaints).toEqual([]);
  await w.stop();
  vi.restoreAllMocks();
  return out;
}

it('reads as much for an event among 500 pods as among 50', async () => {
  expect(await reads(50)).toEqual(await reads(5));
}, 30_000);

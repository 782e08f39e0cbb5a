import { describe, expect, it } from 'vitest';
import { replicaSet as replicaSetKind } from '../../api/kinds/apps/replica-set.ts';
import { pod as podKind } from '../../api/kinds/core/pod.ts';
import { replicationController as replicationControllerKind } from '../../api/kinds/core/replication-controller.ts';
import { resourceQuota as quotaKind } from '../../api/kinds/core/resource-quota.ts';
import { failure } from '../../api/meta/status.ts';
import type { Pod, ReplicaSet, ReplicationController, ResourceQuota } from '../../api/types/kubernetes.ts';
import { reapPods, runPods, world } from '../../../test/harness/controllers.ts';

const set = (replicas: number): ReplicaSet => ({
  apiVersion: 'apps/v1', kind: 'ReplicaSet', metadata: { name: 'web', namespace: 'default' },
  spec: { replicas, selector: { matchLabels: { app: 'web' }, matchExpressions: [{ key: 'v', operator: 'In', values: ['1', '2'] }] }, template: { metadata: { labels: { app: 'web', v: '1' } }, spec: { containers: [{ name: 'c', image: 'x' }] } } },
});

describe('ReplicaSet', () => {
  it('creates exactly what is missing, however often it is woken, and replaces what is deleted at once', async () => {
    const w = await world(['replicaset'], api => { api.put(replicaSetKind, set(10)); });
    expect(w.api.all(podKind).length).toBe(10);
    runPods(w.api);
    await w.settle();
    expect(w.api.get<ReplicaSet>(replicaSetKind, 'default/web')?.status).toMatchObject({ replicas: 10, readyReplicas: 10, availableReplicas: 10, fullyLabeledReplicas: 10 });
    const victim = w.api.all<Pod>(podKind)[0]!;
    w.api.change<Pod>(podKind, `default/${victim.metadata?.name}`, p => { p.metadata!.deletionTimestamp = '2026-01-01T00:00:30Z'; p.metadata!.deletionGracePeriodSeconds = 30; });
    await w.settle();
    expect(w.api.all<Pod>(podKind).length).toBe(11);
    expect(w.api.get<ReplicaSet>(replicaSetKind, 'default/web')?.status).toMatchObject({ replicas: 10, terminatingReplicas: 1 });
    reapPods(w.api);
    await w.settle();
    expect(w.api.writes.filter(x => x.startsWith('POST pods')).length).toBe(11);
    await w.stop();
  });

  it('says why it cannot create, in an event and a condition, and goes on when it can', async () => {
    let allowed = false;
    const w = await world(['replicaset'], api => {
      api.put(replicaSetKind, set(3));
      api.intercept = r => { if (!allowed && r.method === 'POST') throw failure(403, 'Forbidden', 'pods "web-" is forbidden: exceeded quota: q'); };
    });
    expect(w.events).toContain('ReplicaSet/web Warning FailedCreate Error creating: pods "web-" is forbidden: exceeded quota: q');
    expect(w.api.get<ReplicaSet>(replicaSetKind, 'default/web')?.status?.conditions).toMatchObject([{ type: 'ReplicaFailure', status: 'True', reason: 'FailedCreate' }]);
    allowed = true;
    await w.clock.advance(20_000);
    expect(w.api.all(podKind).length).toBe(3);
    expect(w.api.get<ReplicaSet>(replicaSetKind, 'default/web')?.status?.conditions ?? []).toEqual([]);
    await w.stop();
  });

  it('adopts before it creates, never what another controls or what has finished', async () => {
    const pod = (name: string, more: Partial<Pod> = {}): Pod => ({ metadata: { name, namespace: 'default', labels: { app: 'web', v: '2' }, ...more.metadata }, spec: { containers: [], nodeName: 'n' }, status: { phase: 'Running', ...more.status } });
    const w = await world(['replicaset'], api => {
      api.put(podKind, pod('orphan'));
      api.put(podKind, pod('finished', { status: { phase: 'Succeeded' } }));
      api.put(podKind, pod('owned', { metadata: { ownerReferences: [{ apiVersion: 'apps/v1', kind: 'ReplicaSet', name: 'other', uid: 'u', controller: true }] } }));
      api.put(replicaSetKind, set(2));
    });
    const owner = (name: string): string | undefined => w.api.get<Pod>(podKind, `default/${name}`)?.metadata?.ownerReferences?.[0]?.name;
    expect([owner('orphan'), owner('finished'), owner('owned')]).toEqual(['web', undefined, 'other']);
    expect(w.api.writes.filter(x => x.startsWith('POST pods')).length).toBe(4);
    await w.stop();
  });

  it('whom a quota refused comes back as soon as there is room, not when its back-off ends', async () => {
    let room = 2;
    const quota = (pods: string, used: string): ResourceQuota => ({ metadata: { name: 'q', namespace: 'default' }, spec: { hard: { pods } }, status: { hard: { pods }, used: { pods: used } } });
    const w = await world(['replicaset'], api => {
      api.put(quotaKind, quota('2', '0'));
      api.put(replicaSetKind, set(4));
      api.intercept = r => { if (r.method === 'POST' && api.all(podKind).length >= room) throw failure(403, 'Forbidden', 'pods "web-x" is forbidden: exceeded quota: q, requested: pods=1, used: pods=2, limited: pods=2'); };
    });
    await w.clock.advance(1_500_000);
    expect(w.api.all(podKind).length).toBe(2);
    const before = w.api.all(podKind).length;
    // What is used more makes no room.
    w.api.change<ResourceQuota>(quotaKind, 'default/q', q => { q.status = quota('2', '2').status!; });
    room = 3;
    await w.settle();
    expect(w.api.all(podKind).length).toBe(before);
    w.api.change<ResourceQuota>(quotaKind, 'default/q', q => { q.status = quota('3', '2').status!; });
    await w.settle();
    expect(w.api.all(podKind).length).toBe(3);
    await w.clock.advance(600_000);
    room = 4;
    w.api.change<ResourceQuota>(quotaKind, 'default/q', q => { q.status = quota('3', '1').status!; });
    await w.settle();
    expect(w.api.all(podKind).length).toBe(4);
    await w.stop();
  });

  it('pods that fail as soon as they are made are made again ever more seldom; as many as there are replicas may fail at once', async () => {
    const w = await world(['replicaset'], api => { api.put(replicaSetKind, set(3)); });
    const fail = (): void => { for (const p of w.api.all<Pod>(podKind)) if (p.status?.phase === 'Pending') w.api.change<Pod>(podKind, `default/${p.metadata!.name}`, o => { o.spec!.nodeName = 'n'; o.status = { phase: 'Failed', reason: 'NodePorts' }; }); };
    runPods(w.api);
    await w.clock.advance(5_000);
    const count = (): number => w.api.all(podKind).length;
    // A node is gone with two of three: both have a successor at once.
    for (const p of w.api.all<Pod>(podKind).slice(0, 2)) w.api.change<Pod>(podKind, `default/${p.metadata!.name}`, o => { o.status = { phase: 'Failed' }; });
    await w.settle();
    expect(count()).toBe(5);
    for (let i = 0; i < 1200; i++) { fail(); await w.clock.advance(100); }
    expect(count()).toBeGreaterThan(20);
    expect(count()).toBeLessThan(60);
    expect(w.api.get<ReplicaSet>(replicaSetKind, 'default/web')?.status?.conditions ?? []).toEqual([]);
    await w.clock.advance(10_000);
    runPods(w.api);
    await w.settle();
    expect(w.api.get<ReplicaSet>(replicaSetKind, 'default/web')?.status).toMatchObject({ replicas: 3, readyReplicas: 3 });
    await w.stop();
  });

  it('"slow start": one refusal by a quota is met by a few requests, not by all', async () => {
    let asked = 0;
    const w = await world(['replicaset'], api => {
      api.put(replicaSetKind, set(100));
      api.intercept = r => { if (r.method === 'POST' && ++asked > 3) throw failure(403, 'Forbidden', 'exceeded quota'); };
    });
    // 1, 2, and then 4 of which all fail.
    expect([asked < 20, w.api.all(podKind).length]).toEqual([true, 3]);
    await w.stop();
  });

  it('"controller.kubernetes.io/pod-deletion-cost: pods with lower deletion cost are preferred to be deleted before pods with higher deletion cost"', async () => {
    const w = await world(['replicaset'], api => { api.put(replicaSetKind, set(4)); });
    runPods(w.api);
    await w.settle();
    const [a, b, c, d] = w.api.all<Pod>(podKind).map(p => p.metadata?.name ?? '');
    for (const [name, cost] of [[a, '10'], [b, '-3'], [c, '7'], [d, 'dear']] as const) w.api.change<Pod>(podKind, `default/${name}`, p => { p.metadata!.annotations = { 'controller.kubernetes.io/pod-deletion-cost': cost }; });
    w.api.change<ReplicaSet>(replicaSetKind, 'default/web', rs => { rs.spec!.replicas = 2; });
    await w.settle();
    reapPods(w.api);
    await w.settle();
    // What is no number counts as 0.
    expect(w.api.all<Pod>(podKind).map(p => p.metadata?.name)).toEqual([a, c]);
    await w.stop();
  });

  it('"minReadySeconds: minimum number of seconds for which a newly created pod should be ready … for it to be considered available"', async () => {
    const w = await world(['replicaset'], api => { api.put(replicaSetKind, { ...set(2), spec: { ...set(2).spec!, minReadySeconds: 30 } }); });
    runPods(w.api);
    await w.settle();
    const status = (): ReplicaSet['status'] => w.api.get<ReplicaSet>(replicaSetKind, 'default/web')?.status;
    expect([status()?.readyReplicas, status()?.availableReplicas]).toEqual([2, undefined]);
    await w.clock.advance(28_000);
    expect(status()?.availableReplicas).toBeUndefined();
    await w.clock.advance(3_000);
    expect(status()?.availableReplicas).toBe(2);
    await w.stop();
  });

  it('"A ReplicaSet … You can remove Pods from a ReplicaSet by changing their labels … will be replaced automatically"', async () => {
    const w = await world(['replicaset'], api => { api.put(replicaSetKind, set(2)); });
    const name = w.api.all<Pod>(podKind)[0]?.metadata?.name ?? '';
    w.api.change<Pod>(podKind, `default/${name}`, p => { p.metadata!.labels = { app: 'debug' }; });
    await w.settle();
    expect(w.api.all(podKind).length).toBe(3);
    expect(w.api.get<Pod>(podKind, `default/${name}`)?.metadata?.ownerReferences).toEqual([]);
    // And back: it is adopted again, and one too many goes.
    w.api.change<Pod>(podKind, `default/${name}`, p => { p.metadata!.labels = { app: 'web', v: '1' }; });
    await w.settle();
    expect(w.api.all(podKind).length).toBe(2);
    await w.stop();
  });

  it('"For 2 ReplicaSets specifying the same .spec.selector but different .spec.template.metadata.labels and .spec.template.spec fields, each ReplicaSet ignores the Pods created by the other ReplicaSet."', async () => {
    const other = set(3);
    other.metadata!.name = 'other';
    other.spec!.template!.metadata!.labels = { app: 'web', v: '2' };
    const w = await world(['replicaset'], api => { api.put(replicaSetKind, set(2)); api.put(replicaSetKind, other); });
    runPods(w.api);
    await w.settle();
    const of = (name: string): (string | undefined)[] => w.api.all<Pod>(podKind).filter(p => p.metadata?.ownerReferences?.[0]?.name === name).map(p => p.metadata?.labels?.['v']);
    expect([of('web'), of('other')]).toEqual([['1', '1'], ['2', '2', '2']]);
    await w.stop();
  });

  it('"the new Pods will be acquired by the ReplicaSet, and then immediately terminated as the ReplicaSet would be over its desired count"; whom another merely owns is acquired too', async () => {
    const w = await world(['replicaset'], api => { api.put(replicaSetKind, set(2)); });
    runPods(w.api);
    await w.settle();
    const own = { apiVersion: 'apps/v1', kind: 'ReplicaSet', name: 'web', uid: w.api.get<ReplicaSet>(replicaSetKind, 'default/web')!.metadata!.uid! };
    const bare = (name: string, ownerReferences: NonNullable<Pod['metadata']>['ownerReferences']): Pod => ({ metadata: { name, namespace: 'default', labels: { app: 'web', v: '1' }, ownerReferences }, spec: { containers: [] } });
    w.api.put(podKind, bare('bare', undefined));
    await w.settle();
    expect(w.events.at(-1)).toBe('ReplicaSet/web Normal SuccessfulDelete Deleted pod: bare');
    w.api.change<ReplicaSet>(replicaSetKind, 'default/web', o => { o.spec!.replicas = 4; o.metadata!.generation!++; });
    w.api.put(podKind, bare('owned', [own]));
    w.api.put(podKind, bare('watched', [{ apiVersion: 'v1', kind: 'Thing', name: 't', uid: 't' }]));
    await w.settle();
    const refs = (name: string): unknown => w.api.get<Pod>(podKind, `default/${name}`)?.metadata?.ownerReferences?.map(r => [r.kind, r.controller]);
    expect([refs('owned'), refs('watched')]).toEqual([[['ReplicaSet', true]], [['ReplicaSet', true], ['Thing', undefined]]]);
    await w.stop();
  });

  it('"it will not make any effort to make existing Pods match a new, different pod template"', async () => {
    const w = await world(['replicaset'], api => { api.put(replicaSetKind, set(2)); });
    w.api.change<ReplicaSet>(replicaSetKind, 'default/web', o => { o.spec!.template!.spec!.containers[0]!.image = 'y'; o.spec!.template!.metadata!.labels = { app: 'web', v: '1', more: 'yes' }; o.spec!.replicas = 3; o.metadata!.generation!++; });
    await w.settle();
    expect(w.api.all<Pod>(podKind).map(p => p.spec!.containers[0]!.image)).toEqual(['x', 'x', 'y']);
    expect(w.api.get<ReplicaSet>(replicaSetKind, 'default/web')?.status).toMatchObject({ replicas: 3, fullyLabeledReplicas: 1, observedGeneration: 2 });
    await w.stop();
  });
});

describe('ReplicationController', () => {
  const controller = (replicas: number): ReplicationController => ({
    apiVersion: 'v1', kind: 'ReplicationController', metadata: { name: 'old', namespace: 'default' },
    spec: { replicas, selector: { app: 'old' }, template: { metadata: { labels: { app: 'old' } }, spec: { containers: [{ name: 'c', image: 'x' }] } } },
  });
  it('"ensures that a specified number of pod replicas are running at any one time": too few, too many, deleted, finished', async () => {
    const w = await world(['replicationcontroller'], api => { api.put(replicationControllerKind, controller(3)); });
    const live = (): Pod[] => w.api.all<Pod>(podKind).filter(p => p.metadata?.ownerReferences?.[0]?.kind === 'ReplicationController' && !p.metadata.deletionTimestamp && p.status?.phase !== 'Failed');
    runPods(w.api);
    await w.settle();
    const status = (): ReplicationController['status'] => w.api.get<ReplicationController>(replicationControllerKind, 'default/old')?.status;
    expect(status()).toEqual({ replicas: 3, fullyLabeledReplicas: 3, readyReplicas: 3, availableReplicas: 3, observedGeneration: 1 });
    w.api.change<Pod>(podKind, `default/${live()[0]?.metadata?.name}`, p => { p.status = { phase: 'Failed' }; });
    w.api.remove(podKind, `default/${live()[0]?.metadata?.name}`);
    await w.settle();
    expect(live().length).toBe(3);
    w.api.change<ReplicationController>(replicationControllerKind, 'default/old', o => { o.spec!.replicas = 1; o.metadata!.generation!++; });
    await w.settle();
    reapPods(w.api);
    await w.settle();
    // The one that was ready stays.
    expect(live().map(p => p.status?.phase)).toEqual(['Running']);
    expect(status()).toMatchObject({ replicas: 1, observedGeneration: 2 });
    expect(w.complaints).toEqual([]);
    await w.stop();
  });
});

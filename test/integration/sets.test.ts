// Stateful and daemon sets against the real API server, the scheduler and the garbage collector, with the rights of their own roles.
import { afterEach, describe, expect, it } from 'vitest';
import { controllerRevision as revisionKind } from '../../core/api/kinds/apps/controller-revision.ts';
import { daemonSet as daemonSetKind } from '../../core/api/kinds/apps/daemon-set.ts';
import { statefulSet as statefulSetKind } from '../../core/api/kinds/apps/stateful-set.ts';
import { node as nodeKind } from '../../core/api/kinds/core/node.ts';
import { persistentVolumeClaim as claimKind } from '../../core/api/kinds/core/persistent-volume-claim.ts';
import { pod as podKind } from '../../core/api/kinds/core/pod.ts';
import type { ControllerRevision, DaemonSet, Node, PersistentVolumeClaim, Pod, StatefulSet } from '../../core/api/types/kubernetes.ts';
import { controlPlane, type ControlPlane } from '../harness/control-plane.ts';

let c: ControlPlane;
afterEach(async () => { await c.stop(); });

const template = (app: string, image: string) => ({ metadata: { labels: { app } }, spec: { containers: [{ name: 'c', image }] } });
const pods = async (): Promise<Pod[]> => (await c.list<Pod>(podKind, 'default')).sort((a, b) => (a.metadata!.name! < b.metadata!.name! ? -1 : 1));
const images = async (): Promise<string[]> => (await pods()).map(p => p.spec!.containers[0]!.image!);
const roll = (kind: typeof statefulSetKind | typeof daemonSetKind, name: string, image: string): Promise<unknown> => c.client.patch(kind, 'default', name, 'application/strategic-merge-patch+json', { spec: { template: { spec: { containers: [{ name: 'c', image }] } } } });
const revisions = (): Promise<ControllerRevision[]> => c.list<ControllerRevision>(revisionKind, 'default');

describe('a stateful set', () => {
  const web = (spec: Partial<NonNullable<StatefulSet['spec']>> = {}): StatefulSet => ({ metadata: { name: 'web', namespace: 'default' }, spec: { replicas: 3, serviceName: 'web', selector: { matchLabels: { app: 'web' } }, template: template('web', 'nginx:1'), ...spec } });

  it('comes up in order, rolls, is rolled back by the data of a revision, and goes whole', async () => {
    c = await controlPlane();
    await c.client.create(statefulSetKind, web());
    await c.settle(400);
    expect((await pods()).map(p => p.metadata!.name)).toEqual(['web-0', 'web-1', 'web-2']);
    expect((await c.get<StatefulSet>(statefulSetKind, 'web'))?.status).toMatchObject({ replicas: 3, readyReplicas: 3, availableReplicas: 3, currentReplicas: 3, updatedReplicas: 3, collisionCount: 0 });
    await roll(statefulSetKind, 'web', 'nginx:2');
    await c.settle(1000);
    expect(await images()).toEqual(['nginx:2', 'nginx:2', 'nginx:2']);
    const first = (await revisions()).find(r => r.revision === 1)!;
    // What `kubectl rollout undo` sends: the revision's own patch.
    await c.client.patch(statefulSetKind, 'default', 'web', 'application/strategic-merge-patch+json', first.data);
    await c.settle(1000);
    expect(await images()).toEqual(['nginx:1', 'nginx:1', 'nginx:1']);
    expect((await revisions()).map(r => r.revision).sort()).toEqual([2, 3]);
    expect((await c.get<StatefulSet>(statefulSetKind, 'web'))?.status?.currentRevision).toBe(first.metadata!.name);
    await c.client.delete(statefulSetKind, 'default', 'web', { propagationPolicy: 'Foreground' });
    await c.settle(600);
    expect([await c.get(statefulSetKind, 'web'), await pods(), await revisions()]).toEqual([undefined, [], []]);
    expect(c.complaints).toEqual([]);
  });

  it('takes its claims with it, or leaves them, as its retention policy says', async () => {
    c = await controlPlane([]);
    const volumeClaimTemplates: NonNullable<StatefulSet['spec']>['volumeClaimTemplates'] = [{ metadata: { name: 'data' }, spec: { accessModes: ['ReadWriteOnce'], resources: { requests: { storage: '1Gi' } } } }];
    const claims = async (): Promise<string[]> => (await c.list<PersistentVolumeClaim>(claimKind, 'default')).map(p => p.metadata!.name!).sort();
    await c.client.create(statefulSetKind, web({ replicas: 2, podManagementPolicy: 'Parallel', volumeClaimTemplates, persistentVolumeClaimRetentionPolicy: { whenDeleted: 'Delete', whenScaled: 'Delete' } }));
    await c.settle(400);
    expect(await claims()).toEqual(['data-web-0', 'data-web-1']);
    await c.client.patch(statefulSetKind, 'default', 'web', 'application/merge-patch+json', { spec: { replicas: 1 } });
    await c.settle(600);
    expect(await claims()).toEqual(['data-web-0']);
    await c.client.patch(statefulSetKind, 'default', 'web', 'application/merge-patch+json', { spec: { persistentVolumeClaimRetentionPolicy: { whenDeleted: 'Retain', whenScaled: 'Retain' } } });
    await c.settle(400);
    await c.client.delete(statefulSetKind, 'default', 'web', { propagationPolicy: 'Background' });
    await c.settle(400);
    expect([await pods(), await claims()]).toEqual([[], ['data-web-0']]);
  });
});

describe('a daemon set', () => {
  it('is on every node, follows a node that joins, rolls and is rolled back', async () => {
    c = await controlPlane(['n1', 'n2']);
    await c.client.create<DaemonSet>(daemonSetKind, { metadata: { name: 'log', namespace: 'default' }, spec: { selector: { matchLabels: { app: 'log' } }, template: template('log', 'log:1') } });
    await c.settle(400);
    const where = async (): Promise<(string | undefined)[]> => (await pods()).map(p => p.spec?.nodeName).sort();
    expect(await where()).toEqual(['n1', 'n2']);
    // Cordoned, it still gets its daemon.
    const { metadata: _old, ...like } = (await c.get<Node>(nodeKind, 'n1'))!;
    await c.client.create<Node>(nodeKind, { ...like, metadata: { name: 'n3', labels: { 'kubernetes.io/hostname': 'n3' } }, spec: { unschedulable: true } });
    await c.settle(400);
    expect(await where()).toEqual(['n1', 'n2', 'n3']);
    await roll(daemonSetKind, 'log', 'log:2');
    await c.settle(1000);
    expect((await c.get<DaemonSet>(daemonSetKind, 'log'))?.status).toMatchObject({ desiredNumberScheduled: 3, updatedNumberScheduled: 3, numberAvailable: 3, observedGeneration: 2 });
    await c.client.delete(nodeKind, undefined, 'n3');
    const first = (await revisions()).find(r => r.revision === 1)!;
    await c.client.patch(daemonSetKind, 'default', 'log', 'application/strategic-merge-patch+json', first.data);
    await c.settle(1000);
    expect((await pods()).filter(p => p.spec?.nodeName !== 'n3').map(p => p.spec!.containers[0]!.image)).toEqual(['log:1', 'log:1']);
    expect((await revisions()).map(r => r.revision).sort()).toEqual([2, 3]);
    await c.client.delete(daemonSetKind, 'default', 'log', { propagationPolicy: 'Orphan' });
    await c.settle(400);
    expect((await pods()).every(p => p.metadata?.ownerReferences === undefined)).toBe(true);
    await c.client.create<DaemonSet>(daemonSetKind, { metadata: { name: 'log', namespace: 'default' }, spec: { selector: { matchLabels: { app: 'log' } }, template: template('log', 'log:1') } });
    await c.settle(400);
    expect((await pods()).filter(p => p.spec?.nodeName !== 'n3').map(p => p.metadata?.ownerReferences?.[0]?.name)).toEqual(['log', 'log']);
  });
});

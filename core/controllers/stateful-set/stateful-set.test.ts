// Each case is named by the sentence of Kubernetes' documentation (concepts/workloads/controllers/statefulset) that it proves.
import { describe, expect, it } from 'vitest';
import { controllerRevision as revisionKind } from '../../api/kinds/apps/controller-revision.ts';
import { statefulSet as setKind } from '../../api/kinds/apps/stateful-set.ts';
import { persistentVolumeClaim as claimKind } from '../../api/kinds/core/persistent-volume-claim.ts';
import { pod as podKind } from '../../api/kinds/core/pod.ts';
import { failure } from '../../api/meta/status.ts';
import type { ControllerRevision, PersistentVolumeClaim, Pod, StatefulSet } from '../../api/types/kubernetes.ts';
import { reapPods, runPods, world, type World } from '../../../test/harness/controllers.ts';

type Spec = NonNullable<StatefulSet['spec']>;
function set(replicas: number, spec: Partial<Spec> = {}): StatefulSet {
  return {
    apiVersion: 'apps/v1', kind: 'StatefulSet', metadata: { name: 'web', namespace: 'default' },
    spec: {
      replicas, serviceName: 'nginx', revisionHistoryLimit: 10, podManagementPolicy: 'OrderedReady', updateStrategy: { type: 'RollingUpdate', rollingUpdate: { partition: 0 } },
      persistentVolumeClaimRetentionPolicy: { whenDeleted: 'Retain', whenScaled: 'Retain' }, selector: { matchLabels: { app: 'nginx' } },
      template: { metadata: { labels: { app: 'nginx' } }, spec: { containers: [{ name: 'nginx', image: 'nginx:1' }] } }, ...spec,
    },
  };
}
const DATA: Spec['volumeClaimTemplates'] = [{ metadata: { name: 'data' }, spec: { accessModes: ['ReadWriteOnce'], resources: { requests: { storage: '1Gi' } } } }];
const made = (spec: StatefulSet, setup: (w: World['api']) => void = () => {}): Promise<World> => world(['statefulset'], api => { setup(api); api.put(setKind, spec); });
const pods = (w: World): Pod[] => w.api.all<Pod>(podKind);
const pod = (w: World, ordinal: number): Pod | undefined => w.api.get<Pod>(podKind, `default/web-${ordinal}`);
const names = (w: World): string[] => pods(w).map(p => p.metadata!.name!).sort();
const image = (w: World, ordinal: number): string | undefined => pod(w, ordinal)?.spec?.containers[0]?.image;
const images = (w: World): (string | undefined)[] => names(w).map(n => w.api.get<Pod>(podKind, `default/${n}`)?.spec?.containers[0]?.image);
const web = (w: World): StatefulSet => w.api.get<StatefulSet>(setKind, 'default/web')!;
const revisions = (w: World): ControllerRevision[] => w.api.all<ControllerRevision>(revisionKind).sort((a, b) => a.revision! - b.revision!);
const claims = (w: World): PersistentVolumeClaim[] => w.api.all<PersistentVolumeClaim>(claimKind);
const change = (w: World, f: (s: Spec) => void): void => { w.api.change<StatefulSet>(setKind, 'default/web', s => { f(s.spec!); s.metadata!.generation!++; }); };
const setImage = (w: World, to: string): void => { change(w, s => { s.template.spec!.containers[0]!.image = to; }); };
const status = (w: World, ordinal: number, to: Pod['status']): void => { w.api.change<Pod>(podKind, `default/web-${ordinal}`, p => { p.status = { ...p.status, ...to }; }); };
const unready = (w: World, ordinal: number): void => status(w, ordinal, { conditions: [{ type: 'Ready', status: 'False' }] });
/** A user's `kubectl delete pod --force`. */
const kill = (w: World, ordinal: number): void => w.api.remove(podKind, `default/web-${ordinal}`);
const deletions = (w: World): string[] => w.api.writes.filter(x => x.startsWith('DELETE pods')).map(x => x.slice('DELETE pods default/'.length));
async function converge(w: World): Promise<void> {
  for (let i = 0; i < 60; i++) { await w.settle(); if (runPods(w.api) + reapPods(w.api) === 0 && i > 2) break; }
  await w.settle();
}
async function running(spec: StatefulSet, setup?: (w: World['api']) => void): Promise<World> { const w = await made(spec, setup); await converge(w); return w; }

describe('StatefulSet: identity and scaling', () => {
  it('"For a StatefulSet with N replicas, when Pods are being deployed, they are created sequentially, in order from {0..N-1}."', async () => {
    const w = await made(set(3));
    for (let n = 1; n <= 3; n++) {
      expect(names(w)).toEqual(['web-0', 'web-1', 'web-2'].slice(0, n));
      runPods(w.api);
      await w.settle();
    }
    await w.settle();
    expect(web(w).status).toEqual({
      observedGeneration: 1, replicas: 3, readyReplicas: 3, availableReplicas: 3, currentReplicas: 3, updatedReplicas: 3, collisionCount: 0,
      currentRevision: revisions(w)[0]!.metadata!.name, updateRevision: revisions(w)[0]!.metadata!.name,
    });
    expect(w.events).toEqual([0, 1, 2].map(n => `StatefulSet/web Normal SuccessfulCreate create Pod web-${n} in StatefulSet web successful`));
    expect(w.complaints).toEqual([]);
    await w.stop();
  });

  it('"Each Pod in a StatefulSet derives its hostname from the name of the StatefulSet and the ordinal of the Pod."', async () => {
    const w = await made(set(1));
    const p = pod(w, 0)!;
    expect(p.spec).toMatchObject({ hostname: 'web-0', subdomain: 'nginx' });
    expect(p.metadata!.labels).toEqual({ 'app': 'nginx', 'statefulset.kubernetes.io/pod-name': 'web-0', 'apps.kubernetes.io/pod-index': '0', 'controller-revision-hash': web(w).status!.updateRevision });
    expect(p.metadata!.ownerReferences).toEqual([{ apiVersion: 'apps/v1', kind: 'StatefulSet', name: 'web', uid: web(w).metadata!.uid, controller: true, blockOwnerDeletion: true }]);
    await w.stop();
  });

  it('"When Pods are being deleted, they are terminated in reverse order, from {N-1..0}." and "Before a Pod is terminated, all of its successors must be completely shutdown."', async () => {
    const w = await running(set(3));
    change(w, s => { s.replicas = 1; });
    await w.settle();
    expect(deletions(w)).toEqual(['web-2']);
    await w.settle();
    expect(deletions(w)).toEqual(['web-2']);
    await converge(w);
    expect(deletions(w)).toEqual(['web-2', 'web-1']);
    expect(names(w)).toEqual(['web-0']);
    expect(w.events).toContain('StatefulSet/web Normal SuccessfulDelete delete Pod web-1 in StatefulSet web successful');
    await w.stop();
  });

  it('"Before a scaling operation is applied to a Pod, all of its predecessors must be Running and Ready."', async () => {
    const w = await running(set(3));
    unready(w, 0);
    change(w, s => { s.replicas = 4; });
    await w.settle();
    expect(names(w)).toEqual(['web-0', 'web-1', 'web-2']);
    change(w, s => { s.replicas = 1; });
    await w.settle();
    expect(deletions(w)).toEqual([]);
    status(w, 0, { conditions: [{ type: 'Ready', status: 'True' }] });
    await converge(w);
    expect(names(w)).toEqual(['web-0']);
    await w.stop();
  });

  it('"Parallel pod management tells the StatefulSet controller to launch or terminate all Pods in parallel"', async () => {
    const w = await made(set(5, { podManagementPolicy: 'Parallel' }));
    expect(names(w).length).toBe(5);
    await converge(w);
    change(w, s => { s.replicas = 1; });
    await w.settle();
    expect(deletions(w).sort()).toEqual(['web-1', 'web-2', 'web-3', 'web-4']);
    await converge(w);
    expect(web(w).status).toMatchObject({ replicas: 1, readyReplicas: 1 });
    await w.stop();
  });

  it('".spec.ordinals.start: If this field is set, Pods will be assigned ordinals from .spec.ordinals.start up through .spec.ordinals.start + .spec.replicas - 1."', async () => {
    const w = await running(set(2, { ordinals: { start: 3 } }));
    expect(names(w)).toEqual(['web-3', 'web-4']);
    expect(pod(w, 3)!.metadata!.labels!['apps.kubernetes.io/pod-index']).toBe('3');
    change(w, s => { s.ordinals = { start: 4 }; });
    await converge(w);
    expect(names(w)).toEqual(['web-4', 'web-5']);
    await w.stop();
  });

  it.each([
    ['set', undefined, 2, 2, 3, ['web-2', 'web-3', 'web-4']], ['raised', 2, 2, 4, 2, ['web-4', 'web-5']], ['lowered', 3, 2, 2, 2, ['web-2', 'web-3']], ['taken away', 3, 2, undefined, 2, ['web-0', 'web-1']],
  ] as const)('the first ordinal is %s (from %s with %i to %s with %i): pods outside go, pods inside come and stay', async (_what, from, before, to, after, expected) => {
    const w = await running(set(before, from === undefined ? {} : { ordinals: { start: from } }));
    change(w, s => { if (to === undefined) delete s.ordinals; else s.ordinals = { start: to }; s.replicas = after; });
    await converge(w);
    expect(names(w)).toEqual(expected);
    expect(web(w).status).toMatchObject({ replicas: after, readyReplicas: after, observedGeneration: 2 });
    await w.stop();
  });

  it('makes a pod again under its name when it is deleted, has failed or has succeeded, and only when it is gone', async () => {
    const w = await running(set(2));
    for (const phase of ['Failed', 'Succeeded']) {
      const { uid } = pod(w, 1)!.metadata!;
      status(w, 1, { phase, conditions: [] });
      await w.clock.advance(1_000);
      await converge(w);
      expect(pod(w, 1)!.metadata!.uid).not.toBe(uid);
    }
    w.api.change<Pod>(podKind, 'default/web-0', p => { p.metadata!.deletionTimestamp = '2026-01-01T00:00:30Z'; p.metadata!.deletionGracePeriodSeconds = 30; });
    await w.settle();
    expect(pod(w, 0)!.metadata!.deletionTimestamp).toBeDefined();
    expect(web(w).status).toMatchObject({ replicas: 2, currentReplicas: 1 });
    await converge(w);
    expect(pod(w, 0)!.metadata!.deletionTimestamp).toBeUndefined();
    expect(web(w).status).toMatchObject({ replicas: 2, readyReplicas: 2, currentReplicas: 2 });
    await w.stop();
  });

  it('a pod that its node refuses again and again is made again ever more seldom, ten seconds apart at the most, and can be looked at meanwhile', async () => {
    const w = await made(set(1)), refuse = (): void => { const p = pod(w, 0); if (p?.status?.phase === 'Pending') status(w, 0, { phase: 'Failed', reason: 'NodePorts' }); };
    let seen = 0;
    for (let i = 0; i < 600; i++) { refuse(); await w.clock.advance(100); if (pod(w, 0)?.status?.phase === 'Failed') seen++; }
    const made60 = w.api.writes.filter(x => x.startsWith('POST pods')).length;
    expect([made60 > 5, made60 < 12, seen > 500]).toEqual([true, true, true]);
    // What is the matter is gone: within ten seconds it runs, and its next failure is nothing to wait for.
    for (let i = 0; i < 11; i++) { await w.clock.advance(1_000); await converge(w); }
    expect(pod(w, 0)!.status!.phase).toBe('Running');
    await w.clock.advance(30_000);
    const { uid } = pod(w, 0)!.metadata!;
    status(w, 0, { phase: 'Failed' });
    await w.settle();
    expect(pod(w, 0)?.metadata?.uid).not.toBe(uid);
    await w.stop();
  });

  it('".spec.minReadySeconds specifies the minimum number of seconds for which a newly created Pod should be running and ready without any of its containers crashing, for it to be considered available."', async () => {
    const w = await made(set(2, { minReadySeconds: 10 }));
    runPods(w.api);
    await w.settle();
    expect(names(w)).toEqual(['web-0']);
    expect(web(w).status).toMatchObject({ readyReplicas: 1, availableReplicas: 0 });
    await w.clock.advance(10_100);
    expect(names(w)).toEqual(['web-0', 'web-1']);
    expect(web(w).status).toMatchObject({ readyReplicas: 1, availableReplicas: 1 });
    await w.stop();
  });

  it('adopts pods of its names that nobody controls, releases those that match no more, and leaves others alone', async () => {
    const orphan = (name: string, labels = { app: 'nginx' }): Pod => ({ metadata: { name, namespace: 'default', labels }, spec: { nodeName: 'n', containers: [] }, status: { phase: 'Running', conditions: [{ type: 'Ready', status: 'True' }] } });
    const w = await made(set(2), api => { api.put(podKind, orphan('web-0')); api.put(podKind, orphan('db-0')); api.put(podKind, orphan('web-x')); });
    const owner = (name: string): unknown => w.api.get<Pod>(podKind, `default/${name}`)?.metadata?.ownerReferences?.[0]?.name;
    expect([owner('web-0'), owner('db-0'), owner('web-x')]).toEqual(['web', undefined, undefined]);
    await converge(w);
    // What it adopted gets the labels of its identity, and, being of no revision, its turn in the update.
    expect(pod(w, 0)!.metadata!.labels).toMatchObject({ 'statefulset.kubernetes.io/pod-name': 'web-0', 'controller-revision-hash': web(w).status!.updateRevision });
    w.api.change<Pod>(podKind, 'default/web-1', p => { p.metadata!.labels = { app: 'other' }; });
    await w.settle();
    expect(owner('web-1')).toBeUndefined();
    await w.stop();
  });

  it('says why a pod cannot be made, and goes on when it can', async () => {
    let allowed = false;
    const w = await made(set(1), api => { api.intercept = r => { if (!allowed && r.method === 'POST' && r.path.endsWith('/pods')) throw failure(403, 'Forbidden', 'exceeded quota: q'); }; });
    expect(w.events).toContain('StatefulSet/web Warning FailedCreate create Pod web-0 in StatefulSet web failed error: exceeded quota: q');
    expect(web(w).status).toMatchObject({ replicas: 0, observedGeneration: 1 });
    allowed = true;
    await w.clock.advance(20_000);
    expect(names(w)).toEqual(['web-0']);
    await w.stop();
  });

  it('does nothing but count while it is being deleted, and makes no revision anew', async () => {
    const w = await running(set(2));
    w.api.change<StatefulSet>(setKind, 'default/web', s => { s.metadata!.deletionTimestamp = '2026-01-01T00:01:00Z'; s.metadata!.finalizers = ['foregroundDeletion']; });
    w.api.remove(revisionKind, `default/${revisions(w)[0]!.metadata!.name}`);
    kill(w, 1);
    await w.settle();
    expect(names(w)).toEqual(['web-0']);
    expect(revisions(w)).toEqual([]);
    expect(web(w).status).toMatchObject({ replicas: 1, readyReplicas: 1 });
    await w.stop();
  });
});

describe('StatefulSet: updates', () => {
  it('"It will proceed in the same order as Pod termination (from the largest ordinal to the smallest), updating each Pod one at a time."', async () => {
    const w = await running(set(3));
    const before = web(w).status!.updateRevision;
    setImage(w, 'nginx:2');
    for (const n of [2, 1, 0]) {
      await w.settle();
      expect(deletions(w).at(-1)).toBe(`web-${n}`);
      expect(pods(w).filter(p => p.metadata?.deletionTimestamp).length).toBe(1);
      expect(web(w).status).toMatchObject({ currentRevision: before, updateRevision: revisions(w)[1]!.metadata!.name });
      reapPods(w.api);
      await w.settle();
      // "The Kubernetes control plane waits until an updated Pod is Running and Ready prior to updating its predecessor."
      expect(deletions(w).length).toBe(3 - n);
      runPods(w.api);
    }
    await converge(w);
    expect(images(w)).toEqual(['nginx:2', 'nginx:2', 'nginx:2']);
    expect(web(w).status).toMatchObject({ currentRevision: revisions(w)[1]!.metadata!.name, currentReplicas: 3, updatedReplicas: 3 });
    await w.stop();
  });

  it('"When a StatefulSet\'s .spec.updateStrategy.type is set to OnDelete … Users must manually delete Pods"', async () => {
    const w = await running(set(2, { updateStrategy: { type: 'OnDelete' } }));
    setImage(w, 'nginx:2');
    await converge(w);
    expect(images(w)).toEqual(['nginx:1', 'nginx:1']);
    expect(web(w).status).toMatchObject({ currentReplicas: 2 });
    expect(web(w).status!.updatedReplicas).toBeUndefined();
    kill(w, 0);
    await converge(w);
    expect(images(w)).toEqual(['nginx:2', 'nginx:1']);
    await w.stop();
  });

  it('"If a partition is specified, all Pods with an ordinal that is greater than or equal to the partition will be updated … All Pods with an ordinal that is less than the partition will not be updated, and, even if they are deleted, they will be recreated at the previous version."', async () => {
    const w = await running(set(4, { updateStrategy: { type: 'RollingUpdate', rollingUpdate: { partition: 2 } } }));
    setImage(w, 'nginx:2');
    await converge(w);
    expect(images(w)).toEqual(['nginx:1', 'nginx:1', 'nginx:2', 'nginx:2']);
    expect(web(w).status).toMatchObject({ currentReplicas: 2, updatedReplicas: 2 });
    kill(w, 1); kill(w, 3);
    await converge(w);
    expect(images(w)).toEqual(['nginx:1', 'nginx:1', 'nginx:2', 'nginx:2']);
    change(w, s => { s.updateStrategy!.rollingUpdate!.partition = 0; });
    await converge(w);
    expect(images(w)).toEqual(['nginx:2', 'nginx:2', 'nginx:2', 'nginx:2']);
    expect(web(w).status!.currentRevision).toBe(web(w).status!.updateRevision);
    await w.stop();
  });

  it('"If a StatefulSet\'s .spec.updateStrategy.rollingUpdate.partition is greater than its .spec.replicas, updates to its .spec.template will not be propagated to its Pods."', async () => {
    const w = await running(set(2, { updateStrategy: { type: 'RollingUpdate', rollingUpdate: { partition: 3 } } }));
    setImage(w, 'nginx:2');
    kill(w, 1);
    await converge(w);
    expect(images(w)).toEqual(['nginx:1', 'nginx:1']);
    expect(web(w).status).toMatchObject({ currentReplicas: 2, observedGeneration: 2 });
    expect(web(w).status!.updatedReplicas ?? 0).toBe(0);
    await w.stop();
  });

  it('"It will wait until an updated Pod is Running and Ready prior to updating its predecessor": and available, where minReadySeconds says so; ordinals that start elsewhere are counted from there', async () => {
    const w = await running(set(3, { minReadySeconds: 10, ordinals: { start: 5 }, updateStrategy: { type: 'RollingUpdate', rollingUpdate: { partition: 1 } } }));
    for (let i = 0; i < 4; i++) { await w.clock.advance(11_000); await converge(w); }
    expect(names(w)).toEqual(['web-5', 'web-6', 'web-7']);
    setImage(w, 'nginx:2');
    await converge(w);
    expect(images(w)).toEqual(['nginx:1', 'nginx:1', 'nginx:2']);
    await w.clock.advance(9_000); await converge(w);
    expect(images(w)).toEqual(['nginx:1', 'nginx:1', 'nginx:2']);
    await w.clock.advance(2_000); await converge(w); await w.clock.advance(11_000); await converge(w);
    expect(images(w)).toEqual(['nginx:1', 'nginx:2', 'nginx:2']);
    await w.stop();
  });

  it.each([[2, 5, 2], ['50%', 5, 2], ['10%', 5, 1], [5, 3, 3]])('"You can control the maximum number of Pods that can be unavailable during an update by specifying the .spec.updateStrategy.rollingUpdate.maxUnavailable field": %s of %i', async (maxUnavailable, replicas, most) => {
    const w = await running(set(replicas, { podManagementPolicy: 'Parallel', updateStrategy: { type: 'RollingUpdate', rollingUpdate: { partition: 0, maxUnavailable } } }));
    setImage(w, 'nginx:2');
    let seen = 0;
    for (let i = 0; i < 40; i++) {
      await w.settle();
      seen = Math.max(seen, replicas - pods(w).filter(p => p.status?.phase === 'Running' && !p.metadata?.deletionTimestamp).length);
      const next = pods(w).find(p => p.status?.phase === 'Pending');
      runPods(w.api, p => p === next);
      reapPods(w.api);
    }
    expect(seen).toBe(most);
    expect(web(w).status).toMatchObject({ updatedReplicas: replicas, availableReplicas: replicas });
    await w.stop();
  });

  it('"If you update the Pod template to a configuration that never becomes Running and Ready … StatefulSet will stop the rollout and wait." and "you must also delete any Pods that StatefulSet had already attempted to run with the bad configuration"', async () => {
    const w = await running(set(3));
    setImage(w, 'nginx:broken');
    await w.settle(); reapPods(w.api); await w.settle();
    expect(images(w)).toEqual(['nginx:1', 'nginx:1', 'nginx:broken']);
    setImage(w, 'nginx:1');
    await w.clock.advance(60_000);
    expect(image(w, 2)).toBe('nginx:broken');
    kill(w, 2);
    await converge(w);
    expect(images(w)).toEqual(['nginx:1', 'nginx:1', 'nginx:1']);
    await w.stop();
  });

  it.each([[undefined], [1]])('in parallel, a broken revision does not hold up its own repair (maxUnavailable %s)', async maxUnavailable => {
    const w = await running(set(2, { podManagementPolicy: 'Parallel', updateStrategy: { type: 'RollingUpdate', rollingUpdate: { partition: 0, ...(maxUnavailable ? { maxUnavailable } : {}) } } }));
    setImage(w, 'nginx:broken');
    await w.settle(); reapPods(w.api); await w.settle();
    expect(image(w, 1)).toBe('nginx:broken');
    setImage(w, 'nginx:3');
    await converge(w);
    expect(images(w)).toEqual(['nginx:3', 'nginx:3']);
    await w.stop();
  });

  it('keeps revisions as patches that bring a template back, gives an old one a new number when it comes back, and forgets the oldest beyond the limit', async () => {
    const spec = set(1, { revisionHistoryLimit: 1 });
    spec.metadata!.annotations = { 'kubernetes.io/change-cause': 'first' };
    const w = await running(spec);
    const [first] = revisions(w);
    expect(first!.metadata!.name).toMatch(/^web-[bcdfghjklmnpqrstvwxz2456789]+$/);
    expect(first!.metadata).toMatchObject({ labels: { 'app': 'nginx', 'controller.kubernetes.io/hash': first!.metadata!.name!.slice(4) }, annotations: { 'kubernetes.io/change-cause': 'first' } });
    expect(first!.metadata!.ownerReferences).toMatchObject([{ kind: 'StatefulSet', name: 'web', controller: true }]);
    // The text, not only the value: kubectl compares bytes.
    expect(JSON.stringify(first!.data)).toBe('{"spec":{"template":{"$patch":"replace","metadata":{"labels":{"app":"nginx"}},"spec":{"containers":[{"image":"nginx:1","name":"nginx"}]}}}}');
    setImage(w, 'nginx:2'); await converge(w);
    setImage(w, 'nginx:1'); await converge(w);
    expect(revisions(w).map(r => [r.revision, r.metadata!.name === first!.metadata!.name])).toEqual([[2, false], [3, true]]);
    expect(web(w).status!.currentRevision).toBe(first!.metadata!.name);
    for (const to of ['nginx:4', 'nginx:5']) { setImage(w, to); await converge(w); }
    expect(revisions(w).map(r => r.revision)).toEqual([4, 5]);
    await w.stop();
  });

  it('goes round a revision of another\'s that has its name, and counts how often', async () => {
    const first = await running(set(1));
    const taken = revisions(first)[0]!;
    await first.stop();
    const w = await running(set(1), api => { api.put(revisionKind, { ...taken, metadata: { name: taken.metadata!.name, namespace: 'default', labels: { other: 'one' } }, data: { spec: {} } as ControllerRevision['data'] }); });
    expect(web(w).status).toMatchObject({ collisionCount: 1, readyReplicas: 1 });
    expect(web(w).status!.currentRevision).not.toBe(taken.metadata!.name);
    setImage(w, 'nginx:2');
    await converge(w);
    expect(web(w).status).toMatchObject({ collisionCount: 1, updatedReplicas: 1 });
    await w.stop();
  });
});

describe('StatefulSet: stable storage', () => {
  const owners = (w: World): Record<string, string[]> => Object.fromEntries(claims(w).map(c => [c.metadata!.name!, (c.metadata!.ownerReferences ?? []).map(r => `${r.kind}/${r.name}`)]));

  it('"For each VolumeClaimTemplate entry defined in a StatefulSet, each Pod receives one PersistentVolumeClaim." and claims stay when pods go', async () => {
    const w = await running(set(2, { volumeClaimTemplates: DATA }));
    expect(claims(w).map(c => [c.metadata!.name, c.metadata!.labels])).toEqual([['data-web-0', { app: 'nginx' }], ['data-web-1', { app: 'nginx' }]]);
    expect(pod(w, 1)!.spec!.volumes).toEqual([{ name: 'data', persistentVolumeClaim: { claimName: 'data-web-1' } }]);
    expect(w.events.slice(0, 2)).toEqual(['StatefulSet/web Normal SuccessfulCreate create Claim data-web-0 Pod web-0 in StatefulSet web success', 'StatefulSet/web Normal SuccessfulCreate create Pod web-0 in StatefulSet web successful']);
    const before = claims(w).map(c => c.metadata!.uid);
    kill(w, 1);
    await converge(w);
    change(w, s => { s.replicas = 0; });
    await converge(w);
    expect(claims(w).map(c => c.metadata!.uid)).toEqual(before);
    expect(owners(w)).toEqual({ 'data-web-0': [], 'data-web-1': [] });
    expect(w.complaints).toEqual([]);
    await w.stop();
  });

  it('makes a claim again that went missing under a pod that waits for it', async () => {
    const w = await made(set(1, { volumeClaimTemplates: DATA }));
    w.api.remove(claimKind, 'default/data-web-0');
    await w.settle();
    expect(claims(w).map(c => c.metadata!.name)).toEqual(['data-web-0']);
    await w.stop();
  });

  it('does not start a pod on a claim that is being deleted, and says so', async () => {
    const w = await made(set(1, { volumeClaimTemplates: DATA }), api => { api.put(claimKind, { ...DATA[0], metadata: { name: 'data-web-0', namespace: 'default', deletionTimestamp: '2026-01-01T00:00:00Z', finalizers: ['kubernetes.io/pvc-protection'] } }); });
    expect(names(w)).toEqual([]);
    expect(w.events).toContain('StatefulSet/web Warning FailedCreate create Pod web-0 in StatefulSet web failed error: pvc data-web-0 is being deleted');
    w.api.remove(claimKind, 'default/data-web-0');
    await w.clock.advance(30_000);
    expect(names(w)).toEqual(['web-0']);
    await w.stop();
  });

  it('"whenDeleted: … the PVCs are deleted after the StatefulSet\'s pods": the set owns the claims', async () => {
    const w = await running(set(2, { volumeClaimTemplates: DATA, persistentVolumeClaimRetentionPolicy: { whenDeleted: 'Delete', whenScaled: 'Retain' } }));
    expect(owners(w)).toEqual({ 'data-web-0': ['StatefulSet/web'], 'data-web-1': ['StatefulSet/web'] });
    // A change of mind reaches claims that are there.
    change(w, s => { s.persistentVolumeClaimRetentionPolicy = { whenDeleted: 'Retain', whenScaled: 'Retain' }; });
    await converge(w);
    expect(owners(w)).toEqual({ 'data-web-0': [], 'data-web-1': [] });
    expect(w.complaints).toEqual([]);
    await w.stop();
  });

  it('"whenScaled: … PVCs corresponding to excess replicas are deleted": a pod that is scaled away owns its claim, and the next of its name waits until that is gone', async () => {
    const w = await running(set(2, { volumeClaimTemplates: DATA, persistentVolumeClaimRetentionPolicy: { whenDeleted: 'Delete', whenScaled: 'Delete' } }));
    change(w, s => { s.replicas = 1; });
    await w.settle();
    expect(owners(w)).toEqual({ 'data-web-0': ['StatefulSet/web'], 'data-web-1': ['Pod/web-1'] });
    await converge(w);
    change(w, s => { s.replicas = 2; });
    await w.settle();
    expect(names(w)).toEqual(['web-0']);
    w.api.remove(claimKind, 'default/data-web-1');
    await converge(w);
    expect(names(w)).toEqual(['web-0', 'web-1']);
    expect(owners(w)).toEqual({ 'data-web-0': ['StatefulSet/web'], 'data-web-1': ['StatefulSet/web'] });
    await w.stop();
  });

  it.each([['Retain', 'Retain', [], []], ['Retain', 'Delete', [], ['Pod/web-1']], ['Delete', 'Retain', ['StatefulSet/web'], ['StatefulSet/web']], ['Delete', 'Delete', ['StatefulSet/web'], ['Pod/web-1']]] as const)(
    '"persistentVolumeClaimRetentionPolicy": whenDeleted %s, whenScaled %s: claims of pods that stay are owned by %j, of those scaled away by %j', async (whenDeleted, whenScaled, kept, scaled) => {
      const w = await running(set(2, { volumeClaimTemplates: DATA, persistentVolumeClaimRetentionPolicy: { whenDeleted, whenScaled } }));
      expect(owners(w)).toEqual({ 'data-web-0': kept, 'data-web-1': kept });
      change(w, s => { s.replicas = 1; });
      await w.settle();
      expect(owners(w)).toEqual({ 'data-web-0': kept, 'data-web-1': scaled });
      await w.stop();
    });

  it('"it first relaunched web-0 … when web-0 transitioned to Running and Ready, it adopted this Pod [web-1]. Since you recreated the StatefulSet with replicas equal to 2 … web-2 was terminated."', async () => {
    const w = await running(set(3));
    w.api.remove(setKind, 'default/web');
    for (const p of pods(w)) w.api.change<Pod>(podKind, `default/${p.metadata!.name}`, o => { delete o.metadata!.ownerReferences; });
    kill(w, 0);
    const kept = pod(w, 1)!.metadata!.uid;
    w.api.put(setKind, set(2));
    await converge(w);
    expect(names(w)).toEqual(['web-0', 'web-1']);
    expect(pod(w, 1)!.metadata!.uid).toBe(kept);
    expect(deletions(w)).toEqual(['web-2']);
    await w.stop();
  });

  it('leaves a claim alone that another controls, and says that the policy does not reach it', async () => {
    const other = { apiVersion: 'example.com/v1', kind: 'Thing', name: 'x', uid: 'x', controller: true };
    const w = await running(set(1, { volumeClaimTemplates: DATA, persistentVolumeClaimRetentionPolicy: { whenDeleted: 'Delete', whenScaled: 'Retain' } }),
      api => { api.put(claimKind, { ...DATA[0], metadata: { name: 'data-web-0', namespace: 'default', ownerReferences: [other] } }); });
    expect(owners(w)).toEqual({ 'data-web-0': ['Thing/x'] });
    expect(w.events.some(e => e.startsWith('StatefulSet/web Warning ConflictingController PersistentVolumeClaim data-web-0 has a conflicting OwnerReference'))).toBe(true);
    await w.stop();
  });
});

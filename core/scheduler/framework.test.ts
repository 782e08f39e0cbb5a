// The framework around the plug-ins: profiles, extension points beside filters and scores, the queue's events, volumes before the binding.
import { describe, expect, it } from 'vitest';
import { node, pod, type PodWords } from '../../test/harness/scheduling.ts';
import { schedulerCluster } from '../../test/harness/scheduler-cluster.ts';
import { node as nodeKind } from '../api/kinds/core/node.ts';
import { persistentVolume as volumeKind } from '../api/kinds/core/persistent-volume.ts';
import { persistentVolumeClaim as claimKind } from '../api/kinds/core/persistent-volume-claim.ts';
import { pod as podKind } from '../api/kinds/core/pod.ts';
import { storageClass as classKind } from '../api/kinds/storage/storage-class.ts';
import type { Node, PersistentVolume, PersistentVolumeClaim, Pod } from '../api/types/kubernetes.ts';
import type { Plugin } from './framework.ts';
import type { SchedulerHandle, SchedulerOptions } from './scheduler.ts';

const REFUSED = { reasons: ['not today'], fixed: true };
/** A scheduler with one more plug-in, that may be told what to do. */
function having(...plugins: ((handle: SchedulerHandle) => Plugin)[]): Partial<SchedulerOptions> {
  const made = (handle: SchedulerHandle): Record<string, () => Plugin> => Object.fromEntries(plugins.map(p => p(handle)).map(p => [p.name, () => p]));
  const names = Object.keys(made(undefined as never));
  return { plugins: made, profiles: [{ schedulerName: 'default-scheduler', plugins: { multiPoint: { enabled: names.map(name => ({ name })) } } }] };
}

describe('profiles', () => {
  it('each scheduler name has its own plug-ins; a name nobody has is left alone', async () => {
    const c = await schedulerCluster([node('a'), node('b')], { profiles: [
      { schedulerName: 'default-scheduler' },
      { schedulerName: 'packer', plugins: { score: { disabled: [{ name: 'NodeResourcesBalancedAllocation' }] } }, pluginConfig: { NodeResourcesFit: { scoringStrategy: { type: 'MostAllocated' } } } },
    ] });
    c.api.put(podKind, pod('there', { on: 'a', requests: { cpu: '1' } }));
    await c.settle();
    c.api.put(podKind, pod('spread', { requests: { cpu: '1' } }));
    c.api.put(podKind, pod('packed', { requests: { cpu: '1500m' }, schedulerName: 'packer' }));
    c.api.put(podKind, pod('other', { schedulerName: 'mine' }));
    await c.settle();
    expect([c.on('spread'), c.on('packed'), c.on('other')]).toEqual(['b', 'a', undefined]);
    expect(c.events).toContain('packer: packed Normal Scheduled Successfully assigned default/packed to a');
    expect(c.events.some(e => e.includes('other'))).toBe(false);
    await c.end();
  });
  it.each([
    ['a plug-in nobody knows', { multiPoint: { enabled: [{ name: 'Nope' }] } }, 'scheduler profile "p": there is no plugin "Nope"; known are SchedulingGates,'],
    ['one that is enabled twice', { filter: { enabled: [{ name: 'NodePorts' }, { name: 'NodePorts' }] } }, 'plugin "NodePorts" is enabled twice'],
    ['none that orders the queue', { queueSort: { disabled: [{ name: '*' }] } }, 'exactly one plugin must order the queue, not 0'],
    ['none that binds', { multiPoint: { disabled: [{ name: 'DefaultBinder' }] } }, 'no plugin binds'],
  ])('a profile is refused with %s', async (_, plugins, message) => { await expect(schedulerCluster([], { profiles: [{ schedulerName: 'p', plugins }] })).rejects.toThrow(message); });
});

describe('extension points', () => {
  it('a plug-in sees a pod through all of them, in order', async () => {
    const seen: string[] = [];
    const note = (what: string): void => { seen.push(what); };
    const c = await schedulerCluster([node('a'), node('b')], having(() => ({
      name: 'Watcher', preEnqueue: () => { note('preEnqueue'); return undefined; }, preFilter: () => { note('preFilter'); return { filter: n => { note(`filter ${n.name}`); return undefined; } }; },
      preScore: (_, nodes) => { note(`preScore ${nodes.length}`); return { score: n => (n.name === 'b' ? 1000 : 0), normalize: scores => { note('normalize'); scores.forEach((s, i) => { scores[i] = s / 10; }); } }; },
      reserve: (_, n) => { note(`reserve ${n.name}`); return undefined; }, permit: (_, n) => { note(`permit ${n}`); return undefined; }, preBind: (_, n) => { note(`preBind ${n}`); return undefined; },
      bind: (_, n) => { note(`bind ${n}`); return Promise.resolve(false); }, postBind: (_, n) => note(`postBind ${n}`),
    })));
    c.api.put(podKind, pod('x'));
    await c.settle();
    expect(c.on('x')).toBe('b');
    // The default binder bound it before this one was asked.
    expect(seen).toEqual(['preEnqueue', 'preFilter', 'filter a', 'filter b', 'preScore 2', 'normalize', 'reserve b', 'permit b', 'preBind b', 'postBind b']);
    await c.end();
  });
  it('a binder that says no leaves it to the next', async () => {
    const asked: string[] = [];
    const options = having(() => ({ name: 'Mine', bind: () => { asked.push('mine'); return Promise.resolve(false); } }));
    const c = await schedulerCluster([node('a')], { ...options, profiles: [{ schedulerName: 'default-scheduler', plugins: { bind: { disabled: [{ name: '*' }], enabled: [{ name: 'Mine' }, { name: 'DefaultBinder' }] } } }] });
    c.api.put(podKind, pod('x'));
    await c.settle();
    expect([asked, c.on('x')]).toEqual([['mine'], 'a']);
    await c.end();
  });
  it('what is refused after the decision gives its place back, last reserved first', async () => {
    const undone: string[] = [];
    const undo = (name: string) => (): Plugin => ({ name, reserve: () => undefined, unreserve: () => { undone.push(name); } });
    let no = true;
    const c = await schedulerCluster([node('a')], having(undo('First'), undo('Second'), () => ({ name: 'Guard', events: { 'node-labels': true }, permit: () => (no ? REFUSED : undefined) })));
    c.api.put(podKind, pod('x', { requests: { cpu: '3' } }));
    await c.settle();
    expect(undone).toEqual(['Second', 'First']);
    expect(c.condition('x')).toMatchObject({ reason: 'Unschedulable', message: '0/1 nodes are available: 1 not today.' });
    c.api.put(podKind, pod('y', { requests: { cpu: '3' }, priority: 5 }));
    await c.settle();
    no = false;
    await c.clock.advance(20_000);
    expect(c.on('x')).toBeUndefined();
    c.api.change<Node>(nodeKind, 'a', n => { n.metadata!.labels!['new'] = 'yes'; });
    await c.settle();
    // Both were waiting; the more important one is first.
    expect([c.on('y'), c.on('x')]).toEqual(['a', undefined]);
    await c.end();
  });
  it('permission may take its time: allowed, refused, or too late', async () => {
    let own: SchedulerHandle | undefined;
    const d = await schedulerCluster([node('a')], {
      profiles: [{ schedulerName: 'default-scheduler', plugins: { multiPoint: { enabled: [{ name: 'Slow' }] } } }],
      plugins: h => { own = h; return { Slow: () => ({ name: 'Slow', events: {}, permit: () => ({ wait: 10_000 }) }) }; },
    });
    for (const name of ['good', 'bad', 'late']) d.api.put(podKind, pod(name));
    await d.settle();
    expect(own!.waitingPods().map(p => p.pod.pod.metadata?.name)).toEqual(['good', 'bad', 'late']);
    expect(['good', 'bad', 'late'].map(d.on)).toEqual([undefined, undefined, undefined]);
    own!.waitingPod('uid-default-good')!.allow('Slow');
    own!.waitingPod('uid-default-bad')!.reject('Slow', 'changed my mind');
    await d.settle();
    expect([d.on('good'), d.condition('bad')?.message]).toEqual(['a', '0/1 nodes are available: 1 pod "bad" rejected while waiting on permit: changed my mind.']);
    await d.clock.advance(10_000);
    await d.settle();
    expect(d.condition('late')?.message).toBe('0/1 nodes are available: 1 pod "late" rejected while waiting on permit: rejected due to timeout after waiting 10s at plugin Slow.');
    await d.end();
  });
  it('a failure before the binding is no refusal: it is told, and tried again after a back-off', async () => {
    let failures = 1;
    const c = await schedulerCluster([node('a')], having(() => ({ name: 'Disk', preBind: () => (failures-- > 0 ? Promise.reject(new Error('no disk')) : undefined) })));
    c.api.put(podKind, pod('x'));
    await c.settle();
    expect(c.condition('x')).toMatchObject({ status: 'False', reason: 'SchedulerError', message: 'running PreBind plugin "Disk": no disk' });
    expect(c.events).toEqual(['x Warning FailedScheduling running PreBind plugin "Disk": no disk']);
    await c.clock.advance(1_100);
    expect(c.on('x')).toBe('a');
    await c.end();
  });
});

describe('queue', () => {
  it('a gated pod waits until its last gate is gone', async () => {
    const c = await schedulerCluster([node('a')]);
    c.api.put(podKind, pod('x', { schedulingGates: [{ name: 'one' }, { name: 'two' }] }));
    await c.settle();
    c.api.change<Pod>(podKind, 'default/x', p => { p.spec!.schedulingGates = [{ name: 'two' }]; });
    await c.settle();
    expect([c.on('x'), c.events]).toEqual([undefined, []]);
    c.api.change<Pod>(podKind, 'default/x', p => { delete p.spec!.schedulingGates; });
    await c.settle();
    expect(c.on('x')).toBe('a');
    await c.end();
  });
  it('only events that may help bring a refused pod back', async () => {
    let tries = 0;
    const c = await schedulerCluster([node('a', { cpu: '2' })], having(() => ({ name: 'Counter', preFilter: ({ pod: p }) => { if (p.key === 'default/x') tries++; return undefined; } })));
    c.api.put(podKind, pod('x', { requests: { cpu: '3' } }));
    await c.clock.advance(20_000);
    expect(tries).toBe(1);
    c.api.put(podKind, pod('y', { on: 'a' }));
    c.api.change<Node>(nodeKind, 'a', n => { n.metadata!.labels!['new'] = 'yes'; });
    c.api.put(nodeKind, node('small', { cpu: '1' }));
    await c.clock.advance(20_000);
    expect(tries).toBe(1);
    c.api.put(nodeKind, node('big'));
    await c.clock.advance(20_000);
    expect([tries, c.on('x')]).toEqual([2, 'big']);
    await c.end();
  });
  it('after five minutes a refused pod is tried again though nothing happened', async () => {
    let tries = 0;
    const c = await schedulerCluster([node('a', { cpu: '2' })], having(() => ({ name: 'Counter', preFilter: () => { tries++; return undefined; } })));
    c.api.put(podKind, pod('x', { requests: { cpu: '3' } }));
    await c.clock.advance(299_000);
    expect(tries).toBe(1);
    await c.clock.advance(31_000);
    expect(tries).toBe(2);
    await c.end();
  });
  it('pods are tried by priority, then by age', async () => {
    const c = await schedulerCluster([]);
    for (const [name, priority] of [['old', 0], ['new', 0], ['high', 7]] as const) { c.api.put(podKind, pod(name, { priority, requests: { cpu: '4' } })); await c.clock.advance(10); }
    await c.clock.advance(1_100);
    c.api.put(nodeKind, node('a'));
    await c.settle();
    expect(['high', 'old', 'new'].map(c.on)).toEqual(['a', undefined, undefined]);
    c.api.remove(podKind, 'default/high');
    await c.clock.advance(10_100);
    expect(['old', 'new'].map(c.on)).toEqual(['a', undefined]);
    await c.end();
  });
});

describe('what is said and heard', () => {
  it('room that a resized pod gives back is seen, though nothing but its status says so', async () => {
    const c = await schedulerCluster([node('a')]);
    const status = (cpu: string): Pod['status'] => ({ containerStatuses: [{ name: 'c', ready: true, restartCount: 0, image: '', imageID: '', resources: { requests: { cpu } } }] });
    c.api.put(podKind, { ...pod('r', { on: 'a', requests: { cpu: '1' } }), status: status('3')! });
    c.api.put(podKind, pod('x', { requests: { cpu: '2' } }));
    await c.clock.advance(1_100);
    expect(c.on('x')).toBeUndefined();
    c.api.change<Pod>(podKind, 'default/r', p => { p.status = status('1')!; });
    await c.settle();
    expect(c.on('x')).toBe('a');
    await c.end();
  });
  it('an event while a permission is awaited is not lost when it is refused', async () => {
    let own: SchedulerHandle | undefined, asked = 0;
    const c = await schedulerCluster([node('a')], {
      profiles: [{ schedulerName: 'default-scheduler', plugins: { multiPoint: { enabled: [{ name: 'Slow' }] } } }],
      plugins: h => { own = h; return { Slow: () => ({ name: 'Slow', events: { 'node-labels': true }, permit: () => (asked++ ? undefined : { wait: 10_000 }) }) }; },
    });
    c.api.put(podKind, pod('x'));
    await c.settle();
    c.api.change<Node>(nodeKind, 'a', n => { n.metadata!.labels!['new'] = 'yes'; });
    await c.settle();
    own!.waitingPod('uid-default-x')!.reject('Slow', 'no');
    await c.clock.advance(1_100);
    expect([asked, c.on('x')]).toEqual([2, 'a']);
    await c.end();
  });
  it('where a pod goes is said while something has to be done before it is there, and taken back when that fails', async () => {
    const done = Promise.withResolvers<void>();
    const c = await schedulerCluster([node('a')], having(() => ({ name: 'Disk', preBind: () => done.promise })));
    c.api.put(podKind, pod('x'));
    await c.settle();
    expect([c.on('x'), c.nominated('x')]).toEqual([undefined, 'a']);
    done.reject(new Error('no disk'));
    await c.settle();
    expect([c.condition('x')?.reason, c.nominated('x')]).toEqual(['SchedulerError', undefined]);
    await c.end();
  });
  it('a pod that is deleted while it waits is told of once', async () => {
    const c = await schedulerCluster([node('a', { cpu: '1' })]);
    c.api.put(podKind, { ...pod('x', { requests: { cpu: '3' } }), metadata: { ...pod('x').metadata, finalizers: ['example.com/keep'] } });
    await c.settle();
    c.api.change<Pod>(podKind, 'default/x', p => { p.metadata!.deletionTimestamp = '2026-01-01T00:00:00Z'; });
    await c.settle();
    expect(c.events.at(-1)).toBe('x Warning FailedScheduling skip schedule deleting pod: default/x');
    await c.end();
  });
  it('an event is no longer than an event may be; the condition says it all', async () => {
    const why = 'x'.repeat(2000);
    const c = await schedulerCluster([node('a')], having(() => ({ name: 'Wordy', preFilter: () => ({ reasons: [why], fixed: true }) })));
    c.api.put(podKind, pod('x'));
    await c.settle();
    const said = c.events.find(e => e.startsWith('x Warning FailedScheduling '))!.slice('x Warning FailedScheduling '.length);
    expect([said.length, said.slice(-5), c.condition('x')!.message!.length]).toEqual([1024, 'x ...', c.condition('x')!.message!.length]);
    expect(c.condition('x')!.message).toContain(why);
    await c.end();
  });
});

describe('room that was made', () => {
  const big = (name: string, priority: number, more: PodWords = {}): Pod => pod(name, { priority, requests: { cpu: '4' }, ...more });
  it('is kept over a restart of the scheduler', async () => {
    const c = await schedulerCluster([node('a')], {}, api => { api.put(podKind, big('high', 10, { nominated: 'a' })); api.put(podKind, pod('leaving', { on: 'a', requests: { cpu: '4' } })); });
    c.api.put(podKind, pod('thief', { priority: 1, requests: { cpu: '1' } }));
    await c.settle();
    c.api.remove(podKind, 'default/leaving');
    await c.clock.advance(1_100);
    expect([c.on('high'), c.on('thief')]).toEqual(['a', undefined]);
    await c.end();
  });
  it('goes to one of more priority; the first looks elsewhere and is told so', async () => {
    const c = await schedulerCluster([node('a')]);
    c.api.put(podKind, big('low', 1));
    await c.settle();
    c.api.put(podKind, big('mid', 5));
    await c.settle();
    expect(c.nominated('mid')).toBe('a');
    c.api.put(podKind, big('high', 10));
    await c.settle();
    expect([c.nominated('mid'), c.nominated('high')]).toEqual([undefined, 'a']);
    await c.end();
  });
  it('is given up when the victims cannot be driven out, and tried for again', async () => {
    const c = await schedulerCluster([node('a')]);
    c.api.put(podKind, big('low', 1));
    await c.settle();
    let failures = 1;
    c.api.intercept = r => { if (r.method === 'DELETE' && failures-- > 0) throw new Error('not now'); };
    c.api.put(podKind, big('high', 10));
    await c.settle();
    expect(c.nominated('high')).toBeUndefined();
    await c.clock.advance(1_100);
    expect(c.nominated('high')).toBe('a');
    expect(c.api.get<Pod>(podKind, 'default/low')?.metadata?.deletionTimestamp).toBeDefined();
    await c.end();
  });
  it('marks its victims with the reason before they go', async () => {
    const c = await schedulerCluster([node('a')]);
    c.api.put(podKind, big('low', 1));
    await c.settle();
    c.api.put(podKind, big('high', 10, { schedulerName: 'default-scheduler' }));
    await c.settle();
    expect(c.api.get<Pod>(podKind, 'default/low')?.status?.conditions).toContainEqual(expect.objectContaining({ type: 'DisruptionTarget', status: 'True', reason: 'PreemptionByScheduler', message: 'default-scheduler: preempting to accommodate a higher priority pod' }));
    expect(c.condition('high')?.message).toBe('0/1 nodes are available: 1 Insufficient cpu.');
    await c.end();
  });
});

describe('volumes that wait for their consumer', () => {
  const late = { metadata: { name: 'late' }, provisioner: 'example.com/disk', volumeBindingMode: 'WaitForFirstConsumer' };
  const claim = (name = 'data') => ({ metadata: { name, namespace: 'default', uid: name }, spec: { storageClassName: 'late', accessModes: ['ReadWriteOnce'], resources: { requests: { storage: '1Gi' } } }, status: { phase: 'Pending' } });
  const user = (name: string, words: PodWords = {}): Pod => pod(name, { volumes: [{ name: 'd', persistentVolumeClaim: { claimName: 'data' } }], ...words });
  const notes = (c: Awaited<ReturnType<typeof schedulerCluster>>): Record<string, string> | undefined => c.api.get<PersistentVolumeClaim>(claimKind, 'default/data')?.metadata?.annotations;
  const bind = (c: Awaited<ReturnType<typeof schedulerCluster>>): void => { c.api.change<PersistentVolumeClaim>(claimKind, 'default/data', p => { p.spec!.volumeName = 'pv'; p.metadata!.annotations = { ...p.metadata!.annotations, 'pv.kubernetes.io/bind-completed': 'yes' }; p.status = { phase: 'Bound' }; }); };

  it('the node is chosen, the claim told, and the pod bound when the claim is', async () => {
    const c = await schedulerCluster([node('a'), node('b')], {}, api => { api.put(classKind, late); api.put(claimKind, claim()); });
    c.api.put(podKind, user('x', { nodeSelector: { 'kubernetes.io/hostname': 'b' } }));
    await c.settle();
    expect([notes(c)?.['volume.kubernetes.io/selected-node'], c.on('x')]).toEqual(['b', undefined]);
    bind(c);
    await c.settle();
    expect(c.on('x')).toBe('b');
    await c.end();
  });
  it('a volume that lies ready is kept for the claim', async () => {
    const volume = (name: string, at: string): PersistentVolume => ({
      metadata: { name }, status: { phase: 'Available' },
      spec: { storageClassName: 'late', capacity: { storage: '1Gi' }, accessModes: ['ReadWriteOnce'], nodeAffinity: { required: { nodeSelectorTerms: [{ matchExpressions: [{ key: 'kubernetes.io/hostname', operator: 'In', values: [at] }] }] } } },
    });
    const c = await schedulerCluster([node('a'), node('b')], {}, api => { api.put(classKind, { ...late, provisioner: 'kubernetes.io/no-provisioner' }); api.put(claimKind, claim()); api.put(volumeKind, volume('pv', 'b')); });
    c.api.put(podKind, user('x'));
    await c.settle();
    expect(c.api.get<PersistentVolume>(volumeKind, 'pv')).toMatchObject({ metadata: { annotations: { 'pv.kubernetes.io/bound-by-controller': 'yes' } }, spec: { claimRef: { kind: 'PersistentVolumeClaim', namespace: 'default', name: 'data', uid: 'data' } } });
    expect(c.on('x')).toBeUndefined();
    bind(c);
    await c.settle();
    expect(c.on('x')).toBe('b');
    await c.end();
  });
  it('when the node cannot have it another is looked for; when nothing comes the pod is tried again', async () => {
    const c = await schedulerCluster([node('a')], {}, api => { api.put(classKind, late); api.put(claimKind, claim()); });
    c.api.put(podKind, user('x'));
    await c.settle();
    c.api.change<PersistentVolumeClaim>(claimKind, 'default/data', p => { delete p.metadata!.annotations!['volume.kubernetes.io/selected-node']; });
    await c.settle();
    expect(c.condition('x')).toMatchObject({ reason: 'SchedulerError', message: 'running PreBind plugin "VolumeBinding": binding volumes: provisioning failed for PVC "data"' });
    await c.clock.advance(1_100);
    expect(notes(c)?.['volume.kubernetes.io/selected-node']).toBe('a');
    await c.clock.advance(600_000);
    expect(c.condition('x')?.message).toBe('running PreBind plugin "VolumeBinding": binding volumes: context deadline exceeded');
    await c.end();
  });
  it('a claim for one pod only goes to the next when that is gone', async () => {
    const c = await schedulerCluster([node('a')], {}, api => {
      api.put(volumeKind, { metadata: { name: 'pv' }, spec: { capacity: { storage: '1Gi' } } });
      api.put(claimKind, { ...claim(), metadata: { ...claim().metadata, annotations: { 'pv.kubernetes.io/bind-completed': 'yes' } }, spec: { ...claim().spec, volumeName: 'pv', accessModes: ['ReadWriteOncePod'] } });
    });
    for (const name of ['x', 'y']) { c.api.put(podKind, user(name)); await c.settle(); }
    expect([c.on('x'), c.on('y')]).toEqual(['a', undefined]);
    c.api.remove(podKind, 'default/x');
    await c.clock.advance(1_100);
    expect(c.on('y')).toBe('a');
    await c.end();
  });
});

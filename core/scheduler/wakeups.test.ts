// What brings a refused pod back: each plug-in's events, and those that are none of its business.
import { describe, expect, it } from 'vitest';
import { node, pod, type PodWords } from '../../test/harness/scheduling.ts';
import { schedulerCluster } from '../../test/harness/scheduler-cluster.ts';
import type { FakeApi } from '../../test/harness/fake-api.ts';
import { namespace as namespaceKind } from '../api/kinds/core/namespace.ts';
import { node as nodeKind } from '../api/kinds/core/node.ts';
import { persistentVolumeClaim as claimKind } from '../api/kinds/core/persistent-volume-claim.ts';
import { persistentVolume as volumeKind } from '../api/kinds/core/persistent-volume.ts';
import { pod as podKind } from '../api/kinds/core/pod.ts';
import { deviceClass as deviceClassKind } from '../api/kinds/resource/device-class.ts';
import { resourceClaim as deviceClaimKind } from '../api/kinds/resource/resource-claim.ts';
import { resourceSlice as sliceKind } from '../api/kinds/resource/resource-slice.ts';
import { csiNode as csiNodeKind } from '../api/kinds/storage/csi-node.ts';
import { csiStorageCapacity as capacityKind } from '../api/kinds/storage/csi-storage-capacity.ts';
import { storageClass as classKind } from '../api/kinds/storage/storage-class.ts';
import type { DeviceClass, Namespace, Node, PersistentVolumeClaim, Pod, ResourceSlice, ResourceV1ResourceClaim } from '../api/types/kubernetes.ts';

const HOST = 'kubernetes.io/hostname';
const taint = { key: 'k', effect: 'NoSchedule' };
const term = (app: string, topologyKey = HOST) => ({ topologyKey, labelSelector: { matchLabels: { app } } });
const near = (app: string, key?: string): PodWords => ({ affinity: { podAffinity: { requiredDuringSchedulingIgnoredDuringExecution: [term(app, key)] } } });
const far = (app: string, key?: string): PodWords => ({ affinity: { podAntiAffinity: { requiredDuringSchedulingIgnoredDuringExecution: [term(app, key)] } } });
const even: PodWords = { labels: { app: 'web' }, topologySpreadConstraints: [{ maxSkew: 1, topologyKey: 'zone', whenUnsatisfiable: 'DoNotSchedule', labelSelector: { matchLabels: { app: 'web' } } }] };
const zones = [node('a', { labels: { zone: 'z1' } }), node('b', { labels: { zone: 'z2' }, unschedulable: true })];
const uses = (claim: string): PodWords => ({ volumes: [{ name: 'd', persistentVolumeClaim: { claimName: claim } }] });
const claim = (name: string, more: object = {}) => ({ metadata: { name, namespace: 'default' }, spec: { accessModes: ['ReadWriteOnce'], storageClassName: 'late', resources: { requests: { storage: '1Gi' } }, ...more } }) as PersistentVolumeClaim;
const late = { metadata: { name: 'late' }, provisioner: 'kubernetes.io/no-provisioner', volumeBindingMode: 'WaitForFirstConsumer' };
const deviceClass = (name: string) => ({ metadata: { name }, spec: {} }) as DeviceClass;
const deviceClaim = (name: string, more: object = {}) => ({ metadata: { name, namespace: 'default', uid: name }, spec: { devices: { requests: [{ name: 'r', exactly: { deviceClassName: 'gpu', allocationMode: 'ExactCount', count: 1 } }] } }, ...more }) as ResourceV1ResourceClaim;
const slice = (at: string) => ({ metadata: { name: at }, spec: { driver: 'd', nodeName: at, pool: { name: at, generation: 1, resourceSliceCount: 1 }, devices: [{ name: 'one' }] } }) as ResourceSlice;
const taken = { status: { allocation: { devices: { results: [{ request: 'r', driver: 'd', pool: 'a', device: 'one' }] } }, reservedFor: [{ resource: 'pods', name: 'other', uid: 'other' }] } };
const usesDevice: PodWords = { resourceClaims: [{ name: 'c', resourceClaimName: 'c' }] };

type Do = (api: FakeApi) => void;
const put = (p: Pod): Do => api => { api.put(podKind, p); };
const drop = (name: string): Do => api => { api.remove(podKind, `default/${name}`); };
const on = (name: string, at: string, words: PodWords = {}): Pod => pod(name, { on: at, ...words });
const change = (name: string, how: (n: Node) => void): Do => api => { api.change<Node>(nodeKind, name, how); };
const label = (name: string, labels: Record<string, string>): Do => change(name, n => { Object.assign(n.metadata!.labels!, labels); });
const add = (n: Node): Do => api => { api.put(nodeKind, n); };

interface Case { sentence: string; nodes: Node[]; there?: Pod[]; before?: Do; pod: PodWords; yes: Record<string, Do>; no: Record<string, Do> }
const CASES: Case[] = [
  {
    sentence: 'NodeUnschedulable', nodes: [node('a', { unschedulable: true })], pod: {},
    yes: { 'the node is uncordoned': change('a', n => { delete n.spec!.unschedulable; }), 'a node comes': add(node('b')) },
    no: { 'another cordoned node comes': add(node('b', { unschedulable: true })), 'its labels change': label('a', { x: 'y' }), 'a pod goes': api => { api.put(podKind, on('p', 'a')); api.remove(podKind, 'default/p'); } },
  },
  {
    sentence: 'TaintToleration', nodes: [node('a', { taints: [taint] })], pod: {},
    yes: { 'the taint goes': change('a', n => { n.spec!.taints = []; }), 'a node without it comes': add(node('b')) },
    no: { 'another taint is added': change('a', n => { n.spec!.taints!.push({ key: 'other', effect: 'NoExecute' }); }), 'a node with one comes': add(node('b', { taints: [taint] })), 'a label changes': label('a', { x: 'y' }) },
  },
  {
    sentence: 'NodeAffinity', nodes: [node('a')], pod: { nodeSelector: { disk: 'ssd' } },
    yes: { 'the node gets the label': label('a', { disk: 'ssd' }), 'a node with it comes': add(node('b', { labels: { disk: 'ssd' } })) },
    no: { 'the node gets another': label('a', { disk: 'hdd' }), 'a node without it comes': add(node('b')), 'a taint changes': change('a', n => { n.spec!.taints = [taint]; }) },
  },
  {
    sentence: 'NodePorts', nodes: [node('a')], there: [on('p', 'a', { ports: [80] }), on('q', 'a', { ports: [81] })], pod: { ports: [80] },
    yes: { 'the pod with the port goes': drop('p'), 'a node comes': add(node('b')) }, no: { 'a pod with another goes': drop('q'), 'a pod comes': put(on('r', 'a')) },
  },
  {
    sentence: 'NodeResourcesFit', nodes: [node('a', { cpu: '2' })], there: [on('p', 'a', { requests: { cpu: '1' } })], pod: { requests: { cpu: '2' } },
    yes: { 'a pod goes': drop('p'), 'the node grows': change('a', n => { n.status!.allocatable!['cpu'] = '4'; }), 'a node that is big enough comes': add(node('b')), 'a pod ends': api => { api.change<Pod>(podKind, 'default/p', p => { p.status!.phase = 'Succeeded'; }); } },
    no: { 'a node that is too small comes': add(node('b', { cpu: '1' })), 'a pod comes': put(on('q', 'a')), 'a pod is asked to go': api => { api.change<Pod>(podKind, 'default/p', p => { p.metadata!.finalizers = ['example.com/keep']; p.metadata!.deletionTimestamp = '2026-01-01T00:00:00Z'; }); }, 'labels change': label('a', { x: 'y' }) },
  },
  {
    sentence: 'InterPodAffinity, near', nodes: [node('a'), node('b')], pod: near('db'),
    yes: { 'such a pod comes': put(on('db', 'a', { labels: { app: 'db' } })), 'a pod becomes such a one': api => { api.put(podKind, on('p', 'a', { labels: { app: 'x' } })); api.change<Pod>(podKind, 'default/p', p => { p.metadata!.labels = { app: 'db' }; }); } },
    no: { 'another pod comes': put(on('web', 'a', { labels: { app: 'web' } })), 'a node grows': change('a', n => { n.status!.allocatable!['cpu'] = '8'; }) },
  },
  {
    sentence: 'InterPodAffinity, far', nodes: [node('a')], there: [on('db', 'a', { labels: { app: 'db' } })], pod: far('db'),
    yes: { 'the pod goes': drop('db'), 'a node comes': add(node('b')), 'the pod is another now': api => { api.change<Pod>(podKind, 'default/db', p => { p.metadata!.labels = { app: 'x' }; }); } },
    no: { 'a pod comes': put(on('web', 'a', { labels: { app: 'web' } })), 'a node grows': change('a', n => { n.status!.allocatable!['cpu'] = '8'; }) },
  },
  {
    sentence: 'InterPodAffinity, whom others do not want', nodes: [node('a')], there: [on('db', 'a', far('x'))], pod: { labels: { app: 'x' } },
    yes: { 'they go': drop('db') }, no: { 'another pod comes': put(on('web', 'a')) },
  },
  {
    sentence: 'InterPodAffinity, in namespaces by label', nodes: [node('a')], before: api => { api.put(namespaceKind, { metadata: { name: 'other' } }); api.put(podKind, pod('db', { on: 'a', ns: 'other', labels: { app: 'db' } })); },
    pod: { affinity: { podAffinity: { requiredDuringSchedulingIgnoredDuringExecution: [{ ...term('db'), namespaceSelector: { matchLabels: { team: 'x' } } }] } } },
    yes: { 'a namespace gets the label': api => { api.change<Namespace>(namespaceKind, 'other', n => { n.metadata!.labels = { team: 'x' }; }); } }, no: { 'a namespace comes': api => { api.put(namespaceKind, { metadata: { name: 'third' } }); } },
  },
  {
    sentence: 'PodTopologySpread', nodes: zones, there: [on('w', 'a', { labels: { app: 'web' } }), on('q', 'a')], pod: even,
    yes: { 'a pod that counts goes': drop('w'), 'a node comes': add(node('c', { labels: { zone: 'z2' } })), 'a pod that counts comes': put(on('w2', 'b', { labels: { app: 'web' } })), 'a node goes': api => { api.remove(nodeKind, 'b'); }, 'a pod counts no more': api => { api.change<Pod>(podKind, 'default/w', p => { p.metadata!.labels = {}; }); }, 'one that counts is asked to go': api => { api.change<Pod>(podKind, 'default/w', p => { p.metadata!.finalizers = ['example.com/keep']; p.metadata!.deletionTimestamp = '2026-01-01T00:00:00Z'; }); } },
    no: { 'another pod goes': drop('q'), 'a node without the label comes': add(node('c', { unschedulable: true })), 'a node grows': change('a', n => { n.status!.allocatable!['cpu'] = '8'; }) },
  },
  {
    sentence: 'VolumeBinding, a claim that is not there', nodes: [node('a')], before: api => { api.put(classKind, late); }, pod: uses('d'),
    yes: { 'it comes': api => { api.put(claimKind, claim('d')); } }, no: { 'another comes': api => { api.put(claimKind, claim('e')); }, 'a pod goes': api => { api.put(podKind, on('p', 'a')); api.remove(podKind, 'default/p'); } },
  },
  {
    sentence: 'VolumeBinding, no volume for it', nodes: [node('a')], before: api => { api.put(classKind, late); api.put(claimKind, claim('d')); }, pod: uses('d'),
    yes: {
      'a volume comes': api => { api.put(volumeKind, { metadata: { name: 'v' }, spec: { capacity: { storage: '1Gi' }, accessModes: ['ReadWriteOnce'], storageClassName: 'late', hostPath: { path: '/v' } } }); },
      'a class comes': api => { api.put(classKind, { ...late, metadata: { name: 'other' } }); }, 'a node comes': add(node('b')),
      'a driver tells of room': api => { api.put(capacityKind, { metadata: { name: 'c', namespace: 'default' }, storageClassName: 'late', capacity: '1Gi' }); }, 'a driver is on the node': api => { api.put(csiNodeKind, { metadata: { name: 'a' }, spec: { drivers: [] } }); },
    },
    no: { 'a pod comes': put(on('p', 'a')), 'another claim changes': api => { api.put(claimKind, claim('e')); } },
  },
  {
    sentence: 'DynamicResources, a claim that is not there', nodes: [node('a')], pod: usesDevice,
    yes: { 'it comes': api => { api.put(deviceClaimKind, deviceClaim('c')); } }, no: { 'another comes': api => { api.put(deviceClaimKind, deviceClaim('e')); }, 'a pod goes': api => { api.put(podKind, on('p', 'a')); api.remove(podKind, 'default/p'); } },
  },
  {
    sentence: 'DynamicResources, no device for it', nodes: [node('a')], pod: usesDevice,
    before: api => { api.put(deviceClassKind, deviceClass('gpu')); api.put(sliceKind, slice('a')); api.put(deviceClaimKind, deviceClaim('c')); api.put(deviceClaimKind, deviceClaim('other', taken)); },
    yes: {
      'the other claim gives its device back': api => { api.change<ResourceV1ResourceClaim>(deviceClaimKind, 'default/other', c => { c.status = {}; }); }, 'the other claim is deleted': api => { api.remove(deviceClaimKind, 'default/other'); },
      'a driver tells of more': api => { api.put(sliceKind, slice('b')); }, 'the class changes': api => { api.change<DeviceClass>(deviceClassKind, 'gpu', c => { c.spec!.selectors = []; }); }, 'a node comes': add(node('b')),
    },
    no: { 'a pod comes': put(on('p', 'a')), 'another claim comes': api => { api.put(deviceClaimKind, deviceClaim('e')); } },
  },
];

describe.each(CASES)('$sentence', ({ nodes, there = [], before, pod: words, yes, no }) => {
  const all = [...Object.entries(yes).map(([what, how]) => [what, true, how] as const), ...Object.entries(no).map(([what, how]) => [what, false, how] as const)];
  it.each(all)('%s: %s', async (_, again, how) => {
    let tries = 0;
    const c = await schedulerCluster(nodes, {
      plugins: () => ({ Counter: () => ({ name: 'Counter', preFilter: ({ pod: p }) => { if (p.key === 'default/x') tries++; return undefined; } }) }),
      // First of all, so that nobody refuses the pod before it is counted.
      profiles: [{ schedulerName: 'default-scheduler', plugins: { multiPoint: { enabled: [{ name: 'Counter' }] }, preFilter: { enabled: [{ name: 'Counter' }] } } }],
    }, api => { before?.(api); for (const p of there) api.put(podKind, p); });
    c.api.put(podKind, pod('x', words));
    await c.clock.advance(1_100);
    expect([tries, c.on('x')]).toEqual([1, undefined]);
    how(c.api);
    await c.settle();
    expect(tries > 1).toBe(again);
    await c.end();
  });
});

describe('back-off', () => {
  /** When pod x was tried, in ms since it came; a node's resources change every half second. */
  async function tries(more: (api: FakeApi) => void = () => {}): Promise<number[]> {
    const at: number[] = [];
    let start = 0;
    const c = await schedulerCluster([node('a', { cpu: '1' })], {
      plugins: () => ({ Counter: () => ({ name: 'Counter', preFilter: ({ pod: p }) => { if (p.key === 'default/x') at.push(c.clock.now() - start); return undefined; }, permit: (cycle) => (cycle.pod.key === 'default/x' ? { reasons: ['no'], fixed: false } : undefined), events: { 'node-labels': true } }) }),
      profiles: [{ schedulerName: 'default-scheduler', plugins: { multiPoint: { enabled: [{ name: 'Counter' }] } } }],
    });
    start = c.clock.now();
    more(c.api);
    c.api.put(podKind, pod('x'));
    for (let i = 0; i < 80; i++) { await c.clock.advance(500); label('a', { i: String(i) })(c.api); }
    await c.end();
    return at;
  }
  it('who is refused after the decision waits 1 s, then twice as long each time, 10 s at most', async () => {
    const at = await tries(), gaps = at.slice(1).map((t, i) => Math.round((t - at[i]!) / 500) / 2);
    expect(gaps.slice(0, 6)).toEqual([1, 2, 4, 8, 10, 10]);
  });
  it('who was refused by filters alone does not wait while nobody else is to be tried', async () => {
    const c = await schedulerCluster([node('a', { cpu: '1' })]);
    c.api.put(podKind, pod('x', { requests: { cpu: '2' } }));
    await c.settle();
    c.api.put(nodeKind, node('b'));
    await c.settle();
    expect(c.on('x')).toBe('b');
    await c.end();
  });
});

it('a pod whose claim is yet to be made from its template waits in silence, and goes as soon as its status names the claim', async () => {
  const c = await schedulerCluster([node('a')], {}, api => { api.put(deviceClassKind, deviceClass('gpu')); api.put(sliceKind, slice('a')); });
  c.api.put(podKind, pod('x', { resourceClaims: [{ name: 'c', resourceClaimTemplateName: 't' }] }));
  await c.settle();
  expect([c.on('x'), c.api.get<Pod>(podKind, 'default/x')?.status?.conditions ?? []]).toEqual([undefined, []]);
  const made = deviceClaim('x-c-1');
  made.metadata!.ownerReferences = [{ apiVersion: 'v1', kind: 'Pod', name: 'x', uid: c.api.get<Pod>(podKind, 'default/x')!.metadata!.uid!, controller: true }];
  c.api.put(deviceClaimKind, made);
  await c.settle();
  expect(c.on('x')).toBeUndefined();
  c.api.change<Pod>(podKind, 'default/x', p => { p.status!.resourceClaimStatuses = [{ name: 'c', resourceClaimName: 'x-c-1' }]; });
  await c.settle();
  expect(c.on('x')).toBe('a');
  await c.end();
});

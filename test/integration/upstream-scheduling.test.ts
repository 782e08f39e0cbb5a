// What the tests of Kubernetes' own scheduler (test/e2e/scheduling: predicates, preemption, priorities) ask of a cluster, played in process on a clock turned by hand:
// one control plane of two nodes, a namespace for each case.
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { replicaSet as replicaSetKind } from '../../core/api/kinds/apps/replica-set.ts';
import { namespace as namespaceKind } from '../../core/api/kinds/core/namespace.ts';
import { event as eventKind } from '../../core/api/kinds/core/event.ts';
import { node as nodeKind } from '../../core/api/kinds/core/node.ts';
import { pod as podKind } from '../../core/api/kinds/core/pod.ts';
import { runtimeClass as runtimeClassKind } from '../../core/api/kinds/node/runtime-class.ts';
import { deviceClass as deviceClassKind } from '../../core/api/kinds/resource/device-class.ts';
import { resourceClaim as resourceClaimKind } from '../../core/api/kinds/resource/resource-claim.ts';
import { resourceClaimTemplate as templateKind } from '../../core/api/kinds/resource/resource-claim-template.ts';
import { resourceSlice as resourceSliceKind } from '../../core/api/kinds/resource/resource-slice.ts';
import { priorityClass as priorityClassKind } from '../../core/api/kinds/scheduling/priority-class.ts';
import type { KubeObject, ResourceType } from '../../core/api/meta/object.ts';
import { statusOf } from '../../core/api/meta/status.ts';
import type { CoreEvent, DeviceClass, Pod, PodSpec, PriorityClass, ReplicaSet, ResourceClaimTemplate, ResourceSlice, ResourceV1ResourceClaim, RuntimeClass, Taint } from '../../core/api/types/kubernetes.ts';
import { controlPlane, type ControlPlane } from '../harness/control-plane.ts';

let c: ControlPlane, ns = '', count = 0;
const NODES = ['n1', 'n2'], HOST = 'kubernetes.io/hostname', MERGE = 'application/merge-patch+json';

beforeAll(async () => {
  c = await controlPlane(NODES);
  for (const [name, value] of [['low', 1], ['medium', 100], ['high', 1000], ['p1', 1], ['p2', 2], ['p3', 3], ['p4', 4]] as const) await create<PriorityClass>(priorityClassKind, { metadata: { name }, value });
});
afterAll(() => c.stop());
beforeEach(async () => { ns = `case-${count++}`; await create(namespaceKind, { metadata: { name: ns } }); });

const create = <T extends KubeObject>(r: ResourceType, o: T): Promise<T> => c.during(c.client.create<T>(r, o));
const patch = <T extends KubeObject>(r: ResourceType, name: string, body: object, subresource?: string): Promise<T> => c.during(c.client.patch<T>(r, r.namespaced ? ns : undefined, name, MERGE, body, subresource));
const why = (work: Promise<unknown>): Promise<string> => work.then(() => 'no error', (e: unknown) => `${statusOf(e).code} ${statusOf(e).message}`);

interface Words extends Partial<PodSpec> { labels?: Record<string, string>; ask?: Record<string, string>; namespace?: string; finalizers?: string[] }
function pod(name: string, { labels, ask, namespace = ns, finalizers, ...spec }: Words = {}): Pod {
  return { metadata: { name, namespace, ...(labels ? { labels } : {}), ...(finalizers ? { finalizers } : {}) }, spec: { containers: [{ name: 'pause', image: 'pause', ...(ask ? { resources: { requests: ask, limits: ask } } : {}) }], terminationGracePeriodSeconds: 1, ...spec } };
}
const put = (...pods: Pod[]): Promise<Pod[]> => Promise.all(pods.map(p => create(podKind, p)));
const get = (name: string, namespace = ns): Promise<Pod | undefined> => c.get<Pod>(podKind, name, namespace);
const on = async (name: string, namespace = ns): Promise<string | undefined> => (await get(name, namespace))?.spec?.nodeName;
const scheduled = async (name: string, namespace = ns) => (await get(name, namespace))?.status?.conditions?.find(x => x.type === 'PodScheduled');
/** Lets the cluster live until all of them have a node. */
async function placed(...names: string[]): Promise<(string | undefined)[]> {
  for (let i = 0; i < 40 && (await Promise.all(names.map(n => on(n)))).includes(undefined); i++) await c.settle(100);
  return Promise.all(names.map(n => on(n)));
}
const OF = (name: string): NonNullable<PodSpec['affinity']> => ({ nodeAffinity: { requiredDuringSchedulingIgnoredDuringExecution: { nodeSelectorTerms: [{ matchFields: [{ key: 'metadata.name', operator: 'In', values: [name] }] }] } } });
const offer = (name: string, amounts: Record<string, string | null>): Promise<unknown> => patch(nodeKind, name, { status: { capacity: amounts, allocatable: amounts } }, 'status');
const label = (name: string, labels: Record<string, string | null>): Promise<unknown> => patch(nodeKind, name, { metadata: { labels } });
const taint = (name: string, taints: Taint[] | null): Promise<unknown> => patch(nodeKind, name, { spec: { taints } });
/** Nothing of a case is left on the nodes. */
async function clear(): Promise<void> {
  await c.during(c.client.delete(namespaceKind, undefined, ns));
  for (let i = 0; i < 40 && (await c.list(podKind, ns)).length > 0; i++) await c.settle(100);
}

describe('SchedulerPreemption', () => {
  const FOO = 'scheduling.k8s.io/foo';
  it('validates basic preemption works', async () => {
    for (const n of NODES) await offer(n, { [FOO]: '3' });
    await put(pod('pod0', { ask: { [FOO]: '2' }, priorityClassName: 'low', affinity: OF('n1') }), pod('pod1', { ask: { [FOO]: '2' }, priorityClassName: 'medium', affinity: OF('n2') }));
    expect(await placed('pod0', 'pod1')).toEqual(['n1', 'n2']);
    await put(pod('preemptor', { ask: { [FOO]: '2' }, priorityClassName: 'high' }));
    expect([await placed('preemptor'), await get('pod0'), (await get('pod1'))?.metadata?.deletionTimestamp]).toEqual([['n1'], undefined, undefined]);
    expect((await get('preemptor'))?.status?.nominatedNodeName).toBeUndefined();
    await clear();
  });
  it('validates lower priority pod preemption by critical pod', async () => {
    await put(pod('pod0', { ask: { [FOO]: '2' }, priorityClassName: 'low', affinity: OF('n1') }), pod('pod1', { ask: { [FOO]: '2' }, priorityClassName: 'medium', affinity: OF('n2') }));
    await placed('pod0', 'pod1');
    await put(pod('critical', { namespace: 'kube-system', ask: { [FOO]: '2' }, priorityClassName: 'system-cluster-critical' }));
    for (let i = 0; i < 40 && !await on('critical', 'kube-system'); i++) await c.settle(100);
    expect([await on('critical', 'kube-system'), await get('pod0'), (await get('pod1'))?.metadata?.deletionTimestamp]).toEqual(['n1', undefined, undefined]);
    await c.during(c.client.delete(podKind, 'kube-system', 'critical', { gracePeriodSeconds: 0 }));
    for (const n of NODES) await offer(n, { [FOO]: null });
    await clear();
  });
  it('PodTopologySpread Preemption: validates proper pods are preempted', async () => {
    const RES = 'example.com/fakePTSRes', KEY = 'kubernetes.io/e2e-pts-preemption', labels = { spread: '' };
    for (const n of NODES) { await label(n, { [KEY]: n }); await offer(n, { [RES]: '10' }); }
    await put(pod('high', { labels, ask: { [RES]: '9' }, priorityClassName: 'high' }));
    const [first] = await placed('high');
    await put(...['low-1', 'low-2', 'low-3'].map(n => pod(n, { labels, ask: { [RES]: '3' }, priorityClassName: 'low' })));
    const other = NODES.find(n => n !== first)!;
    expect(await placed('low-1', 'low-2', 'low-3')).toEqual([other, other, other]);
    await put(pod('medium', { labels, ask: { [RES]: '3' }, priorityClassName: 'medium', topologySpreadConstraints: [{ maxSkew: 1, topologyKey: KEY, whenUnsatisfiable: 'DoNotSchedule', labelSelector: { matchExpressions: [{ key: 'spread', operator: 'Exists' }] } }] }));
    expect(await placed('medium')).toEqual([other]);
    expect((await c.list<Pod>(podKind, ns)).map(p => p.metadata!.name!.split('-')[0]).sort()).toEqual(['high', 'low', 'medium']);
    for (const n of NODES) { await label(n, { [KEY]: null }); await offer(n, { [RES]: null }); }
    await clear();
  });
  it('PreemptionExecutionPath: runs ReplicaSets to verify preemption running path', async () => {
    const CPU = 'example.com/fakecpu', made = [0, 0, 0];
    await offer('n1', { [CPU]: '1000' });
    const seen = new Set<string>();
    const look = async (): Promise<void> => {
      for (const p of await c.list<Pod>(podKind, ns)) if (!seen.has(p.metadata!.uid!)) { seen.add(p.metadata!.uid!); const i = /^rs-pod(\d)/.exec(p.metadata!.name!)?.[1]; if (i) made[Number(i) - 1]!++; }
    };
    for (const [i, amount] of [[1, '200'], [2, '300'], [3, '450']] as const) {
      const { spec } = pod('x', { ask: { [CPU]: amount }, priorityClassName: `p${i}`, nodeSelector: { [HOST]: 'n1' } });
      await create<ReplicaSet>(replicaSetKind, { metadata: { name: `rs-pod${i}`, namespace: ns }, spec: { replicas: 1, selector: { matchLabels: { name: `pod${i}` } }, template: { metadata: { labels: { name: `pod${i}` } }, spec: { ...spec!, containers: spec!.containers } } } });
    }
    for (let i = 0; i < 20; i++) { await c.settle(60); await look(); }
    expect((await c.list<Pod>(podKind, ns)).map(p => p.status?.phase)).toEqual(['Running', 'Running', 'Running']);
    await put(pod('pod4', { ask: { [CPU]: '500' }, priorityClassName: 'p4', nodeSelector: { [HOST]: 'n1' } }));
    for (let i = 0; i < 40; i++) { await c.settle(60); await look(); }
    expect(await on('pod4')).toBe('n1');
    for (let i = 0; i < 20; i++) { await c.settle(300, 100); await look(); }
    // One to be driven out of each of the first two, and no more of those that came after.
    expect(made).toEqual([2, 2, 1]);
    await offer('n1', { [CPU]: null });
    await clear();
  });
  it('PriorityClass endpoints: verify they can be operated with different HTTP methods', async () => {
    const labels = { e2e: ns };
    await create<PriorityClass>(priorityClassKind, { metadata: { name: 'q1', labels }, value: 1 });
    const q2 = await create<PriorityClass>(priorityClassKind, { metadata: { name: 'q2', labels }, value: 2 });
    expect(await why(patch(priorityClassKind, 'q1', { value: 10 }))).toMatch(/^422 .*value: Forbidden: may not be changed in an update\.$/);
    expect(await why(c.during(c.client.update<PriorityClass>(priorityClassKind, { ...q2, value: 20 })))).toMatch(/^422 .*value: Forbidden: may not be changed in an update\.$/);
    expect((await patch<PriorityClass>(priorityClassKind, 'q1', { description: 'updated description' })).description).toBe('updated description');
    expect((await c.during(c.client.update<PriorityClass>(priorityClassKind, { ...q2, description: 'updated description' }))).description).toBe('updated description');
    expect((await c.list<PriorityClass>(priorityClassKind)).filter(p => p.metadata!.labels?.['e2e'] === ns).map(p => p.description)).toEqual(['updated description', 'updated description']);
  });
  it('PodDisruptionConditions: a preempted pod carries DisruptionTarget with the reason why', async () => {
    await offer('n1', { [FOO]: '1' });
    await put(pod('victim', { ask: { [FOO]: '1' }, priorityClassName: 'low', affinity: OF('n1'), finalizers: ['example.com/test-finalizer'] }));
    await placed('victim');
    await put(pod('preemptor', { ask: { [FOO]: '1' }, priorityClassName: 'high' }));
    for (let i = 0; i < 20 && !(await get('victim'))?.metadata?.deletionTimestamp; i++) await c.settle(60);
    const victim = await get('victim');
    expect(victim?.status?.conditions?.find(x => x.type === 'DisruptionTarget')).toMatchObject({ status: 'True', reason: 'PreemptionByScheduler', message: 'default-scheduler: preempting to accommodate a higher priority pod' });
    const events = await c.list<CoreEvent>(eventKind, ns);
    expect(events.find(e => e.reason === 'Preempted')?.message).toBe(`Preempted by pod ${(await get('preemptor'))!.metadata!.uid} on node n1`);
    await patch(podKind, 'victim', { metadata: { finalizers: null } });
    expect(await placed('preemptor')).toEqual(['n1']);
    await offer('n1', { [FOO]: null });
    await clear();
  });
});

describe('SchedulerPredicates', () => {
  it('validates resource limits of pods that are allowed to run', async () => {
    await put(...NODES.map(n => pod(`filler-${n}`, { ask: { cpu: '2800m' }, affinity: OF(n) })));
    await placed(...NODES.map(n => `filler-${n}`));
    await put(pod('additional', { ask: { cpu: '2' } }));
    await c.settle(200);
    expect(await scheduled('additional')).toMatchObject({ status: 'False', reason: 'Unschedulable', message: '0/2 nodes are available: 2 Insufficient cpu. no new claims to deallocate, preemption: 0/2 nodes are available: 2 No preemption victims found for incoming pod.' });
    await clear();
  });
  it('validates pod overhead is considered along with resource limits of pods that are allowed to run', async () => {
    const RES = 'example.com/beardsecond';
    await offer('n1', { [RES]: '1000' });
    await create<RuntimeClass>(runtimeClassKind, { metadata: { name: 'test-handler' }, handler: 'test-handler', overhead: { podFixed: { [RES]: '250' } } });
    await put(pod('filler', { ask: { [RES]: '700' } }));
    await placed('filler');
    await put(pod('additional', { ask: { [RES]: '200' }, runtimeClassName: 'test-handler' }));
    await c.settle(200);
    expect((await scheduled('additional'))?.message).toMatch(/^0\/2 nodes are available: 2 Insufficient example\.com\/beardsecond\./);
    await offer('n1', { [RES]: null });
    await clear();
  });
  it('validates that NodeSelector is respected if not matching, if matching', async () => {
    await put(pod('restricted', { nodeSelector: { label: 'nonempty' } }));
    await c.settle(200);
    expect((await scheduled('restricted'))?.message).toMatch(/^0\/2 nodes are available: 2 node\(s\) didn't match Pod's node affinity\/selector\./);
    await label('n2', { label: 'nonempty' });
    expect(await placed('restricted')).toEqual(['n2']);
    await label('n2', { label: null });
    await clear();
  });
  it('validates that NodeAffinity is respected if not matching; that required NodeAffinity setting is respected if matching', async () => {
    const want = (...terms: string[][]): Words => ({ affinity: { nodeAffinity: { requiredDuringSchedulingIgnoredDuringExecution: { nodeSelectorTerms: terms.map(([key, ...values]) => ({ matchExpressions: [{ key: key!, operator: 'In', values }] })) } } } });
    await put(pod('restricted', want(['foo', 'bar', 'value2'], ['diffkey', 'wrong', 'value2'])), pod('with', want([HOST, 'n2'])));
    expect(await placed('with')).toEqual(['n2']);
    expect(await scheduled('restricted')).toMatchObject({ reason: 'Unschedulable' });
    await clear();
  });
  it('validates that taints-tolerations is respected if matching, if not matching', async () => {
    const t: Taint = { key: 'kubernetes.io/e2e-taint-key', value: 'testing-taint-value', effect: 'NoSchedule' };
    await taint('n1', [t]);
    await label('n1', { pick: 'me' });
    await put(pod('tolerates', { nodeSelector: { pick: 'me' }, tolerations: [{ key: t.key, value: t.value!, effect: t.effect }] }), pod('not', { nodeSelector: { pick: 'me' } }));
    expect(await placed('tolerates')).toEqual(['n1']);
    expect((await scheduled('not'))?.message).toMatch(/^0\/2 nodes are available: 1 node\(s\) didn't match Pod's node affinity\/selector, 1 node\(s\) had untolerated taint\(s\)\./);
    await taint('n1', null);
    expect(await placed('not')).toEqual(['n1']);
    await label('n1', { pick: null });
    await clear();
  });
  it('validates that there is no conflict between pods with same hostPort but different hostIP and protocol; that there exists one between same hostPort and protocol but one using 0.0.0.0 hostIP', async () => {
    const at = (name: string, hostIP: string | undefined, protocol: string, hostPort: number): Pod =>
      pod(name, { affinity: OF('n1'), containers: [{ name: 'agnhost', image: 'agnhost', ports: [{ containerPort: 8080, hostPort, protocol, ...(hostIP ? { hostIP } : {}) }] }] });
    await put(at('pod1', '127.0.0.1', 'TCP', 54323), at('pod2', '10.0.0.7', 'TCP', 54323), at('pod3', '10.0.0.7', 'UDP', 54323));
    expect(await placed('pod1', 'pod2', 'pod3')).toEqual(['n1', 'n1', 'n1']);
    await put(at('pod4', undefined, 'TCP', 54322));
    await placed('pod4');
    await put(at('pod5', '10.0.0.7', 'TCP', 54322));
    await c.settle(200);
    expect((await scheduled('pod5'))?.message).toMatch(/^0\/2 nodes are available: 1 node\(s\) didn't have free ports for the requested pod ports, 1 node\(s\) didn't satisfy plugin\(s\) \[NodeAffinity\]\./);
    await clear();
  });
  it('PodTopologySpread Filtering: validates 4 pods with MaxSkew=1 are evenly distributed into 2 nodes', async () => {
    const labels = { 'e2e-pts-filter': '' };
    await put(...[0, 1, 2, 3].map(i => pod(`p${i}`, { labels, topologySpreadConstraints: [{ maxSkew: 1, topologyKey: HOST, whenUnsatisfiable: 'DoNotSchedule', labelSelector: { matchExpressions: [{ key: 'e2e-pts-filter', operator: 'Exists' }] } }] })));
    expect((await placed('p0', 'p1', 'p2', 'p3')).sort()).toEqual(['n1', 'n1', 'n2', 'n2']);
    await clear();
  });
  it('validates Pods with non-empty schedulingGates are blocked on scheduling', async () => {
    const schedulingGates = [{ name: 'foo' }, { name: 'bar' }];
    await put(pod('gated', { schedulingGates }), pod('opened', { schedulingGates }), pod('narrowed', { schedulingGates }));
    await c.settle(200);
    expect(await scheduled('gated')).toMatchObject({ status: 'False', reason: 'SchedulingGated', message: 'Scheduling is blocked due to non-empty scheduling gates' });
    await patch(podKind, 'opened', { spec: { schedulingGates: null } });
    await patch(podKind, 'narrowed', { spec: { nodeSelector: { [HOST]: 'n2' } } });
    await patch(podKind, 'narrowed', { spec: { schedulingGates: null } });
    expect(await placed('narrowed')).toEqual(['n2']);
    expect(await placed('opened')).not.toContain(undefined);
    expect([await on('gated'), (await scheduled('gated'))?.reason]).toEqual([undefined, 'SchedulingGated']);
    expect(await why(patch(podKind, 'gated', { spec: { schedulingGates: [...schedulingGates, { name: 'baz' }] } }))).toContain("spec.schedulingGates[2].name: Forbidden: only deletion is allowed, but found new scheduling gate 'baz'");
    await clear();
  });
  it('a pod for another scheduler is left alone', async () => {
    await put(pod('other', { schedulerName: 'mine' }));
    await c.settle(200);
    expect([await on('other'), await scheduled('other')]).toEqual([undefined, undefined]);
    await clear();
  });
});

describe('SchedulerPriorities', () => {
  it('Pod should be scheduled to node that don\'t match the PodAntiAffinity terms', async () => {
    await put(pod('pod-with-label', { labels: { security: 'S1' } }));
    const [first] = await placed('pod-with-label');
    const term = { topologyKey: HOST, labelSelector: { matchExpressions: [{ key: 'security', operator: 'In', values: ['S1', 'value2'] }] }, namespaces: [ns] };
    await put(pod('away', { affinity: { podAntiAffinity: { preferredDuringSchedulingIgnoredDuringExecution: [{ weight: 100, podAffinityTerm: term }] } } }));
    expect(await placed('away')).toEqual([NODES.find(n => n !== first)]);
    await clear();
  });
  it('Pod should be preferably scheduled to nodes pod can tolerate', async () => {
    const taints = (of: string): Taint[] => Array.from({ length: 10 }, (_, i) => ({ key: `kubernetes.io/e2e-scheduling-priorities-${i}`, value: `${of}-${i}`, effect: 'PreferNoSchedule' }));
    await taint('n2', taints('n2'));
    await put(pod('without'));
    expect(await placed('without')).toEqual(['n1']);
    await taint('n1', taints('n1'));
    await put(pod('with', { tolerations: taints('n1').map(({ key, value, effect }) => ({ key, value: value!, effect })) }));
    expect(await placed('with')).toEqual(['n1']);
    for (const n of NODES) await taint(n, null);
    await clear();
  });
  it('PodTopologySpread Scoring: validates pod should be preferably scheduled to node which makes the matching pods more evenly distributed', async () => {
    const labels = { 'e2e-pts-score': '' }, KEY = 'kubernetes.io/e2e-pts-score';
    for (const n of NODES) await label(n, { [KEY]: n });
    await put(...[0, 1, 2, 3].map(i => pod(`rs-${i}`, { labels, nodeSelector: { [KEY]: 'n1' } })));
    await placed('rs-0', 'rs-1', 'rs-2', 'rs-3');
    await put(pod('test', { labels, topologySpreadConstraints: [{ maxSkew: 1, topologyKey: KEY, whenUnsatisfiable: 'ScheduleAnyway', labelSelector: { matchExpressions: [{ key: 'e2e-pts-score', operator: 'Exists' }] } }] }));
    expect(await placed('test')).toEqual(['n2']);
    for (const n of NODES) await label(n, { [KEY]: null });
    await clear();
  });
});

describe('DRA', () => {
  const DRIVER = 'dra.example.com', AT = 'resource.k8s.io/v1';
  const claimOf = async (name: string): Promise<ResourceV1ResourceClaim> => (await c.get<ResourceV1ResourceClaim>(resourceClaimKind, name, ns))!;
  const usingClaim = (name: string, source: object, more: Words = {}): Pod => pod(name, { ...more, resourceClaims: [{ name: 'gpu', ...source }] });
  it('a claim made from a template is allocated with a device of its class, reserved for its pod, and the pod goes where the device is; then its device is free again', async () => {
    await create<DeviceClass>(deviceClassKind, { apiVersion: AT, kind: 'DeviceClass', metadata: { name: 'gpu' }, spec: { selectors: [{ cel: { expression: `device.driver == "${DRIVER}"` } }] } });
    const device = (name: string, cores: number) => ({ name, attributes: { cores: { int: cores } } });
    for (const [node, ...devices] of [['n1', device('small', 2)], ['n2', device('big', 8)]] as const)
      await create<ResourceSlice>(resourceSliceKind, { apiVersion: AT, kind: 'ResourceSlice', metadata: { name: node }, spec: { driver: DRIVER, nodeName: node, pool: { name: node, generation: 1, resourceSliceCount: 1 }, devices: [...devices] } });
    const requests = [{ name: 'one', exactly: { deviceClassName: 'gpu', selectors: [{ cel: { expression: `device.attributes["${DRIVER}"].cores >= 8` } }] } }];
    await create<ResourceClaimTemplate>(templateKind, { apiVersion: AT, kind: 'ResourceClaimTemplate', metadata: { name: 'big', namespace: ns }, spec: { spec: { devices: { requests } } } });
    await put(usingClaim('first', { resourceClaimTemplateName: 'big' }));
    expect(await placed('first')).toEqual(['n2']);
    const first = (await get('first'))!, claim = await claimOf(first.status!.resourceClaimStatuses![0]!.resourceClaimName!);
    expect(claim).toMatchObject({
      metadata: { annotations: { 'resource.kubernetes.io/pod-claim-name': 'gpu' }, finalizers: ['resource.kubernetes.io/delete-protection'], ownerReferences: [{ kind: 'Pod', name: 'first' }] },
      status: {
        allocation: { devices: { results: [{ request: 'one', driver: DRIVER, pool: 'n2', device: 'big' }] }, nodeSelector: { nodeSelectorTerms: [{ matchFields: [{ key: 'metadata.name', operator: 'In', values: ['n2'] }] }] } },
        reservedFor: [{ resource: 'pods', name: 'first', uid: first.metadata!.uid }],
      },
    });
    expect(claim.metadata!.name).toMatch(/^first-gpu-.{5}$/);
    await put(usingClaim('second', { resourceClaimTemplateName: 'big' }));
    await c.settle(400);
    expect((await scheduled('second'))?.message).toBe('0/2 nodes are available: 2 cannot allocate all claims. still not schedulable, preemption: 0/2 nodes are available: 2 Preemption is not helpful for scheduling.');
    await c.during(c.client.delete(podKind, ns, 'first', { gracePeriodSeconds: 0 }));
    expect(await placed('second')).toEqual(['n2']);
    await clear();
  });
  it('a selector that does not compile, is no condition, or may cost too much is refused', async () => {
    const loops = (n: number): string => `[1, 2, 3, 4, 5, 6, 7, 8, 9, 10].all(x${n}, ${n === 0 ? 'true' : loops(n - 1)})`;
    const refused = async (kind: ResourceType, spec: object): Promise<string | undefined> => c.during(c.client.create(kind, { apiVersion: `${kind.group}/${kind.version}`, kind: kind.kind, metadata: { name: 'wrong', ...(kind.namespaced ? { namespace: ns } : {}) }, spec } as KubeObject).then(() => undefined, (e: Error) => e.message));
    const by = (expression: string): object => ({ deviceClassName: 'gpu', selectors: [{ cel: { expression } }] });
    expect(await refused(deviceClassKind, { selectors: [{ cel: { expression: 'device.size > 1' } }] })).toBe('DeviceClass.resource.k8s.io "wrong" is invalid: spec.selectors[0].cel.expression: Invalid value: "device.size > 1": compilation failed: ERROR: <input>:1:7: undefined field \'size\'\n | device.size > 1\n | ......^');
    expect(await refused(resourceClaimKind, { devices: { requests: [{ name: 'r', exactly: by('device.driver') }] } })).toBe('ResourceClaim.resource.k8s.io "wrong" is invalid: spec.devices.requests[0].exactly.selectors[0].cel.expression: Invalid value: "device.driver": must evaluate to bool or the unknown type, not string');
    expect(await refused({ ...resourceClaimKind, version: 'v1beta1' }, { devices: { requests: [{ name: 'r', ...by('device.driver') }] } })).toMatch(/must evaluate to bool or the unknown type, not string$/);
    expect(await refused(templateKind, { spec: { devices: { requests: [{ name: 'r', firstAvailable: [{ name: 'one', ...by(loops(6)) }] }] } } })).toBe('ResourceClaimTemplate.resource.k8s.io "wrong" is invalid: spec.spec.devices.requests[0].firstAvailable[0].selectors[0].cel.expression: Forbidden: too complex, exceeds cost limit');
  });
  it('a claim of its own outlives pods, and is shared by them; what is wrong with one is said', async () => {
    await create<ResourceV1ResourceClaim>(resourceClaimKind, { apiVersion: AT, kind: 'ResourceClaim', metadata: { name: 'mine', namespace: ns }, spec: { devices: { requests: [{ name: 'any', exactly: { deviceClassName: 'gpu' } }] } } });
    await put(usingClaim('a', { resourceClaimName: 'mine' }), usingClaim('nobody', { resourceClaimName: 'nobody' }));
    const [where] = await placed('a');
    await put(usingClaim('b', { resourceClaimName: 'mine' }), usingClaim('elsewhere', { resourceClaimName: 'mine' }, { nodeSelector: { [HOST]: NODES.find(n => n !== where)! } }));
    expect(await placed('b')).toEqual([where]);
    expect((await claimOf('mine')).status!.reservedFor!.map(r => r.name).sort()).toEqual(['a', 'b']);
    expect((await scheduled('elsewhere'))?.message).toMatch(/^0\/2 nodes are available: 1 node\(s\) didn't match Pod's node affinity\/selector, 1 resourceclaim not available on the node\. still not schedulable, preemption: /);
    expect((await scheduled('nobody'))?.message).toMatch(new RegExp(`^0/2 nodes are available: could not find v1.ResourceClaim "${ns}/nobody"\\. no new claims to deallocate, preemption: 0/2 nodes are available: 2 Preemption is not helpful for scheduling\\.$`));
    for (const name of ['a', 'b']) await c.during(c.client.delete(podKind, ns, name, { gracePeriodSeconds: 0 }));
    // Nobody uses it: it is free to be elsewhere.
    expect(await placed('elsewhere')).toEqual([NODES.find(n => n !== where)]);
    await clear();
  });
});

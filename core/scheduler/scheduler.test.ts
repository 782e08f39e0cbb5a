import { describe, expect, it } from 'vitest';
import { node as nodeKind } from '../api/kinds/core/node.ts';
import { namespace as namespaceKind } from '../api/kinds/core/namespace.ts';
import { persistentVolumeClaim as claimKind } from '../api/kinds/core/persistent-volume-claim.ts';
import { persistentVolume as volumeKind } from '../api/kinds/core/persistent-volume.ts';
import { podDisruptionBudget as budgetKind } from '../api/kinds/policy/pod-disruption-budget.ts';
import { pod as podKind } from '../api/kinds/core/pod.ts';
import type { Node, PersistentVolumeClaim, Pod, PodDisruptionBudget } from '../api/types/kubernetes.ts';
import { schedulerCluster } from '../../test/harness/scheduler-cluster.ts';

const node = (name: string, memory: string, more: Partial<Node> = {}): Node => ({
  metadata: { name, labels: { 'kubernetes.io/hostname': name, ...more.metadata?.labels } }, spec: more.spec ?? {},
  status: { allocatable: { cpu: '4', memory, pods: '110' } },
});
const pod = (name: string, memory?: string, spec: Partial<NonNullable<Pod['spec']>> = {}, owner?: string): Pod => ({
  metadata: { name, namespace: 'default', labels: { app: name.split('-')[0]! }, ...(owner ? { ownerReferences: [{ apiVersion: 'apps/v1', kind: 'ReplicaSet', name: owner, uid: owner, controller: true }] } : {}) },
  spec: { schedulerName: 'default-scheduler', containers: [{ name: 'c', image: 'x', ...(memory ? { resources: { requests: { memory } } } : {}) }], ...spec },
});

const cluster = (...nodes: Node[]) => schedulerCluster(nodes);

describe('scheduler', () => {
  it('puts a pod with 2+2 Gi on the 4 Gi node, leaves the second pending, and places it when room appears', async () => {
    const c = await cluster(node('small', '3500Mi'), node('big', '4Gi'));
    const two = { containers: ['a', 'b'].map(name => ({ name, image: 'x', resources: { requests: { memory: '2Gi' } } })) };
    c.api.put(podKind, pod('one', undefined, two));
    await c.settle();
    expect(c.on('one')).toBe('big');
    expect(c.events).toContain('one Normal Scheduled Successfully assigned default/one to big');
    c.api.put(podKind, pod('two', undefined, two));
    await c.settle();
    const message = '0/2 nodes are available: 2 Insufficient memory. no new claims to deallocate, preemption: 0/2 nodes are available: 1 No preemption victims found for incoming pod, 1 Preemption is not helpful for scheduling.';
    expect(c.events).toContain(`two Warning FailedScheduling ${message}`);
    expect(c.condition('two')).toMatchObject({ status: 'False', reason: 'Unschedulable', message });
    c.api.remove(podKind, 'default/one');
    await c.clock.advance(1_100);
    expect(c.on('two')).toBe('big');
    await c.end();
  });

  it('names each reason with its count', async () => {
    const c = await cluster(
      node('tainted', '4Gi', { spec: { taints: [{ key: 'dedicated', value: 'db', effect: 'NoSchedule' }] } }),
      node('cordoned', '4Gi', { spec: { unschedulable: true } }), node('full', '1Gi'), node('busy', '4Gi'),
    );
    c.api.put(podKind, pod('holder', '1Gi', { nodeName: 'busy', containers: [{ name: 'c', image: 'x', ports: [{ containerPort: 80, hostPort: 80 }] }] }));
    c.api.put(podKind, pod('web', '2Gi', { containers: [{ name: 'c', image: 'x', ports: [{ containerPort: 80, hostPort: 80 }], resources: { requests: { memory: '2Gi' } } }] }));
    await c.settle();
    expect(c.condition('web')?.message).toBe("0/4 nodes are available: 1 Insufficient memory, 1 node(s) didn't have free ports for the requested pod ports, "
      + '1 node(s) had untolerated taint(s), 1 node(s) were unschedulable. no new claims to deallocate, preemption: 0/4 nodes are available: '
      + '1 No preemption victims found for incoming pod, 3 Preemption is not helpful for scheduling.');
    await c.end();
  });

  it('waits for a label, a taint, a first node', async () => {
    const c = await cluster();
    c.api.put(podKind, pod('any'));
    await c.settle();
    expect(c.condition('any')?.message).toBe('no nodes available to schedule pods');
    c.api.put(nodeKind, node('n1', '4Gi'));
    await c.clock.advance(1_100);
    expect(c.on('any')).toBe('n1');
    c.api.put(podKind, pod('picky', undefined, { nodeSelector: { machine: 'physical' } }));
    await c.settle();
    expect(c.condition('picky')?.message).toContain("1 node(s) didn't match Pod's node affinity/selector.");
    c.api.change<Node>(nodeKind, 'n1', n => { n.metadata!.labels!['machine'] = 'physical'; });
    await c.clock.advance(1_100);
    expect(c.on('picky')).toBe('n1');
    await c.end();
  });

  it('spreads the pods of one controller evenly', async () => {
    const c = await cluster(node('a', '4Gi'), node('b', '4Gi'));
    for (let i = 0; i < 4; i++) c.api.put(podKind, pod(`web-${i}`, undefined, {}, 'rs'));
    await c.settle();
    expect([0, 1, 2, 3].map(i => c.on(`web-${i}`)).sort()).toEqual(['a', 'a', 'b', 'b']);
    await c.end();
  });

  it('keeps apart what must be apart, and together what wants to be', async () => {
    const c = await cluster(node('a', '4Gi'), node('b', '4Gi'));
    const apart = { affinity: { podAntiAffinity: { requiredDuringSchedulingIgnoredDuringExecution: [{ topologyKey: 'kubernetes.io/hostname', labelSelector: { matchLabels: { app: 'db' } } }] } } };
    for (let i = 0; i < 3; i++) c.api.put(podKind, pod(`db-${i}`, undefined, apart));
    await c.settle();
    const placed = [0, 1, 2].map(i => c.on(`db-${i}`)).filter(Boolean).sort();
    expect(placed).toEqual(['a', 'b']);
    const left = [0, 1, 2].find(i => !c.on(`db-${i}`));
    expect(c.condition(`db-${left}`)?.message).toContain("0/2 nodes are available: 2 node(s) didn't match pod anti-affinity rules.");
    const together = { affinity: { podAffinity: { requiredDuringSchedulingIgnoredDuringExecution: [{ topologyKey: 'kubernetes.io/hostname', labelSelector: { matchLabels: { app: 'cache' } } }] } } };
    for (let i = 0; i < 3; i++) c.api.put(podKind, pod(`cache-${i}`, undefined, together));
    await c.settle();
    expect(new Set([0, 1, 2].map(i => c.on(`cache-${i}`))).size).toBe(1);
    await c.end();
  });

  it('counts pods of namespaces chosen by label', async () => {
    const c = await cluster(node('a', '4Gi'), node('b', '4Gi'));
    c.api.put(namespaceKind, { metadata: { name: 'other', labels: { team: 'x' } } });
    c.api.put(podKind, { ...pod('db', undefined, { nodeName: 'a' }), metadata: { name: 'db', namespace: 'other', labels: { app: 'db' } } });
    const avoid = (more: object) => ({ affinity: { podAntiAffinity: { requiredDuringSchedulingIgnoredDuringExecution: [{ topologyKey: 'kubernetes.io/hostname', labelSelector: { matchLabels: { app: 'db' } }, ...more }] } } });
    c.api.put(podKind, pod('w-1', undefined, { ...avoid({ namespaceSelector: { matchLabels: { team: 'x' } } }) }));
    await c.settle();
    expect(c.on('w-1')).toBe('b');
    await c.end();
  });

  it('holds a pod back whose claim is missing or not bound', async () => {
    const c = await cluster(node('a', '4Gi'));
    c.api.put(podKind, pod('db', undefined, { volumes: [{ name: 'd', persistentVolumeClaim: { claimName: 'data' } }] }));
    await c.settle();
    expect(c.condition('db')?.message).toBe('0/1 nodes are available: persistentvolumeclaim "data" not found. not found');
    c.api.put(claimKind, { metadata: { name: 'data', namespace: 'default' }, spec: {}, status: { phase: 'Pending' } });
    await c.clock.advance(1_100);
    expect(c.condition('db')?.message).toContain('0/1 nodes are available: pod has unbound immediate PersistentVolumeClaims. not found');
    c.api.change<PersistentVolumeClaim>(claimKind, 'default/data', p => { p.spec!.volumeName = 'pv'; p.status = { phase: 'Bound' }; });
    await c.clock.advance(2_100);
    expect(c.condition('db')?.message).toContain('0/1 nodes are available: 1 node(s) unavailable due to one or more pvc(s) bound to non-existent pv(s).');
    c.api.put(volumeKind, { metadata: { name: 'pv' }, spec: { capacity: { storage: '1Gi' } } });
    await c.clock.advance(4_100);
    expect(c.on('db')).toBe('a');
    await c.end();
  });

  it('makes room for a pod of higher priority by deleting the least', async () => {
    const c = await cluster(node('a', '4Gi'));
    c.api.put(podKind, pod('low', '2Gi', { priority: 1 }));
    c.api.put(podKind, pod('mid', '2Gi', { priority: 5 }));
    await c.settle();
    c.api.put(podKind, pod('high', '2Gi', { priority: 10 }));
    await c.settle();
    expect(c.api.get<Pod>(podKind, 'default/low')?.metadata?.deletionTimestamp).toBeDefined();
    expect(c.api.get<Pod>(podKind, 'default/mid')?.metadata?.deletionTimestamp).toBeUndefined();
    expect(c.api.get<Pod>(podKind, 'default/high')?.status?.nominatedNodeName).toBe('a');
    c.api.put(podKind, pod('thief', '1Gi', { priority: 2 }));
    c.api.remove(podKind, 'default/low');
    await c.settle();
    expect(c.on('thief')).toBeUndefined();
    await c.clock.advance(1_100);
    expect(c.on('high')).toBe('a');
    await c.end();
  });

  it('spares pods that a budget protects where others can go, and takes them where none can', async () => {
    const c = await cluster(node('a', '4Gi'), node('b', '4Gi'));
    const on = (nodeName: string, priority: number) => ({ nodeName, priority });
    c.api.put<PodDisruptionBudget>(budgetKind, { metadata: { name: 'db', namespace: 'default' }, spec: { minAvailable: 1, selector: { matchLabels: { app: 'db' } } }, status: { disruptionsAllowed: 0, currentHealthy: 1, desiredHealthy: 1, expectedPods: 1 } });
    c.api.put(podKind, pod('db', '4Gi', on('a', 1)));
    c.api.put(podKind, pod('web', '4Gi', on('b', 5)));
    await c.settle();
    const leaving = (name: string) => c.api.get<Pod>(podKind, `default/${name}`)?.metadata?.deletionTimestamp !== undefined;
    c.api.put(podKind, pod('high', '3Gi', { priority: 10 }));
    await c.settle();
    expect([leaving('db'), leaving('web')]).toEqual([false, true]);
    expect(c.events.some(e => /^web Normal Preempted Preempted by pod \S+ on node b$/.test(e))).toBe(true);
    c.api.put(podKind, pod('higher', '3Gi', { priority: 11, nodeSelector: { 'kubernetes.io/hostname': 'a' } }));
    await c.settle();
    expect(leaving('db')).toBe(true);
    await c.end();
  });

  it('takes required node affinity, topology and host ports at their word', async () => {
    const c = await cluster(node('a', '4Gi', { metadata: { labels: { zone: 'z1', cores: '8' } } }), node('b', '4Gi', { metadata: { labels: { zone: 'z2', cores: '16' } } }));
    const require = (...matchExpressions: { key: string; operator: string; values?: string[] }[]) => ({ affinity: { nodeAffinity: { requiredDuringSchedulingIgnoredDuringExecution: { nodeSelectorTerms: [{ matchExpressions }] } } } });
    c.api.put(podKind, pod('gt', undefined, require({ key: 'cores', operator: 'Gt', values: ['8'] })));
    c.api.put(podKind, pod('notin', undefined, require({ key: 'zone', operator: 'NotIn', values: ['z2'] })));
    c.api.put(podKind, pod('both', undefined, require({ key: 'cores', operator: 'Lt', values: ['9'] }, { key: 'zone', operator: 'In', values: ['z2'] })));
    await c.settle();
    expect([c.on('gt'), c.on('notin'), c.on('both')]).toEqual(['b', 'a', undefined]);
    expect(c.condition('both')?.message).toBe("0/2 nodes are available: 2 node(s) didn't match Pod's node affinity/selector. no new claims to deallocate, preemption: 0/2 nodes are available: 2 Preemption is not helpful for scheduling.");
    const even = { topologySpreadConstraints: [{ maxSkew: 1, topologyKey: 'zone', whenUnsatisfiable: 'DoNotSchedule', labelSelector: { matchLabels: { app: 'even' } } }] };
    for (let i = 0; i < 2; i++) { c.api.put(podKind, pod(`even-${i}`, undefined, even)); await c.settle(); }
    expect([...new Set([c.on('even-0'), c.on('even-1')])].sort()).toEqual(['a', 'b']);
    const port = { containers: [{ name: 'c', image: 'x', ports: [{ containerPort: 80, hostPort: 8080 }] }] };
    for (let i = 0; i < 3; i++) { c.api.put(podKind, pod(`port-${i}`, undefined, port)); await c.settle(); }
    expect([c.on('port-0'), c.on('port-1')].sort()).toEqual(['a', 'b']);
    expect(c.condition('port-2')?.message).toContain("0/2 nodes are available: 2 node(s) didn't have free ports for the requested pod ports.");
    c.api.remove(podKind, 'default/port-0');
    await c.clock.advance(1_100);
    expect(c.on('port-2')).toBeDefined();
    await c.end();
  });

  it('leaves room out that finished pods had, and keeps the place of those that are bound by name', async () => {
    const c = await cluster(node('a', '4Gi'));
    c.api.put(podKind, { ...pod('done', '4Gi', { nodeName: 'a' }), status: { phase: 'Succeeded' } });
    c.api.put(podKind, pod('byname', '3Gi', { nodeName: 'a' }));
    c.api.put(podKind, pod('late', '2Gi'));
    await c.settle();
    expect(c.condition('late')?.message).toContain('1 Insufficient memory.');
    c.api.change<Pod>(podKind, 'default/byname', p => { p.status = { phase: 'Failed' }; });
    await c.clock.advance(1_100);
    expect(c.on('late')).toBe('a');
    await c.end();
  });

  it('ignores pods of other schedulers and gated ones, and takes back a placement whose binding failed', async () => {
    const c = await cluster(node('a', '4Gi'));
    c.api.put(podKind, pod('other', undefined, { schedulerName: 'mine' }));
    c.api.put(podKind, pod('gated', undefined, { schedulingGates: [{ name: 'x' }] }));
    let failures = 1;
    c.api.intercept = r => { if (r.path.endsWith('/binding') && failures-- > 0) throw new Error('store is down'); };
    c.api.put(podKind, pod('tried', '3Gi'));
    await c.settle();
    expect([c.on('other'), c.on('gated'), c.on('tried')]).toEqual([undefined, undefined, undefined]);
    expect(c.events).toContain('tried Warning FailedScheduling running Bind plugin "DefaultBinder": store is down');
    await c.clock.advance(1_100);
    expect(c.on('tried')).toBe('a');
    await c.end();
  });
});

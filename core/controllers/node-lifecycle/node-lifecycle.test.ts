import { describe, expect, it } from 'vitest';
import { lease as leaseKind } from '../../api/kinds/coordination/lease.ts';
import { node as nodeKind } from '../../api/kinds/core/node.ts';
import { pod as podKind } from '../../api/kinds/core/pod.ts';
import { formatTime } from '../../api/meta/time.ts';
import type { Lease, Node, Pod } from '../../api/types/kubernetes.ts';
import { world, type World } from '../../../test/harness/controllers.ts';

const node = (name: string, ready = 'True'): Node => ({ metadata: { name }, spec: {}, status: { conditions: [{ type: 'Ready', status: ready, lastHeartbeatTime: '2026-01-01T00:00:00Z' }] } });
const pod = (name: string, nodeName: string, tolerations: NonNullable<Pod['spec']>['tolerations'] = []): Pod => ({
  metadata: { name, namespace: 'default' }, spec: { nodeName, containers: [], tolerations }, status: { phase: 'Running', conditions: [{ type: 'Ready', status: 'True' }] },
});
const taints = (w: World, name: string): string[] => (w.api.get<Node>(nodeKind, name)?.spec?.taints ?? []).map(t => `${t.key}:${t.effect}`).sort();
const beat = (w: World, name: string): void => { w.api.change<Node>(nodeKind, name, n => { n.status!.conditions![0]!.lastHeartbeatTime = formatTime(w.clock.now()); }); };

describe('node lifecycle', () => {
  it('sends nobody away when all nodes are silent: the fault is more likely ours', async () => {
    const w = await world(['node-lifecycle-controller', 'taint-eviction'], api => { for (const n of ['a', 'b']) { api.put(nodeKind, node(n)); api.put(podKind, pod(`on-${n}`, n)); } });
    await w.clock.advance(120_000);
    for (const n of ['a', 'b']) expect(taints(w, n)).toEqual(['node.kubernetes.io/unreachable:NoSchedule']);
    expect(w.api.all<Pod>(podKind).map(p => [p.metadata?.deletionTimestamp, p.status?.conditions?.find(c => c.type === 'Ready')?.status])).toEqual([[undefined, 'False'], [undefined, 'False']]);
    expect(w.events).toContain('Node/a Normal NodeNotReady Node a status is now: NodeNotReady');
    expect(w.events).toContain('Pod/on-a Warning NodeNotReady Node is not ready');
    await w.stop();
  });

  it('taints by condition, and cancels the eviction of pods whose node comes back in time', async () => {
    const stays = [{ key: 'node.kubernetes.io/unreachable', operator: 'Exists', effect: 'NoExecute', tolerationSeconds: 60 }];
    const w = await world(['node-lifecycle-controller', 'taint-eviction'], api => { for (const n of ['a', 'b']) api.put(nodeKind, node(n)); api.put(podKind, pod('patient', 'a', stays)); api.put(podKind, pod('hasty', 'a')); });
    expect(w.events).toContain('Node/a Normal RegisteredNode Node a event: Registered Node a in Controller');
    w.api.change<Node>(nodeKind, 'b', n => { n.status!.conditions!.push({ type: 'MemoryPressure', status: 'True' }); n.spec!.unschedulable = true; });
    for (let i = 0; i < 6; i++) { await w.clock.advance(10_000); beat(w, 'b'); }
    expect(taints(w, 'a')).toEqual(['node.kubernetes.io/unreachable:NoExecute', 'node.kubernetes.io/unreachable:NoSchedule']);
    expect(taints(w, 'b')).toEqual(['node.kubernetes.io/memory-pressure:NoSchedule', 'node.kubernetes.io/unschedulable:NoSchedule']);
    const hasty = w.api.get<Pod>(podKind, 'default/hasty');
    expect(hasty?.metadata?.deletionTimestamp).toBeDefined();
    expect(hasty?.status?.conditions?.find(c => c.type === 'DisruptionTarget')).toMatchObject({ status: 'True', reason: 'DeletionByTaintManager', message: 'Taint manager: deleting due to NoExecute taint' });
    expect(w.events).toContain('Pod/hasty Normal TaintManagerEviction Marking for deletion Pod default/hasty');
    w.api.change<Node>(nodeKind, 'a', n => { n.status!.conditions = [{ type: 'Ready', status: 'True', lastHeartbeatTime: formatTime(w.clock.now()) }]; });
    await w.clock.advance(5_000);
    expect(taints(w, 'a')).toEqual([]);
    expect(w.events).toContain('Pod/patient Normal TaintManagerEviction Cancelling deletion of Pod default/patient');
    for (let i = 0; i < 9; i++) { await w.clock.advance(10_000); beat(w, 'a'); beat(w, 'b'); }
    expect(w.api.get<Pod>(podKind, 'default/patient')?.metadata?.deletionTimestamp).toBeUndefined();
    w.api.remove(nodeKind, 'b');
    await w.settle();
    expect(w.events).toContain('Node/b Normal RemovingNode Node b event: Removing Node b from Controller');
    await w.stop();
  });

  /** Nodes `z0..` per zone; `down` of them are silent from the start. Answers how many of a zone have been evicted after so many seconds. */
  async function disrupted(zones: Readonly<Record<string, { size: number; down: number }>>): Promise<{ after(seconds: number): Promise<Record<string, number>>; stop(): Promise<void> }> {
    const all = Object.entries(zones).flatMap(([zone, { size, down }]) => Array.from({ length: size }, (_, i) => ({ zone, name: `${zone}${i}`, silent: i < down })));
    const w = await world(['node-lifecycle-controller'], api => { for (const { zone, name } of all) api.put(nodeKind, { ...node(name), metadata: { name, labels: { 'topology.kubernetes.io/zone': zone } } }); });
    const beatAll = (): void => { for (const n of all) if (!n.silent) beat(w, n.name); };
    // Until those that are silent have been so for longer than their grace.
    for (let i = 0; i < 4; i++) { await w.clock.advance(10_000); beatAll(); }
    return {
      stop: () => w.stop(),
      async after(seconds) {
        for (let t = 0; t < seconds; t += 10) { await w.clock.advance(10_000); beatAll(); }
        return Object.fromEntries(Object.keys(zones).map(z => [z, all.filter(n => n.zone === z && taints(w, n.name).includes('node.kubernetes.io/unreachable:NoExecute')).length]));
      },
    };
  }

  it('limits the eviction rate to --node-eviction-rate (default 0.1) per second: no more than 1 node per 10 seconds, in each availability zone', async () => {
    const d = await disrupted({ a: { size: 12, down: 5 }, b: { size: 5, down: 2 } });
    expect(await d.after(10)).toEqual({ a: 1, b: 1 });
    expect(await d.after(10)).toEqual({ a: 2, b: 2 });
    expect(await d.after(30)).toEqual({ a: 5, b: 2 });
    await d.stop();
  });

  it('if the fraction of unhealthy nodes is at least --unhealthy-zone-threshold (default 0.55) evictions stop in a small cluster', async () => {
    const d = await disrupted({ a: { size: 5, down: 3 }, b: { size: 3, down: 0 } });
    expect(await d.after(60)).toEqual({ a: 0, b: 0 });
    await d.stop();
  });

  it('… and are reduced to --secondary-node-eviction-rate (default 0.01) per second in one of more than 50 nodes', async () => {
    const d = await disrupted({ a: { size: 52, down: 30 }, b: { size: 1, down: 0 } });
    expect(await d.after(60)).toEqual({ a: 1, b: 0 });
    expect(await d.after(60)).toEqual({ a: 2, b: 0 });
    await d.stop();
  });

  it('when all nodes in a zone are unhealthy, then it evicts at the normal rate', async () => {
    const d = await disrupted({ a: { size: 4, down: 4 }, b: { size: 1, down: 0 } });
    expect(await d.after(50)).toEqual({ a: 4, b: 0 });
    await d.stop();
  });

  it('the node controller labels nodes with the older names of their system and processor too', async () => {
    const w = await world(['node-lifecycle-controller'], api => { api.put(nodeKind, { ...node('a'), metadata: { name: 'a', labels: { 'kubernetes.io/os': 'linux', 'kubernetes.io/arch': 'arm64' } } }); });
    expect(w.api.get<Node>(nodeKind, 'a')?.metadata?.labels).toEqual({ 'kubernetes.io/os': 'linux', 'kubernetes.io/arch': 'arm64', 'beta.kubernetes.io/os': 'linux', 'beta.kubernetes.io/arch': 'arm64' });
    w.api.change<Node>(nodeKind, 'a', n => { n.metadata!.labels!['beta.kubernetes.io/os'] = 'plan9'; });
    await w.settle();
    expect(w.api.get<Node>(nodeKind, 'a')?.metadata?.labels?.['beta.kubernetes.io/os']).toBe('linux');
    await w.stop();
  });

  it('the control plane adds taints for DiskPressure, PIDPressure, NetworkUnavailable and for nodes that are cordoned, with the time, and takes them away again; others\' stay', async () => {
    const mine = { key: 'mine', effect: 'NoExecute' };
    const w = await world(['node-lifecycle-controller'], api => { api.put(nodeKind, { ...node('a'), spec: { taints: [mine], unschedulable: true } }); });
    const say = (status: string): void => { w.api.change<Node>(nodeKind, 'a', n => { n.status!.conditions = [...node('a').status!.conditions!, ...['DiskPressure', 'PIDPressure', 'NetworkUnavailable'].map(type => ({ type, status }))]; }); };
    say('True');
    await w.settle();
    expect(taints(w, 'a')).toEqual(['mine:NoExecute', ...['disk-pressure', 'network-unavailable', 'pid-pressure', 'unschedulable'].map(t => `node.kubernetes.io/${t}:NoSchedule`)]);
    expect(w.api.get<Node>(nodeKind, 'a')?.spec?.taints?.filter(t => t.key !== 'mine').every(t => t.timeAdded !== undefined)).toBe(true);
    say('False');
    w.api.change<Node>(nodeKind, 'a', n => { n.spec!.unschedulable = false; });
    await w.settle();
    expect(w.api.get<Node>(nodeKind, 'a')?.spec?.taints).toEqual([mine]);
    await w.stop();
  });

  it('a node that says it is not ready, and then says nothing, changes its taint at once and not in its turn', async () => {
    const w = await world(['node-lifecycle-controller'], api => { api.put(nodeKind, node('a', 'False')); api.put(nodeKind, node('b')); });
    for (let i = 0; i < 3; i++) { await w.clock.advance(10_000); beat(w, 'b'); }
    expect(taints(w, 'a')).toEqual(['node.kubernetes.io/not-ready:NoExecute', 'node.kubernetes.io/not-ready:NoSchedule']);
    for (let i = 0; i < 2; i++) { await w.clock.advance(10_000); beat(w, 'b'); }
    expect(taints(w, 'a')).toEqual(['node.kubernetes.io/unreachable:NoExecute', 'node.kubernetes.io/unreachable:NoSchedule']);
    await w.stop();
  });

  it('a lease that is renewed is a heartbeat, without any word in the node\'s status', async () => {
    const w = await world(['node-lifecycle-controller'], api => { for (const n of ['a', 'b']) { api.put(nodeKind, node(n)); api.put(leaseKind, { metadata: { name: n, namespace: 'kube-node-lease' }, spec: {} } as Lease); } });
    for (let i = 0; i < 12; i++) { await w.clock.advance(10_000); w.api.change<Lease>(leaseKind, 'kube-node-lease/a', l => { l.spec!.renewTime = String(i); }); }
    const ready = (n: string): string | undefined => w.api.get<Node>(nodeKind, n)?.status?.conditions?.find(c => c.type === 'Ready')?.status;
    expect([ready('a'), ready('b')]).toEqual(['True', 'Unknown']);
    await w.stop();
  });

  it('a node that never posted its status has all its conditions Unknown after its time to start', async () => {
    const w = await world(['node-lifecycle-controller'], api => { api.put(nodeKind, { metadata: { name: 'new' }, spec: {}, status: {} }); });
    await w.clock.advance(55_000);
    expect(w.api.get<Node>(nodeKind, 'new')?.status?.conditions).toBeUndefined();
    await w.clock.advance(15_000);
    expect(w.api.get<Node>(nodeKind, 'new')?.status?.conditions?.map(c => `${c.type} ${c.status} ${c.reason}: ${c.message}`)).toEqual(['Ready', 'MemoryPressure', 'DiskPressure', 'PIDPressure'].map(t => `${t} Unknown NodeStatusNeverUpdated: Kubelet never posted node status.`));
    await w.stop();
  });

  it('counts zones, their health and evictions under upstream\'s names', async () => {
    const w = await world(['node-lifecycle-controller'], api => { for (let i = 0; i < 4; i++) api.put(nodeKind, { ...node(`n${i}`), metadata: { name: `n${i}`, labels: { 'topology.kubernetes.io/zone': 'z' } } }); });
    for (let i = 0; i < 5; i++) { await w.clock.advance(10_000); for (const n of ['n1', 'n2', 'n3']) beat(w, n); }
    const zone = 'zone=":\0:z"';
    expect(w.counted('node_collector_')).toEqual([`node_collector_evictions_total{${zone}} 1`, `node_collector_zone_size{${zone}} 4`, `node_collector_zone_health{${zone}} 75`, `node_collector_unhealthy_nodes_in_zone{${zone}} 1`].map(l => l.replace('\\0', '\0')));
    await w.stop();
  });
});

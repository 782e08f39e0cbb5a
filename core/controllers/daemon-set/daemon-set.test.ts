// Each case is named by the sentence of Kubernetes' documentation (concepts/workloads/controllers/daemonset, tasks/manage-daemon) that it proves.
import { describe, expect, it } from 'vitest';
import { controllerRevision as revisionKind } from '../../api/kinds/apps/controller-revision.ts';
import { daemonSet as setKind } from '../../api/kinds/apps/daemon-set.ts';
import { node as nodeKind } from '../../api/kinds/core/node.ts';
import { pod as podKind } from '../../api/kinds/core/pod.ts';
import { failure } from '../../api/meta/status.ts';
import type { ControllerRevision, DaemonSet, Node, Pod, PodSpec, Taint } from '../../api/types/kubernetes.ts';
import { reapPods, world, type World } from '../../../test/harness/controllers.ts';

type Spec = NonNullable<DaemonSet['spec']>;
function set(spec: Partial<Spec> = {}, pod: Partial<PodSpec> = {}): DaemonSet {
  return {
    apiVersion: 'apps/v1', kind: 'DaemonSet', metadata: { name: 'log', namespace: 'default', annotations: { 'deprecated.daemonset.template.generation': '1' } },
    spec: {
      revisionHistoryLimit: 10, selector: { matchLabels: { app: 'log' } }, updateStrategy: { type: 'RollingUpdate', rollingUpdate: { maxUnavailable: 1, maxSurge: 0 } },
      template: { metadata: { labels: { app: 'log' } }, spec: { containers: [{ name: 'c', image: 'log:1' }], ...pod } }, ...spec,
    },
  };
}
const SURGE: Spec['updateStrategy'] = { type: 'RollingUpdate', rollingUpdate: { maxUnavailable: 0, maxSurge: 1 } };
const node = (name: string, labels: Record<string, string> = {}, taints: Taint[] = []): Node => ({ apiVersion: 'v1', kind: 'Node', metadata: { name, labels: { 'kubernetes.io/hostname': name, ...labels } }, spec: taints.length ? { taints } : {} });
const NODES = [node('a'), node('b'), node('c')];
const made = (ds: DaemonSet, nodes: readonly Node[] = NODES, setup: (w: World['api']) => void = () => {}): Promise<World> =>
  world(['daemonset'], api => { for (const n of nodes) api.put(nodeKind, n); setup(api); api.put(setKind, ds); });
const pods = (w: World): Pod[] => w.api.all<Pod>(podKind);
const live = (w: World): Pod[] => pods(w).filter(p => !p.metadata?.deletionTimestamp);
const target = (p: Pod): string | undefined => p.spec?.nodeName ?? p.spec?.affinity?.nodeAffinity?.requiredDuringSchedulingIgnoredDuringExecution?.nodeSelectorTerms[0]?.matchFields?.[0]?.values?.[0];
const where = (w: World): (string | undefined)[] => live(w).map(target).sort();
const images = (w: World): string[] => live(w).map(p => `${target(p)} ${p.spec?.containers[0]?.image}`).sort();
const log = (w: World): DaemonSet => w.api.get<DaemonSet>(setKind, 'default/log')!;
const revisions = (w: World): ControllerRevision[] => w.api.all<ControllerRevision>(revisionKind).sort((a, b) => a.revision! - b.revision!);
const change = (w: World, f: (s: Spec) => void): void => { w.api.change<DaemonSet>(setKind, 'default/log', d => { f(d.spec!); d.metadata!.generation!++; }); };
const setImage = (w: World, to: string): void => { change(w, s => { s.template.spec!.containers[0]!.image = to; }); };
const patchNode = (w: World, name: string, f: (n: Node) => void): void => { w.api.change<Node>(nodeKind, name, f); };
const key = (p: Pod): string => `default/${p.metadata!.name}`;
/** Scheduler and kubelet: each pod goes to the node it names and becomes ready. */
function runDaemons(w: World, which: (p: Pod) => boolean = () => true): number {
  const now = `${new Date(w.clock.now()).toISOString().slice(0, 19)}Z`;
  const waiting = live(w).filter(p => p.status?.phase === 'Pending' && which(p));
  for (const p of waiting) w.api.change<Pod>(podKind, key(p), o => { o.spec!.nodeName = target(o)!; o.status = { phase: 'Running', conditions: [{ type: 'Ready', status: 'True', lastTransitionTime: now }] }; });
  return waiting.length;
}
async function converge(w: World): Promise<void> {
  for (let i = 0; i < 60; i++) { await w.settle(); if (runDaemons(w) + reapPods(w.api) === 0 && i > 2) break; }
  await w.settle();
}
async function running(ds: DaemonSet, nodes?: readonly Node[], setup?: (w: World['api']) => void): Promise<World> { const w = await made(ds, nodes, setup); await converge(w); return w; }

describe('DaemonSet: where it runs', () => {
  it('"A DaemonSet ensures that all (or some) Nodes run a copy of a Pod. As nodes are added to the cluster, Pods are added to them."', async () => {
    const w = await running(set());
    expect(where(w)).toEqual(['a', 'b', 'c']);
    w.api.put(nodeKind, node('d'));
    await converge(w);
    expect(where(w)).toEqual(['a', 'b', 'c', 'd']);
    expect(log(w).status).toEqual({ currentNumberScheduled: 4, desiredNumberScheduled: 4, numberMisscheduled: 0, numberReady: 4, numberAvailable: 4, updatedNumberScheduled: 4, observedGeneration: 1 });
    expect(w.events.filter(e => /^DaemonSet\/log Normal SuccessfulCreate Created pod: log-\w+$/.test(e)).length).toBe(4);
    expect(w.complaints).toEqual([]);
    await w.stop();
  });

  it('"The DaemonSet controller adds the spec.affinity.nodeAffinity field of the Pod to match the target host" and "automatically adds a set of tolerations"', async () => {
    const affinity: PodSpec['affinity'] = { nodeAffinity: {
      requiredDuringSchedulingIgnoredDuringExecution: { nodeSelectorTerms: [{ matchExpressions: [{ key: 'kubernetes.io/hostname', operator: 'In', values: ['b'] }] }] },
      preferredDuringSchedulingIgnoredDuringExecution: [{ weight: 1, preference: { matchExpressions: [{ key: 'x', operator: 'Exists' }] } }],
    } };
    const w = await made(set({}, { affinity, hostNetwork: true, tolerations: [{ key: 'mine', operator: 'Exists' }, { key: 'node.kubernetes.io/not-ready', operator: 'Exists', effect: 'NoExecute', tolerationSeconds: 5 }] }));
    const [p] = pods(w);
    expect(pods(w).length).toBe(1);
    expect(p!.spec!.affinity!.nodeAffinity).toEqual({
      requiredDuringSchedulingIgnoredDuringExecution: { nodeSelectorTerms: [{ matchFields: [{ key: 'metadata.name', operator: 'In', values: ['b'] }] }] },
      preferredDuringSchedulingIgnoredDuringExecution: affinity.nodeAffinity!.preferredDuringSchedulingIgnoredDuringExecution,
    });
    const text = (t: { key?: string; effect?: string; operator?: string; tolerationSeconds?: number }): string => `${t.key}:${t.effect ?? ''}:${t.operator}${t.tolerationSeconds ?? ''}`;
    expect(p!.spec!.tolerations!.map(text)).toEqual(['mine::Exists', 'node.kubernetes.io/not-ready:NoExecute:Exists', 'node.kubernetes.io/unreachable:NoExecute:Exists', ...['disk-pressure', 'memory-pressure', 'pid-pressure', 'unschedulable', 'network-unavailable'].map(t => `node.kubernetes.io/${t}:NoSchedule:Exists`)]);
    expect(p!.metadata!.labels).toEqual({ 'app': 'log', 'controller-revision-hash': revisions(w)[0]!.metadata!.labels!['controller-revision-hash'], 'pod-template-generation': '1' });
    await w.stop();
  });

  it('"If you specify a .spec.template.spec.nodeSelector, then the DaemonSet controller will create Pods on nodes which match that node selector."', async () => {
    const w = await running(set({}, { nodeSelector: { disk: 'ssd' } }), [node('a', { disk: 'ssd' }), node('b')]);
    expect(where(w)).toEqual(['a']);
    // "If you change node labels, the DaemonSet will promptly add Pods to newly matching nodes and delete Pods from newly not-matching nodes."
    patchNode(w, 'b', n => { n.metadata!.labels!['disk'] = 'ssd'; });
    patchNode(w, 'a', n => { delete n.metadata!.labels!['disk']; });
    await converge(w);
    expect(where(w)).toEqual(['b']);
    expect(log(w).status).toMatchObject({ desiredNumberScheduled: 1, numberMisscheduled: 0, numberReady: 1 });
    await w.stop();
  });

  it.each([
    ['NoSchedule', ['a', 'b', 'c'], ['b', 'c']], ['NoExecute', ['b', 'c'], ['b', 'c']], ['PreferNoSchedule', ['a', 'b', 'c'], ['a', 'b', 'c']],
  ])('a taint it does not tolerate keeps new pods off a node; %s', async (effect, stays, anew) => {
    const w = await running(set());
    patchNode(w, 'a', n => { n.spec!.taints = [{ key: 'dedicated', value: 'x', effect }]; });
    await converge(w);
    expect(where(w)).toEqual(stays);
    for (const p of live(w)) w.api.remove(podKind, key(p));
    await converge(w);
    expect(where(w)).toEqual(anew);
    await w.stop();
  });

  it('a cordoned or failing node keeps its pod, and the heartbeats of nodes wake nobody', async () => {
    const w = await running(set());
    const before = w.api.writes.length;
    patchNode(w, 'a', n => { n.spec = { unschedulable: true, taints: [{ key: 'node.kubernetes.io/unschedulable', effect: 'NoSchedule' }, { key: 'node.kubernetes.io/not-ready', effect: 'NoExecute' }] }; });
    patchNode(w, 'b', n => { n.status = { conditions: [{ type: 'Ready', status: 'True' }] }; });
    await converge(w);
    expect(where(w)).toEqual(['a', 'b', 'c']);
    expect(w.api.writes.length).toBe(before);
    await w.stop();
  });

  it('counts a pod that is where it should not be as misscheduled, and deletes those that wait for a node that is gone', async () => {
    const w = await made(set());
    runDaemons(w, p => target(p) !== 'c');
    await w.settle();
    patchNode(w, 'a', n => { n.spec!.taints = [{ key: 'dedicated', effect: 'NoSchedule' }]; });
    w.api.remove(nodeKind, 'c');
    await w.settle();
    expect(where(w)).toEqual(['a', 'b']);
    expect(log(w).status).toMatchObject({ desiredNumberScheduled: 1, currentNumberScheduled: 1, numberMisscheduled: 1, numberReady: 1 });
    await w.stop();
  });

  it('deletes a failed pod and makes it again, ever more seldom, and one that succeeded at once', async () => {
    const w = await running(set(), [node('a')]);
    const end = (phase: string): void => { for (const p of live(w)) w.api.change<Pod>(podKind, key(p), o => { o.status = { phase }; }); };
    end('Failed');
    await w.settle();
    expect(w.events.filter(e => /^DaemonSet\/log Warning FailedDaemonPod Found failed daemon pod default\/log-\w+ on node a, will try to kill it$/.test(e)).length).toBe(1);
    expect(live(w).map(p => p.status?.phase)).toEqual(['Pending']);
    end('Failed');
    await w.settle();
    expect(live(w).map(p => p.status?.phase)).toEqual(['Failed']);
    await w.clock.advance(1_000);
    expect(live(w).map(p => p.status?.phase)).toEqual(['Pending']);
    end('Failed');
    await w.clock.advance(1_500);
    expect(live(w).map(p => p.status?.phase)).toEqual(['Failed']);
    await w.clock.advance(1_000);
    expect(live(w).map(p => p.status?.phase)).toEqual(['Pending']);
    end('Succeeded');
    await w.settle();
    expect(w.events.some(e => /Normal SucceededDaemonPod Found succeeded daemon pod default\/log-\w+ on node a, will try to delete it$/.test(e))).toBe(true);
    expect(live(w).map(p => p.status?.phase)).toEqual(['Pending']);
    await w.stop();
  });

  it('adopts the pods of a set that was deleted with --cascade=orphan, and keeps one per node', async () => {
    const orphan = (name: string, on: string, created: string): Pod => ({ metadata: { name, namespace: 'default', labels: { app: 'log' }, creationTimestamp: created }, spec: { nodeName: on, containers: [] }, status: { phase: 'Running', conditions: [{ type: 'Ready', status: 'True' }] } });
    const w = await made(set({ updateStrategy: { type: 'OnDelete' } }), NODES, api => {
      api.put(podKind, orphan('old', 'a', '2025-01-01T00:00:00Z'));
      api.put(podKind, orphan('younger', 'a', '2025-01-02T00:00:00Z'));
      api.put(podKind, { ...orphan('stranger', 'b', '2025-01-01T00:00:00Z'), metadata: { name: 'stranger', namespace: 'default', labels: { app: 'other' } } });
    });
    await converge(w);
    expect(live(w).filter(p => target(p) === 'a').map(p => p.metadata!.name)).toEqual(['old']);
    expect(live(w).filter(p => p.metadata?.ownerReferences?.[0]?.name === 'log').length).toBe(3);
    expect(log(w).status).toMatchObject({ numberReady: 3, updatedNumberScheduled: 2 });
    await w.stop();
  });

  it('"If you subsequently create a new DaemonSet with the same selector, the new DaemonSet adopts the existing Pods. If any Pods need replacing the DaemonSet replaces them according to its updateStrategy."', async () => {
    const w = await running(set());
    const orphan = (o: { metadata?: Pod['metadata'] }): void => { delete o.metadata!.ownerReferences; };
    w.api.remove(setKind, 'default/log');
    for (const p of pods(w)) w.api.change<Pod>(podKind, key(p), orphan);
    for (const r of revisions(w)) w.api.change<ControllerRevision>(revisionKind, `default/${r.metadata!.name}`, orphan);
    await w.settle();
    const before = pods(w).map(p => p.metadata!.uid);
    w.api.put(setKind, set());
    await converge(w);
    expect(pods(w).map(p => [p.metadata!.uid, p.metadata!.ownerReferences?.[0]?.uid])).toEqual(before.map(uid => [uid, log(w).metadata!.uid]));
    // Made anew with another template, it counts templates from 1 as its predecessor did: its pods are replaced all the same.
    w.api.remove(setKind, 'default/log');
    for (const p of pods(w)) w.api.change<Pod>(podKind, key(p), orphan);
    for (const r of revisions(w)) w.api.change<ControllerRevision>(revisionKind, `default/${r.metadata!.name}`, orphan);
    const other = set();
    other.spec!.template.spec!.containers[0]!.image = 'log:2';
    w.api.put(setKind, other);
    await converge(w);
    expect(images(w)).toEqual(['a log:2', 'b log:2', 'c log:2']);
    await w.stop();
  });

  it('a pod whose revision is gone is of the current template when the count of templates says so', async () => {
    const w = await running(set());
    const before = pods(w).map(p => p.metadata!.uid), [only] = revisions(w);
    w.api.put<ControllerRevision>(revisionKind, { ...only!, revision: 2, metadata: { name: 'log-other', namespace: 'default', ownerReferences: only!.metadata!.ownerReferences, labels: { app: 'log', 'controller-revision-hash': 'other' } } });
    w.api.remove(revisionKind, `default/${only!.metadata!.name}`);
    await converge(w);
    expect(pods(w).map(p => p.metadata!.uid)).toEqual(before);
    expect(log(w).status).toMatchObject({ updatedNumberScheduled: 3 });
    await w.stop();
  });

  it('"the DaemonSet controller will use the original template the next time a node (even with the same name) is created"', async () => {
    const w = await running(set());
    w.api.change<Pod>(podKind, key(live(w).find(p => target(p) === 'a')!), p => { p.spec!.containers[0]!.image = 'by-hand'; });
    w.api.remove(nodeKind, 'a');
    for (const p of pods(w)) if (target(p) === 'a') w.api.remove(podKind, key(p));
    w.api.put(nodeKind, node('a'));
    await converge(w);
    expect(images(w)).toEqual(['a log:1', 'b log:1', 'c log:1']);
    await w.stop();
  });

  it('"If node labels are changed, the DaemonSet will promptly add Pods to newly matching nodes and delete Pods from newly not-matching nodes."', async () => {
    const w = await running(set({}, { affinity: { nodeAffinity: { requiredDuringSchedulingIgnoredDuringExecution: { nodeSelectorTerms: [{ matchExpressions: [{ key: 'disk', operator: 'In', values: ['ssd'] }] }, { matchFields: [{ key: 'metadata.name', operator: 'In', values: ['c'] }] }] } } } }));
    expect(where(w)).toEqual(['c']);
    patchNode(w, 'a', n => { n.metadata!.labels!['disk'] = 'ssd'; });
    await w.settle();
    expect(where(w)).toEqual(['a', 'c']);
    await converge(w);
    patchNode(w, 'a', n => { n.metadata!.labels!['disk'] = 'hdd'; });
    await w.settle();
    expect(where(w)).toEqual(['c']);
    await w.stop();
  });

  it('starts slowly where pods are refused, says why, and goes on', async () => {
    let allowed = false;
    const w = await made(set(), Array.from({ length: 40 }, (_, i) => node(`n${i}`)), api => { api.intercept = r => { if (!allowed && r.method === 'POST' && r.path.endsWith('/pods')) throw failure(403, 'Forbidden', 'exceeded quota: q'); }; });
    const refusals = w.events.filter(e => e === 'DaemonSet/log Warning FailedCreate Error creating: exceeded quota: q').length;
    expect(refusals).toBeGreaterThan(0);
    expect(refusals).toBeLessThan(10);
    expect(log(w).status).toMatchObject({ desiredNumberScheduled: 40, currentNumberScheduled: 0, numberUnavailable: 40 });
    allowed = true;
    await w.clock.advance(20_000);
    await converge(w);
    expect(log(w).status).toMatchObject({ numberReady: 40 });
    await w.stop();
  });
});

describe('DaemonSet: updates', () => {
  it('"RollingUpdate: … old DaemonSet pods will be killed, and new DaemonSet pods will be created automatically … At most one pod of the DaemonSet will be running on each node"', async () => {
    const w = await running(set());
    setImage(w, 'log:2');
    for (let i = 0; i < 12; i++) {
      await w.settle();
      expect(live(w).filter(p => p.status?.phase === 'Running').length).toBeGreaterThanOrEqual(2);
      for (const n of ['a', 'b', 'c']) expect(pods(w).filter(p => target(p) === n).length).toBeLessThanOrEqual(1);
      runDaemons(w); reapPods(w.api);
    }
    await converge(w);
    expect(images(w)).toEqual(['a log:2', 'b log:2', 'c log:2']);
    expect(log(w).status).toMatchObject({ updatedNumberScheduled: 3, numberAvailable: 3, observedGeneration: 2 });
    await w.stop();
  });

  it.each([[2, 2], ['50%', 2], ['100%', 3]])('"maxUnavailable: … The maximum number of DaemonSet pods that can be unavailable during the update": %s of 3', async (maxUnavailable, most) => {
    const w = await running(set({ updateStrategy: { type: 'RollingUpdate', rollingUpdate: { maxUnavailable, maxSurge: 0 } } }));
    setImage(w, 'log:2');
    let seen = 0;
    for (let i = 0; i < 20; i++) {
      await w.settle();
      seen = Math.max(seen, 3 - live(w).filter(p => p.status?.phase === 'Running').length);
      const next = live(w).find(p => p.status?.phase === 'Pending');
      runDaemons(w, p => p === next); reapPods(w.api);
    }
    expect(seen).toBe(most);
    expect(images(w)).toEqual(['a log:2', 'b log:2', 'c log:2']);
    await w.stop();
  });

  it('"maxSurge: … The maximum number of nodes with an existing available DaemonSet pod that can have an updated DaemonSet pod during an update": no node is without', async () => {
    const w = await running(set({ updateStrategy: SURGE }));
    setImage(w, 'log:2');
    let doubled = 0;
    for (let i = 0; i < 20; i++) {
      await w.settle();
      for (const n of ['a', 'b', 'c']) expect(live(w).some(p => target(p) === n && p.status?.phase === 'Running')).toBe(true);
      doubled = Math.max(doubled, live(w).length - 3);
      runDaemons(w); reapPods(w.api);
    }
    expect(doubled).toBe(1);
    expect(images(w)).toEqual(['a log:2', 'b log:2', 'c log:2']);
    await w.stop();
  });

  it('an old pod that is not available is replaced at once, with surge and without', async () => {
    for (const updateStrategy of [SURGE, set().spec!.updateStrategy]) {
      const w = await running(set({ updateStrategy }));
      for (const p of live(w).filter(x => target(x) !== 'a')) w.api.change<Pod>(podKind, key(p), o => { o.status = { phase: 'Running', conditions: [{ type: 'Ready', status: 'False' }] }; });
      setImage(w, 'log:2');
      await w.settle(); reapPods(w.api); await w.settle();
      // What stands still is not touched but within its bounds: beside it one may surge.
      expect(images(w)).toEqual(['a log:1', ...(updateStrategy === SURGE ? ['a log:2'] : []), 'b log:2', 'c log:2']);
      await converge(w);
      expect(images(w)).toEqual(['a log:2', 'b log:2', 'c log:2']);
      await w.stop();
    }
  });

  it('"maxSurge: … Once an updated pod is available (Ready for at least minReadySeconds) the old DaemonSet pod on that node is marked deleted. If the old pod becomes unavailable for any reason (Ready transitions to false, is evicted, or is drained) an updated pod is immediatedly created on that node without considering surge limits."', async () => {
    const w = await made(set({ updateStrategy: { type: 'RollingUpdate', rollingUpdate: { maxUnavailable: 0, maxSurge: 3 } } }), ['a', 'b', 'c', 'd', 'e'].map(n => node(n)));
    const of = (image: string): string[] => images(w).filter(i => i.endsWith(` ${image}`)).map(i => i.slice(0, 1)), on = (where: string, image: string): Pod => live(w).find(p => target(p) === where && p.spec!.containers[0]!.image === image)!;
    const ready = (where: string, image: string, status: 'True' | 'False'): void => { w.api.change<Pod>(podKind, key(on(where, image)), p => { p.spec!.nodeName = where; p.status = { phase: 'Running', conditions: [{ type: 'Ready', status, lastTransitionTime: `${new Date(w.clock.now()).toISOString().slice(0, 19)}Z` }] }; }); };
    // None of the old is ready: all are replaced at once, and the old ones go.
    setImage(w, 'log:2');
    await w.settle();
    expect(of('log:2')).toEqual(['a', 'b', 'c', 'd', 'e']);
    await converge(w);
    expect(of('log:1')).toEqual([]);
    await w.clock.advance(20_000);
    change(w, s => { s.minReadySeconds = 15; s.template.spec!.containers[0]!.image = 'log:3'; });
    await w.settle();
    const first = of('log:3');
    expect(first.length).toBe(3);
    for (const n of first.slice(0, 2)) ready(n, 'log:3', 'True');
    const [broken, last] = ['a', 'b', 'c', 'd', 'e'].filter(n => !first.includes(n)) as [string, string];
    ready(broken, 'log:2', 'False');
    await w.clock.advance(10_000);
    // Not yet available, but in place of what broke there is one at once.
    expect(of('log:3')).toEqual([...first, broken].sort());
    await w.clock.advance(10_000);
    expect(of('log:2')).toEqual([first[2], last].sort());
    expect(of('log:3')).toContain(last);
    for (const n of ['a', 'b', 'c', 'd', 'e']) if (on(n, 'log:3').status?.phase === 'Pending') ready(n, 'log:3', 'True');
    await w.clock.advance(20_000);
    expect(images(w)).toEqual(['a', 'b', 'c', 'd', 'e'].map(n => `${n} log:3`));
    await w.stop();
  });

  it('"OnDelete: … new DaemonSet pods will only be created when you manually delete old DaemonSet pods."', async () => {
    const w = await running(set({ updateStrategy: { type: 'OnDelete' } }));
    setImage(w, 'log:2');
    await converge(w);
    expect(images(w)).toEqual(['a log:1', 'b log:1', 'c log:1']);
    expect(log(w).status!.updatedNumberScheduled).toBeUndefined();
    w.api.remove(podKind, key(live(w).find(p => target(p) === 'b')!));
    await converge(w);
    expect(images(w)).toEqual(['a log:1', 'b log:2', 'c log:1']);
    await w.stop();
  });

  it('"minReadySeconds: The minimum number of seconds for which a newly created DaemonSet pod should be ready without any of its container crashing, for it to be considered available."', async () => {
    const w = await running(set({ minReadySeconds: 10 }));
    await w.clock.advance(10_100);
    expect(log(w).status).toMatchObject({ numberReady: 3, numberAvailable: 3 });
    setImage(w, 'log:2');
    await converge(w);
    expect(log(w).status).toMatchObject({ numberReady: 3, numberAvailable: 2, numberUnavailable: 1, updatedNumberScheduled: 1 });
    for (let i = 0; i < 3; i++) { await w.clock.advance(10_100); await converge(w); }
    expect(log(w).status).toMatchObject({ numberAvailable: 3, updatedNumberScheduled: 3 });
    await w.stop();
  });

  it('keeps revisions as patches, gives an old one a new number when it comes back, and forgets the oldest beyond the limit', async () => {
    const w = await running(set({ revisionHistoryLimit: 1 }), [node('a')]);
    const [first] = revisions(w);
    const hash = first!.metadata!.labels!['controller-revision-hash']!;
    expect(first!.metadata).toMatchObject({ name: `log-${hash}`, annotations: { 'deprecated.daemonset.template.generation': '1' }, ownerReferences: [{ kind: 'DaemonSet', name: 'log', controller: true }] });
    expect(JSON.stringify(first!.data)).toBe('{"spec":{"template":{"$patch":"replace","metadata":{"labels":{"app":"log"}},"spec":{"containers":[{"image":"log:1","name":"c"}]}}}}');
    setImage(w, 'log:2'); await converge(w);
    setImage(w, 'log:1'); await converge(w);
    expect(revisions(w).map(r => [r.revision, r.metadata!.name === first!.metadata!.name])).toEqual([[2, false], [3, true]]);
    expect(live(w)[0]!.metadata!.labels!['controller-revision-hash']).toBe(hash);
    for (const to of ['log:4', 'log:5']) { setImage(w, to); await converge(w); }
    await converge(w);
    expect(revisions(w).map(r => r.revision)).toEqual([4, 5]);
    await w.stop();
  });

  it('goes round a revision of another\'s that has its name; of two with one template keeps the newer', async () => {
    const first = await running(set());
    const taken = revisions(first)[0]!;
    await first.stop();
    const w = await running(set(), NODES, api => { api.put(revisionKind, { ...taken, metadata: { name: taken.metadata!.name, namespace: 'default', labels: { other: 'one' } }, data: { spec: {} } as ControllerRevision['data'] }); });
    await w.clock.advance(1_000);
    await converge(w);
    expect(log(w).status).toMatchObject({ collisionCount: 1, numberReady: 3 });
    const own = revisions(w).find(r => r.metadata!.ownerReferences?.[0]?.name === 'log')!;
    w.api.put(revisionKind, { ...own, revision: 7, metadata: { name: 'log-copy', namespace: 'default', labels: { ...own.metadata!.labels, 'controller-revision-hash': 'copy' } } });
    await converge(w);
    expect(revisions(w).filter(r => r.metadata!.ownerReferences?.[0]?.name === 'log').map(r => r.revision)).toEqual([7]);
    expect(live(w).map(p => p.metadata!.labels!['controller-revision-hash'])).toEqual(['copy', 'copy', 'copy']);
    expect(w.complaints.filter(c => c.includes('forbidden'))).toEqual([]);
    await w.stop();
  });
});

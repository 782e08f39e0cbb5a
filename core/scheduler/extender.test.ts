// Extenders: what they are sent, what their answers do. They are real HTTP servers on loopback.
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import { node, pod } from '../../test/harness/scheduling.ts';
import { schedulerCluster } from '../../test/harness/scheduler-cluster.ts';
import { pod as podKind } from '../api/kinds/core/pod.ts';
import { node as nodeKind } from '../api/kinds/core/node.ts';
import type { Node, Pod } from '../api/types/kubernetes.ts';
import { parseSchedulerConfiguration } from './configuration.ts';

type Call = Record<string, unknown> & { Pod?: Pod; Nodes?: { items: Node[] } | null; NodeNames?: string[] | null; NodeNameToVictims?: Record<string, { Pods: Pod[] }> | null };
type Answers = Readonly<Record<string, (call: Call) => unknown>>;
const servers: Server[] = [];
afterEach(async () => { for (const s of servers.splice(0)) { s.closeAllConnections(); await new Promise(resolve => { s.close(resolve); }); } });

/** An extender with these verbs; a number answered is a status, undefined no answer at all. */
async function extender(more: string, answers: Answers): Promise<{ yaml: string; url: string; calls: string[] }> {
  const calls: string[] = [];
  const server = createServer((req, res) => {
    let body = '';
    req.on('data', (d: Buffer) => { body += d.toString(); });
    req.on('end', () => {
      const verb = req.url!.slice('/x/'.length);
      calls.push(`${req.method} ${verb} ${req.headers['content-type']}`);
      const answer = answers[verb]!(JSON.parse(body) as Call);
      if (typeof answer === 'number') { res.statusCode = answer; res.end(); } else if (answer !== undefined) res.end(JSON.stringify(answer));
    });
  });
  servers.push(server);
  await new Promise<void>(resolve => { server.listen(0, '127.0.0.1', resolve); });
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/x`;
  return { yaml: `{urlPrefix: "${url}/", ${Object.keys(answers).map(v => `${v}Verb: ${v}`).join(', ')}${more ? `, ${more}` : ''}}`, url, calls };
}
async function cluster(nodes: Node[], ...extenders: { yaml: string }[]) {
  const { extenders: configs, profiles } = parseSchedulerConfiguration(`apiVersion: kubescheduler.config.k8s.io/v1\nkind: KubeSchedulerConfiguration\nextenders: [${extenders.map(e => e.yaml).join(', ')}]`);
  const c = await schedulerCluster(nodes, { extenders: configs, profiles });
  return { ...c, until: async (what: () => boolean): Promise<void> => { while (!what()) { await c.settle(); await new Promise(resolve => { setImmediate(resolve); }); } } };
}
const names = (call: Call): string[] => call.NodeNames ?? call.Nodes!.items.map(n => n.metadata!.name!);
const three = [node('a'), node('b'), node('c')];

describe('filter', () => {
  it('is told pod and nodes, and leaves some; the reasons of others are told', async () => {
    const seen: Call[] = [];
    const e = await extender('', { filter: call => { seen.push(call); return { Nodes: { items: call.Nodes!.items.filter(n => n.metadata!.name === 'b') }, FailedNodes: { a: 'not a', c: 'not c' } }; } });
    const c = await cluster(three, e);
    c.api.put(podKind, pod('x'));
    await c.until(() => c.on('x') === 'b');
    expect([Object.keys(seen[0]!), seen[0]!.Pod!.metadata!.name, names(seen[0]!), seen[0]!.NodeNames, e.calls]).toEqual([['Pod', 'Nodes', 'NodeNames'], 'x', ['a', 'b', 'c'], null, ['POST filter application/json']]);
    await c.end();
  });
  it('one that knows the nodes is told their names; each is asked of those the one before left', async () => {
    const seen: string[][] = [];
    const some = (left: (n: string) => boolean) => (call: Call): unknown => { seen.push(names(call)); return { nodenames: names(call).filter(left), failednodes: Object.fromEntries(names(call).filter(n => !left(n)).map(n => [n, 'no'])) }; };
    const c = await cluster(three, await extender('nodeCacheCapable: true', { filter: some(n => n !== 'a') }), await extender('nodeCacheCapable: true', { filter: some(n => n !== 'c') }));
    c.api.put(podKind, pod('x'));
    await c.until(() => c.on('x') === 'b');
    expect(seen).toEqual([['a', 'b', 'c'], ['b', 'c']]);
    await c.end();
  });
  it('leaves none: every reason with its count, preemption only where it may help, and any event is worth another try', async () => {
    let open = false;
    const e = await extender('nodeCacheCapable: true', { filter: call => (open ? { NodeNames: names(call) } : { NodeNames: [], FailedNodes: { a: 'busy', b: 'busy' }, FailedAndUnresolvableNodes: { b: 'broken' } }) });
    const c = await cluster([node('a'), node('b'), node('full', { cpu: '1' })], e);
    c.api.put(podKind, pod('x', { requests: { cpu: '2' } }));
    await c.until(() => c.condition('x') !== undefined);
    expect(c.condition('x')).toMatchObject({ reason: 'Unschedulable', message: '0/3 nodes are available: 1 Insufficient cpu, 1 broken, 1 busy. no new claims to deallocate, preemption: 0/3 nodes are available: 1 No preemption victims found for incoming pod, 2 Preemption is not helpful for scheduling.' });
    open = true;
    await c.clock.advance(1_000);
    c.api.change<Node>(nodeKind, 'full', n => { n.metadata!.labels!['some'] = 'thing'; });
    await c.until(() => c.on('x') !== undefined);
    await c.end();
  });
  it.each([
    ['fails', '', (): unknown => 500, 'failed filter with extender at URL HERE/filter, code 500'],
    ['says what is wrong', '', (): unknown => ({ Error: 'out of order' }), 'out of order'],
    ['names a node nobody asked about', 'nodeCacheCapable: true', (): unknown => ({ NodeNames: ['z'] }), 'extender "HERE/" claims a filtered node "z" which is not found in the input node list'],
  ])('one that %s makes it an error, tried again after a back-off', async (_, more, filter, message) => {
    let broken = true;
    const e = await extender(more, { filter: call => (broken ? filter() : { NodeNames: names(call), Nodes: call.Nodes }) });
    const c = await cluster([node('a')], e);
    c.api.put(podKind, pod('x'));
    await c.until(() => c.condition('x') !== undefined);
    expect(c.condition('x')).toMatchObject({ status: 'False', reason: 'SchedulerError', message: message.replaceAll('HERE', e.url) });
    broken = false;
    await c.clock.advance(1_100);
    await c.until(() => c.on('x') === 'a');
    await c.end();
  });
  it('one that may fail stops nobody, be it not there or silent', async () => {
    const silent = await extender('ignorable: true, httpTimeout: 2s', { filter: () => undefined });
    const c = await cluster([node('a')], { yaml: '{urlPrefix: "http://127.0.0.1:1", filterVerb: f, ignorable: true}' }, silent);
    c.api.put(podKind, pod('x'));
    await c.until(() => silent.calls.length > 0);
    await c.clock.advance(2_000);
    await c.until(() => c.on('x') === 'a');
    await c.end();
  });
  it('is not asked about pods that want nothing it manages', async () => {
    const e = await extender('nodeCacheCapable: true, managedResources: [{name: example.com/foo, ignoredByScheduler: true}]', { filter: () => ({ NodeNames: ['b'] }) });
    const c = await cluster([node('a'), node('b')], e);
    c.api.put(podKind, pod('plain', { nodeSelector: { 'kubernetes.io/hostname': 'a' } }));
    await c.settle();
    expect([c.on('plain'), e.calls]).toEqual(['a', []]);
    // No node promises any: that is the extender's matter alone.
    c.api.put(podKind, pod('foo', { requests: { 'example.com/foo': '1' } }));
    await c.until(() => c.on('foo') === 'b');
    await c.end();
  });
});

describe('prioritize', () => {
  it("adds ten times its weighted score to the plug-ins' own; one that fails has no opinion", async () => {
    const e = await extender('nodeCacheCapable: true, weight: 5', { prioritize: call => names(call).map(n => ({ Host: n, Score: n === 'c' ? 10 : 0 })) });
    const c = await cluster(three, e, await extender('weight: 100', { prioritize: () => 500 }));
    c.api.put(podKind, pod('x'));
    await c.until(() => c.on('x') === 'c');
    await c.end();
  });
});

describe('preempt', () => {
  it('strikes nodes off and chooses who has to go', async () => {
    const seen: Call[] = [];
    const e = await extender('nodeCacheCapable: true', { preempt: call => { seen.push(call); return { NodeNameToMetaVictims: { b: { Pods: [{ UID: 'uid-default-lb' }] } } }; } });
    const c = await cluster([node('a'), node('b')], e);
    c.api.put(podKind, pod('la', { on: 'a', requests: { cpu: '4' }, priority: 1 }));
    c.api.put(podKind, pod('lb', { on: 'b', requests: { cpu: '4' }, priority: 5 }));
    c.api.put(podKind, pod('x', { requests: { cpu: '4' }, priority: 10 }));
    await c.until(() => c.nominated('x') === 'b');
    expect(seen[0]).toMatchObject({ Pod: { metadata: { name: 'x' } }, NodeNameToVictims: null, NodeNameToMetaVictims: { a: { Pods: [{ UID: 'uid-default-la' }], NumPDBViolations: 0 }, b: { Pods: [{ UID: 'uid-default-lb' }] } } });
    await c.until(() => c.events.some(m => m.startsWith('lb Normal Preempted')));
    await c.end();
  });
  it('says no to all', async () => {
    const seen: Call[] = [];
    const c = await cluster([node('a')], await extender('', { preempt: call => { seen.push(call); return { NodeNameToMetaVictims: {} }; } }));
    c.api.put(podKind, pod('la', { on: 'a', requests: { cpu: '4' }, priority: 1 }));
    c.api.put(podKind, pod('x', { requests: { cpu: '4' }, priority: 10 }));
    await c.until(() => c.condition('x') !== undefined);
    expect([c.condition('x')?.message, seen[0]!.NodeNameToVictims!['a']!.Pods.map(p => p.metadata!.name)]).toEqual(['0/1 nodes are available: 1 Insufficient cpu. no new claims to deallocate, preemption: no candidate node for preemption', ['la']]);
    await c.end();
  });
});

describe('bind', () => {
  it('is left to the one that binds; what it says is wrong is an error', async () => {
    const seen: Call[] = [];
    let broken = true;
    const e = await extender('', { bind: call => { seen.push(call); return broken ? { Error: 'no' } : {}; } });
    const c = await cluster([node('a')], e);
    c.api.put(podKind, pod('x'));
    await c.until(() => c.condition('x') !== undefined);
    expect([seen, c.condition('x')]).toMatchObject([[{ PodName: 'x', PodNamespace: 'default', PodUID: 'uid-default-x', Node: 'a' }], { reason: 'SchedulerError', message: 'no' }]);
    broken = false;
    await c.clock.advance(1_100);
    await c.until(() => c.events.includes('x Normal Scheduled Successfully assigned default/x to a'));
    // Binding was its matter: nobody else did.
    expect(c.api.writes.some(w => w.includes('binding'))).toBe(false);
    await c.end();
  });
});

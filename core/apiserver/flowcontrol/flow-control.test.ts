import { describe, expect, it } from 'vitest';
import { kinds } from '../../api/kinds/index.ts';
import type { FlowSchema } from '../../api/types/kubernetes.ts';
import { FakeClock } from '../../base/clock.ts';
import { memoryStore } from '../../store/open.ts';
import type { RegistryEnv } from '../registry/env.ts';
import { Resource } from '../registry/resource.ts';
import { matches, type Asked } from './classify.ts';
import { FlowControl, type Seat } from './flow-control.ts';
import { deal, Level } from './level.ts';

const clock = new FakeClock();
const resources = new Map(kinds.map(k => [`${k.group}/${k.plural}`, new Resource(k)]));
const list: Asked = { verb: 'list', group: '', resource: 'pods', namespace: 'a', path: '' };
const user = (name: string, ...groups: string[]) => ({ name, groups: [...groups, 'system:authenticated'] });
const control = (now = () => 0): FlowControl =>
  new FlowControl({ store: memoryStore(), clock, find: (g: string, p: string) => resources.get(`${g}/${p}`) } as unknown as RegistryEnv, now);

describe('classes', () => {
  it.each([
    [user('admin', 'system:masters'), list, 'exempt', 'exempt'],
    [user('x'), { ...list, verb: 'get', resource: '', path: '/livez' }, 'probes', 'exempt'],
    [user('system:node:a', 'system:nodes'), { ...list, verb: 'update', group: 'coordination.k8s.io', resource: 'leases' }, 'system-node-high', 'node-high'],
    [user('system:node:a', 'system:nodes'), { ...list, resource: 'nodes/status', namespace: '' }, 'system-node-high', 'node-high'],
    [user('system:node:a', 'system:nodes'), list, 'system-nodes', 'system'],
    [user('system:kube-scheduler'), { ...list, verb: 'update', group: 'coordination.k8s.io', resource: 'leases' }, 'system-leader-election', 'leader-election'],
    [user('system:serviceaccount:kube-system:x', 'system:serviceaccounts'), list, 'kube-system-service-accounts', 'workload-high'],
    [user('system:serviceaccount:a:x', 'system:serviceaccounts'), list, 'service-accounts', 'workload-low'],
    [user('jane'), list, 'global-default', 'global-default'],
    [{ name: 'odd', groups: [] }, list, 'catch-all', 'catch-all'],
  ])('%o', (who, asked, schema, level) => {
    const c = control().classify(who, asked);
    expect([c.schema, c.level.name]).toEqual([schema, level]);
  });
  it('matches paths by suffix and cluster scope by word', () => {
    const f = (rule: object): FlowSchema => ({ spec: { priorityLevelConfiguration: { name: 'x' }, rules: [{ subjects: [{ kind: 'User', user: { name: '*' } }], ...rule }] } });
    const path = f({ nonResourceRules: [{ verbs: ['get'], nonResourceURLs: ['/openapi/*'] }] });
    expect([matches(path, user('a'), { ...list, verb: 'get', resource: '', path: '/openapi/v2' }), matches(path, user('a'), { ...list, verb: 'get', resource: '', path: '/version' })]).toEqual([true, false]);
    const space = f({ resourceRules: [{ verbs: ['*'], apiGroups: [''], resources: ['pods'], namespaces: ['*'] }] });
    expect([matches(space, user('a'), list), matches(space, user('a'), { ...list, namespace: '' })]).toEqual([true, false]);
  });
});

describe('seats', () => {
  const shares = 20 / 245;
  it('are shared by nominal shares; what a level does not lend stays its own', () => {
    const levels = control().levels;
    expect(levels.find(l => l.name === 'global-default')!.shape.nominal).toBe(Math.ceil(600 * shares));
    expect(levels.reduce((n, l) => n + l.shape.nominal, 0)).toBeGreaterThanOrEqual(600);
  });
  it('run out at the level\'s own and what the others lend; the rest waits, then is refused', async () => {
    const flow = control(), who = user('noisy'), c = flow.classify(who, list);
    const lent = flow.levels.filter(l => l !== c.level).reduce((n, l) => n + l.shape.lendable, 0);
    const seats: Seat[] = [];
    for (let i = 0; i < c.level.shape.nominal + lent; i++) seats.push(flow.admit(c, who, list, 1) as Seat);
    expect(seats.every(s => !(s instanceof Promise))).toBe(true);
    const waiting = flow.admit(c, who, list, 1);
    expect(waiting).toBeInstanceOf(Promise);
    seats[0]!.release();
    seats[0]!.release();
    (await waiting).release();
    const late = Promise.resolve(flow.admit(c, who, list, 1)), again = Promise.resolve(flow.admit(c, who, list, 1));
    void late;
    const refused = expect(again).rejects.toMatchObject({ code: 429, status: { reason: 'TooManyRequests', details: { retryAfterSeconds: 1 } } });
    await clock.advance(15_001);
    await refused;
    for (let i = 0; i < 400; i++) void Promise.resolve(flow.admit(c, who, list, 1)).catch(() => undefined);
    await expect(Promise.resolve(flow.admit(c, who, list, 1))).rejects.toMatchObject({ code: 429 });
    expect(flow.counts.get('global-default global-default')!.refused).toMatchObject({ 'time-out': 1 });
    expect(flow.counts.get('global-default global-default')!.refused['queue-full']).toBeGreaterThan(0);
  });
  it('are not enough: a turn that is used up sends the next to its queue, and queues take turns', async () => {
    let now = 0;
    const flow = control(() => now), noisy = user('noisy'), quiet = user('quiet'), order: string[] = [];
    const ask = (who: typeof noisy): void => {
      void Promise.resolve(flow.admit(flow.classify(who, list), who, list, 1)).then(s => { order.push(who.name); now += 5; s.release(); });
    };
    for (let i = 0; i < 40; i++) { ask(noisy); now += 1; }
    ask(quiet);
    while (order.length < 41) await new Promise(resolve => { setImmediate(resolve); });
    // Without queues the quiet one would be the last of all.
    expect(order.indexOf('quiet')).toBeLessThan(15);
  });
});

describe('queues', () => {
  it('hands are dealt without repeats, the same for the same flow, and differ between flows', () => {
    for (const flow of ['a', 'b', 'c']) expect(new Set(deal(flow, 128, 6)).size).toBe(6);
    expect(deal('a', 128, 6)).toEqual(deal('a', 128, 6));
    expect(deal('a', 128, 6)).not.toEqual(deal('b', 128, 6));
    expect([...deal('x', 5, 5)].sort()).toEqual([0, 1, 2, 3, 4]);
  });
  it('a flow fills no more than its hand', () => {
    const level = new Level('x', { nominal: 1, lendable: 0, borrowing: 0, queuing: { queues: 64, handSize: 4, queueLengthLimit: 10 } });
    const w = (flow: string) => ({ flow, width: 1, since: 0, run: () => undefined });
    let n = 0;
    while (level.enqueue(w('noisy'))) n++;
    expect(n).toBe(40);
    expect(level.enqueue(w('quiet'))).toBe(true);
  });
});

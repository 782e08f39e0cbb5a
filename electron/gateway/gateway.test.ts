import { describe, expect, it } from 'vitest';
import type { FramePort, ToHost, ToWindow } from '../contract/frames.ts';
import { CREDIT } from '../contract/frames.ts';
import { silentLog } from '../../core/base/log.ts';
import { FakeCluster } from './fake-cluster.ts';
import { createGateway, type Gateway } from './gateway.ts';

const PODS = { group: '', version: 'v1', kind: 'Pod', plural: 'pods', namespaced: true };

/** A clock whose timers fire when told; awaits what they started. */
class TestClock {
  time = 1_000_000;
  #timers: { at: number; fn: () => void }[] = [];
  now(): number { return this.time; }
  after(ms: number, fn: () => void): { cancel(): void } {
    const timer = { at: this.time + ms, fn };
    this.#timers.push(timer);
    return { cancel: () => { this.#timers = this.#timers.filter(t => t !== timer); } };
  }
  async advance(ms: number): Promise<void> {
    const end = this.time + ms;
    await settle();
    for (;;) {
      const due = this.#timers.filter(t => t.at <= end).sort((a, b) => a.at - b.at)[0];
      if (!due) break;
      this.#timers = this.#timers.filter(t => t !== due);
      this.time = Math.max(this.time, due.at);
      due.fn();
      await settle();
    }
    this.time = end;
    await settle();
  }
}
const settle = (): Promise<void> => new Promise(done => { setImmediate(() => setImmediate(done)); });


class Window {
  got: ToWindow[] = [];
  closed = false;
  #listener: (f: unknown) => void = () => undefined;
  #closers: ((w: string) => void)[] = [];
  constructor(gateway: Gateway, token?: string) {
    const port: FramePort = {
      send: f => { this.got.push(structuredClone(f) as ToWindow); }, onFrame: l => { this.#listener = l; },
      onClose: l => { this.#closers.push(l); }, close: () => { this.closed = true; this.leave(); },
    };
    gateway.connect(port, token);
  }
  say(f: ToHost): void { this.#listener(f); }
  raw(f: unknown): void { this.#listener(f); }
  leave(): void { for (const c of this.#closers) c('gone'); }
  hello(token?: string): this { this.say({ t: 'hello', version: 1, ...(token ? { token } : {}) }); return this; }
  /** What a client store would hold for a watch. */
  names(id: number): string[] {
    const held = new Map<string, string>();
    for (const f of this.got) {
      if (f.t === 'snapshot' && f.id === id) for (const o of f.items as { metadata: { name: string } }[]) held.set(o.metadata.name, '');
      if (f.t === 'events' && f.id === id) for (const e of f.events as { type: string; object: { metadata: { name: string } } }[]) if (e.type === 'DELETED') held.delete(e.object.metadata.name); else held.set(e.object.metadata.name, '');
    }
    return [...held.keys()].sort();
  }
  states(id: number): string[] { return this.got.flatMap(f => (f.t === 'state' && f.id === id ? [f.state.state] : [])); }
}
const setup = () => {
  const clock = new TestClock();
  const cluster = new FakeCluster();
  const gateway = createGateway({ clusters: cluster, log: silentLog, clock });
  return { clock, cluster, gateway };
};

describe('watches', () => {
  it('lists, follows and drops managedFields', async () => {
    const { clock, cluster, gateway } = setup();
    for (let i = 0; i < 1200; i++) cluster.put(`p${i}`);
    const w = new Window(gateway).hello();
    w.say({ t: 'watch', id: 1, cluster: 'fake', resource: PODS });
    await clock.advance(100);
    const chunks = w.got.filter(f => f.t === 'snapshot');
    expect(chunks.map(c => [c.items.length, c.done])).toEqual([[500, false], [500, false], [200, true]]);
    cluster.put('new'); cluster.remove('p0');
    await clock.advance(100);
    expect(w.names(1)).toHaveLength(1200);
    expect(w.names(1)).toContain('new');
    expect(JSON.stringify(w.got)).not.toContain('managedFields');
    expect(w.states(1)).toEqual(['loading', 'live']);
  });

  it('shares one upstream watch among windows and closes it after the last has left', async () => {
    const { clock, cluster, gateway } = setup();
    cluster.put('a');
    const windows = Array.from({ length: 4 }, () => new Window(gateway).hello());
    for (const w of windows) { w.say({ t: 'watch', id: 1, cluster: 'fake', resource: PODS }); w.say({ t: 'count', id: 2, cluster: 'fake', resource: PODS }); }
    await clock.advance(100);
    expect([cluster.opens, cluster.lists, gateway.watches]).toEqual([1, 1, 1]);
    for (const w of windows) expect(w.names(1)).toEqual(['a']);
    for (const w of windows) w.leave();
    await clock.advance(60_000);
    expect([gateway.watches, gateway.sessions]).toEqual([0, 0]);
  });

  it('tells stale since when, heals, and sends only what differs', async () => {
    const { clock, cluster, gateway } = setup();
    for (const n of ['a', 'b', 'c']) cluster.put(n);
    const w = new Window(gateway).hello();
    w.say({ t: 'watch', id: 1, cluster: 'fake', resource: PODS });
    await clock.advance(2000);
    cluster.down = new Error('connect ECONNREFUSED');
    cluster.cut(cluster.down);
    cluster.remove('a'); cluster.put('d'); cluster.put('b', { spec: {} });
    await clock.advance(20_000);
    const stale = w.got.findLast(f => f.t === 'state')!;
    expect(stale.state).toMatchObject({ state: 'stale', since: 1_002_000, reason: 'connect ECONNREFUSED' });
    expect(w.states(1).filter(s => s === 'live')).toHaveLength(1);
    cluster.compacted = cluster.version;
    cluster.down = undefined;
    const before = w.got.length;
    w.say({ t: 'retry', id: 1 });
    await clock.advance(2000);
    expect(w.names(1)).toEqual(['b', 'c', 'd']);
    expect(w.states(1).at(-1)).toBe('live');
    expect(w.got.slice(before).flatMap(f => (f.t === 'events' ? (f.events as { type: string; object: { metadata: { name: string } } }[]).map(e => `${e.type} ${e.object.metadata.name}`) : [])).sort())
      .toEqual(['ADDED d', 'DELETED a', 'MODIFIED b']);
    expect(w.got.slice(before).some(f => f.t === 'snapshot')).toBe(false);
  });

  it('resumes without a relist when the server just ends the watch', async () => {
    const { clock, cluster, gateway } = setup();
    cluster.put('a');
    const w = new Window(gateway).hello();
    w.say({ t: 'watch', id: 1, cluster: 'fake', resource: PODS });
    await clock.advance(5000);
    cluster.cut();
    cluster.put('b');
    await clock.advance(5000);
    expect([w.names(1), cluster.lists, w.states(1)]).toEqual([['a', 'b'], 1, ['loading', 'live']]);
  });

  it('says forbidden and which right is missing', async () => {
    const { clock, cluster, gateway } = setup();
    cluster.down = Object.assign(new Error('x'), { status: { code: 403, reason: 'Forbidden', message: 'pods is forbidden: User "u" cannot list' } });
    const w = new Window(gateway).hello();
    w.say({ t: 'watch', id: 1, cluster: 'fake', resource: PODS });
    await clock.advance(100);
    expect(w.got.at(-1)).toMatchObject({ t: 'state', state: { state: 'forbidden', code: 403, reason: 'pods is forbidden: User "u" cannot list' } });
  });

  it('counts per namespace and follows', async () => {
    const { clock, cluster, gateway } = setup();
    cluster.put('a'); cluster.put('b');
    const w = new Window(gateway).hello();
    w.say({ t: 'count', id: 1, cluster: 'fake', resource: { ...PODS, plural: 'pods' } });
    await clock.advance(100);
    cluster.remove('a');
    await clock.advance(100);
    expect(w.got.filter(f => f.t === 'count').map(f => [f.total, f.namespaces.default?.total])).toEqual([[2, 2], [1, 1]]);
  });
});

describe('requests and doors', () => {
  it('answers requests and carries Status failures', async () => {
    const { clock, gateway } = setup();
    const w = new Window(gateway).hello();
    w.say({ t: 'request', id: 1, cluster: 'fake', method: 'GET', path: '/version' });
    w.say({ t: 'request', id: 2, cluster: 'fake', method: 'GET', path: '/api/v1/fail' });
    w.say({ t: 'request', id: 3, cluster: 'nowhere', method: 'GET', path: '/version' });
    await clock.advance(1);
    expect(w.got.slice(1)).toEqual(expect.arrayContaining([
      { t: 'response', id: 1, body: { ok: true } },
      { t: 'failure', id: 2, error: { code: 404, reason: 'NotFound', message: 'pods "x" not found' } },
      { t: 'failure', id: 3, error: { code: 404, reason: 'Gateway', message: 'no cluster "nowhere"' } },
    ]));
  });
  it.each(['http://evil/', '//evil/x', '/a/../b', '/a b', '/a?x=1'])('refuses the path %s', async path => {
    const { clock, gateway } = setup();
    const w = new Window(gateway).hello();
    w.say({ t: 'request', id: 1, cluster: 'fake', method: 'GET', path });
    await clock.advance(1);
    expect(w.got.at(-1)).toMatchObject({ t: 'failure', error: { reason: 'Gateway' } });
  });
  it('writes nothing to a protected cluster', async () => {
    const { clock, cluster, gateway } = setup();
    (cluster.info as { protected?: boolean }).protected = true;
    const w = new Window(gateway).hello();
    w.say({ t: 'request', id: 1, cluster: 'fake', method: 'DELETE', path: '/api/v1/namespaces/a/pods/b' });
    w.say({ t: 'request', id: 2, cluster: 'fake', method: 'GET', path: '/version' });
    w.say({ t: 'terminal', id: 3, cluster: 'fake', namespace: 'a', pod: 'b', mode: 'exec', command: ['sh'], tty: true, stdin: true, cols: 80, rows: 24 });
    await clock.advance(1);
    expect(w.got).toContainEqual(expect.objectContaining({ t: 'end', id: 3, error: expect.objectContaining({ code: 403 }) }));
    expect(w.got).toContainEqual(expect.objectContaining({ t: 'failure', id: 1, error: expect.objectContaining({ code: 403 }) }));
    expect(cluster.requests.map(r => r.method)).toEqual(['GET']);
  });
  it('closes on a wrong token and on anything before hello', () => {
    const { gateway } = setup();
    const wrong = new Window(gateway, 'secret');
    wrong.hello('secreT');
    expect(wrong.closed).toBe(true);
    const early = new Window(gateway, 'secret');
    early.say({ t: 'request', id: 1, cluster: 'fake', method: 'GET', path: '/version' });
    expect([early.closed, early.got]).toEqual([true, []]);
    const right = new Window(gateway, 'secret').hello('secret');
    expect(right.got[0]).toMatchObject({ t: 'welcome', clusters: [{ id: 'fake' }] });
  });
  it('survives frames that are not frames', () => {
    const { gateway } = setup();
    const w = new Window(gateway).hello();
    for (const f of [null, 1, 'x', [], {}, { t: 'watch' }, { t: 'watch', id: 1 }]) w.raw(f);
    expect(w.got.at(-1)).toMatchObject({ t: 'failure', id: 1 });
  });
});

describe('logs', () => {
  it('stops reading when the window does not acknowledge, and decodes across chunks', async () => {
    const { clock, cluster, gateway } = setup();
    const euro = new TextEncoder().encode('€');
    cluster.logChunks = [euro.slice(0, 1), euro.slice(1), ...Array.from({ length: 100 }, () => new Uint8Array(64 * 1024).fill(120))];
    const w = new Window(gateway).hello();
    w.say({ t: 'logs', id: 1, cluster: 'fake', namespace: 'a', pod: 'b', container: 'c' });
    await clock.advance(1);
    await settle();
    const size = () => w.got.reduce((n, f) => n + (f.t === 'data' ? f.data.length : 0), 0);
    expect(w.got.find(f => f.t === 'data')?.data).toBe('€');
    expect(size()).toBeLessThan(CREDIT + 70_000);
    expect(cluster.logReads).toBeLessThan(14);
    for (let i = 0; i < 60; i++) { w.say({ t: 'ack', id: 1, chars: 256 * 1024 }); await settle(); }
    expect(w.got.at(-1)).toEqual({ t: 'end', id: 1 });
    expect(size()).toBe(1 + 100 * 64 * 1024);
  });
});

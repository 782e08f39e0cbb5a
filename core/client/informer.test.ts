import { describe, expect, it } from 'vitest';
import type { KubeObject, WatchEvent } from '../api/meta/object.ts';
import { failure, gone } from '../api/meta/status.ts';
import { FakeClock } from '../base/clock.ts';
import { silentLog } from '../base/log.ts';
import { Client, type Request, type Transport } from './client.ts';
import { createInformerFactory } from './informer-factory.ts';

const PODS = { group: '', version: 'v1', kind: 'Pod', plural: 'pods', namespaced: true };
const pod = (name: string, rv: number, extra: { uid?: string; labels?: Record<string, string>; ns?: string } = {}): KubeObject =>
  ({ metadata: { name, namespace: extra.ns ?? 'default', uid: extra.uid ?? name, resourceVersion: String(rv), labels: extra.labels } });
const settle = (): Promise<void> => new Promise(resolve => { setImmediate(resolve); });

interface Stream { version: string; send(...events: [WatchEvent['type'], KubeObject][]): void; end(): void; fail(e: unknown): void }

/** A server told what to answer, move by move. */
class Script implements Transport {
  items: KubeObject[] = [];
  version = '1';
  listed: (string | undefined)[] = [];
  listFailures: unknown[] = [];
  streams: Stream[] = [];
  get stream(): Stream { return this.streams.at(-1)!; }
  request(r: Request): Promise<unknown> {
    this.listed.push(r.query?.['resourceVersion'] as string | undefined);
    const error = this.listFailures.shift();
    return error ? Promise.reject(error as Error) : Promise.resolve({ metadata: { resourceVersion: this.version }, items: [...this.items] });
  }
  watch(_path: string, query: Readonly<Record<string, string | undefined>>, onEvents: (e: readonly WatchEvent[]) => void, signal: AbortSignal): Promise<void> {
    return new Promise((resolve, reject) => {
      signal.addEventListener('abort', () => resolve(), { once: true });
      this.streams.push({ version: query['resourceVersion'] ?? '', send: (...ev) => onEvents(ev.map(([type, object]) => ({ type, object }))), end: resolve, fail: reject });
    });
  }
}

async function started(script: Script) {
  const clock = new FakeClock();
  const factory = createInformerFactory(new Client(script, 'test'), { clock, log: silentLog });
  const informer = factory.for(PODS);
  const told: string[] = [];
  informer.on({
    add: o => told.push(`+${o.metadata!.name} ${o.metadata!.resourceVersion}`),
    update: (n, p) => told.push(`~${n.metadata!.name} ${p.metadata!.resourceVersion}>${n.metadata!.resourceVersion}`),
    delete: o => told.push(`-${o.metadata!.name} ${o.metadata!.resourceVersion}`),
  });
  return { clock, factory, informer, told };
}

describe('informer', () => {
  it('lists from the cache, tells handlers before it calls itself synced, and names kinds that lists leave out', async () => {
    const s = new Script();
    s.items = [pod('a', 1), pod('b', 2)];
    const { factory, informer, told } = await started(s);
    let toldAtSync = -1;
    void informer.synced.then(() => (toldAtSync = told.length));
    await factory.start();
    expect(s.listed).toEqual(['0']);
    expect(toldAtSync).toBe(2);
    expect(informer.lister.get('default', 'a')).toMatchObject({ kind: 'Pod', apiVersion: 'v1' });
    factory.stop();
  });

  it('15.6 follows events and takes a stream up where it ended, also from a bookmark', async () => {
    const s = new Script();
    const { clock, factory, informer, told } = await started(s);
    await factory.start();
    s.stream.send(['ADDED', pod('a', 5)], ['MODIFIED', pod('a', 6)], ['DELETED', pod('a', 7)], ['BOOKMARK', { metadata: { resourceVersion: '42' } }]);
    expect(told).toEqual(['+a 5', '~a 5>6', '-a 7']);
    expect(informer.lister.size).toBe(0);
    await clock.advance(5000);
    s.stream.end();
    await settle();
    expect(s.streams).toHaveLength(2);
    expect(s.stream.version).toBe('42');
    expect(s.listed).toHaveLength(1);
    factory.stop();
  });

  it.each([['as an answer', true], ['as an event', false]])('15.6 lists again when history is gone (%s) and finds what it missed', async (_how, asAnswer) => {
    const s = new Script();
    s.items = [pod('a', 1), pod('b', 2), pod('c', 3, { uid: 'old' })];
    const { factory, told } = await started(s);
    await factory.start();
    told.length = 0;
    s.items = [pod('a', 9), pod('c', 8, { uid: 'new' }), pod('d', 7)];
    if (asAnswer) s.stream.fail(gone('too old')); else s.stream.send(['ERROR', gone('too old').status as unknown as KubeObject]);
    await settle();
    await settle();
    expect(told).toEqual(['~a 1>9', '-c 3', '+c 8', '+d 7', '-b 2']);
    expect(s.streams).toHaveLength(2);
    factory.stop();
  });

  it('waits longer after each failure and recovers', async () => {
    const s = new Script();
    s.listFailures = [new Error('refused'), failure(503, 'ServiceUnavailable', 'not yet'), new Error('refused')];
    const { clock, factory, informer } = await started(s);
    void factory.start();
    await clock.advance(200);
    expect(s.listed).toHaveLength(1);
    await clock.advance(200);
    expect(s.listed).toHaveLength(2);
    await clock.advance(3000);
    expect(s.listed).toHaveLength(4);
    expect(informer.hasSynced).toBe(true);
    s.stream.fail(new Error('reset'));
    await settle();
    expect(s.streams).toHaveLength(1);
    await clock.advance(3000);
    expect(s.streams).toHaveLength(2);
    expect(s.listed).toHaveLength(4);
    factory.stop();
  });

  it('gives late handlers what is there, shares one stream, and goes on when a handler throws', async () => {
    const s = new Script();
    s.items = [pod('a', 1)];
    const { factory, informer, told } = await started(s);
    informer.on({ add: () => { throw new Error('mine'); } });
    await factory.start();
    const late: string[] = [];
    const off = factory.for(PODS).on({ add: o => late.push(o.metadata!.name!) });
    expect(late).toEqual(['a']);
    off();
    s.stream.send(['ADDED', pod('b', 2)]);
    expect(late).toEqual(['a']);
    expect(told).toContain('+b 2');
    expect(s.streams).toHaveLength(1);
    factory.stop();
  });

  it('freezes what it hands out when tests ask for it', async () => {
    process.env['PILOTHOUSE_FREEZE'] = '1';
    try {
      const s = new Script();
      s.items = [pod('a', 1, { labels: { app: 'x' } })];
      const { factory, informer } = await started(s);
      await factory.start();
      const held = informer.lister.get('default', 'a')!;
      expect(() => { held.metadata!.labels!['app'] = 'y'; }).toThrow(TypeError);
      factory.stop();
    } finally { delete process.env['PILOTHOUSE_FREEZE']; }
  });

  it('files objects under indexes and moves them when they change', async () => {
    const s = new Script();
    s.items = [pod('a', 1, { labels: { app: 'x' } }), pod('b', 1, { labels: { app: 'x' }, ns: 'other' })];
    const { factory, informer } = await started(s);
    informer.addIndex('app', o => [o.metadata!.labels?.['app'] ?? '']);
    await factory.start();
    const names = (v: string): (string | undefined)[] => informer.lister.byIndex('app', v).map(o => o.metadata!.name);
    expect(names('x')).toEqual(['a', 'b']);
    expect(informer.lister.list('other').map(o => o.metadata!.name)).toEqual(['b']);
    s.stream.send(['MODIFIED', pod('a', 2, { labels: { app: 'y' } })], ['DELETED', pod('b', 3, { ns: 'other' })]);
    expect(names('x')).toEqual([]);
    expect(names('y')).toEqual(['a']);
    expect(() => informer.lister.byIndex('nope', '')).toThrow('nope');
    factory.stop();
  });
});

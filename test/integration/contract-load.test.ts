// The API contract under load and over restarts, against a running host: conflicts, many watchers, long lists, compaction (6.2, 6.7,
// 6.12, 6.13, 15.6), and what must be the same after the host was stopped or killed.
import { connect } from 'node:tls';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { eventually, startHost, type Host } from '../harness/host.ts';
import { memoryStore } from '../../core/store/open.ts';
import { TestApi } from '../harness/api-server.ts';
import { Wire, type Loose, type Watching } from '../harness/wire.ts';

const NS = '/api/v1/namespaces/load', CM = `${NS}/configmaps`;
const list = (v: Loose | undefined): Loose[] => (Array.isArray(v) ? v as Loose[] : []);
const rv = (o: Loose): string => String(o['metadata']!['resourceVersion']);
const nameOf = (o: Loose): string => String(o['metadata']!['name']);

/** What a watcher that began with `items` would hold now. */
function replay(items: readonly Loose[], w: Watching): Map<string, string> {
  const state = new Map(items.map(i => [nameOf(i), rv(i)]));
  for (const l of w.lines) if (l.type === 'DELETED') state.delete(nameOf(l.object)); else if (l.type !== 'BOOKMARK') state.set(nameOf(l.object), rv(l.object));
  return state;
}
const stateOf = (l: Loose): Map<string, string> => new Map(list(l['items']).map(i => [nameOf(i), rv(i)]));

describe('concurrency', () => {
  let host: Host, api: Wire;
  beforeAll(async () => {
    host = await startHost(['--runtime', 'simulated']);
    api = new Wire(host.ready.kubeconfig);
    await api.call('/api/v1/namespaces', { body: { metadata: { name: 'load' } } });
  });
  afterAll(async () => { api.close(); await host.dispose(); });

  test('0.8, 3.3 64 writers with revisions: every increment counts once', async () => {
    await api.call(CM, { body: { metadata: { name: 'counter' }, data: { n: '0' } } });
    let conflicts = 0;
    const bump = async (): Promise<void> => {
      for (;;) {
        const now = (await api.call(`${CM}/counter`)).json;
        const r = await api.put(`${CM}/counter`, { ...now, data: { n: String(Number(now['data']!['n']) + 1) } });
        if (r.status === 200) return;
        expect([r.status, r.json['reason']]).toEqual([409, 'Conflict']);
        conflicts++;
      }
    };
    await Promise.all(Array.from({ length: 64 }, bump));
    expect((await api.call(`${CM}/counter`)).json['data']!['n']).toBe('64');
    expect(conflicts).toBeGreaterThan(0);
  });

  test('6.3, 6.7, 6.13 a list and a watch from any revision give the state', async () => {
    const start = (await api.call(CM)).json;
    const fromStart = await api.watch(`${CM}?watch=1&resourceVersion=${rv(start)}`);
    const middle: { items: readonly Loose[]; watch: Watching }[] = [{ items: list(start['items']), watch: fromStart }];
    const writer = async (id: number): Promise<void> => {
      for (let i = 0; i < 25; i++) {
        const name = `w${id}-${i % 5}`;
        const step = (id * 7 + i) % 4;
        if (step === 0) await api.delete(`${CM}/${name}`);
        else if ((await api.patch(`${CM}/${name}`, 'merge', { data: { i: String(i) } })).status === 404) await api.call(CM, { body: { metadata: { name }, data: { i: String(i) } } });
        if (id === 0 && i % 8 === 3) {
          const l = (await api.call(CM)).json;
          middle.push({ items: list(l['items']), watch: await api.watch(`${CM}?watch=1&resourceVersion=${rv(l)}`) });
        }
      }
    };
    await Promise.all(Array.from({ length: 16 }, (_, id) => writer(id)));
    await api.call(CM, { body: { metadata: { name: 'last' } } });
    const end = (await api.call(CM)).json;
    for (const m of middle) {
      await m.watch.until(l => l.some(x => nameOf(x.object) === 'last'));
      expect(replay(m.items, m.watch)).toEqual(stateOf(end));
      const versions = m.watch.lines.map(l => Number(rv(l.object)));
      expect(versions.every((v, i) => i === 0 || v > versions[i - 1]!)).toBe(true);
      m.watch.close();
    }
    expect(middle.length).toBeGreaterThan(2);
    // From history, long after the events.
    const late = await api.watch(`${CM}?watch=1&resourceVersion=${rv(start)}`);
    await late.until(l => l.some(x => nameOf(x.object) === 'last'));
    expect(late.lines).toEqual(fromStart.lines);
    late.close();
  });

  test('200 watchers get every event', async () => {
    const { json } = await api.call(CM);
    const watchers = await Promise.all(Array.from({ length: 200 }, (_, i) => api.watch(`${CM}?watch=1&resourceVersion=${rv(json)}${i % 4 === 1 ? '&labelSelector=app' : ''}`, i % 4 === 2 ? { accept: 'application/json;as=Table;v=v1;g=meta.k8s.io' } : i % 4 === 3 ? { accept: 'application/json;as=PartialObjectMetadata;v=v1;g=meta.k8s.io' } : {})));
    for (let i = 0; i < 50; i++) await api.call(CM, { body: { metadata: { name: `fan-${i}`, labels: { app: 'fan' } } } });
    await Promise.all(watchers.map(w => w.until(l => l.length >= 50, 20_000)));
    expect(watchers.every(w => w.lines.length === 50)).toBe(true);
    for (const w of watchers) w.close();
    await api.delete(`${CM}?labelSelector=app%3Dfan`);
  });

  test('6.12 a watcher that does not read is cut, and harms nobody', async () => {
    const c = api.credentials, { port } = new URL(c.server);
    const socket = connect({ host: '127.0.0.1', port: Number(port), ca: c.ca, cert: c.cert, key: c.key });
    await new Promise(resolve => { socket.once('secureConnect', resolve); });
    const closed = new Promise<void>(resolve => { socket.once('close', () => resolve()); });
    socket.on('error', () => undefined);
    socket.write(`GET ${CM}?watch=1 HTTP/1.1\r\nHost: x\r\n\r\n`);
    await new Promise(resolve => { socket.once('readable', resolve); });
    const rss = (await api.call('/metrics')).text.match(/^process_resident_memory_bytes (\S+)/m)?.[1];
    const data = { blob: 'x'.repeat(900_000) };
    for (let i = 0; i < 110; i++) expect((await api.put(`${CM}/counter`, { metadata: { name: 'counter' }, data: { ...data, i: String(i) } })).status).toBe(200);
    socket.resume();
    await closed;
    expect(rss).toBeDefined();
    expect((await api.call('/readyz')).text).toBe('ok');
    await api.delete(`${CM}/counter`);
  });

  test('10,000 objects: one list, pages, and a watch that carries on', { timeout: 120_000 }, async () => {
    const total = 10_000;
    let next = 0;
    await Promise.all(Array.from({ length: 64 }, async () => {
      while (next < total) {
        const i = next++;
        const r = await api.call('/api/v1/namespaces/load/secrets', { body: { metadata: { name: `s${String(i).padStart(5, '0')}`, labels: { tenth: String(i % 10) } }, stringData: { k: String(i) } } });
        if (r.status !== 201) throw new Error(r.text);
      }
    }));
    const SECRETS = '/api/v1/namespaces/load/secrets';
    const all = (await api.call(SECRETS)).json;
    expect(list(all['items'])).toHaveLength(total);
    const paged: string[] = [];
    let revision: string | undefined;
    for (let token = ''; ;) {
      const page = (await api.call(`${SECRETS}?limit=500${token && `&continue=${encodeURIComponent(token)}`}`)).json;
      paged.push(...list(page['items']).map(nameOf));
      revision ??= rv(page);
      expect(rv(page)).toBe(revision);
      if (paged.length === 500) await api.delete(`${SECRETS}/s09999`);
      token = String(page['metadata']!['continue'] ?? '');
      expect(page['metadata']!['remainingItemCount'] ?? 0).toBe(total - paged.length);
      if (token === '') break;
    }
    expect(paged).toEqual(list(all['items']).map(nameOf));
    expect(list((await api.call(`${SECRETS}?labelSelector=tenth%3D3`)).json['items'])).toHaveLength(total / 10);
    const w = await api.watch(`${SECRETS}?watch=1&resourceVersion=${revision}`);
    expect((await w.until(l => l.length === 1)).map(l => [l.type, nameOf(l.object)])).toEqual([['DELETED', 's09999']]);
    w.close();
    expect((await api.delete(SECRETS)).status).toBe(200);
    expect(list((await api.call(SECRETS)).json['items'])).toEqual([]);
  });
});

describe('history that is gone', () => {
  test('6.1, 6.2, 6.7 410 for lists, pages and watches that are too old, and the way on (trap 8)', async () => {
    const store = memoryStore(), local = await TestApi.start({ store }), wire = new Wire(local.kubeconfig);
    try {
      const path = '/api/v1/namespaces/default/configmaps';
      for (let i = 0; i < 4; i++) await wire.call(path, { body: { metadata: { name: `c${i}` } } });
      const first = (await wire.call(`${path}?limit=2`)).json, old = rv(first);
      await wire.delete(`${path}/c3`);
      await wire.call(path, { body: { metadata: { name: 'c5' } } });
      store.compact(store.revision);
      const page = await wire.call(`${path}?limit=2&continue=${encodeURIComponent(String(first['metadata']?.['continue']))}`);
      expect([page.status, page.json]).toMatchObject([410, { kind: 'Status', reason: 'Expired', code: 410, message: expect.stringContaining('The provided continue parameter is too old') }]);
      const rest = (await wire.call(`${path}?continue=${encodeURIComponent(String(page.json['metadata']?.['continue']))}`)).json;
      expect(list(rest['items']).map(nameOf)).toEqual(['c2', 'c5']);
      expect((await wire.call(`${path}?resourceVersion=${old}&resourceVersionMatch=Exact`)).json).toMatchObject({ code: 410, reason: 'Expired' });
      const w = await wire.watch(`${path}?watch=1&resourceVersion=${old}`);
      await w.until((l, ended) => ended || l.length > 0);
      const status = w.lines[0]!.type === 'ERROR' ? w.lines[0]!.object : w.lines[0] as unknown as Loose;
      expect(status).toMatchObject({ kind: 'Status', reason: 'Expired', code: 410, message: expect.stringMatching(/^too old resource version: \d+ \(\d+\)$/) });
      w.close();
      const now = await wire.watch(`${path}?watch=1&resourceVersion=${rv((await wire.call(path)).json)}`);
      expect(now.response.statusCode).toBe(200);
      now.close();
    } finally {
      wire.close();
      await local.stop();
    }
  });
});

describe('restart on the same data', () => {
  test('objects, identities, revisions, addresses and watches carry on; after a kill too', { timeout: 120_000 }, async () => {
    let host = await startHost(['--runtime', 'simulated', '--pod-cidr', '10.231.0.0/16', '--service-cidr', '10.232.0.0/24']);
    let api = new Wire(host.ready.kubeconfig);
    try {
      await api.call('/api/v1/namespaces', { body: { metadata: { name: 'load' } } });
      await api.call(CM, { body: { metadata: { name: 'a' }, data: { k: '1' } } });
      await api.call(CM, { body: { metadata: { name: 'gone' } } });
      await api.delete(`${CM}/gone`);
      const svc = (await api.call(`${NS}/services`, { body: { metadata: { name: 's' }, spec: { type: 'NodePort', ports: [{ port: 80 }] } } })).json;
      await api.call('/apis/apps/v1/namespaces/load/deployments', { body: { metadata: { name: 'd' }, spec: { replicas: 2, selector: { matchLabels: { app: 'd' } }, template: { metadata: { labels: { app: 'd' } }, spec: { containers: [{ name: 'c', image: 'nginx:1.25' }] } } } } });
      await eventually('two ready pods', async () => String((await api.call('/apis/apps/v1/namespaces/load/deployments/d')).json['status']?.['readyReplicas']) === '2');
      for (const signal of ['SIGTERM', 'SIGKILL'] as const) {
        await api.patch(`${CM}/a`, 'merge', { data: { k: signal } });
        const before = (await api.call(CM)).json, uids = list((await api.call(`${NS}/pods`)).json['items']).map(p => String(p['metadata']!['uid'])).sort();
        await host.stop(signal);
        api.close();
        host = await startHost(['--runtime', 'simulated', '--pod-cidr', '10.231.0.0/16', '--service-cidr', '10.232.0.0/24'], { data: host.data });
        api = new Wire(host.ready.kubeconfig);
        const after = (await api.call(CM)).json;
        expect(list(after['items'])).toEqual(list(before['items']));
        expect(Number(rv(after))).toBeGreaterThanOrEqual(Number(rv(before)));
        expect(list((await api.call(`${NS}/pods`)).json['items']).map(p => String(p['metadata']!['uid'])).sort()).toEqual(uids);
        // A watcher from before the restart goes on without a gap, or is told to start anew.
        const w = await api.watch(`${CM}?watch=1&resourceVersion=${rv(before)}`);
        await api.patch(`${CM}/a`, 'merge', { data: { k: `after ${signal}` } });
        const lines = await w.until(l => l.length > 0);
        if (w.response.statusCode === 200 && lines[0]!.type !== 'ERROR') expect(lines.map(l => l.object['data']!['k'])).toEqual([`after ${signal}`]);
        else expect(w.response.statusCode === 410 || lines[0]!.object['code']).toBeTruthy();
        w.close();
        const spec = svc['spec'] as unknown as { clusterIP: string; ports: { nodePort: number }[] };
        expect((await api.call(`${NS}/services`, { body: { metadata: { name: 'same-ip' }, spec: { clusterIP: spec.clusterIP, ports: [{ port: 80 }] } } })).json).toMatchObject({ code: 422, message: expect.stringContaining('provided IP is already allocated') });
        expect((await api.call(`${NS}/services`, { body: { metadata: { name: 'same-port' }, spec: { type: 'NodePort', ports: [{ port: 80, nodePort: spec.ports[0]!.nodePort }] } } })).json).toMatchObject({ code: 422, message: expect.stringContaining('provided port is already allocated') });
        // Refused creations keep nothing: the whole range can still be given away, and not one address twice.
        await api.patch('/apis/apps/v1/namespaces/load/deployments/d', 'merge', { spec: { replicas: signal === 'SIGTERM' ? 3 : 1 } });
        await eventually('the controllers work', async () => Number((await api.call('/apis/apps/v1/namespaces/load/deployments/d')).json['status']!['readyReplicas']) === (signal === 'SIGTERM' ? 3 : 1));
        const next = (await api.call(`${NS}/configmaps`, { body: { metadata: { generateName: 'n-' } } })).json;
        expect(Number(rv(next))).toBeGreaterThan(Number(rv(after)));
      }
    } finally {
      api.close();
      await host.dispose();
    }
  });
});

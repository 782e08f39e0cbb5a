// The API server over real TLS: credentials, negotiation, limits, streams.
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { connect } from 'node:tls';
import { gunzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { decodeProtobuf } from '../../core/apiserver/codec/protobuf.ts';
import { Pki } from '../../core/boot/pki.ts';
import { TestApi } from '../harness/api-server.ts';

let api: TestApi;
const CM = '/api/v1/namespaces/default/configmaps';
const TABLE = 'application/json;as=Table;v=v1;g=meta.k8s.io,application/json';
const cm = (name: string, more: object = {}): string => JSON.stringify({ apiVersion: 'v1', kind: 'ConfigMap', metadata: { name }, data: { k: 'v' }, ...more });
beforeAll(async () => { api = await TestApi.start(); });
afterAll(async () => { await api.stop(); });

describe('who may ask', () => {
  it('11.1 believes certificates of its authority, tokens it knows, and nothing else', async () => {
    const alice = await api.pki.issue('alice', { commonName: 'alice', organizations: ['dev', 'ops'] });
    expect((await api.call('/api', { cert: alice })).status).toBe(200);
    expect((await api.call(CM, { cert: alice })).json()).toMatchObject({ code: 403, message: 'configmaps is forbidden: User "alice" cannot list resource "configmaps" in API group "" in the namespace "default"' });
    const bad = await api.call(CM, { token: 'wrong' });
    expect([bad.status, bad.json()]).toMatchObject([401, { kind: 'Status', reason: 'Unauthorized', message: 'Unauthorized', code: 401 }]);
    expect((await api.call('/healthz', { token: 'wrong' })).status).toBe(401);
    // A certificate that is one, but of somebody else's authority.
    const other = await Pki.open(join(api.dir, 'other-pki'), Date.now());
    const stranger = await other.issue('mallory', { commonName: 'kubernetes-admin', organizations: ['system:masters'] });
    for (const path of [CM, '/healthz', '/version']) expect((await api.call(path, { cert: stranger, token: null })).json()).toMatchObject({ kind: 'Status', code: 401, reason: 'Unauthorized' });
    for (const path of ['/healthz', '/livez', '/readyz?verbose', '/version']) expect((await api.call(path, { token: null })).status).toBe(200);
    expect((await api.call('/api', { token: null })).json()).toMatchObject({ code: 403, message: 'forbidden: User "system:anonymous" cannot get path "/api"' });
    expect((await api.call('/api/v1/namespaces/default/pods', { token: null })).json()).toMatchObject({ code: 403, message: 'pods is forbidden: User "system:anonymous" cannot list resource "pods" in API group "" in the namespace "default"', details: { kind: 'pods' } });
  });

  it('11.1 believes service accounts while they live', async () => {
    await api.call('/api/v1/namespaces/default/serviceaccounts', { body: JSON.stringify({ metadata: { name: 'robot' } }) });
    const r = await api.call('/api/v1/namespaces/default/serviceaccounts/robot/token', { body: '{}' });
    expect(r.status).toBe(201);
    const { token } = r.json<{ status: { token: string } }>().status;
    expect((await api.call('/api', { token })).status).toBe(200);
    await api.call('/api/v1/namespaces/default/serviceaccounts/robot', { method: 'DELETE' });
    expect((await api.call(CM, { token })).status).toBe(401);
  });

  it('11.1 believes bootstrap tokens until they expire', async () => {
    const b = (s: string): string => Buffer.from(s).toString('base64');
    const secret = (id: string, more: object = {}): string => JSON.stringify({ metadata: { name: `bootstrap-token-${id}` }, type: 'bootstrap.kubernetes.io/token', data: { 'token-id': b(id), 'token-secret': b('0123456789abcdef'), 'usage-bootstrap-authentication': b('true'), ...more } });
    await api.call('/api/v1/namespaces/kube-system/secrets', { body: secret('abcdef') });
    await api.call('/api/v1/namespaces/kube-system/secrets', { body: secret('expird', { expiration: b('2001-01-01T00:00:00Z') }) });
    expect((await api.call('/api', { token: 'abcdef.0123456789abcdef' })).status).toBe(200);
    expect((await api.call(CM, { token: 'abcdef.0123456789abcdeX' })).status).toBe(401);
    expect((await api.call(CM, { token: 'expird.0123456789abcdef' })).status).toBe(401);
  });
});

describe('protobuf', () => {
  const PROTOBUF = 'application/vnd.kubernetes.protobuf';
  it('0.2 is answered to those who take nothing else, also in lists, errors and watches', async () => {
    await api.call(CM, { body: cm('binary') });
    const get = async (path: string): Promise<{ type: unknown; object: Record<string, unknown> }> => {
      const r = await api.call(path, { headers: { accept: PROTOBUF } });
      return { type: r.headers['content-type'], object: decodeProtobuf(r.body, undefined) as Record<string, unknown> };
    };
    expect(await get(`${CM}/binary`)).toMatchObject({ type: PROTOBUF, object: { kind: 'ConfigMap', metadata: { name: 'binary' }, data: { k: 'v' } } });
    expect(await get(`${CM}?fieldSelector=metadata.name%3Dbinary`)).toMatchObject({ object: { kind: 'ConfigMapList', items: [{ metadata: { name: 'binary' } }] } });
    expect(await get(`${CM}/none`)).toMatchObject({ type: PROTOBUF, object: { kind: 'Status', code: 404, reason: 'NotFound' } });
    expect((await api.call(`${CM}/binary`, { headers: { accept: `${PROTOBUF},application/json` } })).headers['content-type']).toBe('application/json');
    const w = await api.call(`${CM}?watch=1&fieldSelector=metadata.name%3Dbinary&timeoutSeconds=1&allowWatchBookmarks=true`, { headers: { accept: `${PROTOBUF};stream=watch` } });
    expect(w.headers['content-type']).toBe(`${PROTOBUF};stream=watch`);
    const types: string[] = [];
    for (let at = 0; at < w.body.length;) {
      const end = at + 4 + w.body.readUInt32BE(at), frame = w.body.subarray(at + 4, end);
      types.push(frame.subarray(2, 2 + frame[1]!).toString());
      const object = decodeProtobuf(frame.subarray(frame.indexOf('k8s\0')), undefined) as Record<string, unknown>;
      expect(object).toMatchObject({ kind: 'ConfigMap', metadata: { resourceVersion: expect.any(String) } });
      at = end;
    }
    expect(types).toEqual(['ADDED', 'BOOKMARK']);
  });
});

describe('what comes back', () => {
  it('is a table for those who ask', async () => {
    await api.call(CM, { body: cm('table') });
    const t = (await api.call(`${CM}?fieldSelector=metadata.name%3Dtable`, { headers: { accept: TABLE } })).json<{ kind: string; columnDefinitions: { name: string; format: string }[]; rows: { cells: unknown[]; object: object }[] }>();
    expect(t.kind).toBe('Table');
    expect(t.columnDefinitions[0]).toMatchObject({ name: 'Name', type: 'string', format: 'name' });
    expect(t.rows).toMatchObject([{ cells: ['table', 1, expect.any(String)], object: { kind: 'PartialObjectMetadata', metadata: { name: 'table' } } }]);
    expect((await api.call(`${CM}/table?includeObject=Object`, { headers: { accept: TABLE } })).json<{ rows: object[] }>().rows).toMatchObject([{ object: { kind: 'ConfigMap', data: { k: 'v' } } }]);
    expect((await api.call(`${CM}/table?includeObject=None`, { headers: { accept: TABLE } })).json<{ rows: object[] }>().rows[0]).not.toHaveProperty('object');
    expect((await api.call(`${CM}/table?includeObject=All`, { headers: { accept: TABLE } })).status).toBe(400);
    expect((await api.call(`${CM}/none`, { headers: { accept: TABLE } })).json()).toMatchObject({ kind: 'Status', code: 404 });
  });

  it('is metadata, YAML or indented for those who ask', async () => {
    const list = (await api.call(CM, { headers: { accept: 'application/json;as=PartialObjectMetadataList;v=v1;g=meta.k8s.io' } })).json<{ kind: string; items: { kind: string; data?: object }[] }>();
    expect([list.kind, list.items[0]!.kind, list.items[0]!.data]).toEqual(['PartialObjectMetadataList', 'PartialObjectMetadata', undefined]);
    const y = await api.call(`${CM}/table`, { headers: { accept: 'application/yaml' } });
    expect([y.headers['content-type'], parse(y.text)]).toMatchObject(['application/yaml', { kind: 'ConfigMap', data: { k: 'v' } }]);
    expect((await api.call(`${CM}/table`, { headers: { 'user-agent': 'curl/8.0' } })).text).toContain('\n  "kind": "ConfigMap"');
    expect((await api.call(`${CM}/table`, { headers: { accept: 'application/cbor' } })).status).toBe(406);
  });

  it('is packed when it is large', async () => {
    for (let i = 0; i < 4; i++) await api.call('/api/v1/namespaces/kube-public/configmaps', { body: JSON.stringify({ metadata: { name: `big${i}` }, data: { x: 'y'.repeat(50_000) } }) });
    const r = await api.call('/api/v1/namespaces/kube-public/configmaps', { headers: { 'accept-encoding': 'gzip' } });
    expect(r.headers['content-encoding']).toBe('gzip');
    expect((JSON.parse(gunzipSync(r.body).toString()) as { items: object[] }).items).toHaveLength(4);
    expect((await api.call('/api/v1/namespaces/kube-public/configmaps')).headers['content-encoding']).toBeUndefined();
  });

  it('comes in pieces when it is a long list, and a client that leaves in the middle harms nobody', async () => {
    const path = '/api/v1/namespaces/kube-system/configmaps?labelSelector=long', names = Array.from({ length: 12 }, (_, i) => `long-${String(i).padStart(2, '0')}`);
    for (const name of names) await api.call('/api/v1/namespaces/kube-system/configmaps', { body: JSON.stringify({ metadata: { name, labels: { long: '' } }, data: { x: `${name}ü`.repeat(name === 'long-07' ? 60_000 : 20_000) } }) });
    const namesOf = (body: Buffer): string[] => (JSON.parse(body.toString()) as { items: { metadata: { name: string } }[] }).items.map(o => o.metadata.name);
    // Twice: what follows on a connection must not be mistaken for the rest of what was.
    for (let i = 0; i < 2; i++) {
      const r = await api.call(path);
      expect(r.headers['transfer-encoding']).toBe('chunked');
      expect(namesOf(r.body)).toEqual(names);
    }
    const packed = await api.call(path, { headers: { 'accept-encoding': 'gzip' } });
    expect(packed.headers['content-encoding']).toBe('gzip');
    expect(namesOf(gunzipSync(packed.body))).toEqual(names);
    const head = await api.call(path, { method: 'HEAD' });
    expect([head.status, head.body.length]).toEqual([200, 0]);
    const left = await api.open(path);
    left.once('data', () => left.destroy());
    await new Promise(resolve => { left.once('close', resolve); });
    expect(namesOf((await api.call(path)).body)).toEqual(names);
    await api.call(path, { method: 'DELETE' });
  });
});

describe('what goes in', () => {
  it('is refused with the right Status when it is bad', async () => {
    const post = (body: string | Buffer, headers: Record<string, string> = {}): Promise<[number, string]> => api.call(CM, { body, headers }).then(r => [r.status, r.json<{ reason: string }>().reason]);
    expect(await post('{"metadata":')).toEqual([400, 'BadRequest']);
    expect(await post('[]')).toEqual([400, 'BadRequest']);
    expect(await post('null')).toEqual([422, 'Invalid']);
    expect(await post('{"kind":"Secret","apiVersion":"v1","metadata":{"name":"a"}}')).toEqual([400, 'BadRequest']);
    expect(await post('{"metadata":{"name":5}}')).toEqual([400, 'BadRequest']);
    expect(await post(cm('t'), { 'content-type': 'text/plain' })).toEqual([415, 'UnsupportedMediaType']);
    expect(await post(cm('t'), { 'content-type': 'application/x-www-form-urlencoded' })).toEqual([415, 'UnsupportedMediaType']);
    expect(await post(JSON.stringify({ metadata: { name: 'x' }, data: { x: 'y'.repeat(3 << 20) } }))).toEqual([413, 'RequestEntityTooLarge']);
    expect(await post(`${'{"a":'.repeat(20_000)}1${'}'.repeat(20_000)}`)).toEqual([400, 'BadRequest']);
    expect(await post(Buffer.from([0x7b, 0x22, 0xff, 0xfe]))).toEqual([400, 'BadRequest']);
    expect((await api.call(`${CM}/../../../secrets`)).status).toBe(404);
    expect((await api.call(`${CM}/..%2f..%2fsecrets`)).status).toBe(400);
    expect((await api.call(CM, { method: 'OPTIONS' })).status).toBe(405);
    expect((await api.call(`${CM}?fieldValidation=Strict`, { body: cm('t', { nonsense: 1 }) })).json()).toMatchObject({ code: 400, message: expect.stringContaining('strict decoding error: unknown field "nonsense"') as string });
    const warned = await api.call(CM, { body: cm('warned', { nonsense: 1 }) });
    expect([warned.status, warned.headers['warning']]).toEqual([201, '299 - "unknown field \\"nonsense\\""']);
    expect((await api.call('/healthz')).text).toBe('ok');
  });

  it('may lack a content type, as in kubectl scale', async () => {
    expect((await api.call(CM, { body: cm('untyped'), headers: { 'content-type': '' } })).status).toBe(201);
  });

  it('survives what is no HTTP at all', async () => {
    await new Promise<void>((resolve, reject) => {
      const s = connect({ host: '127.0.0.1', port: api.port, ca: api.pki.ca.cert }, () => s.end('\0\u0001 nonsense\r\n\r\n'));
      s.on('close', () => resolve()).on('error', reject).resume();
    });
    expect((await api.call('/readyz')).status).toBe(200);
  });
});

describe('closing', () => {
  it('ends watches and lets nobody hold it', async () => {
    const own = await TestApi.start();
    const res = await own.open(`${CM}?watch=1&allowWatchBookmarks=true`);
    let text = '';
    const ended = new Promise<void>(resolve => { res.on('data', (d: Buffer) => { text += d.toString(); }).on('close', () => resolve()); });
    const s = connect({ host: '127.0.0.1', port: own.port, ca: own.pki.ca.cert }, () => s.write('GET /healthz HTTP/1.1\r\n'));
    s.on('error', () => s.destroy());
    await new Promise(resolve => { s.once('secureConnect', resolve); });
    await own.stop();
    await ended;
    expect(text).toContain('"type":"BOOKMARK"');
  });
});

describe('watching', () => {
  type Event = { type: string; object: { kind: string; metadata: { name: string }; columnDefinitions?: unknown; rows?: { cells: unknown[] }[] } };
  async function* events(path: string, headers: Record<string, string> = {}): AsyncGenerator<Event> {
    const res = await api.open(path, { headers });
    if (res.statusCode !== 200) throw new Error(`watch: ${res.statusCode}`);
    try { for await (const line of createInterface({ input: res })) yield JSON.parse(line) as Event; } finally { res.destroy(); }
  }

  it('sends headers at once and lines as they come', async () => {
    const W = '/api/v1/namespaces/kube-system/configmaps';
    const w = events(`${W}?watch=1`);
    const next = w.next();
    const res = await api.open(`${W}?watch=1`);
    expect(res.headers['transfer-encoding']).toBe('chunked');
    res.destroy();
    await api.call(W, { body: cm('seen') });
    expect((await next).value).toMatchObject({ type: 'ADDED', object: { kind: 'ConfigMap', apiVersion: 'v1', metadata: { name: 'seen' } } });
    await api.call(`${W}/seen`, { method: 'DELETE' });
    expect((await w.next()).value).toMatchObject({ type: 'DELETED', object: { metadata: { name: 'seen' } } });
    await w.return(undefined);
  });

  it('sends table rows, and columns once', async () => {
    const W = '/api/v1/namespaces/kube-system/configmaps';
    const w = events(`${W}?watch=true`, { accept: TABLE });
    const first = w.next();
    await api.call(W, { body: cm('row1') });
    await api.call(W, { body: cm('row2') });
    expect((await first).value).toMatchObject({ object: { kind: 'Table', columnDefinitions: expect.any(Array) as unknown, rows: [{ cells: ['row1', 1, expect.any(String)] }] } });
    expect((await w.next()).value).toMatchObject({ object: { columnDefinitions: null, rows: [{ cells: ['row2', 1, expect.any(String)] }] } });
    await w.return(undefined);
  });

  it('ends at its timeout', async () => {
    const all: string[] = [];
    for await (const e of events(`${CM}?watch=1&timeoutSeconds=1&allowWatchBookmarks=true&resourceVersion=${(await api.call(`${CM}?limit=1`)).json<{ metadata: { resourceVersion: string } }>().metadata.resourceVersion}`)) all.push(e.type);
    expect(all).toEqual(['BOOKMARK']);
  });
});

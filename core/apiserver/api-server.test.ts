import { generateKeyPairSync } from 'node:crypto';
import { beforeEach, describe, expect, it } from 'vitest';
import { kinds } from '../api/kinds/index.ts';
import type { KubeList, KubeObject, WatchEvent } from '../api/meta/object.ts';
import { ApiError } from '../api/meta/status.ts';
import { FakeClock } from '../base/clock.ts';
import { silentLog } from '../base/log.ts';
import type { Request, Transport } from '../client/client.ts';
import { memoryStore } from '../store/open.ts';
import type { Store } from '../store/store.ts';
import { createApiServer, type ApiServer } from './api-server.ts';

type Any = KubeObject & { metadata: Record<string, unknown> & { name: string; resourceVersion: string; uid: string }; spec: Record<string, unknown>; status: Record<string, unknown>; data: Record<string, string> };
const KEY = generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey.export({ type: 'pkcs8', format: 'pem' }).toString();

let clock: FakeClock, store: Store, server: ApiServer, t: Transport;
const start = (disabledAdmission: string[] = []): void => {
  clock = new FakeClock();
  store = memoryStore({ clock });
  server = createApiServer({ store, kinds, clock, log: silentLog, serviceCidr: '10.96.0.0/24', nodePortRange: [30000, 30040], serviceAccountKey: KEY, gitVersion: 'v1.36.0+test', disabledAdmission });
  t = server.localTransport({ name: 'admin', groups: ['system:masters'] });
};
const call = (method: Request['method'], path: string, body?: unknown, more: Partial<Request> = {}): Promise<Any> => t.request({ method, path, body, ...more }) as Promise<Any>;
const get = (path: string, query?: Request['query']): Promise<Any> => call('GET', path, undefined, { query });
const merge = (path: string, body: unknown, query?: Request['query']): Promise<Any> => call('PATCH', path, body, { contentType: 'application/merge-patch+json', query });
const list = async (path: string, query?: Request['query']): Promise<KubeList<Any>> => (await get(path, query)) as unknown as KubeList<Any>;
const names = (l: KubeList<Any>): string[] => l.items.map(i => i.metadata.name);
async function refused(p: Promise<unknown>): Promise<ApiError['status']> {
  try { await p; } catch (e) { if (e instanceof ApiError) return e.status; throw e; }
  throw new Error('was not refused');
}
const CM = '/api/v1/namespaces/a/configmaps', PODS = '/api/v1/namespaces/a/pods';
const cm = (name: string, data: Record<string, string> = { x: '1' }, meta: object = {}): object => ({ apiVersion: 'v1', kind: 'ConfigMap', metadata: { name, ...meta }, data });
const pod = (name: string, meta: object = {}, spec: object = {}): object => ({ metadata: { name, ...meta }, spec: { containers: [{ name: 'c', image: 'i' }], ...spec } });

async function open(path: string, query: Record<string, string>): Promise<{ events: WatchEvent<Any>[]; close(): void; done: Promise<void>; take(): string[] }> {
  const events: WatchEvent<Any>[] = [], abort = new AbortController();
  const done = t.watch(path, query, e => { events.push(...(e as WatchEvent<Any>[])); }, abort.signal);
  done.catch(() => undefined);
  await new Promise(resolve => { setImmediate(resolve); });
  return { events, done, close: () => abort.abort(), take: () => events.splice(0).map(e => `${e.type} ${e.object.metadata.name ?? ''}`.trim()) };
}

beforeEach(async () => {
  start(['ServiceAccount']);
  await call('POST', '/api/v1/namespaces', { metadata: { name: 'a' } });
  await call('POST', '/api/v1/namespaces', { metadata: { name: 'b' } });
});

describe('health', () => {
  it('is the store\'s, too, and readiness ends when the server closes', async () => {
    const ask = (path: string): Promise<unknown> => call('GET', path);
    expect(await ask('/healthz/etcd')).toBe('ok');
    expect(await get('/readyz', { verbose: '1' })).toMatch(/^\[\+\]ping ok\n\[\+\]etcd ok\n(?:\[\+\][\w/-]+ ok\n)+\[\+\]shutdown ok\nreadyz check passed\n$/);
    expect(await get('/livez/poststarthook/rbac/bootstrap-roles')).toBe('ok');
    Object.defineProperty(store, 'failure', { value: new Error('disk full') });
    expect(await get('/livez', {})).toMatch(/^\[\+\]ping ok\n\[-\]etcd failed: reason withheld\n(?:\[\+\][\w/-]+ ok\n)+livez check failed\n$/);
    expect(await get('/livez', { exclude: 'etcd' })).toBe('ok');
    await server.close();
    expect(await get('/readyz', { exclude: 'etcd' })).toContain('[-]shutdown failed: reason withheld');
  });
});

describe('create', () => {
  it('gives identity and age, and refuses what it must', async () => {
    const o = await call('POST', CM, cm('x', { k: 'v' }, { creationTimestamp: null, uid: 'mine', selfLink: '/x' }));
    expect(o).toMatchObject({ kind: 'ConfigMap', apiVersion: 'v1', metadata: { name: 'x', namespace: 'a', creationTimestamp: '2026-01-01T00:00:00Z' }, data: { k: 'v' } });
    expect(o.metadata.uid).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
    expect(o.metadata.generation).toBeUndefined();
    expect(Number(o.metadata.resourceVersion)).toBeGreaterThan(0);
    expect(await refused(call('POST', CM, cm('x')))).toMatchObject({ code: 409, reason: 'AlreadyExists', message: 'configmaps "x" already exists', details: { name: 'x', kind: 'configmaps' } });
    expect(await refused(call('POST', '/api/v1/namespaces/nope/configmaps', cm('x')))).toMatchObject({ code: 404, message: 'namespaces "nope" not found' });
    expect(await refused(call('POST', CM, cm('X_')))).toMatchObject({ code: 422, reason: 'Invalid', details: { kind: 'ConfigMap' } });
    expect(await refused(call('POST', CM, { data: {} }))).toMatchObject({ code: 422, details: { causes: [{ field: 'metadata.name', reason: 'FieldValueRequired' }] } });
    expect(await refused(call('POST', CM, cm('y', {}, { namespace: 'b' })))).toMatchObject({ code: 400, message: 'the namespace of the provided object does not match the namespace sent on the request' });
    expect(await refused(call('POST', '/api/v1/configmaps', cm('y')))).toMatchObject({ code: 405 });
    expect(await refused(call('POST', CM, cm('y', {}, { resourceVersion: '1' })))).toMatchObject({ message: 'resourceVersion should not be set on objects to be created' });
    expect(await refused(get('/api/v1/namespaces/a/nonsense'))).toMatchObject({ code: 404, message: 'the server could not find the requested resource' });
  });

  it('holds what workers in the process send against the schema, like any body', async () => {
    const o = await call('POST', PODS, pod('w', { labels: null }, { foo: 1, nodeName: '', tolerations: [], activeDeadlineSeconds: undefined }));
    expect(o.spec).not.toHaveProperty('foo');
    expect(o.metadata).not.toHaveProperty('labels');
    expect(await refused(call('POST', PODS, pod('x', {}, { containers: 'no' })))).toMatchObject({ code: 400, message: 'Pod in version "v1" cannot be handled as a Pod: json: cannot unmarshal string into Go struct field PodSpec.spec.containers of type []v1.Container' });
    expect(await refused(call('POST', PODS, pod('x', {}, { foo: 1 }), { query: { fieldValidation: 'Strict' } }))).toMatchObject({ code: 400 });
    expect(await refused(call('POST', `${PODS}/w/binding`, { target: { name: 1 } }))).toMatchObject({ code: 400 });
  });

  it('makes names from generateName', async () => {
    const made = await call('POST', CM, { metadata: { generateName: 'x-' } });
    expect(made.metadata.name).toMatch(/^x-[bcdfghjklmnpqrstvwxz2456789]{5}$/);
    expect(made.metadata.generateName).toBe('x-');
  });

  it('keeps nothing of a dry run', async () => {
    const o = await call('POST', CM, cm('x'), { query: { dryRun: 'All' } });
    expect(o.metadata.uid).toBeTruthy();
    expect(await refused(get(`${CM}/x`))).toMatchObject({ code: 404, message: 'configmaps "x" not found' });
    expect(await refused(call('POST', CM, cm('x'), { query: { dryRun: 'Some' } }))).toMatchObject({ code: 422, details: { kind: 'CreateOptions' } });
  });
});

describe('update and patch', () => {
  it('compares resource versions and uids', async () => {
    const o = await call('POST', CM, cm('x'));
    const next = await call('PUT', `${CM}/x`, { ...o, data: { x: '2' } });
    expect(next.data).toEqual({ x: '2' });
    expect(await refused(call('PUT', `${CM}/x`, { ...o, data: { x: '3' } }))).toMatchObject({ code: 409, reason: 'Conflict', message: 'Operation cannot be fulfilled on configmaps "x": the object has been modified; please apply your changes to the latest version and try again' });
    expect((await call('PUT', `${CM}/x`, cm('x', { x: '4' }))).data).toEqual({ x: '4' });
    expect(await refused(call('PUT', `${CM}/x`, cm('x', {}, { uid: 'other' })))).toMatchObject({ code: 409, message: expect.stringContaining('Precondition failed: UID in precondition: other') as string });
    expect(await refused(call('PUT', `${CM}/x`, cm('y')))).toMatchObject({ code: 400, message: 'the name of the object (y) does not match the name on the URL (x)' });
    expect(await refused(call('PUT', `${CM}/none`, cm('none')))).toMatchObject({ code: 404 });
    expect(await refused(merge(`${CM}/x`, { metadata: { resourceVersion: '1' }, data: { x: '5' } }))).toMatchObject({ code: 409 });
    expect((await call('PUT', '/apis/coordination.k8s.io/v1/namespaces/a/leases/l', { metadata: { name: 'l' }, spec: { holderIdentity: 'h' } })).metadata.name).toBe('l');
  });

  it('writes nothing when nothing changes', async () => {
    await call('POST', CM, cm('x'));
    const w = await open(CM, {});
    w.take();
    const one = await merge(`${CM}/x`, { metadata: { labels: { l: '1' } } }), two = await merge(`${CM}/x`, { metadata: { labels: { l: '1' } } });
    expect(two.metadata.resourceVersion).toBe(one.metadata.resourceVersion);
    await call('PUT', `${CM}/x`, { ...two, metadata: { ...two.metadata, creationTimestamp: '2001-01-01T00:00:00Z' } });
    expect(w.take()).toEqual(['MODIFIED x']);
    w.close();
  });

  it('lets many unconditional writers all win', async () => {
    await call('POST', CM, cm('x', {}));
    await Promise.all(Array.from({ length: 20 }, (_, i) => merge(`${CM}/x`, { data: { [`k${i}`]: 'v' } })));
    expect(Object.keys((await get(`${CM}/x`)).data)).toHaveLength(20);
  });

  it('counts generations by spec and keeps status apart', async () => {
    const D = '/apis/apps/v1/namespaces/a/deployments';
    const template = { metadata: { labels: { app: 'd' } }, spec: { containers: [{ name: 'c', image: 'i' }] } };
    const d = await call('POST', D, { metadata: { name: 'd' }, spec: { replicas: 1, selector: { matchLabels: { app: 'd' } }, template } });
    expect(d.metadata.generation).toBe(1);
    expect((await merge(`${D}/d`, { metadata: { labels: { a: 'b' } } })).metadata.generation).toBe(1);
    expect((await merge(`${D}/d`, { spec: { replicas: 2 } })).metadata.generation).toBe(2);
    const s = await merge(`${D}/d/status`, { spec: { replicas: 9 }, status: { replicas: 7 } });
    expect([s.spec.replicas, s.status.replicas, s.metadata.generation]).toEqual([2, 7, 2]);
    expect((await merge(`${D}/d`, { status: { replicas: 1 } })).status.replicas).toBe(7);
  });

  it('takes JSON and strategic merge patches, and no others', async () => {
    await call('POST', PODS, pod('p'));
    const s = await call('PATCH', `${PODS}/p`, { spec: { containers: [{ name: 'c', image: 'other' }] } }, { contentType: 'application/strategic-merge-patch+json' });
    expect(s.spec.containers).toMatchObject([{ name: 'c', image: 'other' }]);
    await call('PATCH', `${PODS}/p`, [{ op: 'add', path: '/metadata/labels', value: { a: 'b' } }], { contentType: 'application/json-patch+json' });
    expect((await get(`${PODS}/p`)).metadata.labels).toEqual({ a: 'b' });
    expect(await refused(call('PATCH', `${PODS}/p`, [{ op: 'test', path: '/metadata/name', value: 'q' }], { contentType: 'application/json-patch+json' }))).toMatchObject({ code: 422, message: 'the server rejected our request due to an error in our request' });
    expect(await refused(call('PATCH', `${PODS}/p`, {}, { contentType: 'application/json' }))).toMatchObject({ code: 415 });
    expect(await refused(call('PATCH', `${PODS}/p`, {}, { contentType: 'application/apply-patch+yaml' }))).toMatchObject({ code: 422, message: expect.stringContaining('fieldManager: Required value: is required for apply patch') as string });
    expect(await refused(merge(`${PODS}/none`, {}))).toMatchObject({ code: 404, message: 'pods "none" not found' });
    expect(await refused(merge(`${PODS}/p`, { metadata: { name: 'q' } }))).toMatchObject({ code: 400 });
  });
});

describe('delete', () => {
  it('answers with a Status for most, and checks preconditions', async () => {
    const o = await call('POST', CM, cm('x'));
    expect(await refused(call('DELETE', `${CM}/x`, { preconditions: { uid: 'other' } }))).toMatchObject({ code: 409, details: { kind: 'ConfigMap' } });
    expect(await call('DELETE', `${CM}/x`)).toMatchObject({ kind: 'Status', status: 'Success', details: { name: 'x', kind: 'configmaps', uid: o.metadata.uid } });
    expect(await refused(call('DELETE', `${CM}/x`))).toMatchObject({ code: 404 });
    expect(await refused(call('DELETE', `${CM}/x`, { propagationPolicy: 'Sideways' }))).toMatchObject({ code: 422, details: { kind: 'DeleteOptions' } });
  });

  it('waits for finalizers', async () => {
    await call('POST', CM, cm('x', {}, { finalizers: ['x.io/hold'] }));
    const d = await call('DELETE', `${CM}/x`);
    expect(d.metadata).toMatchObject({ deletionTimestamp: '2026-01-01T00:00:00Z', deletionGracePeriodSeconds: 0 });
    expect(await refused(merge(`${CM}/x`, { metadata: { finalizers: ['x.io/hold', 'x.io/more'] } }))).toMatchObject({ code: 422, message: expect.stringContaining('no new finalizers can be added if the object is being deleted') as string });
    const w = await open(CM, {});
    w.take();
    await merge(`${CM}/x`, { metadata: { finalizers: null } });
    expect(w.take()).toEqual(['DELETED x']);
    expect(await refused(get(`${CM}/x`))).toMatchObject({ code: 404 });
    w.close();
  });

  it('gives placed pods their time, which can only shrink', async () => {
    await call('POST', PODS, pod('p', {}, { terminationGracePeriodSeconds: 30 }));
    await call('POST', `${PODS}/p/binding`, { target: { name: 'n' } });
    const first = await call('DELETE', `${PODS}/p`);
    expect(first.metadata).toMatchObject({ deletionTimestamp: '2026-01-01T00:00:30Z', deletionGracePeriodSeconds: 30 });
    expect((await call('DELETE', `${PODS}/p`, { gracePeriodSeconds: 60 })).metadata.resourceVersion).toBe(first.metadata.resourceVersion);
    expect((await call('DELETE', `${PODS}/p`)).metadata.resourceVersion).toBe(first.metadata.resourceVersion);
    expect((await call('DELETE', `${PODS}/p`, { gracePeriodSeconds: 10 })).metadata).toMatchObject({ deletionTimestamp: '2026-01-01T00:00:10Z', deletionGracePeriodSeconds: 10 });
    expect(await call('DELETE', `${PODS}/p`, { gracePeriodSeconds: 0, preconditions: { uid: first.metadata.uid } })).toMatchObject({ kind: 'Pod', metadata: { name: 'p' } });
    expect(await refused(get(`${PODS}/p`))).toMatchObject({ code: 404 });
    await call('POST', PODS, pod('q'));
    expect((await call('DELETE', `${PODS}/q`)).metadata.deletionTimestamp).toBeUndefined();
  });

  it('marks for foreground and orphan deletion', async () => {
    await call('POST', CM, cm('x'));
    await call('POST', CM, cm('y'));
    expect((await call('DELETE', `${CM}/x`, { propagationPolicy: 'Foreground' })).metadata.finalizers).toEqual(['foregroundDeletion']);
    expect((await call('DELETE', `${CM}/y`, { propagationPolicy: 'Orphan' })).metadata.finalizers).toEqual(['orphan']);
  });

  it('removes a collection in one go and says what it was', async () => {
    for (let i = 0; i < 5; i++) await call('POST', CM, cm(`c${i}`, {}, { labels: { odd: String(i % 2) } }));
    const gone = (await call('DELETE', CM, undefined, { query: { labelSelector: 'odd=1' } })) as unknown as KubeList<Any>;
    expect(names(gone)).toEqual(['c1', 'c3']);
    expect(names(await list(CM))).toEqual(['c0', 'c2', 'c4']);
  });

  it('ends namespaces in two steps', async () => {
    await call('POST', CM, cm('x'));
    const ns = await call('DELETE', '/api/v1/namespaces/a');
    expect(ns.status.phase).toBe('Terminating');
    expect(await refused(call('POST', CM, cm('y')))).toMatchObject({ code: 403, details: { causes: [{ reason: 'NamespaceTerminating', field: 'metadata.namespace' }] } });
    await call('PUT', '/api/v1/namespaces/a/finalize', { ...ns, spec: { finalizers: [] } });
    expect(await refused(get('/api/v1/namespaces/a'))).toMatchObject({ code: 404 });
    await call('POST', '/api/v1/namespaces', { metadata: { name: 'default' } });
    expect(await refused(call('DELETE', '/api/v1/namespaces/default'))).toMatchObject({ code: 403, message: 'namespaces "default" is forbidden: this namespace may not be deleted' });
  });
});

describe('list', () => {
  beforeEach(async () => { for (const n of ['c', 'a', 'e', 'b', 'd']) await call('POST', CM, cm(n, {}, { labels: { n } })); });

  it('is ordered, selected and never null', async () => {
    expect(names(await list(CM))).toEqual(['a', 'b', 'c', 'd', 'e']);
    expect(names(await list('/api/v1/configmaps', { labelSelector: 'n in (a,e)' }))).toEqual(['a', 'e']);
    expect(names(await list(CM, { labelSelector: 'n!=a,!z' }))).toEqual(['b', 'c', 'd', 'e']);
    expect(names(await list(CM, { fieldSelector: 'metadata.name=c' }))).toEqual(['c']);
    expect(names(await list('/api/v1/configmaps', { fieldSelector: 'metadata.name=c' }))).toEqual(['c']);
    expect(names(await list('/api/v1/namespaces/b/configmaps'))).toEqual([]);
    expect(await refused(list(CM, { fieldSelector: 'spec.x=1' }))).toMatchObject({ code: 400 });
    expect(await refused(list(CM, { labelSelector: 'a b' }))).toMatchObject({ code: 400 });
  });

  it('finds a node\'s pods at every moment', async () => {
    const on = async (node: string, ns = ''): Promise<string[]> => names(await list(`/api/v1/${ns}pods`, { fieldSelector: `spec.nodeName=${node}` }));
    await call('POST', PODS, pod('q'));
    expect(await on('n1')).toEqual([]);
    await call('POST', PODS, pod('p'));
    await call('POST', '/api/v1/namespaces/b/pods', pod('r'));
    for (const [ns, name, node] of [['a', 'q', 'n1'], ['a', 'p', 'n1'], ['b', 'r', 'n1']]) await call('POST', `/api/v1/namespaces/${ns}/pods/${name}/binding`, { target: { name: node } });
    expect([await on('n1'), await on('n1', 'namespaces/a/'), await on('n2')]).toEqual([['p', 'q', 'r'], ['p', 'q'], []]);
    await call('DELETE', `${PODS}/q`, { gracePeriodSeconds: 0 });
    expect(await on('n1')).toEqual(['p', 'r']);
    expect(names(await list('/api/v1/pods', { fieldSelector: 'spec.nodeName=n1,metadata.name!=p' }))).toEqual(['r']);
  });

  it('picks few of many by label, in order, in pages, at every moment', async () => {
    await Promise.all(Array.from({ length: 600 }, (_, i) => call('POST', CM, cm(`m${String(i).padStart(3, '0')}`, {}, { labels: { app: `a${i % 20}`, tier: i % 2 ? 'odd' : 'even' } }))));
    const picked = async (labelSelector: string, more: Record<string, string> = {}): Promise<string[]> => names(await list(CM, { labelSelector, ...more }));
    const third = Array.from({ length: 30 }, (_, i) => `m${String(i * 20 + 3).padStart(3, '0')}`);
    expect(await picked('app=a3')).toEqual(third);
    expect(await picked('app=a3,tier=even')).toEqual([]);
    expect((await picked('app in (a3,a4),tier!=odd')).length).toBe(30);
    expect((await picked('tier=odd')).length).toBe(300);
    expect(names(await list('/api/v1/namespaces/b/configmaps', { labelSelector: 'app=a3' }))).toEqual([]);
    const first = await list(CM, { labelSelector: 'app=a3', limit: '20' });
    await merge(`${CM}/m003`, { metadata: { labels: { app: 'moved' } } });
    await call('DELETE', `${CM}/m023`);
    await call('POST', CM, cm('aaa', {}, { labels: { app: 'a3' } }));
    expect(names(first)).toEqual(third.slice(0, 20));
    expect(names(await list(CM, { labelSelector: 'app=a3', limit: '20', continue: first.metadata!.continue }))).toEqual(third.slice(20));
    expect(await picked('app=a3')).toEqual(['aaa', ...third.slice(2)]);
    expect(await picked('app=moved')).toEqual(['m003']);
    expect(await picked('app=a3', { resourceVersion: first.metadata!.resourceVersion!, resourceVersionMatch: 'Exact' })).toEqual(third);
    const page = await list(CM, { labelSelector: 'app=a3', limit: '28' });
    expect(names(await list(CM, { labelSelector: 'app=a3', limit: '28', continue: page.metadata!.continue }))).toEqual(third.slice(29));
  });

  it('comes in consistent chunks', async () => {
    const one = await list(CM, { limit: '2' });
    expect([names(one), one.metadata!.remainingItemCount]).toEqual([['a', 'b'], 3]);
    await call('DELETE', `${CM}/c`);
    await call('POST', CM, cm('f'));
    const two = await list(CM, { limit: '2', continue: one.metadata!.continue });
    expect([names(two), two.metadata!.resourceVersion]).toEqual([['c', 'd'], one.metadata!.resourceVersion]);
    const three = await list(CM, { limit: '2', continue: two.metadata!.continue });
    expect([names(three), three.metadata!.continue]).toEqual([['e'], undefined]);
    expect(await refused(list(CM, { continue: 'nonsense' }))).toMatchObject({ code: 400 });
    expect(names(await list(CM, { limit: '2', labelSelector: 'n in (b,d,e)' }))).toEqual(['b', 'd']);
  });

  it('knows the past, and waits for the future', async () => {
    const rv = (await list(CM)).metadata!.resourceVersion!;
    await call('DELETE', `${CM}/a`);
    expect(names(await list(CM, { resourceVersion: rv, resourceVersionMatch: 'Exact' }))).toContain('a');
    expect(names(await list(CM, { resourceVersion: rv, resourceVersionMatch: 'NotOlderThan' }))).not.toContain('a');
    expect(names(await list(CM, { resourceVersion: '0', limit: '500' }))).toEqual(['b', 'c', 'd', 'e']);
    const late = refused(list(CM, { resourceVersion: '9999' }));
    await clock.advance(3100);
    expect(await late).toMatchObject({ code: 504, reason: 'Timeout', details: { retryAfterSeconds: 1, causes: [{ reason: 'ResourceVersionTooLarge' }] } });
    expect(await refused(list(CM, { resourceVersionMatch: 'Exact' }))).toMatchObject({ code: 422 });
    expect(await refused(list(CM, { sendInitialEvents: 'true' }))).toMatchObject({ code: 422 });
  });
});

describe('watch', () => {
  it('starts with the state, or after a revision', async () => {
    await call('POST', CM, cm('x'));
    const rv = (await list(CM)).metadata!.resourceVersion!;
    const all = await open(CM, {}), later = await open(CM, { resourceVersion: rv });
    await call('POST', CM, cm('y'));
    await merge(`${CM}/y`, { data: { z: '1' } });
    await call('DELETE', `${CM}/x`);
    expect(all.take()).toEqual(['ADDED x', 'ADDED y', 'MODIFIED y', 'DELETED x']);
    const deleted = later.events.at(-1)!;
    expect(later.take()).toEqual(['ADDED y', 'MODIFIED y', 'DELETED x']);
    expect(deleted.object.metadata.resourceVersion).toBe((await list(CM)).metadata!.resourceVersion);
    all.close();
    later.close();
    await Promise.all([all.done, later.done]);
  });

  it('turns selector transitions into ADDED and DELETED', async () => {
    await call('POST', CM, cm('x', {}, { labels: { on: '0' } }));
    const w = await open(CM, { labelSelector: 'on=1' });
    await merge(`${CM}/x`, { metadata: { labels: { on: '1' } } });
    await merge(`${CM}/x`, { data: { a: 'b' } });
    const off = await merge(`${CM}/x`, { metadata: { labels: { on: '0' } } });
    await merge(`${CM}/x`, { data: { a: 'c' } });
    const last = w.events.at(-1)!;
    expect(w.take()).toEqual(['ADDED x', 'MODIFIED x', 'DELETED x']);
    expect(last.object.metadata).toMatchObject({ labels: { on: '1' }, resourceVersion: off.metadata.resourceVersion });
    w.close();
  });

  it('ends initial events with a marked bookmark', async () => {
    await call('POST', CM, cm('x'));
    const w = await open(CM, { sendInitialEvents: 'true', resourceVersionMatch: 'NotOlderThan', allowWatchBookmarks: 'true' });
    expect(w.events.at(-1)).toMatchObject({ type: 'BOOKMARK', object: { metadata: { annotations: { 'k8s.io/initial-events-end': 'true' } } } });
    expect(w.take()).toEqual(['ADDED x', 'BOOKMARK']);
    w.close();
    expect(await refused(t.watch(CM, { sendInitialEvents: 'true' }, () => undefined, new AbortController().signal))).toMatchObject({ code: 422 });
  });

  it('sends bookmarks and ends in time', async () => {
    const w = await open(CM, { allowWatchBookmarks: 'true', timeoutSeconds: '100' });
    await clock.advance(61_000);
    expect(w.take()).toEqual(['BOOKMARK']);
    await clock.advance(40_000);
    await w.done;
  });

  it('watches one object', async () => {
    await call('POST', CM, cm('x'));
    const w = await open(CM, { fieldSelector: 'metadata.name=x' });
    await call('POST', CM, cm('xy'));
    await merge(`${CM}/x`, { data: { a: 'b' } });
    expect(w.take()).toEqual(['ADDED x', 'MODIFIED x']);
    w.close();
  });
});

describe('subresources', () => {
  it('resizes by Kubernetes\' rules', async () => {
    await call('POST', PODS, pod('r', {}, { containers: [{ name: 'c', image: 'i', resources: { requests: { cpu: '100m' }, limits: { memory: '64Mi' } } }], initContainers: [{ name: 'n', image: 'i', resources: { limits: { cpu: '1', memory: '1Gi' } } }] }));
    const resize = (resources: object, which = 'containers', name = 'c'): Promise<Any> => call('PATCH', `${PODS}/r/resize`, { spec: { [which]: [{ name, resources }] } }, { contentType: 'application/strategic-merge-patch+json' });
    const why = async (p: Promise<unknown>): Promise<string> => (await refused(p)).message ?? '';
    expect((await resize({ requests: { cpu: '0.2' } })).spec['containers']).toMatchObject([{ resources: { requests: { cpu: '200m', memory: '64Mi' }, limits: { memory: '64Mi' } } }]);
    expect(await why(resize({ requests: { cpu: null } }))).toBe('Pod "r" is invalid: spec.containers[0].resources.requests: Forbidden: resource requests cannot be removed');
    expect((await resize({ limits: { memory: '32Mi' }, requests: { memory: '32Mi' } })).spec['containers']).toMatchObject([{ resources: { limits: { memory: '32Mi' } } }]);
    expect(await why(resize({ requests: { 'ephemeral-storage': '1Gi' } }))).toBe('Pod "r" is invalid: spec: Forbidden: only cpu and memory resources are mutable');
    expect(await why(resize({ limits: { cpu: '200m' } }))).toBe('Pod "r" is invalid: spec: Invalid value: "Burstable": Pod QOS Class may not change as a result of resizing');
    expect(await why(resize({ requests: { cpu: '2' } }, 'initContainers', 'n'))).toBe('Pod "r" is invalid: spec.initContainers[0].resources.requests: Invalid value: "2": must be less than or equal to cpu limit of 1');
    expect(await why(resize({ limits: { 'ephemeral-storage': '1Gi' } }, 'initContainers', 'n'))).toBe('Pod "r" is invalid: spec.initContainers[0]: Forbidden: only cpu and memory resources for init or sidecar containers are mutable');
    expect((await resize({ requests: { cpu: '0.5' } }, 'initContainers', 'n')).spec['initContainers']).toMatchObject([{ resources: { requests: { cpu: '500m' } } }]);
    const { spec, metadata } = await get(`${PODS}/r`);
    expect(await why(call('PUT', `${PODS}/r/resize`, { metadata, spec: { ...spec, containers: [{ ...(spec['containers'] as object[])[0], name: 'd' }] } }))).toBe('Pod "r" is invalid: spec.containers[0].name: Forbidden: containers may not be renamed or reordered on resize');
    expect(await why(call('PUT', `${PODS}/r/resize`, { metadata, spec: { ...spec, initContainers: [] } }))).toBe('Pod "r" is invalid: spec.initContainers: Forbidden: initContainers may not be added or removed on resize');
    expect((await refused(resize({ requests: { cpu: 'x' } }))).code).toBeGreaterThanOrEqual(400);
  });

  it('resizes a pod as a whole', async () => {
    await call('POST', PODS, pod('w', {}, { resources: { limits: { cpu: '1', memory: '64Mi' }, requests: { cpu: '500m', memory: '32Mi' } }, containers: [{ name: 'c', image: 'i', resources: { requests: { cpu: '100m' }, limits: { cpu: '800m' } } }] }));
    const resize = (resources: object | null): Promise<Any> => call('PATCH', `${PODS}/w/resize`, { spec: { resources } }, { contentType: 'application/merge-patch+json' });
    const why = async (p: Promise<unknown>): Promise<string> => (await refused(p)).message ?? '';
    expect((await resize({ limits: { cpu: '2' } })).spec['resources']).toEqual({ limits: { cpu: '2', memory: '64Mi' }, requests: { cpu: '500m', memory: '32Mi' } });
    expect(await why(resize(null))).toContain('spec.resources: Forbidden: pod-level resources cannot be removed');
    expect(await why(resize({ limits: { memory: null } }))).toBe('Pod "w" is invalid: spec.resources.limits: Forbidden: pod-level resource limits cannot be removed');
    expect(await why(resize({ limits: { 'hugepages-2Mi': '2Mi' }, requests: { 'hugepages-2Mi': '2Mi' } }))).toContain('spec: Forbidden: only cpu and memory resources are mutable at pod-level');
    expect(await why(resize({ requests: { cpu: '50m' } }))).toContain('must be greater than or equal to aggregate container requests of 100m');
    expect(await why(resize({ limits: { cpu: '600m' } }))).toContain('must be less than or equal to pod limits of 600m');
  });

  it('binds once', async () => {
    await call('POST', PODS, pod('p'));
    expect(await call('POST', `${PODS}/p/binding`, { target: { name: 'n1' } })).toMatchObject({ status: 'Success' });
    expect((await get(`${PODS}/p`)).spec.nodeName).toBe('n1');
    expect((await get(`${PODS}/p`)).status.conditions).toMatchObject([{ type: 'PodScheduled', status: 'True' }]);
    expect(await refused(call('POST', `${PODS}/p/binding`, { target: { name: 'n2' } }))).toMatchObject({ code: 409 });
    expect(names(await list('/api/v1/pods', { fieldSelector: 'spec.nodeName=n1' }))).toEqual(['p']);
  });

  it('evicts within the budget', async () => {
    await call('POST', PODS, pod('p', { labels: { app: 'x' } }));
    await merge(`${PODS}/p/status`, { status: { phase: 'Running', conditions: [{ type: 'Ready', status: 'True' }] } });
    const B = '/apis/policy/v1/namespaces/a/poddisruptionbudgets';
    await call('POST', B, { metadata: { name: 'b' }, spec: { minAvailable: 1, selector: { matchLabels: { app: 'x' } } } });
    await merge(`${B}/b/status`, { status: { observedGeneration: 1, disruptionsAllowed: 0, currentHealthy: 1, desiredHealthy: 1, expectedPods: 1 } });
    expect(await refused(call('POST', `${PODS}/p/eviction`, { metadata: { name: 'p' } }))).toMatchObject({ code: 429, reason: 'TooManyRequests', details: { causes: [{ reason: 'DisruptionBudget' }] } });
    await merge(`${B}/b/status`, { status: { disruptionsAllowed: 1 } });
    expect(await call('POST', `${PODS}/p/eviction`, { metadata: { name: 'p' } })).toMatchObject({ status: 'Success' });
    expect((await get(`${B}/b`)).status).toMatchObject({ disruptionsAllowed: 0, disruptedPods: { p: expect.any(String) as string }, conditions: [{ type: 'DisruptionAllowed', status: 'False', reason: 'InsufficientPods' }] });
  });

  it('evicts pods that are not ready as the budget\'s policy has it, and says on the pod who it was', async () => {
    const B = '/apis/policy/v1/namespaces/a/poddisruptionbudgets', evict = (name: string): Promise<Any> => call('POST', `${PODS}/${name}/eviction`, { metadata: { name } });
    for (const name of ['u', 'v']) {
      await call('POST', PODS, pod(name, { labels: { app: 'y' } }));
      await call('POST', `${PODS}/${name}/binding`, { target: { name: 'n1' } });
      await merge(`${PODS}/${name}/status`, { status: { phase: 'Running', conditions: [{ type: 'Ready', status: 'False' }] } });
    }
    await call('POST', B, { metadata: { name: 'y' }, spec: { minAvailable: 2, selector: { matchLabels: { app: 'y' } } } });
    expect(await refused(evict('u'))).toMatchObject({ code: 429, details: { retryAfterSeconds: 10, causes: [{ reason: 'DisruptionBudget', message: 'The disruption budget y is still being processed by the server.' }] } });
    await merge(`${B}/y/status`, { status: { observedGeneration: 1, disruptionsAllowed: 0, currentHealthy: 0, desiredHealthy: 2, expectedPods: 2 } });
    expect(await refused(evict('u'))).toMatchObject({ code: 429, details: { causes: [{ message: 'The disruption budget y needs 2 healthy pods and has 0 currently' }] } });
    await merge(`${B}/y`, { spec: { unhealthyPodEvictionPolicy: 'AlwaysAllow' } });
    expect(await evict('u')).toMatchObject({ status: 'Success' });
    expect((await get(`${PODS}/u`))).toMatchObject({ metadata: { deletionTimestamp: expect.any(String) as string }, status: { conditions: [{ type: 'Ready' }, { type: 'DisruptionTarget', status: 'True', reason: 'EvictionByEvictionAPI', message: 'Eviction API: evicting' }] } });
    expect((await get(`${B}/y`)).status['disruptedPods']).toBeUndefined();
    await call('POST', B, { metadata: { name: 'z' }, spec: { minAvailable: 1, selector: { matchLabels: { app: 'y' } } } });
    expect(await refused(evict('v'))).toMatchObject({ code: 500, message: 'This pod has more than one PodDisruptionBudget, which the eviction subresource does not support.' });
  });

  it('signs tokens for accounts', async () => {
    await call('POST', '/api/v1/namespaces/a/serviceaccounts', { metadata: { name: 's' } });
    const r = await call('POST', '/api/v1/namespaces/a/serviceaccounts/s/token', { spec: { expirationSeconds: 600 } });
    expect(await server.tokens.verify(r.status.token as string)).toMatchObject({ namespace: 'a', serviceAccount: { name: 's' } });
    await clock.advance(601_000);
    expect(await server.tokens.verify(r.status.token as string)).toBeUndefined();
    expect(await refused(call('POST', '/api/v1/namespaces/a/serviceaccounts/s/token', { spec: { expirationSeconds: 60 } }))).toMatchObject({ code: 422 });
  });

  it('scales', async () => {
    const D = '/apis/apps/v1/namespaces/a/deployments';
    await call('POST', D, { metadata: { name: 'd' }, spec: { replicas: 1, selector: { matchLabels: { app: 'd' } }, template: { metadata: { labels: { app: 'd' } }, spec: { containers: [{ name: 'c', image: 'i' }] } } } });
    expect(await get(`${D}/d/scale`)).toMatchObject({ kind: 'Scale', apiVersion: 'autoscaling/v1', metadata: { name: 'd' }, spec: { replicas: 1 }, status: { selector: 'app=d' } });
    expect((await merge(`${D}/d/scale`, { spec: { replicas: 3 } })).spec.replicas).toBe(3);
    const s = await get(`${D}/d/scale`);
    expect((await call('PUT', `${D}/d/scale`, { ...s, spec: { replicas: 4 } })).spec.replicas).toBe(4);
    expect(await refused(call('PUT', `${D}/d/scale`, { ...s, spec: { replicas: 5 } }))).toMatchObject({ code: 409 });
    expect(await refused(merge(`${D}/d/scale`, { spec: { replicas: -1 } }))).toMatchObject({ code: 422 });
    expect((await get(`${D}/d`)).spec.replicas).toBe(4);
    expect(await refused(get(`${D}/none/scale`))).toMatchObject({ code: 404, details: { name: 'none' } });
  });

  it('keeps one set of events under two names', async () => {
    const E = '/apis/events.k8s.io/v1/namespaces/a/events';
    await call('POST', E, { metadata: { name: 'e' }, eventTime: '2026-01-01T00:00:00.123456Z', reportingController: 'c', reportingInstance: 'i', action: 'Do', reason: 'R', type: 'Normal', regarding: { kind: 'Pod', namespace: 'a', name: 'p' }, note: 'hello' });
    expect(await get('/api/v1/namespaces/a/events/e')).toMatchObject({ kind: 'Event', apiVersion: 'v1', message: 'hello', involvedObject: { name: 'p' }, eventTime: '2026-01-01T00:00:00.123456Z' });
    expect((await list(E)).items[0]).toMatchObject({ note: 'hello', regarding: { name: 'p' } });
    await clock.advance(3_700_000);
    expect((await list(E)).items).toEqual([]);
  });
});

describe('services', () => {
  const S = '/api/v1/namespaces/a/services';
  const svc = (name: string, spec: object = {}): object => ({ metadata: { name }, spec: { selector: { a: 'b' }, ports: [{ port: 80 }], ...spec } });

  it('get an address and give it back', async () => {
    const one = await call('POST', S, svc('one'));
    expect(one.spec).toMatchObject({ clusterIP: expect.stringMatching(/^10\.96\.0\.\d+$/) as string, clusterIPs: [one.spec.clusterIP], ipFamilies: ['IPv4'], ipFamilyPolicy: 'SingleStack' });
    expect(await refused(call('POST', S, svc('two', { clusterIP: one.spec.clusterIP })))).toMatchObject({ code: 422, message: expect.stringContaining('provided IP is already allocated') as string });
    expect(await refused(call('POST', S, svc('two', { clusterIP: '10.97.0.1' })))).toMatchObject({ code: 422, message: expect.stringContaining('not in the valid range') as string });
    await call('DELETE', `${S}/one`);
    expect((await call('POST', S, svc('two', { clusterIP: one.spec.clusterIP }))).spec.clusterIP).toBe(one.spec.clusterIP);
    expect((await call('POST', S, svc('head', { clusterIP: 'None' }))).spec.clusterIP).toBe('None');
    const put = await call('PUT', `${S}/two`, svc('two', { ports: [{ port: 81 }] }));
    expect(put.spec.clusterIP).toBe(one.spec.clusterIP);
    expect((await call('PUT', `${S}/two`, svc('two', { ports: [{ port: 81 }] }))).metadata.resourceVersion).toBe(put.metadata.resourceVersion);
  });

  it('change type and keep what still fits', async () => {
    const one = await call('POST', S, svc('one', { type: 'LoadBalancer', externalTrafficPolicy: 'Local' }));
    expect(one.spec).toMatchObject({ healthCheckNodePort: expect.any(Number) as number, ports: [{ nodePort: expect.any(Number) as number }] });
    const port = (one.spec.ports as { nodePort: number }[])[0]!.nodePort;
    const asNodePort = await merge(`${S}/one`, { spec: { type: 'NodePort' } });
    expect(asNodePort.spec).toMatchObject({ ports: [{ nodePort: port }], clusterIP: one.spec.clusterIP });
    expect(asNodePort.spec.healthCheckNodePort).toBeUndefined();
    const external = await call('PUT', `${S}/one`, { ...asNodePort, spec: { type: 'ExternalName', externalName: 'example.com' } });
    expect(external.spec.clusterIP).toBeUndefined();
    expect((await call('POST', S, svc('two', { clusterIP: one.spec.clusterIP }))).spec.clusterIP).toBe(one.spec.clusterIP);
    expect((await call('POST', S, svc('three', { type: 'NodePort', ports: [{ port: 1, nodePort: port }] }))).metadata.name).toBe('three');
    expect((await merge(`${S}/one`, { spec: { type: 'ClusterIP', externalName: null, ports: [{ port: 80 }] } })).spec.clusterIP).toMatch(/^10\.96\.0\./);
    const other = one.spec.clusterIP === '10.96.0.99' ? '10.96.0.98' : '10.96.0.99';
    expect(await refused(merge(`${S}/two`, { spec: { clusterIP: other, clusterIPs: [other] } }))).toMatchObject({ code: 422, message: expect.stringContaining(`spec.clusterIPs[0]: Invalid value: ["${other}"]: may not change once set`) as string });
  });

  it('are known again after a restart', async () => {
    const one = await call('POST', S, svc('one', { type: 'NodePort', ports: [{ port: 80, nodePort: 30007 }] }));
    server = createApiServer({ store, kinds, clock, log: silentLog, serviceCidr: '10.96.0.0/24', nodePortRange: [30000, 30040], serviceAccountKey: KEY, gitVersion: 'v1.36.0+test', disabledAdmission: ['ServiceAccount'] });
    t = server.localTransport({ name: 'admin', groups: ['system:masters'] });
    expect(await refused(call('POST', S, svc('two', { clusterIP: one.spec.clusterIP })))).toMatchObject({ code: 422 });
    expect(await refused(call('POST', S, svc('two', { type: 'NodePort', ports: [{ port: 80, nodePort: 30007 }] })))).toMatchObject({ code: 422 });
    const got = new Set(await Promise.all(Array.from({ length: 30 }, async (_, i) => (await call('POST', S, svc(`s${i}`))).spec.clusterIP)));
    expect([got.size, got.has(one.spec.clusterIP)]).toEqual([30, false]);
  });

  it('get node ports that nobody else has', async () => {
    const one = await call('POST', S, svc('one', { type: 'NodePort', ports: [{ port: 80, nodePort: 30001 }] }));
    expect(one.spec.ports).toMatchObject([{ nodePort: 30001 }]);
    expect(await refused(call('POST', S, svc('two', { type: 'NodePort', ports: [{ port: 80, nodePort: 30001 }] })))).toMatchObject({ code: 422, message: expect.stringContaining('spec.ports[0].nodePort: Invalid value: 30001: provided port is already allocated') as string });
    expect(await refused(call('POST', S, svc('two', { type: 'NodePort', ports: [{ port: 80, nodePort: 40000 }] })))).toMatchObject({ code: 422, message: expect.stringContaining('The range of valid ports is 30000-30040') as string });
    const back = await merge(`${S}/one`, { spec: { type: 'ClusterIP' } });
    expect(back.spec.ports).not.toMatchObject([{ nodePort: 30001 }]);
    expect((await call('POST', S, svc('two', { type: 'NodePort', ports: [{ port: 80, nodePort: 30001 }] }))).spec.ports).toMatchObject([{ nodePort: 30001 }]);
    await call('POST', S, svc('dry', { type: 'NodePort', ports: [{ port: 80, nodePort: 30002 }] }), { query: { dryRun: 'All' } });
    expect((await call('POST', S, svc('real', { type: 'NodePort', ports: [{ port: 80, nodePort: 30002 }] }))).metadata.name).toBe('real');
  });
});

describe('admission', () => {
  it('mounts the account\'s token, tolerates trouble and knows priorities', async () => {
    start();
    await call('POST', '/api/v1/namespaces', { metadata: { name: 'a' } });
    expect(await refused(call('POST', PODS, pod('p')))).toMatchObject({ code: 403, message: 'pods "p" is forbidden: error looking up service account a/default: serviceaccount "default" not found' });
    await call('POST', '/api/v1/namespaces/a/serviceaccounts', { metadata: { name: 'default' }, imagePullSecrets: [{ name: 'pull' }] });
    const p = await call('POST', PODS, pod('p', {}, { priorityClassName: 'system-node-critical' }));
    expect(p.spec).toMatchObject({
      serviceAccountName: 'default', imagePullSecrets: [{ name: 'pull' }], priority: 2000001000, preemptionPolicy: 'PreemptLowerPriority',
      volumes: [{ name: expect.stringMatching(/^kube-api-access-/) as string, projected: { defaultMode: 420 } }],
      containers: [{ volumeMounts: [{ mountPath: '/var/run/secrets/kubernetes.io/serviceaccount', readOnly: true }] }],
      tolerations: [{ key: 'node.kubernetes.io/not-ready', tolerationSeconds: 300 }, { key: 'node.kubernetes.io/unreachable', tolerationSeconds: 300 }],
    });
    expect(await refused(call('POST', PODS, pod('q', {}, { priorityClassName: 'none' })))).toMatchObject({ code: 403, message: 'pods "q" is forbidden: no PriorityClass with name none was found' });
  });
});

// HTTP/2 and HTTP/1.1 on one port; priority and fairness over real connections; watches that are not read.
import { connect as connectH2, type ClientHttp2Session, type IncomingHttpHeaders } from 'node:http2';
import { connect as connectTls } from 'node:tls';
import { gunzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { TestApi } from '../harness/api-server.ts';

let api: TestApi;
const sessions: ClientHttp2Session[] = [];
beforeAll(async () => {
  api = await TestApi.start({ tokens: new Map([['test-token', { name: 'admin', groups: ['system:masters'] }], ['noisy', { name: 'noisy', groups: [] }], ['quiet', { name: 'quiet', groups: [] }]]) });
  await api.server.keepOwnObjects();
  const rbac = '/apis/rbac.authorization.k8s.io/v1';
  await api.call(`${rbac}/clusterroles`, { body: JSON.stringify({ metadata: { name: 'reader' }, rules: [{ apiGroups: [''], resources: ['*'], verbs: ['*'] }] }) });
  await api.call(`${rbac}/clusterrolebindings`, { body: JSON.stringify({ metadata: { name: 'reader' }, roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: 'reader' }, subjects: ['noisy', 'quiet'].map(name => ({ kind: 'User', apiGroup: 'rbac.authorization.k8s.io', name })) }) });
});
afterAll(async () => { for (const s of sessions) s.destroy(); await api.stop(); });

function session(): ClientHttp2Session {
  const s = connectH2(`https://127.0.0.1:${api.port}`, { ca: api.pki.ca.cert });
  s.on('error', () => undefined);
  sessions.push(s);
  return s;
}
interface Answer { status: number; headers: IncomingHttpHeaders; body: Buffer }
function ask(s: ClientHttp2Session, path: string, o: { method?: string; body?: string; headers?: Record<string, string>; token?: string } = {}): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const stream = s.request({ ':path': path, ':method': o.method ?? (o.body ? 'POST' : 'GET'), authorization: `Bearer ${o.token ?? 'test-token'}`, ...(o.body ? { 'content-type': 'application/json' } : {}), ...o.headers }, { endStream: o.body === undefined });
    const parts: Buffer[] = [];
    let headers: IncomingHttpHeaders = {};
    stream.on('response', h => { headers = h; });
    stream.on('data', (b: Buffer) => parts.push(b));
    stream.on('end', () => resolve({ status: Number(headers[':status']), headers, body: Buffer.concat(parts) }));
    stream.on('error', reject);
    if (o.body !== undefined) stream.end(o.body);
  });
}
const configMap = (name: string, size = 1): string => JSON.stringify({ metadata: { name }, data: { x: 'x'.repeat(size) } });
const PATH = '/api/v1/namespaces/default/configmaps';

describe('HTTP/2', () => {
  it('17.4 reads, writes, errs, compresses and answers HEAD', async () => {
    const s = session();
    expect((await ask(s, PATH, { body: configMap('h2', 300_000) })).status).toBe(201);
    const list = await ask(s, PATH, { headers: { 'accept-encoding': 'gzip' } });
    expect(list.headers['content-encoding']).toBe('gzip');
    expect(JSON.parse(gunzipSync(list.body).toString())).toMatchObject({ kind: 'ConfigMapList' });
    expect(JSON.parse((await ask(s, PATH)).body.toString())).toMatchObject({ kind: 'ConfigMapList' });
    expect(JSON.parse((await ask(s, `${PATH}/none`)).body.toString())).toMatchObject({ code: 404, message: 'configmaps "none" not found' });
    expect((await ask(s, PATH, { token: 'wrong' })).status).toBe(401);
    const head = await ask(s, `${PATH}/h2`, { method: 'HEAD' });
    expect([head.status, head.body.length, Number(head.headers['content-length']) > 300_000]).toEqual([200, 0, true]);
    expect(s.alpnProtocol).toBe('h2');
  });
  it('takes a body that is too large without losing the connection', async () => {
    const s = session();
    expect((await ask(s, PATH, { body: configMap('big', 4 << 20) })).status).toBe(413);
    expect((await ask(s, '/version')).status).toBe(200);
  });
  it('17.4 carries a thousand watches beside other requests on one connection', async () => {
    const s = session();
    s.setMaxListeners(0);
    let heard = 0;
    const all = Promise.withResolvers<void>();
    await Promise.all(Array.from({ length: 1000 }, () => new Promise<void>((resolve, reject) => {
      const stream = s.request({ ':path': `${PATH}?watch=true&fieldSelector=metadata.name%3Dthousand`, authorization: 'Bearer test-token' });
      stream.on('response', () => resolve());
      stream.on('error', reject);
      stream.on('data', (b: Buffer) => { if (b.includes('"thousand"') && ++heard === 1000) all.resolve(); });
    })));
    expect((await ask(s, PATH, { body: configMap('thousand') })).status).toBe(201);
    await all.promise;
    s.close();
  });
  it('17.4 says goodbye: GOAWAY when the server closes', async () => {
    const own = await TestApi.start();
    const s = connectH2(`https://127.0.0.1:${own.port}`, { ca: own.pki.ca.cert });
    const bye = new Promise<number>(resolve => { s.on('goaway', code => resolve(code)); });
    expect((await ask(s, '/version')).status).toBe(200);
    const stopped = own.stop();
    expect(await bye).toBe(0);
    await stopped;
  });
  it('17.4 leaves HTTP/1.1 to those who want it (trap 29)', async () => {
    const socket = connectTls({ host: '127.0.0.1', port: api.port, ca: api.pki.ca.cert, ALPNProtocols: ['http/1.1'] });
    await new Promise(resolve => { socket.once('secureConnect', resolve); });
    expect(socket.alpnProtocol).toBe('http/1.1');
    socket.destroy();
  });
});

describe('priority and fairness', () => {
  it('names schema and level in every answer', async () => {
    const uid = async (kind: string, name: string): Promise<string> => (await api.call(`/apis/flowcontrol.apiserver.k8s.io/v1/${kind}/${name}`)).json<{ metadata: { uid: string } }>().metadata.uid;
    const a = await api.call('/api/v1/namespaces', { token: 'quiet' });
    expect(a.headers).toMatchObject({ 'x-kubernetes-pf-flowschema-uid': await uid('flowschemas', 'global-default'), 'x-kubernetes-pf-prioritylevel-uid': await uid('prioritylevelconfigurations', 'global-default') });
    expect((await api.call('/api/v1/namespaces')).headers).toMatchObject({ 'x-kubernetes-pf-flowschema-uid': await uid('flowschemas', 'exempt') });
  });
  it('17.4 a noisy client waits for itself, and is told to come back; a quiet one hardly notices', async () => {
    for (let i = 0; i < 20; i++) await api.call(PATH, { body: configMap(`load-${i}`, 5_000) });
    const noisy = session(), quiet = session(), codes: number[] = [];
    await api.call(`${PATH}/h2`, { method: 'DELETE' });
    await ask(quiet, '/version', { token: 'quiet' });
    let retry: string | string[] | undefined;
    const once = async (): Promise<void> => {
      const a = await ask(noisy, `${PATH}?pretty=true&labelSelector=%21x`, { token: 'noisy' });
      codes.push(a.status);
      if (a.status === 429) retry = a.headers['retry-after'];
    };
    const storm = Array.from({ length: 800 }, () => once());
    const began = performance.now();
    // The storm is on the wire before the quiet one asks.
    await new Promise(resolve => { setImmediate(resolve); });
    const answered = await ask(quiet, `${PATH}/load-1`, { token: 'quiet' });
    const before = codes.length, took = performance.now() - began;
    expect(answered.status).toBe(200);
    await Promise.all(storm);
    const whole = performance.now() - began;
    // Without fairness the quiet one would be the last: it came after eight hundred.
    expect(took).toBeLessThan(whole / 2);
    expect(before).toBeLessThan(800);
    expect(codes.filter(c => c === 429).length).toBeGreaterThan(0);
    expect(codes.filter(c => c === 200).length).toBeGreaterThan(50);
    expect(retry).toBe('1');
    // Clients that hang up while they wait leave no seat taken behind.
    const leaving = session();
    for (let i = 0; i < 300; i++) leaving.request({ ':path': `${PATH}?pretty=true&labelSelector=%21x`, authorization: 'Bearer noisy' }).on('error', () => undefined).resume();
    await ask(quiet, '/version', { token: 'quiet' });
    leaving.destroy();
    const level = async (): Promise<string> => /^global-default, .*$/m.exec((await api.call('/debug/api_priority_and_fairness/dump_priority_levels')).text)![0];
    while (!(await level()).startsWith('global-default, 0, true, false, 0, 0,')) await new Promise(resolve => { setImmediate(resolve); });
    const page = (await api.call('/metrics')).text;
    expect(Number(/^apiserver_flowcontrol_rejected_requests_total\{flow_schema="global-default",priority_level="global-default",reason="queue-full"\} (\d+)$/m.exec(page)?.[1])).toBeGreaterThan(0);
    expect(page).toMatch(/^apiserver_storage_objects\{resource="configmaps"\} \d+$/m);
    // The exposition format: every sample belongs to a family that was announced, and each is announced once.
    const families = [...page.matchAll(/^# TYPE (\S+) (?:counter|gauge|histogram)$/gm)].map(m => m[1]!);
    expect(new Set(families).size).toBe(families.length);
    for (const line of page.split('\n').filter(l => l !== '' && !l.startsWith('#'))) {
      const [, name] = /^([a-z_][a-z0-9_]*)(?:\{(?:[a-z_]+="(?:[^"\\\n]|\\.)*",?)*\})? -?[\d.e+-]+$/.exec(line) ?? [];
      expect(name, line).toBeDefined();
      expect(families.some(f => name === f || (name!.startsWith(f) && /_(?:bucket|sum|count)$/.test(name!))), line).toBe(true);
    }
    expect((await api.call('/debug/api_priority_and_fairness/dump_priority_levels')).text).toMatch(/^PriorityLevelName, [^]*\nglobal-default, /);
    expect((await api.call('/debug/pprof/')).status).toBe(404);
  });
});

// Another API server behind this one: proxying with the front proxy's identity, availability, discovery and OpenAPI of both as one.
import { createServer, type Server } from 'node:https';
import type { IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { TLSSocket } from 'node:tls';
import { join } from 'node:path';
import { connect } from 'node:tls';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { Pki, type KeyPair } from '../../core/boot/pki.ts';
import { memoryStore } from '../../core/store/open.ts';
import { TestApi } from '../harness/api-server.ts';

const store = memoryStore();
let api: TestApi, dir: string, server: Server, theirs: Pki, front: Pki;
const seen: { url: string; headers: IncomingMessage['headers']; raw: string[]; cn: string; body: string }[] = [];
let working = true, proxy: KeyPair;

const LIST = { kind: 'APIResourceList', apiVersion: 'v1', groupVersion: 'wardle.example.com/v1alpha1', resources: [
  { name: 'flunders', singularName: 'flunder', namespaced: true, kind: 'Flunder', verbs: ['create', 'get', 'list', 'watch'], shortNames: ['fl'] },
  { name: 'flunders/status', singularName: '', namespaced: true, kind: 'Flunder', verbs: ['get'] },
] };

beforeAll(async () => {
  dir = mkdtempSync(join(tmpdir(), 'pilothouse-aggregation-'));
  theirs = await Pki.open(join(dir, 'theirs'), Date.now());
  front = await Pki.open(join(dir, 'front'), Date.now());
  server = createServer({ ...await theirs.issue('ext', { commonName: 'ext', hosts: ['wardle.default.svc'] }), ca: front.ca.cert, requestCert: true, rejectUnauthorized: true }, (req, res) => {
    let body = '';
    req.setEncoding('utf8').on('data', (d: string) => { body += d; }).on('end', () => {
      seen.push({ url: req.url!, headers: req.headers, raw: req.rawHeaders, cn: String((req.socket as TLSSocket).getPeerCertificate().subject.CN), body });
      if (!working) { res.writeHead(500).end(); return; }
      const json = (v: unknown): void => { res.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(v)); };
      if (req.url === '/apis/wardle.example.com/v1alpha1') json(LIST);
      else if (req.url === '/openapi/v3/apis/wardle.example.com/v1alpha1') json({ openapi: '3.0.0', paths: { '/apis/wardle.example.com/v1alpha1/flunders': {} } });
      else if (req.url === '/openapi/v2') json({ swagger: '2.0', paths: { '/apis/wardle.example.com/v1alpha1/flunders': { get: {} }, '/version': {} }, definitions: { Flunder: { type: 'object' } } });
      else if (req.url!.includes('watch=true')) { res.writeHead(200, { 'content-type': 'application/json' }); res.write('{"type":"ADDED","object":{}}\n'); }
      else json({ kind: 'FlunderList', items: [] });
    });
  });
  server.on('upgrade', (req, socket, head) => { socket.write('HTTP/1.1 101 Switching Protocols\r\nUpgrade: echo\r\nConnection: Upgrade\r\n\r\n'); socket.write(`for ${String(req.headers['x-remote-user'])}:`); socket.write(head); socket.pipe(socket); });
  await new Promise<void>(resolve => { server.listen(0, '127.0.0.1', resolve); });
  proxy = await front.issue('front-proxy-client', { commonName: 'front-proxy-client' });
  api = await TestApi.start({ store, frontProxy: { ...proxy, ca: front.ca.cert } });
});
afterAll(async () => {
  await api.stop();
  server.closeAllConnections();
  server.close();
  rmSync(dir, { recursive: true, force: true });
});

const condition = async (name = 'v1alpha1.wardle.example.com'): Promise<{ status?: string; reason?: string; message?: string }> =>
  (await api.call(`/apis/apiregistration.k8s.io/v1/apiservices/${name}`)).json<{ status: { conditions?: { status: string; reason: string; message: string }[] } }>().status.conditions?.[0] ?? {};
const until = async (reason: string): Promise<void> => {
  const w = await api.open('/apis/apiregistration.k8s.io/v1/apiservices?watch=true&timeoutSeconds=20');
  let text = '';
  for await (const b of w) { text += String(b); if (text.includes(`"reason":"${reason}"`)) break; }
  w.destroy();
};
const post = (path: string, body: object): ReturnType<TestApi['call']> => api.call(path, { body: JSON.stringify(body) });

it('15.2 says in upstream\'s words why a server cannot be reached, and answers 503 for it', async () => {
  const made = await post('/apis/apiregistration.k8s.io/v1/apiservices', {
    metadata: { name: 'v1alpha1.wardle.example.com' },
    spec: { group: 'wardle.example.com', version: 'v1alpha1', groupPriorityMinimum: 2000, versionPriority: 200, service: { namespace: 'default', name: 'wardle', port: (server.address() as AddressInfo).port }, caBundle: Buffer.from(theirs.ca.cert).toString('base64') },
  });
  expect(made.status, made.text).toBe(201);
  await until('ServiceNotFound');
  expect(await condition()).toMatchObject({ status: 'False', message: 'service/wardle in "default" is not present' });
  const refused = await api.call('/apis/wardle.example.com/v1alpha1/flunders');
  expect([refused.status, refused.text]).toEqual([503, 'service unavailable\n']);
  const found = await api.call('/apis', { headers: { accept: 'application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList' } });
  const group = found.json<{ items: { metadata: { name: string }; versions: object[] }[] }>().items.find(g => g.metadata.name === 'wardle.example.com')!;
  expect(group.versions).toEqual([{ version: 'v1alpha1', freshness: 'Stale', resources: [] }]);
});

it('15.1, 15.2 becomes available when its service leads to it', async () => {
  const { port } = server.address() as AddressInfo;
  await post('/api/v1/namespaces/default/services', { metadata: { name: 'wardle' }, spec: { ports: [{ name: 'https', port }] } });
  await until('EndpointsNotFound');
  // Nobody may write loopback addresses into slices; here the backend has no other.
  const slice = (portName: string): Promise<unknown> => store.txn([{ type: 'put', key: `/registry/discovery.k8s.io/endpointslices/default/${portName}`, expect: 0, value: Buffer.from(JSON.stringify({
    metadata: { name: portName, namespace: 'default', labels: { 'kubernetes.io/service-name': 'wardle' } }, addressType: 'IPv4', endpoints: [{ addresses: ['127.0.0.1'] }], ports: [{ name: portName, port }],
  })) }]);
  await slice('other');
  await until('MissingEndpoints');
  expect(await condition()).toMatchObject({ status: 'False', message: 'endpointslices for service/wardle in "default" have no addresses with port name "https"' });
  await slice('https');
  await until('Passed');
  await api.call('/api/v1/namespaces/default/services/wardle', { method: 'DELETE' });
  await until('ServiceNotFound');
  const made = await post('/api/v1/namespaces/default/services', { metadata: { name: 'wardle' }, spec: { type: 'ExternalName', externalName: 'localhost' } });
  expect(made.status, made.text).toBe(201);
  await until('Passed');
  expect(await condition()).toMatchObject({ status: 'True', message: 'all checks passed' });
  const groups = (await api.call('/apis')).json<{ groups: { name: string; versions: { groupVersion: string }[] }[] }>().groups;
  expect(groups.find(g => g.name === 'wardle.example.com')!.versions[0]!.groupVersion).toBe('wardle.example.com/v1alpha1');
  const found = await api.call('/apis', { headers: { accept: 'application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList' } });
  const group = found.json<{ items: { metadata: { name: string }; versions: object[] }[] }>().items.find(g => g.metadata.name === 'wardle.example.com')!;
  expect(group.versions[0]).toMatchObject({ freshness: 'Current', resources: [{ resource: 'flunders', singularResource: 'flunder', scope: 'Namespaced', shortNames: ['fl'], subresources: [{ subresource: 'status' }] }] });
  expect((await api.call('/apis/wardle.example.com/v1alpha1')).json()).toEqual(LIST);
  expect((await api.call('/apis/wardle.example.com')).json()).toMatchObject({ kind: 'APIGroup', preferredVersion: { version: 'v1alpha1' } });
});

it('15.2 passes requests on as the front proxy, for the user, without what the client claims', async () => {
  seen.length = 0;
  const a = await api.call('/apis/wardle.example.com/v1alpha1/namespaces/default/flunders?x=a%20b', { body: '{"kind":"Flunder"}', headers: { 'x-remote-user': 'evil', 'X-Remote-Extra-Sudo': 'yes' } });
  expect([a.status, a.json()]).toEqual([200, { kind: 'FlunderList', items: [] }]);
  expect(seen[0]).toMatchObject({ url: '/apis/wardle.example.com/v1alpha1/namespaces/default/flunders?x=a%20b', cn: 'front-proxy-client', body: '{"kind":"Flunder"}', headers: { 'x-remote-user': 'admin' } });
  expect(seen[0]!.headers).not.toHaveProperty('authorization');
  expect(seen[0]!.headers).not.toHaveProperty('x-remote-extra-sudo');
  expect(seen[0]!.raw.filter((_, i, all) => all[i - 1]?.toLowerCase() === 'x-remote-group')).toEqual(['system:masters', 'system:authenticated']);
  expect((await api.call('/apis/wardle.example.com/v1alpha1/flunders', { token: null })).status).toBe(403);
});

it('15.2 workers of this process reach it too: so autoscalers read metrics that another server has', async () => {
  const { transport } = api.client({ name: 'system:serviceaccount:kube-system:horizontal-pod-autoscaler', groups: ['system:masters'] }), path = '/apis/wardle.example.com/v1alpha1/namespaces/default/flunders';
  seen.length = 0;
  expect(await transport.request({ method: 'GET', path, query: { labelSelector: 'a=b', limit: undefined } })).toEqual({ kind: 'FlunderList', items: [] });
  await transport.request({ method: 'POST', path, body: { kind: 'Flunder' } });
  expect(seen).toMatchObject([
    { url: `${path}?labelSelector=a%3Db`, cn: 'front-proxy-client', headers: { 'x-remote-user': 'system:serviceaccount:kube-system:horizontal-pod-autoscaler', accept: 'application/json' } },
    { url: path, body: '{"kind":"Flunder"}', headers: { 'content-type': 'application/json' } },
  ]);
  working = false;
  await expect(transport.request({ method: 'GET', path })).rejects.toMatchObject({ status: { code: 500, message: 'an error on the server ("unknown") has prevented the request from succeeding' } });
  working = true;
});

it('15.2 passes watches and upgrades through', async () => {
  const w = await api.open('/apis/wardle.example.com/v1alpha1/flunders?watch=true');
  for await (const b of w) { expect(String(b)).toBe('{"type":"ADDED","object":{}}\n'); break; }
  w.destroy();
  const socket = connect({ host: '127.0.0.1', port: api.port, ca: api.pki.ca.cert, ALPNProtocols: ['http/1.1'] });
  socket.write('GET /apis/wardle.example.com/v1alpha1/namespaces/default/flunders/a/console HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer test-token\r\nConnection: Upgrade\r\nUpgrade: echo\r\n\r\nhello');
  let text = '';
  for await (const b of socket) { text += String(b); if (text.endsWith('hello')) break; }
  expect(text).toMatch(/^HTTP\/1\.1 101 [^]*for admin:hello$/);
  socket.destroy();
});

it('believes a front proxy, and nobody else, who stands behind a request', async () => {
  const who = async (cert: KeyPair | undefined, headers: Record<string, string>): Promise<unknown> => {
    const a = await api.call('/apis/authentication.k8s.io/v1/selfsubjectreviews', { body: '{"kind":"SelfSubjectReview","apiVersion":"authentication.k8s.io/v1"}', headers, ...(cert ? { cert } : {}) });
    return a.status === 201 ? a.json<{ status: { userInfo: object } }>().status.userInfo : a.status;
  };
  const claims = { 'X-Remote-User': 'jane', 'X-Remote-Group': 'devs', 'X-Remote-Extra-Acme.com%2Fproject': 'a', 'X-Remote-Uid': 'u1' };
  expect(await who(proxy, claims)).toEqual({ username: 'jane', uid: 'u1', groups: ['devs', 'system:authenticated'], extra: { 'acme.com/project': ['a'] } });
  expect(await who(undefined, claims)).toMatchObject({ username: 'admin' });
  expect(await who(await front.issue('other', { commonName: 'other' }), claims)).toBe(401);
  expect(await who(await api.pki.issue('front-proxy-client', { commonName: 'front-proxy-client' }), claims)).toMatchObject({ username: 'front-proxy-client' });
});

it('2.6, 15.2 shows one OpenAPI of both', async () => {
  const index = (await api.call('/openapi/v3')).json<{ paths: Record<string, { serverRelativeURL: string }> }>();
  const url = index.paths['apis/wardle.example.com/v1alpha1']!.serverRelativeURL;
  expect((await api.call(url)).json()).toMatchObject({ openapi: '3.0.0' });
  const v2 = (await api.call('/openapi/v2')).json<{ paths: Record<string, unknown>; definitions: Record<string, unknown> }>();
  expect(v2.paths).toHaveProperty(['/apis/wardle.example.com/v1alpha1/flunders']);
  expect(v2.definitions).toHaveProperty('Flunder');
  expect(v2.paths).toHaveProperty(['/api/v1/pods']);
});

it('1.9, 1.14, 15.2 goes stale when the server fails, and away with its APIService', async () => {
  working = false;
  // A change of the spec has it judged at once.
  await api.call('/apis/apiregistration.k8s.io/v1/apiservices/v1alpha1.wardle.example.com', { method: 'PATCH', body: '{"spec":{"versionPriority":100}}', headers: { 'content-type': 'application/merge-patch+json' } });
  await until('FailedDiscoveryCheck');
  expect((await condition()).message).toMatch(/^failing or missing response from https:\/\/localhost:\d+\/apis\/wardle.example.com\/v1alpha1: bad status from .*: 500$/);
  const found = await api.call('/apis', { headers: { accept: 'application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList' } });
  expect(found.text).toContain('"freshness":"Stale"');
  await api.call('/apis/apiregistration.k8s.io/v1/apiservices/v1alpha1.wardle.example.com', { method: 'DELETE' });
  expect((await api.call('/apis/wardle.example.com/v1alpha1')).status).toBe(404);
  expect((await api.call('/apis')).text).not.toContain('wardle');
});

it('registers the groups of custom resources, and takes them back', async () => {
  await api.server.keepOwnObjects();
  const service = '/apis/apiregistration.k8s.io/v1/apiservices/v1.acme.example.com';
  expect((await api.call('/apis/apiregistration.k8s.io/v1/apiservices/v1.apps')).json()).toMatchObject({ spec: { groupPriorityMinimum: 17_800, versionPriority: 15 }, status: { conditions: [{ type: 'Available', status: 'True', reason: 'Local' }] } });
  const w = await api.open('/apis/apiregistration.k8s.io/v1/apiservices?watch=true&fieldSelector=metadata.name%3Dv1.acme.example.com&timeoutSeconds=20');
  const made = await post('/apis/apiextensions.k8s.io/v1/customresourcedefinitions', {
    metadata: { name: 'widgets.acme.example.com' },
    spec: { group: 'acme.example.com', scope: 'Namespaced', names: { kind: 'Widget', plural: 'widgets' }, versions: [{ name: 'v1', served: true, storage: true, schema: { openAPIV3Schema: { type: 'object' } } }] },
  });
  expect(made.status, made.text).toBe(201);
  let text = '';
  for await (const b of w) {
    const before = text;
    text += String(b);
    if (text.includes('"DELETED"')) break;
    if (!before.includes('"ADDED"') && text.includes('"ADDED"')) {
      expect((await api.call(service)).json()).toMatchObject({ spec: { group: 'acme.example.com', version: 'v1', groupPriorityMinimum: 1000, versionPriority: 100 } });
      await api.call('/apis/apiextensions.k8s.io/v1/customresourcedefinitions/widgets.acme.example.com', { method: 'DELETE' });
    }
  }
  expect(text).toContain('"DELETED"');
  w.destroy();
});

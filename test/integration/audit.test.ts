// The audit log as a policy of Kubernetes makes it, over HTTPS: who, what, whom they act as, and how it ended.
import { createServer, request } from 'node:https';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { silentLog } from '../../core/base/log.ts';
import { TestApi } from '../harness/api-server.ts';

interface Line { stage: string; auditID: string; verb: string; user: object; impersonatedUser?: object; objectRef?: Record<string, string>; responseStatus?: Record<string, unknown>; requestObject?: object; responseObject?: object; annotations?: Record<string, string> }
const lines: Line[] = [];
let api: TestApi, heard: (() => void) | undefined;

beforeAll(async () => {
  api = await TestApi.start({
    log: silentLog, // one of the tests is refused in process, as no worker may be
    tokens: new Map([['test-token', { name: 'admin', groups: ['system:masters'] }], ['jane', { name: 'jane', groups: ['devs'] }]]),
    audit: { policy: { rules: [{ level: 'Request', resources: [{ group: '', resources: ['secrets'] }] }, { level: 'Metadata' }] }, write: l => { lines.push(JSON.parse(l) as Line); heard?.(); } },
    connect: () => ({
      serve: async (_, res) => { res.writeHead(200); res.write('log'); res.end(); },
      upgrade: async (_, socket, __, ___, begun) => { begun?.(); socket.end('HTTP/1.1 101 Switching Protocols\r\nUpgrade: SPDY/3.1\r\nConnection: Upgrade\r\n\r\n'); },
    }),
  });
});
afterAll(() => api.stop());

/** The events of a request, which it names itself, as soon as there are `n`. */
async function events(id: string, n: number): Promise<Line[]> {
  for (;;) {
    const found = lines.filter(l => l.auditID === id);
    if (found.length >= n) return found;
    await new Promise<void>(resolve => { heard = resolve; });
  }
}
const CM = '/api/v1/namespaces/default/configmaps';

it('what a request makes and changes is named with uid and version', async () => {
  const made = await api.call(CM, { body: JSON.stringify({ metadata: { name: 'a' } }), headers: { 'Audit-ID': 'made' } });
  expect(made.headers['audit-id']).toBe('made');
  const [received, complete] = await events('made', 2);
  expect(received).toMatchObject({ stage: 'RequestReceived', objectRef: { resource: 'configmaps', namespace: 'default', apiVersion: 'v1' } });
  expect(received!.annotations).toBeUndefined();
  expect(complete).toMatchObject({ stage: 'ResponseComplete', verb: 'create', objectRef: { name: 'a' }, responseStatus: { metadata: {}, code: 201 }, annotations: { 'authorization.k8s.io/decision': 'allow', 'authorization.k8s.io/reason': '' } });
  const object = made.json<{ metadata: { uid: string; resourceVersion: string } }>();
  await api.call(`${CM}/a`, { method: 'PUT', body: JSON.stringify(object), headers: { 'Audit-ID': 'changed' } });
  expect((await events('changed', 2))[1]!.objectRef).toEqual({ resource: 'configmaps', namespace: 'default', name: 'a', uid: object.metadata.uid, apiVersion: 'v1', resourceVersion: object.metadata.resourceVersion });
  const again = await api.call(CM, { body: JSON.stringify({ metadata: { name: 'a' } }), headers: { 'Audit-ID': 'again' } });
  expect((await events('again', 2))[1]!.responseStatus).toEqual({ metadata: {}, status: 'Failure', message: 'configmaps "a" already exists', reason: 'AlreadyExists', details: { name: 'a', kind: 'configmaps' }, code: again.status });
  await api.call('/api/v1/componentstatuses', { headers: { 'Audit-ID': 'old' } });
  expect((await events('old', 2))[1]!.annotations).toMatchObject({ 'k8s.io/deprecated': 'true' });
  expect((await api.call('/version')).headers['audit-id']).toMatch(/^[0-9a-f-]{36}$/);
});

it('levels say how much: the request where it is wanted', async () => {
  await api.call('/api/v1/namespaces/default/secrets', { body: 'kind: Secret\nmetadata: {name: s}\nstringData: {k: v}\n', headers: { 'Audit-ID': 'secret', 'content-type': 'application/yaml' } });
  const [, complete] = await events('secret', 2);
  expect(complete).toMatchObject({ objectRef: { name: 's' }, requestObject: { stringData: { k: 'v' } } });
  expect(complete!.responseObject).toBeUndefined();
});

it('who is not known gets one event that says how he tried', async () => {
  await api.call(CM, { token: 'wrong', headers: { 'Audit-ID': 'unknown' } });
  expect(await events('unknown', 1)).toMatchObject([{ stage: 'ResponseStarted', verb: 'list', user: {}, responseStatus: { metadata: {}, message: 'Authentication failed, attempted: bearer', code: 401 } }]);
});

it('11.3 who acts as another stands beside him, refused or not', async () => {
  await api.call(CM, { headers: { 'impersonate-user': 'jane', 'Audit-ID': 'as' } });
  expect((await events('as', 2))[1]).toMatchObject({ user: { username: 'admin' }, impersonatedUser: { username: 'jane', groups: ['system:authenticated'] }, responseStatus: { code: 403, reason: 'Forbidden' }, annotations: { 'authorization.k8s.io/decision': 'forbid' } });
  await api.call(CM, { token: 'jane', headers: { 'impersonate-user': 'admin', 'Audit-ID': 'no' } });
  const [, refused] = await events('no', 2);
  expect(refused).toMatchObject({ user: { username: 'jane' }, responseStatus: { code: 403, message: 'users "admin" is forbidden: User "jane" cannot impersonate resource "users" in API group "" at the cluster scope' } });
  expect(refused!.impersonatedUser).toBeUndefined();
});

it('workers of the host are written down like anybody else', async () => {
  const before = lines.length;
  await api.client({ name: 'system:serviceaccount:kube-system:job-controller', groups: [] }).delete({ group: '', version: 'v1', kind: 'Secret', plural: 'secrets', namespaced: true }, 'default', 's').catch(() => undefined);
  expect(lines.slice(before).map(l => [l.stage, l.verb, l.user, l.objectRef?.['name'], l.responseStatus?.['code']])).toEqual([
    ['RequestReceived', 'delete', { username: 'system:serviceaccount:kube-system:job-controller' }, 's', undefined], ['ResponseComplete', 'delete', { username: 'system:serviceaccount:kube-system:job-controller' }, 's', 403]]);
});

it('long requests say when they begin: watches, logs and what is upgraded', async () => {
  const watch = await api.open(`${CM}?watch=true`, { headers: { 'Audit-ID': 'watch' } });
  expect((await events('watch', 2)).map(l => l.stage)).toEqual(['RequestReceived', 'ResponseStarted']);
  watch.destroy();
  expect((await events('watch', 3))[2]).toMatchObject({ stage: 'ResponseComplete', responseStatus: { code: 200 } });
  await api.client().create({ group: '', version: 'v1', kind: 'Pod', plural: 'pods', namespaced: true }, { metadata: { name: 'p', namespace: 'default' }, spec: { containers: [{ name: 'c', image: 'i' }] } } as object);
  await api.call('/api/v1/namespaces/default/pods/p/log', { headers: { 'Audit-ID': 'log' } });
  expect((await events('log', 3)).map(l => [l.stage, l.responseStatus?.['code']])).toEqual([['RequestReceived', undefined], ['ResponseStarted', 200], ['ResponseComplete', 200]]);
  const exec = (id: string, token: string): Promise<void> => new Promise((resolve, reject) => {
    const req = request({
      host: '127.0.0.1', port: api.port, path: '/api/v1/namespaces/default/pods/p/exec?command=ls&stdout=true', method: 'POST', ca: api.pki.ca.cert, agent: false,
      headers: { authorization: `Bearer ${token}`, 'audit-id': id, connection: 'Upgrade', upgrade: 'SPDY/3.1' },
    }, res => { res.resume(); resolve(); });
    req.on('upgrade', (_, socket) => { socket.destroy(); resolve(); });
    req.on('error', reject);
    req.end();
  });
  await exec('exec', 'test-token');
  expect((await events('exec', 3)).map(l => [l.stage, l.verb, l.objectRef?.['subresource'], l.responseStatus?.['code']])).toEqual([['RequestReceived', 'create', 'exec', undefined], ['ResponseStarted', 'create', 'exec', 101], ['ResponseComplete', 'create', 'exec', 101]]);
  await exec('not', 'jane');
  expect((await events('not', 3)).map(l => l.responseStatus?.['code'])).toEqual([undefined, 403, 403]);
});

it('12.4 what webhooks change, and which of them were passed over, is annotated; patches where requests are logged', async () => {
  const server = createServer(await api.pki.issue('hook', { commonName: 'hook', hosts: ['127.0.0.1'] }), (req, res) => {
    let text = '';
    req.on('data', d => { text += String(d); });
    req.on('end', () => {
      const { uid } = (JSON.parse(text) as { request: { uid: string } }).request;
      res.end(JSON.stringify({ apiVersion: 'admission.k8s.io/v1', kind: 'AdmissionReview', response: { uid, allowed: true, patchType: 'JSONPatch', patch: Buffer.from(JSON.stringify(operations)).toString('base64') } }));
    });
  });
  const operations = [{ op: 'add', path: '/metadata/labels', value: { made: 'so' } }];
  await new Promise<void>(resolve => { server.listen(0, '127.0.0.1', resolve); });
  const hook = (name: string, url: string): object => ({
    name, clientConfig: { url, caBundle: Buffer.from(api.pki.ca.cert).toString('base64') }, rules: [{ operations: ['CREATE'], apiGroups: [''], apiVersions: ['v1'], resources: ['secrets', 'configmaps'] }],
    failurePolicy: 'Ignore', sideEffects: 'None', admissionReviewVersions: ['v1'],
  });
  try {
    await api.call('/apis/admissionregistration.k8s.io/v1/mutatingwebhookconfigurations', { body: JSON.stringify({ metadata: { name: 'm' }, webhooks: [hook('gone.example.com', 'https://127.0.0.1:1'), hook('does.example.com', `https://127.0.0.1:${(server.address() as AddressInfo).port}`)] }) });
    await api.call('/api/v1/namespaces/default/secrets', { body: JSON.stringify({ metadata: { name: 'patched' } }), headers: { 'Audit-ID': 'patched' } });
    await api.call(CM, { body: JSON.stringify({ metadata: { name: 'patched' } }), headers: { 'Audit-ID': 'less' } });
  } finally { server.closeAllConnections(); server.close(); await api.call('/apis/admissionregistration.k8s.io/v1/mutatingwebhookconfigurations/m', { method: 'DELETE' }); }
  const who = '"configuration":"m","webhook":"does.example.com"', told = { 'mutation.webhook.admission.k8s.io/round_0_index_1': `{${who},"mutated":true}`, 'mutation.webhook.admission.k8s.io/round_0_index_0': '{"configuration":"m","webhook":"gone.example.com","mutated":false}', 'failed-open.mutation.webhook.admission.k8s.io/round_0_index_0': 'gone.example.com' };
  const patch = 'patch.webhook.admission.k8s.io/round_0_index_1';
  expect((await events('patched', 2))[1]!.annotations).toMatchObject({ ...told, [patch]: `{${who},"patch":${JSON.stringify(operations)},"patchType":"JSONPatch"}` });
  const less = (await events('less', 2))[1]!.annotations!;
  expect(less).toMatchObject(told);
  expect(less).not.toHaveProperty([patch]);
});

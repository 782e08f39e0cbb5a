// What the tests of Kubernetes' own API machinery ask of a server (test/e2e/apimachinery), as plain requests: what they found different here.
import { afterAll, beforeAll, expect, test } from 'vitest';
import { TestApi, type Reply } from '../harness/api-server.ts';

let api: TestApi;
const NS = '/api/v1/namespaces/default', TABLE = { accept: 'application/json;as=Table;v=v1;g=meta.k8s.io' };
const post = (path: string, body: object | string, headers: Record<string, string> = {}): Promise<Reply> => api.call(path, { body: typeof body === 'string' ? body : JSON.stringify(body), headers });
const patch = (path: string, body: object | string, type = 'merge-patch+json'): Promise<Reply> => api.call(path, { method: 'PATCH', body: typeof body === 'string' ? body : JSON.stringify(body), headers: { 'content-type': `application/${type}` } });
const why = (r: Reply): string => r.json<{ message: string }>().message;

beforeAll(async () => { api = await TestApi.start(); });
afterAll(() => api.stop());

test('8.2 unknown and duplicate fields are told in the order of the text, of YAML with their lines', async () => {
  const template = { metadata: { labels: { app: 'nginx' } }, spec: { containers: [{ name: 'nginx', image: 'nginx' }] } };
  const text = JSON.stringify({ metadata: { name: 'd' }, spec: { unknownField: { a: 1 }, replicas: 2, selector: { matchLabels: { app: 'nginx' } }, template } });
  const r = await post('/apis/apps/v1/namespaces/default/deployments?fieldValidation=Strict', text.replace('"a":1', '"a":1,"a":2').replace('"replicas":2', '"replicas":2,"replicas":3').replace('"name":"nginx"', '"name":"nginx","nested":1'));
  expect(why(r)).toContain('strict decoding error: unknown field "spec.unknownField", duplicate field "spec.replicas", unknown field "spec.template.spec.containers[0].nested"');
  const applied = await patch(`${NS}/configmaps/c?fieldManager=m&fieldValidation=Strict`, '\napiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: c\ndata:\n  foo: foo1\n  foo: foo2\n', 'apply-patch+yaml');
  expect([applied.status, why(applied)]).toEqual([400, 'error strict decoding YAML: error converting YAML to JSON: yaml: unmarshal errors:\n  line 8: key "foo" already set in map']);
});

test('3.3, 6.10 a timeout must be a duration, but for those who watch', async () => {
  for (const [timeout, words] of [['invalid', 'invalid duration "invalid"'], ['10', 'missing unit in duration "10"'], ['10x', 'unknown unit "x" in duration "10x"']] as const) {
    const r = await api.call(`/version?timeout=${timeout}`);
    expect([r.status, why(r)]).toEqual([400, `invalid timeout specified in the request URL - time: ${words}`]);
  }
  for (const timeout of ['3m', '0s', '0', '1m30.5s', '']) expect((await api.call(`/version?timeout=${timeout}`)).status).toBe(200);
  expect((await api.call(`${NS}/pods?timeout=x`)).status).toBe(400);
  const w = await api.open(`${NS}/pods?watch=1&timeout=x&timeoutSeconds=1`);
  expect(w.statusCode).toBe(200);
  w.destroy();
});

test('4.3 reviews and streamed lists have no table', async () => {
  const REVIEW = '/apis/authorization.k8s.io/v1/selfsubjectaccessreviews', body = { spec: { resourceAttributes: { verb: 'list', resource: 'services' } } };
  const r = await post(REVIEW, body, TABLE);
  expect([r.status, r.json()]).toMatchObject([406, { reason: 'NotAcceptable', code: 406 }]);
  expect((await post(REVIEW, body, { accept: `${TABLE.accept},application/json` })).json()).toMatchObject({ kind: 'SelfSubjectAccessReview', status: { allowed: true } });
  expect((await api.call(`${NS}/secrets?watch=1&sendInitialEvents=true&resourceVersionMatch=NotOlderThan&allowWatchBookmarks=true`, { headers: TABLE })).status).toBe(406);
});

test('5.7 labels and annotations go through the door of the status where upstream lets them', async () => {
  const meta = { metadata: { labels: { l: 'm' }, annotations: { a: 'b' } } }, made = async (path: string, body: object): Promise<string> => { expect((await post(path, body)).status).toBe(201); return `${path}/door/status`; };
  const seen = async (path: string): Promise<unknown> => { const { labels, annotations } = (await patch(path, meta)).json<{ metadata: Record<string, Record<string, string> | undefined> }>().metadata; return [labels?.['l'], annotations?.['a']]; };
  expect(await seen(await made(`${NS}/services`, { metadata: { name: 'door' }, spec: { ports: [{ port: 80 }] } }))).toEqual(['m', 'b']);
  expect(await seen(await made('/api/v1/namespaces', { metadata: { name: 'door' } }))).toEqual(['m', 'b']);
  const template = { metadata: { labels: { app: 'x' } }, spec: { containers: [{ name: 'c', image: 'i' }] } };
  expect(await seen(await made('/apis/apps/v1/namespaces/default/deployments', { metadata: { name: 'door' }, spec: { selector: { matchLabels: { app: 'x' } }, template } }))).toEqual([undefined, 'b']);
  expect(await seen(await made('/apis/flowcontrol.apiserver.k8s.io/v1/flowschemas', { metadata: { name: 'door' }, spec: { priorityLevelConfiguration: { name: 'global-default' } } }))).toEqual([undefined, undefined]);
  const status = (await patch('/api/v1/namespaces/door/status', { status: { conditions: [{ type: 'Patched', status: 'True' }] }, spec: { finalizers: [] } })).json<{ spec: object; status: object }>();
  expect([status.spec, status.status]).toEqual([{ finalizers: ['kubernetes'] }, { phase: 'Active', conditions: [{ type: 'Patched', status: 'True' }] }]);
});

test('2.8 a page of its own, as the manager and the scheduler have, has health and metrics and nothing else, behind the same door', async () => {
  const port = await api.server.listen('127.0.0.1', 0, await api.pki.issue('apiserver', { commonName: 'kube-apiserver', hosts: ['127.0.0.1', 'localhost'] }), /^\/(metrics|healthz|livez|readyz)(\/|$)/);
  const get = async (path: string, token: string | null = null): Promise<number> => (await api.call(path, { port, token })).status;
  expect(await Promise.all([get('/metrics', 'test-token'), get('/metrics?x=1', 'test-token'), get('/metrics'), get('/healthz'), get('/livez'), get('/api/v1/pods', 'test-token'), get('/metricsx', 'test-token')])).toEqual([200, 200, 403, 200, 200, 404, 404]);
  expect((await api.call('/metrics', { port })).text).toContain('apiserver_request_total');
});

test('11.1 the use of a token that lies in a secret leaves the day on the secret, and one that was marked invalid holds no more', async () => {
  const account = (await post(`${NS}/serviceaccounts`, { metadata: { name: 'legacy' } })).json<{ metadata: { uid: string } }>().metadata;
  const token = await api.server.tokens.signForSecret('default', { name: 'legacy', uid: account.uid }, 'legacy-token');
  const annotations = { 'kubernetes.io/service-account.name': 'legacy', 'kubernetes.io/service-account.uid': account.uid };
  await post(`${NS}/secrets`, { metadata: { name: 'legacy-token', annotations }, type: 'kubernetes.io/service-account-token', data: { token: Buffer.from(token).toString('base64') } });
  const labels = async (): Promise<Record<string, string> | undefined> => (await api.call(`${NS}/secrets/legacy-token`)).json<{ metadata: { labels?: Record<string, string> } }>().metadata.labels;
  const who = async (): Promise<number> => (await api.call('/apis/authentication.k8s.io/v1/selfsubjectreviews', { body: '{}', token })).status;
  expect(await who()).toBe(201);
  await expect.poll(async () => (await labels())?.['kubernetes.io/legacy-token-last-used']).toMatch(/^\d{4}-\d\d-\d\d$/);
  await patch(`${NS}/secrets/legacy-token`, { metadata: { labels: { 'kubernetes.io/legacy-token-invalid-since': '2026-01-01' } } });
  expect(await who()).toBe(401);
  await patch(`${NS}/secrets/legacy-token`, { metadata: { labels: { 'kubernetes.io/legacy-token-invalid-since': null } } });
  expect(await who()).toBe(201);
});

// Webhooks and admission policies over HTTPS: an in-process webhook server, policies with parameters, and what clients are told.
import { createServer, type Server } from 'node:https';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { TestApi, type Reply } from '../harness/api-server.ts';
import { Kube, kubectls } from '../harness/kubectl.ts';

interface Review { apiVersion: string; kind: string; request: Record<string, unknown> & { uid: string; object: Record<string, unknown> | null; oldObject: Record<string, unknown> | null; operation: string } }
type Answer = Record<string, unknown>;

let api: TestApi, server: Server, url: string, ca: string;
let answer: (r: Review) => Answer = () => ({ allowed: true });
const seen: Review[] = [];
const REG = '/apis/admissionregistration.k8s.io/v1', MAPS = '/api/v1/namespaces/default/configmaps';
const rule = (resources: string[] = ['configmaps'], operations: string[] = ['CREATE', 'UPDATE']): object => ({ operations, apiGroups: ['*'], apiVersions: ['*'], resources });

beforeAll(async () => {
  api = await TestApi.start();
  const pair = await api.pki.issue('hook', { commonName: 'hook', hosts: ['127.0.0.1', 'hook.default.svc'] });
  ca = Buffer.from(api.pki.ca.cert).toString('base64');
  server = createServer(pair, (req, res) => {
    let text = '';
    req.on('data', d => { text += String(d); });
    req.on('end', () => {
      const review = JSON.parse(text) as Review;
      seen.push(review);
      res.setHeader('content-type', 'application/json');
      res.end(JSON.stringify({ apiVersion: 'admission.k8s.io/v1', kind: 'AdmissionReview', response: { uid: review.request.uid, ...answer(review) } }));
    });
  });
  await new Promise<void>(resolve => { server.listen(0, '127.0.0.1', resolve); });
  url = `https://127.0.0.1:${(server.address() as AddressInfo).port}/hook`;
});
afterAll(async () => { server.closeAllConnections(); server.close(); await api.stop(); });
beforeEach(async () => {
  seen.length = 0;
  answer = () => ({ allowed: true });
  for (const plural of ['validatingwebhookconfigurations', 'mutatingwebhookconfigurations', 'validatingadmissionpolicybindings', 'validatingadmissionpolicies', 'mutatingadmissionpolicybindings', 'mutatingadmissionpolicies']) await api.call(`${REG}/${plural}`, { method: 'DELETE' });
  await api.call(MAPS, { method: 'DELETE' });
});

const post = (path: string, body: object): Promise<Reply> => api.call(path, { body: JSON.stringify(body) });
const made = async (path: string, body: object): Promise<void> => { const r = await post(path, body); expect(r.status, r.text).toBe(201); };
const hook = (more: object = {}): object => ({ name: 'a.example.com', clientConfig: { url, caBundle: ca }, rules: [rule()], sideEffects: 'None', admissionReviewVersions: ['v1'], ...more });
const map = (name: string, data: object = {}): object => ({ metadata: { name, labels: { app: 'x' } }, data });
const patch = (operations: object[]): Answer => ({ allowed: true, patchType: 'JSONPatch', patch: Buffer.from(JSON.stringify(operations)).toString('base64') });

test('12.4 a validating webhook refuses with its words and code, warns, and sees the request', async () => {
  await made(`${REG}/validatingwebhookconfigurations`, { metadata: { name: 'v' }, webhooks: [hook()] });
  answer = () => ({ allowed: false, status: { message: 'not today', code: 418 }, warnings: ['mind the gap'] });
  const r = await post(`${MAPS}?fieldManager=me`, map('a'));
  expect(r.status).toBe(418);
  expect(r.json()).toMatchObject({ kind: 'Status', message: 'admission webhook "a.example.com" denied the request: not today', code: 418 });
  expect(String(r.headers['warning'])).toContain('mind the gap');
  expect(seen[0]!.request).toMatchObject({
    kind: { group: '', version: 'v1', kind: 'ConfigMap' }, resource: { group: '', version: 'v1', resource: 'configmaps' }, name: 'a', namespace: 'default', operation: 'CREATE', dryRun: false,
    userInfo: { username: 'admin' }, options: { kind: 'CreateOptions', apiVersion: 'meta.k8s.io/v1', fieldManager: 'me' }, oldObject: null, object: { kind: 'ConfigMap', apiVersion: 'v1' },
  });
  answer = () => ({ allowed: false });
  expect((await post(MAPS, map('a'))).json()).toMatchObject({ code: 403, reason: 'Forbidden', message: 'admission webhook "a.example.com" denied the request without explanation' });
});

test('12.4 mutating webhooks change the object, are defaulted after, and are called again when asked', async () => {
  const versions: unknown[] = [];
  answer = r => {
    const data = (r.request.object!['data'] ?? {}) as Record<string, string>;
    versions.push({ ...data });
    return data['one'] === undefined ? patch([{ op: 'add', path: '/data/one', value: '1' }]) : data['two'] === undefined ? patch([{ op: 'add', path: '/data/two', value: '2' }]) : { allowed: true };
  };
  await made(`${REG}/mutatingwebhookconfigurations`, { metadata: { name: 'm' }, webhooks: [hook({ reinvocationPolicy: 'IfNeeded' }), hook({ name: 'b.example.com' })] });
  const r = await post(MAPS, map('a', { zero: '0' }));
  expect(r.json()).toMatchObject({ data: { zero: '0', one: '1', two: '2' } });
  expect(versions).toEqual([{ zero: '0' }, { zero: '0', one: '1' }, { zero: '0', one: '1', two: '2' }]);
});

test('12.4 deletes, connections and subresources are seen; configurations themselves are not', async () => {
  await made(`${REG}/validatingwebhookconfigurations`, { metadata: { name: 'v' }, webhooks: [hook({ rules: [rule(['*/*'], ['*'])] })] });
  await made(MAPS, map('a'));
  await api.call(`${MAPS}/a`, { method: 'DELETE' });
  await made('/apis/apps/v1/namespaces/default/deployments', { metadata: { name: 'd' }, spec: { selector: { matchLabels: { a: 'b' } }, template: { metadata: { labels: { a: 'b' } }, spec: { containers: [{ name: 'c', image: 'i' }] } } } });
  await api.call('/apis/apps/v1/namespaces/default/deployments/d/scale', { method: 'PATCH', body: '{"spec":{"replicas":3}}', headers: { 'content-type': 'application/merge-patch+json' } });
  await api.call('/api/v1/namespaces/default/pods/p/exec?command=sh&stdout=1', { method: 'POST' });
  await api.call(`${REG}/validatingwebhookconfigurations/v`, { method: 'DELETE' });
  expect(seen.map(r => `${r.request.operation} ${(r.request['resource'] as { resource: string }).resource}/${String(r.request['subResource'] ?? '')} ${(r.request['kind'] as { kind: string }).kind}`)).toEqual([
    'CREATE configmaps/ ConfigMap', 'DELETE configmaps/ ConfigMap', 'CREATE deployments/ Deployment', 'UPDATE deployments/scale Scale', 'CONNECT pods/exec PodExecOptions',
  ]);
  expect(seen[1]!.request).toMatchObject({ object: null, oldObject: { metadata: { name: 'a' } }, options: { kind: 'DeleteOptions' } });
  expect(seen[3]!.request.object).toMatchObject({ kind: 'Scale', spec: { replicas: 3 } });
  expect(seen[4]!.request.object).toEqual({ kind: 'PodExecOptions', apiVersion: 'v1', stdout: true, command: ['sh'] });
});

test('12.4 selectors and conditions decide what is called, failure policies what an unreachable webhook means', async () => {
  await made(`${REG}/validatingwebhookconfigurations`, { metadata: { name: 'v' }, webhooks: [hook({ objectSelector: { matchLabels: { app: 'x' } }, namespaceSelector: { matchExpressions: [{ key: 'kubernetes.io/metadata.name', operator: 'NotIn', values: ['kube-system'] }] }, matchConditions: [{ name: 'c', expression: "request.userInfo.username == 'admin' && object.metadata.name.startsWith('call')" }] })] });
  await made(MAPS, map('call-me'));
  await made(MAPS, map('skip'));
  await made(MAPS, { metadata: { name: 'call-unlabelled' } });
  expect(seen).toHaveLength(1);
  await api.call(`${REG}/validatingwebhookconfigurations/v`, { method: 'DELETE' });
  const dead = { clientConfig: { url: 'https://127.0.0.1:1/x', caBundle: ca } };
  await made(`${REG}/validatingwebhookconfigurations`, { metadata: { name: 'dead' }, webhooks: [hook({ ...dead, failurePolicy: 'Ignore' })] });
  await made(MAPS, map('ignored'));
  await api.call(`${REG}/validatingwebhookconfigurations/dead`, { method: 'DELETE' });
  await made(`${REG}/validatingwebhookconfigurations`, { metadata: { name: 'dead' }, webhooks: [hook(dead)] });
  expect((await post(MAPS, map('b'))).json()).toMatchObject({ code: 500, message: 'Internal error occurred: failed calling webhook "a.example.com": failed to call webhook: Post "https://127.0.0.1:1/x?timeout=10s": dial tcp 127.0.0.1:1: connect: connection refused' });
});

test('12.4 configurations are validated', async () => {
  const r = await post(`${REG}/validatingwebhookconfigurations`, { metadata: { name: 'v' }, webhooks: [{ name: 'x', clientConfig: { url: 'http://h' }, rules: [{ operations: ['MAKE'], apiGroups: ['*'], apiVersions: ['*'], resources: ['*', 'pods'] }], sideEffects: 'Some', admissionReviewVersions: ['v0'], timeoutSeconds: 31, matchConditions: [{ name: 'c', expression: 'object.x ==' }] }] });
  expect(r.status).toBe(422);
  expect(r.json<{ details: { causes: { field: string }[] } }>().details.causes.map(c => c.field)).toEqual([
    'webhooks[0].name', 'webhooks[0].rules[0].operations[0]', 'webhooks[0].rules[0].resources', 'webhooks[0].sideEffects', 'webhooks[0].timeoutSeconds', 'webhooks[0].clientConfig.url', 'webhooks[0].admissionReviewVersions', 'webhooks[0].matchConditions[0].expression',
  ]);
});

const policy = (spec: object): object => ({ metadata: { name: 'p' }, spec: { matchConstraints: { resourceRules: [rule()] }, ...spec } });
const binding = (spec: object = {}): object => ({ metadata: { name: 'b' }, spec: { policyName: 'p', validationActions: ['Deny'], ...spec } });

test('12.5 a validating policy denies with upstream\'s text', async () => {
  await made(`${REG}/validatingadmissionpolicies`, policy({
    variables: [{ name: 'keys', expression: 'has(object.data) ? object.data.size() : 0' }],
    validations: [{ expression: 'variables.keys <= 1', messageExpression: "'at most 1 key, not ' + string(variables.keys)" }, { expression: "object.metadata.name != 'bad'", reason: 'Forbidden' }],
  }));
  await made(MAPS, map('unbound', { a: '1', b: '2' }));
  await made(`${REG}/validatingadmissionpolicybindings`, binding());
  expect((await post(MAPS, map('a', { a: '1', b: '2' }))).json()).toEqual({
    kind: 'Status', apiVersion: 'v1', metadata: {}, status: 'Failure', code: 422, reason: 'Invalid',
    message: "configmaps \"a\" is forbidden: ValidatingAdmissionPolicy 'p' with binding 'b' denied request: at most 1 key, not 2",
    details: { name: 'a', kind: 'configmaps', causes: [{ message: "ValidatingAdmissionPolicy 'p' with binding 'b' denied request: at most 1 key, not 2" }] },
  });
  expect((await post(MAPS, map('bad'))).json()).toMatchObject({ code: 403, reason: 'Forbidden', message: "configmaps \"bad\" is forbidden: ValidatingAdmissionPolicy 'p' with binding 'b' denied request: failed expression: object.metadata.name != 'bad'" });
  await made(MAPS, map('good', { a: '1' }));
});

test('12.5 parameters, selectors of bindings, warnings and failing expressions', async () => {
  await made(MAPS, map('limits', { max: '2' }));
  await made(`${REG}/validatingadmissionpolicies`, policy({ paramKind: { apiVersion: 'v1', kind: 'ConfigMap' }, matchConditions: [{ name: 'not-params', expression: "object.metadata.name != 'limits'" }], validations: [{ expression: 'object.data.size() <= int(params.data.max)', message: 'too many' }] }));
  await made(`${REG}/validatingadmissionpolicybindings`, binding({ validationActions: ['Warn'], paramRef: { name: 'limits', namespace: 'default', parameterNotFoundAction: 'Deny' } }));
  const warned = await post(MAPS, map('w', { a: '1', b: '2', c: '3' }));
  expect(warned.status).toBe(201);
  expect(String(warned.headers['warning'])).toContain("Validation failed for ValidatingAdmissionPolicy 'p' with binding 'b': too many");
  await api.call(`${REG}/validatingadmissionpolicybindings/b`, { method: 'DELETE' });
  await made(`${REG}/validatingadmissionpolicybindings`, binding({ paramRef: { name: 'nope', namespace: 'default', parameterNotFoundAction: 'Deny' } }));
  expect((await post(MAPS, map('x', { a: '1' }))).json<{ message: string }>().message).toContain('failed to configure binding: no params found for policy binding with `Deny` parameterNotFoundAction');
  await api.call(`${REG}/validatingadmissionpolicybindings/b`, { method: 'DELETE' });
  await made(`${REG}/validatingadmissionpolicybindings`, binding({ paramRef: { name: 'limits', namespace: 'default', parameterNotFoundAction: 'Deny' } }));
  expect((await post(MAPS, { metadata: { name: 'y' } })).json<{ message: string }>().message).toContain("expression 'object.data.size() <= int(params.data.max)' resulted in error: no such key: data");
});

test('12.5 expressions that do not compile are refused with the policy', async () => {
  const r = await post(`${REG}/validatingadmissionpolicies`, policy({ validations: [{ expression: 'object.x' }, { expression: 'nope' }] }));
  expect(r.json<{ details: { causes: unknown[] } }>().details.causes).toEqual([
    { reason: 'FieldValueInvalid', field: 'spec.validations[0].expression', message: 'Invalid value: "object.x": must evaluate to bool' },
    { reason: 'FieldValueInvalid', field: 'spec.validations[1].expression', message: "Invalid value: \"nope\": compilation failed: ERROR: <input>:1:1: undeclared reference to 'nope' (in container '')\n | nope\n | ^" },
  ]);
});

test('12.5 the authorizer answers for who asks', async () => {
  await made(`${REG}/validatingadmissionpolicies`, policy({ validations: [{ expression: "authorizer.group('').resource('pods').namespace('default').check('create').allowed() && authorizer.requestResource.check('create').allowed()" }] }));
  await made(`${REG}/validatingadmissionpolicybindings`, binding());
  await made(MAPS, map('a'));
});

test('12.5 mutating policies apply configurations and patches', async () => {
  await made(`${REG}/mutatingadmissionpolicies`, policy({
    reinvocationPolicy: 'Never', variables: [{ name: 'n', expression: 'object.metadata.name' }],
    mutations: [
      { patchType: 'ApplyConfiguration', applyConfiguration: { expression: "Object{metadata: Object.metadata{labels: {'from': variables.n}}}" } },
      { patchType: 'JSONPatch', jsonPatch: { expression: "[JSONPatch{op: 'add', path: '/metadata/annotations', value: {'a/b': 'c'}}, JSONPatch{op: 'add', path: '/metadata/labels/' + jsonpatch.escapeKey('x.io/y'), value: 'v'}]" } },
    ],
  }));
  await made(`${REG}/mutatingadmissionpolicybindings`, { metadata: { name: 'b' }, spec: { policyName: 'p' } });
  expect((await post(MAPS, map('a', { z: '1' }))).json()).toMatchObject({ metadata: { labels: { app: 'x', from: 'a', 'x.io/y': 'v' }, annotations: { 'a/b': 'c' } }, data: { z: '1' } });
});

test('expressions are checked against the kinds they see, and the status says what does not fit', async () => {
  await made(`${REG}/validatingadmissionpolicies`, policy({
    matchConstraints: { resourceRules: [{ operations: ['CREATE'], apiGroups: ['apps'], apiVersions: ['v1'], resources: ['deployments'] }] },
    validations: [{ expression: 'object.spec.replicas > 1' }, { expression: 'object.replicas > 1' }],
  }));
  const status = async (): Promise<{ typeChecking?: unknown; observedGeneration?: number }> => (await api.call(`${REG}/validatingadmissionpolicies/p`)).json<{ status: object }>().status;
  await expect.poll(async () => (await status()).typeChecking).toEqual({
    expressionWarnings: [{ fieldRef: 'spec.validations[1].expression', warning: "apps/v1, Kind=Deployment: ERROR: <input>:1:7: undefined field 'replicas'\n | object.replicas > 1\n | ......^\n" }],
  });
  expect((await status()).observedGeneration).toBe(1);
});

test('older versions of mutating policies are the same objects', async () => {
  await made('/apis/admissionregistration.k8s.io/v1beta1/mutatingadmissionpolicies', policy({ reinvocationPolicy: 'Never', mutations: [{ patchType: 'JSONPatch', jsonPatch: { expression: "[JSONPatch{op: 'test', path: '/kind', value: 'ConfigMap'}]" } }] }));
  expect((await api.call(`${REG}/mutatingadmissionpolicies/p`)).json()).toMatchObject({ apiVersion: 'admissionregistration.k8s.io/v1', kind: 'MutatingAdmissionPolicy', spec: { failurePolicy: 'Fail' } });
});

test('a webhook that asks for another version gets it, and what it adds that no kind has is dropped', async () => {
  await made(`${REG}/mutatingwebhookconfigurations`, { metadata: { name: 'm' }, webhooks: [hook({ rules: [{ operations: ['CREATE'], apiGroups: ['autoscaling'], apiVersions: ['v1'], resources: ['horizontalpodautoscalers'] }] })] });
  answer = () => patch([{ op: 'replace', path: '/spec/maxReplicas', value: 7 }, { op: 'add', path: '/spec/nonsense', value: 1 }]);
  const r = await post('/apis/autoscaling/v2/namespaces/default/horizontalpodautoscalers', { metadata: { name: 'h' }, spec: { scaleTargetRef: { apiVersion: 'apps/v1', kind: 'Deployment', name: 'd' }, minReplicas: 2, maxReplicas: 3 } });
  expect(seen[0]!.request).toMatchObject({ kind: { group: 'autoscaling', version: 'v1' }, requestKind: { version: 'v2' }, object: { apiVersion: 'autoscaling/v1' } });
  expect(r.json()).toMatchObject({ apiVersion: 'autoscaling/v2', spec: { minReplicas: 2, maxReplicas: 7 } });
  expect(r.text).not.toContain('nonsense');
  await api.call(`${REG}/mutatingwebhookconfigurations/m`, { method: 'DELETE' });
  await made(`${REG}/mutatingwebhookconfigurations`, { metadata: { name: 'm' }, webhooks: [hook({ rules: [{ operations: ['CREATE'], apiGroups: [''], apiVersions: ['v9'], resources: ['configmaps'] }] })] });
  await made(MAPS, map('not-seen'));
  expect(seen).toHaveLength(1);
});

test('identity and history are not a webhook\'s to change', async () => {
  await made(`${REG}/mutatingwebhookconfigurations`, { metadata: { name: 'm' }, webhooks: [hook()] });
  answer = () => patch([{ op: 'add', path: '/metadata/uid', value: 'mine' }, { op: 'add', path: '/metadata/labels', value: { new: 'label' } }]);
  const r = (await post(MAPS, map('a'))).json<{ metadata: { uid: string; labels: object } }>();
  expect(r.metadata.labels).toEqual({ new: 'label' });
  expect(r.metadata.uid).toMatch(/^[0-9a-f-]{36}$/);
  answer = () => patch([{ op: 'replace', path: '/metadata/namespace', value: 'kube-system' }]);
  expect((await post(MAPS, map('b'))).json()).toMatchObject({ code: 500 });
});

test('kubectl prints denials as it does with Kubernetes', async () => {
  const kube = new Kube(kubectls().at(-1)!.binary, api.kubeconfig);
  await made(`${REG}/validatingadmissionpolicies`, policy({ validations: [{ expression: "object.metadata.name != 'bad'", message: 'no bad names' }] }));
  await made(`${REG}/validatingadmissionpolicybindings`, binding());
  expect((await kube.try(['create', 'configmap', 'bad'])).stderr).toContain("error: failed to create configmap: configmaps \"bad\" is forbidden: ValidatingAdmissionPolicy 'p' with binding 'b' denied request: no bad names");
  await api.call(`${REG}/validatingadmissionpolicybindings/b`, { method: 'DELETE' });
  await made(`${REG}/validatingwebhookconfigurations`, { metadata: { name: 'v' }, webhooks: [hook()] });
  answer = () => ({ allowed: false, status: { message: 'no' } });
  expect((await kube.try(['create', 'configmap', 'bad'])).stderr).toContain('admission webhook "a.example.com" denied the request: no');
  expect((await kube.try(['get', 'validatingwebhookconfigurations,validatingadmissionpolicies'])).stdout).toMatch(/NAME +WEBHOOKS +AGE\nvalidatingwebhookconfiguration.admissionregistration.k8s.io\/v +1 +\d+s\n\nNAME +VALIDATIONS +PARAMKIND +AGE\n\S+\/p +1 +<unset>/);
});

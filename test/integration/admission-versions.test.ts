// Webhooks behind services, and what webhooks and policies see of custom resources, other versions and each other's changes.
import { createServer, type Server } from 'node:https';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { Pki } from '../../core/boot/pki.ts';
import { memoryStore } from '../../core/store/open.ts';
import { TestApi, type Reply } from '../harness/api-server.ts';

type Json = Record<string, unknown>;
interface Request { uid: string; kind: Json; requestKind: Json; resource: Json; object: Json & { metadata: { name: string } }; oldObject: Json | null; operation: string }
interface Review { apiVersion: string; request: Request & { desiredAPIVersion?: string; objects?: Json[] } }

let api: TestApi, server: Server, port: number, ca: string;
let answer: (r: Request, path: string) => Json = () => ({ allowed: true });
const seen: { path: string; host: string; apiVersion: string; request: Request }[] = [];
const store = memoryStore();
const REG = '/apis/admissionregistration.k8s.io/v1', CRDS = '/apis/apiextensions.k8s.io/v1/customresourcedefinitions', CORE = '/api/v1/namespaces/default';
const merge = { 'content-type': 'application/merge-patch+json' };

/** v1's spec.size is v2's spec.length. */
const convert = (o: Json, to: string): Json => {
  const { size, length, ...rest } = (o['spec'] ?? {}) as Json, n = size ?? length;
  return { ...o, apiVersion: to, spec: { ...rest, ...(to.endsWith('v2') ? { length: n } : { size: n }) } };
};

beforeAll(async () => {
  api = await TestApi.start({ store });
  const theirs = await Pki.open(join(api.dir, 'theirs'), Date.now());
  ca = Buffer.from(theirs.ca.cert).toString('base64');
  server = createServer(await theirs.issue('hook', { commonName: 'hook', hosts: ['hook.default.svc'] }), (req, res) => {
    let text = '';
    req.on('data', d => { text += String(d); });
    req.on('end', () => {
      const { apiVersion, request } = JSON.parse(text) as Review, path = req.url!.split('?')[0]!;
      seen.push({ path, host: String(req.headers.host), apiVersion, request });
      res.setHeader('content-type', 'application/json');
      if (path === '/silent') return;
      res.end(JSON.stringify(request.desiredAPIVersion
        ? { apiVersion, kind: 'ConversionReview', response: { uid: request.uid, result: { status: 'Success' }, convertedObjects: request.objects!.map(o => convert(o, request.desiredAPIVersion!)) } }
        : { apiVersion, kind: 'AdmissionReview', response: { uid: request.uid, ...answer(request, path) } }));
    });
  });
  await new Promise<void>(resolve => { server.listen(0, '127.0.0.1', resolve); });
  ({ port } = server.address() as AddressInfo);
  for (const name of ['hook', 'other', 'empty']) await made(`${CORE}/services`, { metadata: { name }, spec: { ports: [{ name: 'tls', port: 443 }, { name: 'more', port: 444 }] } });
  // Nobody may write loopback addresses into slices; here the backends have no others.
  for (const name of ['hook', 'other']) {
    const slice = { metadata: { name, namespace: 'default', labels: { 'kubernetes.io/service-name': name } }, addressType: 'IPv4', endpoints: [{ addresses: ['127.0.0.1'] }], ports: [{ name: 'tls', port }] };
    await store.txn([{ type: 'put', key: `/registry/discovery.k8s.io/endpointslices/default/${name}`, value: Buffer.from(JSON.stringify(slice)), expect: 0 }]);
  }
});
afterAll(async () => { server.closeAllConnections(); server.close(); await api.stop(); });
beforeEach(async () => {
  seen.length = 0;
  answer = () => ({ allowed: true });
  for (const plural of ['validatingwebhookconfigurations', 'mutatingwebhookconfigurations', 'validatingadmissionpolicybindings', 'validatingadmissionpolicies', 'mutatingadmissionpolicybindings', 'mutatingadmissionpolicies']) await api.call(`${REG}/${plural}`, { method: 'DELETE' });
  for (const plural of ['configmaps', 'pods']) await api.call(`${CORE}/${plural}`, { method: 'DELETE' });
});

const post = (path: string, body: object): Promise<Reply> => api.call(path, { body: JSON.stringify(body) });
async function made(path: string, body: object): Promise<void> { const r = await post(path, body); expect(r.status, r.text).toBe(201); }
const why = (r: Reply): unknown => r.json<{ message: string }>().message;
const behind = (name: string, more: object = {}): object => ({ clientConfig: { service: { namespace: 'default', name, path: '/hook', ...more }, caBundle: ca } });
const rule = (resource: string, more: object = {}): object => ({ operations: ['CREATE', 'UPDATE'], apiGroups: ['*'], apiVersions: ['*'], resources: [resource], ...more });
const hook = (more: object = {}): object => ({ name: 'a.example.com', ...behind('hook'), rules: [rule('configmaps')], sideEffects: 'None', admissionReviewVersions: ['v1'], ...more });
const validating = (...hooks: object[]): Promise<void> => made(`${REG}/validatingwebhookconfigurations`, { metadata: { name: 'v' }, webhooks: hooks });
const mutating = (...hooks: object[]): Promise<void> => made(`${REG}/mutatingwebhookconfigurations`, { metadata: { name: 'm' }, webhooks: hooks });
const patch = (...operations: object[]): Json => ({ allowed: true, patchType: 'JSONPatch', patch: Buffer.from(JSON.stringify(operations)).toString('base64') });
async function policy(which: 'validating' | 'mutating', name: string, resource: string, spec: object, bound: object = {}, rules: object = {}): Promise<void> {
  await made(`${REG}/${which}admissionpolicies`, { metadata: { name }, spec: { matchConstraints: { resourceRules: [rule(resource, rules)] }, ...(which === 'mutating' ? { reinvocationPolicy: 'Never' } : {}), ...spec } });
  await made(`${REG}/${which}admissionpolicybindings`, { metadata: { name }, spec: { policyName: name, ...(which === 'mutating' ? {} : { validationActions: ['Deny'] }), ...bound } });
}
const apply = (expression: string): object => ({ patchType: 'ApplyConfiguration', applyConfiguration: { expression } });
const jsonPatch = (expression: string): object => ({ patchType: 'JSONPatch', jsonPatch: { expression } });

async function define(plural: string, kind: string, versions: object[], more: object = {}): Promise<void> {
  await made(CRDS, { metadata: { name: `${plural}.example.com` }, spec: { group: 'example.com', scope: 'Namespaced', names: { plural, kind }, versions, ...more } });
  await expect.poll(async () => (await api.call(`/apis/example.com/v1/${plural}`)).status).toBe(200);
}
const version = (name: string, properties: object | undefined, storage = name === 'v1'): object => ({ name, served: true, storage, schema: { openAPIV3Schema: { type: 'object', properties: properties ? { spec: { type: 'object', properties } } : { spec: { 'type': 'object', 'x-kubernetes-preserve-unknown-fields': true } } } } });
const custom = (kind: string, name: string, spec: object, v = 'v1'): object => ({ apiVersion: `example.com/${v}`, kind, metadata: { name }, spec });
const at = (plural: string, v = 'v1'): string => `/apis/example.com/${v}/namespaces/default/${plural}`;

test('12.4 a webhook behind a service is asked under the service\'s name, at one of its endpoints', async () => {
  await validating(hook({ admissionReviewVersions: ['v9', 'v1beta1', 'v1'] }));
  answer = () => ({ allowed: false, status: { message: 'no', reason: 'Forbidden', details: { retryAfterSeconds: 3 } } });
  const r = await post(`${CORE}/configmaps`, { metadata: { name: 'a' } });
  expect(r.json()).toMatchObject({ code: 403, message: 'admission webhook "a.example.com" denied the request: no', details: { retryAfterSeconds: 3 } });
  expect(seen[0]).toMatchObject({ path: '/hook', host: 'hook.default.svc', apiVersion: 'admission.k8s.io/v1beta1' });
});

test('12.4 why a service leads nowhere is told in upstream\'s words, and may be ignored', async () => {
  const url = (name: string, at = 443): string => `Internal error occurred: failed calling webhook "a.example.com": failed to call webhook: Post "https://${name}.default.svc:${at}/hook?timeout=10s"`;
  const cases: [object, string][] = [
    [behind('nobody'), `${url('nobody')}: service "nobody" not found`],
    [behind('hook', { port: 8443 }), `${url('hook', 8443)}: no service port 8443 found for service "hook"`],
    [behind('empty'), `${url('empty')}: no endpoints available for service "empty"`],
    [behind('hook', { port: 444 }), `${url('hook', 444)}: no endpoints available for service "hook"`],
    [behind('other'), `${url('other')}: tls: failed to verify certificate: x509: certificate is valid for hook.default.svc, not other.default.svc`],
    [{ clientConfig: { service: { namespace: 'default', name: 'hook', path: '/hook' } } }, `${url('hook')}: tls: failed to verify certificate: x509: certificate signed by unknown authority`],
  ];
  for (const [where, words] of cases) {
    await validating(hook(where));
    expect(why(await post(`${CORE}/configmaps`, { metadata: { name: 'a' } }))).toBe(words);
    await api.call(`${REG}/validatingwebhookconfigurations/v`, { method: 'DELETE' });
  }
  await validating(hook({ ...behind('hook', { path: '/silent' }), timeoutSeconds: 1 }));
  expect(why(await post(`${CORE}/configmaps`, { metadata: { name: 'a' } }))).toBe('Internal error occurred: failed calling webhook "a.example.com": failed to call webhook: Post "https://hook.default.svc:443/silent?timeout=1s": context deadline exceeded');
  await api.call(`${REG}/validatingwebhookconfigurations/v`, { method: 'DELETE' });
  await validating(hook({ ...behind('empty'), failurePolicy: 'Ignore' }));
  await made(`${CORE}/configmaps`, { metadata: { name: 'a' } });
});

test('12.4 answers that are none are told apart', async () => {
  await mutating(hook());
  const told = async (a: Json): Promise<unknown> => { answer = () => a; return why(await post(`${CORE}/configmaps`, { metadata: { name: 'a' } })); };
  const failed = 'Internal error occurred: failed calling webhook "a.example.com": received';
  expect(await told({ allowed: true, patch: 'W10=' })).toBe(`${failed} invalid webhook response: webhook returned response.patch but not response.patchType`);
  expect(await told({ allowed: true, patchType: 'JSONPatch' })).toBe(`${failed} invalid webhook response: webhook returned response.patchType but not response.patch`);
  expect(await told({ allowed: true, uid: 'x' })).toMatch(/^Internal error occurred: failed calling webhook "a.example.com": received invalid webhook response: expected response.uid="[0-9a-f-]{36}", got "x"$/);
  expect(await told({ allowed: true, patchType: 'JSONPatch', patch: Buffer.from('[').toString('base64') })).toContain(`${failed} undecodable patch in webhook response: `);
});

test('12.4, 14.2 custom resources, with a schema and without, are seen whole and pruned after', async () => {
  await define('plains', 'Plain', [version('v1', { size: { type: 'integer' }, stage: { type: 'string' } })]);
  await define('frees', 'Free', [version('v1', undefined)]);
  await mutating(hook({ rules: [rule('plains'), rule('frees')] }));
  answer = () => patch({ op: 'add', path: '/spec/stage', value: 'one' }, { op: 'add', path: '/spec/extra', value: { deep: [1] } });
  expect((await post(at('plains'), custom('Plain', 'a', { size: 1 }))).json()).toMatchObject({ spec: { size: 1, stage: 'one' } });
  expect((await api.call(`${at('plains')}/a`)).json<{ spec: Json }>().spec).not.toHaveProperty('extra');
  expect((await post(at('frees'), custom('Free', 'a', { any: { thing: true } }))).json()).toMatchObject({ spec: { any: { thing: true }, stage: 'one', extra: { deep: [1] } } });
  await api.call(`${at('plains')}/a`, { method: 'PATCH', body: '{"spec":{"size":2}}', headers: merge });
  expect(seen.map(s => [s.request.operation, s.request.object['spec'], s.request.oldObject?.['spec']])).toEqual([
    ['CREATE', { size: 1 }, undefined], ['CREATE', { any: { thing: true } }, undefined], ['UPDATE', { size: 2, stage: 'one' }, { size: 1, stage: 'one' }],
  ]);
});

test('12.5 policies see custom resources, their namespace, and parameters that are custom resources', async () => {
  await define('limits', 'Limit', [version('v1', { max: { type: 'integer' } })]);
  await policy('validating', 'p', 'plains', {
    paramKind: { apiVersion: 'example.com/v1', kind: 'Limit' },
    validations: [{ expression: 'object.spec.size <= params.spec.max', messageExpression: "'in ' + namespaceObject.metadata.name + ' at most ' + string(params.spec.max)" }, { expression: 'oldObject == null || oldObject.spec.size <= object.spec.size', message: 'may not shrink' }],
  }, { paramRef: { selector: { matchLabels: { use: 'yes' } }, parameterNotFoundAction: 'Allow' } });
  await made(at('plains'), custom('Plain', 'free', { size: 100 }));
  for (const [name, max, use] of [['five', 5, 'yes'], ['three', 3, 'no']] as const) await made(at('limits'), { ...custom('Limit', name, { max }), metadata: { name, labels: { use } } });
  expect(why(await post(at('plains'), custom('Plain', 'b', { size: 6 })))).toBe("plains.example.com \"b\" is forbidden: ValidatingAdmissionPolicy 'p' with binding 'p' denied request: in default at most 5");
  await made(at('plains'), custom('Plain', 'b', { size: 4 }));
  expect(why(await api.call(`${at('plains')}/b`, { method: 'PATCH', body: '{"spec":{"size":1}}', headers: merge }))).toContain('may not shrink');
  await api.call(`${REG}/validatingadmissionpolicies/p`, { method: 'PATCH', body: '{"spec":{"paramKind":{"kind":"Nothing"}}}', headers: merge });
  expect(why(await post(at('plains'), custom('Plain', 'c', { size: 1 })))).toBe("plains.example.com \"c\" is forbidden: ValidatingAdmissionPolicy 'p' denied request: failed to configure policy: failed to find resource referenced by paramKind: 'example.com/v1, Kind=Nothing'");
});

test('12.5 expressions over custom resources are checked against their schema', async () => {
  await policy('validating', 'p', 'plains', { validations: [{ expression: "object.spec.size == 'x'" }, { expression: 'object.spec.size > 1' }, { expression: "object.spec.size != object.spec.size && object.spec.stage.startsWith('a')" }, { expression: 'object.spec.nope == 1' }] }, {}, { apiGroups: ['example.com'], apiVersions: ['v1'] });
  await expect.poll(async () => (await api.call(`${REG}/validatingadmissionpolicies/p`)).json<{ status?: { typeChecking?: Json } }>().status?.typeChecking).toEqual({ expressionWarnings: [
    { fieldRef: 'spec.validations[0].expression', warning: "example.com/v1, Kind=Plain: ERROR: <input>:1:18: found no matching overload for '_==_' applied to '(int, string)'\n | object.spec.size == 'x'\n | .................^\n" },
    { fieldRef: 'spec.validations[3].expression', warning: "example.com/v1, Kind=Plain: ERROR: <input>:1:12: undefined field 'nope'\n | object.spec.nope == 1\n | ...........^\n" },
  ] });
});

test('12.4, 15.4 a rule for one name of a kind sees what comes under the other', async () => {
  await validating(hook({ rules: [rule('events', { apiGroups: [''], apiVersions: ['v1'] })] }));
  const event = { metadata: { name: 'e' }, regarding: { kind: 'Pod', name: 'p', namespace: 'default' }, note: 'said', reason: 'R', action: 'A', type: 'Normal', reportingController: 'c', reportingInstance: 'i', eventTime: '2026-01-01T00:00:00.000000Z' };
  await made('/apis/events.k8s.io/v1/namespaces/default/events', event);
  expect(seen[0]!.request).toMatchObject({
    kind: { group: '', version: 'v1', kind: 'Event' }, resource: { group: '', version: 'v1', resource: 'events' }, requestKind: { group: 'events.k8s.io' },
    object: { apiVersion: 'v1', message: 'said', involvedObject: { name: 'p' }, reportingComponent: 'c' },
  });
  await api.call(`${REG}/validatingwebhookconfigurations/v`, { method: 'DELETE' });
  await validating(hook({ matchPolicy: 'Exact', rules: [rule('events', { apiGroups: [''], apiVersions: ['v1'] })] }));
  await made('/apis/events.k8s.io/v1/namespaces/default/events', { ...event, metadata: { name: 'f' } });
  expect(seen).toHaveLength(1);
});

test('12.4, 14.6 versions of a custom resource are converted for who asks for another, by the definition\'s webhook too', async () => {
  await define('twos', 'Two', [version('v1', { size: { type: 'integer' } }), version('v2', { length: { type: 'integer' } })], { conversion: { strategy: 'Webhook', webhook: { ...behind('hook', { path: '/convert' }), conversionReviewVersions: ['v1'] } } });
  await mutating(hook({ rules: [rule('twos', { apiVersions: ['v2'] })] }));
  await policy('validating', 'p', 'twos', { validations: [{ expression: "object.spec.length != 9 && request.kind.version == 'v2' && request.requestKind.version == 'v1'" }] }, {}, { apiVersions: ['v2'] });
  answer = r => (r.object['spec'] as { length: number }).length === 1 ? patch({ op: 'replace', path: '/spec/length', value: 7 }) : { allowed: true };
  const r = await post(at('twos'), custom('Two', 'a', { size: 1 }));
  expect([r.status, r.json()]).toMatchObject([201, { apiVersion: 'example.com/v1', spec: { size: 7 } }]);
  expect(seen.find(s => s.path === '/hook')!.request).toMatchObject({ kind: { version: 'v2' }, requestKind: { version: 'v1' }, object: { apiVersion: 'example.com/v2', spec: { length: 1 } } });
  expect(why(await post(at('twos'), custom('Two', 'b', { size: 9 })))).toContain("denied request: failed expression: object.spec.length != 9");
});

test('12.4 what a webhook adds is seen by the built-in plug-ins, and by the webhooks that ask', async () => {
  await mutating(hook({ rules: [rule('pods')], reinvocationPolicy: 'IfNeeded' }), hook({ name: 'b.example.com', ...behind('hook', { path: '/once' }), rules: [rule('pods')] }));
  const paths: string[] = [];
  answer = (r, path) => {
    const { containers } = r.object['spec'] as { containers: unknown[] };
    paths.push(`${path} ${containers.length}`);
    return path === '/once' && containers.length === 1 ? patch({ op: 'add', path: '/spec/containers/-', value: { name: 'side', image: 'side:1' } }) : { allowed: true };
  };
  const pod = (await post(`${CORE}/pods`, { metadata: { name: 'p' }, spec: { containers: [{ name: 'c', image: 'i:1' }] } })).json<{ spec: { containers: { name: string; volumeMounts: { mountPath: string }[]; terminationMessagePath: string }[]; volumes: unknown[] } }>();
  expect(paths).toEqual(['/hook 1', '/once 1', '/hook 2']);
  expect(pod.spec.containers.map(c => [c.name, c.volumeMounts.map(m => m.mountPath), c.terminationMessagePath])).toEqual(['c', 'side'].map(n => [n, ['/var/run/secrets/kubernetes.io/serviceaccount'], '/dev/termination-log']));
  expect(pod.spec.volumes).toHaveLength(1);
});

test('12.5 apply configurations merge by the schema of the object: lists with keys by them, nothing atomic', async () => {
  await policy('mutating', 'p', 'pods', { mutations: [
    apply("Object{spec: Object.spec{initContainers: [Object.spec.initContainers{name: 'side', image: 'side:1'}], containers: object.spec.containers.map(c, Object.spec.containers{name: c.name, env: [Object.spec.containers.env{name: 'WHO', value: object.metadata.name}]})}}"),
  ] });
  const pod = (await post(`${CORE}/pods`, { metadata: { name: 'p' }, spec: { containers: [{ name: 'c', image: 'i:1', env: [{ name: 'A', value: 'a' }], ports: [{ containerPort: 1 }] }] } })).json<{ spec: { initContainers: Json[]; containers: Json[] } }>();
  expect(pod.spec.initContainers).toMatchObject([{ name: 'side', image: 'side:1', imagePullPolicy: 'IfNotPresent' }]);
  expect(pod.spec.containers).toMatchObject([{ name: 'c', image: 'i:1', env: [{ name: 'A' }, { name: 'WHO', value: 'p' }], ports: [{ containerPort: 1 }] }]);
});

test('12.5 what a mutation may not do is told, and what it means is the failure policy\'s to say', async () => {
  const cases: [object, string][] = [
    [apply("Object{spec: Object.spec{tolerations: [Object.spec.tolerations{key: 'a'}]}}"), 'error applying patch: invalid ApplyConfiguration: may not mutate atomic arrays, maps or structs: .spec.tolerations'],
    [apply('Object{spec: Object.spec{nope: 1}}'), 'error applying patch: failed to convert patch object to typed object: .spec.nope: field not declared in schema'],
    [apply("Object{spec: Object.wrong{nodeName: 'n'}}"), 'type mismatch: unexpected type name "Object.wrong", expected "Object.spec", which matches field name path from root Object type'],
    [apply('Object{spec: Object.spec{priority: object.spec.missing}}'), "expression 'Object{spec: Object.spec{priority: object.spec.missing}}' resulted in error: no such key: missing"],
  ];
  for (const [mutation, words] of cases) {
    await policy('mutating', 'p', 'pods', { mutations: [mutation] });
    const r = await post(`${CORE}/pods`, { metadata: { name: 'p' }, spec: { containers: [{ name: 'c', image: 'i:1' }] } }), message = `policy 'p' with binding 'p' denied request: ${words}`;
    expect(r.json()).toEqual({ kind: 'Status', apiVersion: 'v1', metadata: {}, status: 'Failure', message, reason: 'Invalid', code: 403, details: { name: 'p', kind: 'pods', causes: [{ message }] } });
    for (const plural of ['mutatingadmissionpolicybindings', 'mutatingadmissionpolicies']) await api.call(`${REG}/${plural}`, { method: 'DELETE' });
  }
  await policy('mutating', 'p', 'pods', { failurePolicy: 'Ignore', mutations: [cases[0]![0]] });
  await made(`${CORE}/pods`, { metadata: { name: 'p' }, spec: { containers: [{ name: 'c', image: 'i:1' }] } });
});

test('12.5 mutations follow one another; a failed test of a patch leaves things alone; those that ask see later changes', async () => {
  await policy('mutating', 'a', 'configmaps', { reinvocationPolicy: 'IfNeeded', variables: [{ name: 'n', expression: 'has(object.data) ? size(object.data) : 0' }], mutations: [
    jsonPatch("[JSONPatch{op: 'add', path: '/metadata/labels', value: {'keys': string(variables.n)}}]"),
    jsonPatch("[JSONPatch{op: 'test', path: '/metadata/name', value: 'other'}, JSONPatch{op: 'remove', path: '/data'}]"),
  ] });
  await policy('mutating', 'b', 'configmaps', { matchConditions: [{ name: 'labelled', expression: "object.metadata.labels['keys'] == '1'" }], mutations: [apply("Object{data: {'b': object.metadata.labels['keys']}}")] });
  expect((await post(`${CORE}/configmaps`, { metadata: { name: 'm' }, data: { one: '1' } })).json()).toMatchObject({ metadata: { labels: { keys: '2' } }, data: { one: '1', b: '1' } });
});

test('12.5 mutations of custom resources go by their own schema', async () => {
  await define('listeds', 'Listed', [version('v1', {
    keyed: { 'type': 'array', 'items': { type: 'object', required: ['name'], properties: { name: { type: 'string' }, n: { type: 'integer' } } }, 'x-kubernetes-list-type': 'map', 'x-kubernetes-list-map-keys': ['name'] },
    plain: { type: 'array', items: { type: 'string' } },
  })]);
  await policy('mutating', 'p', 'listeds', { mutations: [apply("Object{spec: Object.spec{keyed: [Object.spec.keyed{name: 'a', n: 2}, Object.spec.keyed{name: 'b', n: 3}]}}")] });
  expect((await post(at('listeds'), custom('Listed', 'x', { keyed: [{ name: 'c', n: 1 }, { name: 'a', n: 1 }] }))).json()).toMatchObject({ spec: { keyed: [{ name: 'c', n: 1 }, { name: 'a', n: 2 }, { name: 'b', n: 3 }] } });
  await policy('mutating', 'q', 'listeds', { mutations: [apply("Object{spec: Object.spec{plain: ['x']}}")] });
  expect(why(await post(at('listeds'), custom('Listed', 'y', {})))).toBe("policy 'q' with binding 'q' denied request: error applying patch: invalid ApplyConfiguration: may not mutate atomic arrays, maps or structs: .spec.plain");
});

test('who may not read the parameters can neither write a policy with them nor bind one to them', async () => {
  const rbac = '/apis/rbac.authorization.k8s.io/v1', all = (name: string, rules: object[]): object => ({ metadata: { name }, rules });
  const jane = async (path: string, body: object, method = 'POST'): Promise<Json> =>
    (await api.call(path, { method, body: JSON.stringify(body), headers: { 'impersonate-user': 'jane', 'impersonate-group': 'devs', ...(method === 'PATCH' ? merge : {}) } })).json<Json>();
  const params = { apiVersion: 'v1', kind: 'ConfigMap' }, spec = { paramKind: params, matchConstraints: { resourceRules: [{ apiGroups: [''], apiVersions: ['v1'], operations: ['CREATE'], resources: ['secrets'] }] }, validations: [{ expression: 'true' }] };
  const policy = { metadata: { name: 'of-jane' }, spec }, bound = { metadata: { name: 'of-jane' }, spec: { policyName: 'of-jane', validationActions: ['Deny'], paramRef: { name: 'p', namespace: 'default', parameterNotFoundAction: 'Deny' } } };
  await post(`${rbac}/clusterroles`, all('policies', [{ apiGroups: ['admissionregistration.k8s.io'], resources: ['*'], verbs: ['*'] }]));
  await post(`${rbac}/clusterrolebindings`, { metadata: { name: 'policies' }, roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: 'policies' }, subjects: [{ kind: 'User', name: 'jane' }] });
  expect(await jane(`${REG}/validatingadmissionpolicies`, policy)).toMatchObject({
    code: 422, reason: 'Invalid', message: 'ValidatingAdmissionPolicy.admissionregistration.k8s.io "of-jane" is invalid: spec.paramKind: Forbidden: user &{jane  [devs system:authenticated] map[]} must have "get" permission on all objects of the referenced paramKind (kind=ConfigMap, apiVersion=v1)',
  });
  await post(`${REG}/validatingadmissionpolicies`, policy);
  expect(await jane(`${REG}/validatingadmissionpolicies/of-jane`, { metadata: { labels: { touched: 'yes' } } }, 'PATCH')).toMatchObject({ metadata: { labels: { touched: 'yes' } } });
  expect(await jane(`${REG}/validatingadmissionpolicybindings`, bound)).toMatchObject({ code: 422, message: expect.stringContaining('spec.paramRef: Forbidden: user get does not have "&{jane  [devs system:authenticated] map[]}" permission on the object referenced by paramRef') as string });
  await post(`${rbac}/namespaces/default/roles`, all('reads', [{ apiGroups: [''], resources: ['configmaps'], resourceNames: ['p'], verbs: ['get'] }]));
  await post(`${rbac}/namespaces/default/rolebindings`, { metadata: { name: 'reads' }, roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'Role', name: 'reads' }, subjects: [{ kind: 'User', name: 'jane' }] });
  expect(await jane(`${REG}/validatingadmissionpolicybindings`, bound)).toMatchObject({ kind: 'ValidatingAdmissionPolicyBinding' });
});

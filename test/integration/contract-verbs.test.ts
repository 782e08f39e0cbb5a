// The API contract, sections 3, 4 and 8, against a running host: status codes and errors, negotiation, dry-run, field validation.
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { startHost, type Host } from '../harness/host.ts';
import { Wire, type Loose, type Reply } from '../harness/wire.ts';

let host: Host, api: Wire;
const NS = '/api/v1/namespaces/verbs', CM = `${NS}/configmaps`, PODS = `${NS}/pods`, DEPLOYMENTS = '/apis/apps/v1/namespaces/verbs/deployments';
const cm = (name: string, more: object = {}): object => ({ apiVersion: 'v1', kind: 'ConfigMap', metadata: { name }, data: { k: 'v' }, ...more });
const template = (name: string): object => ({ metadata: { labels: { app: name } }, spec: { containers: [{ name: 'c', image: 'nginx:1.25' }] } });
const pod = (name: string, spec: object = {}): object => ({ apiVersion: 'v1', kind: 'Pod', metadata: { name }, spec: { containers: [{ name: 'c', image: 'nginx:1.25' }], ...spec } });
const deployment = (name: string, replicas = 1): object => ({ apiVersion: 'apps/v1', kind: 'Deployment', metadata: { name }, spec: { replicas, selector: { matchLabels: { app: name } }, template: template(name) } });
const list = (v: Loose | undefined): Loose[] => (Array.isArray(v) ? v as Loose[] : []);
const status = (r: Reply, code: number, reason: string, message: string | RegExp): void => {
  expect([r.status, r.json], r.text).toMatchObject([code, { kind: 'Status', apiVersion: 'v1', metadata: {}, status: 'Failure', reason, code }]);
  if (typeof message === 'string') expect(r.json['message']).toBe(message); else expect(r.json['message']).toMatch(message);
};

beforeAll(async () => {
  host = await startHost(['--runtime', 'simulated']);
  api = new Wire(host.ready.kubeconfig);
  await api.call('/api/v1/namespaces', { body: { metadata: { name: 'verbs' } } });
});
afterAll(async () => { api.close(); await host.dispose(); });

describe('3 verbs, status codes, errors', () => {
  test('3.2, 3.3 not found, exists, missing namespace: plural names in the details (trap 7)', async () => {
    const none = await api.call(`${CM}/none`);
    status(none, 404, 'NotFound', 'configmaps "none" not found');
    expect(none.json['details']).toEqual({ name: 'none', kind: 'configmaps' });
    await api.call(CM, { body: cm('dup') });
    const dup = await api.call(CM, { body: cm('dup') });
    status(dup, 409, 'AlreadyExists', 'configmaps "dup" already exists');
    expect(dup.json['details']).toEqual({ name: 'dup', kind: 'configmaps' });
    await api.call(DEPLOYMENTS, { body: deployment('dup', 0) });
    const grouped = await api.call(DEPLOYMENTS, { body: deployment('dup', 0) });
    status(grouped, 409, 'AlreadyExists', 'deployments.apps "dup" already exists');
    expect(grouped.json['details']).toEqual({ name: 'dup', group: 'apps', kind: 'deployments' });
    const nowhere = await api.call('/api/v1/namespaces/nope/configmaps', { body: cm('a') });
    status(nowhere, 404, 'NotFound', 'namespaces "nope" not found');
    expect(nowhere.json['details']).toEqual({ name: 'nope', kind: 'namespaces' });
  });

  test('3.3 conflicts: stale revision, foreign uid', async () => {
    const made = (await api.call(CM, { body: cm('stale') })).json;
    await api.put(`${CM}/stale`, cm('stale', { data: { k: '2' } }));
    const text = 'Operation cannot be fulfilled on configmaps "stale": the object has been modified; please apply your changes to the latest version and try again';
    const rv = String(made['metadata']!['resourceVersion']);
    const put = await api.put(`${CM}/stale`, { ...cm('stale'), metadata: { name: 'stale', resourceVersion: rv } });
    status(put, 409, 'Conflict', text);
    expect(put.json['details']).toEqual({ name: 'stale', kind: 'configmaps' });
    status(await api.patch(`${CM}/stale`, 'merge', { metadata: { resourceVersion: rv }, data: { k: '3' } }), 409, 'Conflict', text);
    status(await api.put(`${CM}/stale`, { ...cm('stale'), metadata: { name: 'stale', uid: 'x' } }), 409, 'Conflict', `Operation cannot be fulfilled on configmaps "stale": Precondition failed: UID in precondition: x, UID in object meta: ${String(made['metadata']!['uid'])}`);
  });

  test('3.2, 3.3 invalid: all errors, in brackets when there are several; the Kind in the details', async () => {
    const r = await api.call(PODS, { body: pod('P!', { restartPolicy: 'Sometimes' }) });
    status(r, 422, 'Invalid', /^Pod "P!" is invalid: \[metadata\.name: Invalid value: "P!": .*, spec\.restartPolicy: Unsupported value: "Sometimes": supported values: "Always", "OnFailure", "Never"\]$/);
    expect(r.json['details']).toMatchObject({ name: 'P!', kind: 'Pod', causes: [{ reason: 'FieldValueInvalid', field: 'metadata.name' }, { reason: 'FieldValueNotSupported', field: 'spec.restartPolicy' }] });
    const nameless = await api.call(CM, { body: { data: {} } });
    status(nameless, 422, 'Invalid', 'ConfigMap "" is invalid: metadata.name: Required value: name or generateName is required');
  });

  test('3.3 body and URL must agree; a resourceVersion cannot be created; a wrong kind is told', async () => {
    status(await api.put(`${CM}/dup`, cm('other')), 400, 'BadRequest', 'the name of the object (other) does not match the name on the URL (dup)');
    status(await api.call(CM, { body: { ...cm('x'), metadata: { name: 'x', namespace: 'default' } } }), 400, 'BadRequest', 'the namespace of the provided object does not match the namespace sent on the request');
    expect((await api.call(CM, { body: { ...cm('x'), metadata: { name: 'x', resourceVersion: '1' } } })).json).toMatchObject({ code: 500, message: expect.stringContaining('resourceVersion should not be set on objects to be created') });
    status(await api.call(CM, { body: { apiVersion: 'v1', kind: 'Secret', metadata: { name: 'x' } } }), 400, 'BadRequest', /^Secret in version "v1" cannot be handled as a ConfigMap: /);
  });

  test('3.3, 7.1 patches that fail', async () => {
    for (const op of [{ op: 'test', path: '/data/k', value: 'nope' }, { op: 'remove', path: '/data/none' }]) status(await api.patch(`${CM}/dup`, 'json', [op]), 422, 'Invalid', 'the server rejected our request due to an error in our request');
    status(await api.call(`${CM}/dup`, { method: 'PATCH', body: '{}', type: 'application/json' }), 415, 'UnsupportedMediaType', /application\/json-patch\+json, application\/merge-patch\+json, application\/strategic-merge-patch\+json/);
  });

  test('3.3 bad options are the options\' own 422', async () => {
    const dry = await api.call(`${CM}?dryRun=Some`, { body: cm('x') });
    status(dry, 422, 'Invalid', /^CreateOptions\.meta\.k8s\.io "" is invalid: dryRun: Unsupported value: "Some": supported values: "All"$/);
    expect(dry.json['details']).toMatchObject({ group: 'meta.k8s.io', kind: 'CreateOptions' });
    status(await api.call(`${CM}/dup?force=true`, { method: 'PATCH', type: 'application/merge-patch+json', body: '{}' }), 422, 'Invalid', /^PatchOptions\.meta\.k8s\.io "" is invalid: force: Forbidden: may not be specified for non-apply patch$/);
    status(await api.call(`${CM}/dup?fieldValidation=Nope`, { method: 'PUT', body: cm('dup') }), 422, 'Invalid', /^UpdateOptions\.meta\.k8s\.io "" is invalid: fieldValidation: Unsupported value: "Nope"/);
  });

  test('3.3, 3.10 methods that are not for this path', async () => {
    for (const [path, method] of [[PODS, 'PUT'], [PODS, 'PATCH'], [`${PODS}/x`, 'POST'], ['/api/v1/pods', 'POST'], ['/api/v1/configmaps', 'DELETE']] as const) {
      status(await api.call(path, { method, body: '{}', type: method === 'PATCH' ? 'application/merge-patch+json' : 'application/json' }), 405, 'MethodNotAllowed', 'the server does not allow this method on the requested resource');
    }
    expect((await api.call('/api/v1/pods/x')).status).toBe(404);
  });

  test('3.3 a revision of the future, a revision of the past (trap 8)', async () => {
    const r = await api.call(`${CM}?resourceVersion=99999999`);
    status(r, 504, 'Timeout', /^Timeout: Too large resource version: 99999999, current: \d+$/);
    expect([r.headers['retry-after'], r.json['details']]).toMatchObject(['1', { causes: [{ reason: 'ResourceVersionTooLarge' }], retryAfterSeconds: 1 }]);
  });

  test('3.4 who creates by PUT', async () => {
    const at = (group: string, plural: string): string => `/${group ? `apis/${group}` : 'api'}/v1/namespaces/verbs/${plural}/byput`;
    const meta = { metadata: { name: 'byput' } };
    const creates: [string, object][] = [[at('coordination.k8s.io', 'leases'), meta], [at('', 'endpoints'), meta], [at('', 'limitranges'), meta], [at('', 'services'), { ...meta, spec: { ports: [{ port: 80 }] } }],
      [at('', 'events'), { ...meta, involvedObject: { namespace: 'verbs' } }], [at('rbac.authorization.k8s.io', 'roles'), meta], ['/apis/rbac.authorization.k8s.io/v1/clusterroles/byput', meta]];
    for (const [path, body] of creates) expect((await api.put(path, body)).status, path).toBe(201);
    for (const path of [at('', 'configmaps'), at('', 'secrets'), at('', 'serviceaccounts')]) expect((await api.put(path, meta)).status, path).toBe(404);
    expect((await api.put(at('apps', 'deployments'), { ...deployment('byput') })).status).toBe(404);
  });

  test('3.4, 3.8 deleting: a Status with the uid (trap 9), options with and without a kind', async () => {
    const made = (await api.call(CM, { body: cm('gone') })).json;
    const r = await api.delete(`${CM}/gone`, { propagationPolicy: 'Background' });
    expect([r.status, r.json]).toEqual([200, { kind: 'Status', apiVersion: 'v1', metadata: {}, status: 'Success', details: { name: 'gone', kind: 'configmaps', uid: made['metadata']!['uid'] } }]);
    for (const [body, query] of [[{ kind: 'DeleteOptions', apiVersion: 'v1', gracePeriodSeconds: 0 }, ''], [{ kind: 'DeleteOptions', apiVersion: 'meta.k8s.io/v1' }, ''], [undefined, '?gracePeriodSeconds=0&propagationPolicy=Background'], [{ kind: 'DeleteOptions', apiVersion: 'apps/v1' }, '']] as const) {
      await api.call(CM, { body: cm('gone') });
      expect((await api.call(`${CM}/gone${query}`, { method: 'DELETE', body })).status).toBe(200);
    }
    await api.call(CM, { body: cm('gone') });
    for (const bad of [{ propagationPolicy: 'Sideways' }, { propagationPolicy: 'Orphan', orphanDependents: true }, { dryRun: ['x'] }]) expect((await api.delete(`${CM}/gone`, bad)).json).toMatchObject({ code: 422, details: { kind: 'DeleteOptions', group: 'meta.k8s.io' } });
    const wrong = await api.delete(`${CM}/gone`, { preconditions: { uid: 'other' } });
    status(wrong, 409, 'Conflict', /^Operation cannot be fulfilled on ConfigMap "gone": the UID in the precondition \(other\) does not match the UID in record/);
    expect(wrong.json['details']).toMatchObject({ kind: 'ConfigMap' });
    await api.delete(`${CM}/gone`, { dryRun: ['All'] });
    expect((await api.call(`${CM}/gone`)).status).toBe(200);
  });

  test('3.5 deletecollection answers with what it deleted', async () => {
    for (const n of ['a', 'b']) await api.call(CM, { body: { ...cm(`many-${n}`), metadata: { name: `many-${n}`, labels: { many: 'yes' } } } });
    const r = await api.delete(`${CM}?labelSelector=many%3Dyes`);
    expect(r.json).toMatchObject({ kind: 'ConfigMapList', apiVersion: 'v1', items: [{ metadata: { name: 'many-a' } }, { metadata: { name: 'many-b' } }] });
    expect((await api.call(`${CM}?labelSelector=many`)).json['items']).toEqual([]);
  });

  test('3.6 an empty content type is JSON, a form is refused (trap 10)', async () => {
    expect((await api.call(CM, { body: cm('untyped'), type: '' })).status).toBe(201);
    expect((await api.call(`${CM}/untyped`, { method: 'PUT', body: cm('untyped'), type: '' })).status).toBe(200);
    expect((await api.call(CM, { body: 'a=b', type: 'application/x-www-form-urlencoded' })).status).toBe(415);
  });

  test('3.7 kind and apiVersion come from the URL; items of lists have none', async () => {
    const r = await api.call(CM, { body: { metadata: { name: 'bare' } } });
    expect([r.status, r.json]).toMatchObject([201, { kind: 'ConfigMap', apiVersion: 'v1' }]);
    const l = (await api.call(CM)).json;
    expect(l).toMatchObject({ kind: 'ConfigMapList', apiVersion: 'v1' });
    expect(list(l['items']).filter(i => i['kind'] || i['apiVersion'])).toEqual([]);
  });

  test('3.9 limits, and parameters nobody knows', async () => {
    status(await api.call(CM, { body: { ...cm('big'), data: { k: 'x'.repeat(3 * 1024 * 1024) } } }), 413, 'RequestEntityTooLarge', /limit is 3145728/);
    status(await api.patch(`${CM}/dup`, 'json', Array.from({ length: 10_001 }, () => ({ op: 'test', path: '/data/k', value: 'v' }))), 413, 'RequestEntityTooLarge', 'The allowed maximum operations in a JSON patch is 10000, got 10001');
    expect((await api.call(`${CM}?timeout=5s&nonsense=1`)).status).toBe(200);
  });

  test('3.11 people get indented JSON', async () => {
    expect((await api.call(`${CM}/dup?pretty=true`)).text).toContain('\n  "kind"');
    expect((await api.call(`${CM}/dup`, { headers: { 'user-agent': 'curl/8.0' } })).text).toContain('\n  "kind"');
    expect((await api.call(`${CM}/dup`, { headers: { 'user-agent': 'kubectl/v1.33' } })).text).not.toContain('\n  ');
  });
});

describe('4 negotiation', () => {
  const get = (accept: string, path = `${CM}/dup`): Promise<Reply> => api.call(path, { headers: { accept } });
  const TABLE = 'application/json;as=Table;v=v1;g=meta.k8s.io';

  test('4.1, 4.2 the first acceptable clause by quality', async () => {
    expect((await get('application/json;q=0.5,application/yaml')).headers['content-type']).toBe('application/yaml');
    for (const accept of ['*/*', 'application/cbor,application/json', 'application/vnd.kubernetes.protobuf,application/json', 'application/json;charset=utf-8', 'application/json;stream=watch']) expect((await get(accept)).headers['content-type'], accept).toBe('application/json');
    status(await get('application/vnd.kubernetes.protobuf;as=Table;v=v1;g=meta.k8s.io'), 406, 'NotAcceptable', /^only the following media types are accepted: application\/json, application\/yaml/);
    expect((await api.call(CM, { body: 'apiVersion: v1\nkind: ConfigMap\nmetadata: {name: fromyaml}\ndata: {a: "1"}\n', type: 'application/yaml' })).status).toBe(201);
    expect((await api.call(CM, { body: Buffer.from([0xd9, 0xd9, 0xf7]), type: 'application/cbor' })).status).toBe(415);
  });

  test('4.3 tables, of one, of many, of what a write gives', async () => {
    for (const v of ['v1', 'v1beta1']) expect((await get(TABLE.replace('v=v1', `v=${v}`), CM)).json['kind']).toBe('Table');
    expect((await get('application/json;as=Table;v=v9;g=meta.k8s.io,application/json', CM)).json['kind']).toBe('ConfigMapList');
    status(await get('application/json;as=Table;v=v9;g=meta.k8s.io', CM), 406, 'NotAcceptable', /^only the following/);
    expect((await api.call(CM, { body: cm('astable'), headers: { accept: TABLE } })).json).toMatchObject({ kind: 'Table', rows: [{ cells: ['astable', 1, expect.any(String)] }] });
    expect((await api.call(`${CM}/none`, { headers: { accept: TABLE } })).json['kind']).toBe('Status');
    const sets = '/apis/apps/v1/namespaces/verbs/replicasets', template = { metadata: { labels: { a: 'b' } }, spec: { containers: [{ name: 'c', image: 'i' }] } };
    await api.call(sets, { body: { apiVersion: 'apps/v1', kind: 'ReplicaSet', metadata: { name: 'scaled' }, spec: { replicas: 2, selector: { matchLabels: { a: 'b' } }, template } } });
    const scale = (await get(TABLE, `${sets}/scaled/scale`)).json as unknown as { columnDefinitions: { name: string }[]; rows: { cells: unknown[] }[] };
    expect([scale.columnDefinitions.map(c => c.name), scale.rows[0]!.cells.slice(0, 3)]).toEqual([['Name', 'Desired', 'Available', 'Age'], ['scaled', 2, expect.any(Number)]]);
  });

  test('4.4 metadata alone', async () => {
    const one = 'application/json;as=PartialObjectMetadata;g=meta.k8s.io;v=v1', many = 'application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1';
    const r = (await get(one)).json;
    expect(r).toMatchObject({ kind: 'PartialObjectMetadata', apiVersion: 'meta.k8s.io/v1', metadata: { name: 'dup' } });
    expect(r).not.toHaveProperty('data');
    const l = (await get(many, CM)).json;
    expect(l).toMatchObject({ kind: 'PartialObjectMetadataList', apiVersion: 'meta.k8s.io/v1', metadata: { resourceVersion: expect.any(String) } });
    expect(list(l['items']).every(i => String(i['kind']) === 'PartialObjectMetadata' && String(i['apiVersion']) === 'meta.k8s.io/v1')).toBe(true);
    expect((await api.call(`${CM}/dup`, { method: 'PATCH', type: 'application/merge-patch+json', body: { metadata: { labels: { a: 'b' } } }, headers: { accept: one } })).json).toMatchObject({ kind: 'PartialObjectMetadata', metadata: { labels: { a: 'b' } } });
  });

  test('4.6, 4.7 what a table says', async () => {
    const t = (await get(TABLE, `${CM}?limit=1`)).json;
    expect(t).toMatchObject({ apiVersion: 'meta.k8s.io/v1', metadata: { resourceVersion: expect.any(String), continue: expect.any(String), remainingItemCount: expect.any(Number) }, columnDefinitions: [{ name: 'Name', type: 'string', format: 'name', priority: 0, description: expect.any(String) }, { name: 'Data', type: 'integer' }, { name: 'Age', type: 'string' }] });
    expect(t['rows']![0]).toMatchObject({ cells: [expect.any(String), expect.any(Number), expect.any(String)], object: { kind: 'PartialObjectMetadata', apiVersion: 'meta.k8s.io/v1' } });
    expect((await get(TABLE, `${CM}/dup?includeObject=Object`)).json['rows']![0]!['object']).toMatchObject({ kind: 'ConfigMap', apiVersion: 'v1' });
    expect((await get(TABLE, `${CM}/dup?includeObject=None`)).json['rows']![0]).not.toHaveProperty('object');
    expect((await get(TABLE, `${CM}/dup?includeObject=Nope`)).status).toBe(400);
  });

  test('18 every kind has upstream\'s columns', async () => {
    const expected: Record<string, string> = {
      '/api/v1/configmaps': 'Name, Data, Age', '/apis/batch/v1/cronjobs': 'Name, Schedule, Timezone, Suspend, Active, Last Schedule, Age, Containers*, Images*, Selector*',
      '/apis/apps/v1/daemonsets': 'Name, Desired, Current, Ready, Up-to-date, Available, Node Selector, Age, Containers*, Images*, Selector*',
      '/apis/apps/v1/deployments': 'Name, Ready, Up-to-date, Available, Age, Containers*, Images*, Selector*', '/api/v1/endpoints': 'Name, Endpoints, Age',
      '/apis/discovery.k8s.io/v1/endpointslices': 'Name, AddressType, Ports, Endpoints, Age', '/api/v1/events': 'Last Seen, Type, Reason, Object, Subobject*, Source*, Message, First Seen*, Count*, Name*',
      '/apis/autoscaling/v2/horizontalpodautoscalers': 'Name, Reference, Targets, MinPods, MaxPods, Replicas, Age', '/apis/networking.k8s.io/v1/ingresses': 'Name, Class, Hosts, Address, Ports, Age',
      '/apis/networking.k8s.io/v1/ingressclasses': 'Name, Controller, Parameters, Age', '/apis/batch/v1/jobs': 'Name, Status, Completions, Duration, Age, Containers*, Images*, Selector*',
      '/apis/coordination.k8s.io/v1/leases': 'Name, Holder, Age', '/api/v1/namespaces': 'Name, Status, Age',
      '/api/v1/nodes': 'Name, Status, Roles, Age, Version, Internal-IP*, External-IP*, OS-Image*, Kernel-Version*, Container-Runtime*',
      '/api/v1/persistentvolumes': 'Name, Capacity, Access Modes, Reclaim Policy, Status, Claim, StorageClass, VolumeAttributesClass, Reason, Age, VolumeMode*',
      '/api/v1/persistentvolumeclaims': 'Name, Status, Volume, Capacity, Access Modes, StorageClass, VolumeAttributesClass, Age, VolumeMode*',
      '/api/v1/pods': 'Name, Ready, Status, Restarts, Age, IP*, Node*, Nominated Node*, Readiness Gates*', '/apis/policy/v1/poddisruptionbudgets': 'Name, Min Available, Max Unavailable, Allowed Disruptions, Age',
      '/api/v1/podtemplates': 'Name, Containers, Images, Pod Labels', '/apis/scheduling.k8s.io/v1/priorityclasses': 'Name, Value, Global-Default, Age, PreemptionPolicy',
      '/apis/apps/v1/replicasets': 'Name, Desired, Current, Ready, Age, Containers*, Images*, Selector*', '/api/v1/replicationcontrollers': 'Name, Desired, Current, Ready, Age, Containers*, Images*, Selector*',
      '/api/v1/resourcequotas': 'Name, Request, Limit, Age', '/apis/rbac.authorization.k8s.io/v1/rolebindings': 'Name, Role, Age, Users*, Groups*, ServiceAccounts*', '/apis/rbac.authorization.k8s.io/v1/roles': 'Name, Created At',
      '/apis/rbac.authorization.k8s.io/v1/clusterrolebindings': 'Name, Role, Age, Users*, Groups*, ServiceAccounts*',
      '/api/v1/secrets': 'Name, Type, Data, Age', '/api/v1/services': 'Name, Type, Cluster-IP, External-IP, Port(s), Age, Selector*', '/api/v1/serviceaccounts': 'Name, Secrets, Age',
      '/apis/apps/v1/statefulsets': 'Name, Ready, Age, Containers*, Images*', '/apis/storage.k8s.io/v1/storageclasses': 'Name, Provisioner, ReclaimPolicy, VolumeBindingMode, AllowVolumeExpansion, Age',
    };
    const got: Record<string, string> = {};
    for (const path of Object.keys(expected)) {
      const t = (await get(TABLE, path)).json;
      got[path] = list(t['columnDefinitions']).map(c => `${String(c['name'])}${Number(c['priority']) > 0 ? '*' : ''}`).join(', ');
    }
    expect(got).toEqual(expected);
  });
});

describe('8 dry-run, field validation, warnings', () => {
  test('8.1 a dry run shows all and keeps nothing', async () => {
    const before = (await api.call(CM)).json['metadata']!['resourceVersion'];
    const r = await api.call(`${CM}?dryRun=All`, { body: { metadata: { generateName: 'dry-' } } });
    expect([r.status, r.json]).toMatchObject([201, { metadata: { name: expect.stringMatching(/^dry-.{5}$/), uid: expect.any(String), creationTimestamp: expect.any(String) } }]);
    expect(r.json['metadata']).not.toHaveProperty('resourceVersion');
    const svc = await api.call(`${NS}/services?dryRun=All`, { body: { metadata: { name: 'dry' }, spec: { type: 'NodePort', ports: [{ port: 80 }] } } });
    expect(svc.json).toMatchObject({ spec: { clusterIP: expect.stringMatching(/^10\./), ports: [{ nodePort: expect.any(Number) }] } });
    expect((await api.call(`${CM}?dryRun=All`, { body: cm('dup') })).status).toBe(409);
    const changed = await api.call(`${CM}/dup?dryRun=All`, { method: 'PATCH', type: 'application/merge-patch+json', body: { data: { k: 'dry' } } });
    expect([changed.status, changed.json['data']]).toEqual([200, { k: 'dry' }]);
    expect((await api.call(`${CM}/dup`)).json['data']).toEqual({ k: 'v' });
    expect((await api.call(`${CM}/dup?dryRun=All`, { method: 'DELETE' })).status).toBe(200);
    expect((await api.call(`${CM}/dup`)).status).toBe(200);
    expect((await api.call(`${NS}/services/dry`)).status).toBe(404);
    const ip = String(svc.json['spec']!['clusterIP']), port = svc.json['spec']!['ports']![0]!['nodePort'];
    expect((await api.call(`${NS}/services`, { body: { metadata: { name: 'wet' }, spec: { type: 'NodePort', clusterIP: ip, ports: [{ port: 80, nodePort: port }] } } })).status).toBe(201);
    expect((await api.call(`${CM}?resourceVersion=${String(before)}&resourceVersionMatch=Exact`)).status).toBe(200);
  });

  test('8.2, 8.3 unknown and duplicate fields: refused, told, or dropped (trap 20)', async () => {
    const body = '{"apiVersion":"v1","kind":"Pod","metadata":{"name":"strict"},"spec":{"foo":1,"containers":[{"name":"c","image":"a","image":"nginx","bar":{}}]}}';
    status(await api.call(`${PODS}?fieldValidation=Strict`, { body }), 400, 'BadRequest', /strict decoding error: .*unknown field "spec\.containers\[0\]\.bar".*$/);
    const strict = String((await api.call(`${PODS}?fieldValidation=Strict`, { body })).json['message']);
    expect(strict).toContain('unknown field "spec.foo"');
    expect(strict).toContain('duplicate field "spec.containers[0].image"');
    const warned = await api.call(`${PODS}?dryRun=All`, { body });
    expect([warned.status, String(warned.headers['warning'])]).toEqual([201, expect.stringContaining('299 - "unknown field \\"spec.foo\\""')]);
    const ignored = await api.call(`${PODS}?dryRun=All&fieldValidation=Ignore`, { body });
    expect([ignored.status, ignored.headers['warning']]).toEqual([201, undefined]);
    expect(ignored.json['spec']).not.toHaveProperty('foo');
    status(await api.call(`${CM}/dup?fieldValidation=Strict`, { method: 'PATCH', type: 'application/merge-patch+json', body: { foo: 1 } }), 422, 'Invalid', /strict decoding error: unknown field "foo"/);
    status(await api.call(`${CM}/dup?fieldValidation=Strict`, { method: 'PATCH', type: 'application/merge-patch+json', body: '{"data":{"z":"1","z":"2"}}' }), 422, 'Invalid', /strict decoding error: duplicate field "data\.z"/);
    expect(String((await api.call(`${CM}/dup?dryRun=All`, { method: 'PATCH', type: 'application/merge-patch+json', body: '{"data":{"z":"1","z":"2"}}' })).headers['warning'])).toContain('duplicate field \\"data.z\\"');
  });

  test('8.3 integers keep all their digits, through patches too (trap 21)', async () => {
    const made = await api.call(`${PODS}?dryRun=All`, { body: `{"metadata":{"name":"exact"},"spec":{"activeDeadlineSeconds":2147483647,"containers":[{"name":"c","image":"nginx"}],"securityContext":{"runAsUser":2147483647}}}` });
    expect(made.status).toBe(201);
    const rev = '9223372036854775807';
    const path = '/apis/apps/v1/namespaces/verbs/controllerrevisions';
    const body = (n: string): string => `{"metadata":{"name":"exact"},"revision":${n},"data":{"big":9007199254740993}}`;
    expect((await api.call(path, { body: body(rev) })).text).toContain(`"revision":${rev}`);
    expect((await api.call(`${path}/exact`)).text).toContain('"big":9007199254740993');
    for (const [kind, patch] of [['json', '[{"op":"replace","path":"/revision","value":9223372036854775806},{"op":"test","path":"/revision","value":9223372036854775806}]'], ['merge', '{"revision":9223372036854775805}'], ['strategic-merge', '{"revision":9223372036854775804}']] as const) {
      const r = await api.patch(`${path}/exact`, kind, patch);
      expect(r.text, kind).toContain(`"revision":${/92233720368547758\d\d/.exec(patch)![0]}`);
      expect(r.text, kind).toContain('"big":9007199254740993');
    }
    expect((await api.patch(`${path}/exact`, 'json', '[{"op":"test","path":"/revision","value":9223372036854775803}]')).status).toBe(422);
  });

  test('8.4 warnings for what is odd', async () => {
    const r = await api.call(`${PODS}?dryRun=All`, { body: pod('warns', { containers: [{ name: 'c', image: 'nginx', env: [{ name: 'A', value: '1' }, { name: 'A', value: '2' }] }] }) });
    expect(r.headers['warning']).toBe('299 - "spec.containers[0].env[1]: hides previous definition of \\"A\\", which may be dropped when using apply"');
    const owners = await api.call(`${CM}?dryRun=All`, { body: { metadata: { name: 'o', ownerReferences: [1, 2].map(() => ({ apiVersion: 'v1', kind: 'Pod', name: 'p', uid: 'u' })) } } });
    expect([owners.status, String(owners.headers['warning'])]).toEqual([201, expect.stringContaining('metadata.ownerReferences contains duplicate entries')]);
    expect(list(owners.json['metadata']!['ownerReferences'])).toHaveLength(1);
  });
});

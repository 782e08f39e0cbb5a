// Server-side apply and the owners of fields over HTTP: contract 5.12, 7.7 to 7.12.
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { TestApi, type Reply } from '../harness/api-server.ts';

let api: TestApi;
beforeAll(async () => { api = await TestApi.start(); });
afterAll(() => api.stop());

interface Owner { manager: string; operation: string; apiVersion: string; time: string; fieldsType: string; fieldsV1: Record<string, unknown>; subresource?: string }
interface Item { name: string; env?: unknown; ports?: unknown }
/** As much of any answer as these tests look at. */
interface Obj { metadata: { resourceVersion: string; labels?: unknown }; data?: unknown; message?: string; spec: { replicas?: number; minReplicas?: number; template: { spec: { containers: Item[] } } } }
const NS = '/api/v1/namespaces/default', APPS = '/apis/apps/v1/namespaces/default';
const apply = (path: string, body: unknown, manager = 'm1', query = ''): Promise<Reply> => api.call(`${path}?fieldManager=${manager}${query}`, { method: 'PATCH', body: typeof body === 'string' ? body : JSON.stringify(body), headers: { 'content-type': 'application/apply-patch+yaml' } });
const patch = (path: string, body: unknown, type = 'merge-patch', manager = 'editor'): Promise<Reply> => api.call(`${path}?fieldManager=${manager}`, { method: 'PATCH', body: JSON.stringify(body), headers: { 'content-type': `application/${type}+json` } });
const owners = (r: Reply): Owner[] => r.json<{ metadata: { managedFields?: Owner[] } }>().metadata.managedFields ?? [];
const fieldsOf = (r: Reply, manager: string, subresource?: string): unknown => owners(r).find(o => o.manager === manager && o.subresource === subresource)?.fieldsV1;
const cm = (name: string, data?: Record<string, string | null>, more: object = {}): object => ({ apiVersion: 'v1', kind: 'ConfigMap', metadata: { name, ...more }, ...(data ? { data } : {}) });
const container = (image: string, more: object = {}): object => ({ name: 'c', image, ...more });
const deployment = (name: string, containers: object[], spec: object = {}): object => ({
  apiVersion: 'apps/v1', kind: 'Deployment', metadata: { name }, spec: { selector: { matchLabels: { app: name } }, template: { metadata: { labels: { app: name } }, spec: { containers } }, ...spec },
});

describe('apply', () => {
  it('0.9, 7.7, 7.8 creates, merges, removes what is claimed no more and shares what is equal', async () => {
    const at = `${NS}/configmaps/a`;
    let r = await apply(at, cm('a', { x: '1', y: '1' }));
    expect(r.status).toBe(201);
    expect(owners(r)).toEqual([{ manager: 'm1', operation: 'Apply', apiVersion: 'v1', time: expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/), fieldsType: 'FieldsV1', fieldsV1: { 'f:data': { 'f:x': {}, 'f:y': {} } } }]);
    r = await apply(at, cm('a', { y: '1', z: '2' }, { labels: { l: '1' } }), 'm2');
    expect(r.status).toBe(200);
    r = await apply(at, cm('a', { x: '1' }));
    expect(r.json<Obj>().data).toEqual({ x: '1', y: '1', z: '2' });
    expect(fieldsOf(r, 'm1')).toEqual({ 'f:data': { 'f:x': {} } });
    expect(fieldsOf(r, 'm2')).toEqual({ 'f:data': { 'f:y': {}, 'f:z': {} }, 'f:metadata': { 'f:labels': { 'f:l': {} } } });
    r = await apply(at, cm('a'), 'm2');
    expect(r.json<Obj>().data).toEqual({ x: '1' });
    expect(r.json<Obj>().metadata.labels).toBeUndefined();
    expect(owners(r).map(o => o.manager)).toEqual(['m1']);
  });

  it('7.8, 7.9 refuses what others own, in Kubernetes\' words, until forced', async () => {
    const at = `${NS}/configmaps/b`;
    await apply(at, cm('b', { x: '1', y: '1' }));
    let r = await apply(at, cm('b', { x: '2' }), 'm2');
    expect(r.status).toBe(409);
    expect(r.json()).toMatchObject({ reason: 'Conflict', message: 'Apply failed with 1 conflict: conflict with "m1": .data.x', details: { causes: [{ reason: 'FieldManagerConflict', message: 'conflict with "m1"', field: '.data.x' }] } });
    await patch(at, { data: { z: '1' } });
    r = await apply(at, cm('b', { x: '2', y: '2', z: '2' }), 'm2');
    expect(r.json<Obj>().message).toBe('Apply failed with 3 conflicts: conflicts with "editor" using v1:\n- .data.z\nconflicts with "m1":\n- .data.x\n- .data.y');
    r = await apply(at, cm('b', { x: '2' }), 'm2', '&force=true');
    expect(r.status).toBe(200);
    expect(fieldsOf(r, 'm1')).toEqual({ 'f:data': { 'f:y': {} } });
    expect(fieldsOf(r, 'm2')).toEqual({ 'f:data': { 'f:x': {} } });
  });

  it('5.4, 7.8 a second time changes nothing; the owner\'s time neither', async () => {
    const at = `${APPS}/deployments/same`, body = deployment('same', [container('i:1', { ports: [{ containerPort: 80 }], resources: { limits: { cpu: '1' } } })], { replicas: 2 });
    const first = await apply(at, body);
    expect(first.status, first.text).toBe(201);
    const again = await apply(at, body);
    expect(again.json<Obj>().metadata).toEqual(first.json<Obj>().metadata);
    expect(fieldsOf(first, 'm1')).toEqual({ 'f:spec': { 'f:replicas': {}, 'f:selector': {}, 'f:template': { 'f:metadata': { 'f:labels': { 'f:app': {} } }, 'f:spec': { 'f:containers': { 'k:{"name":"c"}': {
      '.': {}, 'f:image': {}, 'f:name': {}, 'f:ports': { 'k:{"containerPort":80,"protocol":"TCP"}': { '.': {}, 'f:containerPort': {} } }, 'f:resources': { 'f:limits': { 'f:cpu': {} } } } } } } } });
  });

  it('7.5, 7.8 merges lists by their keys and leaves other managers\' items alone', async () => {
    const at = `${APPS}/deployments/lists`;
    await apply(at, deployment('lists', [container('i:1', { ports: [{ containerPort: 80 }, { containerPort: 80, protocol: 'UDP' }] })]));
    let r = await apply(at, { apiVersion: 'apps/v1', kind: 'Deployment', metadata: { name: 'lists' }, spec: { template: { spec: { containers: [{ name: 'side', image: 's:1' }, { name: 'c', env: [{ name: 'A', value: '1' }] }] } } } }, 'm2');
    expect(r.status, r.text).toBe(200);
    const list = (x: Reply): Item[] => x.json<Obj>().spec.template.spec.containers;
    expect(list(r).map(c => c.name)).toEqual(['side', 'c']);
    r = await apply(at, deployment('lists', [container('i:1', { ports: [{ containerPort: 80, protocol: 'UDP' }] })]));
    expect(list(r)[1]).toMatchObject({ ports: [{ containerPort: 80, protocol: 'UDP' }], env: [{ name: 'A', value: '1' }] });
    r = await apply(at, { apiVersion: 'apps/v1', kind: 'Deployment', metadata: { name: 'lists' }, spec: { template: { spec: { containers: [{ name: 'c', image: 'i:2' }] } } } }, 'm2');
    expect(r.json<Obj>().message).toBe('Apply failed with 1 conflict: conflict with "m1": .spec.template.spec.containers[name="c"].image');
    r = await apply(at, { apiVersion: 'apps/v1', kind: 'Deployment', metadata: { name: 'lists' } }, 'm2');
    expect(list(r).map(c => [c.name, c.env])).toEqual([['c', undefined]]);
  });

  it('7.7 refuses malformed configurations', async () => {
    const at = `${APPS}/deployments/bad`;
    const message = async (body: unknown, query?: string): Promise<[number, string | undefined]> => { const r = await apply(at, body, 'm1', query); return [r.status, r.json<Obj>().message]; };
    const head = 'failed to create typed patch object (default/bad; apps/v1, Kind=Deployment): ';
    expect(await message(deployment('bad', [container('i'), container('j')]))).toEqual([500, `${head}.spec.template.spec.containers: duplicate entries for key [name="c"]`]);
    expect(await message(deployment('bad', [{ image: 'i' }]))).toEqual([500, `${head}.spec.template.spec.containers: element 0: associative list with keys has an element that omits key field "name" (and doesn't have default value)`]);
    expect(await message(deployment('bad', [container('i')], { nope: 1, replicas: 'x' }))).toEqual([500, `${head}errors:\n  .spec.nope: field not declared in schema\n  .spec.replicas: expected numeric (int or float), got string`]);
    expect(await message(deployment('bad', [container('i', { env: [{ name: 'A', value: 1 }] })]))).toEqual([500, `${head}.spec.template.spec.containers[name="c"].env[name="A"].value: expected string, got &value.valueUnstructured{Value:1}`]);
    expect(await message({ ...cm('bad'), apiVersion: 'apps/v2', kind: 'Deployment' })).toEqual([400, 'Incorrect version specified in apply patch. Specified patch version: apps/v2, expected: apps/v1']);
    expect(await message({ apiVersion: 'apps/v1', kind: 'Deployment', metadata: { name: 'bad', managedFields: [{ manager: 'x' }] } })).toEqual([400, 'metadata.managedFields must be nil']);
    expect((await message('a: [', ''))[0]).toBe(400);
    expect((await message('apiVersion: apps/v1\nkind: Deployment\nmetadata:\n  name: bad\n  name: bad\n', '&fieldValidation=Strict'))[1]).toMatch(/^error strict decoding YAML: .*key "name" already set in map/s);
    expect(await api.call(at, { method: 'PATCH', body: '{}', headers: { 'content-type': 'application/apply-patch+yaml' } }).then(r => [r.status, r.json<Obj>().message])).toEqual([422, 'PatchOptions.meta.k8s.io "" is invalid: fieldManager: Required value: is required for apply patch']);
    expect((await api.call(`${at}?fieldManager=x`, { method: 'PATCH', body: '{}', headers: { 'content-type': 'application/apply-patch+cbor' } })).status).toBe(415);
    expect((await api.call(`${at}?fieldManager=x&force=true`, { method: 'PATCH', body: '{}', headers: { 'content-type': 'application/merge-patch+json' } })).json<Obj>().message).toContain('force: Forbidden: may not be specified for non-apply patch');
    expect((await apply(`${NS}/configmaps/no`, cm('no', {}, { uid: 'u' }))).json<Obj>().message).toBe('Operation cannot be fulfilled on configmaps "no": uid mismatch: the provided object specified uid u, and no existing object was found');
  });

  it('7.7, 8.1 keeps preconditions and dry runs', async () => {
    const at = `${NS}/configmaps/pre`;
    expect((await apply(at, cm('pre', { a: '1' }), 'm1', '&dryRun=All')).status).toBe(201);
    expect((await api.call(at)).status).toBe(404);
    const made = (await apply(at, cm('pre', { a: '1' }))).json<Obj>();
    expect((await apply(at, cm('pre', { a: '2' }, { resourceVersion: '1' }))).status).toBe(409);
    const dry = await apply(at, cm('pre', { a: '3' }), 'm1', '&dryRun=All');
    expect(dry.json<Obj>().data).toEqual({ a: '3' });
    expect((await api.call(at)).json()).toEqual(made);
    expect((await apply(at, cm('pre', { a: '2' }, { resourceVersion: made.metadata.resourceVersion }))).status).toBe(200);
    expect((await apply(at, cm('pre', { a: '2' }, { uid: 'other' }))).json<Obj>().message).toContain('Precondition failed: UID in precondition: other');
  });

  it('7.12 counts status and scale apart', async () => {
    const at = `${APPS}/deployments/parts`;
    await apply(at, { ...deployment('parts', [container('i:1')]), status: { replicas: 9 } });
    let r = await apply(`${at}/status`, { apiVersion: 'apps/v1', kind: 'Deployment', metadata: { name: 'parts' }, spec: { replicas: 7 }, status: { replicas: 1, conditions: [{ type: 'Available', status: 'True' }] } }, 'ctl');
    expect(r.status, r.text).toBe(200);
    expect(r.json<Obj>().spec.replicas).toBe(1);
    expect(fieldsOf(r, 'ctl', 'status')).toEqual({ 'f:status': { 'f:conditions': { 'k:{"type":"Available"}': { '.': {}, 'f:status': {}, 'f:type': {} } }, 'f:replicas': {} } });
    r = await patch(`${at}/scale`, { spec: { replicas: 3 } }, 'merge-patch', 'hpa');
    expect(r.json<Obj>().spec.replicas).toBe(3);
    r = await apply(`${at}/scale`, { apiVersion: 'autoscaling/v1', kind: 'Scale', metadata: { name: 'parts' }, spec: { replicas: 5 } }, 'ops');
    expect(r.json<Obj>().message).toBe('Apply failed with 1 conflict: conflict with "hpa" with subresource "scale" using apps/v1: .spec.replicas');
    r = await apply(`${at}/scale`, { apiVersion: 'autoscaling/v1', kind: 'Scale', metadata: { name: 'parts' }, spec: { replicas: 5 } }, 'ops', '&force=true');
    expect(r.json<Obj>().spec.replicas).toBe(5);
    r = await api.call(at);
    expect(owners(r).map(o => [o.manager, o.operation, o.subresource])).toEqual([['ctl', 'Apply', 'status'], ['m1', 'Apply', undefined], ['ops', 'Apply', 'scale']].sort((a, b) => String(a[0]).localeCompare(String(b[0]))));
    expect(fieldsOf(r, 'ops', 'scale')).toEqual({ 'f:spec': { 'f:replicas': {} } });
  });

  it('7.8 sees through the versions of a kind', async () => {
    const v2 = '/apis/autoscaling/v2/namespaces/default/horizontalpodautoscalers/h', v1 = v2.replace('/v2/', '/v1/');
    const scaleTargetRef = { kind: 'Deployment', name: 'd', apiVersion: 'apps/v1' };
    await apply(v2, { apiVersion: 'autoscaling/v2', kind: 'HorizontalPodAutoscaler', metadata: { name: 'h' }, spec: { scaleTargetRef, minReplicas: 2, maxReplicas: 5 } });
    let r = await apply(v1, { apiVersion: 'autoscaling/v1', kind: 'HorizontalPodAutoscaler', metadata: { name: 'h' }, spec: { scaleTargetRef, maxReplicas: 6 } }, 'm2');
    expect(r.json<Obj>().message).toBe('Apply failed with 1 conflict: conflict with "m1": .spec.maxReplicas');
    r = await apply(v1, { apiVersion: 'autoscaling/v1', kind: 'HorizontalPodAutoscaler', metadata: { name: 'h' }, spec: { scaleTargetRef, maxReplicas: 5 } }, 'm1');
    expect(r.status, r.text).toBe(200);
    expect((await api.call(v2)).json<Obj>().spec.minReplicas).toBe(1);
    expect(owners(r).map(o => [o.manager, o.apiVersion])).toEqual([['m1', 'autoscaling/v1']]);
  });
});

describe('updates', () => {
  it('5.12, 7.10 own what they set, defaults included, and nothing of the server\'s', async () => {
    const r = await api.call(`${NS}/services`, { body: JSON.stringify({ apiVersion: 'v1', kind: 'Service', metadata: { name: 's', labels: { a: 'b' } }, spec: { selector: { a: 'b' }, ports: [{ port: 80 }] } }), headers: { 'user-agent': 'kubectl/v1.33 (linux)', 'content-type': 'application/json' } });
    expect(owners(r)).toMatchObject([{ manager: 'kubectl', operation: 'Update', apiVersion: 'v1', fieldsV1: {
      'f:metadata': { 'f:labels': { '.': {}, 'f:a': {} } },
      'f:spec': { 'f:internalTrafficPolicy': {}, 'f:ports': { '.': {}, 'k:{"port":80,"protocol":"TCP"}': { '.': {}, 'f:port': {}, 'f:protocol': {}, 'f:targetPort': {} } }, 'f:selector': {}, 'f:sessionAffinity': {}, 'f:type': {} },
    } }]);
    expect(JSON.stringify(owners(r))).not.toMatch(/clusterIP|uid|creationTimestamp|f:name|resourceVersion/);
  });

  it('5.12, 7.12 move fields between managers and no-ops move nothing', async () => {
    const at = `${NS}/configmaps/u`;
    await api.call(`${NS}/configmaps?fieldManager=first`, { body: JSON.stringify(cm('u', { a: '1', b: '1' })) });
    const r = await patch(at, { data: { a: '2', c: '3' } }, 'merge-patch', 'second');
    expect(fieldsOf(r, 'first')).toEqual({ 'f:data': { '.': {}, 'f:b': {} } });
    expect(fieldsOf(r, 'second')).toEqual({ 'f:data': { 'f:a': {}, 'f:c': {} } });
    const same = await patch(at, { data: { a: '2' } }, 'merge-patch', 'third');
    expect(same.json()).toEqual(r.json());
    const gone = await patch(at, [{ op: 'remove', path: '/data/c' }, { op: 'remove', path: '/data/a' }], 'json-patch', 'third');
    expect(owners(gone).map(o => o.manager)).toEqual(['first']);
    const put = await api.call(`${at}?fieldManager=putter`, { method: 'PUT', body: JSON.stringify({ ...gone.json<Obj>(), data: { b: '9' } }) });
    expect(fieldsOf(put, 'putter')).toEqual({ 'f:data': { 'f:b': {} } });
  });

  it('5.12 merge the oldest of many managers', async () => {
    const at = `${NS}/configmaps/many`;
    let r = await api.call(`${NS}/configmaps?fieldManager=u0`, { body: JSON.stringify(cm('many', { k0: '' })) });
    for (let i = 1; i <= 11; i++) r = await patch(at, { data: { [`k${i}`]: '' } }, 'merge-patch', `u${i < 10 ? i : `x${i}`}`);
    const names = owners(r).map(o => o.manager);
    expect(names).toHaveLength(10);
    expect(names).toContain('ancient-changes');
    expect(names).toContain('ux11');
    expect(fieldsOf(r, 'ancient-changes')).toEqual({ 'f:data': { '.': {}, 'f:k0': {}, 'f:k1': {}, 'f:k2': {} } });
  });

  it('5.12 clear the owners with one empty entry, and not with none', async () => {
    const at = `${NS}/configmaps/reset`;
    const made = await api.call(`${NS}/configmaps?fieldManager=u0`, { body: JSON.stringify(cm('reset', { a: '1' })) });
    expect(owners(await patch(at, { metadata: { managedFields: [] } }))).toEqual(owners(made));
    expect(owners(await patch(at, [{ op: 'replace', path: '/metadata/managedFields', value: [{}] }], 'json-patch'))).toEqual([]);
    expect(owners(await patch(at, { data: { b: '1' } }))).toEqual([]);
    const r = await apply(at, cm('reset', { a: '2' }));
    expect(r.json<Obj>().message).toBe('Apply failed with 1 conflict: conflict with "before-first-apply" using v1: .data.a');
    const shared = await apply(at, cm('reset', { a: '1' }));
    expect(owners(shared).map(o => [o.manager, o.operation])).toEqual([['m1', 'Apply'], ['before-first-apply', 'Update']]);
  });

  it('7.11 let a client move entries by JSON patch, and never change what others read', async () => {
    const at = `${NS}/configmaps/move`;
    const made = await api.call(`${NS}/configmaps?fieldManager=kubectl-client-side-apply`, { body: JSON.stringify(cm('move', { a: '1' })) });
    const rv = made.json<Obj>().metadata.resourceVersion as string;
    const r = await patch(at, [{ op: 'replace', path: '/metadata/managedFields/0/manager', value: 'kubectl' }, { op: 'replace', path: '/metadata/managedFields/0/operation', value: 'Apply' }, { op: 'replace', path: '/metadata/resourceVersion', value: rv }], 'json-patch');
    expect(r.status, r.text).toBe(200);
    expect(owners(r).map(o => [o.manager, o.operation])).toEqual([['kubectl', 'Apply']]);
    const gone = await apply(at, cm('move', { b: '1' }), 'kubectl');
    expect(gone.json<Obj>().data).toEqual({ b: '1' });
  });
});

it('custom resources merge by their schema, and what has none is deduced', async () => {
  const property = { type: 'object', properties: {
    items: { type: 'array', 'x-kubernetes-list-type': 'map', 'x-kubernetes-list-map-keys': ['id'], items: { type: 'object', required: ['id'], properties: { id: { type: 'string' }, v: { type: 'integer' } } } },
    plain: { type: 'array', items: { type: 'string' } }, free: { type: 'object', 'x-kubernetes-preserve-unknown-fields': true },
  } };
  const made = await api.call('/apis/apiextensions.k8s.io/v1/customresourcedefinitions', { body: JSON.stringify({ apiVersion: 'apiextensions.k8s.io/v1', kind: 'CustomResourceDefinition', metadata: { name: 'foos.example.com' }, spec: {
    group: 'example.com', scope: 'Namespaced', names: { plural: 'foos', kind: 'Foo' }, versions: [{ name: 'v1', served: true, storage: true, subresources: { status: {} }, schema: { openAPIV3Schema: { type: 'object', properties: { spec: property, status: { type: 'object', properties: { n: { type: 'integer' } } } } } } }],
  } }) });
  expect(made.status, made.text).toBe(201);
  const at = '/apis/example.com/v1/namespaces/default/foos/f', foo = (spec: object, more: object = {}): object => ({ apiVersion: 'example.com/v1', kind: 'Foo', metadata: { name: 'f' }, spec, ...more });
  await expect.poll(async () => (await api.call(at.replace(/\/f$/, ''))).status).toBe(200);
  let r = await apply(at, foo({ items: [{ id: 'a', v: 1 }], plain: ['x'], free: { deep: { k: 1 }, list: [1] } }, { status: { n: 1 } }));
  expect(r.status, r.text).toBe(201);
  expect(fieldsOf(r, 'm1')).toEqual({ 'f:spec': { 'f:free': { 'f:deep': { '.': {}, 'f:k': {} }, 'f:list': {} }, 'f:items': { 'k:{"id":"a"}': { '.': {}, 'f:id': {}, 'f:v': {} } }, 'f:plain': {} } });
  r = await apply(at, foo({ items: [{ id: 'b', v: 2 }], free: { deep: { j: 2 } } }), 'm2');
  expect(r.json<{ spec: unknown }>().spec).toEqual({ items: [{ id: 'a', v: 1 }, { id: 'b', v: 2 }], plain: ['x'], free: { deep: { k: 1, j: 2 }, list: [1] } });
  r = await apply(at, foo({ plain: ['y'], items: [{ id: 'a', v: 9 }] }), 'm2');
  expect(r.json<Obj>().message).toBe('Apply failed with 2 conflicts: conflicts with "m1":\n- .spec.plain\n- .spec.items[id="a"].v');
  r = await apply(`${at}/status`, { apiVersion: 'example.com/v1', kind: 'Foo', metadata: { name: 'f' }, status: { n: 3 } }, 'ctl');
  expect(fieldsOf(r, 'ctl', 'status')).toEqual({ 'f:status': { 'f:n': {} } });
  r = await apply(at, foo({ plain: ['x'] }));
  expect(r.json<{ spec: unknown; status: unknown }>()).toMatchObject({ spec: { items: [{ id: 'b', v: 2 }], plain: ['x'], free: { deep: { j: 2 } } }, status: { n: 3 } });
});

// Custom resources over HTTP: from the definition to the last object (contract section 14).
import { createServer, type Server } from 'node:https';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { customResourceDefinition as crdKind } from '../../core/api/kinds/apiextensions/custom-resource-definition.ts';
import { namespace as namespaceKind } from '../../core/api/kinds/core/namespace.ts';
import { kinds } from '../../core/api/kinds/index.ts';
import { createApiServer, type ApiServer } from '../../core/apiserver/api-server.ts';
import { systemClock } from '../../core/base/clock.ts';
import { silentLog } from '../../core/base/log.ts';
import { Client } from '../../core/client/client.ts';
import { memoryStore } from '../../core/store/open.ts';
import { TestApi, type Reply } from '../harness/api-server.ts';

let api: TestApi;
beforeAll(async () => { api = await TestApi.start(); });
afterAll(async () => { await api.stop(); });

const CRDS = '/apis/apiextensions.k8s.io/v1/customresourcedefinitions';
type Json = Record<string, unknown>;
interface Crd extends Json { metadata: { name: string; resourceVersion: string; finalizers?: string[] }; spec: { versions: Json[] } & Json; status?: { conditions?: { type: string; status: string; reason: string; message: string }[]; acceptedNames?: Json; storedVersions?: string[] } }

const schema = {
  type: 'object', required: ['spec'],
  properties: {
    spec: {
      type: 'object', required: ['cron'],
      properties: {
        cron: { type: 'string', pattern: '^\\d+$' }, replicas: { type: 'integer', minimum: 0, maximum: 10, default: 1 }, image: { type: 'string', maxLength: 5 },
        mode: { type: 'string', enum: ['A', 'B'] }, port: { 'x-kubernetes-int-or-string': true }, anything: { type: 'object', 'x-kubernetes-preserve-unknown-fields': true },
        tags: { type: 'array', items: { type: 'string' }, 'x-kubernetes-list-type': 'set' },
        ports: { type: 'array', 'x-kubernetes-list-type': 'map', 'x-kubernetes-list-map-keys': ['name'], items: { type: 'object', required: ['name'], properties: { name: { type: 'string' }, number: { type: 'integer' } } } },
        note: { type: 'string', nullable: true, default: 'none' }, since: { type: 'string', format: 'date-time' },
        pick: { type: 'object', properties: { a: { type: 'string' }, b: { type: 'string' } }, oneOf: [{ required: ['a'] }, { required: ['b'] }] },
        inner: { type: 'object', 'x-kubernetes-embedded-resource': true, 'x-kubernetes-preserve-unknown-fields': true },
        labels: { type: 'object', additionalProperties: { type: 'string' } },
      },
    },
    status: { type: 'object', properties: { replicas: { type: 'integer' }, selector: { type: 'string' }, phase: { type: 'string' } } },
  },
};
const version = (name: string, more: Json = {}): Json => ({
  name, served: true, storage: false, schema: { openAPIV3Schema: schema }, subresources: { status: {}, scale: { specReplicasPath: '.spec.replicas', statusReplicasPath: '.status.replicas', labelSelectorPath: '.status.selector' } },
  additionalPrinterColumns: [
    { name: 'Cron', type: 'string', jsonPath: '.spec.cron' }, { name: 'Replicas', type: 'integer', jsonPath: '.spec.replicas' }, { name: 'Phase', type: 'string', jsonPath: '.status.phase', priority: 1 }, { name: 'Age', type: 'date', jsonPath: '.metadata.creationTimestamp' },
  ],
  selectableFields: [{ jsonPath: '.spec.cron' }], ...more,
});
const crd = (kind: string, more: Json = {}, versions = [version('v1', { storage: true })]): Json => {
  const plural = `${kind.toLowerCase()}s`;
  return { apiVersion: 'apiextensions.k8s.io/v1', kind: 'CustomResourceDefinition', metadata: { name: `${plural}.example.com` }, spec: { group: 'example.com', scope: 'Namespaced', names: { kind, plural, shortNames: [kind.slice(0, 3).toLowerCase()], categories: ['all'] }, versions, ...more } };
};
const send = (path: string, body: unknown, method = 'POST', headers: Record<string, string> = {}): Promise<Reply> => api.call(path, { method, body: JSON.stringify(body), headers });
const merge = { 'content-type': 'application/merge-patch+json' };
const condition = (c: Crd, type: string): string | undefined => c.status?.conditions?.find(x => x.type === type)?.status;

/** Waits on a watch until the definition is as wished. */
async function until(name: string, done: (c: Crd | undefined) => boolean): Promise<Crd> {
  const res = await api.open(`${CRDS}?watch=1&fieldSelector=metadata.name=${name}`);
  try {
    let text = '';
    for await (const b of res) {
      text += String(b);
      const lines = text.split('\n');
      text = lines.pop()!;
      for (const line of lines) {
        const e = JSON.parse(line) as { type: string; object: Crd };
        if (done(e.type === 'DELETED' ? undefined : e.object)) return e.object;
      }
    }
    throw new Error('the watch ended');
  } finally { res.destroy(); }
}
async function define(body: Json): Promise<Crd> {
  const reply = await send(CRDS, body);
  expect([reply.status, reply.text]).toEqual([201, reply.text]);
  return until((body as Crd).metadata.name, c => condition(c!, 'Established') === 'True');
}
const path = (plural: string, name = '', v = 'v1'): string => `/apis/example.com/${v}/namespaces/default/${plural}${name && `/${name}`}`;
const widget = (kind: string, name: string, spec: Json, more: Json = {}): Json => ({ apiVersion: 'example.com/v1', kind, metadata: { name }, spec, ...more });

describe('a definition', () => {
  it('1.12, 2.6, 14.1, 14.9, 14.13 is established, served at once, published, and vanishes with its objects', async () => {
    expect((await api.call(path('widgets'))).status).toBe(404);
    const c = await define(crd('Widget'));
    expect(c.status?.conditions?.map(x => [x.type, x.status, x.reason, x.message])).toEqual([['NamesAccepted', 'True', 'NoConflicts', 'no conflicts found'], ['Established', 'True', 'InitialNamesAccepted', 'the initial names have been accepted']]);
    expect(c.status?.acceptedNames).toEqual({ kind: 'Widget', listKind: 'WidgetList', plural: 'widgets', singular: 'widget', shortNames: ['wid'], categories: ['all'] });
    expect(c.status?.storedVersions).toEqual(['v1']);
    expect(c.spec.conversion).toEqual({ strategy: 'None' });

    const made = await send(path('widgets'), widget('Widget', 'a', { cron: '1' }));
    expect(made.status).toBe(201);
    expect(made.json()).toMatchObject({ apiVersion: 'example.com/v1', kind: 'Widget', metadata: { generation: 1 }, spec: { cron: '1', replicas: 1, note: 'none' } });

    const resources = (await api.call('/apis/example.com/v1')).json<{ resources: { name: string; verbs: string[]; shortNames?: string[]; categories?: string[]; group?: string; kind: string }[] }>().resources;
    expect(resources.map(r => [r.name, r.kind, r.group])).toEqual([['widgets', 'Widget', undefined], ['widgets/status', 'Widget', undefined], ['widgets/scale', 'Scale', 'autoscaling']]);
    expect(resources[0]).toMatchObject({ verbs: ['delete', 'deletecollection', 'get', 'list', 'patch', 'create', 'update', 'watch'], shortNames: ['wid'], categories: ['all'] });
    for (const v of ['v2', 'v2beta1']) {
      const all = await api.call('/apis', { headers: { accept: `application/json;g=apidiscovery.k8s.io;v=${v};as=APIGroupDiscoveryList` } });
      const group = all.json<{ items: { metadata: { name: string }; versions: { resources: { subresources: { subresource: string; responseKind: Json }[] }[] }[] }[] }>().items.find(g => g.metadata.name === 'example.com')!;
      expect(group.versions[0]!.resources[0]!.subresources[1]).toMatchObject({ subresource: 'scale', responseKind: { group: 'autoscaling', version: 'v1', kind: 'Scale' } });
    }
    const index = (await api.call('/openapi/v3')).json<{ paths: Record<string, { serverRelativeURL: string }> }>();
    const doc = (await api.call(index.paths['apis/example.com/v1']!.serverRelativeURL)).json<{ paths: Record<string, { patch?: { parameters: { name: string }[]; requestBody: { content: Json } } }>; components: { schemas: Record<string, Json & { properties: Json }> } }>();
    expect(doc.components.schemas['com.example.v1.Widget']).toMatchObject({ 'x-kubernetes-group-version-kind': [{ group: 'example.com', kind: 'Widget', version: 'v1' }], properties: { spec: { properties: { pick: { oneOf: [{ required: ['a'] }, { required: ['b'] }] } } } } });
    const patch = doc.paths['/apis/example.com/v1/namespaces/{namespace}/widgets/{name}']!.patch!;
    expect(patch.parameters.map(p => p.name)).toEqual(expect.arrayContaining(['dryRun', 'fieldManager', 'fieldValidation']));
    expect(Object.keys(patch.requestBody.content)).not.toContain('application/strategic-merge-patch+json');
    const v2 = (await api.call('/openapi/v2')).json<{ definitions: Record<string, Json & { properties: { spec: { properties: Json } } }> }>().definitions['com.example.v1.Widget']!;
    expect(v2.properties.spec.properties['pick']).toEqual({ type: 'object', properties: { a: { type: 'string' }, b: { type: 'string' } } });
    // What old versions of kubectl read there must not forbid what the server takes: unknown fields, null.
    expect(v2.properties.spec.properties).toMatchObject({ anything: { 'x-kubernetes-preserve-unknown-fields': true }, note: { default: 'none' } });
    for (const open of ['anything', 'inner', 'note']) for (const word of ['type', 'properties', 'nullable']) expect(v2.properties.spec.properties[open]).not.toHaveProperty(word);

    const removed = until('widgets.example.com', x => x === undefined);
    expect((await api.call(`${CRDS}/widgets.example.com`, { method: 'DELETE' })).json()).toMatchObject({ metadata: { finalizers: ['customresourcecleanup.apiextensions.k8s.io'] } });
    await removed;
    expect((await api.call(path('widgets', 'a'))).status).toBe(404);
    expect((await api.call('/apis/example.com')).status).toBe(404);
  });

  it('14.7 waits for finalizers of its objects, refuses new ones meanwhile', async () => {
    await define(crd('Held'));
    await send(path('helds'), { ...widget('Held', 'a', { cron: '1' }), metadata: { name: 'a', finalizers: ['example.com/hold'] } });
    await api.call(`${CRDS}/helds.example.com`, { method: 'DELETE' });
    await until('helds.example.com', c => c?.status?.conditions?.some(x => x.type === 'Terminating' && x.reason === 'InstanceDeletionInProgress') ?? false);
    const refused = await send(path('helds'), widget('Held', 'b', { cron: '1' }));
    expect([refused.status, refused.json<{ message: string }>().message]).toEqual([405, 'create not allowed while custom resource definition is terminating']);
    const gone = until('helds.example.com', c => c === undefined);
    expect((await send(path('helds', 'a'), { metadata: { finalizers: null } }, 'PATCH', merge)).status).toBe(200);
    await gone;
  });

  it('14.8 has its names only when nobody else has them', async () => {
    await define(crd('Alpha'));
    const other = crd('Beta', { names: { kind: 'Alpha', plural: 'betas', shortNames: ['bet'] } });
    await send(CRDS, other);
    const c = await until('betas.example.com', x => condition(x!, 'NamesAccepted') !== undefined);
    expect(c.status?.conditions?.map(x => [x.type, x.status, x.reason, x.message])).toEqual([['NamesAccepted', 'False', 'ListKindConflict', '"AlphaList" is already in use'], ['Established', 'False', 'NotAccepted', 'not all names are accepted']]);
    await api.call(`${CRDS}/alphas.example.com`, { method: 'DELETE' });
    await until('betas.example.com', x => condition(x!, 'Established') === 'True');
    await api.call(`${CRDS}/betas.example.com`, { method: 'DELETE' });
  });

  it('14.10 needs approval in the groups of Kubernetes', async () => {
    const body = (annotations?: Json): Json => ({ ...crd('Bad'), metadata: { name: 'bads.foo.k8s.io', annotations }, spec: { ...(crd('Bad')['spec'] as Json), group: 'foo.k8s.io' } });
    const refused = await send(CRDS, body());
    expect([refused.status, refused.json<{ message: string }>().message]).toEqual([422, 'CustomResourceDefinition.apiextensions.k8s.io "bads.foo.k8s.io" is invalid: metadata.annotations[api-approved.kubernetes.io]: Required value: protected groups must have approval annotation "api-approved.kubernetes.io", see https://github.com/kubernetes/enhancements/pull/1111']);
    expect((await send(CRDS, body({ 'api-approved.kubernetes.io': 'yes' }))).json<{ message: string }>().message).toContain('with either a URL or a reason starting with "unapproved"');
    const c = await define(body({ 'api-approved.kubernetes.io': 'https://github.com/kubernetes/kubernetes/pull/1' }));
    expect(c.status?.conditions?.find(x => x.type === 'KubernetesAPIApprovalPolicyConformant')).toMatchObject({ status: 'True', reason: 'ApprovedAnnotation', message: 'approved in https://github.com/kubernetes/kubernetes/pull/1' });
  });

  it('never takes the place of what is built in', async () => {
    const body: Json = { ...crd('Ingress'), metadata: { name: 'ingresses.networking.k8s.io', annotations: { 'api-approved.kubernetes.io': 'unapproved, a test' } } };
    await define({ ...body, spec: { ...(body['spec'] as Json), group: 'networking.k8s.io', names: { kind: 'Ingress', plural: 'ingresses' } } });
    const ingress = await send('/apis/networking.k8s.io/v1/namespaces/default/ingresses', { metadata: { name: 'a' }, spec: { defaultBackend: { service: { name: 'a', port: { number: 80 } } } } });
    expect(ingress.status).toBe(201);
    const gone = until('ingresses.networking.k8s.io', c => c === undefined);
    await api.call(`${CRDS}/ingresses.networking.k8s.io`, { method: 'DELETE' });
    await gone;
    expect((await api.call('/apis/networking.k8s.io/v1/namespaces/default/ingresses/a')).status).toBe(200);
  });

  it.each<[string, Json, string]>([
    ['a name that is not the rule', { metadata: { name: 'x' } }, 'metadata.name: Invalid value: "x": must be spec.names.plural+"."+spec.group'],
    ['no storage version', { spec: { ...(crd('Bad')['spec'] as Json), versions: [version('v1')] } }, 'must have exactly one version marked as storage version'],
    ['a schema without types', { spec: { ...(crd('Bad')['spec'] as Json), versions: [version('v1', { storage: true, subresources: undefined, selectableFields: undefined, schema: { openAPIV3Schema: { type: 'object', properties: { spec: { properties: {} } } } } })] } }, 'CustomResourceDefinition.apiextensions.k8s.io "bads.example.com" is invalid: spec.validation.openAPIV3Schema.properties[spec].type: Required value: must not be empty for specified object fields'],
    ['no schema', { spec: { ...(crd('Bad')['spec'] as Json), versions: [{ name: 'v1', served: true, storage: true }] } }, 'spec.versions[0].schema.openAPIV3Schema: Required value: schemas are required'],
  ])('is refused for %s', async (_, more, text) => {
    const reply = await send(CRDS, { ...crd('Bad'), ...more });
    expect(reply.status).toBe(422);
    expect(reply.json<{ message: string }>().message).toContain(text);
  });
});

describe('objects', () => {
  it('14.3 are refused in the words clients know', async () => {
    const reply = await send(path('things'), widget('Thing', 'bad', { cron: '1', image: 1 }));
    expect([reply.status, reply.json<{ message: string }>().message]).toEqual([422, 'Thing.example.com "bad" is invalid: spec.image: Invalid value: "integer": spec.image in body must be of type string: "integer"']);
    expect(reply.json<{ details: Json }>().details).toEqual({ name: 'bad', group: 'example.com', kind: 'Thing', causes: [{ reason: 'FieldValueTypeInvalid', message: 'Invalid value: "integer": spec.image in body must be of type string: "integer"', field: 'spec.image' }] });
  });

  beforeAll(async () => { await define(crd('Thing')); });

  it.each<[string, Json, string]>([
    ['a wrong type', { cron: '1', ports: [{ name: 'a', number: 'x' }] }, 'spec.ports[0].number: Invalid value: "string": spec.ports[0].number in body must be of type integer: "string"'],
    ['a missing field', {}, 'spec.cron: Required value'],
    ['a pattern', { cron: 'x' }, "spec.cron: Invalid value: \"x\": spec.cron in body should match '^\\d+$'"],
    ['a number too large', { cron: '1', replicas: 11 }, 'spec.replicas: Invalid value: 11: spec.replicas in body should be less than or equal to 10'],
    ['a number too small', { cron: '1', replicas: -1 }, 'spec.replicas: Invalid value: -1: spec.replicas in body should be greater than or equal to 0, .spec.replicas: Invalid value: -1: should be a non-negative integer'],
    ['a text too long', { cron: '1', image: '123456' }, 'spec.image: Too long: may not be more than 5 bytes'],
    ['no member of an enumeration', { cron: '1', mode: 'C' }, 'spec.mode: Unsupported value: "C": supported values: "A", "B"'],
    ['neither a number nor a string', { cron: '1', port: true }, 'spec.port: Invalid value: "boolean": spec.port in body must be of type integer,string: "boolean"'],
    ['a member twice', { cron: '1', tags: ['a', 'b', 'a'] }, 'spec.tags[2]: Duplicate value: "a"'],
    ['a key twice', { cron: '1', ports: [{ name: 'a' }, { name: 'a', number: 2 }] }, 'spec.ports[1]: Duplicate value: {"name":"a"}'],
    ['a time that is none', { cron: '1', since: 'yesterday' }, 'spec.since: Invalid value: "yesterday": spec.since in body must be of type date-time: "yesterday"'],
    ['both of two', { cron: '1', pick: { a: 'x', b: 'y' } }, '<nil>: Invalid value: "": "spec.pick" must validate one and only one schema (oneOf). Found 2 valid alternatives'],
    ['an inner object without identity', { cron: '1', inner: { spec: {} } }, 'spec.inner.apiVersion: Required value: must not be empty, spec.inner.kind: Required value: must not be empty'],
  ])('are refused for %s', async (_, spec, text) => {
    const reply = await send(path('things'), widget('Thing', 'bad', spec));
    const { message } = reply.json<{ message: string }>();
    expect([reply.status, message]).toEqual([422, /, \.?spec\./.test(text) ? `Thing.example.com "bad" is invalid: [${text}]` : `Thing.example.com "bad" is invalid: ${text}`]);
  });

  it('14.2 are pruned, with a warning or an error as asked; what may stay stays', async () => {
    const body = widget('Thing', 'pruned', { cron: '1', foo: 1, anything: { a: { b: 1 } }, note: null, labels: { x: 'y' }, inner: { apiVersion: 'v1', kind: 'Pod', metadata: { name: 'p' }, x: 1 } }, { status: { phase: 'x' }, other: 1 });
    const strict = await send(`${path('things')}?fieldValidation=Strict`, body);
    expect([strict.status, strict.json<{ message: string }>().message]).toEqual([400, expect.stringContaining('strict decoding error: unknown field "spec.foo", unknown field "other"')]);
    const made = await send(path('things'), body);
    expect(made.headers['warning']).toContain('unknown field \\"spec.foo\\"');
    expect(made.json()).toMatchObject({ spec: { cron: '1', replicas: 1, anything: { a: { b: 1 } }, note: null, labels: { x: 'y' }, inner: { apiVersion: 'v1', kind: 'Pod', metadata: { name: 'p' }, x: 1 } } });
    expect(Object.keys(made.json())).not.toContain('status');
    expect(Object.keys(made.json<{ spec: Json }>().spec)).not.toContain('foo');
  });

  it('5.3, 14.5, 14.11 count generations, keep status apart, scale, and are told unchanged faults no more', async () => {
    await send(path('things'), widget('Thing', 'g', { cron: '1' }));
    const at = path('things', 'g');
    expect((await send(at, { spec: { cron: '2' }, status: { phase: 'x' } }, 'PATCH', merge)).json()).toMatchObject({ metadata: { generation: 2 } });
    const status = await send(`${at}/status`, { status: { phase: 'Ready', selector: 'a=b', replicas: 1 }, spec: { cron: '9' } }, 'PATCH', merge);
    expect(status.json()).toMatchObject({ metadata: { generation: 2 }, spec: { cron: '2' }, status: { phase: 'Ready' } });
    expect((await api.call(`${at}/scale`)).json()).toMatchObject({ kind: 'Scale', apiVersion: 'autoscaling/v1', spec: { replicas: 1 }, status: { replicas: 1, selector: 'a=b' } });
    expect((await send(`${at}/scale`, { spec: { replicas: 3 } }, 'PATCH', merge)).json()).toMatchObject({ spec: { replicas: 3 } });
    expect((await send(`${at}/scale`, { spec: { replicas: 30 } }, 'PATCH', merge)).status).toBe(422);
    const put = await send(at, widget('Thing', 'g', { cron: '3' }), 'PUT');
    expect([put.status, put.json<{ message: string }>().message]).toEqual([422, 'Thing.example.com "g" is invalid: metadata.resourceVersion: Invalid value: 0x0: must be specified for an update']);
  });

  it('14.4, 14.11, 14.12, 14.14 answer as tables, metadata and by selectors; not in protobuf, not to strategic patches (trap 26)', async () => {
    await send(path('things'), widget('Thing', 't', { cron: '77' }));
    const table = (await api.call(`${path('things')}?fieldSelector=spec.cron=77`, { headers: { accept: 'application/json;as=Table;g=meta.k8s.io;v=v1' } })).json<{ columnDefinitions: { name: string; priority: number }[]; rows: { cells: unknown[] }[] }>();
    expect(table.columnDefinitions.map(c => [c.name, c.priority])).toEqual([['Name', 0], ['Cron', 0], ['Replicas', 0], ['Phase', 1], ['Age', 0]]);
    expect(table.rows.map(r => r.cells.slice(0, 4))).toEqual([['t', '77', 1, null]]);
    const list = (await api.call(`${path('things')}?fieldSelector=spec.cron=77`)).json<{ kind: string; items: Json[] }>();
    expect([list.kind, list.items[0]!['kind'], list.items[0]!['apiVersion']]).toEqual(['ThingList', 'Thing', 'example.com/v1']);
    expect((await api.call(path('things'), { headers: { accept: 'application/vnd.kubernetes.protobuf' } })).status).toBe(406);
    const as = 'as=PartialObjectMetadataList;g=meta.k8s.io;v=v1', metadata = await api.call(path('things'), { headers: { accept: `application/vnd.kubernetes.protobuf;${as},application/json;${as}` } });
    expect([metadata.status, metadata.json()['kind']]).toEqual([200, 'PartialObjectMetadataList']);
    expect((await send(path('things'), {}, 'POST', { 'content-type': 'application/vnd.kubernetes.protobuf' })).status).toBe(415);
    const smp = await send(path('things', 't'), {}, 'PATCH', { 'content-type': 'application/strategic-merge-patch+json' });
    expect([smp.status, smp.json<{ message: string }>().message]).toEqual([415, expect.stringContaining('application/json-patch+json, application/merge-patch+json')]);
    const none = await send(path('things'), { metadata: { name: 'x' } });
    expect([none.status, none.json<{ message: string }>().message]).toEqual([400, expect.stringContaining("Object 'Kind' is missing in")]);
    const wrong = await send(path('things'), { apiVersion: 'example.com/v2', kind: 'Thing', metadata: { name: 'x' } });
    expect([wrong.status, wrong.json<{ message: string }>().message]).toEqual([400, 'the API version in the data (example.com/v2) does not match the expected API version (example.com/v1)']);
    expect((await api.call(`${path('things')}?fieldSelector=spec.mode=1`)).status).toBe(400);
    const gone = (await api.call(`${path('things')}?fieldSelector=spec.cron=77`, { method: 'DELETE' })).json<{ items: Json[] }>();
    expect(gone.items).toHaveLength(1);
  });

  it('keep integers whole', async () => {
    const made = await api.call(path('things'), { body: '{"apiVersion":"example.com/v1","kind":"Thing","metadata":{"name":"big"},"spec":{"cron":"1","anything":{"n":9007199254740993}}}' });
    expect(made.text).toContain('9007199254740993');
    expect((await api.call(path('things', 'big'))).text).toContain('9007199254740993');
  });
});

describe('server-side apply', () => {
  const apply = (name: string, manager: string, spec: Json, more = '', v = 'v1'): Promise<Reply> =>
    send(`${path('owneds', name, v)}?fieldManager=${manager}${more}`, { apiVersion: `example.com/${v}`, kind: 'Owned', metadata: { name }, spec }, 'PATCH', { 'content-type': 'application/apply-patch+yaml' });
  interface Managed { metadata: { managedFields: { manager: string; operation: string; apiVersion: string; fieldsV1: Json; subresource?: string }[] }; spec: Json }

  it('7.7, 7.8, 14.2 follows the schema: keyed lists merge, sets join, conflicts are told', async () => {
    await define(crd('Owned', {}, [version('v1', { storage: true }), version('v1beta1')]));
    const made = await apply('a', 'one', { cron: '1', tags: ['a'], ports: [{ name: 'x', number: 1 }] });
    expect(made.status).toBe(201);
    expect(made.json<Managed>().metadata.managedFields).toMatchObject([{ manager: 'one', operation: 'Apply', apiVersion: 'example.com/v1', fieldsV1: { 'f:spec': { 'f:cron': {}, 'f:tags': { 'v:"a"': {} }, 'f:ports': { 'k:{"name":"x"}': { '.': {}, 'f:name': {}, 'f:number': {} } } } } }]);
    const both = await apply('a', 'two', { tags: ['b'], ports: [{ name: 'y', number: 2 }] });
    expect(both.json<Managed>().spec).toMatchObject({ cron: '1', replicas: 1, tags: ['a', 'b'], ports: [{ name: 'x', number: 1 }, { name: 'y', number: 2 }] });
    const conflict = await apply('a', 'two', { tags: ['b'], cron: '2' });
    expect([conflict.status, conflict.json<{ message: string }>().message]).toEqual([409, 'Apply failed with 1 conflict: conflict with "one": .spec.cron']);
    expect((await apply('a', 'two', { cron: '2' }, '&force=true')).json<Managed>().spec).toMatchObject({ cron: '2', tags: ['a'], ports: [{ name: 'x', number: 1 }] });
    // Another version is the same object.
    const beta = await apply('a', 'three', { image: 'x' }, '', 'v1beta1');
    expect(beta.json<Managed>()).toMatchObject({ apiVersion: 'example.com/v1beta1', spec: { cron: '2', image: 'x' } });
    expect(beta.json<Managed>().metadata.managedFields.map(m => [m.manager, m.apiVersion])).toEqual(expect.arrayContaining([['one', 'example.com/v1'], ['two', 'example.com/v1'], ['three', 'example.com/v1beta1']]));
    const refused = await apply('b', 'one', { cron: 'x' });
    expect([refused.status, refused.json<{ message: string }>().message]).toEqual([422, expect.stringContaining('spec.cron: Invalid value: "x"')]);
    const unknown = await apply('b', 'one', { cron: '1', nope: 1 }, '&fieldValidation=Strict');
    expect([unknown.status, unknown.json<{ message: string }>().message]).toEqual([500, 'failed to create typed patch object (default/b; example.com/v1, Kind=Owned): .spec.nope: field not declared in schema']);
    const status = await send(`${path('owneds', 'a')}/status?fieldManager=s`, { apiVersion: 'example.com/v1', kind: 'Owned', metadata: { name: 'a' }, status: { phase: 'Up' } }, 'PATCH', { 'content-type': 'application/apply-patch+yaml' });
    expect(status.json<Managed>().metadata.managedFields.find(m => m.manager === 's')).toMatchObject({ subresource: 'status', fieldsV1: { 'f:status': { 'f:phase': {} } } });
  });
});

describe('versions', () => {
  it('14.6, 14.14 are views of one object; the stored one may change, old ones are deprecated aloud, new defaults show at once', async () => {
    await define(crd('Multi', {}, [version('v1', { storage: true }), version('v1beta1', { deprecated: true })]));
    await send(path('multis'), widget('Multi', 'a', { cron: '1' }));
    const beta = await api.call(path('multis', 'a', 'v1beta1'));
    expect(beta.json()).toMatchObject({ apiVersion: 'example.com/v1beta1', spec: { cron: '1' } });
    expect(beta.headers['warning']).toBe('299 - "example.com/v1beta1 Multi is deprecated; use example.com/v1 Multi"');
    const watch = await api.open(`${path('multis', '', 'v1beta1')}?watch=1&resourceVersion=${beta.json<{ metadata: { resourceVersion: string } }>().metadata.resourceVersion}`);
    const ended = new Promise<string>(resolve => { let text = ''; watch.on('data', b => { text += String(b); }); watch.on('end', () => resolve(text)); });
    await send(path('multis', '', 'v1beta1'), { ...widget('Multi', 'b', { cron: '2' }), apiVersion: 'example.com/v1beta1' });
    const now = (await api.call(`${CRDS}/multis.example.com`)).json<Crd>();
    const changed = structuredClone(schema) as unknown as { properties: { spec: { properties: Json } } };
    changed.properties.spec.properties['added'] = { type: 'string', default: 'new' };
    const put = await send(`${CRDS}/multis.example.com`, { ...now, spec: { ...now.spec, versions: [version('v1', { schema: { openAPIV3Schema: changed } }), version('v1beta1', { storage: true })] } }, 'PUT');
    expect(put.json<Crd>().status?.storedVersions).toEqual(['v1', 'v1beta1']);
    // The watch ended with the old form of the kind, after the event it owed.
    expect((await ended).trim().split('\n').map(l => JSON.parse(l) as Json)).toMatchObject([{ type: 'ADDED', object: { apiVersion: 'example.com/v1beta1', metadata: { name: 'b' } } }]);
    for (const name of ['a', 'b']) expect((await api.call(path('multis', name))).json()).toMatchObject({ apiVersion: 'example.com/v1', spec: { added: 'new' } });
    const list = (await api.call(path('multis', '', 'v1beta1'))).json<{ items: { apiVersion: string; kind: string }[] }>();
    expect(list.items.map(i => [i.apiVersion, i.kind])).toEqual([['example.com/v1beta1', 'Multi'], ['example.com/v1beta1', 'Multi']]);
    const touched = await send(path('multis', 'a'), { spec: { cron: '5' } }, 'PATCH', merge);
    expect(touched.json()).toMatchObject({ apiVersion: 'example.com/v1', spec: { cron: '5', added: 'new' }, metadata: { generation: 2 } });
  });
});

describe('a conversion webhook', () => {
  interface Review { request: { uid: string; desiredAPIVersion: string; objects: (Json & { apiVersion: string; spec: Json })[] } }
  let hook: Server, answer: (r: Review) => Json, asked = 0, config: Json;
  beforeAll(async () => {
    const cert = await api.pki.issue('hook', { commonName: 'hook', hosts: ['127.0.0.1'] });
    hook = createServer({ cert: cert.cert, key: cert.key }, (req, res) => {
      const parts: Buffer[] = [];
      req.on('data', (b: Buffer) => parts.push(b));
      req.on('end', () => { asked++; res.setHeader('content-type', 'application/json'); res.end(JSON.stringify(answer(JSON.parse(Buffer.concat(parts).toString()) as Review))); });
    });
    await new Promise<void>(resolve => { hook.listen(0, '127.0.0.1', resolve); });
    config = { strategy: 'Webhook', webhook: { conversionReviewVersions: ['v1'], clientConfig: { url: `https://127.0.0.1:${(hook.address() as AddressInfo).port}/convert`, caBundle: Buffer.from(api.pki.ca.cert).toString('base64') } } };
  });
  afterAll(() => { hook.closeAllConnections(); hook.close(); });

  // v1 has spec.size, v2 has spec.length.
  const good = (r: Review): Json => ({
    apiVersion: 'apiextensions.k8s.io/v1', kind: 'ConversionReview', response: {
      uid: r.request.uid, result: { status: 'Success' },
      convertedObjects: r.request.objects.map(o => ({ ...o, apiVersion: r.request.desiredAPIVersion, spec: r.request.desiredAPIVersion.endsWith('v2') ? { length: o.spec['size'] } : { size: o.spec['length'] } })),
    },
  });
  const simple = (name: string, field: string, storage: boolean): Json => ({ name, served: true, storage, schema: { openAPIV3Schema: { type: 'object', properties: { spec: { type: 'object', properties: { [field]: { type: 'integer' } } } } } } });

  it('14.6 is asked for every way of reading and writing another version, and its failures are told', async () => {
    answer = good;
    await define(crd('Conv', { conversion: config }, [simple('v1', 'size', true), simple('v2', 'length', false)]));
    const v1 = await send(path('convs'), widget('Conv', 'a', { size: 1 }));
    expect([v1.status, asked]).toEqual([201, 0]);
    const made = await send(path('convs', '', 'v2'), { apiVersion: 'example.com/v2', kind: 'Conv', metadata: { name: 'b' }, spec: { length: 2 } });
    expect([made.status, made.json()]).toMatchObject([201, { apiVersion: 'example.com/v2', spec: { length: 2 } }]);
    expect((await api.call(path('convs', 'b'))).json()).toMatchObject({ apiVersion: 'example.com/v1', spec: { size: 2 } });
    const list = (await api.call(path('convs', '', 'v2'))).json<{ metadata: { resourceVersion: string }; items: { apiVersion: string; spec: Json }[] }>();
    expect(list.items.map(i => [i.apiVersion, i.spec])).toEqual([['example.com/v2', { length: 1 }], ['example.com/v2', { length: 2 }]]);
    expect((await send(path('convs', 'a', 'v2'), { spec: { length: 7 } }, 'PATCH', merge)).json()).toMatchObject({ spec: { length: 7 } });
    expect((await api.call(path('convs', 'a'))).json()).toMatchObject({ spec: { size: 7 }, metadata: { generation: 2 } });
    const watch = await api.open(`${path('convs', '', 'v2')}?watch=1&resourceVersion=${list.metadata.resourceVersion}&timeoutSeconds=1`);
    let text = '';
    for await (const b of watch) text += String(b);
    expect(text.trim().split('\n').map(l => JSON.parse(l) as Json)).toMatchObject([{ type: 'MODIFIED', object: { apiVersion: 'example.com/v2', spec: { length: 7 } } }]);

    await send(path('convs', 'a'), { spec: { size: 8 } }, 'PATCH', merge);
    answer = r => ({ apiVersion: 'apiextensions.k8s.io/v1', kind: 'ConversionReview', response: { uid: r.request.uid, result: { status: 'Failed', message: 'not today' }, convertedObjects: [] } });
    const refused = await api.call(path('convs', 'a', 'v2'));
    expect([refused.status, refused.json<{ message: string }>().message]).toEqual([500, 'conversion webhook for example.com/v1, Kind=Conv failed: not today']);
    answer = r => ({ ...good(r), response: { ...(good(r)['response'] as Json), convertedObjects: [] } });
    expect((await api.call(path('convs', 'a', 'v2'))).json<{ message: string }>().message).toBe('conversion webhook for example.com/v1, Kind=Conv returned 0 objects, expected 1');
    answer = good;
    const removed = until('convs.example.com', c => c === undefined);
    expect((await api.call(`${CRDS}/convs.example.com`, { method: 'DELETE' })).status).toBe(200);
    await removed;
  });
});

describe('rules in CEL', () => {
  const ruled = (spec: Json): Json => ({ name: 'v1', served: true, storage: true, schema: { openAPIV3Schema: { type: 'object', properties: { spec } } } });
  const refused = async (kind: string, spec: Json): Promise<string> => {
    const reply = await send(CRDS, crd(kind, {}, [ruled(spec)]));
    expect(reply.status).toBe(422);
    return reply.json<{ message: string }>().message;
  };
  const at = 'spec.validation.openAPIV3Schema.properties[spec]';

  it('14.2 judge objects and their changes', async () => {
    await define(crd('Ruled', {}, [ruled({
      type: 'object',
      'x-kubernetes-validations': [
        { rule: 'self.min <= self.max', message: 'min may not exceed max' }, { rule: "!has(self.name) || self.name.startsWith('x')", messageExpression: "'name ' + self.name + ' must start with x'", fieldPath: '.name', reason: 'FieldValueForbidden' },
      ],
      properties: {
        min: { type: 'integer' }, max: { type: 'integer' }, name: { type: 'string', maxLength: 20 }, fixed: { type: 'string', 'x-kubernetes-validations': [{ rule: 'self == oldSelf', message: 'is fixed' }] },
        list: { type: 'array', maxItems: 5, 'x-kubernetes-list-type': 'map', 'x-kubernetes-list-map-keys': ['k'], items: { type: 'object', required: ['k'], properties: { k: { type: 'string' }, n: { type: 'integer', 'x-kubernetes-validations': [{ rule: 'self >= oldSelf' }] } } } },
      },
    })]));
    const make = async (spec: Json): Promise<string> => (await send(path('ruleds'), widget('Ruled', 'a', spec))).json<{ message?: string }>().message ?? 'created';
    expect(await make({ min: 2, max: 1 })).toBe('Ruled.example.com "a" is invalid: spec: Invalid value: min may not exceed max');
    expect(await make({ min: 0, max: 1, name: 'bad' })).toBe('Ruled.example.com "a" is invalid: spec.name: Forbidden: name bad must start with x');
    expect(await make({ min: 0 })).toBe('Ruled.example.com "a" is invalid: spec: Invalid value: "object": no such key: max evaluating rule: self.min <= self.max');
    expect(await make({ min: 'x', max: 1 })).toContain('some validation rules were not checked because the object was invalid; correct the existing errors to complete validation');
    expect(await make({ min: 0, max: 1, fixed: 'f', list: [{ k: 'a', n: 2 }] })).toBe('created');
    const patch = async (spec: Json): Promise<string> => (await send(path('ruleds', 'a'), { spec }, 'PATCH', merge)).json<{ message?: string }>().message ?? 'patched';
    expect(await patch({ fixed: 'g' })).toBe('Ruled.example.com "a" is invalid: spec.fixed: Invalid value: "g": is fixed');
    expect(await patch({ list: [{ k: 'b', n: 0 }, { k: 'a', n: 1 }] })).toBe('Ruled.example.com "a" is invalid: spec.list[1].n: Invalid value: 1: failed rule: self >= oldSelf');
    expect(await patch({ list: [{ k: 'b', n: 0 }, { k: 'a', n: 3 }], max: 9 })).toBe('patched');
  });

  it('14.1, 14.2 are judged themselves, and so are defaults', async () => {
    expect(await refused('Wrong', { type: 'object', properties: { a: { type: 'string' } }, 'x-kubernetes-validations': [{ rule: 'self.b == 1' }] })).toContain(`${at}.x-kubernetes-validations[0].rule: Invalid value: {"rule":"self.b == 1"}: compilation failed: ERROR: <input>:1:5: undefined field 'b'`);
    expect(await refused('Wrong', { type: 'object', properties: { a: { type: 'string' } }, 'x-kubernetes-validations': [{ rule: 'self.a' }] })).toContain('cel expression must evaluate to a bool');
    expect(await refused('Wrong', { type: 'object', properties: { a: { type: 'array', items: { type: 'string' }, 'x-kubernetes-validations': [{ rule: 'self.all(x, self.all(y, x == y))' }] } } })).toContain('estimated rule cost exceeds budget by factor of more than 100x (try simplifying the rule, or adding maxItems, maxProperties, and maxLength where arrays, maps, and strings are declared)');
    expect(await refused('Wrong', { type: 'object', properties: { a: { type: 'array', maxItems: 3, items: { type: 'string', maxLength: 3, 'x-kubernetes-validations': [{ rule: 'self == oldSelf' }] } } } })).toContain(`oldSelf cannot be used on the uncorrelatable portion of the schema within ${at}.properties[a].items`);
    expect(await refused('Wrong', { type: 'object', properties: { a: { type: 'integer', default: 'x' } } })).toContain(`${at}.properties[a].default: Invalid value: "string":  in body must be of type integer: "string"`);
    expect(await refused('Wrong', { type: 'object', properties: { a: { type: 'object', default: { b: 1 } } } })).toContain(`${at}.properties[a].default: Invalid value: {"b":1}: must not have unknown fields`);
    expect(await refused('Wrong', { type: 'object', properties: { a: { type: 'string', pattern: '(' } } })).toContain(`${at}.properties[a].pattern: Invalid value: "(": must be a valid regular expression, but isn't: error parsing regexp: missing closing ): \`(\``);
  });
});

it('a server that starts anew serves what was defined, with today\'s schema', async () => {
  const store = memoryStore(), kind = { group: 'example.com', version: 'v1', kind: 'Thing', plural: 'things', namespaced: true };
  const options = { store, kinds, clock: systemClock, log: silentLog, serviceCidr: '10.96.0.0/16', serviceAccountKey: await api.pki.serviceAccountKey(), gitVersion: 'v1.36.0' };
  const open = (): { server: ApiServer; client: Client } => { const server = createApiServer(options); return { server, client: new Client(server.localTransport({ name: 'a', groups: ['system:masters'] }), 'test') }; };
  const first = open();
  await first.client.create(namespaceKind, { metadata: { name: 'default' } });
  const established = new Promise<void>(resolve => { const w = store.watch('/registry/apiextensions.k8s.io/', 0, () => { setImmediate(() => { if (first.server.kinds().some(k => k.kind === 'Thing')) { w.close(); resolve(); } }); }); });
  await first.client.create(crdKind, crd('Thing') as object);
  await established;
  await first.client.create(kind, { metadata: { name: 'a', namespace: 'default' }, spec: { cron: '1' } } as object);
  await first.server.close();
  const second = open();
  expect(second.server.kinds().find(k => k.kind === 'Thing')?.shortNames).toEqual(['thi']);
  expect(await second.client.get(kind, 'default', 'a')).toMatchObject({ apiVersion: 'example.com/v1', kind: 'Thing', spec: { cron: '1', replicas: 1 } });
  expect((await second.client.list(kind)).items).toHaveLength(1);
  await second.server.close();
});

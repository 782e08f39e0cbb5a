// The API contract, sections 1 and 2, against a running host: discovery, OpenAPI, version, health.
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { startHost, type Host } from '../harness/host.ts';
import { Wire, type Loose } from '../harness/wire.ts';

let host: Host, api: Wire;
beforeAll(async () => { host = await startHost(['--runtime', 'simulated']); api = new Wire(host.ready.kubeconfig); });
afterAll(async () => { api.close(); await host.dispose(); });

const V2 = 'application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList', V2BETA1 = V2.replace('v=v2', 'v=v2beta1');
const list = (v: Loose | undefined): Loose[] => (Array.isArray(v) ? v as Loose[] : []);

describe('1 discovery', () => {
  test('1.1 /api names the versions', async () => {
    for (const path of ['/api', '/api/']) {
      const r = await api.call(path);
      expect(r.json).toMatchObject({ kind: 'APIVersions', versions: ['v1'], serverAddressByClientCIDRs: [{ clientCIDR: '0.0.0.0/0' }] });
      expect(r.json).not.toHaveProperty('apiVersion');
    }
  });

  test('1.2 /apis, a group, a version, with and without a trailing slash', async () => {
    const groups = (await api.call('/apis')).json;
    expect(groups).toMatchObject({ kind: 'APIGroupList', apiVersion: 'v1' });
    for (const slash of ['', '/']) {
      expect((await api.call(`/apis/apps${slash}`)).json).toMatchObject({ kind: 'APIGroup', apiVersion: 'v1', name: 'apps', versions: [{ groupVersion: 'apps/v1', version: 'v1' }], preferredVersion: { groupVersion: 'apps/v1', version: 'v1' } });
      expect((await api.call(`/apis/apps/v1${slash}`)).json).toMatchObject({ kind: 'APIResourceList', apiVersion: 'v1', groupVersion: 'apps/v1' });
      expect((await api.call(`/api/v1${slash}`)).json).toMatchObject({ kind: 'APIResourceList', groupVersion: 'v1' });
    }
  });

  test('1.3, 1.4, 1.5 rows have all that clients look for, subresources are rows of their own (trap 4)', async () => {
    const core = list((await api.call('/api/v1')).json['resources']), apps = list((await api.call('/apis/apps/v1')).json['resources']);
    const row = (rows: Loose[], name: string): Loose => rows.find(r => String(r['name']) === name)!;
    expect(row(core, 'pods')).toMatchObject({ singularName: 'pod', namespaced: true, kind: 'Pod', shortNames: ['po'], categories: ['all'], storageVersionHash: expect.any(String) });
    expect(row(core, 'pods')['verbs']).toEqual(['create', 'delete', 'deletecollection', 'get', 'list', 'patch', 'update', 'watch']);
    expect(row(core, 'pods/eviction')).toMatchObject({ kind: 'Eviction', group: 'policy', version: 'v1', verbs: ['create'] });
    expect(row(core, 'serviceaccounts/token')).toMatchObject({ kind: 'TokenRequest', group: 'authentication.k8s.io', version: 'v1', verbs: ['create'] });
    expect(row(apps, 'deployments/scale')).toMatchObject({ kind: 'Scale', group: 'autoscaling', version: 'v1', verbs: ['get', 'patch', 'update'] });
    expect(row(core, 'pods/log')['verbs']).toEqual(['get']);
    expect(row(core, 'pods/exec')).toMatchObject({ kind: 'PodExecOptions', verbs: ['create', 'get'] });
    for (const name of ['pods/ephemeralcontainers', 'pods/binding', 'pods/status', 'pods/attach', 'pods/portforward', 'pods/proxy', 'pods/resize', 'namespaces/finalize', 'services/proxy', 'nodes/proxy', 'replicationcontrollers/scale']) expect(row(core, name), name).toBeDefined();
    expect([...core, ...apps].filter(r => !String(r['name']).includes('/') && String(r['singularName']) === '')).toEqual([]);
  });

  test('1.5, 1.6, 1.7, 1.8 aggregated discovery in both versions, with the type to the letter (trap 5)', async () => {
    for (const type of [V2, V2BETA1]) {
      const core = await api.call('/api', { headers: { accept: `${type},application/json` } }), rest = await api.call('/apis', { headers: { accept: `application/cbor,${type};profile=nopeer,application/json` } });
      expect([core.headers['content-type'], rest.headers['content-type']]).toEqual([type, type]);
      expect(core.json).toMatchObject({ kind: 'APIGroupDiscoveryList', apiVersion: `apidiscovery.k8s.io/${type === V2 ? 'v2' : 'v2beta1'}`, metadata: {}, items: [{ metadata: {}, versions: [{ version: 'v1', freshness: 'Current' }] }] });
      const resources = [...list(core.json['items']), ...list(rest.json['items'])].flatMap(g => list(g['versions'])).flatMap(v => list(v['resources']));
      expect(resources.filter(r => !r['singularResource'] || !r['responseKind']?.['kind'] || !r['scope'])).toEqual([]);
      const deployments = resources.find(r => String(r['resource']) === 'deployments')!;
      expect(deployments).toMatchObject({ responseKind: { group: 'apps', version: 'v1', kind: 'Deployment' }, scope: 'Namespaced', singularResource: 'deployment', shortNames: ['deploy'], categories: ['all'] });
      expect(list(deployments['subresources'])).toContainEqual({ subresource: 'scale', responseKind: { group: 'autoscaling', version: 'v1', kind: 'Scale' }, verbs: ['get', 'patch', 'update'] });
    }
    expect((await api.call('/apis', { headers: { accept: 'application/json;g=apidiscovery.k8s.io;v=v9;as=APIGroupDiscoveryList,application/json' } })).json).toMatchObject({ kind: 'APIGroupList' });
    expect((await api.call('/apis', { headers: { accept: 'application/json;g=apidiscovery.k8s.io;v=v9;as=APIGroupDiscoveryList' } })).status).toBe(406);
  });

  // 1.9 speaks of aggregated API servers and 1.12 of CRDs: neither is served yet.

  test('1.10 an ETag saves the second answer', async () => {
    for (const path of ['/api', '/apis']) {
      const r = await api.call(path, { headers: { accept: V2 } });
      expect(r.headers.etag).toMatch(/^"[0-9A-F]+"$/);
      expect(r.headers.vary).toBe('Accept');
      expect(r.headers['cache-control']).toContain('public');
      const again = await api.call(path, { headers: { accept: V2, 'if-none-match': r.headers.etag! } });
      expect([again.status, again.text]).toEqual([304, '']);
      expect((await api.call(path, { headers: { accept: V2BETA1, 'if-none-match': r.headers.etag! } })).status).toBe(200);
    }
  });

  test('1.11 a timeout parameter changes nothing', async () => {
    expect((await api.call('/apis?timeout=32s')).json).toEqual((await api.call('/apis')).json);
  });

  test('1.13 groups come in upstream\'s order, in both forms', async () => {
    const order = ['apps', 'events.k8s.io', 'autoscaling', 'batch', 'networking.k8s.io', 'policy', 'rbac.authorization.k8s.io', 'storage.k8s.io', 'scheduling.k8s.io', 'coordination.k8s.io', 'discovery.k8s.io'];
    const legacy = list((await api.call('/apis')).json['groups']).map(g => String(g['name'])), aggregated = list((await api.call('/apis', { headers: { accept: V2 } })).json['items']).map(g => String(g['metadata']?.['name']));
    expect(aggregated).toEqual(legacy);
    expect(legacy.filter(g => order.includes(g))).toEqual(order);
  });

  test('1.14 an unknown group or version is a 404 of its own', async () => {
    for (const path of ['/apis/nope.example.com', '/apis/nope.example.com/v1', '/apis/apps/v9', '/api/v9']) {
      expect((await api.call(path)).json, path).toMatchObject({ kind: 'Status', code: 404, reason: 'NotFound', message: 'the server could not find the requested resource' });
    }
  });
});

describe('2 OpenAPI, version, health', () => {
  test('2.1 v2 as JSON and as gnostic protobuf (trap 2), both revalidated', async () => {
    for (const [accept, type] of [['application/json', 'application/json'], ['*/*', 'application/json'], ['application/com.github.proto-openapi.spec.v2@v1.0+protobuf', 'application/com.github.proto-openapi.spec.v2.v1.0+protobuf'], ['application/com.github.proto-openapi.spec.v2.v1.0+protobuf', 'application/com.github.proto-openapi.spec.v2.v1.0+protobuf']] as const) {
      const r = await api.call('/openapi/v2', { headers: { accept } });
      expect([r.status, r.headers['content-type']]).toEqual([200, type]);
      expect((await api.call('/openapi/v2', { headers: { accept, 'if-none-match': r.headers.etag! } })).status).toBe(304);
    }
    expect((await api.call('/openapi/v2', { headers: { accept: 'text/html' } })).status).toBe(406);
  });

  test('0.4, 2.2, 2.3 v2 definitions carry the extensions, operations what kubectl looks for (trap 3)', async () => {
    const v2 = (await api.call('/openapi/v2')).json, d = v2['definitions'];
    expect(d!['io.k8s.api.apps.v1.Deployment']).toMatchObject({ 'x-kubernetes-group-version-kind': [{ group: 'apps', kind: 'Deployment', version: 'v1' }] });
    expect(d!['io.k8s.api.core.v1.PodSpec']?.['properties']?.['containers']).toMatchObject({ 'x-kubernetes-patch-merge-key': 'name', 'x-kubernetes-patch-strategy': 'merge', 'x-kubernetes-list-type': 'map', 'x-kubernetes-list-map-keys': ['name'] });
    expect(d!['io.k8s.api.core.v1.Container']?.['properties']?.['ports']).toMatchObject({ 'x-kubernetes-patch-merge-key': 'containerPort', 'x-kubernetes-list-map-keys': ['containerPort', 'protocol'] });
    expect(d!['io.k8s.apimachinery.pkg.util.intstr.IntOrString']).toMatchObject({ type: 'string', format: 'int-or-string' });
    expect(d!['io.k8s.apimachinery.pkg.api.resource.Quantity']).toMatchObject({ type: 'string' });
    expect(d!['io.k8s.apimachinery.pkg.apis.meta.v1.Time']).toMatchObject({ type: 'string', format: 'date-time' });
    expect(d!['io.k8s.apimachinery.pkg.runtime.RawExtension']).toMatchObject({ type: 'object' });
    const patch = v2['paths']!['/apis/apps/v1/namespaces/{namespace}/deployments/{name}']?.['patch'];
    expect(patch).toMatchObject({ 'x-kubernetes-action': 'patch', 'x-kubernetes-group-version-kind': { group: 'apps', kind: 'Deployment', version: 'v1' } });
    const names = (text: string): string[] => [...text.matchAll(/"name":"(\w+)"/g)].map(m => m[1]!);
    const resolved = JSON.stringify([patch?.['parameters'], v2['parameters']]);
    expect(names(resolved)).toEqual(expect.arrayContaining(['fieldValidation', 'dryRun', 'fieldManager', 'force']));
    const missing = Object.entries(v2['paths']!).flatMap(([path, ops]) => Object.entries(ops as Loose).filter(([m]) => ['get', 'put', 'post', 'patch', 'delete'].includes(m)).filter(([, o]) => path.includes('/v1/') && !(o as Loose)['x-kubernetes-action']).map(([m]) => `${m} ${path}`));
    expect(missing).toEqual([]);
  });

  test('2.4, 2.5 v3: an index of hashed documents', async () => {
    const index = (await api.call('/openapi/v3')).json['paths'];
    const url = String(index!['apis/apps/v1']!['serverRelativeURL']);
    expect(url).toMatch(/^\/openapi\/v3\/apis\/apps\/v1\?hash=[0-9A-F]+$/);
    const r = await api.call(url);
    expect(r.headers['cache-control']).toBe('public, immutable');
    expect(new Date(r.headers.expires!).getTime()).toBeGreaterThan(Date.now() + 300 * 86_400_000);
    const moved = await api.call('/openapi/v3/apis/apps/v1?hash=0');
    expect([moved.status, moved.headers.location]).toEqual([301, url]);
    const s = r.json['components']!['schemas'];
    expect(s!['io.k8s.api.apps.v1.Deployment']).toMatchObject({ 'x-kubernetes-group-version-kind': [{ group: 'apps', kind: 'Deployment', version: 'v1' }] });
    expect(s!['io.k8s.api.apps.v1.Deployment']?.['properties']?.['spec']).toMatchObject({ allOf: [{ $ref: '#/components/schemas/io.k8s.api.apps.v1.DeploymentSpec' }] });
    // Every reference of every document resolves within it.
    for (const path of Object.values(index!)) {
      const { text, json } = await api.call(String((path as Loose)['serverRelativeURL']));
      const schemas = json['components']!['schemas'];
      expect([...text.matchAll(/"#\/components\/schemas\/([^"]+)"/g)].map(m => m[1]!).filter(n => schemas![n] === undefined)).toEqual([]);
    }
    expect(Object.keys(index!)).toEqual(expect.arrayContaining(['api/v1', 'apis/apps/v1', 'apis/batch/v1', 'apis/events.k8s.io/v1']));
  });

  // 2.6 speaks of CRDs: not served yet.

  test('2.7 version: strings all, a version helm can compare (trap 6)', async () => {
    const v = (await api.call('/version')).json;
    for (const k of ['major', 'minor', 'gitVersion', 'gitCommit', 'gitTreeState', 'buildDate', 'goVersion', 'compiler', 'platform']) expect(typeof v[k], k).toBe('string');
    expect(String(v['gitVersion'])).toMatch(/^v1\.36\.\d+\+/);
    expect((await api.call('/version?timeout=32s')).json).toEqual(v);
  });

  test('2.8 health, in words and one by one; metrics as text', async () => {
    for (const e of ['healthz', 'livez', 'readyz']) {
      const r = await api.call(`/${e}`, { headers: { accept: 'application/json, */*' } });
      expect([r.status, r.text, r.headers['content-type']]).toEqual([200, 'ok', 'text/plain; charset=utf-8']);
      expect((await api.call(`/${e}?verbose`)).text).toMatch(new RegExp(`^\\[\\+\\]ping ok\\n[^]*${e} check passed\\n$`));
      expect((await api.call(`/${e}?verbose&exclude=ping`)).text).toContain('[+]ping excluded: ok');
      expect((await api.call(`/${e}/ping`)).text).toBe('ok');
      expect((await api.call(`/${e}/nope`)).status).toBe(404);
    }
    const m = await api.call('/metrics');
    expect([m.status, m.headers['content-type']]).toEqual([200, expect.stringMatching(/^text\/plain/)]);
    expect(m.text).toMatch(/^# HELP /m);
  });

  test('2.9 unknown paths and unknown resources', async () => {
    const top = await api.call('/nope');
    expect([top.status, list(top.json['paths']).map(String)]).toEqual([404, expect.arrayContaining(['/api', '/apis', '/healthz'])]);
    expect((await api.call('/')).json['paths']).toBeDefined();
    for (const path of ['/api/v1/nonsense', '/api/v1/namespaces/default/nonsense/x', '/apis/apps/v1/pods', '/api/v1/namespaces/default/nodes']) {
      expect((await api.call(path)).json, path).toEqual({ kind: 'Status', apiVersion: 'v1', metadata: {}, status: 'Failure', message: 'the server could not find the requested resource', reason: 'NotFound', details: {}, code: 404 });
    }
    expect((await api.call('/.well-known/openid-configuration')).json).toMatchObject({ issuer: expect.any(String), jwks_uri: expect.any(String) });
    expect(list((await api.call('/openid/v1/jwks')).json['keys'])).toHaveLength(1);
  });
});

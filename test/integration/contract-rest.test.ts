// The API contract where the other files have left something: envelopes, parameters of media types, pings, verbs of upgrades, other clients' first
// steps, labels that selectors of webhooks need. One server in the process, no controllers.
import { connect } from 'node:tls';
import { once } from 'node:events';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { TestApi, type Call, type Reply } from '../harness/api-server.ts';
import { Kube, kubectls } from '../harness/kubectl.ts';

let api: TestApi;
beforeAll(async () => { api = await TestApi.start(); });
afterAll(async () => { await api.stop(); });
const NS = '/api/v1/namespaces/default';
const send = (path: string, body: unknown, c: Call = {}): Promise<Reply> => api.call(path, { ...c, body: JSON.stringify(body) });
const accept = (path: string, a: string): Promise<Reply> => api.call(path, { headers: { accept: a } });

describe('clients of every age', () => {
  test('0.5, 1.6 one answer tells all kinds; who cannot read it asks group by group and learns the same', async () => {
    interface Aggregated { items: { metadata: { name?: string }; versions: { version: string; resources: { resource: string; subresources?: { subresource: string }[] }[] }[] }[] }
    const type = 'application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList';
    const whole = [...(await accept('/api', type)).json<Aggregated>().items, ...(await accept('/apis', type)).json<Aggregated>().items];
    const together = whole.flatMap(g => g.versions.flatMap(v => v.resources.flatMap(r => [r.resource, ...(r.subresources ?? []).map(s => `${r.resource}/${s.subresource}`)].map(n => `${g.metadata.name ?? ''}/${v.version} ${n}`))));
    const groups = (await api.call('/apis')).json<{ groups: { name: string; versions: { groupVersion: string; version: string }[] }[] }>().groups;
    const paths = [{ path: '/api/v1', key: '/v1' }, ...groups.flatMap(g => g.versions.map(v => ({ path: `/apis/${v.groupVersion}`, key: `${g.name}/${v.version}` })))];
    const apart = (await Promise.all(paths.map(async p => (await api.call(p.path)).json<{ resources: { name: string }[] }>().resources.map(r => `${p.key} ${r.name}`)))).flat();
    expect(apart.sort()).toEqual(together.sort());
  });

  test('17.7 what the controller manager and the scheduler ask for first', async () => {
    const LEASES = '/apis/coordination.k8s.io/v1/namespaces/kube-system/leases';
    expect((await api.call(`${LEASES}/kube-controller-manager`)).status).toBe(404);
    const lease = (await send(LEASES, { metadata: { name: 'kube-controller-manager' }, spec: { holderIdentity: 'me', leaseDurationSeconds: 15, renewTime: '2026-01-01T00:00:00.000001Z' } }, { headers: { accept: 'application/vnd.kubernetes.protobuf,application/json' } }));
    expect([lease.status, lease.json<{ spec: { renewTime: string } }>().spec.renewTime]).toEqual([201, '2026-01-01T00:00:00.000001Z']);
    const binary = await accept(`${LEASES}/kube-controller-manager`, 'application/vnd.kubernetes.protobuf');
    expect([binary.status, binary.body.subarray(0, 4).toString('latin1')]).toEqual([200, 'k8s\0']);
    const back = await api.call(`${LEASES}/kube-controller-manager`, { method: 'PUT', body: binary.body, headers: { 'content-type': 'application/vnd.kubernetes.protobuf' } });
    expect([back.status, back.json<{ spec: { renewTime: string } }>().spec.renewTime]).toEqual([200, '2026-01-01T00:00:00.000001Z']);
    const token = await send('/api/v1/namespaces/kube-system/serviceaccounts/default/token', { apiVersion: 'authentication.k8s.io/v1', kind: 'TokenRequest', spec: { expirationSeconds: 3600 } });
    expect([token.status, token.json<{ status: { token: string } }>().status.token.split('.')]).toEqual([201, [expect.any(String), expect.any(String), expect.any(String)]]);
  });

  test('0.7, 6.11 a watch-list ends what was there with a marked bookmark (trap 12)', async () => {
    const res = await api.open(`${NS}/configmaps?watch=true&sendInitialEvents=true&resourceVersionMatch=NotOlderThan&allowWatchBookmarks=true&timeoutSeconds=1`);
    let text = '';
    for await (const b of res) text += String(b);
    const lines = text.trim().split('\n').map(l => JSON.parse(l) as { type: string; object: { metadata: { annotations?: Record<string, string> } } });
    expect(lines.some(l => l.type === 'BOOKMARK' && l.object.metadata.annotations?.['k8s.io/initial-events-end'] === 'true')).toBe(true);
  });
});

describe('envelopes and media types', () => {
  test('3.1 every failure is a Status whose code is that of HTTP', async () => {
    const failing: [string, Call][] = [
      [`${NS}/pods/none`, {}], [`${NS}/nothing`, {}], ['/apis/none.example.com/v1/things', {}], [`${NS}/configmaps`, { body: '{' }], [`${NS}/configmaps`, { body: '{"metadata":{"name":"A"}}' }], [`${NS}/configmaps`, { method: 'PUT', body: '{}' }],
      [`${NS}/configmaps`, { body: '{}', headers: { 'content-type': 'text/plain' } }], [`${NS}/configmaps`, { headers: { accept: 'text/html' } }], [`${NS}/pods`, { token: null }], [`${NS}/pods`, { token: 'wrong' }], [`${NS}/configmaps?fieldSelector=a=b`, {}], [`${NS}/configmaps?continue=x`, {}],
    ];
    for (const [path, call] of failing) {
      const r = await api.call(path, call), s = r.json<Record<string, unknown>>();
      expect(r.status, path).toBeGreaterThanOrEqual(400);
      expect(r.headers['content-type'], path).toMatch(/^application\/json/);
      expect(s, path).toMatchObject({ kind: 'Status', apiVersion: 'v1', metadata: {}, status: 'Failure', code: r.status, message: expect.any(String), reason: expect.any(String) });
    }
    expect((await accept(`${NS}/pods/none`, 'application/vnd.kubernetes.protobuf')).body.subarray(0, 4).toString('latin1')).toBe('k8s\0');
  });

  test('4.5 stream=watch and charset change nothing', async () => {
    expect((await accept(`${NS}/configmaps?watch=true&timeoutSeconds=1`, 'application/json;stream=watch')).status).toBe(200);
    expect((await accept(`${NS}/configmaps`, 'application/json;charset=utf-8')).status).toBe(200);
    expect((await send(`${NS}/configmaps`, { metadata: { name: 'charset' } }, { headers: { 'content-type': 'application/json; charset=UTF-8' } })).status).toBe(201);
  });

  test('4.8 YAML comes in blocks with its keys in order', async () => {
    await send(`${NS}/configmaps`, { metadata: { name: 'yaml' }, data: { z: '1', a: 'two\nlines\n' } });
    const r = await accept(`${NS}/configmaps/yaml`, 'application/yaml');
    expect([r.status, r.headers['content-type']]).toEqual([200, expect.stringMatching(/^application\/yaml/)]);
    expect(r.text).toMatch(/^apiVersion: v1\ndata:\n {2}a: \|\n {4}two\n {4}lines\n {2}z: "1"\nkind: ConfigMap\nmetadata:\n/);
  });

  test('4.4, 14.12 metadata of custom resources comes as JSON to who would rather have protobuf (trap 26)', async () => {
    const crd = { apiVersion: 'apiextensions.k8s.io/v1', kind: 'CustomResourceDefinition', metadata: { name: 'rests.rest.example.com' }, spec: { group: 'rest.example.com', scope: 'Namespaced', names: { plural: 'rests', singular: 'rest', kind: 'Rest', listKind: 'RestList' }, versions: [{ name: 'v1', served: true, storage: true, schema: { openAPIV3Schema: { type: 'object', 'x-kubernetes-preserve-unknown-fields': true } } }] } };
    expect((await send('/apis/apiextensions.k8s.io/v1/customresourcedefinitions', crd)).status).toBe(201);
    const path = '/apis/rest.example.com/v1/namespaces/default/rests';
    await expect.poll(async () => (await api.call(path)).status, { timeout: 5000 }).toBe(200);
    expect((await send(path, { apiVersion: 'rest.example.com/v1', kind: 'Rest', metadata: { name: 'r' }, spec: 1 })).status).toBe(201);
    const both = 'application/vnd.kubernetes.protobuf;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1,application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1,application/json';
    const r = await accept(path, both);
    expect(r.json()).toMatchObject({ kind: 'PartialObjectMetadataList', apiVersion: 'meta.k8s.io/v1', items: [{ kind: 'PartialObjectMetadata', apiVersion: 'meta.k8s.io/v1', metadata: { name: 'r' } }] });
    expect(r.text).not.toContain('"spec"');
    // And as protobuf to who takes nothing else.
    const binary = await accept(path, 'application/vnd.kubernetes.protobuf;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1');
    expect([binary.status, binary.headers['content-type'], binary.body.subarray(0, 4).toString('latin1'), binary.text.includes('PartialObjectMetadataList')]).toEqual([200, 'application/vnd.kubernetes.protobuf', 'k8s\0', true]);
  });

  test('14.10 protected groups need an approval', async () => {
    const crd = (annotations: object): object => ({ apiVersion: 'apiextensions.k8s.io/v1', kind: 'CustomResourceDefinition', metadata: { name: 'rests.rest.k8s.io', annotations }, spec: { group: 'rest.k8s.io', scope: 'Namespaced', names: { plural: 'rests', kind: 'Rest' }, versions: [{ name: 'v1', served: true, storage: true, schema: { openAPIV3Schema: { type: 'object' } } }] } });
    const path = '/apis/apiextensions.k8s.io/v1/customresourcedefinitions?dryRun=All';
    const refused = await send(path, crd({}));
    expect([refused.status, refused.json<{ message: string }>().message]).toEqual([422, expect.stringContaining('protected groups must have approval annotation "api-approved.kubernetes.io"')]);
    expect((await send(path, crd({ 'api-approved.kubernetes.io': 'https://github.com/kubernetes/kubernetes/pull/1' }))).status).toBe(201);
  });

  test('12.4 every namespace carries its name as a label, whatever a client does to it (trap 25)', async () => {
    const made = await send('/api/v1/namespaces', { metadata: { name: 'labelled', labels: { a: 'b' } } });
    expect(made.json()).toMatchObject({ metadata: { labels: { a: 'b', 'kubernetes.io/metadata.name': 'labelled' } } });
    const patched = await api.call('/api/v1/namespaces/labelled', { method: 'PATCH', body: '{"metadata":{"labels":null}}', headers: { 'content-type': 'application/merge-patch+json' } });
    expect(patched.json<{ metadata: { labels: unknown } }>().metadata.labels).toEqual({ 'kubernetes.io/metadata.name': 'labelled' });
  });
});

describe('upgrades', () => {
  const shake = async (method: string, path: string, headers: Record<string, string>, token = 'test-token'): Promise<string> => {
    const s = connect({ host: '127.0.0.1', port: api.port, ca: api.pki.ca.cert, ALPNProtocols: ['http/1.1'] });
    await once(s, 'secureConnect');
    s.write(`${method} ${path} HTTP/1.1\r\nhost: x\r\nauthorization: Bearer ${token}\r\n${Object.entries(headers).map(([k, v]) => `${k}: ${v}\r\n`).join('')}\r\n`);
    let text = '';
    s.on('data', (d: Buffer) => { text += d.toString('latin1'); });
    await expect.poll(() => text, { timeout: 5000 }).toMatch(/\r\n\r\n/);
    s.destroy();
    return text;
  };
  const WS = { connection: 'Upgrade', upgrade: 'websocket', 'sec-websocket-version': '13', 'sec-websocket-key': 'AAAAAAAAAAAAAAAAAAAAAA==', 'sec-websocket-protocol': 'v5.channel.k8s.io' };

  test('10.9 to execute by WebSocket is a get for those who may create, by SPDY a create', async () => {
    const RBAC = '/apis/rbac.authorization.k8s.io/v1/namespaces/default';
    await send(`${NS}/serviceaccounts`, { metadata: { name: 'looker' } });
    const token = (await send(`${NS}/serviceaccounts/looker/token`, { spec: {} })).json<{ status: { token: string } }>().status.token;
    const exec = `${NS}/pods/none/exec?command=true&stdout=1`;
    const spdy = { connection: 'Upgrade', upgrade: 'SPDY/3.1', 'x-stream-protocol-version': 'v4.channel.k8s.io', 'content-length': '0' };
    expect(await shake('GET', exec, WS, token)).toMatch(/^HTTP\/1\.1 403 [^]*cannot (?:get|create) resource \\"pods\/exec\\"/);
    expect(await shake('POST', exec, spdy, token)).toMatch(/^HTTP\/1\.1 403 [^]*cannot create resource \\"pods\/exec\\"/);
    await send(`${RBAC}/roles`, { metadata: { name: 'exec' }, rules: [{ apiGroups: [''], resources: ['pods/exec'], verbs: ['get', 'create'] }] });
    await send(`${RBAC}/rolebindings`, { metadata: { name: 'exec' }, roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'Role', name: 'exec' }, subjects: [{ kind: 'ServiceAccount', name: 'looker', namespace: 'default' }] });
    // Now what is missing is the node (this server has none), and that is said before anything is upgraded.
    await expect.poll(() => shake('GET', exec, WS, token), { timeout: 5000 }).toMatch(/^HTTP\/1\.1 (?!403|101)/);
    expect(await shake('POST', exec, spdy, token)).toMatch(/^HTTP\/1\.1 (?!403|101)/);
  });
});

test('16 apply --prune finds every kind it looks for (trap 28)', async () => {
  const k = new Kube(kubectls().at(-1)!.binary, api.kubeconfig);
  expect(await k.run(['apply', '--prune', '-l', 'prune=rest', '-f', '-'], 'apiVersion: v1\nkind: ConfigMap\nmetadata: {name: pruned, labels: {prune: rest}}\n')).toContain('configmap/pruned created');
});

// Kubernetes' built-in admission plug-ins as clients meet them over HTTP (contract 12.1 to 12.3); those of certificates are in certificates.test.ts.
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { KeyPair } from '../../core/boot/pki.ts';
import { TestApi, type Reply } from '../harness/api-server.ts';

let api: TestApi, node: KeyPair;
const NS = '/api/v1/namespaces/plugins';
type Json = Record<string, unknown>;
const post = (path: string, body: object): Promise<Reply> => api.call(path, { body: JSON.stringify(body) });
async function made<T = { metadata: Json; spec: Json }>(path: string, body: object): Promise<T> { const r = await post(path, body); expect(r.status, r.text).toBe(201); return r.json<T>(); }
const refused = (r: Reply): [number, string] => [r.status, r.json<{ message: string }>().message];
const pod = (name: string, spec: object = {}, container: object = {}): object => ({ metadata: { name }, spec: { containers: [{ name: 'c', image: 'i:1', ...container }], ...spec } });

beforeAll(async () => {
  api = await TestApi.start();
  node = await api.pki.issue('node', { commonName: 'system:node:n1', organizations: ['system:nodes'] });
  await made('/api/v1/namespaces', { metadata: { name: 'plugins' } });
  await made(`${NS}/serviceaccounts`, { metadata: { name: 'default' } });
});
afterAll(() => api.stop());

describe('pods', () => {
  it('12.2, 12.3 get their account, its token, tolerations and a priority', async () => {
    const { spec } = await made(`${NS}/pods`, pod('p'));
    expect(spec).toMatchObject({ serviceAccountName: 'default', priority: 0, preemptionPolicy: 'PreemptLowerPriority', tolerations: [{ key: 'node.kubernetes.io/not-ready', tolerationSeconds: 300 }, { key: 'node.kubernetes.io/unreachable', tolerationSeconds: 300 }] });
    expect(spec['containers']).toMatchObject([{ volumeMounts: [{ mountPath: '/var/run/secrets/kubernetes.io/serviceaccount', readOnly: true }] }]);
    expect(refused(await post(`${NS}/pods`, pod('x', { serviceAccountName: 'nobody' })))).toEqual([403, 'pods "x" is forbidden: error looking up service account plugins/nobody: serviceaccount "nobody" not found']);
    await made('/apis/scheduling.k8s.io/v1/priorityclasses', { metadata: { name: 'high' }, value: 1000, preemptionPolicy: 'Never' });
    expect((await made(`${NS}/pods`, pod('high', { priorityClassName: 'high' }))).spec).toMatchObject({ priority: 1000, preemptionPolicy: 'Never' });
    expect(refused(await post(`${NS}/pods`, pod('x', { priorityClassName: 'none' })))).toEqual([403, 'pods "x" is forbidden: no PriorityClass with name none was found']);
  });

  it('12.3 keep to limits, to quotas, to the level of their namespace, and get what their class costs', async () => {
    await made(`${NS}/limitranges`, { metadata: { name: 'l' }, spec: { limits: [{ type: 'Container', default: { cpu: '200m' }, defaultRequest: { cpu: '100m' }, max: { cpu: '500m' } }] } });
    expect((await made(`${NS}/pods`, pod('limited'))).spec['containers']).toMatchObject([{ resources: { limits: { cpu: '200m' }, requests: { cpu: '100m' } } }]);
    expect(refused(await post(`${NS}/pods`, pod('x', {}, { resources: { limits: { cpu: '1' } } })))).toEqual([403, 'pods "x" is forbidden: maximum cpu usage per Container is 500m, but limit is 1']);
    await made(`${NS}/resourcequotas`, { metadata: { name: 'q' }, spec: { hard: { 'count/configmaps': '0' } } });
    expect(refused(await post(`${NS}/configmaps`, { metadata: { name: 'c' } }))).toEqual([403, 'configmaps "c" is forbidden: exceeded quota: q, requested: count/configmaps=1, used: count/configmaps=0, limited: count/configmaps=0']);
    await made('/apis/node.k8s.io/v1/runtimeclasses', { metadata: { name: 'heavy' }, handler: 'h', overhead: { podFixed: { memory: '64Mi' } } });
    expect((await made(`${NS}/pods`, pod('heavy', { runtimeClassName: 'heavy' }))).spec).toMatchObject({ overhead: { memory: '64Mi' } });
    await made('/api/v1/namespaces', { metadata: { name: 'strict', labels: { 'pod-security.kubernetes.io/enforce': 'baseline', 'pod-security.kubernetes.io/warn': 'restricted' } } });
    await made('/api/v1/namespaces/strict/serviceaccounts', { metadata: { name: 'default' } });
    expect(refused(await post('/api/v1/namespaces/strict/pods', pod('x', { hostNetwork: true })))[1]).toBe('pods "x" is forbidden: violates PodSecurity "baseline:latest": host namespaces (hostNetwork=true)');
    expect(String((await post('/api/v1/namespaces/strict/pods', pod('y'))).headers['warning'])).toContain('would violate PodSecurity \\"restricted:latest\\"');
  });
});

it('12.1 namespaces must be there, and some stay', async () => {
  expect(refused(await post('/api/v1/namespaces/nowhere/pods', pod('p')))).toEqual([404, 'namespaces "nowhere" not found']);
  const r = await api.call('/api/v1/namespaces/kube-system', { method: 'DELETE' });
  expect(refused(r)).toEqual([403, 'namespaces "kube-system" is forbidden: this namespace may not be deleted']);
});

it('12.3 claims get the default class and are protected; new nodes take nothing yet; ingresses get their class', async () => {
  await made('/apis/storage.k8s.io/v1/storageclasses', { metadata: { name: 'fast', annotations: { 'storageclass.kubernetes.io/is-default-class': 'true' } }, provisioner: 'x/y' });
  const claim = await made(`${NS}/persistentvolumeclaims`, { metadata: { name: 'c' }, spec: { accessModes: ['ReadWriteOnce'], resources: { requests: { storage: '1Gi' } } } });
  expect([claim.spec['storageClassName'], claim.metadata['finalizers']]).toEqual(['fast', ['kubernetes.io/pvc-protection']]);
  expect((await made('/api/v1/nodes', { metadata: { name: 'n1' } })).spec).toMatchObject({ taints: [{ key: 'node.kubernetes.io/not-ready', effect: 'NoSchedule' }] });
  await made('/apis/networking.k8s.io/v1/ingressclasses', { metadata: { name: 'main', annotations: { 'ingressclass.kubernetes.io/is-default-class': 'true' } }, spec: { controller: 'x/y' } });
  expect((await made('/apis/networking.k8s.io/v1/namespaces/plugins/ingresses', { metadata: { name: 'i' }, spec: { defaultBackend: { service: { name: 's', port: { number: 80 } } } } })).spec).toMatchObject({ ingressClassName: 'main' });
});

it('12.3 nodes change themselves only', async () => {
  await made('/api/v1/nodes', { metadata: { name: 'n2' } });
  const label = (name: string, key: string): Promise<Reply> => api.call(`/api/v1/nodes/${name}`, { method: 'PATCH', cert: node, body: JSON.stringify({ metadata: { labels: { [key]: 'x' } } }), headers: { 'content-type': 'application/merge-patch+json' } });
  expect((await label('n1', 'example.com/rack')).status).toBe(200);
  expect((await label('n1', 'node-restriction.kubernetes.io/team')).status).toBe(403);
  expect(refused(await label('n2', 'example.com/rack'))[1]).toBe('nodes "n2" is forbidden: node "n1" is not allowed to modify node "n2"');
});

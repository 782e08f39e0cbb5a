// Kinds answered from elsewhere, and versions that share a store: metrics.k8s.io, componentstatuses, bindings, beta twins.
import { afterAll, beforeAll, expect, test } from 'vitest';
import { decodeProtobuf } from '../../core/apiserver/codec/protobuf.ts';
import type { Measured } from '../../core/apiserver/virtual/node-stats.ts';
import { TestApi } from '../harness/api-server.ts';
import { Kube, kubectls } from '../harness/kubectl.ts';

let api: TestApi, uid = '';
const measured = (): Map<string, Measured> => new Map([['n1', {
  time: '2026-01-01T00:00:00Z', windowMs: 10_039, node: { cpu: { usageNanoCores: 163_930_906 }, memory: { workingSetBytes: 1_146_076 * 1024 } },
  pods: new Map([[uid, [{ name: 'web', cpu: { usageNanoCores: 5_000_000 }, memory: { workingSetBytes: 64 * 1024 * 1024 } }]]]),
}]]);

beforeAll(async () => {
  api = await TestApi.start({ nodeStats: () => ({ of: async () => measured() }) });
  const post = (path: string, body: object) => api.call(path, { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) });
  for (const name of ['n1', 'n2']) await post('/api/v1/nodes', { metadata: { name, labels: { zone: name } }, status: { capacity: { cpu: '2', memory: '4Gi' }, allocatable: { cpu: '2', memory: '4Gi' } } });
  const pod = (await post('/api/v1/namespaces/default/pods', { metadata: { name: 'web', labels: { app: 'web' } }, spec: { containers: [{ name: 'web', image: 'nginx' }] } })).json<{ metadata: { uid: string } }>();
  uid = pod.metadata.uid;
  expect((await post('/api/v1/namespaces/default/bindings', { metadata: { name: 'web' }, target: { kind: 'Node', name: 'n1' } })).status).toBe(201);
  const status = await api.call('/api/v1/namespaces/default/pods/web/status', { method: 'PATCH', headers: { 'content-type': 'application/merge-patch+json' }, body: '{"status":{"phase":"Running"}}' });
  expect(status.status).toBe(200);
});
afterAll(() => api.stop());

test('9.7 a Binding at /bindings puts the pod on its node', async () => {
  expect((await api.call('/api/v1/namespaces/default/pods/web')).json()).toMatchObject({ spec: { nodeName: 'n1' } });
});

test('15.3 nodes and pods have metrics in the words of metrics-server', async () => {
  expect((await api.call('/apis/metrics.k8s.io/v1beta1/nodes')).json()).toEqual({
    kind: 'NodeMetricsList', apiVersion: 'metrics.k8s.io/v1beta1', metadata: {},
    items: [{ metadata: { name: 'n1', creationTimestamp: '2026-01-01T00:00:00Z', labels: { zone: 'n1' } }, timestamp: '2026-01-01T00:00:00Z', window: '10.039s', usage: { cpu: '163930906n', memory: '1146076Ki' } }],
  });
  expect((await api.call('/apis/metrics.k8s.io/v1beta1/namespaces/default/pods/web')).json()).toMatchObject({ kind: 'PodMetrics', apiVersion: 'metrics.k8s.io/v1beta1', containers: [{ name: 'web', usage: { cpu: '5m', memory: '64Mi' } }] });
  expect((await api.call('/apis/metrics.k8s.io/v1beta1/pods?labelSelector=app%3Dother')).json()).toMatchObject({ items: [] });
  expect((await api.call('/apis/metrics.k8s.io/v1beta1/pods?fieldSelector=metadata.name%3Dweb')).json<{ items: object[] }>().items).toHaveLength(1);
});

test('what has no metrics is not found, and nothing can be watched or written', async () => {
  expect((await api.call('/apis/metrics.k8s.io/v1beta1/nodes/n2')).json()).toMatchObject({ code: 404, message: 'nodemetrics.metrics.k8s.io "n2" not found' });
  expect((await api.call('/apis/metrics.k8s.io/v1beta1/nodes?watch=1')).status).toBe(405);
  expect((await api.call('/apis/metrics.k8s.io/v1beta1/nodes/n1', { method: 'DELETE' })).status).toBe(405);
});

test('protobuf of metrics carries the window as nanoseconds', async () => {
  const r = await api.call('/apis/metrics.k8s.io/v1beta1/nodes/n1', { headers: { accept: 'application/vnd.kubernetes.protobuf' } });
  expect(r.status).toBe(200);
  expect(decodeProtobuf(r.body, undefined)).toMatchObject({ kind: 'NodeMetrics', window: '10.039s', usage: { memory: '1146076Ki' } });
});

test('15.3, 16 kubectl top and get', async () => {
  const kube = new Kube(kubectls().at(-1)!.binary, api.kubeconfig);
  expect((await kube.try(['top', 'nodes'])).stdout).toMatch(/n1 +164m +8% +1119Mi +27%/);
  expect((await kube.try(['top', 'pods', '--containers'])).stdout).toMatch(/web +web +5m +64Mi/);
  expect((await kube.try(['get', 'pods.metrics.k8s.io'])).stdout).toMatch(/NAME +CPU +MEMORY +WINDOW\nweb +5m +64Mi +10.039s/);
  const cs = await kube.try(['get', 'cs']);
  expect(cs.stdout).toMatch(/NAME +STATUS +MESSAGE +ERROR\n(.*\n)*etcd-0 +Healthy +ok/);
  expect(cs.stderr).toContain('Warning: v1 ComponentStatus is deprecated in v1.19+');
});

test('beta versions are the stable objects in their own shape', async () => {
  const json = { 'content-type': 'application/json' };
  const made = await api.call('/apis/resource.k8s.io/v1beta1/namespaces/default/resourceclaims', { method: 'POST', headers: json, body: JSON.stringify({ metadata: { name: 'gpu' }, spec: { devices: { requests: [{ name: 'a', deviceClassName: 'gpu' }] } } }) });
  expect(made.status).toBe(201);
  expect(made.headers['warning']).toContain('resource.k8s.io/v1beta1 ResourceClaim is deprecated');
  expect(made.json()).toMatchObject({ apiVersion: 'resource.k8s.io/v1beta1', spec: { devices: { requests: [{ name: 'a', deviceClassName: 'gpu', allocationMode: 'ExactCount', count: 1 }] } } });
  expect((await api.call('/apis/resource.k8s.io/v1/namespaces/default/resourceclaims/gpu')).json()).toMatchObject({ apiVersion: 'resource.k8s.io/v1', spec: { devices: { requests: [{ name: 'a', exactly: { deviceClassName: 'gpu', allocationMode: 'ExactCount', count: 1 } }] } } });
  const list = (await api.call('/apis/resource.k8s.io/v1beta2/resourceclaims')).json<{ kind: string; apiVersion: string; items: { spec: object }[] }>();
  expect(list).toMatchObject({ kind: 'ResourceClaimList', apiVersion: 'resource.k8s.io/v1beta2', items: [{ spec: { devices: { requests: [{ name: 'a', exactly: { count: 1 } }] } } }] });
  const changed = await api.call('/apis/resource.k8s.io/v1beta1/namespaces/default/resourceclaims/gpu', { method: 'PATCH', headers: { 'content-type': 'application/merge-patch+json' }, body: '{"spec":{"devices":{"requests":[]}}}' });
  expect(changed.json()).toMatchObject({ code: 422, message: expect.stringContaining('field is immutable') });
});

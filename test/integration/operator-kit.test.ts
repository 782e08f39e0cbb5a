// The operator kit of resources/examples/operator against a real API server, with the rights of its own role and no others: what the
// controller does to a Memcached, its queue, its lease, its figures. Pods are put there by the test. As a pod, with everything: story W18.
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { AppsV1Api, AuthorizationV1Api, CoordinationV1Api, CoreV1Api, CustomObjectsApi, KubeConfig, PatchStrategy, RbacAuthorizationV1Api, setHeaderOptions, type ApiException, type V1Deployment } from '@kubernetes/client-node';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { exampleCalls } from '../../electron/gateway/examples.ts';
import type { ClusterSource } from '../../electron/gateway/seam.ts';
import { Elector } from '../../resources/examples/operator/controller/kit/elector.ts';
import { lead } from '../../resources/examples/operator/controller/kit/lead.ts';
import { createLog } from '../../resources/examples/operator/controller/kit/log.ts';
import { Queue } from '../../resources/examples/operator/controller/kit/queue.ts';
import { serveHealth, serveMetrics } from '../../resources/examples/operator/controller/kit/serve.ts';
import type { Controller } from '../../resources/examples/operator/controller/kit/controller.ts';
import type { Memcached } from '../../resources/examples/operator/controller/memcached.ts';
import { memcachedController } from '../../resources/examples/operator/controller/reconciler.ts';
import { TestApi } from '../harness/api-server.ts';
import { eventually } from '../harness/host.ts';

const SYSTEM = 'memcached-operator-system', ACCOUNT = 'memcached-operator-controller-manager', EXAMPLES = join(import.meta.dirname, '../../resources/examples');
const KIND = { group: 'cache.example.com', version: 'v1alpha1', plural: 'memcacheds' } as const;
const said: string[] = [], log = createLog(line => { said.push(line); });
let api: TestApi, admin: KubeConfig, own: KubeConfig, core: CoreV1Api, apps: AppsV1Api, custom: CustomObjectsApi, controller: Controller, asked = 0;
let start: (cluster: string) => Promise<{ lines: string[]; namespace: string }>;

const withToken = (t: string): KubeConfig => {
  const c = new KubeConfig();
  c.loadFromOptions({ clusters: [{ name: 'c', server: `https://127.0.0.1:${api.port}`, caData: Buffer.from(api.pki.ca.cert).toString('base64') }], users: [{ name: 'u', token: t }], contexts: [{ name: 'x', cluster: 'c', user: 'u' }], currentContext: 'x' });
  return c;
};
const tokenOf = async (namespace: string, name: string): Promise<string> => (await core.createNamespacedServiceAccountToken({ namespace, name, body: { spec: { audiences: [], expirationSeconds: 3600 } } })).status?.token ?? '';
const memcached = async (name: string, namespace: string): Promise<Memcached> => await custom.getNamespacedCustomObject({ ...KIND, namespace, name }) as Memcached;
const create = (namespace: string, name: string, spec: object): Promise<unknown> => custom.createNamespacedCustomObject({ ...KIND, namespace, body: { apiVersion: 'cache.example.com/v1alpha1', kind: 'Memcached', metadata: { name }, spec } });
const resize = (name: string, namespace: string, size: number): Promise<unknown> => custom.patchNamespacedCustomObject({ ...KIND, namespace, name, body: { spec: { size } } }, setHeaderOptions('Content-Type', PatchStrategy.MergePatch));
const deployment = (name: string, namespace: string, ok: (d: V1Deployment) => boolean = () => true): Promise<V1Deployment> =>
  eventually(`Deployment ${name}`, async () => { const d = await apps.readNamespacedDeployment({ name, namespace }); return ok(d) && d; });
const events = async (namespace: string): Promise<string[]> => (await core.listNamespacedEvent({ namespace })).items.map(e => `${e.type} ${e.reason} ${e.involvedObject.kind}/${e.involvedObject.name} ${e.message}`);
const putPod = async (d: V1Deployment, name: string): Promise<void> => {
  const { namespace = '' } = d.metadata ?? {};
  const pod = await core.createNamespacedPod({ namespace, body: { ...d.spec?.template, metadata: { ...d.spec?.template.metadata, name } } });
  pod.status = { phase: 'Running', conditions: [{ type: 'Ready', status: 'True' }] };
  await core.replaceNamespacedPodStatus({ namespace, name, body: pod });
};

beforeAll(async () => {
  api = await TestApi.start();
  admin = new KubeConfig();
  admin.loadFromFile(api.kubeconfig);
  core = admin.makeApiClient(CoreV1Api); apps = admin.makeApiClient(AppsV1Api); custom = admin.makeApiClient(CustomObjectsApi);
  const clusters = { list: () => [{ id: 'mine' }, { id: 'guarded', protected: true }], onChange: () => () => undefined, upstream: () => ({ transport: api.server.localTransport({ name: 'admin', groups: ['system:masters'] }) }) } as unknown as ClusterSource;
  const calls = exampleCalls(EXAMPLES, clusters, async () => { asked++; await new Promise(resolve => { setTimeout(resolve, 5); }); });
  start = cluster => calls['examples.start']!({ cluster, name: 'operator' }) as Promise<{ lines: string[]; namespace: string }>;
});
afterAll(async () => { await controller?.stop(); await api.stop(); });

test('W18, OP09: one click makes namespace, kind, roles, configuration and controller, and then a Memcached of the new kind; another click changes nothing', async () => {
  const first = await start('mine');
  expect(first.namespace).toBe(SYSTEM);
  expect(first.lines).toEqual(expect.arrayContaining([`namespace/${SYSTEM} created`, 'customresourcedefinition.apiextensions.k8s.io/memcacheds.cache.example.com created', `deployment.apps/${ACCOUNT} created`]));
  expect(first.lines.at(-1)).toBe('memcached.cache.example.com/memcached-sample created');
  const before = await apps.readNamespacedDeployment({ name: ACCOUNT, namespace: SYSTEM });
  const again = await start('mine');
  expect(again.lines).toHaveLength(first.lines.length);
  expect(again.lines.every(l => l.endsWith(' configured'))).toBe(true);
  expect((await apps.readNamespacedDeployment({ name: ACCOUNT, namespace: SYSTEM })).metadata?.generation).toBe(before.metadata?.generation);
  await expect(start('guarded')).rejects.toThrow('protected');
  expect(asked).toBeLessThan(50);
});

test('OP11, OP12: the controller makes a Deployment that belongs to the Memcached, and says so in its log and an event', async () => {
  // A namespace's default account is made by a controller, which does not run here.
  await core.createNamespacedServiceAccount({ namespace: SYSTEM, body: { metadata: { name: 'default' } } });
  own = withToken(await tokenOf(SYSTEM, ACCOUNT));
  controller = memcachedController({ config: own, log, identity: 'test', image: 'memcached:1.6', workers: 2 });
  await controller.start();
  const d = await deployment('memcached-sample', SYSTEM), m = await memcached('memcached-sample', SYSTEM);
  expect(d.metadata?.ownerReferences).toEqual([{ apiVersion: 'cache.example.com/v1alpha1', kind: 'Memcached', name: 'memcached-sample', uid: m.metadata?.uid, controller: true, blockOwnerDeletion: true }]);
  expect(d.spec?.replicas).toBe(1);
  expect(said.find(l => l.includes('Creating a new Deployment'))).toMatch(/\tINFO\tCreating a new Deployment\t\{"Deployment\.Namespace":"memcached-operator-system","Deployment\.Name":"memcached-sample"\}/);
  await eventually('event', async () => (await events(SYSTEM)).includes('Normal Created Memcached/memcached-sample Created Deployment memcached-sample'));
});

test('OP06, OP13: size by patch, by scale and below 0; status.nodes follows the pods', async () => {
  await resize('memcached-sample', SYSTEM, 3);
  const d = await deployment('memcached-sample', SYSTEM, x => x.spec?.replicas === 3);
  for (const n of ['b', 'a', 'c']) await putPod(d, `memcached-sample-${n}`);
  const m = await eventually('three nodes', async () => { const x = await memcached('memcached-sample', SYSTEM); return x.status?.readyReplicas === 3 && x; });
  expect(m.status).toMatchObject({ nodes: ['memcached-sample-a', 'memcached-sample-b', 'memcached-sample-c'], replicas: 3, observedGeneration: 2, conditions: [{ type: 'Available', status: 'True', reason: 'AllReady', message: '3 of 3 servers are ready' }] });
  const e = await resize('memcached-sample', SYSTEM, -1).then(() => undefined, (x: ApiException<string>) => x);
  expect([e?.code, String(e?.body)]).toEqual([422, expect.stringContaining('spec.size in body should be greater than or equal to 0')]);
  await custom.patchNamespacedCustomObjectScale({ ...KIND, namespace: SYSTEM, name: 'memcached-sample', body: { spec: { replicas: 2 } } }, setHeaderOptions('Content-Type', PatchStrategy.MergePatch));
  await deployment('memcached-sample', SYSTEM, x => x.spec?.replicas === 2);
  expect(await custom.getNamespacedCustomObjectScale({ ...KIND, namespace: SYSTEM, name: 'memcached-sample' })).toMatchObject({ spec: { replicas: 2 }, status: { replicas: 3, selector: expect.stringContaining('app.kubernetes.io/instance=memcached-sample') } });
  await core.deleteNamespacedPod({ namespace: SYSTEM, name: 'memcached-sample-b', gracePeriodSeconds: 0 });
  await eventually('two nodes', async () => (await memcached('memcached-sample', SYSTEM)).status?.nodes.join() === 'memcached-sample-a,memcached-sample-c');
  // Nothing to do: nothing is written.
  const { resourceVersion } = (await memcached('memcached-sample', SYSTEM)).metadata ?? {};
  controller.queue.add(`${SYSTEM}/memcached-sample`);
  await eventually('looked', () => controller.queue.length === 0);
  expect((await memcached('memcached-sample', SYSTEM)).metadata?.resourceVersion).toBe(resourceVersion);
});

test('what others do to the Deployment is put right: scaled, deleted, in the way', async () => {
  const before = await deployment('memcached-sample', SYSTEM);
  await apps.patchNamespacedDeployment({ name: 'memcached-sample', namespace: SYSTEM, body: { metadata: { labels: { mine: 'yes' } }, spec: { replicas: 7 } } }, setHeaderOptions('Content-Type', PatchStrategy.MergePatch));
  expect((await deployment('memcached-sample', SYSTEM, d => d.spec?.replicas === 2)).metadata?.labels?.['mine']).toBe('yes');
  await apps.deleteNamespacedDeployment({ name: 'memcached-sample', namespace: SYSTEM });
  expect((await deployment('memcached-sample', SYSTEM)).metadata?.uid).not.toBe(before.metadata?.uid);

  const labels = { app: 'theirs' };
  await apps.createNamespacedDeployment({ namespace: 'default', body: { metadata: { name: 'taken' }, spec: { selector: { matchLabels: labels }, template: { metadata: { labels }, spec: { containers: [{ name: 'c', image: 'i' }] } } } } });
  await create('default', 'taken', { size: 0 });
  await eventually('a warning', async () => (await events('default')).includes('Warning NotOurs Memcached/taken Deployment taken is there and does not belong to this Memcached'));
  expect((await apps.readNamespacedDeployment({ name: 'taken', namespace: 'default' })).metadata?.ownerReferences).toBeUndefined();
  await apps.deleteNamespacedDeployment({ name: 'taken', namespace: 'default' });
  await deployment('taken', 'default', d => d.metadata?.ownerReferences?.[0]?.kind === 'Memcached');
  await eventually('available with none', async () => (await memcached('taken', 'default')).status?.conditions[0]?.status === 'True');
});

test('RB02, RB06: its role gives no more; its figures are for those whom the API server knows and lets', async () => {
  const can = async (verb: string, resource: string, group = ''): Promise<boolean | undefined> => (await own.makeApiClient(AuthorizationV1Api).createSelfSubjectAccessReview({ body: { spec: { resourceAttributes: { verb, resource, group, namespace: 'default' } } } })).status?.allowed;
  expect([await can('list', 'pods'), await can('delete', 'pods'), await can('get', 'secrets'), await can('delete', 'deployments', 'apps'), await can('update', 'memcacheds', 'cache.example.com')]).toEqual([true, false, false, false, false]);
  let why: string | undefined = 'not yet';
  const health = await serveHealth(0, () => why), metrics = await serveMetrics(0, own, log, () => 'controller_reconcile_total{result="success"} 1\n');
  const url = (s: typeof health): string => `http://127.0.0.1:${(s.address() as AddressInfo).port}`;
  try {
    const ask = async (path: string, t?: string): Promise<[number, string]> => { const r = await fetch(path, t === undefined ? {} : { headers: { authorization: `Bearer ${t}` } }); return [r.status, (await r.text()).trim()]; };
    expect([await ask(`${url(health)}/healthz`), await ask(`${url(health)}/readyz`), await ask(`${url(health)}/x`)]).toEqual([[200, 'ok'], [503, 'not yet'], [404, 'not found']]);
    why = undefined;
    expect(await ask(`${url(health)}/readyz`)).toEqual([200, 'ok']);
    const reader = await tokenOf('default', 'default');
    expect([(await ask(`${url(metrics)}/metrics`))[0], (await ask(`${url(metrics)}/metrics`, 'nonsense'))[0], (await ask(`${url(metrics)}/metrics`, reader))[0]]).toEqual([401, 401, 403]);
    await admin.makeApiClient(RbacAuthorizationV1Api).createClusterRoleBinding({ body: { metadata: { name: 'reads-metrics' }, roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: 'memcached-operator-metrics-reader' }, subjects: [{ kind: 'ServiceAccount', name: 'default', namespace: 'default' }] } });
    await eventually('allowed', async () => (await ask(`${url(metrics)}/metrics`, reader))[1] === 'controller_reconcile_total{result="success"} 1');
  } finally { health.close(); metrics.close(); }
});

test('OP12: of two copies one leads; the other follows when that one leaves', async () => {
  const told: string[] = [];
  const contender = (identity: string): { stop(): Promise<void> } => lead({
    elector: new Elector(own.makeApiClient(CoordinationV1Api), { namespace: SYSTEM, name: 'memcached-operator', identity, seconds: 15, now: () => performance.now() }),
    seconds: 5, log, started() { told.push(`${identity} leads`); }, lost() { told.push(`${identity} lost`); },
  });
  const a = contender('a');
  await eventually('a leads', () => told.includes('a leads'));
  const b = contender('b');
  try {
    await a.stop();
    await eventually('b leads', () => told.includes('b leads'));
    expect(told).toEqual(['a leads', 'b leads']);
  } finally { await b.stop(); }
  expect((await admin.makeApiClient(CoordinationV1Api).readNamespacedLease({ namespace: SYSTEM, name: 'memcached-operator' })).spec?.holderIdentity).toBe('');
});

test('the queue: a key once however often it is added, never in two hands, later after each failure', async () => {
  const due: { ms: number; run: () => void }[] = [];
  const q = new Queue({ base: 10, max: 30, later: (ms, run) => { due.push({ ms, run }); } });
  for (const k of ['a', 'a', 'b', 'a']) q.add(k);
  expect(q.length).toBe(2);
  expect([await q.take(), await q.take()]).toEqual(['a', 'b']);
  q.add('a');
  expect(q.length).toBe(0);
  expect(q.done('a')).toBe(0);
  expect(await q.take()).toBe('a');
  for (const wait of [10, 20, 30, 30]) {
    expect(q.done('a', true)).toBe(wait);
    const again = due.pop();
    expect(again?.ms).toBe(wait);
    again?.run();
    expect(await q.take()).toBe('a');
  }
  q.done('a');
  q.add('a');
  expect(await q.take()).toBe('a');
  expect(q.done('a', true)).toBe(10);
  const waits = q.take();
  q.close();
  expect([await waits, await q.take()]).toEqual([undefined, undefined]);
});

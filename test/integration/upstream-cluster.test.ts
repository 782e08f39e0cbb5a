// What Kubernetes' conformance suite asks of the small controllers (test/e2e/{apimachinery,network,node,auth}): the garbage collector, namespaces that end, endpoint slices, taints.
// One control plane for all, each case in a namespace of its own.
import { afterAll, beforeAll, expect, it } from 'vitest';
import { customResourceDefinition as crdKind } from '../../core/api/kinds/apiextensions/custom-resource-definition.ts';
import { deployment as deploymentKind } from '../../core/api/kinds/apps/deployment.ts';
import { replicaSet as replicaSetKind } from '../../core/api/kinds/apps/replica-set.ts';
import { configMap as configMapKind } from '../../core/api/kinds/core/config-map.ts';
import { endpoints as endpointsKind } from '../../core/api/kinds/core/endpoints.ts';
import { event as eventKind } from '../../core/api/kinds/core/event.ts';
import { namespace as namespaceKind } from '../../core/api/kinds/core/namespace.ts';
import { node as nodeKind } from '../../core/api/kinds/core/node.ts';
import { pod as podKind } from '../../core/api/kinds/core/pod.ts';
import { replicationController as rcKind } from '../../core/api/kinds/core/replication-controller.ts';
import { secret as secretKind } from '../../core/api/kinds/core/secret.ts';
import { serviceAccount as accountKind } from '../../core/api/kinds/core/service-account.ts';
import { service as serviceKind } from '../../core/api/kinds/core/service.ts';
import { endpointSlice as sliceKind } from '../../core/api/kinds/discovery/endpoint-slice.ts';
import { clusterRole as roleKind } from '../../core/api/kinds/rbac/cluster-role.ts';
import type { KubeObject, OwnerReference, ResourceType } from '../../core/api/meta/object.ts';
import type { ClusterRole, ConfigMap, CoreEvent, Endpoints, EndpointSlice, Namespace, Pod, PodSpec, ReplicationController, Secret, ServiceAccount } from '../../core/api/types/kubernetes.ts';
import { controlPlane, type ControlPlane } from '../harness/control-plane.ts';

let c: ControlPlane, ns = '', serial = 0;
beforeAll(async () => { c = await controlPlane(['n1', 'n2'], { signSecretToken: async (_, a) => `token of ${a.name}` }); });
afterAll(async () => { await c.stop(); expect(c.complaints).toEqual([]); });

/** A namespace of a case's own. */
async function fresh(): Promise<void> { ns = `case-${++serial}`; await make(namespaceKind, { metadata: { name: ns } }); }
const make = <T extends KubeObject>(r: ResourceType, o: T): Promise<T> => c.during(c.client.create<T>(r, (r.namespaced ? { ...o, metadata: { ...o.metadata, namespace: ns } } : o) as T));
const get = <T extends KubeObject>(r: ResourceType, name: string): Promise<T | undefined> => c.get<T>(r, name, ns);
const list = <T extends KubeObject>(r: ResourceType): Promise<T[]> => c.list<T>(r, ns);
const patch = (r: ResourceType, name: string, body: object): Promise<unknown> => c.during(c.client.patch(r, r.namespaced ? ns : undefined, name, 'application/merge-patch+json', body));
const del = (r: ResourceType, name: string, propagationPolicy: 'Background' | 'Foreground' | 'Orphan' = 'Background'): Promise<unknown> => c.during(c.client.delete(r, r.namespaced ? ns : undefined, name, { propagationPolicy }));
/** Lets time pass until it holds; two minutes of the cluster's time at most. */
async function until(holds: () => Promise<boolean>): Promise<void> {
  for (let i = 0; i < 120; i++) { if (await holds()) return; await c.settle(1_000, 250); }
  throw new Error('waited for two minutes');
}
const spec: PodSpec = { containers: [{ name: 'nginx', image: 'nginx', ports: [{ name: 'http', containerPort: 80 }] }] };
const rc = (name: string, replicas: number): ReplicationController => ({ metadata: { name }, spec: { replicas, selector: { app: name }, template: { metadata: { labels: { app: name } }, spec } } });
const refTo = (o: KubeObject, kind: string, more: Partial<OwnerReference> = {}): OwnerReference => ({ apiVersion: 'v1', kind, name: o.metadata!.name!, uid: o.metadata!.uid!, ...more });

it('Garbage collector should delete pods created by rc when not orphaning, and orphan them if delete options say so', async () => {
  await fresh();
  await make(rcKind, rc('goes', 2)); await make(rcKind, rc('lets-go', 2));
  await until(async () => (await list<Pod>(podKind)).length === 4);
  await del(rcKind, 'goes'); await del(rcKind, 'lets-go', 'Orphan');
  await until(async () => (await list<Pod>(podKind)).length === 2 && (await list(rcKind)).length === 0);
  await c.settle(30_000, 5_000);
  expect((await list<Pod>(podKind)).map(p => [p.metadata?.labels?.['app'], p.metadata?.ownerReferences])).toEqual([['lets-go', undefined], ['lets-go', undefined]]);
});

it('Garbage collector should delete RS created by deployment when not orphaning, and orphan it when deleteOptions.PropagationPolicy is Orphan', async () => {
  await fresh();
  for (const name of ['goes', 'lets-go']) await make(deploymentKind, { metadata: { name }, spec: { replicas: 1, selector: { matchLabels: { app: name } }, template: { metadata: { labels: { app: name } }, spec } } } as KubeObject);
  await until(async () => (await list(replicaSetKind)).length === 2);
  await del(deploymentKind, 'goes'); await del(deploymentKind, 'lets-go', 'Orphan');
  await until(async () => (await list(replicaSetKind)).length === 1 && (await list(deploymentKind)).length === 0);
  expect((await list(replicaSetKind)).map(r => [r.metadata?.labels?.['app'], r.metadata?.ownerReferences])).toEqual([['lets-go', undefined]]);
});

it('Garbage collector should keep the rc around until all its pods are deleted if the deleteOptions says so', async () => {
  await fresh();
  await make(rcKind, rc('slow', 3));
  await until(async () => (await list<Pod>(podKind)).length === 3);
  const [held] = await list<Pod>(podKind);
  await patch(podKind, held!.metadata!.name!, { metadata: { finalizers: ['example.com/hold'] } });
  await del(rcKind, 'slow', 'Foreground');
  await until(async () => (await list<Pod>(podKind)).length === 1);
  await c.settle(10_000, 2_000);
  expect((await get<ReplicationController>(rcKind, 'slow'))?.metadata?.finalizers).toEqual(['foregroundDeletion']);
  await patch(podKind, held!.metadata!.name!, { metadata: { finalizers: null } });
  await until(async () => await get(rcKind, 'slow') === undefined);
});

it('Garbage collector should not delete dependents that have both valid owner and owner that\'s waiting for dependents to be deleted', async () => {
  await fresh();
  await make(rcKind, rc('goes', 4));
  const stays = await make(rcKind, rc('stays', 0));
  await until(async () => (await list<Pod>(podKind)).length === 4);
  for (const p of (await list<Pod>(podKind)).slice(0, 2)) await patch(podKind, p.metadata!.name!, { metadata: { ownerReferences: [...p.metadata!.ownerReferences!, refTo(stays, 'ReplicationController')] } });
  await del(rcKind, 'goes', 'Foreground');
  await until(async () => await get(rcKind, 'goes') === undefined);
  expect((await list<Pod>(podKind)).map(p => [p.metadata?.deletionTimestamp, p.metadata?.ownerReferences?.map(r => r.name)])).toEqual([[undefined, ['stays']], [undefined, ['stays']]]);
});

it('Garbage collector should not be blocked by dependency circle', async () => {
  await fresh();
  const pods = new Map<string, Pod>();
  for (const name of ['pod1', 'pod2', 'pod3']) pods.set(name, await make<Pod>(podKind, { metadata: { name }, spec }));
  for (const [name, of] of [['pod1', 'pod3'], ['pod2', 'pod1'], ['pod3', 'pod2']] as const) await patch(podKind, name, { metadata: { ownerReferences: [refTo(pods.get(of)!, 'Pod', { controller: true, blockOwnerDeletion: true })] } });
  await c.settle(5_000, 1_000);
  expect(await list(podKind)).toHaveLength(3);
  await del(podKind, 'pod1', 'Foreground');
  await until(async () => (await list(podKind)).length === 0);
});

it('Garbage collector should support cascading deletion and orphan deletion of custom resources', async () => {
  await fresh();
  const version = { name: 'v1', served: true, storage: true, schema: { openAPIV3Schema: { type: 'object', 'x-kubernetes-preserve-unknown-fields': true } } };
  await make(crdKind, { metadata: { name: 'knots.example.com' }, spec: { group: 'example.com', scope: 'Namespaced', names: { plural: 'knots', singular: 'knot', kind: 'Knot', listKind: 'KnotList' }, versions: [version] } } as KubeObject);
  const knots: ResourceType = { group: 'example.com', version: 'v1', kind: 'Knot', plural: 'knots', namespaced: true };
  await c.settle();
  const knot = (name: string, ownerReferences: OwnerReference[] = []): Promise<KubeObject> => make(knots, { apiVersion: 'example.com/v1', kind: 'Knot', metadata: { name, ownerReferences } });
  const of = (o: KubeObject): OwnerReference[] => [{ ...refTo(o, 'Knot'), apiVersion: 'example.com/v1' }];
  await knot('dependent', of(await knot('owner'))); await knot('left', of(await knot('lets-go')));
  await c.settle(2_000, 500);
  await del(knots, 'owner'); await del(knots, 'lets-go', 'Orphan');
  await until(async () => (await list(knots)).map(k => k.metadata?.name).join() === 'left');
  expect((await get<KubeObject>(knots, 'left'))?.metadata?.ownerReferences).toBeUndefined();
  await del(crdKind, 'knots.example.com');
});

it('what names an owner of another namespace goes, and an event OwnerRefInvalidNamespace says so', async () => {
  await fresh();
  const far = await make<ConfigMap>(configMapKind, { metadata: { name: 'far' } });
  await fresh();
  await make(configMapKind, { metadata: { name: 'lost', ownerReferences: [refTo(far, 'ConfigMap')] } });
  await until(async () => await get(configMapKind, 'lost') === undefined);
  expect((await list<CoreEvent>(eventKind)).filter(e => e.reason === 'OwnerRefInvalidNamespace').map(e => [e.type, e.involvedObject.name, e.message, e.source?.component])).toEqual([
    ['Warning', 'lost', `ownerRef [v1/ConfigMap, namespace: ${ns}, name: far, uid: ${far.metadata?.uid}] does not exist in namespace "${ns}"`, 'garbage-collector-controller'],
  ]);
});

it('OrderedNamespaceDeletion: namespace deletion should delete pod first', async () => {
  await fresh();
  const held = { finalizers: ['e2e.example.com/finalizer'] };
  await make<Pod>(podKind, { metadata: { name: 'p', ...held }, spec });
  await make(configMapKind, { metadata: { name: 'm', ...held } });
  await del(namespaceKind, ns);
  const conditions = async (): Promise<string[]> => ((await c.get<Namespace>(namespaceKind, ns))?.status?.conditions ?? []).map(x => `${x.type}=${x.status} ${x.reason}: ${x.message}`);
  await until(async () => (await conditions()).length === 5);
  expect((await get<Pod>(podKind, 'p'))?.metadata?.deletionTimestamp).toBeDefined();
  expect((await get<ConfigMap>(configMapKind, 'm'))?.metadata?.deletionTimestamp).toBeUndefined();
  await patch(podKind, 'p', { metadata: { finalizers: null } });
  await until(async () => (await get<ConfigMap>(configMapKind, 'm'))?.metadata?.deletionTimestamp !== undefined);
  await until(async () => (await conditions()).includes('NamespaceFinalizersRemaining=True SomeFinalizersRemain: Some content in the namespace has finalizers remaining: e2e.example.com/finalizer in 1 resource instances'));
  expect(await conditions()).toContain('NamespaceContentRemaining=True SomeResourcesRemain: Some resources are remaining: configmaps. has 1 resource instances');
  await patch(configMapKind, 'm', { metadata: { finalizers: null } });
  await until(async () => await c.get(namespaceKind, ns) === undefined);
});

it('Namespaces should ensure that all services are removed when a namespace is deleted', async () => {
  await fresh();
  await make(serviceKind, { metadata: { name: 's' }, spec: { selector: { a: 'b' }, ports: [{ port: 80 }] } } as KubeObject);
  await until(async () => (await list(sliceKind)).length === 1 && (await list(endpointsKind)).length === 1);
  await del(namespaceKind, ns);
  await until(async () => await c.get(namespaceKind, ns) === undefined);
  await make(namespaceKind, { metadata: { name: ns } });
  expect([await list(serviceKind), await list(sliceKind), await list(endpointsKind)]).toEqual([[], [], []]);
});

it('EndpointSlice should create and delete Endpoints and EndpointSlices for a Service with a selector specified', async () => {
  await fresh();
  await make(serviceKind, { metadata: { name: 'empty', labels: { role: 'x' } }, spec: { selector: { does: 'not-match' }, ports: [{ name: 'example', port: 80, protocol: 'TCP' }] } } as KubeObject);
  await until(async () => await get(endpointsKind, 'empty') !== undefined && (await list(sliceKind)).length === 1);
  const [slice] = await list<EndpointSlice>(sliceKind);
  expect([(await get<Endpoints>(endpointsKind, 'empty'))?.subsets, slice!.endpoints ?? [], slice!.metadata?.labels]).toEqual([undefined, [], { role: 'x', 'kubernetes.io/service-name': 'empty', 'endpointslice.kubernetes.io/managed-by': 'endpointslice-controller.k8s.io' }]);
  await del(serviceKind, 'empty');
  await until(async () => await get(endpointsKind, 'empty') === undefined && (await list(sliceKind)).length === 0);
});

it('EndpointSlice should create Endpoints and EndpointSlices for Pods matching a Service', async () => {
  await fresh();
  for (const [name, port] of [['pod1', 3000], ['pod2', 3001]] as const) await make<Pod>(podKind, { metadata: { name, labels: { name, shared: 'yes' } }, spec: { containers: [{ name: 'c', image: 'nginx', ports: [{ name: 'example-name', containerPort: port }] }] } });
  await make(serviceKind, { metadata: { name: 'one' }, spec: { selector: { name: 'pod1' }, publishNotReadyAddresses: true, ports: [{ name: 'example', port: 80, targetPort: 3000 }] } } as KubeObject);
  await make(serviceKind, { metadata: { name: 'named' }, spec: { selector: { shared: 'yes' }, publishNotReadyAddresses: true, ports: [{ name: 'http', port: 80, targetPort: 'example-name' }] } } as KubeObject);
  const of = async (name: string): Promise<string[]> => (await list<EndpointSlice>(sliceKind)).filter(s => s.metadata?.labels?.['kubernetes.io/service-name'] === name)
    .map(s => `${s.ports?.map(p => `${p.name}:${p.port}`).join()} ${s.endpoints?.map(e => e.targetRef?.name).join()}`).sort();
  await until(async () => (await of('one')).join() === 'example:3000 pod1' && (await of('named')).join() === 'http:3000 pod1,http:3001 pod2');
  expect((await get<Endpoints>(endpointsKind, 'named'))?.subsets?.map(s => [s.addresses?.length, s.ports?.[0]?.port])).toEqual([[1, 3000], [1, 3001]]);
  await del(podKind, 'pod1');
  await until(async () => (await of('named')).join() === 'http:3001 pod2');
});

it('EndpointSliceMirroring should mirror a custom Endpoints resource through create update and delete, of several subsets and with the same IP address', async () => {
  await fresh();
  await make(serviceKind, { metadata: { name: 'custom' }, spec: { ports: [{ name: 'example', port: 80, protocol: 'TCP' }] } } as KubeObject);
  await make<Endpoints>(endpointsKind, { metadata: { name: 'custom', annotations: { a: 'b' } }, subsets: [{ ports: [{ name: 'p1', port: 80 }], addresses: [{ ip: '10.1.2.3' }] }] });
  const mirrored = async (): Promise<string> => (await list<EndpointSlice>(sliceKind)).map(s => `${s.ports?.[0]?.name} ${s.endpoints?.map(e => `${e.addresses.join()}=${e.conditions?.ready}`).join()} ${s.metadata?.annotations?.['a']}`).sort().join('; ');
  await until(async () => await mirrored() === 'p1 10.1.2.3=true b');
  await patch(endpointsKind, 'custom', { subsets: [{ ports: [{ name: 'p1', port: 80 }], addresses: [{ ip: '10.2.3.4' }] }, { ports: [{ name: 'p2', port: 81 }], notReadyAddresses: [{ ip: '10.2.3.4' }] }] });
  await until(async () => await mirrored() === 'p1 10.2.3.4=true b; p2 10.2.3.4=false b');
  await del(endpointsKind, 'custom');
  await until(async () => await mirrored() === '');
});

it('NoExecuteTaintManager removing taint cancels eviction, and evicts pods with minTolerationSeconds', async () => {
  await fresh();
  const pod = (name: string, tolerationSeconds: number): Pod => ({ metadata: { name }, spec: { ...spec, nodeName: 'n2', terminationGracePeriodSeconds: 0, tolerations: [{ key: 'kubernetes.io/e2e-evict-taint-key', value: 'evictTaintVal', effect: 'NoExecute', tolerationSeconds }] } });
  for (const [name, seconds] of [['soon', 5], ['later', 60]] as const) await make(podKind, pod(name, seconds));
  await until(async () => (await list<Pod>(podKind)).every(p => p.status?.phase === 'Running'));
  const taint = (taints: object[] | null): Promise<unknown> => patch(nodeKind, 'n2', { spec: { taints } });
  await taint([{ key: 'kubernetes.io/e2e-evict-taint-key', value: 'evictTaintVal', effect: 'NoExecute' }]);
  await until(async () => (await list(podKind)).length === 1);
  await taint(null);
  await c.settle(70_000, 10_000);
  expect((await list<Pod>(podKind)).map(p => [p.metadata?.name, p.metadata?.deletionTimestamp])).toEqual([['later', undefined]]);
  expect((await list<CoreEvent>(eventKind)).filter(e => e.reason === 'TaintManagerEviction').map(e => [e.message, e.source?.component]).sort()).toEqual([
    [`Cancelling deletion of Pod ${ns}/later`, 'taint-eviction-controller'], [`Marking for deletion Pod ${ns}/soon`, 'taint-eviction-controller'],
  ]);
});

it('an aggregated cluster role has its rules by server-side apply of the controller', async () => {
  await make<ClusterRole>(roleKind, { metadata: { name: 'whole' }, aggregationRule: { clusterRoleSelectors: [{ matchLabels: { to: 'whole' } }] }, rules: [] });
  await make<ClusterRole>(roleKind, { metadata: { name: 'part', labels: { to: 'whole' } }, rules: [{ apiGroups: [''], resources: ['pods'], verbs: ['get'] }] });
  const whole = (): Promise<ClusterRole | undefined> => c.get<ClusterRole>(roleKind, 'whole');
  await until(async () => (await whole())?.rules?.length === 1);
  expect((await whole())?.metadata?.managedFields?.find(m => m.operation === 'Apply')?.manager).toBe('clusterrole-aggregation-controller');
  await del(roleKind, 'part');
  await until(async () => ((await whole())?.rules?.length ?? 0) === 0);
});

it('a secret of an account has its token, is no longer listed by its account when it goes, and goes with its account', async () => {
  await fresh();
  await make(accountKind, { metadata: { name: 'build' } });
  for (const name of ['t', 'u']) await make<Secret>(secretKind, { metadata: { name, annotations: { 'kubernetes.io/service-account.name': 'build' } }, type: 'kubernetes.io/service-account-token' });
  await until(async () => (await list<Secret>(secretKind)).every(s => s.data?.['token'] !== undefined && s.data['ca.crt'] !== undefined && s.data['namespace'] !== undefined));
  await patch(accountKind, 'build', { secrets: [{ name: 't' }] });
  await c.settle();
  await del(secretKind, 't');
  await until(async () => (await get<ServiceAccount>(accountKind, 'build'))?.secrets === undefined || (await get<ServiceAccount>(accountKind, 'build'))?.secrets?.length === 0);
  await del(accountKind, 'build');
  await until(async () => (await list(secretKind)).length === 0);
});

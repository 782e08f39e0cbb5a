// Controllers and scheduler against the real API server.
import { afterEach, describe, expect, it } from 'vitest';
import { customResourceDefinition as crdKind } from '../../core/api/kinds/apiextensions/custom-resource-definition.ts';
import { deployment as deploymentKind } from '../../core/api/kinds/apps/deployment.ts';
import { replicaSet as replicaSetKind } from '../../core/api/kinds/apps/replica-set.ts';
import { cronJob as cronJobKind } from '../../core/api/kinds/batch/cron-job.ts';
import { job as jobKind } from '../../core/api/kinds/batch/job.ts';
import { configMap as configMapKind } from '../../core/api/kinds/core/config-map.ts';
import { endpoints as endpointsKind } from '../../core/api/kinds/core/endpoints.ts';
import { event as eventKind } from '../../core/api/kinds/core/event.ts';
import { namespace as namespaceKind } from '../../core/api/kinds/core/namespace.ts';
import { node as nodeKind } from '../../core/api/kinds/core/node.ts';
import { pod as podKind } from '../../core/api/kinds/core/pod.ts';
import { replicationController as rcKind } from '../../core/api/kinds/core/replication-controller.ts';
import { serviceAccount as serviceAccountKind } from '../../core/api/kinds/core/service-account.ts';
import { service as serviceKind } from '../../core/api/kinds/core/service.ts';
import { endpointSlice as sliceKind } from '../../core/api/kinds/discovery/endpoint-slice.ts';
import type { KubeObject } from '../../core/api/meta/object.ts';
import type { ConfigMap, CoreEvent, CronJob, Deployment, Endpoints, EndpointSlice, Job, Namespace, Node, Pod, ReplicaSet, ReplicationController, Service } from '../../core/api/types/kubernetes.ts';
import { controlPlane, type ControlPlane } from '../harness/control-plane.ts';

let c: ControlPlane;
afterEach(async () => { await c.stop(); });

const template = (app: string, image = 'nginx:1') => ({ metadata: { labels: { app } }, spec: { containers: [{ name: 'web', image, ports: [{ name: 'http', containerPort: 80 }] }] } });
const web = (replicas: number): Deployment => ({ metadata: { name: 'web', namespace: 'default' }, spec: { replicas, selector: { matchLabels: { app: 'web' } }, template: template('web') } });
const pods = (): Promise<Pod[]> => c.list<Pod>(podKind, 'default');
const messages = async (reason: string): Promise<string[]> => (await c.list<CoreEvent>(eventKind, 'default')).filter(e => e.reason === reason).map(e => e.message ?? '');

describe('W3, W8: a deployment', () => {
  it('comes up spread over nodes, rolls, rolls back, puts back a scaled set, and vanishes whole', async () => {
    c = await controlPlane();
    await c.client.create(deploymentKind, web(4));
    await c.settle();
    let d = await c.get<Deployment>(deploymentKind, 'web');
    expect(d?.status).toMatchObject({ replicas: 4, readyReplicas: 4, availableReplicas: 4, updatedReplicas: 4, observedGeneration: d?.metadata?.generation });
    expect((await pods()).map(p => p.spec?.nodeName).sort()).toEqual(['n1', 'n1', 'n2', 'n2']);
    await c.client.patch(deploymentKind, 'default', 'web', 'application/merge-patch+json', { spec: { template: template('web', 'nginx:2') } });
    await c.settle(1000);
    d = await c.get<Deployment>(deploymentKind, 'web');
    expect(d?.status).toMatchObject({ replicas: 4, availableReplicas: 4, updatedReplicas: 4 });
    expect(d?.metadata?.annotations?.['deployment.kubernetes.io/revision']).toBe('2');
    await c.client.patch(deploymentKind, 'default', 'web', 'application/merge-patch+json', { spec: { template: template('web') } });
    await c.settle(1000);
    const sets = await c.list<ReplicaSet>(replicaSetKind, 'default');
    expect(sets.map(s => [s.spec?.replicas, s.metadata?.annotations?.['deployment.kubernetes.io/revision']]).sort()).toEqual([[0, '2'], [4, '3']]);
    const current = sets.find(s => s.spec?.replicas === 4)!;
    await c.client.patch(replicaSetKind, 'default', current.metadata!.name!, 'application/merge-patch+json', { spec: { replicas: 1 } });
    await c.settle(500);
    expect((await c.get<ReplicaSet>(replicaSetKind, current.metadata!.name!))?.spec?.replicas).toBe(4);
    expect((await messages('ScalingReplicaSet'))).toContain(`Scaled up replica set ${current.metadata?.name} from 0 to 4`);
    await c.client.delete(deploymentKind, 'default', 'web', { propagationPolicy: 'Background' });
    await c.settle(500);
    expect(await c.list(replicaSetKind, 'default')).toEqual([]);
    expect(await pods()).toEqual([]);
    expect(c.complaints).toEqual([]);
  });

  it('goes in the foreground only after its pods, and orphans them when asked', async () => {
    c = await controlPlane();
    await c.client.create(deploymentKind, web(2));
    await c.settle();
    c.silent.add('n1'); c.silent.add('n2');
    await c.client.delete(deploymentKind, 'default', 'web', { propagationPolicy: 'Foreground' });
    await c.settle();
    expect((await c.get<Deployment>(deploymentKind, 'web'))?.metadata?.finalizers).toEqual(['foregroundDeletion']);
    expect((await pods()).every(p => p.metadata?.deletionTimestamp !== undefined)).toBe(true);
    c.silent.clear();
    await c.settle(500);
    expect(await c.get(deploymentKind, 'web')).toBeUndefined();
    await c.client.create(deploymentKind, web(2));
    await c.settle();
    await c.client.delete(deploymentKind, 'default', 'web', { propagationPolicy: 'Orphan' });
    await c.settle(500);
    expect(await c.get(deploymentKind, 'web')).toBeUndefined();
    const [rs] = await c.list<ReplicaSet>(replicaSetKind, 'default');
    expect(rs?.metadata?.ownerReferences ?? []).toEqual([]);
    expect((await pods()).length).toBe(2);
    await c.client.create(deploymentKind, web(2));
    await c.settle(500);
    expect((await c.list<ReplicaSet>(replicaSetKind, 'default')).map(s => s.metadata?.ownerReferences?.[0]?.name)).toEqual(['web']);
  });
});

describe('W7, W14: a replication controller', () => {
  it('adopts a matching pod and trims it, releases one whose label goes', async () => {
    c = await controlPlane();
    await c.client.create<ReplicationController>(rcKind, { metadata: { name: 'nginx', namespace: 'default' }, spec: { replicas: 2, selector: { app: 'nginx' }, template: template('nginx') } });
    await c.settle();
    const first = (await pods()).map(p => p.metadata?.name).sort();
    expect(first.every(n => /^nginx-[bcdfghjklmnpqrstvwxz2456789]{5}$/.test(n ?? ''))).toBe(true);
    await c.client.create<Pod>(podKind, { metadata: { name: 'our-nginx', namespace: 'default', labels: { app: 'nginx' } }, spec: template('nginx').spec });
    await c.settle(500);
    expect((await pods()).map(p => p.metadata?.name).sort()).toEqual(first);
    expect(await messages('SuccessfulDelete')).toEqual(['Deleted pod: our-nginx']);
    await c.client.patch(podKind, 'default', first[0]!, 'application/merge-patch+json', { metadata: { labels: { app: 'other' } } });
    await c.settle(500);
    expect((await pods()).length).toBe(3);
    expect((await c.get<Pod>(podKind, first[0]!))?.metadata?.ownerReferences ?? []).toEqual([]);
  });
});

describe('W9, W10: services', () => {
  it('lists ready pods under a service, drops them when they end, copies hand-made endpoints', async () => {
    c = await controlPlane();
    await c.client.create<Service>(serviceKind, { metadata: { name: 'web', namespace: 'default' }, spec: { selector: { app: 'web' }, ports: [{ name: 'http', port: 80, targetPort: 'http' }] } });
    await c.client.create<Service>(serviceKind, { metadata: { name: 'outside', namespace: 'default' }, spec: { ports: [{ port: 80 }] } });
    await c.client.create(deploymentKind, web(3));
    await c.settle(500);
    const e = await c.get<Endpoints>(endpointsKind, 'web');
    expect(e?.subsets?.[0]?.addresses?.length).toBe(3);
    expect(e?.subsets?.[0]?.ports).toEqual([{ name: 'http', port: 80, protocol: 'TCP' }]);
    expect(e?.subsets?.[0]?.addresses?.[0]?.targetRef).toMatchObject({ kind: 'Pod', namespace: 'default' });
    const of = async (name: string): Promise<EndpointSlice[]> => (await c.list<EndpointSlice>(sliceKind, 'default')).filter(s => s.metadata?.labels?.['kubernetes.io/service-name'] === name);
    const [slice] = await of('web');
    expect(slice).toMatchObject({ addressType: 'IPv4', ports: [{ name: 'http', port: 80, protocol: 'TCP' }] });
    expect(slice?.endpoints?.map(x => x.conditions)).toEqual([1, 2, 3].map(() => ({ ready: true, serving: true, terminating: false })));
    c.silent.add('n1'); c.silent.add('n2');
    const victim = (await pods())[0]!;
    await c.client.delete(podKind, 'default', victim.metadata!.name!);
    await c.settle(300);
    const leaving = (await of('web'))[0]?.endpoints?.find(x => x.targetRef?.name === victim.metadata?.name);
    expect(leaving?.conditions).toEqual({ ready: false, serving: true, terminating: true });
    expect((await c.get<Endpoints>(endpointsKind, 'web'))?.subsets?.[0]?.addresses?.length).toBe(2);
    expect(await c.get(endpointsKind, 'outside')).toBeUndefined();
    await c.client.create<Endpoints>(endpointsKind, { metadata: { name: 'outside', namespace: 'default' }, subsets: [{ addresses: [{ ip: '192.0.2.7' }], ports: [{ port: 80 }] }] });
    await c.settle(300);
    const [mirror] = await of('outside');
    expect(mirror?.metadata?.labels?.['endpointslice.kubernetes.io/managed-by']).toBe('endpointslicemirroring-controller.k8s.io');
    expect(mirror?.endpoints?.[0]?.addresses).toEqual(['192.0.2.7']);
    await c.client.delete(serviceKind, 'default', 'web');
    await c.settle(500);
    expect(await c.get(endpointsKind, 'web')).toBeUndefined();
    expect(await of('web')).toEqual([]);
  });
});

describe('namespaces', () => {
  it('get a service account and the CA, and take all they have with them', async () => {
    c = await controlPlane();
    await c.client.create<Namespace>(namespaceKind, { metadata: { name: 'shop' } });
    await c.settle();
    expect(await c.get(serviceAccountKind, 'default', 'shop')).toBeDefined();
    expect((await c.get<ConfigMap>(configMapKind, 'kube-root-ca.crt', 'shop'))?.data).toEqual({ 'ca.crt': 'PEM' });
    await c.client.create(deploymentKind, { ...web(2), metadata: { name: 'web', namespace: 'shop' } });
    await c.settle();
    c.silent.add('n1'); c.silent.add('n2');
    await c.client.delete(namespaceKind, undefined, 'shop');
    await c.settle(300);
    const going = await c.get<Namespace>(namespaceKind, 'shop');
    expect(going?.status?.phase).toBe('Terminating');
    expect(going?.status?.conditions?.find(x => x.type === 'NamespaceContentRemaining')).toMatchObject({ status: 'True', message: 'Some resources are remaining: pods. has 2 resource instances' });
    c.silent.clear();
    await c.settle(2000);
    expect(await c.get(namespaceKind, 'shop')).toBeUndefined();
    for (const kind of [podKind, deploymentKind, serviceAccountKind, configMapKind]) expect(await c.list(kind, 'shop')).toEqual([]);
  });
});

describe('HP04: a node that falls silent', () => {
  it('is Unknown after its grace, its pods leave after what they tolerate, and it is welcome back', async () => {
    c = await controlPlane();
    await c.client.create(deploymentKind, web(2));
    await c.settle();
    c.silent.add('n1');
    await c.settle(30_000);
    expect((await c.get<Node>(nodeKind, 'n1'))?.status?.conditions?.[0]?.status).toBe('True');
    await c.settle(25_000);
    const n1 = await c.get<Node>(nodeKind, 'n1');
    expect(n1?.status?.conditions?.find(x => x.type === 'Ready')).toMatchObject({ status: 'Unknown', reason: 'NodeStatusUnknown', message: 'Kubelet stopped posting node status.' });
    expect(n1?.spec?.taints?.map(t => `${t.key}:${t.effect}`).sort()).toEqual(['node.kubernetes.io/unreachable:NoExecute', 'node.kubernetes.io/unreachable:NoSchedule']);
    const stranded = (await pods()).find(p => p.spec?.nodeName === 'n1')!;
    expect(stranded.status?.conditions?.find(x => x.type === 'Ready')?.status).toBe('False');
    expect(stranded.metadata?.deletionTimestamp).toBeUndefined();
    await c.settle(300_000);
    expect((await c.get<Pod>(podKind, stranded.metadata!.name!))?.metadata?.deletionTimestamp).toBeDefined();
    expect((await pods()).filter(p => p.spec?.nodeName === 'n2').length).toBe(2);
    c.silent.delete('n1');
    await c.client.patch(nodeKind, undefined, 'n1', 'application/merge-patch+json', { status: { conditions: [{ type: 'Ready', status: 'True', reason: 'KubeletReady' }] } }, 'status');
    await c.settle(500);
    expect((await c.get<Node>(nodeKind, 'n1'))?.spec?.taints ?? []).toEqual([]);
  });

  it('gives up the pods of a node that was deleted', async () => {
    c = await controlPlane();
    await c.client.create(deploymentKind, web(2));
    await c.settle();
    c.silent.add('n1');
    await c.client.delete(nodeKind, undefined, 'n1');
    await c.settle(65_000);
    expect((await pods()).map(p => p.spec?.nodeName)).toEqual(['n2', 'n2']);
  });
});

describe('W3 step 9: jobs', () => {
  it('run to completion once, are counted once, and stop at their limit', async () => {
    c = await controlPlane();
    c.behaviour = p => (p.metadata?.labels?.['job-name'] === 'bad' ? 'Failed' : 'Succeeded');
    const job = (name: string, spec: Partial<NonNullable<Job['spec']>> = {}): Job => ({ metadata: { name, namespace: 'default' }, spec: { ...spec, template: { spec: { restartPolicy: 'Never', containers: [{ name: 'c', image: 'x' }] } } } });
    await c.client.create(jobKind, job('once'));
    await c.client.create(jobKind, job('five', { completions: 5, parallelism: 2 }));
    await c.client.create(jobKind, job('bad', { backoffLimit: 1 }));
    await c.settle(1500);
    const once = await c.get<Job>(jobKind, 'once');
    expect(once?.status).toMatchObject({ succeeded: 1, conditions: [{ type: 'SuccessCriteriaMet' }, { type: 'Complete', status: 'True' }] });
    expect(once?.status?.completionTime).toBeDefined();
    expect((await c.get<Job>(jobKind, 'five'))?.status?.succeeded).toBe(5);
    expect((await pods()).filter(p => p.metadata?.finalizers?.length)).toEqual([]);
    await c.settle(15_000);
    expect((await c.get<Job>(jobKind, 'bad'))?.status).toMatchObject({ failed: 2, conditions: [{ type: 'FailureTarget', reason: 'BackoffLimitExceeded' }, { type: 'Failed', message: 'Job has reached the specified backoff limit' }] });
    expect(await messages('Completed')).toEqual(['Job completed', 'Job completed']);
  });

  it('are made each minute by a cron job, which keeps the last three', async () => {
    c = await controlPlane();
    c.behaviour = () => 'Succeeded';
    await c.client.create<CronJob>(cronJobKind, {
      metadata: { name: 'tick', namespace: 'default' }, spec: { schedule: '*/1 * * * *', jobTemplate: { spec: { template: { spec: { restartPolicy: 'Never', containers: [{ name: 'c', image: 'x' }] } } } } },
    });
    await c.settle(5 * 60_000 + 2_000);
    const jobs = await c.list<Job>(jobKind, 'default');
    expect(jobs.length).toBe(3);
    expect(jobs.every(j => /^tick-\d+$/.test(j.metadata?.name ?? ''))).toBe(true);
    expect((await messages('SuccessfulCreate')).filter(m => m.startsWith('Created job tick-')).length).toBe(5);
    expect((await c.get<CronJob>(cronJobKind, 'tick'))?.status?.active ?? []).toEqual([]);
    expect(c.complaints).toEqual([]);
  });
});

describe('custom resources', () => {
  const crd = { apiVersion: 'apiextensions.k8s.io/v1', kind: 'CustomResourceDefinition', metadata: { name: 'widgets.example.com' }, spec: { group: 'example.com', scope: 'Namespaced', names: { kind: 'Widget', plural: 'widgets' }, versions: [{ name: 'v1', served: true, storage: true, schema: { openAPIV3Schema: { type: 'object', 'x-kubernetes-preserve-unknown-fields': true } } }] } };
  const widget = { group: 'example.com', version: 'v1', kind: 'Widget', plural: 'widgets', namespaced: true };

  it('own and are owned, and go with their namespace, from the moment they are served', async () => {
    c = await controlPlane([]);
    await c.client.create(crdKind, crd);
    await c.settle();
    const owner = await c.client.create<KubeObject>(widget, { metadata: { name: 'owner', namespace: 'default' } });
    const ref = { apiVersion: 'example.com/v1', kind: 'Widget', name: 'owner', uid: owner.metadata!.uid! };
    await c.client.create(widget, { metadata: { name: 'owned', namespace: 'default', ownerReferences: [ref] } });
    await c.client.create<ConfigMap>(configMapKind, { metadata: { name: 'owned', namespace: 'default', ownerReferences: [ref] } });
    await c.client.create(namespaceKind, { metadata: { name: 'shop' } });
    await c.client.create(widget, { metadata: { name: 'there', namespace: 'shop' } });
    await c.settle();
    await c.client.delete(widget, 'default', 'owner');
    await c.client.delete(namespaceKind, undefined, 'shop');
    await c.settle(2000);
    expect(await c.list(widget)).toEqual([]);
    expect(await c.get(configMapKind, 'owned')).toBeUndefined();
    expect(await c.get(namespaceKind, 'shop')).toBeUndefined();
    await c.client.delete(crdKind, undefined, 'widgets.example.com');
    await c.settle(500);
    expect(await c.get(crdKind, 'widgets.example.com')).toBeUndefined();
    expect(c.complaints).toEqual([]);
  });
});

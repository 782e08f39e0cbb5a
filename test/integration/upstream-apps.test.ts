// What Kubernetes' own conformance tests of workloads ask of a cluster (test/e2e/apps: deployment, rc, replica_set, statefulset, daemon_set,
// controller_revision), played against the real API server, controllers and scheduler on a clock turned by hand. Each case has the name it has there.
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { namespace as namespaceKind } from '../../core/api/kinds/core/namespace.ts';
import { isReady } from '../../core/api/meta/pod.ts';
import { isNotFound } from '../../core/api/meta/status.ts';
import type { ControllerRevision, DaemonSet, Deployment, Node, Pod, ReplicaSet, ReplicationController, StatefulSet } from '../../core/api/types/kubernetes.ts';
import type { WatchEvent } from '../../core/api/meta/object.ts';
import type { Request } from '../../core/client/client.ts';
import { controlPlane, type ControlPlane } from '../harness/control-plane.ts';
import { random } from '../harness/random.ts';

type Keeper = Deployment | ReplicaSet | StatefulSet;
type Plural = 'deployments' | 'replicasets' | 'statefulsets' | 'daemonsets' | 'controllerrevisions' | 'pods' | 'replicationcontrollers' | 'resourcequotas';
interface ListOf<T> { readonly items: T[]; readonly metadata: { resourceVersion: string } }
const MERGE = 'application/merge-patch+json', STRATEGIC = 'application/strategic-merge-patch+json';
const HTTPD = 'httpd:2.4.38', NEWER = 'httpd:2.4.39', AGNHOST = 'agnhost:2', PAUSE = 'pause:3', MISSING = 'webserver:404';

let c: ControlPlane, ns = '', spaces = 0;
const inCore = (p: Plural): boolean => p === 'pods' || p === 'replicationcontrollers' || p === 'resourcequotas';
const every = (p: Plural): string => `${inCore(p) ? '/api/v1' : '/apis/apps/v1'}/${p}`;
const all = (p: Plural): string => `${inCore(p) ? '/api/v1' : '/apis/apps/v1'}/namespaces/${ns}/${p}`;
const one = (p: Plural, name: string, sub = ''): string => `${all(p)}/${name}${sub && `/${sub}`}`;
const call = <T>(method: Request['method'], path: string, body?: unknown, contentType?: string, query?: Request['query']): Promise<T> =>
  c.during(c.client.transport.request({ method, path, ...(body === undefined ? {} : { body }), ...(contentType ? { contentType } : {}), ...(query ? { query } : {}) })) as Promise<T>;
const get = <T>(p: Plural, name: string, sub?: string): Promise<T> => call<T>('GET', one(p, name, sub));
const list = async <T>(path: string, labelSelector?: string): Promise<T[]> => (await call<ListOf<T>>('GET', path, undefined, undefined, { labelSelector })).items;
const make = <T>(p: Plural, body: object): Promise<T> => call<T>('POST', all(p), body);
const patch = <T>(p: Plural, name: string, body: object, type = STRATEGIC, sub?: string): Promise<T> => call<T>('PATCH', one(p, name, sub), body, type);
const pods = async (labelSelector?: string): Promise<Pod[]> => (await list<Pod>(all('pods'), labelSelector)).sort((a, b) => (a.metadata!.name! < b.metadata!.name! ? -1 : 1));
const names = async (): Promise<string[]> => (await pods()).map(p => p.metadata!.name!);
const imageOf = (o: { spec?: { template?: { spec?: { containers: { image?: string }[] } } } }): string | undefined => o.spec?.template?.spec?.containers[0]?.image;

/** Lets time pass until it holds; says what was seen last when it never does. */
async function until<T>(look: () => Promise<T>, holds: (seen: T) => boolean, step = 100): Promise<T> {
  let seen = await look();
  for (let i = 0; i < 150 && !holds(seen); i++) { await c.settle(step, step); seen = await look(); }
  if (!holds(seen)) throw new Error(`never came to be: ${JSON.stringify(seen)}`);
  return seen;
}
/** Everything a watcher with these labels sees from now on. */
async function watching(p: Plural, labelSelector: string): Promise<{ events: WatchEvent[]; end(): void }> {
  const { metadata } = await call<ListOf<object>>('GET', every(p), undefined, undefined, { labelSelector });
  const events: WatchEvent[] = [], stop = new AbortController();
  const done = c.client.transport.watch(all(p), { labelSelector, resourceVersion: metadata.resourceVersion }, got => { events.push(...got); }, stop.signal);
  done.catch(() => undefined);
  return { events, end: () => { stop.abort(); } };
}
const complete = (name: string): Promise<Deployment> => until(() => get<Deployment>('deployments', name), d => {
  const n = d.spec!.replicas, s = d.status ?? {};
  return s.updatedReplicas === n && s.replicas === n && s.availableReplicas === n && (s.observedGeneration ?? 0) >= d.metadata!.generation!;
});
const ready = (p: 'replicasets' | 'statefulsets', name: string, count: number): Promise<Keeper> => until(() => get<Keeper>(p, name), o => (o.status?.readyReplicas ?? 0) === count && o.status?.replicas === count);
const template = (labels: object, image: string, name = 'httpd', more: object = {}) => ({ metadata: { labels }, spec: { terminationGracePeriodSeconds: 0, containers: [{ name, image, securityContext: {} }], ...more } });
const deployment = (name: string, replicas: number, labels: object, image = HTTPD, more: object = {}) => ({ apiVersion: 'apps/v1', kind: 'Deployment', metadata: { name, labels }, spec: { replicas, selector: { matchLabels: labels }, template: template(labels, image, image.split(':')[0]), ...more } });
const replicaSet = (name: string, replicas: number, labels: object, image = HTTPD, metadata: object = {}) => ({ apiVersion: 'apps/v1', kind: 'ReplicaSet', metadata: { name, labels, ...metadata }, spec: { replicas, selector: { matchLabels: labels }, template: template(labels, image) } });
const statefulSet = (name: string, replicas: number, more: object = {}, labels: object = { foo: 'bar', baz: 'blah' }) => ({ apiVersion: 'apps/v1', kind: 'StatefulSet', metadata: { name, labels }, spec: { replicas, serviceName: 'test', selector: { matchLabels: labels }, template: template(labels, HTTPD, 'webserver'), ...more } });
const controlled = (o: { metadata?: Pod['metadata'] }): string | undefined => o.metadata?.ownerReferences?.find(r => r.controller)?.uid;
const setsOf = async (d: Deployment): Promise<ReplicaSet[]> => (await list<ReplicaSet>(all('replicasets'))).filter(rs => controlled(rs) === d.metadata!.uid);
const newSet = async (d: Deployment): Promise<ReplicaSet> => (await setsOf(d)).find(rs => imageOf(rs) === imageOf(d))!;
const beReady = async (status: 'True' | 'False', which: (p: Pod) => boolean = () => true): Promise<void> => {
  for (const p of await pods()) {
    if (!which(p) || p.status?.phase !== 'Running') continue;
    // It may go as soon as those before it are ready.
    try { await patch('pods', p.metadata!.name!, { status: { conditions: [{ type: 'Ready', status }] } }, STRATEGIC, 'status'); } catch (e) { if (!isNotFound(e)) throw e; }
  }
};
/** The door of the status: read, replaced and patched, each seen by who watches. */
async function statusDoor(p: Plural, name: string, labels: string): Promise<void> {
  const w = await watching(p, labels);
  const seen = async (type: string): Promise<unknown> => until(() => Promise.resolve(w.events), es => es.some(e => (e.object as Deployment).status?.conditions?.some(x => x.type === type && (type !== 'StatusUpdate' || x.reason === 'E2E'))));
  const o = await get<Deployment>(p, name, 'status'), conditions = [...(o.status?.conditions ?? []), { type: 'StatusUpdate', status: 'True', reason: 'E2E', message: 'Set from e2e test' }];
  expect((await call<Deployment>('PUT', one(p, name, 'status'), { ...o, status: { ...o.status, conditions } })).status?.conditions?.at(-1)).toMatchObject({ type: 'StatusUpdate', reason: 'E2E' });
  await seen('StatusUpdate');
  expect((await patch<Deployment>(p, name, { status: { conditions: [{ type: 'StatusPatched', status: 'True' }] } }, MERGE, 'status')).status?.conditions).toMatchObject([{ type: 'StatusPatched', status: 'True' }]);
  await seen('StatusPatched');
  w.end();
}
interface Scale { metadata: { resourceVersion?: string }; spec: { replicas?: number }; status: { replicas: number; selector?: string } }
/** The door of the scale: read, replaced without a version, patched. */
async function scaleDoor(p: Plural, name: string): Promise<void> {
  const scale = await get<Scale>(p, name, 'scale');
  expect([scale.spec.replicas, scale.status.replicas]).toEqual([1, 1]);
  const { resourceVersion: _none, ...metadata } = scale.metadata;
  expect((await call<Scale>('PUT', one(p, name, 'scale'), { ...scale, metadata, spec: { replicas: 2 } })).spec.replicas).toBe(2);
  expect((await get<Deployment>(p, name)).spec?.replicas).toBe(2);
  // As a Go client writes a Scale of which only the size is set.
  await patch(p, name, { metadata: {}, spec: { replicas: 4 }, status: { replicas: 0 } }, STRATEGIC, 'scale');
  expect((await get<Deployment>(p, name)).spec?.replicas).toBe(4);
}

const behaviour = (p: Pod): 'Pending' | 'Running' => ([MISSING, 'foo:non-existent'].includes(p.spec!.containers[0]!.image!) ? 'Pending' : 'Running');
/** Also those whose image is missing, to the end of the case. */
const allRun = (): void => { c.behaviour = () => 'Running'; };
beforeAll(async () => { c = await controlPlane(['n1', 'n2'], {}, 1); });
beforeEach(() => { c.behaviour = behaviour; });
afterAll(() => c.stop());
const inSpace = (title: string, play: () => Promise<void>): void => {
  it(title, async () => { ns = `apps-${++spaces}`; await c.during(c.client.create(namespaceKind, { metadata: { name: ns } })); await play(); });
};

describe('Deployment', () => {
  inSpace('RollingUpdateDeployment should delete old pods and create new ones', async () => {
    await make('replicasets', replicaSet('test-rolling-update-controller', 1, { name: 'sample-pod', pod: 'httpd' }, HTTPD, { annotations: { 'deployment.kubernetes.io/revision': '3546343826724305832' } }));
    await ready('replicasets', 'test-rolling-update-controller', 1);
    await make('deployments', deployment('test-rolling-update-deployment', 1, { name: 'sample-pod' }, AGNHOST));
    const d = await complete('test-rolling-update-deployment');
    expect(d.metadata!.annotations).toMatchObject({ 'deployment.kubernetes.io/revision': '3546343826724305833' });
    expect((await newSet(d)).metadata!.annotations).toMatchObject({ 'deployment.kubernetes.io/revision': '3546343826724305833' });
    expect((await setsOf(d)).filter(rs => imageOf(rs) !== AGNHOST).map(rs => [rs.metadata!.name, rs.spec!.replicas])).toEqual([['test-rolling-update-controller', 0]]);
  });

  inSpace('RecreateDeployment should delete old pods and create new ones', async () => {
    await make('deployments', deployment('test-recreate-deployment', 1, { name: 'sample-pod-3' }, AGNHOST, { strategy: { type: 'Recreate' } }));
    await complete('test-recreate-deployment');
    const w = await watching('deployments', 'name=sample-pod-3');
    await patch('deployments', 'test-recreate-deployment', { spec: { template: template({ name: 'sample-pod-3' }, HTTPD) } }, MERGE);
    await complete('test-recreate-deployment');
    for (const { status = {} } of w.events.map(e => e.object as Deployment)) expect((status.updatedReplicas ?? 0) > 0 && status.replicas !== status.updatedReplicas, JSON.stringify(status)).toBe(false);
    w.end();
  });

  inSpace('deployment should delete old replica sets', async () => {
    await make('replicasets', replicaSet('test-cleanup-controller', 1, { name: 'cleanup-pod', pod: 'httpd' }));
    await ready('replicasets', 'test-cleanup-controller', 1);
    const w = await watching('pods', 'name=cleanup-pod');
    await make('deployments', deployment('test-cleanup-deployment', 1, { name: 'cleanup-pod' }, AGNHOST, { revisionHistoryLimit: 0 }));
    const d = await complete('test-cleanup-deployment');
    await until(() => setsOf(d), sets => sets.length === 1);
    expect(w.events.filter(e => e.type === 'ADDED').map(e => (e.object as Pod).spec!.containers[0]!.name)).toEqual(['agnhost']);
    w.end();
  });

  inSpace('deployment should support rollover', async () => {
    const old = (): Promise<ReplicaSet> => get<ReplicaSet>('replicasets', 'test-rollover-controller');
    await make('replicasets', replicaSet('test-rollover-controller', 1, { name: 'rollover-pod', pod: 'httpd' }));
    await ready('replicasets', 'test-rollover-controller', 1);
    await make('deployments', deployment('test-rollover-deployment', 1, { name: 'rollover-pod' }, MISSING, { minReadySeconds: 10, strategy: { type: 'RollingUpdate', rollingUpdate: { maxUnavailable: 0, maxSurge: 1 } } }));
    const d = await until(() => get<Deployment>('deployments', 'test-rollover-deployment'), x => (x.status?.updatedReplicas ?? 0) >= 1);
    expect(d.metadata!.annotations!['deployment.kubernetes.io/revision']).toBe('1');
    const stuck = await newSet(d);
    expect([(await old()).spec!.replicas, (await old()).status!.replicas, stuck.spec!.replicas, stuck.status!.replicas]).toEqual([1, 1, 1, 1]);
    await patch('deployments', 'test-rollover-deployment', { spec: { template: template({ name: 'rollover-pod' }, AGNHOST, 'agnhost') } }, MERGE);
    const done = await until(() => get<Deployment>('deployments', 'test-rollover-deployment'), x => x.status?.replicas === 1 && x.status.updatedReplicas === 1 && x.status.availableReplicas === 1, 1000);
    expect(done.metadata!.annotations!['deployment.kubernetes.io/revision']).toBe('2');
    const dropped = await get<ReplicaSet>('replicasets', stuck.metadata!.name!);
    expect([(await old()).spec!.replicas, (await old()).status!.replicas, dropped.spec!.replicas, dropped.status!.replicas]).toEqual([0, 0, 0, 0]);
  });

  inSpace('Deployment should have a working scale subresource', async () => {
    await make('deployments', deployment('test-new-deployment', 1, { name: 'httpd' }));
    await complete('test-new-deployment');
    await scaleDoor('deployments', 'test-new-deployment');
  });

  inSpace('deployment should support proportional scaling', async () => {
    await make('deployments', deployment('webserver-deployment', 10, { name: 'httpd' }, HTTPD, { strategy: { type: 'RollingUpdate', rollingUpdate: { maxSurge: 3, maxUnavailable: 2 } } }));
    const first = (await newSet(await complete('webserver-deployment'))).metadata!.name!, sizes = async (): Promise<(number | undefined)[]> => { const d = await get<Deployment>('deployments', 'webserver-deployment'); return [(await get<ReplicaSet>('replicasets', first)).spec?.replicas, (await newSet(d))?.spec?.replicas]; };
    await patch('deployments', 'webserver-deployment', { spec: { template: { spec: { containers: [{ name: 'httpd', image: MISSING }] } } } });
    await until(sizes, ([a, b]) => a === 8 && b === 5);
    expect((await until(() => get<ReplicaSet>('replicasets', first), rs => rs.status?.replicas === 8)).status?.availableReplicas).toBe(8);
    await patch('deployments', 'webserver-deployment', { spec: { replicas: 30 } });
    await until(sizes, ([a, b]) => a === 20 && b === 13);
  });

  inSpace('should run the lifecycle of a Deployment', async () => {
    const name = 'test-deployment', labels = 'test-deployment-static=true', w = await watching('deployments', labels);
    const asked = deployment(name, 2, { 'test-deployment-static': 'true' }, AGNHOST);
    await make('deployments', asked);
    await until(() => Promise.resolve(w.events), es => es[0]?.type === 'ADDED' && es.some(e => (e.object as Deployment).status?.readyReplicas === 2));
    await patch('deployments', name, { metadata: { labels: { 'test-deployment': 'patched' } }, spec: { replicas: 1, template: { spec: { terminationGracePeriodSeconds: 2, containers: [{ name: 'agnhost', image: PAUSE }] } } } });
    await until(() => Promise.resolve(w.events), es => es.some(e => {
      const { spec, status = {} } = e.object as Deployment;
      return status.readyReplicas === 1 && status.updatedReplicas === 1 && !status.unavailableReplicas && spec!.template.spec!.containers[0]!.image === PAUSE && spec!.template.spec!.terminationGracePeriodSeconds === 2;
    }));
    expect((await list<Deployment>(every('deployments'), labels)).map(d => d.metadata!.name)).toEqual([name]);
    // Replaced by what was first asked for, without a version.
    await call('PUT', one('deployments', name), { ...asked, metadata: { ...asked.metadata, labels: { ...asked.metadata.labels, 'test-deployment': 'updated' } }, spec: { ...asked.spec, template: template({ 'test-deployment-static': 'true' }, HTTPD, 'agnhost') }, status: {} });
    const settled = (): Promise<Deployment> => until(() => get<Deployment>('deployments', name, 'status'), d => d.status?.readyReplicas === 2 && d.status.updatedReplicas === 2 && d.status.availableReplicas === 2 && !d.status.unavailableReplicas);
    expect([imageOf(await settled()), (await settled()).metadata!.labels]).toEqual([HTTPD, { 'test-deployment-static': 'true', 'test-deployment': 'updated' }]);
    await patch('deployments', name, { metadata: { labels: { 'test-deployment': 'patched-status' } }, status: { readyReplicas: 0, availableReplicas: 0 } }, STRATEGIC, 'status');
    expect([imageOf(await settled()), (await settled()).metadata!.labels]).toEqual([HTTPD, { 'test-deployment-static': 'true', 'test-deployment': 'updated' }]);
    await call('DELETE', all('deployments'), { kind: 'DeleteOptions', apiVersion: 'v1', gracePeriodSeconds: 1 }, undefined, { labelSelector: labels });
    await until(() => Promise.resolve(w.events), es => es.at(-1)?.type === 'DELETED');
    w.end();
  });

  inSpace('should validate Deployment Status endpoints', async () => {
    await make('deployments', deployment('test-deployment-x', 1, { name: 'httpd', e2e: 'testing' }));
    await complete('test-deployment-x');
    await statusDoor('deployments', 'test-deployment-x', 'e2e=testing');
  });

  inSpace('deployment reaping should cascade to its replica sets and pods', async () => {
    await make('deployments', { ...deployment('test-new-deployment', 1, { name: 'httpd' }), metadata: { name: 'test-new-deployment', annotations: { test: 'should-copy-to-replica-set', 'kubectl.kubernetes.io/last-applied-configuration': 'should-not-copy-to-replica-set' } } });
    const d = await complete('test-new-deployment');
    expect((await newSet(d)).metadata!.annotations).toEqual({ test: 'should-copy-to-replica-set', 'deployment.kubernetes.io/revision': '1', 'deployment.kubernetes.io/desired-replicas': '1', 'deployment.kubernetes.io/max-replicas': '2' });
    await call('DELETE', one('deployments', 'test-new-deployment'), { kind: 'DeleteOptions', apiVersion: 'v1', propagationPolicy: 'Foreground' });
    await until(async () => [...await list(all('deployments')), ...await list(all('replicasets')), ...await pods()], left => left.length === 0);
  });

  inSpace('test Deployment ReplicaSet orphaning and adoption regarding controllerRef', async () => {
    await make('deployments', deployment('test-orphan-deployment', 1, { name: 'httpd' }));
    const d = await complete('test-orphan-deployment'), [rs] = await setsOf(d);
    await call('DELETE', one('deployments', 'test-orphan-deployment'), { kind: 'DeleteOptions', apiVersion: 'v1', orphanDependents: true, preconditions: { uid: d.metadata!.uid } });
    await until(() => get<ReplicaSet>('replicasets', rs!.metadata!.name!), x => controlled(x) === undefined);
    await make('deployments', deployment('test-adopt-deployment', 1, { name: 'httpd' }));
    const adopter = await complete('test-adopt-deployment');
    expect((await list<ReplicaSet>(all('replicasets'))).map(x => [x.metadata!.uid, controlled(x)])).toEqual([[rs!.metadata!.uid, adopter.metadata!.uid]]);
  });

  inSpace('iterative rollouts should eventually progress', async () => {
    const r = random(20), change = (body: object, type = MERGE): Promise<Deployment> => patch<Deployment>('deployments', 'webserver', body, type);
    await make('deployments', deployment('webserver', 6, { name: 'httpd' }, HTTPD, { progressDeadlineSeconds: 300, revisionHistoryLimit: 2 }));
    for (let i = 0; i < 20; i++) {
      await c.settle(r.upTo(6) * 100, 100);
      const { spec } = await get<Deployment>('deployments', 'webserver'), replicas = Math.max(1, spec!.replicas! + r.pick([-1, 0, 1]));
      await r.pick([
        () => change({ spec: { replicas, template: { spec: { containers: [{ name: 'httpd', env: [{ name: `A${i}`, value: `${i}` }] }] } } } }, STRATEGIC),
        () => change({ metadata: { annotations: { 'deprecated.deployment.rollback.to': '0' } } }),
        () => change({ spec: { replicas } }),
        () => change({ spec: { paused: !spec!.paused, replicas } }),
        async () => { for (const name of await names()) if (r.chance(0.5)) await call('DELETE', one('pods', name)).catch((e: unknown) => { if (!isNotFound(e)) throw e; }); },
      ])();
    }
    await change({ spec: { paused: false } });
    await complete('webserver');
    await until(() => get<Deployment>('deployments', 'webserver'), d => d.status!.conditions!.some(x => x.type === 'Progressing' && x.reason === 'NewReplicaSetAvailable'));
  });
});

describe('ReplicaSet', () => {
  const labels = { name: 'sample-pod', pod: 'httpd' };
  inSpace('should surface a failure condition on a common issue like exceeded quota', async () => {
    await make('resourcequotas', { metadata: { name: 'condition-test' }, spec: { hard: { pods: '2' } } });
    await until(() => get<{ status?: { hard?: object } }>('resourcequotas', 'condition-test'), q => q.status?.hard !== undefined);
    await make('replicasets', replicaSet('condition-test', 3, { name: 'condition-test' }));
    const failed = await until(() => get<ReplicaSet>('replicasets', 'condition-test'), rs => rs.status?.conditions?.some(x => x.type === 'ReplicaFailure') === true);
    expect(failed.status!.conditions![0]).toMatchObject({ status: 'True', reason: 'FailedCreate', message: expect.stringMatching(/^pods "condition-test-\w{5}" is forbidden: exceeded quota: condition-test, requested: pods=1, used: pods=2, limited: pods=2$/) as string });
    await patch('replicasets', 'condition-test', { spec: { replicas: 2 } });
    await until(() => get<ReplicaSet>('replicasets', 'condition-test'), rs => rs.status!.observedGeneration === rs.metadata!.generation && !rs.status!.conditions?.length);
  });

  inSpace('what a quota refused is made as soon as the quota has room, however long it was refused', async () => {
    await make('resourcequotas', { metadata: { name: 'q' }, spec: { hard: { pods: '2' } } });
    await until(() => get<{ status?: { hard?: object } }>('resourcequotas', 'q'), q => q.status?.hard !== undefined);
    await make('replicasets', replicaSet('test-rs', 4, labels));
    await c.settle(1_200_000, 20_000);
    expect((await pods()).length).toBe(2);
    await patch('resourcequotas', 'q', { spec: { hard: { pods: '3' } } });
    await until(pods, ps => ps.length === 3, 20);
    await c.settle(600_000, 20_000);
    await call('DELETE', all('resourcequotas'));
    await until(pods, ps => ps.length === 4, 20);
  });

  inSpace('should adopt matching pods on creation and release no longer matching pods', async () => {
    await make('pods', { metadata: { name: 'pod-adoption-release', labels: { name: 'pod-adoption-release' } }, spec: { containers: [{ name: 'c', image: HTTPD }] } });
    await until(() => get<Pod>('pods', 'pod-adoption-release'), p => p.status?.phase === 'Running');
    const rs = await make<ReplicaSet>('replicasets', replicaSet('pod-adoption-release', 1, { name: 'pod-adoption-release' }));
    await until(() => get<Pod>('pods', 'pod-adoption-release'), p => controlled(p) === rs.metadata!.uid);
    await patch('pods', 'pod-adoption-release', { metadata: { labels: { name: 'not-matching-name' } } });
    await until(() => get<Pod>('pods', 'pod-adoption-release'), p => controlled(p) === undefined);
    await until(() => pods('name=pod-adoption-release'), ps => ps.length === 1);
  });

  inSpace('Replicaset should have a working scale subresource', async () => {
    await make('replicasets', replicaSet('test-rs', 1, labels));
    await ready('replicasets', 'test-rs', 1);
    await scaleDoor('replicasets', 'test-rs');
  });

  inSpace('Replace and Patch tests', async () => {
    const w = await watching('replicasets', 'test-rs=patched');
    await make('replicasets', replicaSet('test-rs', 1, labels));
    await ready('replicasets', 'test-rs', 1);
    const rs = await get<ReplicaSet>('replicasets', 'test-rs');
    await call('PUT', one('replicasets', 'test-rs'), { ...rs, spec: { ...rs.spec, replicas: 2 } });
    await patch('replicasets', 'test-rs', { metadata: { labels: { 'test-rs': 'patched' } }, spec: { replicas: 3, template: { spec: { terminationGracePeriodSeconds: 0, containers: [{ name: 'test-rs', image: PAUSE }] } } } });
    await until(() => Promise.resolve(w.events), es => es.some(e => { const o = e.object as ReplicaSet; return o.status?.readyReplicas === 3 && o.status.availableReplicas === 3 && imageOf(o) === PAUSE && o.spec!.template!.spec!.terminationGracePeriodSeconds === 0; }));
    // Who did not match before its labels changed was added then.
    expect(w.events[0]!.type).toBe('ADDED');
    w.end();
  });

  inSpace('should list and delete a collection of ReplicaSets', async () => {
    await make('replicasets', replicaSet('test-rs', 3, { ...labels, e2e: 'x7k2p' }));
    await ready('replicasets', 'test-rs', 3);
    expect((await list(every('replicasets'), 'e2e=x7k2p')).length).toBe(1);
    await call('DELETE', all('replicasets'), { kind: 'DeleteOptions', apiVersion: 'v1', gracePeriodSeconds: 1 }, undefined, { labelSelector: 'e2e=x7k2p' });
    expect(await list(every('replicasets'), 'e2e=x7k2p')).toEqual([]);
    await until(pods, left => left.length === 0);
  });

  inSpace('should validate Replicaset Status endpoints', async () => {
    await make('replicasets', replicaSet('test-rs', 1, labels));
    await ready('replicasets', 'test-rs', 1);
    await statusDoor('replicasets', 'test-rs', 'name=sample-pod,pod=httpd');
  });
});

describe('ReplicationController', () => {
  const controller = (name: string, replicas: number, labels: object, selector: object = labels) => ({ apiVersion: 'v1', kind: 'ReplicationController', metadata: { name, labels }, spec: { replicas, selector, template: template(labels, HTTPD) } });
  const count = (name: string, n: number): Promise<ReplicationController> => until(() => get<ReplicationController>('replicationcontrollers', name), rc => rc.status?.replicas === n && (rc.status.readyReplicas ?? 0) === n);

  inSpace('should surface a failure condition on a common issue like exceeded quota', async () => {
    await make('resourcequotas', { metadata: { name: 'condition-test' }, spec: { hard: { pods: '2' } } });
    await until(() => get<{ status?: { hard?: object } }>('resourcequotas', 'condition-test'), q => q.status?.hard !== undefined);
    await make('replicationcontrollers', controller('condition-test', 3, { name: 'condition-test' }));
    await until(() => get<ReplicationController>('replicationcontrollers', 'condition-test'), rc => rc.status?.conditions?.[0]?.reason === 'FailedCreate');
    await patch('replicationcontrollers', 'condition-test', { spec: { replicas: 2 } });
    await until(() => get<ReplicationController>('replicationcontrollers', 'condition-test'), rc => rc.status!.observedGeneration === rc.metadata!.generation && !rc.status!.conditions?.length);
  });

  inSpace('should adopt matching pods on creation / should release no longer matching pods', async () => {
    await make('pods', { metadata: { name: 'pod-adoption', labels: { name: 'pod-adoption' } }, spec: { containers: [{ name: 'c', image: HTTPD }] } });
    const rc = await make<ReplicationController>('replicationcontrollers', controller('pod-adoption', 1, { name: 'pod-adoption' }));
    await until(() => get<Pod>('pods', 'pod-adoption'), p => controlled(p) === rc.metadata!.uid);
    await patch('pods', 'pod-adoption', { metadata: { labels: { name: 'not-matching-name' } } });
    await until(() => get<Pod>('pods', 'pod-adoption'), p => controlled(p) === undefined);
  });

  inSpace('should test the lifecycle of a ReplicationController', async () => {
    const w = await watching('replicationcontrollers', 'test-rc-static=true'), seen = (holds: (rc: ReplicationController, type: string) => boolean): Promise<unknown> => until(() => Promise.resolve(w.events.splice(0)), es => es.some(e => holds(e.object as ReplicationController, e.type)), 20);
    await make('replicationcontrollers', controller('rc-test', 1, { 'test-rc-static': 'true' }));
    await seen((_, type) => type === 'ADDED');
    await count('rc-test', 1);
    w.events.splice(0);
    expect((await patch<ReplicationController>('replicationcontrollers', 'rc-test', { metadata: { labels: { 'test-rc': 'patched' } }, status: { replicas: 0 } })).metadata!.labels!['test-rc']).toBe('patched');
    await seen((_, type) => type === 'MODIFIED');
    expect((await patch<ReplicationController>('replicationcontrollers', 'rc-test', { status: { readyReplicas: 0, availableReplicas: 0 } }, STRATEGIC, 'status')).status?.readyReplicas ?? 0).toBe(0);
    await seen((_, type) => type === 'MODIFIED');
    expect((await get<ReplicationController>('replicationcontrollers', 'rc-test', 'status')).status!.replicas).toBe(1);
    await count('rc-test', 1);
    await patch('replicationcontrollers', 'rc-test', { metadata: {}, spec: { replicas: 2 }, status: { replicas: 0 } }, STRATEGIC, 'scale');
    await seen(rc => rc.status!.replicas === 2 && rc.status!.readyReplicas === 2);
    const rc = await count('rc-test', 2);
    await call('PUT', one('replicationcontrollers', 'rc-test', 'status'), { ...rc, status: { ...rc.status, availableReplicas: 1, readyReplicas: 1 } });
    await seen((_, type) => type === 'MODIFIED');
    expect((await list<ReplicationController>(every('replicationcontrollers'), 'test-rc-static=true')).map(x => [x.metadata!.name, x.metadata!.labels!['test-rc']])).toEqual([['rc-test', 'patched']]);
    await call('DELETE', all('replicationcontrollers'), undefined, undefined, { labelSelector: 'test-rc-static=true' });
    await seen((_, type) => type === 'DELETED');
    w.end();
  });

  inSpace('should get and update a ReplicationController scale', async () => {
    await make('replicationcontrollers', controller('e2e-rc', 1, { name: 'e2e-rc' }));
    await count('e2e-rc', 1);
    await scaleDoor('replicationcontrollers', 'e2e-rc');
    await count('e2e-rc', 4);
  });
});

describe('StatefulSet', () => {
  const set = (name: string): Promise<StatefulSet> => get<StatefulSet>('statefulsets', name);
  const observed = (name: string): Promise<StatefulSet> => until(() => set(name), s => (s.status?.observedGeneration ?? 0) >= s.metadata!.generation!);
  const roll = (name: string, image: string): Promise<unknown> => patch('statefulsets', name, { spec: { template: { spec: { containers: [{ name: 'webserver', image }] } } } });
  const look = async (): Promise<(string | undefined)[][]> => (await pods()).map(p => [p.spec!.containers[0]!.image, p.metadata!.labels!['controller-revision-hash']]);

  inSpace('should perform rolling updates and roll backs of template modifications', async () => {
    await make('statefulsets', statefulSet('ss2', 3));
    await ready('statefulsets', 'ss2', 3);
    const first = (await observed('ss2')).status!;
    expect(first.currentRevision).toBe(first.updateRevision);
    expect(await look()).toEqual(Array.from({ length: 3 }, () => [HTTPD, first.currentRevision]));
    await beReady('False', p => p.metadata!.name === 'ss2-1');
    await until(() => set('ss2'), s => s.status?.readyReplicas === 2);
    await roll('ss2', NEWER);
    const during = (await observed('ss2')).status!;
    expect(during.currentRevision).toBe(first.currentRevision);
    expect(during.updateRevision).not.toBe(first.currentRevision);
    await beReady('True');
    await until(() => set('ss2'), s => s.status?.currentRevision === s.status?.updateRevision && s.status?.readyReplicas === 3);
    expect(await look()).toEqual(Array.from({ length: 3 }, () => [NEWER, during.updateRevision]));
    await roll('ss2', HTTPD);
    await until(() => set('ss2'), s => s.status?.currentRevision === first.currentRevision && s.status?.updateRevision === first.currentRevision && s.status?.readyReplicas === 3);
    expect(await look()).toEqual(Array.from({ length: 3 }, () => [HTTPD, first.currentRevision]));
  });

  inSpace('should perform canary updates and phased rolling updates of template modifications', async () => {
    const partition = (n: number): object => ({ spec: { updateStrategy: { type: 'RollingUpdate', rollingUpdate: { partition: n } } } });
    await make('statefulsets', statefulSet('ss2', 3, { updateStrategy: { type: 'RollingUpdate', rollingUpdate: { partition: 3 } } }));
    await ready('statefulsets', 'ss2', 3);
    const was = (await observed('ss2')).status!.currentRevision;
    await roll('ss2', NEWER);
    const { currentRevision, updateRevision } = (await observed('ss2')).status!;
    expect([currentRevision, updateRevision === was]).toEqual([was, false]);
    const expected = (n: number): unknown => [0, 1, 2].map(i => (i < n ? [HTTPD, was] : [NEWER, updateRevision])), whole = async (n: number): Promise<void> => {
      await until(() => set('ss2'), s => s.status?.readyReplicas === 3 && s.status.updatedReplicas === 3 - n);
      expect(await look()).toEqual(expected(n));
    };
    expect(await look()).toEqual(expected(3));
    await patch('statefulsets', 'ss2', partition(2));
    await whole(2);
    for (const name of ['ss2-0', 'ss2-2']) await call('DELETE', one('pods', name), { kind: 'DeleteOptions', apiVersion: 'v1', gracePeriodSeconds: 0 });
    await until(names, all => all.length === 3);
    await whole(2);
    for (const n of [1, 0]) { await patch('statefulsets', 'ss2', partition(n)); await whole(n); }
    expect((await until(() => set('ss2'), s => s.status?.currentRevision === updateRevision)).status!.currentReplicas).toBe(3);
  });

  inSpace('Scaling should happen in predictable order and halt if any stateful pod is unhealthy', async () => {
    const w = await watching('pods', 'baz=blah,foo=bar');
    await make('statefulsets', statefulSet('ss', 1));
    await ready('statefulsets', 'ss', 1);
    await beReady('False');
    await until(() => set('ss'), s => (s.status?.readyReplicas ?? 0) === 0);
    await patch('statefulsets', 'ss', { spec: { replicas: 3 } });
    await c.settle(10_000, 1000);
    expect(await names()).toEqual(['ss-0']);
    await beReady('True');
    await ready('statefulsets', 'ss', 3);
    expect(w.events.filter(e => e.type === 'ADDED').map(e => e.object.metadata!.name)).toEqual(['ss-0', 'ss-1', 'ss-2']);
    await beReady('False');
    await until(() => set('ss'), s => (s.status?.readyReplicas ?? 0) === 0);
    await patch('statefulsets', 'ss', { spec: { replicas: 0 } });
    await c.settle(10_000, 1000);
    expect(await names()).toEqual(['ss-0', 'ss-1', 'ss-2']);
    await beReady('True');
    await until(() => set('ss'), s => s.status?.replicas === 0);
    expect(w.events.filter(e => e.type === 'DELETED').map(e => e.object.metadata!.name)).toEqual(['ss-2', 'ss-1', 'ss-0']);
    w.end();
  });

  inSpace('Burst scaling should run to completion even with unhealthy pods', async () => {
    await make('statefulsets', statefulSet('ss', 1, { podManagementPolicy: 'Parallel' }));
    await ready('statefulsets', 'ss', 1);
    await beReady('False');
    await until(() => set('ss'), s => (s.status?.readyReplicas ?? 0) === 0);
    await patch('statefulsets', 'ss', { spec: { replicas: 3 } });
    await until(names, n => n.length === 3);
    await beReady('False');
    await patch('statefulsets', 'ss', { spec: { replicas: 0 } });
    await until(names, n => n.length === 0);
    await until(() => set('ss'), s => s.status?.replicas === 0);
  });

  inSpace('Should recreate evicted statefulset', async () => {
    await make('statefulsets', statefulSet('ss', 1));
    await ready('statefulsets', 'ss', 1);
    const before = (await get<Pod>('pods', 'ss-0')).metadata!.uid;
    await patch('pods', 'ss-0', { status: { phase: 'Failed', reason: 'Evicted' } }, MERGE, 'status');
    await until(pods, ([p]) => p !== undefined && p.metadata!.uid !== before && isReady(p));
  });

  inSpace('should have a working scale subresource', async () => {
    await make('statefulsets', statefulSet('ss', 1));
    await ready('statefulsets', 'ss', 1);
    await scaleDoor('statefulsets', 'ss');
  });

  inSpace('should list, patch and delete a collection of StatefulSets', async () => {
    await make('statefulsets', statefulSet('test-ss', 1, {}, { name: 'sample-pod', pod: 'httpd' }));
    await ready('statefulsets', 'test-ss', 1);
    await patch('statefulsets', 'test-ss', { metadata: { labels: { 'test-ss': 'patched' } }, spec: { replicas: 2, template: { spec: { TerminationGracePeriodSeconds: 1, containers: [{ name: 'test-ss', image: PAUSE }] } } } });
    const s = await set('test-ss');
    expect([s.spec!.replicas, imageOf(s)]).toEqual([2, PAUSE]);
    await ready('statefulsets', 'test-ss', 2);
    expect((await list(every('statefulsets'), 'test-ss=patched')).length).toBe(1);
    await call('DELETE', all('statefulsets'), { kind: 'DeleteOptions', apiVersion: 'v1', gracePeriodSeconds: 1 }, undefined, { labelSelector: 'test-ss=patched' });
    expect(await list(every('statefulsets'), 'test-ss=patched')).toEqual([]);
  });

  inSpace('should validate Statefulset Status endpoints', async () => {
    await make('statefulsets', statefulSet('ss', 1));
    await ready('statefulsets', 'ss', 1);
    await patch('statefulsets', 'ss', { metadata: { labels: { e2e: 'testing' } } });
    await statusDoor('statefulsets', 'ss', 'e2e=testing');
  });

  inSpace('should adopt matching orphans and release non-matching pods', async () => {
    const ss = await make<StatefulSet>('statefulsets', statefulSet('ss', 1));
    await ready('statefulsets', 'ss', 1);
    const { metadata } = await get<Pod>('pods', 'ss-0'), owned = (yes: boolean): Promise<Pod> => until(() => get<Pod>('pods', 'ss-0'), p => (controlled(p) === ss.metadata!.uid) === yes);
    await patch('pods', 'ss-0', { metadata: { ownerReferences: null } }, MERGE);
    await owned(true);
    await patch('pods', 'ss-0', { metadata: { labels: null } }, MERGE);
    await owned(false);
    await patch('pods', 'ss-0', { metadata: { labels: metadata!.labels } }, MERGE);
    expect((await owned(true)).metadata!.uid).toBe(metadata!.uid);
  });

  inSpace("should not deadlock when a pod's predecessor fails", async () => {
    await make('statefulsets', statefulSet('ss', 2));
    await until(names, n => n.length === 2);
    await beReady('False', p => p.metadata!.name === 'ss-1');
    await call('DELETE', one('pods', 'ss-0'), { kind: 'DeleteOptions', apiVersion: 'v1' });
    await until(names, n => n.length === 2);
    await beReady('True');
    await ready('statefulsets', 'ss', 2);
  });
});

describe('Daemon set', () => {
  const NAME = 'daemon-set', label = { 'daemonset-name': NAME };
  const daemonSet = (more: object = {}, image = HTTPD) => ({ apiVersion: 'apps/v1', kind: 'DaemonSet', metadata: { name: NAME, labels: label }, spec: { selector: { matchLabels: label }, template: template(label, image, 'app', more) } });
  const where = async (): Promise<string[]> => (await pods()).filter(p => isReady(p) && !p.metadata!.deletionTimestamp).map(p => p.spec!.nodeName!).sort();
  const runsOn = async (...nodes: string[]): Promise<void> => { await until(where, seen => seen.join() === nodes.join()); };
  const roll = (image: string): Promise<unknown> => patch('daemonsets', NAME, { spec: { template: { spec: { containers: [{ name: 'app', image }] } } } });
  const history = (): Promise<ControllerRevision[]> => list<ControllerRevision>(all('controllerrevisions'), `daemonset-name=${NAME}`);
  const nodeLabel = (color: string | null): Promise<Node> => call<Node>('PATCH', '/api/v1/nodes/n1', { metadata: { labels: { 'daemonset-color': color } } }, MERGE);
  const status = async (): Promise<unknown> => { const { desiredNumberScheduled, currentNumberScheduled, numberReady } = (await get<DaemonSet>('daemonsets', NAME)).status!; return [desiredNumberScheduled, currentNumberScheduled, numberReady]; };

  inSpace('should run and stop simple daemon', async () => {
    await make('daemonsets', daemonSet());
    await runsOn('n1', 'n2');
    await until(status, s => JSON.stringify(s) === '[2,2,2]');
    const [victim] = await pods();
    await call('DELETE', one('pods', victim!.metadata!.name!));
    await until(names, n => !n.includes(victim!.metadata!.name!));
    await runsOn('n1', 'n2');
  });

  inSpace('should run and stop complex daemon', async () => {
    await make('daemonsets', daemonSet({ nodeSelector: { 'daemonset-color': 'blue' } }));
    await c.settle(1000, 100);
    expect(await names()).toEqual([]);
    await nodeLabel('blue');
    await runsOn('n1');
    await until(status, s => JSON.stringify(s) === '[1,1,1]');
    await nodeLabel('green');
    await until(names, n => n.length === 0);
    await patch('daemonsets', NAME, { spec: { template: { spec: { nodeSelector: { 'daemonset-color': 'green' } } }, updateStrategy: { type: 'RollingUpdate' } } });
    await runsOn('n1');
    await nodeLabel(null);
    await until(names, n => n.length === 0);
  });

  inSpace('should retry creating failed daemon pods', async () => {
    await make('daemonsets', daemonSet());
    await runsOn('n1', 'n2');
    const [victim] = await pods();
    await call('PUT', one('pods', victim!.metadata!.name!, 'status'), { ...victim, metadata: { ...victim!.metadata, resourceVersion: '' }, status: { ...victim!.status, phase: 'Failed' } });
    await until(names, n => !n.includes(victim!.metadata!.name!));
    await runsOn('n1', 'n2');
  });

  inSpace('should update pod when spec was updated and update strategy is RollingUpdate', async () => {
    await make('daemonsets', daemonSet());
    await runsOn('n1', 'n2');
    const [first] = await history(), hashes = async (): Promise<unknown> => [...new Set((await pods()).map(p => p.metadata!.labels!['controller-revision-hash']))];
    expect([first!.revision, await hashes()]).toEqual([1, [first!.metadata!.labels!['controller-revision-hash']]]);
    expect((await pods()).map(p => p.metadata!.labels!['pod-template-generation'])).toEqual(['1', '1']);
    await roll(AGNHOST);
    await until(pods, ps => ps.length === 2 && ps.every(p => p.spec!.containers[0]!.image === AGNHOST && isReady(p)));
    const second = (await history()).find(r => r.revision === 2)!;
    expect(await hashes()).toEqual([second.metadata!.labels!['controller-revision-hash']]);
    expect((await pods()).map(p => p.metadata!.labels!['pod-template-generation'])).toEqual(['2', '2']);
  });

  inSpace('should rollback without unnecessary restarts', async () => {
    await make('daemonsets', daemonSet());
    await runsOn('n1', 'n2');
    await roll('foo:non-existent');
    const during = await until(pods, ps => ps.length === 2 && ps.some(p => p.spec!.containers[0]!.image === 'foo:non-existent'));
    await roll(HTTPD);
    const after = await until(pods, ps => ps.length === 2 && ps.every(p => p.spec!.containers[0]!.image === HTTPD && isReady(p)));
    for (const p of during.filter(x => x.spec!.containers[0]!.image === HTTPD)) expect(after.map(x => x.metadata!.uid)).toContain(p.metadata!.uid);
  });

  inSpace('should list and delete a collection of DaemonSets', async () => {
    await make('daemonsets', daemonSet());
    await runsOn('n1', 'n2');
    expect((await list(every('daemonsets'), `daemonset-name=${NAME}`)).length).toBeGreaterThan(0);
    await call('DELETE', all('daemonsets'), { kind: 'DeleteOptions', apiVersion: 'v1' }, undefined, { labelSelector: `daemonset-name=${NAME}` });
    expect(await list(all('daemonsets'), `daemonset-name=${NAME}`)).toEqual([]);
    await until(async () => [...await pods(), ...await history()], left => left.length === 0);
  });

  inSpace('should verify changes to a daemon set status', async () => {
    await make('daemonsets', daemonSet());
    await runsOn('n1', 'n2');
    await statusDoor('daemonsets', NAME, `daemonset-name=${NAME}`);
  });

  inSpace('should manage the lifecycle of a ControllerRevision', async () => {
    const ds = await make<DaemonSet>('daemonsets', daemonSet()), labels = `daemonset-name=${NAME}`, count = (n: number): Promise<ControllerRevision[]> => until(history, h => h.length === n);
    await runsOn('n1', 'n2');
    const initial = (await list<ControllerRevision>(every('controllerrevisions'), labels)).find(r => r.metadata!.namespace === ns), first = initial!.metadata!.name!;
    expect([initial!.revision, controlled(initial!)]).toEqual([1, ds.metadata!.uid]);
    expect((await patch<ControllerRevision>('controllerrevisions', first, { metadata: { labels: { [first]: 'patched' } } })).metadata!.labels![first]).toBe('patched');
    await c.settle(100);
    const made = await make<ControllerRevision>('controllerrevisions', { metadata: { name: `${NAME}-6b5f7c9d8`, labels: { ...label, 'controller-revision-hash': '6b5f7c9d8' }, ownerReferences: initial!.metadata!.ownerReferences }, data: initial!.data, revision: 2 });
    await count(2);
    await call('DELETE', one('controllerrevisions', first));
    const [current] = await count(1), name = made.metadata!.name!, uids = async (): Promise<unknown> => (await pods()).map(p => p.metadata!.uid), before = await uids();
    expect([current!.metadata!.name, current!.revision]).toEqual([name, 2]);
    await call('PUT', one('controllerrevisions', name), { ...await get<ControllerRevision>('controllerrevisions', name), metadata: { ...(await get<ControllerRevision>('controllerrevisions', name)).metadata, labels: { ...current!.metadata!.labels, [name]: 'updated' } } });
    await c.settle(400);
    // Its pods are of the current template all the same.
    expect(await uids()).toEqual(before);
    await patch('daemonsets', NAME, { spec: { template: { spec: { terminationGracePeriodSeconds: 1 } } }, updateStrategy: { type: 'RollingUpdate' } });
    await count(2);
    await call('DELETE', all('controllerrevisions'), { kind: 'DeleteOptions', apiVersion: 'v1' }, undefined, { labelSelector: `${name}=updated` });
    expect((await count(1)).map(r => r.revision)).toEqual([3]);
    await until(pods, ps => ps.length === 2 && ps.every(p => p.spec!.terminationGracePeriodSeconds === 1 && isReady(p)));
  });
});

describe('Deployment, as upstream\'s integration tests have it', () => {
  const status = async (name: string): Promise<number[]> => { const s = (await get<Deployment>('deployments', name)).status!; return [s.replicas ?? 0, s.updatedReplicas ?? 0, s.readyReplicas ?? 0, s.availableReplicas ?? 0, s.unavailableReplicas ?? 0]; };
  const reason = async (name: string, type: string): Promise<string | undefined> => (await get<Deployment>('deployments', name)).status!.conditions!.find(x => x.type === type)?.reason;
  const annotation = async (d: Deployment): Promise<unknown> => [...new Set((await setsOf(d)).map(rs => rs.metadata!.annotations!['deployment.kubernetes.io/desired-replicas']))];

  inSpace('TestGeneralReplicaSetAdoption: one reference to an owner, never two', async () => {
    await make('deployments', deployment('d', 1, { name: 'x' }));
    const d = await complete('d'), name = (await newSet(d)).metadata!.name!, own = { uid: d.metadata!.uid, apiVersion: 'apps/v1', kind: 'Deployment', name: 'd' };
    const adopted = async (refs: object[]): Promise<unknown> => {
      await patch('replicasets', name, { metadata: { ownerReferences: refs } }, MERGE);
      return (await until(() => get<ReplicaSet>('replicasets', name), rs => controlled(rs) !== undefined)).metadata!.ownerReferences;
    };
    const other = { uid: '0d2b6a57-0a1c-4b2b-9d2e-1f5a3c1d2e3f', apiVersion: 'apps/v1', kind: 'StatefulSet', name: 'd', controller: false };
    expect(await adopted([other])).toEqual([{ ...own, controller: true, blockOwnerDeletion: true }, other]);
    expect(await adopted([{ ...own, controller: false }])).toEqual([{ ...own, controller: true, blockOwnerDeletion: true }]);
  });

  inSpace('TestReplicaSetOrphaningAndAdoptionWhenLabelsChange', async () => {
    await make('deployments', deployment('d', 1, { name: 'x' }));
    const d = await complete('d'), first = await newSet(d), name = first.metadata!.name!;
    await patch('replicasets', name, { metadata: { labels: { name: null, 'pod-template-hash': null, 'new-name': 'new-test' } } }, MERGE);
    await until(() => get<ReplicaSet>('replicasets', name), rs => controlled(rs) === undefined);
    const made = await until(() => newSet(d), rs => rs !== undefined);
    expect(made.metadata!.name).not.toBe(name);
    expect((await get<Deployment>('deployments', 'd')).status!.collisionCount).toBe(1);
    await patch('replicasets', name, { metadata: { labels: { name: 'x', 'new-name': null } } }, MERGE);
    await until(() => get<ReplicaSet>('replicasets', name), rs => controlled(rs) === d.metadata!.uid);
  });

  inSpace('TestDeploymentHashCollision', async () => {
    await make('deployments', deployment('d', 1, { name: 'x' }));
    const d = await complete('d'), { metadata, spec } = await newSet(d), hash = metadata!.labels!['pod-template-hash']!;
    expect([spec!.selector.matchLabels!['pod-template-hash'], spec!.template!.metadata!.labels!['pod-template-hash'], metadata!.name!.endsWith(hash)]).toEqual([hash, hash, true]);
    await patch('replicasets', metadata!.name!, { spec: { template: { spec: { terminationGracePeriodSeconds: 5 } } } });
    const next = await until(() => get<Deployment>('deployments', 'd'), x => x.metadata!.annotations!['deployment.kubernetes.io/revision'] === '2');
    expect(next.status!.collisionCount).toBe(1);
  });

  inSpace('TestPausedDeployment, TestScalePausedDeployment', async () => {
    await make('deployments', deployment('d', 1, { name: 'x' }, HTTPD, { paused: true }));
    await c.settle(400);
    expect(await list(all('replicasets'))).toEqual([]);
    await patch('deployments', 'd', { spec: { paused: false } });
    const d = await complete('d');
    await patch('deployments', 'd', { spec: { paused: true } });
    await patch('deployments', 'd', { spec: { template: { spec: { terminationGracePeriodSeconds: 7 } } } });
    await patch('deployments', 'd', { spec: { replicas: 4 } });
    await until(() => setsOf(d), ([rs]) => rs?.status?.readyReplicas === 4);
    expect((await setsOf(d)).map(rs => rs.spec!.template!.spec!.terminationGracePeriodSeconds)).toEqual([0]);
    expect((await until(() => get<Deployment>('deployments', 'd'), x => x.status!.observedGeneration === x.metadata!.generation)).status).not.toHaveProperty('updatedReplicas');
  });

  inSpace('TestFailedDeployment', async () => {
    await make('deployments', deployment('d', 1, { name: 'x' }, MISSING, { progressDeadlineSeconds: 3 }));
    await until(() => reason('d', 'Progressing'), x => x === 'ProgressDeadlineExceeded', 500);
    const d = await get<Deployment>('deployments', 'd');
    expect(d.status!.conditions!.find(x => x.type === 'Progressing')).toMatchObject({ status: 'False', message: `ReplicaSet "${(await newSet(d)).metadata!.name}" has timed out progressing.` });
    allRun();
    await complete('d');
    await until(() => reason('d', 'Progressing'), x => x === 'NewReplicaSetAvailable');
  });

  inSpace('TestDeploymentAvailableCondition', async () => {
    await make('deployments', deployment('d', 10, { name: 'x' }, MISSING, { minReadySeconds: 3600, progressDeadlineSeconds: 7200 }));
    await until(() => status('d'), s => s.join() === '10,10,0,0,10');
    expect(await reason('d', 'Available')).toBe('MinimumReplicasUnavailable');
    allRun();
    await until(() => status('d'), s => s.join() === '10,10,10,0,10');
    expect(await reason('d', 'Available')).toBe('MinimumReplicasUnavailable');
    await patch('deployments', 'd', { spec: { minReadySeconds: 1 } });
    await until(() => status('d'), s => s.join() === '10,10,10,10,0');
    expect(await reason('d', 'Available')).toBe('MinimumReplicasAvailable');
  });

  inSpace('TestScaledRolloutDeployment: scaled and rolled at once', async () => {
    await make('deployments', deployment('d', 10, { name: 'x' }, HTTPD, { strategy: { type: 'RollingUpdate', rollingUpdate: { maxSurge: 3, maxUnavailable: 2 } } }));
    const d = await complete('d');
    for (const [replicas, stuck, image] of [[20, 'webserver:404', NEWER], [5, 'foo:non-existent', PAUSE]] as const) {
      await patch('deployments', 'd', { spec: { template: { spec: { containers: [{ name: 'httpd', image: stuck }] } } } });
      await until(() => setsOf(d), sets => sets.some(rs => imageOf(rs) === stuck && rs.status?.replicas === rs.spec?.replicas && rs.spec!.replicas! > 0));
      await patch('deployments', 'd', { spec: { replicas, template: { spec: { containers: [{ name: 'httpd', image }] } } } });
      await complete('d');
      expect(await annotation(d)).toContain(String(replicas));
    }
    expect((await setsOf(d)).filter(rs => rs.spec!.replicas! > 0).map(imageOf)).toEqual([PAUSE]);
  });

  inSpace('TestOverlappingDeployments', async () => {
    for (const name of ['first', 'second']) { await make('deployments', deployment(name, 1, { name: 'x' })); await complete(name); }
    await patch('deployments', 'first', { spec: { replicas: 2 } });
    const first = await complete('first'), second = await complete('second');
    expect([(await newSet(first)).spec!.replicas, (await newSet(second)).spec!.replicas, (await pods()).length]).toEqual([2, 1, 3]);
  });
});

describe('ReplicaSet and ReplicationController, as upstream\'s integration tests have it', () => {
  inSpace('TestAdoption', async () => {
    const rs = await make<ReplicaSet>('replicasets', replicaSet('rs', 0, { name: 'x' })), own = { uid: rs.metadata!.uid!, apiVersion: 'apps/v1', kind: 'ReplicaSet', name: 'rs' }, controller = { ...own, controller: true, blockOwnerDeletion: true };
    const other = { uid: (await call<Pod>('GET', `/api/v1/namespaces/${ns}`)).metadata!.uid, apiVersion: 'v1', kind: 'Namespace', name: ns, controller: true };
    await patch('replicasets', 'rs', { spec: { replicas: 3 } });
    await ready('replicasets', 'rs', 3);
    const [a, b, x] = await pods(), refs = async (p: Pod, ownerReferences: object[]): Promise<unknown> => {
      await patch('pods', p.metadata!.name!, { metadata: { ownerReferences } }, MERGE);
      await c.settle(100);
      return (await get<Pod>('pods', p.metadata!.name!)).metadata!.ownerReferences;
    };
    expect(await refs(a!, [])).toEqual([controller]);
    expect(await refs(b!, [own])).toEqual([controller]);
    // Another's controller is respected, and one more is made in its stead.
    expect(await refs(x!, [other, own])).toEqual([other, own]);
    await until(pods, ps => ps.filter(p => controlled(p) === own.uid).length === 3);
  });

  inSpace('TestDeletingAndFailedPods', async () => {
    await make('replicasets', replicaSet('rs', 2, { name: 'x' }));
    await ready('replicasets', 'rs', 2);
    const [deleted, failed] = (await pods()).map(p => p.metadata!.name!);
    await patch('pods', deleted!, { metadata: { finalizers: ['fake.example.com/blockDeletion'] } }, MERGE);
    await call('DELETE', one('pods', deleted!));
    await patch('pods', failed!, { status: { phase: 'Failed' } }, MERGE, 'status');
    await until(names, n => n.length === 4);
    expect(await names()).toEqual(expect.arrayContaining([deleted, failed]));
    await patch('pods', deleted!, { metadata: { finalizers: null } }, MERGE);
  });

  inSpace('TestUpdateSelectorToAdopt, TestUpdateSelectorToRemoveControllerRef', async () => {
    const labels = { name: 'x', uniqueKey: '1' };
    await make('pods', { metadata: { name: 'pod2', labels: { name: 'x', uniqueKey: '2' } }, spec: { containers: [{ name: 'c', image: HTTPD }] } });
    const rc = await make<ReplicationController>('replicationcontrollers', { metadata: { name: 'rc' }, spec: { replicas: 1, selector: labels, template: template(labels, HTTPD) } });
    await until(names, n => n.length === 2);
    await patch('replicationcontrollers', 'rc', { spec: { selector: { uniqueKey: null } } });
    await until(pods, ps => ps.length === 1 && controlled(ps[0]!) === rc.metadata!.uid);
    await patch('replicationcontrollers', 'rc', { spec: { selector: { uniqueKey: '3' }, template: { metadata: { labels: { uniqueKey: '3' } } } } });
    await until(pods, ps => ps.length === 2 && ps.filter(p => controlled(p) === rc.metadata!.uid).length === 1);
  });
});

describe('StatefulSet and DaemonSet, as upstream\'s integration tests have it', () => {
  const parallel = { podManagementPolicy: 'Parallel' }, claims = { volumeClaimTemplates: [{ apiVersion: 'v1', kind: 'PersistentVolumeClaim', metadata: { name: 'datadir' }, spec: { accessModes: ['ReadWriteOnce'], resources: { requests: { storage: '1Gi' } } } }] };
  inSpace('TestVolumeTemplateNoopUpdate', async () => {
    const asked = statefulSet('web', 0, claims), made = await make<StatefulSet>('statefulsets', asked);
    await call('PUT', one('statefulsets', 'web'), { ...made, metadata: { ...made.metadata, resourceVersion: undefined }, spec: asked.spec });
  });

  inSpace('TestDeletingPodForRollingUpdatePartition', async () => {
    await make('statefulsets', statefulSet('sts', 2, { ...parallel, updateStrategy: { type: 'RollingUpdate', rollingUpdate: { partition: 1 } } }));
    await ready('statefulsets', 'sts', 2);
    await patch('pods', 'sts-0', { metadata: { finalizers: ['fake.example.com/blockDeletion'] } }, MERGE);
    await patch('statefulsets', 'sts', { spec: { template: { spec: { containers: [{ name: 'webserver', image: NEWER }] } } } });
    await until(() => get<StatefulSet>('statefulsets', 'sts'), s => s.status!.updatedReplicas === 1 && s.status!.readyReplicas === 2);
    await patch('pods', 'sts-0', { status: { phase: 'Failed' } }, MERGE, 'status');
    await call('DELETE', one('pods', 'sts-0'));
    await until(() => get<StatefulSet>('statefulsets', 'sts'), s => s.status!.readyReplicas === 1);
    await patch('pods', 'sts-0', { metadata: { finalizers: null } }, MERGE);
    await ready('statefulsets', 'sts', 2);
    expect((await pods()).map(p => p.spec!.containers[0]!.image)).toEqual([HTTPD, NEWER]);
  });

  inSpace('TestStatefulSetStatusWithPodFail', async () => {
    await make('resourcequotas', { metadata: { name: 'q' }, spec: { hard: { pods: '2' } } });
    await until(() => get<{ status?: { hard?: object } }>('resourcequotas', 'q'), q => q.status?.hard !== undefined);
    await make('statefulsets', statefulSet('sts', 4, parallel));
    await until(() => get<StatefulSet>('statefulsets', 'sts'), s => s.status?.replicas === 2);
    await patch('resourcequotas', 'q', { spec: { hard: { pods: '4' } } });
    await ready('statefulsets', 'sts', 4);
  });

  inSpace('TestStatefulSetStartOrdinal', async () => {
    for (const [start, replicas] of [[undefined, 3], [0, 3], [4, 4], [2, 7]] as const) {
      const name = `sts${start ?? ''}`, mine = async (): Promise<(string | undefined)[][]> => (await pods(`s=${name}`)).map(p => [p.metadata!.name, p.metadata!.labels!['apps.kubernetes.io/pod-index']]);
      await make('statefulsets', statefulSet(name, replicas, { ...parallel, ...(start === undefined ? {} : { ordinals: { start } }) }, { s: name }));
      await ready('statefulsets', name, replicas);
      expect(await mine()).toEqual(Array.from({ length: replicas }, (_, i) => [`${name}-${i + (start ?? 0)}`, String(i + (start ?? 0))]));
      await patch('statefulsets', name, { spec: { replicas: 1 } });
      await until(mine, ps => ps.length === 1 && ps[0]![0] === `${name}-${start ?? 0}`);
    }
  });

  inSpace('TestTaintedNode, TestInsufficientCapacityNode, TestUnschedulableNodeDaemonDoesLaunchPod', async () => {
    const node = (name: string, more: object, allocatable = { cpu: '4', memory: '8Gi', pods: '110' }): Promise<unknown> => call('POST', '/api/v1/nodes', { metadata: { name, labels: { zone: 'test', 'kubernetes.io/hostname': name } }, status: { allocatable, capacity: allocatable, conditions: [{ type: 'Ready', status: 'True' }] }, ...more });
    const spec = template({ d: 'foo' }, HTTPD, 'c', { nodeSelector: { zone: 'test' } });
    await make('daemonsets', { metadata: { name: 'foo' }, spec: { selector: { matchLabels: { d: 'foo' } }, template: { ...spec, spec: { ...spec.spec, containers: [{ name: 'c', image: HTTPD, resources: { requests: { memory: '120M', cpu: '75m' } } }] } } } });
    await node('cordoned', { spec: { unschedulable: true } });
    await node('tainted', { spec: { taints: [{ key: 'key1', value: 'val1', effect: 'NoSchedule' }] } });
    await node('small', {}, { cpu: '200m', memory: '100M', pods: '110' });
    const where = async (): Promise<string> => (await pods()).map(p => p.spec!.nodeName ?? 'none').sort().join();
    await until(where, s => s === 'cordoned,none');
    await call('PATCH', '/api/v1/nodes/tainted', { spec: { taints: null } }, MERGE);
    await until(where, s => s === 'cordoned,none,tainted');
    expect((await get<DaemonSet>('daemonsets', 'foo')).status).toMatchObject({ desiredNumberScheduled: 3, currentNumberScheduled: 3, numberMisscheduled: 0 });
    for (const name of ['cordoned', 'tainted', 'small']) await call('DELETE', `/api/v1/nodes/${name}`);
  });
});

// The API contract, sections 15.4 to 15.6 and 17.4 to 17.6: other clients than kubectl against a running host.
import { spawnSync } from 'node:child_process';
import { PassThrough } from 'node:stream';
import { AppsV1Api, Attach, CoordinationV1Api, CoreV1Api, Exec, KubeConfig, KubernetesObjectApi, Log, PatchStrategy, PortForward, V1MicroTime, Watch, makeInformer, setHeaderOptions, type V1ConfigMap, type V1Status } from '@kubernetes/client-node';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { eventually, startHost, type Host } from '../harness/host.ts';
import { Wire, type Loose } from '../harness/wire.ts';

let host: Host, api: Wire, config: KubeConfig, core: CoreV1Api;
const ns = 'clients', NS = `/api/v1/namespaces/${ns}`, LEASES = `/apis/coordination.k8s.io/v1/namespaces/${ns}/leases`;
const list = (v: Loose | undefined): Loose[] => (Array.isArray(v) ? v as Loose[] : []);

beforeAll(async () => {
  host = await startHost(['--runtime', 'simulated']);
  api = new Wire(host.ready.kubeconfig);
  config = new KubeConfig();
  config.loadFromFile(host.ready.kubeconfig);
  core = config.makeApiClient(CoreV1Api);
  await core.createNamespace({ body: { metadata: { name: ns } } });
  await eventually('the default account', async () => (await api.call(`${NS}/serviceaccounts/default`)).status === 200);
  await core.createNamespacedPod({ namespace: ns, body: { metadata: { name: 'p' }, spec: { containers: [{ name: 'c', image: 'busybox', command: ['sh', '-c', 'echo hello; sleep 3600'] }] } } });
  await eventually('the pod runs', async () => (await core.readNamespacedPod({ namespace: ns, name: 'p' })).status?.phase === 'Running');
});
afterAll(async () => { api.close(); await host.dispose(); });

describe('15', () => {
  test('15.4 one set of events under two names', async () => {
    const event = { metadata: { name: 'e' }, involvedObject: { kind: 'Pod', namespace: ns, name: 'p' }, reason: 'R', message: 'm', type: 'Normal', count: 1, firstTimestamp: '2026-01-01T00:00:00Z', lastTimestamp: '2026-01-01T00:00:00Z', source: { component: 'me' } };
    expect((await api.call(`${NS}/events`, { body: event })).status).toBe(201);
    expect((await api.patch(`${NS}/events/e`, 'strategic-merge', { count: 2, lastTimestamp: '2026-01-01T00:01:00Z' })).json['count']).toBe(2);
    const v1 = (await api.call(`/apis/events.k8s.io/v1/namespaces/${ns}/events/e`)).json;
    expect(v1).toMatchObject({ kind: 'Event', apiVersion: 'events.k8s.io/v1', regarding: { kind: 'Pod', name: 'p' }, note: 'm', deprecatedCount: 2, deprecatedSource: { component: 'me' } });
    const made = await api.call(`/apis/events.k8s.io/v1/namespaces/${ns}/events`, { body: { metadata: { name: 'n' }, regarding: { kind: 'Pod', namespace: ns, name: 'p' }, reason: 'R', note: 'x', type: 'Normal', action: 'A', eventTime: '2026-01-01T00:00:00.123456Z', reportingController: 'c/x', reportingInstance: 'i' } });
    expect([made.status, made.json['eventTime']], made.text).toEqual([201, '2026-01-01T00:00:00.123456Z']);
    expect((await api.patch(`/apis/events.k8s.io/v1/namespaces/${ns}/events/n`, 'strategic-merge', { series: { count: 3, lastObservedTime: '2026-01-01T00:00:01.000001Z' } })).json['series']).toEqual({ count: 3, lastObservedTime: '2026-01-01T00:00:01.000001Z' });
    expect((await api.call(`${NS}/events/n`)).json).toMatchObject({ apiVersion: 'v1', involvedObject: { name: 'p' }, message: 'x', reportingComponent: 'c/x' });
    expect(list((await api.call(`${NS}/events?limit=500&fieldSelector=involvedObject.name%3Dp,reason%3DR`)).json['items'])).toHaveLength(2);
  });

  test('15.5 leases: get, create, renew; six digits as they were given (trap 27)', async () => {
    expect((await api.call(`${LEASES}/l`)).status).toBe(404);
    const first = await api.call(LEASES, { body: { metadata: { name: 'l' }, spec: { holderIdentity: 'a', leaseDurationSeconds: 15, acquireTime: '2026-01-01T00:00:00.123456Z', renewTime: '2026-01-01T00:00:00.123456Z', leaseTransitions: 0 } } });
    expect([first.status, first.json['spec']?.['renewTime']]).toEqual([201, '2026-01-01T00:00:00.123456Z']);
    for (const [given, kept] of [['2026-01-01T00:00:02.000001Z', '2026-01-01T00:00:02.000001Z'], ['2026-01-01T00:00:04Z', '2026-01-01T00:00:04.000000Z'], ['2026-01-01T00:00:04.5Z', '2026-01-01T00:00:04.500000Z'], ['2026-01-01T02:00:06.1234567+02:00', '2026-01-01T00:00:06.123456Z']] as const) {
      const { json } = await api.call(`${LEASES}/l`);
      const r = await api.put(`${LEASES}/l`, { ...json, spec: { ...json['spec'], renewTime: given } });
      expect([r.status, r.json['spec']?.['renewTime']]).toEqual([200, kept]);
    }
    expect((await api.put(`${LEASES}/l`, { ...first.json, spec: { holderIdentity: 'b' } })).json).toMatchObject({ code: 409, reason: 'Conflict' });
    expect((await api.put(`${LEASES}/l`, { ...(await api.call(`${LEASES}/l`)).json, spec: { renewTime: 'soon' } })).status).toBe(400);
    const coordination = config.makeApiClient(CoordinationV1Api);
    const lease = await coordination.readNamespacedLease({ namespace: ns, name: 'l' });
    lease.spec!.renewTime = new V1MicroTime();
    await coordination.replaceNamespacedLease({ namespace: ns, name: 'l', body: lease });
    const kept = String((await api.call(`${LEASES}/l`)).json['spec']?.['renewTime']);
    expect([/\.\d{6}Z$/.test(kept), Date.parse(kept)]).toEqual([true, lease.spec!.renewTime.getTime()]);
    // Two contenders for a new lease: one gets it.
    const race = await Promise.all(['a', 'b', 'c', 'd'].map(holderIdentity => api.call(LEASES, { body: { metadata: { name: 'race' }, spec: { holderIdentity } } })));
    expect(race.map(r => r.status).sort()).toEqual([201, 409, 409, 409]);
  });

  // 15.6 is what contract-load.test.ts and core/client/informer.test.ts prove: list, watch, tombstones, 410 and a new list.
});

describe('17 @kubernetes/client-node', () => {
  test('17.5 generated API, patches of each type, object API over legacy discovery, dates', async () => {
    await core.createNamespacedConfigMap({ namespace: ns, body: { metadata: { name: 'cm' }, data: { a: '1' } } });
    const arg = { namespace: ns, name: 'cm' };
    expect((await core.patchNamespacedConfigMap({ ...arg, body: [{ op: 'replace', path: '/data/a', value: '2' }] })).data).toEqual({ a: '2' });
    expect((await core.patchNamespacedConfigMap({ ...arg, body: { data: { b: '3' } } }, setHeaderOptions('Content-Type', PatchStrategy.MergePatch))).data).toEqual({ a: '2', b: '3' });
    expect((await core.patchNamespacedConfigMap({ ...arg, body: { data: { a: null } } }, setHeaderOptions('Content-Type', PatchStrategy.StrategicMergePatch))).data).toEqual({ b: '3' });
    expect((await core.readNamespacedConfigMap(arg)).metadata?.creationTimestamp).toBeInstanceOf(Date);
    await expect(core.readNamespacedConfigMap({ ...arg, name: 'none' })).rejects.toMatchObject({ code: 404 });
    const objects = KubernetesObjectApi.makeApiClient(config);
    const deployment = { apiVersion: 'apps/v1', kind: 'Deployment', metadata: { name: 'o', namespace: ns }, spec: { replicas: 0, selector: { matchLabels: { a: 'b' } }, template: { metadata: { labels: { a: 'b' } }, spec: { containers: [{ name: 'c', image: 'nginx' }] } } } };
    await objects.create(deployment);
    await objects.patch({ ...deployment, spec: { replicas: 1 } } as typeof deployment);
    expect((await config.makeApiClient(AppsV1Api).readNamespacedDeployment({ namespace: ns, name: 'o' })).spec?.replicas).toBe(1);
    // The controller writes to it as well: whoever replaces tries again.
    await eventually('the replacement', async () => {
      const live = await objects.read<typeof deployment>({ apiVersion: 'apps/v1', kind: 'Deployment', metadata: { name: 'o', namespace: ns } });
      live.spec.replicas = 0;
      return (await objects.replace(live)).spec.replicas === 0;
    });
    expect((await objects.list('apps/v1', 'Deployment', ns)).items.map(i => i.metadata?.name)).toEqual(['o']);
    await objects.delete(deployment);
  });

  test('17.5 watch and informer, over a cut connection', async () => {
    const seen: string[] = [];
    const controller = await new Watch(config).watch(`${NS}/configmaps`, { allowWatchBookmarks: true }, (type: string, o: V1ConfigMap) => { seen.push(`${type} ${o.metadata?.name}`); }, () => undefined);
    await eventually('the present state', () => seen.includes('ADDED cm'));
    await core.createNamespacedConfigMap({ namespace: ns, body: { metadata: { name: 'w' } } });
    await eventually('the new one', () => seen.includes('ADDED w'));
    controller.abort();
    const informer = makeInformer(config, `${NS}/configmaps`, () => core.listNamespacedConfigMap({ namespace: ns }));
    const events: string[] = [];
    for (const type of ['add', 'update', 'delete'] as const) informer.on(type, (o: V1ConfigMap) => { events.push(`${type} ${o.metadata?.name}`); });
    informer.on('error', () => { void informer.start(); });
    await informer.start();
    await eventually('the list', () => events.includes('add w'));
    await api.patch(`${NS}/configmaps/w`, 'merge', { data: { x: 'y' } });
    await eventually('the change', () => events.includes('update w'));
    await api.delete(`${NS}/configmaps/w`);
    await eventually('the end', () => events.includes('delete w'));
    expect(events.filter(e => e === 'add w')).toHaveLength(1);
    await informer.stop();
  });

  test('10.4, 10.5, 10.10, 17.5 exec, attach, logs, port-forward (traps 24 and 30)', async () => {
    const run = async (command: string[], stdin?: string): Promise<{ out: string; err: string; status: V1Status }> => {
      const out = new PassThrough(), err = new PassThrough(), input = stdin === undefined ? null : new PassThrough();
      let o = '', e = '';
      out.on('data', (b: Buffer) => { o += b.toString(); });
      err.on('data', (b: Buffer) => { e += b.toString(); });
      const status = await new Promise<V1Status>((resolve, reject) => {
        new Exec(config).exec(ns, 'p', 'c', command, out, err, input, false, resolve).catch(reject);
        input?.end(stdin);
      });
      await eventually('all output', () => stdin === undefined || o.length > 0 || e.length > 0, 1000).catch(() => undefined);
      return { out: o, err: e, status };
    };
    expect(await run(['echo', 'hi'])).toMatchObject({ out: 'hi\n', status: { status: 'Success' } });
    expect((await run(['sh', '-c', 'exit 3'])).status).toMatchObject({ status: 'Failure', reason: 'NonZeroExitCode', details: { causes: [{ reason: 'ExitCode', message: '3' }] } });
    expect((await run(['cat'], 'over stdin')).out).toBe('over stdin');
    await expect(new Exec(config).exec(ns, 'none', 'c', ['true'], new PassThrough(), null, null, false)).rejects.toBeDefined();

    const attached = new PassThrough();
    const socket = await new Attach(config).attach(ns, 'p', 'c', attached, null, null, false);
    socket.close();

    const log = new PassThrough();
    let text = '';
    log.on('data', (b: Buffer) => { text += b.toString(); });
    let over = false;
    log.on('end', () => { over = true; });
    await new Log(config).log(ns, 'p', 'c', log, { follow: true, limitBytes: 5 });
    await eventually('the end of the followed log', () => over);
    expect(text).toBe('hello');

    const output = new PassThrough(), input = new PassThrough(), errors = new PassThrough();
    let answer = '', trouble = '';
    output.on('data', (b: Buffer) => { answer += b.toString(); });
    errors.on('data', (b: Buffer) => { trouble += b.toString(); });
    const forward = await new PortForward(config).portForward(ns, 'p', [80], output, errors, input);
    input.write('GET / HTTP/1.0\r\nHost: x\r\n\r\n');
    await eventually('an answer, or why there is none', () => answer.length + trouble.length > 0);
    if (typeof forward === 'function') forward()?.close(); else forward.close();
  });
});

const PYTHON = '/usr/bin/python3';
describe('17 the Python client of the distribution', () => {
  test('17.6 lists, creates, patches, watches, reads logs, executes', () => {
    const script = `
from kubernetes import client, config, watch
from kubernetes.stream import stream
config.load_kube_config("${host.ready.kubeconfig}")
v1, apps = client.CoreV1Api(), client.AppsV1Api()
assert client.VersionApi().get_code().minor == "36"
assert any(p.metadata.name == "p" for p in v1.list_namespaced_pod("${ns}").items)
v1.create_namespaced_config_map("${ns}", client.V1ConfigMap(metadata=client.V1ObjectMeta(name="py"), data={"a": "1"}))
assert v1.patch_namespaced_config_map("py", "${ns}", {"data": {"b": "2"}}).data == {"a": "1", "b": "2"}
assert v1.patch_namespaced_config_map("py", "${ns}", [{"op": "remove", "path": "/data/a"}]).data == {"b": "2"}
apps.create_namespaced_deployment("${ns}", client.V1Deployment(metadata=client.V1ObjectMeta(name="py"), spec=client.V1DeploymentSpec(replicas=1, selector={"matchLabels": {"app": "py"}}, template=client.V1PodTemplateSpec(metadata=client.V1ObjectMeta(labels={"app": "py"}), spec=client.V1PodSpec(containers=[client.V1Container(name="c", image="nginx")])))))
w = watch.Watch()
for e in w.stream(apps.list_namespaced_deployment, "${ns}", timeout_seconds=30):
    if e["object"].metadata.name == "py" and e["object"].status.ready_replicas == 1: w.stop()
assert apps.patch_namespaced_deployment_scale("py", "${ns}", {"spec": {"replicas": 0}}).spec.replicas in (0, None)
assert "hello" in v1.read_namespaced_pod_log("p", "${ns}")
print("exec:", stream(v1.connect_get_namespaced_pod_exec, "p", "${ns}", command=["echo", "hi"], stdout=True, stderr=True, stdin=False, tty=False).strip())
apps.delete_namespaced_deployment("py", "${ns}", body=client.V1DeleteOptions(propagation_policy="Foreground"))
try:
    v1.read_namespaced_config_map("none", "${ns}"); raise SystemExit("found what is not there")
except client.exceptions.ApiException as e: assert e.status == 404
print("done")
`;
    const r = spawnSync(PYTHON, ['-c', script], { encoding: 'utf8', timeout: 50_000 });
    expect([r.status, r.stdout], r.stderr).toEqual([0, 'exec: hi\ndone\n']);
  });
});

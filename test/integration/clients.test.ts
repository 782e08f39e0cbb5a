// The API contract, 17.5 and 17.6, beyond contract-clients.test.ts: apply, leader election and lost connections with @kubernetes/client-node;
// kinds of one's own, apply, resumed watches and leader election with the Python client.
import { connect, createServer, type AddressInfo, type Server, type Socket } from 'node:net';
import { ApiException, ApiextensionsV1Api, AppsV1Api, CoordinationV1Api, CoreV1Api, CustomObjectsApi, KubeConfig, KubernetesObjectApi, PatchStrategy, makeInformer, setHeaderOptions, type V1ConfigMap, type V1Status } from '@kubernetes/client-node';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { Elector } from '../../resources/examples/operator/controller/kit/elector.ts';
import { eventually, startHost, type Host } from '../harness/host.ts';
import { python } from '../harness/python.ts';

let host: Host, config: KubeConfig, core: CoreV1Api;
/** Each test, and each try of one, has a namespace of its own, and a group named like it. */
let ns = '', group = '', tries = 0;

beforeAll(async () => {
  host = await startHost(['--runtime', 'simulated']);
  config = new KubeConfig();
  config.loadFromFile(host.ready.kubeconfig);
  core = config.makeApiClient(CoreV1Api);
});
beforeEach(async () => {
  ns = `libraries-${++tries}`;
  group = `${ns}.example.com`;
  await core.createNamespace({ body: { metadata: { name: ns } } });
});
afterAll(async () => { await host.dispose(); });

describe('17 @kubernetes/client-node', () => {
  const apply = setHeaderOptions('Content-Type', PatchStrategy.ServerSideApply);

  test('17.5 apply: owners, conflicts told whole, force, un-apply, dry run; strategic merge by name', async () => {
    const apps = config.makeApiClient(AppsV1Api), arg = { namespace: ns, name: 'web' };
    const intent = (replicas?: number) => ({ apiVersion: 'apps/v1', kind: 'Deployment', metadata: { name: 'web' }, spec: { ...(replicas === undefined ? {} : { replicas }), selector: { matchLabels: { app: 'web' } }, template: { metadata: { labels: { app: 'web' } }, spec: { containers: [{ name: 'web', image: 'nginx' }] } } } });
    const dry = await apps.patchNamespacedDeployment({ ...arg, body: intent(0), fieldManager: 'one', dryRun: 'All' }, apply);
    expect(dry.spec?.replicas).toBe(0);
    await expect(apps.readNamespacedDeployment(arg)).rejects.toMatchObject({ code: 404 });
    const made = await apps.patchNamespacedDeployment({ ...arg, body: intent(0), fieldManager: 'one' }, apply);
    expect(made.metadata?.managedFields?.map(m => [m.manager, m.operation])).toContainEqual(['one', 'Apply']);
    const refused: unknown = await apps.patchNamespacedDeployment({ ...arg, body: intent(1), fieldManager: 'two' }, apply).catch((e: unknown) => e);
    expect(refused).toBeInstanceOf(ApiException);
    const status = JSON.parse(String((refused as ApiException<string>).body)) as V1Status;
    expect(status).toMatchObject({ code: 409, reason: 'Conflict', message: 'Apply failed with 1 conflict: conflict with "one": .spec.replicas', details: { causes: [{ reason: 'FieldManagerConflict', message: 'conflict with "one"', field: '.spec.replicas' }] } });
    expect((await apps.patchNamespacedDeployment({ ...arg, body: intent(2), fieldManager: 'two', force: true }, apply)).spec?.replicas).toBe(2);
    // The first says no more of replicas: they stay with the second. Then the second lets go as well, and the default is back.
    expect((await apps.patchNamespacedDeployment({ ...arg, body: intent(), fieldManager: 'one' }, apply)).spec?.replicas).toBe(2);
    await apps.patchNamespacedDeployment({ ...arg, body: { apiVersion: 'apps/v1', kind: 'Deployment', metadata: { name: 'web' } }, fieldManager: 'two' }, apply);
    const after = await apps.readNamespacedDeployment(arg);
    expect(after.metadata?.managedFields?.filter(m => m.operation === 'Apply').map(m => m.manager)).toEqual(['one']);
    expect(after.spec?.replicas).toBe(1);
    const strategic = await apps.patchNamespacedDeployment({ ...arg, body: { spec: { template: { spec: { containers: [{ name: 'side', image: 'busybox' }] } } } } }, setHeaderOptions('Content-Type', PatchStrategy.StrategicMergePatch));
    expect(strategic.spec?.template.spec?.containers.map(c => c.name).sort()).toEqual(['side', 'web']);
    const objects = KubernetesObjectApi.makeApiClient(config);
    await expect(objects.patch({ ...intent(3), metadata: { name: 'web', namespace: ns } }, undefined, undefined, 'three', true, PatchStrategy.ServerSideApply)).resolves.toMatchObject({ spec: { replicas: 3 } });
    await apps.deleteNamespacedDeployment(arg);
  });

  test('17.5 kinds of one\'s own: established, made, merged, applied, status apart, deleted', async () => {
    const extensions = config.makeApiClient(ApiextensionsV1Api);
    // The library's names of fields: _default is `default` on the wire.
    const spec = { type: 'object', required: ['name'], properties: { name: { type: 'string' }, masts: { type: 'integer', minimum: 1, _default: 1 } } };
    await extensions.createCustomResourceDefinition({ body: { metadata: { name: `boats.${group}` }, spec: {
      group, scope: 'Namespaced', names: { plural: 'boats', kind: 'Boat' },
      versions: [{ name: 'v1', served: true, storage: true, subresources: { status: {} }, schema: { openAPIV3Schema: { type: 'object', properties: { spec, status: { type: 'object', properties: { afloat: { type: 'boolean' } } } } } } }],
    } } });
    await eventually('Established', async () => (await extensions.readCustomResourceDefinition({ name: `boats.${group}` })).status?.conditions?.some(c => c.type === 'Established' && c.status === 'True'));
    const custom = config.makeApiClient(CustomObjectsApi), where = { group, version: 'v1', namespace: ns, plural: 'boats' }, one = { ...where, name: 'ann' };
    const boat = { apiVersion: `${group}/v1`, kind: 'Boat', metadata: { name: 'ann' } };
    expect(await custom.createNamespacedCustomObject({ ...where, body: { ...boat, spec: { name: 'Ann' } } })).toMatchObject({ spec: { name: 'Ann', masts: 1 } });
    expect(await custom.patchNamespacedCustomObject({ ...one, body: [{ op: 'replace', path: '/spec/masts', value: 2 }] })).toMatchObject({ spec: { masts: 2 } });
    expect(await custom.patchNamespacedCustomObject({ ...one, body: { spec: { masts: null } } }, setHeaderOptions('Content-Type', PatchStrategy.MergePatch))).toMatchObject({ spec: { masts: 1 } });
    expect(await custom.patchNamespacedCustomObject({ ...one, body: { ...boat, spec: { name: 'Ann', masts: 3 } }, fieldManager: 'me', force: true }, apply)).toMatchObject({ spec: { masts: 3 } });
    await expect(custom.patchNamespacedCustomObject({ ...one, body: { spec: { masts: 0 } } }, setHeaderOptions('Content-Type', PatchStrategy.MergePatch))).rejects.toMatchObject({ code: 422, body: expect.stringContaining('spec.masts in body should be greater than or equal to 1') });
    await expect(custom.patchNamespacedCustomObject({ ...one, body: { spec: {} } }, setHeaderOptions('Content-Type', PatchStrategy.StrategicMergePatch))).rejects.toMatchObject({ code: 415 });
    expect(await custom.patchNamespacedCustomObjectStatus({ ...one, body: { status: { afloat: true }, spec: { masts: 9 } } }, setHeaderOptions('Content-Type', PatchStrategy.MergePatch))).toMatchObject({ spec: { masts: 3 }, status: { afloat: true } });
    expect(await custom.listNamespacedCustomObject(where)).toMatchObject({ kind: 'BoatList', items: [{ metadata: { name: 'ann' } }] });
    await custom.deleteNamespacedCustomObject(one);
    await expect(custom.getNamespacedCustomObject(one)).rejects.toMatchObject({ code: 404 });
  });

  test('15.5, 17.5 leader election: one of many, held while renewed, over when it runs out, at once when released, lost when another wrote', async () => {
    let now = 0;
    const coordination = config.makeApiClient(CoordinationV1Api);
    const [a, b, c] = ['a', 'b', 'c'].map(identity => new Elector(coordination, { namespace: ns, name: 'lead', identity, seconds: 10, now: () => now })) as [Elector, Elector, Elector];
    const first = await Promise.all([a.attempt(), b.attempt(), c.attempt()]);
    expect(first.filter(Boolean)).toHaveLength(1);
    const leader = [a, b, c][first.indexOf(true)]!, [other, third] = [a, b, c].filter(e => e !== leader) as [Elector, Elector];
    expect(await other.attempt()).toBe(false);
    // Renewed at 8 s: at 17 s it is still held, though 10 s passed since it was taken.
    now = 8_000;
    expect(await leader.attempt()).toBe(true);
    expect(await other.attempt()).toBe(false);
    now = 17_000;
    expect(await other.attempt()).toBe(false);
    // Not renewed for 10 s: one of the others gets it, and the old one sees that it lost.
    now = 18_500;
    expect(await third.attempt()).toBe(false); // It sees the renewal only now.
    expect(await other.attempt()).toBe(true);
    expect(await leader.attempt()).toBe(false);
    const taken = await other.read();
    expect(taken?.spec).toMatchObject({ leaseTransitions: 1, leaseDurationSeconds: 10 });
    expect(String(taken?.spec?.acquireTime)).toBe(String(taken?.spec?.renewTime));
    // Released: the next has it without waiting.
    expect(await leader.release()).toBe(false);
    expect(await other.release()).toBe(true);
    expect(await leader.attempt()).toBe(true);
    // Who writes what it read before another wrote is refused.
    const stale = await leader.read();
    expect(await leader.attempt()).toBe(true);
    await expect(coordination.replaceNamespacedLease({ namespace: ns, name: 'lead', body: stale! })).rejects.toMatchObject({ code: 409 });
    // Two who both see it run out: one gets it.
    expect(await Promise.all([other.attempt(), third.attempt()])).toEqual([false, false]);
    now += 11_000;
    expect((await Promise.all([other.attempt(), third.attempt()])).filter(Boolean)).toHaveLength(1);
  });

  test('17.5 an informer over lost connections: nothing twice, nothing missed, what went meanwhile is told', async () => {
    // A way to the server that can be cut and closed.
    const target = new URL(host.ready.server), sockets = new Set<Socket>();
    const open = (port: number): Promise<Server> => new Promise((resolve, reject) => {
      const server = createServer(client => {
        const up = connect(Number(target.port), target.hostname);
        for (const [from, to] of [[client, up], [up, client]] as const) {
          sockets.add(from);
          from.on('error', () => { to.destroy(); }).on('close', () => { sockets.delete(from); to.destroy(); }).pipe(to);
        }
      });
      server.once('error', reject);
      server.listen(port, '127.0.0.1', () => { resolve(server); });
    });
    let way = await open(0);
    const port = (way.address() as AddressInfo).port;
    const cut = async (): Promise<void> => {
      const closed = new Promise(resolve => { way.close(resolve); });
      for (const s of sockets) s.destroy();
      await closed;
    };
    const through = new KubeConfig();
    through.loadFromString(config.exportConfig());
    through.loadFromOptions({ clusters: [{ ...config.getCurrentCluster()!, server: `https://127.0.0.1:${port}` }], users: config.users, contexts: config.contexts, currentContext: config.currentContext });
    const far = through.makeApiClient(CoreV1Api), selector = 'watched=yes', events: string[] = [];
    const informer = makeInformer<V1ConfigMap>(through, `/api/v1/namespaces/${ns}/configmaps`, () => far.listNamespacedConfigMap({ namespace: ns, labelSelector: selector }), selector);
    for (const type of ['add', 'update', 'delete'] as const) informer.on(type, o => { events.push(`${type} ${o.metadata?.name} ${o.data?.['n'] ?? ''}`); });
    let troubles = 0, again: NodeJS.Timeout | undefined;
    informer.on('error', () => { troubles++; clearTimeout(again); again = setTimeout(() => { void informer.start(); }, 100); });
    const make = (name: string) => core.createNamespacedConfigMap({ namespace: ns, body: { metadata: { name, labels: { watched: 'yes' } }, data: { n: '1' } } });
    const change = (name: string, n: string) => core.patchNamespacedConfigMap({ namespace: ns, name, body: { data: { n } } }, setHeaderOptions('Content-Type', PatchStrategy.MergePatch));
    try {
      await make('stays');
      await make('goes');
      await informer.start();
      await eventually('both', () => events.length === 2);
      await cut();
      await make('comes');
      await change('stays', '2');
      await core.deleteNamespacedConfigMap({ namespace: ns, name: 'goes' });
      await eventually('that it noticed', () => troubles > 0);
      way = await open(port);
      await eventually('what happened meanwhile', () => events.length >= 5);
      await change('comes', '2');
      await eventually('and what happens now', () => events.includes('update comes 2'));
      expect([...events].sort()).toEqual(['add comes 1', 'add goes 1', 'add stays 1', 'delete goes 1', 'update comes 2', 'update stays 2']);
      expect(informer.list().map(o => `${o.metadata?.name} ${o.data?.['n']}`).sort()).toEqual(['comes 2', 'stays 2']);
    } finally {
      clearTimeout(again);
      await informer.stop();
      await cut();
    }
  });
});

describe('17 the Python client of the distribution', () => {
  const py = (script: string): Promise<string> => python(host.ready.kubeconfig, script, { ns, group });

  test('17.6 kinds of one\'s own: defined, made, patched, watched from where a list ended, deleted', async () => {
    expect(await py(`
ext, custom = client.ApiextensionsV1Api(), client.CustomObjectsApi()
schema = client.V1JSONSchemaProps(type="object", properties={"spec": client.V1JSONSchemaProps(type="object", properties={"size": client.V1JSONSchemaProps(type="integer", maximum=5, default=1)}), "status": client.V1JSONSchemaProps(type="object", x_kubernetes_preserve_unknown_fields=True)})
made = ext.create_custom_resource_definition(client.V1CustomResourceDefinition(metadata=client.V1ObjectMeta(name="nets." + group), spec=client.V1CustomResourceDefinitionSpec(
    group=group, scope="Namespaced", names=client.V1CustomResourceDefinitionNames(plural="nets", kind="Net", singular="net", short_names=["nt"]),
    versions=[client.V1CustomResourceDefinitionVersion(name="v1", served=True, storage=True, subresources=client.V1CustomResourceSubresources(status={}), schema=client.V1CustomResourceValidation(open_apiv3_schema=schema))])))
w = watch.Watch()
for e in w.stream(ext.list_custom_resource_definition, field_selector="metadata.name=nets." + group, resource_version=made.metadata.resource_version, timeout_seconds=20):
    if any(c.type == "Established" and c.status == "True" for c in e["object"].status.conditions or []): w.stop()
where = (group, "v1", ns, "nets")
net = {"apiVersion": group + "/v1", "kind": "Net", "metadata": {"name": "a"}, "spec": {}}
assert custom.create_namespaced_custom_object(*where, net)["spec"] == {"size": 1}
listed = custom.list_namespaced_custom_object(*where)
assert [i["metadata"]["name"] for i in listed["items"]] == ["a"] and listed["kind"] == "NetList", listed
assert custom.patch_namespaced_custom_object(*where, "a", {"spec": {"size": 2}})["spec"] == {"size": 2}
assert custom.patch_namespaced_custom_object_status(*where, "a", {"status": {"wet": True}})["status"] == {"wet": True}
got = custom.get_namespaced_custom_object(*where, "a")
got["spec"]["size"] = 3
assert custom.replace_namespaced_custom_object(*where, "a", got)["spec"]["size"] == 3
for bad, code in (({**got, "spec": {"size": 4}}, 409), ({**net, "metadata": {"name": "b"}, "spec": {"size": 9}}, 422)):
    try:
        (custom.replace_namespaced_custom_object(*where, "a", bad) if code == 409 else custom.create_namespaced_custom_object(*where, bad)); raise SystemExit("allowed")
    except client.exceptions.ApiException as e: assert e.status == code, e
custom.delete_namespaced_custom_object(*where, "a")
w, seen = watch.Watch(), []
for e in w.stream(custom.list_namespaced_custom_object, *where, resource_version=listed["metadata"]["resourceVersion"], timeout_seconds=20):
    seen.append("%s %s %s" % (e["type"], e["object"]["spec"]["size"], e["object"].get("status", {}).get("wet")))
    if e["type"] == "DELETED": w.stop()
print("; ".join(seen))
ext.delete_custom_resource_definition("nets." + group)
`)).toBe('MODIFIED 2 None; MODIFIED 2 True; MODIFIED 3 True; DELETED 3 True\n');
  });

  test('17.6 the dynamic client finds kinds by discovery, applies and is told of conflicts, watches', async () => {
    expect(await py(`
import tempfile
folder = tempfile.TemporaryDirectory()
d = dynamic.DynamicClient(client.ApiClient(), cache_file=folder.name + "/discovery")
maps = d.resources.get(api_version="v1", kind="ConfigMap")
# A text: the rest client of this version sends no objects as YAML.
def of(value): return json.dumps({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "dyn"}, "data": {"a": value}})
assert maps.server_side_apply(name="dyn", namespace=ns, body=of("1"), field_manager="py").data.a == "1"
try:
    maps.server_side_apply(name="dyn", namespace=ns, body=of("2"), field_manager="other"); raise SystemExit("no conflict")
except dynamic.exceptions.ConflictError as e: print(json.loads(e.body)["message"])
assert maps.server_side_apply(name="dyn", namespace=ns, body=of("2"), field_manager="other", force_conflicts=True).data.a == "2"
assert [m.manager for m in maps.get(namespace=ns, name="dyn").metadata.managedFields] == ["other"]
assert d.resources.get(api_version="apps/v1", kind="Deployment").subresources["scale"] is not None
assert len(d.resources.search(kind="Lease")) >= 1 and d.version["kubernetes"]["minor"] == "36"
first = maps.get(namespace=ns).metadata.resourceVersion
maps.patch(namespace=ns, name="dyn", body={"data": {"b": "1"}}, content_type="application/merge-patch+json")
for e in maps.watch(namespace=ns, resource_version=first, timeout=20, watcher=(w := watch.Watch())):
    print(e["type"], e["object"].metadata.name, e["object"].data.b); w.stop()
maps.delete(namespace=ns, name="dyn")
`)).toBe('Apply failed with 1 conflict: conflict with "py": .data.a\nMODIFIED dyn 1\n');
  });

  test('17.6 its leader election: one leads, the next follows when it stops', async () => {
    expect(await py(`
import os, sys
from kubernetes.leaderelection import leaderelection, electionconfig
from kubernetes.leaderelection.resourcelock.configmaplock import ConfigMapLock
logging.disable(logging.CRITICAL)
told, done = [], threading.Event()
def contender(name):
    lock = ConfigMapLock("py-leader", ns, name)
    def leads():
        told.append(name)
        if len(told) == 2: done.set()
        # The first stops renewing: its lock can no longer write.
        else: lock.update = lambda *a: False
    e = leaderelection.LeaderElection(electionconfig.Config(lock, lease_duration=3, renew_deadline=2, retry_period=1, onstarted_leading=leads, onstopped_leading=lambda: None))
    threading.Thread(target=e.run, daemon=True).start()
for name in ("a", "b"): contender(name)
assert done.wait(30), told
held = json.loads(v1.read_namespaced_config_map("py-leader", ns).metadata.annotations["control-plane.alpha.kubernetes.io/leader"])
print(sorted(told), held["holderIdentity"] == told[1])
sys.stdout.flush()
os._exit(0)
`)).toBe("['a', 'b'] True\n");
  });
});

// A controller of one's own, as a pod: written with @kubernetes/client-node, with an account and a role, led by a Lease.
// And what the library, and Python's, do with a real container: cp, attach, port-forward, terminals, metrics.
import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PassThrough } from 'node:stream';
import { AppsV1Api, Attach, CoordinationV1Api, CoreV1Api, Cp, Exec, KubeConfig, Metrics, PatchStrategy, PortForward, RbacAuthorizationV1Api, setHeaderOptions, topNodes, topPods, type V1Pod, type V1Status } from '@kubernetes/client-node';
import { build } from 'esbuild';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { eventually, startHost, type Host } from '../harness/host.ts';
import { python } from '../harness/python.ts';

const ns = 'copying', ARCHIVES = '/var/cache/pilothouse-test-images';
const home = mkdtempSync(join(tmpdir(), 'pilothouse-controller-'));
let host: Host, config: KubeConfig, core: CoreV1Api, tries = 0;

const pods = async (): Promise<V1Pod[]> => (await core.listNamespacedPod({ namespace: ns, labelSelector: 'app=copier' })).items.filter(p => !p.metadata?.deletionTimestamp);
const ready = (p: V1Pod): boolean => p.status?.conditions?.some(c => c.type === 'Ready' && c.status === 'True') === true;
const leader = async (): Promise<string> => (await config.makeApiClient(CoordinationV1Api).readNamespacedLease({ namespace: ns, name: 'copier' })).spec?.holderIdentity ?? '';
/** Makes a source; who made its copy. */
const copied = async (name: string): Promise<string> => {
  await core.createNamespacedConfigMap({ namespace: ns, body: { metadata: { name, labels: { copy: 'yes' } }, data: { of: name } } });
  const copy = await eventually(`a copy of ${name}`, () => core.readNamespacedConfigMap({ namespace: ns, name: `${name}-copy` }));
  expect(copy.data).toEqual({ of: name });
  return copy.metadata?.annotations?.['by'] ?? '';
};

/** Cp's promises say that tar began; this knows when it has ended, and how. */
class Waiting extends Exec {
  readonly ended = Promise.withResolvers<V1Status>();
  override exec(...args: Parameters<Exec['exec']>): ReturnType<Exec['exec']> {
    const [namespace, pod, container, command, out, err, input, tty] = args;
    return super.exec(namespace, pod, container, command, out, err, input, tty, this.ended.resolve);
  }
}

beforeAll(async () => {
  execFileSync('bash', [join(import.meta.dirname, '../images/build.sh'), '--out', ARCHIVES, 'pause:3.9', 'node:20'], { stdio: 'pipe' });
  await build({
    entryPoints: [join(import.meta.dirname, '../fixtures/copying-controller.ts')], outfile: join(home, 'app/copier.mjs'), bundle: true, platform: 'node', format: 'esm', target: 'node20', logLevel: 'silent',
    banner: { js: "import { createRequire } from 'node:module'; const require = createRequire(import.meta.url);" },
  });
  host = await startHost(['--runtime', 'sandbox'], { env: { PILOTHOUSE_IMAGE_DIRS: ARCHIVES } });
  config = new KubeConfig();
  config.loadFromFile(host.ready.kubeconfig);
  core = config.makeApiClient(CoreV1Api);
  const rbac = config.makeApiClient(RbacAuthorizationV1Api), metadata = { name: 'copier' };
  await core.createNamespace({ body: { metadata: { name: ns } } });
  await core.createNamespacedServiceAccount({ namespace: ns, body: { metadata } });
  await rbac.createNamespacedRole({ namespace: ns, body: { metadata, rules: [
    { apiGroups: [''], resources: ['configmaps'], verbs: ['get', 'list', 'watch', 'create', 'patch'] },
    { apiGroups: ['coordination.k8s.io'], resources: ['leases'], verbs: ['create'] },
    { apiGroups: ['coordination.k8s.io'], resources: ['leases'], resourceNames: ['copier'], verbs: ['get', 'update'] },
  ] } });
  await rbac.createNamespacedRoleBinding({ namespace: ns, body: { metadata, roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'Role', name: 'copier' }, subjects: [{ kind: 'ServiceAccount', name: 'copier', namespace: ns }] } });
  await config.makeApiClient(AppsV1Api).createNamespacedDeployment({ namespace: ns, body: { metadata, spec: {
    replicas: 2, selector: { matchLabels: { app: 'copier' } },
    template: { metadata: { labels: { app: 'copier' } }, spec: {
      serviceAccountName: 'copier',
      containers: [{ name: 'copier', image: 'node:20', command: ['node', '/app/copier.mjs'], env: [{ name: 'POD_NAME', valueFrom: { fieldRef: { fieldPath: 'metadata.name' } } }], volumeMounts: [{ name: 'app', mountPath: '/app', readOnly: true }] }],
      volumes: [{ name: 'app', hostPath: { path: join(home, 'app'), type: 'Directory' } }],
    } },
  } } });
  const program = "require('http').createServer((q, r) => { r.end('here is ' + q.url); }).listen(8080); process.stdin.on('data', d => { process.stdout.write('got ' + d); }); console.log('up');";
  await core.createNamespacedPod({ namespace: ns, body: { metadata: { name: 'talks' }, spec: { containers: [{ name: 'talks', image: 'node:20', stdin: true, command: ['node', '-e', program], readinessProbe: { tcpSocket: { port: 8080 }, periodSeconds: 1 } }] } } });
  await eventually('both run', async () => { const all = await pods(); return all.length === 2 && all.every(ready); }, 60_000);
}, 180_000);
afterAll(async () => { await host?.dispose(); rmSync(home, { recursive: true, force: true }); });

test('17.5 one of two leads and works; what its role does not give is 403; a killed leader is followed, so is one that leaves', async () => {
  // Another try finds the objects of the one before.
  const one = `one-${++tries}`, two = `two-${tries}`, three = `three-${tries}`;
  const first = await eventually('a leader', leader);
  const names = (await pods()).map(p => p.metadata?.name ?? '');
  expect(names).toContain(first);
  expect(await copied(one)).toBe(first);

  // A change is followed, and what another manager put there stays.
  await core.patchNamespacedConfigMap({ namespace: ns, name: `${one}-copy`, body: { metadata: { labels: { mine: 'yes' } } } }, setHeaderOptions('Content-Type', PatchStrategy.MergePatch));
  await core.patchNamespacedConfigMap({ namespace: ns, name: one, body: { data: { of: 'changed' } } }, setHeaderOptions('Content-Type', PatchStrategy.MergePatch));
  const changed = await eventually('the change', async () => { const c = await core.readNamespacedConfigMap({ namespace: ns, name: `${one}-copy` }); return c.data?.['of'] === 'changed' && c; });
  expect(changed.metadata?.labels).toEqual({ mine: 'yes' });

  for (const name of names) {
    const log = await eventually('its first words', async () => { const text = await core.readNamespacedPodLog({ namespace: ns, name }); return text.includes('secrets:') && text; });
    expect(log).toContain('secrets: 403');
    expect(log).toContain(`secrets is forbidden: User \\"system:serviceaccount:${ns}:copier\\" cannot list resource \\"secrets\\" in API group \\"\\" in the namespace \\"${ns}\\"`);
  }

  // Killed: the lease runs out, the other takes it.
  await core.deleteNamespacedPod({ namespace: ns, name: first, gracePeriodSeconds: 0 });
  const second = await eventually('the next leader', async () => { const now = await leader(); return now !== '' && now !== first && now; });
  expect(await copied(two)).toBe(second);
  // Asked to end: it gives the lease up.
  await eventually('two again', async () => { const all = await pods(); return all.length === 2 && all.every(ready); });
  await core.deleteNamespacedPod({ namespace: ns, name: second });
  const third = await eventually('the one after', async () => { const now = await leader(); return now !== '' && now !== second && now; });
  expect(await copied(three)).toBe(third);
  expect((await config.makeApiClient(CoordinationV1Api).readNamespacedLease({ namespace: ns, name: 'copier' })).spec?.leaseTransitions).toBeGreaterThanOrEqual(2);

  // Its copies end with their sources.
  await core.deleteNamespacedConfigMap({ namespace: ns, name: one });
  await eventually('the end of the copy', () => core.readNamespacedConfigMap({ namespace: ns, name: `${one}-copy` }).then(() => false, (e: { code?: number }) => e.code === 404));
});

test('17.5 cp into a container and out of it', async () => {
  const [pod] = await eventually('a pod', async () => { const all = (await pods()).filter(ready); return all.length > 0 && all; });
  const name = pod?.metadata?.name ?? '', bytes = Buffer.from(Array.from({ length: 300_000 }, (_, i) => (i * 31 + (i >> 8)) & 255));
  mkdirSync(join(home, 'out/folder'), { recursive: true });
  writeFileSync(join(home, 'out/folder/bytes'), bytes);
  writeFileSync(join(home, 'out/note'), 'a note\n', { mode: 0o640 });
  const to = new Waiting(config), from = new Waiting(config), back = join(home, 'back');
  await new Cp(config, to).cpToPod(ns, name, 'copier', join(home, 'out'), '/tmp');
  expect(await to.ended.promise).toMatchObject({ status: 'Success' });
  await new Cp(config, from).cpFromPod(ns, name, 'copier', '.', back, '/tmp');
  expect(await from.ended.promise).toMatchObject({ status: 'Success' });
  await eventually('all unpacked', () => readFileSync(join(back, 'folder/bytes')).equals(bytes) && readFileSync(join(back, 'note'), 'utf8') === 'a note\n', 5000);
  expect(statSync(join(back, 'note')).mode & 0o777).toBe(0o640);

  // What is not there: tar says so, in its status.
  const nothing = new Waiting(config);
  await new Cp(config, nothing).cpFromPod(ns, name, 'copier', 'none', back, '/tmp');
  expect(await nothing.ended.promise).toMatchObject({ status: 'Failure', reason: 'NonZeroExitCode' });
});

test('15.3, 17.5 metrics, top of nodes and of pods', async () => {
  const metrics = new Metrics(config), names = (await pods()).filter(ready).map(p => p.metadata?.name);
  const measured = await eventually('metrics of the pods', async () => {
    const all = (await metrics.getPodMetrics(ns)).items.filter(i => names.includes(i.metadata.name));
    return all.length === names.length && all;
  });
  for (const m of measured) expect(m.containers).toEqual([{ name: 'copier', usage: { cpu: expect.stringMatching(/^\d+[num]?$/), memory: expect.stringMatching(/^\d+(Ki|Mi)?$/) } }]);
  const node = (await metrics.getNodeMetrics()).items[0];
  expect([node?.metadata.name, node?.usage.memory]).toEqual(['node-1', expect.stringMatching(/^\d+(Ki|Mi)$/)]);
  const top = (await topPods(core, metrics, ns)).filter(p => names.includes(p.Pod.metadata?.name));
  // A node program needs tens of megabytes.
  for (const p of top) expect(Number(p.Memory.CurrentUsage), p.Pod.metadata?.name).toBeGreaterThan(10_000_000);
  expect((await topNodes(core)).map(n => n.Node.metadata?.name)).toEqual(['node-1']);
});

test('10.4, 10.10, 17.5 attach with input, port-forward, a terminal that changes its size', async () => {
  await eventually('the pod that talks', async () => ready(await core.readNamespacedPod({ namespace: ns, name: 'talks' })));
  const heard = (stream: PassThrough): (() => string) => { let text = ''; stream.on('data', (b: Buffer) => { text += b.toString(); }); return () => text; };

  // Twice: the program's input stays open when somebody leaves, or only watched.
  (await new Attach(config).attach(ns, 'talks', 'talks', new PassThrough(), null, null, false)).close();
  for (const word of ['one', 'two']) {
    const out = new PassThrough(), input = new PassThrough(), said = heard(out);
    const attached = await new Attach(config).attach(ns, 'talks', 'talks', out, null, input, false);
    input.write(`${word}\n`);
    await eventually(`an answer to ${word}`, () => said().includes(`got ${word}\n`), 5000);
    const over = new Promise(resolve => { attached.addEventListener('close', resolve); });
    attached.close();
    await over;
  }
  expect(await core.readNamespacedPodLog({ namespace: ns, name: 'talks' })).toContain('got one\ngot two\n');

  const answer = new PassThrough(), request = new PassThrough(), answered = heard(answer);
  const forward = await new PortForward(config).portForward(ns, 'talks', [8080], answer, null, request);
  request.write('GET /a/b HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n');
  await eventually('an answer over the forwarded port', () => answered().includes('here is /a/b'));
  if (typeof forward === 'function') forward()?.close(); else forward.close();

  const screen = Object.assign(new PassThrough(), { rows: 20, columns: 70 }), keys = new PassThrough(), shown = heard(screen), terminal = new Waiting(config);
  const socket = await terminal.exec(ns, 'talks', 'talks', ['sh'], screen, null, keys, true);
  for (const [rows, columns] of [[20, 70], [33, 99]] as const) {
    Object.assign(screen, { rows, columns }).emit('resize');
    await eventually(`${rows} rows`, () => { keys.write('stty size\n'); return shown().includes(`${rows} ${columns}`); });
  }
  keys.write('exit 7\n');
  expect(await terminal.ended.promise).toMatchObject({ status: 'Failure', details: { causes: [{ reason: 'ExitCode', message: '7' }] } });
  socket.close();
});

test('10.4, 15.3, 17.6 the Python client: attach, port-forward, files in and out, exit codes, followed logs, metrics', async () => {
  await eventually('the pod that talks', async () => ready(await core.readNamespacedPod({ namespace: ns, name: 'talks' })));
  const said = await python(host.ready.kubeconfig, `
import base64, io, select, tarfile, time
from kubernetes.stream import stream, portforward

# Text frames to a program that reads them, and leaving it.
a = stream(v1.connect_get_namespaced_pod_attach, "talks", ns, container="talks", stdin=True, stdout=True, stderr=True, tty=False, _preload_content=False)
a.write_stdin("three\\n")
print("attach:", a.readline_stdout(timeout=10))
a.close()

# Two ports in one request; nobody listens at the second.
f = portforward(v1.connect_get_namespaced_pod_portforward, "talks", ns, ports="8080,9")
s = f.socket(8080)
s.sendall(b"GET /py HTTP/1.1\\r\\nHost: x\\r\\nConnection: close\\r\\n\\r\\n")
answer = b""
while b"here is" not in answer: answer += s.recv(4096)
print("forward:", answer.decode().split("\\r\\n")[0], answer.decode().split("here is ")[1][:3], f.error(8080))
s9 = f.socket(9)
s9.settimeout(10)
print("nobody there:", s9.recv(10), "refused" in (f.error(9) or ""))
f.close()

# cp as its examples do it: tar through exec.
content = bytes(range(256)) * 500
packed = io.BytesIO()
with tarfile.open(fileobj=packed, mode="w") as t:
    one = tarfile.TarInfo("py/bytes"); one.size = len(content); t.addfile(one, io.BytesIO(content))
put = stream(v1.connect_get_namespaced_pod_exec, "talks", ns, container="talks", command=["tar", "xf", "-", "-C", "/tmp"], stdin=True, stdout=True, stderr=True, tty=False, _preload_content=False)
data = packed.getvalue()
for at in range(0, len(data), 50000): put.write_stdin(data[at:at + 50000])
# This protocol has no end of input: the file is whole when its size says so.
run = lambda *command: stream(v1.connect_get_namespaced_pod_exec, "talks", ns, container="talks", command=list(command), stdin=False, stdout=True, stderr=True, tty=False)
end = time.time() + 10
while run("sh", "-c", "wc -c < /tmp/py/bytes").strip() != str(len(content)): assert time.time() < end
put.close()
got = tarfile.open(fileobj=io.BytesIO(base64.b64decode(run("sh", "-c", "tar cf - -C /tmp py | base64"))))
print("cp:", got.extractfile("py/bytes").read() == content)

e = stream(v1.connect_get_namespaced_pod_exec, "talks", ns, container="talks", command=["sh", "-c", "echo out; echo err >&2; exit 5"], stdin=False, stdout=True, stderr=True, tty=False, _preload_content=False)
e.run_forever(timeout=10)
print("exec:", e.read_stdout().strip(), e.read_stderr().strip(), e.returncode)

w = watch.Watch()
for line in w.stream(v1.read_namespaced_pod_log, name="talks", namespace=ns, follow=True):
    if "three" in line: w.stop()
    print("log:", line) if line == "up" else None

usage = client.CustomObjectsApi().get_namespaced_custom_object("metrics.k8s.io", "v1beta1", ns, "pods", "talks")
print("metrics:", usage["kind"], [c["name"] for c in usage["containers"]])
`, { ns });
  expect(said).toBe('attach: got three\nforward: HTTP/1.1 200 OK /py None\nnobody there: b\'\' True\ncp: True\nexec: out err 5\nlog: up\nmetrics: PodMetrics [\'talks\']\n');
});

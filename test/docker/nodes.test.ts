// Three nodes on one Docker daemon: their pods reach each other, services and node ports answer for all of them, a drained node gives
// its pods away, and nothing stays on the machine.
import { execFileSync } from 'node:child_process';
import { connect } from 'node:net';
import { afterAll, beforeAll, expect, it } from 'vitest';
import type { Node, Pod, Service } from '../../core/api/types/kubernetes.ts';
import { clusterId, leftovers } from '../conformance/setting.ts';
import { eventually, startHost, type Host } from '../harness/host.ts';
import { Kube, kubectls } from '../harness/kubectl.ts';

const NODES = 3;
const ECHO = 'while true; do echo "$POD $NODE" | nc -l -p 8080 >/dev/null; done';
const manifest = `
apiVersion: apps/v1
kind: Deployment
metadata: {name: web}
spec:
  replicas: ${NODES}
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}}
    spec:
      terminationGracePeriodSeconds: 1
      topologySpreadConstraints: [{maxSkew: 1, topologyKey: kubernetes.io/hostname, whenUnsatisfiable: ScheduleAnyway, labelSelector: {matchLabels: {app: web}}}]
      containers:
      - name: web
        image: alpine:latest
        imagePullPolicy: IfNotPresent
        command: [sh, -c, '${ECHO}']
        env:
        - {name: POD, valueFrom: {fieldRef: {fieldPath: metadata.name}}}
        - {name: NODE, valueFrom: {fieldRef: {fieldPath: spec.nodeName}}}
---
apiVersion: v1
kind: Service
metadata: {name: web}
spec: {type: NodePort, selector: {app: web}, ports: [{port: 80, targetPort: 8080}]}
`;
let host: Host; let k: Kube;

beforeAll(async () => {
  execFileSync('bash', [new URL('../images/build.sh', import.meta.url).pathname, 'alpine:latest'], { stdio: 'ignore' });
  host = await startHost(['--runtime', 'docker', '--nodes', String(NODES)], { timeoutMs: 120_000 });
  k = new Kube(kubectls().at(-1)!.binary, host.ready.kubeconfig);
  await k.run(['apply', '-f', '-'], manifest);
  await k.run('rollout status deployment/web --timeout=90s', '', 100_000);
}, 240_000);
afterAll(async () => { await host?.dispose(); }, 120_000);

const pods = async (): Promise<Pod[]> => (await k.json<{ items: Pod[] }>('get pods -l app=web')).items.filter(p => !p.metadata?.deletionTimestamp);
const nodes = async (): Promise<Node[]> => (await k.json<{ items: Node[] }>('get nodes')).items;
const nodeOf = (p: Pod): string => p.spec?.nodeName ?? '';
/** `<pod> <node>`, as the pod behind an address says it, asked from inside a pod; '' when none answers. */
const ask = async (from: string, address: string, port: number): Promise<string> => (await k.try(['exec', from, '--', 'sh', '-c', `nc -w 3 ${address} ${port} </dev/null`])).stdout.trim();
/** The same from this machine. */
const askHere = (address: string, port: number): Promise<string> => new Promise(resolve => {
  let text = '';
  const socket = connect({ host: address, port, timeout: 3_000 });
  socket.setEncoding('utf8').on('data', (d: string) => { text += d; if (text.endsWith('\n')) socket.destroy(); });
  socket.on('timeout', () => socket.destroy());
  socket.on('error', () => { /* no answer: '' */ });
  socket.on('close', () => { resolve(text.trim()); });
});

it('spreads pods over the nodes, each with an address of its node', async () => {
  const all = await pods();
  expect(new Set(all.map(nodeOf)).size).toBe(NODES);
  for (const n of await nodes()) {
    const slice = (n.spec?.podCIDR ?? '').replace(/\.0\/24$/, '.');
    const mine = all.find(p => nodeOf(p) === n.metadata?.name);
    expect([n.metadata?.name, mine?.status?.podIP?.startsWith(slice)]).toEqual([n.metadata?.name, true]);
    expect(mine?.status?.hostIP).toBe(n.status?.addresses?.find(a => a.type === 'InternalIP')?.address);
  }
  expect(new Set((await nodes()).map(n => n.status?.addresses?.find(a => a.type === 'InternalIP')?.address)).size).toBe(NODES);
});

it('lets every pod reach every pod by its address', async () => {
  const all = await pods();
  for (const from of all) for (const to of all) {
    const want = `${to.metadata?.name} ${nodeOf(to)}`;
    expect(await eventually(`${from.metadata?.name} to ${want}`, () => ask(from.metadata!.name!, to.status!.podIP!, 8080), 15_000)).toBe(want);
  }
});

it('lets the pods of every node reach all of them through the service, by address and by name', async () => {
  const all = await pods();
  const service = await k.json<Service>('get service web');
  for (const from of all) {
    const seen = new Set<string>();
    await eventually(`${from.metadata?.name} to see every pod behind the service`, async () => { const said = await ask(from.metadata!.name!, service.spec!.clusterIP!, 80); if (said) seen.add(said); return seen.size === NODES; });
    expect([...seen].sort()).toEqual(all.map(p => `${p.metadata?.name} ${nodeOf(p)}`).sort());
    expect(await eventually('the service by its name', () => ask(from.metadata!.name!, 'web.default.svc.cluster.local', 80))).toMatch(/^web-\S+ \S+$/);
  }
});

it('answers the node port on every node\'s address, from outside and from every pod', async () => {
  const port = (await k.json<Service>('get service web')).spec!.ports![0]!.nodePort!;
  const [first] = await pods();
  for (const n of await nodes()) {
    const address = n.status!.addresses!.find(a => a.type === 'InternalIP')!.address;
    expect(await eventually(`${address}:${port}`, () => askHere(address, port))).toMatch(/^web-\S+ \S+$/);
    expect(await eventually(`${address}:${port} from a pod`, () => ask(first!.metadata!.name!, address, port))).toMatch(/^web-\S+ \S+$/);
  }
  expect(await eventually('127.0.0.1', () => askHere('127.0.0.1', port))).toMatch(/^web-\S+ \S+$/);
});

it('a drained node gives its pods to the others, which go on answering', async () => {
  const before = await pods();
  const node = (await nodes()).at(-1)!.metadata!.name!;
  const moved = before.filter(p => nodeOf(p) === node).map(p => p.metadata!.name!);
  expect(moved).toHaveLength(1);
  expect(await k.run(`drain ${node} --ignore-daemonsets --delete-emptydir-data --grace-period=1 --timeout=60s`, '', 70_000)).toContain('drained');
  await k.run('rollout status deployment/web --timeout=60s', '', 70_000);
  const after = await eventually('three pods on two nodes', async () => { const all = await pods(); return all.length === NODES && all.every(p => p.status?.conditions?.some(c => c.type === 'Ready' && c.status === 'True')) && all; });
  expect(after.map(nodeOf)).not.toContain(node);
  expect(after.map(p => p.metadata!.name!)).not.toContain(moved[0]);
  // Nothing of it runs on: its containers are gone from the daemon too.
  expect(execFileSync('docker', ['ps', '-aq', '--filter', `label=io.kubernetes.pod.name=${moved[0]}`, '--filter', `label=io.pilothouse.cluster=${clusterId(host)}`], { encoding: 'utf8' }).trim()).toBe('');
  const port = (await k.json<Service>('get service web')).spec!.ports![0]!.nodePort!;
  const address = (await nodes()).at(-1)!.status!.addresses!.find(a => a.type === 'InternalIP')!.address;
  expect(await eventually('the drained node\'s port', () => askHere(address, port))).toMatch(/^web-\S+ \S+$/);
  await k.run(`uncordon ${node}`);
  await k.run('scale deployment/web --replicas=6');
  await k.run('rollout status deployment/web --timeout=60s', '', 70_000);
  await eventually('a pod on the node again', async () => (await pods()).some(p => nodeOf(p) === node));
});

it('leaves nothing on the machine', async () => {
  const id = clusterId(host), { data } = host;
  expect(leftovers(id, data)).not.toEqual([]);
  await host.dispose();
  expect(leftovers(id, data)).toEqual([]);
}, 120_000);

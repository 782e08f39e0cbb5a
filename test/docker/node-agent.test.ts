// The agent with real containers: volumes, environment, probes, messages, signals, restart, end without leftovers.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { Writable } from 'node:stream';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { configMap } from '../../core/api/kinds/core/config-map.ts';
import { namespace } from '../../core/api/kinds/core/namespace.ts';
import { pod as pods } from '../../core/api/kinds/core/pod.ts';
import { secret } from '../../core/api/kinds/core/secret.ts';
import { isNotFound } from '../../core/api/meta/status.ts';
import type { ConfigMap, Pod, PodSpec, Secret } from '../../core/api/types/kubernetes.ts';
import { systemClock } from '../../core/base/clock.ts';
import { createLog } from '../../core/base/log.ts';
import type { Client } from '../../core/client/client.ts';
import { createRecorder } from '../../core/client/create-recorder.ts';
import { createInformerFactory } from '../../core/client/informer-factory.ts';
import { createNodeAgent, type NodeAgent } from '../../core/node/agent.ts';
import { createIpam } from '../../core/node/ipam.ts';
import { createDockerRuntime, probeDocker, resetDocker } from '../../core/node/runtime/docker/docker.ts';
import type { Runtime } from '../../core/node/runtime/runtime.ts';
import { TestApi } from '../harness/api-server.ts';

const log = createLog('warn', line => process.stderr.write(line));
const docker = await probeDocker();
const clusterId = `na${process.pid}`;

if (!docker.ok) throw new Error(`this suite needs Docker: ${docker.why}`);
let api: TestApi; let client: Client; let agent: NodeAgent; let runtime: Runtime; let dir: string; let stop: () => void;

beforeAll(async () => {
  api = await TestApi.start(); client = api.client();
  dir = mkdtempSync(join(tmpdir(), 'pilothouse-node-docker-'));
  await client.create(namespace, { metadata: { name: 'kube-node-lease' } });
  await client.create<ConfigMap>(configMap, { metadata: { name: 'kube-root-ca.crt', namespace: 'default' }, data: { 'ca.crt': api.pki.ca.cert } });
  runtime = await createDockerRuntime({ nodeName: 'n1', stateDir: join(dir, 'runtime'), clusterPodCidr: '10.231.0.0/16', podCidr: '10.231.0.0/24', gateway: '10.231.0.1', clusterId, logMaxBytes: 10 << 20, logMaxFiles: 5 }, log);
  const informers = createInformerFactory(client, { clock: systemClock, log });
  stop = () => informers.stop();
  agent = createNodeAgent({
    nodeName: 'n1', client, informers, recorder: createRecorder(client, { component: 'kubelet', host: 'n1', clock: systemClock, log }), runtime, clock: systemClock, log,
    network: { ...createIpam('10.231.0.0/24', ['10.231.0.1']), hostAddresses: ['127.0.0.1'] },
    config: { dataDir: dir, podCidr: '10.231.0.0/24', clusterDns: '10.96.0.10', clusterDomain: 'cluster.local', maxPods: 110, labels: {}, taints: [], kubeletPort: 0, hostIP: '127.0.0.1', maxParallelStarts: 4, gitVersion: 'v1.36.0+test' },
  });
  await agent.start();
});
afterAll(async () => {
  await agent.close({ leaveRunning: false });
  stop(); await api.stop();
  await resetDocker(clusterId, log);
  rmSync(dir, { recursive: true, force: true });
});

const run = (name: string, spec: Partial<PodSpec>): Promise<Pod> => client.create<Pod>(pods, { metadata: { name, namespace: 'default', labels: { app: name } }, spec: { nodeName: 'n1', terminationGracePeriodSeconds: 2, containers: [], ...spec } });
const sh = (script: string) => ({ name: 'main', image: 'alpine:latest', imagePullPolicy: 'IfNotPresent', command: ['sh', '-c', script] });
async function until(name: string, ok: (p: Pod | undefined) => unknown): Promise<Pod> {
  let p: Pod | undefined;
  for (const end = Date.now() + 30_000; Date.now() < end; await sleep(50)) {
    p = await client.get<Pod>(pods, 'default', name).catch((e: unknown) => { if (isNotFound(e)) return undefined; throw e; });
    if (ok(p)) return p!;
  }
  throw new Error(`${name}: ${JSON.stringify(p?.status)}`);
}
async function logs(name: string): Promise<string> {
  const out: Buffer[] = [];
  for await (const b of await agent.backend.logs('default', name, 'main', { follow: false, previous: false, timestamps: false, signal: new AbortController().signal })) out.push(b);
  return Buffer.concat(out).toString();
}
const main = (p: Pod | undefined) => p?.status?.containerStatuses?.[0];

it('environment, volumes, token, hosts and messages reach a real container', async () => {
  await client.create<Secret>(secret, { metadata: { name: 's', namespace: 'default' }, data: { key: Buffer.from('hidden').toString('base64') } });
  await client.create<ConfigMap>(configMap, { metadata: { name: 'c', namespace: 'default' }, data: { file: 'content\n' } });
  await run('all', {
    restartPolicy: 'Never',
    containers: [{
      ...sh('echo "$WHO $SECRET"; cat /c/file; cat /s/key; echo; df -t tmpfs /s >/dev/null 2>&1 && echo memory; cat /etc/podinfo/labels; echo; test -s /var/run/secrets/kubernetes.io/serviceaccount/token && echo token; grep -c "$IP" /etc/hosts; cat /etc/resolv.conf; echo x > /e/f && echo written; echo -n bye > /dev/termination-log; exit 4'),
      env: [{ name: 'WHO', value: 'me' }, { name: 'SECRET', valueFrom: { secretKeyRef: { name: 's', key: 'key' } } }, { name: 'IP', valueFrom: { fieldRef: { fieldPath: 'status.podIP' } } }],
      volumeMounts: [{ name: 'c', mountPath: '/c' }, { name: 's', mountPath: '/s', readOnly: true }, { name: 'd', mountPath: '/etc/podinfo' }, { name: 'e', mountPath: '/e' }],
    }],
    volumes: [{ name: 'c', configMap: { name: 'c' } }, { name: 's', secret: { secretName: 's' } }, { name: 'd', downwardAPI: { items: [{ path: 'labels', fieldRef: { fieldPath: 'metadata.labels' } }] } }, { name: 'e', emptyDir: {} }],
  });
  const p = await until('all', x => x?.status?.phase === 'Failed');
  const text = await logs('all');
  for (const part of ['me hidden\n', 'content\n', 'app="all"', 'token\n', '\n1\n', 'nameserver 10.96.0.10', 'search default.svc.cluster.local svc.cluster.local cluster.local', 'written']) expect(text).toContain(part);
  expect(main(p)?.state?.terminated).toMatchObject({ exitCode: 4, reason: 'Error', message: 'bye' });
});

it('readiness, exec, restart after a kill, graceful end', async () => {
  await run('live', { containers: [{ ...sh('trap "exit 0" TERM; while true; do sleep 0.1; done'), readinessProbe: { exec: { command: ['true'] }, periodSeconds: 1 } }] });
  const p = await until('live', x => main(x)?.ready);
  let out = '';
  const exec = await agent.backend.exec('default', 'live', undefined, ['hostname']);
  expect(await exec({ tty: false, stdout: new Writable({ write(c: Buffer, _, done) { out += c.toString(); done(); } }), signal: new AbortController().signal })).toBe(0);
  expect(out).toBe('live\n');
  await runtime.stopContainer(main(p)!.containerID!.replace(/^.*:\/\//, ''), 0);
  const again = await until('live', x => main(x)?.restartCount === 1 && main(x)?.ready);
  expect(main(again)?.lastState?.terminated?.exitCode).toBe(137);
  const t0 = Date.now();
  await client.delete(pods, 'default', 'live', { gracePeriodSeconds: 20 });
  await until('live', x => x === undefined);
  expect(Date.now() - t0).toBeLessThan(10_000);
  expect((await runtime.list()).some(s => s.podName === 'live')).toBe(false);
});

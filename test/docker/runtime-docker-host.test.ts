// What only the docker runtime promises: names that operators know, survival of a lost event stream and of leftovers, and its speed.
import { execFileSync } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { PassThrough, Writable } from 'node:stream';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { silentLog } from '../../core/base/log.ts';
import { createDockerRuntime, resetDocker } from '../../core/node/runtime/docker/docker.ts';
import type { ContainerSpec, Runtime, RuntimeConfig, SandboxSpec } from '../../core/node/runtime/runtime.ts';

const config: RuntimeConfig = { nodeName: 'n1', stateDir: '/nonexistent', clusterPodCidr: '10.247.0.0/16', podCidr: '10.247.1.0/24', gateway: '10.247.0.1', clusterId: `dh${process.pid}`, logMaxBytes: 20_000, logMaxFiles: 3 };
const docker = (...args: string[]): string => execFileSync('docker', args, { encoding: 'utf8' }).trim();
let runtime: Runtime; let image = ''; let next = 9;
beforeAll(async () => {
  execFileSync('bash', [new URL('../images/build.sh', import.meta.url).pathname, 'alpine:latest'], { stdio: 'ignore' });
  runtime = await createDockerRuntime(config, silentLog);
  await runtime.start(() => { /* looked at elsewhere */ });
  image = (await runtime.imageStatus('alpine'))?.id ?? '';
});
afterAll(async () => { await runtime.close(); await resetDocker(config.clusterId, silentLog); });
const box = (o: Partial<SandboxSpec> = {}): SandboxSpec => ({ podName: 'web', podNamespace: 'shop', podUid: randomUUID(), attempt: 0, hostname: 'web', ip: `10.247.1.${++next}`, hostNetwork: false, hostPID: false, hostIPC: false, shareProcessNamespace: false, sysctls: {}, ports: [], resources: {}, labels: {}, ...o });
const spec = (script: string, o: Partial<ContainerSpec> = {}): ContainerSpec => ({ name: 'app', attempt: 2, imageId: image, image: 'alpine', command: ['sh', '-c', script], env: [], mounts: [], resources: {}, security: { privileged: false, readOnlyRootFilesystem: false, noNewPrivileges: false, supplementalGroups: [], capAdd: [], capDrop: [] }, tty: false, stdin: false, stdinOnce: false, labels: {}, ...o });
class Sink extends Writable { text = ''; override _write(c: Buffer, _e: BufferEncoding, done: () => void): void { this.text += c.toString(); done(); } }

it('names its containers as the kubelet did and replaces a leftover of a crash', async () => {
  const b = box();
  const name = `k8s_POD_web_shop_${b.podUid}_0`;
  docker('create', '--name', name, '--label', `io.pilothouse.cluster=${config.clusterId}`, 'pilothouse/pause:1');
  const s = await runtime.runSandbox(b);
  const id = await runtime.createContainer(s.id, spec('sleep 100'));
  await runtime.startContainer(id);
  const names = docker('ps', '--filter', `label=io.kubernetes.pod.uid=${b.podUid}`, '--format', '{{.Names}}').split('\n').sort();
  expect(names).toEqual([name, `k8s_app_web_shop_${b.podUid}_2`]);
});
it('creates containers in a sandbox that does not run yet, with its process namespace too', async () => {
  let early: Promise<string> | undefined;
  const s = await runtime.runSandbox(box({ shareProcessNamespace: true }), id => { early = runtime.createContainer(id, spec('cat /proc/1/comm')); });
  const id = await early!;
  await runtime.startContainer(id);
  let text = '';
  for await (const l of runtime.logs(id, { follow: true, signal: AbortSignal.timeout(10_000) })) text += l.data.toString();
  expect(text).toBe('pause\n');
  await runtime.removeSandbox(s.id);
});
it('makes its network again when someone has removed it', async () => {
  const other = { ...config, clusterId: `dg${process.pid}`, clusterPodCidr: '10.242.0.0/16', podCidr: '10.242.1.0/24', gateway: '10.242.0.1' };
  const r = await createDockerRuntime(other, silentLog);
  try {
    await r.start(() => { /* not looked at */ });
    docker('network', 'rm', `pilothouse-${other.clusterId}`);
    const s = await r.runSandbox(box({ ip: '10.242.1.7' }));
    expect(docker('inspect', '-f', '{{range .NetworkSettings.Networks}}{{.IPAddress}}{{end}}', s.id)).toBe('10.242.1.7');
  } finally { await r.close(); await resetDocker(other.clusterId, silentLog); }
});
it('lets a pod reach itself through its bridge port (hairpin)', async () => {
  await runtime.runSandbox(box());
  const bridge = `ph-${config.clusterId}`;
  expect(execFileSync('sh', ['-c', `cat /sys/class/net/${bridge}/brif/*/hairpin_mode | sort -u`], { encoding: 'utf8' }).trim()).toBe('1');
});
it('gives a privileged container what this machine has to give', async () => {
  const s = await runtime.runSandbox(box());
  const id = await runtime.createContainer(s.id, spec('mount -t tmpfs x /tmp && echo mounted', { security: { ...spec('').security, privileged: true } }));
  await runtime.startContainer(id);
  let text = '';
  for await (const l of runtime.logs(id, { follow: true, signal: AbortSignal.timeout(10_000) })) text += l.data.toString();
  expect(text).toBe('mounted\n');
});
it('sets the size of a terminal', async () => {
  const s = await runtime.runSandbox(box());
  const id = await runtime.createContainer(s.id, spec('sleep 100'));
  await runtime.startContainer(id);
  const out = new Sink(); const input = new PassThrough();
  let resize = (_w: number, _h: number): void => { /* set below */ };
  const code = runtime.exec(id, ['sh', '-c', 'echo up; read a; stty size; exit 5'], { tty: true, stdin: input, stdout: out, signal: AbortSignal.timeout(20_000), onResize: set => { resize = set; } });
  while (!out.text.includes('up')) await new Promise(r => { setTimeout(r, 10); });
  resize(99, 33);
  await new Promise(r => { setTimeout(r, 200); });
  input.write('x\n');
  expect(await code).toBe(5);
  expect(out.text).toMatch(/33 99/);
});
it('publishes host ports on the pod', async () => {
  const s = await runtime.runSandbox(box({ ports: [{ hostIP: '127.0.0.1', hostPort: 28_181, containerPort: 80, protocol: 'TCP' }] }));
  expect(docker('port', s.id)).toBe('80/tcp -> 127.0.0.1:28181');
});
it('words a pull that cannot be made', async () => {
  await expect(runtime.pullImage('127.0.0.1:1/none:v1', undefined, AbortSignal.timeout(20_000))).rejects.toMatchObject({ name: 'ImagePullError', reason: 'ErrImagePull', message: expect.stringMatching(/refused/) as string });
  await expect(runtime.pullImage('UPPER/case', undefined, AbortSignal.timeout(20_000))).rejects.toMatchObject({ reason: 'InvalidImageName' });
});

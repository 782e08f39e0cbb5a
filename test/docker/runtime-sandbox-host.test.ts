// What only the sandbox runtime promises: its own confinement, its log files, adoption by the next host, its registry client, its speed.
import { execFileSync, spawn } from 'node:child_process';
import { createHash, randomUUID } from 'node:crypto';
import { mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import { connect, type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PassThrough, Writable } from 'node:stream';
import { gzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { silentLog } from '../../core/base/log.ts';
import { packTar } from '../../core/node/runtime/docker/tar.ts';
import type { ContainerSpec, Runtime, RuntimeConfig, RuntimeEvent, SandboxSpec } from '../../core/node/runtime/runtime.ts';
import { createSandboxRuntime, resetSandbox } from '../../core/node/runtime/sandbox/sandbox.ts';

const stateDir = mkdtempSync(join(tmpdir(), 'pilothouse-sandbox-'));
const config: RuntimeConfig = { nodeName: 'n1', stateDir, clusterPodCidr: '10.248.0.0/16', podCidr: '10.248.1.0/24', gateway: '10.248.0.1', clusterId: `sh${process.pid}`, logMaxBytes: 20_000, logMaxFiles: 3 };
let runtime: Runtime; let image = ''; let next = 9;
const events: RuntimeEvent[] = [];
const waiters = new Set<() => void>();

beforeAll(async () => {
  mkdirSync(join(stateDir, 'images'));
  execFileSync('bash', [new URL('../images/build.sh', import.meta.url).pathname, '--out', join(stateDir, 'images'), 'alpine:latest'], { stdio: 'ignore' });
  runtime = await createSandboxRuntime(config, silentLog);
  await runtime.start(e => { events.push(e); for (const w of waiters) w(); });
  image = (await runtime.imageStatus('docker.io/library/alpine'))?.id ?? '';
}, 60_000);
afterAll(async () => { await runtime.close(); await resetSandbox(config, silentLog); rmSync(stateDir, { recursive: true, force: true }); }, 60_000);

const box = (o: Partial<SandboxSpec> = {}): SandboxSpec => ({ podName: 'p', podNamespace: 'd', podUid: randomUUID(), attempt: 0, hostname: 'p', ip: `10.248.1.${++next}`, hostNetwork: false, hostPID: false, hostIPC: false, shareProcessNamespace: false, sysctls: {}, ports: [], resources: {}, labels: {}, ...o });
const spec = (script: string, o: Partial<ContainerSpec> = {}): ContainerSpec => ({ name: 'c', attempt: 0, imageId: image, image: 'alpine', command: ['sh', '-c', script], env: [], mounts: [], resources: {}, security: { privileged: false, readOnlyRootFilesystem: false, noNewPrivileges: false, supplementalGroups: [], capAdd: [], capDrop: [] }, tty: false, stdin: false, stdinOnce: false, labels: {}, ...o });
const started = async (script: string, o: Partial<ContainerSpec> = {}, b: Partial<SandboxSpec> = {}): Promise<{ sandbox: string; id: string }> => {
  const sandbox = (await runtime.runSandbox(box(b))).id;
  const id = await runtime.createContainer(sandbox, spec(script, o));
  await runtime.startContainer(id);
  return { sandbox, id };
};
const died = (id: string): Promise<void> => new Promise(resolve => {
  const look = (): void => { if (events.some(e => e.type === 'container-died' && e.containerId === id)) { waiters.delete(look); resolve(); } };
  waiters.add(look); look();
});
const output = async (id: string, tailLines?: number): Promise<string> => {
  const parts: Buffer[] = [];
  for await (const l of runtime.logs(id, { follow: true, ...(tailLines === undefined ? {} : { tailLines }), signal: AbortSignal.timeout(20_000) })) parts.push(l.data);
  return Buffer.concat(parts).toString();
};
class Sink extends Writable { text = ''; override _write(c: Buffer, _e: BufferEncoding, done: () => void): void { this.text += c.toString(); done(); } }

describe('confinement', () => {
  it('keeps fourteen capabilities, no new privileges, a filter; not for a privileged one', async () => {
    const { id } = await started('grep -E "CapEff|CapBnd|NoNewPrivs|^Seccomp:" /proc/self/status');
    const text = await output(id);
    expect(text).toMatch(/CapEff:\t00000000a80425fb/); expect(text).toMatch(/NoNewPrivs:\t1/); expect(text).toMatch(/Seccomp:\t2/);
    const p = await started('grep -E "NoNewPrivs|^Seccomp:" /proc/self/status; mount -t tmpfs x /tmp && echo mounted; ls /dev/kmsg', { security: { ...spec('').security, privileged: true } });
    const all = await output(p.id);
    expect(all).toMatch(/NoNewPrivs:\t0\nSeccomp:\t0\nmounted\n\/dev\/kmsg/);
  });
  it('hides and freezes what belongs to the machine', async () => {
    const { id } = await started('echo x > /proc/sys/kernel/hostname; echo x > /sys/kernel/uevent_helper; mount -t tmpfs x /tmp; unshare -U true; mknod /dev/vda b 254 0 && cat /dev/vda; echo done');
    const text = await output(id);
    expect(text).toMatch(/hostname: Read-only/); expect(text).toMatch(/uevent_helper: Read-only/); expect(text).toMatch(/vda': Operation not permitted/); expect(text).toMatch(/unshare.*not permitted/);
  });
  it('refuses to start with an unknown capability, user or mount source, in words', async () => {
    const b = await runtime.runSandbox(box());
    await expect(runtime.createContainer(b.id, spec(':', { security: { ...spec('').security, capAdd: ['FLY'] } }))).rejects.toThrow(/unknown capability "FLY"/);
    const id = await runtime.createContainer(b.id, spec(':', { mounts: [{ hostPath: '/nonexistent/x', containerPath: '/x', readOnly: false }] }));
    await expect(runtime.startContainer(id)).rejects.toThrow(/mount \/nonexistent\/x: no such file/);
    expect(await runtime.container(id)).toMatchObject({ phase: 'exited', exitCode: 128 });
  });
  it('ends with the signal that killed it', async () => {
    const { id } = await started('kill -SEGV $$; sleep 5 & wait', { command: ['sh', '-c', 'sh -c "kill -9 \\$\\$"; exit $?'] });
    await died(id);
    expect(await runtime.container(id)).toMatchObject({ exitCode: 137, oomKilled: false });
  });
});

describe('terminals and input', () => {
  it('has a terminal of the size that was set, in exec and attach', async () => {
    const { id } = await started('read a; stty size; echo "got $a"', { tty: true, stdin: true });
    const out = new Sink(); const input = new PassThrough();
    const done = runtime.attach(id, { tty: true, stdin: input, stdout: out, signal: AbortSignal.timeout(20_000), onResize: set => { set(99, 33); } });
    input.write('hello\n');
    await done;
    expect(out.text).toMatch(/33 99\r\ngot hello/);
    const e = await started('sleep 60');
    const out2 = new Sink(); const input2 = new PassThrough();
    const code = runtime.exec(e.id, ['sh', '-c', 'read a; stty size; tty; exit 5'], { tty: true, stdin: input2, stdout: out2, signal: AbortSignal.timeout(20_000), onResize: set => { set(99, 33); } });
    input2.write('x\n');
    expect(await code).toBe(5);
    expect(out2.text).toMatch(/33 99\r\n\/dev\/pts\/0/);
  });
  it('passes a megabyte each way', async () => {
    const { id } = await started('sleep 60');
    const out = new Sink(); const input = new PassThrough();
    const code = runtime.exec(id, ['cat'], { tty: false, stdin: input, stdout: out, signal: AbortSignal.timeout(20_000) });
    input.end(Buffer.alloc(3_000_000, 'x'));
    expect(await code).toBe(0);
    expect(out.text.length).toBe(3_000_000);
  });
});

describe('logs on disk', () => {
  it('rotates and still follows every line', async () => {
    const { id, sandbox } = await started('i=0; while [ $i -lt 1500 ]; do echo "line $i of a log"; i=$((i+1)); done');
    await died(id);
    const files = readdirSync(join(stateDir, 'pods', sandbox, 'c', id)).filter(f => f.startsWith('log'));
    expect(files.sort()).toEqual(['log', 'log.1', 'log.2']);
    const text = await output(id, 3);
    expect(text).toBe('line 1497 of a log\nline 1498 of a log\nline 1499 of a log\n');
  });
});

describe('network', () => {
  it('publishes a host port, on 127.0.0.1 too, and takes it back', async () => {
    const { sandbox } = await started('while true; do echo hi | nc -l -p 80; done', {}, { ports: [{ hostIP: '', hostPort: 28_080, containerPort: 80, protocol: 'TCP' }] });
    const ask = (host: string): Promise<string> => new Promise((resolve, reject) => { const s = connect(28_080, host); let t = ''; s.setTimeout(3000, () => { s.destroy(new Error('timed out')); }); s.on('data', d => { t += d.toString(); s.end(); }); s.on('close', () => { resolve(t); }); s.on('error', reject); });
    const eventually = async (host: string): Promise<string> => { for (let i = 0; ; i++) try { return await ask(host); } catch (error) { if (i > 40) throw error; await new Promise(r => { setTimeout(r, 50); }); } };
    expect(await eventually('127.0.0.1')).toBe('hi\n');
    expect(await eventually('10.248.0.1')).toBe('hi\n');
    await runtime.removeSandbox(sandbox);
    await expect(ask('127.0.0.1')).rejects.toThrow(/REFUSED/);
  });
});

describe('adoption', () => {
  it('finds running and ended containers after kill -9 of the host, with logs and exit codes', async () => {
    const other = { ...config, nodeName: 'n2', stateDir: mkdtempSync(join(tmpdir(), 'pilothouse-sandbox-')) };
    try {
      mkdirSync(join(other.stateDir, 'images'));
      execFileSync('cp', [join(stateDir, 'images', 'alpine_latest.tar'), join(other.stateDir, 'images')]);
      const code = `import { createSandboxRuntime } from ${JSON.stringify(new URL('../../core/node/runtime/sandbox/sandbox.ts', import.meta.url).href)};
        const log = { debug() {}, info() {}, warn() {}, error() {}, child: () => log };
        const r = await createSandboxRuntime(${JSON.stringify(other)}, log); await r.start(() => {});
        const b = await r.runSandbox(${JSON.stringify(box())});
        for (const s of ${JSON.stringify([spec('echo up; sleep 1000', { name: 'runs' }), spec('sleep 1; echo late; exit 7', { name: 'ends' })])}) await r.startContainer(await r.createContainer(b.id, s));
        console.log('ready'); setInterval(() => {}, 1000);`;
      const host = spawn(process.execPath, ['--input-type=module', '-e', code], { stdio: ['ignore', 'pipe', 'inherit'] });
      await new Promise<void>((resolve, reject) => { host.stdout.on('data', () => { resolve(); }); host.once('exit', () => { reject(new Error('the host died')); }); });
      host.kill('SIGKILL');
      await new Promise(resolve => { host.once('close', resolve); });
      const heir = await createSandboxRuntime(other, silentLog);
      const ended = new Promise<void>(resolve => { void heir.start(e => { if (e.type === 'container-died') resolve(); }); });
      const [pod] = await heir.list();
      expect(pod).toMatchObject({ ready: true });
      await ended;
      const [again] = await heir.list();
      const by = (n: string) => again?.containers.find(c => c.name === n);
      expect(by('runs')?.phase).toBe('running');
      expect(by('ends')).toMatchObject({ phase: 'exited', exitCode: 7 });
      const out = new Sink();
      expect(await heir.exec(by('runs')?.id ?? '', ['echo', 'adopted'], { tty: false, stdout: out, signal: AbortSignal.timeout(10_000) })).toBe(0);
      expect(out.text).toBe('adopted\n');
      await heir.stopContainer(by('runs')?.id ?? '', 0);
      expect(await heir.container(by('runs')?.id ?? '')).toMatchObject({ phase: 'exited', exitCode: 137 });
      await heir.close();
    } finally { await resetSandbox(other, silentLog, false); rmSync(other.stateDir, { recursive: true, force: true }); }
  });
});

describe('registry', () => {
  const blobs = new Map<string, Buffer>();
  const digest = (b: Buffer): string => `sha256:${createHash('sha256').update(b).digest('hex')}`;
  const keep = (b: Buffer): { digest: string; size: number } => { blobs.set(digest(b), b); return { digest: digest(b), size: b.length }; };
  let server: Server; let host = '';
  beforeAll(async () => {
    const layer = packTar([{ name: 'hello.txt', mode: 0o644, data: Buffer.from('from a registry\n') }, { name: 'etc/.wh.gone', mode: 0o644, data: Buffer.alloc(0) }]);
    const cfg = Buffer.from(JSON.stringify({ architecture: 'amd64', os: 'linux', config: { Cmd: ['cat', '/hello.txt'] }, rootfs: { type: 'layers', diff_ids: [digest(layer)] } }));
    const manifest = Buffer.from(JSON.stringify({ schemaVersion: 2, config: keep(cfg), layers: [keep(gzipSync(layer))] }));
    const index = Buffer.from(JSON.stringify({ schemaVersion: 2, manifests: [{ ...keep(Buffer.from('{}')), platform: { os: 'linux', architecture: 'sparc' } }, { ...keep(manifest), platform: { os: 'linux', architecture: process.arch === 'x64' ? 'amd64' : process.arch } }] }));
    server = createServer((req, res) => {
      const url = req.url ?? '';
      if (url.startsWith('/token')) { const ok = req.headers.authorization === `Basic ${Buffer.from('me:secret').toString('base64')}`; res.statusCode = ok ? 200 : 401; res.end(ok ? '{"token":"T"}' : ''); return; }
      if (url.includes('/private/') && req.headers.authorization !== 'Bearer T') { res.writeHead(401, { 'www-authenticate': `Bearer realm="http://${host}/token",service="s"` }); res.end(); return; }
      const name = url.split('/').at(-1) ?? '';
      const body = name === 'v1' ? index : blobs.get(name);
      if (!body) { res.statusCode = 404; res.end('{}'); return; }
      res.end(body);
    });
    await new Promise<void>(resolve => { server.listen(0, '127.0.0.1', () => { resolve(); }); });
    host = `127.0.0.1:${(server.address() as AddressInfo).port}`;
  });
  afterAll(() => { server.close(); });
  const signal = AbortSignal.timeout(60_000);

  it('chooses the platform, authenticates, checks digests, unpacks', async () => {
    const got = await runtime.pullImage(`${host}/private/app:v1`, { username: 'me', password: 'secret' }, signal);
    expect(got).toMatchObject({ cmd: ['cat', '/hello.txt'], repoTags: [`${host}/private/app:v1`] });
    expect((await runtime.imageStatus(`${host}/private/app:v1`))?.id).toBe(got.id);
    const layers = readdirSync(join(stateDir, 'layers'));
    expect(layers.some(l => { try { return readFileSync(join(stateDir, 'layers', l, 'hello.txt'), 'utf8') === 'from a registry\n'; } catch { return false; } })).toBe(true);
    await runtime.removeImage(got.id);
    expect(await runtime.imageStatus(got.id)).toBeUndefined();
  });
  it('tells refused, missing and unreachable apart', async () => {
    await expect(runtime.pullImage(`${host}/private/app:v1`, { username: 'me', password: 'wrong' }, signal)).rejects.toMatchObject({ reason: 'ErrImagePull', message: expect.stringMatching(/unauthorized/) as string });
    await expect(runtime.pullImage(`${host}/app:v9`, undefined, signal)).rejects.toMatchObject({ reason: 'ErrImagePull', message: expect.stringMatching(/not found/) as string });
    await expect(runtime.pullImage('127.0.0.1:1/app:v1', undefined, signal)).rejects.toMatchObject({ reason: 'ErrImagePull', message: expect.stringMatching(/cannot be reached/) as string });
    await expect(runtime.pullImage('UPPER/Case:v1', undefined, signal)).rejects.toMatchObject({ reason: 'InvalidImageName' });
  });
});

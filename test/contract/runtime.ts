// What every container runtime promises the node agent (core/node/runtime/runtime.ts), as one suite that all of them pass.
import { randomUUID } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PassThrough, Writable } from 'node:stream';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ContainerError, ImagePullError, type ContainerSpec, type LogLine, type LogOptions, type Runtime, type RuntimeEvent, type SandboxSpec, type SandboxState } from '../../core/node/runtime/runtime.ts';

export interface RuntimeUnderTest {
  runtime: Runtime;
  /** An image that is on this machine and has sh, echo, cat, sleep, env, hostname. */
  image: string;
  /** A free pod address per call; undefined where the runtime needs none. */
  nextIp(): string | undefined;
  /** A second runtime over the same state, for adoption; undefined where state is in memory. */
  reopen?(): Promise<Runtime>;
  /** Ends the runtime and removes what it left. */
  dispose(): Promise<void>;
}

export interface Capabilities {
  /** Real processes: signals, users, limits, files of the image. */
  processes: boolean;
  /** Memory limits end in oomKilled. */
  oom: boolean;
  /** An address per pod that this machine can reach. */
  network: boolean;
  /** Several containers see one another's processes with shareProcessNamespace. */
  sharedPids: boolean;
}

const text = (l: readonly LogLine[]): string => Buffer.concat(l.map(x => x.data)).toString();
/** Waits for a condition that the runtime reports by events; polls, because not every condition has one. */
async function until<T>(what: string, get: () => Promise<T | undefined> | T | undefined, ms = 15_000): Promise<T> {
  const end = Date.now() + ms;
  for (;;) {
    const got = await get();
    if (got !== undefined && got !== false) return got;
    if (Date.now() > end) throw new Error(`timed out waiting for ${what}`);
    await new Promise(resolve => { setTimeout(resolve, 20); });
  }
}
class Sink extends Writable {
  readonly chunks: Buffer[] = [];
  override _write(c: Buffer | string, _e: BufferEncoding, done: () => void): void { this.chunks.push(Buffer.from(c)); done(); }
  get text(): string { return Buffer.concat(this.chunks).toString(); }
}

/** Registers a case only where the runtime has what it needs: a case that cannot be is no case, not a skipped one. */
const only = (can: boolean | undefined) => (name: string, run: () => Promise<void>): void => { if (can) it(name, run); };

/** Registers the suite. Call from a `*.test.ts` with a factory; one runtime serves all cases. */
export function runtimeContract(name: string, make: () => Promise<RuntimeUnderTest>, can: Capabilities): void {
  describe(`runtime contract: ${name}`, () => {
    let t: RuntimeUnderTest; let rt: Runtime; let imageId = ''; let dir = '';
    const events: RuntimeEvent[] = [];
    const boxes: string[] = [];
    beforeAll(async () => {
      dir = mkdtempSync(join(tmpdir(), 'runtime-contract-'));
      t = await make(); rt = t.runtime;
      await rt.start(e => { events.push(e); });
      imageId = ((await rt.imageStatus(t.image)) ?? await rt.pullImage(t.image, undefined, new AbortController().signal)).id;
    }, 120_000);
    afterAll(async () => {
      for (const id of boxes) await rt.removeSandbox(id);
      await t.dispose();
      rmSync(dir, { recursive: true, force: true });
    }, 120_000);

    const boxSpec = (o: Partial<SandboxSpec> = {}): SandboxSpec => {
      const uid = randomUUID();
      return { podName: `pod-${uid.slice(0, 8)}`, podNamespace: 'contract', podUid: uid, attempt: 0, hostname: 'contract-host', ip: t.nextIp(), hostNetwork: false, hostPID: false, hostIPC: false, shareProcessNamespace: false, sysctls: {}, ports: [], resources: {}, labels: { 'io.kubernetes.pod.uid': uid }, ...o };
    };
    const box = async (o: Partial<SandboxSpec> = {}): Promise<SandboxState> => { const s = await rt.runSandbox(boxSpec(o)); boxes.push(s.id); return s; };
    const spec = (o: Partial<ContainerSpec> = {}): ContainerSpec => ({
      name: 'main', attempt: 0, imageId, image: t.image, command: ['sh', '-c', 'while true; do sleep 1; done'], env: [], mounts: [], resources: {},
      security: { privileged: false, readOnlyRootFilesystem: false, noNewPrivileges: false, supplementalGroups: [], capAdd: [], capDrop: [] },
      tty: false, stdin: false, stdinOnce: false, labels: { 'io.kubernetes.container.name': 'main' }, ...o,
    });
    const run = async (o: Partial<ContainerSpec> = {}, b?: SandboxState): Promise<string> => {
      const id = await rt.createContainer((b ?? await box()).id, spec(o));
      await rt.startContainer(id);
      return id;
    };
    const sh = (script: string): Partial<ContainerSpec> => ({ command: ['sh', '-c', script] });
    const exited = (id: string) => until(`exit of ${id}`, async () => { const s = await rt.container(id); return s?.phase === 'exited' ? s : undefined; });
    const logs = async (id: string, o: Partial<LogOptions> = {}): Promise<LogLine[]> => {
      const out: LogLine[] = [];
      for await (const l of rt.logs(id, { follow: false, signal: new AbortController().signal, ...o })) out.push(l);
      return out;
    };
    const exec = async (id: string, command: string[], stdin?: string): Promise<{ code: number; out: string; err: string }> => {
      const stdout = new Sink(); const stderr = new Sink();
      const input = stdin === undefined ? undefined : new PassThrough();
      input?.end(stdin);
      const code = await rt.exec(id, command, { tty: false, stdout, stderr, ...(input ? { stdin: input } : {}), signal: new AbortController().signal });
      return { code, out: stdout.text, err: stderr.text };
    };

    describe('identity', () => {
      it('names itself and its version', () => { expect(rt.name).toMatch(/^(docker|sandbox|simulated)$/); expect(rt.version).toMatch(/^[a-z-]+:\/\/\S+$/); });
      it('says its limits in words', () => { for (const l of rt.limits) expect(l.length).toBeGreaterThan(5); });
    });

    describe('sandboxes', () => {
      it('returns what was asked for', async () => {
        const s = boxSpec({ attempt: 3 }); const b = await rt.runSandbox(s); boxes.push(b.id);
        expect(b).toMatchObject({ podName: s.podName, podNamespace: 'contract', podUid: s.podUid, attempt: 3, ready: true, ip: s.ip, containers: [] });
        expect(b.createdAt).toBeGreaterThan(0);
      });
      it('lists it with its labels', async () => {
        const b = await box({ labels: { 'io.kubernetes.pod.uid': 'u1', extra: 'x y' } });
        expect((await rt.list()).find(x => x.id === b.id)?.labels).toMatchObject({ 'io.kubernetes.pod.uid': 'u1', extra: 'x y' });
      });
      it('gives distinct ids', async () => { expect((await box()).id).not.toBe((await box()).id); });
      it('is listed as not ready after stop, and stop is idempotent', async () => {
        const b = await box(); await rt.stopSandbox(b.id); await rt.stopSandbox(b.id);
        expect((await rt.list()).find(x => x.id === b.id)?.ready).toBe(false);
      });
      it('kills its containers on stop', async () => {
        const b = await box(); const id = await run({}, b); await rt.stopSandbox(b.id);
        expect((await exited(id)).exitCode).not.toBe(0);
      });
      it('is gone after remove, with its containers; remove is idempotent', async () => {
        const b = await box(); const id = await run({}, b); await rt.removeSandbox(b.id); await rt.removeSandbox(b.id);
        expect((await rt.list()).some(x => x.id === b.id)).toBe(false);
        expect(await rt.container(id)).toBeUndefined();
      });
      it('stop and remove of an unknown id are no errors', async () => { await rt.stopSandbox('0'.repeat(64)); await rt.removeSandbox('0'.repeat(64)); });
      it('runs the same pod again with the next attempt', async () => {
        const s = boxSpec(); const a = await rt.runSandbox(s); boxes.push(a.id); await rt.stopSandbox(a.id);
        const b = await rt.runSandbox({ ...s, attempt: 1, ip: t.nextIp() }); boxes.push(b.id);
        expect(b).toMatchObject({ attempt: 1, ready: true }); expect(b.id).not.toBe(a.id);
      });
      it('gives its containers the hostname', async () => { const id = await run(sh('hostname')); await exited(id); expect(text(await logs(id)).trim()).toBe('contract-host'); });
      it('starts several at once', async () => { expect(new Set((await Promise.all([box(), box(), box(), box()])).map(b => b.id)).size).toBe(4); });
    });

    describe('containers', () => {
      it('is created, then running, with its times', async () => {
        const b = await box(); const id = await rt.createContainer(b.id, spec({ attempt: 2, labels: { a: 'b' } }));
        expect(await rt.container(id)).toMatchObject({ id, sandboxId: b.id, name: 'main', attempt: 2, phase: 'created', startedAt: 0, finishedAt: 0, image: t.image, imageId, labels: { a: 'b' } });
        await rt.startContainer(id);
        const s = await rt.container(id);
        expect(s).toMatchObject({ phase: 'running', finishedAt: 0 }); expect(s!.startedAt).toBeGreaterThan(0);
      });
      it('is listed below its sandbox', async () => { const b = await box(); const id = await run({}, b); expect((await rt.list()).find(x => x.id === b.id)?.containers.map(c => c.id)).toEqual([id]); });
      it('ends with the exit code of its program', async () => { const id = await run(sh('exit 7')); expect(await exited(id)).toMatchObject({ exitCode: 7, oomKilled: false }); });
      it('ends with 0', async () => { const s = await exited(await run({ command: ['true'] })); expect(s.exitCode).toBe(0); expect(s.finishedAt).toBeGreaterThanOrEqual(s.startedAt); });
      it('reports the end by an event', async () => {
        const b = await box(); const id = await run(sh('exit 1'), b);
        expect(await until('event', () => events.find(e => e.type === 'container-died' && e.containerId === id))).toMatchObject({ sandboxId: b.id });
      });
      it('gives events the uid of the pod', async () => { const s = boxSpec(); const b = await rt.runSandbox(s); boxes.push(b.id); const id = await run(sh('exit 0'), b); expect((await until('event', () => events.find(e => e.type === 'container-died' && e.containerId === id))).podUid).toBe(s.podUid); });
      it('uses args after the command', async () => { const id = await run({ command: ['echo'], args: ['one', 'two words'] }); await exited(id); expect(text(await logs(id))).toBe('one two words\n'); });
      it('passes environment, empty values and equal signs too', async () => {
        const id = await run({ ...sh('echo "[$A][$B][$C]"'), env: [{ name: 'A', value: 'x=y' }, { name: 'B', value: '' }, { name: 'C', value: 'two words' }] });
        await exited(id); expect(text(await logs(id))).toBe('[x=y][][two words]\n');
      });
      it('mounts a file of the host', async () => { const f = join(dir, 'm1'); writeFileSync(f, 'from host\n'); const id = await run({ command: ['cat', '/data/m1'], mounts: [{ hostPath: f, containerPath: '/data/m1', readOnly: true }] }); await exited(id); expect(text(await logs(id))).toBe('from host\n'); });
      it('writes into a mounted directory', async () => { const id = await run({ ...sh('echo out > /data/result'), mounts: [{ hostPath: dir, containerPath: '/data', readOnly: false }] }); expect((await exited(id)).exitCode).toBe(0); expect(readFileSync(join(dir, 'result'), 'utf8')).toBe('out\n'); });
      only(can.processes)('refuses writes to a read-only mount', async () => { const id = await run({ ...sh('echo out > /data/ro && exit 0; exit 9'), mounts: [{ hostPath: dir, containerPath: '/data', readOnly: true }] }); expect((await exited(id)).exitCode).toBe(9); });
      only(can.processes)('mounts a tmpfs of a size', async () => { const id = await run({ ...sh('grep -q " /mem tmpfs " /proc/mounts && echo yes > /mem/f'), mounts: [{ hostPath: '', containerPath: '/mem', readOnly: false, tmpfsBytes: 1 << 20 }] }); expect((await exited(id)).exitCode).toBe(0); });
      only(can.processes)('honours workingDir', async () => { const id = await run({ command: ['pwd'], workingDir: '/tmp' }); await exited(id); expect(text(await logs(id))).toBe('/tmp\n'); });
      only(can.processes)('runs as user and groups', async () => { const id = await run({ ...sh('id -u; id -g; id -G'), security: { ...spec().security, runAsUser: 1234, runAsGroup: 2345, supplementalGroups: [3456] } }); await exited(id); expect(text(await logs(id))).toMatch(/^1234\n2345\n2345 3456\n/); });
      only(can.processes)('keeps a read-only root', async () => { const id = await run({ ...sh('touch /x && exit 0; exit 5'), security: { ...spec().security, readOnlyRootFilesystem: true } }); expect((await exited(id)).exitCode).toBe(5); });
      only(can.processes)('drops capabilities', async () => { const id = await run({ ...sh('grep CapEff /proc/self/status'), security: { ...spec().security, capDrop: ['ALL'] } }); await exited(id); expect(text(await logs(id))).toMatch(/CapEff:\s*0+\n/); });
      only(can.processes)('sets no-new-privileges', async () => { const id = await run({ ...sh('grep NoNewPrivs /proc/self/status'), security: { ...spec().security, noNewPrivileges: true } }); await exited(id); expect(text(await logs(id))).toMatch(/NoNewPrivs:\s*1/); });
      it('says why a program that is not there cannot start', async () => {
        const b = await box(); const id = await rt.createContainer(b.id, spec({ command: ['/no-such-program'] }));
        await expect(rt.startContainer(id)).rejects.toThrow(/no such file|not found/);
        await rt.startContainer(id).catch((e: unknown) => { expect(e).toBeInstanceOf(ContainerError); });
      });
      it('refuses a container in an unknown sandbox', async () => { await expect(rt.createContainer('0'.repeat(64), spec())).rejects.toBeInstanceOf(ContainerError); });
      it('stops with SIGTERM when the program handles it', async () => { const id = await run(sh('trap "exit 4" TERM; while true; do sleep 0.1; done')); if (can.processes) await until('trap', async () => (await exec(id, ['true'])).code === 0); await rt.stopContainer(id, 10); expect((await exited(id)).exitCode).toBe(4); });
      it('kills at once with grace 0', async () => { const id = await run(); const t0 = Date.now(); await rt.stopContainer(id, 0); expect((await exited(id)).exitCode).toBe(137); expect(Date.now() - t0).toBeLessThan(5000); });
      only(can.processes)('kills after the grace period', async () => { const id = await run(sh('trap "" TERM; while true; do sleep 0.1; done')); const t0 = Date.now(); await rt.stopContainer(id, 1); expect((await exited(id)).exitCode).toBe(137); expect(Date.now() - t0).toBeGreaterThan(900); });
      it('stop is idempotent and no error for unknown ids', async () => { const id = await run(sh('exit 0')); await exited(id); await rt.stopContainer(id, 1); await rt.stopContainer('0'.repeat(64), 1); });
      it('is unknown after remove; remove is idempotent', async () => { const id = await run(); await rt.removeContainer(id); await rt.removeContainer(id); expect(await rt.container(id)).toBeUndefined(); });
      it('keeps a dead one beside its successor', async () => {
        const b = await box(); const first = await run(sh('echo one; exit 1'), b); await exited(first);
        const second = await run({ ...sh('echo two; exit 0'), attempt: 1 }, b); await exited(second);
        expect(text(await logs(first))).toBe('one\n'); expect(text(await logs(second))).toBe('two\n');
      });
      it('changes limits while it runs', async () => { const id = await run({ resources: { memoryLimitBytes: 64 << 20 } }); await rt.updateContainer(id, { memoryLimitBytes: 96 << 20, cpuLimitMilli: 500 }); expect((await rt.container(id))?.phase).toBe('running'); });
      only(can.oom)('tells an out-of-memory kill', async () => {
        const id = await run({ ...sh('x=a; while true; do x="$x$x$x"; done'), resources: { memoryLimitBytes: 16 << 20 } });
        expect(await exited(id)).toMatchObject({ exitCode: 137, oomKilled: true });
      });
      only(can.sharedPids)('shares processes when asked', async () => { const b = await box({ shareProcessNamespace: true }); await run({ name: 'a', ...sh('sleep 4321') }, b); const id = await run({ name: 'b' }, b); expect((await exec(id, ['sh', '-c', 'cat /proc/[0-9]*/cmdline | tr "\\0" " "'])).out).toContain('4321'); });
      only(can.network)('shares localhost inside a pod', async () => { const b = await box(); const a = await run({ name: 'a' }, b); const c = await run({ name: 'b' }, b); const net = async (id: string) => (await exec(id, ['readlink', '/proc/self/ns/net'])).out; expect(await net(a)).toBe(await net(c)); });
      only(can.network)('has the address it was given', async () => { const b = await box(); const id = await run({}, b); expect((await exec(id, ['cat', '/proc/net/fib_trie'])).out).toContain(b.ip!); });
    });

    describe('logs', () => {
      it('separates the streams and stamps lines', async () => {
        const id = await run(sh('echo out; echo err >&2')); await exited(id); const l = await logs(id);
        expect(text(l.filter(x => x.stream === 'stdout'))).toBe('out\n'); expect(text(l.filter(x => x.stream === 'stderr'))).toBe('err\n');
        for (const x of l) expect(x.time).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{9}Z$/);
      });
      it('gives the last lines', async () => { const id = await run(sh('echo 1; echo 2; echo 3')); await exited(id); expect(text(await logs(id, { tailLines: 2 }))).toBe('2\n3\n'); });
      it('gives none for a tail of 0', async () => { const id = await run(sh('echo 1')); await exited(id); expect(await logs(id, { tailLines: 0 })).toEqual([]); });
      it('gives lines since a moment', async () => { const id = await run(sh('echo early; sleep 2; echo late')); const s = await exited(id); expect(text(await logs(id, { since: s.startedAt + 1000 }))).toBe('late\n'); });
      it('follows until the container ends', async () => { const id = await run(sh('echo a; sleep 1; echo b')); expect(text(await logs(id, { follow: true }))).toBe('a\nb\n'); });
      it('follows until told to stop', async () => {
        const id = await run(sh('while true; do echo tick; sleep 0.2; done')); const stop = new AbortController(); let n = 0;
        for await (const l of rt.logs(id, { follow: true, signal: stop.signal })) { expect(l.data.toString()).toBe('tick\n'); if (++n === 3) stop.abort(); }
        expect(n).toBeGreaterThanOrEqual(3);
      });
      it('are readable until removal and after stop', async () => { const id = await run(sh('echo last words; while true; do sleep 1; done')); await until('output', async () => (await logs(id)).length > 0 || undefined); await rt.stopContainer(id, 0); expect(text(await logs(id))).toContain('last words\n'); });
    });

    describe('exec and attach', () => {
      it('gives output and exit code', async () => { const id = await run(); expect(await exec(id, ['sh', '-c', 'echo hi; echo no >&2; exit 3'])).toEqual({ code: 3, out: 'hi\n', err: 'no\n' }); });
      it('sees the environment of the container', async () => { const id = await run({ env: [{ name: 'WHO', value: 'me' }] }); expect((await exec(id, ['sh', '-c', 'echo $WHO'])).out).toBe('me\n'); });
      it('passes stdin and its end', async () => { const id = await run(); expect(await exec(id, ['cat'], 'line\n')).toMatchObject({ code: 0, out: 'line\n' }); });
      it('answers 126 or 127 for a missing program, with words', async () => { const id = await run(); const r = await exec(id, ['no-such-program']); expect([126, 127]).toContain(r.code); expect(r.out + r.err).toMatch(/no-such-program/); });
      it('joins streams on a terminal', async () => {
        const id = await run(); const stdout = new Sink();
        const code = await rt.exec(id, ['sh', '-c', 'echo a; echo b >&2; exit 2'], { tty: true, stdout, stdin: new PassThrough(), onResize: set => { set(99, 33); }, signal: new AbortController().signal });
        expect(code).toBe(2); expect(stdout.text).toContain('a\r\n'); expect(stdout.text).toContain('b\r\n');
      });
      it('runs several at once', async () => { const id = await run(); const r = await Promise.all([1, 2, 3].map(n => exec(id, ['sh', '-c', `echo ${n}`]))); expect(r.map(x => x.out)).toEqual(['1\n', '2\n', '3\n']); });
      it('is refused when the container has ended', async () => { const id = await run(sh('exit 0')); await exited(id); await expect(exec(id, ['true'])).rejects.toThrow(); });
      it('attaches to output', async () => {
        const id = await run(sh('while true; do echo tick; sleep 0.2; done')); const stop = new AbortController(); const stdout = new Sink();
        const done = rt.attach(id, { tty: false, stdout, stderr: new Sink(), signal: stop.signal });
        await until('output', () => stdout.text.includes('tick\n') || undefined); stop.abort(); await done;
      });
      it('attach ends with the container', async () => { const id = await run(sh('sleep 1; exit 0')); await rt.attach(id, { tty: false, stdout: new Sink(), signal: new AbortController().signal }); expect((await exited(id)).exitCode).toBe(0); });
    });

    describe('images, stats, dial', () => {
      it('finds an image by its reference and id', async () => { const s = await rt.imageStatus(t.image); expect(s?.id).toBe(imageId); expect((await rt.imageStatus(imageId))?.id).toBe(imageId); });
      it('does not find what is not there', async () => { expect(await rt.imageStatus('localhost:1/no-such/image:1')).toBeUndefined(); });
      it('lists images with tags and sizes', async () => { const i = (await rt.listImages()).find(x => x.id === imageId); expect(i?.repoTags.join(' ')).toContain(t.image.replace(/:.*/, '')); expect(i!.sizeBytes).toBeGreaterThan(0); });
      it('words a failed pull', async () => { await expect(rt.pullImage('127.0.0.1:1/no-such/image:1', undefined, new AbortController().signal)).rejects.toBeInstanceOf(ImagePullError); });
      it('refuses a name that is none', async () => { await expect(rt.pullImage('Not A Name', undefined, new AbortController().signal)).rejects.toMatchObject({ reason: 'InvalidImageName' }); });
      it('measures a running container', async () => { const id = await run(); const s = await until('stats', () => rt.stats(id)); expect(s.memoryWorkingSetBytes).toBeGreaterThan(0); expect(s.cpuNanos).toBeGreaterThanOrEqual(0); });
      it('has no figures for an unknown container', async () => { expect(await rt.stats('0'.repeat(64))).toBeUndefined(); });
      only(can.processes)('refuses a port nobody listens on', async () => { const b = await box(); await run({}, b); await expect(rt.dial(b.id, 9).then(d => new Promise((_, reject) => { d.once('error', reject); d.once('close', () => reject(new Error('closed'))); d.resume(); d.write('x'); }))).rejects.toThrow(); });
    });

    it('adopts what runs after a restart of the host', async () => {
      if (!t.reopen) return;
      const b = await box(); const id = await run({}, b);
      const second = await t.reopen();
      try {
        const seen: RuntimeEvent[] = [];
        await second.start(e => { seen.push(e); });
        const found = (await second.list()).find(x => x.id === b.id);
        expect(found).toMatchObject({ ready: true, podUid: b.podUid, attempt: b.attempt, labels: b.labels });
        expect(found?.containers).toMatchObject([{ id, phase: 'running' }]);
        await second.stopContainer(id, 0);
        await until('event', () => seen.find(e => e.type === 'container-died' && e.containerId === id));
      } finally { await second.close(); }
    });
  });
}

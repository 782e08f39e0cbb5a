// Containers without Docker, on Linux as root: namespaces, overlayfs and cgroups through a launcher of our own that outlives this process.
import { randomBytes } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { mkdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { constants, release } from 'node:os';
import type { Duplex } from 'node:stream';
import { systemClock, type Clock, type Timer } from '../../../base/clock.ts';
import type { Log } from '../../../base/log.ts';
import { diskUsage } from '../../disk-usage.ts';
import { mountsBelow } from '../../volumes/memory.ts';
import { ContainerError, type ContainerSpec, type ContainerState, type ContainerStats, type ImageStatus, type LogLine, type LogOptions, type PullAuth, type Resources, type Runtime, type RuntimeConfig, type RuntimeEvent, type SandboxSpec, type SandboxState, type StreamOptions } from '../runtime.ts';
import { cgroupVersion, groupStats, killGroup, limitDevices, limitGroup, makeGroup, removeEmptyGroup, removeGroup } from '../cgroup.ts';
import { ImageStore, writeWhole } from './images.ts';
import { FRAME, connectCtl, encodeFrame, installLauncher, launch, writeSettings } from './launcher.ts';
import { logBytes, readLog } from './logs.ts';
import { ensureNetwork, plug, removeNetwork, run, unplug } from './network.ts';
import { readExit, readPid, readRecords, stateOf, type ContainerRecord, type LiveContainer, type LivePod } from './records.ts';
import { seccompFilter } from './seccomp.ts';
import { containerSettings, execSettings, podSettings } from './settings.ts';
import { attachThrough, dialThrough, execThrough } from './streams.ts';

/** Opens the runtime over its state directory. Throws when this machine cannot run it (see probeSandbox). */
export async function createSandboxRuntime(config: RuntimeConfig, log: Log, clock: Clock = systemClock): Promise<Runtime> {
  await mkdir(join(config.stateDir, 'pods'), { recursive: true, mode: 0o711 });
  const program = await installLauncher(config.stateDir);
  const images = new ImageStore(config.stateDir, program, log);
  await images.load();
  const filter = seccompFilter();
  const filterFile = filter && join(config.stateDir, 'seccomp.bpf');
  if (filter && filterFile) await writeFile(filterFile, filter);
  const bounding = /CapBnd:\s*([0-9a-f]+)/.exec(readFileSync('/proc/self/status', 'latin1'))?.[1] ?? '0';
  return new SandboxRuntime(config, log, clock, program, images, filterFile, BigInt(`0x${bounding}`));
}

/** Removes everything a node's runtime left on the machine: processes, mounts, groups, cables, and with `network` the cluster's bridge. */
export async function resetSandbox(config: RuntimeConfig, log: Log, network = true): Promise<void> {
  if (existsSync(join(config.stateDir, 'pods'))) {
    const runtime = await createSandboxRuntime(config, log);
    try { for (const s of await runtime.list()) await runtime.removeSandbox(s.id); } finally { await runtime.close(); }
  }
  await killGroup(groupRoot(config));
  await removeGroup(groupRoot(config));
  await removeEmptyGroup('pilothouse');
  if (network) await removeNetwork(config);
}

const groupRoot = (c: RuntimeConfig): string => `pilothouse/${c.clusterId}-${c.nodeName}`;
/** `SIGUSR1`, `USR1`, `10`, `SIGRTMIN+3` as a number; TERM when it is none of them. */
function signalNumber(name: string | undefined): number {
  const word = (name ?? 'SIGTERM').toUpperCase();
  const real = /^(?:SIG)?RTM(IN|AX)(?:([+-])(\d+))?$/.exec(word);
  if (real) return (real[1] === 'IN' ? 34 : 64) + (real[2] === '-' ? -1 : 1) * Number(real[3] ?? 0);
  return (constants.signals as Record<string, number | undefined>)[word.startsWith('SIG') ? word : `SIG${word}`] ?? (Number(word) || constants.signals.SIGTERM);
}

class SandboxRuntime implements Runtime {
  readonly name = 'sandbox';
  /** The launcher sets no profile. */
  readonly appArmor = false;
  readonly recursiveReadOnly = true;
  readonly version = `sandbox://${release()}`;
  readonly limits: readonly string[];
  readonly #config: RuntimeConfig;
  readonly #log: Log;
  readonly #clock: Clock;
  readonly #program: string;
  readonly #images: ImageStore;
  readonly #filter: string | undefined;
  readonly #caps: bigint;
  readonly #pods = new Map<string, LivePod>();
  readonly #containers = new Map<string, LiveContainer>();
  #emit: (e: RuntimeEvent) => void = () => { /* nobody listens before start */ };
  #recovered: Promise<void> | undefined;
  #closed = false;

  constructor(config: RuntimeConfig, log: Log, clock: Clock, program: string, images: ImageStore, filter: string | undefined, caps: bigint) {
    this.#config = config; this.#log = log; this.#clock = clock; this.#program = program; this.#images = images; this.#filter = filter; this.#caps = caps;
    this.limits = [
      'setuid programs gain nothing (no new privileges for every container that is not privileged)',
      ...(cgroupVersion === 2 ? ['no device filter with cgroup v2: containers may not make device files'] : cgroupVersion === 0 ? ['no cgroups: limits are not applied'] : []),
    ];
  }

  async start(onEvent: (e: RuntimeEvent) => void): Promise<void> {
    this.#emit = onEvent;
    await Promise.all([ensureNetwork(this.#config, this.#log), makeGroup(groupRoot(this.#config)), this.#recover()]);
  }

  async close(): Promise<void> {
    this.#closed = true;
    for (const p of this.#pods.values()) { p.control?.destroy(); for (const c of p.containers.values()) c.control?.destroy(); }
    if (this.#pods.size === 0) await removeGroup(groupRoot(this.#config));
  }

  async list(): Promise<SandboxState[]> {
    await this.#recover();
    return [...this.#pods.values()].map(p => this.#podState(p));
  }

  async runSandbox(spec: SandboxSpec): Promise<SandboxState> {
    const id = randomBytes(32).toString('hex');
    const dir = join(this.#config.stateDir, 'pods', id);
    const pod: LivePod = { record: { id, spec, createdAt: this.#clock.now() }, dir, group: this.#group(id), control: undefined, pid: 0, containers: new Map() };
    try {
      await mkdir(join(dir, 'c'), { recursive: true, mode: 0o711 });
      await Promise.all([writeWhole(join(dir, 'spec.json'), JSON.stringify(pod.record)), writeSettings(join(dir, 'settings'), podSettings(spec, dir, pod.group)), makeGroup(pod.group).then(() => limitGroup(this.#podRoot(id), spec.resources))]);
      this.#pods.set(id, pod);
      await launch(this.#program, ['pod', join(dir, 'settings')], dir);
      pod.pid = readPid(dir);
      await Promise.all([spec.hostNetwork ? undefined : plug(this.#program, this.#config, id, pod.pid, spec), this.#watchPod(pod)]);
      return this.#podState(pod);
    } catch (error) {
      await this.removeSandbox(id).catch((e: unknown) => { this.#log.warn('a sandbox that failed to start is left behind', { id, error: e }); });
      throw new ContainerError('CreatePodSandboxError', words(error));
    }
  }

  async updateSandbox(id: string, resources: Resources): Promise<void> {
    const pod = this.#pods.get(id);
    if (!pod) throw new Error(`no such sandbox: ${id}`);
    await limitGroup(this.#podRoot(id), resources);
    pod.record = { ...pod.record, spec: { ...pod.record.spec, resources: { ...pod.record.spec.resources, ...resources } } };
    await writeWhole(join(pod.dir, 'spec.json'), JSON.stringify(pod.record));
  }

  async stopSandbox(id: string): Promise<void> {
    await this.#recover();
    const pod = this.#pods.get(id);
    if (!pod) return;
    await Promise.all([...pod.containers.values()].map(c => this.stopContainer(c.record.id, 0)));
    await killGroup(this.#podRoot(id));
    if (pod.control) await new Promise<void>(resolve => { if (!pod.control) resolve(); else pod.control.once('close', () => { resolve(); }); });
    await unplug(this.#config, id, pod.record.spec);
    if (existsSync(join(pod.dir, 'shm'))) await run('umount', ['-l', join(pod.dir, 'shm')]).catch((e: Error) => { if (!/not mounted|no mount/.test(e.message)) throw e; });
    await removeGroup(this.#podRoot(id));
  }

  async removeSandbox(id: string): Promise<void> {
    const pod = this.#pods.get(id) ?? (await this.#recover(), this.#pods.get(id));
    if (!pod) return;
    await this.stopSandbox(id);
    for (const c of pod.containers.keys()) this.#containers.delete(c);
    this.#pods.delete(id);
    await rm(pod.dir, { recursive: true, force: true, maxRetries: 3 });
  }

  async createContainer(sandboxId: string, spec: ContainerSpec): Promise<string> {
    try {
      const pod = this.#pods.get(sandboxId);
      if (!pod) throw new Error(`no such sandbox: ${sandboxId}`);
      const image = await this.#images.ready(spec.imageId);
      const id = randomBytes(32).toString('hex');
      const dir = join(pod.dir, 'c', id);
      const record: ContainerRecord = { id, sandboxId, spec, image: image.config, layers: image.layers, createdAt: this.#clock.now(), startedAt: 0 };
      const c: LiveContainer = { record, dir, group: this.#group(sandboxId, id), control: undefined, ended: undefined };
      await mkdir(dir, { recursive: true, mode: 0o711 });
      const joined = spec.joinPidOf === undefined ? undefined : this.#running(spec.joinPidOf);
      // The process whose namespaces are entered: the pod's own, or one that is in all of them and has the process namespace asked for.
      await Promise.all([...['rootfs', 'upper', 'work'].map(d => mkdir(join(dir, d))), writeSettings(join(dir, 'settings'), containerSettings(spec, { ...pod.record.spec, ...(joined ? { shareProcessNamespace: true, hostPID: false } : {}) }, image.config, { ...this.#place(c), podPid: joined ? readPid(joined.dir) : pod.pid, layers: image.layers, logMaxBytes: this.#config.logMaxBytes, logMaxFiles: this.#config.logMaxFiles }))]);
      await writeWhole(join(dir, 'spec.json'), JSON.stringify(record));
      pod.containers.set(id, c);
      this.#containers.set(id, c);
      return id;
    } catch (error) { throw error instanceof ContainerError ? error : new ContainerError('CreateContainerError', words(error)); }
  }

  async startContainer(id: string): Promise<void> {
    const c = this.#containers.get(id);
    if (!c) throw new ContainerError('RunContainerError', `no such container: ${id}`);
    if (c.record.startedAt !== 0) return;
    try {
      await makeGroup(c.group);
      await Promise.all([limitGroup(c.group, c.record.spec.resources), ...(c.record.spec.security.privileged ? [] : [limitDevices(c.group, c.record.spec.devices)])]);
      // Written before the start: a host that dies right after it still knows that there is something to look for.
      await this.#save(c, { startedAt: this.#clock.now() });
      await launch(this.#program, ['run', join(c.dir, 'settings')], this.#images.layersDir);
    } catch (error) {
      await this.#save(c, { startedAt: 0, failure: words(error), failedAt: this.#clock.now() });
      await removeGroup(c.group);
      throw new ContainerError('RunContainerError', words(error));
    }
    this.#tell('container-started', c);
    await this.#watchContainer(c);
  }

  async stopContainer(id: string, graceSeconds: number): Promise<void> {
    const c = this.#containers.get(id);
    if (!c?.control || stateOf(c).phase !== 'running') { await c?.ended; return; }
    const signal = (n: number): void => { c.control?.write(encodeFrame(FRAME.signal, Buffer.from([n]))); };
    if (graceSeconds > 0) {
      signal(signalNumber(c.record.spec.stopSignal ?? c.record.image.config?.StopSignal));
      let timer: Timer | undefined;
      await Promise.race([c.ended, new Promise<void>(resolve => { timer = this.#clock.after(graceSeconds * 1000, resolve); })]);
      timer?.cancel();
    }
    if (c.control) signal(9);
    await c.ended;
  }

  async removeContainer(id: string): Promise<void> {
    await this.#recover();
    const c = this.#containers.get(id);
    if (!c) return;
    await this.stopContainer(id, 0);
    this.#containers.delete(id);
    this.#pods.get(c.record.sandboxId)?.containers.delete(id);
    await removeGroup(c.group);
    await rm(c.dir, { recursive: true, force: true, maxRetries: 3 });
  }

  async container(id: string): Promise<ContainerState | undefined> {
    await this.#recover();
    const c = this.#containers.get(id);
    return c && stateOf(c);
  }

  async updateContainer(id: string, resources: Resources): Promise<void> {
    const c = this.#containers.get(id);
    if (!c) throw new Error(`no such container: ${id}`);
    await limitGroup(c.group, resources);
    await this.#save(c, { spec: { ...c.record.spec, resources: { ...c.record.spec.resources, ...resources } } });
  }

  async exec(id: string, command: readonly string[], o: StreamOptions): Promise<number> {
    const c = this.#running(id);
    const pod = this.#pods.get(c.record.sandboxId);
    if (!pod) throw new Error(`no such sandbox: ${c.record.sandboxId}`);
    const file = join(c.dir, `exec-${randomBytes(6).toString('hex')}`);
    await writeSettings(file, execSettings(c.record.spec, pod.record.spec, c.record.image, this.#place(c), readPid(c.dir), command, o.tty));
    return await execThrough(this.#program, file, o);
  }

  async attach(id: string, o: StreamOptions & { replay?: boolean }): Promise<void> {
    const { dir, record } = this.#running(id);
    await attachThrough(dir, o, record.spec.stdinOnce, o.replay ? () => readLog(dir, () => true, { follow: false, signal: o.signal }) : undefined);
  }

  async dial(sandboxId: string, port: number): Promise<Duplex> {
    const pod = this.#pods.get(sandboxId);
    if (!pod?.control) throw new Error(`sandbox ${sandboxId} does not run`);
    return await dialThrough(this.#program, pod.pid, port);
  }

  async *logs(id: string, o: LogOptions): AsyncIterable<LogLine> {
    const c = this.#containers.get(id);
    if (!c || o.signal.aborted) return;
    yield* readLog(c.dir, () => stateOf(c).phase !== 'running' && stateOf(c).phase !== 'created', o);
  }

  async stats(id: string): Promise<ContainerStats | undefined> {
    const c = this.#containers.get(id);
    return c?.control ? await groupStats(c.group, this.#clock.now()) : undefined;
  }

  async diskUsage(id: string): Promise<number | undefined> {
    const c = this.#containers.get(id);
    if (!c) return undefined;
    return await diskUsage(join(c.dir, 'upper')) + await logBytes(c.dir);
  }

  imageStatus(ref: string): Promise<ImageStatus | undefined> { return this.#images.status(ref); }
  pullImage(ref: string, auth: PullAuth | undefined, signal: AbortSignal): Promise<ImageStatus> { return this.#images.pull(ref, auth, signal); }
  listImages(): Promise<ImageStatus[]> { return this.#images.list(); }
  async removeImage(id: string): Promise<void> {
    const image = await this.#images.status(id);
    if (image && [...this.#containers.values()].some(c => c.record.spec.imageId === image.id)) throw new Error(`image ${id} is used by a container`);
    if (image) await this.#images.remove(image.id);
  }

  async imageFiles(id: string, dir: string): Promise<string> {
    const { layers } = await this.#images.ready(id);
    // One layer needs no stacking, and overlayfs would not have it alone.
    if (layers.length === 1) return join(this.#images.layersDir, layers[0]!);
    await mkdir(dir, { recursive: true });
    // Relative names from the layers' folder: mount data ends at one page.
    if (!(await mountsBelow(dir)).includes(dir)) await run('mount', ['-t', 'overlay', 'overlay', '-o', `ro,lowerdir=${[...layers].reverse().join(':')}`, dir], '', this.#images.layersDir);
    return dir;
  }

  #podRoot(pod: string): string { return `${groupRoot(this.#config)}/${pod.slice(0, 16)}`; }
  // Version 2 lets only leaves hold processes: the pod's own launcher gets one beside the containers.
  #group(pod: string, container?: string): string { return `${this.#podRoot(pod)}${container === undefined ? cgroupVersion === 2 ? '/pod' : '' : `/${container.slice(0, 16)}`}`; }
  #place(c: LiveContainer): { dir: string; group: string; ownCaps: bigint; filterFile: string | undefined } { return { dir: c.dir, group: c.group, ownCaps: this.#caps, filterFile: this.#filter }; }

  #running(id: string): LiveContainer {
    const c = this.#containers.get(id);
    if (!c?.control || stateOf(c).phase !== 'running') throw new Error(`container ${id} is not running`);
    return c;
  }

  async #save(c: LiveContainer, change: Partial<ContainerRecord>): Promise<void> {
    Object.assign(c.record, change);
    await writeWhole(join(c.dir, 'spec.json'), JSON.stringify(c.record));
  }

  #podState(p: LivePod): SandboxState {
    const s = p.record.spec;
    return { id: p.record.id, podName: s.podName, podNamespace: s.podNamespace, podUid: s.podUid, attempt: s.attempt, ready: p.control !== undefined, createdAt: p.record.createdAt, ip: s.ip, labels: s.labels, containers: [...p.containers.values()].map(stateOf) };
  }

  #tell(type: RuntimeEvent['type'], c: LiveContainer): void {
    if (!this.#closed) this.#emit({ type, sandboxId: c.record.sandboxId, containerId: c.record.id, podUid: this.#pods.get(c.record.sandboxId)?.record.spec.podUid ?? '' });
  }

  // The connection ends when the pod's launcher does: no polling, no parent needed.
  async #watchPod(pod: LivePod): Promise<void> {
    const socket = await connectCtl(pod.dir);
    pod.control = socket;
    socket.on('error', () => { /* close follows */ });
    socket.resume();
    socket.once('close', () => {
      pod.control = undefined;
      if (!this.#closed) this.#emit({ type: 'sandbox-died', sandboxId: pod.record.id, podUid: pod.record.spec.podUid });
    });
  }

  async #watchContainer(c: LiveContainer): Promise<void> {
    let socket;
    try { socket = await connectCtl(c.dir); } catch (error) {
      if (!['ECONNREFUSED', 'ENOENT'].includes((error as NodeJS.ErrnoException).code ?? '')) throw error;
      await this.#gone(c);
      return;
    }
    c.control = socket;
    socket.on('error', () => { /* close follows */ });
    socket.resume();
    c.ended = new Promise(resolve => {
      socket.once('close', () => { c.control = undefined; if (this.#closed) resolve(); else void this.#gone(c).catch((error: unknown) => { this.#log.error('the end of a container', { id: c.record.id, error }); }).finally(resolve); });
    });
  }

  // A launcher that was killed wrote no exit: what it watched died with it.
  async #gone(c: LiveContainer): Promise<void> {
    if (!readExit(c.dir) && existsSync(c.dir)) await writeWhole(join(c.dir, 'exit'), `137 9 0 ${this.#clock.now()}\n`);
    if (readExit(c.dir)?.oom) this.#tell('container-oom', c);
    this.#tell('container-died', c);
    await removeGroup(c.group);
  }

  #recover(): Promise<void> { this.#recovered ??= this.#readAll(); return this.#recovered; }

  async #readAll(): Promise<void> {
    const { pods, broken } = await readRecords(join(this.#config.stateDir, 'pods'), (p, c) => this.#group(p, c));
    for (const dir of broken) { await run('umount', ['-l', join(dir, 'shm')]).catch(() => { /* it had none */ }); await rm(dir, { recursive: true, force: true }); }
    for (const pod of pods) {
      if (this.#pods.has(pod.record.id)) continue;
      this.#pods.set(pod.record.id, pod);
      try { await this.#watchPod(pod); pod.pid = readPid(pod.dir); } catch (error) { this.#log.info('a sandbox has ended meanwhile', { id: pod.record.id, error }); }
      for (const c of pod.containers.values()) {
        this.#containers.set(c.record.id, c);
        if (c.record.startedAt !== 0 && c.record.failure === undefined && !readExit(c.dir)) await this.#watchContainer(c);
      }
    }
  }
}

const words = (e: unknown): string => e instanceof Error ? e.message : String(e);


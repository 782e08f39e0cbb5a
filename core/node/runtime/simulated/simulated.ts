// Pods that only pretend: for scale (10,000 pods cost memory, no timers) and for machines that can run nothing. A container is
// ready at once; programs that look like servers run until stopped, shell one-shots end as their text says (program.ts).
// The environment variables SIMULATED_EXIT_CODE and SIMULATED_RUN_SECONDS of a container make a server end;
// SIMULATED_CPU, a quantity, is what a container is measured to use (1m where none is said).
import { createHash } from 'node:crypto';
import type { Duplex } from 'node:stream';
import { millisOf, quantityError } from '../../../api/meta/quantity.ts';
import { systemClock, type Clock, type Timer } from '../../../base/clock.ts';
import { ContainerError, ImagePullError, type ContainerSpec, type ContainerState, type ContainerStats, type ImageStatus, type LogLine, type LogOptions, type Resources, type Runtime, type RuntimeConfig, type RuntimeEvent, type SandboxSpec, type SandboxState, type StreamOptions } from '../runtime.ts';
import { simulatedPort } from './dial.ts';
import { logLines, type LogSource } from './output.ts';
import { life, type Life, type World } from './program.ts';
import { execSimulated, pause } from './session.ts';

interface Box { state: Omit<SandboxState, 'containers'>; hostname: string; containers: Set<string> }
interface Cell extends LogSource { state: ContainerState; spec: ContainerSpec; box: Box; life: Life | undefined; timer: Timer | undefined; ends: Set<() => void> }

/** Tags and names no registry has, so that failed pulls can be shown without a network. */
const MISSING = /(?:^|[/:._-])(?:no-such|nosuch|does-?not-?exist|non-?existent|missing-image|bad)(?:$|[/:._-])/;
const INVALID = /[A-Z\s]|^$|[/:]$|^[-/:.]|\/\/|::/;
/** Programs of well-known one-shot images; all others serve. */
const ONE_SHOT: Readonly<Record<string, string[]>> = { 'hello-world': ['echo', 'Hello from a simulated hello-world!'], busybox: ['sh'], alpine: ['sh'], ubuntu: ['bash'], debian: ['bash'] };

function usedMillis(spec: ContainerSpec): number {
  const said = spec.env.find(e => e.name === 'SIMULATED_CPU')?.value;
  return said === undefined || quantityError(said) !== undefined ? 1 : Math.max(0, millisOf(said));
}

const digest = (text: string): string => `sha256:${createHash('sha256').update(text).digest('hex')}`;
/** Adds `:latest` where neither tag nor digest is given. */
function normal(ref: string): string {
  return /:[^/]+$|@/.test(ref) ? ref : `${ref}:latest`;
}

export class SimulatedRuntime implements Runtime {
  readonly name = 'simulated';
  readonly version = 'simulated://1.0.0';
  /** Nothing runs that could break out. */
  readonly appArmor = true;
  readonly recursiveReadOnly = true;
  readonly limits: readonly string[] = ['containers do not run: their output, readiness and exit codes are made up'];
  readonly #clock: Clock;
  readonly #boxes = new Map<string, Box>();
  readonly #cells = new Map<string, Cell>();
  readonly #images = new Map<string, ImageStatus>();
  readonly #imagesById = new Map<string, ImageStatus>();
  #emit: (e: RuntimeEvent) => void = () => {};
  #seq = 0;
  readonly #prefix: string;

  constructor(config: Pick<RuntimeConfig, 'nodeName' | 'clusterId'>, clock: Clock) {
    this.#clock = clock;
    this.#prefix = createHash('sha256').update(`${config.clusterId}/${config.nodeName}/${clock.now()}`).digest('hex').slice(0, 40);
  }

  async start(onEvent: (e: RuntimeEvent) => void): Promise<void> { this.#emit = onEvent; }
  async close(): Promise<void> {
    for (const c of this.#cells.values()) c.timer?.cancel();
    this.#emit = () => {};
  }
  async list(): Promise<SandboxState[]> {
    return [...this.#boxes.values()].map(b => ({ ...b.state, containers: [...b.containers].map(id => ({ ...this.#cells.get(id)!.state })) }));
  }

  #id(): string { return this.#prefix + (++this.#seq).toString(16).padStart(24, '0'); }

  async runSandbox(s: SandboxSpec): Promise<SandboxState> {
    const id = this.#id();
    const state = { id, podName: s.podName, podNamespace: s.podNamespace, podUid: s.podUid, attempt: s.attempt, ready: true, createdAt: this.#clock.now(), ip: s.ip, labels: s.labels };
    this.#boxes.set(id, { state, hostname: s.hostname, containers: new Set() });
    return { ...state, containers: [] };
  }
  async stopSandbox(id: string): Promise<void> {
    const box = this.#boxes.get(id);
    if (!box?.state.ready) return;
    box.state.ready = false;
    for (const c of box.containers) this.#end(this.#cells.get(c)!, 137, 9);
    this.#emit({ type: 'sandbox-died', sandboxId: id, podUid: box.state.podUid });
  }
  async removeSandbox(id: string): Promise<void> {
    const box = this.#boxes.get(id);
    if (!box) return;
    await this.stopSandbox(id);
    for (const c of box.containers) this.#cells.delete(c);
    this.#boxes.delete(id);
  }

  async createContainer(sandboxId: string, spec: ContainerSpec): Promise<string> {
    const box = this.#boxes.get(sandboxId);
    if (!box?.state.ready) throw new ContainerError('CreateContainerError', `sandbox ${sandboxId} is not running`);
    const image = this.#imagesById.get(spec.imageId);
    if (!image) throw new ContainerError('CreateContainerError', `no such image: ${spec.imageId}`);
    const id = this.#id();
    const ends = new Set<() => void>();
    this.#cells.set(id, {
      state: { id, sandboxId, name: spec.name, attempt: spec.attempt, image: spec.image, imageId: spec.imageId, phase: 'created', createdAt: this.#clock.now(), startedAt: 0, finishedAt: 0, exitCode: 0, oomKilled: false, labels: spec.labels },
      spec, box, life: undefined, timer: undefined, ends, startedAt: 0, finishedAt: 0,
      onEnd: fn => { ends.add(fn); return () => ends.delete(fn); },
    });
    box.containers.add(id);
    return id;
  }

  #world(c: Cell): World {
    return { env: new Map([['PATH', '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin'], ['HOSTNAME', c.box.hostname], ...c.spec.env.map(e => [e.name, e.value] as const), ['HOME', '/root']]), hostname: c.box.hostname, mounts: c.spec.mounts, now: this.#clock.now(), image: c.spec.image };
  }

  async startContainer(id: string): Promise<void> {
    const c = this.#cells.get(id);
    if (!c) throw new ContainerError('RunContainerError', `no such container: ${id}`);
    const image = this.#imagesById.get(c.spec.imageId);
    const argv = [...(c.spec.command ?? image?.entrypoint ?? []), ...(c.spec.args ?? (c.spec.command ? [] : image?.cmd ?? []))];
    if (argv[0]?.startsWith('/no-such') || argv[0] === 'no-such-program') {
      c.state = { ...c.state, phase: 'exited', exitCode: 128, message: `exec: "${argv[0]}": stat ${argv[0]}: no such file or directory` };
      throw new ContainerError('RunContainerError', `failed to start container "${c.spec.name}": ${c.state.message}`);
    }
    const interactive = c.spec.stdin && /(?:^|\/)(?:sh|bash|ash)$/.test(argv[0] ?? '') && argv.length === 1;
    c.startedAt = this.#clock.now();
    c.life = interactive ? { output: [], onTerm: 137 } : life(argv, this.#world(c), 'main');
    c.state = { ...c.state, phase: 'running', startedAt: c.startedAt };
    const end = c.life.end;
    if (end) c.timer = this.#clock.after(end.at, () => this.#end(c, end.exitCode));
    this.#emit({ type: 'container-started', sandboxId: c.state.sandboxId, containerId: id, podUid: c.box.state.podUid });
  }

  #end(c: Cell, exitCode: number, signal?: number): void {
    if (c.state.phase === 'exited') return;
    const ran = c.state.phase === 'running';
    c.timer?.cancel();
    c.finishedAt = this.#clock.now();
    c.state = { ...c.state, phase: 'exited', exitCode, finishedAt: c.finishedAt, ...(signal === undefined ? {} : { signal }) };
    for (const fn of c.ends) fn();
    if (ran) this.#emit({ type: 'container-died', sandboxId: c.state.sandboxId, containerId: c.state.id, podUid: c.box.state.podUid });
  }

  async stopContainer(id: string, graceSeconds: number): Promise<void> {
    const c = this.#cells.get(id);
    if (c) this.#end(c, graceSeconds > 0 ? c.life?.onTerm ?? 143 : 137, graceSeconds > 0 ? undefined : 9);
  }
  async removeContainer(id: string): Promise<void> {
    const c = this.#cells.get(id);
    if (!c) return;
    this.#end(c, 137, 9);
    c.box.containers.delete(id);
    this.#cells.delete(id);
  }
  async container(id: string): Promise<ContainerState | undefined> {
    const c = this.#cells.get(id);
    return c && { ...c.state };
  }
  async updateContainer(id: string, resources: Resources): Promise<void> {
    const c = this.#cells.get(id);
    if (!c) throw new ContainerError('RunContainerError', `no such container: ${id}`);
    c.spec = { ...c.spec, resources: { ...c.spec.resources, ...resources } };
  }

  #running(id: string): Cell {
    const c = this.#cells.get(id);
    if (c?.state.phase !== 'running') throw new ContainerError('RunContainerError', `container ${id} is not running`);
    return c;
  }
  async exec(id: string, command: readonly string[], o: StreamOptions): Promise<number> {
    const c = this.#running(id);
    return execSimulated(command, this.#world(c), o, this.#clock);
  }
  async attach(id: string, o: StreamOptions): Promise<void> {
    const c = this.#running(id);
    const argv0 = c.spec.command?.[0] ?? c.spec.args?.[0] ?? '';
    if (c.spec.stdin && o.stdin && /(?:^|\/)(?:sh|bash|ash)$|^$/.test(argv0)) { this.#end(c, await execSimulated(['sh'], this.#world(c), o, this.#clock)); return; }
    for await (const line of this.logs(id, { follow: true, since: this.#clock.now(), signal: o.signal })) {
      const to = line.stream === 'stderr' && !o.tty ? o.stderr : o.stdout;
      to?.write(line.data);
    }
    if (c.state.phase === 'running' && !o.signal.aborted) await pause(this.#clock, 0, o.signal);
  }
  async dial(sandboxId: string, port: number): Promise<Duplex> {
    const box = this.#boxes.get(sandboxId);
    if (!box?.state.ready) throw new Error(`sandbox ${sandboxId} is not running`);
    const first = [...box.containers].map(id => this.#cells.get(id)!).find(c => c.state.phase === 'running');
    return simulatedPort(box.hostname, first?.spec.image ?? 'nothing', port);
  }
  logs(id: string, o: LogOptions): AsyncIterable<LogLine> {
    const c = this.#cells.get(id);
    if (!c) throw new Error(`no such container: ${id}`);
    return logLines(c, o, this.#clock);
  }
  async stats(id: string): Promise<ContainerStats | undefined> {
    const c = this.#cells.get(id);
    if (c?.state.phase !== 'running') return undefined;
    const now = this.#clock.now();
    return { cpuNanos: (now - c.startedAt) * 1000 * usedMillis(c.spec), memoryWorkingSetBytes: 8 << 20, memoryRssBytes: 6 << 20, at: now };
  }

  async imageStatus(ref: string): Promise<ImageStatus | undefined> {
    return this.#images.get(normal(ref)) ?? (ref.startsWith('sha256:') ? this.#imagesById.get(ref) : undefined);
  }
  async pullImage(ref: string, _auth: unknown, signal: AbortSignal): Promise<ImageStatus> {
    signal.throwIfAborted();
    if (INVALID.test(ref.replace(/@sha256:[0-9a-f]{64}$/, '').replace(/:[\w.-]+$/, ''))) throw new ImagePullError('InvalidImageName', `couldn't parse image name "${ref}": invalid reference format`);
    if (MISSING.test(ref)) throw new ImagePullError('ErrImagePull', `manifest for ${normal(ref)} not found: manifest unknown: manifest unknown`);
    const name = normal(ref);
    const known = this.#images.get(name);
    if (known) return known;
    const repo = name.replace(/(:[^/:@]+)?(@.*)?$/, '');
    const base = repo.slice(repo.lastIndexOf('/') + 1);
    const once = ONE_SHOT[base];
    const image: ImageStatus = { id: digest(name), repoTags: [name], repoDigests: [`${repo}@${digest(`manifest ${name}`)}`], sizeBytes: 5_000_000 + (Number.parseInt(digest(repo).slice(7, 13), 16) % 100_000_000), user: '', entrypoint: [], cmd: once ?? [], volumes: [] };
    this.#images.set(name, image);
    this.#imagesById.set(image.id, image);
    return image;
  }
  async listImages(): Promise<ImageStatus[]> { return [...this.#images.values()]; }
  async removeImage(id: string): Promise<void> {
    for (const [name, i] of this.#images) if (i.id === id) this.#images.delete(name);
    this.#imagesById.delete(id);
  }
}

/** A runtime without processes. State lives in memory: after a restart of the host every pod starts anew. */
export async function createSimulatedRuntime(config: Pick<RuntimeConfig, 'nodeName' | 'clusterId'>, clock: Clock = systemClock): Promise<Runtime> {
  return new SimulatedRuntime(config, clock);
}

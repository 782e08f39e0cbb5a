// Containers on a Docker daemon: a pause container per pod holds the address, the other containers join its namespaces.
import Docker from 'dockerode';
import { readFile, rm } from 'node:fs/promises';
import type { Duplex } from 'node:stream';
import { systemClock, type Clock } from '../../../base/clock.ts';
import type { Log } from '../../../base/log.ts';
import type { ContainerSpec, ContainerState, ContainerStats, ImageStatus, LogLine, LogOptions, PullAuth, Resources, Runtime, RuntimeConfig, RuntimeEvent, SandboxSpec, SandboxState, StreamOptions } from '../runtime.ts';
import { ContainerError } from '../runtime.ts';
import { groupsDiffer, readAccounts, withGroups, type Accounts } from './accounts.ts';
import { containerOptions, containerState, imageStatus, resourceFields, sandboxOptions, type HostLimits, type SandboxFacts } from './convert.ts';
import { asContainerError, dockerMessage, dockerStatus, idempotent } from './errors.ts';
import { EventStream } from './events.ts';
import { attachTo, execIn } from './exec.ts';
import { ensurePause, findImage, pull } from './image.ts';
import { exportImage, imageFilesDir } from './image-files.ts';
import { containerLogs, logBytes } from './logs.ts';
import { LABEL, agentLabels, containerName, ownLabels, sandboxName } from './naming.ts';
import { enableHairpin, ensureNetwork, removeNetwork } from './network.ts';
import { networkGate, type NetworkGate } from './network-gate.ts';
import { podGroups, removePodGroups, type PodGroups } from './pod-group.ts';
import { canEnter, dialNamespace, dialTcp, pidOf } from './dial.ts';

type Filters = Record<string, string[]>;
const filters = (f: Filters): Filters => JSON.stringify(f) as unknown as Filters;

/** Whether a Docker daemon answers, and if not, why, in one sentence. */
export async function probeDocker(): Promise<{ ok: boolean; why: string }> {
  try {
    const docker = new Docker({ timeout: 5000 });
    const version = await docker.version();
    if (version.Os !== 'linux') return { ok: false, why: `Docker runs ${version.Os} containers here, Linux ones are needed` };
    return { ok: true, why: `Docker ${version.Version} answers` };
  } catch (error) { return { ok: false, why: `Docker does not answer: ${dockerMessage(error) || String((error as NodeJS.ErrnoException).code)}` }; }
}

/** Removes everything of a cluster from Docker: containers, then the network. */
export async function resetDocker(clusterId: string, log: Log): Promise<void> {
  const docker = new Docker();
  const all = await docker.listContainers({ all: true, filters: filters({ label: [`${LABEL.cluster}=${clusterId}`] }) });
  const gate = networkGate(clusterId, (await docker.version()).Version);
  const remove = (c: Docker.ContainerInfo): Promise<void> => idempotent(() => docker.getContainer(c.Id).remove({ force: true, v: true }));
  await Promise.all(all.map(c => (c.Labels[LABEL.type] === 'podsandbox' ? gate.leave(() => remove(c)) : remove(c))));
  await removeNetwork(docker, clusterId, log);
  await removePodGroups(clusterId);
}

/** Connects to the daemon the environment names (DOCKER_HOST, or the default socket). Throws in Docker's words. */
export async function createDockerRuntime(config: RuntimeConfig, log: Log, clock: Clock = systemClock): Promise<Runtime> {
  const docker = new Docker();
  const [version, host] = await Promise.all([docker.version(), hostLimits(docker)]);
  return new DockerRuntime(docker, config, log, clock, version.Version, host);
}

// The daemon's machine is this one wherever the answer matters: elsewhere (Docker Desktop) nothing is withheld.
async function hostLimits(docker: Docker): Promise<HostLimits> {
  const { SecurityOptions: options, CgroupDriver: cgroupDriver } = await docker.info() as { SecurityOptions?: string[]; CgroupDriver?: string };
  const appArmor = options?.some(o => o.split(',').includes('name=apparmor')) ?? false;
  if (process.platform !== 'linux') return { sysResource: true, appArmor, cgroupDriver };
  const bounding = /CapBnd:\s*([0-9a-f]+)/.exec(await readFile('/proc/self/status', 'latin1'))?.[1] ?? 'f'.repeat(16);
  return { appArmor, cgroupDriver, sysResource: (BigInt(`0x${bounding}`) >> 24n & 1n) === 1n };
}

const REMEMBER = 256;
function remember<T>(map: Map<string, T>, key: string, value: T): void {
  map.set(key, value);
  if (map.size > REMEMBER) map.delete(map.keys().next().value!);
}

class DockerRuntime implements Runtime {
  readonly name = 'docker';
  readonly version: string;
  readonly limits: readonly string[];
  readonly appArmor: boolean;
  // Docker has it since 25; before, whoever sets the mounts up has to.
  readonly recursiveReadOnly = false;
  readonly #docker: Docker;
  readonly #config: RuntimeConfig;
  readonly #log: Log;
  readonly #clock: Clock;
  readonly #host: HostLimits;
  readonly #sandboxes = new Map<string, SandboxFacts>();
  readonly #groups: PodGroups | undefined;
  readonly #gate: Pick<NetworkGate, 'join' | 'leave'>;
  readonly #tty = new Map<string, boolean>();
  #events: EventStream | undefined;
  #pause = '';
  // By id: what an id names never changes.
  readonly #images = new Map<string, ImageStatus>();
  readonly #accounts = new Map<string, Accounts>();

  constructor(docker: Docker, config: RuntimeConfig, log: Log, clock: Clock, version: string, host: HostLimits) {
    this.#docker = docker; this.#config = config; this.#log = log; this.#clock = clock; this.#host = host;
    this.version = `docker://${version}`;
    this.appArmor = host.appArmor;
    this.#gate = networkGate(config.clusterId, version);
    this.#groups = podGroups(host.cgroupDriver, config.clusterId, config.nodeName);
    this.limits = host.sysResource ? [] : ['this machine withholds CAP_SYS_RESOURCE: privileged containers get every other capability, and OOM scores are not lowered below 0'];
  }

  async start(onEvent: (e: RuntimeEvent) => void): Promise<void> {
    const [pause] = await Promise.all([ensurePause(this.#docker), ensureNetwork(this.#docker, this.#config)]);
    this.#pause = pause;
    this.#events = new EventStream(this.#docker, ownLabels(this.#config), onEvent, this.#log);
    await this.#events.open();
  }

  async close(): Promise<void> {
    this.#events?.close();
    await removeNetwork(this.#docker, this.#config.clusterId, this.#log);
  }

  async list(): Promise<SandboxState[]> {
    const all = await this.#docker.listContainers({ all: true, filters: filters({ label: ownLabels(this.#config) }) });
    const infos = await Promise.all(all.map(c => this.#inspect(c.Id)));
    const sandboxes = new Map<string, SandboxState>();
    for (const info of infos) if (info?.Config.Labels[LABEL.type] === 'podsandbox') sandboxes.set(info.Id, this.#sandboxState(info));
    for (const info of infos) if (info?.Config.Labels[LABEL.type] === 'container') {
      const state = this.#state(info);
      const owner = sandboxes.get(state.sandboxId);
      if (owner) owner.containers.push(state);
      // Its pause container was removed behind our back: nobody would ever look after it.
      else await idempotent(() => this.#docker.getContainer(info.Id).remove({ force: true, v: true }));
    }
    return [...sandboxes.values()];
  }

  async runSandbox(spec: SandboxSpec, created?: (id: string) => void): Promise<SandboxState> {
    return await asContainerError('CreatePodSandboxError', async () => {
      const groups = Object.keys(spec.resources).length > 0 ? this.#groups : undefined, cgroupParent = groups?.parent(spec.podUid);
      await groups?.make(spec.podUid, spec.resources);
      const container = await this.#create(sandboxOptions(spec, sandboxName(spec, spec.attempt), this.#pause, this.#config, cgroupParent));
      this.#sandboxes.set(container.id, { id: container.id, cgroupParent, hostPID: spec.hostPID, hostIPC: spec.hostIPC, sharedPID: spec.shareProcessNamespace, podName: spec.podName, podNamespace: spec.podNamespace, podUid: spec.podUid });
      created?.(container.id);
      try { await this.#startSandbox(container, spec.hostNetwork); await groups?.limit(spec.podUid, spec.resources); } catch (error) {
        await this.#gate.leave(() => idempotent(() => container.remove({ force: true, v: true })));
        this.#sandboxes.delete(container.id);
        throw error;
      }
      if (!spec.hostNetwork) await enableHairpin(this.#config.clusterId);
      return { id: container.id, podName: spec.podName, podNamespace: spec.podNamespace, podUid: spec.podUid, attempt: spec.attempt, ready: true, createdAt: this.#clock.now(), ip: spec.ip, labels: spec.labels, containers: [] };
    });
  }

  async #startSandbox(container: Docker.Container, hostNetwork: boolean): Promise<void> {
    const start = (): Promise<void> => this.#gate.join(() => container.start());
    try { await start(); } catch (error) {
      // Someone removed the network while no container was on it.
      if (hostNetwork || dockerStatus(error) !== 404 || !/network/.test(dockerMessage(error))) throw error;
      await ensureNetwork(this.#docker, this.#config);
      await start();
    }
  }

  async updateSandbox(id: string, resources: Resources): Promise<void> {
    const sandbox = await this.#sandbox(id);
    // One that began without limits of its own has no group of its own, and Docker moves nobody.
    if (sandbox.cgroupParent) await this.#groups?.limit(sandbox.podUid, resources);
  }

  async stopSandbox(id: string): Promise<void> {
    const apps = await this.#containersOf(id, false);
    const kill = (c: string): Promise<void> => idempotent(() => this.#docker.getContainer(c).kill());
    await Promise.all([...apps.map(kill), this.#gate.leave(() => kill(id))]);
  }

  async removeSandbox(id: string): Promise<void> {
    const apps = await this.#containersOf(id, true);
    // A sandbox that still runs leaves the network here.
    const grouped = this.#groups && (this.#sandboxes.get(id) ?? (await this.#inspect(id) && await this.#sandbox(id)));
    await Promise.all([...apps.map(c => this.removeContainer(c)), this.#gate.leave(() => this.removeContainer(id))]);
    if (grouped?.cgroupParent) await this.#groups?.remove(grouped.podUid);
    this.#sandboxes.delete(id);
  }

  async createContainer(sandboxId: string, spec: ContainerSpec): Promise<string> {
    return await asContainerError('CreateContainerError', async () => {
      const sandbox = await this.#sandbox(sandboxId);
      const image = await this.#image(spec.imageId);
      const security = groupsDiffer(spec.security, image) ? withGroups(spec.security, image, await this.#accountsOf(spec.imageId)) : spec.security;
      const options = containerOptions({ ...spec, security }, containerName(spec.name, sandbox, spec.attempt), sandbox, image, this.#config, this.#host);
      const seccomp = spec.security.seccomp;
      if (seccomp !== undefined && seccomp !== 'RuntimeDefault' && seccomp !== 'Unconfined' && !spec.security.privileged) {
        const profile = await readFile(seccomp.replace(/^localhost\//, ''), 'utf8');
        options.HostConfig = { ...options.HostConfig, SecurityOpt: (options.HostConfig?.SecurityOpt as string[] ?? []).map(o => o.startsWith('seccomp=') ? `seccomp=${profile}` : o) };
      }
      const { id } = await this.#create(options);
      this.#tty.set(id, spec.tty);
      return id;
    });
  }

  async #image(id: string): Promise<ImageStatus | undefined> {
    const known = this.#images.get(id), found = known ?? await findImage(this.#docker, id);
    if (found && !known) remember(this.#images, id, found);
    return found;
  }
  async #accountsOf(imageId: string): Promise<Accounts> {
    const known = this.#accounts.get(imageId), found = known ?? await readAccounts(this.#docker, imageId, { [LABEL.cluster]: this.#config.clusterId });
    if (!known) remember(this.#accounts, imageId, found);
    return found;
  }

  async startContainer(id: string): Promise<void> {
    await asContainerError('RunContainerError', async () => {
      try { await this.#docker.getContainer(id).start(); } catch (error) { if (dockerStatus(error) !== 304) throw error; }
    });
  }

  async stopContainer(id: string, graceSeconds: number): Promise<void> {
    const container = this.#docker.getContainer(id);
    if (graceSeconds <= 0) await idempotent(() => container.kill());
    else await idempotent(() => container.stop({ t: Math.ceil(graceSeconds) }));
    // `kill` returns when the signal is sent, not when the process is gone.
    if (graceSeconds <= 0) await idempotent(() => container.wait());
  }

  #state(info: Docker.ContainerInspectInfo): ContainerState {
    const state = containerState(info);
    return state.phase === 'exited' && state.exitCode === 137 && this.#events?.ranOutOfMemory(state.id) ? { ...state, oomKilled: true } : state;
  }

  async removeContainer(id: string): Promise<void> {
    await idempotent(() => this.#docker.getContainer(id).remove({ force: true, v: true }));
    this.#tty.delete(id);
    this.#events?.forget(id);
  }

  async container(id: string): Promise<ContainerState | undefined> {
    const info = await this.#inspect(id);
    return info && this.#state(info);
  }

  async updateContainer(id: string, resources: Resources): Promise<void> {
    // The OOM score is fixed at creation; Docker refuses it here.
    const { OomScoreAdj: _, ...fields } = resourceFields(resources, this.#host);
    await this.#docker.getContainer(id).update(fields);
  }

  async exec(id: string, command: readonly string[], o: StreamOptions): Promise<number> { return await execIn(this.#docker, id, command, o); }
  async attach(id: string, o: StreamOptions & { replay?: boolean }): Promise<void> { await attachTo(this.#docker, id, o); }

  async dial(sandboxId: string, port: number): Promise<Duplex> {
    const info = await this.#inspect(sandboxId);
    if (!info?.State.Running) throw new Error(`sandbox ${sandboxId} does not run`);
    if (info.HostConfig.NetworkMode === 'host') return await dialTcp('127.0.0.1', port);
    const ip = info.Config.Labels[LABEL.ip] ?? '';
    if (await canEnter()) return await dialNamespace(await pidOf(this.#docker, sandboxId), port);
    return await dialTcp(ip, port);
  }

  async *logs(id: string, o: LogOptions): AsyncIterable<LogLine> {
    let tty = this.#tty.get(id);
    if (tty === undefined) {
      const info = await this.#inspect(id);
      if (!info) return;
      this.#tty.set(id, tty = info.Config.Tty);
    }
    yield* containerLogs(this.#docker.getContainer(id), tty, o);
  }

  async stats(id: string): Promise<ContainerStats | undefined> {
    try {
      const s = await this.#docker.getContainer(id).stats({ stream: false, 'one-shot': true });
      const memory = s.memory_stats as { usage?: number; stats?: Record<string, number> };
      if (memory.usage === undefined) return undefined;
      const inactive = memory.stats?.['total_inactive_file'] ?? memory.stats?.['inactive_file'] ?? 0;
      return { cpuNanos: s.cpu_stats.cpu_usage.total_usage, memoryWorkingSetBytes: Math.max(0, memory.usage - inactive), memoryRssBytes: memory.stats?.['total_rss'] ?? memory.stats?.['anon'] ?? 0, at: Date.parse(s.read) };
    } catch (error) {
      const status = dockerStatus(error);
      if (status === 404 || status === 409) return undefined;
      throw error;
    }
  }

  async diskUsage(id: string): Promise<number | undefined> {
    try {
      const info = await this.#docker.getContainer(id).inspect({ size: true } as object) as Docker.ContainerInspectInfo & { SizeRw?: number };
      return (info.SizeRw ?? 0) + await logBytes(info.LogPath);
    } catch (error) { if (dockerStatus(error) === 404) return undefined; throw error; }
  }

  imageStatus(ref: string): Promise<ImageStatus | undefined> { return findImage(this.#docker, ref); }
  pullImage(ref: string, auth: PullAuth | undefined, signal: AbortSignal): Promise<ImageStatus> { return pull(this.#docker, ref, auth, signal); }

  async listImages(): Promise<ImageStatus[]> {
    const images = await this.#docker.listImages();
    const found = await Promise.all(images.map(async i => {
      try { return imageStatus(await this.#docker.getImage(i.Id).inspect()); } catch (error) { if (dockerStatus(error) === 404) return undefined; throw error; }
    }));
    return found.filter(i => i !== undefined);
  }

  async removeImage(id: string): Promise<void> {
    await idempotent(() => this.#docker.getImage(id).remove({ force: true }));
    await rm(imageFilesDir(this.#config.stateDir, id), { recursive: true, force: true });
  }
  imageFiles(id: string): Promise<string> { return exportImage(this.#docker, this.#config.stateDir, id, { [LABEL.cluster]: this.#config.clusterId }); }

  // A name is still taken when a host died between create and writing it down: the leftover is nobody's.
  async #create(options: Docker.ContainerCreateOptions): Promise<Docker.Container> {
    try { return await this.#docker.createContainer(options); } catch (error) {
      if (dockerStatus(error) !== 409) throw error;
      const name = options.name ?? '';
      const old = await this.#inspect(name);
      if (old && (old.Config.Labels ?? {})[LABEL.cluster] !== this.#config.clusterId) throw new ContainerError('CreateContainerError', `a container named ${name} belongs to someone else`);
      this.#log.info('removing a leftover container', { name });
      await idempotent(() => this.#docker.getContainer(name).remove({ force: true, v: true }));
      return await this.#docker.createContainer(options);
    }
  }

  async #inspect(id: string): Promise<Docker.ContainerInspectInfo | undefined> {
    try { return await this.#docker.getContainer(id).inspect(); } catch (error) { if (dockerStatus(error) === 404) return undefined; throw error; }
  }

  async #containersOf(sandboxId: string, dead: boolean): Promise<string[]> {
    return (await this.#docker.listContainers({ all: dead, filters: filters({ label: [`${LABEL.sandbox}=${sandboxId}`] }) })).map(c => c.Id);
  }

  async #sandbox(id: string): Promise<SandboxFacts> {
    const known = this.#sandboxes.get(id);
    if (known) return known;
    const info = await this.#inspect(id);
    if (!info) throw new Error(`no such sandbox: ${id}`);
    const labels = info.Config.Labels;
    const facts: SandboxFacts = {
      id, cgroupParent: info.HostConfig.CgroupParent || undefined, hostPID: info.HostConfig.PidMode === 'host', hostIPC: info.HostConfig.IpcMode === 'host', sharedPID: labels[LABEL.sharedPid] === 'true',
      podName: labels[LABEL.podName] ?? '', podNamespace: labels[LABEL.podNamespace] ?? '', podUid: labels[LABEL.podUid] ?? '',
    };
    this.#sandboxes.set(id, facts);
    return facts;
  }

  #sandboxState(info: Docker.ContainerInspectInfo): SandboxState {
    const labels = info.Config.Labels;
    return {
      id: info.Id, podName: labels[LABEL.podName] ?? '', podNamespace: labels[LABEL.podNamespace] ?? '', podUid: labels[LABEL.podUid] ?? '', attempt: Number(labels[LABEL.attempt] ?? 0),
      ready: info.State.Running, createdAt: Date.parse(info.Created), ip: labels[LABEL.ip] || undefined, labels: agentLabels(labels), containers: [],
    };
  }
}

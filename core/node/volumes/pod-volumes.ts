// All volumes of one pod: set up before its sandbox, refreshed when their sources change, taken down after it.
import { mkdir, rm, stat, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { Container, Node, PersistentVolume, PersistentVolumeClaim, Pod, Volume, VolumeMount } from '../../api/types/kubernetes.ts';
import type { Clock } from '../../base/clock.ts';
import { ConfigError, type Sources } from '../env/env.ts';
import { expand } from '../env/expand.ts';
import type { PodFacts } from '../env/field-ref.ts';
import type { Device, Mount } from '../runtime/runtime.ts';
import { volumeKind } from '../unsupported.ts';
import type { BlockDevices } from './block-devices.ts';
import { claimVolume } from './claim.ts';
import { configMapVolume } from './config-map.ts';
import { mountNfs } from './device-mount.ts';
import { downwardVolume } from './downward-api.ts';
import { emptyDirVolume } from './empty-dir.ts';
import { giveToGroup } from './fs-group.ts';
import { hostPathVolume } from './host-path.ts';
import { imageVolume } from './image.ts';
import { unmountBelow } from './memory.ts';
import { projectedVolume } from './projected.ts';
import { secretVolume } from './secret.ts';
import { bindReadOnly, leaveSpread, makeSpread } from './spread.ts';
import { subPath } from './sub-path.ts';
import type { Tokens } from './tokens.ts';
import { VolumeError, type MountedVolume, type VolumeContext, type VolumeKind } from './volume.ts';

/** A volume that the kernel mounts from a server. */
const nfsVolume: VolumeKind = async c => {
  const { server, path, readOnly = false } = c.volume.nfs!;
  if (!c.root) throw new VolumeError('nfs needs the node to run as root on Linux');
  await mountNfs(server, path, c.dir, readOnly, []);
  return { hostPath: c.dir, readOnly };
};
const csiVolume: VolumeKind = c => Promise.reject(new VolumeError(`driver name ${c.volume.csi?.driver ?? ''} not found in the list of registered CSI drivers`));

const KINDS: Readonly<Record<string, VolumeKind>> = { emptyDir: emptyDirVolume, hostPath: hostPathVolume, configMap: configMapVolume, secret: secretVolume, downwardAPI: downwardVolume, projected: projectedVolume, persistentVolumeClaim: claimVolume, ephemeral: claimVolume, image: imageVolume, nfs: nfsVolume, csi: csiVolume };

const allContainers = (pod: Pod): Pick<Container, 'volumeMounts' | 'volumeDevices'>[] => [...pod.spec?.initContainers ?? [], ...pod.spec?.containers ?? [], ...pod.spec?.ephemeralContainers ?? []];
/** Names of the volumes that containers mount, and of those they have as devices. */
function usesOf(pod: Pod): { mounts: ReadonlySet<string>; devices: ReadonlySet<string> } {
  const mounts = new Set<string>(), devices = new Set<string>();
  for (const c of allContainers(pod)) {
    for (const m of c.volumeMounts ?? []) mounts.add(m.name);
    for (const d of c.volumeDevices ?? []) devices.add(d.name);
  }
  return { mounts, devices };
}

/** Gives back what a pod used of the machine's together with others. `dir`: the pod's own. */
export async function releaseShared(dir: string, env: Pick<VolumeEnvironment, 'devices' | 'root'>): Promise<void> {
  await env.devices?.release(dir);
  if (env.root) await leaveSpread(dir);
}

/** Claims and volumes of the cluster. */
export interface StorageSources {
  claim(namespace: string, name: string): PersistentVolumeClaim | undefined;
  persistentVolume(name: string): PersistentVolume | undefined;
}

export interface VolumeEnvironment {
  sources: Sources; storage: StorageSources;
  /** Pulls an image for a pod's volume; see VolumeContext. */
  image(pod: Pod, reference: string, policy: string, dir: string): Promise<{ path: string; id: string }>;
  tokens: Tokens; clock: Clock;
  /** Running as root on Linux: mounts and owners can be set. */
  root: boolean;
  /** Absent where this node can give no block devices. */
  devices?: BlockDevices;
  /** The node as the API has it now. */
  node(): Promise<Node>;
  /** Who on this node has a persistent volume, by its name. */
  users: Map<string, Set<unknown>>;
  /** The runtime makes mounts read-only with all below them. */
  recursiveReadOnly: boolean;
  /** Volumes that are left out: simulated pods read no tokens and need no memory. */
  skip?: (v: Volume) => boolean;
}

/** A volume that could not be set up; the message is what the event FailedMount says. */
export class MountFailure extends Error {
  readonly reason: VolumeError['reason'];
  constructor(volume: string, message: string, whole = false, reason: VolumeError['reason'] = 'FailedMount') { super(whole ? message : `MountVolume.SetUp failed for volume "${volume}" : ${message}`); this.reason = reason; }
}

export class PodVolumes {
  readonly #dir: string;
  readonly #memoryDir: string;
  readonly #env: VolumeEnvironment;
  readonly #mounted = new Map<string, MountedVolume>();
  #pod: Pod | undefined;
  #facts: (() => PodFacts) | undefined;
  #refreshing: Promise<void> = Promise.resolve();

  /** `dir`: the pod's own directory; `memoryDir`: the pod's directory on the node's memory file system (the same where there is none). */
  constructor(dir: string, memoryDir: string, env: VolumeEnvironment) { this.#dir = dir; this.#memoryDir = memoryDir; this.#env = env; }

  /** Sets up what containers use and is not yet, of every kind or of some. Throws MountFailure for the first volume that fails. Idempotent. */
  async setUp(pod: Pod, facts: () => PodFacts, only?: readonly string[]): Promise<void> {
    this.#pod = pod; this.#facts = facts;
    if (!pod.spec?.volumes?.length) return;
    const { mounts, devices } = usesOf(pod);
    for (const v of pod.spec.volumes) {
      const used = { asMount: mounts.has(v.name), asDevice: devices.has(v.name) };
      // What no container uses is left alone, whatever it is.
      if (!(used.asMount || used.asDevice) || this.#mounted.has(v.name) || this.#env.skip?.(v) || (only && !only.includes(volumeKind(v)))) continue;
      const kind = KINDS[volumeKind(v)];
      if (!kind) throw new MountFailure(v.name, `volumes of type ${volumeKind(v)} are not supported by this node`);
      try {
        const mounted = await this.#spread(pod, v, await kind(this.#context(pod, v, facts, used)));
        this.#mounted.set(v.name, mounted);
        if (mounted.persistentVolume !== undefined) this.#users(mounted.persistentVolume).add(this);
      }
      catch (e) { throw e instanceof VolumeError ? new MountFailure(v.name, e.message, e.whole, e.reason) : new MountFailure(v.name, (e as Error).message); }
    }
  }

  /** Pods of this node that have a volume. */
  #users(name: string): Set<unknown> {
    let users = this.#env.users.get(name);
    if (!users) this.#env.users.set(name, users = new Set());
    return users;
  }

  /** Where some container wants to see, or show, what is mounted there later. */
  async #spread(pod: Pod, v: Volume, mounted: MountedVolume): Promise<MountedVolume> {
    if (!this.#env.root || mounted.block) return mounted;
    const asked = new Set(allContainers(pod).flatMap(c => c.volumeMounts ?? []).filter(m => m.name === v.name).map(m => m.mountPropagation));
    const how = asked.has('Bidirectional') ? 'shared' : asked.has('HostToContainer') ? 'slave' : undefined;
    return how === undefined ? mounted : { ...mounted, spreads: await makeSpread(mounted.hostPath, how, this.#dir, v.name) };
  }

  #context(pod: Pod, volume: Volume, facts: () => PodFacts, used: VolumeContext['used']): VolumeContext {
    const { sources, storage, image, tokens, clock, root, devices } = this.#env;
    const ns = pod.metadata?.namespace ?? '';
    const sc = pod.spec?.securityContext;
    const below = join('volumes', `kubernetes.io~${volumeKind(volume)}`, volume.name);
    const current = (): Pod => this.#pod ?? pod;
    return {
      // Labels and annotations are shown as they are when files are written.
      get pod() { return current(); },
      volume, dir: join(this.#dir, below), memoryDir: join(this.#memoryDir, below), facts, root, used,
      configMap: (name: string) => sources.configMap(ns, name), secret: (name: string) => sources.secret(ns, name),
      claim: (name: string) => storage.claim(ns, name), persistentVolume: (name: string) => storage.persistentVolume(name),
      image: (reference: string, policy: string, dir: string) => image(pod, reference, policy, dir),
      token: (audience: string | undefined, seconds: number) => tokens.get(pod, audience, seconds),
      now: () => clock.now(),
      own: async (path: string, readOnly = false): Promise<void> => { if (root && sc?.fsGroup !== undefined) await giveToGroup(path, sc.fsGroup, sc.fsGroupChangePolicy === 'OnRootMismatch', readOnly); },
      node: this.#env.node,
      alone: (name: string) => [...this.#users(name)].every(u => u === this),
      device: async (file: string): Promise<string> => {
        if (!devices) throw new VolumeError('raw block volumes need loop devices, and those need the node to run as root on Linux');
        return devices.attach(file, this.#dir, volume.name);
      },
    };
  }

  /** Brings files up to date; `onError` hears what could not be (an update keeps the old content, as kubelet does). */
  refresh(pod: Pod, onError: (volume: string, message: string) => void): Promise<void> {
    this.#pod = pod;
    // One after another: two that write the same directory would clear away each other's files.
    this.#refreshing = this.#refreshing.then(() => this.#refreshAll(onError));
    return this.#refreshing;
  }
  async #refreshAll(onError: (volume: string, message: string) => void): Promise<void> {
    for (const [name, m] of this.#mounted) {
      if (!m.refresh) continue;
      try { await m.refresh(); } catch (e) { onError(name, (e as Error).message); }
    }
  }

  /** Where a volume's files are; undefined while it is not set up. */
  pathOf(name: string): string | undefined { return this.#mounted.get(name)?.hostPath; }

  /** Ids of images that are volumes here. */
  get images(): string[] { return [...this.#mounted.values()].flatMap(m => m.imageId ?? []); }

  /** Whether mounts can be read-only with all that is below them. */
  get recursiveReadOnly(): boolean { return this.#env.recursiveReadOnly || this.#env.root; }
  /** Groups that all processes of the pod are in because of its volumes. */
  get groups(): number[] { return [...this.#mounted.values()].flatMap(m => m.group ?? []); }

  /** The container's mounts. Throws ConfigError for a subPath or a mode that cannot be. */
  async mountsOf(pod: Pod, c: Container, env: ReadonlyMap<string, string>): Promise<Mount[]> {
    const out: Mount[] = [];
    for (const [i, m] of (c.volumeMounts ?? []).entries()) {
      const v = await this.#late(pod, m.name);
      if (!v) {
        if (pod.spec?.volumes?.some(x => x.name === m.name && this.#env.skip?.(x))) continue;
        throw new ConfigError(`cannot find volume "${m.name}" to mount into container "${c.name}"`);
      }
      const hostPath = await this.#path(v, m, c.name, env), readOnly = (m.readOnly ?? false) || v.readOnly;
      const deep = this.#recursive(m) && this.recursiveReadOnly;
      const copy = deep && !this.#env.recursiveReadOnly ? await this.#readOnlyTree(hostPath, c.name, i) : undefined;
      out.push({
        hostPath: copy ?? hostPath, containerPath: m.mountPath.startsWith('/') ? m.mountPath : `/${m.mountPath}`, readOnly, ...(deep ? { recursiveReadOnly: true } : {}),
        propagation: m.mountPropagation === 'Bidirectional' ? 'rshared' : m.mountPropagation === 'HostToContainer' && v.spreads !== false ? 'rslave' : 'private',
      });
    }
    return out;
  }

  /** A volume that only an ephemeral container uses is set up when that comes. */
  async #late(pod: Pod, name: string): Promise<MountedVolume | undefined> {
    if (!this.#mounted.has(name) && this.#facts) {
      try { await this.setUp(pod, this.#facts); } catch (e) { throw e instanceof MountFailure ? new ConfigError(e.message) : e; }
    }
    return this.#mounted.get(name);
  }

  /** Whether a mount is to be read-only with all below it. Throws ConfigError where it must be and cannot. */
  #recursive(m: VolumeMount): boolean {
    if (m.recursiveReadOnly === undefined || m.recursiveReadOnly === 'Disabled') return false;
    if (m.recursiveReadOnly === 'Enabled' && !this.recursiveReadOnly) throw new ConfigError(`failed to resolve recursive read-only mode: volume "${m.name}" requested recursive read-only mode, but it is not supported by the runtime`);
    return true;
  }

  /** For a runtime that cannot: a copy of the tree, made so here. It goes with the pod. */
  async #readOnlyTree(path: string, container: string, index: number): Promise<string> {
    const dir = join(this.#dir, 'read-only', container, String(index));
    await unmountBelow(dir);
    if ((await stat(path)).isDirectory()) await mkdir(dir, { recursive: true });
    else { await mkdir(dirname(dir), { recursive: true }); await writeFile(dir, ''); }
    await bindReadOnly(path, dir);
    return dir;
  }

  /** The container's block devices. Throws ConfigError for one that is not there. */
  async devicesOf(pod: Pod, c: Container): Promise<Device[]> {
    const out: Device[] = [];
    for (const d of c.volumeDevices ?? []) {
      const v = await this.#late(pod, d.name);
      if (!v?.block) throw new ConfigError(`cannot find volume "${d.name}" to pass into container "${c.name}"`);
      out.push({ hostPath: v.hostPath, containerPath: d.devicePath, readOnly: v.readOnly });
    }
    return out;
  }

  async #path(v: MountedVolume, m: VolumeMount, container: string, env: ReadonlyMap<string, string>): Promise<string> {
    let sub = m.subPath ?? '';
    if (m.subPathExpr) {
      sub = expand(m.subPathExpr, n => env.get(n));
      const missing = /\$\(([^()]*)\)/.exec(sub);
      if (missing) throw new ConfigError(`missing value for "${missing[1] ?? ''}"`);
    }
    return sub ? subPath(v.hostPath, sub, { name: m.name, container }, v.imageId === undefined) : v.hostPath;
  }

  /** Removes everything of the pod on disk; never touches what hostPath volumes point at. */
  async tearDown(): Promise<void> {
    for (const m of this.#mounted.values()) {
      await m.unmount?.();
      const users = m.persistentVolume === undefined ? undefined : this.#env.users.get(m.persistentVolume);
      if (users?.delete(this) && users.size === 0) this.#env.users.delete(m.persistentVolume!);
    }
    this.#mounted.clear();
    await releaseShared(this.#dir, this.#env);
    if (this.#env.root) await unmountBelow(this.#dir);
    await rm(this.#memoryDir, { recursive: true, force: true });
    await rm(join(this.#dir, 'volumes'), { recursive: true, force: true });
    await rm(join(this.#dir, 'read-only'), { recursive: true, force: true });
  }
  async makeDir(): Promise<void> { await mkdir(this.#dir, { recursive: true, mode: 0o750 }); }
}

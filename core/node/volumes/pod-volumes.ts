// All volumes of one pod: set up before its sandbox, refreshed when their sources change, taken down after it.
import { mkdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { Container, PersistentVolume, PersistentVolumeClaim, Pod, Volume, VolumeMount } from '../../api/types/kubernetes.ts';
import type { Clock } from '../../base/clock.ts';
import { ConfigError, type Sources } from '../env/env.ts';
import { expand } from '../env/expand.ts';
import type { PodFacts } from '../env/field-ref.ts';
import type { Mount } from '../runtime/runtime.ts';
import { volumeKind } from '../unsupported.ts';
import { claimVolume } from './claim.ts';
import { configMapVolume } from './config-map.ts';
import { downwardVolume } from './downward-api.ts';
import { emptyDirVolume } from './empty-dir.ts';
import { giveToGroup } from './fs-group.ts';
import { hostPathVolume } from './host-path.ts';
import { imageVolume } from './image.ts';
import { unmountBelow } from './memory.ts';
import { projectedVolume } from './projected.ts';
import { secretVolume } from './secret.ts';
import { subPath } from './sub-path.ts';
import type { Tokens } from './tokens.ts';
import { VolumeError, type MountedVolume, type VolumeKind } from './volume.ts';

const KINDS: Readonly<Record<string, VolumeKind>> = { emptyDir: emptyDirVolume, hostPath: hostPathVolume, configMap: configMapVolume, secret: secretVolume, downwardAPI: downwardVolume, projected: projectedVolume, persistentVolumeClaim: claimVolume, ephemeral: claimVolume, image: imageVolume };

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
  /** Volumes that are left out: simulated pods read no tokens and need no memory. */
  skip?: (v: Volume) => boolean;
}

/** A volume that could not be set up; the message is what the event FailedMount says. */
export class MountFailure extends Error {
  constructor(volume: string, message: string, whole = false) { super(whole ? message : `MountVolume.SetUp failed for volume "${volume}" : ${message}`); }
}

export class PodVolumes {
  readonly #dir: string;
  readonly #memoryDir: string;
  readonly #env: VolumeEnvironment;
  readonly #mounted = new Map<string, MountedVolume>();
  #pod: Pod | undefined;
  #refreshing: Promise<void> = Promise.resolve();

  /** `dir`: the pod's own directory; `memoryDir`: the pod's directory on the node's memory file system (the same where there is none). */
  constructor(dir: string, memoryDir: string, env: VolumeEnvironment) { this.#dir = dir; this.#memoryDir = memoryDir; this.#env = env; }

  /** Sets up what is not yet, of every kind or of one. Throws MountFailure for the first volume that fails. Idempotent. */
  async setUp(pod: Pod, facts: () => PodFacts, only?: string): Promise<void> {
    this.#pod = pod;
    for (const v of pod.spec?.volumes ?? []) {
      if (this.#mounted.has(v.name) || this.#env.skip?.(v) || (only !== undefined && volumeKind(v) !== only)) continue;
      const kind = KINDS[volumeKind(v)];
      if (!kind) throw new MountFailure(v.name, `volumes of type ${volumeKind(v)} are not supported by this node`);
      try { this.#mounted.set(v.name, await kind(this.#context(pod, v, facts))); }
      catch (e) { throw new MountFailure(v.name, (e as Error).message, e instanceof VolumeError && e.whole); }
    }
  }

  #context(pod: Pod, volume: Volume, facts: () => PodFacts) {
    const { sources, storage, image, tokens, clock, root } = this.#env;
    const ns = pod.metadata?.namespace ?? '';
    const sc = pod.spec?.securityContext;
    const below = join('volumes', `kubernetes.io~${volumeKind(volume)}`, volume.name);
    const current = (): Pod => this.#pod ?? pod;
    return {
      // Labels and annotations are shown as they are when files are written.
      get pod() { return current(); },
      volume, dir: join(this.#dir, below), memoryDir: join(this.#memoryDir, below), facts, root,
      configMap: (name: string) => sources.configMap(ns, name), secret: (name: string) => sources.secret(ns, name),
      claim: (name: string) => storage.claim(ns, name), persistentVolume: (name: string) => storage.persistentVolume(name),
      image: (reference: string, policy: string, dir: string) => image(pod, reference, policy, dir),
      token: (audience: string | undefined, seconds: number) => tokens.get(pod, audience, seconds),
      now: () => clock.now(),
      own: async (path: string): Promise<void> => { if (root && sc?.fsGroup !== undefined) await giveToGroup(path, sc.fsGroup, sc.fsGroupChangePolicy === 'OnRootMismatch'); },
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

  /** The container's mounts. Throws ConfigError for a subPath that cannot be. */
  async mountsOf(pod: Pod, c: Container, env: ReadonlyMap<string, string>): Promise<Mount[]> {
    const out: Mount[] = [];
    for (const m of c.volumeMounts ?? []) {
      const v = this.#mounted.get(m.name);
      if (!v) {
        if (pod.spec?.volumes?.some(x => x.name === m.name && this.#env.skip?.(x))) continue;
        throw new ConfigError(`cannot find volume "${m.name}" to mount into container "${c.name}"`);
      }
      out.push({ hostPath: await this.#path(v, m, c.name, env), containerPath: m.mountPath.startsWith('/') ? m.mountPath : `/${m.mountPath}`, readOnly: (m.readOnly ?? false) || v.readOnly, propagation: m.mountPropagation === 'Bidirectional' ? 'rshared' : m.mountPropagation === 'HostToContainer' ? 'rslave' : 'private' });
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
    return sub ? subPath(v.hostPath, sub, !v.readOnly, container) : v.hostPath;
  }

  /** Removes everything of the pod on disk; never touches what hostPath volumes point at. */
  async tearDown(): Promise<void> {
    for (const m of this.#mounted.values()) await m.unmount?.();
    this.#mounted.clear();
    if (this.#env.root) await unmountBelow(this.#dir);
    await rm(this.#memoryDir, { recursive: true, force: true });
    await rm(join(this.#dir, 'volumes'), { recursive: true, force: true });
  }
  async makeDir(): Promise<void> { await mkdir(this.#dir, { recursive: true, mode: 0o750 }); }
}

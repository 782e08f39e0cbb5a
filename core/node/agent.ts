// A node: registers itself, runs the pods bound to it, answers for them. Everything it knows of the cluster comes through the
// client; everything it does to containers goes through the runtime.
import { mkdir, readFile, readdir, rm, statfs } from 'node:fs/promises';
import { join } from 'node:path';
import { configMap as configMaps } from '../api/kinds/core/config-map.ts';
import { node as nodes } from '../api/kinds/core/node.ts';
import { persistentVolumeClaim as claims } from '../api/kinds/core/persistent-volume-claim.ts';
import { persistentVolume as persistentVolumes } from '../api/kinds/core/persistent-volume.ts';
import { pod as pods } from '../api/kinds/core/pod.ts';
import { secret as secrets } from '../api/kinds/core/secret.ts';
import { service as services } from '../api/kinds/core/service.ts';
import type { ConfigMap, Node, PersistentVolume, PersistentVolumeClaim, Pod, Secret, Service, Volume } from '../api/types/kubernetes.ts';
import type { KubeObject } from '../api/meta/object.ts';
import type { Clock, Timer } from '../base/clock.ts';
import type { Log } from '../base/log.ts';
import type { Client } from '../client/client.ts';
import type { InformerFactory } from '../client/informer.ts';
import type { EventRecorder } from '../client/recorder.ts';
import { Admission } from './admit.ts';
import { Backend } from './backend.ts';
import { Backoff } from './backoff.ts';
import { capacityOf, memoryBytes } from './host.ts';
import { Images } from './images/images.ts';
import { volumeImage } from './images/volume-image.ts';
import { Limit } from './limit.ts';
import { LocalStorage } from './local-storage.ts';
import { MirrorPods, isMirror } from './mirror-pods.ts';
import type { NodeConfig, NodeContext, NodeNetwork } from './node-context.ts';
import { NodeReporter } from './node-status.ts';
import { parseResolv, type Resolv } from './pod-files.ts';
import { PodWorker } from './pod-worker.ts';
import type { Runtime, SandboxState } from './runtime/runtime.ts';
import type { NodeBackend } from './server/backend.ts';
import { Stats } from './stats.ts';
import { StatusWriter } from './status/status-writer.ts';
import { loopDevices, pretendDevices } from './volumes/block-devices.ts';
import { refersTo } from './volumes/references.ts';
import { releaseShared } from './volumes/pod-volumes.ts';
import { mountMemory, unmountBelow } from './volumes/memory.ts';
import { Tokens } from './volumes/tokens.ts';

export type { NodeConfig, NodeNetwork } from './node-context.ts';

export interface NodeAgentOptions {
  nodeName: string; client: Client; informers: InformerFactory; recorder: EventRecorder; runtime: Runtime;
  config: NodeConfig; network: NodeNetwork; clock: Clock; log: Log;
}

export interface NodeAgent {
  /** Resolves when the Node is registered and Ready and what ran before is adopted. */
  start(): Promise<void>;
  readonly backend: NodeBackend;
  /** Stops looking after pods; ends and removes their containers unless `leaveRunning`. */
  close(o: { leaveRunning: boolean }): Promise<void>;
}

/** Tokens due for renewal, volumes and disk with a limit are looked at this often. */
const ROUND_MS = 10_000;
const IMAGE_GC_MS = 300_000;
const GC_HIGH = 0.85;
const GC_LOW = 0.8;
const GC_MIN_AGE_MS = 120_000;
const SHUTDOWN_GRACE_SECONDS = 1;

/** An agent that does nothing until `start`. */
export function createNodeAgent(o: NodeAgentOptions): NodeAgent { return new Agent(o); }

const isRoot = (): boolean => process.platform === 'linux' && process.getuid?.() === 0;
const keyOf = (namespace: string, name: string): string => `${namespace}/${name}`;

class Agent implements NodeAgent {
  readonly backend: NodeBackend;
  readonly #o: NodeAgentOptions;
  readonly #log: Log;
  readonly #workers = new Map<string, PodWorker>();
  readonly #byName = new Map<string, PodWorker>();
  readonly #byNamespace = new Map<string, Set<PodWorker>>();
  readonly #mirrors = new Map<string, Pod>();
  readonly #finished = new Set<string>();
  readonly #unsubscribe: (() => void)[] = [];
  readonly #timers = new Set<Timer>();
  readonly #ctx: NodeContext;
  readonly #writer: StatusWriter;
  readonly #storage: LocalStorage;
  #admission: Admission | undefined;
  #reporter: NodeReporter | undefined;
  #mirrorPods: MirrorPods | undefined;
  #closed = false;
  #imageRound = 0;

  constructor(o: NodeAgentOptions) {
    this.#o = o;
    this.#log = o.log.child(`node.${o.nodeName}`);
    const { client, informers, runtime, config, clock } = o;
    const root = isRoot() && runtime.name !== 'simulated';
    const cm = informers.for<ConfigMap>(configMaps); const sec = informers.for<Secret>(secrets); const svc = informers.for<Service>(services);
    const pvc = informers.for<PersistentVolumeClaim>(claims); const pv = informers.for<PersistentVolume>(persistentVolumes);
    const storage = { claim: (ns: string, name: string) => pvc.lister.get(ns, name), persistentVolume: (name: string) => pv.lister.get(undefined, name) };
    const sources = {
      configMap: (ns: string, name: string) => cm.lister.get(ns, name), secret: (ns: string, name: string) => sec.lister.get(ns, name),
      services: (ns: string) => { const own = svc.lister.list(ns); const master = ns === 'default' ? undefined : svc.lister.get('default', 'kubernetes'); return master ? [...own, master] : own; },
    };
    const podsDir = join(config.dataDir, 'pods');
    this.#writer = new StatusWriter(client, clock, this.#log);
    this.#storage = new LocalStorage(this.#log);
    this.#ctx = {
      nodeName: o.nodeName, client, recorder: o.recorder, runtime, config, network: o.network, clock, log: this.#log, images: new Images(runtime, clock), sources,
      volumes: { sources, storage, image: (...asked) => volumeImage(this.#ctx, ...asked), tokens: new Tokens(client, clock), clock, root, node: () => client.get<Node>(nodes, undefined, o.nodeName), users: new Map(), recursiveReadOnly: runtime.recursiveReadOnly, ...(runtime.name === 'simulated' ? { devices: pretendDevices } : root ? { devices: loopDevices } : {}), ...(runtime.name === 'simulated' ? { skip: (v: Volume) => v.name.startsWith('kube-api-access-') || v.emptyDir?.medium === 'Memory' || v.nfs !== undefined } : {}) },
      starts: new Limit(config.maxParallelStarts), restarts: new Backoff(), podsDir, memoryDir: root ? join(config.dataDir, 'memory') : podsDir,
      hostResolv: { nameservers: [], searches: [], options: [] }, machineMemory: memoryBytes(), allocatable: {},
      admit: p => this.#admission?.admit(p), leave: uid => { this.#admission?.leave(uid); this.#roomMade(); },
      resize: p => { const no = this.#admission?.resize(p); if (!no) this.#roomMade(p.metadata?.uid); return no; },
    };
    this.backend = new Backend(this.#ctx, { find: (ns, name) => this.#byName.get(keyOf(ns, name)), all: () => [...this.#workers.values()], mirror: (ns, name) => this.#mirrors.get(keyOf(ns, name)), mirrors: () => [...this.#mirrors.values()] }, new Stats(runtime, clock, this.#log));
    const touched = (kind: 'configMap' | 'secret') => (x: KubeObject): void => { for (const w of this.#byNamespace.get(x.metadata?.namespace ?? '') ?? []) if (refersTo(w.pod, kind, x.metadata?.name ?? '')) w.sourcesChanged(); };
    const bound = (namespace: string | undefined): void => { for (const w of this.#byNamespace.get(namespace ?? '') ?? []) w.storageChanged(); };
    const ofClaim = (c: PersistentVolumeClaim): void => { bound(c.metadata?.namespace); }, ofVolume = (v: PersistentVolume): void => { bound(v.spec?.claimRef?.namespace); };
    this.#unsubscribe.push(pvc.on({ add: ofClaim, update: ofClaim }), pv.on({ add: ofVolume, update: ofVolume }));
    for (const [informer, kind] of [[cm, 'configMap'], [sec, 'secret']] as const) { const t = touched(kind); this.#unsubscribe.push(informer.on({ add: t, update: t, delete: t })); }
  }

  async start(): Promise<void> {
    const { runtime, config, informers, nodeName } = this.#o;
    await mkdir(this.#ctx.podsDir, { recursive: true, mode: 0o755 });
    const capacity = await capacityOf(config.dataDir, config.maxPods);
    Object.assign(this.#ctx, { hostResolv: await hostResolv(), allocatable: capacity.allocatable });
    this.#admission = new Admission(capacity.allocatable);
    if (this.#ctx.memoryDir !== this.#ctx.podsDir) {
      try { await mountMemory(this.#ctx.memoryDir, undefined, '0755'); }
      catch (e) { this.#log.warn('no memory file system for secrets: they are kept in files of the data directory', { error: e }); Object.assign(this.#ctx, { memoryDir: this.#ctx.podsDir }); }
    }
    await runtime.start(e => { this.#workers.get(e.podUid)?.runtimeEvent(e); });
    const found = new Map<string, SandboxState[]>();
    for (const s of await runtime.list()) { const list = found.get(s.podUid); if (list) list.push(s); else found.set(s.podUid, [s]); }

    const mine = informers.for<Pod>(pods, { fieldSelector: `spec.nodeName=${nodeName}` });
    this.#mirrorPods = new MirrorPods(this.#ctx);
    this.#reporter = new NodeReporter(this.#ctx, capacity);
    const registered = this.#reporter.start();
    await informers.start();
    await Promise.all([mine.synced, informers.for<Service>(services).synced]);
    for (const p of mine.lister.list()) {
      const had = found.get(p.metadata?.uid ?? '');
      if (isMirror(p) || !had) continue;
      found.delete(p.metadata?.uid ?? '');
      const w = this.#make(p);
      this.#admission.hold(w.granted);
      await w.adopt(had);
    }
    // What no pod of the API owns any more is ended.
    for (const list of found.values()) for (const s of list) { this.#log.info('removing an orphaned sandbox', { pod: `${s.podNamespace}/${s.podName}` }); await runtime.removeSandbox(s.id); }
    this.#unsubscribe.push(mine.on({ add: p => this.#seen(p), update: (next, prev) => { if (next.metadata?.uid !== prev.metadata?.uid) this.#deleted(prev); this.#seen(next); }, delete: p => this.#deleted(p) }));
    await this.#removeOrphanDirs(new Set(mine.lister.list().map(p => p.metadata?.uid ?? '')));
    await registered;
    if (this.#closed) return;
    void this.#mirrorPods.start(this.#reporter.node?.metadata?.uid);
    this.#round();
  }

  /** Pods whose resize waits for room try again. */
  #roomMade(by?: string): void { for (const w of this.#workers.values()) if (w.uid !== by && w.resizeDeferred) w.wake(); }

  #make(p: Pod): PodWorker {
    const w = new PodWorker(this.#ctx, p, this.#writer, x => this.#gone(x));
    this.#workers.set(w.uid, w);
    const ns = p.metadata?.namespace ?? '';
    this.#byName.set(keyOf(ns, p.metadata?.name ?? ''), w);
    const set = this.#byNamespace.get(ns);
    if (set) set.add(w); else this.#byNamespace.set(ns, new Set([w]));
    return w;
  }

  #seen(p: Pod): void {
    const uid = p.metadata?.uid ?? '';
    if (isMirror(p)) { this.#mirrors.set(keyOf(p.metadata?.namespace ?? '', p.metadata?.name ?? ''), p); void this.#mirrorPods?.changed(p, false); return; }
    if (this.#finished.has(uid)) return;
    const w = this.#workers.get(uid);
    if (w) w.update(p); else this.#make(p).wake();
  }
  #deleted(p: Pod): void {
    const uid = p.metadata?.uid ?? '';
    this.#finished.delete(uid);
    if (isMirror(p)) { this.#mirrors.delete(keyOf(p.metadata?.namespace ?? '', p.metadata?.name ?? '')); void this.#mirrorPods?.changed(p, true); return; }
    const w = this.#workers.get(uid);
    if (!w) return;
    w.removed(p);
    // The API server has given its place away already: whoever is sent here for it comes with the next event, while its processes still end.
    this.#admission?.leave(uid);
    this.#roomMade();
  }
  #gone(w: PodWorker): void {
    this.#workers.delete(w.uid);
    const ns = w.pod.metadata?.namespace ?? ''; const key = keyOf(ns, w.pod.metadata?.name ?? '');
    if (this.#byName.get(key) === w) this.#byName.delete(key);
    this.#byNamespace.get(ns)?.delete(w);
    this.#writer.forget(w.uid);
    // Until the informer has seen it go (or while a finalizer keeps it), it must not start again.
    if (!w.gone) this.#finished.add(w.uid);
    rm(w.dir, { recursive: true, force: true }).catch((e: unknown) => { this.#log.warn('pod directory not removed', { dir: w.dir, error: e }); });
  }

  async #removeOrphanDirs(known: ReadonlySet<string>): Promise<void> {
    for (const uid of await readdir(this.#ctx.podsDir)) {
      if (known.has(uid)) continue;
      if (this.#ctx.volumes.root) await unmountBelow(join(this.#ctx.podsDir, uid));
      await releaseShared(join(this.#ctx.podsDir, uid), this.#ctx.volumes).catch((e: unknown) => { this.#log.warn('devices and mounts of a pod that is gone', { uid, error: e }); });
      await rm(join(this.#ctx.podsDir, uid), { recursive: true, force: true });
      await rm(join(this.#ctx.memoryDir, uid), { recursive: true, force: true });
    }
  }

  #round(): void {
    const timer = this.#o.clock.after(ROUND_MS, () => {
      this.#timers.delete(timer);
      for (const w of this.#workers.values()) if (w.tokensDue()) void w.refreshVolumes();
      void this.#storage.round(this.#workers.values());
      this.#imageRound += ROUND_MS;
      const gc = this.#imageRound >= IMAGE_GC_MS;
      if (gc) this.#imageRound = 0;
      (gc ? this.#collectImages() : Promise.resolve()).catch((e: unknown) => { this.#log.warn('image collection', { error: e }); }).finally(() => { if (!this.#closed) this.#round(); });
    });
    this.#timers.add(timer);
  }

  /** Removes images this agent pulled and nothing uses, oldest first, while the disk is fuller than it should be. Images of the machine's owner are never touched. */
  async #collectImages(): Promise<void> {
    const usage = async (): Promise<number> => { const s = await statfs(this.#o.config.dataDir); return 1 - s.bavail / s.blocks; };
    if (await usage() < GC_HIGH) return;
    const used = new Set([...this.#workers.values()].flatMap(w => w.imagesInUse()));
    const pulled = this.#ctx.images.pulled;
    for (const [id, { lastUsed }] of [...pulled].sort((a, b) => a[1].lastUsed - b[1].lastUsed)) {
      if (used.has(id) || this.#o.clock.now() - lastUsed < GC_MIN_AGE_MS) continue;
      await this.#o.runtime.removeImage(id);
      pulled.delete(id);
      if (await usage() < GC_LOW) return;
    }
  }

  async close({ leaveRunning }: { leaveRunning: boolean }): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    for (const off of this.#unsubscribe) off();
    for (const t of this.#timers) t.cancel();
    this.#storage.close(); this.#reporter?.close(); this.#mirrorPods?.close(); this.#writer.close();
    const all = [...this.#workers.values()];
    if (leaveRunning) for (const w of all) w.close();
    else {
      const limit = new Limit(8);
      const results = await Promise.allSettled(all.map(w => limit.run(() => w.shutDown(SHUTDOWN_GRACE_SECONDS))));
      for (const r of results) if (r.status === 'rejected') this.#log.warn('a pod was not ended cleanly', { error: r.reason as Error });
      if (this.#ctx.memoryDir !== this.#ctx.podsDir) await unmountBelow(this.#ctx.memoryDir);
    }
    await this.#o.runtime.close();
  }
}

async function hostResolv(): Promise<Resolv> {
  for (const path of ['/run/systemd/resolve/resolv.conf', '/etc/resolv.conf']) {
    try { return parseResolv(await readFile(path, 'utf8')); } catch (e) { if ((e as NodeJS.ErrnoException).code !== 'ENOENT') throw e; }
  }
  return { nameservers: [], searches: [], options: [] };
}

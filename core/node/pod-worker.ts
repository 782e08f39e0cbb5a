// One pod of this node: sees to it that what runs is what the API asks for. Steps run one after another; everything slow
// (volumes, pulls, starts, kills) is a task beside them that wakes the worker when it ends. Nothing polls.
import { join } from 'node:path';
import type { Container, EphemeralContainer, Pod, PodStatus } from '../api/types/kubernetes.ts';
import { formatTime, parseTime } from '../api/meta/time.ts';
import type { Timer } from '../base/clock.ts';
import { goDuration } from './backoff.ts';
import { StartFailure, createContainer, startCreated, type Created, type StartRequest } from './container-start.ts';
import type { PodFacts } from './env/field-ref.ts';
import { seLinux } from './host.ts';
import { runHook } from './hooks.ts';
import { containerResources, podLabel, podResources } from './limits.ts';
import type { NodeContext } from './node-context.ts';
import { killContainer } from './pod-kill.ts';
import { planPod, type Plan } from './pod-plan.ts';
import { LABEL, RESTARTING_ALL, fieldPath, isRunning, latest, members, newRecord, type ContainerRecord, type Member, type Run } from './pod-record.ts';
import { createSandbox, writePodFiles } from './pod-sandbox.ts';
import { POD, allocatedOf, changed, differ, granted, grantedPod, limitsOf, needsRestart, wantedOf, widest, type Requirements, type ResizeState } from './resize.ts';
import { same } from './status/status-patch.ts';
import type { StatusWriter } from './status/status-writer.ts';
import type { Target } from './probes/handlers.ts';
import { Prober } from './probes/prober.ts';
import type { ContainerState, ImageStatus, RuntimeEvent, SandboxState } from './runtime/runtime.ts';
import { podStatus } from './status/pod-status.ts';
import { terminationMessage } from './termination-message.ts';
import { unsupported, unsupportedContainer } from './unsupported.ts';
import { MountFailure, PodVolumes } from './volumes/pod-volumes.ts';

const DEFAULT_GRACE_SECONDS = 30;
const MOUNT_RETRY_MS = 500;
/** Volumes that come from elsewhere. */
const SLOW_VOLUMES: readonly string[] = ['image', 'nfs'];
const MOUNT_RETRY_MAX_MS = 122_000;
/** A hook, a mount or a sandbox that failed for a reason of its own is tried again after this. */
const SANDBOX_RETRY_MS = 5_000;
const START_RETRY_MS = 10_000;
/** What a pod gets that is evicted for its disk. */
const EVICTION_GRACE_SECONDS = 1;
/** A ready pod that goes gets its first stop signal when no service sends to it any more, so that no request is lost; after this long in any case. */
const DRAIN_MS = 2_000;
/** What it gets where the network cannot tell. */
const BLIND_DRAIN_MS = 200;

export class PodWorker {
  readonly uid: string;
  readonly dir: string;
  pod: Pod;
  readonly #ctx: NodeContext;
  readonly #writer: StatusWriter;
  readonly #onGone: (w: PodWorker) => void;
  readonly #volumes: PodVolumes;
  readonly #records = new Map<string, ContainerRecord>();
  readonly #images = new Map<string, ImageStatus>();
  readonly #stale = new Set<string>();
  /** Containers created while their sandbox starts, by name. */
  readonly #early = new Map<string, { sandboxId: string; attempt: number; made: Promise<Created> }>();
  readonly #abort = new AbortController();
  /** Sandboxes of earlier attempts and the present one, oldest first. */
  #sandboxes: SandboxState[] = [];
  #ready = false;
  #ips: string[] = [];
  #sandboxTask: Promise<void> | undefined;
  #tasks = new Set<Promise<void>>();
  #retrySandboxAt = 0;
  #mountFailures = 0;
  #blocked: { reason: string; message: string } | undefined;
  #verdict: { reason: string; message: string } | undefined;
  /** The node would not have it. */
  #rejected = false;
  #over = false;
  #gone = false;
  #admitted = false;
  #ending: Promise<void> | undefined;
  #ended = false;
  #deadline = Number.POSITIVE_INFINITY;
  #hurry = new AbortController();
  #dirty = false;
  #stepping = false;
  #timer: Timer | undefined;
  #timerAt = Number.POSITIVE_INFINITY;
  #closed = false;
  #reported = new Set<string>();
  #allocated: Map<string, Requirements>;
  #resize: ResizeState = {};
  #resizeRetryAt = 0;
  /** What the sandbox as a whole runs with. */
  #podApplied: Requirements;
  #podBusy = false;
  /** All containers are being ended to be started anew. */
  #restarting = false;
  status: PodStatus;

  constructor(ctx: NodeContext, pod: Pod, writer: StatusWriter, onGone: (w: PodWorker) => void) {
    this.#ctx = ctx; this.pod = pod; this.uid = pod.metadata?.uid ?? ''; this.#writer = writer; this.#onGone = onGone;
    this.dir = join(ctx.podsDir, this.uid);
    this.#volumes = new PodVolumes(this.dir, join(ctx.memoryDir, this.uid), ctx.volumes);
    this.status = pod.status ?? {};
    this.#allocated = allocatedOf(pod);
    this.#podApplied = this.#allocated.get(POD);
    for (const m of members(pod)) this.#record(m.container.name);
  }

  #record(name: string): ContainerRecord {
    let r = this.#records.get(name);
    if (!r) { r = newRecord(name); this.#records.set(name, r); this.#seed(r); }
    return r;
  }

  /** What the API's status says of a container before this agent knew it. */
  #seed(r: ContainerRecord): void {
    const s = [...(this.pod.status?.containerStatuses ?? []), ...(this.pod.status?.initContainerStatuses ?? []), ...(this.pod.status?.ephemeralContainerStatuses ?? [])].find(x => x.name === r.name);
    if (!s?.containerID) return;
    r.restarts = s.restartCount - (s.state?.waiting?.reason === RESTARTING_ALL.reason ? 1 : 0); r.started = s.started ?? false; r.ready = s.ready;
    const ended = s.state?.terminated ?? (s.state?.waiting ? s.lastState?.terminated : undefined);
    if (ended) r.lost = { terminated: ended };
    else if (s.state?.running) r.lost = { terminated: { exitCode: 137, reason: 'ContainerStatusUnknown', message: 'The container could not be located when the pod was deleted.  The container used to be Running', ...(s.state.running.startedAt ? { startedAt: s.state.running.startedAt } : {}), finishedAt: formatTime(this.#ctx.clock.now()), containerID: s.containerID } };
  }

  /** Takes over sandboxes that outlived an earlier agent. Call before the first wake. */
  async adopt(sandboxes: readonly SandboxState[]): Promise<void> {
    this.#sandboxes = [...sandboxes].sort((a, b) => a.attempt - b.attempt || a.createdAt - b.createdAt);
    const current = this.#sandboxes.at(-1);
    this.#ready = current?.ready ?? false;
    if (this.#ready) {
      this.#ips = current!.ip ? [current!.ip] : this.#ctx.network.hostAddresses.slice(0, 1);
      if (current!.ip && !this.#ctx.network.reserve(this.uid, current!.ip)) this.#ctx.log.warn('address of an adopted pod is not free', { pod: podLabel(this.pod), ip: current!.ip });
    }
    const all = this.#sandboxes.flatMap(s => s.containers).sort((a, b) => a.attempt - b.attempt || a.createdAt - b.createdAt);
    for (const state of all) {
      if (state.phase === 'created') { await this.#ctx.runtime.removeContainer(state.id); continue; }
      const r = this.#record(state.name);
      const run: Run = { state };
      if (state.phase === 'exited') { run.settled = true; const message = await terminationMessage(this.#ctx.runtime, state); if (message) run.message = message; }
      r.runs.push(run);
    }
    for (const r of this.#records.values()) {
      await this.#dropOld(r);
      const run = latest(r);
      r.applied = this.#allocated.get(r.name); r.inherited = this.#allocated.get(POD);
      if (run) { delete r.lost; const image = await this.#ctx.runtime.imageStatus(run.state.imageId); if (image) this.#images.set(image.id, image); }
    }
    if (this.#ready) {
      await this.#volumes.setUp(this.pod, () => this.#facts()).catch((e: unknown) => { this.#ctx.log.warn('volumes of an adopted pod', { pod: podLabel(this.pod), error: e }); });
      for (const m of members(this.pod)) if (isRunning(this.#records.get(m.container.name))) this.#startProber(m, true);
    }
  }

  /** The pod as the informer has it now. */
  update(pod: Pod): void {
    const before = this.pod.metadata; const now = pod.metadata;
    this.pod = pod;
    this.#writer.observed(pod);
    // Files of the downward API show them.
    if (!same(before?.labels, now?.labels) || !same(before?.annotations, now?.annotations)) void this.refreshVolumes();
    this.wake();
  }
  /** The pod is gone from the API. */
  removed(pod: Pod): void { this.pod = pod; this.#gone = true; this.wake(); }
  /** Something happened to one of its containers or its sandbox. */
  runtimeEvent({ type, sandboxId, containerId }: RuntimeEvent): void {
    // Who started it here knows already; only the start of one that had ended is news.
    if (type === 'container-started' && ![...this.#records.values()].some(r => r.runs.some(x => x.state.id === containerId && x.state.phase !== 'running'))) return;
    if (containerId === undefined) { if (this.#sandboxes.at(-1)?.id === sandboxId) this.#ready = false; for (const r of this.#records.values()) { const run = latest(r); if (run?.state.phase === 'running') this.#stale.add(run.state.id); } }
    else this.#stale.add(containerId);
    this.wake();
  }
  /** ConfigMaps, Secrets or Services of its namespace changed: retries what waits, refreshes files. */
  sourcesChanged(): void {
    if (this.#retrySandboxAt && this.#mountFailures) this.#retrySandboxAt = 0;
    for (const r of this.#records.values()) if (r.waiting?.reason === 'CreateContainerConfigError') r.retryAt = 0;
    void this.refreshVolumes();
    this.wake();
  }
  /** A claim or a volume changed: a pod that waits for its storage looks again. */
  storageChanged(): void {
    if (!this.#retrySandboxAt || !this.#mountFailures) return;
    this.#retrySandboxAt = 0;
    this.wake();
  }
  async refreshVolumes(): Promise<void> {
    if (!this.#ready || this.#ending) return;
    await this.#volumes.refresh(this.pod, (volume, message) => { this.#event('Warning', 'FailedMount', `MountVolume.SetUp failed for volume "${volume}" : ${message}`); });
  }
  /** Runs the next step soon. */
  wake(): void {
    if (this.#closed) return;
    this.#dirty = true;
    if (this.#stepping) return;
    this.#stepping = true;
    void this.#loop().finally(() => { this.#stepping = false; if (this.#dirty) this.wake(); });
  }

  async #loop(): Promise<void> {
    await Promise.resolve();
    while (this.#dirty && !this.#closed) {
      this.#dirty = false;
      try { await this.#step(); } catch (e) {
        this.#ctx.log.error('pod step failed', { pod: podLabel(this.pod), error: e });
        this.#wakeAt(this.#ctx.clock.now() + SANDBOX_RETRY_MS);
      }
    }
  }

  #wakeAt(at: number): void {
    if (at >= this.#timerAt && this.#timer) return;
    this.#timer?.cancel();
    this.#timerAt = at;
    this.#timer = this.#ctx.clock.after(at - this.#ctx.clock.now(), () => { this.#timer = undefined; this.#timerAt = Number.POSITIVE_INFINITY; this.wake(); });
  }

  async #step(): Promise<void> {
    await this.#refreshStale();
    const m = this.pod.metadata;
    if (this.#gone || m?.deletionTimestamp) { this.#end('deleted'); this.#publish(); return; }
    if (this.status.phase === 'Succeeded' || this.status.phase === 'Failed') {
      this.#over = true;
      if (!this.#ended) this.#end('over');
      return;
    }
    // Once it is over nothing may start again, whatever the containers look like while they end.
    if (this.#over) { if (!this.#ended) this.#end('over'); this.#publish(); return; }
    if (!this.#admitted) {
      this.#admitted = true;
      const no = this.#sandboxes.length ? undefined : this.#ctx.admit(this.pod);
      if (no) { this.#verdict = { ...no, message: `Pod was rejected: ${no.message}` }; this.#rejected = this.#over = true; this.#event('Warning', no.reason, no.message); this.#end('over'); this.#publish(); return; }
    }
    if (this.#pastDeadline()) return;
    const cannot = unsupported(this.pod, process.platform === 'linux', this.#ctx.runtime.appArmor, seLinux && this.#ctx.runtime.name === 'sandbox');
    if (cannot.length) {
      this.#blocked = { reason: 'Unsupported', message: cannot.join('; ') };
      this.#refuse(cannot);
      this.#publish();
      return;
    }
    for (const x of members(this.pod)) this.#record(x.container.name);
    this.#allocate();
    const current = this.#ready ? this.#sandboxes.at(-1)?.id : undefined;
    const plan = planPod(this.pod, this.#records, current);
    if (plan.restartAll) this.#restartAll();
    if (this.#restarting) { this.#publish(); return; }
    if (plan.over) { this.#over = true; this.#end('over'); this.#publish(); return; }
    if (plan.createSandbox) this.#sandbox();
    else this.#act(plan);
    this.#publish();
  }

  #pastDeadline(): boolean {
    const seconds = this.pod.spec?.activeDeadlineSeconds;
    const start = parseTime(this.status.startTime);
    if (seconds === undefined || Number.isNaN(start)) return false;
    const due = start + seconds * 1000;
    if (this.#ctx.clock.now() < due) { this.#wakeAt(due); return false; }
    this.#verdict = { reason: 'DeadlineExceeded', message: 'Pod was active on the node longer than the specified deadline' };
    this.#event('Normal', 'DeadlineExceeded', this.#verdict.message);
    this.#over = true;
    this.#end('over');
    this.#publish();
    return true;
  }

  /** An event per thing, once. */
  #refuse(cannot: readonly string[]): void { for (const text of cannot) if (!this.#reported.has(text)) { this.#reported.add(text); this.#event('Warning', 'Unsupported', text); } }

  /** Gives what a resize asks for, where the node has it. */
  #allocate(): void {
    const wanted = wantedOf(this.pod);
    if (!differ(this.#allocated, wanted)) { if (this.#resize.pending) { this.#resize = { ...this.#resize, pending: undefined }; this.#ctx.resize(this.pod); } return; }
    const no = this.#ctx.resize(this.pod);
    if (no && (no.reason !== this.#resize.pending?.reason || no.message !== this.#resize.pending.message)) this.#event('Warning', `Resize${no.reason}`, `Pod resize ${no.reason}: ${no.message}`);
    this.#resize = { ...this.#resize, pending: no };
    if (no) return;
    this.#allocated = wanted;
    this.#resizeRetryAt = 0;
    this.#event('Normal', 'ResizeStarted', `Pod resize started: ${resizeWords(this.pod, this.#allocated)}`);
  }

  /** Running containers whose resources are not those the pod was given: changed in place, or restarted where they want that. */
  #applyResize(plan: Plan): void {
    const whole = this.#allocated.get(POD);
    let open = changed(this.#podApplied, whole).length > 0;
    // First the pod grows, then its containers change, then it shrinks.
    if (open && this.#resizePod(widest(this.#podApplied, whole))) { this.#resize = { ...this.#resize, inProgress: this.#resize.inProgress ?? {} }; return; }
    let containers = false;
    for (const m of members(this.pod)) {
      const r = this.#record(m.container.name);
      const target = this.#allocated.get(m.container.name);
      if (!this.#allocated.has(m.container.name) || !isRunning(r)) continue;
      const what = [...new Set([...changed(r.applied, target), ...changed({ limits: limitsOf(r.applied, r.inherited) }, { limits: limitsOf(target, whole) })])];
      if (!what.length) continue;
      open = containers = true;
      if (r.busy) continue;
      if (needsRestart(m.container, what)) { r.again = true; plan.kill.push({ member: m, reason: 'Killing', message: `Container ${m.container.name} resize requires restart` }); continue; }
      if (this.#ctx.clock.now() < this.#resizeRetryAt) { this.#wakeAt(this.#resizeRetryAt); continue; }
      r.busy = true;
      void this.#task(this.#resizeNow(m.container, r, target).finally(() => { r.busy = false; }));
    }
    if (open && !containers) this.#resizePod(whole);
    if (open) this.#resize = { ...this.#resize, inProgress: this.#resize.inProgress ?? {} };
    else if (this.#resize.inProgress) {
      // One that is to be restarted is still to come.
      if ([...this.#records.values()].some(r => r.again)) return;
      this.#resize = { ...this.#resize, inProgress: undefined };
      this.#event('Normal', 'ResizeCompleted', `Pod resize completed: ${resizeWords(this.pod, this.#allocated)}`);
    }
  }

  /** Gives the sandbox as a whole these resources; false when it has them. */
  #resizePod(target: Requirements): boolean {
    if (!changed(this.#podApplied, target).length) return false;
    const { clock } = this.#ctx;
    if (this.#podBusy) return true;
    if (clock.now() < this.#resizeRetryAt) { this.#wakeAt(this.#resizeRetryAt); return true; }
    this.#podBusy = true;
    void this.#task(this.#resizePodNow(target).finally(() => { this.#podBusy = false; }));
    return true;
  }

  async #resizePodNow(target: Requirements): Promise<void> {
    const { resources: _, ...spec } = this.pod.spec!;
    try {
      await this.#ctx.runtime.updateSandbox?.(this.#sandboxes.at(-1)!.id, podResources({ ...this.pod, spec: { ...spec, ...(target ? { resources: target } : {}) } }));
      this.#podApplied = target;
    } catch (e) { if (!this.#abort.signal.aborted) this.#resizeFailed(`failed to resize pod: ${words(e)}`); }
  }

  async #resizeNow(c: Container, r: ContainerRecord, target: Requirements): Promise<void> {
    const id = latest(r)!.state.id;
    try {
      const pod = this.granted;
      await this.#ctx.runtime.updateContainer(id, containerResources(pod, granted(c, this.#allocated), this.#ctx.machineMemory));
      r.applied = target; r.inherited = pod.spec?.resources;
      this.#resize = { ...this.#resize, inProgress: {} };
    } catch (e) {
      if (this.#abort.signal.aborted) return;
      this.#stale.add(id);
      this.#resizeFailed(`failed to resize container ${c.name}: ${words(e)}`);
    }
  }

  #resizeFailed(message: string): void {
    if (this.#resize.inProgress?.message !== message) this.#event('Warning', 'ResizeError', `Pod resize error: ${message}`);
    this.#resize = { ...this.#resize, inProgress: { reason: 'Error', message } };
    this.#resizeRetryAt = this.#ctx.clock.now() + START_RETRY_MS;
  }

  /** The pod with what the node has given its containers. */
  get granted(): Pod { return grantedPod(this.pod, this.#allocated); }
  /** Its resize waits for room on the node. */
  get resizeDeferred(): boolean { return this.#resize.pending?.reason === 'Deferred'; }

  /** Ends the pod for good, in the eviction's words; nothing when it is ending already. */
  evict(message: string): void {
    if (this.#over || this.#ending || this.#gone || this.#closed || this.pod.metadata?.deletionTimestamp) return;
    this.#verdict = { reason: 'Evicted', message };
    this.#event('Warning', 'Evicted', message);
    this.#over = true;
    this.#deadline = this.#ctx.clock.now() + EVICTION_GRACE_SECONDS * 1000;
    this.wake();
  }
  volumePath(name: string): string | undefined { return this.#ready ? this.#volumes.pathOf(name) : undefined; }
  async containerDisk(name: string): Promise<number | undefined> {
    const run = latest(this.#records.get(name));
    return run && await this.#ctx.runtime.diskUsage?.(run.state.id);
  }

  #facts(ips: readonly string[] = this.#ips): PodFacts {
    return { podIPs: ips, hostIPs: this.#ctx.network.hostAddresses.slice(0, 1), nodeName: this.#ctx.nodeName, allocatable: this.#ctx.allocatable };
  }
  #event(type: 'Normal' | 'Warning', reason: string, message: string, m?: Member): void { this.#ctx.recorder.event(this.pod, type, reason, message, m && fieldPath(m)); }
  #task(work: Promise<void>): Promise<void> {
    const p: Promise<void> = work.catch((e: unknown) => { if (!this.#abort.signal.aborted) this.#ctx.log.error('pod task failed', { pod: podLabel(this.pod), error: e }); }).finally(() => { this.#tasks.delete(p); this.wake(); });
    this.#tasks.add(p);
    return p;
  }

  // Sandbox.
  #sandbox(): void {
    const now = this.#ctx.clock.now();
    if (this.#sandboxTask) return;
    if (now < this.#retrySandboxAt) { this.#wakeAt(this.#retrySandboxAt); return; }
    this.#sandboxTask = this.#task(this.#makeSandbox().finally(() => { this.#sandboxTask = undefined; }));
  }

  async #makeSandbox(): Promise<void> {
    const dead = this.#sandboxes.at(-1);
    if (dead) {
      this.#event('Normal', 'SandboxChanged', 'Pod sandbox changed, it will be killed and re-created.');
      for (const r of this.#records.values()) { r.prober?.stop(); delete r.prober; }
      await this.#ctx.runtime.stopSandbox(dead.id);
      for (const r of this.#records.values()) { const run = latest(r); if (run?.state.phase === 'running') this.#stale.add(run.state.id); }
      await this.#refreshStale();
    }
    try {
      // Before its turn: a slow registry or server is no reason to hold other pods.
      await this.#volumes.setUp(this.pod, () => this.#facts(), SLOW_VOLUMES);
      const whole = this.#allocated.get(POD);
      const made = await this.#ctx.starts.run(() => { this.#abort.signal.throwIfAborted(); return createSandbox(this.#ctx, { pod: this.granted, attempt: dead ? dead.attempt + 1 : 0, dir: this.dir, volumes: this.#volumes, facts: ips => this.#facts(ips), created: (id, ips) => this.#createEarly(id, ips) }); });
      this.#sandboxes.push(made.sandbox); this.#podApplied = whole;
      this.#ips = made.ips; this.#ready = true; this.#retrySandboxAt = 0; this.#mountFailures = 0; this.#blocked = undefined;
      // What failed only because the old sandbox was dying starts at once in the new one.
      if (dead) for (const r of this.#records.values()) if (r.waiting?.reason === 'CreateContainerError') { delete r.waiting; r.retryAt = 0; this.#ctx.restarts.forget(`${this.uid}/${r.name}`); }
      if (made.sandbox.ip && made.sandbox.ip !== made.ips[0]) await writePodFiles(this.#ctx, this.pod, this.dir, made.ips);
    } catch (e) {
      await this.#dropEarly();
      if (this.#abort.signal.aborted) return;
      const now = this.#ctx.clock.now();
      if (e instanceof MountFailure) {
        // The first failure is often only a cache that has not caught up: it is tried again before anyone hears of it.
        if (++this.#mountFailures > 1) this.#event('Warning', e.reason, e.message);
        this.#retrySandboxAt = now + Math.min(MOUNT_RETRY_MS * 2 ** (this.#mountFailures - 1), MOUNT_RETRY_MAX_MS);
      } else {
        this.#event('Warning', 'FailedCreatePodSandBox', `Failed to create pod sandbox: ${e instanceof Error ? e.message : String(e)}`);
        this.#retrySandboxAt = now + SANDBOX_RETRY_MS;
      }
    }
  }

  /** The first containers are created while their sandbox starts: what fails is told when it is their turn. */
  #createEarly(sandboxId: string, ips: readonly string[]): void {
    if (this.#abort.signal.aborted) return;
    for (const m of planPod(this.pod, this.#records, sandboxId).start) {
      const r = this.#record(m.container.name);
      if (m.role === 'ephemeral' || r.busy || latest(r) || this.#ctx.clock.now() < r.retryAt) continue;
      const attempt = this.#nextAttempt(r);
      const made = createContainer(this.#ctx, this.#startRequest(m, sandboxId, attempt, ips));
      this.#early.set(m.container.name, { sandboxId, attempt, made });
      const settled = (): void => { /* its start hears of it, or #dropEarly */ };
      void this.#task(made.then(settled, settled));
    }
  }

  /** Their sandbox did not start. */
  async #dropEarly(): Promise<void> {
    const all = await Promise.allSettled([...this.#early.values()].map(e => e.made));
    this.#early.clear();
    for (const x of all) if (x.status === 'fulfilled') await this.#ctx.runtime.removeContainer(x.value.id);
  }

  #nextAttempt(r: ContainerRecord): number { return Math.max(latest(r)?.state.attempt ?? -1, r.restarts) + 1; }
  #startRequest(m: Member, sandboxId: string, attempt: number, ips: readonly string[]): StartRequest {
    return { pod: this.granted, member: { ...m, container: granted(m.container, this.#allocated) }, sandboxId, attempt, volumes: this.#volumes, podDir: this.dir, facts: this.#facts(ips), event: (type, reason, message) => this.#event(type, reason, message, m), signal: this.#abort.signal };
  }

  /** A container's rule wants all of them started anew: at once, without hooks, in the same sandbox, init containers first. */
  #restartAll(): void {
    if (this.#restarting) return;
    const all = members(this.pod).filter(m => m.role !== 'ephemeral');
    const working = [...this.#tasks];
    this.#restarting = true;
    void this.#task((async () => {
      await Promise.all(working);
      for (const m of all) this.#records.get(m.container.name)?.prober?.stop();
      await Promise.all(all.map(async m => {
        const r = this.#record(m.container.name), run = latest(r);
        if (run?.state.phase !== 'running') return;
        this.#event('Normal', 'Killing', `Stopping container ${m.container.name}`, m);
        await this.#ctx.runtime.stopContainer(run.state.id, 0);
      }));
      // Seen as restarting before it goes on, whoever watches.
      this.#publish();
      for (const m of all) {
        const r = this.#record(m.container.name), run = latest(r);
        if (!run) continue;
        delete r.prober; delete r.again;
        r.restarts = run.state.attempt; r.started = false; r.ready = false; r.retryAt = 0;
        r.lost = { terminated: { exitCode: 137, ...RESTARTING_ALL } };
        r.waiting = RESTARTING_ALL;
        const gone = r.runs.splice(0);
        for (const x of gone) { this.#stale.delete(x.state.id); await this.#ctx.runtime.removeContainer(x.state.id); }
      }
      this.#publish();
    })().finally(() => { this.#restarting = false; }));
  }

  // Containers.
  #act(plan: Plan): void {
    this.#applyResize(plan);
    for (const k of plan.kill) {
      const r = this.#record(k.member.container.name); const run = latest(r);
      if (r.busy || !run) continue;
      r.busy = true;
      const seconds = (r.prober?.failed ? this.#probeGrace(k.member, r.prober.failed) : undefined) ?? this.pod.spec?.terminationGracePeriodSeconds ?? DEFAULT_GRACE_SECONDS;
      const deadline = this.#ctx.clock.now() + seconds * 1000;
      run.killed = k.message;
      void this.#task(this.#kill(k.member, run, () => Math.min(deadline, this.#deadline), k.message).finally(() => { r.busy = false; }));
    }
    // What comes after a container with a postStart hook starts when that has run.
    let held = false;
    for (const m of plan.start) {
      const app = m.role === 'app';
      if (app && !held) held = this.#hookBefore(m);
      if (!(app && held)) this.#start(m);
    }
  }

  /** An app container before this one is being started and has a hook to run. */
  #hookBefore(m: Member): boolean {
    for (const x of this.pod.spec?.containers ?? []) {
      if (x === m.container) return false;
      const r = this.#records.get(x.name);
      if (x.lifecycle?.postStart && r?.busy && (r.hooking || !isRunning(r))) return true;
    }
    return false;
  }

  #probeGrace(m: Member, kind: 'liveness' | 'startup'): number | undefined {
    return (kind === 'liveness' ? m.container.livenessProbe : m.container.startupProbe)?.terminationGracePeriodSeconds;
  }

  /** Whose process namespace an ephemeral container joins. Throws StartFailure while that does not run. */
  #targetOf(m: Member): string | undefined {
    const target = m.role === 'ephemeral' ? (m.container as EphemeralContainer).targetContainerName : undefined;
    if (!target) return undefined;
    const run = latest(this.#records.get(target));
    if (run?.state.phase !== 'running') throw new StartFailure('CreateContainerError', `target container "${target}" is not running`, START_RETRY_MS);
    return run.state.id;
  }

  #start(m: Member): void {
    const r = this.#record(m.container.name); const now = this.#ctx.clock.now();
    if (r.busy) return;
    if (m.role === 'ephemeral') {
      // One that cannot be is no reason to hold the pod it came to look at.
      const cannot = unsupportedContainer(m.container, this.#ctx.runtime.appArmor, seLinux && this.#ctx.runtime.name === 'sandbox');
      if (cannot.length) { this.#refuse(cannot); r.waiting = { reason: 'Unsupported', message: cannot.join('; ') }; return; }
    }
    if (now < r.retryAt) { this.#wakeAt(r.retryAt); return; }
    const ended = latest(r)?.state;
    const key = `${this.uid}/${m.container.name}`;
    if (ended?.phase === 'exited') {
      const failedAt = ended.finishedAt || ended.createdAt;
      const left = this.#ctx.restarts.left(key, failedAt, now);
      if (left > 0) {
        const message = `back-off ${goDuration(this.#ctx.restarts.current(key))} restarting failed container=${m.container.name} pod=${podLabel(this.pod)}`;
        if (r.waiting?.reason !== 'CrashLoopBackOff' || r.waiting.message !== message) this.#event('Warning', 'BackOff', `Back-off restarting failed container ${m.container.name} in pod ${podLabel(this.pod)}`, m);
        r.waiting = { reason: 'CrashLoopBackOff', message };
        this.#wakeAt(now + left);
        return;
      }
      this.#ctx.restarts.next(key, failedAt, now);
    }
    const sandbox = this.#sandboxes.at(-1);
    if (!sandbox) return;
    r.busy = true;
    void this.#task(this.#startNow(m, r, sandbox).finally(() => { r.busy = false; }));
  }

  async #startNow(m: Member, r: ContainerRecord, sandbox: SandboxState): Promise<void> {
    const attempt = this.#nextAttempt(r);
    const early = this.#early.get(m.container.name);
    this.#early.delete(m.container.name);
    let state: ContainerState; let applied: Requirements; let inherited: Requirements;
    try {
      this.#abort.signal.throwIfAborted();
      const { starts } = this.#ctx;
      const q = { ...this.#startRequest(m, sandbox.id, attempt, this.#ips), joinPidOf: this.#targetOf(m) };
      const created = early?.sandboxId === sandbox.id && early.attempt === attempt ? await early.made : await createContainer(this.#ctx, q, work => starts.run(work));
      this.#images.set(created.image.id, created.image);
      applied = created.requirements; inherited = created.inherited;
      state = await starts.run(() => { this.#abort.signal.throwIfAborted(); return startCreated(this.#ctx, q, created); });
    } catch (e) {
      if (this.#abort.signal.aborted) return;
      const failure = e instanceof StartFailure ? e : new StartFailure('CreateContainerError', e instanceof Error ? e.message : String(e), START_RETRY_MS);
      if (failure !== e) this.#ctx.log.warn('container not started', { pod: podLabel(this.pod), container: m.container.name, error: e });
      r.waiting = { reason: failure.reason, message: failure.message };
      r.retryAt = failure.retryMs || !failure.run ? this.#ctx.clock.now() + (failure.retryMs || START_RETRY_MS) : 0;
      if (failure.run) { r.runs.push({ state: failure.run, settled: true }); await this.#dropOld(r); }
      return;
    }
    const run: Run = { state };
    r.runs.push(run);
    delete r.waiting; delete r.again; r.retryAt = 0; r.applied = applied; r.inherited = inherited;
    if (state.phase === 'exited') this.#stale.add(state.id);
    else {
      this.#startProber(m, false);
      const hook = m.container.lifecycle?.postStart;
      if (hook) await this.#postStart(m, r, run);
    }
    await this.#dropOld(r);
  }

  async #postStart(m: Member, r: ContainerRecord, run: Run): Promise<void> {
    r.hooking = true;
    this.wake();
    try { await runHook('PostStart', m.container.lifecycle!.postStart!, this.#target(m, run), this.#abort.signal); } catch (e) {
      if (this.#abort.signal.aborted) return;
      const message = e instanceof Error ? e.message : String(e);
      this.#event('Warning', 'FailedPostStartHook', `PostStartHook failed`, m);
      const deadline = this.#ctx.clock.now() + (this.pod.spec?.terminationGracePeriodSeconds ?? DEFAULT_GRACE_SECONDS) * 1000;
      await this.#kill(m, run, () => Math.min(deadline, this.#deadline), 'FailedPostStartHook');
      r.waiting = { reason: 'PostStartHookError', message };
    } finally { r.hooking = false; }
  }

  #target(m: Member, run: Run): Target {
    return { runtime: this.#ctx.runtime, containerId: run.state.id, sandboxId: run.state.sandboxId, podIP: this.#ips[0] ?? '', container: m.container, through: this.#ctx.runtime.name === 'simulated' ? 'runtime' : 'network', clock: this.#ctx.clock };
  }

  #startProber(m: Member, adopted: boolean): void {
    const r = this.#record(m.container.name); const run = latest(r)!;
    const c = m.container;
    r.prober?.stop();
    if (!c.livenessProbe && !c.readinessProbe && !c.startupProbe) { delete r.prober; r.started = true; r.ready = true; return; }
    r.prober = new Prober(this.#target(m, run), run.state.startedAt, { changed: () => this.wake(), event: (type, reason, message) => this.#event(type, reason, message, m) }, adopted ? { started: r.started, ready: r.ready } : undefined);
  }

  async #kill(m: Member, run: Run, deadline: () => number, message: string): Promise<void> {
    await killContainer(this.#ctx, { member: m, containerId: run.state.id, target: this.#target(m, run), deadline, hurry: this.#hurry.signal, message, event: (type, reason, text) => this.#event(type, reason, text, m) });
    this.#stale.add(run.state.id);
    await this.#refreshStale();
  }

  /** Keeps the newest run and the dead one before it. */
  async #dropOld(r: ContainerRecord): Promise<void> {
    while (r.runs.length > 2) { const old = r.runs.shift()!; await this.#ctx.runtime.removeContainer(old.state.id); }
  }

  async #refreshStale(): Promise<void> {
    for (const id of this.#stale) {
      const r = [...this.#records.values()].find(x => x.runs.some(y => y.state.id === id));
      if (!r) { if (!this.#tasks.size) this.#stale.delete(id); continue; }
      this.#stale.delete(id);
      const run = r.runs.find(x => x.state.id === id)!;
      if (run.settled) continue;
      const now = await this.#ctx.runtime.container(id);
      run.state = now ?? { ...run.state, phase: 'exited', exitCode: 137, finishedAt: this.#ctx.clock.now(), message: 'The container could not be located' };
      if (run.state.phase !== 'exited') continue;
      run.settled = true;
      if (run === latest(r)) { r.prober?.stop(); r.started = false; r.ready = false; }
      const message = now && await terminationMessage(this.#ctx.runtime, run.state);
      if (message) run.message = message;
    }
  }

  // The end.
  #end(why: 'deleted' | 'over'): void {
    const m = this.pod.metadata;
    // Whoever took the object away by force waits for nobody: the containers get the least there is.
    const seconds = this.#gone ? 0 : m?.deletionGracePeriodSeconds ?? this.pod.spec?.terminationGracePeriodSeconds ?? DEFAULT_GRACE_SECONDS;
    const at = this.#ctx.clock.now() + seconds * 1000;
    if (this.#ending && why === 'deleted' && at < this.#deadline - 999) {
      this.#deadline = at;
      const hurry = this.#hurry; this.#hurry = new AbortController(); hurry.abort();
    }
    if (this.#deadline === Number.POSITIVE_INFINITY) this.#deadline = at;
    if (this.#ended && (this.#gone || m?.deletionTimestamp)) { this.#ending ??= this.#cleanUp().catch((e: unknown) => this.#endFailed(e)); return; }
    this.#ending ??= this.#finish().catch((e: unknown) => this.#endFailed(e));
  }

  async #finish(): Promise<void> {
    await this.#stopAll();
    this.#ended = true; this.#ending = undefined;
    if (!this.#gone) this.#publish();
    this.#ctx.leave(this.uid);
    this.wake();
  }

  #endFailed(e: unknown): void {
    this.#ctx.log.warn('ending a pod failed; trying again', { pod: podLabel(this.pod), error: e });
    this.#ending = undefined;
    if (!this.#closed) this.#wakeAt(this.#ctx.clock.now() + SANDBOX_RETRY_MS);
  }

  async #stopAll(): Promise<void> {
    this.#abort.abort(new Error('pod is ending'));
    await Promise.all(this.#tasks);
    if (this.#served()) await this.#drain();
    const all = members(this.pod);
    const stop = async (m: Member): Promise<void> => {
      const r = this.#record(m.container.name); const run = latest(r);
      r.prober?.stopKilling();
      if (!run || run.state.phase !== 'running') return;
      await this.#kill(m, run, () => this.#deadline, `Stopping container ${m.container.name}`);
    };
    await Promise.all(all.filter(m => m.role !== 'sidecar').map(stop));
    for (const m of all.filter(x => x.role === 'sidecar').reverse()) await stop(m);
    for (const r of this.#records.values()) { r.prober?.stop(); delete r.prober; }
    if (this.#ready) { await this.#ctx.runtime.stopSandbox(this.#sandboxes.at(-1)!.id); this.#ready = false; }
    await this.#refreshStale();
    this.#over = true;
    await this.#volumes.tearDown();
    this.#ctx.network.release(this.uid);
  }

  /** Whether services may send to the pod until they hear that it goes. */
  #served(): boolean {
    const m = this.pod.metadata;
    return this.#ready && this.pod.spec?.hostNetwork !== true && Object.keys(m?.labels ?? {}).length > 0 && this.#deadline - this.#ctx.clock.now() >= 1000
      && this.#ctx.runtime.name !== 'simulated' && (this.pod.status?.conditions?.some(c => c.type === 'Ready' && c.status === 'True') ?? false);
  }

  async #drain(): Promise<void> {
    const { network, clock } = this.#ctx;
    const ip = this.#ips[0];
    if (!network.drained || ip === undefined) { await this.#pause(BLIND_DRAIN_MS); return; }
    // Most of the grace is the program's own.
    await Promise.race([network.drained(ip), this.#pause(Math.min(DRAIN_MS, (this.#deadline - clock.now()) / 2))]);
  }

  /** Waits, unless the grace is cut short. */
  #pause(ms: number): Promise<void> {
    const { signal } = this.#hurry;
    return new Promise(resolve => {
      const done = (): void => { timer.cancel(); signal.removeEventListener('abort', done); resolve(); };
      const timer = this.#ctx.clock.after(ms, done);
      signal.addEventListener('abort', done, { once: true });
    });
  }

  /** Everything of the pod leaves this machine, then the object leaves the API. */
  async #cleanUp(): Promise<void> {
    if (!this.#gone) { this.#publish(); await this.#writer.flush(this.uid); }
    for (const s of this.#sandboxes) await this.#ctx.runtime.removeSandbox(s.id);
    this.#sandboxes = [];
    this.#ctx.restarts.forget(`${this.uid}/`); this.#ctx.images.forget(this.uid); this.#ctx.volumes.tokens.forget(this.uid);
    if (!this.#gone) await this.#writer.deletePod(this.pod);
    // A finalizer keeps the object; what is left of the pod is its last status.
    this.close();
    this.#onGone(this);
  }

  #publish(): void {
    if (this.#gone || this.#closed) return;
    const next = podStatus({
      recursiveReadOnly: this.#volumes.recursiveReadOnly,
      pod: this.pod, previous: this.status, records: this.#records, runtimeName: this.#ctx.runtime.name, imageOf: id => this.#images.get(id), sandboxReady: this.#ready,
      podIPs: this.#ready ? this.#ips : [], hostIPs: this.#ctx.network.hostAddresses.slice(0, 1), over: this.#over && this.#ended, now: this.#ctx.clock.now(), allocated: this.#allocated, ...(this.#ready ? { podApplied: this.#podApplied } : {}), resize: this.#over ? {} : this.#resize, restarting: this.#restarting,
      ...(this.#verdict ? { verdict: this.#verdict, rejected: this.#rejected } : {}), ...(this.#blocked ? { blocked: this.#blocked } : {}),
    });
    this.status = next;
    this.#writer.write(this.pod, next);
  }

  /** The API has let go of the pod. */
  get gone(): boolean { return this.#gone; }

  // What the node's server asks.
  get sandbox(): SandboxState | undefined { return this.#ready ? this.#sandboxes.at(-1) : undefined; }
  /** The container's runs, oldest first; undefined when the pod has no such container. */
  runs(name: string): readonly Run[] | undefined { return members(this.pod).some(m => m.container.name === name) ? this.#records.get(name)?.runs ?? [] : undefined; }
  tokensDue(): boolean { return this.#ready && this.#ctx.volumes.tokens.due(this.uid); }
  /** Ids of images its containers use. */
  imagesInUse(): string[] { return [...this.#volumes.images, ...[...this.#records.values()].flatMap(r => r.runs.map(x => x.state.imageId))]; }

  /** Stops looking after the pod; what runs, runs on. */
  close(): void {
    this.#closed = true;
    this.#timer?.cancel();
    for (const r of this.#records.values()) r.prober?.stop();
  }
  /** Kills what runs and removes it from this machine; the object in the API stays as it is. */
  async shutDown(graceSeconds: number): Promise<void> {
    this.close();
    this.#abort.abort(new Error('node is shutting down'));
    await Promise.all(this.#tasks);
    await Promise.all([...this.#records.values()].filter(isRunning).map(r => this.#ctx.runtime.stopContainer(latest(r)!.state.id, graceSeconds)));
    for (const s of this.#sandboxes) await this.#ctx.runtime.removeSandbox(s.id);
    await this.#volumes.tearDown();
    this.#ctx.network.release(this.uid);
  }
  /** Hash of what a running container was started from, for tests and adoption. */
  hashOf(name: string): string | undefined { return latest(this.#records.get(name))?.state.labels[LABEL.hash]; }
}

const words = (e: unknown): string => (e instanceof Error ? e.message : String(e));

/** What a pod was given, as events of a resize tell it. */
function resizeWords(pod: Pod, allocated: ReadonlyMap<string, Requirements>): string {
  const list = [...allocated].filter(([name]) => name !== POD).map(([name, resources]) => ({ name, ...(resources ? { resources: { ...(resources.limits ? { limits: resources.limits } : {}), ...(resources.requests ? { requests: resources.requests } : {}) } } : {}) }));
  return JSON.stringify({ containers: list, ...(pod.metadata?.generation === undefined ? {} : { generation: pod.metadata.generation }) });
}

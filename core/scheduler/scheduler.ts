// The scheduling loop: events change the snapshot and the queue; pods are placed one after another, what follows a decision (permission,
// volumes, binding) goes on beside the next decisions.
import { node as nodeKind } from '../api/kinds/core/node.ts';
import { namespace as namespaceKind } from '../api/kinds/core/namespace.ts';
import { pod as podKind } from '../api/kinds/core/pod.ts';
import { podDisruptionBudget as budgetKind } from '../api/kinds/policy/pod-disruption-budget.ts';
import { semanticEqual } from '../api/meta/equal.ts';
import { isConflict, isNotFound } from '../api/meta/status.ts';
import type { Namespace, Node, Pod, PodDisruptionBudget } from '../api/types/kubernetes.ts';
import type { Clock } from '../base/clock.ts';
import { Figures } from '../base/figures.ts';
import type { Log } from '../base/log.ts';
import type { Client } from '../client/client.ts';
import type { Informer, InformerFactory } from '../client/informer.ts';
import type { EventRecorder } from '../client/recorder.ts';
import { defaultPlugins } from './default-plugins.ts';
import { Extender, type ExtenderConfig } from './extender.ts';
import { createDevices, type SelectDevice } from './devices.ts';
import { createFellows } from './fellows.ts';
import { SchedulerFigures } from './figures.ts';
import { isRefusal, type ClusterEvent, type Cycle, type Hints, type PostFiltered, type WaitingPod } from './framework.ts';
import { fitMessage, NO_NODES } from './message.ts';
import type { NodeInfo } from './node-info.ts';
import { Placer, type Placement } from './placement.ts';
import { placeAsking } from './placement-extended.ts';
import { podInfo, type PodInfo } from './pod-info.ts';
import { hasSameRoom } from './resources.ts';
import { createProfile, type PluginFactory, type Profile, type ProfileConfig } from './profile.ts';
import { SchedulingQueue } from './queue.ts';
import { Snapshot } from './snapshot.ts';
import { StatusWriter } from './status-writer.ts';
import { createStorageView } from './storage-view.ts';
import { WaitingPods } from './waiting-pods.ts';

/** What plug-ins of one's own may do beside deciding. */
export interface SchedulerHandle {
  readonly snapshot: Snapshot;
  /** The pod of that uid, while it waits for permissions. */
  waitingPod(uid: string): WaitingPod | undefined;
  waitingPods(): WaitingPod[];
  /** Tries a refused pod (`namespace/name`) again. */
  activate(key: string): void;
}

export interface SchedulerOptions {
  readonly client: Client;
  readonly informers: InformerFactory;
  readonly recorder: EventRecorder;
  readonly clock: Clock;
  readonly log: Log;
  /** The schedulers by name; pods that name none of them are left alone. One, `default-scheduler`, where nothing is said. */
  readonly profiles?: readonly ProfileConfig[];
  /** Milliseconds a refused pod waits: 1 s after the first attempt, 10 s at most, where nothing is said. */
  readonly backoff?: { readonly first: number; readonly most: number };
  /** Whom to ask over HTTP besides, in this order. */
  readonly extenders?: readonly ExtenderConfig[];
  /** What CEL expressions of device classes and claims select; without it claims with expressions are errors. */
  readonly selectDevice?: SelectDevice;
  /** Plug-ins beside the default ones, by name; profiles enable them. */
  readonly plugins?: (handle: SchedulerHandle) => Readonly<Record<string, PluginFactory>>;
  /** Events of another profile come from a component of its name. */
  readonly recorderFor?: (schedulerName: string) => EventRecorder;
  /** Where it counts; nobody asks where nothing is given. */
  readonly figures?: Figures;
  /** For tests: chooses among equally good nodes. */
  readonly random?: () => number;
}
export interface RunningScheduler {
  /** Nothing is placed afterwards; resolves when bindings under way are answered. */
  stop(): Promise<void>;
}

const DEFAULT_SCHEDULER = 'default-scheduler';
/** Writes under way at most; more would only queue at the server. */
const IN_FLIGHT = 512;
/** Pods placed before others get their turn on the event loop. */
const SLICE = 64;

/** Starts placing pods; resolves when the caches are filled. Throws where a profile makes no sense. */
export async function startScheduler(o: SchedulerOptions): Promise<RunningScheduler> {
  const scheduler = new Scheduler(o);
  await o.informers.start();
  scheduler.run();
  return scheduler;
}

/** One attempt to place a pod, and when it began (performance.now). */
interface Attempt extends Cycle { readonly began: number }

const isDone = (p: Pod): boolean => p.status?.phase === 'Succeeded' || p.status?.phase === 'Failed';
const text = (e: unknown): string => (e instanceof Error ? e.message : String(e));
const profileName = (p: PodInfo): string => p.pod.spec?.schedulerName || DEFAULT_SCHEDULER;
const keyOf = (p: Pod): string => `${p.metadata?.namespace}/${p.metadata?.name}`;

class Scheduler implements RunningScheduler {
  readonly #o: SchedulerOptions;
  readonly #pods: Informer<Pod>;
  readonly #profiles: ReadonlyMap<string, Profile>;
  readonly #hints = new Map<string, Hints | undefined>();
  readonly #snapshot = new Snapshot();
  readonly #placer: Placer;
  readonly #extenders: readonly Extender[];
  readonly #queue: SchedulingQueue;
  readonly #waiting: WaitingPods;
  readonly #status: StatusWriter;
  readonly #figures: SchedulerFigures;
  /** Everything that goes on beside the decisions, and of it what is at the server. */
  readonly #pending = new Set<Promise<void>>();
  readonly #writing = new Set<Promise<void>>();
  /** Pods whose victims are still to be told to go; none is tried again before. */
  readonly #preempting = new Set<string>();
  readonly #stopping = Promise.withResolvers<never>();
  #wake: () => void = () => {};
  #stopped = false;
  #done: Promise<void> = Promise.resolve();

  constructor(o: SchedulerOptions) {
    this.#o = o;
    this.#stopping.promise.catch(() => undefined);
    const random = o.random ?? Math.random;
    this.#placer = new Placer(random);
    this.#extenders = (o.extenders ?? []).map(e => new Extender(e, o.clock));
    this.#waiting = new WaitingPods(o.clock);
    this.#pods = o.informers.for<Pod>(podKind);
    this.#status = new StatusWriter({ client: o.client, clock: o.clock, pods: this.#pods.lister, recorderOf: pod => this.#recorderOf(pod) });
    const budgets = o.informers.for<PodDisruptionBudget>(budgetKind);
    // What the caches hold already is told at once, when no pod waits yet and there is no queue to tell.
    let waits = false;
    const storage = createStorageView(o.client, o.informers, e => { if (waits) this.#happened(e); });
    const devices = createDevices(o.client, o.informers, e => { if (waits) this.#happened(e); });
    const factories = {
      ...defaultPlugins({
        client: o.client, clock: o.clock, storage: storage.storage, storageWriter: storage.writer, budgets: () => budgets.lister.list(), fellowsOf: createFellows(o.informers), random, extenders: this.#extenders, devices,
        selectDevice: o.selectDevice ?? (() => { throw new Error('CEL expressions are not evaluated here'); }),
      }),
      ...o.plugins?.({ snapshot: this.#snapshot, waitingPod: uid => this.#waiting.get(uid), waitingPods: () => this.#waiting.list(), activate: key => this.#queue.activate(key) }),
    };
    this.#profiles = new Map((o.profiles ?? [{ schedulerName: DEFAULT_SCHEDULER }]).map(c => [c.schedulerName, createProfile(c, factories)]));
    for (const p of this.#profiles.values()) for (const [name, plugin] of p.byName) if (!this.#hints.has(name)) this.#hints.set(name, plugin.events);
    const sort = [...this.#profiles.values()][0]!.sort;
    this.#queue = new SchedulingQueue(o.clock, {
      backoff: o.backoff ?? { first: 1_000, most: 10_000 },
      before: (a, b) => sort.before!(a, b), hints: plugin => this.#hints.get(plugin), gate: pod => gateOf(this.#profileOf(pod.pod), pod),
    }, () => this.#wake());
    waits = true;
    this.#figures = new SchedulerFigures(o.figures ?? new Figures(), {
      pending: () => this.#queue.counts(), refused: () => this.#refusals(), held: () => this.#snapshot.held(),
    });
    this.#follow();
  }

  #follow(): void {
    const { informers } = this.#o, snapshot = this.#snapshot;
    this.#pods.on({ add: p => this.#seen(p, undefined), update: (p, prev) => this.#seen(p, prev), delete: p => this.#gone(p) });
    informers.for<Namespace>(namespaceKind).on({
      add: n => snapshot.setNamespace(n.metadata?.name ?? '', n.metadata?.labels ?? {}),
      update: (n, prev) => {
        if (semanticEqual(n.metadata?.labels, prev.metadata?.labels)) return;
        snapshot.setNamespace(n.metadata?.name ?? '', n.metadata?.labels ?? {});
        this.#happened({ kind: 'namespace-labels' });
      },
      delete: n => snapshot.setNamespace(n.metadata?.name ?? '', undefined),
    });
    informers.for<Node>(nodeKind).on({
      add: n => { snapshot.setNode(n); this.#happened({ kind: 'node-added', node: snapshot.get(n.metadata?.name ?? '') }); },
      update: (n, prev) => this.#nodeChanged(n, prev),
      delete: n => { snapshot.removeNode(n.metadata?.name ?? ''); this.#happened({ kind: 'node-removed' }); },
    });
  }

  run(): void { this.#done = this.#loop(); }
  async stop(): Promise<void> {
    this.#stopped = true;
    this.#stopping.reject(new Error('the scheduler stops'));
    this.#queue.close();
    this.#waiting.close();
    this.#wake();
    await this.#done;
    await Promise.all(this.#pending);
  }

  #profileOf(pod: Pod): Profile | undefined { return this.#profiles.get(pod.spec?.schedulerName || DEFAULT_SCHEDULER); }
  #recorderOf(pod: Pod): EventRecorder {
    const name = pod.spec?.schedulerName || DEFAULT_SCHEDULER;
    return name === DEFAULT_SCHEDULER || !this.#o.recorderFor ? this.#o.recorder : this.#o.recorderFor(name);
  }
  /** Who refuses how many of each profile's pods. */
  #refusals(): (readonly [string, string, number])[] {
    const counts = new Map<string, number>();
    for (const [plugin, pods] of this.#queue.refusals()) for (const p of pods) { const id = `${plugin} ${profileName(p)}`; counts.set(id, (counts.get(id) ?? 0) + 1); }
    return [...counts].map(([id, n]) => { const [plugin = '', profile = ''] = id.split(' '); return [plugin, profile, n]; });
  }
  #happened(e: ClusterEvent): void { this.#queue.happened(e); }

  #seen(pod: Pod, prev: Pod | undefined): void {
    const key = keyOf(pod);
    if (isDone(pod)) { this.#gone(pod); return; }
    if (pod.spec?.nodeName) {
      this.#queue.remove(key);
      this.#snapshot.denominate(key);
      const known = this.#snapshot.isPlaced(key) && !this.#snapshot.isAssumed(key);
      const old = known && prev?.metadata?.uid === pod.metadata?.uid ? prev : undefined;
      const sameRoom = old !== undefined && old.metadata?.generation === pod.metadata?.generation && hasSameRoom(old, pod);
      const isLeaving = pod.metadata?.deletionTimestamp !== old?.metadata?.deletionTimestamp, sameLabels = semanticEqual(prev?.metadata?.labels, pod.metadata?.labels);
      if (sameRoom && !isLeaving && sameLabels) return;
      const info = podInfo(pod);
      this.#snapshot.place(info, pod.spec.nodeName, false);
      this.#happened({ kind: !known ? 'pod-placed' : !sameLabels ? 'pod-labels' : isLeaving ? 'pod-leaving' : 'pod-removed', pod: info });
      return;
    }
    if (this.#snapshot.isAssumed(key) || !this.#profileOf(pod)) return;
    if (pod.metadata?.deletionTimestamp !== undefined) {
      if (this.#queue.remove(key)) this.#recorderOf(pod).event(pod, 'Warning', 'FailedScheduling', `skip schedule deleting pod: ${key}`);
      return;
    }
    const info = podInfo(pod), nominated = pod.status?.nominatedNodeName;
    if (nominated && this.#snapshot.nominatedNode(key) === undefined) this.#snapshot.nominate(info, nominated);
    else if (!nominated && prev?.status?.nominatedNodeName) this.#snapshot.denominate(key);
    this.#queue.add(info, !prev || !semanticEqual(pod.spec, prev.spec) || !semanticEqual(pod.metadata?.labels, prev.metadata?.labels) || !semanticEqual(pod.status?.resourceClaimStatuses, prev.status?.resourceClaimStatuses));
  }
  #gone(pod: Pod): void {
    const key = keyOf(pod);
    this.#queue.remove(key);
    this.#waiting.get(pod.metadata?.uid ?? '')?.reject('', 'the pod is gone');
    const freed = this.#snapshot.unplace(key);
    if (this.#snapshot.denominate(key) || freed) this.#happened({ kind: 'pod-removed', pod: podInfo(pod) });
  }
  #nodeChanged(n: Node, prev: Node): void {
    const resources = !semanticEqual(n.status?.allocatable ?? n.status?.capacity, prev.status?.allocatable ?? prev.status?.capacity);
    const labels = !semanticEqual(n.metadata?.labels, prev.metadata?.labels);
    const taints = !semanticEqual(n.spec?.taints, prev.spec?.taints) || !!n.spec?.unschedulable !== !!prev.spec?.unschedulable;
    const images = (n.status?.images?.length ?? 0) !== (prev.status?.images?.length ?? 0);
    // A heartbeat changes none of these.
    if (!resources && !labels && !taints && !images) return;
    this.#snapshot.setNode(n);
    const node = this.#snapshot.get(n.metadata?.name ?? '');
    if (resources) this.#happened({ kind: 'node-resources', node });
    if (labels) this.#happened({ kind: 'node-labels', node });
    if (taints) this.#happened({ kind: 'node-taints', node });
  }

  async #loop(): Promise<void> {
    for (let placed = 0; !this.#stopped;) {
      const info = this.#queue.pop();
      if (!info) { await new Promise<void>(resolve => { this.#wake = resolve; }); continue; }
      try {
        const asking = this.#place(info);
        if (asking) await Promise.race([asking, this.#stopping.promise]);
      } catch (error) {
        if (this.#stopped) break;
        this.#o.log.warn('placing a pod threw', { pod: info.key, error });
        this.#failed(info, text(error), undefined);
      }
      if (++placed % SLICE === 0) await new Promise<void>(resolve => { setImmediate(resolve); });
      if (this.#writing.size >= IN_FLIGHT) await Promise.race(this.#writing);
    }
  }

  /** A promise only where somebody outside is asked; the next pod waits for it. */
  #place(info: PodInfo): Promise<void> | undefined {
    const profile = this.#profileOf(info.pod);
    if (!profile) { this.#queue.remove(info.key); return undefined; }
    if (this.#preempting.has(info.uid)) { this.#queue.retry(info); return undefined; }
    const cycle: Attempt = { pod: info, snapshot: this.#snapshot, began: performance.now() };
    if (this.#snapshot.nodes.length === 0) {
      this.#figures.ended(profileName(info), 'unschedulable');
      this.#queue.refused(info.key, new Set());
      this.#snapshot.denominate(info.key);
      this.#write(this.#status.refused(info, 'Unschedulable', NO_NODES, ''));
      return undefined;
    }
    const asked = this.#extenders.filter(e => e.isInterested(info.pod));
    if (asked.length > 0) return this.#placeAsking(profile, cycle, asked);
    const placement = this.#placer.place(profile, cycle);
    this.#figures.chose(performance.now() - cycle.began);
    if (placement.node) { this.#accept(profile, cycle, placement.node); return undefined; }
    return this.#unfit(profile, cycle, placement);
  }

  async #placeAsking(profile: Profile, cycle: Attempt, extenders: readonly Extender[]): Promise<void> {
    const info = cycle.pod, since = this.#queue.events;
    let placement: Placement | undefined;
    try {
      placement = await placeAsking(this.#placer, profile, cycle, extenders, this.#o.log);
    } catch (error) {
      this.#failed(info, text(error), undefined);
      return;
    }
    if (this.#stopped || !this.#current(info)) return;
    // The cluster went on while they were asked.
    if (!placement) { this.#queue.retry(info); return; }
    if (placement.node) this.#accept(profile, cycle, placement.node); else await this.#unfit(profile, cycle, placement, since);
  }

  #unfit(profile: Profile, cycle: Attempt, placement: Extract<Placement, { message: string }>, since = this.#queue.events): Promise<void> | undefined {
    const { pod: info, snapshot } = cycle;
    let said = '', nominated: string | undefined;
    /** Whether no other is to be asked: room was made, or something went wrong. */
    const heard = (outcome: PostFiltered): boolean => {
      if (outcome.node !== undefined) {
        nominated = outcome.node;
        said = '';
        this.#makeRoom(info, outcome.node, outcome.victims);
        return true;
      }
      said += `${said ? ', ' : ' '}${outcome.message}`;
      if (outcome.work) this.#write(outcome.work);
      if (outcome.clear) { nominated = ''; snapshot.denominate(info.key); }
      return outcome.stop ?? false;
    };
    const end = (): void => {
      this.#figures.ended(profileName(info), 'unschedulable', performance.now() - cycle.began);
      this.#queue.refused(info.key, placement.refusedBy, since);
      this.#write(this.#status.refused(info, 'Unschedulable', placement.message + said, nominated));
    };
    for (const [i, p] of profile.postFilters.entries()) {
      if (p.name === 'DefaultPreemption') this.#figures.looked();
      const outcome = p.postFilter!(cycle, placement.refusals);
      if (outcome instanceof Promise)
        return (async () => {
          if (!heard(await outcome)) for (const q of profile.postFilters.slice(i + 1)) if (heard(await q.postFilter!(cycle, placement.refusals))) break;
          if (this.#current(info)) end();
        })();
      if (heard(outcome)) break;
    }
    end();
    return undefined;
  }

  #makeRoom(info: PodInfo, node: string, victims: readonly PodInfo[]): void {
    // Who was nominated there with less priority will not find room any more: they may look elsewhere.
    for (const p of this.#snapshot.nominatedTo(node)) {
      if (p.priority >= info.priority || p.key === info.key) continue;
      this.#snapshot.denominate(p.key);
      this.#write(this.#status.nominate(p, undefined));
      this.#queue.activate(p.key);
    }
    this.#snapshot.nominate(info, node);
    this.#figures.madeRoom(victims.length);
    this.#preempting.add(info.uid);
    const leaving = victims.map(v => {
      const waits = this.#waiting.get(v.uid);
      if (!waits) return this.#status.preempt(v, info, node);
      waits.reject('DefaultPreemption', 'preempted');
      this.#status.preempted(v.pod, info, node);
      return undefined;
    });
    this.#write(Promise.all(leaving).finally(() => { this.#preempting.delete(info.uid); }).then(() => undefined, async (error: unknown) => {
      // Who should have gone did not: there is no place to wait for.
      this.#snapshot.denominate(info.key);
      this.#queue.activate(info.key, true);
      await this.#status.nominate(info, undefined);
      throw error;
    }));
  }

  /** The pod is as good as there: others are placed beside it from here on. */
  #accept(profile: Profile, cycle: Attempt, node: NodeInfo): void {
    // It stays known to the queue until it is seen on its node: should the decision be taken back, it keeps its place and its back-off.
    const info = cycle.pod;
    this.#snapshot.denominate(info.key);
    this.#snapshot.place(info, node.name, true);
    for (const p of profile.reserves) {
      const no = p.reserve?.(cycle, node);
      if (!no) continue;
      this.#takeBack(profile, cycle, node.name);
      this.#again(info, new Set([p.name]), fitMessage(1, new Map(no.reasons.map(r => [r, 1]))));
      return;
    }
    const waits = new Map<string, number>();
    for (const p of profile.permits) {
      const outcome = p.permit!(cycle, node.name);
      if (!outcome) continue;
      if (isRefusal(outcome)) {
        this.#takeBack(profile, cycle, node.name);
        this.#again(info, new Set([p.name]), fitMessage(1, new Map(outcome.reasons.map(r => [r, 1]))));
        return;
      }
      waits.set(p.name, outcome.wait);
    }
    const before = waits.size > 0 || profile.preBinds.length > 0 ? this.#prepare(profile, cycle, node.name, waits) : undefined;
    if (before) {
      // Others (autoscalers) learn at once where it goes, when getting there takes its time.
      const told = (info.pod.status?.nominatedNodeName ?? '') === node.name ? undefined : this.#track(this.#writeTracked(this.#status.nominate(info, node.name)));
      this.#track(Promise.all([before, told]).then(([ok]) => (ok ? this.#writeTracked(this.#bind(profile, cycle, node.name)) : undefined)));
    }
    else this.#write(this.#bind(profile, cycle, node.name));
  }

  /** Undefined when nothing has to be waited for; resolves with false when the decision was taken back. */
  #prepare(profile: Profile, cycle: Cycle, node: string, waits: ReadonlyMap<string, number>): Promise<boolean> | undefined {
    const info = cycle.pod;
    let running = 'VolumeBinding';
    const preBinds = async (first: Promise<void> | undefined, from: number): Promise<boolean> => {
      try {
        if (first) await Promise.race([first, this.#stopping.promise]);
        for (const p of profile.preBinds.slice(from)) {
          running = p.name;
          const work = p.preBind!(cycle, node);
          if (work) await Promise.race([work, this.#stopping.promise]);
        }
        return true;
      } catch (error) {
        this.#takeBack(profile, cycle, node);
        if (!this.#stopped) this.#failed(info, `running PreBind plugin "${running}": ${text(error)}`, error);
        return false;
      }
    };
    const since = this.#queue.events;
    if (waits.size > 0)
      return this.#waiting.wait(info, node, waits).then(no => {
        if (!no) return preBinds(undefined, 0);
        this.#takeBack(profile, cycle, node);
        if (!this.#stopped) this.#again(info, new Set(no.by ? [no.by] : []), fitMessage(1, new Map([[`pod "${info.pod.metadata?.name}" rejected while waiting on permit: ${no.message}`, 1]])), since);
        return false;
      });
    for (const [i, p] of profile.preBinds.entries()) {
      running = p.name;
      const work = p.preBind!(cycle, node);
      if (work) return preBinds(work, i + 1);
    }
    return undefined;
  }

  async #bind(profile: Profile, cycle: Attempt, node: string): Promise<void> {
    // Once it is seen on its node the queue knows it no more.
    const info = cycle.pod, history = this.#queue.history(info.key), waited = history && this.#o.clock.now() - history.since;
    const bound = (): void => {
      this.#figures.ended(profileName(info), 'scheduled', performance.now() - cycle.began);
      if (history) this.#figures.placed(history.attempts, waited!);
      this.#bound(profile, cycle, node);
    };
    for (const e of this.#extenders) {
      if (!e.config.bindVerb || !e.isInterested(info.pod)) continue;
      try {
        await e.bind(info, node);
        bound();
        return;
      } catch (error) {
        if (e.config.ignorable) { this.#o.log.info('an extender is left out: it failed to bind and may', { extender: e.name, error }); continue; }
        this.#takeBack(profile, cycle, node);
        this.#failed(info, text(error), error);
        return;
      }
    }
    for (const p of profile.binds) {
      try {
        if (!await p.bind!(cycle, node)) continue;
      } catch (error) {
        this.#takeBack(profile, cycle, node);
        if (!isNotFound(error)) this.#failed(info, `running Bind plugin "${p.name}": ${text(error)}`, error);
        return;
      }
      bound();
      return;
    }
    this.#takeBack(profile, cycle, node);
    this.#failed(info, 'no plugin bound the pod', undefined);
  }

  #bound(profile: Profile, cycle: Cycle, node: string): void {
    const { pod, key } = cycle.pod;
    this.#recorderOf(pod).event(pod, 'Normal', 'Scheduled', `Successfully assigned ${key} to ${node}`);
    for (const q of profile.postBinds) q.postBind!(cycle, node);
  }

  #takeBack(profile: Profile, cycle: Cycle, node: string): void {
    for (const p of profile.reserves.toReversed()) p.unreserve?.(cycle, node);
    // Still only assumed: take it back. A pod seen on a node meanwhile stays there.
    if (!this.#snapshot.isAssumed(cycle.pod.key)) return;
    this.#snapshot.unplace(cycle.pod.key);
    this.#happened({ kind: 'pod-removed', pod: cycle.pod });
  }
  /** The pod as it is now, if it is still one to be placed. */
  #current(info: PodInfo): PodInfo | undefined {
    const now = this.#pods.lister.getByKey(info.key);
    return now && now.metadata?.uid === info.uid && !now.spec?.nodeName && now.metadata?.deletionTimestamp === undefined ? podInfo(now) : undefined;
  }
  /** A plug-in said no after the decision: the pod waits for what that plug-in waits for. */
  #again(info: PodInfo, by: ReadonlySet<string>, message: string, since = this.#queue.events): void {
    const now = this.#current(info);
    if (!now) return;
    this.#queue.add(now, false);
    this.#figures.ended(profileName(now), 'unschedulable');
    this.#queue.refused(now.key, by, since, true);
    this.#write(this.#status.refused(now, 'Unschedulable', message, ''));
  }
  /** Something went wrong that is nobody's no: the pod is tried again after its back-off. */
  #failed(info: PodInfo, message: string, error: unknown): void {
    const now = this.#current(info);
    if (!now) return;
    if (error !== undefined && !isConflict(error)) this.#o.log.warn('binding failed', { pod: info.key, error });
    this.#figures.ended(profileName(now), 'error');
    this.#queue.retry(now);
    this.#write(this.#status.refused(now, 'SchedulerError', message, ''));
  }

  #track(work: Promise<void>): Promise<void> {
    const guarded = work.catch((error: unknown) => { this.#o.log.warn('a write failed', { error }); }).finally(() => { this.#pending.delete(guarded); });
    this.#pending.add(guarded);
    return guarded;
  }
  #write(work: Promise<void>): void { void this.#track(this.#writeTracked(work)); }
  /** Counts towards what may be at the server at a time. */
  #writeTracked(work: Promise<void>): Promise<void> {
    const counted = work.finally(() => { this.#writing.delete(counted); });
    this.#writing.add(counted);
    counted.catch(() => undefined);
    return counted;
  }
}

function gateOf(profile: Profile | undefined, pod: PodInfo): string | undefined {
  for (const p of profile?.preEnqueues ?? []) {
    const why = p.preEnqueue!(pod);
    if (why !== undefined) return why;
  }
  return undefined;
}

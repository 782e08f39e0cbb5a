// The scheduling loop: events change the snapshot and the queue; pods are placed one after another, their bindings sent side by side.
import { node as nodeKind } from '../api/kinds/core/node.ts';
import { namespace as namespaceKind } from '../api/kinds/core/namespace.ts';
import { persistentVolumeClaim as claimKind } from '../api/kinds/core/persistent-volume-claim.ts';
import { pod as podKind } from '../api/kinds/core/pod.ts';
import { podDisruptionBudget as budgetKind } from '../api/kinds/policy/pod-disruption-budget.ts';
import { storageClass as storageClassKind } from '../api/kinds/storage/storage-class.ts';
import { semanticEqual } from '../api/meta/equal.ts';
import type { KubeObject } from '../api/meta/object.ts';
import { isConflict, isNotFound } from '../api/meta/status.ts';
import { formatTime } from '../api/meta/time.ts';
import type { Namespace, Node, PersistentVolumeClaim, Pod, PodCondition, PodDisruptionBudget, StorageClass } from '../api/types/kubernetes.ts';
import type { Clock } from '../base/clock.ts';
import type { Log } from '../base/log.ts';
import type { Client } from '../client/client.ts';
import type { Informer, InformerFactory } from '../client/informer.ts';
import type { EventRecorder } from '../client/recorder.ts';
import { blockedByClaims, VOLUME_BINDING, type Storage } from './claims.ts';
import { blockedMessage, failureMessage, NO_NODES } from './message.ts';
import { Placer } from './placement.ts';
import { podInfo, type PodInfo } from './pod-info.ts';
import { findVictims } from './preemption.ts';
import { SchedulingQueue } from './queue.ts';
import { filters } from './registry.ts';
import { Snapshot } from './snapshot.ts';

export interface SchedulerOptions {
  readonly client: Client;
  readonly informers: InformerFactory;
  readonly recorder: EventRecorder;
  readonly clock: Clock;
  readonly log: Log;
  /** Only pods that name this scheduler are placed; `default-scheduler` where nothing is said. */
  readonly schedulerName?: string;
  /** For tests: chooses among equally good nodes. */
  readonly random?: () => number;
}
export interface RunningScheduler {
  /** Nothing is placed afterwards; resolves when bindings under way are answered. */
  stop(): Promise<void>;
}

/** Bindings under way at most; more would only queue at the server. */
const IN_FLIGHT = 512;
/** Pods placed before others get their turn on the event loop. */
const SLICE = 64;

/** Starts placing pods; resolves when the caches are filled. */
export async function startScheduler(o: SchedulerOptions): Promise<RunningScheduler> {
  const scheduler = new Scheduler(o);
  await o.informers.start();
  scheduler.run();
  return scheduler;
}

const helps = new Map([...filters.map(f => [f.name, new Set<string>(f.events)] as const), [VOLUME_BINDING, new Set(['claim-changed'])] as const]);
const isDone = (p: Pod): boolean => p.status?.phase === 'Succeeded' || p.status?.phase === 'Failed';
const text = (e: unknown): string => (e instanceof Error ? e.message : String(e));

class Scheduler implements RunningScheduler {
  readonly #o: SchedulerOptions;
  readonly #name: string;
  readonly #pods: Informer<Pod>;
  readonly #storage: Storage;
  readonly #budgets: Informer<PodDisruptionBudget>;
  readonly #snapshot = new Snapshot();
  readonly #placer: Placer;
  readonly #queue: SchedulingQueue;
  readonly #pending = new Set<Promise<void>>();
  #wake: () => void = () => {};
  #stopped = false;
  #done: Promise<void> = Promise.resolve();

  constructor(o: SchedulerOptions) {
    this.#o = o;
    this.#name = o.schedulerName ?? 'default-scheduler';
    this.#placer = new Placer(this.#snapshot, o.random);
    this.#queue = new SchedulingQueue(o.clock, (event, plugin) => helps.get(plugin)?.has(event) ?? true, () => this.#wake());
    this.#pods = o.informers.for<Pod>(podKind);
    this.#pods.on({ add: p => this.#seen(p, undefined), update: (p, prev) => this.#seen(p, prev), delete: p => this.#gone(p) });
    const claims = o.informers.for<PersistentVolumeClaim>(claimKind);
    const classes = o.informers.for<StorageClass>(storageClassKind);
    this.#storage = { claim: (namespace, name) => claims.lister.get(namespace, name), storageClass: name => classes.lister.get(undefined, name) };
    this.#budgets = o.informers.for<PodDisruptionBudget>(budgetKind);
    const claimChanged = (): void => this.#queue.happened('claim-changed');
    claims.on({ add: claimChanged, update: claimChanged });
    const named = (n: Namespace): void => { this.#snapshot.namespaces.set(n.metadata?.name ?? '', n.metadata?.labels ?? {}); };
    o.informers.for<Namespace>(namespaceKind).on({ add: named, update: n => { named(n); this.#queue.happened('pod-labels'); }, delete: n => { this.#snapshot.namespaces.delete(n.metadata?.name ?? ''); } });
    o.informers.for<Node>(nodeKind).on({
      add: n => { this.#snapshot.setNode(n); this.#queue.happened('node-added'); },
      update: (n, prev) => this.#nodeChanged(n, prev),
      delete: n => this.#snapshot.removeNode(n.metadata?.name ?? ''),
    });
  }

  run(): void { this.#done = this.#loop(); }
  async stop(): Promise<void> {
    this.#stopped = true;
    this.#queue.close();
    this.#wake();
    await this.#done;
    await Promise.all(this.#pending);
  }

  #seen(pod: Pod, prev: Pod | undefined): void {
    const key = `${pod.metadata?.namespace}/${pod.metadata?.name}`;
    if (isDone(pod)) { this.#gone(pod); return; }
    if (pod.spec?.nodeName) {
      this.#queue.remove(key);
      this.#snapshot.denominate(key);
      const known = this.#snapshot.isPlaced(key) && !this.#snapshot.isAssumed(key);
      const same = known && prev?.metadata?.uid === pod.metadata?.uid && prev?.metadata?.generation === pod.metadata?.generation
        && prev?.metadata?.deletionTimestamp === pod.metadata?.deletionTimestamp;
      const sameLabels = semanticEqual(prev?.metadata?.labels, pod.metadata?.labels);
      if (same && sameLabels) return;
      this.#snapshot.place(podInfo(pod), pod.spec.nodeName, false);
      this.#queue.happened(known ? (sameLabels ? 'pod-removed' : 'pod-labels') : 'pod-placed');
      return;
    }
    if (this.#snapshot.isAssumed(key)) return;
    if ((pod.spec?.schedulerName ?? 'default-scheduler') !== this.#name) return;
    if (pod.metadata?.deletionTimestamp !== undefined || pod.spec?.schedulingGates?.length) { this.#queue.remove(key); return; }
    this.#queue.add(podInfo(pod), !prev || !semanticEqual(pod.spec, prev.spec) || !semanticEqual(pod.metadata?.labels, prev.metadata?.labels));
  }
  #gone(pod: Pod): void {
    const key = `${pod.metadata?.namespace}/${pod.metadata?.name}`;
    this.#queue.remove(key);
    const freed = this.#snapshot.unplace(key);
    if (this.#snapshot.denominate(key) || freed) this.#queue.happened('pod-removed');
  }
  #nodeChanged(n: Node, prev: Node): void {
    const resources = !semanticEqual(n.status?.allocatable ?? n.status?.capacity, prev.status?.allocatable ?? prev.status?.capacity);
    const labels = !semanticEqual(n.metadata?.labels, prev.metadata?.labels);
    const taints = !semanticEqual(n.spec?.taints, prev.spec?.taints) || !!n.spec?.unschedulable !== !!prev.spec?.unschedulable;
    const images = (n.status?.images?.length ?? 0) !== (prev.status?.images?.length ?? 0);
    // A heartbeat changes none of these.
    if (!resources && !labels && !taints && !images) return;
    this.#snapshot.setNode(n);
    if (resources) this.#queue.happened('node-resources');
    if (labels) this.#queue.happened('node-labels');
    if (taints) this.#queue.happened('node-taints');
  }

  async #loop(): Promise<void> {
    for (let placed = 0; !this.#stopped;) {
      const info = this.#queue.pop();
      if (!info) { await new Promise<void>(resolve => { this.#wake = resolve; }); continue; }
      try {
        this.#place(info);
      } catch (error) {
        this.#o.log.error('placing a pod threw', { pod: info.key, error });
        this.#queue.retry(info);
      }
      if (++placed % SLICE === 0) await new Promise<void>(resolve => { setImmediate(resolve); });
      if (this.#pending.size >= IN_FLIGHT) await Promise.race(this.#pending);
    }
  }

  #place(info: PodInfo): void {
    const blocked = blockedByClaims(info.pod, this.#storage);
    if (blocked !== undefined && this.#snapshot.nodes.length > 0) {
      this.#queue.refused(info.key, new Set([VOLUME_BINDING]));
      this.#track(this.#report(info, blockedMessage(this.#snapshot.nodes.length, blocked), undefined));
      return;
    }
    const placement = this.#placer.place(info);
    if (placement.node !== undefined) {
      this.#queue.remove(info.key);
      this.#snapshot.denominate(info.key);
      this.#snapshot.place(info, placement.node, true);
      this.#track(this.#bind(info, placement.node));
      return;
    }
    const nodes = this.#snapshot.nodes.length;
    if (nodes === 0) {
      this.#queue.refused(info.key, new Set());
      this.#track(this.#report(info, NO_NODES, undefined));
      return;
    }
    const nominated = this.#snapshot.nominatedNode(info.key);
    const preemption = findVictims(info, this.#snapshot, placement.refusals, nominated, this.#budgets.lister.list());
    this.#queue.refused(info.key, placement.refusedBy);
    if (preemption.node !== undefined) {
      this.#snapshot.nominate(info, preemption.node);
      this.#track(this.#evict(info, preemption.node, preemption.victims));
    }
    const outcome = preemption.node === undefined ? preemption.message : '';
    const message = failureMessage(nodes, placement.refusals.values(), outcome).replace(/ preemption: $/, '');
    this.#track(this.#report(info, message, preemption.node));
  }

  #track(work: Promise<void>): void {
    const guarded = work.catch((error: unknown) => { this.#o.log.warn('a write failed', { error }); }).finally(() => { this.#pending.delete(guarded); });
    this.#pending.add(guarded);
  }

  async #bind(info: PodInfo, node: string): Promise<void> {
    const { pod } = info;
    const binding: KubeObject & { target: { apiVersion: string; kind: string; name: string } } = {
      apiVersion: 'v1', kind: 'Binding', metadata: { name: pod.metadata?.name, namespace: info.namespace, uid: info.uid },
      target: { apiVersion: 'v1', kind: 'Node', name: node },
    };
    try {
      await this.#o.client.create(podKind, binding, { name: 'binding', of: pod.metadata?.name ?? '' });
    } catch (error) {
      // Still only assumed: take it back. A pod seen on a node meanwhile stays there.
      if (this.#snapshot.isAssumed(info.key)) { this.#snapshot.unplace(info.key); this.#queue.happened('pod-removed'); }
      const now = this.#pods.lister.getByKey(info.key);
      if (!now || now.metadata?.uid !== info.uid || now.spec?.nodeName || now.metadata?.deletionTimestamp !== undefined || isNotFound(error)) return;
      this.#o.recorder.event(pod, 'Warning', 'FailedScheduling', `running Bind plugin "DefaultBinder": ${text(error)}`);
      if (!isConflict(error)) this.#o.log.warn('binding failed', { pod: info.key, node, error });
      this.#queue.retry(podInfo(now));
      return;
    }
    this.#o.recorder.event(pod, 'Normal', 'Scheduled', `Successfully assigned ${info.key} to ${node}`);
  }

  /** The event, and the condition in which users and autoscalers look for it. */
  async #report(info: PodInfo, message: string, nominated: string | undefined): Promise<void> {
    this.#o.recorder.event(info.pod, 'Warning', 'FailedScheduling', message);
    const conditions = info.pod.status?.conditions ?? [];
    const old = conditions.find(c => c.type === 'PodScheduled');
    const told = old?.status === 'False' && old.reason === 'Unschedulable' && old.message === message;
    if (told && (nominated === undefined || info.pod.status?.nominatedNodeName === nominated)) return;
    const next: PodCondition = {
      type: 'PodScheduled', status: 'False', reason: 'Unschedulable', message,
      lastTransitionTime: old?.status === 'False' && old.lastTransitionTime ? old.lastTransitionTime : formatTime(this.#o.clock.now()),
    };
    const status = { conditions: [...conditions.filter(c => c !== old), next], ...(nominated === undefined ? {} : { nominatedNodeName: nominated }) };
    await this.#patchStatus(info, { metadata: { uid: info.uid }, status });
  }

  async #evict(info: PodInfo, node: string, victims: readonly PodInfo[]): Promise<void> {
    const now = formatTime(this.#o.clock.now());
    await Promise.all(victims.filter(v => v.pod.metadata?.deletionTimestamp === undefined).map(async v => {
      const condition: PodCondition = {
        type: 'DisruptionTarget', status: 'True', reason: 'PreemptionByScheduler', lastTransitionTime: now,
        message: `${this.#name}: preempting to accommodate a higher priority pod`,
      };
      const current = this.#pods.lister.getByKey(v.key) ?? v.pod;
      await this.#patchStatus(v, { metadata: { uid: v.uid }, status: { conditions: [...(current.status?.conditions ?? []).filter(c => c.type !== condition.type), condition] } });
      try {
        await this.#o.client.delete(podKind, v.namespace, v.pod.metadata?.name ?? '', { preconditions: { uid: v.uid } });
      } catch (error) {
        if (!isNotFound(error)) throw error;
        return;
      }
      this.#o.recorder.event(v.pod, 'Normal', 'Preempted', `Preempted by pod ${info.uid} on node ${node}`);
    }));
  }

  async #patchStatus(info: PodInfo, patch: unknown): Promise<void> {
    try {
      await this.#o.client.patch(podKind, info.namespace, info.pod.metadata?.name ?? '', 'application/merge-patch+json', patch, 'status');
    } catch (error) {
      // Gone or replaced meanwhile: there is nobody left to tell.
      if (!isNotFound(error) && !isConflict(error)) throw error;
    }
  }
}

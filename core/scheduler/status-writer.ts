// What the scheduler writes about pods: why they wait, where room is made for them, and why others had to go.
import { pod as podKind } from '../api/kinds/core/pod.ts';
import { isConflict, isNotFound } from '../api/meta/status.ts';
import { formatTime } from '../api/meta/time.ts';
import type { Pod, PodCondition } from '../api/types/kubernetes.ts';
import type { Clock } from '../base/clock.ts';
import type { Client } from '../client/client.ts';
import type { Lister } from '../client/informer.ts';
import type { EventRecorder } from '../client/recorder.ts';
import type { PodInfo } from './pod-info.ts';

/** The most characters an event's note has. */
const NOTE = 1024;

export interface StatusWriterOptions { readonly client: Client; readonly clock: Clock; readonly pods: Lister<Pod>; readonly recorderOf: (pod: Pod) => EventRecorder }

export class StatusWriter {
  readonly #o: StatusWriterOptions;
  readonly #under = new Map<string, Promise<void>>();
  constructor(o: StatusWriterOptions) { this.#o = o; }

  /** The event, and the condition in which users and autoscalers look for it. `nominated`: '' takes a nomination back, undefined leaves it. */
  async refused(info: PodInfo, reason: 'Unschedulable' | 'SchedulerError', message: string, nominated?: string): Promise<void> {
    const now = this.#o.pods.getByKey(info.key), pod = now?.metadata?.uid === info.uid ? now : info.pod;
    // A note of an event may not be longer; the condition says it whole.
    this.#o.recorderOf(pod).event(pod, 'Warning', 'FailedScheduling', message.length > NOTE ? `${message.slice(0, NOTE - 4)} ...` : message);
    const conditions = pod.status?.conditions ?? [];
    const old = conditions.find(c => c.type === 'PodScheduled');
    const told = old?.status === 'False' && old.reason === reason && old.message === message;
    // A nomination is written in any case: what is known of an earlier one may be older than its being taken back.
    if (told && !nominated && (nominated === undefined || (pod.status?.nominatedNodeName ?? '') === '')) return;
    const next: PodCondition = {
      type: 'PodScheduled', status: 'False', reason, message, ...generationOf(pod),
      lastTransitionTime: old?.status === 'False' && old.lastTransitionTime ? old.lastTransitionTime : formatTime(this.#o.clock.now()),
    };
    const status = { conditions: [...conditions.filter(c => c !== old), next], ...(nominated === undefined ? {} : { nominatedNodeName: nominated || null }) };
    await this.#patch(info, { metadata: { uid: info.uid }, status });
  }

  /** Where the pod is to go; undefined takes it back. */
  async nominate(info: PodInfo, node: string | undefined): Promise<void> { await this.#patch(info, { metadata: { uid: info.uid }, status: { nominatedNodeName: node ?? null } }); }

  /** Marks a pod as one that has to go for another, and deletes it with its own grace. */
  async preempt(victim: PodInfo, by: PodInfo, node: string): Promise<void> {
    const pod = this.#o.pods.getByKey(victim.key) ?? victim.pod;
    if (pod.metadata?.uid !== victim.uid || pod.metadata.deletionTimestamp !== undefined) return;
    const condition: PodCondition = {
      type: 'DisruptionTarget', status: 'True', reason: 'PreemptionByScheduler', ...generationOf(pod), lastTransitionTime: formatTime(this.#o.clock.now()),
      message: `${by.pod.spec?.schedulerName ?? 'default-scheduler'}: preempting to accommodate a higher priority pod`,
    };
    await this.#patch(victim, { metadata: { uid: victim.uid }, status: { conditions: [...(pod.status?.conditions ?? []).filter(c => c.type !== condition.type), condition] } });
    try {
      await this.#o.client.delete(podKind, victim.namespace, pod.metadata.name ?? '', { preconditions: { uid: victim.uid } });
    } catch (error) {
      if (!isNotFound(error)) throw error;
      return;
    }
    this.preempted(pod, by, node);
  }
  preempted(pod: Pod, by: PodInfo, node: string): void { this.#o.recorderOf(by.pod).event(pod, 'Normal', 'Preempted', `Preempted by pod ${by.uid} on node ${node}`); }

  /** Patches of one pod go out one after another, so that the last word is the last. */
  async #patch(info: PodInfo, patch: unknown): Promise<void> {
    const before = this.#under.get(info.key), own = before ? before.then(() => this.#send(info, patch)) : this.#send(info, patch);
    const over = own.then(() => undefined, () => undefined);
    this.#under.set(info.key, over);
    try { await own; } finally { if (this.#under.get(info.key) === over) this.#under.delete(info.key); }
  }
  async #send(info: PodInfo, patch: unknown): Promise<void> {
    try {
      await this.#o.client.patch(podKind, info.namespace, info.pod.metadata?.name ?? '', 'application/merge-patch+json', patch, 'status');
    } catch (error) {
      // Gone or replaced meanwhile: there is nobody left to tell.
      if (!isNotFound(error) && !isConflict(error)) throw error;
    }
  }
}

const generationOf = (pod: Pod): { observedGeneration?: number } => (pod.metadata?.generation ? { observedGeneration: pod.metadata.generation } : {});

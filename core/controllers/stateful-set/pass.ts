// One look at one stateful set: pods that are missing are made, in order; those beyond the end go, from the last; then those of an
// older revision are replaced, from the last. Under OrderedReady each step waits for the one before it.
import { isTerminal, isTerminating } from '../../api/meta/pod.ts';
import { scaledValue } from '../../api/meta/intstr.ts';
import type { Pod, StatefulSet, StatefulSetStatus } from '../../api/types/kubernetes.ts';
import { slowStart } from '../batch.ts';
import { templateIn } from '../history.ts';
import { isInRange, newPod, ordinalOf, replicasOf, revisionOf, startOf, type Revisions } from './identity.ts';
import type { StatefulPods } from './pods.ts';
import { countsOf, isCreated, isHealthy, isRunningAndReady } from './status.ts';

/** What a pass came to: the status to be written, and why it ended early. */
export interface Result { readonly status: StatefulSetStatus; readonly error?: Error }

/** Handles one pod; true when nothing may be done beyond it in this pass. */
type Step = (pod: Pod) => Promise<boolean>;

export class Pass {
  readonly #set: StatefulSet;
  readonly #revisions: Revisions;
  readonly #pods: StatefulPods;
  readonly #now: number;
  /** One per ordinal; those not there yet are as they would be made. */
  readonly #replicas: readonly Pod[];
  /** Those whose ordinals are not wanted, the highest first. */
  readonly #condemned: readonly Pod[];

  constructor(set: StatefulSet, revisions: Revisions, pods: StatefulPods, own: readonly Pod[], now: number) {
    this.#set = set;
    this.#revisions = revisions;
    this.#pods = pods;
    this.#now = now;
    const byOrdinal = new Map(own.map(p => [ordinalOf(p), p]));
    const start = startOf(set);
    this.#replicas = Array.from({ length: replicasOf(set) }, (_, i) => byOrdinal.get(start + i) ?? this.#planned(start + i));
    this.#condemned = own.filter(p => ordinalOf(p) >= 0 && !isInRange(set, ordinalOf(p))).sort((a, b) => ordinalOf(b) - ordinalOf(a));
  }

  async run(): Promise<Result> {
    const monotonic = this.#set.spec?.podManagementPolicy !== 'Parallel';
    const firstUnhealthy = [...this.#replicas, ...this.#condemned.toReversed()].find(p => !this.#healthy(p));
    const steps: [readonly Pod[], Step][] = [
      // Where no pod waits for another, those that need nothing are not looked at one by one.
      [monotonic ? this.#replicas : this.#replicas.filter(p => !isCreated(p) || isTerminal(p) || !this.#pods.isInOrder(p)), pod => this.#keep(pod, monotonic)],
      [this.#condemned.filter(p => !this.#pods.policyFollowed(p)), async pod => { await this.#pods.followPolicy(pod); return false; }],
      [this.#condemned, pod => this.#condemn(pod, monotonic, firstUnhealthy)],
    ];
    for (const [pods, step] of steps) {
      const { stopped, error } = await forAll(pods, step, monotonic);
      if (stopped) return { status: this.#status(), ...(error ? { error } : {}) };
    }
    const status = this.#status();
    if (this.#set.spec?.updateStrategy?.type === 'OnDelete') return { status };
    try {
      await this.#update(status);
    } catch (error) {
      return { status, error: error instanceof Error ? error : new Error(String(error)) };
    }
    return { status };
  }

  /** A pod below the partition is made as it was, all others as they are to be. */
  #planned(ordinal: number): Pod {
    const { current, update } = this.#revisions;
    const rolling = this.#set.spec?.updateStrategy?.rollingUpdate;
    const asItWas = rolling ? ordinal < startOf(this.#set) + (rolling.partition ?? 0)
      : this.#set.spec?.updateStrategy?.type === 'RollingUpdate' && ordinal < startOf(this.#set) + (this.#set.status?.currentReplicas ?? 0);
    const revision = asItWas ? current : update;
    return newPod(this.#set, templateIn(revision) ?? this.#set.spec!.template, revision.metadata?.name ?? '', ordinal);
  }

  #healthy(pod: Pod): boolean { return isHealthy(this.#set, pod, this.#now); }

  #status(): StatefulSetStatus {
    const { current, update, collisionCount } = this.#revisions;
    return countsOf(this.#set, [...this.#replicas, ...this.#condemned], { current: current.metadata?.name ?? '', update: update.metadata?.name ?? '', collisionCount }, this.#now);
  }

  async #keep(pod: Pod, monotonic: boolean): Promise<boolean> {
    // However it ended: a pod of a stateful set is to run. The next of its name is made when this one is gone.
    if (isTerminal(pod)) {
      if (!isTerminating(pod)) await this.#pods.replace(pod);
      return true;
    }
    if (!isCreated(pod)) {
      if (this.#pods.mustWaitForClaims(pod)) return true;
      await this.#pods.create(pod);
      return monotonic;
    }
    if (pod.status?.phase === 'Pending' && !this.#pods.isInOrder(pod)) await this.#pods.restoreClaims(pod);
    if (monotonic && (!isRunningAndReady(pod) || !this.#healthy(pod))) return true;
    await this.#pods.correct(pod);
    return false;
  }

  async #condemn(pod: Pod, monotonic: boolean, firstUnhealthy: Pod | undefined): Promise<boolean> {
    if (isTerminating(pod)) return monotonic;
    // One that has ended will never be ready: to wait for that, as Kubernetes does, would be to wait for ever.
    if (monotonic && !isTerminal(pod) && (!isRunningAndReady(pod) || !this.#healthy(pod)) && pod !== firstUnhealthy) return true;
    await this.#pods.delete(pod);
    return true;
  }

  /** Replaces pods of another revision by deleting them. Changes `status` by what it deletes. */
  async #update(status: StatefulSetStatus): Promise<void> {
    const rolling = this.#set.spec?.updateStrategy?.rollingUpdate;
    const targets = this.#replicas.slice(rolling?.partition ?? 0).toReversed();
    const isOld = (pod: Pod): boolean => revisionOf(pod) !== this.#revisions.update.metadata?.name;
    const replace = async (pod: Pod): Promise<void> => {
      await this.#pods.delete(pod);
      status.currentReplicas = (status.currentReplicas ?? 0) - 1;
    };
    if (rolling?.maxUnavailable === undefined) {
      for (const pod of targets) {
        if (isOld(pod) && !isTerminating(pod)) { await replace(pod); return; }
        if (!this.#healthy(pod)) return;
      }
      return;
    }
    const parallel = this.#set.spec?.podManagementPolicy === 'Parallel';
    const most = Math.max(1, scaledValue(rolling.maxUnavailable, replicasOf(this.#set), false));
    // In parallel, a broken pod of an older revision is what the update is to mend: it must not stand in its way.
    const unavailable = this.#replicas.filter(p => !this.#healthy(p) && !(parallel && isOld(p) && !isTerminating(p))).length;
    for (const pod of targets.filter(p => isOld(p) && !isTerminating(p)).slice(0, Math.max(0, most - unavailable))) await replace(pod);
  }
}

/** In order until one says stop, or, where order does not matter, all of them in batches that grow as long as none fails. */
async function forAll(pods: readonly Pod[], step: Step, monotonic: boolean): Promise<{ stopped: boolean; error?: Error }> {
  if (!monotonic) {
    const { error } = await slowStart(pods.length, async i => { await step(pods[i]!); });
    return error ? { stopped: true, error } : { stopped: false };
  }
  try {
    for (const pod of pods) if (await step(pod)) return { stopped: true };
  } catch (error) {
    return { stopped: true, error: error instanceof Error ? error : new Error(String(error)) };
  }
  return { stopped: false };
}

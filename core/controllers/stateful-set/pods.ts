// What a stateful set does to its pods and their claims, with the events it writes about it.
import { persistentVolumeClaim as claimKind } from '../../api/kinds/core/persistent-volume-claim.ts';
import { pod as podKind } from '../../api/kinds/core/pod.ts';
import { objectKey } from '../../api/meta/object.ts';
import { isAlreadyExists } from '../../api/meta/status.ts';
import type { PersistentVolumeClaim, Pod, StatefulSet } from '../../api/types/kubernetes.ts';
import type { Lister } from '../../client/informer.ts';
import type { ControllerContext } from '../controller.ts';
import type { Expectations } from '../expectations.ts';
import type { FailureBackoff } from '../failure-backoff.ts';
import { messageOf, removePod } from '../pod-writes.ts';
import { podKey } from '../pods.ts';
import { namespaceTerminating } from '../terminating.ts';
import { claimNameOf, claimsOf, corrected, hasIdentity, hasStorage, ordinalOf } from './identity.ts';
import { belongsToFormerPod, deletesWhenScaled, hasForeignController, isUpToDate, ownersOf } from './ownership.ts';

type Verb = 'create' | 'update' | 'delete';
const titled = (verb: Verb): string => verb[0]!.toUpperCase() + verb.slice(1);

/** The pods of one set, changed one by one. Every method rejects with the server's refusal after an event said it. */
export class StatefulPods {
  readonly #ctx: ControllerContext;
  readonly #claims: Lister<PersistentVolumeClaim>;
  readonly #expectations: Expectations;
  readonly #backoff: FailureBackoff;
  readonly #waits: number[];
  readonly #set: StatefulSet;
  readonly #key: string;

  /** How long to wait for what may not be done yet is added to `waits`, in ms. */
  constructor(ctx: ControllerContext, claims: Lister<PersistentVolumeClaim>, expectations: Expectations, backoff: FailureBackoff, waits: number[], set: StatefulSet) {
    this.#ctx = ctx;
    this.#claims = claims;
    this.#expectations = expectations;
    this.#backoff = backoff;
    this.#waits = waits;
    this.#set = set;
    this.#key = objectKey(set);
  }

  /** A claim of the pod-to-be belongs to its predecessor and is about to go. */
  mustWaitForClaims(pod: Pod): boolean {
    return deletesWhenScaled(this.#set) && this.#existing(pod).some(c => belongsToFormerPod(c, pod));
  }

  /** Makes the claims that are missing, then the pod. */
  async create(pod: Pod): Promise<void> {
    try {
      await this.#createClaims(pod);
    } catch (error) {
      this.#podEvent('create', pod, error);
      throw error;
    }
    this.#expectations.raise(this.#key, 1);
    try {
      await this.#ctx.client.create<Pod>(podKind, pod);
    } catch (error) {
      this.#expectations.creationObserved(this.#key);
      // The cache was behind: it is there, or one that is not ours has its name.
      if (!isAlreadyExists(error) && !namespaceTerminating(error)) this.#podEvent('create', pod, error);
      throw error;
    }
    this.#podEvent('create', pod);
    await this.followPolicy(pod);
  }

  /** Makes claims that went missing under a pod that still waits for them. */
  async restoreClaims(pod: Pod): Promise<void> {
    await this.#createClaims(pod);
    await this.followPolicy(pod);
  }

  /**
   * Deletes a pod that has ended, so that the next of its name is made. One after the other that fails, on a node that will not have them, is
   * left a while, so that neither the cluster is busy with it alone nor who looks for the reason finds the pod gone.
   */
  async replace(pod: Pod): Promise<void> {
    const name = `${this.#set.metadata?.uid}/${pod.metadata?.name}`, left = this.#backoff.left(name);
    if (left > 0) { this.#waits.push(left); return; }
    this.#backoff.note(name);
    await this.delete(pod);
  }

  async delete(pod: Pod): Promise<void> {
    this.#expectations.raise(this.#key, 0, [podKey(pod)]);
    try {
      if (await removePod(this.#ctx, pod)) this.#podEvent('delete', pod);
      else this.#expectations.deletionObserved(this.#key, podKey(pod));
    } catch (error) {
      this.#expectations.deletionObserved(this.#key, podKey(pod));
      this.#podEvent('delete', pod, error);
      throw error;
    }
  }

  /** Puts labels, volumes and the owners of claims right, where they are not. */
  async correct(pod: Pod): Promise<void> {
    const identity = hasIdentity(pod), storage = hasStorage(this.#set, pod);
    if (identity && storage && this.policyFollowed(pod)) return;
    try {
      if (!storage) await this.#createClaims(pod);
      await this.followPolicy(pod);
      if (!identity || !storage) await this.#ctx.client.update<Pod>(podKind, corrected(this.#set, pod));
    } catch (error) {
      this.#podEvent('update', pod, error);
      throw error;
    }
    this.#podEvent('update', pod);
  }

  /** Nothing of its labels, volumes and claims needs a hand. */
  isInOrder(pod: Pod): boolean {
    return hasIdentity(pod) && hasStorage(this.#set, pod) && this.policyFollowed(pod) && (pod.status?.phase !== 'Pending' || this.#existing(pod).length === (this.#set.spec?.volumeClaimTemplates?.length ?? 0));
  }

  policyFollowed(pod: Pod): boolean { return this.#existing(pod).every(c => isUpToDate(c, this.#set, pod)); }

  /** Gives the claims of a pod the owners that the retention policy says. */
  async followPolicy(pod: Pod): Promise<void> {
    for (const claim of this.#existing(pod)) {
      if (hasForeignController(claim, this.#set, pod))
        this.#ctx.recorder.event(this.#set, 'Warning', 'ConflictingController', `PersistentVolumeClaim ${claim.metadata?.name} has a conflicting OwnerReference that acts as a manging controller, the retention policy is ignored for this claim`);
      if (isUpToDate(claim, this.#set, pod)) continue;
      try {
        await this.#ctx.client.update<PersistentVolumeClaim>(claimKind, { ...claim, metadata: { ...claim.metadata, ownerReferences: ownersOf(claim, this.#set, pod) } });
      } catch (error) {
        throw new Error(`could not update claim ${claim.metadata?.name} for delete policy ownerRefs: ${messageOf(error)}`, { cause: error });
      }
    }
  }

  #existing(pod: Pod): PersistentVolumeClaim[] {
    const ordinal = ordinalOf(pod);
    return (this.#set.spec?.volumeClaimTemplates ?? []).map(t => this.#claims.get(this.#set.metadata?.namespace, claimNameOf(this.#set, t, ordinal))).filter(c => c !== undefined);
  }

  async #createClaims(pod: Pod): Promise<void> {
    const errors: string[] = [];
    for (const claim of claimsOf(this.#set, ordinalOf(pod))) {
      const name = claim.metadata?.name ?? '', known = this.#claims.get(claim.metadata?.namespace, name);
      if (known) {
        if (known.metadata?.deletionTimestamp !== undefined) errors.push(`pvc ${name} is being deleted`);
        continue;
      }
      try {
        await this.#ctx.client.create<PersistentVolumeClaim>(claimKind, claim);
        this.#ctx.recorder.event(this.#set, 'Normal', 'SuccessfulCreate', `create Claim ${name} Pod ${pod.metadata?.name} in StatefulSet ${this.#set.metadata?.name} success`);
      } catch (error) {
        if (namespaceTerminating(error)) throw error;
        errors.push(`failed to create PVC ${name}: ${messageOf(error)}`);
        if (!isAlreadyExists(error)) this.#ctx.recorder.event(this.#set, 'Warning', 'FailedCreate', `create Claim ${name} for Pod ${pod.metadata?.name} in StatefulSet ${this.#set.metadata?.name} failed error: ${messageOf(error)}`);
      }
    }
    if (errors.length) throw new Error(errors.length === 1 ? errors[0] : `[${errors.join(', ')}]`);
  }

  #podEvent(verb: Verb, pod: Pod, error?: unknown): void {
    const what = `${verb} Pod ${pod.metadata?.name} in StatefulSet ${this.#set.metadata?.name}`;
    if (error === undefined) this.#ctx.recorder.event(this.#set, 'Normal', `Successful${titled(verb)}`, `${what} successful`);
    else this.#ctx.recorder.event(this.#set, 'Warning', `Failed${titled(verb)}`, `${what} failed error: ${messageOf(error)}`);
  }
}

// A pod goes where its volumes can be: bound ones decide, unbound ones of classes that wait for a consumer are bound or provisioned for
// the node that was chosen, before the pod is bound to it.
import { SELECTED_NODE, classOf } from '../../api/meta/claims.ts';
import { compareQuantity } from '../../api/meta/quantity.ts';
import type { PersistentVolume, PersistentVolumeClaim } from '../../api/types/kubernetes.ts';
import type { Clock } from '../../base/clock.ts';
import type { Cycle, Plugin, PodFilter, Refusal } from '../framework.ts';
import type { NodeInfo } from '../node-info.ts';
import { claimNames, type PodInfo } from '../pod-info.ts';
import { hasCapacity, isBound, reaches, volumeFor, waitsForConsumer, type Storage } from '../storage.ts';

/** Arguments as in VolumeBindingArgs. */
export interface VolumeBindingArgs { readonly bindTimeoutSeconds?: number }

/** Writes a plug-in of storage has to make, and hearing what came of them. */
export interface StorageWriter {
  /** The volume is to be this claim's. */
  reserveVolume(volume: PersistentVolume, claim: PersistentVolumeClaim): Promise<void>;
  /** The claim's consumer will be on that node: let its class provision for it. */
  selectNode(claim: PersistentVolumeClaim, node: string): Promise<void>;
  /** Calls back when the claim (`namespace/name`) may have changed, until the returned function is called. */
  watchClaim(key: string, changed: () => void): () => void;
}

const fixed = (...reasons: string[]): Refusal => ({ reasons, fixed: true });
const NO_VOLUMES = "node(s) didn't find available persistent volumes to bind";
const NOT_THERE = 'node(s) unavailable due to one or more pvc(s) bound to non-existent pv(s)';
const ELSEWHERE = "node(s) didn't match PersistentVolume's node affinity";
const NO_SPACE = 'node(s) did not have enough free storage';
const NO_PROVISIONER = 'kubernetes.io/no-provisioner';

/** What the node's choice means for the pod's claims. */
interface Choice { readonly bind: readonly { readonly claim: PersistentVolumeClaim; readonly volume: PersistentVolume }[]; readonly provision: readonly PersistentVolumeClaim[] }
const keyOf = (c: PersistentVolumeClaim): string => `${c.metadata?.namespace}/${c.metadata?.name}`;

export function volumeBinding(storage: Storage, writer: StorageWriter, clock: Clock, args: VolumeBindingArgs = {}): Plugin {
  /** Volumes and claims decided on by pods that are not bound yet. */
  const reserved = new Map<string, string>(), selected = new Map<string, string>();
  const choices = new WeakMap<Cycle, { claims: readonly PersistentVolumeClaim[]; choice?: Choice }>();
  const timeout = (args.bindTimeoutSeconds ?? 600) * 1000;

  /** Why the node cannot be made to have all of `claims`, where it cannot. */
  function choose(claims: readonly PersistentVolumeClaim[], n: NodeInfo): Choice | string {
    const bind: { claim: PersistentVolumeClaim; volume: PersistentVolume }[] = [], provision: PersistentVolumeClaim[] = [];
    const mine = new Set<string>();
    for (const claim of claims) {
      const node = claim.metadata?.annotations?.[SELECTED_NODE] ?? selected.get(keyOf(claim));
      if (node !== undefined) {
        if (node !== n.name) return NO_VOLUMES;
        provision.push(claim);
        continue;
      }
      const volume = volumeFor(claim, n, storage, name => mine.has(name) || (reserved.get(name) ?? keyOf(claim)) !== keyOf(claim));
      if (volume) { mine.add(volume.metadata?.name ?? ''); bind.push({ claim, volume }); continue; }
      const c = storage.storageClass(classOf(claim));
      if (!c || !c.provisioner || c.provisioner === NO_PROVISIONER) return NO_VOLUMES;
      const allowed = c.allowedTopologies;
      if (allowed?.length && !allowed.some(t => (t.matchLabelExpressions ?? []).every(e => e.values.includes(n.labels[e.key] ?? '')))) return NO_VOLUMES;
      if (!hasCapacity(claim, c, n, storage)) return NO_SPACE;
      provision.push(claim);
    }
    return { bind, provision };
  }

  function preFilter(cycle: Cycle): PodFilter | Refusal | undefined {
    const { pod } = cycle;
    if (pod.claims.length === 0) return undefined;
    const bound: PersistentVolumeClaim[] = [], waiting: PersistentVolumeClaim[] = [];
    let immediate = false;
    for (const { name, ephemeral } of claimNames(pod.pod)) {
      const claim = storage.claim(pod.namespace, name);
      if (!claim) return fixed(ephemeral ? `waiting for ephemeral volume controller to create the persistentvolumeclaim "${name}"` : `persistentvolumeclaim "${name}" not found`);
      if (claim.status?.phase === 'Lost') return fixed(`persistentvolumeclaim "${name}" bound to non-existent persistentvolume "${claim.spec?.volumeName ?? ''}"`);
      if (claim.metadata?.deletionTimestamp !== undefined) return fixed(`persistentvolumeclaim "${name}" is being deleted`);
      if (ephemeral && !claim.metadata?.ownerReferences?.some(r => r.controller && r.uid === pod.uid))
        return fixed(`PVC ${pod.namespace}/${name} was not created for pod ${pod.key} (pod is not owner)`);
      if (isBound(claim)) bound.push(claim);
      else if (!claim.spec?.volumeName && waitsForConsumer(claim, storage)) waiting.push(claim);
      else immediate = true;
    }
    if (immediate) return fixed('pod has unbound immediate PersistentVolumeClaims');
    // The small ones first: a large volume must not go to a claim that a small one would have served.
    waiting.sort((a, b) => compareQuantity(a.spec?.resources?.requests?.['storage'] ?? '0', b.spec?.resources?.requests?.['storage'] ?? '0'));
    if (waiting.length) choices.set(cycle, { claims: waiting });
    const volumes = bound.map(c => storage.volume(c.spec?.volumeName ?? ''));
    return {
      filter(n) {
        const reasons: string[] = [];
        if (volumes.some(v => !v)) reasons.push(NOT_THERE);
        else if (volumes.some(v => !reaches(v!, n))) reasons.push(ELSEWHERE);
        const choice = waiting.length ? choose(waiting, n) : undefined;
        if (typeof choice === 'string') reasons.push(choice);
        return reasons.length ? fixed(...reasons) : undefined;
      },
    };
  }

  /** Resolves when all claims are bound; rejects when that failed or takes too long. */
  function allBound(claims: readonly PersistentVolumeClaim[], node: string): Promise<void> {
    return new Promise((resolve, reject) => {
      const undo: (() => void)[] = [];
      const end = (how: () => void): void => { for (const u of undo) u(); how(); };
      const look = (): void => {
        for (const c of claims) {
          const now = storage.claim(c.metadata?.namespace ?? '', c.metadata?.name ?? '');
          if (!now) return end(() => reject(new Error(`binding volumes: persistentvolumeclaim "${c.metadata?.name}" not found`)));
          if (isBound(now)) continue;
          // The provisioner takes the node back where it cannot serve it: another must be looked for.
          if (told.has(keyOf(c)) && now.metadata?.annotations?.[SELECTED_NODE] === undefined) return end(() => reject(new Error(`binding volumes: provisioning failed for PVC "${c.metadata?.name}"`)));
          if (now.metadata?.annotations?.[SELECTED_NODE] === node) told.add(keyOf(c));
          return;
        }
        end(resolve);
      };
      const told = new Set<string>();
      for (const c of claims) undo.push(writer.watchClaim(keyOf(c), look));
      const timer = clock.after(timeout, () => end(() => reject(new Error('binding volumes: context deadline exceeded'))));
      undo.push(() => timer.cancel());
      look();
    });
  }
  function letGo(cycle: Cycle): void {
    const state = choices.get(cycle);
    for (const b of state?.choice?.bind ?? []) if (reserved.get(b.volume.metadata?.name ?? '') === keyOf(b.claim)) reserved.delete(b.volume.metadata?.name ?? '');
    for (const c of state?.choice?.provision ?? []) selected.delete(keyOf(c));
  }

  const own = (pod: PodInfo, e: { claim?: string }): boolean => e.claim === undefined || pod.claims.includes(e.claim);
  return {
    name: 'VolumeBinding',
    events: { 'claim-changed': own, 'volume-changed': true, 'class-changed': true, 'node-added': true, 'node-labels': true, 'csi-changed': true },
    preFilter,
    reserve(cycle, node) {
      const state = choices.get(cycle);
      if (!state) return undefined;
      const choice = choose(state.claims, node);
      if (typeof choice === 'string') return fixed(choice);
      state.choice = choice;
      for (const b of choice.bind) reserved.set(b.volume.metadata?.name ?? '', keyOf(b.claim));
      for (const c of choice.provision) selected.set(keyOf(c), node.name);
      return undefined;
    },
    unreserve: letGo,
    preBind(cycle, node) {
      const state = choices.get(cycle), choice = state?.choice;
      if (!state || !choice) return undefined;
      return (async () => {
        await Promise.all([
          ...choice.bind.map(b => writer.reserveVolume(b.volume, b.claim)),
          ...choice.provision.filter(c => c.metadata?.annotations?.[SELECTED_NODE] !== node).map(c => writer.selectNode(c, node)),
        ]);
        await allBound(state.claims, node);
      })();
    },
    postBind: letGo,
  };
}

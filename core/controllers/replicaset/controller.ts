// Keeps the wished number of pods: ReplicaSets and, by the same code, ReplicationControllers.
import { objectKey, splitKey } from '../../api/meta/object.ts';
import type { Pod } from '../../api/types/kubernetes.ts';
import { pod as podKind } from '../../api/kinds/core/pod.ts';
import type { Controller, ControllerContext, Keys, Outcome } from '../controller.ts';
import { Expectations } from '../expectations.ts';
import { semanticEqual } from '../../api/meta/equal.ts';
import { controllerOf } from '../../api/meta/owner.ts';
import { claim, dependentsOf, indexByController } from '../ownership.ts';
import { isActive, isReady, isTerminal, isTerminating } from '../../api/meta/pod.ts';
import { podKey, untilAvailable } from '../pods.ts';
import { FOR_REPLICA_SET, FOR_REPLICATION_CONTROLLER, type Flavour, type ReplicaKeeper } from './flavour.ts';
import { scale } from './scale.ts';
import { statusOf } from './status.ts';

function start(flavour: Flavour, ctx: ControllerContext, keys: Keys): (key: string) => Promise<Outcome | void> {
  const owners = ctx.informers.for<ReplicaKeeper>(flavour.resource);
  const pods = ctx.informers.for<Pod>(podKind);
  const expectations = new Expectations(ctx.clock);
  indexByController(owners);
  indexByController(pods);

  /** The cached owner a pod names as its controller, if it is one of ours and the same incarnation. */
  const ownerOf = (pod: Pod): ReplicaKeeper | undefined => {
    const ref = controllerOf(pod);
    if (ref?.kind !== flavour.resource.kind) return undefined;
    const owner = owners.lister.get(pod.metadata?.namespace, ref.name);
    return owner?.metadata?.uid === ref.uid ? owner : undefined;
  };
  const wakeMatching = (pod: Pod): void => {
    for (const o of owners.lister.list(pod.metadata?.namespace)) if (flavour.selectorOf(o).matches(pod.metadata?.labels)) keys.add(objectKey(o));
  };
  const deleted = (pod: Pod): void => {
    const owner = ownerOf(pod);
    if (!owner) return;
    expectations.deletionObserved(objectKey(owner), podKey(pod));
    keys.add(objectKey(owner));
  };

  owners.on({ add: o => keys.add(objectKey(o)), update: o => keys.add(objectKey(o)), delete: o => { expectations.forget(objectKey(o)); keys.add(objectKey(o)); } });
  pods.on({
    add(pod) {
      if (pod.metadata?.deletionTimestamp !== undefined) { deleted(pod); return; }
      const owner = ownerOf(pod);
      if (owner) { expectations.creationObserved(objectKey(owner)); keys.add(objectKey(owner)); return; }
      if (!controllerOf(pod)) wakeMatching(pod);
    },
    update(pod, prev) {
      if (pod.metadata?.deletionTimestamp !== undefined) {
        deleted(pod);
        // Its labels may have been changed away before; the former owner counts it no longer either way.
        if (controllerOf(pod)?.uid !== controllerOf(prev)?.uid) deleted(prev);
        return;
      }
      const moved = controllerOf(pod)?.uid !== controllerOf(prev)?.uid;
      if (moved) { const former = ownerOf(prev); if (former) keys.add(objectKey(former)); }
      const owner = ownerOf(pod);
      if (owner) keys.add(objectKey(owner));
      else if (!controllerOf(pod) && (moved || !semanticEqual(pod.metadata?.labels, prev.metadata?.labels))) wakeMatching(pod);
    },
    delete: deleted,
  });

  /** Active pods of every set with the same controller as this one, so that trimming a rollout keeps its pods spread. */
  const related = (owner: ReplicaKeeper): Pod[] => {
    const parent = controllerOf(owner);
    const siblings = parent ? dependentsOf(owners, parent.uid) : [owner];
    return siblings.flatMap(o => dependentsOf(pods, o.metadata?.uid ?? '')).filter(isActive);
  };

  return async key => {
    const { namespace, name } = splitKey(key);
    const owner = owners.lister.get(namespace, name);
    if (!owner) { expectations.forget(key); return undefined; }
    // Asked before the pods are read: what is seen between the two can only make the count more right.
    const mayScale = expectations.satisfied(key);
    const claimed = await claim<Pod>({
      client: ctx.client, owner, ownerKind: flavour.resource, dependentKind: podKind, informer: pods,
      selector: flavour.selectorOf(owner), adoptable: pod => !isTerminal(pod),
    });
    const active = claimed.filter(isActive);
    const failure = mayScale && owner.metadata?.deletionTimestamp === undefined
      ? await scale(ctx, flavour, expectations, key, owner, active, () => related(owner)) : undefined;
    const now = ctx.clock.now();
    const terminating = flavour === FOR_REPLICA_SET ? claimed.filter(p => isTerminating(p) && !isTerminal(p)).length : undefined;
    const status = statusOf(owner, active, terminating, failure, now);
    if (!semanticEqual({ ...status, replicas: undefined }, { ...owner.status, replicas: undefined }) || status.replicas !== owner.status?.replicas)
      await ctx.client.updateStatus(flavour.resource, { ...owner, status });
    if (failure) throw failure.error;
    const minReady = owner.spec?.minReadySeconds ?? 0;
    const waits = active.filter(isReady).map(p => untilAvailable(p, minReady, now)).filter(ms => ms !== undefined && ms > 0) as number[];
    return waits.length ? { requeueAfter: Math.min(...waits) } : undefined;
  };
}

const controller = (flavour: Flavour): Controller => ({
  name: flavour.name, alias: flavour.alias, component: flavour.component, account: flavour.component, workers: 5, start: (ctx, keys) => start(flavour, ctx, keys),
});

export const replicaSetController = controller(FOR_REPLICA_SET);
export const replicationControllerController = controller(FOR_REPLICATION_CONTROLLER);

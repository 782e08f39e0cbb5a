// Keeps the wished number of pods: ReplicaSets and, by the same code, ReplicationControllers.
import { splitKey } from '../../api/meta/object.ts';
import type { Pod } from '../../api/types/kubernetes.ts';
import { pod as podKind } from '../../api/kinds/core/pod.ts';
import type { Controller, ControllerContext, Keys, Outcome } from '../controller.ts';
import { Expectations } from '../expectations.ts';
import { semanticEqual } from '../../api/meta/equal.ts';
import { controllerOf } from '../../api/meta/owner.ts';
import { claim, dependentsOf, indexByController } from '../ownership.ts';
import { isActive, isReady, isTerminal, isTerminating } from '../../api/meta/pod.ts';
import { wakeByPods } from '../pod-events.ts';
import { untilAvailable } from '../pods.ts';
import { FOR_REPLICA_SET, FOR_REPLICATION_CONTROLLER, type Flavour, type ReplicaKeeper } from './flavour.ts';
import { untilReplaced } from './patience.ts';
import { scale } from './scale.ts';
import { statusOf } from './status.ts';

function start(flavour: Flavour, ctx: ControllerContext, keys: Keys): (key: string) => Promise<Outcome | void> {
  const owners = ctx.informers.for<ReplicaKeeper>(flavour.resource);
  const pods = ctx.informers.for<Pod>(podKind);
  const expectations = new Expectations(ctx.clock);
  indexByController(owners);
  indexByController(pods);

  wakeByPods({ owners, pods, selectorOf: o => flavour.selectorOf(o), keys, expectations });

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
    const wished = owner.spec?.replicas ?? 1, patience = active.length < wished ? untilReplaced(claimed, wished, ctx.clock.now()) : 0;
    const failure = mayScale && patience === 0 && owner.metadata?.deletionTimestamp === undefined
      ? await scale(ctx, flavour, expectations, key, owner, active, () => related(owner)) : undefined;
    const now = ctx.clock.now();
    const terminating = flavour === FOR_REPLICA_SET ? claimed.filter(p => isTerminating(p) && !isTerminal(p)).length : undefined;
    const status = statusOf(owner, active, terminating, failure, now);
    if (!semanticEqual({ ...status, replicas: undefined }, { ...owner.status, replicas: undefined }) || status.replicas !== owner.status?.replicas)
      await ctx.client.updateStatus(flavour.resource, { ...owner, status });
    if (failure) throw failure.error;
    const minReady = owner.spec?.minReadySeconds ?? 0;
    const waits = active.filter(isReady).map(p => untilAvailable(p, minReady, now)).filter(ms => ms !== undefined && ms > 0) as number[];
    if (patience > 0) waits.push(patience);
    return waits.length ? { requeueAfter: Math.min(...waits) } : undefined;
  };
}

const controller = (flavour: Flavour): Controller => ({
  name: flavour.name, alias: flavour.alias, component: flavour.component, account: flavour.component, workers: 5, start: (ctx, keys) => start(flavour, ctx, keys),
});

export const replicaSetController = controller(FOR_REPLICA_SET);
export const replicationControllerController = controller(FOR_REPLICATION_CONTROLLER);

// Drives Deployments: which events wake which Deployment, and which phase a pass is.
import { objectKey, splitKey, type KubeObject } from '../../api/meta/object.ts';
import type { Deployment, Pod, ReplicaSet } from '../../api/types/kubernetes.ts';
import { selecting } from '../../client/selection.ts';
import type { Controller, ControllerContext, Keys, Reconcile } from '../controller.ts';
import { cachedSelectorFrom } from '../../api/meta/labels.ts';
import { controllerOf } from '../../api/meta/owner.ts';
import { claim, indexByController } from '../ownership.ts';
import { isRolling } from './bounds.ts';
import { rollRecreate } from './recreate.ts';
import { rollBack, rollbackOf } from './rollback.ts';
import { rollRolling } from './rolling.ts';
import { deploymentKind, podKind, replicaSetKind, Rollout } from './rollout.ts';
import { isScaling, syncPaused, syncSizes, syncStatusOnly } from './sync.ts';

export const deploymentController: Controller = { name: 'deployment-controller', alias: 'deployment', workers: 5, start };

function start(ctx: ControllerContext, keys: Keys): Reconcile {
  const deployments = ctx.informers.for<Deployment>(deploymentKind);
  const sets = ctx.informers.for<ReplicaSet>(replicaSetKind);
  const pods = ctx.informers.for<Pod>(podKind);
  indexByController(sets);
  indexByController(pods);

  const owner = (o: KubeObject, kind: string): { name: string; uid: string } | undefined => {
    const ref = controllerOf(o);
    return ref?.kind === kind ? ref : undefined;
  };
  const wakeOwner = (rs: ReplicaSet): boolean => {
    const ref = owner(rs, 'Deployment');
    if (!ref) return false;
    const d = deployments.lister.get(rs.metadata?.namespace, ref.name);
    if (d?.metadata?.uid === ref.uid) keys.add(objectKey(d));
    return true;
  };
  const adopters = selecting(deployments, 'by-selected', d => { const s = cachedSelectorFrom(d.spec?.selector); return s.everything ? undefined : s; });
  const wakeMatching = (rs: ReplicaSet): void => {
    for (const d of adopters.matching(rs.metadata?.namespace, rs.metadata?.labels)) keys.add(objectKey(d));
  };

  const wake = (d: Deployment): void => keys.add(objectKey(d));
  deployments.on({ add: wake, update: wake, delete: wake });
  sets.on({
    add: rs => { if (!wakeOwner(rs) && !controllerOf(rs)) wakeMatching(rs); },
    update: (rs, prev) => {
      if (controllerOf(rs)?.uid !== controllerOf(prev)?.uid) wakeOwner(prev);
      if (!wakeOwner(rs) && !controllerOf(rs)) wakeMatching(rs);
    },
    delete: rs => { wakeOwner(rs); },
  });
  // Only a Recreate waits for pods to be gone; all else it learns from the status of its sets.
  pods.on({
    delete: pod => {
      const ref = owner(pod, 'ReplicaSet');
      const rs = ref && sets.lister.get(pod.metadata?.namespace, ref.name);
      const parent = rs && owner(rs, 'Deployment');
      const d = parent && deployments.lister.get(pod.metadata?.namespace, parent.name);
      if (d && d.metadata?.uid === parent.uid && !isRolling(d)) keys.add(objectKey(d));
    },
  });

  return async key => {
    const { namespace, name } = splitKey(key);
    const d = deployments.lister.get(namespace, name);
    if (!d?.spec) return;
    const selector = cachedSelectorFrom(d.spec.selector);
    if (selector.everything) {
      ctx.recorder.event(d, 'Warning', 'SelectingAll', 'This deployment is selecting all pods. A non-empty selector is required.');
      if ((d.status?.observedGeneration ?? 0) < (d.metadata?.generation ?? 0))
        await ctx.client.updateStatus(deploymentKind, { ...d, status: { ...d.status, observedGeneration: d.metadata?.generation } });
      return;
    }
    const mine = await claim<ReplicaSet>({ client: ctx.client, owner: d, ownerKind: deploymentKind, dependentKind: replicaSetKind, informer: sets, selector });
    const rollout = new Rollout(ctx, keys, pods, d, mine);
    if (d.metadata?.deletionTimestamp !== undefined) { await syncStatusOnly(rollout); return; }
    await syncPaused(rollout);
    if (!d.spec.paused && rollbackOf(d) !== undefined) await rollBack(rollout);
    else if (d.spec.paused || isScaling(rollout)) await syncSizes(rollout);
    else if (isRolling(d)) await rollRolling(rollout);
    else await rollRecreate(rollout);
  };
}

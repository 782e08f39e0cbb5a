// Claims that live as long as one pod: made from the template in its volume, owned by it, and never taken from somebody else.
import { persistentVolumeClaim as claimKind } from '../../api/kinds/core/persistent-volume-claim.ts';
import { pod as podKind } from '../../api/kinds/core/pod.ts';
import { claimNameOf, notMadeFor } from '../../api/meta/claims.ts';
import { objectKey } from '../../api/meta/object.ts';
import { controllerReference } from '../../api/meta/owner.ts';
import type { PersistentVolumeClaim, Pod, Volume } from '../../api/types/kubernetes.ts';
import type { Controller, ControllerContext } from '../controller.ts';
import { indexByClaim, podsUsing } from '../pods.ts';

/** Throws in Kubernetes' words. */
async function ensureClaim(ctx: ControllerContext, pod: Pod, v: Volume, have: PersistentVolumeClaim | undefined): Promise<void> {
  const name = claimNameOf(pod, v)!, template = v.ephemeral?.volumeClaimTemplate;
  if (have) {
    const why = notMadeFor(pod, have);
    if (why !== undefined) throw new Error(why);
    return;
  }
  const { annotations, labels } = template?.metadata ?? {};
  try {
    await ctx.client.create<PersistentVolumeClaim>(claimKind, {
      apiVersion: 'v1', kind: 'PersistentVolumeClaim',
      metadata: { name, namespace: pod.metadata?.namespace, ownerReferences: [controllerReference(pod, podKind)], ...(annotations ? { annotations } : {}), ...(labels ? { labels } : {}) },
      spec: template?.spec,
    } as PersistentVolumeClaim);
  } catch (e) { throw new Error(`create PVC ${name}: ${e instanceof Error ? e.message : String(e)}`, { cause: e }); }
}

export const ephemeralVolumeController: Controller = {
  name: 'ephemeral-volume-controller', alias: 'ephemeral-volume', component: 'ephemeral_volume', workers: 5,
  start(ctx, keys) {
    const pods = ctx.informers.for<Pod>(podKind), claims = ctx.informers.for<PersistentVolumeClaim>(claimKind);
    indexByClaim(pods);
    const seen = (p: Pod): void => { if (p.metadata?.deletionTimestamp === undefined && p.spec?.volumes?.some(v => v.ephemeral)) keys.add(objectKey(p)); };
    // What a pod's volumes are never changes: one look is enough, and another when a claim goes.
    pods.on({ add: seen });
    claims.on({ delete: c => { for (const p of podsUsing(pods, objectKey(c))) seen(p); } });
    return async key => {
      const pod = pods.lister.getByKey(key);
      if (!pod || pod.metadata?.deletionTimestamp !== undefined) return;
      for (const v of pod.spec?.volumes ?? []) {
        if (!v.ephemeral) continue;
        try { await ensureClaim(ctx, pod, v, claims.lister.get(pod.metadata?.namespace, claimNameOf(pod, v)!)); } catch (e) {
          const why = `ephemeral volume ${v.name}: ${(e as Error).message}`;
          ctx.recorder.event(pod, 'Warning', 'FailedBinding', why);
          throw new Error(`pod ${key}, ${why}`, { cause: e });
        }
      }
    };
  },
};

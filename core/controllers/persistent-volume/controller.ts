// Binds claims to volumes and lets volumes go when their claims go: Kubernetes' persistentvolume-binder. One worker: two that bound at once
// would give one volume to two claims.
import { pod as podKind } from '../../api/kinds/core/pod.ts';
import { claimKeysOf, classOf } from '../../api/meta/claims.ts';
import { objectKey } from '../../api/meta/object.ts';
import type { PersistentVolumeClaim, Pod } from '../../api/types/kubernetes.ts';
import type { Controller } from '../controller.ts';
import { indexByClaim, podsUsing } from '../pods.ts';
import { syncClaim } from './claim.ts';
import { Objects } from './objects.ts';
import { claimKey, syncVolume } from './volume.ts';

/** A claim that waits is told of again: events do not live for ever. */
const AGAIN_MS = 5 * 60_000;

export const persistentVolumeController: Controller = {
  name: 'persistentvolume-binder-controller', alias: 'persistentvolume-binder', component: 'persistentvolume-controller', account: 'persistent-volume-binder', workers: 1,
  start(ctx, keys) {
    const o = new Objects(ctx), pods = ctx.informers.for<Pod>(podKind);
    indexByClaim(pods);
    const volume = (name: string | undefined): void => { if (name) keys.add(`volume/${name}`); };
    const wake = (claims: readonly PersistentVolumeClaim[]): void => { for (const c of claims) keys.add(claimKey(objectKey(c))); };

    const seen = (c: PersistentVolumeClaim): void => { keys.add(claimKey(objectKey(c))); };
    o.claims.informer.on({
      add: seen, update: seen,
      delete: c => { for (const v of o.keptFor(objectKey(c))) volume(v.metadata?.name); volume(c.spec?.volumeName); },
    });
    o.volumes.informer.on({
      add: v => { volume(v.metadata?.name); wake(o.wanting(v.metadata?.name ?? '')); },
      update: (v, prev) => {
        volume(v.metadata?.name);
        // A free volume is news to all who wait for one of its class.
        if (!v.spec?.claimRef) wake(o.waiting(classOf(v)));
        if (v.spec?.claimRef !== prev.spec?.claimRef) wake(o.wanting(v.metadata?.name ?? ''));
      },
      delete: v => { wake(o.wanting(v.metadata?.name ?? '')); },
    });
    const decided = (): void => { wake(o.undecided()); };
    o.classes.on({ add: c => { wake(o.waiting(c.metadata?.name ?? '')); decided(); }, update: c => { wake(o.waiting(c.metadata?.name ?? '')); decided(); } });
    // A claim says which pods it waits for.
    pods.on({ add: p => { if (!p.spec?.nodeName) for (const key of claimKeysOf(p)) if (o.claims.get(key)?.status?.phase === 'Pending') keys.add(claimKey(key)); } });

    return async key => {
      const [what, rest] = [key.slice(0, key.indexOf('/')), key.slice(key.indexOf('/') + 1)];
      if (what === 'volume') { const v = o.volumes.get(rest); if (v) await syncVolume(o, v, keys); return undefined; }
      const c = o.claims.get(rest);
      if (!c) return undefined;
      await syncClaim(o, c, claim => podsUsing(pods, claim));
      return o.claims.get(rest)?.status?.phase === 'Pending' ? { requeueAfter: AGAIN_MS } : undefined;
    };
  },
};

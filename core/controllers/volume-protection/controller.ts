// Claims, volumes and attribute classes that are deleted while in use stay until they are not: these take the finalizers off that admission put on.
import { persistentVolumeClaim as claimKind } from '../../api/kinds/core/persistent-volume-claim.ts';
import { persistentVolume as volumeKind } from '../../api/kinds/core/persistent-volume.ts';
import { pod as podKind } from '../../api/kinds/core/pod.ts';
import { volumeAttributesClass as attributesKind } from '../../api/kinds/storage/volume-attributes-class.ts';
import { claimKeysOf } from '../../api/meta/claims.ts';
import { objectKey, splitKey, type KubeObject, type ResourceType } from '../../api/meta/object.ts';
import { isNotFound } from '../../api/meta/status.ts';
import type { PersistentVolume, PersistentVolumeClaim, Pod, VolumeAttributesClass } from '../../api/types/kubernetes.ts';
import type { Controller, ControllerContext } from '../controller.ts';
import { indexByClaim, podsUsing } from '../pods.ts';

const CLAIM = 'kubernetes.io/pvc-protection', VOLUME = 'kubernetes.io/pv-protection', ATTRIBUTES = 'kubernetes.io/vac-protection';
const BY_ATTRIBUTES = 'by-attributes-class';

const leaving = (o: KubeObject, finalizer: string): boolean => o.metadata?.deletionTimestamp !== undefined && (o.metadata.finalizers?.includes(finalizer) ?? false);

async function release<T extends KubeObject>(ctx: ControllerContext, kind: ResourceType, object: T, finalizer: string): Promise<void> {
  try {
    await ctx.client.update(kind, { ...object, metadata: { ...object.metadata, finalizers: object.metadata?.finalizers?.filter(f => f !== finalizer) } });
  } catch (error) {
    if (!isNotFound(error)) throw error;
  }
}

export const claimProtectionController: Controller = {
  name: 'persistentvolumeclaim-protection-controller', account: 'pvc-protection-controller', alias: 'pvc-protection', workers: 1,
  start(ctx, keys) {
    const claims = ctx.informers.for<PersistentVolumeClaim>(claimKind), pods = ctx.informers.for<Pod>(podKind);
    indexByClaim(pods);
    const wake = (c: PersistentVolumeClaim): void => { if (leaving(c, CLAIM)) keys.add(objectKey(c)); };
    claims.on({ add: wake, update: wake });
    pods.on({ delete: p => { for (const key of claimKeysOf(p)) { const { namespace, name } = splitKey(key), c = claims.lister.get(namespace, name); if (c) wake(c); } } });
    return async key => {
      const { namespace, name } = splitKey(key), claim = claims.lister.get(namespace, name);
      // A pod that no node has yet holds nothing.
      if (!claim || !leaving(claim, CLAIM) || podsUsing(pods, key).some(p => p.spec?.nodeName)) return;
      await release(ctx, claimKind, claim, CLAIM);
    };
  },
};

export const volumeProtectionController: Controller = {
  name: 'persistentvolume-protection-controller', account: 'pv-protection-controller', alias: 'pv-protection', workers: 1,
  start(ctx, keys) {
    const volumes = ctx.informers.for<PersistentVolume>(volumeKind);
    const wake = (v: PersistentVolume): void => { if (leaving(v, VOLUME)) keys.add(objectKey(v)); };
    volumes.on({ add: wake, update: wake });
    return async key => {
      const volume = volumes.lister.get(undefined, key);
      if (!volume || !leaving(volume, VOLUME) || volume.status?.phase === 'Bound') return;
      await release(ctx, volumeKind, volume, VOLUME);
    };
  },
};

const words = (...names: (string | undefined)[]): string[] => names.filter((n): n is string => Boolean(n));
/** The attribute classes a claim has, is to have, or is on its way to. */
const attributesOf = (c: PersistentVolumeClaim): string[] => words(c.spec?.volumeAttributesClassName, c.status?.currentVolumeAttributesClassName, c.status?.modifyVolumeStatus?.targetVolumeAttributesClassName);

export const attributesProtectionController: Controller = {
  name: 'volumeattributesclass-protection-controller', alias: 'vac-protection', workers: 1,
  start(ctx, keys) {
    const classes = ctx.informers.for<VolumeAttributesClass>(attributesKind), claims = ctx.informers.for<PersistentVolumeClaim>(claimKind), volumes = ctx.informers.for<PersistentVolume>(volumeKind);
    const ofVolume = (v: PersistentVolume): string[] => words(v.spec?.volumeAttributesClassName);
    claims.addIndex(BY_ATTRIBUTES, attributesOf);
    volumes.addIndex(BY_ATTRIBUTES, ofVolume);
    const wake = (c: VolumeAttributesClass): void => { if (leaving(c, ATTRIBUTES)) keys.add(objectKey(c)); };
    const freed = (names: readonly string[]): void => { for (const n of names) { const c = classes.lister.get(undefined, n); if (c) wake(c); } };
    classes.on({ add: wake, update: wake });
    claims.on({ update: (_, prev) => { freed(attributesOf(prev)); }, delete: c => { freed(attributesOf(c)); } });
    volumes.on({ update: (_, prev) => { freed(ofVolume(prev)); }, delete: v => { freed(ofVolume(v)); } });
    return async key => {
      const found = classes.lister.get(undefined, key);
      if (!found || !leaving(found, ATTRIBUTES) || claims.lister.byIndex(BY_ATTRIBUTES, key).length > 0 || volumes.lister.byIndex(BY_ATTRIBUTES, key).length > 0) return;
      await release(ctx, attributesKind, found, ATTRIBUTES);
    };
  },
};

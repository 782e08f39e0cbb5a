// Claims that grow: a directory has no size of its own, so that the volume and the claim only need to say the new one; a raw block volume's
// file grows with it. Whoever else's volume it is, is waited for, and that is said.
import { persistentVolumeClaim as claimKind } from '../../api/kinds/core/persistent-volume-claim.ts';
import { persistentVolume as volumeKind } from '../../api/kinds/core/persistent-volume.ts';
import { PROVISIONED_BY } from '../../api/meta/claims.ts';
import { objectKey } from '../../api/meta/object.ts';
import { compareQuantity, wholeOf } from '../../api/meta/quantity.ts';
import { formatTime } from '../../api/meta/time.ts';
import type { PersistentVolume, PersistentVolumeClaim } from '../../api/types/kubernetes.ts';
import type { Controller, ControllerContext } from '../controller.ts';
import { LOCAL_PROVISIONER } from '../volume-provisioner/directories.ts';

/** Conditions of a claim that is being changed. */
const RESIZING: ReadonlySet<string> = new Set(['Resizing', 'FileSystemResizePending', 'ControllerResizeError', 'NodeResizeError']);

const wantedSize = (c: PersistentVolumeClaim): string => c.spec?.resources?.requests?.['storage'] ?? '0';
const grows = (c: PersistentVolumeClaim): boolean => c.status?.phase === 'Bound' && compareQuantity(wantedSize(c), c.status.capacity?.['storage'] ?? '0') > 0;
/** Other attributes are asked for than it has, and nobody has answered yet. */
function asksAttributes(c: PersistentVolumeClaim): boolean {
  const wanted = c.spec?.volumeAttributesClassName;
  return c.status?.phase === 'Bound' && !!wanted && wanted !== c.status.currentVolumeAttributesClassName && c.status.modifyVolumeStatus?.targetVolumeAttributesClassName !== wanted;
}

async function grow(ctx: ControllerContext, c: PersistentVolumeClaim, v: PersistentVolume): Promise<void> {
  const storage = wantedSize(c), { client, recorder } = ctx;
  recorder.event(c, 'Normal', 'Resizing', `External resizer is resizing volume ${v.metadata?.name ?? ''}`);
  if (v.spec?.volumeMode === 'Block') {
    try { await ctx.config.volumes?.growFile(v.spec.hostPath?.path ?? '', wholeOf(storage)); } catch (e) {
      recorder.event(c, 'Warning', 'VolumeResizeFailed', `resize volume "${v.metadata?.name ?? ''}" by resizer "${LOCAL_PROVISIONER}" failed: ${e instanceof Error ? e.message : String(e)}`);
      throw e;
    }
  }
  if (compareQuantity(v.spec?.capacity?.['storage'] ?? '0', storage) < 0) await client.update(volumeKind, { ...v, spec: { ...v.spec, capacity: { storage } } });
  const { allocatedResourceStatuses: _states, ...status } = c.status ?? {};
  await client.updateStatus(claimKind, { ...c, status: { ...status, capacity: { storage }, allocatedResources: { storage }, conditions: c.status?.conditions?.filter(x => !RESIZING.has(x.type)) } });
  recorder.event(c, 'Normal', 'VolumeResizeSuccessful', 'Resize volume succeeded');
}

async function refuseAttributes(ctx: ControllerContext, c: PersistentVolumeClaim): Promise<void> {
  const target = c.spec?.volumeAttributesClassName ?? '', message = `VolumeAttributesClass "${target}" is not supported by ${LOCAL_PROVISIONER}: directories have no attributes`;
  ctx.recorder.event(c, 'Warning', 'VolumeModifyFailed', message);
  const condition = { type: 'ModifyVolumeError', status: 'True', reason: 'Infeasible', message, lastTransitionTime: formatTime(ctx.clock.now()) };
  const conditions = [...(c.status?.conditions ?? []).filter(x => x.type !== 'ModifyVolumeError'), condition];
  await ctx.client.updateStatus(claimKind, { ...c, status: { ...c.status, modifyVolumeStatus: { targetVolumeAttributesClassName: target, status: 'Infeasible' }, conditions } } as PersistentVolumeClaim);
}

export const volumeExpandController: Controller = {
  name: 'persistentvolume-expander-controller', alias: 'persistentvolume-expander', component: 'volume_expand', account: 'expand-controller', workers: 2,
  start(ctx, keys) {
    const claims = ctx.informers.for<PersistentVolumeClaim>(claimKind), volumes = ctx.informers.for<PersistentVolume>(volumeKind);
    /** Sizes whose waiting has been told, by claim. */
    const told = new Map<string, string>();
    const seen = (c: PersistentVolumeClaim): void => { if (grows(c) || asksAttributes(c)) keys.add(objectKey(c)); };
    claims.on({ add: seen, update: seen, delete: c => { told.delete(objectKey(c)); } });
    return async key => {
      const c = claims.lister.getByKey(key), v = c && volumes.lister.get(undefined, c.spec?.volumeName ?? '');
      if (!c || !v || v.spec?.claimRef?.uid !== c.metadata?.uid) return;
      const ours = v.metadata?.annotations?.[PROVISIONED_BY] === LOCAL_PROVISIONER;
      if (grows(c)) {
        if (ours) await grow(ctx, c, v);
        else if (told.get(key) !== wantedSize(c)) {
          told.set(key, wantedSize(c));
          ctx.recorder.event(c, 'Warning', 'ExternalExpanding', "didn't find a plugin capable of expanding the volume; waiting for an external controller to process this PVC");
        }
      } else if (ours && asksAttributes(c)) await refuseAttributes(ctx, c);
    };
  },
};

// Makes volumes for claims of our own class, directories of this machine (files for raw block volumes), and removes them when they are released: what an external
// provisioner is in other clusters, with its events and its finalizer.
import { persistentVolumeClaim as claimKind } from '../../api/kinds/core/persistent-volume-claim.ts';
import { persistentVolume as volumeKind } from '../../api/kinds/core/persistent-volume.ts';
import { storageClass as classKind } from '../../api/kinds/storage/storage-class.ts';
import { BIND_COMPLETED, PROVISIONED_BY, PROVISIONER, annotated, classOf, waitsForPod } from '../../api/meta/claims.ts';
import { objectKey } from '../../api/meta/object.ts';
import { wholeOf } from '../../api/meta/quantity.ts';
import { isAlreadyExists, isNotFound } from '../../api/meta/status.ts';
import type { PersistentVolume, PersistentVolumeClaim, StorageClass } from '../../api/types/kubernetes.ts';
import type { Controller, ControllerContext } from '../controller.ts';
import { LOCAL_PROVISIONER, type VolumeDirectories } from './directories.ts';

/** Keeps a volume's object until its directory is gone. */
const FINALIZER = 'external-provisioner.volume.kubernetes.io/finalizer';

const isOurs = (v: PersistentVolume): boolean => v.metadata?.annotations?.[PROVISIONED_BY] === LOCAL_PROVISIONER;
const volumeName = (c: PersistentVolumeClaim): string => `pvc-${c.metadata?.uid ?? ''}`;
const text = (e: unknown): string => (e instanceof Error ? e.message : String(e));

const isBlock = (c: PersistentVolumeClaim): boolean => c.spec?.volumeMode === 'Block';
const sizeOf = (c: PersistentVolumeClaim): string => c.spec?.resources?.requests?.['storage'] ?? '0';
const sourceOf = (c: PersistentVolumeClaim) => c.spec?.dataSourceRef ?? c.spec?.dataSource;

/** What a claim asks for that a directory or a file cannot give; undefined when it can. */
function refusal(c: PersistentVolumeClaim, cls: StorageClass): string | undefined {
  const spec = c.spec ?? {}, source = sourceOf(c);
  if (source?.kind === 'VolumeSnapshot') return `a claim cannot start with the data of a VolumeSnapshot ("${source.name}"): ${LOCAL_PROVISIONER} makes no snapshots`;
  if (source && (source.kind !== 'PersistentVolumeClaim' || source.apiGroup)) return `a claim cannot start with the data of a ${source.kind} ("${source.name}"): no volume populator is registered for it`;
  if (spec.dataSourceRef?.namespace && spec.dataSourceRef.namespace !== c.metadata?.namespace) return `a claim cannot start with the data of a claim of another namespace ("${spec.dataSourceRef.namespace}/${spec.dataSourceRef.name}")`;
  if (spec.selector) return 'claim.Spec.Selector is not supported';
  if (spec.volumeAttributesClassName) return `VolumeAttributesClass "${spec.volumeAttributesClassName}" is not supported: directories have no attributes`;
  const [parameter] = Object.keys(cls.parameters ?? {});
  if (parameter !== undefined) return `parameter "${parameter}" of the class is not known`;
  return cls.mountOptions?.length ? `mount options of the class (${cls.mountOptions.join(',')}) are not supported` : undefined;
}

/** Why a claim's data cannot be copied into another, in external-provisioner's words; undefined when they can. */
function cloneRefusal(c: PersistentVolumeClaim, name: string, source: PersistentVolumeClaim | undefined): string | undefined {
  if (!source) return `error getting PVC ${name} (namespace "${c.metadata?.namespace ?? ''}") from api server: persistentvolumeclaims "${name}" not found`;
  if (source.status?.phase !== 'Bound') return `the PVC DataSource ${name} must have a status of Bound.  Got ${source.status?.phase ?? ''}`;
  if (source.metadata?.deletionTimestamp !== undefined) return `the PVC DataSource ${name} is currently being deleted`;
  const size = source.status.capacity?.['storage'] ?? sizeOf(source);
  if (wholeOf(sizeOf(c)) < wholeOf(size)) return `error, new PVC request must be greater than or equal in size to the specified PVC data source, requested ${sizeOf(c)} but source is ${size}`;
  if (isBlock(c) !== isBlock(source)) return `the source PVC and destination PVCs must have the same volumeMode, requested ${isBlock(c) ? 'Block' : 'Filesystem'} but source is ${isBlock(source) ? 'Block' : 'Filesystem'}`;
  return undefined;
}

function volumeFor(c: PersistentVolumeClaim, cls: StorageClass, path: string): PersistentVolume {
  const policy = cls.reclaimPolicy ?? 'Delete';
  return {
    apiVersion: 'v1', kind: 'PersistentVolume',
    metadata: { name: volumeName(c), annotations: { [PROVISIONED_BY]: LOCAL_PROVISIONER }, ...(policy === 'Delete' ? { finalizers: [FINALIZER] } : {}) },
    spec: {
      capacity: { storage: sizeOf(c) }, accessModes: c.spec?.accessModes, volumeMode: isBlock(c) ? 'Block' : 'Filesystem', storageClassName: classOf(c), persistentVolumeReclaimPolicy: policy,
      claimRef: { apiVersion: 'v1', kind: 'PersistentVolumeClaim', namespace: c.metadata?.namespace, name: c.metadata?.name, uid: c.metadata?.uid, resourceVersion: c.metadata?.resourceVersion },
      // All nodes are on this machine, so that the directory or file is on each of them. One that is missing is lost data, not an empty volume.
      hostPath: { path, type: isBlock(c) ? 'File' : 'Directory' },
    },
  } as PersistentVolume;
}

interface Caches { claim(namespace: string, name: string): PersistentVolumeClaim | undefined; volume(name: string): PersistentVolume | undefined }

class Provisioner {
  readonly #ctx: ControllerContext;
  readonly #disk: VolumeDirectories;
  readonly #caches: Caches;
  /** Why a claim was refused, by uid: it is told once. */
  readonly #refused = new Map<string, string>();
  /** Directories made whose volume is not on the server yet, by the volume's name. */
  readonly #made = new Map<string, string>();
  constructor(ctx: ControllerContext, disk: VolumeDirectories, caches: Caches) { this.#ctx = ctx; this.#disk = disk; this.#caches = caches; }

  forget(c: PersistentVolumeClaim): void { this.#refused.delete(c.metadata?.uid ?? ''); }
  /** Whether a directory is left of work that did not end. */
  owes(volume: string): boolean { return this.#made.has(volume); }
  /** Removes the directory of a volume that never came to be, its claim being gone. */
  async undo(volume: string): Promise<void> {
    const path = this.#made.get(volume);
    if (path === undefined) return;
    try { await this.#ctx.client.get(volumeKind, undefined, volume); } catch (e) {
      if (!isNotFound(e)) throw e;
      await this.#disk.remove(path);
    }
    this.#made.delete(volume);
  }

  async provision(c: PersistentVolumeClaim, cls: StorageClass): Promise<void> {
    const { client, recorder } = this.#ctx, uid = c.metadata?.uid ?? '', name = volumeName(c);
    const failed = (why: string): void => { recorder.event(c, 'Warning', 'ProvisioningFailed', `failed to provision volume with StorageClass "${cls.metadata?.name ?? ''}": ${why}`); };
    const no = refusal(c, cls);
    if (no !== undefined) { if (this.#refused.get(uid) !== no) failed(no); this.#refused.set(uid, no); return; }
    recorder.event(c, 'Normal', 'Provisioning', `External provisioner is provisioning volume for claim "${objectKey(c)}"`);
    try {
      const path = await this.#make(c, `${name}_${c.metadata?.namespace ?? ''}_${c.metadata?.name ?? ''}`);
      await client.create<PersistentVolume>(volumeKind, volumeFor(c, cls, path));
      this.#made.delete(name);
    } catch (e) {
      if (isAlreadyExists(e)) { this.#made.delete(name); return; }
      failed(text(e));
      throw e;
    }
    recorder.event(c, 'Normal', 'ProvisioningSucceeded', `Successfully provisioned volume ${name}`);
  }

  async #make(c: PersistentVolumeClaim, file: string): Promise<string> {
    const disk = this.#disk, source = sourceOf(c)?.name, make = (): Promise<string> => (isBlock(c) ? disk.makeFile(file, wholeOf(sizeOf(c))) : disk.make(file));
    const path = await make();
    this.#made.set(volumeName(c), path);
    if (source === undefined) return path;
    const from = (): PersistentVolume | undefined => {
      const found = this.#caches.claim(c.metadata?.namespace ?? '', source), no = cloneRefusal(c, source, found);
      if (no !== undefined) throw new Error(no);
      return this.#caches.volume(found?.spec?.volumeName ?? '');
    };
    const v = from(), data = v?.spec?.hostPath?.path ?? v?.spec?.local?.path;
    if (data === undefined) throw new Error(`the data of the PVC DataSource ${source} are not on this machine`);
    // What an earlier try left may be half of it.
    await disk.remove(path);
    await make();
    await disk.copy(data, path);
    if (isBlock(c)) await disk.growFile(path, wholeOf(sizeOf(c)));
    // A source that went meanwhile may have been copied in part.
    from();
    return path;
  }

  /** The finalizer is there as long as there is something to delete. */
  async guard(v: PersistentVolume): Promise<void> {
    const has = v.metadata?.finalizers?.includes(FINALIZER) ?? false, wants = v.spec?.persistentVolumeReclaimPolicy === 'Delete';
    if (has === wants || (wants && v.metadata?.deletionTimestamp !== undefined)) return;
    const finalizers = wants ? [...v.metadata?.finalizers ?? [], FINALIZER] : v.metadata?.finalizers?.filter(f => f !== FINALIZER);
    await this.#ctx.client.update(volumeKind, { ...v, metadata: { ...v.metadata, finalizers } });
  }

  /** The directory first, then the object; on failure the volume says why and the queue tries again. */
  async remove(v: PersistentVolume): Promise<void> {
    const { client, recorder } = this.#ctx, name = v.metadata?.name ?? '';
    if (v.metadata?.finalizers?.includes(FINALIZER) === false && v.metadata.deletionTimestamp !== undefined) return;
    try { await this.#disk.remove(v.spec?.hostPath?.path ?? ''); } catch (e) {
      recorder.event(v, 'Warning', 'VolumeFailedDelete', text(e));
      if (v.status?.phase !== 'Failed') await client.updateStatus(volumeKind, { ...v, status: { ...v.status, phase: 'Failed', message: text(e) } });
      throw e;
    }
    try {
      if (v.metadata?.deletionTimestamp === undefined) await client.delete(volumeKind, undefined, name, { preconditions: { uid: v.metadata?.uid } });
      const left = await client.get<PersistentVolume>(volumeKind, undefined, name);
      if (left.metadata?.uid !== v.metadata?.uid) return;
      await client.update(volumeKind, { ...left, metadata: { ...left.metadata, finalizers: left.metadata?.finalizers?.filter(f => f !== FINALIZER) } });
    } catch (e) { if (!isNotFound(e)) throw e; }
  }
}

export const volumeProvisionerController: Controller = {
  name: 'local-volume-provisioner', alias: 'local-provisioner', component: LOCAL_PROVISIONER, account: 'persistent-volume-binder', workers: 4,
  start(ctx, keys) {
    const claims = ctx.informers.for<PersistentVolumeClaim>(claimKind), volumes = ctx.informers.for<PersistentVolume>(volumeKind), classes = ctx.informers.for<StorageClass>(classKind);
    const disk = ctx.config.volumes;
    if (!disk) return async () => {};
    const provisioner = new Provisioner(ctx, disk, { claim: (namespace, name) => claims.lister.get(namespace, name), volume: name => volumes.lister.get(undefined, name) });
    const wanted = (c: PersistentVolumeClaim): boolean => c.metadata?.annotations?.[PROVISIONER] === LOCAL_PROVISIONER && !c.spec?.volumeName && !annotated(c, BIND_COMPLETED) && c.metadata.deletionTimestamp === undefined;
    const claimSeen = (c: PersistentVolumeClaim): void => { if (wanted(c)) keys.add(`claim/${objectKey(c)}`); };
    const volumeSeen = (v: PersistentVolume): void => { if (isOurs(v)) keys.add(`volume/${v.metadata?.name ?? ''}`); };
    claims.on({ add: claimSeen, update: claimSeen, delete: c => { provisioner.forget(c); keys.add(`undo/${volumeName(c)}`); } });
    volumes.on({ add: volumeSeen, update: volumeSeen });
    return async key => {
      const [what, rest] = [key.slice(0, key.indexOf('/')), key.slice(key.indexOf('/') + 1)];
      if (what === 'claim') {
        const c = claims.lister.getByKey(rest), cls = c && classes.lister.get(undefined, classOf(c));
        if (!c || !cls || !wanted(c) || waitsForPod(c, cls) || volumes.lister.get(undefined, volumeName(c))) return;
        try { await provisioner.provision(c, cls); } finally {
          // It may have gone meanwhile, and with it the one who would try again.
          if (provisioner.owes(volumeName(c)) && claims.lister.getByKey(rest)?.metadata?.uid !== c.metadata?.uid) keys.add(`undo/${volumeName(c)}`);
        }
        return;
      }
      if (what === 'undo') { await provisioner.undo(rest); return; }
      const v = volumes.lister.get(undefined, rest);
      if (!v || !isOurs(v)) return;
      if (v.spec?.persistentVolumeReclaimPolicy === 'Delete' && (v.status?.phase === 'Released' || v.status?.phase === 'Failed')) await provisioner.remove(v);
      else await provisioner.guard(v);
    };
  },
};

// Volumes by way of a claim, a pod's own or one made for it: the bound volume's directory. All waiting is told in kubelet's words and ends when
// the claim is bound.
import type { Stats } from 'node:fs';
import { stat } from 'node:fs/promises';
import { PROVISIONED_BY, annotated, claimNameOf, notMadeFor } from '../../api/meta/claims.ts';
import { termMatchesNode } from '../../api/meta/node-match.ts';
import type { PersistentVolume } from '../../api/types/kubernetes.ts';
import { mountDevice, mountNfs } from './device-mount.ts';
import { hostPathVolume } from './host-path.ts';
import { VolumeError, type MountedVolume, type VolumeContext, type VolumeKind } from './volume.ts';

/** The volume a pod's claim is bound to. Throws VolumeError while there is none. */
function boundVolume(c: VolumeContext): PersistentVolume {
  const { pod, volume } = c, name = claimNameOf(pod, volume) ?? '';
  const told = (why: string): never => { throw new VolumeError(`Unable to attach or mount volumes: unmounted volumes=[${volume.name}], unattached volumes=[], failed to process volumes=[${volume.name}]: ${why}`, true); };
  const fail = (why: string): never => told(`error processing PVC ${pod.metadata?.namespace ?? ''}/${name}: ${why}`);
  const claim = c.claim(name) ?? fail(`failed to fetch PVC from API server: persistentvolumeclaims "${name}" not found`);
  const stranger = volume.ephemeral && notMadeFor(pod, claim);
  if (stranger) told(stranger);
  if (claim.metadata?.deletionTimestamp !== undefined) fail('PVC is being deleted');
  const bound = claim.spec?.volumeName;
  if (claim.status?.phase !== 'Bound' || !bound) return fail('PVC is not bound');
  const v = c.persistentVolume(bound) ?? fail(`failed to fetch PV ${bound} from API server: persistentvolumes "${bound}" not found`);
  const ref = v.spec?.claimRef;
  if (!ref) fail(`found PV object ${bound} with a nil pv.Spec.ClaimRef indicating it is not yet bound to the claim`);
  if (ref?.uid !== claim.metadata?.uid) fail(`found PV object ${bound} with a pv.Spec.ClaimRef.UID ${ref?.uid ?? ''} that does not point to the claim ${claim.metadata?.uid ?? ''}`);
  const mode = v.spec?.volumeMode ?? 'Filesystem';
  if (mode === 'Block' && c.used.asMount) told(`volume ${volume.name} has volumeMode Block, but is specified in volumeMounts`);
  if (mode === 'Filesystem' && c.used.asDevice) told(`volume ${volume.name} has volumeMode Filesystem, but is specified in volumeDevices`);
  return v;
}

async function statOf(path: string): Promise<Stats> {
  return stat(path).catch((e: unknown) => { if ((e as NodeJS.ErrnoException).code === 'ENOENT') throw new VolumeError(`path "${path}" does not exist`); throw e; });
}
const message = (e: unknown): string => (e instanceof Error ? e.message : String(e));
/** The group a volume's files are for, by an annotation of whoever made it. */
const GROUP = 'pv.beta.kubernetes.io/gid';

/** `persistentVolumeClaim` and `ephemeral` volumes of a pod. */
export const claimVolume: VolumeKind = async c => {
  const v = boundVolume(c), readOnly = c.volume.persistentVolumeClaim?.readOnly ?? false, group = Number.parseInt(v.metadata?.annotations?.[GROUP] ?? '', 10);
  const terms = v.spec?.nodeAffinity?.required?.nodeSelectorTerms;
  if (terms) {
    const node = await c.node();
    if (!terms.some(t => termMatchesNode(t, node))) throw new VolumeError(`${v.spec?.volumeMode === 'Block' ? 'MapVolume' : 'MountVolume'}.NodeAffinity check failed for volume "${v.metadata?.name ?? ''}" : no matching NodeSelectorTerms`, true);
  }
  const mounted = v.spec?.volumeMode === 'Block' ? await device(c, v, readOnly) : await fileSystem(c, v, readOnly);
  return { ...mounted, ...(v.metadata?.name === undefined ? {} : { persistentVolume: v.metadata.name }), ...(Number.isInteger(group) && group > 0 ? { group } : {}) };
};

const sourceOf = (v: PersistentVolume): string => Object.entries(v.spec ?? {}).find(([k, source]) => !NO_SOURCE.has(k) && typeof source === 'object' && source !== null)?.[0] ?? 'none';
/** Why a volume of a kind that this node does not have is not there. */
const missing = (v: PersistentVolume): string => (v.spec?.csi ? `driver name ${v.spec.csi.driver} not found in the list of registered CSI drivers` : `volumes of type ${sourceOf(v)} are not supported by this node`);

/** A raw block device: the one that is named, or a file by way of a device of this node's. */
async function device(c: VolumeContext, v: PersistentVolume, readOnly: boolean): Promise<MountedVolume> {
  const failed = (why: string): never => { throw new VolumeError(`MapVolume.SetUpDevice failed for volume "${v.metadata?.name ?? ''}" : ${why}`, true, 'FailedMapVolume'); };
  const path = v.spec?.local?.path ?? v.spec?.hostPath?.path;
  if (path === undefined) return failed(missing(v));
  try {
    const found = await statOf(path);
    if (found.isBlockDevice()) return { hostPath: path, block: true, readOnly };
    if (!found.isFile()) return failed(`path "${path}" is not a block device`);
    return { hostPath: await c.device(path), block: true, readOnly };
  } catch (e) { return e instanceof VolumeError && e.whole ? Promise.reject(e) : failed(message(e)); }
}

async function fileSystem(c: VolumeContext, v: PersistentVolume, readOnly: boolean): Promise<MountedVolume> {
  const { hostPath, local, nfs, mountOptions = [] } = v.spec ?? {};
  const failed = (step: string) => (e: unknown): never => { throw new VolumeError(`MountVolume.${step} failed for volume "${v.metadata?.name ?? ''}" : ${message(e)}`, true); };
  // Of several modes nobody knows which one the pod means.
  const modes = v.spec?.accessModes;
  if (modes?.length === 1 && modes[0] === 'ReadWriteOncePod' && !c.alone(v.metadata?.name ?? '')) failed('SetUp')('volume uses the ReadWriteOncePod access mode and is already in use by another pod');
  if (hostPath) {
    if (mountOptions.length) failed('MountOptionSupport check')('mount options are not supported for this volume type');
    const mounted = await hostPathVolume({ ...c, volume: { name: c.volume.name, hostPath } }).catch(failed('SetUp'));
    // A directory of the machine itself keeps its owners; a volume that is one by name gets the pod's group, as every file system has it.
    if (!readOnly && annotated(v, PROVISIONED_BY)) await c.own(mounted.hostPath).catch(failed('SetUp'));
    return { ...mounted, readOnly };
  }
  if (local) {
    const found = await statOf(local.path).catch(failed('NewMounter initialization'));
    let dir = local.path;
    if (found.isBlockDevice()) {
      if (!c.root) failed('MountDevice')('mounting a device needs the node to run as root on Linux');
      dir = c.dir;
      await mountDevice(local.path, dir, local.fsType || 'ext4', readOnly, mountOptions).catch(failed('MountDevice'));
    } else if (!found.isDirectory()) failed('NewMounter initialization')(`path "${local.path}" is neither a directory nor a block device`);
    else if (mountOptions.length) failed('MountOptionSupport check')('mount options are not supported for this volume type');
    if (!readOnly) await c.own(dir).catch(failed('SetUp'));
    return { hostPath: dir, readOnly };
  }
  if (nfs && c.root) {
    await mountNfs(nfs.server, nfs.path, c.dir, nfs.readOnly ?? readOnly, mountOptions).catch(failed('SetUp'));
    return { hostPath: c.dir, readOnly: readOnly || (nfs.readOnly ?? false) };
  }
  return failed(v.spec?.csi ? 'MountDevice' : 'SetUp')(missing(v));
}

/** Fields of a volume's spec that say nothing of where its data are. */
const NO_SOURCE: ReadonlySet<string> = new Set(['accessModes', 'capacity', 'claimRef', 'mountOptions', 'nodeAffinity']);

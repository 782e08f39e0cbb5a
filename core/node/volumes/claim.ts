// Volumes by way of a claim, a pod's own or one made for it: the bound volume's directory. All waiting is told in kubelet's words and ends when
// the claim is bound.
import { stat } from 'node:fs/promises';
import { PROVISIONED_BY, annotated, claimNameOf, notMadeFor } from '../../api/meta/claims.ts';
import type { PersistentVolume } from '../../api/types/kubernetes.ts';
import { hostPathVolume } from './host-path.ts';
import { VolumeError, type MountedVolume, type VolumeContext, type VolumeKind } from './volume.ts';

/** The volume a pod's claim is bound to. Throws VolumeError while there is none. */
function boundVolume(c: VolumeContext): PersistentVolume {
  const { pod, volume } = c, name = claimNameOf(pod, volume) ?? '';
  const fail = (why: string): never => {
    throw new VolumeError(`Unable to attach or mount volumes: unmounted volumes=[${volume.name}], unattached volumes=[], failed to process volumes=[${volume.name}]: error processing PVC ${pod.metadata?.namespace ?? ''}/${name}: ${why}`, true);
  };
  const claim = c.claim(name) ?? fail(`failed to fetch PVC from API server: persistentvolumeclaims "${name}" not found`);
  const stranger = volume.ephemeral && notMadeFor(pod, claim);
  if (stranger) fail(stranger);
  if (claim.metadata?.deletionTimestamp !== undefined) fail('PVC is being deleted');
  const bound = claim.spec?.volumeName;
  if (claim.status?.phase !== 'Bound' || !bound) return fail('PVC is not bound');
  const v = c.persistentVolume(bound) ?? fail(`failed to fetch PV ${bound} from API server: persistentvolumes "${bound}" not found`);
  const ref = v.spec?.claimRef;
  if (!ref) fail(`found PV object ${bound} with a nil pv.Spec.ClaimRef indicating it is not yet bound to the claim`);
  if (ref?.uid !== claim.metadata?.uid) fail(`found PV object ${bound} with a pv.Spec.ClaimRef.UID ${ref?.uid ?? ''} that does not point to the claim ${claim.metadata?.uid ?? ''}`);
  if (v.spec?.volumeMode === 'Block') fail(`volume ${volume.name} has volumeMode Block, but is specified in volumeMounts`);
  return v;
}

async function localPath(path: string): Promise<string> {
  const found = await stat(path).catch((e: unknown) => { if ((e as NodeJS.ErrnoException).code === 'ENOENT') throw new VolumeError(`path "${path}" does not exist`); throw e; });
  if (!found.isDirectory()) throw new VolumeError(`path "${path}" is not a directory: this node mounts no devices`);
  return path;
}

/** `persistentVolumeClaim` and `ephemeral` volumes of a pod. */
export const claimVolume: VolumeKind = async c => {
  const v = boundVolume(c), { hostPath, local } = v.spec ?? {};
  const failed = (step: string, why: string): never => { throw new VolumeError(`MountVolume.${step} failed for volume "${v.metadata?.name ?? ''}" : ${why}`, true); };
  if (v.spec?.mountOptions?.length) failed('MountOptionSupport check', 'mount options are not supported for this volume type');
  const message = (e: unknown): string => (e instanceof Error ? e.message : String(e));
  const readOnly = c.volume.persistentVolumeClaim?.readOnly ?? false;
  let mounted: MountedVolume | undefined;
  if (hostPath) mounted = await hostPathVolume({ ...c, volume: { name: c.volume.name, hostPath } }).catch((e: unknown) => failed('SetUp', message(e)));
  else if (local) mounted = { hostPath: await localPath(local.path).catch((e: unknown) => failed('NewMounter initialization', message(e))), readOnly: false };
  if (!mounted) {
    const kind = Object.entries(v.spec ?? {}).find(([k, source]) => !NO_SOURCE.has(k) && typeof source === 'object' && source !== null)?.[0] ?? 'none';
    return failed('SetUp', `volumes of type ${kind} are not supported by this node`);
  }
  // A directory of the machine itself keeps its owners; a volume that is one by name gets the pod's group, as every file system has it.
  if (!readOnly && (local || annotated(v, PROVISIONED_BY))) await c.own(mounted.hostPath).catch((e: unknown) => failed('SetUp', message(e)));
  return { ...mounted, readOnly };
};

/** Fields of a volume's spec that say nothing of where its data are. */
const NO_SOURCE: ReadonlySet<string> = new Set(['accessModes', 'capacity', 'claimRef', 'mountOptions', 'nodeAffinity']);

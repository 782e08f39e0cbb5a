// What becomes of a claim: bound to the volume that fits, left to a provisioner, or told why it waits.
import { isDefaultClass } from '../../api/kinds/storage/storage-class.ts';
import { BETA_PROVISIONER, BIND_COMPLETED, BOUND_BY_CONTROLLER, PROVISIONER, annotated, bestVolume, classOf, isFor, mismatch, namesClass, waitsForPod } from '../../api/meta/claims.ts';
import { objectKey } from '../../api/meta/object.ts';
import type { PersistentVolumeClaim, Pod } from '../../api/types/kubernetes.ts';
import type { Objects } from './objects.ts';

/** Provisioners of this prefix are Kubernetes' own, all of them gone by now; */
const IN_TREE = 'kubernetes.io/';
/** the work of these is done by drivers, and their names are what provisioners look for. */
const MIGRATED: Readonly<Record<string, string>> = {
  'kubernetes.io/aws-ebs': 'ebs.csi.aws.com', 'kubernetes.io/azure-disk': 'disk.csi.azure.com', 'kubernetes.io/azure-file': 'file.csi.azure.com', 'kubernetes.io/cinder': 'cinder.csi.openstack.org',
  'kubernetes.io/gce-pd': 'pd.csi.storage.gke.io', 'kubernetes.io/portworx-volume': 'pxd.portworx.com', 'kubernetes.io/vsphere-volume': 'csi.vsphere.vmware.com',
};

/** `podsOf` answers the pods that use a claim. */
export async function syncClaim(o: Objects, c: PersistentVolumeClaim, podsOf: (key: string) => readonly Pod[]): Promise<void> {
  if (annotated(c, BIND_COMPLETED)) await syncBound(o, c);
  else if (c.spec?.volumeName) await syncNamed(o, c, c.spec.volumeName);
  else await syncOpen(o, c, podsOf);
}

/** Any volume will do. */
async function syncOpen(o: Objects, c: PersistentVolumeClaim, podsOf: (key: string) => readonly Pod[]): Promise<void> {
  const name = classOf(c), cls = o.classes.lister.get(undefined, name), waits = waitsForPod(c, cls);
  const volume = bestVolume(c, o.candidates(c), waits);
  if (volume) return o.bind(volume, c);
  // The write comes back as a change of the claim.
  if (await assignDefaultClass(o, c)) return;
  if (waits) tellWaiting(o, c, podsOf);
  else if (name !== '') return provision(o, c, name);
  else o.event(c, 'Normal', 'FailedBinding', 'no persistent volumes available for this claim and no storage class is set');
  await o.claimStatus(c, 'Pending');
}

/** A claim that says no class gets the default one as soon as there is one (of several the newest). */
async function assignDefaultClass(o: Objects, c: PersistentVolumeClaim): Promise<boolean> {
  if (namesClass(c)) return false;
  const since = (x: { metadata?: { creationTimestamp?: unknown; name?: string } }): string => String(x.metadata?.creationTimestamp ?? '');
  const [chosen] = o.classes.lister.list().filter(isDefaultClass).sort((a, b) => since(b).localeCompare(since(a)) || (a.metadata!.name! < b.metadata!.name! ? -1 : 1));
  if (!chosen) return false;
  await o.claims.write({ ...c, spec: { ...c.spec, storageClassName: chosen.metadata!.name } } as PersistentVolumeClaim);
  return true;
}

function tellWaiting(o: Objects, c: PersistentVolumeClaim, podsOf: (key: string) => readonly Pod[]): void {
  const over = (p: Pod): boolean => p.status?.phase === 'Succeeded' || p.status?.phase === 'Failed';
  const names = podsOf(objectKey(c)).filter(p => !p.spec?.nodeName && !over(p)).map(p => p.metadata?.name ?? '').sort();
  if (names.length > 0) o.event(c, 'Normal', 'WaitForPodScheduled', `waiting for pod${names.length === 1 ? '' : 's'} ${names.join(',')} to be scheduled`);
  else o.event(c, 'Normal', 'WaitForFirstConsumer', 'waiting for first consumer to be created before binding');
}

/** Says whose work it is, on the claim itself: provisioners wait for that. */
async function provision(o: Objects, c: PersistentVolumeClaim, name: string): Promise<void> {
  const cls = o.classes.lister.get(undefined, name);
  if (!cls) { o.event(c, 'Warning', 'ProvisioningFailed', `storageclass.storage.k8s.io "${name}" not found`); return; }
  const who = MIGRATED[cls.provisioner] ?? cls.provisioner;
  if (who.startsWith(IN_TREE)) o.event(c, 'Warning', 'ProvisioningFailed', `no volume plugin matched name: ${who}`);
  else o.event(c, 'Normal', 'ExternalProvisioning', `Waiting for a volume to be created either by the external provisioner '${who}' or manually by the system administrator. If volume creation is delayed, please verify that the provisioner is running and correctly registered.`);
  if (c.metadata?.annotations?.[PROVISIONER] !== who || c.metadata.annotations[BETA_PROVISIONER] !== who) {
    await o.claims.write({ ...c, metadata: { ...c.metadata, annotations: { ...c.metadata?.annotations, [BETA_PROVISIONER]: who, [PROVISIONER]: who } } });
  }
}

/** A person named the volume. */
async function syncNamed(o: Objects, c: PersistentVolumeClaim, name: string): Promise<void> {
  const v = o.volumes.get(name);
  if (!v) { await o.claimStatus(c, 'Pending'); return; }
  if (isFor(v, c)) return o.bind(v, c);
  if (!v.spec?.claimRef) {
    const why = mismatch(v, c);
    if (why === undefined) return o.bind(v, c);
    o.event(c, 'Warning', 'VolumeMismatch', `Cannot bind to requested volume "${name}": ${why}`);
    await o.claimStatus(c, 'Pending');
    return;
  }
  if (annotated(c, BOUND_BY_CONTROLLER)) throw new Error(`Invalid binding of claim "${objectKey(c)}" to volume "${name}": volume already claimed by "${v.spec.claimRef.namespace ?? ''}/${v.spec.claimRef.name ?? ''}"`);
  o.event(c, 'Warning', 'FailedBinding', `volume "${name}" already bound to a different claim.`);
  await o.claimStatus(c, 'Pending');
}

/** Bound once; what was lost since then is said and never bound anew. */
async function syncBound(o: Objects, c: PersistentVolumeClaim): Promise<void> {
  const name = c.spec?.volumeName;
  if (!name) return o.claimStatusTold(c, 'Lost', 'ClaimLost', 'Bound claim has lost reference to PersistentVolume. Data on the volume is lost!');
  const v = o.volumes.get(name);
  if (!v) return o.claimStatusTold(c, 'Lost', 'ClaimLost', 'Bound claim has lost its PersistentVolume. Data on the volume is lost!');
  if (!v.spec?.claimRef || v.spec.claimRef.uid === c.metadata?.uid) return o.bind(v, c);
  // Named by a person on both sides and not finished on the volume's.
  if (!v.spec.claimRef.uid && isFor(v, c)) return o.bind(v, c);
  return o.claimStatusTold(c, 'Lost', 'ClaimMisbound', 'Two claims are bound to the same volume, this one is bound incorrectly');
}

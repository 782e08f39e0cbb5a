// How full a claim's volume is, as the kubelet measures it (/stats/summary), and what a claim that is not bound waits for.
import { isDefaultClass } from '../../../core/api/kinds/storage/storage-class.ts';
import { compareQuantity } from '../../../core/api/meta/quantity.ts';
import type { PersistentVolumeClaim, Pod, StorageClass } from '../../../core/api/types/kubernetes.ts';

export interface Usage { usedBytes: number; capacityBytes: number; inodesUsed: number | undefined; inodes: number | undefined }
interface VolumeStats { name?: string; usedBytes?: number; capacityBytes?: number; inodes?: number; inodesUsed?: number; pvcRef?: { name?: string; namespace?: string } }

/** What a node says of a claim; undefined when it measures nothing of it. `summary` is whatever came. */
export function usageOf(summary: unknown, namespace: string, claim: string): Usage | undefined {
  const pods = (summary as { pods?: { volume?: VolumeStats[] }[] } | null | undefined)?.pods;
  if (!Array.isArray(pods)) return undefined;
  for (const p of pods) {
    const v = p.volume?.find(x => x.pvcRef?.name === claim && x.pvcRef.namespace === namespace);
    if (v?.usedBytes !== undefined && v.capacityBytes !== undefined && v.capacityBytes > 0) return { usedBytes: v.usedBytes, capacityBytes: v.capacityBytes, inodesUsed: v.inodesUsed, inodes: v.inodes };
  }
  return undefined;
}

/** The node to ask: where a pod with this claim runs. */
export const nodeOf = (pods: readonly Pod[], claim: string): string | undefined =>
  pods.find(p => p.status?.phase === 'Running' && p.spec?.nodeName && p.spec.volumes?.some(v => v.persistentVolumeClaim?.claimName === claim || (v.ephemeral && `${p.metadata?.name}-${v.name}` === claim)))?.spec?.nodeName;

/** The class a claim has, or will be given; `undefined` for none. */
export function classOf(c: PersistentVolumeClaim, classes: readonly StorageClass[]): StorageClass | undefined {
  const named = c.spec?.storageClassName ?? c.metadata?.annotations?.['volume.beta.kubernetes.io/storage-class'];
  if (named !== undefined) return classes.find(x => x.metadata?.name === named);
  // Of several defaults the newest counts.
  return classes.filter(isDefaultClass).sort((a, b) => (b.metadata?.creationTimestamp ?? '').localeCompare(a.metadata?.creationTimestamp ?? ''))[0];
}

export type Wait = 'noClass' | 'classMissing' | 'static' | 'firstConsumer' | 'provisioning' | 'volume' | 'lost';
/** A sentence of the catalogue below `claim.waits`; undefined for a bound claim. `pods` are those that use it. */
export function waitOf(c: PersistentVolumeClaim, classes: readonly StorageClass[], pods: readonly Pod[]): { wait: Wait; values: Record<string, string> } | undefined {
  if (c.status?.phase === 'Bound') return undefined;
  const named = c.spec?.storageClassName, volume = c.spec?.volumeName;
  if (c.status?.phase === 'Lost') return { wait: 'lost', values: { name: volume ?? '' } };
  if (volume) return { wait: 'volume', values: { name: volume } };
  if (named === '') return { wait: 'static', values: {} };
  const cls = classOf(c, classes);
  if (!cls) return named === undefined ? { wait: 'noClass', values: {} } : { wait: 'classMissing', values: { name: named } };
  const node = c.metadata?.annotations?.['volume.kubernetes.io/selected-node'];
  if (cls.volumeBindingMode === 'WaitForFirstConsumer' && !node && pods.every(p => !p.spec?.nodeName)) return pods.length === 0 ? { wait: 'firstConsumer', values: { name: cls.metadata?.name ?? '' } } : { wait: 'provisioning', values: { name: cls.provisioner } };
  return { wait: 'provisioning', values: { name: cls.provisioner } };
}

/** Asked for more than it has: undefined when it has what it asks for. */
export function growthOf(c: PersistentVolumeClaim): { from: string; to: string; state: string | undefined } | undefined {
  const to = c.spec?.resources?.requests?.storage, from = c.status?.capacity?.storage;
  return c.status?.phase === 'Bound' && to !== undefined && from !== undefined && compareQuantity(to, from) > 0 ? { from, to, state: c.status.allocatedResourceStatuses?.storage ?? c.status.conditions?.find(x => x.status === 'True')?.type } : undefined;
}

// A pod whose storage is not there is not placed: it would only hang on its node.
import type { PersistentVolumeClaim, Pod, StorageClass } from '../api/types/kubernetes.ts';

export const VOLUME_BINDING = 'VolumeBinding';

export interface Storage {
  claim(namespace: string, name: string): PersistentVolumeClaim | undefined;
  storageClass(name: string): StorageClass | undefined;
}

/** Why a pod's claims keep it from every node, in Kubernetes' words; undefined when they do not. */
export function blockedByClaims(pod: Pod, storage: Storage): string | undefined {
  let unbound: string | undefined;
  for (const v of pod.spec?.volumes ?? []) {
    const name = v.persistentVolumeClaim?.claimName ?? (v.ephemeral ? `${pod.metadata?.name}-${v.name}` : undefined);
    if (name === undefined) continue;
    const claim = storage.claim(pod.metadata?.namespace ?? '', name);
    if (!claim) return v.ephemeral ? `waiting for ephemeral volume controller to create the persistentvolumeclaim "${name}"` : `persistentvolumeclaim "${name}" not found`;
    if (claim.metadata?.deletionTimestamp !== undefined) return `persistentvolumeclaim "${name}" is being deleted`;
    if (claim.status?.phase === 'Lost') return `persistentvolumeclaim "${name}" bound to non-existent persistentvolume "${claim.spec?.volumeName ?? ''}"`;
    if (claim.spec?.volumeName && claim.status?.phase === 'Bound') continue;
    const waits = storage.storageClass(claim.spec?.storageClassName ?? '')?.volumeBindingMode === 'WaitForFirstConsumer';
    unbound ??= waits ? "node(s) didn't find available persistent volumes to bind" : 'pod has unbound immediate PersistentVolumeClaims';
  }
  return unbound;
}

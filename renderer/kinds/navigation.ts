// The tree: which kinds stand in which group, and which are left to the palette.
import type { KindSpec, View } from '../../core/api/kinds/kind.ts';

export const GROUPS: readonly View['nav'][] = ['Workloads', 'Network', 'Config', 'Storage', 'Access', 'Cluster', 'Custom'];
/** Rarely looked at for themselves, or shown as part of others; the palette has them. */
const HIDDEN = new Set(['PodTemplate', 'ControllerRevision', 'Lease', 'Endpoints', 'CSIDriver', 'CSINode', 'CSIStorageCapacity', 'VolumeAttachment', 'VolumeAttributesClass', 'IPAddress', 'ServiceCIDR', 'RuntimeClass', 'ResourceSlice', 'DeviceClass', 'ResourceClaim', 'ResourceClaimTemplate', 'ClusterTrustBundle', 'PodCertificateRequest', 'LeaseCandidate', 'StorageVersionMigration']);

/** `Deployments`, `Endpoint slices`, `Persistent volume claims`. */
export function pluralTitle(k: KindSpec): string {
  const words = k.kind.replace(/([a-z])([A-Z])/g, '$1 $2').split(' ').map((w, i) => (i === 0 ? w : w.toLowerCase()));
  const last = words.pop()!;
  const end = k.plural.endsWith('ies') && last.endsWith('y') ? `${last.slice(0, -1)}ies` : k.plural === k.kind.toLowerCase() ? last : /(s|ss|x|ch)$/.test(last) && k.plural.endsWith('es') ? `${last}es` : `${last}s`;
  return [...words, end].join(' ');
}

/** What people look for first stands first; the rest follows as the kinds come. */
const FIRST = ['Pod', 'Deployment', 'StatefulSet', 'DaemonSet', 'Job', 'CronJob', 'ReplicaSet', 'Node', 'Namespace', 'Event', 'PersistentVolumeClaim', 'ServiceAccount'];
const place = (k: KindSpec): number => { const i = FIRST.indexOf(k.kind); return i < 0 ? FIRST.length : i; };

/** Event is served by two groups; the core one stands for both. */
export const shownKinds = (kinds: readonly KindSpec[]): KindSpec[] => [...kinds].sort((a, b) => place(a) - place(b)).filter(k => !HIDDEN.has(k.kind) && !(k.storedAs && k.group !== k.storedAs.group) && k.verbs.includes('list'));

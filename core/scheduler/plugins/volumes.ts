// What volumes forbid beside their binding: claims for one pod only, disks that cannot be shared, zones, and how many a node can attach.
import { classOf } from '../../api/meta/claims.ts';
import type { Volume } from '../../api/types/kubernetes.ts';
import type { Plugin, Refusal } from '../framework.ts';
import type { NodeInfo } from '../node-info.ts';
import type { PodInfo } from '../pod-info.ts';
import { isBound, type Storage } from '../storage.ts';

const USED: Refusal = { reasons: ['node has pod using PersistentVolumeClaim with the same name and ReadWriteOncePod access mode'], fixed: false };
const CONFLICT: Refusal = { reasons: ['node(s) had no available disk'], fixed: false };
const ZONES: Refusal = { reasons: ['node(s) had no available volume zone'], fixed: true };
const TOO_MANY: Refusal = { reasons: ['node(s) exceed max volume count'], fixed: false };

interface Disk { readonly id: string; readonly readOnly: boolean; /** Of one disk only where they have one in common. */ readonly monitors?: readonly string[] }
/** A disk that only one pod may write to, and whether this one only reads; undefined for what can be shared. */
function diskOf(v: Volume): Disk | undefined {
  if (v.gcePersistentDisk) return { id: `gce/${v.gcePersistentDisk.pdName}`, readOnly: v.gcePersistentDisk.readOnly === true };
  if (v.awsElasticBlockStore) return { id: `aws/${v.awsElasticBlockStore.volumeID}`, readOnly: false };
  if (v.iscsi) return { id: `iscsi/${v.iscsi.iqn}`, readOnly: v.iscsi.readOnly === true };
  if (v.rbd) return { id: `rbd/${v.rbd.pool ?? 'rbd'}/${v.rbd.image}`, readOnly: v.rbd.readOnly === true, monitors: v.rbd.monitors };
  return undefined;
}
const conflict = (a: Disk, b: Disk): boolean => a.id === b.id && !(a.readOnly && b.readOnly) && (!a.monitors || a.monitors.some(m => b.monitors?.includes(m)));
const disksOf = (p: PodInfo): Disk[] => (p.pod.spec?.volumes ?? []).map(diskOf).filter(d => d !== undefined);

export function volumeRestrictions(storage: Storage): Plugin {
  return {
    name: 'VolumeRestrictions',
    events: {
      'node-added': true, 'claim-changed': (pod, e) => e.claim === undefined || pod.claims.includes(e.claim),
      'pod-removed': (pod, e) => !e.pod || e.pod.claims.some(c => pod.claims.includes(c)) || disksOf(e.pod).length > 0,
    },
    preFilter({ pod, snapshot }) {
      if (!pod.pod.spec?.volumes?.length) return undefined;
      const disks = disksOf(pod);
      const alone = pod.claims.filter(c => storage.claim(pod.namespace, c.slice(pod.namespace.length + 1))?.spec?.accessModes?.includes('ReadWriteOncePod'));
      if (disks.length === 0 && alone.length === 0) return undefined;
      return {
        filter(n) {
          for (const p of disks.length ? n.pods.values() : []) if (disksOf(p).some(a => disks.some(b => conflict(a, b)))) return CONFLICT;
          return alone.some(c => snapshot.podsWithClaim(c) > 0) ? USED : undefined;
        },
      };
    },
  };
}

const ZONE_LABELS = ['topology.kubernetes.io/zone', 'topology.kubernetes.io/region', 'failure-domain.beta.kubernetes.io/zone', 'failure-domain.beta.kubernetes.io/region'];

export function volumeZone(storage: Storage): Plugin {
  return {
    name: 'VolumeZone', events: { 'node-added': true, 'node-labels': true, 'claim-changed': (pod, e) => e.claim === undefined || pod.claims.includes(e.claim), 'volume-changed': true, 'class-changed': true },
    preFilter({ pod }) {
      const wanted: { key: string; values: ReadonlySet<string> }[] = [];
      for (const key of pod.claims) {
        const claim = storage.claim(pod.namespace, key.slice(pod.namespace.length + 1));
        if (!claim || !isBound(claim)) continue;
        const labels = storage.volume(claim.spec?.volumeName ?? '')?.metadata?.labels ?? {};
        for (const l of ZONE_LABELS) if (labels[l] !== undefined) wanted.push({ key: l, values: new Set(labels[l].split('__')) });
      }
      if (wanted.length === 0) return undefined;
      return {
        filter(n) {
          // A node that is in no zone at all can have any volume.
          if (!ZONE_LABELS.some(l => l in n.labels)) return undefined;
          return wanted.every(w => w.values.has(n.labels[w.key] ?? twin(w.key, n) ?? '')) ? undefined : ZONES;
        },
      };
    },
  };
}
/** The same fact under its older or newer label. */
function twin(key: string, n: NodeInfo): string | undefined {
  const at = ZONE_LABELS.indexOf(key);
  return n.labels[ZONE_LABELS[(at + 2) % 4]!];
}

export function nodeVolumeLimits(storage: Storage): Plugin {
  /** Driver -> handles of the pod's volumes that are attached through a CSI driver. */
  const attached = (p: PodInfo): { driver: string; handle: string }[] => p.claims.map(key => {
    const claim = storage.claim(p.namespace, key.slice(p.namespace.length + 1));
    const csi = claim?.spec?.volumeName ? storage.volume(claim.spec.volumeName)?.spec?.csi : undefined;
    if (csi) return { driver: csi.driver, handle: csi.volumeHandle };
    const driver = claim && storage.storageClass(classOf(claim))?.provisioner;
    return driver ? { driver, handle: key } : undefined;
  }).filter(a => a !== undefined);
  return {
    name: 'NodeVolumeLimits', events: { 'node-added': true, 'csi-changed': true, 'pod-removed': (_, e) => !e.pod || e.pod.claims.length > 0, 'claim-changed': true },
    preFilter({ pod }) {
      if (pod.claims.length === 0) return undefined;
      const wanted = attached(pod);
      if (wanted.length === 0) return undefined;
      return {
        filter(n) {
          for (const d of storage.csiNode(n.name)?.spec?.drivers ?? []) {
            const limit = d.allocatable?.count;
            if (limit === undefined) continue;
            const own = wanted.filter(w => w.driver === d.name);
            if (own.length === 0) continue;
            const all = new Set([...n.pods.values()].filter(p => p.claims.length > 0).flatMap(attached).filter(a => a.driver === d.name).map(a => a.handle));
            const more = own.filter(w => !all.has(w.handle)).length;
            if (more > 0 && all.size + more > limit) return TOO_MANY;
          }
          return undefined;
        },
      };
    },
  };
}

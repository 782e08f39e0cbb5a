// The members of a stateful set, one for each ordinal, with pod, revision and claims; and where an update in parts stops.
import type { ControllerRevision, PersistentVolumeClaim, Pod, StatefulSet } from '../../../core/api/types/kubernetes.ts';
import { isOf, ownedBy, REVISION_LABEL } from '../rollouts/revisions.ts';

export interface MemberClaim { name: string; /** Undefined while it is not there. */ phase: string | undefined }
export interface Member {
  ordinal: number;
  name: string;
  pod: Pod | undefined;
  /** False for a pod beyond the replicas: it is to go. */
  wanted: boolean;
  /** Number of the revision the pod is of; undefined where it is not kept any more. */
  revision: number | undefined;
  /** Whether that is the newest. */
  updated: boolean;
  claims: MemberClaim[];
}
export interface Members {
  members: Member[];
  /** Ordinals below it keep the older revision; undefined where an update goes through all. */
  partition: number | undefined;
  start: number;
}

const ordinalOf = (name: string, set: string): number | undefined => {
  const rest = name.startsWith(`${set}-`) ? name.slice(set.length + 1) : '';
  return /^\d+$/.test(rest) ? Number(rest) : undefined;
};

/** `pods` and `revisions` may hold strangers; `claims` are those of the namespace. By ordinal. */
export function membersOf(s: StatefulSet, pods: readonly Pod[], claims: readonly PersistentVolumeClaim[], revisions: readonly ControllerRevision[]): Members {
  const set = s.metadata?.name ?? '', start = s.spec?.ordinals?.start ?? 0, replicas = s.spec?.replicas ?? 1;
  const byOrdinal = new Map<number, Pod>();
  for (const p of pods) {
    const n = ownedBy(p, s.metadata?.uid) ? ordinalOf(p.metadata?.name ?? '', set) : undefined;
    if (n !== undefined) byOrdinal.set(n, p);
  }
  const mine = revisions.filter(r => ownedBy(r, s.metadata?.uid)), newest = s.status?.updateRevision;
  const phases = new Map(claims.map(c => [c.metadata?.name ?? '', c.metadata?.deletionTimestamp ? 'Terminating' : c.status?.phase ?? 'Pending']));
  const templates = (s.spec?.volumeClaimTemplates ?? []).map(c => c.metadata?.name ?? '');
  const ordinals = [...new Set([...Array.from({ length: replicas }, (_, i) => start + i), ...byOrdinal.keys()])].sort((a, b) => a - b);
  const members = ordinals.map((ordinal): Member => {
    const pod = byOrdinal.get(ordinal), name = `${set}-${ordinal}`, hash = pod?.metadata?.labels?.[REVISION_LABEL];
    return {
      ordinal, name, pod, wanted: ordinal >= start && ordinal < start + replicas,
      revision: pod && mine.find(r => isOf(pod, r))?.revision, updated: hash !== undefined && hash === newest,
      claims: templates.map(t => ({ name: `${t}-${name}`, phase: phases.get(`${t}-${name}`) })),
    };
  });
  const rolling = (s.spec?.updateStrategy?.type ?? 'RollingUpdate') === 'RollingUpdate';
  const partition = rolling ? s.spec?.updateStrategy?.rollingUpdate?.partition ?? 0 : 0;
  return { members, partition: partition > 0 ? start + partition : undefined, start };
}

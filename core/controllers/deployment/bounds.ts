// The arithmetic of a rolling update: how many pods more, how many fewer.
import { scaledValue } from '../../api/meta/intstr.ts';
import type { Deployment, ReplicaSet } from '../../api/types/kubernetes.ts';

export const replicasOf = (o: Deployment | ReplicaSet): number => o.spec?.replicas ?? 1;
export const isRolling = (d: Deployment): boolean => (d.spec?.strategy?.type ?? 'RollingUpdate') === 'RollingUpdate';

/** Surge rounds up, unavailability down; when both come out 0 nothing could move, so one may be unavailable. */
function fenceposts(d: Deployment): { surge: number; unavailable: number } {
  const rolling = d.spec?.strategy?.rollingUpdate;
  const surge = scaledValue(rolling?.maxSurge ?? '25%', replicasOf(d), true);
  const unavailable = scaledValue(rolling?.maxUnavailable ?? '25%', replicasOf(d), false);
  return surge === 0 && unavailable === 0 ? { surge, unavailable: 1 } : { surge, unavailable };
}

/** Pods above the wished number; 0 unless rolling. */
export const maxSurge = (d: Deployment): number => (isRolling(d) ? fenceposts(d).surge : 0);
/** Pods that may be missing; 0 unless rolling. */
export const maxUnavailable = (d: Deployment): number => (!isRolling(d) || replicasOf(d) === 0 ? 0 : Math.min(fenceposts(d).unavailable, replicasOf(d)));

export const sumReplicas = (sets: readonly ReplicaSet[]): number => sets.reduce((n, rs) => n + replicasOf(rs), 0);
export const sumStatus = (sets: readonly ReplicaSet[], field: 'replicas' | 'readyReplicas' | 'availableReplicas' | 'terminatingReplicas'): number =>
  sets.reduce((n, rs) => n + (rs.status?.[field] ?? 0), 0);

/** How large the new set may be now: all at once, or as far as the surge leaves room. `all` includes the new set. */
export function newSetSize(d: Deployment, all: readonly ReplicaSet[], newSetReplicas: number): number {
  if (!isRolling(d)) return replicasOf(d);
  const room = replicasOf(d) + maxSurge(d) - sumReplicas(all);
  return room <= 0 ? newSetReplicas : newSetReplicas + Math.min(room, replicasOf(d) - newSetReplicas);
}

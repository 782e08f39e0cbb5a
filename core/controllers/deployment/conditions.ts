// The conditions of a Deployment, with Kubernetes' reasons and texts.
import type { Deployment, DeploymentCondition, DeploymentStatus, ReplicaSet } from '../../api/types/kubernetes.ts';
import { parseTime, formatTime } from '../../api/meta/time.ts';
import { maxUnavailable, replicasOf, sumReplicas, sumStatus } from './bounds.ts';

/** What stands for "no deadline" besides nothing. */
const MAX_INT32 = 2_147_483_647;

type Conditions = readonly DeploymentCondition[] | undefined;
export const conditionOf = (conditions: Conditions, type: string): DeploymentCondition | undefined => conditions?.find(c => c.type === type);
export const withoutCondition = (conditions: Conditions, type: string): DeploymentCondition[] => (conditions ?? []).filter(c => c.type !== type);

/** A condition that begins at `now` (ms). */
export function condition(type: string, status: 'True' | 'False' | 'Unknown', reason: string, message: string, now: number): DeploymentCondition {
  return { type, status, lastUpdateTime: formatTime(now), lastTransitionTime: formatTime(now), reason, message };
}

/** Conditions with `next` in; one with the same status and reason stays as it is, one with the same status keeps its transition time. */
export function withCondition(conditions: Conditions, next: DeploymentCondition): DeploymentCondition[] {
  const current = conditionOf(conditions, next.type);
  if (current?.status === next.status && current.reason === next.reason) return [...(conditions ?? [])];
  const kept = current?.status === next.status ? { ...next, lastTransitionTime: current.lastTransitionTime } : next;
  return [...withoutCondition(conditions, next.type), kept];
}

export const hasDeadline = (d: Deployment): boolean => d.spec?.progressDeadlineSeconds !== undefined && d.spec.progressDeadlineSeconds !== MAX_INT32;

/** The counts and the Available condition; Progressing and ReplicaFailure are taken over. */
export function countedStatus(d: Deployment, all: readonly ReplicaSet[], newSet: ReplicaSet | undefined, now: number): DeploymentStatus {
  const available = sumStatus(all, 'availableReplicas');
  const counts = {
    replicas: sumStatus(all, 'replicas'), updatedReplicas: newSet?.status?.replicas ?? 0, readyReplicas: sumStatus(all, 'readyReplicas'),
    availableReplicas: available, unavailableReplicas: Math.max(0, sumReplicas(all) - available),
  };
  const enough = available >= replicasOf(d) - maxUnavailable(d);
  const verdict = enough
    ? condition('Available', 'True', 'MinimumReplicasAvailable', 'Deployment has minimum availability.', now)
    : condition('Available', 'False', 'MinimumReplicasUnavailable', 'Deployment does not have minimum availability.', now);
  return {
    ...(d.metadata?.generation === undefined ? {} : { observedGeneration: d.metadata.generation }),
    ...Object.fromEntries(Object.entries(counts).filter(([, n]) => n !== 0)),
    terminatingReplicas: sumStatus(all, 'terminatingReplicas'),
    ...(d.status?.collisionCount === undefined ? {} : { collisionCount: d.status.collisionCount }),
    conditions: withCondition(d.status?.conditions, verdict),
  };
}

/** Every pod is of the new template and available, and no other is left. */
export function isComplete(d: Deployment, s: DeploymentStatus): boolean {
  const wished = replicasOf(d);
  return (s.updatedReplicas ?? 0) === wished && (s.replicas ?? 0) === wished && (s.availableReplicas ?? 0) === wished
    && (s.observedGeneration ?? 0) >= (d.metadata?.generation ?? 0);
}

/** Something moved since the last status: new pods came, old ones went, more are ready or available. */
export function hasProgressed(old: DeploymentStatus | undefined, s: DeploymentStatus): boolean {
  const oldOnes = (x: DeploymentStatus | undefined): number => (x?.replicas ?? 0) - (x?.updatedReplicas ?? 0);
  return (s.updatedReplicas ?? 0) > (old?.updatedReplicas ?? 0) || oldOnes(s) < oldOnes(old)
    || (s.readyReplicas ?? 0) > (old?.readyReplicas ?? 0) || (s.availableReplicas ?? 0) > (old?.availableReplicas ?? 0);
}

/** The deadline passed since the last progress. A rollout once complete does not time out. */
export function timedOut(d: Deployment, s: DeploymentStatus, now: number): boolean {
  const current = conditionOf(s.conditions, 'Progressing');
  if (!hasDeadline(d) || !current || current.reason === 'NewReplicaSetAvailable') return false;
  if (current.reason === 'ProgressDeadlineExceeded') return true;
  return parseTime(current.lastUpdateTime) + d.spec!.progressDeadlineSeconds! * 1000 < now;
}

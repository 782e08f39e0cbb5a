// What a stateful set reports, and what it judges its pods by.
import { isAvailable, isReady, isTerminating } from '../../api/meta/pod.ts';
import type { Pod, StatefulSet, StatefulSetStatus } from '../../api/types/kubernetes.ts';
import { replicasOf, revisionOf } from './identity.ts';

/** The server has it; a pod that is only meant to be has no phase. */
export const isCreated = (pod: Pod): boolean => pod.status?.phase !== undefined;
export const isRunningAndReady = (pod: Pod): boolean => pod.status?.phase === 'Running' && isReady(pod);
export const isHealthy = (set: StatefulSet, pod: Pod, now: number): boolean => isAvailable(pod, set.spec?.minReadySeconds ?? 0, now) && !isTerminating(pod);

/** The counts over `pods`, between the two revisions of these names. */
export function countsOf(set: StatefulSet, pods: readonly Pod[], revisions: { current: string; update: string; collisionCount: number }, now: number): StatefulSetStatus {
  let replicas = 0, ready = 0, available = 0, current = 0, updated = 0;
  for (const pod of pods) {
    if (!isCreated(pod)) continue;
    replicas++;
    if (isRunningAndReady(pod)) {
      ready++;
      if (isAvailable(pod, set.spec?.minReadySeconds ?? 0, now)) available++;
    }
    if (isTerminating(pod)) continue;
    if (revisionOf(pod) === revisions.current) current++;
    if (revisionOf(pod) === revisions.update) updated++;
  }
  return {
    observedGeneration: set.metadata?.generation ?? 0, replicas, availableReplicas: available, readyReplicas: ready, currentReplicas: current, updatedReplicas: updated,
    currentRevision: revisions.current, updateRevision: revisions.update, collisionCount: revisions.collisionCount,
    ...(set.status?.conditions ? { conditions: set.status.conditions } : {}),
  };
}

/** Once every pod is updated and ready, the revision they are at is the current one. Changes `status`. */
export function completeUpdate(set: StatefulSet, status: StatefulSetStatus): void {
  const all = replicasOf(set);
  if (set.spec?.updateStrategy?.type !== 'RollingUpdate' || status.updatedReplicas !== all || status.readyReplicas !== all || status.replicas !== all) return;
  status.currentReplicas = status.updatedReplicas;
  status.currentRevision = status.updateRevision;
}

const OPTIONAL = ['readyReplicas', 'currentReplicas', 'updatedReplicas'] as const;
/** As it goes over the wire: counts of 0 are left out, but for those Kubernetes always says. */
export function tidied(status: StatefulSetStatus): StatefulSetStatus {
  const out = { ...status };
  for (const f of OPTIONAL) if (!out[f]) delete out[f];
  return out;
}

// The counts a ReplicaSet reports.
import type { Pod, ReplicaSetCondition } from '../../api/types/kubernetes.ts';
import { isAvailable, isReady } from '../../api/meta/pod.ts';
import { mapSelector } from '../selection.ts';
import { formatTime } from '../../api/meta/time.ts';
import type { ReplicaKeeper } from './flavour.ts';

const REPLICA_FAILURE = 'ReplicaFailure';

export interface Failure { readonly reason: 'FailedCreate' | 'FailedDelete'; readonly message: string }

/** The status from active pods and those still terminating; `failure` is that of the last attempt to create or delete. */
export function statusOf(owner: ReplicaKeeper, active: readonly Pod[], terminating: number | undefined, failure: Failure | undefined, now: number): NonNullable<ReplicaKeeper['status']> {
  const templateLabels = mapSelector(owner.spec?.template?.metadata?.labels);
  const minReady = owner.spec?.minReadySeconds ?? 0;
  let labelled = 0;
  let ready = 0;
  let available = 0;
  for (const pod of active) {
    if (templateLabels.nothing || templateLabels.matches(pod.metadata?.labels)) labelled++;
    if (isReady(pod)) ready++;
    if (isAvailable(pod, minReady, now)) available++;
  }
  const conditions = conditionsWith(owner.status?.conditions ?? [], failure, now);
  return {
    replicas: active.length,
    ...(labelled ? { fullyLabeledReplicas: labelled } : {}),
    ...(ready ? { readyReplicas: ready } : {}),
    ...(available ? { availableReplicas: available } : {}),
    ...(terminating === undefined ? {} : { terminatingReplicas: terminating }),
    ...(owner.metadata?.generation === undefined ? {} : { observedGeneration: owner.metadata.generation }),
    ...(conditions.length ? { conditions } : {}),
  };
}

function conditionsWith(old: readonly ReplicaSetCondition[], failure: Failure | undefined, now: number): ReplicaSetCondition[] {
  const current = old.find(c => c.type === REPLICA_FAILURE);
  const others = old.filter(c => c.type !== REPLICA_FAILURE);
  if (!failure) return others;
  if (current?.reason === failure.reason && current.status === 'True') return [...old];
  return [...others, { type: REPLICA_FAILURE, status: 'True', reason: failure.reason, message: failure.message, lastTransitionTime: formatTime(now) }];
}

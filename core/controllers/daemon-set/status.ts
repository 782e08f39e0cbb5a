// What a daemon set reports.
import { isAvailable, isReady } from '../../api/meta/pod.ts';
import type { DaemonSetStatus } from '../../api/types/kubernetes.ts';
import type { Scene } from './plan.ts';
import { byStanding } from './pods.ts';

/** The counts; `observed` when what the spec says has been acted on. */
export function statusOf(s: Scene, observed: boolean): DaemonSetStatus {
  let desired = 0, current = 0, misscheduled = 0, ready = 0, available = 0, updated = 0;
  for (const node of s.nodes) {
    const pods = s.pods.get(node.metadata?.name ?? '');
    if (!s.judge(node).run) { if (pods) misscheduled++; continue; }
    desired++;
    const first = pods && [...pods].sort(byStanding)[0];
    if (!first) continue;
    current++;
    if (isReady(first)) ready++;
    if (isAvailable(first, s.set.spec?.minReadySeconds ?? 0, s.now)) available++;
    if (s.isFresh(first)) updated++;
  }
  const generation = observed ? s.set.metadata?.generation : s.set.status?.observedGeneration;
  const { collisionCount, conditions } = s.set.status ?? {};
  return {
    currentNumberScheduled: current, numberMisscheduled: misscheduled, desiredNumberScheduled: desired, numberReady: ready,
    ...(generation === undefined ? {} : { observedGeneration: generation }),
    ...(updated ? { updatedNumberScheduled: updated } : {}), ...(available ? { numberAvailable: available } : {}),
    ...(desired > available ? { numberUnavailable: desired - available } : {}),
    ...(collisionCount === undefined ? {} : { collisionCount }), ...(conditions ? { conditions } : {}),
  };
}

// What a disruption budget allows now and, where that is nothing, why; figures are those its controller wrote.
import type { PodDisruptionBudget, Pod } from '../../../core/api/types/kubernetes.ts';

export type Blocked = 'unseen' | 'syncFailed' | 'noPods' | 'noRoom' | 'unhealthy';
export interface BudgetState {
  allowed: number;
  healthy: number;
  desired: number;
  expected: number;
  /** A sentence of the catalogue below `budget.why`; undefined while disruptions are allowed. */
  blocked: Blocked | undefined;
  /** The controller's words, where it failed. */
  text: string;
  /** Pods that are not ready: each of them takes the place of a disruption. */
  unready: string[];
  /** Pods that were let go and are on their way. */
  leaving: string[];
}

const isReady = (p: Pod): boolean => p.status?.conditions?.some(c => c.type === 'Ready' && c.status === 'True') ?? false;
const hasEnded = (p: Pod): boolean => p.status?.phase === 'Succeeded' || p.status?.phase === 'Failed';

/** `pods` are those its selector finds. */
export function budgetOf(b: PodDisruptionBudget, pods: readonly Pod[]): BudgetState {
  const s = b.status ?? {};
  const allowed = s.disruptionsAllowed ?? 0, healthy = s.currentHealthy ?? 0, desired = s.desiredHealthy ?? 0, expected = s.expectedPods ?? 0;
  const condition = s.conditions?.find(c => c.type === 'DisruptionAllowed');
  const unready = pods.filter(p => !isReady(p) && !hasEnded(p)).map(p => p.metadata?.name ?? '').sort();
  const leaving = Object.keys(s.disruptedPods ?? {}).sort();
  const failed = condition?.status === 'False' && condition.reason === 'SyncFailed';
  let blocked: Blocked | undefined;
  if (failed) blocked = 'syncFailed';
  else if ((s.observedGeneration ?? 0) < (b.metadata?.generation ?? 0)) blocked = 'unseen';
  else if (allowed > 0) blocked = undefined;
  else if (expected === 0) blocked = 'noPods';
  // However healthy its pods are, the rule leaves none over.
  else if (desired >= expected) blocked = 'noRoom';
  else blocked = 'unhealthy';
  return { allowed, healthy, desired, expected, blocked, text: failed ? condition.message ?? '' : '', unready, leaving };
}

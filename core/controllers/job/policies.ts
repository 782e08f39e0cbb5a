// What a Job makes of a pod's failure (podFailurePolicy), and which successes are enough (successPolicy).
import type { Job, Pod, PodFailurePolicyRule } from '../../api/types/kubernetes.ts';
import { countOf, countShared, parseIndexes, type Intervals } from './indexes.ts';

/** `failJob` says why the whole job fails; `counted`: towards the back-off limits; `action` is undefined where no rule matched. */
export interface FailureVerdict { readonly action?: string; readonly counted: boolean; readonly failJob?: string }

/** The container that ended as the rule says; one that ended well never does. */
function matchingContainer(pod: Pod, rule: NonNullable<PodFailurePolicyRule['onExitCodes']>): { name: string; exitCode: number } | undefined {
  for (const s of [...(pod.status?.containerStatuses ?? []), ...(pod.status?.initContainerStatuses ?? [])]) {
    const exitCode = s.state?.terminated?.exitCode;
    if (!exitCode || (rule.containerName !== undefined && rule.containerName !== s.name)) continue;
    if (rule.values.includes(exitCode) === (rule.operator === 'In')) return { name: s.name, exitCode };
  }
  return undefined;
}

/** The first rule that matches decides; without one, a failure counts. */
export function judgeFailure(job: Job, pod: Pod): FailureVerdict {
  const named = `${pod.metadata?.namespace}/${pod.metadata?.name}`;
  for (const [i, rule] of (job.spec?.podFailurePolicy?.rules ?? []).entries()) {
    let message: string;
    if (rule.onExitCodes) {
      const found = matchingContainer(pod, rule.onExitCodes);
      if (!found) continue;
      message = `Container ${found.name} for pod ${named} failed with exit code ${found.exitCode} matching ${rule.action} rule at index ${i}`;
    } else {
      const found = pod.status?.conditions?.find(c => rule.onPodConditions?.some(p => p.type === c.type && (p.status || 'True') === c.status));
      if (!found) continue;
      message = `Pod ${named} has condition ${found.type} matching ${rule.action} rule at index ${i}`;
    }
    return { action: rule.action, counted: rule.action !== 'Ignore', ...(rule.action === 'FailJob' ? { failJob: message } : {}) };
  }
  return { counted: true };
}

/** Why an indexed job has succeeded before all its indexes have; undefined while it has not. */
export function successByPolicy(job: Job, succeeded: Intervals): string | undefined {
  if (succeeded.length === 0) return undefined;
  for (const [i, rule] of (job.spec?.successPolicy?.rules ?? []).entries()) {
    const wanted = rule.succeededIndexes === undefined ? undefined : parseIndexes(rule.succeededIndexes, job.spec?.completions ?? 0);
    const met = wanted
      ? countShared(wanted, succeeded) >= (rule.succeededCount ?? countOf(wanted))
      : rule.succeededCount !== undefined && countOf(succeeded) >= rule.succeededCount;
    if (met) return `Matched rules at index ${i}`;
  }
  return undefined;
}

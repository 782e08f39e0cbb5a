import { invalid, notSupported, type FieldError } from '../../meta/field-error.ts';
import type { PodDisruptionBudget } from '../../types/kubernetes.ts';
import { ageColumn, count, nameColumn, text } from '../columns.ts';
import { STATUS, defineKind, type Health } from '../kind.ts';
import { validateConditions } from '../parts/conditions.ts';
import { keepStatus } from '../parts/keep-status.ts';
import { validateLabelSelector } from '../parts/scheduling.ts';
import { nonNegative, notOver100, validateIntOrPercent } from '../parts/workload.ts';

/** A spec as upstream prints it: its internal structs name fields in their own way. */
const internal = (s: NonNullable<PodDisruptionBudget['spec']>): object =>
  ({ MinAvailable: s.minAvailable ?? null, Selector: s.selector ?? null, MaxUnavailable: s.maxUnavailable ?? null, UnhealthyPodEvictionPolicy: s.unhealthyPodEvictionPolicy ?? null });

const COUNTS = ['disruptionsAllowed', 'currentHealthy', 'desiredHealthy', 'expectedPods'] as const;

function validate(p: PodDisruptionBudget): FieldError[] {
  const spec = p.spec ?? {};
  const errors: FieldError[] = [];
  if (spec.minAvailable !== undefined && spec.maxUnavailable !== undefined) errors.push(invalid('spec', internal(spec), 'minAvailable and maxUnavailable cannot be both set'));
  for (const f of ['minAvailable', 'maxUnavailable'] as const) errors.push(...validateIntOrPercent(spec[f], `spec.${f}`), ...notOver100(spec[f], `spec.${f}`));
  errors.push(...validateLabelSelector(spec.selector, 'spec.selector'));
  const policy = spec.unhealthyPodEvictionPolicy;
  if (policy !== undefined && policy !== 'AlwaysAllow' && policy !== 'IfHealthyBudget') errors.push(notSupported('spec.unhealthyPodEvictionPolicy', policy, ['AlwaysAllow', 'IfHealthyBudget']));
  return errors;
}

function health(p: PodDisruptionBudget): Health {
  const { disruptionsAllowed = 0, currentHealthy = 0, desiredHealthy = 0, expectedPods = 0, conditions } = p.status ?? {};
  const failed = conditions?.find(c => c.type === 'DisruptionAllowed' && c.status === 'False' && c.reason === 'SyncFailed');
  if (failed) return { level: 'warning', word: 'SyncFailed', reason: failed.message };
  if (currentHealthy < desiredHealthy) return { level: 'warning', word: 'InsufficientPods', reason: `${currentHealthy} of ${desiredHealthy} healthy` };
  return disruptionsAllowed > 0 ? { level: 'good', word: 'SufficientPods' } : { level: 'none', word: expectedPods === 0 ? 'NoPods' : 'InsufficientPods' };
}

export const podDisruptionBudget = defineKind<PodDisruptionBudget>({
  group: 'policy', version: 'v1', kind: 'PodDisruptionBudget', plural: 'poddisruptionbudgets', namespaced: true,
  schema: 'io.k8s.api.policy.v1.PodDisruptionBudget', shortNames: ['pdb'],
  subresources: [STATUS],
  generation: true, unconditionalUpdate: false,
  prepareForCreate(p) { p.status = { disruptionsAllowed: 0, currentHealthy: 0, desiredHealthy: 0, expectedPods: 0 }; },
  prepareForUpdate: keepStatus,
  validate,
  validateStatusUpdate: ({ status }) => [...validateConditions(status?.conditions as readonly object[] | undefined, 'status.conditions'), ...COUNTS.flatMap(f => nonNegative(status?.[f], `status.${f}`))],
  columns: [
    nameColumn,
    text('Min Available', 'Pods that must stay.', p => String(p.spec?.minAvailable ?? 'N/A')),
    text('Max Unavailable', 'Pods that may go.', p => String(p.spec?.maxUnavailable ?? 'N/A')),
    count('Allowed Disruptions', 'Evictions allowed now.', p => p.status?.disruptionsAllowed ?? 0),
    ageColumn,
  ],
  controller: 'disruption',
  view: { nav: 'Config', icon: 'budget', sections: ['budget', 'conditions', 'pods', 'labels'], actions: ['yaml', 'delete'], health },
});

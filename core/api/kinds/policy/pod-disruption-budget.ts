import { invalid, notSupported, type FieldError } from '../../meta/field-error.ts';
import type { PodDisruptionBudget } from '../../types/kubernetes.ts';
import { ageColumn, count, nameColumn, text } from '../columns.ts';
import { STATUS, defineKind } from '../kind.ts';
import { keepStatus } from '../parts/keep-status.ts';
import { validateLabelSelector } from '../parts/scheduling.ts';
import { notOver100, validateIntOrPercent } from '../parts/workload.ts';

function validate(p: PodDisruptionBudget): FieldError[] {
  const spec = p.spec ?? {};
  const errors: FieldError[] = [];
  if (spec.minAvailable !== undefined && spec.maxUnavailable !== undefined) errors.push(invalid('spec', spec, 'minAvailable and maxUnavailable cannot be both set'));
  for (const f of ['minAvailable', 'maxUnavailable'] as const) errors.push(...validateIntOrPercent(spec[f], `spec.${f}`), ...notOver100(spec[f], `spec.${f}`));
  errors.push(...validateLabelSelector(spec.selector, 'spec.selector'));
  const policy = spec.unhealthyPodEvictionPolicy;
  if (policy !== undefined && policy !== 'AlwaysAllow' && policy !== 'IfHealthyBudget') errors.push(notSupported('spec.unhealthyPodEvictionPolicy', policy, ['AlwaysAllow', 'IfHealthyBudget']));
  return errors;
}

export const podDisruptionBudget = defineKind<PodDisruptionBudget>({
  group: 'policy', version: 'v1', kind: 'PodDisruptionBudget', plural: 'poddisruptionbudgets', namespaced: true,
  schema: 'io.k8s.api.policy.v1.PodDisruptionBudget', shortNames: ['pdb'],
  subresources: [STATUS],
  generation: true, unconditionalUpdate: false,
  prepareForCreate(p) { p.status = { disruptionsAllowed: 0, currentHealthy: 0, desiredHealthy: 0, expectedPods: 0 }; },
  prepareForUpdate: keepStatus,
  validate,
  columns: [
    nameColumn,
    text('Min Available', 'Pods that must stay.', p => String(p.spec?.minAvailable ?? 'N/A')),
    text('Max Unavailable', 'Pods that may go.', p => String(p.spec?.maxUnavailable ?? 'N/A')),
    count('Allowed Disruptions', 'Evictions allowed now.', p => p.status?.disruptionsAllowed ?? 0),
    ageColumn,
  ],
  view: { nav: 'Config', icon: 'budget', sections: ['conditions', 'pods', 'labels', 'spec'], actions: ['yaml', 'delete'] },
});

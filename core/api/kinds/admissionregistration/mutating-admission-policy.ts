import { invalid, notSupported, required, type FieldError } from '../../meta/field-error.ts';
import type { MutatingAdmissionPolicy } from '../../types/kubernetes.ts';
import { ageColumn, count, nameColumn, text } from '../columns.ts';
import { defineKind } from '../kind.ts';
import { conditionErrors, defaultMatch, GROUP, matchErrors, paramKindErrors, paramKindText, policyFields, variableErrors } from './rules.ts';

const TYPES = ['ApplyConfiguration', 'JSONPatch'];

function validate(p: MutatingAdmissionPolicy): FieldError[] {
  const s = p.spec ?? {}, errors = policyFields(s.failurePolicy === undefined ? {} : { failurePolicy: s.failurePolicy }, 'spec');
  errors.push(...paramKindErrors(s.paramKind, 'spec.paramKind'), ...matchErrors(s.matchConstraints, 'spec.matchConstraints', true), ...conditionErrors(s.matchConditions, 'spec.matchConditions'), ...variableErrors(s.variables, 'spec.variables'));
  for (const list of ['resourceRules', 'excludeResourceRules'] as const) {
    s.matchConstraints?.[list]?.forEach((r, i) => r.operations?.forEach((o, j) => {
      if (o === 'DELETE' || o === 'CONNECT' || o === '*') errors.push(invalid(`spec.matchConstraints.${list}[${i}].operations[${j}]`, o, 'must be CREATE or UPDATE'));
    }));
  }
  if (!s.mutations?.length) errors.push(required('spec.mutations', 'mutations must contain at least one item'));
  s.mutations?.forEach((m, i) => {
    const at = `spec.mutations[${i}]`, apply = m.applyConfiguration, patch = m.jsonPatch;
    if (!m.patchType) errors.push(required(`${at}.patchType`));
    else if (!TYPES.includes(m.patchType)) errors.push(notSupported(`${at}.patchType`, m.patchType, TYPES));
    else if (m.patchType === 'ApplyConfiguration') {
      if (!apply) errors.push(required(`${at}.applyConfiguration`, 'must be specified when patchType is ApplyConfiguration'));
      else if (!apply.expression?.trim()) errors.push(required(`${at}.applyConfiguration.expression`, 'expression is not specified'));
      if (patch) errors.push(invalid(`${at}.jsonPatch`, patch, 'must not be specified when patchType is ApplyConfiguration'));
    } else {
      if (!patch) errors.push(required(`${at}.jsonPatch`, 'must be specified when patchType is JSONPatch'));
      else if (!patch.expression?.trim()) errors.push(required(`${at}.jsonPatch.expression`, 'expression is not specified'));
      if (apply) errors.push(invalid(`${at}.applyConfiguration`, apply, 'must not be specified when patchType is JSONPatch'));
    }
  });
  if (!s.reinvocationPolicy) errors.push(required('spec.reinvocationPolicy'));
  else if (!['Never', 'IfNeeded'].includes(s.reinvocationPolicy)) errors.push(notSupported('spec.reinvocationPolicy', s.reinvocationPolicy, ['IfNeeded', 'Never']));
  return errors;
}

export const mutatingAdmissionPolicy = defineKind<MutatingAdmissionPolicy>({
  group: GROUP, version: 'v1', kind: 'MutatingAdmissionPolicy', plural: 'mutatingadmissionpolicies', namespaced: false,
  schema: 'io.k8s.api.admissionregistration.v1.MutatingAdmissionPolicy', categories: ['api-extensions'],
  generation: true, unconditionalUpdate: false,
  setDefaults(p) {
    p.spec ??= {};
    p.spec.failurePolicy ??= 'Fail';
    p.spec.reinvocationPolicy ??= 'Never';
    defaultMatch(p.spec.matchConstraints);
  },
  validate,
  columns: [
    nameColumn, count('Mutations', 'How many changes the policy makes.', p => p.spec?.mutations?.length ?? 0),
    text('ParamKind', 'The kind of the objects that bindings give the policy.', p => paramKindText(p.spec?.paramKind)), ageColumn,
  ],
  view: { nav: 'Cluster', icon: 'custom', sections: ['labels', 'spec'], actions: ['yaml', 'delete'] },
});

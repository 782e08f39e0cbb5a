import { duplicate, invalid, notSupported, required, type FieldError } from '../../meta/field-error.ts';
import { dnsSubdomain } from '../../meta/names.ts';
import type { ValidatingAdmissionPolicyBinding } from '../../types/kubernetes.ts';
import { ageColumn, nameColumn, text } from '../columns.ts';
import { defineKind } from '../kind.ts';
import { defaultMatch, GROUP, matchErrors, paramRefErrors, paramRefText } from './rules.ts';

const ACTIONS = ['Audit', 'Deny', 'Warn'];

function validate(b: ValidatingAdmissionPolicyBinding): FieldError[] {
  const s = b.spec ?? {}, errors: FieldError[] = [];
  if (!s.policyName) errors.push(required('spec.policyName'));
  else errors.push(...dnsSubdomain(s.policyName).map(m => invalid('spec.policyName', s.policyName, m)));
  errors.push(...paramRefErrors(s.paramRef, 'spec.paramRef'), ...matchErrors(s.matchResources, 'spec.matchResources', false));
  const actions = s.validationActions ?? [];
  if (actions.length === 0) errors.push(required('spec.validationActions'));
  actions.forEach((a, i) => {
    if (!ACTIONS.includes(a)) errors.push(notSupported(`spec.validationActions[${i}]`, a, ACTIONS));
    if (actions.indexOf(a) < i) errors.push(duplicate(`spec.validationActions[${i}]`, a));
  });
  if (actions.includes('Deny') && actions.includes('Warn')) errors.push(invalid('spec.validationActions', actions, 'must not contain both Deny and Warn (repeating the same validation failure information in the API response and headers serves no purpose)'));
  return errors;
}

export const validatingAdmissionPolicyBinding = defineKind<ValidatingAdmissionPolicyBinding>({
  group: GROUP, version: 'v1', kind: 'ValidatingAdmissionPolicyBinding', plural: 'validatingadmissionpolicybindings', namespaced: false,
  schema: 'io.k8s.api.admissionregistration.v1.ValidatingAdmissionPolicyBinding', categories: ['api-extensions'],
  generation: true, unconditionalUpdate: false,
  setDefaults(b) { defaultMatch(b.spec?.matchResources); },
  validate,
  columns: [
    nameColumn, text('PolicyName', 'The policy the binding puts to work.', b => b.spec?.policyName ?? ''),
    text('ParamRef', 'The objects it gives the policy.', b => paramRefText(b.spec?.paramRef)), ageColumn,
  ],
  view: { nav: 'Cluster', icon: 'binding', sections: ['labels', 'spec'], actions: ['yaml', 'delete'] },
});

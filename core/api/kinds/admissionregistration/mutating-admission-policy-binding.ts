import { invalid, required, type FieldError } from '../../meta/field-error.ts';
import { dnsSubdomain } from '../../meta/names.ts';
import type { MutatingAdmissionPolicyBinding } from '../../types/kubernetes.ts';
import { ageColumn, nameColumn, text } from '../columns.ts';
import { defineKind } from '../kind.ts';
import { defaultMatch, GROUP, matchErrors, paramRefErrors, paramRefText } from './rules.ts';

function validate(b: MutatingAdmissionPolicyBinding): FieldError[] {
  const s = b.spec ?? {}, errors: FieldError[] = [];
  if (!s.policyName) errors.push(required('spec.policyName'));
  else errors.push(...dnsSubdomain(s.policyName).map(m => invalid('spec.policyName', s.policyName, m)));
  errors.push(...paramRefErrors(s.paramRef, 'spec.paramRef'), ...matchErrors(s.matchResources, 'spec.matchResources', false));
  return errors;
}

export const mutatingAdmissionPolicyBinding = defineKind<MutatingAdmissionPolicyBinding>({
  group: GROUP, version: 'v1', kind: 'MutatingAdmissionPolicyBinding', plural: 'mutatingadmissionpolicybindings', namespaced: false,
  schema: 'io.k8s.api.admissionregistration.v1.MutatingAdmissionPolicyBinding', categories: ['api-extensions'],
  generation: true, unconditionalUpdate: false,
  setDefaults(b) { defaultMatch(b.spec?.matchResources); },
  validate,
  columns: [
    nameColumn, text('PolicyName', 'The policy the binding puts to work.', b => b.spec?.policyName ?? ''),
    text('ParamRef', 'The objects it gives the policy.', b => paramRefText(b.spec?.paramRef)), ageColumn,
  ],
  view: { nav: 'Cluster', icon: 'binding', sections: ['labels', 'spec'], actions: ['yaml', 'delete'] },
});

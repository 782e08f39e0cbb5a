import { duplicate, invalid, notSupported, required, type FieldError } from '../../meta/field-error.ts';
import type { ValidatingAdmissionPolicyBinding } from '../../types/kubernetes.ts';
import { defineKind } from '../kind.ts';
import { bindingColumns, bindingErrors, defaultBinding, GROUP } from './rules.ts';

const ACTIONS = ['Audit', 'Deny', 'Warn'];

function validate(b: ValidatingAdmissionPolicyBinding): FieldError[] {
  const errors = bindingErrors(b), actions = b.spec?.validationActions ?? [];
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
  setDefaults: defaultBinding,
  validate,
  columns: bindingColumns<ValidatingAdmissionPolicyBinding>(),
  view: { nav: 'Cluster', icon: 'binding', sections: ['labels', 'spec'], actions: ['yaml', 'delete'] },
});

import type { MutatingAdmissionPolicyBinding } from '../../types/kubernetes.ts';
import { defineKind } from '../kind.ts';
import { bindingColumns, bindingErrors, defaultBinding, GROUP } from './rules.ts';

export const mutatingAdmissionPolicyBinding = defineKind<MutatingAdmissionPolicyBinding>({
  group: GROUP, version: 'v1', kind: 'MutatingAdmissionPolicyBinding', plural: 'mutatingadmissionpolicybindings', namespaced: false,
  schema: 'io.k8s.api.admissionregistration.v1.MutatingAdmissionPolicyBinding', categories: ['api-extensions'],
  generation: true, unconditionalUpdate: false,
  setDefaults: defaultBinding,
  validate: bindingErrors,
  columns: bindingColumns<MutatingAdmissionPolicyBinding>(),
  view: { nav: 'Cluster', icon: 'binding', sections: ['labels', 'spec'], actions: ['yaml', 'delete'] },
});

import type { RoleBinding } from '../../types/kubernetes.ts';
import { defineKind } from '../kind.ts';
import { bindingColumns, defaultBinding, RBAC, validateBinding, validateBindingUpdate } from './rules.ts';

export const roleBinding = defineKind<RoleBinding>({
  group: RBAC, version: 'v1', kind: 'RoleBinding', plural: 'rolebindings', namespaced: true,
  schema: 'io.k8s.api.rbac.v1.RoleBinding',
  nameRule: 'path-segment', createOnUpdate: true,
  setDefaults: defaultBinding,
  validate: b => validateBinding(b, true),
  validateUpdate: validateBindingUpdate,
  columns: bindingColumns<RoleBinding>(),
  view: { nav: 'Access', icon: 'binding', sections: ['labels', 'spec'], actions: ['yaml', 'delete'] },
});

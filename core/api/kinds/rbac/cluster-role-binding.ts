import type { ClusterRoleBinding } from '../../types/kubernetes.ts';
import { defineKind } from '../kind.ts';
import { bindingColumns, defaultBinding, RBAC, validateBinding, validateBindingUpdate } from './rules.ts';

export const clusterRoleBinding = defineKind<ClusterRoleBinding>({
  group: RBAC, version: 'v1', kind: 'ClusterRoleBinding', plural: 'clusterrolebindings', namespaced: false,
  schema: 'io.k8s.api.rbac.v1.ClusterRoleBinding',
  nameRule: 'path-segment', createOnUpdate: true,
  setDefaults: defaultBinding,
  validate: b => validateBinding(b, false),
  validateUpdate: validateBindingUpdate,
  columns: bindingColumns<ClusterRoleBinding>(),
  view: { nav: 'Access', icon: 'binding', sections: ['labels', 'spec'], actions: ['yaml', 'delete'] },
});

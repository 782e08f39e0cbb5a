import type { ClusterRoleBinding } from '../../types/kubernetes.ts';
import { ageColumn, nameColumn } from '../columns.ts';
import { defineKind } from '../kind.ts';

export const clusterRoleBinding = defineKind<ClusterRoleBinding>({
  group: 'rbac.authorization.k8s.io', version: 'v1', kind: 'ClusterRoleBinding', plural: 'clusterrolebindings', namespaced: false,
  schema: 'io.k8s.api.rbac.v1.ClusterRoleBinding',
  nameRule: 'path-segment', createOnUpdate: true,
  validate: () => [],
  columns: [nameColumn, ageColumn],
  view: { nav: 'Access', icon: 'binding', sections: ['labels', 'owners', 'events'], actions: ['yaml', 'delete'] },
});

import type { ClusterRole } from '../../types/kubernetes.ts';
import { ageColumn, nameColumn } from '../columns.ts';
import { defineKind } from '../kind.ts';

export const clusterRole = defineKind<ClusterRole>({
  group: 'rbac.authorization.k8s.io', version: 'v1', kind: 'ClusterRole', plural: 'clusterroles', namespaced: false,
  schema: 'io.k8s.api.rbac.v1.ClusterRole',
  nameRule: 'path-segment', createOnUpdate: true,
  validate: () => [],
  columns: [nameColumn, ageColumn],
  view: { nav: 'Access', icon: 'role', sections: ['labels', 'owners', 'events'], actions: ['yaml', 'delete'] },
});

import type { Role } from '../../types/kubernetes.ts';
import { ageColumn, nameColumn } from '../columns.ts';
import { defineKind } from '../kind.ts';

export const role = defineKind<Role>({
  group: 'rbac.authorization.k8s.io', version: 'v1', kind: 'Role', plural: 'roles', namespaced: true,
  schema: 'io.k8s.api.rbac.v1.Role',
  nameRule: 'path-segment', createOnUpdate: true,
  validate: () => [],
  columns: [nameColumn, ageColumn],
  view: { nav: 'Access', icon: 'role', sections: ['labels', 'owners', 'events'], actions: ['yaml', 'delete'] },
});

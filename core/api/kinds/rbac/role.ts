import type { Role } from '../../types/kubernetes.ts';
import { createdColumn, nameColumn } from '../columns.ts';
import { defineKind } from '../kind.ts';
import { RBAC, validateRule } from './rules.ts';

export const role = defineKind<Role>({
  group: RBAC, version: 'v1', kind: 'Role', plural: 'roles', namespaced: true,
  schema: 'io.k8s.api.rbac.v1.Role',
  nameRule: 'path-segment', createOnUpdate: true,
  setDefaults(r) { r.rules ??= []; },
  validate: r => (r.rules ?? []).flatMap((rule, i) => validateRule(rule, true, `rules[${i}]`)),
  columns: [nameColumn, createdColumn],
  view: { nav: 'Access', icon: 'role', sections: ['labels', 'spec'], actions: ['yaml', 'delete'] },
});

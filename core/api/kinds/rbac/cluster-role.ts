import type { ClusterRole } from '../../types/kubernetes.ts';
import { createdColumn, nameColumn } from '../columns.ts';
import { defineKind } from '../kind.ts';
import { RBAC, validateRule } from './rules.ts';

export const clusterRole = defineKind<ClusterRole>({
  group: RBAC, version: 'v1', kind: 'ClusterRole', plural: 'clusterroles', namespaced: false,
  schema: 'io.k8s.api.rbac.v1.ClusterRole',
  nameRule: 'path-segment', createOnUpdate: true,
  setDefaults(r) { r.rules ??= []; },
  validate: r => (r.rules ?? []).flatMap((rule, i) => validateRule(rule, false, `rules[${i}]`)),
  columns: [nameColumn, createdColumn],
  view: { nav: 'Access', icon: 'role', sections: ['labels', 'spec'], actions: ['yaml', 'delete'] },
});

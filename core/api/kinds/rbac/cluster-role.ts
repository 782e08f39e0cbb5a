import { required, type FieldError } from '../../meta/field-error.ts';
import type { ClusterRole } from '../../types/kubernetes.ts';
import { createdColumn, nameColumn } from '../columns.ts';
import { defineKind } from '../kind.ts';
import { validateLabelSelector } from '../parts/scheduling.ts';
import { RBAC, validateRule } from './rules.ts';

/** Which roles' rules are gathered in this one. */
function validateAggregation(r: ClusterRole): FieldError[] {
  const selectors = r.aggregationRule?.clusterRoleSelectors, at = 'aggregationRule.clusterRoleSelectors';
  if (!r.aggregationRule) return [];
  return selectors?.length ? selectors.flatMap((s, i) => validateLabelSelector(s, `${at}[${i}]`)) : [required(at, 'at least one clusterRoleSelector required if aggregationRule is non-nil')];
}

export const clusterRole = defineKind<ClusterRole>({
  group: RBAC, version: 'v1', kind: 'ClusterRole', plural: 'clusterroles', namespaced: false,
  schema: 'io.k8s.api.rbac.v1.ClusterRole',
  nameRule: 'path-segment', createOnUpdate: true,
  setDefaults(r) { r.rules ??= []; },
  validate: r => [...(r.rules ?? []).flatMap((rule, i) => validateRule(rule, false, `rules[${i}]`)), ...validateAggregation(r)],
  columns: [nameColumn, createdColumn],
  view: { nav: 'Access', icon: 'role', sections: ['labels', 'spec'], actions: ['yaml', 'delete'] },
});

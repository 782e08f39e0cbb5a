// Rules, subjects and references the RBAC kinds share.
import { semanticEqual } from '../../meta/equal.ts';
import { invalid, notSupported, required, type FieldError } from '../../meta/field-error.ts';
import { dnsSubdomain, IMMUTABLE, pathSegment } from '../../meta/names.ts';
import type { KubeObject } from '../../meta/object.ts';
import type { PolicyRule, RbacSubject, RoleRef } from '../../types/kubernetes.ts';
import { ageColumn, nameColumn, text, wide } from '../columns.ts';
import type { Column } from '../kind.ts';

export const RBAC = 'rbac.authorization.k8s.io';
export interface Binding extends KubeObject { roleRef: RoleRef; subjects?: RbacSubject[] }

/** Field errors of one rule; only cluster roles (`namespaced` false) may name URLs. */
export function validateRule(r: PolicyRule, namespaced: boolean, path: string): FieldError[] {
  const errors: FieldError[] = [];
  if (!r.verbs?.length) errors.push(required(`${path}.verbs`, 'verbs must contain at least one value'));
  if (r.nonResourceURLs?.length) {
    if (namespaced) errors.push(invalid(`${path}.nonResourceURLs`, r.nonResourceURLs, 'namespaced rules cannot apply to non-resource URLs'));
    if (r.apiGroups?.length || r.resources?.length || r.resourceNames?.length) errors.push(invalid(`${path}.nonResourceURLs`, r.nonResourceURLs, 'rules cannot apply to both regular resources and non-resource URLs'));
    return errors;
  }
  if (!r.apiGroups?.length) errors.push(required(`${path}.apiGroups`, 'resource rules must supply at least one api group'));
  if (!r.resources?.length) errors.push(required(`${path}.resources`, 'resource rules must supply at least one resource'));
  return errors;
}

/** API groups of references and subjects, as old clients leave them out. */
export function defaultBinding(b: Binding): void {
  if (b.roleRef && !b.roleRef.apiGroup) b.roleRef.apiGroup = RBAC;
  for (const s of b.subjects ?? []) if (!s.apiGroup && (s.kind === 'User' || s.kind === 'Group')) s.apiGroup = RBAC;
}

function validateSubject(s: RbacSubject, namespaced: boolean, path: string): FieldError[] {
  const errors: FieldError[] = [];
  if (!s.name) errors.push(required(`${path}.name`));
  if (s.kind === 'ServiceAccount') {
    if (s.name) for (const m of dnsSubdomain(s.name)) errors.push(invalid(`${path}.name`, s.name, m));
    if (s.apiGroup) errors.push(notSupported(`${path}.apiGroup`, s.apiGroup, ['']));
    if (!namespaced && !s.namespace) errors.push(required(`${path}.namespace`));
  } else if (s.kind === 'User' || s.kind === 'Group') {
    if (s.apiGroup !== RBAC) errors.push(notSupported(`${path}.apiGroup`, s.apiGroup ?? '', [RBAC]));
  } else errors.push(notSupported(`${path}.kind`, s.kind ?? '', ['ServiceAccount', 'User', 'Group'], true));
  return errors;
}

/** Field errors of role reference and subjects. */
export function validateBinding(b: Binding, namespaced: boolean): FieldError[] {
  const errors: FieldError[] = [];
  const ref = b.roleRef ?? ({} as RoleRef), kinds = namespaced ? ['Role', 'ClusterRole'] : ['ClusterRole'];
  if (ref.apiGroup !== RBAC) errors.push(notSupported('roleRef.apiGroup', ref.apiGroup ?? '', [RBAC]));
  if (!kinds.includes(ref.kind)) errors.push(notSupported('roleRef.kind', ref.kind ?? '', kinds, true));
  if (!ref.name) errors.push(required('roleRef.name'));
  else for (const m of pathSegment(ref.name)) errors.push(invalid('roleRef.name', ref.name, m));
  b.subjects?.forEach((s, i) => errors.push(...validateSubject(s, namespaced, `subjects[${i}]`)));
  return errors;
}

/** The new reference as upstream prints it: its internal structs name fields in their own way. */
export const validateBindingUpdate = (next: Binding, prev: Binding): FieldError[] =>
  (semanticEqual(next.roleRef, prev.roleRef) ? [] : [invalid('roleRef', { APIGroup: next.roleRef?.apiGroup ?? '', Kind: next.roleRef?.kind ?? '', Name: next.roleRef?.name ?? '' }, IMMUTABLE)]);

const subjects = (kind: string) => (b: Binding): string =>
  (b.subjects ?? []).filter(s => s.kind === kind).map(s => (kind === 'ServiceAccount' ? `${s.namespace ?? ''}/${s.name}` : s.name)).join(', ');

export const bindingColumns = <T extends Binding>(): readonly Column<T>[] => [
  nameColumn,
  text<T>('Role', 'Role that is granted.', b => `${b.roleRef?.kind ?? ''}/${b.roleRef?.name ?? ''}`, { draw: 'link' }),
  ageColumn,
  wide(text<T>('Users', 'Users it is granted to.', subjects('User'))),
  wide(text<T>('Groups', 'Groups it is granted to.', subjects('Group'))),
  wide(text<T>('ServiceAccounts', 'Service accounts it is granted to.', subjects('ServiceAccount'))),
];

import { semanticEqual } from '../../meta/equal.ts';
import { invalid, type FieldError } from '../../meta/field-error.ts';
import { IMMUTABLE, labelKey } from '../../meta/names.ts';
import type { ResourceQuota } from '../../types/kubernetes.ts';
import { ageColumn, nameColumn, text } from '../columns.ts';
import { STATUS, defineKind } from '../kind.ts';
import { keepStatus } from '../parts/keep-status.ts';
import { defaultResourceList, validateAmount } from '../parts/resources.ts';

/** `cpu: 1/2, pods: 3/10`. */
function used(q: ResourceQuota, limits: boolean): string {
  return Object.keys(q.status?.hard ?? {}).sort().filter(n => n.startsWith('limits') === limits)
    .map(n => `${n}: ${q.status?.used?.[n] ?? '0'}/${q.status!.hard![n]!}`).join(', ');
}

function validate(q: ResourceQuota): FieldError[] {
  return Object.entries(q.spec?.hard ?? {}).flatMap(([name, value]) => {
    const at = `spec.hard[${name}]`;
    return [...labelKey(name.replace(/^count\//, '').replaceAll('/', '.')).map(m => invalid(at, name, m)), ...validateAmount(name, value, at)];
  });
}

export const resourceQuota = defineKind<ResourceQuota>({
  group: '', version: 'v1', kind: 'ResourceQuota', plural: 'resourcequotas', namespaced: true,
  schema: 'io.k8s.api.core.v1.ResourceQuota', shortNames: ['quota'],
  subresources: [STATUS],
  setDefaults(q) { defaultResourceList(q.spec?.hard); },
  prepareForCreate(q) { q.status = {}; },
  prepareForUpdate: keepStatus,
  validate,
  validateUpdate: (next, prev) => (semanticEqual(next.spec?.scopes, prev.spec?.scopes) ? [] : [invalid('spec.scopes', next.spec?.scopes ?? [], IMMUTABLE)]),
  columns: [
    nameColumn,
    text('Request', 'Use and bound of everything but limits.', q => used(q, false)),
    text('Limit', 'Use and bound of limits.', q => used(q, true)),
    ageColumn,
  ],
  view: { nav: 'Config', icon: 'quota', sections: ['events', 'labels', 'spec'], actions: ['yaml', 'delete'] },
});

import { invalid, required, type FieldError } from '../../meta/field-error.ts';
import { dnsSubdomain, IMMUTABLE } from '../../meta/names.ts';
import type { IngressClass } from '../../types/kubernetes.ts';
import { ageColumn, nameColumn, text } from '../columns.ts';
import { defineKind } from '../kind.ts';

function validate(c: IngressClass): FieldError[] {
  const name = c.spec?.controller;
  if (!name) return [required('spec.controller')];
  if (name.length > 250) return [{ type: 'FieldValueTooLong', field: 'spec.controller', detail: 'Too long: may not be more than 250 bytes' }];
  const slash = name.indexOf('/');
  if (slash <= 0 || slash === name.length - 1) return [invalid('spec.controller', name, 'must be a domain-prefixed path (such as "acme.io/foo")')];
  return dnsSubdomain(name.slice(0, slash)).map(m => invalid('spec.controller', name.slice(0, slash), m));
}

function parameters(c: IngressClass): string {
  const p = c.spec?.parameters;
  return p ? `${p.kind}${p.apiGroup ? `.${p.apiGroup}` : ''}/${p.name}` : '<none>';
}

export const ingressClass = defineKind<IngressClass>({
  group: 'networking.k8s.io', version: 'v1', kind: 'IngressClass', plural: 'ingressclasses', namespaced: false,
  schema: 'io.k8s.api.networking.v1.IngressClass',
  generation: true,
  validate,
  validateUpdate: (next, prev) => (next.spec?.controller === prev.spec?.controller ? [] : [invalid('spec.controller', next.spec?.controller, IMMUTABLE)]),
  columns: [nameColumn, text('Controller', 'What serves this class.', c => c.spec?.controller ?? ''), text('Parameters', 'Object with its settings.', parameters), ageColumn],
  view: { nav: 'Network', icon: 'class', sections: ['labels', 'spec'], actions: ['yaml', 'delete'] },
});

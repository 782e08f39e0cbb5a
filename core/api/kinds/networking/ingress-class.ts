import { forbidden, invalid, notSupported, required, type FieldError } from '../../meta/field-error.ts';
import { dnsSubdomain, IMMUTABLE, pathSegment } from '../../meta/names.ts';
import type { IngressClass } from '../../types/kubernetes.ts';
import { ageColumn, nameColumn, text } from '../columns.ts';
import { defineKind } from '../kind.ts';

function validate(c: IngressClass): FieldError[] {
  const name = c.spec?.controller;
  if (!name) return [required('spec.controller')];
  if (name.length > 250) return [{ type: 'FieldValueTooLong', field: 'spec.controller', detail: 'Too long: may not be more than 250 bytes' }];
  const slash = name.indexOf('/');
  if (slash <= 0 || slash === name.length - 1) return [invalid('spec.controller', name, 'must be a domain-prefixed path (such as "acme.io/foo")')];
  const errors = dnsSubdomain(name.slice(0, slash)).map(m => invalid('spec.controller', name.slice(0, slash), m));
  const p = c.spec?.parameters, at = 'spec.parameters';
  if (!p) return errors;
  if (p.apiGroup) for (const m of dnsSubdomain(p.apiGroup)) errors.push(invalid(`${at}.apiGroup`, p.apiGroup, m));
  for (const f of ['kind', 'name'] as const) {
    if (!p[f]) errors.push(required(`${at}.${f}`, `${f} is required`));
    else for (const m of pathSegment(p[f])) errors.push(invalid(`${at}.${f}`, p[f], m));
  }
  if (!p.scope) errors.push(required(`${at}.scope`));
  else if (p.scope === 'Namespace') { if (!p.namespace) errors.push(required(`${at}.namespace`, "`parameters.scope` is set to 'Namespace'")); }
  else if (p.scope === 'Cluster') { if (p.namespace !== undefined) errors.push(forbidden(`${at}.namespace`, "`parameters.scope` is set to 'Cluster'")); }
  else errors.push(notSupported(`${at}.scope`, p.scope, ['Cluster', 'Namespace']));
  return errors;
}

function parameters(c: IngressClass): string {
  const p = c.spec?.parameters;
  return p ? `${p.kind}${p.apiGroup ? `.${p.apiGroup}` : ''}/${p.name}` : '<none>';
}

export const ingressClass = defineKind<IngressClass>({
  group: 'networking.k8s.io', version: 'v1', kind: 'IngressClass', plural: 'ingressclasses', namespaced: false,
  schema: 'io.k8s.api.networking.v1.IngressClass',
  generation: true,
  setDefaults(c) { if (c.spec?.parameters) c.spec.parameters.scope ??= 'Cluster'; },
  validate,
  validateUpdate: (next, prev) => (next.spec?.controller === prev.spec?.controller ? [] : [invalid('spec.controller', next.spec?.controller, IMMUTABLE)]),
  columns: [nameColumn, text('Controller', 'What serves this class.', c => c.spec?.controller ?? ''), text('Parameters', 'Object with its settings.', parameters), ageColumn],
  view: { nav: 'Network', icon: 'class', sections: ['labels', 'spec'], actions: ['yaml', 'delete'] },
});

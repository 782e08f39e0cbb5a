import { forbidden, invalid, notSupported, required, tooLong, type FieldError } from '../../meta/field-error.ts';
import { dnsLabel, IMMUTABLE } from '../../meta/names.ts';
import type { IngressClass } from '../../types/kubernetes.ts';
import { ageColumn, nameColumn, text } from '../columns.ts';
import { defineKind } from '../kind.ts';
import { validateDomainPath, validateTypedReference } from '../parts/references.ts';

const LONGEST_NAME = 250;

function validate(c: IngressClass): FieldError[] {
  const name = c.spec?.controller ?? '', errors = name.length > LONGEST_NAME ? [tooLong('spec.controller', LONGEST_NAME)] : [];
  errors.push(...validateDomainPath(name, 'spec.controller'));
  const p = c.spec?.parameters, at = 'spec.parameters';
  if (!p) return errors;
  errors.push(...validateTypedReference(p, at));
  if (!p.scope) errors.push(required(`${at}.scope`));
  else if (p.scope === 'Namespace') { errors.push(...(p.namespace === undefined ? [required(`${at}.namespace`, "`parameters.scope` is set to 'Namespace'")] : dnsLabel(p.namespace).map(m => invalid(`${at}.namespace`, p.namespace, m)))); }
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

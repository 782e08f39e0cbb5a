import { equal } from '../../meta/clone.ts';
import { invalid, required, type FieldError } from '../../meta/field-error.ts';
import { canonicalIP } from '../../meta/ip.ts';
import { dnsSubdomain, IMMUTABLE, pathSegment } from '../../meta/names.ts';
import type { IPAddress } from '../../types/kubernetes.ts';
import { ageColumn, nameColumn, text } from '../columns.ts';
import { defineKind } from '../kind.ts';

function validate(a: IPAddress): FieldError[] {
  const errors: FieldError[] = [], name = a.metadata?.name ?? '';
  const canonical = canonicalIP(name);
  // Names that cannot be are reported by the rules of metadata already.
  if (name !== '' && pathSegment(name).length === 0) {
    if (canonical === undefined) errors.push(invalid('metadata.name', name, `ParseAddr(${JSON.stringify(name)}): unable to parse IP`));
    else if (canonical !== name) errors.push(invalid('metadata.name', name, 'must be a canonical format IP address'));
  }
  const ref = a.spec?.parentRef, at = 'spec.parentRef';
  if (!ref) return [...errors, required(at)];
  if (ref.group) for (const m of dnsSubdomain(ref.group)) errors.push(invalid(`${at}.group`, ref.group, m));
  for (const f of ['resource', 'name'] as const) {
    if (!ref[f]) errors.push(required(`${at}.${f}`));
    else for (const m of pathSegment(ref[f])) errors.push(invalid(`${at}.${f}`, ref[f], m));
  }
  if (ref.namespace) for (const m of pathSegment(ref.namespace)) errors.push(invalid(`${at}.namespace`, ref.namespace, m));
  return errors;
}

/** `services/default/kubernetes`. */
function parentText(a: IPAddress): string {
  const ref = a.spec?.parentRef;
  if (!ref) return '<none>';
  return [ref.group ? `${ref.resource}.${ref.group}` : ref.resource, ...(ref.namespace ? [ref.namespace] : []), ref.name].join('/');
}

export const ipAddress = defineKind<IPAddress>({
  group: 'networking.k8s.io', version: 'v1', kind: 'IPAddress', plural: 'ipaddresses', namespaced: false,
  schema: 'io.k8s.api.networking.v1.IPAddress', shortNames: ['ip'],
  nameRule: 'path-segment',
  fields: { 'spec.parentRef.name': a => a.spec?.parentRef?.name ?? '', 'spec.parentRef.namespace': a => a.spec?.parentRef?.namespace ?? '', 'spec.parentRef.resource': a => a.spec?.parentRef?.resource ?? '', 'spec.parentRef.group': a => a.spec?.parentRef?.group ?? '' },
  validate,
  validateUpdate: (next, prev) => (equal(next.spec?.parentRef, prev.spec?.parentRef) ? [] : [invalid('spec.parentRef', next.spec?.parentRef, IMMUTABLE)]),
  columns: [nameColumn, text('ParentRef', 'Who uses the address.', parentText, { draw: 'code' }), ageColumn],
  view: { nav: 'Network', icon: 'endpoints', sections: ['labels', 'spec'], actions: ['yaml', 'delete'] },
});

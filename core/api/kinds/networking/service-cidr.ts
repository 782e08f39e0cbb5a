import { equal } from '../../meta/clone.ts';
import { invalid, required, type FieldError } from '../../meta/field-error.ts';
import { CIDR_TEXT, isCIDR } from '../../meta/ip.ts';
import { IMMUTABLE } from '../../meta/names.ts';
import type { ServiceCIDR } from '../../types/kubernetes.ts';
import { ageColumn, nameColumn, text } from '../columns.ts';
import { STATUS, defineKind } from '../kind.ts';
import { keepStatus } from '../parts/keep-status.ts';

const isV6 = (cidr: string): boolean => cidr.includes(':');

function validate(s: ServiceCIDR): FieldError[] {
  const cidrs = s.spec?.cidrs ?? [], at = 'spec.cidrs';
  if (cidrs.length === 0) return [required(at, 'at least one CIDR required')];
  if (cidrs.length > 2) return [invalid(at, cidrs, 'may only hold up to 2 values')];
  if (cidrs.length === 2 && (!cidrs.every(isCIDR) || isV6(cidrs[0]!) === isV6(cidrs[1]!))) return [invalid(at, cidrs, 'may specify no more than one IP for each IP family, i.e 192.168.0.0/24 and 2001:db8::/96')];
  return cidrs.flatMap((c, i) => (isCIDR(c) ? [] : [invalid(`${at}[${i}]`, c, CIDR_TEXT)]));
}

/** A second family may join a single one; nothing else changes. */
function validateUpdate(next: ServiceCIDR, prev: ServiceCIDR): FieldError[] {
  const a = next.spec?.cidrs ?? [], b = prev.spec?.cidrs ?? [];
  if (equal(a, b)) return [];
  if (b.length === 1 && a.length === 2) return a[0] === b[0] ? [] : [invalid('spec.cidrs[0]', a[0], IMMUTABLE)];
  return [invalid('spec.cidrs', a, IMMUTABLE)];
}

export const serviceCidr = defineKind<ServiceCIDR>({
  group: 'networking.k8s.io', version: 'v1', kind: 'ServiceCIDR', plural: 'servicecidrs', namespaced: false,
  schema: 'io.k8s.api.networking.v1.ServiceCIDR',
  subresources: [STATUS], statusOnly: true,
  prepareForCreate(s) { s.status = {}; },
  prepareForUpdate: keepStatus,
  validate,
  validateUpdate,
  validateStatusUpdate: () => [],
  columns: [nameColumn, text('CIDRs', 'Where services get their addresses from.', s => (s.spec?.cidrs ?? []).join(','), { draw: 'code' }), ageColumn],
  view: { nav: 'Network', icon: 'endpoints', sections: ['conditions', 'labels', 'spec'], actions: ['yaml', 'delete'] },
});

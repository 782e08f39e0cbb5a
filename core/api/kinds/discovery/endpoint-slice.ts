import { duplicate, invalid, notSupported, required, tooMany, type FieldError } from '../../meta/field-error.ts';
import { isIPv4, isIPv6, nonSpecialIP } from '../../meta/ip.ts';
import { dnsLabel, dnsSubdomain, IMMUTABLE, portNumber } from '../../meta/names.ts';
import type { EndpointSlice } from '../../types/kubernetes.ts';
import { ageColumn, firstThree, nameColumn, text } from '../columns.ts';
import { defineKind } from '../kind.ts';

const TYPES = ['FQDN', 'IPv4', 'IPv6'];

function validate(s: EndpointSlice): FieldError[] {
  const errors: FieldError[] = [];
  if (!s.addressType) errors.push(required('addressType'));
  else if (!TYPES.includes(s.addressType)) errors.push(notSupported('addressType', s.addressType, TYPES));
  const endpoints = s.endpoints ?? [];
  if (endpoints.length > 1000) return [...errors, tooMany('endpoints', endpoints.length, 1000)];
  for (let i = 0; i < endpoints.length; i++) {
    const e = endpoints[i]!, at = `endpoints[${i}]`;
    if (!e.addresses?.length) errors.push(required(`${at}.addresses`, 'must contain at least 1 address'));
    else if (e.addresses.length > 100) errors.push(tooMany(`${at}.addresses`, e.addresses.length, 100));
    e.addresses?.forEach((a, j) => {
      const field = `${at}.addresses[${j}]`;
      if (s.addressType === 'FQDN') for (const m of dnsSubdomain(a)) errors.push(invalid(field, a, m));
      else {
        if (s.addressType === 'IPv4' && !isIPv4(a)) errors.push(invalid(field, a, 'must be an IPv4 address'));
        if (s.addressType === 'IPv6' && !isIPv6(a)) errors.push(invalid(field, a, 'must be an IPv6 address'));
        const bad = nonSpecialIP(a);
        if (bad && (isIPv4(a) || isIPv6(a))) errors.push(invalid(field, a, bad));
      }
    });
    if (e.hostname !== undefined) for (const m of dnsLabel(e.hostname)) errors.push(invalid(`${at}.hostname`, e.hostname, m));
    if (e.nodeName !== undefined) for (const m of dnsSubdomain(e.nodeName)) errors.push(invalid(`${at}.nodeName`, e.nodeName, m));
  }
  const names = new Set<string>();
  s.ports?.forEach((p, i) => {
    const at = `ports[${i}]`, name = p.name ?? '';
    if (name) for (const m of dnsLabel(name)) errors.push(invalid(`${at}.name`, name, m));
    if (names.has(name)) errors.push(duplicate(`${at}.name`, name));
    names.add(name);
    if (p.port !== undefined) for (const m of portNumber(p.port)) errors.push(invalid(`${at}.port`, p.port, m));
    if (!['SCTP', 'TCP', 'UDP'].includes(p.protocol ?? '')) errors.push(notSupported(`${at}.protocol`, p.protocol ?? '', ['SCTP', 'TCP', 'UDP']));
  });
  return errors;
}

export const endpointSlice = defineKind<EndpointSlice>({
  group: 'discovery.k8s.io', version: 'v1', kind: 'EndpointSlice', plural: 'endpointslices', namespaced: true,
  schema: 'io.k8s.api.discovery.v1.EndpointSlice',
  generation: true,
  setDefaults(s) {
    for (const p of s.ports ?? []) {
      p.name ??= '';
      p.protocol ??= 'TCP';
    }
  },
  validate,
  validateUpdate: (next, prev) => (next.addressType === prev.addressType ? [] : [invalid('addressType', next.addressType, IMMUTABLE)]),
  controller: 'endpointslice',
  columns: [
    nameColumn,
    text('AddressType', 'Kind of the addresses.', s => s.addressType ?? ''),
    text('Ports', 'Ports of every endpoint.', s => firstThree((s.ports ?? []).map(p => (p.port === undefined ? p.name || '*' : String(p.port))), '<unset>'), { draw: 'code' }),
    text('Endpoints', 'Addresses.', s => firstThree((s.endpoints ?? []).flatMap(e => e.addresses ?? []), '<unset>'), { draw: 'code' }),
    ageColumn,
  ],
  view: { nav: 'Network', icon: 'endpoints', sections: ['endpoints', 'ports', 'owners', 'labels'], actions: ['yaml', 'delete'] },
});

import { duplicate, invalid, notSupported, required, tooMany, type FieldError } from '../../meta/field-error.ts';
import { ipErrors, ipWarnings, isIPv6, specialIP } from '../../meta/ip.ts';
import { dnsLabel, dnsSubdomain, IMMUTABLE, labelKey, labelValue, portNumber } from '../../meta/names.ts';
import { validateLabels } from '../../meta/object-meta.ts';
import type { Endpoint, EndpointSlice } from '../../types/kubernetes.ts';
import { ageColumn, firstThree, nameColumn, text } from '../columns.ts';
import { defineKind } from '../kind.ts';

const TYPES = ['FQDN', 'IPv4', 'IPv6'], PROTOCOLS = ['SCTP', 'TCP', 'UDP'];
const MAX_ENDPOINTS = 1000, MAX_ADDRESSES = 100, MAX_PORTS = 20_000, MAX_TOPOLOGY = 16, MAX_HINTS = 8;

function nameErrors(name: string, path: string): FieldError[] {
  if (name === '') return [required(path)];
  const bare = name.replace(/\.$/, ''), bad = dnsSubdomain(bare), labels = bare.split('.');
  if (bad.length > 0) return [invalid(path, bare, bad.join(','))];
  if (labels.length < 2) return [invalid(path, bare, 'should be a domain with at least two segments separated by dots')];
  return labels.flatMap(l => { const m = dnsLabel(l); return m.length > 0 ? [invalid(path, l, m.join(','))] : []; }).slice(0, 1);
}

function addressErrors(type: string | undefined, address: string, path: string): FieldError[] {
  if (type === 'FQDN') return nameErrors(address, path);
  if (type !== 'IPv4' && type !== 'IPv6') return [];
  const bad = ipErrors(address);
  if (bad.length > 0) return bad.map(m => invalid(path, address, m));
  return [...((type === 'IPv6') === isIPv6(address) ? [] : [invalid(path, address, `must be an ${type} address`)]), ...specialIP(address).map(m => invalid(path, address, m))];
}

/** Names of zones or nodes, each once. */
function hintErrors(list: readonly { name?: string }[] | undefined, path: string, rule: (name: string) => readonly string[]): FieldError[] {
  const names = (list ?? []).map(h => h.name ?? '');
  if (names.length > MAX_HINTS) return [tooMany(path, names.length, MAX_HINTS)];
  return names.flatMap((n, i) => [...(names.indexOf(n) < i ? [duplicate(`${path}[${i}].name`, n)] : []), ...rule(n).map(m => invalid(`${path}[${i}].name`, n, m))]);
}

function endpointErrors(e: Endpoint, type: string | undefined, at: string): FieldError[] {
  const errors: FieldError[] = [], addresses = e.addresses ?? [], topology = e.deprecatedTopology, { hints } = e;
  if (addresses.length === 0) errors.push(required(`${at}.addresses`, 'must contain at least 1 address'));
  else if (addresses.length > MAX_ADDRESSES) errors.push(tooMany(`${at}.addresses`, addresses.length, MAX_ADDRESSES));
  addresses.forEach((a, j) => errors.push(...addressErrors(type, a, `${at}.addresses[${j}]`)));
  if (e.nodeName !== undefined) for (const m of dnsSubdomain(e.nodeName)) errors.push(invalid(`${at}.nodeName`, e.nodeName, m));
  if (topology) {
    const count = Object.keys(topology).length;
    if (count > MAX_TOPOLOGY) errors.push(tooMany(`${at}.deprecatedTopology`, count, MAX_TOPOLOGY));
    errors.push(...validateLabels(topology, `${at}.deprecatedTopology`));
  }
  if (e.hostname !== undefined) for (const m of dnsLabel(e.hostname)) errors.push(invalid(`${at}.hostname`, e.hostname, m));
  if (hints) errors.push(...hintErrors(hints.forZones, `${at}.hints.forZones`, labelValue), ...hintErrors(hints.forNodes, `${at}.hints.forNodes`, dnsSubdomain));
  return errors;
}

function portErrors(ports: EndpointSlice['ports']): FieldError[] {
  const errors: FieldError[] = [], names = new Set<string>();
  if (ports && ports.length > MAX_PORTS) return [tooMany('ports', ports.length, MAX_PORTS)];
  ports?.forEach((p, i) => {
    const at = `ports[${i}]`, name = p.name ?? '';
    if (name) for (const m of dnsLabel(name)) errors.push(invalid(`${at}.name`, name, m));
    if (names.has(name)) errors.push(duplicate(`${at}.name`, name));
    names.add(name);
    if (p.port !== undefined) for (const m of portNumber(p.port)) errors.push(invalid(`${at}.port`, p.port, m));
    if (!PROTOCOLS.includes(p.protocol ?? '')) errors.push(p.protocol === undefined ? required(`${at}.protocol`) : notSupported(`${at}.protocol`, p.protocol, PROTOCOLS));
    if (p.appProtocol !== undefined) for (const m of labelKey(p.appProtocol)) errors.push(invalid(`${at}.appProtocol`, p.appProtocol, m));
  });
  return errors;
}

function validate(s: EndpointSlice): FieldError[] {
  const errors: FieldError[] = [], endpoints = s.endpoints ?? [];
  if (!s.addressType) errors.push(required('addressType'));
  else if (!TYPES.includes(s.addressType)) errors.push(notSupported('addressType', s.addressType, TYPES));
  if (endpoints.length > MAX_ENDPOINTS) errors.push(tooMany('endpoints', endpoints.length, MAX_ENDPOINTS));
  else for (let i = 0; i < endpoints.length; i++) errors.push(...endpointErrors(endpoints[i]!, s.addressType, `endpoints[${i}]`));
  return [...errors, ...portErrors(s.ports)];
}

function warnings(s: EndpointSlice): string[] {
  const out = s.addressType === 'FQDN' ? ['addressType: FQDN endpoints are deprecated'] : [];
  s.endpoints?.forEach((e, i) => e.addresses?.forEach((a, j) => out.push(...ipWarnings(a, `endpoints[${i}].addresses[${j}]`))));
  return out;
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
  warnings,
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

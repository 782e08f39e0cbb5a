import { invalid, notSupported, required, type FieldError } from '../../meta/field-error.ts';
import { ipErrors, ipWarnings, specialIP } from '../../meta/ip.ts';
import { dnsLabel, dnsSubdomain, labelKey, portNumber } from '../../meta/names.ts';
import type { EndpointAddress, Endpoints, EndpointSubset } from '../../types/kubernetes.ts';
import { ageColumn, firstThree, nameColumn, text } from '../columns.ts';
import { defineKind } from '../kind.ts';

const PROTOCOLS = ['SCTP', 'TCP', 'UDP'];

function validateAddress(a: EndpointAddress, path: string): FieldError[] {
  const errors: FieldError[] = [];
  for (const m of ipErrors(a.ip ?? '')) errors.push(invalid(`${path}.ip`, a.ip ?? '', m));
  if (a.hostname) for (const m of dnsLabel(a.hostname)) errors.push(invalid(`${path}.hostname`, a.hostname, m));
  if (a.nodeName !== undefined) for (const m of dnsSubdomain(a.nodeName)) errors.push(invalid(`${path}.nodeName`, a.nodeName, m));
  for (const m of specialIP(a.ip ?? '')) errors.push(invalid(`${path}.ip`, a.ip ?? '', m));
  return errors;
}

function validateSubset(s: EndpointSubset, path: string): FieldError[] {
  const errors: FieldError[] = [];
  if (!s.addresses?.length && !s.notReadyAddresses?.length) errors.push(required(path, 'must specify `addresses` or `notReadyAddresses`'));
  for (const list of ['addresses', 'notReadyAddresses'] as const) s[list]?.forEach((a, i) => errors.push(...validateAddress(a, `${path}.${list}[${i}]`)));
  s.ports?.forEach((p, i) => {
    const at = `${path}.ports[${i}]`;
    if (!p.name) { if (s.ports!.length > 1) errors.push(required(`${at}.name`)); }
    else for (const m of dnsLabel(p.name)) errors.push(invalid(`${at}.name`, p.name, m));
    for (const m of portNumber(p.port)) errors.push(invalid(`${at}.port`, p.port ?? 0, m));
    if (!p.protocol) errors.push(required(`${at}.protocol`));
    else if (!PROTOCOLS.includes(p.protocol)) errors.push(notSupported(`${at}.protocol`, p.protocol, PROTOCOLS));
    if (p.appProtocol !== undefined) for (const m of labelKey(p.appProtocol)) errors.push(invalid(`${at}.appProtocol`, p.appProtocol, m));
  });
  return errors;
}

/** `10.0.0.1:80`, `[fd00::1]:80`. */
const hostPort = (ip: string, port: number): string => (ip.includes(':') ? `[${ip}]:${port}` : `${ip}:${port}`);

/** The cell of endpoints: the first three and how many more. */
export function endpointsText(e: Endpoints): string {
  const all = (e.subsets ?? []).flatMap(s => (s.ports?.length
    ? s.ports.flatMap(p => (s.addresses ?? []).map(a => hostPort(a.ip, p.port)))
    : (s.addresses ?? []).map(a => a.ip)));
  return e.subsets?.length ? firstThree(all, '') : '<none>';
}

export const endpoints = defineKind<Endpoints>({
  group: '', version: 'v1', kind: 'Endpoints', plural: 'endpoints', namespaced: true,
  schema: 'io.k8s.api.core.v1.Endpoints', shortNames: ['ep'],
  createOnUpdate: true, deprecated: 'v1 Endpoints is deprecated in v1.33+; use discovery.k8s.io/v1 EndpointSlice',
  setDefaults(e) { for (const s of e.subsets ?? []) for (const p of s.ports ?? []) if (!p.protocol) p.protocol = 'TCP'; },
  validate: e => (e.subsets ?? []).flatMap((s, i) => validateSubset(s, `subsets[${i}]`)),
  warnings: e => (e.subsets ?? []).flatMap((s, i) => (['addresses', 'notReadyAddresses'] as const).flatMap(f => (s[f] ?? []).flatMap((a, j) => ipWarnings(a.ip, `subsets[${i}].${f}[${j}].ip`)))),
  controller: 'endpoints',
  columns: [nameColumn, text('Endpoints', 'Addresses and ports traffic goes to.', endpointsText, { draw: 'code' }), ageColumn],
  view: { nav: 'Network', icon: 'endpoints', sections: ['endpoints', 'owners', 'events', 'labels'], actions: ['yaml', 'delete'] },
});

import { invalid, notSupported, required, type FieldError } from '../../meta/field-error.ts';
import { ipErrors, isIP } from '../../meta/ip.ts';
import { dns1035Label, dnsSubdomain, portName, portNumber, wildcardSubdomain } from '../../meta/names.ts';
import type { HTTPIngressPath, Ingress, IngressBackend } from '../../types/kubernetes.ts';
import { ageColumn, nameColumn, text } from '../columns.ts';
import { STATUS, defineKind } from '../kind.ts';
import { keepStatus } from '../parts/keep-status.ts';
import { validateTypedReference } from '../parts/references.ts';

const CLASS_ANNOTATION = 'kubernetes.io/ingress.class';
const PATH_TYPES = ['Exact', 'ImplementationSpecific', 'Prefix'];
const backendOf = (value: unknown): IngressBackend | undefined => value as IngressBackend | undefined;

function validateBackend(b: IngressBackend | undefined, path: string): FieldError[] {
  if (!b?.service && !b?.resource) return [invalid(path, '', 'resource or service backend is required')];
  if (b.service && b.resource) return [invalid(path, '', 'cannot set both resource and service backends')];
  if (!b.service) return validateTypedReference(b.resource!, `${path}.resource`);
  const errors: FieldError[] = [];
  if (!b.service.name) errors.push(required(`${path}.service.name`));
  else for (const m of dns1035Label(b.service.name)) errors.push(invalid(`${path}.service.name`, b.service.name, m));
  const port = b.service.port;
  if (!port?.name && !port?.number) errors.push(required(path, 'port name or number is required'));
  else if (port.name && port.number) errors.push(invalid(path, '', 'cannot set both port name & port number'));
  else if (port.name) for (const m of portName(port.name)) errors.push(invalid(`${path}.service.port.name`, port.name, m));
  else for (const m of portNumber(port.number!)) errors.push(invalid(`${path}.service.port.number`, port.number, m));
  return errors;
}

function validatePath(p: HTTPIngressPath, path: string): FieldError[] {
  if (p.pathType === undefined) return [required(`${path}.pathType`, 'pathType must be specified')];
  const errors: FieldError[] = [], value = p.path ?? '';
  if (!PATH_TYPES.includes(p.pathType)) errors.push(notSupported(`${path}.pathType`, p.pathType, PATH_TYPES));
  else if (p.pathType !== 'ImplementationSpecific' || value !== '') {
    if (!value.startsWith('/')) errors.push(invalid(`${path}.path`, value, 'must be an absolute path'));
    if (p.pathType !== 'ImplementationSpecific') {
      for (const bad of ['//', '/./', '/../', '%2f', '%2F']) if (value.includes(bad)) errors.push(invalid(`${path}.path`, value, `must not contain '${bad}'`));
      for (const bad of ['/..', '/.']) if (value.endsWith(bad)) errors.push(invalid(`${path}.path`, value, `cannot end with '${bad}'`));
    }
  }
  return [...errors, ...validateBackend(backendOf(p.backend), `${path}.backend`)];
}

function validate(i: Ingress): FieldError[] {
  const errors: FieldError[] = [], spec = i.spec ?? {};
  const fallback = backendOf(spec.defaultBackend);
  if (!spec.rules?.length && !fallback) errors.push(invalid('spec', spec.rules, 'either `defaultBackend` or `rules` must be specified'));
  if (fallback) errors.push(...validateBackend(fallback, 'spec.defaultBackend'));
  spec.rules?.forEach((r, n) => {
    const at = `spec.rules[${n}]`;
    if (r.host) {
      if (isIP(r.host)) errors.push(invalid(`${at}.host`, r.host, 'must be a DNS name, not an IP address'));
      for (const m of r.host.includes('*') ? wildcardSubdomain(r.host) : dnsSubdomain(r.host)) errors.push(invalid(`${at}.host`, r.host, m));
    }
    if (r.http && !r.http.paths?.length) errors.push(required(`${at}.http.paths`));
    r.http?.paths?.forEach((p, j) => errors.push(...validatePath(p, `${at}.http.paths[${j}]`)));
  });
  spec.tls?.forEach((t, n) => {
    t.hosts?.forEach((host, j) => { for (const m of host.includes('*') ? wildcardSubdomain(host) : dnsSubdomain(host)) errors.push(invalid(`spec.tls[${n}].hosts[${j}]`, host, m)); });
    if (t.secretName) for (const m of dnsSubdomain(t.secretName)) errors.push(invalid(`spec.tls[${n}].secretName`, t.secretName, m));
  });
  if (spec.ingressClassName !== undefined) for (const m of dnsSubdomain(spec.ingressClassName)) errors.push(invalid('spec.ingressClassName', spec.ingressClassName, m));
  return errors;
}

/** Addresses and names that lead to it. */
function validateStatusUpdate(i: Ingress): FieldError[] {
  return (i.status?.loadBalancer?.ingress ?? []).flatMap((a, n) => {
    const at = `status.loadBalancer.ingress[${n}]`, errors: FieldError[] = [];
    if (a.ip) for (const m of ipErrors(a.ip)) errors.push(invalid(`${at}.ip`, a.ip, m));
    if (a.hostname) {
      for (const m of dnsSubdomain(a.hostname)) errors.push(invalid(`${at}.hostname`, a.hostname, m));
      if (isIP(a.hostname)) errors.push(invalid(`${at}.hostname`, a.hostname, 'must be a DNS name, not an IP address'));
    }
    return errors;
  });
}

/** The first three hosts, and how many rules there are beyond three, with or without a host. */
function hosts(i: Ingress): string {
  const rules = i.spec?.rules ?? [], list: string[] = [];
  let more = false;
  for (const r of rules) { if (list.length === 3) more = true; else if (r.host) list.push(r.host); }
  if (list.length === 0) return '*';
  return more ? `${list.join(',')} + ${rules.length - 3} more...` : list.join(',');
}

export const ingress = defineKind<Ingress>({
  group: 'networking.k8s.io', version: 'v1', kind: 'Ingress', plural: 'ingresses', namespaced: true,
  schema: 'io.k8s.api.networking.v1.Ingress', shortNames: ['ing'],
  subresources: [STATUS],
  generation: true,
  prepareForCreate(i) { i.status = { loadBalancer: {} }; },
  prepareForUpdate: keepStatus,
  validate,
  validateStatusUpdate,
  validateCreate(i) {
    const class_ = i.metadata?.annotations?.[CLASS_ANNOTATION], wanted = i.spec?.ingressClassName;
    return class_ !== undefined && wanted !== undefined && class_ !== wanted ? [invalid(`annotations.${CLASS_ANNOTATION}`, class_, 'must match `ingressClassName` when both are specified')] : [];
  },
  warnings: (i, prev) => (prev || i.metadata?.annotations?.[CLASS_ANNOTATION] === undefined || i.spec?.ingressClassName !== undefined ? [] : [`annotation ${JSON.stringify(CLASS_ANNOTATION)} is deprecated, please use 'spec.ingressClassName' instead`]),
  columns: [
    nameColumn,
    text('Class', 'Ingress class.', i => i.spec?.ingressClassName ?? '<none>'),
    text('Hosts', 'Hosts it answers for.', hosts),
    text('Address', 'Where it is reached.', i => [...new Set((i.status?.loadBalancer?.ingress ?? []).map(a => a.ip || a.hostname || '').filter(Boolean))].sort().join(','), { draw: 'code' }),
    text('Ports', 'Ports it listens on.', i => (i.spec?.tls?.length ? '80, 443' : '80')),
    ageColumn,
  ],
  view: { nav: 'Network', icon: 'ingress', sections: ['events', 'labels', 'spec'], actions: ['yaml', 'delete'] },
});

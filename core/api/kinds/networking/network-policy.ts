import { forbidden, invalid, notSupported, required, type FieldError } from '../../meta/field-error.ts';
import { CIDR_TEXT, isCIDR, strictlyWithin } from '../../meta/ip.ts';
import { portName, portNumber } from '../../meta/names.ts';
import type { IPBlock, NetworkPolicy, NetworkPolicyPeer, NetworkPolicyPort } from '../../types/kubernetes.ts';
import { ageColumn, nameColumn, text } from '../columns.ts';
import { defineKind } from '../kind.ts';
import { validateLabelSelector } from '../parts/scheduling.ts';
import { selectorText } from '../parts/workload.ts';

const PROTOCOLS = ['TCP', 'UDP', 'SCTP'], TYPES = ['Ingress', 'Egress'];

function validatePort(p: NetworkPolicyPort, path: string): FieldError[] {
  const errors: FieldError[] = [];
  if (p.protocol !== undefined && !PROTOCOLS.includes(p.protocol)) errors.push(notSupported(`${path}.protocol`, p.protocol, PROTOCOLS, true));
  if (typeof p.port === 'number') {
    for (const m of portNumber(p.port)) errors.push(invalid(`${path}.port`, p.port, m));
    if (p.endPort !== undefined) {
      if (p.endPort < p.port) errors.push(invalid(`${path}.endPort`, p.port, 'must be greater than or equal to `port`'));
      for (const m of portNumber(p.endPort)) errors.push(invalid(`${path}.endPort`, p.endPort, m));
    }
  } else {
    if (p.endPort !== undefined) errors.push(invalid(`${path}.endPort`, p.endPort, p.port === undefined ? 'may not be specified when `port` is not specified' : 'may not be specified when `port` is non-numeric'));
    if (p.port !== undefined) for (const m of portName(p.port)) errors.push(invalid(`${path}.port`, p.port, m));
  }
  return errors;
}

function validateBlock(b: IPBlock, path: string): FieldError[] {
  if (!b.cidr) return [required(`${path}.cidr`)];
  if (!isCIDR(b.cidr)) return [invalid(`${path}.cidr`, b.cidr, CIDR_TEXT)];
  const errors: FieldError[] = [];
  b.except?.forEach((e, i) => {
    if (!isCIDR(e)) errors.push(invalid(`${path}.except[${i}]`, e, CIDR_TEXT));
    else if (!strictlyWithin(b.cidr, e)) errors.push(invalid(`${path}.except[${i}]`, e, 'must be a strict subset of `cidr`'));
  });
  return errors;
}

function validatePeer(p: NetworkPolicyPeer, path: string): FieldError[] {
  const errors = [...validateLabelSelector(p.podSelector, `${path}.podSelector`), ...validateLabelSelector(p.namespaceSelector, `${path}.namespaceSelector`)];
  if (p.ipBlock) errors.push(...validateBlock(p.ipBlock, `${path}.ipBlock`));
  if (!p.podSelector && !p.namespaceSelector && !p.ipBlock) errors.push(required(path, 'must specify a peer'));
  else if (p.ipBlock && (p.podSelector || p.namespaceSelector)) errors.push(forbidden(path, 'may not specify both ipBlock and another peer'));
  return errors;
}

function validate(n: NetworkPolicy): FieldError[] {
  const spec = n.spec ?? {}, errors = validateLabelSelector(spec.podSelector, 'spec.podSelector');
  spec.ingress?.forEach((r, i) => {
    r.ports?.forEach((p, j) => errors.push(...validatePort(p, `spec.ingress[${i}].ports[${j}]`)));
    r.from?.forEach((p, j) => errors.push(...validatePeer(p, `spec.ingress[${i}].from[${j}]`)));
  });
  spec.egress?.forEach((r, i) => {
    r.ports?.forEach((p, j) => errors.push(...validatePort(p, `spec.egress[${i}].ports[${j}]`)));
    r.to?.forEach((p, j) => errors.push(...validatePeer(p, `spec.egress[${i}].to[${j}]`)));
  });
  if ((spec.policyTypes?.length ?? 0) > TYPES.length) return [...errors, invalid('spec.policyTypes', spec.policyTypes, 'may not specify more than two policyTypes')];
  spec.policyTypes?.forEach((t, i) => { if (!TYPES.includes(t)) errors.push(notSupported(`spec.policyTypes[${i}]`, t, TYPES, true)); });
  return errors;
}

export const networkPolicy = defineKind<NetworkPolicy>({
  group: 'networking.k8s.io', version: 'v1', kind: 'NetworkPolicy', plural: 'networkpolicies', namespaced: true,
  schema: 'io.k8s.api.networking.v1.NetworkPolicy', shortNames: ['netpol'],
  generation: true,
  setDefaults(n) {
    const spec = n.spec ??= {};
    spec.podSelector ??= {};
    for (const r of [...(spec.ingress ?? []), ...(spec.egress ?? [])]) for (const p of r.ports ?? []) p.protocol ??= 'TCP';
    if (!spec.policyTypes?.length) spec.policyTypes = spec.egress?.length ? ['Ingress', 'Egress'] : ['Ingress'];
  },
  validate,
  columns: [nameColumn, text('Pod-Selector', 'The pods it is for.', n => selectorText(n.spec?.podSelector)), ageColumn],
  view: { nav: 'Network', icon: 'role', sections: ['events', 'labels', 'spec'], actions: ['yaml', 'delete'] },
});

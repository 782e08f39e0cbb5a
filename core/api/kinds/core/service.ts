// Services (Kubernetes pkg/apis/core validation, service storage and printers). Addresses and node ports are the allocators'.
import { semanticEqual } from '../../meta/equal.ts';
import { duplicate, forbidden, invalid, notSupported, required, type FieldError } from '../../meta/field-error.ts';
import { CIDR_TEXT, ipErrors, isCIDR, isIP, isIPv6, nonSpecialIP } from '../../meta/ip.ts';
import { dnsLabel, dnsSubdomain, IMMUTABLE, labelKey, portNumber } from '../../meta/names.ts';
import { validateLabels } from '../../meta/object-meta.ts';
import type { Service, ServicePort, ServiceSpec } from '../../types/kubernetes.ts';
import { ageColumn, labelsText, nameColumn, text, wide } from '../columns.ts';
import { STATUS, defineKind } from '../kind.ts';
import { keepStatus } from '../parts/keep-status.ts';
import { validatePort } from '../parts/probe.ts';

const TYPES = ['ClusterIP', 'ExternalName', 'LoadBalancer', 'NodePort'], PROTOCOLS = ['SCTP', 'TCP', 'UDP'], NEAR = ['PreferClose', 'PreferSameNode', 'PreferSameZone'];
/** `clusterIP: None`: names only, no address of its own. */
export const isHeadless = (s: Service): boolean => s.spec?.clusterIP === 'None';
const external = (spec: ServiceSpec): boolean => spec.type === 'NodePort' || spec.type === 'LoadBalancer' || (spec.type === 'ClusterIP' && Boolean(spec.externalIPs?.length));

function setDefaults(s: Service): void {
  const spec = (s.spec ??= {});
  if (!spec.sessionAffinity) spec.sessionAffinity = 'None';
  if (spec.sessionAffinity === 'None') delete spec.sessionAffinityConfig;
  if (spec.sessionAffinity === 'ClientIP') {
    const config = (spec.sessionAffinityConfig ??= {});
    (config.clientIP ??= {}).timeoutSeconds ??= 10_800;
  }
  if (!spec.type) spec.type = 'ClusterIP';
  for (const p of spec.ports ?? []) {
    if (!p.protocol) p.protocol = 'TCP';
    if (p.targetPort === undefined || p.targetPort === null || p.targetPort === 0 || p.targetPort === '') p.targetPort = p.port;
  }
  if (external(spec) && !spec.externalTrafficPolicy) spec.externalTrafficPolicy = 'Cluster';
  if (spec.type !== 'ExternalName') spec.internalTrafficPolicy ??= 'Cluster';
  if (spec.type === 'LoadBalancer') spec.allocateLoadBalancerNodePorts ??= true;
}

/** clusterIP and clusterIPs[0] are one field under two names: whichever the client set speaks. */
function pairClusterIPs(spec: ServiceSpec, prev?: ServiceSpec): void {
  if (!prev) {
    if (spec.clusterIP && !spec.clusterIPs?.length) spec.clusterIPs = [spec.clusterIP];
    else if (!spec.clusterIP && spec.clusterIPs?.[0]) spec.clusterIP = spec.clusterIPs[0];
    return;
  }
  const changed = spec.clusterIP !== prev.clusterIP, listChanged = !semanticEqual(spec.clusterIPs, prev.clusterIPs);
  if (changed && !listChanged) { if (spec.clusterIP) spec.clusterIPs = [spec.clusterIP]; else delete spec.clusterIPs; }
  else if (!changed && listChanged && spec.clusterIPs?.[0] && !spec.clusterIP) spec.clusterIP = spec.clusterIPs[0];
}

function families(spec: ServiceSpec): void {
  if (spec.type === 'ExternalName') return;
  const dual = spec.clusterIP === 'None' && Object.keys(spec.selector ?? {}).length === 0;
  spec.ipFamilyPolicy ??= dual ? 'RequireDualStack' : 'SingleStack';
  if (!spec.ipFamilies?.length) spec.ipFamilies = dual ? ['IPv4', 'IPv6'] : [spec.clusterIP && isIPv6(spec.clusterIP) ? 'IPv6' : 'IPv4'];
}

/** What an update does not name stays as it was allocated; what the new type has no use for goes. */
function prepareForUpdate(next: Service, prev: Service): void {
  keepStatus(next, prev);
  const spec = next.spec!, old = prev.spec ?? {};
  pairClusterIPs(spec, old);
  if (spec.type !== 'ExternalName' && old.type !== 'ExternalName') {
    if (!spec.clusterIP && old.clusterIP) { spec.clusterIP = old.clusterIP; spec.clusterIPs = old.clusterIPs; }
    spec.ipFamilies ??= old.ipFamilies;
    spec.ipFamilyPolicy ??= old.ipFamilyPolicy;
  }
  const usesNodePorts = (s: ServiceSpec): boolean => s.type === 'NodePort' || s.type === 'LoadBalancer';
  if (usesNodePorts(spec) && usesNodePorts(old)) {
    for (const p of spec.ports ?? []) {
      if (p.nodePort) continue;
      const before = old.ports?.find(o => o.port === p.port && o.protocol === p.protocol) ?? old.ports?.find(o => o.name === p.name && p.name);
      if (before?.nodePort && !spec.ports?.some(q => q.nodePort === before.nodePort && q.protocol === before.protocol)) p.nodePort = before.nodePort;
    }
  }
  if (old.healthCheckNodePort && !spec.healthCheckNodePort && spec.type === 'LoadBalancer' && spec.externalTrafficPolicy === 'Local') spec.healthCheckNodePort = old.healthCheckNodePort;
  dropUnused(spec, old);
  families(spec);
}

/** Fields of the type it was that the client has left untouched. */
function dropUnused(spec: ServiceSpec, old: ServiceSpec): void {
  if (spec.type === old.type) return;
  if (spec.type === 'ExternalName') for (const f of ['clusterIP', 'clusterIPs', 'ipFamilies', 'ipFamilyPolicy'] as const) if (semanticEqual(spec[f], old[f])) delete spec[f];
  if (spec.type !== 'NodePort' && spec.type !== 'LoadBalancer') {
    for (const p of spec.ports ?? []) if (p.nodePort && old.ports?.some(o => o.nodePort === p.nodePort)) delete p.nodePort;
    if (!external(spec) && spec.externalTrafficPolicy === old.externalTrafficPolicy) delete spec.externalTrafficPolicy;
  }
  if (spec.type !== 'LoadBalancer') {
    if (spec.allocateLoadBalancerNodePorts === old.allocateLoadBalancerNodePorts) delete spec.allocateLoadBalancerNodePorts;
    if (spec.healthCheckNodePort === old.healthCheckNodePort) delete spec.healthCheckNodePort;
    if (spec.loadBalancerClass === old.loadBalancerClass) delete spec.loadBalancerClass;
  }
}

function validateServicePort(p: ServicePort, path: string, needName: boolean, names: Set<string>): FieldError[] {
  const errors: FieldError[] = [];
  if (!p.name) { if (needName) errors.push(required(`${path}.name`)); }
  else {
    for (const m of dnsLabel(p.name)) errors.push(invalid(`${path}.name`, p.name, m));
    if (names.has(p.name)) errors.push(duplicate(`${path}.name`, p.name));
    names.add(p.name);
  }
  for (const m of portNumber(p.port)) errors.push(invalid(`${path}.port`, p.port ?? 0, m));
  if (!p.protocol) errors.push(required(`${path}.protocol`));
  else if (!PROTOCOLS.includes(p.protocol)) errors.push(notSupported(`${path}.protocol`, p.protocol, PROTOCOLS));
  errors.push(...validatePort(p.targetPort, `${path}.targetPort`));
  if (p.appProtocol) for (const m of labelKey(p.appProtocol)) errors.push(invalid(`${path}.appProtocol`, p.appProtocol, m));
  return errors;
}

function validatePorts(s: Service): FieldError[] {
  const spec = s.spec!, ports = spec.ports ?? [];
  if (ports.length === 0) return isHeadless(s) || spec.type === 'ExternalName' ? [] : [required('spec.ports')];
  const errors: FieldError[] = [];
  const names = new Set<string>(), numbers = new Set<string>(), nodePorts = new Set<string>();
  ports.forEach((p, i) => {
    const at = `spec.ports[${i}]`;
    errors.push(...validateServicePort(p, at, ports.length > 1, names));
    if (p.nodePort) {
      if (spec.type === 'ClusterIP') errors.push(forbidden(`${at}.nodePort`, "may not be used when `type` is 'ClusterIP'"));
      else {
        const key = `${p.protocol}/${p.nodePort}`;
        if (nodePorts.has(key)) errors.push(duplicate(`${at}.nodePort`, p.nodePort));
        nodePorts.add(key);
      }
    }
    const key = `${p.protocol}/${p.port}`;
    if (numbers.has(key)) errors.push({ type: 'FieldValueDuplicate', field: at, detail: `Duplicate value: ${JSON.stringify({ protocol: p.protocol, port: p.port })}` });
    numbers.add(key);
  });
  return errors;
}

function validateAddresses(spec: ServiceSpec): FieldError[] {
  const errors: FieldError[] = [];
  if (spec.type === 'ExternalName') {
    if (spec.clusterIPs?.length || spec.clusterIP) errors.push(forbidden('spec.clusterIPs', 'may not be set for ExternalName services'));
    if (spec.ipFamilies?.length) errors.push(forbidden('spec.ipFamilies', 'may not be set for ExternalName services'));
    if (spec.ipFamilyPolicy !== undefined) errors.push(forbidden('spec.ipFamilyPolicy', 'may not be set for ExternalName services'));
    if (!spec.externalName) errors.push(required('spec.externalName'));
    else for (const m of dnsSubdomain(spec.externalName.replace(/\.$/, ''))) errors.push(invalid('spec.externalName', spec.externalName, m));
    return errors;
  }
  if (spec.clusterIP === 'None' && (spec.type === 'NodePort' || spec.type === 'LoadBalancer')) errors.push(invalid('spec.clusterIPs[0]', 'None', `may not be set to 'None' for ${spec.type} services`));
  if (spec.clusterIP && spec.clusterIP !== 'None' && !isIP(spec.clusterIP)) errors.push(invalid('spec.clusterIPs', spec.clusterIPs ?? [spec.clusterIP], "must be empty, 'None', or a valid IP address"));
  if (spec.clusterIPs?.length && spec.clusterIP !== spec.clusterIPs[0]) errors.push(invalid('spec.clusterIP', spec.clusterIP ?? '', 'first value in clusterIPs must match clusterIP'));
  if ((spec.clusterIPs?.length ?? 0) > 2) errors.push(invalid('spec.clusterIPs', spec.clusterIPs, 'may only hold up to 2 values'));
  spec.ipFamilies?.forEach((f, i) => { if (f !== 'IPv4' && f !== 'IPv6') errors.push(notSupported(`spec.ipFamilies[${i}]`, f, ['IPv4', 'IPv6'])); });
  if (spec.ipFamilyPolicy !== undefined && !['PreferDualStack', 'RequireDualStack', 'SingleStack'].includes(spec.ipFamilyPolicy)) errors.push(notSupported('spec.ipFamilyPolicy', spec.ipFamilyPolicy, ['PreferDualStack', 'RequireDualStack', 'SingleStack']));
  return errors;
}

function validatePolicies(spec: ServiceSpec): FieldError[] {
  const errors: FieldError[] = [];
  spec.externalIPs?.forEach((ip, i) => {
    const bad = ipErrors(ip)[0] ?? nonSpecialIP(ip);
    if (bad) errors.push(invalid(`spec.externalIPs[${i}]`, ip, bad));
  });
  if (spec.externalTrafficPolicy) {
    if (!external(spec)) errors.push(invalid('spec.externalTrafficPolicy', spec.externalTrafficPolicy, 'may only be set for externally-accessible services'));
    else if (spec.externalTrafficPolicy !== 'Cluster' && spec.externalTrafficPolicy !== 'Local') errors.push(notSupported('spec.externalTrafficPolicy', spec.externalTrafficPolicy, ['Cluster', 'Local']));
  }
  if (spec.healthCheckNodePort && !(spec.type === 'LoadBalancer' && spec.externalTrafficPolicy === 'Local')) errors.push(invalid('spec.healthCheckNodePort', spec.healthCheckNodePort, 'may only be set when `type` is \'LoadBalancer\' and `externalTrafficPolicy` is \'Local\''));
  if (spec.internalTrafficPolicy !== undefined && spec.internalTrafficPolicy !== 'Cluster' && spec.internalTrafficPolicy !== 'Local') errors.push(notSupported('spec.internalTrafficPolicy', spec.internalTrafficPolicy, ['Cluster', 'Local']));
  if (spec.loadBalancerSourceRanges?.length && spec.type !== 'LoadBalancer') errors.push(forbidden('spec.LoadBalancerSourceRanges', "may only be used when `type` is 'LoadBalancer'"));
  else spec.loadBalancerSourceRanges?.forEach((r, i) => { if (!isCIDR(r.trim())) errors.push(invalid(`spec.LoadBalancerSourceRanges[${i}]`, r, CIDR_TEXT)); });
  if (spec.allocateLoadBalancerNodePorts !== undefined && spec.type !== 'LoadBalancer') errors.push(forbidden('spec.allocateLoadBalancerNodePorts', "may only be used when `type` is 'LoadBalancer'"));
  if (spec.loadBalancerClass !== undefined && spec.type !== 'LoadBalancer') errors.push(forbidden('spec.loadBalancerClass', "may only be used when `type` is 'LoadBalancer'"));
  if (spec.trafficDistribution !== undefined && !NEAR.includes(spec.trafficDistribution)) errors.push(notSupported('spec.trafficDistribution', spec.trafficDistribution, NEAR));
  return errors;
}

function validate(s: Service): FieldError[] {
  const spec = s.spec ?? {};
  const errors = validatePorts({ ...s, spec });
  if (spec.selector) errors.push(...validateLabels(spec.selector, 'spec.selector'));
  if (!spec.sessionAffinity) errors.push(required('spec.sessionAffinity'));
  else if (spec.sessionAffinity !== 'ClientIP' && spec.sessionAffinity !== 'None') errors.push(notSupported('spec.sessionAffinity', spec.sessionAffinity, ['ClientIP', 'None']));
  const timeout = spec.sessionAffinity === 'ClientIP' ? spec.sessionAffinityConfig?.clientIP?.timeoutSeconds : undefined;
  if (timeout !== undefined && (timeout <= 0 || timeout > 86_400)) errors.push(invalid('spec.sessionAffinityConfig.clientIP.timeoutSeconds', timeout, 'must be greater than 0 and less than 86400'));
  if (!TYPES.includes(spec.type ?? '')) errors.push(notSupported('spec.type', spec.type ?? '', TYPES));
  return [...errors, ...validateAddresses(spec), ...validatePolicies(spec)];
}

function validateUpdate(next: Service, prev: Service): FieldError[] {
  const spec = next.spec ?? {}, old = prev.spec ?? {};
  const balancer: FieldError[] = [];
  if (spec.type === 'LoadBalancer' && old.type === 'LoadBalancer') {
    if (spec.loadBalancerClass !== old.loadBalancerClass) balancer.push(invalid('spec.loadBalancerClass', spec.loadBalancerClass ?? null, 'may not change once set'));
    if (old.externalTrafficPolicy === 'Local' && spec.externalTrafficPolicy === 'Local' && spec.healthCheckNodePort !== old.healthCheckNodePort) balancer.push(forbidden('spec.healthCheckNodePort', IMMUTABLE));
  }
  return [...addressUpdates(spec, old), ...balancer];
}

function addressUpdates(spec: ServiceSpec, old: ServiceSpec): FieldError[] {
  if (spec.type === 'ExternalName' || old.type === 'ExternalName' || !old.clusterIP) return [];
  const errors: FieldError[] = [];
  if (spec.clusterIP !== old.clusterIP) {
    errors.push(invalid('spec.clusterIPs[0]', spec.clusterIPs ?? [], 'may not change once set'));
  }
  if (spec.ipFamilies?.[0] !== undefined && old.ipFamilies?.[0] !== undefined && spec.ipFamilies[0] !== old.ipFamilies[0]) errors.push(invalid('spec.ipFamilies[0]', spec.ipFamilies, 'may not change once set'));
  return errors;
}

/** `80/TCP`, `80:30080/TCP`. */
export const portsText = (ports: readonly ServicePort[] | undefined): string =>
  (ports?.length ? ports.map(p => `${p.port}${p.nodePort ? `:${p.nodePort}` : ''}/${p.protocol ?? 'TCP'}`).join(',') : '<none>');

function externalText(s: Service): string {
  const ips = s.spec?.externalIPs ?? [];
  const balancer = (s.status?.loadBalancer?.ingress ?? []).map(i => i.ip ?? i.hostname ?? '').filter(Boolean);
  switch (s.spec?.type) {
    case 'ExternalName': return s.spec.externalName ?? '';
    case 'LoadBalancer': return [...balancer, ...ips].join(',') || '<pending>';
    default: return ips.join(',') || '<none>';
  }
}

export const service = defineKind<Service>({
  group: '', version: 'v1', kind: 'Service', plural: 'services', namespaced: true,
  schema: 'io.k8s.api.core.v1.Service', shortNames: ['svc'], categories: ['all'],
  subresources: [STATUS, { name: 'proxy', verbs: ['create', 'delete', 'get', 'patch', 'update'], responseKind: { group: '', version: 'v1', kind: 'ServiceProxyOptions' } }],
  nameRule: 'dns-1035', createOnUpdate: true,
  allocators: ['cluster-ip', 'node-port'],
  setDefaults,
  prepareForCreate(s) {
    s.status = { loadBalancer: {} };
    pairClusterIPs(s.spec!);
    families(s.spec!);
  },
  prepareForUpdate,
  validate,
  validateUpdate,
  warnings(s) {
    const out: string[] = [];
    if (s.spec?.type === 'ExternalName' && s.spec.externalName && isIP(s.spec.externalName)) out.push('spec.externalName: an IP address is not a DNS name: it will not resolve');
    if (s.spec?.clusterIP === 'None' && s.spec.sessionAffinity !== 'None') out.push('spec.SessionAffinity is ignored for headless services');
    return out;
  },
  fields: { 'spec.clusterIP': s => s.spec?.clusterIP ?? '', 'spec.type': s => s.spec?.type ?? '' },
  columns: [
    nameColumn,
    text('Type', 'How the service is exposed.', s => s.spec?.type ?? ''),
    text('Cluster-IP', 'Address of the service inside the cluster.', s => s.spec?.clusterIPs?.[0] || s.spec?.clusterIP || '<none>', { draw: 'code' }),
    text('External-IP', 'Addresses at which the service is reached from outside.', externalText, { draw: 'code' }),
    text('Port(s)', 'Ports of the service, with node ports.', s => portsText(s.spec?.ports), { draw: 'code' }),
    ageColumn,
    wide(text('Selector', 'Labels of the pods behind the service.', s => labelsText(s.spec?.selector), { draw: 'labels' })),
  ],
  view: {
    nav: 'Network', icon: 'service',
    sections: ['ports', 'endpoints', 'pods', 'events', 'labels', 'spec'],
    actions: ['forward', 'logs', 'yaml', 'delete'],
    health(s) {
      if (s.spec?.type === 'LoadBalancer' && !s.status?.loadBalancer?.ingress?.length) return { level: 'busy', word: 'Pending', reason: 'No load balancer address yet' };
      return { level: 'none', word: s.spec?.type ?? '' };
    },
  },
});

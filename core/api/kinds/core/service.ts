// Services (Kubernetes pkg/apis/core validation, service storage and printers). Addresses and node ports are the allocators'.
import { semanticEqual } from '../../meta/equal.ts';
import { isIPv6 } from '../../meta/ip.ts';
import type { Service, ServicePort, ServiceSpec } from '../../types/kubernetes.ts';
import { ageColumn, labelsText, nameColumn, text, wide } from '../columns.ts';
import { STATUS, defineKind } from '../kind.ts';
import { keepStatus } from '../parts/keep-status.ts';
import { isExternal, serviceWarnings, validateFamilies, validateService, validateServiceStatus, validateServiceUpdate } from './service-rules.ts';

function setDefaults(s: Service): void {
  const spec = (s.spec ??= {});
  if (!spec.sessionAffinity) spec.sessionAffinity = 'None';
  if (spec.sessionAffinity === 'None') delete spec.sessionAffinityConfig;
  if (spec.sessionAffinity === 'ClientIP') {
    if (spec.sessionAffinityConfig?.clientIP?.timeoutSeconds === undefined) spec.sessionAffinityConfig = { clientIP: { timeoutSeconds: 10_800 } };
  }
  if (!spec.type) spec.type = 'ClusterIP';
  for (const p of spec.ports ?? []) {
    if (!p.protocol) p.protocol = 'TCP';
    if (p.targetPort === undefined || p.targetPort === null || p.targetPort === 0 || p.targetPort === '') p.targetPort = p.port;
  }
  if (isExternal(spec) && !spec.externalTrafficPolicy) spec.externalTrafficPolicy = 'Cluster';
  if (spec.type === 'ClusterIP' || spec.type === 'NodePort' || spec.type === 'LoadBalancer') spec.internalTrafficPolicy ??= 'Cluster';
  if (spec.type !== 'LoadBalancer') return;
  spec.allocateLoadBalancerNodePorts ??= true;
  for (const g of s.status?.loadBalancer?.ingress ?? []) if (g.ip) g.ipMode ??= 'VIP';
}

/** clusterIP and clusterIPs[0] are one field under two names: a client that speaks only the first is understood. */
function pairClusterIPs(spec: ServiceSpec, prev?: ServiceSpec): void {
  if (!prev) { if (spec.clusterIP && !spec.clusterIPs?.length) spec.clusterIPs = [spec.clusterIP]; return; }
  const changed = (spec.clusterIP ?? '') !== (prev.clusterIP ?? '');
  if (!changed && !spec.clusterIPs?.length && prev.clusterIPs) spec.clusterIPs = prev.clusterIPs;
  if (!changed || !semanticEqual(spec.clusterIPs, prev.clusterIPs)) return;
  if (spec.clusterIP) spec.clusterIPs = [spec.clusterIP]; else delete spec.clusterIPs;
}

function families(spec: ServiceSpec): void {
  if (spec.type === 'ExternalName') return;
  // Names alone, for addresses that are anybody's, may be of both families on any cluster.
  const free = spec.clusterIP === 'None' && Object.keys(spec.selector ?? {}).length === 0;
  spec.ipFamilyPolicy ??= free ? 'RequireDualStack' : 'SingleStack';
  if (!spec.ipFamilies?.length) spec.ipFamilies = [spec.clusterIP && isIPv6(spec.clusterIP) ? 'IPv6' : 'IPv4'];
  if (free && spec.ipFamilyPolicy !== 'SingleStack' && spec.ipFamilies.length === 1) spec.ipFamilies = [spec.ipFamilies[0]!, spec.ipFamilies[0] === 'IPv4' ? 'IPv6' : 'IPv4'];
}

/** What an update does not name stays as it was allocated; what the new type has no use for goes. */
function prepareForUpdate(next: Service, prev: Service): void {
  keepStatus(next, prev);
  const spec = next.spec!, old = prev.spec ?? {};
  pairClusterIPs(spec, old);
  if (spec.type !== 'ExternalName' && old.type !== 'ExternalName') {
    if (!spec.clusterIP && old.clusterIP) spec.clusterIP = old.clusterIP;
    if (!spec.clusterIPs?.length && old.clusterIPs && spec.clusterIP === old.clusterIP) spec.clusterIPs = old.clusterIPs;
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
    if (!isExternal(spec) && spec.externalTrafficPolicy === old.externalTrafficPolicy) delete spec.externalTrafficPolicy;
  }
  if (spec.type !== 'LoadBalancer') {
    if (spec.allocateLoadBalancerNodePorts === old.allocateLoadBalancerNodePorts) delete spec.allocateLoadBalancerNodePorts;
    if (spec.healthCheckNodePort === old.healthCheckNodePort) delete spec.healthCheckNodePort;
    if (spec.loadBalancerClass === old.loadBalancerClass) delete spec.loadBalancerClass;
  }
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
  validate: validateService,
  validateCreate: s => validateFamilies(s.spec ?? {}),
  validateUpdate: validateServiceUpdate,
  validateStatusUpdate: validateServiceStatus,
  warnings: serviceWarnings,
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

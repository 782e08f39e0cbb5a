// Rules and warnings of services (Kubernetes pkg/apis/core validation ValidateService, pkg/registry/core/service, pkg/api/service).
import { semanticEqual } from '../../meta/equal.ts';
import { duplicate, forbidden, invalid, notSupported, required, type FieldError } from '../../meta/field-error.ts';
import { CIDR_TEXT, ipErrors, ipWarnings, isCIDR, isIP, isIPv6, specialIP } from '../../meta/ip.ts';
import { dnsLabel, dnsSubdomain, IMMUTABLE, labelKey, portNumber } from '../../meta/names.ts';
import { validateLabels } from '../../meta/object-meta.ts';
import type { Service, ServicePort, ServiceSpec } from '../../types/kubernetes.ts';
import { validatePort } from '../parts/probe.ts';

const TYPES = ['ClusterIP', 'ExternalName', 'LoadBalancer', 'NodePort'], PROTOCOLS = ['SCTP', 'TCP', 'UDP'], NEAR = ['PreferClose', 'PreferSameNode', 'PreferSameZone'], WHERE = ['Cluster', 'Local'];
const FAMILIES = ['IPv4', 'IPv6'], POLICIES = ['PreferDualStack', 'RequireDualStack', 'SingleStack'], AFFINITIES = ['ClientIP', 'None'], MODES = ['Proxy', 'VIP'];
const MAX_AFFINITY = 86_400;
const HINTS = 'service.kubernetes.io/topology-aware-hints', MODE = 'service.kubernetes.io/topology-mode', RANGES = 'service.beta.kubernetes.io/load-balancer-source-ranges';
const ONLY_BALANCER = "may only be used when `type` is 'LoadBalancer'", FIXED = 'may not change once set';

/** Reached from outside: its traffic policy matters. */
export const isExternal = (s: ServiceSpec): boolean => s.type === 'NodePort' || s.type === 'LoadBalancer' || (s.type === 'ClusterIP' && Boolean(s.externalIPs?.length));
const needsHealthCheck = (s: ServiceSpec): boolean => s.type === 'LoadBalancer' && s.externalTrafficPolicy === 'Local';
const noAddress = (s: ServiceSpec): boolean => s.clusterIPs?.length === 1 && s.clusterIPs[0] === 'None';

function typeErrors(s: ServiceSpec): FieldError[] {
  if (s.type === 'LoadBalancer' || s.type === 'NodePort') return noAddress(s) ? [invalid('spec.clusterIPs[0]', 'None', `may not be set to 'None' for ${s.type} services`)] : [];
  if (s.type !== 'ExternalName') return [];
  const errors: FieldError[] = [], not = 'may not be set for ExternalName services', name = (s.externalName ?? '').replace(/\.$/, '');
  if (s.clusterIPs?.length) errors.push(forbidden('spec.clusterIPs', not));
  if (s.ipFamilies?.length) errors.push(forbidden('spec.ipFamilies', not));
  if (s.ipFamilyPolicy !== undefined) errors.push(forbidden('spec.ipFamilyPolicy', not));
  return [...errors, ...(name === '' ? [required('spec.externalName')] : dnsSubdomain(name).map(m => invalid('spec.externalName', name, m)))];
}

function portErrors(p: ServicePort, path: string, needName: boolean, names: Set<string>): FieldError[] {
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
  if (p.appProtocol !== undefined) for (const m of labelKey(p.appProtocol)) errors.push(invalid(`${path}.appProtocol`, p.appProtocol, m));
  return errors;
}

/** Numbers that are there twice, of nodes and then of the service. */
function twice(ports: readonly ServicePort[], type: string | undefined): FieldError[] {
  const of = (i: number): string => `spec.ports[${i}]`, errors: FieldError[] = [], onNodes = new Set<string>(), own = new Set<string>();
  ports.forEach((p, i) => { if (type === 'ClusterIP' && p.nodePort) errors.push(forbidden(`${of(i)}.nodePort`, "may not be used when `type` is 'ClusterIP'")); });
  ports.forEach((p, i) => {
    if (!p.nodePort) return;
    const key = `${p.protocol}/${p.nodePort}`;
    if (onNodes.has(key)) errors.push(duplicate(`${of(i)}.nodePort`, p.nodePort));
    onNodes.add(key);
  });
  ports.forEach((p, i) => {
    const key = `${p.protocol}/${p.port}`;
    if (own.has(key)) errors.push(duplicate(of(i), { protocol: p.protocol, port: p.port }));
    own.add(key);
  });
  return errors;
}

function affinityErrors(s: ServiceSpec): FieldError[] {
  const path = 'spec.sessionAffinityConfig', config = s.sessionAffinityConfig;
  if (!s.sessionAffinity) return [required('spec.sessionAffinity')];
  if (!AFFINITIES.includes(s.sessionAffinity)) return [notSupported('spec.sessionAffinity', s.sessionAffinity, AFFINITIES)];
  if (s.sessionAffinity === 'None') return config ? [forbidden(path, 'must not be set when session affinity is None')] : [];
  const when = 'when session affinity type is ClientIP', seconds = config?.clientIP?.timeoutSeconds;
  if (!config) return [required(path, when)];
  if (!config.clientIP) return [required(`${path}.clientIP`, when)];
  if (seconds === undefined) return [required(`${path}.clientIP.timeoutSeconds`, when)];
  return seconds <= 0 || seconds > MAX_AFFINITY ? [invalid(`${path}.clientIP.timeoutSeconds`, seconds, `must be greater than 0 and less than ${MAX_AFFINITY}`)] : [];
}

/** Cluster addresses and families, which must fit one another. */
function stackErrors(s: ServiceSpec): FieldError[] {
  if (s.type === 'ExternalName') return [];
  const errors: FieldError[] = [], ips = s.clusterIPs ?? [], families = s.ipFamilies ?? [], at = 'spec.clusterIPs';
  if (s.clusterIP) {
    if (ips.length === 0) errors.push(required(at));
    else if (ips[0] !== s.clusterIP) errors.push(invalid(at, ips, 'first value must match `clusterIP`'));
  } else if (ips.length > 0) errors.push(invalid(at, ips, 'must be empty when `clusterIP` is not specified'));
  families.forEach((f, i) => {
    if (!FAMILIES.includes(f)) errors.push(notSupported(`spec.ipFamilies[${i}]`, f, FAMILIES));
    if (families.indexOf(f) < i) errors.push(duplicate(`spec.ipFamilies[${i}]`, f));
  });
  if (s.ipFamilyPolicy !== undefined && !POLICIES.includes(s.ipFamilyPolicy)) errors.push(notSupported('spec.ipFamilyPolicy', s.ipFamilyPolicy, POLICIES));
  const bad = ips.flatMap((ip, i) => {
    if (i > 0 || ip !== 'None') return ipErrors(ip).map(m => invalid(`${at}[${i}]`, ip, m));
    return ips.length > 1 ? [invalid(at, ips, "'None' must be the first and only value")] : [];
  });
  errors.push(...bad);
  if (ips.length > 2) errors.push(invalid(at, ips, 'may only hold up to 2 values'));
  if (bad.length > 0) return errors;
  if (ips.length > 1 && !(ips.some(isIPv6) && !ips.every(isIPv6))) errors.push(invalid(at, ips, 'may specify no more than one IP for each IP family'));
  if (!noAddress(s)) {
    ips.slice(0, families.length).forEach((ip, i) => {
      const family = families[i]!;
      if (FAMILIES.includes(family) && (family === 'IPv6') !== isIPv6(ip)) errors.push(invalid(`${at}[${i}]`, ip, `expected an ${family} value as indicated by \`ipFamilies[${i}]\``));
    });
  }
  return errors;
}

function rangeErrors(s: Service): FieldError[] {
  const { spec = {} } = s, ranges = spec.loadBalancerSourceRanges ?? [], note = s.metadata?.annotations?.[RANGES], balancer = spec.type === 'LoadBalancer';
  const bad = (value: string, at: string): FieldError[] => (isCIDR(value.trim()) ? [] : [invalid(at, value.trim(), CIDR_TEXT)]);
  if (ranges.length > 0) return [...(balancer ? [] : [forbidden('spec.LoadBalancerSourceRanges', ONLY_BALANCER)]), ...ranges.flatMap((r, i) => bad(r, `spec.LoadBalancerSourceRanges[${i}]`))];
  if (note === undefined) return [];
  const at = `metadata.annotations[${RANGES}]`;
  return [...(balancer ? [] : [forbidden(at, ONLY_BALANCER)]), ...(note.trim() === '' ? [] : note.split(',').flatMap(r => bad(r, at)))];
}

function balancerClass(s: ServiceSpec): FieldError[] {
  if (s.loadBalancerClass === undefined) return [];
  return s.type === 'LoadBalancer' ? labelKey(s.loadBalancerClass).map(m => invalid('spec.loadBalancerClass', s.loadBalancerClass, m)) : [forbidden('spec.loadBalancerClass', ONLY_BALANCER)];
}

function trafficErrors(s: ServiceSpec): FieldError[] {
  const errors: FieldError[] = [], policy = s.externalTrafficPolicy, check = s.healthCheckNodePort ?? 0;
  if (!isExternal(s)) { if (policy) errors.push(invalid('spec.externalTrafficPolicy', policy, 'may only be set for externally-accessible services')); }
  else if (!policy) errors.push(required('spec.externalTrafficPolicy'));
  else if (!WHERE.includes(policy)) errors.push(notSupported('spec.externalTrafficPolicy', policy, WHERE));
  if (check !== 0 && !needsHealthCheck(s)) errors.push(invalid('spec.healthCheckNodePort', check, "may only be set when `type` is 'LoadBalancer' and `externalTrafficPolicy` is 'Local'"));
  else if (check !== 0) for (const m of portNumber(check)) errors.push(invalid('spec.healthCheckNodePort', check, m));
  if (s.internalTrafficPolicy === undefined) { if (s.type === 'NodePort' || s.type === 'LoadBalancer' || s.type === 'ClusterIP') errors.push(required('spec.internalTrafficPolicy')); }
  else if (!WHERE.includes(s.internalTrafficPolicy)) errors.push(notSupported('spec.internalTrafficPolicy', s.internalTrafficPolicy, WHERE));
  if (s.trafficDistribution !== undefined && !NEAR.includes(s.trafficDistribution)) errors.push(notSupported('spec.trafficDistribution', s.trafficDistribution, NEAR));
  return errors;
}

/** All errors of a service, in Kubernetes' order. */
export function validateService(s: Service): FieldError[] {
  const spec = s.spec ?? {}, ports = spec.ports ?? [], errors: FieldError[] = [], names = new Set<string>(), hints = s.metadata?.annotations?.[HINTS], mode = s.metadata?.annotations?.[MODE];
  if (hints !== undefined && mode !== undefined && hints !== mode) errors.push(invalid(`metadata.annotations[${MODE}]`, mode, `must match annotations[${HINTS}] when both are specified`));
  if (ports.length === 0 && !noAddress(spec) && spec.type !== 'ExternalName') errors.push(required('spec.ports'));
  errors.push(...typeErrors(spec), ...ports.flatMap((p, i) => portErrors(p, `spec.ports[${i}]`, ports.length > 1, names)));
  if (spec.selector) errors.push(...validateLabels(spec.selector, 'spec.selector'));
  errors.push(...affinityErrors(spec), ...stackErrors(spec));
  spec.externalIPs?.forEach((ip, i) => {
    const at = `spec.externalIPs[${i}]`, bad = ipErrors(ip);
    for (const m of bad.length > 0 ? bad : specialIP(ip)) errors.push(invalid(at, ip, m));
  });
  if (!spec.type) errors.push(required('spec.type'));
  else if (!TYPES.includes(spec.type)) errors.push(notSupported('spec.type', spec.type, TYPES));
  errors.push(...twice(ports, spec.type), ...rangeErrors(s));
  if (spec.allocateLoadBalancerNodePorts !== undefined && spec.type !== 'LoadBalancer') errors.push(forbidden('spec.allocateLoadBalancerNodePorts', ONLY_BALANCER));
  return [...errors, ...balancerClass(spec), ...trafficErrors(spec)];
}

/** What the cluster cannot give: it has addresses of one family. */
export function validateFamilies(s: ServiceSpec): FieldError[] {
  const errors: FieldError[] = [], policy = s.ipFamilyPolicy, path = 'spec.ipFamilyPolicy', several = (what: string): FieldError => invalid(path, policy, `must be 'RequireDualStack' or 'PreferDualStack' when multiple ${what} are specified`);
  if (s.type === 'ExternalName' || stackErrors(s).length > 0) return errors;
  if (policy === 'SingleStack' && s.clusterIPs?.length === 2) errors.push(several('cluster IPs'));
  if (policy === 'SingleStack' && s.ipFamilies?.length === 2) errors.push(several('IP families'));
  // Names alone need no address of the cluster's.
  if (errors.length > 0 || (s.clusterIP === 'None' && Object.keys(s.selector ?? {}).length === 0)) return errors;
  if (policy === 'RequireDualStack') errors.push(invalid(path, policy, 'this cluster is not configured for dual-stack services'));
  s.ipFamilies?.forEach((f, i) => { if (f === 'IPv6') errors.push(invalid(`spec.ipFamilies[${i}]`, f, 'not configured on this cluster')); });
  return errors;
}

function addressUpdates(s: ServiceSpec, old: ServiceSpec): FieldError[] {
  const ips = s.clusterIPs ?? [], were = old.clusterIPs ?? [], at = 'spec.clusterIPs';
  if (noAddress(s) && noAddress(old)) return [];
  if (ips.length === were.length) return were.flatMap((ip, i) => (ip === ips[i] ? [] : [invalid(`${at}[${i}]`, ips, FIXED)]));
  const errors: FieldError[] = [];
  if (ips.length === 0) errors.push(invalid(`${at}[0]`, ips, 'primary clusterIP can not be unset'));
  else if (were.length > 0 && ips[0] !== were[0]) errors.push(invalid(`${at}[0]`, ips, FIXED));
  if (were.length > ips.length && ips.length === 1 && s.ipFamilyPolicy !== 'SingleStack') errors.push(invalid('spec.ipFamilyPolicy', s.ipFamilyPolicy, "must be set to 'SingleStack' when releasing the secondary clusterIP"));
  return errors;
}

function familyUpdates(s: ServiceSpec, old: ServiceSpec): FieldError[] {
  const families = s.ipFamilies ?? [], were = old.ipFamilies ?? [], at = 'spec.ipFamilies[0]';
  if (noAddress(s) || noAddress(old)) return [];
  if (families.length === were.length) return were.flatMap((f, i) => (f === families[i] ? [] : [invalid(at, families, FIXED)]));
  const errors: FieldError[] = [], fewer = were.length > families.length;
  if (fewer && !s.clusterIPs?.length) errors.push(invalid(at, families, 'primary ipFamily can not be unset'));
  if (families.length > 0 && were.length > 0 && families[0] !== were[0]) errors.push(invalid(at, s.clusterIPs ?? [], FIXED));
  if (fewer && families.length === 1 && s.ipFamilyPolicy !== 'SingleStack') errors.push(invalid('spec.ipFamilyPolicy', s.ipFamilyPolicy, "must be set to 'SingleStack' when releasing the secondary ipFamily"));
  return errors;
}

/** What an update may not change. */
export function validateServiceUpdate(next: Service, prev: Service): FieldError[] {
  const s = next.spec ?? {}, old = prev.spec ?? {}, errors: FieldError[] = [];
  if (s.type !== 'ExternalName' && old.type !== 'ExternalName') errors.push(...addressUpdates(s, old), ...familyUpdates(s, old));
  if (s.type === 'LoadBalancer' && old.type === 'LoadBalancer' && s.loadBalancerClass !== old.loadBalancerClass) errors.push(invalid('spec.loadBalancerClass', s.loadBalancerClass, FIXED));
  if (needsHealthCheck(s) && needsHealthCheck(old) && s.healthCheckNodePort !== old.healthCheckNodePort) errors.push(forbidden('spec.healthCheckNodePort', IMMUTABLE));
  // What was given before may stay, whatever the cluster gives today.
  if (!(semanticEqual(s.ipFamilies, old.ipFamilies) && s.ipFamilyPolicy === old.ipFamilyPolicy)) errors.push(...validateFamilies(s));
  return errors;
}

/** What a load balancer may say of itself. */
export function validateServiceStatus({ spec, status }: Service): FieldError[] {
  const ingress = status?.loadBalancer?.ingress ?? [], path = 'status.loadBalancer.ingress';
  if (ingress.length > 0 && spec?.type !== 'LoadBalancer') return [forbidden(path, "may only be used when `spec.type` is 'LoadBalancer'")];
  return ingress.flatMap((g, i) => {
    const at = `${path}[${i}]`, errors: FieldError[] = g.ip ? ipErrors(g.ip).map(m => invalid(`${at}.ip`, g.ip, m)) : [];
    if (g.ipMode === undefined) { if (g.ip) errors.push(required(`${at}.ipMode`, 'must be specified when `ip` is set')); }
    else if (!g.ip) errors.push(forbidden(`${at}.ipMode`, 'may not be specified when `ip` is not set'));
    else if (!MODES.includes(g.ipMode)) errors.push(notSupported(`${at}.ipMode`, g.ipMode, MODES));
    if (g.hostname) for (const m of dnsSubdomain(g.hostname)) errors.push(invalid(`${at}.hostname`, g.hostname, m));
    if (g.hostname && isIP(g.hostname)) errors.push(invalid(`${at}.hostname`, g.hostname, 'must be a DNS name, not an IP address'));
    return errors;
  });
}

/** What is legal and does nothing, or will not be for long. */
export function serviceWarnings(s: Service): string[] {
  const spec = s.spec ?? {}, out: string[] = [], headless = spec.type === 'ClusterIP' && spec.clusterIP === 'None', external = spec.externalIPs ?? [];
  if (s.metadata?.annotations?.[HINTS] !== undefined) out.push(`annotation ${HINTS} is deprecated, please use ${MODE} instead`);
  if (spec.clusterIP && spec.clusterIP !== 'None') spec.clusterIPs?.forEach((ip, i) => out.push(...ipWarnings(ip, `spec.clusterIPs[${i}]`)));
  if (headless) {
    if (spec.loadBalancerIP) out.push('spec.loadBalancerIP is ignored for headless services');
    if (external.length > 0) out.push('spec.externalIPs is ignored for headless services');
    if (spec.sessionAffinity !== 'None') out.push('spec.SessionAffinity is ignored for headless services');
  }
  external.forEach((ip, i) => out.push(...ipWarnings(ip, `spec.externalIPs[${i}]`)));
  if (external.length > 0 && !headless && spec.type !== 'ExternalName') out.push('spec.externalIPs is deprecated and may no longer be implemented in some clusters');
  if (spec.loadBalancerIP) out.push(...ipWarnings(spec.loadBalancerIP, 'spec.loadBalancerIP'));
  if (spec.type === 'ExternalName' && external.length > 0) out.push('spec.externalIPs is ignored when spec.type is "ExternalName"');
  if (spec.type !== 'ExternalName' && spec.externalName) out.push('spec.externalName is ignored when spec.type is not "ExternalName"');
  if (spec.trafficDistribution === 'PreferClose') out.push('spec.trafficDistribution: "PreferClose" is deprecated; use "PreferSameZone"');
  return out;
}

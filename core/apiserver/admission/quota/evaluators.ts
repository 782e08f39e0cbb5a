// What an object costs a ResourceQuota, resource by resource, and which quotas it concerns (Kubernetes' pkg/quota/v1/evaluator/core).
import { qosClass } from '../../../api/meta/pod.ts';
import type { KubeObject } from '../../../api/meta/object.ts';
import type { Quantity } from '../../../api/meta/quantity.ts';
import { podSums, quantityOf, type ResourceSums } from '../../../api/meta/resource-list.ts';
import type { PersistentVolumeClaim, Pod, PodAffinityTerm, ResourceV1ResourceClaim, Service } from '../../../api/types/kubernetes.ts';

/** One requirement of a quota's scopes; a plain scope is one that must exist. */
export interface ScopeRequirement { readonly scopeName: string; readonly operator: string; readonly values?: readonly string[] }

/** How one resource is counted. Objects are shared: never mutated. */
export interface Evaluator {
  /** The operations that are charged. */
  handles(operation: string, subresource: string): boolean;
  /** Whether it counts under this name of a quota's `hard`. */
  counts(name: string): boolean;
  /** What the object costs now. */
  usage(object: KubeObject, now: number): ResourceSums;
  /** Whether the object is in the scope; resources without scopes are in none. */
  inScope?(r: ScopeRequirement, object: KubeObject): boolean;
  /** What the object must say because a quota bounds `names`; undefined when all is said. */
  unsaid?(names: readonly string[], object: KubeObject): string | undefined;
  /** When the cost of a pod that does not end changes though nobody writes it, in ms. */
  changesAt?(object: KubeObject): number | undefined;
}

/** Those of a quota's names under which an evaluator counts. */
export const countedNames = (e: Evaluator, names: Iterable<string>): string[] => [...names].filter(n => e.counts(n));

const ONE: Quantity = { nanos: 1_000_000_000n, format: 'DecimalSI' };
const units = (n: number): Quantity => ({ nanos: BigInt(n) * 1_000_000_000n, format: 'DecimalSI' });
/** `count/deployments.apps`. */
export const countName = (group: string, plural: string): string => `count/${plural}${group ? `.${group}` : ''}`;

const always = (r: ScopeRequirement): boolean => r.operator === 'Exists' || r.operator === '';
/** A requirement on one word that may be missing. */
function selects(r: ScopeRequirement, words: readonly string[]): boolean {
  switch (r.operator) {
    case 'In': return words.some(w => r.values?.includes(w));
    case 'NotIn': return !words.some(w => r.values?.includes(w));
    case 'DoesNotExist': return words.length === 0;
    default: return words.length > 0;
  }
}

// --- pods ---
const POD_NAMES = new Set(['count/pods', 'pods', 'cpu', 'memory', 'ephemeral-storage', 'requests.cpu', 'requests.memory', 'requests.ephemeral-storage', 'limits.cpu', 'limits.memory', 'limits.ephemeral-storage']);
/** Bounding these obliges every container to say what it takes. */
const MUST_SAY = new Set(['cpu', 'memory', 'requests.cpu', 'requests.memory', 'limits.cpu', 'limits.memory']);
const extended = (name: string): boolean => name.includes('/') && !name.includes('kubernetes.io/');
const pages = (name: string): boolean => name.startsWith('hugepages-');

/** Requests and limits under the names quotas give them. */
function compute(requests: ResourceSums, limits: ResourceSums): ResourceSums {
  const out: ResourceSums = new Map([['pods', ONE]]);
  for (const n of ['cpu', 'memory', 'ephemeral-storage']) {
    const request = requests.get(n), limit = limits.get(n);
    if (request) out.set(n, request).set(`requests.${n}`, request);
    if (limit) out.set(`limits.${n}`, limit);
  }
  for (const [n, q] of requests) {
    if (pages(n)) out.set(n, q).set(`requests.${n}`, q);
    else if (extended(n)) out.set(`requests.${n}`, q);
  }
  return out;
}

/** From then on a pod that is being deleted but does not go is no longer charged. */
const givenUpAt = (pod: Pod): number | undefined => {
  const m = pod.metadata!;
  return m.deletionTimestamp === undefined || m.deletionGracePeriodSeconds === undefined ? undefined : Date.parse(String(m.deletionTimestamp)) + m.deletionGracePeriodSeconds * 1000;
};

function foreign(terms: readonly (PodAffinityTerm | undefined)[] | undefined): boolean {
  return terms?.some(t => (t?.namespaces?.length ?? 0) > 0 || t?.namespaceSelector !== undefined) ?? false;
}
function crossNamespaceAffinity(pod: Pod): boolean {
  const { podAffinity: with_, podAntiAffinity: without } = pod.spec?.affinity ?? {};
  return [with_, without].some(a => foreign(a?.requiredDuringSchedulingIgnoredDuringExecution) || foreign(a?.preferredDuringSchedulingIgnoredDuringExecution?.map(w => w.podAffinityTerm)));
}

const pods: Evaluator = {
  handles: (operation, subresource) => (subresource === '' ? operation === 'CREATE' : subresource === 'resize' && operation === 'UPDATE'),
  counts: name => POD_NAMES.has(name) || pages(name) || name.startsWith('requests.hugepages-') || (name.startsWith('requests.') && extended(name)),
  usage(object, now) {
    const pod = object as Pod, phase = pod.status?.phase, until = givenUpAt(pod);
    if (phase === 'Succeeded' || phase === 'Failed' || (until !== undefined && now > until)) return new Map([['count/pods', ONE]]);
    const o = { overhead: true, status: pod.status };
    return compute(podSums(pod.spec!, 'requests', o), podSums(pod.spec!, 'limits', o)).set('count/pods', ONE);
  },
  inScope(r, object) {
    const pod = object as Pod, spec = pod.spec!;
    switch (r.scopeName) {
      case 'Terminating': return (spec.activeDeadlineSeconds ?? -1) >= 0;
      case 'NotTerminating': return (spec.activeDeadlineSeconds ?? -1) < 0;
      case 'BestEffort': return (pod.status?.qosClass ?? qosClass(spec)) === 'BestEffort';
      case 'NotBestEffort': return (pod.status?.qosClass ?? qosClass(spec)) !== 'BestEffort';
      case 'PriorityClass': return selects(r, spec.priorityClassName ? [spec.priorityClassName] : []);
      case 'CrossNamespacePodAffinity': return crossNamespaceAffinity(pod);
      default: return false;
    }
  },
  unsaid(names, object) {
    const wanted = names.filter(n => MUST_SAY.has(n)), spec = (object as Pod).spec!;
    if (wanted.length === 0) return undefined;
    const missing = new Map<string, Set<string>>();
    for (const c of [...spec.containers, ...(spec.initContainers ?? [])]) {
      for (const n of wanted) {
        const [, list = 'requests', resource] = /^(?:(requests|limits)\.)?(.*)$/.exec(n)!;
        if (c.resources?.[list as 'requests' | 'limits']?.[resource!] !== undefined || spec.resources?.[list as 'requests' | 'limits']?.[resource!] !== undefined) continue;
        missing.set(n, (missing.get(n) ?? new Set()).add(c.name));
      }
    }
    if (missing.size === 0) return undefined;
    return `must specify ${[...missing].sort(([a], [b]) => (a < b ? -1 : 1)).map(([n, containers]) => `${n} for: ${[...containers].sort().join(',')}`).join('; ')}`;
  },
  changesAt: object => givenUpAt(object as Pod),
};

// --- services ---
const SERVICE_NAMES = new Set(['count/services', 'services', 'services.nodeports', 'services.loadbalancers']);
const services: Evaluator = {
  handles: (operation, subresource) => subresource === '' && (operation === 'CREATE' || operation === 'UPDATE'),
  counts: name => SERVICE_NAMES.has(name),
  usage(object) {
    const { type, ports = [], allocateLoadBalancerNodePorts } = (object as Service).spec ?? {};
    const out: ResourceSums = new Map([['count/services', ONE], ['services', ONE]]);
    if (type === 'NodePort') out.set('services.nodeports', units(ports.length));
    if (type === 'LoadBalancer') {
      // Ports are given out later: it is what the service asks for that counts.
      out.set('services.nodeports', units(allocateLoadBalancerNodePorts === false ? ports.filter(p => p.nodePort).length : ports.length));
      out.set('services.loadbalancers', ONE);
    }
    return out;
  },
};

// --- claims ---
const CLAIM_NAMES = ['count/persistentvolumeclaims', 'persistentvolumeclaims', 'requests.storage'];
const BY_CLASS = '.storageclass.storage.k8s.io/';
const claims: Evaluator = {
  handles: services.handles,
  counts: name => CLAIM_NAMES.includes(name) || CLAIM_NAMES.some(n => name.endsWith(`${BY_CLASS}${n}`)),
  usage(object) {
    const claim = object as PersistentVolumeClaim;
    const ofClass = claim.metadata?.annotations?.['volume.beta.kubernetes.io/storage-class'] ?? claim.spec?.storageClassName ?? '';
    const out: ResourceSums = new Map([['persistentvolumeclaims', ONE], ['count/persistentvolumeclaims', ONE]]);
    if (ofClass !== '') out.set(`${ofClass}${BY_CLASS}persistentvolumeclaims`, ONE);
    const wished = claim.spec?.resources?.requests?.['storage'], allocated = claim.status?.allocatedResources?.['storage'];
    if (wished === undefined) return out;
    const a = quantityOf(wished), b = allocated === undefined ? a : quantityOf(allocated), larger = b.nanos > a.nanos ? b : a;
    // Whole bytes, as a quota's own amounts are.
    const rest = larger.nanos % 1_000_000_000n, bytes = rest === 0n ? larger : { ...larger, nanos: larger.nanos - rest + 1_000_000_000n };
    out.set('requests.storage', bytes);
    if (ofClass !== '') out.set(`${ofClass}${BY_CLASS}requests.storage`, bytes);
    return out;
  },
  inScope(r, object) {
    const { spec, status } = object as PersistentVolumeClaim;
    if (r.scopeName !== 'VolumeAttributesClass') return false;
    const names = [spec?.volumeAttributesClassName, status?.currentVolumeAttributesClassName, status?.modifyVolumeStatus?.targetVolumeAttributesClassName].filter((n): n is string => Boolean(n));
    return always(r) ? names.length > 0 : selects(r, names);
  },
};

// --- resource claims ---
const DEVICES = '.deviceclass.resource.k8s.io/devices';
/** A claim for all devices of a class may get as many as one claim can hold. */
const ALL_DEVICES = 32;
interface Request { deviceClassName?: string; allocationMode?: string; count?: number }
const resourceClaims: Evaluator = {
  handles: (operation, subresource) => subresource === '' && operation === 'CREATE',
  counts: name => name === 'count/resourceclaims.resource.k8s.io' || name.endsWith(DEVICES),
  usage(object) {
    const sums = new Map<string, number>();
    const cost = (r: Request): number => (r.allocationMode === 'All' ? ALL_DEVICES : r.count ?? 1);
    for (const r of (object as ResourceV1ResourceClaim).spec?.devices?.requests ?? []) {
      const best = new Map<string, number>();
      for (const one of (r.exactly ? [r.exactly] : r.firstAvailable ?? []) as Request[]) {
        const name = one.deviceClassName ?? '';
        best.set(name, Math.max(best.get(name) ?? 0, cost(one)));
      }
      for (const [name, n] of best) sums.set(name, (sums.get(name) ?? 0) + n);
    }
    const out: ResourceSums = new Map([['count/resourceclaims.resource.k8s.io', ONE]]);
    for (const [name, n] of sums) out.set(`${name}${DEVICES}`, units(n));
    return out;
  },
};

// --- all others: one each ---
/** Resources that had a name of their own before there was `count/`. */
const PLAIN = new Set(['configmaps', 'secrets', 'replicationcontrollers', 'resourcequotas']);
const counted = new Map<string, Evaluator>();
function objects(group: string, plural: string): Evaluator {
  const name = countName(group, plural);
  let found = counted.get(name);
  if (!found) {
    const names = group === '' && PLAIN.has(plural) ? [name, plural] : [name], usage: ResourceSums = new Map(names.map(n => [n, ONE]));
    counted.set(name, found = { handles: (operation, subresource) => subresource === '' && operation === 'CREATE', counts: n => names.includes(n), usage: () => usage });
  }
  return found;
}

/** How a namespaced resource is counted; undefined for events, which never are. */
export function evaluatorOf(group: string, plural: string): Evaluator | undefined {
  if (plural === 'events' && (group === '' || group === 'events.k8s.io')) return undefined;
  if (group === 'resource.k8s.io' && plural === 'resourceclaims') return resourceClaims;
  if (group !== '') return objects(group, plural);
  return plural === 'pods' ? pods : plural === 'services' ? services : plural === 'persistentvolumeclaims' ? claims : objects(group, plural);
}

/** The resources whose objects a name of `hard` counts, as group and plural; undefined when the name means nothing. */
export function resourceOf(name: string): { group: string; plural: string } | undefined {
  const counts = /^count\/([^.]+)(?:\.(.+))?$/.exec(name);
  if (counts) return { group: counts[2] ?? '', plural: counts[1]! };
  if (PLAIN.has(name)) return { group: '', plural: name };
  if (services.counts(name)) return { group: '', plural: 'services' };
  if (claims.counts(name)) return { group: '', plural: 'persistentvolumeclaims' };
  if (pods.counts(name)) return { group: '', plural: 'pods' };
  return resourceClaims.counts(name) ? { group: 'resource.k8s.io', plural: 'resourceclaims' } : undefined;
}

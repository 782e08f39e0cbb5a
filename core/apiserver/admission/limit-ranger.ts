// LimitRanger: a namespace's LimitRanges fill in what containers leave open, and bound what pods and claims may ask for (contract 12.3).
import { formatQuantity, type Quantity } from '../../api/meta/quantity.ts';
import { podSums, quantityOf, sumsOf, type ResourceSums } from '../../api/meta/resource-list.ts';
import { forbiddenError } from '../../api/meta/status.ts';
import type { Container, LimitRange, LimitRangeItem, PersistentVolumeClaim, Pod } from '../../api/types/kubernetes.ts';
import type { RegistryEnv } from '../registry/env.ts';
import type { AdmissionPlugin, Attributes } from './chain.ts';

const ANNOTATION = 'kubernetes.io/limit-ranger';

/** Fills defaults of new pods and of resized ones; 403 with everything that is out of bounds. */
export function limitRanger(env: () => Pick<RegistryEnv, 'store' | 'find'>): AdmissionPlugin {
  const rangesOf = (a: Attributes): readonly LimitRange[] => {
    if (!supports(a) || a.old?.metadata?.deletionTimestamp !== undefined) return [];
    const { store, find } = env(), ranges = find('', 'limitranges');
    if (!ranges || store.count(ranges.range(a.namespace)) === 0) return [];
    return store.range({ prefix: ranges.range(a.namespace) }).entries.map(e => ranges.stateOf(e) as LimitRange);
  };
  return {
    name: 'LimitRanger',
    mutate(a) {
      if (a.resource.spec.plural !== 'pods') return;
      for (const range of rangesOf(a)) setDefaults(a.object as Pod, range);
    },
    validate(a) {
      for (const range of rangesOf(a)) {
        const errors = [...new Set((range.spec?.limits ?? []).flatMap(item => (a.resource.spec.plural === 'pods' ? podErrors(a.object as Pod, item) : claimErrors(a.object as PersistentVolumeClaim, item))))];
        if (errors.length > 0) throw forbiddenError(a.resource.spec, a.name, errors.length === 1 ? errors[0]! : `[${errors.join(', ')}]`);
      }
    },
  };
}

/** New pods, resized pods, claims new and changed; containers of other pods cannot change. */
function supports(a: Attributes): boolean {
  const { group, plural } = a.resource.spec;
  if (group !== '' || (a.operation !== 'CREATE' && a.operation !== 'UPDATE')) return false;
  if (plural === 'pods') return a.operation === 'CREATE' ? a.subresource === '' : a.subresource === 'resize';
  return plural === 'persistentvolumeclaims' && a.subresource === '';
}

function setDefaults(pod: Pod, range: LimitRange): void {
  const requests: Record<string, string> = {}, limits: Record<string, string> = {};
  for (const item of range.spec?.limits ?? []) {
    if (item.type !== 'Container') continue;
    Object.assign(requests, item.defaultRequest);
    Object.assign(limits, item.default);
  }
  const said = [
    ...(pod.spec?.containers ?? []).flatMap(c => fill(c, requests, limits, 'container')),
    ...(pod.spec?.initContainers ?? []).flatMap(c => fill(c, requests, limits, 'init container')),
  ];
  if (said.length > 0) (pod.metadata!.annotations ??= {})[ANNOTATION] = `LimitRanger plugin set: ${said.join('; ')}`;
}

/** What was set, in the annotation's words. */
function fill(c: Container, requests: Readonly<Record<string, string>>, limits: Readonly<Record<string, string>>, word: string): string[] {
  const take = (which: 'requests' | 'limits', from: Readonly<Record<string, string>>): string[] => {
    const missing = Object.keys(from).filter(n => c.resources?.[which]?.[n] === undefined).sort();
    if (missing.length > 0) c.resources = { ...c.resources, [which]: { ...c.resources?.[which], ...Object.fromEntries(missing.map(n => [n, from[n]!])) } };
    return missing;
  };
  const newLimits = take('limits', limits), newRequests = take('requests', requests);
  return [
    ...(newRequests.length > 0 ? [`${newRequests.join(', ')} request for ${word} ${c.name}`] : []),
    ...(newLimits.length > 0 ? [`${newLimits.join(', ')} limit for ${word} ${c.name}`] : []),
  ];
}

type Check = (type: string, name: string, bound: Quantity, requests: ResourceSums, limits: ResourceSums) => string | undefined;
const text = (q: Quantity): string => formatQuantity(q);

const belowMin: Check = (type, name, bound, requests, limits) => {
  const request = requests.get(name), limit = limits.get(name), says = `minimum ${name} usage per ${type} is ${text(bound)}`;
  if (!request) return `${says}.  No request is specified`;
  if (request.nanos < bound.nanos) return `${says}, but request is ${text(request)}`;
  return limit && limit.nanos < bound.nanos ? `${says}, but limit is ${text(limit)}` : undefined;
};

const aboveMax: Check = (type, name, bound, requests, limits) => {
  const request = requests.get(name), limit = limits.get(name), says = `maximum ${name} usage per ${type} is ${text(bound)}`;
  if (!limit) return `${says}.  No limit is specified`;
  if (limit.nanos > bound.nanos) return `${says}, but limit is ${text(limit)}`;
  return request && request.nanos > bound.nanos ? `${says}, but request is ${text(request)}` : undefined;
};

/** For claims, whose limits mean nothing. */
const requestAboveMax: Check = (type, name, bound, requests) => {
  const request = requests.get(name), says = `maximum ${name} usage per ${type} is ${text(bound)}`;
  if (!request) return `${says}.  No request is specified`;
  return request.nanos > bound.nanos ? `${says}, but request is ${text(request)}` : undefined;
};

const aboveRatio: Check = (type, name, bound, requests, limits) => {
  const request = requests.get(name), limit = limits.get(name), says = `${name} max limit to request ratio per ${type} is ${text(bound)}`;
  if (!request || request.nanos === 0n) return `${says}, but no request is specified or request is 0`;
  if (!limit || limit.nanos === 0n) return `${says}, but no limit is specified or limit is 0`;
  if (limit.nanos * 1_000_000_000n <= bound.nanos * request.nanos) return undefined;
  return `${says}, but provided ratio is ${(Number(limit.nanos) / Number(request.nanos)).toFixed(6)}`;
};

function failures(check: Check, item: LimitRangeItem, bounds: Readonly<Record<string, string>> | undefined, requests: ResourceSums, limits: ResourceSums): string[] {
  return Object.keys(bounds ?? {}).sort().flatMap(name => check(item.type, name, quantityOf(bounds![name]!), requests, limits) ?? []);
}

function podErrors(pod: Pod, item: LimitRangeItem): string[] {
  const check = (requests: ResourceSums, limits: ResourceSums): string[] =>
    [...failures(belowMin, item, item.min, requests, limits), ...failures(aboveMax, item, item.max, requests, limits), ...failures(aboveRatio, item, item.maxLimitRequestRatio, requests, limits)];
  const spec = pod.spec!;
  if (item.type === 'Container') return [...spec.containers, ...(spec.initContainers ?? [])].flatMap(c => check(sumsOf(c.resources?.requests), sumsOf(c.resources?.limits)));
  if (item.type === 'Pod') return check(podSums(spec, 'requests', { overhead: false }), podSums(spec, 'limits', { overhead: false }));
  return [];
}

function claimErrors(claim: PersistentVolumeClaim, item: LimitRangeItem): string[] {
  if (item.type !== 'PersistentVolumeClaim') return [];
  const requests = sumsOf(claim.spec?.resources?.requests), none: ResourceSums = new Map();
  return [...failures(belowMin, item, item.min, requests, none), ...failures(requestAboveMax, item, item.max, requests, none)];
}

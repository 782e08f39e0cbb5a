import { invalid, required, type FieldError } from '../../meta/field-error.ts';
import { IMMUTABLE } from '../../meta/names.ts';
import { nanosOf } from '../../meta/quantity.ts';
import type { ResourceQuota } from '../../types/kubernetes.ts';
import { ageColumn, nameColumn, text } from '../columns.ts';
import { STATUS, defineKind, type Health } from '../kind.ts';
import { keepStatus } from '../parts/keep-status.ts';
import { defaultResourceList, validateAmount, validateResourceName } from '../parts/resources.ts';

/** `cpu: 1/2, pods: 3/10`. */
function used(q: ResourceQuota, limits: boolean): string {
  return Object.keys(q.status?.hard ?? {}).sort().filter(n => n.startsWith('limits') === limits)
    .map(n => `${n}: ${q.status?.used?.[n] ?? '0'}/${q.status!.hard![n]!}`).join(', ');
}

/** Full is what the next request would be refused for; a bound of nothing is meant so. */
function health(q: ResourceQuota): Health {
  const full = Object.entries(q.status?.hard ?? {}).filter(([n, hard]) => nanosOf(hard) > 0n && nanosOf(q.status?.used?.[n]) >= nanosOf(hard)).map(([n]) => n).sort();
  return full.length === 0 ? { level: 'none', word: '' } : { level: 'warning', word: 'Full', reason: full.map(n => `${n}: ${q.status!.used![n]}/${q.status!.hard![n]}`).join(', ') };
}

const COMPUTE = ['cpu', 'memory', 'requests.cpu', 'requests.memory', 'limits.cpu', 'limits.memory'];
const STANDARD = new Set([
  ...COMPUTE, 'ephemeral-storage', 'requests.ephemeral-storage', 'limits.ephemeral-storage', 'requests.storage', 'pods', 'resourcequotas', 'services', 'replicationcontrollers', 'secrets',
  'persistentvolumeclaims', 'configmaps', 'services.nodeports', 'services.loadbalancers',
]);
const standard = (name: string): boolean => STANDARD.has(name) || /^(?:requests\.)?hugepages-/.test(name);
const OF_PODS = new Set([...COMPUTE, 'pods']);
/** The standard resources a scope may be put on. */
const SCOPES: Readonly<Record<string, ReadonlySet<string>>> = {
  Terminating: OF_PODS, NotTerminating: OF_PODS, NotBestEffort: OF_PODS, PriorityClass: OF_PODS, CrossNamespacePodAffinity: OF_PODS,
  BestEffort: new Set(['pods']), VolumeAttributesClass: new Set(['persistentvolumeclaims', 'requests.storage']),
};
/** Scopes that a pod is in or not: there is nothing to compare. */
const PLAIN = new Set(['Terminating', 'NotTerminating', 'BestEffort', 'NotBestEffort', 'CrossNamespacePodAffinity']);
const conflicting = (scopes: readonly string[]): number => [['BestEffort', 'NotBestEffort'], ['Terminating', 'NotTerminating']].filter(pair => pair.every(s => scopes.includes(s))).length;

function validateName(name: string, at: string): FieldError[] {
  const errors = validateResourceName(name, at);
  if (!name.includes('/') && !standard(name)) errors.push(invalid(at, name, 'must be a standard resource for quota'));
  return errors;
}
const validateList = (list: Record<string, string> | undefined, path: string): FieldError[] =>
  Object.entries(list ?? {}).flatMap(([name, value]) => [...validateName(name, `${path}[${name}]`), ...validateAmount(name, value, `${path}[${name}]`)]);

function validateScopes(q: ResourceQuota): FieldError[] {
  const errors: FieldError[] = [], scopes = q.spec?.scopes ?? [], names = Object.keys(q.spec?.hard ?? {}).filter(standard).sort();
  const misplaced = (scope: string): number => names.filter(n => !SCOPES[scope]?.has(n)).length;
  const times = (n: number, e: FieldError): void => { for (let i = 0; i < n; i++) errors.push(e); };
  for (const scope of scopes) {
    if (!SCOPES[scope]) errors.push(invalid('spec.scopes', scopes, 'unsupported scope'));
    times(misplaced(scope), invalid('spec.scopes', scopes, 'unsupported scope applied to resource'));
  }
  times(conflicting(scopes), invalid('spec.scopes', scopes, 'conflicting scopes'));
  const selector = q.spec?.scopeSelector, at = 'spec.scopeSelector.matchExpressions', list = selector?.matchExpressions ?? [];
  for (const r of list) {
    const operator = r.operator ?? '', values = r.values ?? [];
    if (!SCOPES[r.scopeName]) errors.push(invalid(`${at}.scopeName`, r.scopeName, 'unsupported scope'));
    times(misplaced(r.scopeName), invalid(at, selector, 'unsupported scope applied to resource'));
    if (PLAIN.has(r.scopeName) && operator !== 'Exists') {
      errors.push(invalid(`${at}.operator`, operator, "must be 'Exists' when scope is any of ResourceQuotaScopeTerminating, ResourceQuotaScopeNotTerminating, ResourceQuotaScopeBestEffort, ResourceQuotaScopeNotBestEffort or ResourceQuotaScopeCrossNamespacePodAffinity"));
    }
    if (operator === 'In' || operator === 'NotIn') {
      if (values.length === 0) errors.push(required(`${at}.values`, "must be at least one value when `operator` is 'In' or 'NotIn' for scope selector"));
    } else if (operator === 'Exists' || operator === 'DoesNotExist') {
      if (values.length > 0) errors.push(invalid(`${at}.values`, values, "must be no value when `operator` is 'Exist' or 'DoesNotExist' for scope selector"));
    } else errors.push(invalid(`${at}.operator`, operator, 'not a valid selector operator'));
  }
  times(conflicting(list.map(r => r.scopeName)), invalid(at, list, 'conflicting scopes'));
  return errors;
}

const validateStatus = (q: ResourceQuota): FieldError[] => [...validateList(q.status?.hard, 'status.hard'), ...validateList(q.status?.used, 'status.used')];

export const resourceQuota = defineKind<ResourceQuota>({
  group: '', version: 'v1', kind: 'ResourceQuota', plural: 'resourcequotas', namespaced: true,
  schema: 'io.k8s.api.core.v1.ResourceQuota', shortNames: ['quota'],
  subresources: [STATUS],
  setDefaults(q) { defaultResourceList(q.spec?.hard); },
  prepareForCreate(q) { q.status = {}; },
  prepareForUpdate: keepStatus,
  validate: q => [...validateList(q.spec?.hard, 'spec.hard'), ...validateScopes(q), ...validateStatus(q)],
  validateUpdate(next, prev) {
    const now = new Set(next.spec?.scopes), before = new Set(prev.spec?.scopes);
    return now.size === before.size && [...now].every(s => before.has(s)) ? [] : [invalid('spec.scopes', next.spec?.scopes ?? [], IMMUTABLE)];
  },
  validateStatusUpdate: q => validateStatus(q),
  columns: [
    nameColumn,
    text('Request', 'Use and bound of everything but limits.', q => used(q, false)),
    text('Limit', 'Use and bound of limits.', q => used(q, true)),
    ageColumn,
  ],
  view: { nav: 'Config', icon: 'quota', sections: ['quota', 'events', 'labels'], actions: ['yaml', 'delete'], health },
});

import { semanticEqual } from '../../meta/equal.ts';
import { invalid, required, type FieldError } from '../../meta/field-error.ts';
import { IMMUTABLE, labelKey } from '../../meta/names.ts';
import { nanosOf } from '../../meta/quantity.ts';
import type { ResourceQuota } from '../../types/kubernetes.ts';
import { ageColumn, nameColumn, text } from '../columns.ts';
import { STATUS, defineKind } from '../kind.ts';
import { keepStatus } from '../parts/keep-status.ts';
import { defaultResourceList, validateAmount } from '../parts/resources.ts';

/** `cpu: 1/2, pods: 3/10`. */
function used(q: ResourceQuota, limits: boolean): string {
  return Object.keys(q.status?.hard ?? {}).sort().filter(n => n.startsWith('limits') === limits)
    .map(n => `${n}: ${q.status?.used?.[n] ?? '0'}/${q.status!.hard![n]!}`).join(', ');
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
  const unqualified = labelKey(name).map(m => invalid(at, name, m));
  if (name.includes('/') || standard(name)) return unqualified;
  return [...(unqualified.length > 0 ? unqualified : name === 'storage' ? [] : [invalid(at, name, 'must be a standard resource type or fully qualified')]), invalid(at, name, 'must be a standard resource for quota')];
}

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
      errors.push(invalid(`${at}.operator`, operator, "must be 'Exist' when scope is any of ResourceQuotaScopeTerminating, ResourceQuotaScopeNotTerminating, ResourceQuotaScopeBestEffort, ResourceQuotaScopeNotBestEffort or ResourceQuotaScopeCrossNamespacePodAffinity"));
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

function validate(q: ResourceQuota): FieldError[] {
  const amounts = Object.entries(q.spec?.hard ?? {}).flatMap(([name, value]) => {
    const at = `spec.hard[${name}]`, errors = validateAmount(name, value, at);
    // Objects are counted whole.
    const whole = name.startsWith('count/') || (standard(name) && !COMPUTE.includes(name) && !name.includes('storage') && !name.includes('hugepages-'));
    return [...validateName(name, at), ...errors, ...(whole && errors.length === 0 && nanosOf(value) % 1_000_000_000n !== 0n ? [invalid(at, value, 'must be an integer')] : [])];
  });
  return [...amounts, ...validateScopes(q)];
}

export const resourceQuota = defineKind<ResourceQuota>({
  group: '', version: 'v1', kind: 'ResourceQuota', plural: 'resourcequotas', namespaced: true,
  schema: 'io.k8s.api.core.v1.ResourceQuota', shortNames: ['quota'],
  subresources: [STATUS],
  setDefaults(q) { defaultResourceList(q.spec?.hard); },
  prepareForCreate(q) { q.status = {}; },
  prepareForUpdate: keepStatus,
  validate,
  validateUpdate: (next, prev) => (semanticEqual(next.spec?.scopes, prev.spec?.scopes) ? [] : [invalid('spec.scopes', next.spec?.scopes ?? [], IMMUTABLE)]),
  columns: [
    nameColumn,
    text('Request', 'Use and bound of everything but limits.', q => used(q, false)),
    text('Limit', 'Use and bound of limits.', q => used(q, true)),
    ageColumn,
  ],
  view: { nav: 'Config', icon: 'quota', sections: ['events', 'labels', 'spec'], actions: ['yaml', 'delete'] },
});

// What LimitRanges and ResourceQuotas may say.
import { describe, expect, it } from 'vitest';
import { fieldErrorText } from '../meta/field-error.ts';
import type { LimitRange, LimitRangeItem, ResourceQuota } from '../types/kubernetes.ts';
import { limitRange } from './core/limit-range.ts';
import { resourceQuota } from './core/resource-quota.ts';

const meta = { name: 'x', namespace: 'a' };
const quota = (spec: object): string[] => resourceQuota.validate({ metadata: meta, spec } as ResourceQuota).map(fieldErrorText);
const range = (...limits: object[]): string[] => {
  const l: LimitRange = { metadata: meta, spec: { limits: limits as LimitRangeItem[] } };
  limitRange.setDefaults!(l);
  return limitRange.validate(l).map(fieldErrorText);
};

describe('ResourceQuota', () => {
  it.each<[object, string[]]>([
    [{ hard: { pods: '1', 'requests.cpu': '500m', 'count/deployments.apps': '2', 'requests.nvidia.com/gpu': '1', 'hugepages-2Mi': '2Mi', 'gold.storageclass.storage.k8s.io/requests.storage': '1Gi' } }, []],
    [{ hard: { foo: '1' } }, ['spec.hard[foo]: Invalid value: "foo": must be a standard resource type or fully qualified', 'spec.hard[foo]: Invalid value: "foo": must be a standard resource for quota']],
    [{ hard: { pods: '1500m' } }, ['spec.hard[pods]: Invalid value: "1500m": must be an integer']],
    [{ hard: { memory: '-1' } }, ['spec.hard[memory]: Invalid value: "-1": must be greater than or equal to 0']],
    [{ hard: { services: '1' }, scopes: ['BestEffort'] }, ['spec.scopes: Invalid value: ["BestEffort"]: unsupported scope applied to resource']],
    [{ hard: { pods: '1' }, scopes: ['BestEffort', 'NotBestEffort'] }, ['spec.scopes: Invalid value: ["BestEffort","NotBestEffort"]: conflicting scopes']],
    [{ hard: { 'count/pods': '1' }, scopes: ['Odd'] }, ['spec.scopes: Invalid value: ["Odd"]: unsupported scope']],
    [{ hard: { 'requests.storage': '1' }, scopes: ['VolumeAttributesClass'] }, []],
    [{ scopeSelector: { matchExpressions: [{ scopeName: 'PriorityClass', operator: 'In' }] } }, ["spec.scopeSelector.matchExpressions.values: Required value: must be at least one value when `operator` is 'In' or 'NotIn' for scope selector"]],
    [{ scopeSelector: { matchExpressions: [{ scopeName: 'PriorityClass', operator: 'Exists', values: ['a'] }] } }, ['spec.scopeSelector.matchExpressions.values: Invalid value: ["a"]: must be no value when `operator` is \'Exist\' or \'DoesNotExist\' for scope selector']],
    [{ scopeSelector: { matchExpressions: [{ scopeName: 'PriorityClass', operator: 'Near' }] } }, ['spec.scopeSelector.matchExpressions.operator: Invalid value: "Near": not a valid selector operator']],
  ])('%j', (spec, errors) => { expect(quota(spec)).toEqual(errors); });
  it('is full where one more would be refused, and not where nothing is allowed', () => {
    const health = (hard: Record<string, string>, used?: Record<string, string>): unknown => resourceQuota.view.health!({ metadata: meta, status: { hard, used } } as ResourceQuota);
    expect(health({ pods: '4', 'requests.cpu': '1' }, { pods: '4', 'requests.cpu': '900m' })).toEqual({ level: 'warning', word: 'Full', reason: 'pods: 4/4' });
    expect(health({ 'requests.cpu': '1', memory: '1Gi' }, { 'requests.cpu': '1000m', memory: '1024Mi' })).toMatchObject({ reason: 'memory: 1024Mi/1Gi, requests.cpu: 1000m/1' });
    expect(health({ 'services.loadbalancers': '0', pods: '4' })).toEqual({ level: 'none', word: '' });
  });
});

describe('LimitRange', () => {
  it.each<[string, object[], string[]]>([
    ['fine', [{ type: 'Container', max: { cpu: '2' }, min: { cpu: '100m' }, default: { cpu: '500m' }, defaultRequest: { cpu: '200m' }, maxLimitRequestRatio: { cpu: '10' } }, { type: 'Pod', max: { memory: '1Gi' } }], []],
    ['type', [{ type: 'Thing', max: { cpu: '1' } }], ['spec.limits[0].type: Invalid value: "Thing": must be a standard limit type or fully qualified']],
    ['twice', [{ type: 'Pod', max: { cpu: '1' } }, { type: 'Pod', max: { cpu: '1' } }], ['spec.limits[1].type: Duplicate value: "Pod"']],
    ['pods have no defaults', [{ type: 'Pod', default: { cpu: '1' } }], ["spec.limits[0].default: Forbidden: may not be specified when `type` is 'Pod'"]],
    ['claims need storage', [{ type: 'PersistentVolumeClaim', max: { cpu: '1' } }], ['spec.limits[0].limits: Required value: either minimum or maximum storage value is required, but neither was provided']],
    ['order', [{ type: 'Pod', min: { cpu: '2' }, max: { cpu: '1' } }], ['spec.limits[0].min[cpu]: Invalid value: "2": min value 2 is greater than max value 1']],
    ['defaults', [{ type: 'Container', max: { cpu: '1' }, default: { cpu: '2' }, defaultRequest: { cpu: '1' } }], ['spec.limits[0].default[cpu]: Invalid value: "1": default value 2 is greater than max value 1']],
    ['ratio', [{ type: 'Pod', min: { cpu: '1' }, max: { cpu: '2' }, maxLimitRequestRatio: { cpu: '3' } }], ['spec.limits[0].maxLimitRequestRatio[cpu]: Invalid value: "3": ratio 3 is greater than max/min = 2.000000']],
    ['small ratio', [{ type: 'Pod', maxLimitRequestRatio: { cpu: '500m' } }], ['spec.limits[0].maxLimitRequestRatio[cpu]: Invalid value: "500m": ratio 500m is less than 1']],
    ['names', [{ type: 'Container', max: { pods: '1' } }], ['max', 'default', 'defaultRequest'].map(f => `spec.limits[0].${f}[pods]: Invalid value: "pods": must be a standard resource for containers`)],
  ])('%s', (_, limits, errors) => { expect(range(...limits)).toEqual(errors); });
});

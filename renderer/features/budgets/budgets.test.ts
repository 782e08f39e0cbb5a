import { describe, expect, it } from 'vitest';
import type { LimitRange, Pod, PodDisruptionBudget, ResourceQuota } from '../../../core/api/types/kubernetes.ts';
import { budgetOf } from './budget.ts';
import { limitTables, quotaRows, scopesOf } from './quota.ts';

const budget = (status: object, generation = 1): PodDisruptionBudget => ({ metadata: { generation }, spec: { minAvailable: 2 }, status: { observedGeneration: 1, ...status } }) as unknown as PodDisruptionBudget;
const pod = (name: string, ready: boolean, phase = 'Running'): Pod => ({ metadata: { name }, status: { phase, conditions: [{ type: 'Ready', status: ready ? 'True' : 'False' }] } }) as unknown as Pod;

describe('disruption budget', () => {
  it.each([
    ['allows some', budget({ disruptionsAllowed: 1, currentHealthy: 3, desiredHealthy: 2, expectedPods: 3 }), undefined],
    ['has pods that are not healthy', budget({ disruptionsAllowed: 0, currentHealthy: 2, desiredHealthy: 2, expectedPods: 3 }), 'unhealthy'],
    ['never leaves room', budget({ disruptionsAllowed: 0, currentHealthy: 2, desiredHealthy: 2, expectedPods: 2 }), 'noRoom'],
    ['finds no pods', budget({ disruptionsAllowed: 0, currentHealthy: 0, desiredHealthy: 2, expectedPods: 0 }), 'noPods'],
    ['was not looked at yet', budget({ disruptionsAllowed: 4 }, 2), 'unseen'],
    ['cannot be counted', budget({ conditions: [{ type: 'DisruptionAllowed', status: 'False', reason: 'SyncFailed', message: 'found no controllers for pod "x"' }] }), 'syncFailed'],
  ])('%s', (_, b, why) => { expect(budgetOf(b, []).blocked).toBe(why); });
  it('names who is not ready and who is leaving', () => {
    const s = budgetOf(budget({ disruptedPods: { b: 'x', a: 'x' } }), [pod('web-2', false), pod('web-1', true), pod('old', false, 'Succeeded')]);
    expect([s.unready, s.leaving]).toEqual([['web-2'], ['a', 'b']]);
    expect(budgetOf(budget({ conditions: [{ type: 'DisruptionAllowed', status: 'False', reason: 'SyncFailed', message: 'no' }] }), []).text).toBe('no');
  });
});

describe('quota and limits', () => {
  it('the fullest first, with what needs a look', () => {
    const q = { spec: { hard: { pods: '10' }, scopes: ['NotTerminating'], scopeSelector: { matchExpressions: [{ scopeName: 'PriorityClass', operator: 'In', values: ['high'] }] } }, status: { hard: { pods: '10', 'requests.cpu': '2', 'requests.memory': '1Gi', services: '0', secrets: '5' }, used: { pods: '10', 'requests.cpu': '1900m', 'requests.memory': '512Mi', services: '0' } } } as unknown as ResourceQuota;
    expect(quotaRows(q).map(r => [r.resource, r.used, r.hard, r.part, r.level])).toEqual([['pods', '10', '10', 1, 'bad'], ['services', '0', '0', 1, 'bad'], ['requests.cpu', '1900m', '2', 0.95, 'warning'], ['requests.memory', '512Mi', '1Gi', 0.5, 'good'], ['secrets', undefined, '5', undefined, 'good']]);
    expect(scopesOf(q)).toEqual(['NotTerminating', 'PriorityClass In (high)']);
    expect(quotaRows({ spec: { hard: { pods: '1' } } } as unknown as ResourceQuota)).toEqual([{ resource: 'pods', used: undefined, hard: '1', part: undefined, level: 'good' }]);
  });
  it('limits are a table for each type, without the columns nobody uses', () => {
    const l = { spec: { limits: [{ type: 'Container', default: { cpu: '500m' }, max: { memory: '2048Mi' }, maxLimitRequestRatio: { memory: '2' } }, { type: 'PersistentVolumeClaim', min: { storage: '1Gi' } }] } } as unknown as LimitRange;
    expect(limitTables(l)).toEqual([
      { type: 'Container', bounds: ['default', 'max', 'maxLimitRequestRatio'], rows: [{ resource: 'cpu', bounds: { default: '500m' } }, { resource: 'memory', bounds: { max: '2Gi', maxLimitRequestRatio: '2' } }] },
      { type: 'PersistentVolumeClaim', bounds: ['min'], rows: [{ resource: 'storage', bounds: { min: '1Gi' } }] },
    ]);
  });
});

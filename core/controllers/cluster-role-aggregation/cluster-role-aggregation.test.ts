// Named by the sentences of Kubernetes' page "Using RBAC Authorization", aggregated ClusterRoles.
import { afterEach, expect, it } from 'vitest';
import { clusterRole as roleKind } from '../../api/kinds/rbac/cluster-role.ts';
import type { ClusterRole, PolicyRule } from '../../api/types/kubernetes.ts';
import { world, type World } from '../../../test/harness/controllers.ts';

let w: World;
afterEach(async () => { expect(w.complaints).toEqual([]); await w.stop(); });
const rule = (...resources: string[]): PolicyRule => ({ apiGroups: [''], resources, verbs: ['get'] });
const part = (name: string, labels: Record<string, string>, ...rules: PolicyRule[]): ClusterRole => ({ metadata: { name, labels }, rules });
const whole = (name: string, ...selectors: Record<string, string>[]): ClusterRole => ({ metadata: { name, labels: { to: name } }, aggregationRule: { clusterRoleSelectors: selectors.map(matchLabels => ({ matchLabels })) }, rules: [rule('old')] });
const of = (name: string): unknown => w.api.get<ClusterRole>(roleKind, name)?.rules?.map(r => r.resources?.join());

it('you can aggregate several ClusterRoles into one combined ClusterRole; any values that you manually specify in the rules field are overwritten', async () => {
  w = await world(['clusterrole-aggregation'], api => {
    api.put(roleKind, whole('monitoring', { to: 'monitoring' }));
    api.put(roleKind, part('b', { to: 'monitoring' }, rule('services'), rule('pods')));
    api.put(roleKind, part('a', { to: 'monitoring' }, rule('pods')));
    api.put(roleKind, part('no', { to: 'other' }, rule('secrets')));
  });
  expect(of('monitoring')).toEqual(['pods', 'services']);
  w.api.change<ClusterRole>(roleKind, 'monitoring', r => { r.rules = [rule('*')]; });
  await w.settle();
  expect(of('monitoring')).toEqual(['pods', 'services']);
});

it('if you create a new ClusterRole that matches the label selector of an existing aggregated ClusterRole, that change triggers adding the new rules', async () => {
  w = await world(['clusterrole-aggregation'], api => { api.put(roleKind, whole('monitoring', { to: 'monitoring' })); });
  expect(of('monitoring')).toEqual([]);
  w.api.put(roleKind, part('late', { to: 'monitoring' }, rule('endpoints')));
  await w.settle();
  expect(of('monitoring')).toEqual(['endpoints']);
  w.api.change<ClusterRole>(roleKind, 'late', r => { r.metadata!.labels = {}; });
  await w.settle();
  expect(of('monitoring')).toEqual([]);
});

it('several selectors are followed in their order, one role into the next, and nothing is written when nothing changes', async () => {
  w = await world(['clusterrole-aggregation'], api => {
    api.put(roleKind, whole('edit', { to: 'second' }, { to: 'view' }));
    api.put(roleKind, { ...whole('view', { to: 'first' }), metadata: { name: 'view', labels: { to: 'view' } } });
    api.put(roleKind, part('x', { to: 'first' }, rule('one')));
    api.put(roleKind, part('y', { to: 'second' }, rule('two')));
  });
  expect([of('view'), of('edit')]).toEqual([['one'], ['two', 'one']]);
  const writes = w.api.writes.length;
  w.api.change<ClusterRole>(roleKind, 'x', r => { r.metadata!.annotations = { a: 'b' }; });
  await w.settle();
  expect(w.api.writes.length).toBe(writes);
});

// Gathers the rules of labelled cluster roles into the roles whose aggregationRule asks for them (admin, edit, view and people's own).
import { clusterRole as clusterRoleKind } from '../../api/kinds/rbac/cluster-role.ts';
import { semanticEqual } from '../../api/meta/equal.ts';
import { cachedSelectorFrom } from '../../api/meta/labels.ts';
import { isNotFound } from '../../api/meta/status.ts';
import type { ClusterRole, PolicyRule } from '../../api/types/kubernetes.ts';
import type { Controller } from '../controller.ts';

/** Also the name under which it owns the rules it gathers. */
const NAME = 'clusterrole-aggregation-controller';

const collects = (r: ClusterRole): boolean => (r.aggregationRule?.clusterRoleSelectors?.length ?? 0) > 0;

export const clusterRoleAggregationController: Controller = {
  name: NAME, alias: 'clusterrole-aggregation', queue: 'ClusterRoleAggregator', workers: 5,
  start(ctx, keys) {
    const roles = ctx.informers.for<ClusterRole>(clusterRoleKind);
    // A role that changes may flow into any that collects; few do.
    const collecting = new Set<string>();
    const wake = (r: ClusterRole): void => {
      const name = r.metadata?.name ?? '';
      if (collects(r)) collecting.add(name); else collecting.delete(name);
      for (const c of collecting) keys.add(c);
    };
    roles.on({ add: wake, update: wake, delete: r => { collecting.delete(r.metadata?.name ?? ''); for (const c of collecting) keys.add(c); } });
    return async name => {
      const role = roles.lister.get(undefined, name);
      if (!role || !collects(role)) return;
      const selectors = role.aggregationRule!.clusterRoleSelectors!.map(s => cachedSelectorFrom(s));
      const rules: PolicyRule[] = [];
      for (const selector of selectors) {
        const picked = roles.lister.list().filter(r => r.metadata?.name !== name && selector.matches(r.metadata?.labels));
        picked.sort((a, b) => (a.metadata!.name! < b.metadata!.name! ? -1 : 1));
        for (const r of picked) for (const rule of r.rules ?? []) if (!rules.some(x => semanticEqual(x, rule))) rules.push(rule);
      }
      if (semanticEqual(rules, role.rules ?? [])) return;
      try { await ctx.client.apply<ClusterRole>(clusterRoleKind, { apiVersion: 'rbac.authorization.k8s.io/v1', kind: 'ClusterRole', metadata: { name }, rules }, NAME); } catch (error) { if (!isNotFound(error)) throw error; }
    };
  },
};

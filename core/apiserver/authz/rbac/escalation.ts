// Nobody hands out more than he has: roles and bindings are written only by those who hold what they grant, or who may `escalate` or
// `bind`. Part of the server as in Kubernetes, not a plug-in that could be switched off; it runs where plug-ins validate.
import { semanticEqual } from '../../../api/meta/equal.ts';
import type { KubeObject } from '../../../api/meta/object.ts';
import { failure, forbiddenError } from '../../../api/meta/status.ts';
import type { ClusterRole, PolicyRule, RoleBinding } from '../../../api/types/kubernetes.ts';
import type { AdmissionPlugin, Attributes } from '../../admission/chain.ts';
import type { Authorizer } from '../authorizer.ts';
import type { Rbac } from './rbac.ts';
import { describeRules, goStrings, missingRights } from './rules.ts';

const GROUP = 'rbac.authorization.k8s.io';
const EVERYTHING: readonly PolicyRule[] = [{ apiGroups: ['*'], resources: ['*'], verbs: ['*'] }, { nonResourceURLs: ['*'], verbs: ['*'] }];

function refuseMore(rbac: Rbac, a: Attributes, rules: readonly PolicyRule[], why?: string): void {
  const { user } = a, { rules: owned, errors } = rbac.rulesOf(user, a.namespace);
  const missing = missingRights(owned, rules);
  if (missing.length === 0) return;
  const trouble = errors.length ? `; resolution errors: [${errors.join(' ')}]` : '';
  throw forbiddenError(a.resource.spec, a.name, why
    ?? `user ${JSON.stringify(user.name)} (groups=${goStrings(user.groups)}) is attempting to grant RBAC permissions not currently held:\n${describeRules(missing).join('\n')}${trouble}`);
}

/** Only owner references and finalizers differ: the garbage collector must be able to let go. */
function onlyCollected(next: KubeObject, prev: KubeObject | undefined): boolean {
  if (prev === undefined) return false;
  const bare = (o: KubeObject): KubeObject => {
    const { ownerReferences: _o, finalizers: _f, managedFields: _m, resourceVersion: _r, ...metadata } = o.metadata ?? {};
    return { ...o, metadata };
  };
  return !semanticEqual(next, prev) && semanticEqual(bare(next), bare(prev));
}

/** The check as admission runs it. `rbac` and `authorizer` are asked for at each use: they are made after admission. */
export function escalationCheck(rbac: () => Rbac, authorizer: () => Authorizer): AdmissionPlugin {
  return {
    name: 'RBACEscalation',
    validate(a) {
      const { spec } = a.resource;
      if (spec.group !== GROUP || a.object === undefined || a.subresource !== '' || (a.operation !== 'CREATE' && a.operation !== 'UPDATE')) return;
      if (a.user.groups.includes('system:masters') || onlyCollected(a.object, a.old)) return;
      const may = (verb: string, resource: string, name: string): boolean =>
        authorizer().authorize({ user: a.user, verb, resource: { group: GROUP, version: spec.version, resource, subresource: '', namespace: a.namespace, name } }).verdict === 'allow';
      if (spec.plural === 'roles' || spec.plural === 'clusterroles') {
        if (may('escalate', spec.plural, a.name)) return;
        const role = a.object as ClusterRole;
        refuseMore(rbac(), a, role.rules ?? []);
        const collects = (r: ClusterRole | undefined): boolean => (r?.aggregationRule?.clusterRoleSelectors?.length ?? 0) > 0;
        if (collects(role) || collects(a.old as ClusterRole | undefined)) refuseMore(rbac(), a, EVERYTHING, 'must have cluster-admin privileges to use the aggregationRule');
        return;
      }
      const { roleRef } = a.object as RoleBinding, plural = roleRef.kind === 'ClusterRole' ? 'clusterroles' : 'roles';
      if (may('bind', plural, roleRef.name)) return;
      const rules = rbac().roleRules(roleRef, a.namespace);
      if (rules === undefined) {
        const kind = roleRef.kind.toLowerCase();
        throw failure(404, 'NotFound', `${kind}.${GROUP} ${JSON.stringify(roleRef.name)} not found`, { details: { name: roleRef.name, group: GROUP, kind } });
      }
      refuseMore(rbac(), a, rules);
    },
  };
}

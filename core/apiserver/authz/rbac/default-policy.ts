// The RBAC objects every cluster has, made from the fact tables beside this file.
import type { KubeObject } from '../../../api/meta/object.ts';
import type { ClusterRole, PolicyRule, RbacSubject, RoleBinding } from '../../../api/types/kubernetes.ts';
import { CONTROLLER_ROLES } from './default-controller-roles.ts';
import { BINDINGS, NAMESPACED, ROLES, type RoleFact } from './default-roles.ts';

const GROUP = 'rbac.authorization.k8s.io';
const VERBS: Readonly<Record<string, readonly string[]>> = {
  RO: ['get', 'list', 'watch'], RU: ['get', 'list', 'patch', 'update', 'watch'], WR: ['create', 'delete', 'deletecollection', 'patch', 'update'],
  RW: ['create', 'delete', 'deletecollection', 'get', 'list', 'patch', 'update', 'watch'],
};
const words = (text: string | undefined): string[] => (text ?? '').split(' ').filter(Boolean);

function ruleOf(fact: string): PolicyRule {
  const [verbs, groups, what, names] = fact.split(/ : (?:: )?/);
  // `get : : /path`: without a group it is about paths.
  if (fact.includes(' : : ')) return { nonResourceURLs: words(groups), verbs: words(verbs) };
  return {
    apiGroups: words(groups).map(g => (g === 'core' ? '' : g)), ...(names === undefined ? {} : { resourceNames: words(names) }), resources: words(what),
    verbs: words(verbs).flatMap(v => VERBS[v] ?? [v]),
  };
}

function subjectOf(text: string): RbacSubject {
  const at = text.indexOf(':'), kind = text.slice(0, at), rest = text.slice(at + 1);
  if (kind !== 'ServiceAccount') return { apiGroup: GROUP, kind, name: rest };
  const [namespace, name] = rest.split('/') as [string, string];
  return { kind, name, namespace };
}

const meta = (name: string, namespace?: string, labels: Record<string, string> = {}): NonNullable<KubeObject['metadata']> => ({
  name, ...(namespace ? { namespace } : {}), labels: { 'kubernetes.io/bootstrapping': 'rbac-defaults', ...labels }, annotations: { 'rbac.authorization.kubernetes.io/autoupdate': 'true' },
});

function clusterRole(f: RoleFact): ClusterRole {
  return {
    metadata: meta(f.name, undefined, f.aggregate ? { [`${GROUP}/aggregate-to-${f.aggregate}`]: 'true' } : {}),
    ...(f.from ? { aggregationRule: { clusterRoleSelectors: [{ matchLabels: { [`${GROUP}/aggregate-to-${f.from}`]: 'true' } }] } } : {}),
    rules: (f.rules ?? []).map(ruleOf),
  } as ClusterRole;
}

const binding = (name: string, namespace: string | undefined, kind: 'ClusterRole' | 'Role', role: string, subjects: readonly string[]): RoleBinding => ({
  metadata: meta(name, namespace), roleRef: { apiGroup: GROUP, kind, name: role }, ...(subjects.length ? { subjects: subjects.map(subjectOf) } : {}),
} as RoleBinding);

export interface DefaultObject { readonly plural: 'clusterroles' | 'clusterrolebindings' | 'roles' | 'rolebindings'; readonly object: KubeObject }

let made: readonly DefaultObject[] | undefined;

/** The default roles and bindings, without uid and times; shared: never mutate. Aggregated roles hold the rules the defaults give them. */
export function defaultPolicy(): readonly DefaultObject[] {
  if (made) return made;
  const roles = ROLES.map(clusterRole);
  // view flows into edit, edit into admin: what the aggregation controller would make of them.
  for (const name of ['view', 'edit', 'admin']) {
    const role = roles.find(r => r.metadata!.name === name)!, label = `${GROUP}/aggregate-to-${name}`;
    role.rules = roles.filter(r => r !== role && r.metadata!.labels?.[label] === 'true').sort((a, b) => (a.metadata!.name! < b.metadata!.name! ? -1 : 1)).flatMap(r => r.rules ?? []);
  }
  const controllers = Object.entries(CONTROLLER_ROLES).map(([name, rules]) => ({ name, role: clusterRole({ name: `system:controller:${name}`, rules }) }));
  const all: DefaultObject[] = [
    ...roles.map(object => ({ plural: 'clusterroles' as const, object })),
    ...controllers.map(({ role }) => ({ plural: 'clusterroles' as const, object: role })),
    ...Object.entries(BINDINGS).map(([role, subjects]) => ({ plural: 'clusterrolebindings' as const, object: binding(role, undefined, 'ClusterRole', role, subjects) })),
    ...controllers.map(({ name, role }) => ({ plural: 'clusterrolebindings' as const, object: binding(role.metadata!.name!, undefined, 'ClusterRole', role.metadata!.name!, [`ServiceAccount:kube-system/${name}`]) })),
    ...NAMESPACED.map(f => ({ plural: 'roles' as const, object: { metadata: meta(f.name, f.namespace), rules: f.rules.map(ruleOf) } as KubeObject })),
    ...NAMESPACED.map(f => ({ plural: 'rolebindings' as const, object: binding(f.binding ?? f.name, f.namespace, 'Role', f.name, f.subjects) })),
  ];
  made = all;
  return all;
}

// Which flow schema a request belongs to: the first by precedence (then name) with a rule that names its user and what it asks for.
import type { FlowcontrolSubject, FlowSchema, NonResourcePolicyRule, ResourcePolicyRule } from '../../api/types/kubernetes.ts';
import type { UserInfo } from '../context.ts';

/** What classification looks at. A path that is no resource has `path` and no `resource`. */
export interface Asked {
  readonly verb: string;
  readonly group: string;
  /** `pods`, `pods/status`; '' for a path that is no resource. */
  readonly resource: string;
  readonly namespace: string;
  readonly path: string;
}

const has = (list: readonly string[] | undefined, value: string): boolean => list !== undefined && (list.includes(value) || list.includes('*'));

function isSubject(s: FlowcontrolSubject, user: UserInfo): boolean {
  if (s.user) return s.user.name === '*' || s.user.name === user.name;
  if (s.group) return s.group.name === '*' || user.groups.includes(s.group.name);
  const account = s.serviceAccount;
  if (!account) return false;
  const prefix = `system:serviceaccount:${account.namespace}:`;
  return account.name === '*' ? user.name.startsWith(prefix) : user.name === prefix + account.name;
}

const coversResource = (r: ResourcePolicyRule, a: Asked): boolean =>
  has(r.verbs, a.verb) && has(r.apiGroups, a.group) && has(r.resources, a.resource) && (a.namespace === '' ? r.clusterScope === true : has(r.namespaces, a.namespace));

const coversPath = (r: NonResourcePolicyRule, a: Asked): boolean => has(r.verbs, a.verb)
  && r.nonResourceURLs.some(u => u === '*' || u === a.path || (u.endsWith('*') && a.path.startsWith(u.slice(0, -1))));

/** Whether a rule of the schema covers the request. */
export const matches = (f: FlowSchema, user: UserInfo, a: Asked): boolean => (f.spec?.rules ?? []).some(rule =>
  rule.subjects.some(s => isSubject(s, user)) && (a.resource === '' ? rule.nonResourceRules?.some(r => coversPath(r, a)) : rule.resourceRules?.some(r => coversResource(r, a))));

/** What tells one flow of a schema from another: the user, the namespace, or nothing. */
export function distinguisherOf(f: FlowSchema, user: UserInfo, a: Asked): string {
  switch (f.spec?.distinguisherMethod?.type) {
    case 'ByUser': return user.name;
    case 'ByNamespace': return a.namespace;
    default: return '';
  }
}

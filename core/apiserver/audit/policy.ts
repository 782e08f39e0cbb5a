// The audit policy (audit.k8s.io/v1): which requests are written down, and how much of them. The first rule that fits decides.
import { parse } from 'yaml';
import type { Access } from '../authz/authorizer.ts';

export const LEVELS = ['None', 'Metadata', 'Request', 'RequestResponse'] as const;
export const STAGES = ['RequestReceived', 'ResponseStarted', 'ResponseComplete', 'Panic'] as const;
export type Level = typeof LEVELS[number];
export type Stage = typeof STAGES[number];

export interface Rule {
  readonly level: Level;
  readonly users?: readonly string[]; readonly userGroups?: readonly string[]; readonly verbs?: readonly string[]; readonly namespaces?: readonly string[];
  readonly resources?: readonly { readonly group?: string; readonly resources?: readonly string[]; readonly resourceNames?: readonly string[] }[];
  readonly nonResourceURLs?: readonly string[]; readonly omitStages?: readonly Stage[]; readonly omitManagedFields?: boolean;
}
export interface Policy { readonly rules: readonly Rule[]; readonly omitStages?: readonly Stage[]; readonly omitManagedFields?: boolean }
/** What is to be done about one request. */
export interface Verdict { readonly level: Level; readonly omit: ReadonlySet<string>; readonly omitManagedFields: boolean }

/** Reads a policy file's text, YAML or JSON. Throws Error with all that is wrong with it. */
export function parsePolicy(text: string): Policy {
  const p = parse(text) as { apiVersion?: string; kind?: string; rules?: readonly Rule[]; omitStages?: readonly Stage[] } | null;
  if (typeof p !== 'object' || p === null) throw new Error('it is no object');
  const wrong: string[] = [];
  if (p.kind !== 'Policy' || p.apiVersion !== 'audit.k8s.io/v1') wrong.push(`expected kind Policy of audit.k8s.io/v1, got ${p.kind ?? 'none'} of ${p.apiVersion ?? 'none'}`);
  if (!Array.isArray(p.rules) || p.rules.length === 0) wrong.push('loaded illegal policy with 0 rules');
  const stages = (path: string, list: readonly string[] | undefined): void => list?.forEach((s, i) => { if (!(STAGES as readonly string[]).includes(s)) wrong.push(`${path}.omitStages[${i}]: Invalid value: ${JSON.stringify(s)}: allowed stages are ${STAGES.join(',')}`); });
  stages('policy', p.omitStages);
  const rules: readonly Rule[] = Array.isArray(p.rules) ? p.rules as readonly Rule[] : [];
  rules.forEach((r, i) => {
    const at = `rules[${i}]`;
    if (!LEVELS.includes(r.level)) wrong.push(`${at}.level: Unsupported value: ${JSON.stringify(r.level ?? '')}: supported values: ${LEVELS.map(l => JSON.stringify(l)).join(', ')}`);
    if (r.nonResourceURLs?.length && (r.resources?.length || r.namespaces?.length)) wrong.push(`${at}.nonResourceURLs: rules cannot apply to both regular resources and non-resource URLs`);
    r.nonResourceURLs?.forEach((u, j) => { if (u !== '*' && !u.startsWith('/')) wrong.push(`${at}.nonResourceURLs[${j}]: Invalid value: ${JSON.stringify(u)}: non-resource URL rules must begin with a '/' character`); });
    stages(at, r.omitStages);
  });
  if (wrong.length) throw new Error(wrong.join('; '));
  return p as Policy;
}

const any = (list: readonly string[] | undefined, test: (s: string) => boolean): boolean => !list?.length || list.some(test);

function fits(rule: Rule, { user, verb, resource: r, path }: Access): boolean {
  if (!any(rule.users, u => u === user.name) || !any(rule.userGroups, g => user.groups.includes(g)) || !any(rule.verbs, v => v === verb)) return false;
  if (rule.namespaces?.length || rule.resources?.length) {
    if (r === undefined || !any(rule.namespaces, n => n === r.namespace)) return false;
    const combined = r.subresource === '' ? r.resource : `${r.resource}/${r.subresource}`;
    return !rule.resources?.length || rule.resources.some(g => (g.group ?? '') === r.group && any(g.resourceNames, n => n === r.name)
      && any(g.resources, x => x === '*' || x === combined || (r.subresource !== '' && (x === `*/${r.subresource}` || x === `${r.resource}/*`))));
  }
  if (rule.nonResourceURLs?.length) return path !== undefined && rule.nonResourceURLs.some(u => u === '*' || u === path || (u.endsWith('*') && path.startsWith(u.slice(0, -1))));
  return true;
}

/** What the policy says of a request; undefined for level None, which is also that of requests no rule fits. */
export function judge(policy: Policy, access: Access): Verdict | undefined {
  const rule = policy.rules.find(x => fits(x, access));
  if (!rule || rule.level === 'None') return undefined;
  return { level: rule.level, omit: new Set([...policy.omitStages ?? [], ...rule.omitStages ?? []]), omitManagedFields: rule.omitManagedFields ?? policy.omitManagedFields ?? false };
}

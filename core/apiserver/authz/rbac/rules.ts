// What a rule allows, and whether rules cover others: Kubernetes' own reading of PolicyRule, escalation check included.
import type { PolicyRule } from '../../../api/types/kubernetes.ts';

const has = (list: readonly string[] | undefined, value: string): boolean => list !== undefined && (list.includes('*') || list.includes(value));
const hasAll = (list: readonly string[] | undefined, values: readonly string[] | undefined): boolean => (values ?? []).every(v => list?.includes(v) ?? false);

const namesResource = (rule: PolicyRule, combined: string, subresource: string): boolean =>
  rule.resources?.some(r => r === '*' || r === combined || (subresource !== '' && r === `*/${subresource}`)) ?? false;

/** Whether the rule is about this verb and resource, names aside; `combined` is `pods/log`. */
export const matchesResource = (rule: PolicyRule, verb: string, group: string, combined: string, subresource: string): boolean =>
  has(rule.verbs, verb) && has(rule.apiGroups, group) && namesResource(rule, combined, subresource);

const urlCovers = (owned: string, path: string): boolean => owned === '*' || owned === path || (owned.endsWith('*') && path.startsWith(owned.replace(/\*+$/, '')));

/** Whether the rule allows this verb on this path. */
export const matchesPath = (rule: PolicyRule, verb: string, path: string): boolean => has(rule.verbs, verb) && (rule.nonResourceURLs?.some(u => urlCovers(u, path)) ?? false);

/** One verb on one resource or path, perhaps of one name. */
function breakDown(rule: PolicyRule): PolicyRule[] {
  const out: PolicyRule[] = [];
  for (const group of rule.apiGroups ?? []) {
    for (const resource of rule.resources ?? []) {
      for (const verb of rule.verbs ?? []) {
        const one = { apiGroups: [group], resources: [resource], verbs: [verb] };
        if (rule.resourceNames?.length) for (const name of rule.resourceNames) out.push({ ...one, resourceNames: [name] });
        else out.push(one);
      }
    }
  }
  for (const url of rule.nonResourceURLs ?? []) for (const verb of rule.verbs ?? []) out.push({ nonResourceURLs: [url], verbs: [verb] });
  return out;
}

function resourcesCover(owned: readonly string[] | undefined, wanted: readonly string[] | undefined): boolean {
  if (owned?.includes('*') || hasAll(owned, wanted)) return true;
  return (wanted ?? []).every(w => {
    if (owned?.includes(w)) return true;
    const slash = w.indexOf('/');
    return slash >= 0 && (owned?.includes(`*/${w.slice(slash + 1)}`) ?? false);
  });
}

function covers(owner: PolicyRule, sub: PolicyRule): boolean {
  return (owner.verbs.includes('*') || hasAll(owner.verbs, sub.verbs))
    && (owner.apiGroups?.includes('*') || hasAll(owner.apiGroups, sub.apiGroups))
    && resourcesCover(owner.resources, sub.resources)
    && (sub.nonResourceURLs ?? []).every(u => owner.nonResourceURLs?.some(o => urlCovers(o, u)) ?? false)
    && (!owner.resourceNames?.length || (!!sub.resourceNames?.length && hasAll(owner.resourceNames, sub.resourceNames)));
}

/** What of `wanted` the owner's rules do not cover, broken down. */
export const missingRights = (owned: readonly PolicyRule[], wanted: readonly PolicyRule[]): PolicyRule[] =>
  wanted.flatMap(breakDown).filter(sub => !owned.some(o => covers(o, sub)));

const quoted = (list: readonly string[]): string => `[${list.map(s => JSON.stringify(s)).join(' ')}]`;

/** `["a" "b"]`, as Go prints a list of strings. */
export const goStrings = quoted;

/** The rules as the error of an escalation lists them: verbs of one resource together, one line each, sorted. */
export function describeRules(rules: readonly PolicyRule[]): string[] {
  const compact = new Map<string, PolicyRule>(), rest: PolicyRule[] = [];
  for (const r of rules) {
    if (r.nonResourceURLs?.length) { rest.push(r); continue; }
    const key = JSON.stringify([r.apiGroups, r.resources, r.resourceNames]), have = compact.get(key);
    if (have) have.verbs.push(...r.verbs); else compact.set(key, { ...r, verbs: [...r.verbs] });
  }
  const lines = [...compact.values(), ...rest].map(r => {
    const parts = [
      r.apiGroups?.length ? `APIGroups:${quoted(r.apiGroups)}` : '', r.resources?.length ? `Resources:${quoted(r.resources)}` : '', r.nonResourceURLs?.length ? `NonResourceURLs:${quoted(r.nonResourceURLs)}` : '',
      r.resourceNames?.length ? `ResourceNames:${quoted(r.resourceNames)}` : '', r.verbs.length ? `Verbs:${quoted(r.verbs)}` : '',
    ];
    return `{${parts.filter(Boolean).join(', ')}}`;
  });
  return [...new Set(lines)].sort();
}

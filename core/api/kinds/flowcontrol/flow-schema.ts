import { semanticEqual } from '../../meta/equal.ts';
import { forbidden, invalid, notSupported, required, type FieldError } from '../../meta/field-error.ts';
import { dnsLabel, dnsSubdomain } from '../../meta/names.ts';
import type { FlowSchema, FlowcontrolSubject, NonResourcePolicyRule, PolicyRulesWithSubjects, ResourcePolicyRule } from '../../types/kubernetes.ts';
import { ageColumn, nameColumn, text } from '../columns.ts';
import { defineKind, STATUS } from '../kind.ts';
import { conditionErrors } from './conditions.ts';
import { DEFAULT_FLOW_SCHEMAS, MANDATORY } from './defaults.ts';

const VERBS = ['get', 'list', 'create', 'update', 'delete', 'deletecollection', 'patch', 'watch', 'proxy'];
const METHODS = ['ByNamespace', 'ByUser'];
const MAX_PRECEDENCE = 10_000;

type Part = 'user' | 'group' | 'serviceAccount';
const KINDS: Readonly<Record<string, Part>> = { ServiceAccount: 'serviceAccount', User: 'user', Group: 'group' };
const KIND_OF: Readonly<Record<Part, string>> = { serviceAccount: 'ServiceAccount', user: 'User', group: 'Group' };

function subjectErrors(s: FlowcontrolSubject, at: string): FieldError[] {
  const own = KINDS[s.kind];
  if (own === undefined) return [notSupported(`${at}.kind`, s.kind ?? '', Object.keys(KINDS))];
  const errors: FieldError[] = [], part = s[own];
  if (!part) errors.push(required(`${at}.${own}`, `${own} is required when subject kind is '${s.kind}'`));
  else {
    if (!part.name) errors.push(required(`${at}.${own}.name`));
    else if (own === 'serviceAccount' && part.name !== '*') for (const m of dnsSubdomain(part.name)) errors.push(invalid(`${at}.${own}.name`, part.name, m));
    if (own === 'serviceAccount') {
      const { namespace } = s.serviceAccount!;
      if (!namespace) errors.push(required(`${at}.${own}.namespace`, 'must specify namespace for service account'));
      else for (const m of dnsLabel(namespace)) errors.push(invalid(`${at}.${own}.namespace`, namespace, m));
    }
  }
  for (const other of ['serviceAccount', 'user', 'group'] as const) {
    if (other !== own && s[other]) errors.push(forbidden(`${at}.${other}`, `${other} is forbidden when subject kind is not '${KIND_OF[other]}'`));
  }
  return errors;
}

/** A list in which `*` must stand alone. */
function wildcards(list: readonly string[] | undefined, at: string, missing: string, what: string): FieldError[] {
  if (!list?.length) return [required(at, missing)];
  return list.length > 1 && list.includes('*') ? [invalid(at, list, `if '*' is present, must not specify other ${what}`)] : [];
}

function verbErrors(verbs: readonly string[] | undefined, at: string): FieldError[] {
  const errors = wildcards(verbs, at, 'verbs must contain at least one value', 'verbs');
  return errors.length === 0 && !verbs!.includes('*') && verbs!.some(v => !VERBS.includes(v)) ? [notSupported(at, verbs, VERBS)] : errors;
}

function urlErrors(url: string, at: string): FieldError[] {
  if (url === '') return [invalid(at, url, 'must not be empty')];
  if (url === '/') return [];
  const stars = url.split('*').length - 1;
  if (!url.startsWith('/')) return [invalid(at, url, 'must start with slash')];
  if (url.includes(' ')) return [invalid(at, url, 'must not contain white-space')];
  if (url.includes('//')) return [invalid(at, url, 'must not contain double slash')];
  return stars > 1 || (stars === 1 && !url.endsWith('/*')) ? [invalid(at, url, 'wildcard can only do suffix matching')] : [];
}

function pathErrors(r: NonResourcePolicyRule, at: string): FieldError[] {
  const errors = verbErrors(r.verbs, `${at}.verbs`);
  errors.push(...wildcards(r.nonResourceURLs, `${at}.nonResourceURLs`, 'nonResourceURLs must contain at least one value', 'non-resource URLs'));
  if (!r.nonResourceURLs?.includes('*')) r.nonResourceURLs?.forEach((u, i) => errors.push(...urlErrors(u, `${at}.nonResourceURLs[${i}]`)));
  return errors;
}

function resourceErrors(r: ResourcePolicyRule, at: string): FieldError[] {
  const errors = verbErrors(r.verbs, `${at}.verbs`);
  errors.push(...wildcards(r.apiGroups, `${at}.apiGroups`, 'resource rules must supply at least one api group', 'api groups'));
  errors.push(...wildcards(r.resources, `${at}.resources`, 'resource rules must supply at least one resource', 'resources'));
  const spaces = r.namespaces ?? [];
  if (spaces.length === 0 && !r.clusterScope) errors.push(required(`${at}.namespaces`, 'resource rules that are not cluster scoped must supply at least one namespace'));
  else if (spaces.includes('*')) { if (spaces.length > 1) errors.push(invalid(`${at}.namespaces`, spaces, "if '*' is present, must not specify other namespaces")); }
  else spaces.forEach((n, i) => { for (const m of dnsLabel(n)) errors.push(invalid(`${at}.namespaces[${i}]`, n, `each member of this list must be '*' or a DNS-1123 label; ${m}`)); });
  return errors;
}

function ruleErrors(r: PolicyRulesWithSubjects, at: string): FieldError[] {
  const errors: FieldError[] = [];
  if (!r.subjects?.length) errors.push(required(`${at}.subjects`, 'subjects must contain at least one value'));
  r.subjects?.forEach((s, i) => errors.push(...subjectErrors(s, `${at}.subjects[${i}]`)));
  if (!r.resourceRules?.length && !r.nonResourceRules?.length) errors.push(required(at, 'at least one of resourceRules and nonResourceRules has to be non-empty'));
  r.resourceRules?.forEach((x, i) => errors.push(...resourceErrors(x, `${at}.resourceRules[${i}]`)));
  r.nonResourceRules?.forEach((x, i) => errors.push(...pathErrors(x, `${at}.nonResourceRules[${i}]`)));
  return errors;
}

function validate(f: FlowSchema): FieldError[] {
  const errors: FieldError[] = [], name = f.metadata?.name ?? '', spec = f.spec!, n = spec.matchingPrecedence ?? 0;
  if (n <= 0) errors.push(invalid('spec.matchingPrecedence', n, 'must be a positive value'));
  if (n > MAX_PRECEDENCE) errors.push(invalid('spec.matchingPrecedence', n, `must not be greater than ${MAX_PRECEDENCE}`));
  if (n === 1 && name !== 'exempt') errors.push(invalid('spec.matchingPrecedence', n, "only the schema named 'exempt' may have matchingPrecedence 1"));
  const method = spec.distinguisherMethod;
  if (method && !METHODS.includes(method.type)) errors.push(notSupported('spec.distinguisherMethod.type', { Type: method.type ?? '' }, METHODS));
  const level = spec.priorityLevelConfiguration?.name;
  if (!level) errors.push(required('spec.priorityLevelConfiguration.name', 'must reference a priority level'));
  else for (const m of dnsSubdomain(level)) errors.push(invalid('spec.priorityLevelConfiguration.name', level, m));
  spec.rules?.forEach((r, i) => errors.push(...ruleErrors(r, `spec.rules[${i}]`)));
  if (MANDATORY.includes(name) && !semanticEqual(spec, DEFAULT_FLOW_SCHEMAS[name])) errors.push(invalid('spec', spec, `spec of '${name}' must equal the fixed value`));
  errors.push(...conditionErrors(f.status?.conditions));
  return errors;
}

export const flowSchema = defineKind<FlowSchema>({
  group: 'flowcontrol.apiserver.k8s.io', version: 'v1', kind: 'FlowSchema', plural: 'flowschemas', namespaced: false,
  schema: 'io.k8s.api.flowcontrol.v1.FlowSchema', subresources: [STATUS], statusOnly: true, generation: true,
  setDefaults(f) {
    const spec = (f.spec ??= { priorityLevelConfiguration: { name: '' } });
    if (!spec.matchingPrecedence) spec.matchingPrecedence = 1000;
    f.status ??= {};
  },
  prepareForCreate(f) { f.status = {}; },
  prepareForUpdate(next, prev) { next.status = prev.status ?? {}; },
  validate,
  columns: [
    nameColumn,
    text('PriorityLevel', 'The priority level of the requests that match.', f => f.spec?.priorityLevelConfiguration?.name ?? ''),
    { name: 'MatchingPrecedence', type: 'number', draw: 'number', description: 'The schema with the lowest number that matches a request is taken.', value: f => f.spec?.matchingPrecedence ?? 0 },
    text('DistinguisherMethod', 'What tells the flows of this schema from one another.', f => f.spec?.distinguisherMethod?.type ?? '<none>'),
    ageColumn,
    text('MissingPL', 'Whether the priority level is missing.', f => f.status?.conditions?.find(c => c.type === 'Dangling')?.status ?? '?'),
  ],
  view: { nav: 'Cluster', icon: 'priority', sections: ['conditions', 'labels', 'spec'], actions: ['yaml', 'delete'] },
});

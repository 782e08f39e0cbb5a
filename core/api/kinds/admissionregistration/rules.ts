// What webhooks and policies share: rules of which requests they see, selectors, match conditions (upstream:
// pkg/apis/admissionregistration/validation). Whether expressions compile is judged by the server, which has the compiler.
import { duplicate, forbidden, invalid, notSupported, required, tooMany, type FieldError } from '../../meta/field-error.ts';
import { dns1035Label, dnsSubdomain, labelKey, pathSegment } from '../../meta/names.ts';
import type { AdmissionregistrationWebhookClientConfig, MatchCondition, MatchResources, ParamKind, ParamRef, RuleWithOperations, Variable } from '../../types/kubernetes.ts';
import { ageColumn, nameColumn, text } from '../columns.ts';
import type { Column } from '../kind.ts';
import { validateLabelSelector } from '../parts/scheduling.ts';
import { clientErrors, reviewVersionErrors } from '../parts/webhook-client.ts';
import type { KubeObject } from '../../meta/object.ts';

export const GROUP = 'admissionregistration.k8s.io';
const OPERATIONS = ['*', 'CONNECT', 'CREATE', 'DELETE', 'UPDATE'];
const MAX_CONDITIONS = 64;

/** `['*']` must stand alone. */
function listErrors(list: readonly string[] | undefined, path: string, alone: string): FieldError[] {
  if (!list?.length) return [required(path)];
  return [...(list.length > 1 && list.includes('*') ? [invalid(path, list, alone)] : []), ...list.flatMap((v, i) => (v === '' ? [required(`${path}[${i}]`)] : []))];
}

function resourcesErrors(list: readonly string[] | undefined, path: string): FieldError[] {
  if (!list?.length) return [required(path)];
  const errors: FieldError[] = [], wholes = new Set<string>(), everywhere = new Set<string>();
  let bare = false;
  list.forEach((v, i) => {
    const at = `${path}[${i}]`, slash = v.indexOf('/');
    if (v === '') { errors.push(required(at)); return; }
    if (slash < 0) { bare = v !== '*'; return; }
    const resource = v.slice(0, slash), sub = v.slice(slash + 1);
    if (wholes.has(resource)) errors.push(invalid(at, v, `if '${resource}/*' is present, must not specify ${v}`));
    if (everywhere.has(sub)) errors.push(invalid(at, v, `if '*/${sub}' is present, must not specify ${v}`));
    if (sub === '*') wholes.add(resource);
    if (resource === '*') everywhere.add(sub);
  });
  if (list.length > 1 && list.includes('*/*')) errors.push(invalid(path, list, "if '*/*' is present, must not specify other resources"));
  if (list.includes('*') && bare) errors.push(invalid(path, list, "if '*' is present, must not specify other resources without subresources"));
  return errors;
}

export function ruleErrors(rule: RuleWithOperations, path: string): FieldError[] {
  const errors: FieldError[] = [];
  if (!rule.operations?.length) errors.push(required(`${path}.operations`));
  else if (rule.operations.length > 1 && rule.operations.includes('*')) errors.push(invalid(`${path}.operations`, rule.operations, "if '*' is present, must not specify other operations"));
  rule.operations?.forEach((o, i) => { if (!OPERATIONS.includes(o)) errors.push(notSupported(`${path}.operations[${i}]`, o, OPERATIONS)); });
  if (!rule.apiGroups?.length) errors.push(required(`${path}.apiGroups`));
  else if (rule.apiGroups.length > 1 && rule.apiGroups.includes('*')) errors.push(invalid(`${path}.apiGroups`, rule.apiGroups, "if '*' is present, must not specify other API groups"));
  errors.push(...listErrors(rule.apiVersions, `${path}.apiVersions`, "if '*' is present, must not specify other API versions"));
  errors.push(...resourcesErrors(rule.resources, `${path}.resources`));
  if (rule.scope !== undefined && !['*', 'Cluster', 'Namespaced'].includes(rule.scope)) errors.push(notSupported(`${path}.scope`, rule.scope, ['*', 'Cluster', 'Namespaced']));
  return errors;
}

export function conditionErrors(conditions: readonly MatchCondition[] | undefined, path: string): FieldError[] {
  const errors: FieldError[] = [], names = new Set<string>();
  if ((conditions?.length ?? 0) > MAX_CONDITIONS) errors.push(tooMany(path, conditions!.length, MAX_CONDITIONS));
  conditions?.forEach((c, i) => {
    const at = `${path}[${i}]`;
    if (!c.expression?.trim()) errors.push(required(`${at}.expression`));
    if (!c.name) errors.push(required(`${at}.name`));
    else {
      errors.push(...labelKey(c.name).map(m => invalid(`${at}.name`, c.name, m)));
      if (names.has(c.name)) errors.push(duplicate(`${at}.name`, c.name));
      names.add(c.name);
    }
  });
  return errors;
}

export function defaultRules(rules: readonly RuleWithOperations[] | undefined): void { for (const r of rules ?? []) r.scope ??= '*'; }

export function defaultMatch(m: MatchResources | undefined): void {
  if (!m) return;
  m.matchPolicy ??= 'Equivalent';
  m.namespaceSelector ??= {};
  m.objectSelector ??= {};
  defaultRules(m.resourceRules);
  defaultRules(m.excludeResourceRules);
}

export function policyFields(o: { failurePolicy?: string; matchPolicy?: string }, path: string): FieldError[] {
  const errors: FieldError[] = [];
  if (o.failurePolicy !== undefined && !['Fail', 'Ignore'].includes(o.failurePolicy)) errors.push(notSupported(`${path}.failurePolicy`, o.failurePolicy, ['Fail', 'Ignore']));
  if (o.matchPolicy !== undefined && !['Equivalent', 'Exact'].includes(o.matchPolicy)) errors.push(notSupported(`${path}.matchPolicy`, o.matchPolicy, ['Equivalent', 'Exact']));
  return errors;
}

export function matchErrors(m: MatchResources | undefined, path: string, rulesNeeded: boolean): FieldError[] {
  if (!m) return rulesNeeded ? [required(path)] : [];
  const errors = policyFields(m.matchPolicy === undefined ? {} : { matchPolicy: m.matchPolicy }, path);
  errors.push(...validateLabelSelector(m.namespaceSelector, `${path}.namespaceSelector`), ...validateLabelSelector(m.objectSelector, `${path}.objectSelector`));
  if (rulesNeeded && !m.resourceRules?.length) errors.push(required(`${path}.resourceRules`));
  for (const list of ['resourceRules', 'excludeResourceRules'] as const) {
    m[list]?.forEach((r, i) => {
      const at = `${path}.${list}[${i}]`, names = new Set<string>();
      errors.push(...ruleErrors(r, at));
      r.resourceNames?.forEach((n, j) => {
        for (const t of pathSegment(n)) errors.push(invalid(`${at}.resourceNames[${j}]`, n, t));
        if (names.has(n)) errors.push(duplicate(`${at}.resourceNames[${j}]`, n));
        names.add(n);
      });
    });
  }
  return errors;
}

const IDENTIFIER = /^[a-zA-Z_][a-zA-Z0-9_]*$/;
export function variableErrors(variables: readonly Variable[] | undefined, path: string): FieldError[] {
  const errors: FieldError[] = [], names = new Set<string>();
  variables?.forEach((v, i) => {
    const at = `${path}[${i}]`;
    if (!v.name) errors.push(required(`${at}.name`, 'name is not specified'));
    else {
      if (!IDENTIFIER.test(v.name)) errors.push(invalid(`${at}.name`, v.name, 'name is not a valid CEL identifier'));
      if (names.has(v.name)) errors.push(duplicate(`${at}.name`, v.name));
      names.add(v.name);
    }
    if (!v.expression?.trim()) errors.push(required(`${at}.expression`, 'expression is not specified'));
  });
  return errors;
}

export function paramKindErrors(p: ParamKind | undefined, path: string): FieldError[] {
  if (!p) return [];
  const errors: FieldError[] = [];
  if (!p.apiVersion) errors.push(required(`${path}.apiVersion`));
  else {
    const parts = p.apiVersion.split('/');
    if (parts.length > 2) errors.push(invalid(`${path}.apiVersion`, p.apiVersion, `unexpected GroupVersion string: ${p.apiVersion}`));
    else errors.push(...dns1035Label(parts.at(-1)!).map(m => invalid(`${path}.apiVersion`, parts.at(-1), m)), ...(parts.length === 2 ? dnsSubdomain(parts[0]!).map(m => invalid(`${path}.apiVersion`, parts[0], m)) : []));
  }
  if (!p.kind) errors.push(required(`${path}.kind`));
  else errors.push(...dns1035Label(p.kind.toLowerCase()).map(m => invalid(`${path}.kind`, p.kind, `may have mixed case, but should otherwise match: ${m}`)));
  return errors;
}

function paramRefErrors(p: ParamRef | undefined, path: string): FieldError[] {
  if (!p) return [];
  const errors: FieldError[] = [];
  if (p.name) {
    errors.push(...dnsSubdomain(p.name).map(m => invalid(`${path}.name`, p.name, m)));
    if (p.selector) errors.push(forbidden(`${path}.name`, 'name and selector are mutually exclusive'));
  }
  if (p.selector) {
    errors.push(...validateLabelSelector(p.selector, `${path}.selector`));
    if (p.name) errors.push(forbidden(`${path}.selector`, 'name and selector are mutually exclusive'));
  }
  if (!p.name && !p.selector) errors.push(required(path, 'one of name or selector must be specified'));
  if (!p.parameterNotFoundAction) errors.push(required(`${path}.parameterNotFoundAction`));
  else if (!['Allow', 'Deny'].includes(p.parameterNotFoundAction)) errors.push(notSupported(`${path}.parameterNotFoundAction`, p.parameterNotFoundAction, ['Deny', 'Allow'], true));
  return errors;
}

interface PolicyBinding extends KubeObject { spec?: { policyName?: string; paramRef?: ParamRef; matchResources?: MatchResources } }

/** What the bindings of both sorts of policies share: the policy, what it is given, which requests it sees. */
export function bindingErrors(b: PolicyBinding): FieldError[] {
  const s = b.spec ?? {};
  return [
    ...(s.policyName ? dnsSubdomain(s.policyName).map(m => invalid('spec.policyName', s.policyName, m)) : [required('spec.policyName')]),
    ...paramRefErrors(s.paramRef, 'spec.paramRef'), ...matchErrors(s.matchResources, 'spec.matchResources', false),
  ];
}
export const defaultBinding = (b: PolicyBinding): void => defaultMatch(b.spec?.matchResources);
export const bindingColumns = <T extends PolicyBinding>(): readonly Column<T>[] => [
  nameColumn, text<T>('PolicyName', 'The policy the binding puts to work.', b => b.spec?.policyName ?? ''),
  text<T>('ParamRef', 'The objects it gives the policy.', b => paramRefText(b.spec?.paramRef)), ageColumn,
];

/** `namespace/name`, a selector or `<unset>`: how the columns of bindings print what a policy is given. */
const paramRefText = (p: ParamRef | undefined): string => (!p ? '<unset>' : p.name ? (p.namespace ? `${p.namespace}/${p.name}` : p.name) : '<selector>');
export const paramKindText = (p: ParamKind | undefined): string => (p ? `${p.apiVersion ?? ''}/${p.kind ?? ''}` : '<unset>');

interface Webhook {
  name?: string; clientConfig?: AdmissionregistrationWebhookClientConfig; rules?: RuleWithOperations[]; failurePolicy?: string; matchPolicy?: string; sideEffects?: string; timeoutSeconds?: number;
  admissionReviewVersions?: string[]; matchConditions?: MatchCondition[]; namespaceSelector?: MatchResources['namespaceSelector']; objectSelector?: MatchResources['objectSelector']; reinvocationPolicy?: string;
}

export function defaultWebhook(w: Webhook): void {
  w.failurePolicy ??= 'Fail';
  w.matchPolicy ??= 'Equivalent';
  w.namespaceSelector ??= {};
  w.objectSelector ??= {};
  w.timeoutSeconds ??= 10;
  if (w.clientConfig?.service) w.clientConfig.service.port ??= 443;
  defaultRules(w.rules);
}

/** `reinvocation`: of mutating webhooks. */
export function webhookErrors(webhooks: readonly Webhook[] | undefined, reinvocation: boolean): FieldError[] {
  const errors: FieldError[] = [], names = new Set<string>();
  webhooks?.forEach((w, i) => {
    const at = `webhooks[${i}]`;
    if (!w.name) errors.push(required(`${at}.name`));
    else {
      const bad = dnsSubdomain(w.name).join(',');
      if (bad !== '') errors.push(invalid(`${at}.name`, w.name, bad));
      else if (w.name.split('.').length < 3) errors.push(invalid(`${at}.name`, w.name, 'should be a domain with at least three segments separated by dots'));
    }
    w.rules?.forEach((r, j) => errors.push(...ruleErrors(r, `${at}.rules[${j}]`)));
    errors.push(...policyFields(w, at));
    if (!w.sideEffects) errors.push(required(`${at}.sideEffects`, 'must specify one of None, NoneOnDryRun'));
    else if (!['None', 'NoneOnDryRun'].includes(w.sideEffects)) errors.push(notSupported(`${at}.sideEffects`, w.sideEffects, ['None', 'NoneOnDryRun']));
    if (w.timeoutSeconds !== undefined && (w.timeoutSeconds < 1 || w.timeoutSeconds > 30)) errors.push(invalid(`${at}.timeoutSeconds`, w.timeoutSeconds, 'the timeout value must be between 1 and 30 seconds'));
    errors.push(...validateLabelSelector(w.namespaceSelector, `${at}.namespaceSelector`), ...validateLabelSelector(w.objectSelector, `${at}.objectSelector`));
    if (reinvocation && w.reinvocationPolicy !== undefined && !['Never', 'IfNeeded'].includes(w.reinvocationPolicy)) errors.push(notSupported(`${at}.reinvocationPolicy`, w.reinvocationPolicy, ['IfNeeded', 'Never']));
    errors.push(...clientErrors(w.clientConfig, `${at}.clientConfig`), ...conditionErrors(w.matchConditions, `${at}.matchConditions`), ...reviewVersionErrors(w.admissionReviewVersions, `${at}.admissionReviewVersions`, 'must specify one of v1, v1beta1'));
    if (w.name && names.has(w.name)) errors.push(duplicate(`${at}.name`, w.name));
    names.add(w.name ?? '');
  });
  return errors;
}

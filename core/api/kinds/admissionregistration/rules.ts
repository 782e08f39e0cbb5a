// What webhooks and policies share: rules of which requests they see, selectors, match conditions (upstream:
// pkg/apis/admissionregistration/validation). Whether expressions compile is judged by the server, which has the compiler.
import { duplicate, forbidden, invalid, notSupported, required, tooMany, type FieldError } from '../../meta/field-error.ts';
import { dns1035Label, dnsSubdomain, inRange, labelKey } from '../../meta/names.ts';
import type { AdmissionregistrationWebhookClientConfig, MatchCondition, MatchResources, ParamKind, ParamRef, RuleWithOperations, Variable } from '../../types/kubernetes.ts';
import { validateLabelSelector } from '../parts/scheduling.ts';

export const GROUP = 'admissionregistration.k8s.io';
const OPERATIONS = ['*', 'CONNECT', 'CREATE', 'DELETE', 'UPDATE'];
const MAX_CONDITIONS = 64;

/** `['*']` must stand alone. */
function listErrors(list: readonly string[] | undefined, path: string, alone: string): FieldError[] {
  if (!list?.length) return [required(path)];
  const errors = list.flatMap((v, i) => (v === '' ? [required(`${path}[${i}]`)] : []));
  if (list.length > 1 && list.includes('*')) errors.push(invalid(path, list, alone));
  return errors;
}

function resourcesErrors(list: readonly string[] | undefined, path: string, subresources: boolean): FieldError[] {
  if (!list?.length) return [required(path)];
  const errors: FieldError[] = [];
  const all = new Set<string>(), wholes = new Set<string>(), subs = new Set<string>();
  list.forEach((v, i) => {
    const at = `${path}[${i}]`, slash = v.indexOf('/');
    if (v === '') { errors.push(required(at)); return; }
    if (all.has('*/*')) errors.push(invalid(at, v, 'if \'*/*\' is present, must not specify other resources'));
    const resource = slash < 0 ? v : v.slice(0, slash), sub = slash < 0 ? '' : v.slice(slash + 1);
    if (slash >= 0 && !subresources) errors.push(invalid(at, v, 'must not specify subresources'));
    if (wholes.has(resource) && slash >= 0) errors.push(invalid(at, v, `if '${resource}/*' is present, must not specify ${v}`));
    if (subs.has(sub) && sub !== '' && resource !== '*') errors.push(invalid(at, v, `if '*/${sub}' is present, must not specify ${v}`));
    if (sub === '*' && resource !== '*') wholes.add(resource);
    if (resource === '*' && sub !== '*') subs.add(sub);
    all.add(v);
  });
  if (list.length > 1 && all.has('*/*')) errors.push(invalid(path, list, "if '*/*' is present, must not specify other resources"));
  if (list.length > 1 && list.includes('*') && list.some(v => v !== '*' && !v.includes('/'))) errors.push(invalid(path, list, "if '*' is present, must not specify other resources without subresources"));
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
  errors.push(...resourcesErrors(rule.resources, `${path}.resources`, true));
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
        if (n.includes('/') || n.includes('%') || n === '.' || n === '..') errors.push(invalid(`${at}.resourceNames[${j}]`, n, `may not be '${n}'`));
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

export function paramRefErrors(p: ParamRef | undefined, path: string): FieldError[] {
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
  else if (!['Allow', 'Deny'].includes(p.parameterNotFoundAction)) errors.push(notSupported(`${path}.parameterNotFoundAction`, p.parameterNotFoundAction, ['Deny', 'Allow']));
  return errors;
}

/** `namespace/name`, a selector or `<unset>`: how the columns of bindings print what a policy is given. */
export const paramRefText = (p: ParamRef | undefined): string => (!p ? '<unset>' : p.name ? (p.namespace ? `${p.namespace}/${p.name}` : p.name) : '<selector>');
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

const FORM = 'desired format: https://host[:port]/path';
function clientErrors(c: AdmissionregistrationWebhookClientConfig | undefined, path: string): FieldError[] {
  if (!c || (c.url === undefined) === (c.service === undefined)) return [required(path, 'exactly one of url or service is required')];
  const errors: FieldError[] = [];
  if (c.url !== undefined) {
    const at = `${path}.url`;
    // oxlint-disable-next-line no-control-regex
    const u = /^(?:([A-Za-z][A-Za-z0-9+.-]*):)?(?:\/\/(?:([^/?#@]*)@)?([^/?#]*))?[^?#]*(\?[^#]*)?(#.*)?$/.exec(/[\u0000-\u0020\u007f]/.test(c.url) ? '%' : c.url);
    if (!u || c.url === '' || u[0] === '%') return [required(at, `url must be a valid URL: parse ${JSON.stringify(c.url)}: invalid URI for request; ${FORM}`)];
    if (u[1] !== 'https') errors.push(invalid(at, u[1] ?? '', `'https' is the only allowed URL scheme; ${FORM}`));
    if (!u[3]) errors.push(invalid(at, '', `host must be specified; ${FORM}`));
    if (u[2] !== undefined) errors.push(invalid(at, u[2], 'user information is not permitted in the URL'));
    if ((u[5]?.length ?? 0) > 1) errors.push(invalid(at, u[5]!.slice(1), 'fragments are not permitted in the URL'));
    if ((u[4]?.length ?? 0) > 1) errors.push(invalid(at, u[4]!.slice(1), 'query parameters are not permitted in the URL'));
    return errors;
  }
  const s = c.service!, at = `${path}.service`;
  if (!s.name) errors.push(required(`${at}.name`, 'service name is required'));
  if (!s.namespace) errors.push(required(`${at}.namespace`, 'service namespace is required'));
  if (s.port !== undefined && (s.port < 1 || s.port > 65535)) errors.push(invalid(`${at}.port`, s.port, `port is not valid: ${inRange(1, 65535)}`));
  if (s.path && s.path !== '/') {
    if (!s.path.startsWith('/')) errors.push(invalid(`${at}.path`, s.path, "must start with a '/'"));
    const steps = s.path.slice(1).split('/');
    if (steps.at(-1) === '') steps.pop();
    steps.forEach((step, i) => { if (step === '') errors.push(invalid(`${at}.path`, s.path, `segment[${i}] may not be empty`)); else errors.push(...dnsSubdomain(step).map(m => invalid(`${at}.path`, s.path, `segment[${i}]: ${m}`))); });
  }
  return errors;
}

/** `reinvocation`: of mutating webhooks. */
export function webhookErrors(webhooks: readonly Webhook[] | undefined, reinvocation: boolean): FieldError[] {
  const errors: FieldError[] = [], names = new Set<string>();
  webhooks?.forEach((w, i) => {
    const at = `webhooks[${i}]`;
    if (!w.name) errors.push(required(`${at}.name`));
    else {
      if (w.name.split('.').length < 3) errors.push(invalid(`${at}.name`, w.name, 'should be a domain with at least three segments separated by dots'));
      else errors.push(...dnsSubdomain(w.name).map(m => invalid(`${at}.name`, w.name, m)));
      if (names.has(w.name)) errors.push(duplicate(`${at}.name`, w.name));
      names.add(w.name);
    }
    w.rules?.forEach((r, j) => errors.push(...ruleErrors(r, `${at}.rules[${j}]`)));
    errors.push(...policyFields(w, at));
    if (!w.sideEffects) errors.push(required(`${at}.sideEffects`, 'must specify one of None, NoneOnDryRun'));
    else if (!['None', 'NoneOnDryRun'].includes(w.sideEffects)) errors.push(notSupported(`${at}.sideEffects`, w.sideEffects, ['None', 'NoneOnDryRun']));
    if (w.timeoutSeconds !== undefined && (w.timeoutSeconds < 1 || w.timeoutSeconds > 30)) errors.push(invalid(`${at}.timeoutSeconds`, w.timeoutSeconds, 'the timeout value must be between 1 and 30 seconds'));
    errors.push(...validateLabelSelector(w.namespaceSelector, `${at}.namespaceSelector`), ...validateLabelSelector(w.objectSelector, `${at}.objectSelector`));
    if (reinvocation && w.reinvocationPolicy !== undefined && !['Never', 'IfNeeded'].includes(w.reinvocationPolicy)) errors.push(notSupported(`${at}.reinvocationPolicy`, w.reinvocationPolicy, ['IfNeeded', 'Never']));
    const versions = w.admissionReviewVersions ?? [], where = `${at}.admissionReviewVersions`;
    if (versions.length === 0) errors.push(required(where, 'must specify one of v1, v1beta1'));
    else {
      versions.forEach((v, j) => {
        if (versions.indexOf(v) < j) errors.push(invalid(`${where}[${j}]`, v, 'duplicate version'));
        errors.push(...dns1035Label(v).map(m => invalid(`${where}[${j}]`, v, m)));
      });
      if (!versions.some(v => v === 'v1' || v === 'v1beta1')) errors.push(invalid(where, versions, 'must include at least one of v1, v1beta1'));
    }
    errors.push(...clientErrors(w.clientConfig, `${at}.clientConfig`), ...conditionErrors(w.matchConditions, `${at}.matchConditions`));
  });
  return errors;
}

// Checks the expressions of ValidatingAdmissionPolicies against the types of the kinds they will see, and says in the status what does not
// fit (apiserver/pkg/admission/plugin/policy/validating/typechecking.go).
import { validatingAdmissionPolicy } from '../../../api/kinds/admissionregistration/validating-admission-policy.ts';
import { isConflict, isNotFound } from '../../../api/meta/status.ts';
import type { ValidatingAdmissionPolicy } from '../../../api/types/kubernetes.ts';
import type { Client } from '../../../client/client.ts';
import { compile } from '../../cel/cel.ts';
import { typeOfDefinition } from '../../cel/schema-types.ts';
import type { Type } from '../../cel/types.ts';
import { celType } from '../../crd/cel-types.ts';
import { customOf } from '../../crd/custom-kind.ts';
import type { RegistryEnv } from '../../registry/env.ts';
import type { Resource } from '../../registry/resource.ts';
import { compileVariables, declarations, type Scope } from '../expressions.ts';

/** More kinds than this are not looked at. */
const MAX_TYPES = 10;

type Find = (group: string, version: string, plural: string) => Resource | undefined;
interface Warning { fieldRef: string; warning: string }

function typeOf(r: Resource): Type | undefined {
  const custom = customOf(r.spec);
  return custom ? celType(custom.structural, true) : typeOfDefinition(r.spec.schema);
}

/** The resources the rules name one by one, and their kinds in the order of messages. */
function matched(policy: ValidatingAdmissionPolicy, find: Find): { text: string; type: Type }[] {
  const out = new Map<string, Type>();
  for (const rule of policy.spec?.matchConstraints?.resourceRules ?? []) {
    for (const group of rule.apiGroups ?? []) for (const version of rule.apiVersions ?? []) for (const plural of rule.resources ?? []) {
      if ([group, version, plural].some(x => x.includes('*')) || plural.includes('/')) continue;
      const r = find(group, version, plural), type = r && typeOf(r);
      if (r && type) out.set(`${group === '' ? version : `${group}/${version}`}, Kind=${r.spec.kind}`, type);
    }
  }
  return [...out].sort(([a], [b]) => (a < b ? -1 : 1)).slice(0, MAX_TYPES).map(([text, type]) => ({ text, type }));
}

/** What does not fit, by field. */
function expressionWarnings(policy: ValidatingAdmissionPolicy, find: Find, param: Type | undefined): Warning[] {
  const s = policy.spec ?? {}, kinds = matched(policy, find), out: Warning[] = [];
  if (kinds.length === 0) return out;
  const scopes = kinds.map(k => {
    // Of what kind parameters are must be known, or they are not there.
    const base: Scope = { params: param !== undefined, types: { object: k.type, oldObject: k.type, ...(param ? { params: param } : {}) } };
    return { text: k.text, scope: { ...base, variables: compileVariables(s.variables, base).types } };
  });
  const look = (fieldRef: string, expression: string | undefined): void => {
    if (!expression) return;
    // What they must evaluate to was demanded when the policy was written.
    const found = scopes.flatMap(k => { const c = compile(expression, { variables: declarations(k.scope) }); return c.program ? [] : [`${k.text}: ${c.error}\n`]; });
    if (found.length > 0) out.push({ fieldRef, warning: found.join('\n') });
  };
  s.validations?.forEach((v, i) => {
    look(`spec.validations[${i}].expression`, v.expression);
    look(`spec.validations[${i}].messageExpression`, v.messageExpression);
  });
  return out;
}

/** Keeps `status.typeChecking` of every policy; `client` writes. `at` finds a served resource by its URL's words. */
export function keepTypeChecked(env: RegistryEnv, at: Find, client: Client): { close(): void } {
  const policies = env.find('admissionregistration.k8s.io', 'validatingadmissionpolicies');
  if (!policies) return { close: () => undefined };
  let closed = false;
  const check = async (name: string): Promise<void> => {
    const entry = env.store.get(policies.key('', name));
    if (closed || !entry) return;
    const p = policies.objectOf(entry) as ValidatingAdmissionPolicy, generation = p.metadata!.generation ?? 1;
    if (p.status?.typeChecking && p.status.observedGeneration === generation) return;
    const kind = p.spec?.paramKind, slash = kind?.apiVersion?.indexOf('/') ?? -1;
    const r = kind && env.findKind(slash < 0 ? '' : kind.apiVersion!.slice(0, slash), kind.apiVersion!.slice(slash + 1), kind.kind ?? '');
    const found = expressionWarnings(p, at, r && typeOf(r));
    try {
      await client.updateStatus(validatingAdmissionPolicy, { ...p, status: { ...p.status, observedGeneration: generation, typeChecking: found.length > 0 ? { expressionWarnings: found } : {} } });
    } catch (error) {
      if (isConflict(error)) await check(name);
      else if (!isNotFound(error) && !closed) env.log.warn('the expressions of a policy could not be checked', { policy: name, error });
    }
  };
  const watcher = env.store.watch(policies.prefix, env.store.revision, events => {
    for (const e of events) if (e.type === 'PUT') void check(e.entry.key.slice(policies.prefix.length));
  });
  for (const e of env.store.range({ prefix: policies.prefix }).entries) void check(e.key.slice(policies.prefix.length));
  return { close: () => { closed = true; watcher.close(); } };
}

// ValidatingAdmissionPolicy: expressions that say whether a request may pass (apiserver/pkg/admission/plugin/policy/validating).
import type { KubeObject } from '../../../api/meta/object.ts';
import { forbiddenError, ApiError } from '../../../api/meta/status.ts';
import type { ValidatingAdmissionPolicy } from '../../../api/types/kubernetes.ts';
import { compile, type Program } from '../../cel/cel.ts';
import { BOOL, STRING } from '../../cel/types.ts';
import type { AdmissionPlugin, Attributes } from '../chain.ts';
import { Activation, compileConditions, compileVariables, conditionsHold, declarations, TEXT_OR_NULL, type Condition, type Named, type Scope } from '../expressions.ts';
import { Compiled, isExempt, type Criteria, type Env } from '../matching.ts';
import { seenIn, type Seen } from '../versions.ts';
import { applying, type Binding, type PolicyLike } from './policy.ts';

const CODES: Readonly<Record<string, number>> = { Forbidden: 403, Invalid: 422, RequestEntityTooLarge: 413, Unauthorized: 401 };
const MAX_MESSAGE = 5 * 1024, MAX_ANNOTATION = 10 * 1024;

interface Check { expression: string; program?: Program; error?: string; message: string; messageProgram?: Program; reason: string }
interface Policy extends PolicyLike {
  fails: boolean; conditions: readonly Condition[]; variables: readonly Named[]; checks: readonly Check[];
  annotations: readonly { key: string; expression: string; program?: Program; error?: string }[];
}
interface Decision { policy: Policy; binding?: Binding | undefined; message: string; reason: string; index: number }

/** Compiles a stored policy; what does not compile fails when it is evaluated. */
function compilePolicy(o: KubeObject): Policy {
  const p = o as ValidatingAdmissionPolicy, s = p.spec ?? {}, base: Scope = { params: s.paramKind !== undefined };
  const { named, types } = compileVariables(s.variables, base), scope = { ...base, variables: types }, variables = declarations(scope);
  return {
    name: p.metadata!.name!, paramKind: s.paramKind, fails: s.failurePolicy !== 'Ignore', criteria: (s.matchConstraints ?? {}) as Criteria, conditions: compileConditions(s.matchConditions, base.params), variables: named,
    checks: (s.validations ?? []).map(v => {
      const c = compile(v.expression, { variables, expected: [BOOL] });
      const m = v.messageExpression ? compile(v.messageExpression, { variables: declarations({ ...scope, authorizer: false }), expected: [STRING] }) : undefined;
      return {
        expression: v.expression, ...(c.program ? { program: c.program } : { error: `compilation error: ${c.error}` }), ...(m?.program ? { messageProgram: m.program } : {}),
        message: v.message ?? '', reason: v.reason ?? 'Invalid',
      };
    }),
    annotations: (s.auditAnnotations ?? []).map(x => { const c = compile(x.valueExpression, { variables, expected: TEXT_OR_NULL }); return { key: x.key, expression: x.valueExpression, ...(c.program ? { program: c.program } : { error: c.error }) }; }),
  };
}

/** Refuses what the policies in force deny, warns and annotates for the others; a cluster without policies pays one look-up. */
export function validatingAdmissionPolicies(env: () => Env): AdmissionPlugin {
  const policies = new Compiled(env, 'validatingadmissionpolicies', compilePolicy), bindings = new Compiled(env, 'validatingadmissionpolicybindings', o => o as Binding);
  return {
    name: 'ValidatingAdmissionPolicy',
    validate(a) {
      const all = policies.all();
      if (all.length === 0 || isExempt(a)) return undefined;
      return judge(env(), all, bindings.all(), a);
    },
  };
}

async function judge(env: Env, policies: readonly Policy[], bound: readonly Binding[], a: Attributes): Promise<void> {
  const denied: Decision[] = [], audited: (Decision & { actions: readonly string[] })[] = [];
  for (const policy of policies) {
    const { as, bindings, misfits } = await applying(env, policy, bound, a);
    if (policy.fails) for (const m of misfits) denied.push({ policy, binding: m.binding, message: m.message, reason: '', index: 0 });
    if (!as || bindings.length === 0) continue;
    let seen: Seen;
    try { seen = await seenIn(a, as); } catch (e) {
      if (!(e instanceof ApiError)) throw e;
      if (policy.fails) denied.push({ policy, message: `failed to configure policy: failed to convert object version: ${e.message}`, reason: '', index: 0 });
      continue;
    }
    for (const { binding, params } of bindings) {
      for (const d of params.flatMap(param => decide(policy, binding, new Activation(env, a, param, seen), a))) {
        const actions = d.always ? ['Deny'] : binding.spec.validationActions ?? [];
        if (actions.includes('Deny')) denied.push(d);
        if (actions.includes('Warn')) a.warnings.push(`Validation failed for ValidatingAdmissionPolicy '${policy.name}' with binding '${binding.metadata!.name!}': ${d.message}`);
        if (actions.includes('Audit')) audited.push({ ...d, actions });
      }
    }
  }
  if (audited.length > 0 && a.audit) {
    a.audit['validation.policy.admission.k8s.io/validation_failure'] = JSON.stringify(audited.map(d => ({ message: d.message, policy: d.policy.name, binding: d.binding!.metadata!.name!, expressionIndex: d.index, validationActions: d.actions })));
  }
  if (denied.length > 0) throw refusal(a, denied[0]!);
}

function refusal(a: Attributes, d: Decision): ApiError {
  const message = `ValidatingAdmissionPolicy '${d.policy.name}'${d.binding ? ` with binding '${d.binding.metadata!.name!}'` : ''} denied request: ${d.message}`;
  const { status } = forbiddenError(a.resource.spec, a.name, message), reason = d.reason || 'Invalid';
  return new ApiError({ ...status, reason, code: CODES[reason] ?? 422, details: { ...status.details, causes: [{ message }] } });
}

/** `always`: refused whatever the binding's actions are. */
function decide(policy: Policy, binding: Binding, run: Activation, a: Attributes): (Decision & { always?: boolean })[] {
  const out: (Decision & { always?: boolean })[] = [];
  const decision = (message: string, reason = '', index = 0): void => { out.push({ policy, binding, message, reason, index }); };
  const condition = conditionsHold(policy.conditions, run);
  if (condition.error !== undefined && policy.fails) decision(condition.error);
  if (!condition.matches) return out;
  run.define(policy.variables);
  for (const [index, c] of policy.checks.entries()) {
    const r = c.program ? run.evaluate(c.program) : { error: c.error!, value: undefined, exceeded: false };
    if (r.error !== undefined) {
      if (policy.fails) decision(r.exceeded && r.error.startsWith('validation failed') ? r.error : `expression '${c.expression}' resulted in error: ${r.error}`, '', index);
      if (r.exceeded) break;
      continue;
    }
    if (r.value === true) continue;
    decision(messageOf(run, c), c.reason, index);
  }
  for (const x of policy.annotations) {
    const r = x.program ? run.evaluate(x.program) : { error: x.error!, value: undefined };
    if (r.error !== undefined) { if (policy.fails) out.push({ policy, binding, message: `expression '${x.expression}' resulted in error: ${r.error}`, reason: '', index: 0, always: true }); }
    else if (typeof r.value === 'string' && r.value.trim() !== '' && a.audit) {
      const key = `${policy.name}/${x.key}`, text = r.value.trim().slice(0, MAX_ANNOTATION), before = a.audit[key];
      if (before?.split(', ').includes(text)) continue;
      a.audit[key] = before === undefined ? text : `${before}, ${text}`;
    }
  }
  return out;
}

function messageOf(run: Activation, c: Check): string {
  if (c.messageProgram) {
    const r = run.evaluate(c.messageProgram);
    const text = r.error === undefined && typeof r.value === 'string' ? r.value.trim() : '';
    if (text !== '' && Buffer.byteLength(text) <= MAX_MESSAGE && !text.includes('\n')) return text;
  }
  return c.message !== '' ? c.message.trim() : `failed expression: ${c.expression.trim()}`;
}

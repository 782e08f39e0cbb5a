// MutatingAdmissionPolicy: expressions that change what is written (apiserver/pkg/admission/plugin/policy/mutating).
import { clone, isObject } from '../../../api/meta/clone.ts';
import type { KubeObject } from '../../../api/meta/object.ts';
import { applyJsonPatch } from '../../../api/meta/patch-json.ts';
import { applyMergePatch } from '../../../api/meta/patch-merge.ts';
import { applyStrategicMergePatch } from '../../../api/meta/patch-strategic.ts';
import { ApiError, forbiddenError } from '../../../api/meta/status.ts';
import type { MutatingAdmissionPolicy } from '../../../api/types/kubernetes.ts';
import { compile, type CompileOptions, type Program } from '../../cel/cel.ts';
import { DYN, listOf, objectOf, STRING, type Type } from '../../cel/types.ts';
import { CelError, toJson, type Value } from '../../cel/values.ts';
import { definition } from '../../codec/schemas.ts';
import { DecodeError } from '../../codec/walk.ts';
import type { AdmissionPlugin, Attributes } from '../chain.ts';
import { Activation, compileConditions, compileVariables, conditionsHold, declarations, type Condition, type Named, type Scope } from '../expressions.ts';
import { Compiled, criteriaMatch, isExempt, type Criteria, type Env } from '../matching.ts';
import { replaceObject } from '../replace.ts';
import { bindingsFor, paramsOf, type Binding } from './policy.ts';

/** Any field, of any type: what `Object` expressions are made of. */
class AnyFields extends Map<string, Type> { override get(): Type { return DYN; } }
const ANY_FIELDS = new AnyFields();
const PATCH: Type = objectOf('JSONPatch', () => new Map([['op', STRING], ['path', STRING], ['from', STRING], ['value', DYN]]));
const OBJECT: Type = objectOf('Object', () => ANY_FIELDS);
/** `Object`, `Object.spec.template`…, `JSONPatch`. */
export const structs: NonNullable<CompileOptions['structs']> = name => (name === 'JSONPatch' ? PATCH : name === 'Object' ? OBJECT : name.startsWith('Object.') ? objectOf(name, () => ANY_FIELDS) : undefined);
/** What a mutation of this kind has to evaluate to. */
export const resultOf = (patchType: string): Type => (patchType === 'JSONPatch' ? listOf(PATCH) : OBJECT);

interface Mutation { json: boolean; expression: string; program?: Program; error?: string }
interface Policy { name: string; object: MutatingAdmissionPolicy; fails: boolean; again: boolean; criteria: Criteria; conditions: readonly Condition[]; variables: readonly Named[]; mutations: readonly Mutation[] }

function compilePolicy(o: KubeObject): Policy {
  const p = o as MutatingAdmissionPolicy, s = p.spec ?? {}, base: Scope = { params: s.paramKind !== undefined };
  const { named, types } = compileVariables(s.variables, base), variables = declarations({ ...base, variables: types });
  return {
    name: p.metadata!.name!, object: p, fails: s.failurePolicy !== 'Ignore', again: s.reinvocationPolicy === 'IfNeeded', criteria: (s.matchConstraints ?? {}) as Criteria, conditions: compileConditions(s.matchConditions, base.params), variables: named,
    mutations: (s.mutations ?? []).map(m => {
      const json = m.patchType === 'JSONPatch', expression = (json ? m.jsonPatch?.expression : m.applyConfiguration?.expression) ?? '';
      const c = compile(expression, { variables, structs, expected: [resultOf(m.patchType)] });
      return { json, expression, ...(c.program ? { program: c.program } : { error: `compilation error: ${c.error}` }) };
    }),
  };
}

/** Applies the policies in force in the order of their names; those that ask for it once more after others have changed the object. */
export function mutatingAdmissionPolicies(env: () => Env): AdmissionPlugin {
  const policies = new Compiled(env, 'mutatingadmissionpolicies', compilePolicy), bindings = new Compiled(env, 'mutatingadmissionpolicybindings', o => o as Binding);
  return {
    name: 'MutatingAdmissionPolicy',
    mutate(a) {
      const all = policies.all();
      if (all.length === 0 || !a.object || isExempt(a) || (a.operation !== 'CREATE' && a.operation !== 'UPDATE')) return;
      const bound = bindings.all(), ran: { policy: Policy; after: number }[] = [];
      let changes = 0;
      for (const policy of all) {
        if (apply(env(), policy, bound, a)) changes++;
        ran.push({ policy, after: changes });
      }
      for (const r of ran) if (r.policy.again && r.after < changes) apply(env(), r.policy, bound, a);
    },
  };
}

/** True when the object changed. */
function apply(env: Env, policy: Policy, bound: readonly Binding[], a: Attributes): boolean {
  const mine = bound.filter(b => b.spec.policyName === policy.name);
  if (mine.length === 0) return false;
  const fail = (binding: Binding, why: string): void => {
    if (policy.fails) throw forbiddenError(a.resource.spec, a.name, `policy '${policy.name}' with binding '${binding.metadata!.name!}' denied request: ${why}`);
  };
  let changed = false;
  if (!criteriaMatch(env, policy.criteria, a)) return false;
  for (const binding of bindingsFor(env, mine, policy.name, a)) {
    let params: ReturnType<typeof paramsOf>;
    try { params = paramsOf(env, policy.object.spec?.paramKind, binding, a); } catch (e) {
      if (!(e instanceof Error)) throw e;
      fail(binding, `failed to configure binding: ${e.message}`);
      continue;
    }
    for (const param of params) {
      const condition = conditionsHold(policy.conditions, new Activation(env, a, param));
      if (condition.error !== undefined) { fail(binding, condition.error); continue; }
      if (!condition.matches) continue;
      for (const m of policy.mutations) {
        // Each mutation sees what the one before it made.
        const run = new Activation(env, a, param);
        run.define(policy.variables);
        const r = m.program ? run.evaluate(m.program) : { error: m.error!, value: undefined };
        if (r.error !== undefined) { fail(binding, `expression '${m.expression}' resulted in error: ${r.error}`); continue; }
        try { if (change(a, m, r.value as Value)) changed = true; } catch (e) {
          if (!(e instanceof ApiError) && !(e instanceof CelError) && !(e instanceof DecodeError)) throw e;
          fail(binding, e.message);
        }
      }
    }
  }
  return changed;
}

function change(a: Attributes, m: Mutation, value: Value): boolean {
  const object = a.object!, patch = toJson(value);
  let next: unknown;
  if (m.json) next = applyJsonPatch(object, patch);
  else {
    if (isObject(patch)) for (const field of ['apiVersion', 'kind'] as const) delete patch[field];
    // Kinds of ours say how their lists merge; what nobody describes merges as JSON does.
    const base = clone(object), { schema } = a.resource.spec;
    next = a.subresource === '' && definition(schema) ? applyStrategicMergePatch(base, patch, schema) : applyMergePatch(base, patch);
  }
  if (!isObject(next) || !isObject(next['metadata'])) throw new CelError('the patched object has no metadata');
  for (const field of ['apiVersion', 'kind'] as const) if (next[field] !== object[field]) throw new CelError(`may not change ${field}`);
  return replaceObject(a, next as KubeObject);
}

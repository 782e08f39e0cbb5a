// MutatingAdmissionPolicy: expressions that change what is written (apiserver/pkg/admission/plugin/policy/mutating).
import { isObject } from '../../../api/meta/clone.ts';
import type { KubeObject, Unstructured } from '../../../api/meta/object.ts';
import { ApiError, forbiddenError, internalError } from '../../../api/meta/status.ts';
import type { MutatingAdmissionPolicy } from '../../../api/types/kubernetes.ts';
import { compile, type CompileOptions, type Program } from '../../cel/cel.ts';
import { DYN, listOf, objectOf, STRING, type Type } from '../../cel/types.ts';
import { CelError, type Value } from '../../cel/values.ts';
import { validateAgainstSchema } from '../../codec/body.ts';
import { DecodeError } from '../../codec/walk.ts';
import { customOf } from '../../crd/custom-kind.ts';
import type { Resource } from '../../registry/resource.ts';
import type { AdmissionPlugin, Attributes } from '../chain.ts';
import { Activation, compileConditions, compileVariables, conditionsHold, declarations, type Condition, type Named, type Scope } from '../expressions.ts';
import { Compiled, isExempt, type Criteria, type Env } from '../matching.ts';
import { repeatsOf } from '../reinvocation.ts';
import { replaceObject } from '../replace.ts';
import { converted, seenIn } from '../versions.ts';
import { fieldsOf, withConfiguration, withPatch } from './apply-configuration.ts';
import { applying, type Binding, type PolicyLike } from './policy.ts';

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
interface Policy extends PolicyLike { fails: boolean; again: boolean; conditions: readonly Condition[]; variables: readonly Named[]; mutations: readonly Mutation[] }

function compilePolicy(o: KubeObject): Policy {
  const p = o as MutatingAdmissionPolicy, s = p.spec ?? {}, base: Scope = { params: s.paramKind !== undefined };
  const { named, types } = compileVariables(s.variables, base), variables = declarations({ ...base, variables: types });
  return {
    name: p.metadata!.name!, paramKind: s.paramKind, fails: s.failurePolicy !== 'Ignore', again: s.reinvocationPolicy === 'IfNeeded', criteria: (s.matchConstraints ?? {}) as Criteria, conditions: compileConditions(s.matchConditions, base.params), variables: named,
    mutations: (s.mutations ?? []).map(m => {
      const json = m.patchType === 'JSONPatch', expression = (json ? m.jsonPatch?.expression : m.applyConfiguration?.expression) ?? '';
      const c = compile(expression, { variables, structs, expected: [resultOf(m.patchType)] });
      return { json, expression, ...(c.program ? { program: c.program } : { error: `compilation error: ${c.error}` }) };
    }),
  };
}

const NAME = 'MutatingAdmissionPolicy';
/** Applies the policies in force in the order of their names; in the second round those that ask for it after a change. */
export function mutatingAdmissionPolicies(env: () => Env): AdmissionPlugin {
  const policies = new Compiled(env, 'mutatingadmissionpolicies', compilePolicy), bindings = new Compiled(env, 'mutatingadmissionpolicybindings', o => o as Binding);
  return {
    name: NAME,
    mutate(a) {
      const all = policies.all();
      if (all.length === 0 || !a.object || isExempt(a) || a.operation === 'DELETE') return undefined;
      return inTurn(env(), all, bindings.all(), a);
    },
  };
}

/** Why a policy refuses. Without a reason it is the policy or its binding that is wrong. */
interface Problem { readonly policy: Policy; readonly binding: Binding | undefined; readonly message: string; readonly reason: string }
/** A policy with one of its bindings and one of that one's parameters. */
interface Invocation { readonly policy: Policy; readonly binding: Binding; readonly param: KubeObject | undefined; readonly as: Resource }

async function inTurn(env: Env, policies: readonly Policy[], bound: readonly Binding[], a: Attributes): Promise<void> {
  const problems: Problem[] = [], invocations: Invocation[] = [], repeats = repeatsOf(a, NAME);
  repeats.begin(a.object);
  // Which of them run is settled before the first changes anything.
  for (const policy of policies) {
    const { as, bindings, misfits } = await applying(env, policy, bound, a);
    for (const m of misfits) problems.push({ policy, binding: m.binding, message: m.message, reason: '' });
    if (as) for (const { binding, params } of bindings) for (const param of params) invocations.push({ policy, binding, param, as });
  }
  for (const i of invocations) {
    const m = i.param?.metadata, key = `${i.policy.name}|${i.binding.metadata!.name!}|${m?.namespace ?? ''}/${m?.name ?? ''}`;
    const changed = await invoke(env, i, a, problems, () => repeats.runs(key));
    if (changed !== undefined) repeats.done(key, changed, i.policy.again);
  }
  repeats.end(a.object);
  const failed = problems.filter(p => p.policy.fails);
  if (failed.length > 0) throw refusal(a, failed);
}

function refusal(a: Attributes, problems: readonly Problem[]): ApiError {
  const causes = problems.map(p => ({ message: p.binding ? `policy '${p.policy.name}' with binding '${p.binding.metadata!.name!}' denied request: ${p.message}` : `policy ${JSON.stringify(p.policy.name)} denied request: ${p.message}` }));
  const { status } = forbiddenError(a.resource.spec, a.name, '');
  // Upstream's status says Invalid with the code of Forbidden.
  return new ApiError({ ...status, message: causes[0]!.message, reason: problems[0]!.reason || 'Forbidden', code: 403, details: { ...status.details, causes } });
}

/** True when the object changed, undefined when the policy had nothing to do with it. Adds to `problems`. */
async function invoke(env: Env, i: Invocation, a: Attributes, problems: Problem[], runs: () => boolean): Promise<boolean | undefined> {
  const { policy, binding, param, as } = i;
  const problem = (message: string): void => { problems.push({ policy, binding, message, reason: 'Invalid' }); };
  if (policy.conditions.length > 0) {
    const condition = conditionsHold(policy.conditions, new Activation(env, a, param, await seenIn(a, as)));
    if (condition.error !== undefined) problem(condition.error);
    if (!condition.matches) return undefined;
  }
  if (!runs()) return undefined;
  let changed = false;
  for (const m of policy.mutations) {
    // Each mutation sees what the one before it made.
    const seen = await seenIn(a, as), run = new Activation(env, a, param, seen), object = seen.object!, schema = fieldsOf(object, seen);
    run.define(policy.variables);
    const r = m.program ? run.evaluate(m.program) : { error: m.error!, value: undefined };
    if (r.error !== undefined) { problem(m.program ? `expression '${m.expression}' resulted in error: ${r.error}` : r.error); continue; }
    try {
      const next = m.json ? withPatch(object, r.value as Value) : withConfiguration(object, schema, r.value as Value);
      if (next === object) continue;
      if (replaceObject(a, await converted(wellFormed(next, object, as, m.json), as, a.resource))) changed = true;
    } catch (e) {
      if (!(e instanceof CelError) && !(e instanceof DecodeError)) throw e;
      problem(e.message);
    }
  }
  return changed;
}

/** What a mutation made, if it is still an object of its kind. Throws CelError; 500 for fields a JSON patch made up, as upstream does. */
function wellFormed(next: unknown, before: KubeObject, as: Resource, strict: boolean): KubeObject {
  if (!isObject(next) || !isObject(next['metadata'])) throw new CelError('the patched object has no metadata');
  for (const field of ['apiVersion', 'kind'] as const) if (next[field] !== before[field]) throw new CelError(`may not change ${field}`);
  if (strict && before.kind === as.spec.kind && !customOf(as.spec)) {
    const unknown = validateAgainstSchema(next as Unstructured, as.spec, 'Warn').warnings;
    if (unknown.length > 0) throw internalError(`strict decoding error: ${unknown.join(', ')}`);
  }
  return next as KubeObject;
}

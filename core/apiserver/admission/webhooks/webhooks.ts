// MutatingAdmissionWebhook and ValidatingAdmissionWebhook (apiserver/pkg/admission/plugin/webhook).
import type { KubeObject } from '../../../api/meta/object.ts';
import { applyJsonPatch } from '../../../api/meta/patch-json.ts';
import { ApiError, badRequest, failure, forbiddenError, internalError } from '../../../api/meta/status.ts';
import type { MutatingWebhook, MutatingWebhookConfiguration, ValidatingWebhook } from '../../../api/types/kubernetes.ts';
import { DecodeError } from '../../codec/walk.ts';
import type { Resource } from '../../registry/resource.ts';
import type { AdmissionPlugin, Attributes } from '../chain.ts';
import { Activation, compileConditions, conditionsHold, requestOf, type Condition } from '../expressions.ts';
import { Compiled, isExempt, seenAs, type Criteria, type Env } from '../matching.ts';
import { repeatsOf } from '../reinvocation.ts';
import { replaceObject } from '../replace.ts';
import { converted, seenIn, type Seen } from '../versions.ts';
import { CallFailure, post } from '../../webhook-client.ts';
import { responseOf, reviewOf, type Response } from './call.ts';

interface Hook { readonly configuration: string; readonly index: number; readonly spec: MutatingWebhook & ValidatingWebhook; readonly criteria: Criteria; readonly conditions: readonly Condition[] }

function compileHooks(o: KubeObject): readonly Hook[] {
  return ((o as MutatingWebhookConfiguration).webhooks ?? []).map((w, index) => ({
    configuration: o.metadata!.name!, index, spec: w as Hook['spec'], criteria: w as Criteria, conditions: compileConditions(w.matchConditions, false),
  }));
}

const fails = (h: Hook): boolean => h.spec.failurePolicy !== 'Ignore';

/** The request as the webhook is to see it; undefined when it is not to be called, at once where its rules say so. Rejects when that cannot be said and its policy is Fail. */
function seenBy(env: Env, h: Hook, a: Attributes): Promise<Seen | undefined> | undefined {
  const as = seenAs(env, h.criteria, a);
  return as && asked(env, h, a, as);
}
async function asked(env: Env, h: Hook, a: Attributes, as: Resource): Promise<Seen | undefined> {
  const seen = await seenIn(a, as);
  if (h.conditions.length === 0) return seen;
  const r = conditionsHold(h.conditions, new Activation(env, a, undefined, seen));
  if (r.error !== undefined && fails(h)) throw forbiddenError(a.resource.spec, a.name, r.error);
  return r.matches ? seen : undefined;
}

/** Calls it; undefined when it could not be called and that is to be ignored. */
async function call(env: Env, h: Hook, a: Attributes, seen: Seen, round: 0 | 1 | undefined): Promise<Response | undefined> {
  const { spec } = h, mutating = round !== undefined;
  if (a.dryRun && spec.sideEffects !== 'None' && spec.sideEffects !== 'NoneOnDryRun') throw badRequest(`admission webhook ${JSON.stringify(spec.name)} does not support dry run`);
  try {
    const review = reviewOf(spec.admissionReviewVersions, { ...requestOf(a, seen.as), object: seen.object ?? null, oldObject: seen.old ?? null });
    const answer = await post(env, spec.clientConfig, review.body, spec.timeoutSeconds ?? 10).catch((e: unknown) => { throw e instanceof CallFailure ? new CallFailure(`failed to call webhook: ${e.message}`) : e; });
    const response = responseOf(answer, review, mutating);
    a.warnings.push(...response.warnings);
    if (a.audit) for (const [k, v] of Object.entries(response.audit)) a.audit[`${spec.name}/${k}`] = v;
    return response;
  } catch (e) {
    if (!(e instanceof CallFailure)) throw e;
    if (fails(h)) throw internalError(`failed calling webhook ${JSON.stringify(spec.name)}: ${e.message}`);
    env.log.warn('webhook failed and is passed over', { webhook: spec.name, error: e.message });
    if (a.audit) a.audit[`failed-open.${mutating ? 'mutation' : 'validating'}.webhook.admission.k8s.io/round_${round ?? 0}_index_${h.index}`] = spec.name;
    return undefined;
  }
}

function refuse(h: Hook, r: Response): ApiError {
  const denied = `admission webhook ${JSON.stringify(h.spec.name)} denied the request`;
  const message = r.message !== '' ? `${denied}: ${r.message}` : r.reason !== '' ? `${denied}: ${r.reason}` : `${denied} without explanation`;
  const code = r.code >= 100 ? r.code : 403;
  return failure(code >= 400 && code < 600 ? code : 403, r.reason || (code === 403 ? 'Forbidden' : ''), message, r.details ? { details: r.details } : {});
}

/** Calls every webhook that matches at once; any refusal refuses the request. */
export function validatingWebhooks(env: () => Env): AdmissionPlugin {
  const configurations = new Compiled(env, 'validatingwebhookconfigurations', compileHooks);
  return {
    name: 'ValidatingAdmissionWebhook',
    validate(a) {
      const all = configurations.all();
      if (all.length === 0 || isExempt(a)) return undefined;
      return callAll(env(), all.flat(), a);
    },
  };
}

async function callAll(env: Env, hooks: readonly Hook[], a: Attributes): Promise<void> {
  const wanted: { hook: Hook; seen: Seen }[] = [];
  for (const hook of hooks) {
    const wait = seenBy(env, hook, a), seen = wait && await wait;
    if (seen) wanted.push({ hook, seen });
  }
  const done = await Promise.allSettled(wanted.map(async ({ hook, seen }) => {
    const r = await call(env, hook, a, seen, undefined);
    if (r && !r.allowed) throw refuse(hook, r);
  }));
  for (const d of done) if (d.status === 'rejected') throw d.reason;
}

const MUTATING = 'MutatingAdmissionWebhook';
/** Calls the webhooks that match one after another in the order of their configurations' names; in the second round those that ask for it after a change. */
export function mutatingWebhooks(env: () => Env): AdmissionPlugin {
  const configurations = new Compiled(env, 'mutatingwebhookconfigurations', compileHooks);
  return {
    name: MUTATING,
    mutate(a) {
      const all = configurations.all();
      if (all.length === 0 || isExempt(a)) return undefined;
      return inTurn(env(), all.flat(), a);
    },
  };
}

async function inTurn(env: Env, hooks: readonly Hook[], a: Attributes): Promise<void> {
  const repeats = repeatsOf(a, MUTATING);
  repeats.begin(a.object);
  for (const hook of hooks) {
    const wait = seenBy(env, hook, a), seen = wait && await wait, key = `${hook.configuration}/${hook.index}`;
    if (seen && repeats.runs(key)) repeats.done(key, await mutate(env, hook, a, seen, repeats.round), hook.spec.reinvocationPolicy === 'IfNeeded');
  }
  repeats.end(a.object);
}

/** True when the object changed. What came of the call is annotated for the audit log, however it ended. */
async function mutate(env: Env, h: Hook, a: Attributes, seen: Seen, round: 0 | 1): Promise<boolean> {
  const who = { configuration: h.configuration, webhook: h.spec.name }, where = `webhook.admission.k8s.io/round_${round}_index_${h.index}`;
  let mutated = false;
  try {
    const r = await call(env, h, a, seen, round);
    if (!r) return false;
    if (!r.allowed) throw refuse(h, r);
    if (r.patch === undefined || (Array.isArray(r.patch) && r.patch.length === 0)) return false;
    mutated = await patched(h, a, seen, r.patch);
    if (a.audit) a.audit[`patch.${where}`] = JSON.stringify({ ...who, patch: r.patch, patchType: 'JSONPatch' });
    return mutated;
  } finally {
    if (a.audit) a.audit[`mutation.${where}`] = JSON.stringify({ ...who, mutated });
  }
}

/** Puts the patched object in the place of the request's. What it is not fit for is the webhook's fault, not the client's: 500, whatever the failure policy. */
async function patched(h: Hook, a: Attributes, seen: Seen, patch: unknown): Promise<boolean> {
  if (!seen.object) throw internalError(`admission webhook ${JSON.stringify(h.spec.name)} attempted to modify the object, which is not supported for this operation`);
  try {
    return replaceObject(a, await converted(applyJsonPatch(seen.object, patch), seen.as, a.resource));
  } catch (e) {
    if (!(e instanceof ApiError) && !(e instanceof DecodeError)) throw e;
    throw internalError(`admission webhook ${JSON.stringify(h.spec.name)} returned an object that is not valid: ${e.message}`);
  }
}

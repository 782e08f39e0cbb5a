// MutatingAdmissionWebhook and ValidatingAdmissionWebhook (apiserver/pkg/admission/plugin/webhook).
import type { KubeObject } from '../../../api/meta/object.ts';
import { applyJsonPatch } from '../../../api/meta/patch-json.ts';
import { ApiError, badRequest, failure, forbiddenError, internalError } from '../../../api/meta/status.ts';
import type { MutatingWebhook, MutatingWebhookConfiguration, ValidatingWebhook } from '../../../api/types/kubernetes.ts';
import { newUid } from '../../registry/object-meta.ts';
import { DecodeError } from '../../codec/walk.ts';
import type { AdmissionPlugin, Attributes } from '../chain.ts';
import { Activation, compileConditions, conditionsHold, requestOf, type Condition } from '../expressions.ts';
import { Compiled, converted, criteriaMatch, isExempt, versionFor, type Criteria, type Env } from '../matching.ts';
import { replaceObject } from '../replace.ts';
import { CallFailure, post } from '../../webhook-client.ts';
import { responseOf, type Response } from './call.ts';

interface Hook { readonly configuration: string; readonly index: number; readonly spec: MutatingWebhook & ValidatingWebhook; readonly criteria: Criteria; readonly conditions: readonly Condition[] }

function compileHooks(o: KubeObject): readonly Hook[] {
  return ((o as MutatingWebhookConfiguration).webhooks ?? []).map((w, index) => ({
    configuration: o.metadata!.name!, index, spec: w as Hook['spec'], criteria: w as Criteria, conditions: compileConditions(w.matchConditions, false),
  }));
}

const fails = (h: Hook): boolean => h.spec.failurePolicy !== 'Ignore';
const failed = (h: Hook, why: string): ApiError => internalError(`failed calling webhook ${JSON.stringify(h.spec.name)}: ${why}`);

/** Whether the webhook is to be called. Throws when that cannot be said and its policy is Fail. */
function wanted(env: Env, h: Hook, a: Attributes): boolean {
  if (!criteriaMatch(env, h.criteria, a)) return false;
  if (h.conditions.length === 0) return true;
  const r = conditionsHold(h.conditions, new Activation(env, a));
  if (r.error !== undefined && fails(h)) throw forbiddenError(a.resource.spec, a.name, r.error);
  return r.matches;
}

/** The object in the version the webhook asks for, where that is not the request's (matchPolicy Equivalent). */
function inVersion(env: Env, h: Hook, a: Attributes): object {
  const as = versionFor(env, h.criteria, a), show = (o: KubeObject | undefined): KubeObject | null => (o === undefined ? null : as ? converted(o, a.resource, as) : o);
  const words = as ? { kind: { group: as.spec.group, version: as.spec.version, kind: as.spec.kind }, resource: { group: as.spec.group, version: as.spec.version, resource: as.spec.plural } } : {};
  return { ...words, object: show(a.object), oldObject: show(a.old) };
}

/** Calls it; undefined when it could not be called and that is to be ignored. */
async function call(env: Env, h: Hook, a: Attributes, mutating: boolean): Promise<Response | undefined> {
  const { spec } = h;
  if (a.dryRun && spec.sideEffects !== 'None' && spec.sideEffects !== 'NoneOnDryRun') throw badRequest(`admission webhook ${JSON.stringify(spec.name)} does not support dry run`);
  try {
    if (!spec.admissionReviewVersions.includes('v1')) throw new CallFailure('webhook does not accept v1 AdmissionReview');
    const uid = newUid();
    const review = { kind: 'AdmissionReview', apiVersion: 'admission.k8s.io/v1', request: { uid, ...requestOf(a), ...inVersion(env, h, a) } };
    const response = responseOf(await post(env, spec.clientConfig, review, spec.timeoutSeconds ?? 10), uid, mutating);
    a.warnings.push(...response.warnings);
    if (a.audit) for (const [k, v] of Object.entries(response.audit)) a.audit[`${spec.name}/${k}`] = v;
    return response;
  } catch (e) {
    if (!(e instanceof CallFailure)) throw e;
    if (fails(h)) throw failed(h, `failed to call webhook: ${e.message}`);
    env.log.warn('webhook failed and is passed over', { webhook: spec.name, error: e.message });
    if (a.audit) a.audit[`failed-open.${mutating ? 'mutating' : 'validating'}.webhook.admission.k8s.io/round_0_index_${h.index}`] = spec.name;
    return undefined;
  }
}

function refuse(h: Hook, r: Response): ApiError {
  const denied = `admission webhook ${JSON.stringify(h.spec.name)} denied the request`;
  const message = r.message !== '' ? `${denied}: ${r.message}` : r.reason !== '' ? `${denied}: ${r.reason}` : `${denied} without explanation`;
  const code = r.code >= 100 ? r.code : 403;
  return failure(code >= 400 && code < 600 ? code : 403, r.reason || (code === 403 ? 'Forbidden' : ''), message);
}

/** Calls every webhook that matches at once; any refusal refuses the request. */
export function validatingWebhooks(env: () => Env): AdmissionPlugin {
  const configurations = new Compiled(env, 'validatingwebhookconfigurations', compileHooks);
  return {
    name: 'ValidatingAdmissionWebhook',
    validate(a) {
      const all = configurations.all();
      if (all.length === 0 || isExempt(a)) return undefined;
      const e = env(), hooks = all.flat().filter(h => wanted(e, h, a));
      if (hooks.length === 0) return undefined;
      return callAll(e, hooks, a);
    },
  };
}

async function callAll(env: Env, hooks: readonly Hook[], a: Attributes): Promise<void> {
  const done = await Promise.allSettled(hooks.map(async h => {
    const r = await call(env, h, a, false);
    if (r && !r.allowed) throw refuse(h, r);
  }));
  for (const d of done) if (d.status === 'rejected') throw d.reason;
}

/** Calls the webhooks that match one after another in the order of their configurations' names; once more those that ask for it when a later one changed the object. */
export function mutatingWebhooks(env: () => Env): AdmissionPlugin {
  const configurations = new Compiled(env, 'mutatingwebhookconfigurations', compileHooks);
  return {
    name: 'MutatingAdmissionWebhook',
    mutate(a) {
      const all = configurations.all();
      if (all.length === 0 || isExempt(a)) return undefined;
      return rounds(env(), all.flat(), a);
    },
  };
}

async function rounds(env: Env, hooks: readonly Hook[], a: Attributes): Promise<void> {
  let changes = 0;
  const called: { hook: Hook; after: number }[] = [];
  for (const hook of hooks) {
    if (!wanted(env, hook, a)) continue;
    if (await mutate(env, hook, a, 0)) changes++;
    called.push({ hook, after: changes });
  }
  for (const c of called) if (c.hook.spec.reinvocationPolicy === 'IfNeeded' && c.after < changes && wanted(env, c.hook, a)) await mutate(env, c.hook, a, 1);
}

/** True when the object changed. */
async function mutate(env: Env, h: Hook, a: Attributes, round: number): Promise<boolean> {
  const r = await call(env, h, a, true);
  if (!r) return false;
  if (!r.allowed) throw refuse(h, r);
  if (r.patch === undefined || (Array.isArray(r.patch) && r.patch.length === 0)) return false;
  if (!a.object) throw internalError(`admission webhook ${JSON.stringify(h.spec.name)} attempted to modify the object, which is not supported for this operation`);
  const as = versionFor(env, h.criteria, a);
  let next: KubeObject;
  try {
    const patched = applyJsonPatch(as ? converted(a.object, a.resource, as) : a.object, r.patch);
    next = as ? converted(patched, as, a.resource) : patched;
  } catch (e) {
    if (!(e instanceof ApiError)) throw e;
    if (fails(h)) throw internalError(`failed calling webhook ${JSON.stringify(h.spec.name)}: the patch it returned cannot be applied`);
    return false;
  }
  const changed = within(h, () => replaceObject(a, next));
  if (a.audit) a.audit[`mutation.webhook.admission.k8s.io/round_${round}_index_${h.index}`] = JSON.stringify({ configuration: h.configuration, webhook: h.spec.name, mutated: changed });
  return changed;
}

/** What a patched object is not fit for is the webhook's fault, not the client's. */
function within<T>(h: Hook, run: () => T): T {
  try { return run(); } catch (e) {
    if (!(e instanceof ApiError) && !(e instanceof DecodeError)) throw e;
    throw internalError(`admission webhook ${JSON.stringify(h.spec.name)} returned an object that is not valid: ${e.message}`);
  }
}

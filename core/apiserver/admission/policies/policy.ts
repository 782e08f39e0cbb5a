// What validating and mutating policies share: finding bindings and their parameters (apiserver/pkg/admission/plugin/policy/generic).
import { selectorFrom, type LabelSelectorLike } from '../../../api/meta/labels.ts';
import type { KubeObject } from '../../../api/meta/object.ts';
import type { MatchResources, ParamKind, ParamRef } from '../../../api/types/kubernetes.ts';
import { ApiError } from '../../../api/meta/status.ts';
import type { Resource } from '../../registry/resource.ts';
import type { Attributes } from '../chain.ts';
import { seenAs, type Criteria, type Env } from '../matching.ts';

/** As stored, as far as it is looked at here. */
export interface Binding extends KubeObject { spec: { policyName?: string; paramRef?: ParamRef; matchResources?: MatchResources; validationActions?: string[] } }

/** What is wrong with how a policy or a binding (then `binding` is given) is made, for this request; `failurePolicy` decides what that means. */
export interface Misfit { readonly binding?: Binding; readonly message: string }
/** What of a policy applies to a request. */
export interface Applying {
  /** As a request on which resource the policy sees it; undefined when it does not. */
  readonly as: Resource | undefined;
  readonly bindings: readonly { readonly binding: Binding; readonly params: readonly (KubeObject | undefined)[] }[];
  readonly misfits: readonly Misfit[];
}

export interface PolicyLike { readonly name: string; readonly criteria: Criteria; readonly paramKind: ParamKind | undefined }
const NOT: Applying = { as: undefined, bindings: [], misfits: [] };

/** Finds out which bindings of a policy apply to a request, with which parameters. */
export async function applying(env: Env, policy: PolicyLike, bound: readonly Binding[], a: Attributes): Promise<Applying> {
  const mine = bound.filter(b => b.spec.policyName === policy.name);
  if (mine.length === 0) return NOT;
  const bindings: { binding: Binding; params: readonly (KubeObject | undefined)[] }[] = [], misfits: Misfit[] = [];
  let as: Resource | undefined, params: Resource | undefined;
  try {
    as = seenAs(env, policy.criteria, a);
    if (!as) return NOT;
    params = policy.paramKind && paramResource(env, policy.paramKind);
  } catch (e) { return { as, bindings, misfits: [{ message: `failed to configure policy: ${wordsOf(e)}` }] }; }
  for (const binding of mine) {
    try {
      const m = binding.spec.matchResources as Criteria | undefined;
      if (m && !seenAs(env, { ...m, resourceRules: m.resourceRules ?? [] }, a)) continue;
      bindings.push({ binding, params: await paramsOf(env, params, binding, a) });
    } catch (e) { misfits.push({ binding, message: `failed to configure binding: ${wordsOf(e)}` }); }
  }
  return { as, bindings, misfits };
}

/** What is wrong with an object of the cluster; anything else is a fault of ours. */
class Unfit extends Error {}
function wordsOf(e: unknown): string {
  if (e instanceof Unfit || e instanceof ApiError) return e.message;
  throw e;
}

function paramResource(env: Env, kind: ParamKind): Resource {
  const { apiVersion = '', kind: name = '' } = kind, slash = apiVersion.indexOf('/');
  const found = env.findKind(slash < 0 ? '' : apiVersion.slice(0, slash), apiVersion.slice(slash + 1), name);
  if (!found) throw new Unfit(`failed to find resource referenced by paramKind: '${slash < 0 ? '/' : ''}${apiVersion}, Kind=${name}'`);
  return found;
}

/** What the expressions get as `params`, one evaluation for each; [undefined] for a policy or a binding without. */
async function paramsOf(env: Env, resource: Resource | undefined, b: Binding, a: Attributes): Promise<readonly (KubeObject | undefined)[]> {
  const ref = b.spec.paramRef;
  if (!resource || !ref) return [undefined];
  let namespace = '';
  if (resource.spec.namespaced) {
    namespace = ref.namespace || a.namespace;
    if (namespace === '') throw new Unfit('cannot use namespaced paramRef in policy binding that matches cluster-scoped resources');
  } else if (ref.namespace) throw new Unfit('paramRef.namespace must not be provided for a cluster-scoped `paramKind`');
  const entries = ref.name ? [env.store.get(resource.key(namespace, ref.name))].filter(e => e !== undefined) : env.store.range({ prefix: resource.range(namespace) }).entries;
  if (resource.ready) await resource.ready(entries);
  const selector = ref.name ? undefined : selectorFrom(ref.selector as LabelSelectorLike);
  const found = entries.map(e => resource.objectOf(e)).filter(o => !selector || selector.matches(o.metadata?.labels ?? {}));
  if (found.length === 0 && ref.parameterNotFoundAction !== 'Allow') throw new Unfit('no params found for policy binding with `Deny` parameterNotFoundAction');
  return found;
}

// What validating and mutating policies share: finding bindings and their parameters (apiserver/pkg/admission/plugin/policy/generic).
import { selectorFrom, type LabelSelectorLike } from '../../../api/meta/labels.ts';
import type { KubeObject } from '../../../api/meta/object.ts';
import type { MatchResources, ParamKind, ParamRef } from '../../../api/types/kubernetes.ts';
import type { Attributes } from '../chain.ts';
import { bindingMatches, type Env } from '../matching.ts';

/** As stored, as far as it is looked at here. */
export interface Binding extends KubeObject { spec: { policyName?: string; paramRef?: ParamRef; matchResources?: MatchResources; validationActions?: string[] } }

/** The bindings of a policy that apply to the request. */
export function bindingsFor(env: Env, bindings: readonly Binding[], policy: string, a: Attributes): Binding[] {
  return bindings.filter(b => b.spec.policyName === policy && bindingMatches(env, b.spec.matchResources as Parameters<typeof bindingMatches>[1], a));
}

const versionOf = (apiVersion: string): [string, string] => { const i = apiVersion.indexOf('/'); return i < 0 ? ['', apiVersion] : [apiVersion.slice(0, i), apiVersion.slice(i + 1)]; };

/**
 * What the expressions get as `params`, one evaluation for each; [undefined] for a policy without. Throws Error with the words of what is
 * wrong with the binding.
 */
export function paramsOf(env: Env, kind: ParamKind | undefined, b: Binding, a: Attributes): readonly (KubeObject | undefined)[] {
  const ref = b.spec.paramRef;
  if (!kind || !ref) return [undefined];
  const resource = env.findKind(...versionOf(kind.apiVersion ?? ''), kind.kind ?? '');
  if (!resource) throw new Error(`failed to find resource referenced by paramKind: '${kind.apiVersion ?? ''}, Kind=${kind.kind ?? ''}'`);
  let namespace = '';
  if (resource.spec.namespaced) {
    namespace = ref.namespace || a.namespace;
    if (namespace === '') throw new Error('cannot use namespaced paramRef in policy binding that matches cluster-scoped resources');
  } else if (ref.namespace) throw new Error('paramRef.namespace must not be provided for a cluster-scoped `paramKind`');
  let found: KubeObject[];
  if (ref.name) {
    const entry = env.store.get(resource.key(namespace, ref.name));
    found = entry ? [resource.objectOf(entry)] : [];
  } else {
    const selector = selectorFrom(ref.selector as LabelSelectorLike);
    found = env.store.range({ prefix: resource.range(namespace) }).entries.map(e => resource.objectOf(e)).filter(o => selector.matches(o.metadata?.labels ?? {}));
  }
  if (found.length > 0) return found;
  if (ref.parameterNotFoundAction === 'Allow') return [];
  throw new Error('no params found for policy binding with `Deny` parameterNotFoundAction');
}

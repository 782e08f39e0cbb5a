// The CEL environment of admission: object, oldObject, request, params, namespaceObject, authorizer, variables
// (apiserver/pkg/admission/plugin/cel).
import { compile, type Program } from '../cel/cel.ts';
import { authorizerValue, AUTHORIZER, resourceCheckValue, RESOURCE_CHECK, type Ask } from '../cel/lib-kubernetes.ts';
import { PER_CALL_LIMIT, RUNTIME_BUDGET } from '../cel/limits.ts';
import { BOOL, DYN, listOf, mapOf, NULL, objectOf, STRING, type Type } from '../cel/types.ts';
import { Computed, CelError, type Value } from '../cel/values.ts';
import type { UserInfo } from '../context.ts';
import { namespaceOf, type Env } from './matching.ts';
import type { Attributes, ObjectKind } from './chain.ts';
import type { Resource } from '../registry/resource.ts';
import { optionsObject } from './options-object.ts';
import { asItCame, type Seen } from './versions.ts';

const fields = (o: Record<string, Type>) => (): ReadonlyMap<string, Type> => new Map(Object.entries(o));
const GVK = objectOf('kubernetes.GroupVersionKind', fields({ group: STRING, version: STRING, kind: STRING }));
const GVR = objectOf('kubernetes.GroupVersionResource', fields({ group: STRING, version: STRING, resource: STRING }));
const USER = objectOf('kubernetes.UserInfo', fields({ username: STRING, uid: STRING, groups: listOf(STRING), extra: mapOf(STRING, listOf(STRING)) }));
const REQUEST = objectOf('kubernetes.AdmissionRequest', fields({
  kind: GVK, resource: GVR, subResource: STRING, requestKind: GVK, requestResource: GVR, requestSubResource: STRING, name: STRING, namespace: STRING, operation: STRING, userInfo: USER, dryRun: BOOL, options: DYN,
}));
const META = objectOf('kubernetes.NamespaceMetadata', fields({
  name: STRING, generateName: STRING, namespace: STRING, labels: mapOf(STRING, STRING), annotations: mapOf(STRING, STRING), UID: STRING, creationTimestamp: STRING, deletionGracePeriodSeconds: DYN, deletionTimestamp: STRING, generation: DYN, resourceVersion: STRING, finalizers: listOf(STRING),
}));
const NAMESPACE = objectOf('kubernetes.Namespace', fields({ metadata: META, spec: objectOf('kubernetes.NamespaceSpec', fields({ finalizers: listOf(STRING) })), status: objectOf('kubernetes.NamespaceStatus', fields({ phase: STRING, conditions: listOf(DYN) })) }));
// The request resource hangs on the authorizer as `authorizer.requestResource`.
const BASE: Readonly<Record<string, Type>> = { object: DYN, oldObject: DYN, request: REQUEST, namespaceObject: NAMESPACE, authorizer: AUTHORIZER, 'authorizer.requestResource': RESOURCE_CHECK };

/** What an expression may mention. */
export interface Scope { readonly params: boolean; readonly authorizer?: boolean; readonly variables?: ReadonlyMap<string, Type>; readonly types?: Readonly<Record<string, Type>> }

export function declarations(s: Scope): Record<string, Type> {
  const out: Record<string, Type> = { ...BASE, ...s.types };
  if (s.authorizer === false) { delete out['authorizer']; delete out['authorizer.requestResource']; }
  if (s.params) out['params'] ??= DYN;
  if (s.variables) out['variables'] = objectOf('kubernetes.variables', () => s.variables!);
  return out;
}

export interface Named { readonly name: string; readonly program?: Program; readonly error?: string }

/** Compiles a policy's variables in their order: each sees those before it. */
export function compileVariables(list: readonly { name: string; expression: string }[] | undefined, scope: Scope): { named: readonly Named[]; types: ReadonlyMap<string, Type> } {
  const types = new Map<string, Type>(), named: Named[] = [];
  for (const v of list ?? []) {
    const c = compile(v.expression, { variables: declarations({ ...scope, variables: new Map(types) }) });
    named.push({ name: v.name, ...(c.program ? { program: c.program } : { error: c.error }) });
    types.set(v.name, c.program?.type ?? DYN);
  }
  return { named, types };
}

function asker(env: Env, user: UserInfo, version: string): Ask {
  return c => {
    const who: UserInfo = c.serviceAccount
      ? { name: `system:serviceaccount:${c.serviceAccount.namespace}:${c.serviceAccount.name}`, groups: ['system:serviceaccounts', `system:serviceaccounts:${c.serviceAccount.namespace}`, 'system:authenticated'] } : user;
    const d = c.path !== undefined ? env.authorizer.authorize({ user: who, verb: c.verb, path: c.path })
      : env.authorizer.authorize({ user: who, verb: c.verb, resource: { group: c.group, version, resource: c.resource, subresource: c.subresource, namespace: c.namespace, name: c.name } });
    return { allowed: d.verdict === 'allow', reason: d.reason, ...(d.error ? { error: d.error } : {}) };
  };
}

/** What `request` is in expressions, and an AdmissionReview's request without object and uid; `as`: as a request on that resource. */
export function requestOf(a: Attributes, as: Resource): Record<string, unknown> {
  const kindOf = (k: ObjectKind): object => ({ group: k.group, version: k.version, kind: k.kind }), resourceOf = ({ spec }: Resource): object => ({ group: spec.group, version: spec.version, resource: spec.plural });
  const options = optionsObject(a), sub = a.subresource ? { subResource: a.subresource, requestSubResource: a.subresource } : {};
  return {
    kind: kindOf(a.kind.kind === a.resource.spec.kind ? as.spec : a.kind), resource: resourceOf(as), ...sub, requestKind: kindOf(a.kind), requestResource: resourceOf(a.resource),
    ...(a.name ? { name: a.name } : {}), ...(a.namespace ? { namespace: a.namespace } : {}), operation: a.operation,
    userInfo: { username: a.user.name, ...(a.user.uid ? { uid: a.user.uid } : {}), groups: [...a.user.groups], ...(a.user.extra ? { extra: a.user.extra } : {}) },
    object: undefined, oldObject: undefined, dryRun: a.dryRun, options,
  };
}

/** The names one request binds; `spent` counts what its expressions cost together. */
export class Activation {
  spent = 0;
  readonly bindings: Record<string, unknown>;
  /** `seen`: the request in the version the expressions are about. */
  constructor(env: Env, a: Attributes, params?: unknown, seen: Seen = asItCame(a)) {
    const { spec } = a.resource;
    const ask = asker(env, a.user, '*');
    this.bindings = {
      object: seen.object ?? NOTHING, oldObject: seen.old ?? NOTHING, params: params ?? NOTHING,
      request: () => requestOf(a, seen.as), namespaceObject: () => namespaceOf(env, a) ?? NOTHING,
      authorizer: () => authorizerValue(ask),
      'authorizer.requestResource': () => resourceCheckValue(asker(env, a.user, spec.version), { group: spec.group, resource: spec.plural, subresource: a.subresource, namespace: a.namespace, name: a.name }),
    };
  }

  /** Binds `variables`: each is evaluated when it is first read, once. */
  define(named: readonly Named[]): void {
    const values: Record<string, unknown> = {};
    for (const n of named) {
      let known: Computed | CelError | undefined;
      Object.defineProperty(values, n.name, {
        enumerable: true, configurable: true,
        get: () => {
          if (known === undefined) {
            const r: ReturnType<Activation['evaluate']> = n.program ? this.evaluate(n.program) : { error: n.error!, exceeded: false };
            known = r.error === undefined ? new Computed(r.value as Value) : new CelError(`composited variable ${JSON.stringify(n.name)} fails to evaluate: ${r.error}`);
          }
          if (known instanceof CelError) throw known;
          return known;
        },
      });
    }
    this.bindings['variables'] = values;
  }

  evaluate(program: Program): { value?: unknown; error?: string; exceeded: boolean } {
    const left = RUNTIME_BUDGET - this.spent;
    if (left <= 0) return { error: 'validation failed due to running out of cost budget, no further validation rules will be run', exceeded: true };
    const r = program.evaluate(this.bindings, { costLimit: Math.min(PER_CALL_LIMIT, left) });
    this.spent += r.cost;
    return r.error === undefined ? { value: r.value, exceeded: false } : { error: r.error, exceeded: r.exceeded };
  }
}
/** null to expressions; a binding of null itself would read as missing. */
const NOTHING = new Computed(null);
export const TEXT_OR_NULL: readonly Type[] = [STRING, NULL];

export interface Condition { readonly name: string; readonly program?: Program; readonly error?: string }
export function compileConditions(list: readonly { name: string; expression: string }[] | undefined, params: boolean): readonly Condition[] {
  return (list ?? []).map(c => {
    const r = compile(c.expression, { variables: declarations({ params }), expected: [BOOL] });
    return { name: c.name, ...(r.program ? { program: r.program } : { error: r.error }) };
  });
}

/** All conditions hold, one does not, or (when none is false) one could not be evaluated. */
export function conditionsHold(conditions: readonly Condition[], activation: Activation): { matches: boolean; error?: string } {
  let error: string | undefined;
  for (const c of conditions) {
    const r = c.program ? activation.evaluate(c.program) : { error: c.error!, value: undefined };
    if (r.error !== undefined) error = error === undefined ? `expression '${c.program?.source ?? c.name}' resulted in error: ${r.error}` : `${error}, ${r.error}`;
    else if (r.value === false) return { matches: false };
  }
  return error === undefined ? { matches: true } : { matches: false, error };
}

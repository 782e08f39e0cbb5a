// What the expressions of a MutatingAdmissionPolicy make of an object: an apply configuration merged by the object's schema, or a JSON
// patch (apiserver/pkg/admission/plugin/policy/mutating/patch).
import { clone, isObject } from '../../../api/meta/clone.ts';
import { childSchema, claimedSet, formOf } from '../../../api/meta/managed-fields/compare.ts';
import { mergeInto } from '../../../api/meta/managed-fields/merge.ts';
import type { FieldSchema } from '../../../api/meta/managed-fields/schema.ts';
import type { KubeObject, Unstructured } from '../../../api/meta/object.ts';
import { applyJsonPatch, TestFailed } from '../../../api/meta/patch-json.ts';
import { ApiError, unavailable } from '../../../api/meta/status.ts';
import { CelError, CelMap, List, toJson, type Value } from '../../cel/values.ts';
import { definition } from '../../codec/schemas.ts';
import { definitionFields, resourceFields } from '../../registry/field-schema.ts';
import type { Seen } from '../versions.ts';

/** Kinds that only subresources have. */
const OTHERS: Readonly<Record<string, string>> = {
  'autoscaling/v1/Scale': 'io.k8s.api.autoscaling.v1.Scale', 'v1/Binding': 'io.k8s.api.core.v1.Binding', 'policy/v1/Eviction': 'io.k8s.api.policy.v1.Eviction',
  'authentication.k8s.io/v1/TokenRequest': 'io.k8s.api.authentication.v1.TokenRequest',
};

/** How the fields of an object merge. Throws 503 for a kind nobody describes, as upstream does. */
export function fieldsOf(object: KubeObject, { as }: Seen): FieldSchema {
  if (object.kind === as.spec.kind && object.apiVersion === as.apiVersion) return resourceFields(as);
  const name = OTHERS[`${object.apiVersion ?? ''}/${object.kind ?? ''}`];
  if (name !== undefined && definition(name)) return definitionFields(name);
  const apiVersion = object.apiVersion ?? '';
  throw unavailable(`Resource kind ${apiVersion.includes('/') ? apiVersion : `/${apiVersion}`}, Kind=${object.kind ?? ''} not found. There can be a delay between when CustomResourceDefinitions are created and when they are available.`);
}

/** The object with an `Object{…}` in it; the object itself stays as it is. Throws CelError for what does not fit. */
export function withConfiguration(object: KubeObject, schema: FieldSchema, value: Value): unknown {
  demandNames(value, 'Object');
  const patch: Unstructured = { ...toJson(value) as Unstructured, apiVersion: object.apiVersion!, kind: object.kind! };
  const bad = (why: string): CelError => new CelError(`error applying patch: ${why}`), errors: string[] = [];
  claimedSet(schema, patch, errors);
  if (errors.length > 0) throw bad(`failed to convert patch object to typed object: ${errors.length === 1 ? errors[0]! : ['errors:', ...errors.map(e => `  ${e}`)].join('\n')}`);
  const atomic = atomics(schema, patch, '');
  if (atomic.length > 0) throw bad(`invalid ApplyConfiguration: may not mutate atomic arrays, maps or structs: ${atomic.join(', ')}`);
  const next = clone(object) as Unstructured;
  mergeInto(schema, next, patch);
  return next;
}

/** The object after a list of `JSONPatch{…}`; itself when one of their tests fails. Throws CelError for what cannot be applied. */
export function withPatch(object: KubeObject, value: Value): unknown {
  if (value instanceof List) for (const op of value.values()) if (op instanceof CelMap) { const v = op.get('value'); if (v instanceof CelMap && v.type) demandNames(v, v.type.name); }
  try { return applyJsonPatch(object, toJson(value)); } catch (e) {
    if (e instanceof TestFailed) return object;
    if (e instanceof ApiError) throw new CelError(`JSONPath: ${e.message}`);
    throw e;
  }
}

/** `Object.spec.template{}` may stand only where its name says. */
function demandNames(value: Value, path: string): void {
  const wrong = misnamed(value, path);
  if (wrong.length > 0) throw new CelError(`type mismatch: ${wrong.join('\n')}`);
}
function misnamed(value: Value, path: string): string[] {
  if (value instanceof List) return value.values().flatMap(v => misnamed(v, path));
  if (!(value instanceof CelMap)) return [];
  // What is not made by a name is a map, or comes from an object as it is.
  if (value.type?.kind !== 'object' || !/^Object(\.|$)/.test(value.type.name)) return value.type === undefined ? value.entries().flatMap(([, v]) => misnamed(v, path)) : [];
  const own = value.type.name === path ? [] : [`unexpected type name ${JSON.stringify(value.type.name)}, expected ${JSON.stringify(path)}, which matches field name path from root Object type`];
  return [...own, ...value.entries().flatMap(([k, v]) => misnamed(v, `${path}.${String(k)}`))];
}

/** Where a configuration would replace a list, map or struct as a whole. */
function atomics(schema: FieldSchema, value: unknown, path: string): string[] {
  const isList = Array.isArray(value);
  if (!isList && !isObject(value)) return [];
  const form = formOf(schema, value);
  if (form === 'atomic') return [path];
  if (isList) return schema.items ? value.flatMap((item, i) => atomics(schema.items!, item, `${path}[${i}]`)) : [];
  if (form !== 'struct') return [];
  return Object.keys(value).flatMap(k => { const s = schema.field!(k) && childSchema(schema, k); return s ? atomics(s, value[k], `${path}.${k}`) : []; });
}

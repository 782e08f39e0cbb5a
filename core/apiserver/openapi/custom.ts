// Schemas of custom resources in the published documents: whole in OpenAPI v3, what can be said of them in v2 (apiextensions-apiserver
// pkg/controller/openapi).
import { asSchema } from '../../api/kinds/apiextensions/validate-schema.ts';
import { isObject } from '../../api/meta/clone.ts';
import type { JSONSchemaProps } from '../../api/types/kubernetes.ts';
import { customOf } from '../crd/custom-kind.ts';
import type { KindSpec } from '../../api/kinds/kind.ts';
import type { Definitions, SchemaObject } from './definitions.ts';

const META = 'io.k8s.apimachinery.pkg.apis.meta.v1';
const API_VERSION = { type: 'string', description: 'APIVersion defines the versioned schema of this representation of an object.' };
const KIND = { type: 'string', description: 'Kind is a string value representing the REST resource this object represents.' };

/** Names of the definitions of a custom kind and of its list, which are added; undefined for other kinds. */
export function customDefinitions(d: Definitions, k: KindSpec): { self: SchemaObject; list: SchemaObject } | undefined {
  const custom = customOf(k);
  if (!custom) return undefined;
  const gvk = (kind: string): object[] => [{ group: k.group, kind, version: k.version }];
  const listName = `${k.schema}List`;
  const root = custom.published ? convert(d, custom.published, true) : { type: 'object' };
  const selectable = custom.selectable.length > 0 ? { 'x-kubernetes-selectable-fields': custom.selectable.map(fieldPath => ({ fieldPath })) } : {};
  const self = d.put(k.schema, { ...root, 'x-kubernetes-group-version-kind': gvk(k.kind), ...selectable });
  const list = d.put(listName, {
    description: `${k.kind}List is a list of ${k.kind}`, type: 'object', required: ['items'],
    properties: { apiVersion: API_VERSION, items: { description: `List of ${k.plural}.`, type: 'array', items: self }, kind: KIND, metadata: d.field(d.ref(`${META}.ListMeta`), 'Standard list metadata.') },
    'x-kubernetes-group-version-kind': gvk(k.listKind),
  });
  return { self, list };
}

/** What OpenAPI v2 has no words for. */
const NOT_IN_V2: ReadonlySet<string> = new Set(['allOf', 'anyOf', 'oneOf', 'not', 'nullable']);

function convert(d: Definitions, s: JSONSchemaProps, root: boolean): SchemaObject {
  const v2 = d.dialect === 'v2', preserve = s['x-kubernetes-preserve-unknown-fields'] === true;
  // kubectl takes what has properties, even those every object has, to have no others.
  if (v2 && root && preserve) return { type: 'object' };
  const out: SchemaObject = {};
  for (const [k, v] of Object.entries(s)) {
    if (k === 'properties' || k === 'items' || k === 'additionalProperties' || (v2 && NOT_IN_V2.has(k))) continue;
    out[k] = v2 ? v : strip(v);
  }
  // Old versions of kubectl hold what they read here against good objects: null, unknown fields and lists of anything pass only where no type is named.
  const open = v2 && (s.nullable === true || preserve), items = open ? undefined : asSchema(s.items), additional = asSchema(s.additionalProperties);
  if (v2 && (s.nullable === true || (preserve && s.type === 'object') || (s.type === 'array' && !items))) delete out['type'];
  if (v2 && s.required) {
    const required = additional?.nullable === true ? [] : s.required.filter(f => open || asSchema(s.properties?.[f])?.nullable !== true);
    if (required.length > 0) out['required'] = required; else delete out['required'];
  }
  const properties: SchemaObject = {};
  if (!open) for (const [k, v] of Object.entries(s.properties ?? {})) properties[k] = convert(d, v, false);
  const embedded = s['x-kubernetes-embedded-resource'] === true && !(v2 && preserve);
  if (embedded && !root) out['required'] = [...new Set([...(out['required'] as string[] | undefined ?? []), 'kind', 'apiVersion'])];
  if (root || embedded) {
    properties['apiVersion'] = API_VERSION;
    properties['kind'] = KIND;
    properties['metadata'] = d.field(d.ref(`${META}.ObjectMeta`), "Standard object's metadata.");
  }
  if (Object.keys(properties).length > 0) out['properties'] = properties;
  if (items) out['items'] = convert(d, items, false);
  if (additional) out['additionalProperties'] = convert(d, additional, false);
  else if (s.additionalProperties === true) out['additionalProperties'] = v2 ? {} : true;
  return out;
}

/** The value without fields that are undefined. */
const strip = (v: unknown): unknown => (isObject(v) ? Object.fromEntries(Object.entries(v).filter(([, x]) => x !== undefined)) : v);

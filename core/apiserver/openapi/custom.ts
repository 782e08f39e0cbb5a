// Schemas of custom resources in the published documents: whole in OpenAPI v3, what can be said of them in v2 (apiextensions-apiserver
// pkg/controller/openapi). In v2 whatever a client might hold against a good object is left out.
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

/** Words that v2 clients would take wrongly. */
const NOT_IN_V2: ReadonlySet<string> = new Set(['allOf', 'anyOf', 'oneOf', 'not', 'nullable', 'default', 'x-kubernetes-validations', 'x-kubernetes-embedded-resource', 'x-kubernetes-int-or-string', 'x-kubernetes-preserve-unknown-fields']);

function convert(d: Definitions, s: JSONSchemaProps, root: boolean): SchemaObject {
  const v2 = d.dialect === 'v2', out: SchemaObject = {};
  for (const [k, v] of Object.entries(s)) {
    if (k === 'properties' || k === 'items' || k === 'additionalProperties' || (v2 && NOT_IN_V2.has(k))) continue;
    out[k] = v2 ? v : strip(v);
  }
  const preserve = s['x-kubernetes-preserve-unknown-fields'] === true, embedded = root || s['x-kubernetes-embedded-resource'] === true;
  if (v2 && preserve) {
    // A client that prunes by what it knows must not prune here.
    out['x-kubernetes-preserve-unknown-fields'] = true;
    if (!root) { delete out['required']; delete out['type']; return { ...out, ...(s.type && s.type !== 'object' ? { type: s.type } : { type: 'object' }) }; }
  }
  if (v2 && (s.nullable === true || s['x-kubernetes-int-or-string'] === true)) {
    delete out['type'];
    if (s['x-kubernetes-int-or-string']) out['x-kubernetes-int-or-string'] = true;
    return out;
  }
  const properties: SchemaObject = {};
  for (const [k, v] of Object.entries(s.properties ?? {})) properties[k] = convert(d, v, false);
  if (embedded) {
    properties['apiVersion'] = API_VERSION;
    properties['kind'] = KIND;
    properties['metadata'] = d.field(d.ref(`${META}.ObjectMeta`), "Standard object's metadata.");
  }
  if (Object.keys(properties).length > 0) out['properties'] = properties;
  const items = asSchema(s.items), additional = asSchema(s.additionalProperties);
  if (items) out['items'] = convert(d, items, false);
  if (additional) out['additionalProperties'] = convert(d, additional, false);
  else if (s.additionalProperties === true) out['additionalProperties'] = v2 ? {} : true;
  return out;
}

/** The value without fields that are undefined. */
const strip = (v: unknown): unknown => (isObject(v) ? Object.fromEntries(Object.entries(v).filter(([, x]) => x !== undefined)) : v);

// How fields of a custom resource merge and are owned under server-side apply: its structural schema in the words of field ownership
// (apiextensions-apiserver pkg/controller/openapi and structured-merge-diff's reading of it).
import { DEDUCED, type FieldSchema } from '../../api/meta/managed-fields/schema.ts';
import type { Structural } from './structural.ts';

const ANY: FieldSchema = { form: 'scalar' };
const ATOMIC_LIST: FieldSchema = { form: 'atomic', is: 'list' }, ATOMIC_MAP: FieldSchema = { form: 'atomic', is: 'map' };
const SCALARS: Readonly<Record<string, FieldSchema>> = { string: { form: 'scalar', is: 'string' }, boolean: { form: 'scalar', is: 'boolean' }, integer: { form: 'scalar', is: 'numeric' }, number: { form: 'scalar', is: 'numeric' } };

/** The root of a custom resource; `meta` is the schema of the metadata of every object, which embedded objects have too. */
export function fieldSchemaOf(s: Structural, meta: FieldSchema): FieldSchema { return object(s, meta, true); }

function node(s: Structural, meta: FieldSchema): FieldSchema {
  if (s.intOrString) return ANY;
  if (s.type === 'array') return list(s, meta);
  if (s.type === 'object' || s.properties.size > 0) return object(s, meta, s.embedded);
  return SCALARS[s.type] ?? (s.preserve ? DEDUCED : ANY);
}

function list(s: Structural, meta: FieldSchema): FieldSchema {
  if (s.listType === 'set') return { form: 'set', items: s.items ? node(s.items, meta) : ANY };
  if (s.listType !== 'map' || !s.items) return ATOMIC_LIST;
  const keyDefaults = Object.fromEntries(s.listMapKeys.flatMap(k => { const d = s.items!.properties.get(k)?.default; return d === undefined ? [] : [[k, d]]; }));
  return { form: 'keyed', items: node(s.items, meta), keys: s.listMapKeys, ...(Object.keys(keyDefaults).length > 0 ? { keyDefaults } : {}) };
}

function object(s: Structural, meta: FieldSchema, identity: boolean): FieldSchema {
  if (s.mapType === 'atomic') return ATOMIC_MAP;
  if (!identity && s.properties.size === 0) {
    if (typeof s.additional === 'object') return { form: 'map', items: node(s.additional, meta) };
    if (s.preserve || s.additional === true) return DEDUCED;
  }
  const fields = new Map<string, FieldSchema>();
  for (const [k, p] of s.properties) fields.set(k, node(p, meta));
  if (identity) {
    fields.set('apiVersion', SCALARS['string']!).set('kind', SCALARS['string']!).set('metadata', meta);
  }
  return { form: 'struct', field: name => fields.get(name), ...(s.preserve ? { items: DEDUCED } : {}) };
}

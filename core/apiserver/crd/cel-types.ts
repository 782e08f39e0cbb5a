// The types that rules of custom resources see, and the bounds estimates go by (k8s.io/apiserver pkg/cel/common, schemas).
import type { Structural } from './structural.ts';
import { escapeField } from '../cel/values.ts';
import { BOOL, BYTES, DOUBLE, DURATION, DYN, INT, listOf, mapOf, objectOf, sized, STRING, TIMESTAMP, type Type } from '../cel/types.ts';

/** No request is larger, so nothing in one can be. */
const MAX_REQUEST = 3 * 1024 * 1024;
const FORMAT_SIZES: Readonly<Record<string, number>> = { 'date': 12, 'date-time': 32, 'datetime': 32, 'duration': 32 };

/** The least a value takes in JSON. */
export function minSize(s: Structural): number {
  switch (s.type) {
    case 'integer': case 'number': return 1;
    case 'boolean': return 4;
    case 'object': {
      let size = 2;
      for (const name of s.required) { const p = s.properties.get(name); if (p && p.default === undefined) size += name.length + 4 + minSize(p); }
      return size;
    }
    default: return s.intOrString ? 1 : 2;
  }
}

/** How often a place may occur in one object when nothing bounds the lists and maps around it. */
export const unboundedCardinality = (s: Structural): number => Math.floor(MAX_REQUEST / (minSize(s) + 1));

const types = new WeakMap<Structural, Type | null>();
/** The type of a place; undefined where rules cannot look. Built once. */
export function celType(s: Structural, root = false): Type | undefined {
  let t = types.get(s);
  if (t === undefined) types.set(s, t = made(s, root) ?? null);
  return t ?? undefined;
}

function made(s: Structural, root: boolean): Type | undefined {
  if (s.intOrString) return sized(DYN, MAX_REQUEST - 2);
  switch (s.type) {
    case 'boolean': return BOOL;
    case 'integer': return INT;
    case 'number': return DOUBLE;
    case 'string': return text(s);
    case 'array': {
      const items = s.items && celType(s.items);
      if (!items) return undefined;
      const list = s.listType === 'set' || s.listType === 'map' ? { list: { type: s.listType as 'set' | 'map', keys: s.listMapKeys } } : {};
      return listOf(items, { max: s.raw.maxItems ?? Math.floor((MAX_REQUEST - 2) / (minSize(s.items!) + 1)), ...list });
    }
    case 'object': {
      if (typeof s.additional === 'object') {
        const value = celType(s.additional);
        return value && mapOf(STRING, value, s.raw.maxProperties ?? Math.floor((MAX_REQUEST - 2) / (minSize(s.additional) + 6)));
      }
      return objectOf('object', () => fieldsOf(s, root));
    }
    default: return undefined;
  }
}

function fieldsOf(s: Structural, root: boolean): ReadonlyMap<string, Type> {
  const fields = new Map<string, Type>();
  for (const [name, p] of s.properties) {
    const escaped = escapeField(name), type = celType(p);
    if (escaped !== undefined && type) fields.set(escaped, type);
  }
  if (root || s.embedded) {
    const meta = new Map<string, Type>([['name', sized(STRING, 253)], ['generateName', sized(STRING, 253)]]);
    fields.set('apiVersion', STRING).set('kind', STRING).set('metadata', objectOf('object', () => meta));
  }
  return fields;
}

/** Sizes of texts are bytes here: a character may take four. */
function text(s: Structural): Type {
  const base = s.format === 'byte' ? BYTES : s.format === 'duration' ? DURATION : s.format === 'date' || s.format === 'date-time' || s.format === 'datetime' ? TIMESTAMP : STRING;
  if (base === DURATION || base === TIMESTAMP) return sized(base, FORMAT_SIZES[s.format]);
  const longest = s.enum && Math.max(0, ...s.enum.map(e => (typeof e === 'string' ? e.length : 0)));
  return sized(base, s.raw.maxLength === undefined ? longest ?? MAX_REQUEST - 2 : s.raw.maxLength * 4);
}

// What differs between two states of an object, and what a configuration says: field sets by schema. List items count by their keys,
// atomic values as one (structured-merge-diff's rules; contract 7.8 and 7.12).
import { equal, isObject } from '../clone.ts';
import { elementText, EMPTY, isEmpty, keyElement, LEAF, member, valueElement, type FieldSet } from './field-set.ts';
import { DEDUCED, type FieldSchema } from './schema.ts';

type Obj = Readonly<Record<string, unknown>>;

/** Where items have no usable keys. */
export class ItemError extends Error {}

export interface Comparison {
  /** Members only the second has, or has with another value. */
  readonly changed: FieldSet;
  /** Members only the first has. */
  readonly removed: FieldSet;
}

const elements = new Map<string, string>();
/** `f:name`; the same string each time, so that sets share it. */
export function fieldElement(name: string): string {
  let e = elements.get(name);
  if (e === undefined) {
    // Names of labels and data keys come from clients: no end to them.
    if (elements.size >= 4096) elements.clear();
    elements.set(name, e = `f:${name}`);
  }
  return e;
}

/** The form a value takes where there is no schema. */
export function formOf(schema: FieldSchema, value: unknown): FieldSchema['form'] {
  if (schema.form !== 'deduced') return schema.form;
  return isObject(value) ? 'map' : Array.isArray(value) ? 'atomic' : 'scalar';
}

/** The schema below a struct's or map's key. */
export function childSchema(schema: FieldSchema, key: string): FieldSchema | undefined {
  if (schema.form === 'deduced') return DEDUCED;
  return schema.form === 'struct' ? (schema.field!(key) ?? schema.items) : schema.items;
}

/** An object's field that is not one of the schema's names: its own member, also when it has children. */
const isFree = (schema: FieldSchema, key: string): boolean => schema.form !== 'struct' || schema.field!(key) === undefined;

/** The path element of a list's item; throws ItemError in Kubernetes' words. */
export function itemElement(schema: FieldSchema, item: unknown): string {
  if (schema.form === 'set') {
    if (item === null || item === undefined) throw new ItemError('associative list without keys has an element that\'s a null value');
    if (Array.isArray(item)) throw new ItemError('associative list without keys has an element that\'s a list type');
    if (isObject(item)) throw new ItemError('associative list without keys has an element that\'s a map type');
    return valueElement(item);
  }
  if (item === null || item === undefined) throw new ItemError('associative list with keys may not have a null element');
  if (!isObject(item)) throw new ItemError('associative list with keys may not have non-map elements');
  const keys = schema.keys!;
  if (keys.length === 1 && typeof item[keys[0]!] === 'string') return `k:{"${keys[0]!}":${JSON.stringify(item[keys[0]!])}}`;
  const out: Record<string, unknown> = {};
  for (const key of keys) {
    const value = item[key] ?? schema.keyDefaults?.[key];
    if (value === undefined) throw new ItemError(`associative list with keys has an element that omits key field ${JSON.stringify(key)} (and doesn't have default value)`);
    out[key] = value;
  }
  return keyElement(out);
}

/** Items by path element; undefined when some have no keys or share them: then the list counts as one value. */
export function itemsOf(schema: FieldSchema, list: readonly unknown[]): Map<string, unknown> | undefined {
  const out = new Map<string, unknown>();
  for (const item of list) {
    let e: string;
    try { e = itemElement(schema, item); } catch (error) { if (error instanceof ItemError) return undefined; throw error; }
    if (out.has(e)) return undefined;
    out.set(e, item);
  }
  return out;
}

/** All members of a value that is not there on the other side: every node of it, containers included. Undefined counts as none. */
export function wholeSet(schema: FieldSchema, value: unknown): FieldSet {
  switch (formOf(schema, value)) {
    case 'struct': case 'map': {
      if (!isObject(value)) return LEAF;
      const out: Record<string, FieldSet> = {};
      for (const k in value) if (value[k] !== undefined) out[fieldElement(k)] = wholeSet(childSchema(schema, k) ?? DEDUCED, value[k]);
      return member(out);
    }
    case 'set': case 'keyed': {
      const items = Array.isArray(value) ? itemsOf(schema, value) : undefined;
      if (!items) return LEAF;
      const out: Record<string, FieldSet> = {};
      for (const [e, item] of items) out[e] = schema.form === 'set' ? LEAF : wholeSet(schema.items!, item);
      return member(out);
    }
    default: return LEAF;
  }
}

interface Diff { changed: FieldSet | undefined; removed: FieldSet | undefined }
const NO_DIFF: Diff = { changed: undefined, removed: undefined };
const hasAny = (v: unknown): boolean => { if (Array.isArray(v)) return v.length > 0; for (const _ in v as object) return true; return false; };

/** Compares two states of an object by its schema, at the fields `only` names (all, without it). */
export function compare(schema: FieldSchema, before: Obj, after: Obj, only?: (field: string) => boolean): Comparison {
  const d = diffFields(schema, before, after, only);
  return { changed: d.changed ?? EMPTY, removed: d.removed ?? EMPTY };
}

function diffFields(schema: FieldSchema, a: Obj, b: Obj, only?: (field: string) => boolean): Diff {
  let changed: Record<string, FieldSet> | undefined, removed: Record<string, FieldSet> | undefined;
  for (const k in b) {
    const y = b[k], x = a[k];
    if (x === y || y === undefined || (only && !only(k))) continue;
    const s = childSchema(schema, k) ?? DEDUCED;
    if (x === undefined) { (changed ??= {})[fieldElement(k)] = wholeSet(s, y); continue; }
    const d = diffValue(s, x, y);
    if (d.changed) (changed ??= {})[fieldElement(k)] = d.changed;
    if (d.removed) (removed ??= {})[fieldElement(k)] = d.removed;
  }
  for (const k in a) {
    if (a[k] === undefined || b[k] !== undefined || (only && !only(k))) continue;
    (removed ??= {})[fieldElement(k)] = wholeSet(childSchema(schema, k) ?? DEDUCED, a[k]);
  }
  return changed || removed ? { changed, removed } : NO_DIFF;
}

function diffValue(s: FieldSchema, x: unknown, y: unknown): Diff {
  const form = formOf(s, x);
  if (form !== 'scalar' && form !== 'atomic' && form === formOf(s, y) && (hasAny(x) || hasAny(y))) {
    if (isObject(x) && isObject(y)) return diffFields(s, x, y);
    if (Array.isArray(x) && Array.isArray(y)) {
      // Nearly always: cheaper than looking for who is who.
      if (equal(x, y)) return NO_DIFF;
      const left = itemsOf(s, x), right = itemsOf(s, y);
      if (left && right) return diffItems(s, left, right);
    }
  }
  return equal(x, y) ? NO_DIFF : { changed: LEAF, removed: undefined };
}

function diffItems(s: FieldSchema, left: ReadonlyMap<string, unknown>, right: ReadonlyMap<string, unknown>): Diff {
  let changed: Record<string, FieldSet> | undefined, removed: Record<string, FieldSet> | undefined;
  for (const [e, y] of right) {
    if (!left.has(e)) { (changed ??= {})[e] = s.form === 'set' ? LEAF : wholeSet(s.items!, y); continue; }
    if (s.form === 'set') continue;
    const d = diffValue(s.items!, left.get(e), y);
    if (d.changed) (changed ??= {})[e] = d.changed;
    if (d.removed) (removed ??= {})[e] = d.removed;
  }
  for (const [e, x] of left) if (!right.has(e)) (removed ??= {})[e] = s.form === 'set' ? LEAF : wholeSet(s.items!, x);
  return changed || removed ? { changed, removed } : NO_DIFF;
}

/**
 * What an applied configuration claims: its leaves, its list items and the entries of its maps, not the structs around them.
 * Problems (types, unknown fields, keys) go to `errors` as `.path: what`.
 */
export function claimedSet(schema: FieldSchema, config: Obj, errors: string[]): FieldSet {
  return claimed(schema, config, '', errors) ?? EMPTY;
}

const shown = (v: unknown): string => {
  if (Array.isArray(v)) return `[${v.map(shown).join(' ')}]`;
  if (isObject(v)) return `map[${Object.keys(v).sort().map(k => `${k}:${shown(v[k])}`).join(' ')}]`;
  return v === null ? '<nil>' : String(v);
};
const goType = (v: unknown): string => (typeof v === 'string' ? 'string' : typeof v === 'boolean' ? 'bool' : Array.isArray(v) ? '[]interface {}' : 'map[string]interface {}');

function claimed(s: FieldSchema, value: unknown, path: string, errors: string[]): FieldSet | undefined {
  const bad = (what: string): undefined => { errors.push(path === '' ? what : `${path}: ${what}`); return undefined; };
  const form = formOf(s, value);
  if (form === 'scalar') {
    if (value !== null && s.is === 'string' && typeof value !== 'string') return bad(`expected string, got &value.valueUnstructured{Value:${typeof value === 'object' ? shown(value) : String(value)}}`);
    if (value !== null && s.is === 'boolean' && typeof value !== 'boolean') return bad(`expected boolean, got &value.valueUnstructured{Value:${typeof value === 'string' ? JSON.stringify(value) : shown(value)}}`);
    if (value !== null && s.is === 'numeric' && typeof value !== 'number' && !(value instanceof Number)) return bad(`expected numeric (int or float), got ${goType(value)}`);
    if (s.is === undefined && s.form === 'scalar' && (Array.isArray(value) || isObject(value))) return bad(`expected scalar, got ${goType(value)}`);
    return LEAF;
  }
  if (form === 'atomic') {
    if (value === null || s.is === undefined || (s.is === 'list' ? Array.isArray(value) : isObject(value))) return LEAF;
    return bad(`expected ${s.is}, got &{${shown(value)}}`);
  }
  if (value === null) return undefined;
  if (form === 'struct' || form === 'map') {
    if (!isObject(value)) return bad(`expected map, got &{${shown(value)}}`);
    let out: Record<string, FieldSet> | undefined;
    for (const k in value) {
      const child = childSchema(s, k), v = value[k];
      if (child === undefined) { errors.push(`${path}.${k}: field not declared in schema`); continue; }
      const c = claimed(child, v, `${path}.${k}`, errors);
      const own = v === null || (isObject(v) && !hasAny(v)) || isFree(s, k);
      if (c === undefined && !own) continue;
      (out ??= {})[fieldElement(k)] = c === undefined ? LEAF : own ? member(c) : c;
    }
    return out;
  }
  if (!Array.isArray(value)) return bad(`expected list, got &{${shown(value)}}`);
  let out: Record<string, FieldSet> | undefined;
  value.forEach((item: unknown, i) => {
    let e: string;
    try { e = itemElement(s, item); } catch (error) { if (!(error instanceof ItemError)) throw error; bad(`element ${i}: ${error.message}`); return; }
    const text = elementText(e);
    if (out?.[e] !== undefined) { bad(`duplicate entries for key ${text}`); return; }
    const c = s.form === 'set' ? LEAF : claimed(s.items!, item, path + text, errors);
    (out ??= {})[e] = c === undefined || isEmpty(c) ? LEAF : member(c);
  });
  return out;
}



// Holds an object against the schema of its custom resource, with the texts of k8s.io/kube-openapi pkg/validation as the API server
// words them (apiextensions-apiserver pkg/apiserver/validation). Values that did not change are not judged again (ratcheting).
import { equal, isObject } from '../../api/meta/clone.ts';
import type { FieldError, FieldErrorType } from '../../api/meta/field-error.ts';
import type { Structural } from './structural.ts';

/** A value as Go's field errors print it. */
export function showGo(v: unknown): string {
  if (v === undefined || v === null) return '"null"';
  if (typeof v === 'string') return JSON.stringify(v);
  if (typeof v !== 'object' || v instanceof Number) return String(v);
  return goJson(v);
}
/** JSON as Go marshals it: keys in order, and no angle brackets or ampersands. */
export const goJson = (v: unknown): string => JSON.stringify(sorted(v)).replace(/[<>&]/g, c => `\\u00${c.charCodeAt(0).toString(16)}`);
function sorted(v: unknown): unknown {
  if (Array.isArray(v)) return v.map(sorted);
  return isObject(v) ? Object.fromEntries(Object.keys(v).sort().map(k => [k, sorted(v[k])])) : v;
}

const error = (type: FieldErrorType, path: string, text: string): FieldError => ({ type, field: path === '' ? '<nil>' : path.replace(/^\./, ''), detail: text });
const invalidValue = (path: string, value: unknown, detail: string, type: FieldErrorType = 'FieldValueInvalid'): FieldError => error(type, path, `Invalid value: ${showGo(value)}: ${detail}`);

interface Result { errors: FieldError[]; /** How many checks were made: of several alternatives the one that got farthest is told. */ matched: number }

/** The JSON Schema name of a value's type. */
function typeOf(v: unknown): string {
  if (typeof v === 'string') return 'string';
  if (typeof v === 'boolean') return 'boolean';
  if (typeof v === 'number' || v instanceof Number) return Number.isInteger(v.valueOf()) ? 'integer' : 'number';
  return Array.isArray(v) ? 'array' : 'object';
}
const GO_FORMATS: Readonly<Record<string, string>> = { integer: 'int64', number: 'double', boolean: '', object: '', array: '' };

const typesOf = (s: Structural): readonly string[] => (s.intOrString ? INT_OR_STRING : s.type === '' ? NONE : [s.type]);
const INT_OR_STRING = ['integer', 'string'] as const, NONE: readonly string[] = [];

/**
 * All schema errors of an object, in the schema's order. With `old` what is equal there is taken as it is: maps by their keys, lists of
 * type map by theirs, all else as a whole.
 */
export function validateValue(object: unknown, s: Structural, old?: unknown): FieldError[] {
  return run(object, s, '', old).errors;
}

function run(v: unknown, s: Structural, path: string, old: unknown): Result {
  const r: Result = { errors: [], matched: 0 };
  if (old !== undefined && equal(v, old)) return r;
  const name = path === '' ? '' : path, shown = path.replace(/^\./, '');
  const types = typesOf(s);
  r.matched++;
  if (v === null || v === undefined) {
    if (types.length > 0 && !s.nullable) r.errors.push(typeError(path, types.join(','), 'null', 'null'));
    else if (s.enum && !s.nullable) inEnum(v, s, path, r);
    return r;
  }
  const type = typeOf(v);
  if (!typeFits(type, types, s)) {
    const formatted = type !== 'string' && type !== 'array' && s.format !== '';
    r.errors.push(formatted ? typeError(path, s.format, GO_FORMATS[type] ?? '', GO_FORMATS[type] ?? '') : typeError(path, types.join(','), type, type));
  }
  junctors(v, s, path, r);
  if (type === 'string') checkString(v as string, s, path, r);
  else if (type === 'integer' || type === 'number') checkNumber(v as number, s, path, r);
  else if (type === 'array') checkList(v as unknown[], s, path, r, old);
  if (s.enum) { r.matched++; inEnum(v, s, path, r); }
  if (type === 'object') checkObject(v as Record<string, unknown>, s, name, shown, r, old);
  return r;
}

function typeError(path: string, wanted: string, value: string, shown: string): FieldError {
  const name = path.replace(/^\./, '');
  return invalidValue(path, value, `${name} in body must be of type ${wanted}: ${JSON.stringify(shown)}`, 'FieldValueTypeInvalid');
}

function typeFits(type: string, types: readonly string[], s: Structural): boolean {
  if (types.length === 0) return true;
  if (s.format !== '' && (type === 'string' || type === 'array') && !types.includes('number') && !types.includes('integer')) return true;
  return types.includes(type) || (type === 'integer' && types.includes('number'));
}

function inEnum(v: unknown, s: Structural, path: string, r: Result): void {
  if (s.enum!.some(e => equal(e, v))) return;
  const values = s.enum!.map(e => JSON.stringify(typeof e === 'string' ? e : goJson(e)));
  r.errors.push(error('FieldValueNotSupported', path, `Unsupported value: ${showGo(v)}: supported values: ${values.join(', ')}`));
}

const textLength = (text: string): number => {
  // oxlint-disable-next-line no-control-regex
  if (/^[\u0000-\u007f]*$/.test(text)) return text.length;
  let n = 0;
  for (const _ of text) n++;
  return n;
};

function checkString(v: string, s: Structural, path: string, r: Result): void {
  const { raw } = s, name = path.replace(/^\./, '');
  if (raw.maxLength !== undefined || raw.minLength !== undefined || s.pattern) {
    r.matched++;
    const length = textLength(v);
    if (raw.maxLength !== undefined && length > raw.maxLength) r.errors.push(error('FieldValueTooLong', path, `Too long: may not be more than ${raw.maxLength} bytes`));
    else if (raw.minLength !== undefined && length < raw.minLength) r.errors.push(invalidValue(path, v, `${name} in body should be at least ${raw.minLength} chars long`));
    else if (s.pattern && !s.pattern.test(v)) r.errors.push(invalidValue(path, v, `${name} in body should match '${s.patternText}'`));
  }
  if (s.isFormat) {
    r.matched++;
    if (!s.isFormat(v)) r.errors.push(invalidValue(path, v, `${name} in body must be of type ${s.format}: ${JSON.stringify(v)}`, 'FieldValueTypeInvalid'));
  }
}

function checkNumber(v: number, s: Structural, path: string, r: Result): void {
  const { raw } = s, name = path.replace(/^\./, ''), n = v.valueOf();
  if (raw.multipleOf === undefined && raw.maximum === undefined && raw.minimum === undefined) return;
  r.matched++;
  const bad = (detail: string): void => { r.errors.push(invalidValue(path, v, `${name} in body ${detail}`)); };
  if (raw.multipleOf !== undefined) {
    const q = n / raw.multipleOf;
    if (Math.abs(q - Math.round(q)) > 1e-9 * Math.max(1, Math.abs(q))) bad(`should be a multiple of ${raw.multipleOf}`);
  }
  if (raw.maximum !== undefined && (raw.exclusiveMaximum ? n >= raw.maximum : n > raw.maximum)) bad(`should be less than ${raw.exclusiveMaximum ? '' : 'or equal to '}${raw.maximum}`);
  if (raw.minimum !== undefined && (raw.exclusiveMinimum ? n <= raw.minimum : n < raw.minimum)) bad(`should be greater than ${raw.exclusiveMinimum ? '' : 'or equal to '}${raw.minimum}`);
}

/** The item of the old list that a new one stands for: by its keys, where the list has some. */
export function correlated(s: Structural, old: unknown): ((item: unknown) => unknown) | undefined {
  if (!Array.isArray(old) || s.listType !== 'map' || s.listMapKeys.length === 0) return undefined;
  const keyOf = (item: unknown): string => JSON.stringify(s.listMapKeys.map(k => (isObject(item) ? item[k] ?? s.items?.properties.get(k)?.default : undefined) ?? null));
  const known = new Map(old.map(o => [keyOf(o), o as unknown]));
  return item => known.get(keyOf(item));
}

function checkList(v: unknown[], s: Structural, path: string, r: Result, old: unknown): void {
  const { raw } = s, name = path.replace(/^\./, '');
  r.matched++;
  if (s.items) {
    const before = correlated(s, old);
    for (let i = 0; i < v.length; i++) {
      const inner = run(v[i], s.items, `${path}[${i}]`, before?.(v[i]));
      r.errors.push(...inner.errors);
      r.matched += inner.matched;
    }
  }
  if (raw.minItems !== undefined && v.length < raw.minItems) r.errors.push(invalidValue(path, v.length, `${name} in body should have at least ${raw.minItems} items`));
  if (raw.maxItems !== undefined && v.length > raw.maxItems) r.errors.push(error('FieldValueTooMany', path, `Too many: ${v.length}: must have at most ${raw.maxItems} items`));
  if (raw.uniqueItems && v.some((x, i) => v.slice(0, i).some(y => equal(x, y)))) r.errors.push(invalidValue(path, '', `${name} in body shouldn't contain duplicates`));
}

function checkObject(v: Record<string, unknown>, s: Structural, path: string, name: string, r: Result, old: unknown): void {
  const { raw } = s, keys = Object.keys(v);
  r.matched++;
  if (raw.minProperties !== undefined && keys.length < raw.minProperties) { r.errors.push(invalidValue(path, keys.length, `${name} in body should have at least ${raw.minProperties} properties`)); return; }
  if (raw.maxProperties !== undefined && keys.length > raw.maxProperties) { r.errors.push(error('FieldValueTooMany', path, `Too many: ${keys.length}: must have at most ${raw.maxProperties} items`)); return; }
  const before = isObject(old) ? old : undefined;
  const inner = (k: string, p: Structural): void => {
    const one = run(v[k], p, `${path}.${k}`, before?.[k]);
    r.errors.push(...one.errors);
    r.matched += one.matched;
  };
  if (s.additional === false) {
    for (const k of keys) if (!s.properties.has(k)) r.errors.push(invalidValue(path, '', `${name}.${k} in body is a forbidden property`));
  } else if (typeof s.additional === 'object') {
    for (const k of keys) if (!s.properties.has(k)) inner(k, s.additional);
  }
  for (const [k, p] of s.properties) if (v[k] !== undefined) inner(k, p);
  for (const k of s.required) {
    if (v[k] === undefined && s.properties.get(k)?.default === undefined) r.errors.push(error('FieldValueRequired', `${path}.${k}`, 'Required value'));
  }
}

/** allOf, anyOf, oneOf, not: what they say as a whole has no path of its own. */
function junctors(v: unknown, s: Structural, path: string, r: Result): void {
  const name = JSON.stringify(path.replace(/^\./, ''));
  const whole = (text: string): FieldError => invalidValue('', '', `${name} ${text}`);
  const best = (results: readonly Result[]): Result | undefined => results.reduce<Result | undefined>((b, x) => (b === undefined || x.matched > b.matched ? x : b), undefined);
  const take = (x: Result | undefined): void => { if (x) { r.errors.push(...x.errors); r.matched += x.matched; } };
  if (s.anyOf.length > 0) {
    const results: Result[] = [];
    let passed = false;
    for (const one of s.anyOf) {
      const x = run(v, one, path, undefined);
      if (x.errors.length === 0) { passed = true; break; }
      results.push(x);
    }
    if (!passed) { r.errors.push(whole('must validate at least one schema (anyOf)')); take(best(results)); }
  }
  if (s.oneOf.length > 0) {
    const results = s.oneOf.map(one => run(v, one, path, undefined)), good = results.filter(x => x.errors.length === 0);
    if (good.length === 1) take(good[0]);
    else {
      r.errors.push(whole(`must validate one and only one schema (oneOf). ${good.length === 0 ? 'Found none valid' : `Found ${good.length} valid alternatives`}`));
      take(best(results.filter(x => x.errors.length > 0)));
    }
  }
  if (s.allOf.length > 0) {
    let passed = 0;
    for (const one of s.allOf) {
      const x = run(v, one, path, undefined);
      if (x.errors.length === 0) passed++;
      take(x);
    }
    if (passed < s.allOf.length) r.errors.push(whole(`must validate all the schemas (allOf)${passed === 0 ? '. None validated' : ''}`));
  }
  if (s.not && run(v, s.not, path, undefined).errors.length === 0) r.errors.push(whole('must not validate the schema (not)'));
}

/** Repeated members of sets and repeated keys of lists of type map. */
export function listErrors(v: unknown, s: Structural, path = ''): FieldError[] {
  if (!s.has.lists) return [];
  if (Array.isArray(v)) {
    const errors = s.items ? v.flatMap((x, i) => listErrors(x, s.items!, `${path}[${i}]`)) : [];
    if (s.listType !== 'set' && s.listType !== 'map') return errors;
    const seen = new Set<string>();
    v.forEach((x, i) => {
      const identity = s.listType === 'set' ? x : Object.fromEntries(s.listMapKeys.flatMap(k => (isObject(x) && x[k] !== undefined ? [[k, x[k]]] : [])));
      const text = goJson(identity);
      if (seen.has(text)) errors.push(error('FieldValueDuplicate', `${path}[${i}]`, `Duplicate value: ${showGo(identity)}`));
      seen.add(text);
    });
    return errors;
  }
  if (!isObject(v)) return [];
  return Object.keys(v).flatMap(k => {
    const p = s.properties.get(k) ?? (typeof s.additional === 'object' ? s.additional : undefined);
    return p ? listErrors(v[k], p, path === '' ? k : `${path}.${k}`) : [];
  });
}

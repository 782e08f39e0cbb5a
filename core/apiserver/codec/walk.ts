// Holds a decoded value against its schema as Go's decoder would: wrong types are errors with Go's texts, unknown fields are
// dropped and told, nulls vanish, times and quantities take their canonical spelling. It works in place on a private value.
import { definition, type Definition, type Field, type Shape } from './schemas.ts';
import { Int64, fitsInt64, integer } from './int64.ts';
import { normalizeTime } from './go-time.ts';
import { canonicalQuantity, QUANTITY_TEXT } from '../../api/meta/quantity.ts';
import { MAX_DEPTH, NumberLiteral, pathText } from './json.ts';

/** The text a Go decoder would have given. */
export class DecodeError extends Error {
  constructor(message: string) { super(message); this.name = 'DecodeError'; }
}

export interface Walked {
  value: Record<string, unknown>;
  /** `unknown field "spec.foo"`, in the order met. */
  unknown: string[];
  /** Object keys seen, at every depth. */
  keys: number;
}

type Obj = Record<string, unknown>;
const isObject = (v: unknown): v is Obj => typeof v === 'object' && v !== null && !Array.isArray(v) && !(v instanceof NumberLiteral) && !(v instanceof Int64);

/** `[]v1.Container`, `map[string]string`: how Go prints a type. */
function goType(shape: Shape): string {
  switch (shape.type) {
    case 'string': return 'string';
    case 'bool': return 'bool';
    case 'int32': return 'int32';
    case 'int64': return 'int64';
    case 'double': return 'float64';
    case 'bytes': return '[]uint8';
    case 'list': return `[]${goType(shape.of)}`;
    case 'map': return shape.of.type === 'quantity' ? 'v1.ResourceList' : `map[string]${goType(shape.of)}`;
    case 'struct': return shape.name.split('.').slice(-2).join('.');
    case 'quantity': return 'resource.Quantity';
    case 'time': return 'v1.Time';
    case 'microtime': return 'v1.MicroTime';
    case 'duration': return 'v1.Duration';
    case 'intOrString': return 'intstr.IntOrString';
    case 'object': return 'runtime.RawExtension';
    default: return 'interface {}';
  }
}

function jsonKind(v: unknown): string {
  if (typeof v === 'string') return 'string';
  if (typeof v === 'boolean') return 'bool';
  if (typeof v === 'number' || v instanceof NumberLiteral || v instanceof Int64) return 'number';
  return Array.isArray(v) ? 'array' : 'object';
}

class Walker {
  readonly unknown: string[] = [];
  keys = 0;
  readonly #path: (string | number)[] = [];
  /** The path as Go's decoder tells it: struct fields only. */
  readonly #goPath: string[] = [];
  #struct = '';

  struct(v: unknown, d: Definition): Obj {
    if (!isObject(v)) throw this.#mismatch(v, { type: 'struct', name: d.name });
    const outer = this.#struct;
    this.#struct = d.name;
    let dropped: Set<string> | undefined;
    for (const key in v) {
      this.keys++;
      const field = d.fields.get(key);
      if (field === undefined) {
        this.#path.push(key);
        this.unknown.push(`unknown field ${JSON.stringify(pathText(this.#path))}`);
        this.#count(v[key]);
        this.#path.pop();
        (dropped ??= new Set()).add(key);
        continue;
      }
      const before = v[key];
      if (before === null) { (dropped ??= new Set()).add(key); continue; }
      this.#path.push(key);
      this.#goPath.push(key);
      const after = this.#value(before, field.shape);
      this.#path.pop();
      this.#goPath.pop();
      if (isNothing(after, field)) (dropped ??= new Set()).add(key);
      else if (after !== before) v[key] = after;
    }
    this.#struct = outer;
    return dropped ? without(v, dropped) : v;
  }

  #value(v: unknown, shape: Shape): unknown {
    switch (shape.type) {
      case 'string': if (typeof v === 'string') return v; throw this.#mismatch(v, shape);
      case 'bool': if (typeof v === 'boolean') return v; throw this.#mismatch(v, shape);
      case 'int32': if (typeof v === 'number' && (v | 0) === v) return v; return this.#integer(v, shape);
      case 'int64': if (Number.isSafeInteger(v)) return v; return this.#integer(v, shape);
      case 'double': {
        if (typeof v === 'number') return v;
        if (v instanceof NumberLiteral) return Number(v.text);
        throw this.#mismatch(v, shape);
      }
      case 'struct': return this.struct(v, known(shape.name));
      case 'list': return this.#list(v, shape);
      case 'map': return this.#map(v, shape);
      case 'bytes': return this.#bytes(v, shape);
      case 'quantity': return quantity(v);
      case 'time': return time(v, 0);
      case 'microtime': return time(v, 6);
      case 'duration': if (typeof v === 'string') return v; throw this.#mismatch(v, shape);
      case 'intOrString': return this.#intOrString(v);
      default: return this.#free(v);
    }
  }

  #integer(v: unknown, shape: Shape): number | Int64 {
    const literal = v instanceof NumberLiteral ? v.text : v instanceof Int64 ? v.text : typeof v === 'number' ? String(v) : undefined;
    if (literal === undefined) throw this.#mismatch(v, shape);
    const fits = /^-?\d+$/.test(literal) && (shape.type === 'int64' ? fitsInt64(literal) : (Number(literal) | 0) === Number(literal));
    if (!fits) throw this.#mismatch(v, shape, `number ${literal}`);
    return integer(literal);
  }

  #list(v: unknown, shape: Shape & { type: 'list' | 'map' }): unknown[] {
    if (!Array.isArray(v)) throw this.#mismatch(v, shape);
    for (let i = 0; i < v.length; i++) {
      this.#path.push(i);
      const before: unknown = v[i], after = before === null ? zero(shape.of) : this.#value(before, shape.of);
      if (after !== before) v[i] = after;
      this.#path.pop();
    }
    return v;
  }

  #map(v: unknown, shape: Shape & { type: 'list' | 'map' }): Obj {
    if (!isObject(v)) throw this.#mismatch(v, shape);
    for (const key in v) {
      this.keys++;
      this.#path.push(key);
      const before = v[key], after = before === null ? zero(shape.of) : this.#value(before, shape.of);
      if (after !== before) v[key] = after;
      this.#path.pop();
    }
    return v;
  }

  #bytes(v: unknown, shape: Shape): string {
    if (typeof v !== 'string') throw this.#mismatch(v, shape);
    const text = /[\r\n]/.test(v) ? v.replace(/[\r\n]/g, '') : v;
    if (text.length % 4 !== 0 || !/^[A-Za-z0-9+/]*={0,2}$/.test(text)) {
      const wrong = /[^A-Za-z0-9+/]/.exec(text);
      throw new DecodeError(`illegal base64 data at input byte ${wrong && !/^={1,2}$/.test(text.slice(wrong.index)) ? wrong.index : text.length - (text.length % 4)}`);
    }
    return text;
  }

  #intOrString(v: unknown): number | Int64 | string {
    if (typeof v === 'string') return v;
    if (typeof v === 'number' && (v | 0) === v) return v;
    const kind = jsonKind(v);
    throw new DecodeError(`json: cannot unmarshal ${kind === 'number' ? `number ${v instanceof NumberLiteral ? v.text : String(v)}` : kind} into Go value of type int32`);
  }

  /** Free-form JSON: kept whole, its keys counted. */
  #free(v: unknown): unknown {
    if (v instanceof NumberLiteral) return v.value;
    this.#count(v);
    return v;
  }

  #count(v: unknown, depth = this.#path.length): void {
    if (typeof v !== 'object' || v === null) return;
    if (depth > MAX_DEPTH) throw new DecodeError('exceeded max depth');
    const o = v as Obj;
    const list = Array.isArray(v);
    for (const key in o) {
      if (!list) this.keys++;
      const inner = o[key];
      if (inner instanceof NumberLiteral) o[key] = inner.value;
      else if (typeof inner === 'object' && inner !== null) this.#count(inner, depth + 1);
    }
  }

  #mismatch(v: unknown, shape: Shape, what = jsonKind(v)): DecodeError {
    const where = this.#goPath.length ? `Go struct field ${this.#struct.slice(this.#struct.lastIndexOf('.') + 1)}.${this.#goPath.join('.')}` : 'Go value';
    return new DecodeError(`json: cannot unmarshal ${what} into ${where} of type ${goType(shape)}`);
  }
}

/** Free-form values (custom resources): depth and keys only. */
export function walkFree(value: Obj): Walked {
  let keys = 0;
  const visit = (o: Obj, depth: number): void => {
    if (depth > MAX_DEPTH) throw new DecodeError('exceeded max depth');
    const list = Array.isArray(o);
    for (const key in o) {
      if (!list) keys++;
      const inner = o[key];
      if (inner instanceof NumberLiteral) o[key] = inner.value;
      else if (typeof inner === 'object' && inner !== null) visit(inner as Obj, depth + 1);
    }
  };
  visit(value, 0);
  return { value, unknown: [], keys };
}

/** What Go's omitempty leaves out when it writes the object again. */
function isNothing(v: unknown, field: Field): boolean {
  if (field.required || field.pointer) return false;
  if (v === '' || v === 0 || v === false) return field.shape.type !== 'intOrString';
  if (Array.isArray(v)) return v.length === 0;
  if (typeof v === 'object' && v !== null) {
    if (field.shape.type !== 'map') return false;
    for (const key in v) if (Object.hasOwn(v, key)) return false;
    return true;
  }
  return false;
}

function without(o: Obj, keys: ReadonlySet<string>): Obj {
  const out: Obj = {};
  for (const key in o) if (!keys.has(key)) out[key] = o[key];
  return out;
}

function known(name: string): Definition {
  const d = definition(name);
  if (!d) throw new Error(`no definition ${name}`);
  return d;
}

function zero(shape: Shape): unknown {
  switch (shape.type) {
    case 'string': case 'bytes': return '';
    case 'bool': return false;
    case 'int32': case 'int64': case 'double': case 'intOrString': return 0;
    case 'quantity': return '0';
    case 'list': return [];
    case 'struct': case 'map': return {};
    default: return null;
  }
}

function quantity(v: unknown): string {
  const text = typeof v === 'string' ? v.trim() : typeof v === 'number' ? String(v) : v instanceof NumberLiteral || v instanceof Int64 ? v.text : undefined;
  if (text === undefined) throw new DecodeError(QUANTITY_TEXT);
  try { return canonicalQuantity(text); } catch (e) { throw new DecodeError((e as Error).message); }
}

function time(v: unknown, digits: 0 | 6): string {
  if (typeof v !== 'string') throw new DecodeError(`json: cannot unmarshal ${jsonKind(v)} into Go value of type string`);
  try { return normalizeTime(v, digits); } catch (e) { throw new DecodeError((e as Error).message); }
}

/** Walks `value` as the definition of that name; throws DecodeError at the first wrong type. */
export function walk(value: unknown, schema: string): Walked {
  const w = new Walker();
  const out = w.struct(value, known(schema));
  return { value: out, unknown: w.unknown, keys: w.keys };
}

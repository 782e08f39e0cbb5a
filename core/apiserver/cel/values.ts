// Values of CEL at run time. Booleans, strings and null are plain; an int is a bigint, a double a number, bytes a Uint8Array; the rest
// are classes. JSON is read lazily: lists and maps wrap what they were made from and convert an element when it is asked for.
import { Int64 } from '../codec/int64.ts';
import { DYN, INT, UINT, DOUBLE, STRING, BOOL, BYTES, NULL, TIMESTAMP, DURATION, listOf, mapOf, opaque, typeOf, typeText, type Type } from './types.ts';

/** An error of the expression; && and || absorb it where the other side decides. */
export class CelError extends Error {
  constructor(message: string) { super(message); this.name = 'CelError'; }
}

export class Uint { readonly v: bigint; constructor(v: bigint) { this.v = v; } }
/** Nanoseconds since 1970. */
export class Timestamp { readonly ns: bigint; constructor(ns: bigint) { this.ns = ns; } }
export class Duration { readonly ns: bigint; constructor(ns: bigint) { this.ns = ns; } }
export class TypeValue { readonly type: Type; constructor(type: Type) { this.type = type; } }
export class Optional {
  /** undefined: none. */
  readonly value: Value | undefined;
  constructor(value: Value | undefined) { this.value = value; }
}
/** A value of a library: URL, quantity, address…; `data` is what the library keeps in it. */
export class Opaque<T = unknown> {
  readonly type: Type;
  readonly data: T;
  constructor(type: Type, data: T) { this.type = type; this.data = data; }
}
/** What a getter of a bound object returns when it has a CEL value rather than JSON. */
export class Computed { readonly value: Value; constructor(value: Value) { this.value = value; } }

export type Value = null | boolean | bigint | number | string | Uint8Array | Uint | Timestamp | Duration | List | CelMap | TypeValue | Optional | Opaque;

export class List {
  readonly #items: unknown[];
  readonly size: number;
  /** Items are JSON of this type; undefined: they are values. */
  readonly #elem: Type | undefined;
  /** The declared type, when it says how the list is compared. */
  readonly type: Type | undefined;
  constructor(items: unknown[], elem?: Type, size = items.length, type?: Type) { this.#items = items; this.#elem = elem; this.size = size; this.type = type; }

  at(i: number): Value { const v = this.#items[i]; return this.#elem ? adapt(v, this.#elem) : v as Value; }
  values(): Value[] { return Array.from({ length: this.size }, (_, i) => this.at(i)); }
  /** The joined list. Where this one is the newest of a growing row, its memory is used: a loop that appends stays linear. */
  concat(other: List): List {
    if (this.#elem === undefined && this.#items.length === this.size && this.size > 0) {
      for (let i = 0; i < other.size; i++) this.#items.push(other.at(i));
      return new List(this.#items, undefined, this.size + other.size, this.type);
    }
    return new List([...this.values(), ...other.values()], undefined, undefined, this.type);
  }
}

type Key = string | bigint | boolean;

export class CelMap {
  readonly #raw: Record<string, unknown> | undefined;
  readonly #made: Map<Key, [Value, Value]> | undefined;
  /** Of a JSON object: the declared type, a map or an object. */
  readonly type: Type | undefined;
  #size = -1;

  private constructor(raw: Record<string, unknown> | undefined, made: Map<Key, [Value, Value]> | undefined, type: Type | undefined) { this.#raw = raw; this.#made = made; this.type = type; }
  static of(raw: object, type: Type = DYN): CelMap { return new CelMap(raw as Record<string, unknown>, undefined, type); }
  static from(entries: Iterable<readonly [Value, Value]>, type?: Type): CelMap {
    const made = new Map<Key, [Value, Value]>();
    for (const [k, v] of entries) made.set(keyOf(k), [k, v]);
    return new CelMap(undefined, made, type);
  }

  get size(): number {
    if (this.#made) return this.#made.size;
    if (this.#size < 0) this.#size = Object.keys(this.#raw!).filter(k => this.#raw![k] !== undefined).length;
    return this.#size;
  }
  get(key: Value): Value | undefined {
    if (this.#made) return this.#made.get(keyOf(key))?.[1];
    if (typeof key !== 'string') return undefined;
    const { type } = this;
    if (type?.kind === 'object') {
      const raw = unescapeField(key);
      if (!Object.hasOwn(this.#raw!, raw) || this.#raw![raw] === undefined) return undefined;
      return adapt(this.#raw![raw], type.fields!().get(key) ?? DYN);
    }
    if (!Object.hasOwn(this.#raw!, key) || this.#raw![key] === undefined) return undefined;
    return adapt(this.#raw![key], type?.kind === 'map' ? type.params[1]! : DYN);
  }
  has(key: Value): boolean {
    if (this.#made) return this.#made.has(keyOf(key));
    if (typeof key !== 'string') return false;
    const raw = this.type?.kind === 'object' ? unescapeField(key) : key;
    return Object.hasOwn(this.#raw!, raw) && this.#raw![raw] !== undefined;
  }
  keys(): Value[] { return this.#made ? [...this.#made.values()].map(e => e[0]) : Object.keys(this.#raw!).filter(k => this.#raw![k] !== undefined); }
  entries(): [Value, Value][] { return this.#made ? [...this.#made.values()] : this.keys().map((k): [Value, Value] => [k, this.get(k)!]); }
}

function keyOf(k: Value): Key {
  if (typeof k === 'string' || typeof k === 'bigint' || typeof k === 'boolean') return k;
  if (k instanceof Uint) return k.v;
  if (typeof k === 'number' && Number.isInteger(k)) return BigInt(k);
  throw new CelError(typeof k === 'number' ? `no such key: ${k}` : `unsupported key type: ${typeText(typeOfValue(k))}`);
}

const KEYWORDS = new Set(['true', 'false', 'null', 'in', 'as', 'break', 'const', 'continue', 'else', 'for', 'function', 'if', 'import', 'let', 'loop', 'package', 'namespace', 'return', 'var', 'void', 'while']);
const ESCAPED: Readonly<Record<string, string>> = { underscores: '__', dot: '.', dash: '-', slash: '/' };
/** The field a property has in expressions (k8s.io/apiserver: `a-b` is `a__dash__b`); undefined when it cannot have any. */
export function escapeField(property: string): string | undefined {
  if (!/^[a-zA-Z_./-][a-zA-Z0-9_./-]*$/.test(property)) return undefined;
  if (KEYWORDS.has(property)) return `__${property}__`;
  return property.replace(/__|[./-]/g, c => (c === '__' ? '__underscores__' : c === '.' ? '__dot__' : c === '-' ? '__dash__' : '__slash__'));
}
function unescapeField(field: string): string {
  if (!field.includes('__')) return field;
  const word = /^__([a-z]+)__$/.exec(field)?.[1];
  if (word !== undefined && KEYWORDS.has(word)) return word;
  return field.replace(/__(underscores|dot|dash|slash)__/g, (_, w: string) => ESCAPED[w]!);
}

const isValue = (v: object): boolean => v instanceof Uint8Array || v instanceof Uint || v instanceof Timestamp || v instanceof Duration || v instanceof List || v instanceof CelMap || v instanceof TypeValue || v instanceof Optional || v instanceof Opaque;
const exact = (v: number | Int64): bigint => (v instanceof Int64 ? BigInt(v.text) : BigInt(v as number));

/** JSON as a value of the type; CEL values pass. Throws CelError for what is not of the type. */
export function adapt(v: unknown, type: Type): Value {
  if (v === null || v === undefined) return null;
  switch (typeof v) {
    case 'string':
      switch (type.kind) {
        case 'timestamp': return parseTimestamp(v);
        case 'duration': return parseDuration(v);
        case 'bytes': return Uint8Array.from(Buffer.from(v, 'base64'));
        default: return v;
      }
    case 'number':
      if (type.kind === 'double') return v;
      if (type.kind === 'uint') return new Uint(BigInt(v));
      return Number.isSafeInteger(v) ? BigInt(v) : v;
    case 'boolean': case 'bigint': return v;
    case 'object':
      if (Array.isArray(v)) return new List(v, type.kind === 'list' ? type.params[0]! : DYN, v.length, type.kind === 'list' ? type : undefined);
      if (v instanceof Computed) return v.value;
      if (v instanceof Int64) return type.kind === 'double' ? v.valueOf() : type.kind === 'uint' ? new Uint(exact(v)) : exact(v);
      if (isValue(v)) return v as Value;
      return CelMap.of(v, type.kind === 'map' || type.kind === 'object' ? type : DYN);
    default: throw new CelError(`unsupported conversion to ref.Val: (${typeof v})`);
  }
}

const MAX_INT = 2n ** 63n - 1n;

/** The value as JSON: ints stay exact, timestamps and durations are texts, bytes base64. Throws CelError for what JSON has no word for. */
export function toJson(v: Value): unknown {
  if (v === null || typeof v === 'boolean' || typeof v === 'string' || typeof v === 'number') return v;
  if (typeof v === 'bigint') return v >= -(2n ** 53n) && v <= 2n ** 53n ? Number(v) : new Int64(String(v));
  if (v instanceof Uint) return toJson(v.v);
  if (v instanceof Uint8Array) return Buffer.from(v).toString('base64');
  if (v instanceof Timestamp) return timestampText(v);
  if (v instanceof Duration) return durationSeconds(v);
  if (v instanceof List) return v.values().map(toJson);
  if (v instanceof Optional) return v.value === undefined ? null : toJson(v.value);
  if (v instanceof CelMap) {
    const out: Record<string, unknown> = {};
    for (const [k, x] of v.entries()) Object.defineProperty(out, v.type?.kind === 'object' ? unescapeField(String(k)) : String(k instanceof Uint ? k.v : k), { value: toJson(x), enumerable: true, configurable: true, writable: true });
    return out;
  }
  throw new CelError(`no conversion found from type ${typeText(typeOfValue(v))} to JSON`);
}

export function typeOfValue(v: Value): Type {
  if (v === null) return NULL;
  switch (typeof v) {
    case 'boolean': return BOOL;
    case 'bigint': return INT;
    case 'number': return DOUBLE;
    case 'string': return STRING;
    default:
  }
  if (v instanceof Uint) return UINT;
  if (v instanceof Uint8Array) return BYTES;
  if (v instanceof Timestamp) return TIMESTAMP;
  if (v instanceof Duration) return DURATION;
  if (v instanceof List) return listOf(DYN);
  if (v instanceof CelMap) return v.type?.kind === 'object' ? v.type : mapOf(DYN, DYN);
  if (v instanceof TypeValue) return typeOf(DYN);
  if (v instanceof Optional) return opaque('optional_type', DYN);
  return (v as Opaque).type;
}

const EXTREME_SECONDS: readonly [bigint, bigint] = [-62135596800n, 253402300799n];
/** Throws CelError outside of the years 1 to 9999. */
export function timestamp(ns: bigint): Timestamp {
  const seconds = floorDiv(ns, 1_000_000_000n);
  if (seconds < EXTREME_SECONDS[0] || seconds > EXTREME_SECONDS[1]) throw new CelError('timestamp overflow');
  return new Timestamp(ns);
}
export function duration(ns: bigint): Duration {
  if (ns > MAX_INT || ns < -MAX_INT - 1n) throw new CelError('duration overflow');
  return new Duration(ns);
}
export const floorDiv = (a: bigint, b: bigint): bigint => (a % b !== 0n && (a < 0n) !== (b < 0n) ? a / b - 1n : a / b);

/** RFC 3339 with up to nine digits of a second. */
export function parseTimestamp(text: string): Timestamp {
  const m = /^(\d{4})-(\d\d)-(\d\d)[Tt](\d\d):(\d\d):(\d\d)(?:[.,](\d{1,}))?(?:[Zz]|([+-])(\d\d):(\d\d))$/.exec(text) ?? /^(\d{4})-(\d\d)-(\d\d)()()()()()$/.exec(text);
  const fail = (): never => { throw new CelError(`invalid timestamp ${JSON.stringify(text)}`); };
  if (!m) return fail();
  const [, y, mo, d, h, mi, s] = m.map(x => Number(x ?? 0)) as number[];
  const date = new Date(0);
  date.setUTCFullYear(y!, mo! - 1, d!);
  date.setUTCHours(h!, mi!, s!);
  if (date.getUTCMonth() !== mo! - 1 || date.getUTCDate() !== d! || h! > 23 || mi! > 59 || s! > 59) return fail();
  const offset = m[8] ? (Number(m[9]) * 60 + Number(m[10])) * (m[8] === '-' ? -1 : 1) : 0;
  return timestamp((BigInt(date.getTime()) - BigInt(offset) * 60_000n) * 1_000_000n + BigInt((m[7] ?? '').padEnd(9, '0').slice(0, 9) || '0'));
}
export function timestampText(t: Timestamp): string {
  const seconds = floorDiv(t.ns, 1_000_000_000n), fraction = t.ns - seconds * 1_000_000_000n;
  const head = new Date(Number(seconds) * 1000).toISOString().replace(/^[+-]0*(\d{4})/, '$1').slice(0, 19);
  return fraction === 0n ? `${head}Z` : `${head}.${String(fraction).padStart(9, '0').replace(/0+$/, '')}Z`;
}

const UNITS: Readonly<Record<string, bigint>> = { ns: 1n, us: 1000n, µs: 1000n, μs: 1000n, ms: 1_000_000n, s: 1_000_000_000n, m: 60_000_000_000n, h: 3_600_000_000_000n };
/** Go's duration text: `1h30m`, `-1.5s`. */
export function parseDuration(text: string): Duration {
  const fail = (): never => { throw new CelError(`time: invalid duration ${JSON.stringify(text)}`); };
  const m = /^([+-]?)(.+)$/.exec(text);
  if (!m) return fail();
  if (m[2] === '0') return new Duration(0n);
  let ns = 0n, at = 0;
  const part = /(\d*)(?:\.(\d*))?(ns|us|µs|μs|ms|s|m|h)/y;
  while (at < m[2]!.length) {
    part.lastIndex = at;
    const p = part.exec(m[2]!);
    if (!p || (p[1] === '' && !p[2])) return fail();
    const unit = UNITS[p[3]!]!, fraction = p[2] ?? '';
    ns += BigInt(p[1] || '0') * unit + (fraction === '' ? 0n : (BigInt(fraction) * unit) / 10n ** BigInt(fraction.length));
    at = part.lastIndex;
  }
  if (ns > MAX_INT) return fail();
  return new Duration(m[1] === '-' ? -ns : ns);
}
/** `90.5s`: how CEL writes a duration as a string. */
export function durationSeconds(d: Duration): string {
  const abs = d.ns < 0n ? -d.ns : d.ns, fraction = abs % 1_000_000_000n;
  return `${d.ns < 0n ? '-' : ''}${abs / 1_000_000_000n}${fraction === 0n ? '' : `.${String(fraction).padStart(9, '0').replace(/0+$/, '')}`}s`;
}

/** Go's shortest text of a double (strconv 'g'). */
export function doubleText(v: number): string {
  if (Number.isNaN(v)) return 'NaN';
  if (!Number.isFinite(v)) return v > 0 ? '+Inf' : '-Inf';
  if (Object.is(v, -0)) return '-0';
  const exponent = v === 0 ? 0 : Number(v.toExponential().split('e')[1]);
  if (exponent < -4 || exponent >= 21) { const [m, e] = v.toExponential().split('e') as [string, string]; return `${m}e${e[0]}${e.slice(1).padStart(2, '0')}`; }
  return String(v).includes('e') ? v.toFixed(20).replace(/0+$/, '') : String(v);
}

/** Equality of CEL: numbers compare across their types, everything else only with its like. */
export function equals(a: Value, b: Value): boolean {
  if (a === b) return true;
  if (a === null || b === null) return false;
  if (isNumber(a) && isNumber(b)) return compareNumbers(a, b) === 0;
  if (typeof a !== 'object' || typeof b !== 'object') return false;
  if (a instanceof List) return b instanceof List && listsEqual(a, b);
  if (a instanceof CelMap) {
    if (!(b instanceof CelMap) || a.size !== b.size) return false;
    for (const [k, v] of a.entries()) { const o = b.get(k); if (o === undefined || !equals(v, o)) return false; }
    return true;
  }
  if (a instanceof Uint8Array) return b instanceof Uint8Array && Buffer.compare(a, b) === 0;
  if (a instanceof Timestamp) return b instanceof Timestamp && a.ns === b.ns;
  if (a instanceof Duration) return b instanceof Duration && a.ns === b.ns;
  if (a instanceof TypeValue) return b instanceof TypeValue && a.type.name === b.type.name;
  if (a instanceof Optional) return b instanceof Optional && (a.value === undefined ? b.value === undefined : b.value !== undefined && equals(a.value, b.value));
  if (a instanceof Opaque && b instanceof Opaque && a.type.name === b.type.name) {
    const e = (a.data as { equals?: (other: unknown) => boolean } | null)?.equals;
    return e ? e.call(a.data, b.data) : a.data === b.data;
  }
  return false;
}

function listsEqual(a: List, b: List): boolean {
  if (a.size !== b.size) return false;
  const how = a.type?.list ?? b.type?.list;
  if (how?.type === 'set') { const others = b.values(); return a.values().every(x => others.some(y => equals(x, y))); }
  if (how?.type === 'map') {
    const others = new Map(b.values().map(x => [listKey(x, how.keys), x]));
    return a.values().every(x => { const y = others.get(listKey(x, how.keys)); return y !== undefined && equals(x, y); });
  }
  for (let i = 0; i < a.size; i++) if (!equals(a.at(i), b.at(i))) return false;
  return true;
}
/** The identity of an item of a list that is a map by `keys`. */
export const listKey = (item: Value, keys: readonly string[]): string => (item instanceof CelMap ? JSON.stringify(keys.map(k => toJson(item.get(escapeField(k) ?? k) ?? null))) : '');

export const isNumber = (v: Value): v is bigint | number | Uint => typeof v === 'bigint' || typeof v === 'number' || v instanceof Uint;
/** -1, 0 or 1; NaN when one of them is. Exact also between ints and doubles. */
export function compareNumbers(a: bigint | number | Uint, b: bigint | number | Uint): number {
  const x = a instanceof Uint ? a.v : a, y = b instanceof Uint ? b.v : b;
  if (Number.isNaN(x) || Number.isNaN(y)) return Number.NaN;
  // JavaScript compares a bigint with a number by their mathematical values.
  return x < y ? -1 : x > y ? 1 : 0;
}

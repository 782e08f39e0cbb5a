// The standard functions and operators (cel-spec, "Standard definitions"), with cel-go's names and costs.
import { overload, type Overload } from './signature.ts';
import { typeText, type Type } from './types.ts';
import { dateParts } from './time-zones.ts';
import { compileRegex } from './regex.ts';
import {
  CelError, CelMap, compareNumbers, doubleText, duration, Duration, durationSeconds, equals, floorDiv, isNumber, List, listKey, Optional, parseDuration, parseTimestamp,
  Timestamp, timestamp, timestampText, typeOfValue, TypeValue, Uint, type Value,
} from './values.ts';

const MAX_INT = 2n ** 63n - 1n, MIN_INT = -(2n ** 63n), MAX_UINT = 2n ** 64n - 1n;
/** Text costs a tenth of its length to go over, a pattern a quarter. */
export const TRAVERSAL = 0.1, REGEX_FACTOR = 0.25;

export const noOverload = (): CelError => new CelError('no such overload');

/** The size that costs count with: characters, bytes, items; 1 for everything without one. */
export function sizeOf(v: Value): number {
  if (typeof v === 'string') return codePoints(v);
  if (v instanceof Uint8Array) return v.length;
  if (v instanceof List || v instanceof CelMap) return v.size;
  if (v instanceof Optional) return v.value === undefined ? 1 : sizeOf(v.value);
  const size = (v as { data?: { size?: number } } | null)?.data?.size;
  return typeof size === 'number' ? size : 1;
}
/** Code points of a text. */
export function codePoints(s: string): number {
  let n = s.length;
  for (let i = 0; i < s.length - 1; i++) { const c = s.charCodeAt(i); if (c >= 0xd800 && c <= 0xdbff) { n--; i++; } }
  return n;
}
export const traversal = (v: Value, times = 1): number => Math.ceil(sizeOf(v) * times * TRAVERSAL);
export const regexCost = (text: Value, pattern: Value): number => Math.ceil((1 + sizeOf(text)) * TRAVERSAL) * Math.ceil(sizeOf(pattern) * REGEX_FACTOR);

const int = (v: bigint): bigint => { if (v > MAX_INT || v < MIN_INT) throw new CelError('integer overflow'); return v; };
const uint = (v: bigint): Uint => { if (v > MAX_UINT || v < 0n) throw new CelError('unsigned integer overflow'); return new Uint(v); };

function add([a, b]: readonly Value[]): Value {
  if (typeof a === 'bigint' && typeof b === 'bigint') return int(a + b);
  if (typeof a === 'string' && typeof b === 'string') return a + b;
  if (a instanceof List && b instanceof List) return addLists(a, b);
  if (typeof a === 'number' && typeof b === 'number') return a + b;
  if (a instanceof Uint && b instanceof Uint) return uint(a.v + b.v);
  if (a instanceof Uint8Array && b instanceof Uint8Array) return Uint8Array.from(Buffer.concat([a, b]));
  if (a instanceof Timestamp && b instanceof Duration) return timestamp(a.ns + b.ns);
  if (a instanceof Duration && b instanceof Timestamp) return timestamp(a.ns + b.ns);
  if (a instanceof Duration && b instanceof Duration) return duration(a.ns + b.ns);
  throw noOverload();
}
/** Sets keep one of equal items, lists that are maps let the right one's item replace the left one's (x-kubernetes-list-type). */
function addLists(a: List, b: List): List {
  const how = a.type?.list;
  if (!how) return a.concat(b);
  const out = a.values();
  if (how.type === 'set') { for (const v of b.values()) if (!out.some(o => equals(o, v))) out.push(v); }
  else {
    const at = new Map(out.map((v, i) => [listKey(v, how.keys), i]));
    for (const v of b.values()) { const i = at.get(listKey(v, how.keys)); if (i === undefined) out.push(v); else out[i] = v; }
  }
  return new List(out, undefined, undefined, a.type);
}
function subtract([a, b]: readonly Value[]): Value {
  if (typeof a === 'bigint' && typeof b === 'bigint') return int(a - b);
  if (typeof a === 'number' && typeof b === 'number') return a - b;
  if (a instanceof Uint && b instanceof Uint) return uint(a.v - b.v);
  if (a instanceof Timestamp && b instanceof Timestamp) return duration(a.ns - b.ns);
  if (a instanceof Timestamp && b instanceof Duration) return timestamp(a.ns - b.ns);
  if (a instanceof Duration && b instanceof Duration) return duration(a.ns - b.ns);
  throw noOverload();
}
function multiply([a, b]: readonly Value[]): Value {
  if (typeof a === 'bigint' && typeof b === 'bigint') return int(a * b);
  if (typeof a === 'number' && typeof b === 'number') return a * b;
  if (a instanceof Uint && b instanceof Uint) return uint(a.v * b.v);
  throw noOverload();
}
function divide([a, b]: readonly Value[]): Value {
  if (typeof a === 'number' && typeof b === 'number') return a / b;
  if (typeof a === 'bigint' && typeof b === 'bigint') { if (b === 0n) throw new CelError('division by zero'); return int(a / b); }
  if (a instanceof Uint && b instanceof Uint) { if (b.v === 0n) throw new CelError('division by zero'); return new Uint(a.v / b.v); }
  throw noOverload();
}
function modulo([a, b]: readonly Value[]): Value {
  if (typeof a === 'bigint' && typeof b === 'bigint') { if (b === 0n) throw new CelError('modulus by zero'); return a % b; }
  if (a instanceof Uint && b instanceof Uint) { if (b.v === 0n) throw new CelError('modulus by zero'); return new Uint(a.v % b.v); }
  throw noOverload();
}

/** -1, 0, 1 or NaN; throws for values that have no order. */
export function compare(a: Value, b: Value): number {
  if (isNumber(a) && isNumber(b)) return compareNumbers(a, b);
  if (typeof a === 'string' && typeof b === 'string') return Buffer.compare(Buffer.from(a), Buffer.from(b));
  if (typeof a === 'boolean' && typeof b === 'boolean') return Number(a) - Number(b);
  if (a instanceof Timestamp && b instanceof Timestamp) return a.ns < b.ns ? -1 : a.ns > b.ns ? 1 : 0;
  if (a instanceof Duration && b instanceof Duration) return a.ns < b.ns ? -1 : a.ns > b.ns ? 1 : 0;
  if (a instanceof Uint8Array && b instanceof Uint8Array) return Buffer.compare(a, b);
  throw noOverload();
}
const isText = (v: Value): boolean => typeof v === 'string' || v instanceof Uint8Array;
const compareCost = (a: readonly Value[]): number => (isText(a[0]!) && isText(a[1]!) ? Math.ceil(Math.min(sizeOf(a[0]!), sizeOf(a[1]!)) * TRAVERSAL) : 1);
const equalCost = (a: readonly Value[]): number => Math.ceil(Math.min(sizeOf(a[0]!), sizeOf(a[1]!)) * TRAVERSAL);
const addCost = (a: readonly Value[]): number => (isText(a[0]!) && isText(a[1]!) ? Math.ceil((sizeOf(a[0]!) + sizeOf(a[1]!)) * TRAVERSAL) : 1);

function index([a, b]: readonly Value[]): Value {
  const at = a instanceof Optional ? a.value : a;
  if (a instanceof Optional && at === undefined) return a;
  const found = at instanceof List ? item(at, b!) : at instanceof CelMap ? entry(at, b!) : undefined;
  if (found === undefined) throw noOverload();
  return a instanceof Optional ? new Optional(found) : found;
}
function item(list: List, i: Value): Value {
  const n = typeof i === 'bigint' ? i : i instanceof Uint ? i.v : typeof i === 'number' && Number.isInteger(i) ? BigInt(i) : undefined;
  if (n === undefined) throw new CelError(`unsupported index type '${typeText(typeOfValue(i))}' in list`);
  if (n < 0n || n >= BigInt(list.size)) throw new CelError(`index out of bounds: ${n}`);
  return list.at(Number(n));
}
/** How messages print a key. */
export const keyText = (k: Value): string => (k instanceof Uint ? String(k.v) : typeof k === 'number' ? doubleText(k) : String(k));
function entry(map: CelMap, key: Value): Value {
  const v = map.get(key);
  if (v === undefined) throw new CelError(`no such key: ${keyText(key)}`);
  return v;
}
function optionalIndex([a, b]: readonly Value[]): Value {
  const at = a instanceof Optional ? a.value : a;
  if (at === undefined) return new Optional(undefined);
  if (at instanceof CelMap) return new Optional(at.get(b!));
  if (at instanceof List) {
    const n = typeof b === 'bigint' ? b : b instanceof Uint ? b.v : -1n;
    return new Optional(n >= 0n && n < BigInt(at.size) ? at.at(Number(n)) : undefined);
  }
  throw noOverload();
}

function isIn([a, b]: readonly Value[]): Value {
  if (b instanceof CelMap) { try { return b.has(a!); } catch (e) { if (!(e instanceof CelError)) throw e; return false; } }
  if (!(b instanceof List)) throw noOverload();
  for (let i = 0; i < b.size; i++) if (equals(a!, b.at(i))) return true;
  return false;
}

function toInt([v]: readonly Value[]): Value {
  if (typeof v === 'bigint') return v;
  if (v instanceof Uint) return int(v.v);
  if (typeof v === 'number') { if (Number.isNaN(v) || v <= -(2 ** 63) || v >= 2 ** 63) throw new CelError('integer overflow'); return BigInt(Math.trunc(v)); }
  if (typeof v === 'string') {
    if (!/^[+-]?\d+$/.test(v)) throw new CelError(`type conversion error from 'string' to 'int'`);
    return int(BigInt(v.replace(/^\+/, '')));
  }
  if (v instanceof Timestamp) return floorDiv(v.ns, 1_000_000_000n);
  if (v instanceof Duration) return v.ns;
  throw noOverload();
}
function toUint([v]: readonly Value[]): Value {
  if (v instanceof Uint) return v;
  if (typeof v === 'bigint') return uint(v);
  if (typeof v === 'number') { if (Number.isNaN(v) || v < 0 || v >= 2 ** 64) throw new CelError('unsigned integer overflow'); return new Uint(BigInt(Math.trunc(v))); }
  if (typeof v === 'string') { if (!/^\d+$/.test(v)) throw new CelError(`type conversion error from 'string' to 'uint'`); return uint(BigInt(v)); }
  throw noOverload();
}
function toDouble([v]: readonly Value[]): Value {
  if (typeof v === 'number') return v;
  if (typeof v === 'bigint') return Number(v);
  if (v instanceof Uint) return Number(v.v);
  if (typeof v === 'string') {
    const special = /^([+-]?)(inf|infinity|nan)$/i.exec(v);
    if (special) return special[2]!.toLowerCase() === 'nan' ? Number.NaN : special[1] === '-' ? -Infinity : Infinity;
    if (!/^[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?$/.test(v)) throw new CelError(`type conversion error from 'string' to 'double'`);
    return Number(v);
  }
  throw noOverload();
}
/** What string() makes of a value. */
export function toText(v: Value): string {
  if (typeof v === 'string') return v;
  if (typeof v === 'boolean' || typeof v === 'bigint') return String(v);
  if (typeof v === 'number') return doubleText(v);
  if (v instanceof Uint) return String(v.v);
  if (v instanceof Uint8Array) { try { return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(v); } catch (e) { if (!(e instanceof TypeError)) throw e; throw new CelError('invalid UTF-8 in bytes, cannot convert to string'); } }
  if (v instanceof Timestamp) return timestampText(v);
  if (v instanceof Duration) return durationSeconds(v);
  throw noOverload();
}
function toBool([v]: readonly Value[]): Value {
  if (typeof v === 'boolean') return v;
  if (typeof v === 'string') {
    if (['1', 't', 'T', 'true', 'TRUE', 'True'].includes(v)) return true;
    if (['0', 'f', 'F', 'false', 'FALSE', 'False'].includes(v)) return false;
    throw new CelError(`type conversion error from 'string' to 'bool'`);
  }
  throw noOverload();
}

const str = (v: Value | undefined): string => v as string;
const isZero = (v: Value): boolean => v === null || v === false || v === '' || v === 0n || v === 0 || (v instanceof Uint && v.v === 0n) || ((v instanceof List || v instanceof CelMap) && v.size === 0)
  || (v instanceof Uint8Array && v.length === 0) || (v instanceof Duration && v.ns === 0n) || (v instanceof Optional && v.value === undefined);
const opt = (v: Value | undefined): Optional => v as Optional;

/** Every overload of the standard library. */
export function standard(): Overload[] {
  const out: Overload[] = [];
  const def = (signature: string, id: string, run: Overload['run'], cost?: Overload['cost']): void => { out.push(overload(signature, id, run, cost)); };
  const operator = (fn: string, run: Overload['run'], cost: Overload['cost'], ...forms: [string, string][]): void => { for (const [signature, id] of forms) def(`${fn}${signature}`, id, run, cost); };

  operator('_+_', add, addCost, ['(int, int): int', 'add_int64'], ['(uint, uint): uint', 'add_uint64'], ['(double, double): double', 'add_double'], ['(string, string): string', 'add_string'], ['(bytes, bytes): bytes', 'add_bytes'],
    ['(list(A), list(A)): list(A)', 'add_list'], ['(timestamp, duration): timestamp', 'add_timestamp_duration'], ['(duration, timestamp): timestamp', 'add_duration_timestamp'], ['(duration, duration): duration', 'add_duration_duration']);
  operator('_-_', subtract, undefined, ['(int, int): int', 'subtract_int64'], ['(uint, uint): uint', 'subtract_uint64'], ['(double, double): double', 'subtract_double'], ['(timestamp, timestamp): duration', 'subtract_timestamp_timestamp'],
    ['(timestamp, duration): timestamp', 'subtract_timestamp_duration'], ['(duration, duration): duration', 'subtract_duration_duration']);
  operator('_*_', multiply, undefined, ['(int, int): int', 'multiply_int64'], ['(uint, uint): uint', 'multiply_uint64'], ['(double, double): double', 'multiply_double']);
  operator('_/_', divide, undefined, ['(int, int): int', 'divide_int64'], ['(uint, uint): uint', 'divide_uint64'], ['(double, double): double', 'divide_double']);
  operator('_%_', modulo, undefined, ['(int, int): int', 'modulo_int64'], ['(uint, uint): uint', 'modulo_uint64']);
  operator('-_', ([v]) => (typeof v === 'bigint' ? int(-v) : -(v as number)), undefined, ['(int): int', 'negate_int64'], ['(double): double', 'negate_double']);
  def('!_(bool): bool', 'logical_not', ([v]) => !(v as boolean));
  def('_==_(A, A): bool', 'equals', ([a, b]) => equals(a!, b!), equalCost);
  def('_!=_(A, A): bool', 'not_equals', ([a, b]) => !equals(a!, b!), equalCost);
  const orders: [string, (c: number) => boolean][] = [['<', c => c < 0], ['<=', c => c <= 0], ['>', c => c > 0], ['>=', c => c >= 0]];
  const words: Readonly<Record<string, string>> = { '<': 'less', '<=': 'less_equals', '>': 'greater', '>=': 'greater_equals' };
  for (const [op, holds] of orders) {
    const run: Overload['run'] = ([a, b]) => holds(compare(a!, b!));
    for (const t of ['bool', 'int', 'uint', 'double', 'string', 'bytes', 'timestamp', 'duration']) def(`_${op}_(${t}, ${t}): bool`, `${words[op]!}_${t}`, run, compareCost);
    for (const [a, b] of [['int', 'double'], ['int', 'uint'], ['uint', 'double'], ['uint', 'int'], ['double', 'int'], ['double', 'uint']] as const) def(`_${op}_(${a}, ${b}): bool`, `${words[op]!}_${a}_${b}`, run);
  }
  operator('@in', isIn, a => (a[1] instanceof List ? a[1].size : 1), ['(A, list(A)): bool', 'in_list'], ['(A, map(A, B)): bool', 'in_map']);
  operator('_[_]', index, undefined, ['(list(A), int): A', 'index_list'], ['(map(A, B), A): B', 'index_map'], ['(optional(list(A)), int): optional(A)', 'optional_list_index_int'], ['(optional(map(A, B)), A): optional(B)', 'optional_map_index_value']);
  operator('_[?_]', optionalIndex, undefined, ['(list(A), int): optional(A)', 'list_optindex_optional_int'], ['(optional(list(A)), int): optional(A)', 'optional_list_optindex_optional_int'], ['(map(A, B), A): optional(B)', 'map_optindex_optional_value'], ['(optional(map(A, B)), A): optional(B)', 'optional_map_optindex_optional_value']);
  // The evaluator runs these itself: what they do not need they do not evaluate.
  const lazy: Overload['run'] = () => { throw noOverload(); };
  def('_?_:_(bool, A, A): A', 'conditional', lazy);
  def('_&&_(bool, bool): bool', 'logical_and', lazy);
  def('_||_(bool, bool): bool', 'logical_or', lazy);
  def('@not_strictly_false(bool): bool', 'not_strictly_false', lazy);

  for (const t of ['string', 'bytes', 'list(A)', 'map(A, B)']) {
    const name = t.replace(/\(.*/, '');
    const run: Overload['run'] = ([v]) => BigInt(sizeOf(v!));
    def(`size(${t}): int`, `size_${name}`, run);
    def(`${t}->size(): int`, `${name}_size`, run);
  }
  def('type(A): type(A)', 'type', ([v]) => new TypeValue(typeOfValue(v!)));
  def('dyn(A): dyn', 'to_dyn', ([v]) => v!);
  for (const t of ['int', 'uint', 'double', 'string', 'timestamp', 'duration']) def(`int(${t}): int`, `${t}_to_int64`, toInt);
  for (const t of ['uint', 'int', 'double', 'string']) def(`uint(${t}): uint`, `${t}_to_uint64`, toUint);
  for (const t of ['double', 'int', 'uint', 'string']) def(`double(${t}): double`, `${t}_to_double`, toDouble);
  for (const t of ['string', 'bool', 'int', 'uint', 'double', 'bytes', 'timestamp', 'duration']) def(`string(${t}): string`, `${t}_to_string`, ([v]) => toText(v!), t === 'bytes' ? a => traversal(a[0]!) : undefined);
  for (const t of ['bool', 'string']) def(`bool(${t}): bool`, `${t}_to_bool`, toBool);
  def('bytes(bytes): bytes', 'bytes_to_bytes', ([v]) => v!);
  def('bytes(string): bytes', 'string_to_bytes', ([v]) => new TextEncoder().encode(str(v)), a => traversal(a[0]!));
  def('timestamp(timestamp): timestamp', 'timestamp_to_timestamp', ([v]) => v!);
  def('timestamp(string): timestamp', 'string_to_timestamp', ([v]) => parseTimestamp(str(v)));
  def('timestamp(int): timestamp', 'int64_to_timestamp', ([v]) => timestamp((v as bigint) * 1_000_000_000n));
  def('duration(duration): duration', 'duration_to_duration', ([v]) => v!);
  def('duration(string): duration', 'string_to_duration', ([v]) => parseDuration(str(v)));
  def('duration(int): duration', 'int64_to_duration', ([v]) => duration(v as bigint));

  def('string->contains(string): bool', 'contains_string', ([a, b]) => str(a).includes(str(b)), a => traversal(a[0]!) * traversal(a[1]!));
  def('string->startsWith(string): bool', 'starts_with_string', ([a, b]) => str(a).startsWith(str(b)), a => traversal(a[1]!));
  def('string->endsWith(string): bool', 'ends_with_string', ([a, b]) => str(a).endsWith(str(b)), a => traversal(a[1]!));
  const matches: Overload['run'] = ([a, b]) => compileRegex(str(b)).test(str(a));
  def('string->matches(string): bool', 'matches_string', matches, a => regexCost(a[0]!, a[1]!));
  def('matches(string, string): bool', 'matches', matches, a => regexCost(a[0]!, a[1]!));

  for (const [fn, part] of Object.entries(dateParts)) {
    const run: Overload['run'] = ([t, zone]) => BigInt(part(t as Timestamp, zone === undefined ? 'UTC' : str(zone)));
    def(`timestamp->${fn}(): int`, `timestamp_to_${fn}`, run);
    def(`timestamp->${fn}(string): int`, `timestamp_to_${fn}_with_tz`, run);
  }
  const units: [string, bigint][] = [['getHours', 3_600_000_000_000n], ['getMinutes', 60_000_000_000n], ['getSeconds', 1_000_000_000n]];
  for (const [fn, unit] of units) def(`duration->${fn}(): int`, `duration_to_${fn}`, ([d]) => (d as Duration).ns / unit);
  def('duration->getMilliseconds(): int', 'duration_to_getMilliseconds', ([d]) => (d as Duration).ns / 1_000_000n);

  def('optional.of(A): optional(A)', 'optional_of', ([v]) => new Optional(v));
  def('optional.ofNonZeroValue(A): optional(A)', 'optional_ofNonZeroValue', ([v]) => new Optional(isZero(v!) ? undefined : v));
  def('optional.none(): optional(A)', 'optional_none', () => new Optional(undefined));
  def('optional(A)->hasValue(): bool', 'optional_hasValue', ([o]) => opt(o).value !== undefined);
  def('optional(A)->value(): A', 'optional_value', ([o]) => { const { value } = opt(o); if (value === undefined) throw new CelError('optional.none() dereference'); return value; });
  def('optional(A)->or(optional(A)): optional(A)', 'optional_or_optional', ([a, b]) => (opt(a).value === undefined ? b! : a!));
  def('optional(A)->orValue(A): A', 'optional_orValue_value', ([a, b]) => opt(a).value ?? b!);
  const unwrap: Overload['run'] = ([l]) => new List((l as List).values().flatMap(o => (opt(o).value === undefined ? [] : [opt(o).value!])));
  def('optional.unwrap(list(optional(A))): list(A)', 'optional_unwrap', unwrap);
  def('list(optional(A))->unwrapOpt(): list(A)', 'optional_unwrapOpt', unwrap);

  def('cel.@mapInsert(map(A, B), A, B): map(A, B)', 'cel_@mapInsert_map_key_value', ([m, k, v]) => insert(m as CelMap, [[k!, v!]]));
  def('cel.@mapInsert(map(A, B), map(A, B)): map(A, B)', 'cel_@mapInsert_map_map', ([m, n]) => insert(m as CelMap, (n as CelMap).entries()));
  return out;
}

function insert(map: CelMap, more: readonly (readonly [Value, Value])[]): CelMap {
  for (const [k] of more) if (map.has(k)) throw new CelError(`insert failed: key '${keyText(k)}' already exists`);
  return CelMap.from([...map.entries(), ...more]);
}

/** Whether the value may stand for the parameter of an overload. */
export function fits(v: Value, t: Type): boolean {
  switch (t.kind) {
    case 'dyn': case 'param': case 'error': return true;
    case 'bool': return typeof v === 'boolean';
    case 'int': return typeof v === 'bigint';
    case 'double': return typeof v === 'number';
    case 'string': return typeof v === 'string';
    case 'null': return v === null;
    case 'uint': return v instanceof Uint;
    case 'bytes': return v instanceof Uint8Array;
    case 'timestamp': return v instanceof Timestamp;
    case 'duration': return v instanceof Duration;
    case 'list': return v instanceof List;
    case 'map': case 'object': return v instanceof CelMap;
    case 'type': return v instanceof TypeValue;
    case 'opaque': return t.name === 'optional_type' ? v instanceof Optional && (v.value === undefined || fits(v.value, t.params[0]!)) : v !== null && typeof v === 'object' && 'data' in v && v.type.name === t.name;
  }
}

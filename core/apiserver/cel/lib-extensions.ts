// Extensions of CEL that Kubernetes switches on: strings, sets, math and lists (cel-go/ext).
import { compare, sizeOf, toText, traversal } from './functions.ts';
import { overload, type Overload } from './signature.ts';
import { typeText } from './types.ts';
import { CelError, doubleText, Duration, durationSeconds, equals, isNumber, List, Optional, Timestamp, timestampText, CelMap, compareNumbers, typeOfValue, Uint, type Value } from './values.ts';

const str = (v: Value | undefined): string => v as string;
const num = (v: Value | undefined): number => Number(v as bigint);
const list = (v: Value | undefined): List => v as List;
const points = (v: Value | undefined): string[] => [...str(v)];
const lower = (s: string): string => s.replaceAll(/[A-Z]/g, c => c.toLowerCase());
const upper = (s: string): string => s.replaceAll(/[a-z]/g, c => c.toUpperCase());
const outOfRange = (i: bigint | number): CelError => new CelError(`index out of range: ${i}`);

function indexOf(s: readonly string[], sub: readonly string[], from: number, last: boolean): bigint {
  if (from < 0 || from > s.length) throw outOfRange(from);
  if (sub.length === 0) return BigInt(from);
  const at = (i: number): boolean => sub.every((c, k) => s[i + k] === c);
  if (last) { for (let i = Math.min(from, s.length - sub.length); i >= 0; i--) if (at(i)) return BigInt(i); }
  else for (let i = from; i + sub.length <= s.length; i++) if (at(i)) return BigInt(i);
  return -1n;
}

function substring(s: readonly string[], from: number, to: number): string {
  if (from < 0 || from > s.length) throw outOfRange(from);
  if (to < 0 || to > s.length) throw outOfRange(to);
  if (from > to) throw new CelError(`invalid substring range. start: ${from}, end: ${to}`);
  return s.slice(from, to).join('');
}
/** Texts beyond this are refused before they are made: their cost is counted only after. */
const MAX_TEXT = 32 * 1024 * 1024;
function bounded(length: number): void { if (length > MAX_TEXT) throw new CelError('the resulting string is too long'); }

function replace(s: string, old: string, by: string, n: number): string {
  bounded(s.length + (old === '' ? s.length + 1 : Math.floor(s.length / old.length)) * by.length);
  if (n < 0) return old === '' ? [...s, ''].map(c => by + c).join('') : s.split(old).join(by);
  let out = '', rest = s;
  for (let i = 0; i < n; i++) {
    const at = rest.indexOf(old);
    if (at < 0) break;
    if (old === '') { if (rest === '') { out += by; break; } const c = [...rest][0]!; out += by + c; rest = rest.slice(c.length); continue; }
    out += rest.slice(0, at) + by;
    rest = rest.slice(at + old.length);
  }
  return out + rest;
}
function splitText(s: string, sep: string, n: number): List {
  if (n === 0) return new List([]);
  const parts = sep === '' ? [...s] : s.split(sep);
  return new List(n < 0 || parts.length <= n ? parts : [...parts.slice(0, n - 1), parts.slice(n - 1).join(sep)]);
}
const trim = (s: string): string => s.replaceAll(/^[\s\u0085]+|[\s\u0085]+$/g, '');
const quote = (s: string): string => `"${s.replaceAll(/[\u0007\b\f\n\r\t\v\\"]/g, c => ({ '\u0007': '\\a', '\b': '\\b', '\f': '\\f', '\n': '\\n', '\r': '\\r', '\t': '\\t', '\v': '\\v', '\\': '\\\\', '"': '\\"' })[c]!)}"`;

/** What %s prints. */
function shown(v: Value): string {
  if (v === null) return 'null';
  if (v instanceof List) return `[${v.values().map(shown).join(', ')}]`;
  if (v instanceof CelMap) return `{${v.entries().map(([k, x]): [string, string] => [shown(k), shown(x)]).sort((a, b) => (a[0] < b[0] ? -1 : 1)).map(([k, x]) => `${k}: ${x}`).join(', ')}}`;
  if (v instanceof Timestamp) return timestampText(v);
  if (v instanceof Duration) return durationSeconds(v);
  return toText(v);
}

function format(pattern: string, args: List): string {
  let used = 0;
  const out = pattern.replaceAll(/%(?:%|(?:\.(\d+))?([a-zA-Z]))|%/g, (whole, precision: string | undefined, verb: string | undefined) => {
    if (whole === '%%') return '%';
    if (verb === undefined) throw new CelError('could not parse formatting clause: unexpected end of string');
    if (used >= args.size) throw new CelError(`index ${used} out of range`);
    const v = args.at(used++), n = precision === undefined ? 6 : Number(precision);
    const bad = (want: string): never => { throw new CelError(`error during formatting: ${want} clause can only be used on ${want}s, was given ${typeText(typeOfValue(v))}`); };
    const whole64 = typeof v === 'bigint' ? v : v instanceof Uint ? v.v : undefined;
    const real = typeof v === 'number' ? v : whole64 === undefined ? undefined : Number(whole64);
    switch (verb) {
      case 's': return shown(v);
      case 'd': return typeof v === 'number' && !Number.isFinite(v) ? doubleText(v) : String(whole64 ?? bad('integer'));
      case 'f': { const r = real ?? bad('double'); return Number.isFinite(r) ? r.toFixed(Math.min(n, 100)) : Number.isNaN(r) ? 'NaN' : r > 0 ? 'Infinity' : '-Infinity'; }
      case 'e': { const r = real ?? bad('double'); return r.toExponential(Math.min(n, 100)).replace(/e([+-])(\d)$/, 'e$10$2'); }
      case 'b': return typeof v === 'boolean' ? (v ? '1' : '0') : (whole64 ?? bad('integer')).toString(2);
      case 'o': return (whole64 ?? bad('integer')).toString(8);
      case 'x': case 'X': {
        const text = whole64 !== undefined ? whole64.toString(16) : typeof v === 'string' ? Buffer.from(v).toString('hex') : v instanceof Uint8Array ? Buffer.from(v).toString('hex') : bad('hex');
        return verb === 'X' ? text.toUpperCase() : text;
      }
      default: throw new CelError(`could not parse formatting clause: unrecognized formatting clause "${verb}"`);
    }
  });
  if (used < args.size) throw new CelError(`could not format: expected ${used} arguments, got ${args.size}`);
  return out;
}

const contains = (l: List, v: Value): boolean => l.values().some(x => equals(x, v));
const containsAll = (a: List, b: List): boolean => b.values().every(v => contains(a, v));

function extreme(values: readonly Value[], sign: 1 | -1, what: string): Value {
  if (values.length === 0) throw new CelError(`math.@${what}(list) argument must not be empty`);
  return values.reduce((best, v) => {
    if (!isNumber(v) || !isNumber(best)) throw new CelError('no such overload');
    return compareNumbers(v, best) * sign > 0 ? v : best;
  });
}

const optional = (l: List, i: number): Optional => new Optional(i >= 0 && i < l.size ? l.at(i) : undefined);
function flatten(l: List, depth: number): Value[] { return l.values().flatMap(v => (v instanceof List && depth > 0 ? flatten(v, depth - 1) : [v])); }

export function extensions(): Overload[] {
  const out: Overload[] = [];
  const def = (signature: string, id: string, run: Overload['run'], cost?: Overload['cost']): void => { out.push(overload(signature, id, run, cost)); };
  const once: Overload['cost'] = a => traversal(a[0]!), twice: Overload['cost'] = a => traversal(a[0]!, 2);

  def('string->charAt(int): string', 'string_char_at_int', ([s, i]) => { const p = points(s), n = num(i); if (n < 0 || n > p.length) throw outOfRange(n); return p[n] ?? ''; });
  for (const last of [false, true]) {
    const fn = last ? 'lastIndexOf' : 'indexOf';
    def(`string->${fn}(string): int`, `string_${fn}_string`, ([s, t]) => { const p = points(s); return indexOf(p, points(t), last ? p.length : 0, last); }, once);
    def(`string->${fn}(string, int): int`, `string_${fn}_string_int`, ([s, t, i]) => indexOf(points(s), points(t), num(i), last), once);
  }
  def('string->lowerAscii(): string', 'string_lower_ascii', ([s]) => lower(str(s)), once);
  def('string->upperAscii(): string', 'string_upper_ascii', ([s]) => upper(str(s)), once);
  def('string->trim(): string', 'string_trim', ([s]) => trim(str(s)), once);
  def('string->reverse(): string', 'string_reverse', ([s]) => points(s).toReversed().join(''), once);
  def('string->substring(int): string', 'string_substring_int', ([s, i]) => { const p = points(s); return substring(p, num(i), p.length); }, once);
  def('string->substring(int, int): string', 'string_substring_int_int', ([s, i, j]) => substring(points(s), num(i), num(j)), once);
  def('string->replace(string, string): string', 'string_replace_string_string', ([s, a, b]) => replace(str(s), str(a), str(b), -1), twice);
  def('string->replace(string, string, int): string', 'string_replace_string_string_int', ([s, a, b, n]) => replace(str(s), str(a), str(b), num(n)), twice);
  def('string->split(string): list(string)', 'string_split_string', ([s, sep]) => splitText(str(s), str(sep), -1), twice);
  def('string->split(string, int): list(string)', 'string_split_string_int', ([s, sep, n]) => splitText(str(s), str(sep), num(n)), twice);
  const joinCost: Overload['cost'] = (_a, r) => (r === null ? 1 : traversal(r, 2));
  def('list(string)->join(): string', 'list_join', ([l]) => list(l).values().join(''), joinCost);
  def('list(string)->join(string): string', 'list_join_string', ([l, sep]) => { bounded(list(l).size * str(sep).length); return list(l).values().join(str(sep)); }, joinCost);
  def('string->format(list(dyn)): string', 'string_format', ([s, l]) => format(str(s), list(l)), once);
  def('strings.quote(string): string', 'strings_quote', ([s]) => quote(str(s)), once);

  const setCost: Overload['cost'] = a => sizeOf(a[0]!) * sizeOf(a[1]!) + 1;
  def('sets.contains(list(A), list(A)): bool', 'list_sets_contains_list', ([a, b]) => containsAll(list(a), list(b)), setCost);
  def('sets.intersects(list(A), list(A)): bool', 'list_sets_intersects_list', ([a, b]) => list(a).values().some(v => contains(list(b), v)), setCost);
  def('sets.equivalent(list(A), list(A)): bool', 'list_sets_equivalent_list', ([a, b]) => containsAll(list(a), list(b)) && containsAll(list(b), list(a)), a => 2 * sizeOf(a[0]!) * sizeOf(a[1]!) + 1);

  for (const [fn, sign] of [['greatest', 1], ['least', -1]] as const) {
    for (let n = 1; n <= 6; n++) def(`math.${fn}(${Array.from({ length: n }, () => 'dyn').join(', ')}): dyn`, `math_@${fn}_${n}`, a => extreme(a.length === 1 && a[0] instanceof List ? a[0].values() : a, sign, fn));
  }
  const round: Readonly<Record<string, (v: number) => number>> = {
    ceil: Math.ceil, floor: Math.floor, trunc: Math.trunc, round: v => Math.sign(v) * Math.round(Math.abs(v)),
  };
  for (const [fn, f] of Object.entries(round)) def(`math.${fn}(double): double`, `math_${fn}_double`, ([v]) => f(v as number));
  def('math.sqrt(double): double', 'math_sqrt_double', ([v]) => Math.sqrt(v as number));
  def('math.isNaN(double): bool', 'math_isNaN_double', ([v]) => Number.isNaN(v as number));
  def('math.isInf(double): bool', 'math_isInf_double', ([v]) => Math.abs(v as number) === Infinity);
  def('math.isFinite(double): bool', 'math_isFinite_double', ([v]) => Number.isFinite(v as number));
  def('math.abs(double): double', 'math_abs_double', ([v]) => Math.abs(v as number));
  def('math.abs(int): int', 'math_abs_int', ([v]) => { const n = v as bigint; if (n === -(2n ** 63n)) throw new CelError('integer overflow'); return n < 0n ? -n : n; });
  def('math.sign(double): double', 'math_sign_double', ([v]) => Math.sign(v as number));
  def('math.sign(int): int', 'math_sign_int', ([v]) => ((v as bigint) < 0n ? -1n : (v as bigint) > 0n ? 1n : 0n));
  const bits: Readonly<Record<string, (a: bigint, b: bigint) => bigint>> = { bitAnd: (a, b) => a & b, bitOr: (a, b) => a | b, bitXor: (a, b) => a ^ b };
  for (const [fn, f] of Object.entries(bits)) {
    def(`math.${fn}(int, int): int`, `math_${fn}_int_int`, ([a, b]) => f(a as bigint, b as bigint));
    def(`math.${fn}(uint, uint): uint`, `math_${fn}_uint_uint`, ([a, b]) => new Uint(f((a as Uint).v, (b as Uint).v)));
  }
  def('math.bitNot(int): int', 'math_bitNot_int', ([a]) => ~(a as bigint));
  def('math.bitShiftLeft(int, int): int', 'math_bitShiftLeft_int_int', ([a, b]) => { if ((b as bigint) < 0n) throw new CelError(`math.bitShiftLeft() negative offset: ${b as bigint}`); return BigInt.asIntN(64, (b as bigint) > 63n ? 0n : (a as bigint) << (b as bigint)); });
  def('math.bitShiftRight(int, int): int', 'math_bitShiftRight_int_int', ([a, b]) => { if ((b as bigint) < 0n) throw new CelError(`math.bitShiftRight() negative offset: ${b as bigint}`); return (b as bigint) > 63n ? 0n : BigInt.asUintN(64, a as bigint) >> (b as bigint); });

  def('list(A)->slice(int, int): list(A)', 'list_slice', ([l, a, b]) => {
    const n = list(l).size, from = num(a), to = num(b);
    if (from < 0 || to < 0) throw new CelError(`cannot slice(${from}, ${to}), negative indexes not supported`);
    if (from > to) throw new CelError(`cannot slice(${from}, ${to}), start index must be less than or equal to end index`);
    if (to > n) throw new CelError(`cannot slice(${from}, ${to}), list is length ${n}`);
    return new List(list(l).values().slice(from, to));
  }, a => Math.max(1, num(a[2]) - num(a[1])));
  def('list(list(A))->flatten(): list(A)', 'list_flatten', ([l]) => new List(flatten(list(l), 1)), a => 1 + sizeOf(a[0]!));
  def('list(dyn)->flatten(int): list(dyn)', 'list_flatten_int', ([l, d]) => { if ((d as bigint) < 0n) throw new CelError('level must be non-negative'); return new List(flatten(list(l), num(d))); }, a => 1 + sizeOf(a[0]!));
  def('list(A)->distinct(): list(A)', 'list_distinct', ([l]) => { const o: Value[] = []; for (const v of list(l).values()) if (!o.some(x => equals(x, v))) o.push(v); return new List(o); }, a => 1 + sizeOf(a[0]!) ** 2);
  def('list(A)->reverse(): list(A)', 'list_reverse', ([l]) => new List(list(l).values().toReversed()), a => 1 + sizeOf(a[0]!));
  def('list(A)->sort(): list(A)', 'list_sort', ([l]) => new List(list(l).values().toSorted(compare)), a => 1 + sizeOf(a[0]!) ** 2);
  def('list(A)->first(): optional(A)', 'list_first', ([l]) => optional(list(l), 0));
  def('list(A)->last(): optional(A)', 'list_last', ([l]) => optional(list(l), list(l).size - 1));
  def('lists.range(int): list(int)', 'lists_range', ([n]) => new List(Array.from({ length: Math.max(0, Math.min(num(n), 1_000_000)) }, (_, i) => BigInt(i))), a => 1 + Math.max(0, num(a[0])));
  return out;
}

// Kubernetes' protobuf bodies: the four bytes `k8s\0`, a runtime.Unknown, and in it the message of a built-in kind. One decoder
// for all of them, driven by the generated tables of field numbers.
import type { Unstructured } from '../../api/meta/object.ts';
import { apiVersionOf } from '../../api/meta/object.ts';
import { WIRE } from '../../api/types/wire.ts';
import { Int64 } from './int64.ts';
import { parseJson } from './json.ts';
import { LineTable, parseShape, schemaOf, definition, type Shape } from './schemas.ts';
import { durationText } from './go-time.ts';
import { DecodeError } from './walk.ts';

/** The bytes are no protobuf message, or are cut short. */
export class ProtobufError extends Error {
  constructor(message: string) { super(message); this.name = 'ProtobufError'; }
}

export interface Row { /** '' marks an embedded struct: its fields belong to the object around it. */ name: string; shape: Shape; wrapped: boolean; /** Kept when it is false, 0 or ''. */ kept: boolean; inner?: Message }
export type Message = ReadonlyMap<number, Row>;
type Obj = Record<string, unknown>;

const PREFIX = Buffer.from('k8s\0', 'latin1');
const JSON_MESSAGES = new Set(['JSON']);
const table = new LineTable<[number, string, string][]>(WIRE);
const parsed = new Map<string, Message>();

/** The message of that name; the fields of an embedded one belong to `owner`'s definition. */
export function message(name: string, owner = name): Message | undefined {
  const key = owner === name ? name : `${name} in ${owner}`;
  const known = parsed.get(key);
  if (known) return known;
  const rows = table.get(name);
  if (!rows) return undefined;
  const d = definition(owner);
  const out = new Map<number, Row>();
  parsed.set(key, out);
  for (const [number, field, type] of rows) {
    const wrapped = type.endsWith('V'), f = d?.fields.get(field);
    const shape = parseShape(wrapped ? type.replace(/V$/, '[s') : type, name);
    const inner = field === '' && shape.type === 'struct' ? message(shape.name, owner) : undefined;
    out.set(number, { name: field, shape, wrapped, kept: !f || f.pointer || f.required || shape.type === 'intOrString', inner });
  }
  return out;
}

class Reader {
  readonly buf: Buffer;
  at: number;
  readonly end: number;
  constructor(buf: Buffer, at: number, end: number) { this.buf = buf; this.at = at; this.end = end; }
  get more(): boolean { return this.at < this.end; }

  /** An unsigned varint; beyond 2^53 as BigInt. */
  varint(): number | bigint {
    let low = 0, shift = 1;
    for (let i = 0; i < 7; i++) {
      const b = this.#byte();
      low += (b & 127) * shift;
      if (b < 128) return low;
      shift *= 128;
    }
    let big = BigInt(low), s = 49n;
    for (let i = 7; i < 10; i++, s += 7n) {
      const b = this.#byte();
      big += BigInt(b & 127) << s;
      if (b < 128) return big <= 9007199254740991n ? Number(big) : BigInt.asUintN(64, big);
    }
    throw new ProtobufError('proto: integer overflow');
  }
  #byte(): number {
    if (this.at >= this.end) throw new ProtobufError('unexpected EOF');
    return this.buf[this.at++]!;
  }
  int64(): number | Int64 {
    const v = this.varint();
    if (typeof v === 'number') return v;
    const signed = BigInt.asIntN(64, v);
    return signed >= -9007199254740991n && signed <= 9007199254740991n ? Number(signed) : new Int64(signed.toString());
  }
  int32(): number {
    const v = this.varint();
    return typeof v === 'number' ? v | 0 : Number(BigInt.asIntN(32, v));
  }
  /** A length-delimited part. */
  part(): Reader {
    const n = this.varint();
    if (typeof n !== 'number' || this.at + n > this.end) throw new ProtobufError('unexpected EOF');
    const r = new Reader(this.buf, this.at, this.at + n);
    this.at += n;
    return r;
  }
  bytes(): Buffer { const p = this.part(); return p.buf.subarray(p.at, p.end); }
  text(): string { const p = this.part(); return p.buf.toString('utf8', p.at, p.end); }
  double(): number {
    if (this.at + 8 > this.end) throw new ProtobufError('unexpected EOF');
    this.at += 8;
    return this.buf.readDoubleLE(this.at - 8);
  }
  skip(wire: number): void {
    if (wire === 0) this.varint();
    else if (wire === 1) this.#leap(8);
    else if (wire === 2) this.part();
    else if (wire === 5) this.#leap(4);
    else throw new ProtobufError(`proto: illegal wireType ${wire}`);
  }
  #leap(n: number): void {
    if (this.at + n > this.end) throw new ProtobufError('unexpected EOF');
    this.at += n;
  }
  /** The next field's number and wire type. */
  tag(): [number: number, wire: number] {
    const t = this.varint();
    if (typeof t !== 'number' || t >>> 3 === 0) throw new ProtobufError('proto: illegal tag 0');
    return [Math.floor(t / 8), t % 8];
  }
}

const MAX_NESTING = 200;

function fill(out: Obj, r: Reader, m: Message, depth: number): Obj {
  if (depth > MAX_NESTING) throw new ProtobufError('proto: exceeded max depth');
  while (r.more) {
    const [number, wire] = r.tag();
    const row = m.get(number);
    if (!row) { r.skip(wire); continue; }
    const { shape, name } = row;
    if (row.inner) { fill(out, r.part(), row.inner, depth + 1); continue; }
    if (shape.type === 'list' && !row.wrapped) {
      const list = (out[name] ??= []) as unknown[];
      // Numbers may come packed.
      if (wire === 2 && (shape.of.type === 'int32' || shape.of.type === 'int64' || shape.of.type === 'bool')) {
        for (const p = r.part(); p.more;) list.push(one(p, shape.of, false, depth));
      } else list.push(one(r, shape.of, false, depth));
    } else if (shape.type === 'map') {
      const entry = r.part(), map = (out[name] ??= {}) as Obj;
      let key = '', value: unknown;
      while (entry.more) {
        const [n, w] = entry.tag();
        if (n === 1) key = entry.text(); else if (n === 2) value = one(entry, shape.of, row.wrapped, depth); else entry.skip(w);
      }
      value ??= emptyOf(shape.of);
      if (key === '__proto__') Object.defineProperty(map, key, { value, enumerable: true, configurable: true, writable: true });
      else map[key] = value;
    } else {
      const value = one(r, shape, row.wrapped, depth);
      // Go writes every field that is no pointer, empty or not, and leaves the empty ones out of JSON.
      if (value === undefined || (!row.kept && (value === '' || value === 0 || value === false))) continue;
      out[name] = value;
    }
  }
  return out;
}

function one(r: Reader, shape: Shape, wrapped: boolean, depth: number): unknown {
  if (wrapped) {
    const list: string[] = [];
    for (const p = r.part(); p.more;) { const [n, w] = p.tag(); if (n === 1) list.push(p.text()); else p.skip(w); }
    return list;
  }
  switch (shape.type) {
    case 'string': return r.text();
    case 'bool': return r.varint() !== 0;
    case 'int32': return r.int32();
    case 'int64': return r.int64();
    case 'double': return r.double();
    case 'bytes': return r.bytes().toString('base64');
    case 'quantity': return single(r.part(), '0', p => p.text());
    case 'time': return stamp(r.part(), 0);
    case 'microtime': return stamp(r.part(), 6);
    case 'duration': return durationText(single(r.part(), 0, p => Number(p.int64())));
    case 'intOrString': return intOrString(r.part());
    case 'object': case 'fields': case 'any': return json(single(r.part(), Buffer.alloc(0), p => p.bytes()));
    case 'struct': {
      const m = message(shape.name);
      if (!m) throw new DecodeError(`no protobuf message ${shape.name}`);
      const short = shape.name.slice(shape.name.lastIndexOf('.') + 1);
      if (JSON_MESSAGES.has(short)) return json(single(r.part(), Buffer.alloc(0), p => p.bytes()));
      const inner = fill({}, r.part(), m, depth + 1);
      return UNIONS[short] ? UNIONS[short](inner) : inner;
    }
    case 'list': case 'map': throw new DecodeError('nested repeated field');
  }
}

/** Structs whose JSON is one of their fields. */
const UNIONS: Readonly<Record<string, ((o: Obj) => unknown) | undefined>> = {
  JSONSchemaPropsOrBool: o => o.schema ?? o.allows ?? false,
  JSONSchemaPropsOrArray: o => o.schema ?? o.jSONSchemas ?? null,
  JSONSchemaPropsOrStringArray: o => o.schema ?? o.property ?? null,
};

/** Field 1 of a message that has only that. */
function single<T>(r: Reader, empty: T, read: (r: Reader) => T): T {
  let v = empty;
  while (r.more) { const [n, w] = r.tag(); if (n === 1) v = read(r); else r.skip(w); }
  return v;
}

function stamp(r: Reader, digits: 0 | 6): string | undefined {
  let seconds = 0, nanos = 0;
  // The zero time is an empty message, and null in JSON.
  if (!r.more) return undefined;
  while (r.more) {
    const [n, w] = r.tag();
    if (n === 1) seconds = Number(r.int64()); else if (n === 2) nanos = r.int32(); else r.skip(w);
  }
  if (Math.abs(seconds) > 8_640_000_000_000) throw new DecodeError('Time.MarshalJSON: year outside of range [0,9999]');
  const text = new Date(seconds * 1000).toISOString().slice(0, -5);
  return digits === 0 ? `${text}Z` : `${text}.${String(Math.floor(nanos / 1000)).padStart(6, '0')}Z`;
}

function intOrString(r: Reader): number | string {
  let type: number | Int64 = 0, int = 0, str = '';
  while (r.more) {
    const [n, w] = r.tag();
    if (n === 1) type = r.int64(); else if (n === 2) int = r.int32(); else if (n === 3) str = r.text(); else r.skip(w);
  }
  return Number(type) === 1 ? str : int;
}

function json(bytes: Buffer): unknown {
  if (bytes.length === 0) return undefined;
  try { return parseJson(bytes.toString('utf8')); } catch (e) { throw new DecodeError((e as Error).message); }
}

const emptyOf = (shape: Shape): unknown => (shape.type === 'struct' ? {} : shape.type === 'list' ? [] : shape.type === 'quantity' ? '0' : '');

/** Decodes a whole body. Throws ProtobufError (no such format) or DecodeError (a kind without a message). */
export function decodeProtobuf(bytes: Buffer, kind: { readonly group: string; readonly version: string; readonly kind: string; readonly schema: string } | undefined): Unstructured {
  if (bytes.length < 4 || !bytes.subarray(0, 4).equals(PREFIX)) {
    throw new ProtobufError(`provided data does not appear to be a protobuf message, expected prefix [${[...PREFIX].join(' ')}]`);
  }
  let apiVersion = '', name = '', raw = Buffer.alloc(0), encoding = '';
  for (const r = new Reader(bytes, 4, bytes.length); r.more;) {
    const [n, w] = r.tag();
    if (n === 1 && w === 2) {
      for (const t = r.part(); t.more;) { const [k, kw] = t.tag(); if (k === 1) apiVersion = t.text(); else if (k === 2) name = t.text(); else t.skip(kw); }
    } else if (n === 2 && w === 2) raw = r.bytes() as Buffer<ArrayBuffer>;
    else if (n === 3 && w === 2) encoding = r.text();
    else r.skip(w);
  }
  if (encoding !== '') throw new ProtobufError(`unable to decode: contentEncoding ${JSON.stringify(encoding)} is not supported`);
  apiVersion ||= kind ? apiVersionOf(kind) : '';
  name ||= kind?.kind ?? '';
  const [version, group] = apiVersion.split('/').reverse() as [string, string | undefined];
  const schema = kind && kind.kind === name ? kind.schema : schemaOf(group ?? '', version, name);
  const m = schema === undefined ? undefined : message(schema);
  if (!m) throw new DecodeError(`no kind ${JSON.stringify(name)} is registered for version ${JSON.stringify(apiVersion)} in scheme "pkg/api/legacyscheme/scheme.go:30"`);
  return fill({ kind: name, apiVersion }, new Reader(raw, 0, raw.length), m, 0) as Unstructured;
}

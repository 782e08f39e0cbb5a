// The way back: an object of a built-in kind as a Kubernetes protobuf body, by the same tables that decode it.
import type { KubeObject, Unstructured } from '../../api/meta/object.ts';
import { nanosOfDuration } from './go-time.ts';
import { Int64 } from './int64.ts';
import { message, type Message, type Row } from './protobuf.ts';
import type { Shape } from './schemas.ts';
import { schemaOf } from './schemas.ts';

type Obj = Record<string, unknown>;
const META = 'io.k8s.apimachinery.pkg.apis.meta.v1';

/** Grows as it is written to. */
export class ProtoWriter {
  #buf: Buffer;
  #at = 0;
  constructor(size = 256) { this.#buf = Buffer.allocUnsafe(size); }
  #room(n: number): void {
    if (this.#at + n <= this.#buf.length) return;
    const bigger = Buffer.allocUnsafe(Math.max(this.#buf.length * 2, this.#at + n));
    this.#buf.copy(bigger, 0, 0, this.#at);
    this.#buf = bigger;
  }
  varint(v: number | bigint): this {
    this.#room(10);
    // Negative numbers are their 64-bit two's complement.
    if (typeof v === 'bigint' || v < 0 || v > 0x7fffffff) {
      let n = BigInt.asUintN(64, BigInt(v));
      for (; n > 127n; n >>= 7n) this.#buf[this.#at++] = Number(n & 127n) | 128;
      this.#buf[this.#at++] = Number(n);
      return this;
    }
    for (; v > 127; v >>>= 7) this.#buf[this.#at++] = (v & 127) | 128;
    this.#buf[this.#at++] = v;
    return this;
  }
  number(field: number, v: number | bigint): this { return this.varint(field * 8).varint(v); }
  text(field: number, v: string): this {
    const n = Buffer.byteLength(v);
    this.varint(field * 8 + 2).varint(n).#room(n);
    this.#at += this.#buf.write(v, this.#at, n, 'utf8');
    return this;
  }
  raw(field: number, v: Uint8Array): this {
    this.varint(field * 8 + 2).varint(v.length).#room(v.length);
    this.#buf.set(v, this.#at);
    this.#at += v.length;
    return this;
  }
  double(field: number, v: number): this {
    this.varint(field * 8 + 1).#room(8);
    this.#at = this.#buf.writeDoubleLE(v, this.#at);
    return this;
  }
  nested(field: number, write: (w: ProtoWriter) => void): this {
    const inner = new ProtoWriter(64);
    write(inner);
    return this.raw(field, inner.bytes());
  }
  bytes(): Buffer { return this.#buf.subarray(0, this.#at); }
}

function fields(w: ProtoWriter, o: Obj, m: Message): void {
  for (const [number, row] of m) {
    if (row.inner) {
      if (touches(o, row.inner)) w.nested(number, x => fields(x, o, row.inner!));
      continue;
    }
    const v = o[row.name];
    if (v === undefined || v === null) continue;
    value(w, number, v, row.shape, row);
  }
}
const touches = (o: Obj, m: Message): boolean => [...m.values()].some(r => (r.inner ? touches(o, r.inner) : o[r.name] !== undefined));

function value(w: ProtoWriter, number: number, v: unknown, shape: Shape, row: Row | undefined): void {
  if (row?.wrapped && shape.type === 'list') { w.nested(number, x => { for (const s of v as string[]) x.text(1, s); }); return; }
  switch (shape.type) {
    case 'string': w.text(number, v as string); return;
    case 'bool': w.number(number, v === true ? 1 : 0); return;
    case 'int32': case 'int64': w.number(number, v instanceof Int64 ? BigInt(v.text) : (v as number)); return;
    case 'double': w.double(number, Number(v)); return;
    case 'bytes': w.raw(number, Buffer.from(v as string, 'base64')); return;
    case 'quantity': w.nested(number, x => x.text(1, v as string)); return;
    case 'time': case 'microtime': w.nested(number, x => stamp(x, v as string)); return;
    case 'duration': w.nested(number, x => x.number(1, nanosOfDuration(v as string))); return;
    case 'intOrString':
      w.nested(number, x => (typeof v === 'string' ? x.number(1, 1).number(2, 0).text(3, v) : x.number(1, 0).number(2, v as number).text(3, '')));
      return;
    case 'object': case 'fields': case 'any': w.nested(number, x => x.raw(1, Buffer.from(JSON.stringify(v)))); return;
    case 'list': for (const item of v as unknown[]) value(w, number, item, shape.of, undefined); return;
    case 'map':
      for (const [key, item] of Object.entries(v as Obj)) {
        w.nested(number, x => {
          x.text(1, key);
          if (row?.wrapped) x.nested(2, y => { for (const s of item as string[]) y.text(1, s); });
          else value(x, 2, item, shape.of, undefined);
        });
      }
      return;
    case 'struct': w.nested(number, x => struct(x, v, shape.name)); return;
  }
}

function struct(w: ProtoWriter, v: unknown, name: string): void {
  const m = message(name);
  if (!m) throw new Error(`no protobuf message ${name}`);
  switch (name.slice(name.lastIndexOf('.') + 1)) {
    case 'JSON': w.raw(1, Buffer.from(JSON.stringify(v))); return;
    case 'JSONSchemaPropsOrBool': fields(w, typeof v === 'boolean' ? { allows: v } : { allows: true, schema: v }, m); return;
    case 'JSONSchemaPropsOrArray': fields(w, Array.isArray(v) ? { jSONSchemas: v } : { schema: v }, m); return;
    case 'JSONSchemaPropsOrStringArray': fields(w, Array.isArray(v) ? { property: v } : { schema: v }, m); return;
    default: fields(w, v as Obj, m);
  }
}

function stamp(w: ProtoWriter, text: string): void {
  const [, whole = text, fraction = ''] = /^(.*?)(?:\.(\d+))?Z$/.exec(text) ?? [];
  w.number(1, Math.floor(Date.parse(`${whole}Z`) / 1000)).number(2, Number(fraction.slice(0, 9).padEnd(9, '0')));
}

/** `k8s\0` and the object in a runtime.Unknown. Throws when its kind is not built in. */
export function encodeProtobuf(object: Unstructured): Buffer {
  const apiVersion = object.apiVersion ?? '', kind = object.kind ?? '';
  if (apiVersion === 'meta.k8s.io/v1') return enveloped(apiVersion, kind, x => { metadataOnly(x, object); });
  const [version, group] = apiVersion.split('/').reverse() as [string, string | undefined];
  const schema = schemaOf(group ?? '', version, kind), m = schema === undefined ? undefined : message(schema);
  if (!m) throw new Error(`no protobuf message for ${apiVersion} ${kind}`);
  return enveloped(apiVersion, kind, x => fields(x, object, m));
}

function enveloped(apiVersion: string, kind: string, body: (w: ProtoWriter) => void): Buffer {
  const w = new ProtoWriter(1024);
  w.nested(1, t => t.text(1, apiVersion).text(2, kind)).nested(2, body).text(3, '').text(4, '');
  return Buffer.concat([Buffer.from('k8s\0', 'latin1'), w.bytes()]);
}

/** meta.v1 PartialObjectMetadata: one field, the metadata. Its list: ListMeta, then items. */
function metadataOnly(w: ProtoWriter, object: Unstructured): void {
  const meta = (x: ProtoWriter, of: Unstructured, name: string): void => { x.nested(1, y => { fields(y, (of.metadata ?? {}) as Obj, message(`${META}.${name}`)!); }); };
  if (object.kind === 'PartialObjectMetadata') { meta(w, object, 'ObjectMeta'); return; }
  meta(w, object, 'ListMeta');
  for (const item of (object as { items?: Unstructured[] }).items ?? []) w.nested(2, x => { meta(x, item, 'ObjectMeta'); });
}

/** One event of a protobuf watch: four bytes of length, then a meta.v1 WatchEvent without envelope around the enveloped object. */
export function watchFrame(type: string, object: KubeObject): Buffer {
  const event = new ProtoWriter(1024).text(1, type).nested(2, x => x.raw(1, encodeProtobuf(object as Unstructured))).bytes();
  const out = Buffer.allocUnsafe(4 + event.length);
  out.writeUInt32BE(event.length, 0);
  event.copy(out, 4);
  return out;
}

// OpenAPI v2 as protobuf (openapi.v2.Document of google/gnostic): the only form kubectl asks /openapi/v2 in. The numbers are
// those of its OpenAPIv2.proto; parts that we never write are left out.

import { ProtoWriter } from '../codec/protobuf-encode.ts';

type Json = Record<string, unknown>;

/** Fields that are absent or of another type are not written. */
class Writer {
  readonly #w = new ProtoWriter();
  text(field: number, v: unknown): this {
    if (typeof v === 'string') this.#w.text(field, v);
    return this;
  }
  texts(field: number, v: unknown): this {
    if (Array.isArray(v)) for (const s of v) this.text(field, s);
    return this;
  }
  bool(field: number, v: unknown): this {
    if (v === true) this.#w.number(field, 1);
    return this;
  }
  message(field: number, write: (w: Writer) => void): this {
    const inner = new Writer();
    write(inner);
    this.#w.raw(field, inner.bytes());
    return this;
  }
  bytes(): Buffer { return this.#w.bytes(); }
}

/** An Any: gnostic keeps it as YAML text, of which JSON is a part. */
const any = (w: Writer, v: unknown): void => { w.text(2, `${JSON.stringify(v)}\n`); };
function extensions(w: Writer, field: number, o: Json): void {
  for (const key of Object.keys(o)) {
    if (key.startsWith('x-')) w.message(field, n => n.text(1, key).message(2, a => any(a, o[key])));
  }
}

function schema(w: Writer, s: Json): void {
  w.text(1, s.$ref).text(2, s.format).text(4, s.description);
  if (s.default !== undefined) w.message(5, a => any(a, s.default));
  w.bool(16, s.uniqueItems).texts(19, s.required);
  if (Array.isArray(s.enum)) for (const e of s.enum) w.message(20, a => any(a, e));
  if (typeof s.additionalProperties === 'object') w.message(21, i => i.message(1, x => schema(x, s.additionalProperties as Json)));
  else if (typeof s.additionalProperties === 'boolean') w.message(21, i => i.bool(2, s.additionalProperties));
  if (typeof s.type === 'string') w.message(22, t => t.text(1, s.type));
  if (typeof s.items === 'object') w.message(23, i => i.message(1, x => schema(x, s.items as Json)));
  if (Array.isArray(s.allOf)) for (const x of s.allOf as Json[]) w.message(24, y => schema(y, x));
  if (typeof s.properties === 'object') w.message(25, p => named(p, 1, s.properties as Json, schema));
  extensions(w, 31, s);
}

function named(w: Writer, field: number, o: Json, write: (w: Writer, v: Json) => void): void {
  for (const [key, v] of Object.entries(o)) w.message(field, n => n.text(1, key).message(2, x => write(x, v as Json)));
}

/** A Parameter: a body, or one of the forms without. */
function parameter(w: Writer, p: Json): void {
  if (p.in === 'body') {
    w.message(1, b => { b.text(1, p.description).text(2, p.name).text(3, p.in).bool(4, p.required).message(5, s => schema(s, p.schema as Json)); });
    return;
  }
  w.message(2, n => {
    if (p.in === 'path') n.message(4, x => { x.bool(1, p.required).text(2, p.in).text(3, p.description).text(4, p.name).text(5, p.type); });
    else n.message(3, x => { x.bool(1, p.required).text(2, p.in).text(3, p.description).text(4, p.name).text(6, p.type); });
  });
}
const parameters = (w: Writer, field: number, list: unknown): void => {
  for (const p of (list ?? []) as Json[]) w.message(field, item => item.message(1, x => parameter(x, p)));
};

function response(w: Writer, r: Json): void {
  w.message(1, x => {
    x.text(1, r.description);
    if (r.schema) x.message(2, item => item.message(1, s => schema(s, r.schema as Json)));
  });
}

function operation(w: Writer, o: Json): void {
  w.texts(1, o.tags).text(3, o.description).text(5, o.operationId).texts(6, o.produces).texts(7, o.consumes);
  parameters(w, 8, o.parameters);
  w.message(9, r => named(r, 1, o.responses as Json, response)).texts(10, o.schemes);
  extensions(w, 13, o);
}

const METHODS = { get: 2, put: 3, post: 4, delete: 5, options: 6, head: 7, patch: 8 } as const;
function pathItem(w: Writer, p: Json): void {
  for (const [method, field] of Object.entries(METHODS)) if (p[method]) w.message(field, x => operation(x, p[method] as Json));
  parameters(w, 9, p.parameters);
}

/** Encodes an OpenAPI v2 document as built by this room. */
export function encodeGnostic(doc: Json): Buffer {
  const w = new Writer();
  w.text(1, doc.swagger).message(2, i => i.text(1, (doc.info as Json).title).text(2, (doc.info as Json).version));
  w.message(8, p => named(p, 2, doc.paths as Json, pathItem));
  w.message(9, d => named(d, 1, doc.definitions as Json, schema));
  return w.bytes();
}

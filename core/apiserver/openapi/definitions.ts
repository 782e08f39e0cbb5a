// Definition tables as JSON Schema, in the dialects of OpenAPI v2 and v3.
import { definition, LineTable, type Definition, type Field, type Shape } from '../codec/schemas.ts';

export type Dialect = 'v2' | 'v3';
export type SchemaObject = Record<string, unknown>;
/** Texts by definition name: '' is the definition's own, the rest its fields'. */
export type Docs = LineTable<Record<string, string>>;

const META = 'io.k8s.apimachinery.pkg.apis.meta.v1';
/** Types that are a definition in the document but plain values in the tables. */
const LEAVES: Readonly<Record<string, { name: string; description: string; v2: SchemaObject; v3: SchemaObject }>> = {
  time: { name: `${META}.Time`, description: 'A time in RFC 3339, to the second.', v2: { type: 'string', format: 'date-time' }, v3: { type: 'string', format: 'date-time' } },
  microtime: { name: `${META}.MicroTime`, description: 'A time in RFC 3339, to the microsecond.', v2: { type: 'string', format: 'date-time' }, v3: { type: 'string', format: 'date-time' } },
  quantity: {
    name: 'io.k8s.apimachinery.pkg.api.resource.Quantity', description: 'A fixed-point number with an optional suffix: binary (Ki, Mi, Gi, Ti, Pi, Ei) or decimal (n, u, m, k, M, G, T, P, E, or an exponent such as e3). Examples: 100m, 1.5Gi, 1e3.',
    v2: { type: 'string' }, v3: { oneOf: [{ type: 'string' }, { type: 'number' }] },
  },
  intOrString: {
    name: 'io.k8s.apimachinery.pkg.util.intstr.IntOrString', description: 'A whole number or a string, such as a port\'s number or name, a count or a percentage.',
    v2: { type: 'string', format: 'int-or-string' }, v3: { format: 'int-or-string', oneOf: [{ type: 'integer' }, { type: 'string' }] },
  },
  fields: { name: `${META}.FieldsV1`, description: 'A set of fields in a trie: f: names a field, k: the keys of a list item, v: a value, i: a position.', v2: { type: 'object' }, v3: { type: 'object' } },
  object: { name: 'io.k8s.apimachinery.pkg.runtime.RawExtension', description: 'An object of any kind.', v2: { type: 'object' }, v3: { type: 'object' } },
};
export const PATCH = `${META}.Patch`;

export class Definitions {
  readonly dialect: Dialect;
  readonly #docs: Docs;
  readonly #prefix: string;
  readonly out: Record<string, SchemaObject> = {};
  /** Group-versions whose DeleteOptions and WatchEvent are these: they list all of them. */
  readonly #everywhere: readonly { group: string; version: string }[];

  constructor(dialect: Dialect, docs: Docs, everywhere: readonly { group: string; version: string }[]) {
    this.dialect = dialect;
    this.#docs = docs;
    this.#everywhere = everywhere;
    this.#prefix = dialect === 'v2' ? '#/definitions/' : '#/components/schemas/';
  }

  /** A reference to the definition, which is added with all it reaches. */
  ref(name: string): SchemaObject {
    if (!(name in this.out)) this.#add(name);
    return { $ref: this.#prefix + name };
  }

  #add(name: string): void {
    if (name === PATCH) { this.out[name] = { description: 'A patch to an object, in one of the media types the operation consumes.', type: 'object' }; return; }
    const d = definition(name);
    if (!d) throw new Error(`no definition ${name}`);
    const schema: SchemaObject = {};
    // In place before its fields: definitions refer to themselves.
    this.out[name] = schema;
    const texts = this.#docs.get(name) ?? {};
    if (texts['']) schema.description = texts[''];
    schema.type = 'object';
    const required = [...d.fields.values()].filter(f => f.required).map(f => f.name);
    if (required.length) schema.required = required;
    const properties: Record<string, SchemaObject> = {};
    for (const f of d.fields.values()) properties[f.name] = this.#property(f, texts[f.name]);
    schema.properties = properties;
    const gvks = this.#gvks(d);
    if (gvks.length) schema['x-kubernetes-group-version-kind'] = gvks;
    if (d.mapType) schema['x-kubernetes-map-type'] = d.mapType;
    if (d.unions) schema['x-kubernetes-unions'] = d.unions;
  }

  #gvks(d: Definition): { group: string; kind: string; version: string }[] {
    const kind = d.name.slice(d.name.lastIndexOf('.') + 1);
    if (d.name === `${META}.DeleteOptions` || d.name === `${META}.WatchEvent`) return this.#everywhere.map(e => ({ group: e.group, kind, version: e.version }));
    return d.gvk ? [{ group: d.gvk.group, kind: d.gvk.kind, version: d.gvk.version }] : [];
  }

  #property(f: Field, text: string | undefined): SchemaObject {
    const value = this.shape(f.shape);
    const description = text ?? this.#own(f.shape);
    // A reference may not have neighbours in v3.
    const out: SchemaObject = this.dialect === 'v3' && '$ref' in value ? { allOf: [value] } : { ...value };
    if (description) out.description = description;
    if (f.default !== undefined) out.default = f.default;
    if (f.enum) out.enum = f.enum;
    if (f.patchMergeKey) out['x-kubernetes-patch-merge-key'] = f.patchMergeKey;
    if (f.patchStrategy) out['x-kubernetes-patch-strategy'] = f.patchStrategy;
    if (f.listType) out['x-kubernetes-list-type'] = f.listType;
    if (f.listMapKeys) out['x-kubernetes-list-map-keys'] = f.listMapKeys;
    if (f.mapType) out['x-kubernetes-map-type'] = f.mapType;
    return out;
  }

  /** The client's models have no text on a field that refers to a struct; the struct's own says most. */
  #own(shape: Shape): string | undefined {
    if (shape.type === 'struct') return this.#docs.get(shape.name)?.[''];
    return LEAVES[shape.type]?.description;
  }

  shape(s: Shape): SchemaObject {
    switch (s.type) {
      case 'string': case 'duration': return { type: 'string' };
      case 'bool': return { type: 'boolean' };
      case 'int32': return { type: 'integer', format: 'int32' };
      case 'int64': return { type: 'integer', format: 'int64' };
      case 'double': return { type: 'number', format: 'double' };
      case 'bytes': return { type: 'string', format: 'byte' };
      case 'list': return { type: 'array', items: this.#inner(s.of) };
      case 'map': return { type: 'object', additionalProperties: this.#inner(s.of) };
      case 'struct': return this.ref(s.name);
      case 'any': return {};
      default: {
        const leaf = LEAVES[s.type]!;
        this.out[leaf.name] ??= { description: leaf.description, ...leaf[this.dialect] };
        return { $ref: this.#prefix + leaf.name };
      }
    }
  }

  #inner(s: Shape): SchemaObject {
    const value = this.shape(s);
    return this.dialect === 'v3' && '$ref' in value ? { allOf: [value], ...(s.type === 'struct' ? { default: {} } : {}) } : value;
  }

  /** Adds a definition that no table knows; a reference to it. */
  put(name: string, schema: SchemaObject): SchemaObject {
    this.out[name] = schema;
    return { $ref: this.#prefix + name };
  }

  /** A field that refers to a definition and has a text of its own. */
  field(ref: SchemaObject, description: string): SchemaObject { return this.dialect === 'v3' ? { allOf: [ref], description } : { ...ref, description }; }

  /** The definitions gathered so far, by name. */
  sorted(): Record<string, SchemaObject> {
    return Object.fromEntries(Object.keys(this.out).sort().map(k => [k, this.out[k]!]));
  }
}

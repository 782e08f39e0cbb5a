// Reads the generated definition tables (scripts/gen/schema.ts says how a line is written). A definition is parsed when it is
// first asked for: a server that sees only pods never parses the rest.
import { SCHEMAS } from '../../api/types/schemas.ts';

/** What a value must look like. `struct` names a definition; `any` is free-form JSON, `object` free-form but an object. */
export type Shape =
  | { readonly type: 'string' | 'bool' | 'int32' | 'int64' | 'double' | 'bytes' | 'quantity' | 'time' | 'microtime' | 'duration' | 'intOrString' | 'object' | 'any' | 'fields' }
  | { readonly type: 'list' | 'map'; readonly of: Shape }
  | { readonly type: 'struct'; readonly name: string };

export interface Field {
  readonly name: string;
  readonly shape: Shape;
  readonly required: boolean;
  /** In Go a pointer: an explicit false, 0 or "" is not the same as nothing. */
  readonly pointer: boolean;
  readonly patchStrategy?: string;
  readonly patchMergeKey?: string;
  readonly listType?: string;
  readonly listMapKeys?: readonly string[];
  readonly mapType?: string;
  readonly enum?: readonly string[];
  readonly default?: unknown;
}

export interface Definition {
  readonly name: string;
  readonly fields: ReadonlyMap<string, Field>;
  readonly gvk?: { readonly group: string; readonly version: string; readonly kind: string };
  readonly mapType?: string;
  readonly unions?: unknown;
}

interface RawAttributes { r?: 1; p?: 1; ps?: string; pk?: string; lt?: string; lk?: string[]; mt?: string; e?: string[]; d?: unknown }
interface RawDefinition { f: [string, string, RawAttributes?][]; g?: [string, string, string]; mt?: string; u?: unknown }

/** A table of lines `name TAB JSON`, parsed line by line on demand. */
export class LineTable<T> {
  readonly #text: string;
  #index: Map<string, number> | undefined;
  constructor(text: string) { this.#text = text; }

  get names(): IterableIterator<string> { return this.#lines().keys(); }

  get(name: string): T | undefined {
    const at = this.#lines().get(name);
    if (at === undefined) return undefined;
    const end = this.#text.indexOf('\n', at);
    return JSON.parse(this.#text.slice(at, end < 0 ? undefined : end)) as T;
  }

  #lines(): Map<string, number> {
    if (this.#index) return this.#index;
    const index = new Map<string, number>();
    for (let at = 0; at >= 0 && at < this.#text.length;) {
      const tab = this.#text.indexOf('\t', at);
      index.set(this.#text.slice(at, tab), tab + 1);
      const end = this.#text.indexOf('\n', tab);
      at = end < 0 ? -1 : end + 1;
    }
    return this.#index = index;
  }
}

const SCALARS: Readonly<Record<string, Shape>> = {
  s: { type: 'string' }, b: { type: 'bool' }, i: { type: 'int32' }, l: { type: 'int64' }, d: { type: 'double' }, y: { type: 'bytes' },
  q: { type: 'quantity' }, t: { type: 'time' }, m: { type: 'microtime' }, D: { type: 'duration' }, n: { type: 'intOrString' }, o: { type: 'object' },
  '*': { type: 'any' }, F: { type: 'fields' },
};

/** Parses the type language; `owner` is the definition whose package a relative name belongs to. */
export function parseShape(text: string, owner: string): Shape {
  switch (text[0]) {
    case '[': return { type: 'list', of: parseShape(text.slice(1), owner) };
    case '{': return { type: 'map', of: parseShape(text.slice(1), owner) };
    case '@': return { type: 'struct', name: text[1] === '.' ? owner.slice(0, owner.lastIndexOf('.')) + text.slice(1) : text.slice(1) };
    default: {
      const s = SCALARS[text];
      if (!s) throw new Error(`${owner}: unknown type ${text}`);
      return s;
    }
  }
}

const table = new LineTable<RawDefinition>(SCHEMAS);
const parsed = new Map<string, Definition>();

/** The definition of that OpenAPI name (`io.k8s.api.core.v1.Pod`), or undefined. */
export function definition(name: string): Definition | undefined {
  const known = parsed.get(name);
  if (known) return known;
  const raw = table.get(name);
  if (!raw) return undefined;
  const fields = new Map<string, Field>();
  for (const [field, type, a = {}] of raw.f) {
    fields.set(field, {
      name: field, shape: parseShape(type, name), required: a.r === 1, pointer: a.p === 1, patchStrategy: a.ps, patchMergeKey: a.pk,
      listType: a.lt, listMapKeys: a.lk, mapType: a.mt, enum: a.e, default: a.d,
    });
  }
  const d: Definition = { name, fields, ...(raw.g ? { gvk: { group: raw.g[0], version: raw.g[1], kind: raw.g[2] } } : {}), mapType: raw.mt, unions: raw.u };
  parsed.set(name, d);
  return d;
}

/** All definition names, sorted. */
export const definitionNames = (): string[] => [...table.names];

const byKind = new Map<string, string | undefined>();
/** The definition name of a group, version and kind (also of kinds without a resource, such as DeleteOptions), or undefined. */
export function schemaOf(group: string, version: string, kind: string): string | undefined {
  // Every group-version has this one; clients send it under the group of what they delete.
  if (kind === 'DeleteOptions') return 'io.k8s.apimachinery.pkg.apis.meta.v1.DeleteOptions';
  const key = `"g":${JSON.stringify([group, version, kind])}`;
  if (byKind.has(key)) return byKind.get(key);
  const at = SCHEMAS.indexOf(key);
  let name: string | undefined;
  if (at >= 0) {
    const start = SCHEMAS.lastIndexOf('\n', at) + 1;
    name = SCHEMAS.slice(start, SCHEMAS.indexOf('\t', start));
  }
  byKind.set(key, name);
  return name;
}

// From the cluster's own OpenAPI v3 to one JSON schema for the editor: what this very server accepts, custom resources included.
import type { JSONSchema } from 'monaco-yaml';

interface OpenApi { components?: { schemas?: Record<string, OpenApiSchema> } }
interface OpenApiSchema { [key: string]: unknown; properties?: Record<string, OpenApiSchema>; additionalProperties?: unknown; 'x-kubernetes-group-version-kind'?: { group: string; version: string; kind: string }[] }
export interface Index { paths: Record<string, { serverRelativeURL: string }> }

/** `api/v1` -> `v1`, `apis/apps/v1` -> `apps/v1`; undefined for what is no group version. */
export function groupVersionOf(path: string): string | undefined {
  const m = /^(?:api\/(v[^/]+)|apis\/([^/]+\/v[^/]+))$/.exec(path);
  return m?.[1] ?? m?.[2];
}

const REF = '#/components/schemas/';

/** One schema for documents of any kind in `docs`; `known` are further apiVersions to offer. */
export function jsonSchema(docs: readonly OpenApi[], known: readonly string[]): JSONSchema {
  const definitions: Record<string, JSONSchema> = {};
  const conditions: JSONSchema[] = [];
  const seen = new Set<string>();
  const kinds = new Set<string>();
  for (const doc of docs) {
    for (const [name, schema] of Object.entries(doc.components?.schemas ?? {})) {
      const gvks = schema['x-kubernetes-group-version-kind'] ?? [];
      definitions[name] ??= convert(schema) as JSONSchema;
      // Options and lists carry many or foreign kinds; an object's own schema carries one and has metadata.
      if (gvks.length !== 1 || !schema.properties?.metadata || schema.properties.items) continue;
      const { group, version, kind } = gvks[0]!;
      const apiVersion = group === '' ? version : `${group}/${version}`;
      if (seen.has(`${apiVersion}/${kind}`)) continue;
      seen.add(`${apiVersion}/${kind}`);
      kinds.add(kind);
      // oxlint-disable-next-line unicorn/no-thenable -- JSON schema's own word
      conditions.push({ if: { properties: { apiVersion: { const: apiVersion }, kind: { const: kind } }, required: ['apiVersion', 'kind'] }, then: { $ref: `#/definitions/${name}` } });
    }
  }
  return {
    definitions, type: 'object', required: ['apiVersion', 'kind'], allOf: conditions,
    properties: {
      apiVersion: { type: 'string', description: 'The group and version of the kind, as in kubectl api-versions.', examples: [...known] },
      kind: { type: 'string', description: 'The kind of object.', examples: [...kinds].sort() },
      metadata: { type: 'object' },
    },
  };
}

/** References to where the definitions are here; unknown fields are errors unless the server keeps them. */
function convert(v: unknown): unknown {
  if (Array.isArray(v)) return v.map(convert);
  if (typeof v !== 'object' || v === null) return v;
  const out: Record<string, unknown> = {};
  for (const [k, value] of Object.entries(v)) {
    if (k === '$ref' && typeof value === 'string') out.$ref = value.replace(REF, '#/definitions/');
    else if (k === 'properties' && typeof value === 'object' && value !== null) out.properties = Object.fromEntries(Object.entries(value).map(([n, s]) => [n, convert(s)]));
    else if (k.startsWith('x-kubernetes-') || k === 'format' || k === 'default') continue;
    else out[k] = convert(value);
  }
  const s = v as OpenApiSchema;
  if (s.properties && s.additionalProperties === undefined && s['x-kubernetes-preserve-unknown-fields'] !== true) out.additionalProperties = false;
  if (s['x-kubernetes-int-or-string'] === true) { delete out.type; out.anyOf = [{ type: 'integer' }, { type: 'string' }]; }
  // `metadata: {}` stands in a server's own output and is no mistake in ours.
  if (s.nullable === true && typeof out.type === 'string') out.type = [out.type, 'null'];
  return out;
}

/** The schema of one cluster, growing with what its documents speak of. */
export class ClusterSchema {
  #get: (path: string) => Promise<unknown>;
  #index: Promise<Index> | undefined;
  #docs = new Map<string, Promise<OpenApi>>();
  constructor(get: (path: string) => Promise<unknown>) { this.#get = get; }

  /** Rejects when the server publishes no OpenAPI v3. What one group fails to give is left out. */
  async with(groupVersions: readonly string[]): Promise<{ schema: JSONSchema; groups: string }> {
    const index = await (this.#index ??= (this.#get('/openapi/v3') as Promise<Index>).catch((e: unknown) => { this.#index = undefined; throw e; }));
    const byVersion = new Map<string, string>();
    for (const path of Object.keys(index.paths)) { const gv = groupVersionOf(path); if (gv) byVersion.set(gv, path); }
    for (const gv of groupVersions) {
      const path = byVersion.get(gv);
      if (path && !this.#docs.has(gv)) this.#docs.set(gv, this.#get(`/openapi/v3/${path}`) as Promise<OpenApi>);
    }
    const loaded = await Promise.allSettled(this.#docs.values());
    const docs = loaded.filter(r => r.status === 'fulfilled').map(r => r.value);
    return { schema: jsonSchema(docs, [...byVersion.keys()]), groups: [...this.#docs.keys()].sort().join(' ') };
  }
}

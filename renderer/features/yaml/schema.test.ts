import { describe, expect, it } from 'vitest';
import { ClusterSchema, groupVersionOf, jsonSchema } from './schema.ts';

const doc = { components: { schemas: {
  'io.x.Widget': { type: 'object', properties: { apiVersion: { type: 'string' }, kind: { type: 'string' }, metadata: { allOf: [{ $ref: '#/components/schemas/io.x.Meta' }] }, spec: { type: 'object', properties: { default: { type: 'string' }, port: { 'x-kubernetes-int-or-string': true }, free: { type: 'object', 'x-kubernetes-preserve-unknown-fields': true, properties: { a: { type: 'string' } } } } } }, 'x-kubernetes-group-version-kind': [{ group: 'x.io', version: 'v1', kind: 'Widget' }] },
  'io.x.Meta': { type: 'object', properties: { name: { type: 'string', default: '' }, labels: { type: 'object', additionalProperties: { type: 'string' } } } },
  'io.x.Options': { type: 'object', 'x-kubernetes-group-version-kind': [{ group: '', version: 'v1', kind: 'DeleteOptions' }, { group: 'x.io', version: 'v1', kind: 'DeleteOptions' }] },
} } };

describe('schema', () => {
  it('binds each kind to its definition and refuses unknown fields', () => {
    const s = jsonSchema([doc as never], ['v1', 'x.io/v1']);
    expect(s.allOf).toHaveLength(1);
    expect((s.allOf![0] as { then: unknown }).then).toEqual({ $ref: '#/definitions/io.x.Widget' });
    const widget = s.definitions!['io.x.Widget']!;
    expect(widget.additionalProperties).toBe(false);
    const spec = widget.properties!.spec as { additionalProperties: unknown; properties: Record<string, Record<string, unknown>> };
    // A field may be called like a keyword.
    expect(Object.keys(spec.properties)).toEqual(['default', 'port', 'free']);
    expect(spec.properties.port).toEqual({ anyOf: [{ type: 'integer' }, { type: 'string' }] });
    expect(spec.properties.free!.additionalProperties).toBeUndefined();
    expect(s.definitions!['io.x.Meta']!.properties!.name).toEqual({ type: 'string' });
  });
  it('loads the groups asked for, once', async () => {
    const asked: string[] = [];
    const c = new ClusterSchema(async path => { asked.push(path); return path === '/openapi/v3' ? { paths: { 'apis/x.io/v1': { serverRelativeURL: '' }, 'api/v1': { serverRelativeURL: '' }, api: { serverRelativeURL: '' } } } : doc; });
    await c.with(['x.io/v1', 'unknown/v1']);
    const { groups } = await c.with(['x.io/v1']);
    expect(groups).toBe('x.io/v1');
    expect(asked).toEqual(['/openapi/v3', '/openapi/v3/apis/x.io/v1']);
    expect(groupVersionOf('apis/x.io')).toBeUndefined();
  });
});

import { expect, test } from 'vitest';
import type { FieldSchema } from '../../api/meta/managed-fields/schema.ts';
import { fieldSchemaOf } from './field-schema.ts';
import { compileSchema } from './structural.ts';

test('a structural schema in the words of field ownership', () => {
  const meta: FieldSchema = { form: 'struct' };
  const root = fieldSchemaOf(compileSchema({
    type: 'object', properties: {
      spec: {
        type: 'object', properties: {
          n: { type: 'integer' }, port: { 'x-kubernetes-int-or-string': true }, free: { type: 'object', 'x-kubernetes-preserve-unknown-fields': true }, labels: { type: 'object', additionalProperties: { type: 'string' } },
          atomic: { type: 'object', 'x-kubernetes-map-type': 'atomic', properties: { a: { type: 'string' } } }, list: { type: 'array', items: { type: 'string' } },
          set: { type: 'array', items: { type: 'string' }, 'x-kubernetes-list-type': 'set' },
          keyed: { type: 'array', 'x-kubernetes-list-type': 'map', 'x-kubernetes-list-map-keys': ['name', 'proto'], items: { type: 'object', required: ['name'], properties: { name: { type: 'string' }, proto: { type: 'string', default: 'TCP' } } } },
          inner: { type: 'object', 'x-kubernetes-embedded-resource': true, 'x-kubernetes-preserve-unknown-fields': true },
        },
      },
    },
  }), meta);
  const spec = (name: string): FieldSchema | undefined => root.field!('spec')!.field!(name);
  expect(root.field!('metadata')).toBe(meta);
  expect(spec('n')).toEqual({ form: 'scalar', is: 'numeric' });
  expect(spec('port')).toEqual({ form: 'scalar' });
  expect(spec('free')).toEqual({ form: 'deduced' });
  expect(spec('labels')).toEqual({ form: 'map', items: { form: 'scalar', is: 'string' } });
  expect(spec('atomic')).toEqual({ form: 'atomic', is: 'map' });
  expect(spec('list')).toEqual({ form: 'atomic', is: 'list' });
  expect(spec('set')).toEqual({ form: 'set', items: { form: 'scalar', is: 'string' } });
  expect(spec('keyed')).toMatchObject({ form: 'keyed', keys: ['name', 'proto'], keyDefaults: { proto: 'TCP' } });
  expect(spec('inner')).toMatchObject({ form: 'struct', items: { form: 'deduced' } });
  expect(spec('inner')!.field!('metadata')).toBe(meta);
  expect(spec('nothing')).toBeUndefined();
});

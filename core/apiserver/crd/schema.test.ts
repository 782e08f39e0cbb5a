import { describe, expect, it, test } from 'vitest';
import type { JSONSchemaProps } from '../../api/types/kubernetes.ts';
import { fieldErrorText } from '../../api/meta/field-error.ts';
import { structuralErrors, validateSchema } from '../../api/kinds/apiextensions/validate-schema.ts';
import { formatCheck } from './formats.ts';
import { compilePattern } from './pattern.ts';
import { compileSchema, prune, setDefaults } from './structural.ts';
import { listErrors, validateValue } from './validate.ts';

const object = (properties: Record<string, JSONSchemaProps>, more: Partial<JSONSchemaProps> = {}): JSONSchemaProps => ({ type: 'object', properties, ...more });
const preserve = { 'x-kubernetes-preserve-unknown-fields': true } as const;

describe('pruning', () => {
  it.each<[string, JSONSchemaProps, Record<string, unknown>, unknown, string[]]>([
    ['unknown fields go', object({ a: { type: 'string' } }), { a: 'x', b: 1 }, { a: 'x' }, ['b']],
    ['the identity of the root stays', object({}), { apiVersion: 'v1', kind: 'X', metadata: { name: 'a' }, x: 1 }, { apiVersion: 'v1', kind: 'X', metadata: { name: 'a' } }, ['x']],
    ['an object without properties is emptied', object({ a: { type: 'object' } }), { a: { b: 1 } }, { a: {} }, ['a.b']],
    ['what may stay stays', object({ a: { type: 'object', ...preserve } }), { a: { b: { c: 1 } } }, { a: { b: { c: 1 } } }, []],
    ['known fields inside what may stay are pruned', object({ a: { type: 'object', ...preserve, properties: { k: object({ x: { type: 'string' } }) } } }), { a: { o: 1, k: { x: 'a', y: 1 } } }, { a: { o: 1, k: { x: 'a' } } }, ['a.k.y']],
    ['values of maps', object({ a: { type: 'object', additionalProperties: object({ x: { type: 'string' } }) } }), { a: { m: { x: 'a', y: 1 } } }, { a: { m: { x: 'a' } } }, ['a.m.y']],
    ['maps of anything', object({ a: { type: 'object', additionalProperties: true } }), { a: { m: 1, n: { o: 1 } } }, { a: { m: 1, n: {} } }, ['a.n.o']],
    ['items of lists', object({ a: { type: 'array', items: object({ x: { type: 'string' } }) } }), { a: [{ x: 'a' }, { y: 1 }] }, { a: [{ x: 'a' }, {}] }, ['a[1].y']],
    ['embedded objects keep their identity', object({ a: object({ spec: object({}) }, { 'x-kubernetes-embedded-resource': true }) }), { a: { apiVersion: 'v1', kind: 'X', metadata: { name: 'a' }, z: 1 } }, { a: { apiVersion: 'v1', kind: 'X', metadata: { name: 'a' } } }, ['a.z']],
    ['values of another type are left to validation', object({ a: object({}) }), { a: 'text' }, { a: 'text' }, []],
  ])('%s', (_, schema, value, left, gone) => {
    expect(prune(value, compileSchema(schema))).toEqual(gone);
    expect(value).toEqual(left);
  });
});

describe('defaults', () => {
  it.each<[string, JSONSchemaProps, Record<string, unknown>, unknown]>([
    ['fill what is absent', object({ a: { type: 'string', default: 'x' }, b: { type: 'integer', default: 0 } }), { b: 1 }, { a: 'x', b: 1 }],
    ['fill objects that are there or have a default themselves', object({ a: object({ b: { type: 'string', default: 'x' } }), c: object({ d: { type: 'string', default: 'y' } }, { default: {} }), e: object({ f: { type: 'string', default: 'z' } }) }), { a: {} }, { a: { b: 'x' }, c: { d: 'y' } }],
    ['take the place of a null that may not be', object({ a: { type: 'string', default: 'x' }, b: { type: 'string', nullable: true, default: 'x' } }), { a: null, b: null }, { a: 'x', b: null }],
    ['a null without a default goes', object({ a: { type: 'string' }, b: { type: 'string', nullable: true } }), { a: null, b: null }, { b: null }],
    ['in items and in maps', object({ a: { type: 'array', items: object({ b: { type: 'string', default: 'x' } }) }, m: { type: 'object', additionalProperties: object({ c: { type: 'integer', default: 1 } }) } }), { a: [{}, { b: 'y' }], m: { k: {} } }, { a: [{ b: 'x' }, { b: 'y' }], m: { k: { c: 1 } } }],
  ])('%s', (_, schema, value, wanted) => {
    setDefaults(value, compileSchema(schema));
    expect(value).toEqual(wanted);
  });

  test('are never shared between objects', () => {
    const s = compileSchema(object({ a: { type: 'array', items: { type: 'string' }, default: ['x'] } })), one: { a?: string[] } = {}, two: { a?: string[] } = {};
    setDefaults(one, s);
    setDefaults(two, s);
    one.a!.push('y');
    expect(two.a).toEqual(['x']);
  });
});

const told = (value: unknown, schema: JSONSchemaProps, old?: unknown): string[] => validateValue(value, compileSchema(schema), old).map(fieldErrorText);
describe('validation', () => {
  it.each<[unknown, JSONSchemaProps, string[]]>([
    [{ a: 1.5 }, object({ a: { type: 'integer' } }), ['a: Invalid value: "number": a in body must be of type integer: "number"']],
    [{ a: 1 }, object({ a: { type: 'number' } }), []],
    [{ a: 1.0 }, object({ a: { type: 'integer', format: 'int32' } }), []],
    [{ a: [1] }, object({ a: { type: 'object' } }), ['a: Invalid value: "array": a in body must be of type object: "array"']],
    [{ a: null }, object({ a: { type: 'array', items: { type: 'string' } } }), ['a: Invalid value: "null": a in body must be of type array: "null"']],
    [{ a: null }, object({ a: { type: 'string', nullable: true, enum: ['x'] } }), []],
    [{ a: 'xxx' }, object({ a: { type: 'string', maxLength: 2 } }), ['a: Too long: may not be more than 2 bytes']],
    [{ a: '' }, object({ a: { type: 'string', minLength: 1 } }), ['a: Invalid value: "": a in body should be at least 1 chars long']],
    [{ a: 5 }, object({ a: { type: 'integer', minimum: 5, exclusiveMinimum: true } }), ['a: Invalid value: 5: a in body should be greater than 5']],
    [{ a: 7 }, object({ a: { type: 'integer', multipleOf: 2 } }), ['a: Invalid value: 7: a in body should be a multiple of 2']],
    [{ a: [1, 2] }, object({ a: { type: 'array', items: { type: 'integer' }, maxItems: 1 } }), ['a: Too many: 2: must have at most 1 items']],
    [{ a: [] }, object({ a: { type: 'array', items: { type: 'integer' }, minItems: 1 } }), ['a: Invalid value: 0: a in body should have at least 1 items']],
    [{ a: {} }, object({ a: { type: 'object', minProperties: 1 } }), ['a: Invalid value: 0: a in body should have at least 1 properties']],
    [{ a: { b: 'x' } }, object({ a: { type: 'object', additionalProperties: { type: 'integer' } } }), ['a.b: Invalid value: "string": a.b in body must be of type integer: "string"']],
    [{ a: [{ b: 1 }] }, object({ a: { type: 'array', items: object({ b: { type: 'string' } }, { required: ['b', 'c'] }) } }), ['a[0].b: Invalid value: "integer": a[0].b in body must be of type string: "integer"', 'a[0].c: Required value']],
    [{ a: 1 }, object({ a: { enum: [2, 'x'], ...preserve } }), ['a: Unsupported value: 1: supported values: "2", "x"']],
    [{ a: 'x' }, object({ a: { type: 'string', anyOf: [{ pattern: '^y' }, { maxLength: 0 }] } }), ['<nil>: Invalid value: "": "a" must validate at least one schema (anyOf)', "a: Invalid value: \"x\": a in body should match '^y'"]],
    [{ a: 'x' }, object({ a: { type: 'string', not: { pattern: '^x' } } }), ['<nil>: Invalid value: "": "a" must not validate the schema (not)']],
    [{ a: 'x' }, object({ a: { type: 'string', allOf: [{ pattern: '^y' }] } }), ["a: Invalid value: \"x\": a in body should match '^y'", '<nil>: Invalid value: "": "a" must validate all the schemas (allOf). None validated']],
    [{ a: '<b>' }, object({ a: { type: 'object' } }), ['a: Invalid value: "string": a in body must be of type object: "string"']],
  ])('%j', (value, schema, wanted) => { expect(told(value, schema)).toEqual(wanted); });

  test('what did not change is taken as it is, by key where lists have keys', () => {
    const schema = object({ a: { type: 'integer', maximum: 1 }, l: { type: 'array', 'x-kubernetes-list-type': 'map', 'x-kubernetes-list-map-keys': ['k'], items: object({ k: { type: 'string' }, n: { type: 'integer', maximum: 1 } }) }, p: { type: 'array', items: { type: 'integer', maximum: 1 } } });
    const old = { a: 5, l: [{ k: 'x', n: 5 }], p: [5] };
    expect(told({ ...old, l: [{ k: 'y', n: 1 }, { k: 'x', n: 5 }] }, schema, old)).toEqual([]);
    expect(told({ ...old, a: 6 }, schema, old)).toHaveLength(1);
    expect(told({ ...old, l: [{ k: 'x', n: 6 }] }, schema, old)).toHaveLength(1);
    expect(told({ ...old, p: [5, 1] }, schema, old)).toHaveLength(1);
  });

  test('sets and keyed lists', () => {
    const s = compileSchema(object({ s: { type: 'array', items: { type: 'string' }, 'x-kubernetes-list-type': 'set' }, l: { type: 'array', 'x-kubernetes-list-type': 'map', 'x-kubernetes-list-map-keys': ['k', 'p'], items: object({ k: { type: 'string' }, p: { type: 'integer' } }) } }));
    expect(listErrors({ s: ['a', 'b', 'a', 'a'], l: [{ k: 'a', p: 1 }, { k: 'a', p: 2 }, { k: 'a', p: 1 }] }, s).map(fieldErrorText)).toEqual(['s[2]: Duplicate value: "a"', 's[3]: Duplicate value: "a"', 'l[2]: Duplicate value: {"k":"a","p":1}']);
  });
});

test('patterns are RE2\'s, and no text makes them slow', () => {
  for (const [pattern, good, bad] of [['^\\d+$', '12', 'a'], ['^(a|b)*$', 'abab', 'c'], ['(?i)^x$', 'X', 'y'], ['^[[:alpha:]]+$', 'ab', '1'], ['^[a-z0-9]([-a-z0-9]*[a-z0-9])?$', 'a-b', '-a']] as const) {
    expect([pattern, compilePattern(pattern).test(good), compilePattern(pattern).test(bad)]).toEqual([pattern, true, false]);
  }
  expect(() => compilePattern('(')).toThrow('error parsing regexp: missing closing )');
  expect(() => compilePattern('(?=a)')).toThrow('error parsing regexp');
  const started = performance.now();
  expect(compilePattern('^(a+)+$').test(`${'a'.repeat(200)}b`)).toBe(false);
  expect(performance.now() - started).toBeLessThan(1000);
});

test('formats', () => {
  const table: [string, string[], string[]][] = [
    ['date', ['2026-02-28', '2024-02-29'], ['2026-02-29', '2026-1-1', 'x']], ['date-time', ['2026-01-01T00:00:00Z', '2026-01-01T00:00:00.5+01:00'], ['2026-01-01', '2026-13-01T00:00:00Z']],
    ['ipv4', ['10.0.0.1'], ['10.0.0.256', '::1']], ['ipv6', ['::1'], ['10.0.0.1']], ['cidr', ['10.0.0.0/8', '::/0'], ['10.0.0.0', '10.0.0.0/33']], ['hostname', ['a.example.com'], ['-a', 'a_b']],
    ['uuid', ['7d9f3a52-0000-4000-8000-000000000001'], ['7d9f3a52']], ['uuid4', ['7d9f3a52-0000-4000-8000-000000000001'], ['7d9f3a52-0000-3000-8000-000000000001']], ['uri', ['https://a/b', 'urn:x:y', '/a'], ['a b', 'x']],
    ['email', ['a@b.c'], ['a']], ['byte', ['YQ==', ''], ['a']], ['duration', ['1h30m', '5s', '3 days'], ['x', '5']], ['mac', ['00:11:22:33:44:55'], ['00:11']], ['hexcolor', ['#fff', '#a1b2c3'], ['#ff']],
  ];
  for (const [format, good, bad] of table) {
    for (const text of good) expect([format, text, formatCheck(format)!(text)]).toEqual([format, text, true]);
    for (const text of bad) expect([format, text, formatCheck(format)!(text)]).toEqual([format, text, false]);
  }
  expect(formatCheck('int32')).toBeUndefined();
  expect(formatCheck('constructor')).toBeUndefined();
});

describe('schemas', () => {
  const faults = (schema: JSONSchemaProps, hasStatus = false): string[] => validateSchema(schema, 's', hasStatus).map(fieldErrorText);
  it.each<[JSONSchemaProps, string[]]>([
    [{}, ['s.type: Required value: must not be empty at the root']],
    [{ type: 'array' }, ['s.items: Required value: must be specified', 's.type: Invalid value: "array": must be object at the root']],
    [object({ a: { type: 'array', items: {} } }), ['s.properties[a].items.type: Required value: must not be empty for specified array items']],
    [object({ a: { type: 'text' } }), ['s.properties[a].type: Unsupported value: "text": supported values: "array", "boolean", "integer", "number", "object", "string"']],
    [object({ a: { type: 'string', $ref: '#/x' } }), ['s.properties[a].$ref: Forbidden: $ref is not supported']],
    [object({ a: { type: 'array', uniqueItems: true, items: { type: 'string' } } }), ['s.properties[a].uniqueItems: Forbidden: uniqueItems cannot be set to true since the runtime complexity becomes quadratic']],
    [object({ a: { type: 'string' } }, { additionalProperties: { type: 'string' } }), ['s.additionalProperties: Forbidden: additionalProperties and properties are mutual exclusive', 's.additionalProperties: Forbidden: must not be used at the root']],
    [object({ a: { type: 'string', anyOf: [{ type: 'string' }] } }), ['s.properties[a].anyOf[0].type: Forbidden: must be empty to be structural']],
    [object({ a: { 'x-kubernetes-int-or-string': true, anyOf: [{ type: 'integer' }, { type: 'string' }] } }), []],
    [object({ a: object({}) , b: { type: 'string' } }, { oneOf: [{ required: ['a'] }, { properties: { c: { minLength: 1 } } }] }), ['s.properties[c]: Required value: because it is defined in s.oneOf[1].properties[c]']],
    [object({ metadata: object({ name: { type: 'string', maxLength: 5 } }) }), []],
    [object({ metadata: object({ labels: { type: 'object' } }) }), ['s.properties[metadata]: Forbidden: must not specify anything other than name and generateName, but metadata is implicitly specified']],
    [object({ a: { type: 'string', 'x-kubernetes-embedded-resource': true, ...preserve } }), ['s.properties[a].type: Invalid value: "string": must be object if x-kubernetes-embedded-resource is true']],
    [object({ l: { type: 'array', 'x-kubernetes-list-type': 'map', items: object({}) } }), ['s.properties[l].x-kubernetes-list-map-keys: Required value: must not be empty if x-kubernetes-list-type is map']],
    [object({ l: { type: 'array', 'x-kubernetes-list-type': 'map', 'x-kubernetes-list-map-keys': ['k'], items: object({ k: { type: 'string' } }) } }), ['s.properties[l].items.properties[k].default: Required value: this property is in x-kubernetes-list-map-keys, so it must have a default or be a required property']],
    [object({ l: { type: 'array', 'x-kubernetes-list-type': 'set', items: object({}) } }), ['s.properties[l].items.x-kubernetes-map-type: Invalid value: null: must be atomic as item of a list with x-kubernetes-list-type=set']],
  ])('%j', (schema, wanted) => { expect(faults(schema)).toEqual(wanted); });

  test('with a status the root says little', () => {
    expect(faults(object({}, { minProperties: 1 }), true)[0]).toMatch(/^s: Invalid value: .*: only \[Description Type Format .* XValidations\] fields are allowed at the root of the schema if the status subresource is enabled$/);
    expect(structuralErrors(object({}), 's')).toEqual([]);
  });
});

import { describe, expect, it, test } from 'vitest';
import { parseJsonPath, setValueAt, simplePath, valueAt } from './json-path.ts';

const object = {
  metadata: { name: 'a', annotations: { 'example.com/x': 'y' } },
  spec: { replicas: 3, list: [{ name: 'one', n: 1 }, { name: 'two', n: 2 }, { name: 'three', n: 3 }], map: { b: 2, a: 1 } },
  status: { conditions: [{ type: 'Ready', status: 'True' }, { type: 'Other', status: 'False' }] },
};

describe('JSONPath of columns', () => {
  it.each<[string, unknown[]]>([
    ['.spec.replicas', [3]],
    ['.metadata.name', ['a']],
    ['.spec.missing.deeper', []],
    ['.spec.list[0].name', ['one']],
    ['.spec.list[-1].name', ['three']],
    ['.spec.list[5].name', []],
    ['.spec.list[*].name', ['one', 'two', 'three']],
    ['.spec.list[0:2].n', [1, 2]],
    ['.spec.list[::2].n', [1, 3]],
    ['.spec.list[0,2].n', [1, 3]],
    ["['spec']['replicas']", [3]],
    ['.metadata.annotations.example\\.com/x', ['y']],
    [".metadata.annotations['example.com/x']", ['y']],
    ['.status.conditions[?(@.type=="Ready")].status', ['True']],
    [".status.conditions[?(@.type=='Other')].status", ['False']],
    ['.status.conditions[?(@.type != "Ready")].type', ['Other']],
    ['.spec.list[?(@.n>=2)].name', ['two', 'three']],
    ['.spec.list[?(@.n==1)].name', ['one']],
    ['.spec.map.*', [1, 2]],
    ['..n', [1, 2, 3]],
    ['$.spec.replicas', [3]],
  ])('%s', (path, values) => { expect(parseJsonPath(path)(object)).toEqual(values); });

  it.each(['.spec.list[', '.spec.list[x]', '.spec..', '.spec.list[?(name)]', '.a b'])('refuses %s', path => { expect(() => parseJsonPath(path)).toThrow(); });
});

test('plain paths are read and written', () => {
  expect(simplePath('.spec.replicas')).toEqual(['spec', 'replicas']);
  expect(simplePath('spec')).toBeUndefined();
  expect(simplePath('.spec[0]')).toBeUndefined();
  expect(valueAt(object, ['spec', 'replicas'])).toBe(3);
  expect(valueAt(object, ['spec', 'replicas', 'x'])).toBeUndefined();
  const o = {};
  setValueAt(o, ['spec', 'replicas'], 2);
  expect(o).toEqual({ spec: { replicas: 2 } });
  expect(() => setValueAt({ spec: 1 }, ['spec', 'replicas'], 2)).toThrow('is not a map');
});

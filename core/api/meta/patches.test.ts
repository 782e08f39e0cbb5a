import { describe, expect, test } from 'vitest';
import { clone, equal } from './clone.ts';
import { applyJsonPatch } from './patch-json.ts';
import { applyMergePatch } from './patch-merge.ts';
import { applyStrategicMergePatch } from './patch-strategic.ts';
import { ApiError } from './status.ts';

const code = (f: () => unknown): number => {
  try { f(); return 0; } catch (e) { return (e as ApiError).code; }
};

describe('JSON patch', () => {
  const doc = { a: { b: [1, 2, 3] }, 'x/y': { '~': 1 } };
  test('all operations', () => {
    expect(applyJsonPatch(doc, [
      { op: 'test', path: '/a/b/0', value: 1 }, { op: 'add', path: '/a/b/-', value: 4 }, { op: 'remove', path: '/a/b/0' }, { op: 'replace', path: '/x~1y/~0', value: 2 },
      { op: 'copy', from: '/a/b', path: '/c' }, { op: 'move', from: '/a/b/0', path: '/first' }, { op: 'add', path: '/a/b/1', value: 9 },
    ])).toEqual({ a: { b: [3, 9, 4] }, 'x/y': { '~': 2 }, c: [2, 3, 4], first: 2 });
    expect(doc.a.b).toEqual([1, 2, 3]);
  });
  test('what fails is 422, what is no patch 400, too much 413', () => {
    for (const bad of [{ op: 'remove', path: '/nope' }, { op: 'test', path: '/a', value: 1 }, { op: 'add', path: '/a/b/9', value: 1 }, { op: 'replace', path: '/z', value: 1 }, { op: 'frob', path: '/a' }, { op: 'add', path: '/a/b/01', value: 1 }, { op: 'move', from: '/a', path: '/a/b' }, { op: 'add', path: '/q' }, 'x', null]) {
      expect(code(() => applyJsonPatch(doc, [bad]))).toBe(422);
    }
    expect(code(() => applyJsonPatch(doc, { op: 'add' }))).toBe(400);
    expect(code(() => applyJsonPatch(doc, Array.from({ length: 10_001 }, () => ({ op: 'test', path: '', value: 1 }))))).toBe(413);
    expect(applyJsonPatch(doc, [{ op: 'test', path: '/zz', value: null }])).toEqual(doc);
  });
  test('no way to a prototype', () => {
    applyJsonPatch({}, [{ op: 'add', path: '/__proto__', value: { polluted: 1 } }]);
    expect(code(() => applyJsonPatch({}, [{ op: 'add', path: '/constructor/prototype/polluted', value: 1 }]))).toBe(422);
    expect(({} as Record<string, unknown>).polluted).toBeUndefined();
  });
});

test('merge patch: RFC 7396', () => {
  expect(applyMergePatch({ a: 'b', c: { d: 'e', f: 'g' } }, { a: 'z', c: { f: null } })).toEqual({ a: 'z', c: { d: 'e' } });
  expect(applyMergePatch({}, { a: { bb: { ccc: null } } })).toEqual({ a: { bb: {} } });
  expect(applyMergePatch({ a: [{ b: 'c' }] }, { a: [1] })).toEqual({ a: [1] });
  expect(code(() => applyMergePatch({}, []))).toBe(400);
  applyMergePatch({}, JSON.parse('{"__proto__":{"polluted":1}}'));
  expect(({} as Record<string, unknown>).polluted).toBeUndefined();
});

describe('strategic merge patch', () => {
  const POD = 'io.k8s.api.core.v1.Pod', DEPLOYMENT = 'io.k8s.api.apps.v1.Deployment', SERVICE = 'io.k8s.api.core.v1.Service';
  const pod = (spec: object): { spec: Record<string, unknown> } => ({ spec: spec as Record<string, unknown> });
  const base = pod({ containers: [{ name: 'a', image: 'x:1', env: [{ name: 'E', value: '1' }], args: ['q'] }, { name: 'b', image: 'y' }], tolerations: [{ key: 'k' }] });

  test('lists merge by key, deeply; lists without strategy are replaced', () => {
    const out = applyStrategicMergePatch(base, pod({ containers: [{ name: 'a', image: 'x:2', env: [{ name: 'F', value: '2' }], args: ['r'] }], tolerations: [{ key: 'n' }] }), POD);
    expect(out.spec.containers).toEqual([{ name: 'a', image: 'x:2', env: [{ name: 'F', value: '2' }, { name: 'E', value: '1' }], args: ['r'] }, { name: 'b', image: 'y' }]);
    expect(out.spec.tolerations).toEqual([{ key: 'n' }]);
    expect((base.spec.containers as { image: string }[])[0]!.image).toBe('x:1');
  });
  test('$patch: delete, replace, in lists and maps', () => {
    expect(applyStrategicMergePatch(base, pod({ containers: [{ name: 'b', $patch: 'delete' }] }), POD).spec.containers).toHaveLength(1);
    expect(applyStrategicMergePatch(base, pod({ containers: [{ name: 'c' }, { $patch: 'replace' }] }), POD).spec.containers).toEqual([{ name: 'c' }]);
    expect(applyStrategicMergePatch({ spec: { strategy: { type: 'X', rollingUpdate: { maxSurge: 1 } } } }, { spec: { strategy: { $patch: 'replace', type: 'Recreate' } } }, DEPLOYMENT)).toEqual({ spec: { strategy: { type: 'Recreate' } } });
    expect(code(() => applyStrategicMergePatch(base, pod({ containers: [{ name: 'b', $patch: 'frob' }] }), POD))).toBe(400);
  });
  test('$retainKeys: a strategy or a volume changes its type', () => {
    expect(applyStrategicMergePatch({ spec: { strategy: { type: 'RollingUpdate', rollingUpdate: { maxSurge: 1 } } } }, { spec: { strategy: { $retainKeys: ['type'], type: 'Recreate' } } }, DEPLOYMENT)).toEqual({ spec: { strategy: { type: 'Recreate' } } });
    const v = applyStrategicMergePatch(pod({ volumes: [{ name: 'v', emptyDir: {} }] }), pod({ volumes: [{ name: 'v', $retainKeys: ['name', 'hostPath'], hostPath: { path: '/x' } }] }), POD);
    expect(v.spec.volumes).toEqual([{ name: 'v', hostPath: { path: '/x' } }]);
    expect(code(() => applyStrategicMergePatch({ spec: {} }, { spec: { strategy: { $retainKeys: ['type'], other: 1 } } }, DEPLOYMENT))).toBe(0);
    expect(code(() => applyStrategicMergePatch({ spec: { strategy: { type: 'X' } } }, { spec: { strategy: { $retainKeys: ['type'], other: 1 } } }, DEPLOYMENT))).toBe(400);
  });
  test('$setElementOrder as kubectl sends it', () => {
    const out = applyStrategicMergePatch(base, pod({ '$setElementOrder/containers': [{ name: 'b' }, { name: 'a' }], containers: [{ name: 'a', image: 'x:3' }] }), POD);
    expect((out.spec.containers as { name: string }[]).map(c => c.name)).toEqual(['b', 'a']);
    expect((out.spec.containers as { image: string }[])[1]!.image).toBe('x:3');
    expect(Object.keys(out.spec)).not.toContain('$setElementOrder/containers');
    expect(code(() => applyStrategicMergePatch(base, pod({ '$setElementOrder/containers': [{ name: 'b' }], containers: [{ name: 'a' }] }), POD))).toBe(400);
  });
  test('$deleteFromPrimitiveList and sets', () => {
    const m = { metadata: { finalizers: ['a/b', 'c/d'] } };
    expect(applyStrategicMergePatch(m, { metadata: { '$deleteFromPrimitiveList/finalizers': ['a/b'] } }, POD).metadata.finalizers).toEqual(['c/d']);
    expect([...applyStrategicMergePatch(m, { metadata: { finalizers: ['e/f', 'a/b'] } }, POD).metadata.finalizers].sort()).toEqual(['a/b', 'c/d', 'e/f']);
  });
  test('null deletes, also where nothing is', () => {
    expect(applyStrategicMergePatch({ metadata: { labels: { a: '1', b: '2' } } }, { metadata: { labels: { a: null, z: null } } }, 'io.example.Unknown')).toEqual({ metadata: { labels: { b: '2' } } });
    expect(applyStrategicMergePatch({}, { metadata: { annotations: { a: null, b: 'x' } } }, POD)).toEqual({ metadata: { annotations: { b: 'x' } } });
  });
  test('an item without its key is refused; ports merge by port', () => {
    expect(code(() => applyStrategicMergePatch(base, pod({ containers: [{ image: 'z' }] }), POD))).toBe(422);
    const s = applyStrategicMergePatch({ spec: { ports: [{ port: 80, nodePort: 30_080 }] } }, { spec: { ports: [{ port: 80, targetPort: 8080 }] } }, SERVICE);
    expect(s.spec.ports).toEqual([{ port: 80, nodePort: 30_080, targetPort: 8080 }]);
  });
  test('an item newly added carries no directives', () => {
    expect(applyStrategicMergePatch(pod({}), pod({ containers: [{ name: 'a', '$setElementOrder/env': [{ name: 'E' }], env: [{ name: 'E', value: null }, { name: 'G', $patch: 'delete' }] }] }), POD).spec.containers).toEqual([{ name: 'a', env: [{ name: 'E' }] }]);
  });
});

test('a number in a box (an integer beyond 2^53) is a number, never an object to merge into', () => {
  class Big extends Number {
    readonly #text: string;
    constructor(text: string) { super(text); this.#text = text; }
    override toString(): string { return this.#text; }
  }
  const a = new Big('9007199254740993'), b = new Big('9007199254740992');
  expect(clone({ a }).a).toBe(a);
  expect([equal({ a }, { a: new Big('9007199254740993') }), equal({ a }, { a: b })]).toEqual([true, false]);
  expect(applyMergePatch({ spec: { n: 1 } }, { spec: { n: a } })).toEqual({ spec: { n: a } });
  expect((applyJsonPatch({}, [{ op: 'add', path: '/n', value: a }]) as { n: unknown }).n).toBe(a);
  expect(code(() => applyJsonPatch({ n: a }, [{ op: 'test', path: '/n', value: b }]))).toBe(422);
  expect((applyStrategicMergePatch({ data: { n: 1 } }, { data: { n: a } }, 'x') as { data: { n: unknown } }).data.n).toBe(a);
});

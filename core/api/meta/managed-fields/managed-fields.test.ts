// Field sets, and several managers applying in random order against a simple model of who owns which leaf.
import { describe, expect, it } from 'vitest';
import { clone } from '../clone.ts';
import { claimedSet, compare } from './compare.ts';
import { difference, intersection, isEmpty, parseFieldSet, paths, sameSet, sorted, union, type FieldSet } from './field-set.ts';
import { applied, claimedByAll, conflictsOf, lastApplied, type Entry, type Manager } from './managers.ts';
import { mergeInto, prune } from './merge.ts';
import { DEDUCED, type FieldSchema } from './schema.ts';

/** A small random source: the same numbers each time. */
function random(seed: number): (n: number) => number {
  let s = seed;
  return n => { s = (Math.imul(s, 1103515245) + 12345) & 0x7fffffff; return (s >>> 8) % n; };
}

const leaf: FieldSchema = { form: 'scalar' };
const item: FieldSchema = { form: 'struct', field: n => (['name', 'x', 'y'].includes(n) ? leaf : undefined) };
const schema: FieldSchema = {
  form: 'struct', field: n => ({
    a: leaf, b: leaf, atomic: { form: 'atomic', is: 'list' } as const, labels: { form: 'map', items: leaf } as const, finalizers: { form: 'set', items: leaf } as const,
    list: { form: 'keyed', items: item, keys: ['name'] } as const, inner: { form: 'struct', field: (m: string) => (m === 'p' || m === 'q' ? leaf : undefined) } as const,
  })[n],
};

describe('sets', () => {
  const universe = ['f:a', 'f:b', 'k:{"name":"x"}'];
  const build = (next: (n: number) => number, depth = 0): FieldSet => {
    const out: Record<string, FieldSet> = {};
    for (const e of universe) {
      if (next(2) === 0) continue;
      const child = depth < 2 && next(2) === 0 ? build(next, depth + 1) : {};
      out[e] = isEmpty(child) || next(2) === 0 ? child : { '.': {}, ...child };
    }
    return out;
  };
  it('behave as sets of paths', () => {
    const next = random(7);
    for (let i = 0; i < 500; i++) {
      const a = build(next), b = build(next), A = new Set(paths(a)), B = new Set(paths(b));
      expect(new Set(paths(union(a, b)))).toEqual(new Set([...A, ...B]));
      expect(new Set(paths(difference(a, b)))).toEqual(new Set([...A].filter(p => !B.has(p))));
      expect(new Set(paths(intersection(a, b)))).toEqual(new Set([...A].filter(p => B.has(p))));
      expect(sameSet(a, sorted(a))).toBe(true);
    }
  });
  it('are read from clients with our spelling of keys, and refused when they are none', () => {
    expect(parseFieldSet({ 'f:a': {}, 'k:{"b": 1, "a":"x"}': { '.': {} }, 'v:"s"': {} })).toEqual({ 'f:a': {}, 'k:{"a":"x","b":1}': { '.': {} }, 'v:"s"': {} });
    for (const bad of [[], 'x', { a: {} }, { 'k:[]': {} }, { 'v:{': {} }, { 'i:x': {} }, { 'f:a': 1 }]) expect(parseFieldSet(bad)).toBeUndefined();
  });
});

describe('configurations', () => {
  it('claim leaves, items and entries; updates own the containers they made', () => {
    const o = { a: 1, labels: { l: '1' }, list: [{ name: 'n', x: 1 }], finalizers: ['f'], inner: {} };
    const errors: string[] = [];
    expect(claimedSet(schema, o, errors)).toEqual({ 'f:a': {}, 'f:labels': { 'f:l': {} }, 'f:list': { 'k:{"name":"n"}': { '.': {}, 'f:name': {}, 'f:x': {} } }, 'f:finalizers': { 'v:"f"': {} }, 'f:inner': {} });
    expect(errors).toEqual([]);
    expect(compare(schema, {}, o).changed['f:list']).toEqual({ '.': {}, 'k:{"name":"n"}': { '.': {}, 'f:name': {}, 'f:x': {} } });
  });
  it.each([
    [['a', 'b', 'c'], ['b', 'a'], ['b', 'a', 'c']], [['x', 'a'], ['a', 'n'], ['x', 'a', 'n']], [[], ['a'], ['a']], [['a', 'x', 'b'], ['b', 'n', 'a'], ['x', 'b', 'n', 'a']],
  ])('merge %j with %j into %j', (old, config, want) => {
    const object = { list: old.map(name => ({ name })) };
    mergeInto(schema, object, { list: config.map(name => ({ name })) });
    // Items only the object has may stand anywhere between; the configuration's order is kept, and each is there once.
    const names = object.list.map(i => i.name);
    expect([...names].sort()).toEqual([...want].sort());
    expect(names.filter(n => config.includes(n))).toEqual(config);
  });
});

// The model: a leaf path has a value and owners. Who applies sets what it names and owns it (others that said otherwise lose it: force);
// what it owned and no longer names goes when nobody else owns it.
type Leaves = Map<string, { value: unknown; owners: Set<string> }>;
function leavesOf(v: unknown, at: string, deduced: boolean, out: Map<string, unknown> = new Map()): Map<string, unknown> {
  if (Array.isArray(v) && !deduced && !at.endsWith('/atomic')) {
    for (const i of v as unknown[]) if (typeof i === 'object') leavesOf(i, `${at}/[${(i as { name: string }).name}]`, deduced, out); else out.set(`${at}/[=${String(i)}]`, i);
  } else if (typeof v === 'object' && v !== null && !Array.isArray(v)) for (const [k, x] of Object.entries(v)) leavesOf(x, `${at}/${k}`, deduced, out);
  else out.set(at, JSON.stringify(v));
  return out;
}

describe.each([['built-in', schema], ['deduced', DEDUCED]])('several managers, %s', (_name, root) => {
  it('converge to what a simple model says', () => {
    for (let seed = 1; seed <= 150; seed++) {
      const next = random(seed), managers = ['m1', 'm2', 'm3'].map((manager): Manager => ({ manager, operation: 'Apply', apiVersion: 'v1', subresource: '' }));
      const config = (): Record<string, unknown> => {
        const o: Record<string, unknown> = {}, v = (): number => next(2);
        if (next(2)) o['a'] = v();
        if (next(2)) o['inner'] = next(2) ? { p: v() } : { p: v(), q: v() };
        if (next(2)) o['labels'] = Object.fromEntries(['x', 'y', 'z'].filter(() => next(2)).concat('w').map(k => [k, v()]));
        if (next(2)) o['atomic'] = [v(), v()];
        if (next(2)) o['finalizers'] = ['f', 'g', 'h'].filter(() => next(2)).concat('i');
        if (next(2)) o['list'] = ['n1', 'n2'].filter(() => next(2)).concat('n3').map(name => ({ name, ...(next(2) ? { x: v() } : {}), ...(next(2) ? { y: v() } : {}) }));
        return o;
      };
      let object: Record<string, unknown> = {}, entries: readonly Entry[] = [];
      const model: Leaves = new Map();
      for (let step = 0; step < 12; step++) {
        const m = managers[next(3)]!, wanted = config(), claimed = claimedSet(root, wanted, []);
        const out = clone(object), merged = mergeInto(root, out, clone(wanted)), last = lastApplied(entries, m);
        const gone = last ? prune(root, out, last.set, claimedByAll(entries, m, claimed)) : {};
        const refused = conflictsOf(entries, m, () => merged).length > 0;
        const said = leavesOf(wanted, '', root === DEDUCED);
        const modelRefused = [...said].some(([p, v]) => { const l = model.get(p); return l && l.value !== v && [...l.owners].some(o => o !== m.manager); });
        expect(refused, `seed ${seed} step ${step}`).toBe(modelRefused);
        entries = applied(entries, m, claimed, () => merged, () => gone, '', true);
        object = out;
        for (const [p, v] of said) {
          const l = model.get(p);
          if (!l || l.value !== v) model.set(p, { value: v, owners: new Set([m.manager]) }); else l.owners.add(m.manager);
        }
        for (const [p, l] of model) if (!said.has(p) && l.owners.delete(m.manager) && l.owners.size === 0) model.delete(p);
        expect(Object.fromEntries([...leavesOf(object, '', root === DEDUCED)].sort()), `seed ${seed} step ${step}`).toEqual(Object.fromEntries([...model].map(([p, l]): [string, unknown] => [p, l.value]).sort()));
      }
    }
  });
});

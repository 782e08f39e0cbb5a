// Random objects of every kind go JSON -> protobuf -> JSON -> YAML -> JSON and come back as they went.
import { describe, expect, test } from 'vitest';
import { alsoServed } from '../../core/api/kinds/also-served.ts';
import { kinds } from '../../core/api/kinds/index.ts';
import { apiVersionOf, type Unstructured } from '../../core/api/meta/object.ts';
import { decodeBody, targetOf } from '../../core/apiserver/codec/body.ts';
import { decodeProtobuf } from '../../core/apiserver/codec/protobuf.ts';
import { encodeProtobuf } from '../../core/apiserver/codec/protobuf-encode.ts';
import { writeYaml } from '../../core/apiserver/codec/yaml.ts';
import { definition, schemaOf, type Field, type Shape } from '../../core/apiserver/codec/schemas.ts';

const ROUNDS = 4, DEPTH = 6;

/** Numbers in [0, 1) that are the same in every run (mulberry32). */
function generator(seed: number): () => number {
  let a = seed;
  return () => {
    a = (a + 0x6d2b79f5) | 0;
    let t = Math.imul(a ^ (a >>> 15), 1 | a);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 4_294_967_296;
  };
}

class Objects {
  readonly #random: () => number;
  constructor(seed: number) { this.#random = generator(seed); }
  #pick<T>(list: readonly T[]): T { return list[Math.floor(this.#random() * list.length)]!; }
  #chance(p: number): boolean { return this.#random() < p; }

  struct(name: string, depth: number, top: boolean): Record<string, unknown> {
    const out: Record<string, unknown> = {}, d = definition(name)!;
    for (const f of d.fields.values()) {
      // Only an object of its own has these on the wire.
      if ((f.name === 'kind' || f.name === 'apiVersion') && d.fields.has('metadata')) continue;
      // Whose wire form is not the JSON tables'.
      if (f.name.startsWith('nodeAllocatableResource')) continue;
      if (!this.#chance(top ? 0.9 : depth > 3 ? 0.3 : 0.5)) continue;
      const v = this.#value(f.shape, f, depth);
      if (v !== undefined) out[f.name] = v;
    }
    return out;
  }

  #value(s: Shape, f: Field | undefined, depth: number): unknown {
    // Go leaves out what is empty and no pointer: such values cannot come back, and are not part of the promise.
    const zero = f?.pointer === true;
    switch (s.type) {
      case 'string': return zero && this.#chance(0.2) ? '' : this.#pick(['web', 'a b', 'ü — 漢字 😀', 'true', 'null', '0x1F', '1e3', '- x: y', 'line\nbreak\n', '#no comment', ' lead', '1.10', '2026-01-01', '~', 'y', '=', '\t']);
      case 'bool': return zero ? this.#chance(0.5) : true;
      case 'int32': return this.#pick([...(zero ? [0] : []), 1, -1, 2_147_483_647, -2_147_483_648]);
      case 'int64': return this.#pick([...(zero ? [0] : []), 1, -1, 9_007_199_254_740_991, -9_007_199_254_740_991]);
      case 'double': return this.#pick([0.5, -1.25, 1e21]);
      case 'bytes': return this.#pick(['QUJD', '/+8=', 'AA==']);
      case 'quantity': return this.#pick(['500m', '1Gi', '12', '-3', '1500n', '2e3', '4Ki']);
      case 'time': return this.#pick(['2026-01-02T03:04:05Z', '1970-01-01T00:00:00Z', '1969-12-31T23:59:59Z', '9999-12-31T23:59:59Z']);
      case 'microtime': return this.#pick(['2026-01-02T03:04:05.000006Z', '1969-12-31T23:59:59.999999Z']);
      case 'duration': return this.#pick(['10.039s', '1m0s', '250ms', '1h0m0.5s']);
      case 'intOrString': return this.#pick([80, 0, -1, '50%', 'http', '80']);
      case 'object': case 'fields': return { a: [1, 'x', null, { b: true }], '': {}, 'f:metadata': {} };
      case 'any': return undefined;
      case 'list': {
        const items = Array.from({ length: 1 + Math.floor(this.#random() * 3) }, () => this.#value(s.of, undefined, depth + 1)).filter(v => v !== undefined);
        return items.length > 0 ? items : undefined;
      }
      case 'map': {
        const out: Record<string, unknown> = {};
        for (const key of ['k', 'example.com/a', 'ß', 'null', '1']) if (this.#chance(0.4)) { const v = this.#value(s.of, undefined, depth + 1); if (v !== undefined) out[key] = v; }
        return Object.keys(out).length > 0 ? out : undefined;
      }
      case 'struct': return depth >= DEPTH ? undefined : this.struct(s.name, depth + 1, false);
    }
  }
}

const json = (o: unknown): unknown => JSON.parse(JSON.stringify(o));
const all = [...kinds, ...alsoServed].map((k, i) => [`${apiVersionOf(k)} ${k.kind}`, k, i] as const);

describe.each(all)('%s', (_title, kind, n) => {
  test('comes back through protobuf and YAML', () => {
    const target = targetOf(kind.group, kind.version, kind.kind);
    for (let round = 0; round < ROUNDS; round++) {
      const made = { kind: kind.kind, apiVersion: apiVersionOf(kind), ...new Objects(n * 100 + round).struct(kind.schema, 0, true) } as Unstructured;
      // What any reader of JSON would have made of it: canonical quantities, times and numbers.
      const object = json(decodeBody(Buffer.from(JSON.stringify(made)), 'application/json', target, 'Strict').object);
      const back = json(decodeProtobuf(encodeProtobuf(object as Unstructured), undefined));
      expect(back, 'protobuf').toEqual(object);
      expect(json(decodeBody(encodeProtobuf(object as Unstructured), 'application/vnd.kubernetes.protobuf', target, 'Strict').object), 'protobuf body').toEqual(object);
      const yaml = writeYaml(back);
      expect(json(decodeBody(Buffer.from(yaml), 'application/yaml', target, 'Strict').object), yaml).toEqual(object);
    }
  });

  test('has a list that protobuf knows', () => {
    if (!kind.verbs.includes('list')) return;
    expect(schemaOf(kind.group, kind.version, kind.listKind)).toBeDefined();
    const list = { kind: kind.listKind, apiVersion: apiVersionOf(kind), metadata: { resourceVersion: '7', continue: 'x' }, items: [{ metadata: { name: 'a' } }, { metadata: { name: 'b' } }] };
    const back = decodeProtobuf(encodeProtobuf(list as unknown as Unstructured), undefined) as unknown as typeof list;
    expect(back.metadata).toEqual(list.metadata);
    expect(back.items.map(i => i.metadata.name)).toEqual(['a', 'b']);
  });
});

test('whole numbers of 64 bits are not rounded', () => {
  const target = targetOf('storage.k8s.io', 'v1', 'CSIDriver');
  const text = '{"kind":"CSIDriver","apiVersion":"storage.k8s.io/v1","metadata":{"name":"a"},"spec":{"tokenRequests":[{"audience":"a","expirationSeconds":9007199254740993}]}}';
  const { object } = decodeBody(Buffer.from(text), 'application/json', target, 'Strict');
  expect(JSON.stringify(decodeProtobuf(encodeProtobuf(object as Unstructured), undefined))).toContain('9007199254740993');
});

// The array of kinds against the facts of the published API, and the promises every kind makes.
import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { kindByGvk, kindFor, kindOf, kinds } from '../../core/api/kinds/index.ts';
import { fieldErrorText } from '../../core/api/meta/field-error.ts';
import { apiVersionOf, type KubeObject } from '../../core/api/meta/object.ts';
import { columnDefinitions, table } from '../../core/api/meta/table.ts';
import { samples } from '../fixtures/kind-samples.ts';

interface Fact { kind: string; namespaced: boolean; verbs: string[]; subresources: Record<string, { kind: string; verbs?: string[] }> }
const facts = JSON.parse(readFileSync(new URL('../fixtures/api-resources.json', import.meta.url), 'utf8')) as Record<string, Fact>;
const keyOf = (k: { group: string; version: string; plural: string }): string => `${apiVersionOf(k)} ${k.plural}`;
const NOW = Date.UTC(2026, 0, 1, 1);

test('every served resource of the fact table is there, and nothing else', () => {
  expect(kinds.map(keyOf).sort()).toEqual(Object.keys(facts).sort());
});

test('identities, list kinds and short names are unique', () => {
  expect(new Set(kinds.map(keyOf)).size).toBe(kinds.length);
  const short = kinds.filter(k => !k.storedAs).flatMap(k => k.shortNames);
  expect(new Set(short).size).toBe(short.length);
  for (const k of kinds) {
    expect(kindFor(k.group, k.version, k.plural)).toBe(k);
    expect(kindByGvk(k.group, k.version, k.kind)).toBe(k);
    expect(kindOf(apiVersionOf(k), k.kind)).toBe(k);
  }
});

test('Jobs and ReplicationControllers orphan by default, all else does not', () => {
  expect(kinds.filter(k => k.defaultPropagation === 'Orphan').map(k => k.plural).sort()).toEqual(['jobs', 'replicationcontrollers']);
});

test('creation by update is for the kinds Kubernetes allows it', () => {
  expect(kinds.filter(k => k.createOnUpdate).map(k => k.plural).sort()).toEqual(['clusterrolebindings', 'clusterroles', 'endpoints', 'events', 'events', 'leasecandidates', 'leases', 'limitranges', 'rolebindings', 'roles', 'runtimeclasses', 'services']);
});

describe.each(kinds.map(k => [keyOf(k), k] as const))('%s', (key, kind) => {
  const fact = facts[key]!;

  test('identity, verbs and subresources are the published ones', () => {
    expect(kind.kind).toBe(fact.kind);
    expect(kind.namespaced).toBe(fact.namespaced);
    expect([...kind.verbs].sort()).toEqual(fact.verbs);
    expect(kind.subresources.map(s => s.name).sort()).toEqual(Object.keys(fact.subresources).sort());
    for (const s of kind.subresources) {
      expect(s.responseKind?.kind ?? kind.kind).toBe(fact.subresources[s.name]!.kind);
      if (fact.subresources[s.name]!.verbs) expect([...s.verbs].sort()).toEqual(fact.subresources[s.name]!.verbs);
    }
    expect(kind.schema).toMatch(new RegExp(`\\.${kind.kind}$`));
    expect(Boolean(kind.scale)).toBe(kind.subresources.some(s => s.name === 'scale'));
  });

  test('columns', () => {
    const names = kind.columns.map(c => c.name);
    expect(new Set(names).size).toBe(names.length);
    if (kind.kind !== 'Event') expect(names[0]).toBe('Name');
    if (!['Event', 'PodTemplate', 'CSIStorageCapacity', 'ComponentStatus'].includes(kind.kind)) expect(names.includes('Age') || names.includes('Created At')).toBe(true);
    expect(columnDefinitions(kind).every(d => d.description.length > 0 && (d.priority === 0 || d.priority === 1))).toBe(true);
  });

  test('a valid manifest is accepted; defaults are stable; an update to the same is one', () => {
    const object = samples[key]!() as KubeObject;
    kind.setDefaults?.(object);
    kind.prepareForCreate?.(object);
    expect(kind.validate(object).map(fieldErrorText)).toEqual([]);
    expect(JSON.stringify(object)).not.toContain('null');
    const again = structuredClone(object);
    kind.setDefaults?.(again);
    expect(again).toEqual(object);
    kind.prepareForUpdate?.(again, object);
    expect(again).toEqual(object);
    expect(kind.validate(again)).toEqual([]);
    expect(kind.validateUpdate?.(again, object) ?? []).toEqual([]);
    const [row] = table(kind, [object], { now: NOW }).rows;
    expect(row!.cells).toHaveLength(kind.columns.length);
    kind.columns.forEach((c, i) => expect(typeof row!.cells[i], c.name).toBe(c.type === 'integer' || c.type === 'number' ? 'number' : c.type === 'boolean' ? 'boolean' : 'string'));
  });

  test('a bad name is an error of metadata', () => {
    const object = samples[key]!() as KubeObject;
    object.metadata = { ...object.metadata, name: 'no/good' };
    kind.setDefaults?.(object);
    expect(kind.validate(object).some(e => e.field === 'metadata.name')).toBe(true);
  });

  test('what is empty or half there is drawn, and refused in words, never by a crash', () => {
    for (const extra of [{}, { spec: {} }, { spec: {}, status: {} }, { spec: { template: {} } }, { spec: { template: { spec: {} } } }]) {
      const bare = { metadata: { name: 'x' }, ...structuredClone(extra) } as KubeObject;
      for (const c of kind.columns) { expect(c.value(bare, NOW)).toBeDefined(); c.sort?.(bare); }
      kind.view.health?.(bare);
      for (const f of Object.values(kind.fields ?? {})) expect(typeof f(bare)).toBe('string');
      kind.setDefaults?.(bare);
      kind.prepareForCreate?.(bare);
      expect(kind.validate(bare)).toBeInstanceOf(Array);
      kind.warnings?.(bare);
    }
  });
});

import { expect, test } from 'vitest';
import type { CustomResourceDefinition, CustomResourceDefinitionVersion } from '../types/kubernetes.ts';
import { kindFromCrd, kindsFromCrd } from './from-crd.ts';

const version: CustomResourceDefinitionVersion = {
  name: 'v1', served: true, storage: true,
  subresources: { status: {}, scale: { specReplicasPath: '.spec.replicas', statusReplicasPath: '.status.replicas', labelSelectorPath: '.status.selector' } },
  selectableFields: [{ jsonPath: '.spec.color' }],
  additionalPrinterColumns: [
    { name: 'Color', type: 'string', jsonPath: '.spec.color' }, { name: 'Ready', type: 'string', jsonPath: '.status.conditions[?(@.type=="Ready")].status', priority: 1 },
    { name: 'Size', type: 'integer', jsonPath: '.spec.size' }, { name: 'On', type: 'boolean', jsonPath: '.spec.on' }, { name: 'Load', type: 'number', jsonPath: '.status.load' },
    { name: 'Since', type: 'date', jsonPath: '.status.since' }, { name: 'All', type: 'string', jsonPath: '.spec.list' },
  ],
};
const crd: CustomResourceDefinition = {
  metadata: { name: 'widgets.example.com' },
  spec: { group: 'example.com', scope: 'Namespaced', names: { kind: 'Widget', plural: 'widgets', shortNames: ['w'] }, versions: [version, { name: 'v0', served: false, storage: false }] },
};
const NOW = Date.UTC(2026, 0, 1, 1);

test('a definition becomes kinds once it is established', () => {
  expect(kindsFromCrd(crd)).toEqual([]);
  const established = { ...crd, status: { conditions: [{ type: 'Established', status: 'True' }], acceptedNames: { ...crd.spec.names, shortNames: [] } } };
  expect(kindsFromCrd(established).map(k => [k.version, k.kind, k.listKind, k.singular, k.shortNames, k.schema])).toEqual([['v1', 'Widget', 'WidgetList', 'widget', [], 'com.example.v1.Widget']]);
});

test('columns, selectors and scale read by path', () => {
  const kind = kindFromCrd(crd, version);
  const object = { metadata: { name: 'a' }, spec: { color: 'red', size: 3.7, on: true, list: ['a'], replicas: 2 }, status: { conditions: [{ type: 'Ready', status: 'True' }], load: 0.5, since: '2026-01-01T00:00:00Z', selector: 'a=b' } };
  expect(kind.columns.map(c => c.value(object, NOW))).toEqual(['a', 'red', 'True', 3, true, 0.5, '60m', '["a"]']);
  expect(kind.columns.map(c => c.value({ metadata: { name: 'b' } }, NOW))).toEqual(['b', null, null, null, null, null, null, null]);
  expect(kind.fields!['spec.color']!(object)).toBe('red');
  expect([kind.scale!.specReplicas(object), kind.scale!.statusReplicas(object), kind.scale!.selector(object)]).toEqual([2, 0, 'a=b']);
  expect(kind.subresources.map(s => s.name)).toEqual(['status', 'scale']);
  expect(kindFromCrd({ ...crd, status: { conditions: [{ type: 'Terminating', status: 'True' }] } }, version).verbs).not.toContain('create');
});

test('a version that says nothing of columns shows the age', () => {
  expect(kindFromCrd(crd, { name: 'v2', served: true, storage: false }).columns.map(c => [c.name, c.value({ metadata: { name: 'a', creationTimestamp: '2026-01-01T00:00:00Z' } }, NOW)])).toEqual([['Name', 'a'], ['Age', '60m']]);
});

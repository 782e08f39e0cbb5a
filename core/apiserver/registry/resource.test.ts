import { describe, expect, it } from 'vitest';
import { defineKind } from '../../api/kinds/kind.ts';
import type { Entry } from '../../store/store.ts';
import { clone, equal } from '../../api/meta/clone.ts';
import { partialText } from '../http/partial.ts';
import { Resource } from './resource.ts';

const kind = defineKind({ group: 'apps', version: 'v1', kind: 'Widget', plural: 'widgets', namespaced: true, schema: 'x', validate: () => [], columns: [], view: { nav: 'Custom', icon: 'x', sections: [], actions: [] } });
const r = new Resource(kind);
const put = (object: object, revision: number): Entry => ({ key: 'k', value: r.encode(clone(object)), revision, createRevision: 1 });
const A = { kind: 'Widget', apiVersion: 'apps/v1', metadata: { name: 'ä', annotations: { t: 'a } " \\" { \\' }, resourceVersion: '3' }, data: { x: 'ü' } };

describe('Resource', () => {
  it('gives back what was stored, with its revision, decoded or as bytes', () => {
    const e = put(A, 12);
    const expected = { ...A, metadata: { ...A.metadata, resourceVersion: '12' } };
    expect(JSON.parse(r.bytesOf(e).toString())).toEqual(expected);
    expect(r.objectOf(e)).toEqual(expected);
    expect(r.objectOf(e)).toBe(r.objectOf(e));
    expect(JSON.parse(r.eventBytes('DELETED', e, 99).toString())).toEqual({ type: 'DELETED', object: { ...A, metadata: { ...A.metadata, resourceVersion: '99' } } });
    expect(JSON.parse(partialText(r, e, 12))).toMatchObject({ kind: 'PartialObjectMetadata', metadata: expected.metadata });
  });

  it('keys are group, plural, namespace, name', () => {
    expect(r.key('ns', 'a')).toBe('/registry/apps/widgets/ns/a');
    expect(r.range('')).toBe('/registry/apps/widgets/');
  });
});

describe('equal', () => {
  it('ignores order of keys and undefined', () => {
    expect(equal({ a: 1, b: [1, { c: undefined }] }, { b: [1, {}], a: 1 })).toBe(true);
    expect(equal({ a: 1 }, { a: 1, b: null })).toBe(false);
    expect(equal([], {})).toBe(false);
  });
});

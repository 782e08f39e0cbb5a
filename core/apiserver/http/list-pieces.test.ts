import { describe, expect, it } from 'vitest';
import { defineKind } from '../../api/kinds/kind.ts';
import { clone } from '../../api/meta/clone.ts';
import type { Entry } from '../../store/store.ts';
import { Resource } from '../registry/resource.ts';
import { joined, listPieces, type Pieces } from './list-pieces.ts';
import { tableEvent, tableOfEntries } from './table.ts';

let asked = 0;
const kind = defineKind({
  group: 'apps', version: 'v1', kind: 'Widget', plural: 'widgets', namespaced: true, schema: 'x', validate: () => [], view: { nav: 'Custom', icon: 'x', sections: [], actions: [] },
  columns: [
    { name: 'Name', type: 'string', description: '', draw: 'name', value: o => { asked++; return o.metadata!.name!; } },
    { name: 'Age', type: 'string', description: '', draw: 'age', value: (_, now) => `${now}s` },
    { name: 'None', type: 'string', description: '', draw: 'text', value: () => null },
  ],
  rowConditions: o => (o.metadata!.name === 'done' ? [{ type: 'Completed', status: 'True', reason: '', message: '' }] : []),
});
const r = new Resource(kind);
const put = (name: string, revision: number): Entry => ({ key: name, value: r.encode(clone({ metadata: { name, annotations: { t: 'a } " \\" { \\' } }, data: { x: 'ü' } })), revision, createRevision: 1 });
/** What a client of pieces in a buffer of `bytes` gets. */
function through(pieces: Pieces, bytes: number): { text: string; count: number } {
  const made = pieces(Buffer.alloc(bytes)), out: Buffer[] = [];
  for (let p = made.next(); ; p = made.next()) {
    out.push(Buffer.from(p.value));
    if (p.done) return { text: Buffer.concat(out).toString(), count: out.length };
  }
}

describe('pieces of a list', () => {
  const pieces = (n: number): Pieces => listPieces('{"items":[', Array.from({ length: n }, (_, i) => put('ä', 10 ** i)), (e, s) => r.item(e, s));

  it.each([0, 1, 3, 9])('are a list of %i items without kind and apiVersion', n => {
    expect((JSON.parse(joined(pieces(n)).toString()) as { items: unknown[] }).items).toEqual(
      Array.from({ length: n }, (_, i) => ({ metadata: { name: 'ä', annotations: { t: 'a } " \\" { \\' }, resourceVersion: String(10 ** i) }, data: { x: 'ü' } })));
  });

  it('come out the same from buffers that hold all, some, one or none of the items', () => {
    const whole = joined(pieces(9)).toString();
    for (const bytes of [4096, 700, 300, 40]) expect(through(pieces(9), bytes).text).toBe(whole);
    expect(through(pieces(9), 4096).count).toBe(1);
    expect(through(pieces(9), 40).count).toBe(11);
  });
});

describe('a table', () => {
  const rows = (text: string): { cells: unknown[]; conditions?: unknown; object?: { metadata: { resourceVersion: string } } }[] => (JSON.parse(text) as { rows: [] }).rows;

  it('asks cells that take no clock once per version, the others each time', () => {
    const entries = [put('a', 4), put('done', 5)], made = asked;
    const at = (now: number) => rows(joined(tableOfEntries(r, entries, { resourceVersion: '9' }, 'Metadata', now)).toString());
    expect(at(1).map(x => x.cells)).toEqual([['a', '1s', null], ['done', '1s', null]]);
    expect(at(2).map(x => x.cells)).toEqual([['a', '2s', null], ['done', '2s', null]]);
    expect(at(2)[1]!.conditions).toMatchObject([{ type: 'Completed' }]);
    expect(at(2)[0]!.object!.metadata).toEqual({ name: 'a', annotations: { t: 'a } " \\" { \\' }, resourceVersion: '4' });
    expect(asked - made).toBe(2);
    expect(rows(tableEvent(r, entries[0]!, 7, 'Object', 3, true))[0]).toMatchObject({ cells: ['a', '3s', null], object: { kind: 'Widget', metadata: { resourceVersion: '7' }, data: { x: 'ü' } } });
    expect(rows(joined(tableOfEntries(r, entries, {}, 'None', 1)).toString())[0]).toEqual({ cells: ['a', '1s', null] });
  });

  it('is not shared between resources with other columns', () => {
    const entry = put('a', 4), other = new Resource(defineKind({ ...kind, columns: [kind.columns[1]!] }));
    expect(rows(tableEvent(r, entry, 4, 'None', 1, true))[0]!.cells).toEqual(['a', '1s', null]);
    expect(rows(tableEvent(other, entry, 4, 'None', 1, true))[0]!.cells).toEqual(['1s']);
    expect(rows(tableEvent(r, entry, 4, 'None', 1, true))[0]!.cells).toEqual(['a', '1s', null]);
  });
});

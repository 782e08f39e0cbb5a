import { describe, expect, it } from 'vitest';
import { selectorFrom, type LabelSelectorLike } from '../api/meta/labels.ts';
import type { KubeObject } from '../api/meta/object.ts';
import { random } from '../../test/harness/random.ts';
import { Indexer } from './indexer.ts';
import type { Informer } from './informer.ts';
import { selected, selecting } from './selection.ts';

interface Owner extends KubeObject { spec: { selector?: LabelSelectorLike } }
const cache = <T extends KubeObject>(): { ix: Indexer<T>; informer: Informer<T> } => {
  const ix = new Indexer<T>();
  return { ix, informer: { lister: ix, addIndex: (name: string, keys: (o: T) => readonly string[]) => { ix.addIndex(name, keys); } } as unknown as Informer<T> };
};

describe('selection', () => {
  it('finds by index exactly what walking would find, while owners and objects come, change and go', () => {
    const r = random(7), owners = cache<Owner>(), things = cache<KubeObject>(), ns = ['a', 'b'];
    const of = (o: Owner) => { const { selector } = o.spec; return selector && selectorFrom(selector); };
    const found = selecting(owners.informer, 'by-selected', of);
    const labels = (): Record<string, string> | undefined => (r.chance(0.1) ? undefined : Object.fromEntries(['app', 'tier', 'zone'].filter(() => r.chance(0.7)).map(k => [k, `${r.upTo(3)}`])));
    const selector = (): LabelSelectorLike => ({
      ...(r.chance(0.7) ? { matchLabels: labels() ?? {} } : {}),
      ...(r.chance(0.5) ? { matchExpressions: [r.pick([{ key: 'app', operator: 'In', values: ['0', '1', '1'] }, { key: 'tier', operator: 'NotIn', values: ['2'] }, { key: 'zone', operator: 'Exists' }, { key: 'zone', operator: 'DoesNotExist' }])] } : {}),
    });
    const names = (list: readonly KubeObject[]): string[] => list.map(o => o.metadata!.name!).sort();
    for (let i = 0; i < 3000; i++) {
      const name = `x${r.upTo(25)}`, namespace = r.pick(ns);
      if (r.chance(0.2)) { (r.chance(0.5) ? owners.ix : things.ix).delete(`${namespace}/${name}`); continue; }
      if (r.chance(0.5)) owners.ix.set({ metadata: { name, namespace }, spec: r.chance(0.1) ? {} : { selector: selector() } });
      else things.ix.set({ metadata: { name, namespace, labels: labels() } });
      const asked = labels(), wanted = selectorFrom(selector()), where = r.pick(ns);
      expect(names(found.matching(where, asked))).toEqual(names(owners.ix.list(where).filter(o => of(o)?.matches(asked))));
      expect(names(selected(things.informer, where, wanted))).toEqual(names(things.ix.list(where).filter(o => wanted.matches(o.metadata?.labels))));
    }
  });

  it('reads only the smallest group that shares a label the selector asks for', () => {
    const { ix, informer } = cache<KubeObject>();
    for (let i = 0; i < 1000; i++) ix.set({ metadata: { name: `p${i}`, namespace: 'a', labels: { part: 'shop', app: `app${i % 100}` } } });
    let read = 0;
    const byIndex = ix.byIndex.bind(ix);
    ix.byIndex = (index, value) => { const list = byIndex(index, value); read += list.length; return list; };
    expect(selected(informer, 'a', selectorFrom({ matchLabels: { part: 'shop', app: 'app7' } }))).toHaveLength(10);
    expect(read).toBe(10);
  });

  it('what cannot be read selects nothing, and hinders nobody', () => {
    const { ix, informer } = cache<Owner>();
    const found = selecting(informer, 'by-selected', o => selectorFrom(o.spec.selector));
    ix.set({ metadata: { name: 'odd', namespace: 'a' }, spec: { selector: { matchExpressions: [{ key: 'app', operator: 'Like', values: ['x'] }] } } });
    ix.set({ metadata: { name: 'fine', namespace: 'a' }, spec: { selector: {} } });
    expect(found.matching('a', { app: 'x' }).map(o => o.metadata?.name)).toEqual(['fine']);
  });
});

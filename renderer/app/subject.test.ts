import { describe, expect, it } from 'vitest';
import { kindOf } from '../../core/api/kinds/index.ts';
import { FocusStore, type Focus } from './subject.ts';

const of = (...names: string[]): Focus => ({ cluster: 'c', kind: kindOf('v1', 'Pod')!, objects: names.map(name => ({ metadata: { name } })) });
const names = (f: FocusStore): (string | undefined)[] | undefined => f.get()?.objects.map(o => o.metadata?.name);

describe('what keys act on', () => {
  it('is what was turned to last: the row, or what was opened from elsewhere', () => {
    const f = new FocusStore();
    f.list(of('row'));
    f.drawer(of('linked'), true);
    expect(names(f)).toEqual(['linked']);
    f.drawer(of('linked-newer'));
    expect(names(f)).toEqual(['linked-newer']);
    f.list(of('next-row'));
    expect(names(f)).toEqual(['next-row']);
    // A new state of what the drawer shows is no reason to turn to it.
    f.drawer(of('linked-newest'));
    expect(names(f)).toEqual(['next-row']);
  });
  it('is the row again when the drawer closes, and the drawer\'s when the list has nothing chosen', () => {
    const f = new FocusStore();
    f.list(of('row'));
    f.drawer(of('shown'), true);
    f.drawer(undefined);
    expect(names(f)).toEqual(['row']);
    f.drawer(of('shown'), true);
    f.list(undefined);
    f.list(of());
    expect(names(f)).toEqual(['shown']);
    f.drawer(undefined);
    expect(names(f)).toEqual([]);
  });
  it('stays several rows that were chosen together', () => {
    const f = new FocusStore();
    f.list(of('a', 'b'));
    f.drawer(of('shown'), true);
    expect(names(f)).toEqual(['a', 'b']);
  });
});

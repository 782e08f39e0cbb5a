import { beforeEach, describe, expect, it } from 'vitest';
import { initial, restore, WorkspaceStore } from './workspace.ts';

let w: WorkspaceStore;
const ids = (): string[] => w.get().dock.map(d => d.id);
const shown = (): (string | undefined)[] => [w.get().dockActive, w.get().dockAside];
beforeEach(() => {
  w = new WorkspaceStore(initial('c'));
  for (const id of ['a', 'b', 'c']) w.openDock({ id, view: 'v', title: id, icon: 'box', props: {} });
});

describe('dock', () => {
  it('moves tabs and stops at the ends', () => {
    w.moveDock('c', -1);
    expect(ids()).toEqual(['a', 'c', 'b']);
    w.moveDock('c', -5);
    expect(ids()).toEqual(['c', 'a', 'b']);
    w.moveDock('c', 9);
    w.moveDock('nothing', 1);
    expect(ids()).toEqual(['a', 'b', 'c']);
  });
  it('splits: the active one goes beside the one before it, and both stay until joined', () => {
    w.splitDock();
    expect(shown()).toEqual(['b', 'c']);
    w.showDock('c');
    expect(shown()).toEqual(['b', 'c']);
    w.showDock('a');
    expect(shown()).toEqual(['a', 'c']);
    w.splitDock();
    expect(shown()).toEqual(['a', undefined]);
  });
  it('closes either half: the other stays, another takes its place when there is one', () => {
    w.splitDock();
    w.closeDock('c');
    expect(shown()).toEqual(['b', undefined]);
    w.splitDock();
    expect(shown()).toEqual(['a', 'b']);
    w.closeDock('a');
    expect(shown()).toEqual(['b', undefined]);
    w.splitDock();
    expect(shown()).toEqual(['b', undefined]);
    w.closeDock('b');
    expect([shown(), w.get().layout.dockOpen]).toEqual([[undefined, undefined], false]);
  });
  it('comes back as it was, without what is not there', () => {
    w.splitDock();
    w.moveDock('c', -2);
    const back = restore(JSON.parse(JSON.stringify(w.get())), ['c']);
    expect(back).toEqual(w.get());
    expect(restore({ ...w.get(), dockAside: 'gone', dockActive: 'gone' }, ['c'])).toMatchObject({ dockActive: 'c', dockAside: undefined });
    expect(restore({ ...w.get(), dock: undefined }, ['c'])).toMatchObject({ dock: [], dockActive: undefined });
  });
});

import { describe, expect, it, vi } from 'vitest';
import { WatchStore } from './watch-store.ts';

const o = (name: string, resourceVersion = '1') => ({ metadata: { name, namespace: 'n', uid: name, resourceVersion } });
function setup() {
  const frames: (() => void)[] = [];
  const store = new WatchStore(fn => { frames.push(fn); });
  return { store, frame: () => { for (const f of frames.splice(0)) f(); } };
}

describe('watch store', () => {
  it('tells once per frame, and only the objects that changed', () => {
    const { store, frame } = setup();
    const list = vi.fn<(changed: ReadonlySet<string>) => void>();
    store.subscribe(list);
    store.snapshot({ items: [o('a'), o('b')], done: true });
    frame();
    for (let i = 2; i < 50; i++) store.events({ events: [{ type: 'MODIFIED', object: o('a', String(i)) }] });
    store.events({ events: [{ type: 'MODIFIED', object: o('b') }] });
    frame();
    expect(list.mock.calls.map(([changed]) => [...changed])).toEqual([['n/a', 'n/b'], ['n/a']]);
    expect(store.get('n/a')?.metadata?.resourceVersion).toBe('49');
    store.events({ events: [{ type: 'DELETED', object: o('b') }] });
    frame();
    expect([...list.mock.lastCall![0]]).toEqual(['n/b']);
  });
  it('keeps rows over a reconnect and drops those the new list lacks, only when it is complete', () => {
    const { store, frame } = setup();
    store.snapshot({ items: [o('a'), o('b'), o('c')], done: true });
    const a = store.get('n/a');
    store.restart();
    store.snapshot({ items: [o('a')], done: false });
    frame();
    expect(store.size).toBe(3);
    store.events({ events: [{ type: 'ADDED', object: o('d') }] });
    store.snapshot({ items: [o('c', '2')], done: true });
    frame();
    expect([...store.keys()].sort()).toEqual(['n/a', 'n/c', 'n/d']);
    expect(store.get('n/a')).toBe(a);
  });
  it('forgets listeners', () => {
    const { store, frame } = setup();
    const l = vi.fn();
    store.subscribe(l)();
    store.snapshot({ items: [o('a')], done: true });
    frame();
    expect(l).not.toHaveBeenCalled();
  });
});

import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { matches, parseFilter } from './filter.ts';
import { all, clear, extendTo, focus, move, nothing, prune, toggle } from './selection.ts';
import { compareValues, sortKeys, toggleSort } from './sort.ts';
import { TableModel } from './table-model.ts';

describe('filter', () => {
  const row = () => ({ text: 'web-7d crashloopbackoff node-1', labels: { app: 'web', tier: 'front' } });
  it.each([
    ['', true], ['web', true], ['WEB crash', true], ['web -crash', false], ['web -zzz', true], ['/^web-\\d/', true], ['/^db', false],
    ['app=web', true], ['app=we', true], ['app=web,tier!=front', false], ['app=web,!zone', true], ['tier in (front, back)', true],
    ['tier notin (front)', false], ['!app', false], ['/(/', true], ['app!=db', true], ['-crash', false],
  ])('%s -> %s', (text, expected) => { expect(matches(parseFilter(text), row)).toBe(expected); });
  it('tells why an expression cannot be read', () => { expect(parseFilter('/(')).toMatchObject({ kind: 'error' }); });
});

describe('sort', () => {
  it('reads numbers in names and puts numbers before text', () => {
    expect(['web-10', 'web-2', 'Web-1'].sort(compareValues)).toEqual(['Web-1', 'web-2', 'web-10']);
    expect(compareValues(3, 'a')).toBeLessThan(0);
  });
  it('sorts by several keys and is stable by the row key', () => {
    const data: Record<string, { a: number; b: string }> = { x: { a: 1, b: 'q' }, y: { a: 1, b: 'p' }, w: { a: 0, b: 'z' }, z: { a: 1, b: 'p' } };
    const value = (k: string, c: string) => data[k]![c as 'a' | 'b'];
    expect(sortKeys(['z', 'x', 'y', 'w'], [{ column: 'a', descending: true }, { column: 'b', descending: false }], value)).toEqual(['y', 'z', 'x', 'w']);
  });
  it('toggles', () => {
    let s = toggleSort([{ column: 'Name', descending: false }], 'Age', false);
    expect(s).toEqual([{ column: 'Age', descending: false }]);
    s = toggleSort(s, 'Age', false);
    expect(s[0]!.descending).toBe(true);
    s = toggleSort(s, 'Name', true);
    expect(s).toHaveLength(2);
    s = toggleSort(toggleSort(s, 'Name', true), 'Name', true);
    expect(s).toEqual([{ column: 'Age', descending: true }]);
  });
});

describe('selection', () => {
  const rows = ['a', 'b', 'c', 'd', 'e'];
  it('moves, extends and clamps', () => {
    let s = move(nothing, rows, 1);
    expect(s.cursor).toBe('a');
    s = move(s, rows, 2, true);
    expect([...s.chosen]).toEqual(['a', 'b', 'c']);
    s = move(s, rows, -1, true);
    expect([...s.chosen]).toEqual(['a', 'b']);
    expect(move(s, rows, 99).cursor).toBe('e');
    expect(move(s, rows, 'first').cursor).toBe('a');
  });
  it('takes ranges by shift in either direction and toggles', () => {
    let s = extendTo(focus(nothing, 'd'), rows, 'b');
    expect([...s.chosen].sort()).toEqual(['b', 'c', 'd']);
    s = toggle(s, 'c');
    expect(s.chosen.has('c')).toBe(false);
    expect(clear(all(s, rows)).chosen.size).toBe(0);
  });
  it('keeps the cursor in place when its row goes', () => {
    const s = prune({ chosen: new Set(['b', 'c']), cursor: 'c', anchor: 'c' }, r => r !== 'c', rows, ['a', 'b', 'd', 'e']);
    expect(s).toEqual({ chosen: new Set(['b']), cursor: 'd', anchor: 'd' });
  });
});

describe('table model', () => {
  beforeEach(() => { vi.useFakeTimers(); });
  afterEach(() => { vi.useRealTimers(); });
  const setup = () => {
    const rows = new Map<string, { n: number }>([['a', { n: 1 }], ['b', { n: 2 }], ['c', { n: 3 }]]);
    const listeners = new Set<(changed: ReadonlySet<string>) => void>();
    let time = 0;
    const model = new TableModel({ keys: () => rows.keys(), get: k => rows.get(k), subscribe: l => { listeners.add(l); return () => listeners.delete(l); } },
      { filterable: r => ({ text: `row ${r.n}`, labels: {} }), sortValue: r => r.n }, [{ column: 'n', descending: true }], '', () => time);
    const told = vi.fn();
    const stop = model.subscribe(told);
    const change = (...keys: string[]) => { for (const l of listeners) l(new Set(keys.length > 0 ? keys : [...rows.keys(), 'a', 'b', 'c'])); };
    return { rows, model, told, change, stop, tick: (ms: number) => { time += ms; vi.advanceTimersByTime(ms); } };
  };
  it('re-sorts at most four times a second', () => {
    const { rows, model, told, change, tick } = setup();
    for (let i = 0; i < 100; i++) { rows.set('a', { n: 10 + i }); change(); tick(10); }
    tick(250);
    expect(model.view().rows).toEqual(['a', 'c', 'b']);
    expect(told.mock.calls.length).toBeLessThanOrEqual(5);
  });
  it('keeps places while held and catches up after', () => {
    const { rows, model, change, tick } = setup();
    model.hold(true);
    rows.set('a', { n: 9 }); rows.set('d', { n: 99 }); rows.delete('c');
    change(); tick(1000);
    expect(model.view().rows).toEqual(['b', 'a', 'd']);
    model.hold(false);
    expect(model.view().rows).toEqual(['d', 'a', 'b']);
  });
  it('answers a new question at once even while held', () => {
    const { model } = setup();
    model.hold(true);
    model.setFilter('row -2');
    expect(model.view()).toMatchObject({ rows: ['c', 'a'], total: 3 });
    model.setSorts([{ column: 'n', descending: false }]);
    expect(model.view().rows).toEqual(['a', 'c']);
  });
  it('answers in slices between which rows change, and only the last question', () => {
    const rows = new Map<string, { n: number }>(Array.from({ length: 1000 }, (_, i) => [`k${i}`, { n: i }]));
    let time = 0;
    const read = vi.fn((r: { n: number }) => { time += 0.1; return { text: `row ${r.n}.`, labels: {} }; });
    const listeners = new Set<(changed: ReadonlySet<string>) => void>();
    const model = new TableModel<{ n: number }>({ keys: () => rows.keys(), get: k => rows.get(k), subscribe: l => { listeners.add(l); return () => listeners.delete(l); } }, { filterable: read, sortValue: r => r.n }, [{ column: 'n', descending: false }], '', () => time);
    const told = vi.fn();
    model.subscribe(told);
    model.askFilter('never');
    vi.advanceTimersToNextTimer();
    expect(read.mock.calls.length).toBeGreaterThan(0);
    expect(read.mock.calls.length).toBeLessThanOrEqual(128);
    model.askFilter('99.');
    vi.advanceTimersToNextTimer();
    expect(told).not.toHaveBeenCalled();
    rows.set('k99', { n: 5 });
    rows.set('k7', { n: 2099 });
    for (const l of listeners) l(new Set(['k99', 'k7']));
    vi.runAllTimers();
    expect(model.view().rows).toEqual(['k199', 'k299', 'k399', 'k499', 'k599', 'k699', 'k799', 'k899', 'k999', 'k7']);
    model.askFilter('5');
    model.setFilter('');
    vi.runAllTimers();
    expect(model.view().rows).toHaveLength(1000);
  });
  it('ends where a full sort would, whatever changes', () => {
    const { rows, model, change, tick } = setup();
    let seed = 7;
    const random = (n: number) => { seed = (seed * 48271) % 2147483647; return seed % n; };
    for (let step = 0; step < 300; step++) {
      const key = `k${random(60)}`;
      if (random(4) === 0) rows.delete(key); else rows.set(key, { n: random(12) });
      if (random(9) === 0) model.hold(random(2) === 0);
      if (random(20) === 0) model.setSorts([{ column: 'n', descending: random(2) === 0 }]);
      if (random(15) === 0) model.setFilter(random(2) === 0 ? '' : '-3');
      change(key); tick(300);
    }
    model.hold(false);
    model.setFilter('');
    const { sorts } = model.view();
    expect(model.view().rows).toEqual(sortKeys([...rows.keys()], sorts, k => rows.get(k)!.n));
  });
  it('sorts 50,000 rows well under a frame budget of the throttle', () => {
    vi.useRealTimers();
    const keys = Array.from({ length: 50_000 }, (_, i) => `ns/pod-${(i * 7919) % 50_000}`);
    const from = performance.now();
    sortKeys(keys, [{ column: 'n', descending: false }], k => k.length);
    expect(performance.now() - from).toBeLessThan(1000);
  });
});

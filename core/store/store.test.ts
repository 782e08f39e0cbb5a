import { describe, expect, it } from 'vitest';
import { FakeClock } from '../base/clock.ts';
import { memoryStore } from './open.ts';
import { compareBytes } from './sorted-index.ts';
import { Compacted, CompareFailed, FutureRevision, type Entry, type Op, type Store, type StoreEvent } from './store.ts';

const bytes = (s: string): Buffer => Buffer.from(s);
const put = (key: string, value: string, expect?: number): Op => ({ type: 'put', key, value: bytes(value), expect });
const text = (entries: readonly Entry[]): string[] => entries.map(e => `${e.key}=${String(e.value)}`);

/** Deterministic numbers in [0, n). */
function dice(seed: number): (n: number) => number {
  let s = seed;
  return n => { s = (s * 1103515245 + 12345) & 0x7fffffff; return Math.floor((s / 0x7fffffff) * n) % n; };
}

describe('store', () => {
  it('starts at revision 1 and counts every operation of a transaction', async () => {
    const s = memoryStore();
    expect(s.revision).toBe(1);
    const r = await s.txn([put('/a/1', 'x'), put('/a/2', 'y'), { type: 'delete', key: '/a/none' }, { type: 'delete', key: '/a/1' }]);
    expect(r.revision).toBe(4);
    expect(r.entries.map(e => e?.revision)).toEqual([2, 3, undefined, 2]);
    expect(text(s.range({ prefix: '/a/' }).entries)).toEqual(['/a/2=y']);
  });

  it('shows a write only after it is durable, but compares against it at once', async () => {
    const s = memoryStore();
    const first = s.txn([put('/k', '1', 0)]);
    expect(s.get('/k')).toBeUndefined();
    await expect(s.txn([put('/k', '2', 0)])).rejects.toBeInstanceOf(CompareFailed);
    const second = s.txn([put('/k', '2', 2)]);
    await Promise.all([first, second]);
    expect(String(s.get('/k')?.value)).toBe('2');
    expect(s.get('/k')?.createRevision).toBe(2);
  });

  it('refuses a transaction as a whole and says what stood in the way', async () => {
    const s = memoryStore();
    await s.txn([put('/k', '1')]);
    const error: unknown = await s.txn([put('/other', 'x'), put('/k', '2', 99)]).catch((e: unknown) => e);
    expect(error).toBeInstanceOf(CompareFailed);
    expect((error as CompareFailed).actual?.revision).toBe(2);
    expect(s.get('/other')).toBeUndefined();
    expect(s.revision).toBe(2);
  });

  it('pages through an older state while writers go on', async () => {
    const s = memoryStore();
    for (let i = 0; i < 20; i++) await s.txn([put(`/p/${String(i).padStart(2, '0')}`, 'old')]);
    const at = s.revision;
    const expected = text(s.range({ prefix: '/p/' }).entries);
    const got: string[] = [];
    let from = '/p/';
    for (let page = 0; ; page++) {
      const r = s.range({ prefix: '/p/', from, limit: 7, revision: at });
      got.push(...text(r.entries));
      expect(r.revision).toBe(at);
      expect(r.remaining).toBe(20 - got.length);
      if (!r.more) break;
      from = `${r.entries.at(-1)!.key}\0`;
      await s.txn([put(`/p/0${page}`, 'new'), { type: 'delete', key: `/p/1${page}` }, put(`/p/0${page}x`, 'new')]);
    }
    expect(got).toEqual(expected);
  });

  it('gives a watcher history and then live events without gap or repeat', async () => {
    const s = memoryStore();
    await s.txn([put('/a/1', '1'), put('/b/1', '1'), put('/a/2', '1')]);
    const seen: number[] = [];
    const w = s.watch('/a/', 1, events => { seen.push(...events.map(e => e.revision)); });
    expect(seen).toEqual([2, 4]);
    await s.txn([put('/a/1', '2'), put('/a/3', '1'), { type: 'delete', key: '/a/3' }]);
    expect(seen).toEqual([2, 4, 5, 6, 7]);
    w.close();
    await s.txn([put('/a/1', '3')]);
    expect(seen).toHaveLength(5);
  });

  it('does not repeat a batch to a watcher that is opened while the batch is delivered', async () => {
    const s = memoryStore();
    const inner: number[] = [];
    let opened = false;
    s.watch('/a/', 1, () => { if (!opened) { opened = true; s.watch('/a/', 1, ev => { inner.push(...ev.map(e => e.revision)); }); } });
    await s.txn([put('/a/1', '1')]);
    await s.txn([put('/a/1', '2')]);
    expect(inner).toEqual([2, 3]);
  });

  it('delivers all watchers the same order when one of them writes inside its callback', async () => {
    const s = memoryStore();
    const seen: number[][] = [[], []];
    let more: Promise<unknown> | undefined;
    s.watch('/a/', 1, ev => { seen[0]!.push(...ev.map(e => e.revision)); more ??= s.txn([put('/a/2', 'x')]); });
    s.watch('/a/', 1, ev => { seen[1]!.push(...ev.map(e => e.revision)); });
    await s.txn([put('/a/1', '1')]);
    await more;
    expect(seen).toEqual([[2, 3], [2, 3]]);
  });

  it('keeps other watchers going when one throws', async () => {
    const s = memoryStore();
    s.watch('/', 1, () => { throw new Error('mine'); });
    const seen: StoreEvent[] = [];
    s.watch('/', 1, ev => { seen.push(...ev); });
    await s.txn([put('/a', '1')]);
    expect(seen).toHaveLength(1);
  });

  it('says when a revision is compacted or has not happened', async () => {
    const s = memoryStore();
    for (let i = 0; i < 5; i++) await s.txn([put('/a', String(i))]);
    s.compact(4);
    expect(() => s.range({ prefix: '/', revision: 3 })).toThrow(Compacted);
    expect(() => s.watch('/', 3, () => undefined)).toThrow(Compacted);
    expect(() => s.range({ prefix: '/', revision: 7 })).toThrow(FutureRevision);
    expect(text(s.range({ prefix: '/', revision: 4 }).entries)).toEqual(['/a=2']);
    const seen: number[] = [];
    s.watch('/', 4, ev => { seen.push(...ev.map(e => e.revision)); });
    expect(seen).toEqual([5, 6]);
  });

  it('keeps history for its time and number, and never above its bytes', async () => {
    const clock = new FakeClock();
    const s = memoryStore({ clock, history: { keepMs: 60_000, keepRevisions: 10, maxBytes: 100_000 } });
    for (let i = 0; i < 50; i++) await s.txn([put('/a', String(i))]);
    expect(s.compactRevision).toBe(0);
    for (let i = 0; i < 12; i++) { await clock.advance(10_000); await s.txn([put('/a', String(i))]); }
    expect(s.compactRevision).toBeGreaterThan(0);
    expect(s.revision - s.compactRevision).toBeGreaterThanOrEqual(10);
    const big = 'x'.repeat(10_000);
    for (let i = 0; i < 30; i++) await s.txn([put('/a', big)]);
    expect(s.revision - s.compactRevision).toBeLessThanOrEqual(12);
  });

  it('keeps the decoded forms of a large transaction until its watchers have heard of it', async () => {
    const s = memoryStore(), keys = Array.from({ length: 2000 }, (_, i) => `/d/${i}`);
    await s.txn(keys.map(key => ({ type: 'put', key, value: bytes('1'), decoded: { key } })));
    const heard: boolean[] = [];
    s.watch('/d/', s.revision, events => heard.push(...events.map(e => e.entry.decoded !== undefined)));
    const { entries } = await s.txn(keys.map(key => ({ type: 'delete', key })));
    expect([heard.length, heard.every(Boolean)]).toEqual([2000, true]);
    expect(entries[0]!.decoded).toBeUndefined();
  });

  it('lets go of decoded forms of superseded versions after a while, never of the newest', async () => {
    const s = memoryStore();
    const decoded = { big: true };
    const first = await s.txn([{ type: 'put', key: '/a', value: bytes('1'), decoded }]);
    await s.txn([{ type: 'put', key: '/a', value: bytes('2'), decoded }]);
    expect(first.entries[0]!.decoded).toBe(decoded);
    for (let i = 0; i < 600; i++) await s.txn([put('/b', '')]);
    expect(first.entries[0]!.decoded).toBeUndefined();
    expect(s.get('/a')!.decoded).toBe(decoded);
  });

  it('orders keys by their UTF-8 bytes', async () => {
    const keys = ['/z', '/\u{1f600}', '/\uffee', '/é', '/a', '/a/b', '/a-b'];
    const s = memoryStore();
    await s.txn(keys.map(k => put(k, '')));
    const byBytes = [...keys].sort((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b)));
    expect(s.range({ prefix: '/' }).entries.map(e => e.key)).toEqual(byBytes);
    expect([...keys].sort(compareBytes)).toEqual(byBytes);
  });
});

/** What the store should be, in the plainest way: a full copy per revision. */
class Model {
  states: Map<string, string>[] = [new Map(), new Map()];
  events: { revision: number; key: string; type: string }[] = [];
  put(key: string, value: string): void { this.states.push(new Map(this.states.at(-1)).set(key, value)); this.events.push({ revision: this.states.length - 1, key, type: 'PUT' }); }
  delete(key: string): void {
    const next = new Map(this.states.at(-1));
    if (!next.delete(key)) return;
    this.states.push(next);
    this.events.push({ revision: this.states.length - 1, key, type: 'DELETE' });
  }
  range(prefix: string, from: string, revision: number): string[] {
    return [...this.states[revision]!].filter(([k]) => k.startsWith(prefix) && compareBytes(k, from) >= 0).sort(([a], [b]) => compareBytes(a, b)).map(([k, v]) => `${k}=${v}`);
  }
}

export function checkAgainstModel(s: Store, m: Model, roll: (n: number) => number): void {
  const prefixes = ['', '/', '/a/', '/a/x/', '/a/x/1', '/b', '/nope/'];
  const prefix = prefixes[roll(prefixes.length)]!;
  const revision = Math.max(s.compactRevision, 1, s.revision - roll(40));
  const from = roll(2) ? prefix : `${prefix}${roll(10)}`;
  const limit = roll(3) ? 1 + roll(30) : 0;
  const expected = m.range(prefix, from, revision);
  const r = s.range({ prefix, from, limit, revision });
  expect(text(r.entries)).toEqual(limit ? expected.slice(0, limit) : expected);
  expect(r.remaining).toBe(expected.length - r.entries.length);
  expect(s.count(prefix)).toBe(m.range(prefix, prefix, s.revision).length);
}

describe('store against a model', () => {
  it.each([1, 2, 3])('ranges, counts and watches alike under random writes (seed %i)', async seed => {
    const roll = dice(seed * 7919);
    const s = memoryStore();
    const m = new Model();
    const watched: Record<string, { revision: number; key: string; type: string }[]> = {};
    for (const prefix of ['', '/a/', '/a/x/1', '/b/']) {
      const list = watched[prefix] = [] as { revision: number; key: string; type: string }[];
      s.watch(prefix, 1, ev => { list.push(...ev.map(e => ({ revision: e.revision, key: e.entry.key, type: e.type }))); });
    }
    for (let i = 0; i < 1500; i++) {
      const writes: Promise<unknown>[] = [];
      for (let n = roll(4); n >= 0; n--) {
        const key = `/${'ab'[roll(2)]}/${'xyz'[roll(3)]}/${roll(300)}`;
        if (roll(3) === 0) { m.delete(key); writes.push(s.txn([{ type: 'delete', key }])); }
        else { m.put(key, String(i)); writes.push(s.txn([put(key, String(i))])); }
      }
      await Promise.all(writes);
      expect(s.revision).toBe(m.states.length - 1);
      checkAgainstModel(s, m, roll);
      if (i % 200 === 199) { s.compact(s.revision - 20); }
    }
    for (const [prefix, list] of Object.entries(watched)) expect(list).toEqual(m.events.filter(e => e.key.startsWith(prefix)));
  }, 30_000);
});

import { expect, it } from 'vitest';
import { createLog } from '../base/log.ts';
import { random } from '../../test/harness/random.ts';
import { memoryStore } from './open.ts';
import type { Entry, Op, StoreEvent } from './store.ts';

const valueOf = (e: Entry): string => String(e.value).split(' ')[0]!;
const concerns = (value: string) => (e: StoreEvent): boolean => valueOf(e.entry) === value || (e.prev !== undefined && valueOf(e.prev) === value);

it('narrow watchers hear all that concerns their value, in order, and each event once, while they come and go', async () => {
  const r = random(3), s = memoryStore(), all: StoreEvent[] = [];
  s.watch('/p/', 1, events => { all.push(...events); });
  const open = new Set<{ value: string; since: number; until?: number; heard: StoreEvent[]; close(): void }>(), ended = new Set(open);
  for (let i = 0; i < 600; i++) {
    if (r.chance(0.1)) {
      const w = { value: `n${r.upTo(6)}`, since: s.revision, heard: [] as StoreEvent[], close: (): void => undefined };
      w.close = s.watch('/p/', s.revision, events => { w.heard.push(...events); }, { name: 'node', value: w.value, valueOf }).close;
      open.add(w);
    }
    if (open.size > 20) { const w = r.pick([...open]); w.close(); open.delete(w); ended.add(Object.assign(w, { until: s.revision })); }
    await Promise.all(Array.from({ length: r.upTo(3) + 1 }, () => {
      const key = `/p/${r.upTo(12)}`, op: Op = r.chance(0.2) ? { type: 'delete', key } : { type: 'put', key, value: Buffer.from(`n${r.upTo(6)} ${i}`) };
      return s.txn([op]);
    }));
  }
  expect(ended.size).toBeGreaterThan(20);
  for (const w of [...open, ...ended]) expect(w.heard).toEqual(all.filter(e => e.revision > w.since && e.revision <= (w.until ?? Infinity) && concerns(w.value)(e)));
});

it('an event costs what the watchers it concerns cost, whatever others there are', async () => {
  const s = memoryStore();
  let read = 0, woken = 0;
  for (let i = 0; i < 1000; i++) s.watch('/p/', 1, () => { woken++; }, { name: 'node', value: `n${i}`, valueOf: e => { read++; return valueOf(e); } });
  await s.txn([{ type: 'put', key: '/p/a', value: Buffer.from('n7') }]);
  await s.txn([{ type: 'put', key: '/p/a', value: Buffer.from('n8') }]);
  expect([read, woken]).toEqual([3, 3]);
});

it('what cannot be read concerns everybody, and is said', async () => {
  const said: string[] = [], s = memoryStore({ log: createLog('error', l => said.push(l)) }), heard: string[] = [];
  for (const value of ['n1', 'n2']) s.watch('/p/', 1, events => { heard.push(...events.map(e => `${value} ${e.revision}`)); }, { name: 'node', value, valueOf: e => { if (String(e.value) === 'odd') throw new Error('odd'); return valueOf(e); } });
  await s.txn([{ type: 'put', key: '/p/a', value: Buffer.from('odd') }]);
  expect(heard).toEqual(['n1 2', 'n2 2']);
  expect(said).toHaveLength(1);
});

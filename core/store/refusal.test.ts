import { describe, expect, it } from 'vitest';
import { systemClock } from '../base/clock.ts';
import { silentLog } from '../base/log.ts';
import { MvccStore } from './mvcc.ts';
import { forgetful, NotWritten, type Sink } from './segment-log.ts';
import type { Op } from './store.ts';

const put = (key: string, expect?: number): Op => ({ type: 'put', key, value: Buffer.from('x'), expect });
function failing(error: () => Error | undefined): MvccStore {
  const s = new MvccStore({ log: silentLog, clock: systemClock });
  const sink: Sink = { ...forgetful, async commit() { const e = error(); if (e) throw e; } };
  s.writeTo(sink);
  return s;
}

describe('a log that cannot be written', () => {
  it('refuses what was not written and all that was built on it, then goes on with the same revisions', async () => {
    let full = true;
    const s = failing(() => (full ? new NotWritten(new Error('no space left on device')) : undefined));
    const seen: number[] = [];
    s.watch('/', 1, ev => { seen.push(...ev.map(e => e.revision)); });
    const results = await Promise.allSettled([s.txn([put('/a', 0)]), s.txn([put('/a', 2)]), s.txn([put('/b')])]);
    expect(results.map(r => r.status)).toEqual(['rejected', 'rejected', 'rejected']);
    expect([s.revision, s.get('/a'), seen]).toEqual([1, undefined, []]);
    full = false;
    expect((await s.txn([put('/a', 0)])).revision).toBe(2);
    expect(seen).toEqual([2]);
  });

  it('accepts nothing more when it is unknown what reached the disk', async () => {
    const s = failing(() => new Error('EIO: fdatasync'));
    await expect(s.txn([put('/a')])).rejects.toThrow('EIO');
    await expect(s.txn([put('/a')])).rejects.toThrow('EIO');
    expect(s.get('/a')).toBeUndefined();
    await s.close();
  });
});

// The two ways to get a Store.
import { systemClock, type Clock } from '../base/clock.ts';
import { silentLog, type Log } from '../base/log.ts';
import { MvccStore, type HistoryPolicy } from './mvcc.ts';
import { recover } from './recover.ts';
import { SegmentLog } from './segment-log.ts';
import type { Store } from './store.ts';

export interface OpenOptions {
  /** Made if it is missing. One process at a time: the caller holds the lock. */
  dir: string;
  log: Log;
  clock: Clock;
  history?: HistoryPolicy;
  /** Log bytes below which no snapshot is taken; default 32 MiB. */
  minLogBytes?: number;
}

/** Opens or makes the store in `dir` with everything that was ever acknowledged. Throws StoreDamaged if files contradict themselves. */
export async function openStore(o: OpenOptions): Promise<Store> {
  const store = new MvccStore(o);
  const found = recover(o.dir, o.log, store);
  store.writeTo(await SegmentLog.open({ ...found, dir: o.dir, minLogBytes: o.minLogBytes ?? 32 << 20 }));
  return store;
}

/** A store that forgets: same semantics, nothing on disk. */
export function memoryStore(o: { log?: Log; clock?: Clock; history?: HistoryPolicy } = {}): Store {
  return new MvccStore({ log: o.log ?? silentLog, clock: o.clock ?? systemClock, history: o.history });
}

// The loop of every controller: a queue, workers, retries, and one place where failures are logged.
import { isConflict } from '../api/meta/status.ts';
import type { Clock } from '../base/clock.ts';
import type { Log } from '../base/log.ts';
import { WorkQueue, type QueueTimes } from '../base/queue.ts';
import type { Reconcile } from './controller.ts';

export interface Loop {
  readonly queue: WorkQueue;
  /** Starts the workers; call once the caches are filled. */
  run(reconcile: Reconcile, workers: number): void;
  /** No further key is begun; resolves when those in work are done. */
  stop(): Promise<void>;
}

/** A loop over one queue. Exceptions of a reconcile, thrown or rejected, never leave it; `failed` hears of them, `timed` how long keys take. */
export function createLoop(clock: Clock, log: Log, failed: (key: string, error: unknown) => void = () => {}, timed?: QueueTimes): Loop {
  const queue = new WorkQueue(clock, timed);
  let running: Promise<void>[] = [];
  const work = async (reconcile: Reconcile): Promise<void> => {
    for (let key = await queue.get(); key !== undefined; key = await queue.get()) {
      try {
        const outcome = await reconcile(key);
        queue.forget(key);
        if (outcome?.requeueAfter !== undefined) queue.addAfter(key, outcome.requeueAfter);
      } catch (error) {
        // A conflict only says that the cache was behind; the retry reads it anew.
        if (isConflict(error)) log.debug('write conflict, trying again', { key });
        else log.warn('reconcile failed, trying again', { key, error });
        queue.addRateLimited(key);
        failed(key, error);
      } finally {
        queue.done(key);
      }
    }
  };
  return {
    queue,
    run(reconcile, workers) { running = Array.from({ length: workers }, () => work(reconcile)); },
    async stop() { queue.close(); await Promise.all(running); },
  };
}

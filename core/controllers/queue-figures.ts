// workqueue_*: what client-go counts of each controller's queue.
import { exponential, type Figures, type Line } from '../base/figures.ts';
import type { QueueTimes, WorkQueue } from '../base/queue.ts';

/** Seconds, from a hundred-millionth to ten, as client-go has them. */
const BOUNDS = exponential(1e-8, 10, 10);

export class QueueFigures {
  readonly #queues = new Map<string, WorkQueue>();
  readonly #figures: Figures;
  constructor(figures: Figures) {
    this.#figures = figures;
    const of = (name: string, type: 'gauge' | 'counter', help: string, f: (q: WorkQueue) => number): void => figures.observed({ name, type, help, read: () => [...this.#queues].map(([queue, q]): Line => [{ name: queue }, f(q)]) });
    of('workqueue_depth', 'gauge', 'Keys that wait for a worker.', q => q.length);
    of('workqueue_adds_total', 'counter', 'Keys added.', q => q.adds);
    of('workqueue_retries_total', 'counter', 'Keys that came back after a failure.', q => q.retries);
    of('workqueue_unfinished_work_seconds', 'gauge', 'Seconds that the keys in work have been so, added up.', q => q.inWork().reduce((a, b) => a + b, 0) / 1000);
    of('workqueue_longest_running_processor_seconds', 'gauge', 'Seconds that the key in work for the longest has been so.', q => Math.max(0, ...q.inWork()) / 1000);
  }

  /** How long the keys of the queue of this name take. */
  times(name: string): QueueTimes {
    const waited = this.#figures.histogram('workqueue_queue_duration_seconds', 'Seconds that keys waited for a worker.', ['name'], BOUNDS).of([name]);
    const worked = this.#figures.histogram('workqueue_work_duration_seconds', 'Seconds that keys were in work.', ['name'], BOUNDS).of([name]);
    return { waited: ms => waited(ms / 1000), worked: ms => worked(ms / 1000) };
  }
  watch(name: string, queue: WorkQueue): void { this.#queues.set(name, queue); }
}

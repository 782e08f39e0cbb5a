// The pool of shared watches: one per cluster and scope, closed a while after the last window has left.
import { apiVersionOf } from '../../core/api/meta/object.ts';
import type { Clock } from '../../core/base/clock.ts';
import type { Log } from '../../core/base/log.ts';
import type { ClusterSource } from './seam.ts';
import { SharedWatch, type Scope, type WatchSink } from './shared-watch.ts';

/** Milliseconds a watch outlives its last subscriber, so that going back and forth between pages costs nothing. */
const LINGER = 15_000;

export interface Subscription { retry(): void; close(): void }

export class Watches {
  #source: ClusterSource;
  #clock: Clock;
  #log: Log;
  #open = new Map<string, { watch: SharedWatch; linger?: { cancel(): void } }>();

  constructor(source: ClusterSource, clock: Clock, log: Log) {
    this.#source = source;
    this.#clock = clock;
    this.#log = log;
  }

  /** Number of upstream watches that run now. */
  get size(): number { return this.#open.size; }

  subscribe(cluster: string, scope: Scope, make: (watch: SharedWatch) => WatchSink): Subscription {
    const key = [cluster, apiVersionOf(scope.resource), scope.resource.plural, scope.namespace ?? '', scope.labelSelector ?? '', scope.fieldSelector ?? ''].join('\n');
    let entry = this.#open.get(key);
    if (!entry) {
      const transport = async () => (await this.#source.upstream(cluster)).transport;
      entry = { watch: new SharedWatch(scope, transport, this.#clock, this.#log) };
      this.#open.set(key, entry);
    }
    const here = entry;
    here.linger?.cancel();
    here.linger = undefined;
    const leave = here.watch.subscribe(make(here.watch));
    let closed = false;
    return {
      retry: () => here.watch.retry(),
      close: () => {
        if (closed) return;
        closed = true;
        leave();
        if (here.watch.size > 0) return;
        here.linger = this.#clock.after(LINGER, () => {
          if (here.watch.size > 0) return;
          here.watch.close();
          this.#open.delete(key);
        });
      },
    };
  }

  close(): void {
    for (const { watch, linger } of this.#open.values()) { linger?.cancel(); watch.close(); }
    this.#open.clear();
  }
}

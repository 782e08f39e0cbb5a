// Events live an hour after their last write (contract 15.4).
import type { CoreEvent } from '../../api/types/kubernetes.ts';
import type { Timer } from '../../base/clock.ts';
import type { Op } from '../../store/store.ts';
import type { RegistryEnv } from './env.ts';
import type { Resource } from './resource.ts';

const TTL_MS = 3_600_000, SWEEP_MS = 60_000;

/** When the event was last written, as far as it says. */
function lastSign(e: CoreEvent): number {
  const times = [e.metadata?.creationTimestamp, e.lastTimestamp, e.eventTime, e.series?.lastObservedTime].map(t => (t ? Date.parse(String(t)) : 0)).filter(t => !Number.isNaN(t));
  return Math.max(0, ...times);
}

/** Removes old events once a minute until cancelled. */
export function startEventExpiry(env: RegistryEnv, events: Resource): Timer {
  let timer: Timer;
  const sweep = (): void => {
    const dead: Op[] = env.store.range({ prefix: events.prefix }).entries
      .filter(e => lastSign(events.stateOf(e) as CoreEvent) + TTL_MS < env.clock.now()).map(e => ({ type: 'delete', key: e.key, expect: e.revision }));
    // An event renewed at this moment makes the sweep fail as a whole; the next one takes the rest.
    if (dead.length > 0) env.store.txn(dead).catch((error: unknown) => env.log.debug('sweep of events to be repeated', { error }));
    timer = env.clock.after(SWEEP_MS, sweep);
  };
  timer = env.clock.after(SWEEP_MS, sweep);
  return { cancel: () => timer.cancel() };
}

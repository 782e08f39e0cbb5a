// Starting controllers: each gets its queue and its recorder; workers begin when every cache is filled.
import { kinds } from '../api/kinds/index.ts';
import type { KindSpec } from '../api/kinds/kind.ts';
import type { Clock } from '../base/clock.ts';
import { Figures } from '../base/figures.ts';
import type { Log } from '../base/log.ts';
import type { Client } from '../client/client.ts';
import type { InformerFactory } from '../client/informer.ts';
import type { EventRecorder } from '../client/recorder.ts';
import type { ControllerConfig } from './controller.ts';
import { isEnabled, unknownControllers } from './enabled.ts';
import { controllers } from './index.ts';
import { createLoop, type Loop } from './loop.ts';
import { QueueFigures } from './queue-figures.ts';
import { QuotaWaits } from './quota-waits.ts';

export interface StartOptions {
  readonly client: Client;
  /** The client of a controller, by the name of its service account; `client` for all of them where nothing is said. */
  readonly clientFor?: (account: string) => Client;
  readonly informers: InformerFactory;
  /** A recorder that writes in the name of a component, `deployment-controller`, as its controller's client. */
  readonly recorderFor: (component: string, client: Client) => EventRecorder;
  readonly clock: Clock;
  readonly log: Log;
  /** As `--controllers`; `['*']` where nothing is said. An unknown name throws. */
  readonly only?: readonly string[];
  /** What shall differ from `DEFAULTS`. */
  readonly config?: Partial<ControllerConfig>;
  /** Where they count; nobody asks where nothing is given. */
  readonly figures?: Figures;
}

/** Kubernetes' own defaults, but for a node's grace: 40 s, as it was until 1.32 made it 50 s; nodes here are close by. */
export const DEFAULTS: ControllerConfig = {
  nodeMonitorPeriod: 5_000, nodeMonitorGracePeriod: 40_000, nodeStartupGracePeriod: 60_000,
  nodeEvictionRate: 0.1, secondaryNodeEvictionRate: 0.01, largeZone: 50, unhealthyZoneThreshold: 0.55,
  terminatedPodThreshold: 12_500, podGcPeriod: 20_000, podGcQuarantine: 40_000, legacyTokenCleanUpPeriod: 365 * 86_400_000,
  hpaSyncPeriod: 15_000, hpaDownscaleStabilization: 300_000, hpaTolerance: 0.1, hpaCpuInitializationPeriod: 300_000, hpaInitialReadinessDelay: 30_000,
  resources: () => keepable(kinds),
};

/** Of all kinds served, those whose objects are there to be collected: one version of each resource, the first. */
export function keepable(served: readonly KindSpec[]): KindSpec[] {
  const seen = new Set<string>();
  return served.filter(k => {
    const id = `${k.group}/${k.plural}`;
    if (k.storedAs || seen.has(id) || !k.verbs.includes('list') || !k.verbs.includes('watch') || !k.verbs.includes('delete')) return false;
    seen.add(id);
    return true;
  });
}

export interface RunningControllers {
  /** Names of those that run. */
  readonly names: readonly string[];
  /** Resolves when reconciles in work are done. Informers are the caller's to stop. */
  stop(): Promise<void>;
}

/** Starts the controllers asked for; resolves when their caches are filled and they work. */
export async function startControllers(o: StartOptions): Promise<RunningControllers> {
  const only = o.only ?? ['*'];
  const unknown = unknownControllers(controllers, only);
  if (unknown.length) throw new Error(unknown.map(word => `"${word}" is not in the list of known controllers`).join(', '));
  const config = { ...DEFAULTS, ...o.config };
  const chosen = controllers.filter(c => isEnabled(c.name, c.alias, only));
  const waits = new QuotaWaits(o.informers), figures = o.figures ?? new Figures(), queues = new QueueFigures(figures);
  const loops = chosen.map(c => {
    const log = o.log.child(c.name), queue = c.queue ?? c.alias;
    const loop: Loop = createLoop(o.clock, log, (key, error) => waits.note(c.name, key, error, () => { loop.queue.forget(key); loop.queue.add(key); }), queues.times(queue));
    queues.watch(queue, loop.queue);
    const client = c.account === null ? o.client : o.clientFor?.(c.account ?? c.name) ?? o.client;
    const reconcile = c.start({ client, informers: o.informers, recorder: o.recorderFor(c.component ?? c.name, client), clock: o.clock, log, config, figures }, loop.queue);
    return { loop, run: () => loop.run(reconcile, c.workers ?? 5) };
  });
  await o.informers.start();
  for (const { run } of loops) run();
  return { names: chosen.map(c => c.name), stop: async () => { await Promise.all(loops.map(({ loop }) => loop.stop())); } };
}

// Controllers over FakeApi, each with the rights of its own role, with time turned by hand, and pods that behave as a kubelet would make them.
import { pod as podKind } from '../../core/api/kinds/core/pod.ts';
import type { KubeObject } from '../../core/api/meta/object.ts';
import type { Pod } from '../../core/api/types/kubernetes.ts';
import { FakeClock } from '../../core/base/clock.ts';
import { Figures } from '../../core/base/figures.ts';
import { createLog, silentLog } from '../../core/base/log.ts';
import { failure } from '../../core/api/meta/status.ts';
import { Client, type Transport } from '../../core/client/client.ts';
import { createInformerFactory } from '../../core/client/informer-factory.ts';
import type { ControllerConfig } from '../../core/controllers/controller.ts';
import { controllerUser } from '../../core/boot/workers.ts';
import { startControllers, type RunningControllers } from '../../core/controllers/start.ts';
import { FakeApi } from './fake-api.ts';
import { limited } from './rights.ts';
import type { Random } from './random.ts';

export interface World {
  readonly api: FakeApi;
  readonly clock: FakeClock;
  /** `ReplicaSet/web Normal SuccessfulCreate Created pod: web-00000`. */
  readonly events: string[];
  /** `warn …` and worse, for tests that want silence. */
  readonly complaints: string[];
  readonly controllers: RunningControllers;
  /** What was counted, as `name{label="value"} number`, of names that begin so. */
  counted(prefix: string): string[];
  /** Lets everything that is due now happen. */
  settle(): Promise<void>;
  /** Ends the controllers where they are and starts others, which know nothing but what the server has. */
  restart(): Promise<void>;
  /** Kills the controllers after so many more answers to their writes: no other reaches them, and what they had begun stays as it is. Then others begin. */
  kill(answers: number): Promise<void>;
  stop(): Promise<void>;
}

/** A world in which the controllers of `only` run. `setup` runs before they start. */
export async function world(only: readonly string[], setup: (api: FakeApi) => void = () => {}, config: Partial<ControllerConfig> = {}): Promise<World> {
  const clock = new FakeClock();
  const api = new FakeApi(clock);
  setup(api);
  const client = new Client(api, 'test');
  const events: string[] = [];
  const complaints: string[] = [];
  const figures = new Figures();
  const begin = async (): Promise<{ controllers: RunningControllers; life: { left: number }; end(): Promise<void> }> => {
    const life = { left: Infinity };
    const informers = createInformerFactory(client, { clock, log: silentLog });
    const controllers = await startControllers({
      client, informers, clock, only, config, figures, clientFor: account => new Client(mortal(limited(api, controllerUser(account), message => complaints.push(message)), life), 'test'),
      log: createLog('warn', line => complaints.push(line)),
      recorderFor: () => ({ event: (o: KubeObject, type, reason, message) => { events.push(`${o.kind}/${o.metadata?.name} ${type} ${reason} ${message}`); } }),
    });
    return { controllers, life, end: async () => { await controllers.stop(); informers.stop(); } };
  };
  let running = await begin();
  const settle = async (): Promise<void> => { for (let i = 0; i < 8; i++) await clock.advance(10); };
  await settle();
  return {
    counted: prefix => figures.all().flatMap(f => f.read().map(([labels, value, suffix = '']) => `${f.name}${suffix}{${Object.entries(labels).map(([k, v]) => `${k}="${v}"`).join(',')}} ${value}`)).filter(line => line.startsWith(prefix)),
    api, clock, events, complaints, settle, get controllers() { return running.controllers; },
    async restart() { await running.end(); running = await begin(); await settle(); },
    async kill(answers) {
      const before = complaints.length;
      running.life.left = answers;
      await settle();
      running.life.left = 0;
      await running.end();
      complaints.splice(before);
      running = await begin();
      await settle();
    }, stop: () => running.end(),
  };
}

/** A transport that goes dead when `life.left` writes more have been answered; the answer of the last may already be lost. */
export function mortal(transport: Transport, life: { left: number }): Transport {
  const dead = (): Error => failure(503, 'ServiceUnavailable', 'killed');
  return {
    async request(r) {
      if (life.left <= 0) throw dead();
      const answer = await transport.request(r);
      if (r.method !== 'GET' && life.left-- <= 0) throw dead();
      return answer;
    },
    watch: (path, query, onEvents, signal) => transport.watch(path, query, events => { if (life.left > 0) onEvents(events); }, signal),
  };
}

/** Binds, starts and makes Ready every pod that is not yet, as scheduler and kubelet would. */
export function runPods(api: FakeApi, which: (p: Pod) => boolean = () => true): number {
  const now = `${new Date(api.clock.now()).toISOString().slice(0, 19)}Z`;
  const waiting = api.all<Pod>(podKind).filter(p => p.status?.phase === 'Pending' && p.metadata?.deletionTimestamp === undefined && which(p));
  for (const [i, p] of waiting.entries()) {
    api.change<Pod>(podKind, `${p.metadata?.namespace}/${p.metadata?.name}`, o => {
      o.spec!.nodeName ??= `node-${i % 2}`;
      const podIP = `10.244.0.${(Number(o.metadata?.resourceVersion) % 250) + 1}`;
      o.status = { ...o.status, phase: 'Running', podIP, podIPs: [{ ip: podIP }], conditions: [{ type: 'Ready', status: 'True', lastTransitionTime: now }] };
    });
  }
  return waiting.length;
}

/** Ends every pod that is being deleted, as a kubelet would. */
export function reapPods(api: FakeApi): number {
  const dying = api.all<Pod>(podKind).filter(p => p.metadata?.deletionTimestamp !== undefined && !p.metadata.finalizers?.length);
  for (const p of dying) api.remove(podKind, `${p.metadata?.namespace}/${p.metadata?.name}`);
  return dying.length;
}

/** Thirty random acts with a moment between them, the names of those done kept in `done`. Pods run and go more often than anything else happens. */
export async function actAtRandom(w: World, r: Random, acts: Readonly<Record<string, () => unknown>>, done: string[]): Promise<void> {
  for (let i = 0; i < 30; i++) {
    const act = r.pick(['run', 'run', 'run', 'reap', 'reap', ...Object.keys(acts)]);
    done.push(act);
    await acts[act]!();
    await w.clock.advance(r.chance(0.3) ? 0 : 20);
  }
}

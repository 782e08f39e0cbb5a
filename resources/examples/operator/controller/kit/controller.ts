// Watches kinds, puts the keys of what changed into a queue, and has workers call one function per key until the world is as wished.
// That function is told a name and no more: it looks at what is, not at what happened, so that nothing is lost when an event is, when
// the process is killed, or when somebody else changed things meanwhile.
import { makeInformer, type KubeConfig, type KubernetesListObject, type KubernetesObject, type ObjectCache } from '@kubernetes/client-node';
import type { Log } from './log.ts';
import { Queue } from './queue.ts';

export interface Source<T extends KubernetesObject> {
  /** The path of the collection, for the watch: `/apis/apps/v1/deployments`. */
  path: string;
  /** The same collection, listed. */
  list(): Promise<KubernetesListObject<T>>;
  labelSelector?: string;
  /** The keys to work on when this object changed; see {@link keyOf} and {@link ownerKey}. */
  keys(o: T): readonly (string | undefined)[];
}

export interface ControllerOptions {
  config: KubeConfig;
  log: Log;
  /** Makes one object's world as it should be. A number: look again in so many milliseconds. A failure: again, later each time. */
  reconcile(namespace: string, name: string): Promise<number | void>;
  workers?: number;
  /** The wait before a broken list or watch is started anew; milliseconds. */
  restart?: number;
}

export const keyOf = (o: KubernetesObject): string => `${o.metadata?.namespace ?? ''}/${o.metadata?.name ?? ''}`;

/** The key of the object of this kind that controls another. */
export function ownerKey(o: KubernetesObject, kind: string): string | undefined {
  const owner = o.metadata?.ownerReferences?.find(r => r.controller === true && r.kind === kind);
  return owner && `${o.metadata?.namespace ?? ''}/${owner.name}`;
}

export class Controller {
  readonly queue = new Queue();
  /** How often `reconcile` ended well and badly. */
  readonly counts = { success: 0, error: 0 };
  readonly #options: ControllerOptions;
  readonly #sources: { start(): Promise<void>; stop(): Promise<void> }[] = [];
  #workers: Promise<void>[] = [];
  #stopped = false;

  constructor(options: ControllerOptions) { this.#options = options; }

  /** Before {@link start}. The answer is kept up to date from then on: read objects there, not from the server. */
  watch<T extends KubernetesObject>(source: Source<T>): ObjectCache<T> {
    const { config, log, restart = 1000 } = this.#options;
    let known = false, tell = (): void => undefined;
    const listed = new Promise<void>(resolve => { tell = resolve; });
    const informer = makeInformer<T>(config, source.path, async () => { const list = await source.list(); known = true; return list; }, source.labelSelector);
    informer.on('change', o => { for (const key of source.keys(o)) if (key !== undefined) this.queue.add(key); });
    const begin = async (): Promise<void> => {
      if (this.#stopped) return;
      await informer.start();
      if (known) tell();
    };
    // The library tells of a broken list or watch and then rests: what was seen stays, and the watch goes on from there.
    const anew = (e: unknown): void => {
      if (this.#stopped) return;
      log.error('Watching failed, starting again', e, { path: source.path });
      setTimeout(() => { begin().catch(anew); }, restart).unref();
    };
    informer.on('error', anew);
    this.#sources.push({ start: async () => { begin().catch(anew); await listed; }, stop: () => informer.stop() });
    return informer;
  }

  /** Resolves when everything has been listed once and the workers work: none of them sees half of what there is. */
  async start(): Promise<void> {
    await Promise.all(this.#sources.map(s => s.start()));
    this.#workers = Array.from({ length: this.#options.workers ?? 1 }, () => this.#work());
  }

  async #work(): Promise<void> {
    const { log, reconcile } = this.#options;
    for (;;) {
      const key = await this.queue.take();
      if (key === undefined) return;
      const [namespace = '', name = ''] = key.split('/');
      try {
        const again = await reconcile(namespace, name);
        this.counts.success++;
        this.queue.done(key);
        if (again !== undefined) this.queue.addAfter(key, again);
      } catch (e) {
        this.counts.error++;
        const wait = this.queue.done(key, true);
        log.error('Reconciler error', e, { namespace, name, againInMs: wait });
      }
    }
  }

  /** Resolves when the work in hand is done. */
  async stop(): Promise<void> {
    this.#stopped = true;
    this.queue.close();
    await Promise.all(this.#sources.map(s => s.stop()));
    await Promise.all(this.#workers);
  }
}

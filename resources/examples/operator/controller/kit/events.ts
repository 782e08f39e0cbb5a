// Events: what a controller did and why, where people look for it (kubectl describe).
import { PatchStrategy, V1MicroTime, setHeaderOptions, type CoreV1Api, type KubernetesObject } from '@kubernetes/client-node';
import type { Log } from './log.ts';

export class Recorder {
  readonly #core: CoreV1Api;
  readonly #component: string;
  readonly #instance: string;
  readonly #log: Log;
  /** The same words about the same object are one event with a count. The oldest are forgotten. */
  readonly #said = new Map<string, { name: string; count: number }>();

  constructor(core: CoreV1Api, component: string, instance: string, log: Log) { this.#core = core; this.#component = component; this.#instance = instance; this.#log = log; }

  /** Never fails: an event that cannot be written is logged, and the work goes on. */
  async event(about: KubernetesObject, type: 'Normal' | 'Warning', reason: string, message: string): Promise<void> {
    const { namespace = 'default', name = '', uid = '', resourceVersion } = about.metadata ?? {};
    const key = [uid, type, reason, message].join('\n'), now = new Date(), before = this.#said.get(key);
    try {
      if (before) {
        before.count++;
        await this.#core.patchNamespacedEvent({ namespace, name: before.name, body: { count: before.count, lastTimestamp: now } }, setHeaderOptions('Content-Type', PatchStrategy.MergePatch));
        return;
      }
      const event = await this.#core.createNamespacedEvent({ namespace, body: {
        metadata: { name: `${name}.${now.getTime().toString(16)}${Math.random().toString(16).slice(2, 8)}`, namespace },
        involvedObject: { apiVersion: about.apiVersion, kind: about.kind, namespace, name, uid, resourceVersion },
        type, reason, message, count: 1, firstTimestamp: now, lastTimestamp: now, eventTime: new V1MicroTime(now), action: reason,
        source: { component: this.#component }, reportingComponent: this.#component, reportingInstance: this.#instance,
      } });
      this.#said.set(key, { name: event.metadata.name ?? '', count: 1 });
      for (const old of this.#said.keys()) { if (this.#said.size <= 1000) break; this.#said.delete(old); }
    } catch (e) {
      this.#said.delete(key);
      this.#log.error('Event', e, { reason, message });
    }
  }
}

// Pods that have their node and wait for permissions.
import type { Clock } from '../base/clock.ts';
import type { WaitingPod } from './framework.ts';
import type { PodInfo } from './pod-info.ts';

export class WaitingPods {
  readonly #clock: Clock;
  readonly #pods = new Map<string, WaitingPod>();
  constructor(clock: Clock) { this.#clock = clock; }

  /** By uid. */
  get(uid: string): WaitingPod | undefined { return this.#pods.get(uid); }
  list(): WaitingPod[] { return [...this.#pods.values()]; }

  /** Resolves with undefined when every plug-in of `until` (name -> ms to wait) has allowed the pod; with who said no and why otherwise. */
  wait(pod: PodInfo, node: string, until: ReadonlyMap<string, number>): Promise<{ by: string; message: string } | undefined> {
    return new Promise(resolve => {
      const open = new Set(until.keys());
      const timers = [...until].map(([plugin, ms]) => this.#clock.after(ms, () => reject(plugin, `rejected due to timeout after waiting ${ms / 1000}s at plugin ${plugin}`)));
      const end = (outcome: { by: string; message: string } | undefined): void => {
        for (const t of timers) t.cancel();
        this.#pods.delete(pod.uid);
        resolve(outcome);
      };
      const reject = (by: string, message: string): void => end({ by, message });
      this.#pods.set(pod.uid, { pod, node, allow: plugin => { if (open.delete(plugin) && open.size === 0) end(undefined); }, reject });
    });
  }
  close(): void { for (const p of this.list()) p.reject('', 'the scheduler stops'); }
}

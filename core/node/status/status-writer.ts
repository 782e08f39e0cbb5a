// Writes pod statuses to the API: one request per pod at a time, the newest status wins, quiet changes wait a moment for more.
import { pod as pods } from '../../api/kinds/core/pod.ts';
import { isConflict, isNotFound } from '../../api/meta/status.ts';
import type { Pod, PodStatus } from '../../api/types/kubernetes.ts';
import type { Clock, Timer } from '../../base/clock.ts';
import type { Log } from '../../base/log.ts';
import type { Client } from '../../client/client.ts';
import { same, statusPatch } from './status-patch.ts';

/** Changes that no one waits for (why it is not up yet) are joined with what follows within this time. */
const QUIET_MS = 30;
const RETRY_MS = 1_000;

interface Slot { pod: Pod; /** what the API has, as far as known */ known: PodStatus; wanted: PodStatus; busy: boolean; timer: Timer | undefined; waiters: (() => void)[]; gone: boolean; /** resourceVersion of the last write */ version: number }

/** What people and controllers act on. */
function urgent(a: PodStatus, b: PodStatus): boolean {
  if (a.phase !== b.phase && b.phase !== 'Pending') return true;
  const ready = (s: PodStatus): string | undefined => s.conditions?.find(c => c.type === 'Ready')?.status;
  return ready(a) !== ready(b) && ready(b) === 'True';
}

export class StatusWriter {
  readonly #client: Client;
  readonly #clock: Clock;
  readonly #log: Log;
  readonly #slots = new Map<string, Slot>();
  #closed = false;
  constructor(client: Client, clock: Clock, log: Log) { this.#client = client; this.#clock = clock; this.#log = log; }

  #slot(pod: Pod): Slot {
    const uid = pod.metadata?.uid ?? '';
    let s = this.#slots.get(uid);
    if (!s) { s = { pod, known: pod.status ?? {}, wanted: pod.status ?? {}, busy: false, timer: undefined, waiters: [], gone: false, version: 0 }; this.#slots.set(uid, s); }
    return s;
  }

  /** A newer object came from the API: where it differs from what was written, it is written again. */
  observed(pod: Pod): void {
    const s = this.#slots.get(pod.metadata?.uid ?? '');
    if (!s) return;
    s.pod = pod;
    // An echo of an earlier write says nothing new.
    if (!s.busy && pod.status && Number(pod.metadata?.resourceVersion) >= s.version) s.known = pod.status;
  }

  /** Takes the status; returns at once. */
  write(pod: Pod, status: PodStatus): void {
    const s = this.#slot(pod);
    s.pod = pod;
    if (same(s.wanted, status) && same(s.known, status)) return;
    const now = urgent(s.wanted, status);
    s.wanted = status;
    if (s.busy || s.gone) return;
    if (now) { s.timer?.cancel(); s.timer = undefined; void this.#send(s); }
    else s.timer ??= this.#clock.after(QUIET_MS, () => { s.timer = undefined; void this.#send(s); });
  }

  async #send(s: Slot): Promise<void> {
    if (s.busy) return;
    s.busy = true;
    const m = s.pod.metadata;
    try {
      while (!this.#closed && !s.gone) {
        const target = s.wanted;
        const patch = statusPatch(m?.uid ?? '', s.known, target);
        if (!patch) break;
        try {
          const written = await this.#client.patch<Pod>(pods, m?.namespace, m?.name ?? '', 'application/strategic-merge-patch+json', patch, 'status');
          s.known = target;
          s.version = Number(written.metadata?.resourceVersion ?? 0);
        } catch (e) {
          // Another uid under this name, or none: there is nothing to write to any more.
          if (isNotFound(e) || isConflict(e)) { s.gone = true; break; }
          this.#log.warn('status not written; trying again', { pod: `${m?.namespace}/${m?.name}`, error: e });
          await new Promise<void>(resolve => { this.#clock.after(RETRY_MS, resolve); });
        }
      }
    } finally {
      s.busy = false;
      for (const wake of s.waiters.splice(0)) wake();
    }
  }

  /** Resolves when the pod's last status is written (or cannot be). */
  async flush(uid: string): Promise<void> {
    const s = this.#slots.get(uid);
    if (!s || s.gone || this.#closed) return;
    if (s.timer) { s.timer.cancel(); s.timer = undefined; void this.#send(s); }
    if (s.busy) await new Promise<void>(resolve => { s.waiters.push(resolve); });
  }

  /** The final delete of a pod whose containers are gone: grace 0, this uid only. Rejects when the API cannot be reached. */
  async deletePod(pod: Pod): Promise<void> {
    const m = pod.metadata;
    try { await this.#client.delete(pods, m?.namespace, m?.name ?? '', { gracePeriodSeconds: 0, preconditions: { uid: m?.uid ?? '' } }); }
    catch (e) { if (!isNotFound(e) && !isConflict(e)) throw e; }
    this.forget(m?.uid ?? '');
  }

  forget(uid: string): void { const s = this.#slots.get(uid); if (s) { s.gone = true; s.timer?.cancel(); this.#slots.delete(uid); } }
  close(): void { this.#closed = true; for (const s of this.#slots.values()) s.timer?.cancel(); }
}

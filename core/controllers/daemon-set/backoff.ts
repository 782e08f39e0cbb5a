// How long a node on which a daemon's pod failed is left alone before the next one: 1 s, doubled up to 15 min. A node where none
// failed for half an hour begins anew.
import type { Clock } from '../../base/clock.ts';

const FIRST = 1_000, LONGEST = 15 * 60_000;

export class FailureBackoff {
  readonly #clock: Clock;
  readonly #waits = new Map<string, { wait: number; since: number }>();
  constructor(clock: Clock) { this.#clock = clock; }

  /** Milliseconds that are left to wait under this key; 0 when it may go on. */
  left(key: string): number {
    const e = this.#waits.get(key);
    return e ? Math.max(0, e.since + e.wait - this.#clock.now()) : 0;
  }

  /** Another failure. */
  note(key: string): void {
    const now = this.#clock.now();
    for (const [k, e] of this.#waits) { if (now - e.since <= 2 * LONGEST) break; this.#waits.delete(k); }
    const old = this.#waits.get(key);
    this.#waits.delete(key);
    this.#waits.set(key, { wait: old && now - old.since <= 2 * LONGEST ? Math.min(old.wait * 2, LONGEST) : FIRST, since: now });
  }
}

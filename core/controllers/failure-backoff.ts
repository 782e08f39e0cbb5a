// How long what failed is left alone before the next try: 1 s, doubled up to a limit. Where nothing failed for twice as long, it begins anew.
import type { Clock } from '../base/clock.ts';

const FIRST = 1_000;

export class FailureBackoff {
  readonly #clock: Clock;
  readonly #longest: number;
  readonly #waits = new Map<string, { wait: number; since: number }>();
  /** `longest` in ms. */
  constructor(clock: Clock, longest: number) { this.#clock = clock; this.#longest = longest; }

  /** Milliseconds that are left to wait under this key; 0 when it may go on. */
  left(key: string): number {
    const e = this.#waits.get(key);
    return e ? Math.max(0, e.since + e.wait - this.#clock.now()) : 0;
  }

  /** Another failure. */
  note(key: string): void {
    const now = this.#clock.now();
    for (const [k, e] of this.#waits) { if (now - e.since <= 2 * this.#longest) break; this.#waits.delete(k); }
    const old = this.#waits.get(key);
    this.#waits.delete(key);
    this.#waits.set(key, { wait: old && now - old.since <= 2 * this.#longest ? Math.min(old.wait * 2, this.#longest) : FIRST, since: now });
  }
}

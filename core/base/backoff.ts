// Growing waits between attempts, spread so that many waiters do not come back together.

/** Waits of one who tries again; not shared between tasks. */
export class Backoff {
  readonly #first: number;
  readonly #max: number;
  readonly #random: () => number;
  #next: number;
  /** Waits of `first`, 2*first … up to `max` ms, each stretched by up to its own half. */
  constructor(first: number, max: number, random: () => number = Math.random) { this.#first = first; this.#max = max; this.#random = random; this.#next = first; }
  /** Milliseconds to wait before the next attempt. */
  next(): number {
    const base = this.#next;
    this.#next = Math.min(this.#max, base * 2);
    return base * (1 + this.#random() / 2);
  }
  reset(): void { this.#next = this.#first; }
}

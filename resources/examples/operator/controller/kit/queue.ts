// The queue between what happens and what is done about it. It holds keys, `namespace/name`, not events: however often an object
// changes while it waits, it is worked on once, and on what it is by then. No key is in two hands at the same time.
export interface QueueOptions {
  /** The wait after the first failure, doubled for each further one; milliseconds. */
  base?: number;
  max?: number;
  /** Time, for tests that turn it by hand. */
  later?: (ms: number, then: () => void) => void;
}

export class Queue {
  readonly #waiting = new Set<string>();
  readonly #working = new Set<string>();
  /** Changed while in somebody's hands: again, when they are done. */
  readonly #again = new Set<string>();
  readonly #failures = new Map<string, number>();
  readonly #takers: ((key: string | undefined) => void)[] = [];
  readonly #base: number;
  readonly #max: number;
  readonly #later: (ms: number, then: () => void) => void;
  #closed = false;

  constructor(options: QueueOptions = {}) {
    this.#base = options.base ?? 50;
    this.#max = options.max ?? 60_000;
    this.#later = options.later ?? ((ms, then) => { setTimeout(then, ms).unref(); });
  }

  /** How many keys wait. */
  get length(): number { return this.#waiting.size; }

  add(key: string): void {
    if (this.#closed) return;
    if (this.#working.has(key)) { this.#again.add(key); return; }
    const taker = this.#takers.shift();
    if (!taker) { this.#waiting.add(key); return; }
    this.#working.add(key);
    taker(key);
  }

  addAfter(key: string, ms: number): void { this.#later(ms, () => { this.add(key); }); }

  /** The next key, as soon as there is one; undefined once the queue is closed. Its taker must call {@link done}. */
  take(): Promise<string | undefined> {
    if (this.#closed) return Promise.resolve(undefined);
    for (const key of this.#waiting) {
      this.#waiting.delete(key);
      this.#working.add(key);
      return Promise.resolve(key);
    }
    return new Promise(resolve => { this.#takers.push(resolve); });
  }

  /** Ends the work on a key. After a failure it comes back by itself, later each time; answers in how many milliseconds. */
  done(key: string, failed = false): number {
    this.#working.delete(key);
    let wait = 0;
    if (failed) {
      const before = this.#failures.get(key) ?? 0;
      this.#failures.set(key, before + 1);
      wait = Math.min(this.#max, this.#base * 2 ** before);
      this.addAfter(key, wait);
    } else this.#failures.delete(key);
    if (this.#again.delete(key)) this.add(key);
    return wait;
  }

  /** Takers get undefined, what waits is dropped. */
  close(): void {
    this.#closed = true;
    this.#waiting.clear();
    for (const taker of this.#takers.splice(0)) taker(undefined);
  }
}

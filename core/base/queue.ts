// A work queue of keys with Kubernetes' client-go semantics: a key is handled by one worker at a time; a key added while it is
// being handled is handled once more afterwards; failures come back with exponential back-off (5 ms, 10 ms … 1000 s).
import type { Clock, Timer } from './clock.ts';

/** Is told how long (ms) keys waited for a worker, and were in work. */
export interface QueueTimes { waited(ms: number): void; worked(ms: number): void }

/** Keys to work on, each by one worker at a time; a failing key comes back later and later. */
export class WorkQueue {
  readonly #clock: Clock;
  /** Since when (ms). */
  readonly #dirty = new Map<string, number>();
  readonly #processing = new Map<string, number>();
  readonly #timed: QueueTimes | undefined;
  #queue: string[] = [];
  #waiting: (() => void)[] = [];
  #timers = new Map<string, { at: number; timer: Timer }>();
  #failures = new Map<string, number>();
  #closed = false;
  #adds = 0;
  #retries = 0;

  constructor(clock: Clock, timed?: QueueTimes) { this.#clock = clock; this.#timed = timed; }

  get length(): number { return this.#queue.length; }
  /** Keys added since it was made; of them, those that came back after a failure. */
  get adds(): number { return this.#adds; }
  get retries(): number { return this.#retries; }
  /** How long (ms) each key that is in work has been so. */
  inWork(): number[] { return [...this.#processing.values()].map(since => this.#clock.now() - since); }

  add(key: string): void {
    if (this.#closed || this.#dirty.has(key)) return;
    this.#dirty.set(key, this.#clock.now());
    this.#adds++;
    if (this.#processing.has(key)) return;
    this.#queue.push(key);
    this.#waiting.shift()?.();
  }

  /** Adds after `ms`; of several pending waits of a key the earliest wins. */
  addAfter(key: string, ms: number): void {
    if (this.#closed) return;
    if (ms <= 0) { this.add(key); return; }
    const at = this.#clock.now() + ms;
    const pending = this.#timers.get(key);
    if (pending && pending.at <= at) return;
    pending?.timer.cancel();
    this.#timers.set(key, { at, timer: this.#clock.after(ms, () => { this.#timers.delete(key); this.add(key); }) });
  }

  addRateLimited(key: string): void {
    const n = this.#failures.get(key) ?? 0;
    this.#failures.set(key, n + 1);
    this.#retries++;
    this.addAfter(key, Math.min(5 * 2 ** n, 1_000_000));
  }

  /** The key succeeded: its back-off starts anew. */
  forget(key: string): void { this.#failures.delete(key); }

  /** The next key, or undefined once closed. Call `done(key)` when handled. */
  async get(): Promise<string | undefined> {
    while (this.#queue.length === 0) {
      if (this.#closed) return undefined;
      await new Promise<void>(resolve => { this.#waiting.push(resolve); });
    }
    const key = this.#queue.shift()!;
    const now = this.#clock.now();
    this.#timed?.waited(now - (this.#dirty.get(key) ?? now));
    this.#dirty.delete(key);
    this.#processing.set(key, now);
    return key;
  }

  done(key: string): void {
    const since = this.#processing.get(key);
    if (since !== undefined) this.#timed?.worked(this.#clock.now() - since);
    this.#processing.delete(key);
    if (this.#dirty.has(key) && !this.#closed) {
      this.#queue.push(key);
      this.#waiting.shift()?.();
    }
  }

  close(): void {
    this.#closed = true;
    for (const { timer } of this.#timers.values()) timer.cancel();
    this.#timers.clear();
    this.#queue = [];
    for (const wake of this.#waiting.splice(0)) wake();
  }
}

// What a controller has asked for and not yet seen come back through its watch. Until it has, the cache counts too few or too many
// and must not be acted on. Semantics of client-go's controller expectations, including the five-minute limit after which a lost
// event no longer blocks.
import type { Clock } from '../base/clock.ts';

const TIMEOUT_MS = 5 * 60_000;

interface Expectation { creations: number; readonly deletions: Set<string>; readonly since: number }

/** Per key: creations and deletions asked for and not seen yet. */
export class Expectations {
  readonly #clock: Clock;
  readonly #byKey = new Map<string, Expectation>();
  constructor(clock: Clock) { this.#clock = clock; }

  /** True when everything expected was seen, nothing is expected, or it has been too long. */
  satisfied(key: string): boolean {
    const e = this.#byKey.get(key);
    if (!e) return true;
    return (e.creations <= 0 && e.deletions.size === 0) || this.#clock.now() - e.since > TIMEOUT_MS;
  }

  expectCreations(key: string, count: number): void {
    this.#byKey.set(key, { creations: count, deletions: new Set(), since: this.#clock.now() });
  }

  /** `dependents` are the keys of the objects about to be deleted, so that one seen twice is counted once. */
  expectDeletions(key: string, dependents: readonly string[]): void {
    this.#byKey.set(key, { creations: 0, deletions: new Set(dependents), since: this.#clock.now() });
  }

  /** Adds to what is expected under this key; the time it may take starts anew when nothing was left. */
  raise(key: string, creations: number, dependents: readonly string[] = []): void {
    const e = this.satisfied(key) ? undefined : this.#byKey.get(key);
    if (!e) this.#byKey.set(key, { creations, deletions: new Set(dependents), since: this.#clock.now() });
    else { e.creations += creations; for (const d of dependents) e.deletions.add(d); }
  }

  /** A creation was seen, or failed and will never be. */
  creationObserved(key: string, count = 1): void {
    const e = this.#byKey.get(key);
    if (e) e.creations -= count;
  }

  deletionObserved(key: string, dependent: string): void { this.#byKey.get(key)?.deletions.delete(dependent); }

  /** The owner is gone. */
  forget(key: string): void { this.#byKey.delete(key); }
}

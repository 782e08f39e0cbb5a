// Back-off of restarts and image pulls, as kubelet counts it: 10 s doubling to 300 s; ten quiet minutes start it anew.
const FIRST_MS = 10_000;
const MAX_MS = 300_000;

interface Entry { ms: number; /** when it was last lengthened */ at: number }

export class Backoff {
  readonly #entries = new Map<string, Entry>();

  /** Length of the current wait, 0 before the first failure. */
  current(key: string): number { return this.#entries.get(key)?.ms ?? 0; }

  /** ms still to wait at `now` when the last failure was at `failedAt`; 0 when it may go on. */
  left(key: string, failedAt: number, now: number): number {
    const e = this.#entries.get(key);
    if (!e || failedAt - e.at > 2 * MAX_MS) return 0;
    return Math.max(0, failedAt + e.ms - now);
  }

  /** Another try begins after a failure at `failedAt`: the next wait is twice as long. */
  next(key: string, failedAt: number, now: number): void {
    const e = this.#entries.get(key);
    this.#entries.set(key, { ms: !e || failedAt - e.at > 2 * MAX_MS ? FIRST_MS : Math.min(e.ms * 2, MAX_MS), at: now });
  }

  forget(prefix: string): void { for (const k of this.#entries.keys()) if (k.startsWith(prefix)) this.#entries.delete(k); }
}

/** Go's text of a duration: `10s`, `1m20s`, `5m0s`, `1.5s`, `250ms`. */
export function goDuration(ms: number): string {
  if (ms <= 0) return '0s';
  if (ms < 1000) return `${ms}ms`;
  const s = ms / 1000; const h = Math.floor(s / 3600); const m = Math.floor((s % 3600) / 60);
  const rest = `${Number((s % 60).toFixed(3))}s`;
  return h ? `${h}h${m}m${rest}` : m ? `${m}m${rest}` : rest;
}

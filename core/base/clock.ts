// Time is injected: nothing in core reads Date.now or sets a timer but through a Clock.

export interface Timer { cancel(): void }

export interface Clock {
  /** Milliseconds since the epoch. */
  now(): number;
  /** Runs `fn` once after `ms`; the timer never keeps the process alive. */
  after(ms: number, fn: () => void): Timer;
}

export const systemClock: Clock = {
  now: () => Date.now(),
  after(ms, fn) {
    // setTimeout fires at once above 2^31-1 ms: long waits are re-armed.
    let handle: NodeJS.Timeout;
    const arm = (left: number): void => {
      handle = left > 0x7fffffff ? setTimeout(() => arm(left - 0x7fffffff), 0x7fffffff) : setTimeout(fn, Math.max(0, left));
      handle.unref();
    };
    arm(ms);
    return { cancel: () => clearTimeout(handle) };
  },
};

/** A clock that moves only when told: `advance` runs due timers in order, letting promises settle between them. */
export class FakeClock implements Clock {
  #now: number;
  #timers: { at: number; seq: number; fn: () => void }[] = [];
  #seq = 0;
  constructor(start = Date.UTC(2026, 0, 1)) { this.#now = start; }
  now(): number { return this.#now; }
  after(ms: number, fn: () => void): Timer {
    const timer = { at: this.#now + Math.max(0, ms), seq: this.#seq++, fn };
    this.#timers.push(timer);
    return { cancel: () => { this.#timers = this.#timers.filter(t => t !== timer); } };
  }
  /** Moves time forward by `ms`, firing what falls due; awaits a macrotask after each so that reconciles finish. */
  async advance(ms: number): Promise<void> {
    const end = this.#now + ms;
    await settle();
    for (;;) {
      const due = this.#timers.filter(t => t.at <= end).sort((a, b) => a.at - b.at || a.seq - b.seq)[0];
      if (!due) break;
      this.#timers = this.#timers.filter(t => t !== due);
      this.#now = Math.max(this.#now, due.at);
      due.fn();
      await settle();
    }
    this.#now = end;
    await settle();
  }
}

const settle = (): Promise<void> => new Promise(resolve => { setImmediate(resolve); });

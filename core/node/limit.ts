// At most `n` things at a time, in order of asking.
export class Limit {
  #free: number;
  readonly #waiting: (() => void)[] = [];
  constructor(n: number) { this.#free = Math.max(1, n); }
  async run<T>(task: () => Promise<T>): Promise<T> {
    if (this.#free > 0) this.#free--;
    else await new Promise<void>(resolve => { this.#waiting.push(resolve); });
    try { return await task(); } finally {
      const next = this.#waiting.shift();
      if (next) next(); else this.#free++;
    }
  }
}

// Node ports, 30000-32767 unless told otherwise; the lower band is left to those who ask for a port by number.

/** Which node ports are taken, per protocol. Memory only, as ClusterIps. */
export class NodePorts {
  readonly first: number;
  readonly last: number;
  readonly #band: number;
  readonly #used = new Set<number>();
  readonly #random: () => number;

  constructor(first = 30_000, last = 32_767, random: () => number = Math.random) {
    this.first = first;
    this.last = last;
    const size = last - first + 1;
    this.#band = size < 16 ? 0 : Math.min(Math.max(16, Math.floor(size / 32)), 128);
    this.#random = random;
  }

  /** Takes this port. Returns why not, or undefined when it is taken now. */
  take(port: number): string | undefined {
    if (port < this.first || port > this.last) return `provided port is not in the valid range. The range of valid ports is ${this.first}-${this.last}`;
    if (this.#used.has(port)) return 'provided port is already allocated';
    this.#used.add(port);
    return undefined;
  }

  /** A free port; undefined when all are taken. */
  next(): number | undefined { return this.#free(this.first + this.#band, this.last) ?? this.#free(this.first, this.first + this.#band - 1); }

  release(port: number): void { this.#used.delete(port); }

  #free(from: number, to: number): number | undefined {
    const n = to - from + 1;
    if (n <= 0) return undefined;
    const start = Math.floor(this.#random() * n);
    for (let i = 0; i < n; i++) {
      const port = from + ((start + i) % n);
      if (!this.#used.has(port)) { this.#used.add(port); return port; }
    }
    return undefined;
  }
}

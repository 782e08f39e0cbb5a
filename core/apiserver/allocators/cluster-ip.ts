// Addresses of the service range. Kept in memory, read from the services at start; the lower band is left to those who ask for an
// address by name (Kubernetes' static band).

import { isIPv4 } from '../../api/meta/ip.ts';
import { ipToNumber, numberToIp, rangeOf } from '../../base/cidr.ts';

/** Which addresses of a range are taken. Memory only; whoever makes one reads the services into it. */
export class ClusterIps {
  readonly cidr: string;
  readonly #base: number;
  /** Usable offsets are 1 … size: network and broadcast addresses are nobody's. */
  readonly #size: number;
  readonly #band: number;
  readonly #used = new Set<number>();
  readonly #random: () => number;

  /** `cidr` like 10.96.0.0/16. */
  constructor(cidr: string, random: () => number = Math.random) {
    const { base, size } = rangeOf(cidr);
    this.cidr = cidr;
    this.#base = base;
    this.#size = size - 2;
    this.#band = this.#size < 16 ? 0 : Math.min(Math.max(16, Math.floor(this.#size / 16)), 256);
    this.#random = random;
  }

  /** Takes this address. Returns why not, or undefined when it is taken now. */
  take(ip: string): string | undefined {
    const offset = this.#offset(ip);
    if (offset === undefined) return `the provided IP (${ip}) is not in the valid range. The range of valid IPs is ${this.cidr}`;
    if (this.#used.has(offset)) return 'provided IP is already allocated';
    this.#used.add(offset);
    return undefined;
  }

  /** A free address that is not `taken` otherwise, from the upper band while it has one; undefined when the range is full. */
  next(taken: (ip: string) => boolean = () => false): string | undefined {
    return this.#free(this.#band + 1, this.#size, taken) ?? this.#free(1, this.#band, taken);
  }

  release(ip: string): void { const o = this.#offset(ip); if (o !== undefined) this.#used.delete(o); }
  get used(): number { return this.#used.size; }

  #free(from: number, to: number, taken: (ip: string) => boolean): string | undefined {
    const n = to - from + 1;
    if (n <= 0) return undefined;
    const start = Math.floor(this.#random() * n);
    for (let i = 0; i < n; i++) {
      const offset = from + ((start + i) % n);
      if (this.#used.has(offset)) continue;
      const ip = numberToIp(this.#base + offset);
      if (!taken(ip)) { this.#used.add(offset); return ip; }
    }
    return undefined;
  }

  #offset(ip: string): number | undefined {
    if (!isIPv4(ip)) return undefined;
    const offset = ipToNumber(ip) - this.#base;
    return offset >= 1 && offset <= this.#size ? offset : undefined;
  }
}

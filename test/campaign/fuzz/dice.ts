// Chance with a seed: the same seed throws the same dice.
export class Dice {
  #state: number;
  constructor(seed: number) { this.#state = seed >>> 0; }
  /** 0 <= x < 1. */
  next(): number {
    this.#state = (this.#state + 0x6d2b79f5) >>> 0;
    let t = this.#state;
    t = Math.imul(t ^ (t >>> 15), t | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  }
  below(n: number): number { return Math.floor(this.next() * n); }
  maybe(p: number): boolean { return this.next() < p; }
  of<T>(list: readonly T[]): T { return list[this.below(list.length)]!; }
  some<T>(list: readonly T[], most: number): T[] { return Array.from({ length: this.below(most + 1) }, () => this.of(list)); }
  bytes(n: number): Buffer { return Buffer.from(Array.from({ length: n }, () => this.below(256))); }

  /** A string such as people, programs and enemies write. */
  text(): string {
    return this.of<() => string>([
      () => this.of(['', ' ', 'a', 'web', 'default', 'x'.repeat(this.below(300)), '..', '.', '/', '%2e%2e', '0', '-1', 'null', 'true', '{}', '[]', '\u0000', '\ud800', 'grüß', '💥', "'", '"', '\\', '\n', '\r\n', '${x}', '{{.}}', '$(HOME)', '__proto__', 'constructor', 'toString', 'hasOwnProperty', 'length', 'NaN', '1e999', '9'.repeat(30), 'kube-system', '*', '**/*', '(a+)+$', 'a'.repeat(64), 'a'.repeat(254)]),
      () => String.fromCharCode(...Array.from({ length: this.below(12) }, () => this.below(0x250))),
      () => this.bytes(this.below(12)).toString('latin1'),
      () => Array.from({ length: 1 + this.below(4) }, () => this.of(['app', 'tier', 'x.y/z', '=', '==', '!=', ' in ', ' notin ', '(', ')', ',', '!', 'a', ' ', '>', '<'])).join(''),
    ])();
  }

  number(): number { return this.of([0, 1, -1, 2, 3, 80, 255, 65535, 65536, 2 ** 31 - 1, 2 ** 31, -(2 ** 31), 2 ** 32, 2 ** 53, 2 ** 53 + 2, 2 ** 63, -(2 ** 63), 1e308, 0.5, 1e-9, this.below(1e6)]); }

  /** Any JSON value, not too deep. */
  value(depth = 0): unknown {
    const n = this.below(depth > 3 ? 6 : 9);
    if (n === 0) return null;
    if (n === 1) return this.maybe(0.5);
    if (n <= 3) return this.number();
    if (n <= 5) return this.text();
    if (n <= 7) return Object.fromEntries(Array.from({ length: this.below(4) }, () => [this.maybe(0.6) ? this.of(['name', 'metadata', 'spec', 'kind', 'key', 'value', 'items', 'labels', '$patch', 'a']) : this.text(), this.value(depth + 1)]));
    return Array.from({ length: this.below(4) }, () => this.value(depth + 1));
  }

  /** The same value with one place in it changed. */
  changed(value: unknown): unknown {
    if (Array.isArray(value)) {
      if (value.length === 0 || this.maybe(0.25)) return this.of<() => unknown>([() => [...value, this.value()], () => [...value, ...value], () => this.value(), () => Object.fromEntries(value.entries()), () => []])();
      const i = this.below(value.length);
      return value.map((v, n) => (n === i ? this.changed(v) : v));
    }
    if (value !== null && typeof value === 'object') {
      const keys = Object.keys(value);
      if (keys.length === 0 || this.maybe(0.2)) return this.of<() => unknown>([() => ({ ...value, [this.text()]: this.value() }), () => this.value(), () => [value], () => ({})])();
      const key = this.of(keys), all = value as Record<string, unknown>;
      if (this.maybe(0.1)) return Object.fromEntries(Object.entries(all).filter(([k]) => k !== key));
      return { ...all, [key]: this.changed(all[key]) };
    }
    return this.maybe(0.3) && typeof value === 'string' ? value + this.text() : this.value();
  }

  /** Some bytes of it turned, cut, doubled or put in. */
  spoiled(bytes: Buffer): Buffer {
    let b: Buffer = Buffer.from(bytes);
    for (let n = 1 + this.below(4); n > 0 && b.length > 0; n--) {
      const at = this.below(b.length);
      b = this.of<() => Buffer>([
        () => { b[at] = this.below(256); return b; }, () => { b[at]! ^= 1 << this.below(8); return b; }, () => b.subarray(0, at), () => Buffer.concat([b.subarray(0, at), this.bytes(1 + this.below(8)), b.subarray(at)]),
        () => Buffer.concat([b.subarray(0, at), b.subarray(at + 1 + this.below(4))]), () => Buffer.concat([b, b.subarray(at)]),
      ])();
    }
    return b;
  }
}

// Whole numbers beyond 2^53: JSON.parse rounds them, Kubernetes keeps them.

const raw = (JSON as { rawJSON?: (text: string) => unknown }).rawJSON;

/** Behaves as the (rounded) number in arithmetic and is written to JSON with every digit. */
export class Int64 extends Number {
  // Private: an own property would count as a field of the object.
  readonly #text: string;
  constructor(text: string) { super(text); this.#text = text; }
  get text(): string { return this.#text; }
  override toString(): string { return this.#text; }
  toJSON(): unknown { return raw ? raw(this.#text) : this.valueOf(); }
}

/** The number for a decimal integer literal: a plain one where that is exact. */
export function integer(text: string): number | Int64 {
  const n = Number(text);
  return Number.isSafeInteger(n) ? n : new Int64(BigInt(text).toString());
}

/** True when the literal fits a signed 64-bit integer. */
export function fitsInt64(text: string): boolean {
  const v = BigInt(text);
  return v >= -(2n ** 63n) && v < 2n ** 63n;
}

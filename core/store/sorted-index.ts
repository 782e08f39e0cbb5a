// Keys in the byte order of their UTF-8 form, each with a mutable slot. Chunked sorted arrays: an insert is a binary search over chunks,
// one inside the chunk and a move of at most CHUNK pointers; ranges are runs of whole chunks.

export interface Slot<V> { readonly key: string; value: V }

const CHUNK = 512;

/** Order of the UTF-8 bytes of two strings. UTF-16 order differs from it only where both differ at or above the surrogates. */
export function compareBytes(a: string, b: string): number {
  const n = Math.min(a.length, b.length);
  for (let i = 0; i < n; i++) {
    const x = a.charCodeAt(i);
    const y = b.charCodeAt(i);
    if (x === y) continue;
    const sx = x >= 0xd800 && x <= 0xdfff;
    const sy = y >= 0xd800 && y <= 0xdfff;
    if (sx !== sy && x >= 0xd800 && y >= 0xd800) return sx ? 1 : -1;
    return x - y;
  }
  return a.length - b.length;
}

interface Place { chunk: number; at: number }

/** A sorted map from string keys to values; not for concurrent mutation while iterating. */
export class SortedIndex<V> {
  readonly #map = new Map<string, Slot<V>>();
  #chunks: Slot<V>[][] = [];
  /** Some key holds a code unit from the surrogates on: native comparison is no longer byte order. */
  #exotic = false;

  get size(): number { return this.#map.size; }
  get(key: string): V | undefined { return this.#map.get(key)?.value; }

  set(key: string, value: V): void {
    const slot = this.#map.get(key);
    if (slot) { slot.value = value; return; }
    if (!this.#exotic && /[\ud800-\uffff]/.test(key)) this.#exotic = true;
    const added = { key, value };
    this.#map.set(key, added);
    if (this.#chunks.length === 0) { this.#chunks.push([added]); return; }
    const place = this.#lower(key);
    // Past the end of all: append to the last chunk.
    const at = place.chunk === this.#chunks.length ? { chunk: place.chunk - 1, at: this.#chunks[place.chunk - 1]!.length } : place;
    const chunk = this.#chunks[at.chunk]!;
    chunk.splice(at.at, 0, added);
    if (chunk.length > CHUNK) {
      // Keys that only grow (sequential names) leave full chunks behind instead of half-empty ones.
      const cut = at.at === CHUNK ? CHUNK : CHUNK >> 1;
      this.#chunks.splice(at.chunk + 1, 0, chunk.splice(cut));
    }
  }

  delete(key: string): boolean {
    if (!this.#map.delete(key)) return false;
    const { chunk, at } = this.#lower(key);
    const list = this.#chunks[chunk]!;
    list.splice(at, 1);
    if (list.length === 0) this.#chunks.splice(chunk, 1);
    else if (list.length < CHUNK >> 3) this.#merge(chunk);
    return true;
  }

  /** How many keys start with `prefix` and are at or after `from`. */
  count(prefix: string, from = prefix): number {
    const a = this.#start(prefix, from);
    const b = this.#after(prefix);
    if (a.chunk > b.chunk || (a.chunk === b.chunk && a.at >= b.at)) return 0;
    if (a.chunk === b.chunk) return b.at - a.at;
    let n = this.#chunks[a.chunk]!.length - a.at + b.at;
    for (let c = a.chunk + 1; c < b.chunk; c++) n += this.#chunks[c]!.length;
    return n;
  }

  /** Values of the keys that start with `prefix`, from `from` on, at most `limit`, in order. */
  range(prefix: string, from = prefix, limit = Infinity): V[] {
    const out: V[] = [];
    const a = this.#start(prefix, from);
    const b = this.#after(prefix);
    for (let c = a.chunk; c <= b.chunk && c < this.#chunks.length; c++) {
      const chunk = this.#chunks[c]!;
      const end = c === b.chunk ? b.at : chunk.length;
      for (let i = c === a.chunk ? a.at : 0; i < end; i++) {
        if (out.length >= limit) return out;
        out.push(chunk[i]!.value);
      }
    }
    return out;
  }

  #start(prefix: string, from: string): Place { return this.#lower(this.compare(from, prefix) > 0 ? from : prefix); }

  /** Byte order, at native speed as long as no key needs more. Right for keys that are or were in here. */
  compare(a: string, b: string): number {
    if (this.#exotic) return compareBytes(a, b);
    return a < b ? -1 : a > b ? 1 : 0;
  }

  /** First place whose key is not below `key`. */
  #lower(key: string): Place { return this.#search(k => this.compare(k, key) >= 0); }
  /** First place behind every key with `prefix`. */
  #after(prefix: string): Place { return this.#search(k => this.compare(k, prefix) > 0 && !k.startsWith(prefix)); }

  /** First place for which the monotone `past` holds. */
  #search(past: (key: string) => boolean): Place {
    let lo = 0;
    let hi = this.#chunks.length;
    while (lo < hi) {
      const mid = (lo + hi) >> 1;
      const chunk = this.#chunks[mid]!;
      if (past(chunk[chunk.length - 1]!.key)) hi = mid; else lo = mid + 1;
    }
    const chunk = this.#chunks[lo];
    if (!chunk) return { chunk: lo, at: 0 };
    let a = 0;
    let b = chunk.length;
    while (a < b) {
      const mid = (a + b) >> 1;
      if (past(chunk[mid]!.key)) b = mid; else a = mid + 1;
    }
    return { chunk: lo, at: a };
  }

  #merge(chunk: number): void {
    const neighbour = this.#chunks[chunk + 1] ? chunk : chunk - 1;
    const left = this.#chunks[neighbour];
    const right = this.#chunks[neighbour + 1];
    if (left && right && left.length + right.length <= CHUNK >> 1) this.#chunks.splice(neighbour, 2, [...left, ...right]);
  }
}

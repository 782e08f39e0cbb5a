// A binary heap; what is first by `before` comes out first.

export class Heap<T> {
  readonly #items: T[] = [];
  readonly #before: (a: T, b: T) => boolean;
  constructor(before: (a: T, b: T) => boolean) { this.#before = before; }

  get size(): number { return this.#items.length; }

  push(item: T): void {
    const h = this.#items;
    let i = h.push(item) - 1;
    while (i > 0) {
      const parent = (i - 1) >> 1;
      if (!this.#before(h[i]!, h[parent]!)) break;
      [h[i], h[parent]] = [h[parent]!, h[i]!];
      i = parent;
    }
  }

  pop(): T | undefined {
    const h = this.#items, top = h[0], last = h.pop();
    if (h.length === 0 || last === undefined) return top;
    h[0] = last;
    for (let i = 0; ;) {
      const l = 2 * i + 1;
      if (l >= h.length) break;
      const child = l + 1 < h.length && this.#before(h[l + 1]!, h[l]!) ? l + 1 : l;
      if (!this.#before(h[child]!, h[i]!)) break;
      [h[i], h[child]] = [h[child]!, h[i]!];
      i = child;
    }
    return top;
  }
}

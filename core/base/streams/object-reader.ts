/** Finds flat JSON objects in a byte stream that may glue them together or cut them apart; anything else is skipped. */
export class ObjectReader {
  #text = '';
  push(b: Buffer): unknown[] {
    this.#text += b.toString('utf8');
    const found: unknown[] = [];
    for (let end = this.#text.indexOf('}'); end >= 0; end = this.#text.indexOf('}')) {
      const start = this.#text.lastIndexOf('{', end);
      const piece = start < 0 ? '' : this.#text.slice(start, end + 1);
      this.#text = this.#text.slice(end + 1);
      try { if (piece !== '') found.push(JSON.parse(piece)); } catch { continue; /* not an object after all */ }
    }
    // Nobody sends sizes of a kilobyte: without an end by then it is noise.
    if (this.#text.length > 1024) this.#text = '';
    return found;
  }
}

// Frames on a byte stream: a type in the header's first byte, the payload's length, big-endian, in its last four.

export interface Frame { type: number; payload: Buffer }

/** Cuts a byte stream into frames. Docker's headers are 8 bytes long, our launcher's 5. */
export class FrameReader {
  readonly #header: number;
  #rest: Buffer = Buffer.alloc(0);
  constructor(headerBytes: number) { this.#header = headerBytes; }

  push(chunk: Buffer): Frame[] {
    this.#rest = this.#rest.length === 0 ? chunk : Buffer.concat([this.#rest, chunk]);
    const frames: Frame[] = [];
    let at = 0;
    while (this.#rest.length - at >= this.#header) {
      const from = at + this.#header;
      const size = this.#rest.readUInt32BE(from - 4);
      if (this.#rest.length - from < size) break;
      frames.push({ type: this.#rest[at] ?? 0, payload: this.#rest.subarray(from, from + size) });
      at = from + size;
    }
    this.#rest = this.#rest.subarray(at);
    return frames;
  }
}

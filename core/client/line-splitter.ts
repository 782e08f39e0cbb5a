/** Cuts a byte stream into lines, however it arrives; characters split between chunks stay whole. */
export class LineSplitter {
  #rest: Buffer[] = [];
  /** The lines that `chunk` completes, without their newline; empty ones are left out. */
  push(chunk: Buffer): string[] {
    const lines: string[] = [];
    let start = 0;
    for (let end = chunk.indexOf(10); end >= 0; end = chunk.indexOf(10, start)) {
      const part = chunk.subarray(start, end);
      const line = this.#rest.length > 0 ? Buffer.concat([...this.#rest, part]).toString('utf8') : part.toString('utf8');
      this.#rest = [];
      if (line.trim() !== '') lines.push(line);
      start = end + 1;
    }
    if (start < chunk.length) this.#rest.push(chunk.subarray(start));
    return lines;
  }
}

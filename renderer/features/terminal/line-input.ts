// What a terminal does for a program that has none: shows what is typed and gives it line by line, as kubectl's own terminal would.

export interface LineOutput { echo(text: string): void; send(text: string): void; eof(): void }

export class LineInput {
  #line = '';
  #out: LineOutput;
  constructor(out: LineOutput) { this.#out = out; }

  /** Takes what xterm gives for keys and pastes. */
  take(data: string): void {
    // Sequences of arrow and function keys mean nothing to a line.
    if (data.startsWith('\u001b') && !data.startsWith('\u001b[200~')) return;
    // oxlint-disable-next-line no-control-regex -- the marks around a paste begin with the escape character
    for (const c of data.replace(/\u001b\[20[01]~/g, '').replaceAll('\r\n', '\r')) this.#key(c);
  }

  #key(c: string): void {
    if (c === '\r' || c === '\n') { this.#out.echo('\r\n'); this.#out.send(`${this.#line}\n`); this.#line = ''; } else if (c === '\u007f' || c === '\b') {
      if (this.#line === '') return;
      this.#line = [...this.#line].slice(0, -1).join('');
      this.#out.echo('\b \b');
    } else if (c === '\u0015') { this.#out.echo('\b \b'.repeat([...this.#line].length)); this.#line = ''; } else if (c === '\u0004') {
      if (this.#line === '') this.#out.eof(); else { this.#out.send(this.#line); this.#line = ''; }
    } else if (c >= ' ' || c === '\t') { this.#line += c; this.#out.echo(c); }
  }
}

// One terminal session after another on one screen: shells tried in turn, output acknowledged when drawn, the end told.
import type { Terminal } from '@xterm/xterm';
import type { Connection, OpenStream } from '../../gateway/connection.ts';
import { isMissing, SHELLS, type End } from './shells.ts';

export interface Place { cluster: string; namespace: string; pod: string; container: string; mode: 'exec' | 'attach'; tty: boolean; stdin: boolean }
export type Phase = { state: 'connecting'; shell?: string } | { state: 'open'; shell?: string } | { state: 'over'; end: End; tried: readonly string[] };

/** Opens at once; tells its phases. `close` ends it without a word. */
export class TerminalSession {
  #connection: Connection;
  #term: Terminal;
  #place: Place;
  #tell: (p: Phase) => void;
  #stream: OpenStream | undefined;
  #attempt = 0;
  #began = 0;
  #typed = false;
  #tried: string[] = [];
  #off: { dispose(): void }[] = [];
  #closed = false;

  constructor(connection: Connection, term: Terminal, place: Place, tell: (p: Phase) => void) {
    this.#connection = connection;
    this.#term = term;
    this.#place = place;
    this.#tell = tell;
    this.#off.push(term.onData(d => { this.#typed = true; this.#stream?.input(d); }), term.onBinary(d => this.#stream?.input(d)), term.onResize(({ cols, rows }) => this.#stream?.resize(cols, rows)));
    this.#open();
  }

  close(): void {
    this.#closed = true;
    this.#stream?.close();
    this.#stream = undefined;
    for (const o of this.#off) o.dispose();
  }

  #open(): void {
    const { mode, ...place } = this.#place;
    const command = mode === 'exec' ? SHELLS[this.#attempt] : undefined;
    const shell = command?.join(' ');
    if (shell) this.#tried.push(shell);
    this.#tell({ state: 'connecting', shell });
    this.#began = performance.now();
    const attempt = this.#attempt;
    /** What an attempt writes is held back until it is clear that it is no complaint about a missing shell. */
    let held = '';
    let shown = mode === 'attach';
    const show = (): void => {
      if (shown || this.#closed) return;
      shown = true;
      this.#tell({ state: 'open', shell });
      this.#draw(held);
      held = '';
    };
    if (shown) this.#tell({ state: 'open' });
    this.#stream = this.#connection.stream({ t: 'terminal', ...place, mode, ...(command ? { command: [...command] } : {}), cols: this.#term.cols, rows: this.#term.rows }, {
      data: (_s, text) => {
        if (this.#closed || attempt !== this.#attempt) return;
        if (shown) { this.#draw(text); return; }
        held += text;
        // A prompt comes within moments; a refusal ends the session as quickly.
        if (held.length > 400 || !/exec|not found|no such|OCI|cannot/i.test(held)) show(); else setTimeout(show, 300);
      },
      end: result => {
        if (this.#closed) return;
        this.#stream = undefined;
        const more = mode === 'exec' && this.#attempt + 1 < SHELLS.length;
        if (mode === 'exec' && isMissing(result, performance.now() - this.#began, this.#typed)) {
          if (more) { this.#attempt++; this.#open(); return; }
          this.#tell({ state: 'over', end: result, tried: this.#tried });
          return;
        }
        show();
        this.#tell({ state: 'over', end: result, tried: [] });
      },
    });
    // A shell that says nothing at first is open all the same.
    if (mode === 'exec') setTimeout(show, 1500);
  }

  #draw(text: string): void {
    if (text === '') return;
    const stream = this.#stream;
    this.#term.write(text, () => stream?.ack(text.length));
  }
}

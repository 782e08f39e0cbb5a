// One terminal session after another on one screen: shells tried in turn, output acknowledged when drawn, the end told.
import type { Terminal } from '@xterm/xterm';
import type { Connection, OpenStream } from '../../gateway/connection.ts';
import { LineInput } from './line-input.ts';
import { isMissing, SHELLS, type End } from './shells.ts';

export interface Place {
  cluster: string; namespace: string; pod: string; container: string; mode: 'exec' | 'attach'; tty: boolean; stdin: boolean;
  /** Which run of the container: another one means that the old session cannot go on. */
  instance: string;
}
export type Phase = { state: 'connecting'; shell?: string } | { state: 'open'; shell?: string } | { state: 'over'; end: End; tried: readonly string[] };

/** Milliseconds after which a shell that says nothing is given what was typed, and what looks like a refusal is taken for output. */
const SILENT = 5000, DOUBT = 5000;
/** Milliseconds that keys wait for a clipboard which is being read. */
const PATIENCE = 2000;

/** Opens at once; tells its phases. `close` ends it without a word. `known` is the shell that was found before: it is tried first. */
export class TerminalSession {
  #connection: Connection;
  #term: Terminal;
  #place: Place;
  #tell: (p: Phase) => void;
  #stream: OpenStream | undefined;
  #attempt = 0;
  #began = 0;
  /** What was typed before it was clear that the shell is there, for the next one should it not be; undefined from then on. */
  #early: string[] | undefined = [];
  /** A silent shell gets what is typed before it has proved to be one. */
  #silent = false;
  #shells: readonly (readonly string[])[];
  #tried: string[] = [];
  #off: { dispose(): void }[] = [];
  #lines: LineInput;
  /** What is typed while the clipboard is being read: it comes after what is pasted. */
  #behind: string[] | undefined;
  #closed = false;

  constructor(connection: Connection, term: Terminal, place: Place, tell: (p: Phase) => void, known?: string) {
    this.#connection = connection;
    this.#term = term;
    this.#place = place;
    this.#tell = tell;
    this.#shells = [...SHELLS].sort((a, b) => Number(b.join(' ') === known) - Number(a.join(' ') === known));
    // Without a terminal over there lines end with a line feed alone, and nobody echoes.
    term.options.convertEol = !place.tty;
    this.#lines = new LineInput({ echo: text => term.write(text), send: text => this.#stream?.input(text), eof: () => this.#stream?.eof() });
    this.#off.push(
      term.onData(d => { if (this.#behind) this.#behind.push(d); else this.#take(d); }),
      term.onBinary(d => { if (place.tty) this.#stream?.input(d); }),
      term.onResize(({ cols, rows }) => { if (place.tty) this.#stream?.resize(cols, rows); }),
    );
    this.#open();
  }

  /** Pastes what the clipboard is about to give; keys pressed meanwhile come after it. Rejects when the clipboard gives nothing. */
  async paste(text: Promise<string>): Promise<void> {
    const behind = this.#behind ??= [];
    const flush = (): void => {
      if (this.#behind !== behind) return;
      this.#behind = undefined;
      for (const d of behind.splice(0)) this.#take(d);
    };
    // A question of the browser that nobody answers must not hold up the keys.
    const timer = setTimeout(flush, PATIENCE);
    try {
      const given = await text;
      const held = this.#behind === behind ? behind.splice(0) : [];
      this.#behind = undefined;
      this.#term.paste(given);
      for (const d of held) this.#take(d);
    } finally {
      clearTimeout(timer);
      flush();
    }
  }

  close(): void {
    this.#closed = true;
    this.#stream?.close();
    this.#stream = undefined;
    for (const o of this.#off) o.dispose();
  }

  #take(d: string): void {
    if (!this.#place.stdin || !this.#stream) return;
    if (!this.#place.tty) this.#lines.take(d); else { this.#early?.push(d); if (!this.#early || this.#silent) this.#stream.input(d); }
  }

  #open(): void {
    const { mode, instance: _, ...place } = this.#place;
    const command = mode === 'exec' ? this.#shells[this.#attempt] : undefined;
    const shell = command?.join(' ');
    if (shell) this.#tried.push(shell);
    this.#tell({ state: 'connecting', shell });
    this.#began = performance.now();
    /** What an attempt writes is held back until it is clear that it is no complaint about a missing shell. */
    let held = '';
    let proved = mode === 'attach', over = false;
    this.#silent = false;
    const give = (): void => {
      this.#tell({ state: 'open', shell });
      if (!this.#silent) for (const d of this.#early ?? []) this.#stream?.input(d);
    };
    const prove = (): void => {
      if (proved || over || this.#closed) return;
      proved = true;
      give();
      this.#early = undefined;
      this.#draw(held);
      held = '';
    };
    if (proved) { this.#early = undefined; this.#tell({ state: 'open' }); }
    this.#stream = this.#connection.stream({ t: 'terminal', ...place, mode, ...(command ? { command: [...command] } : {}), cols: this.#term.cols, rows: this.#term.rows }, {
      data: (_s, text) => {
        if (this.#closed || over) return;
        if (proved) { this.#draw(text); return; }
        held += text;
        // A refusal ends the session within moments.
        if (held.length > 400 || !/exec|not found|no such|OCI|cannot/i.test(held)) prove(); else setTimeout(prove, DOUBT);
      },
      end: result => {
        if (this.#closed) return;
        const more = this.#attempt + 1 < this.#shells.length;
        const missing = mode === 'exec' && isMissing(result, performance.now() - this.#began, proved);
        if (!missing) prove();
        over = true;
        this.#stream = undefined;
        if (missing && more) { this.#attempt++; this.#open(); return; }
        this.#tell({ state: 'over', end: result, tried: missing ? this.#tried : [] });
      },
    });
    // A shell may say nothing until it is spoken to.
    if (mode === 'exec') setTimeout(() => { if (!proved && !over && !this.#closed && held === '') { give(); this.#silent = true; } }, SILENT);
  }

  #draw(text: string): void {
    if (text === '') return;
    const stream = this.#stream;
    this.#term.write(text, () => stream?.ack(text.length));
  }
}

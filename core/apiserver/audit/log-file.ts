// The audit log's file: whole lines, written in the background in their order; a file that is full is set aside under a name with its time.
import { appendFileSync, readdirSync, renameSync, statSync, unlinkSync, existsSync } from 'node:fs';
import { appendFile } from 'node:fs/promises';
import { basename, dirname, extname, join } from 'node:path';
import type { Clock } from '../../base/clock.ts';
import type { Log } from '../../base/log.ts';

export interface LogFileOptions {
  /** `-` is standard output. */
  readonly path: string;
  /** Size in MB at which a new file is begun; 0: 100. */
  readonly maxSize: number;
  /** Old files kept, and for how many days; 0: all, for ever. */
  readonly maxBackups: number; readonly maxAge: number;
}

const MB = 1024 * 1024, DAY = 86_400_000;

/** Appends lines; `close` writes what is left. A file that cannot be written is told once in the log and does not stop the server. */
export class LogFile {
  readonly #o: LogFileOptions;
  readonly #clock: Clock;
  readonly #log: Log;
  #waiting: string[] = [];
  #size: number;
  #writing = false;
  #told = false;

  constructor(o: LogFileOptions, clock: Clock, log: Log) {
    this.#o = o; this.#clock = clock; this.#log = log;
    this.#size = o.path !== '-' && existsSync(o.path) ? statSync(o.path).size : 0;
  }

  write(line: string): void {
    if (this.#o.path === '-') { process.stdout.write(`${line}\n`); return; }
    this.#waiting.push(line);
    if (!this.#writing) { this.#writing = true; void this.#drain(); }
  }

  close(): void {
    const rest = this.#take();
    if (rest !== '') this.#try(() => appendFileSync(this.#o.path, rest, { mode: 0o600 }));
  }

  #take(): string {
    const lines = this.#waiting;
    this.#waiting = [];
    return lines.length ? `${lines.join('\n')}\n` : '';
  }

  async #drain(): Promise<void> {
    for (let text = this.#take(); text !== ''; text = this.#take()) {
      const bytes = Buffer.byteLength(text);
      if (this.#size > 0 && this.#size + bytes > (this.#o.maxSize || 100) * MB) this.#try(() => this.#rotate());
      try { await appendFile(this.#o.path, text, { mode: 0o600 }); this.#size += bytes; } catch (error) { this.#tell(error); }
    }
    this.#writing = false;
  }

  #rotate(): void {
    const { path, maxBackups, maxAge } = this.#o, dir = dirname(path), ext = extname(path), stem = basename(path, ext), now = this.#clock.now();
    renameSync(path, join(dir, `${stem}-${new Date(now).toISOString().slice(0, 23).replaceAll(':', '-')}${ext}`));
    this.#size = 0;
    // Names sort by their time.
    const old = readdirSync(dir).filter(f => f.startsWith(`${stem}-`) && f.endsWith(ext)).sort().reverse();
    old.forEach((f, i) => { if ((maxBackups > 0 && i >= maxBackups) || (maxAge > 0 && statSync(join(dir, f)).mtimeMs < now - maxAge * DAY)) unlinkSync(join(dir, f)); });
  }

  #try(step: () => void): void { try { step(); } catch (error) { this.#tell(error); } }
  #tell(error: unknown): void {
    if (!this.#told) this.#log.error('the audit log cannot be written', { path: this.#o.path, error });
    this.#told = true;
  }
}

// The lines a log view shows out of all there are: chosen sources, and the matching ones when it filters. Appends cost what was appended.
import { plain } from './ansi.ts';
import type { LogLine, LogRing } from './log-ring.ts';
import type { Matcher } from './match.ts';

export class ShownLines {
  #ring: LogRing;
  #generation = -1;
  #read = 0;
  #lines: LogLine[] = [];
  #passes: ((l: LogLine) => boolean) | undefined;

  constructor(ring: LogRing, hidden: ReadonlySet<number>, filter: Matcher | undefined) {
    this.#ring = ring;
    const test = filter?.test;
    if (hidden.size > 0 || test) this.#passes = l => !hidden.has(l.source) && (test === undefined || test(plain(l.text)));
  }

  /** A fresh array whenever something changed, so that a paused view may keep an old one. */
  update(): readonly LogLine[] {
    const all = this.#ring.lines;
    if (this.#ring.generation !== this.#generation) { this.#generation = this.#ring.generation; this.#read = 0; this.#lines = []; }
    if (this.#read === all.length) return this.#lines;
    const fresh = this.#read === 0 ? all : all.slice(this.#read);
    this.#read = all.length;
    const passes = this.#passes;
    this.#lines = passes ? [...this.#lines, ...fresh.filter(passes)] : [...all];
    return this.#lines;
  }
}

/** Indexes of the lines that match, for search. Lines that were only appended cost what was appended. */
export class Hits {
  #test: Matcher['test'];
  #lines: readonly LogLine[] = [];
  #hits: readonly number[] = [];

  constructor(matcher: Matcher) { this.#test = matcher.test; }

  of(lines: readonly LogLine[]): readonly number[] {
    const test = this.#test;
    if (!test || lines === this.#lines) return this.#hits;
    const before = this.#lines.length;
    const appended = before > 0 && lines.length >= before && lines[0] === this.#lines[0] && lines[before - 1] === this.#lines[before - 1];
    const found: number[] = [];
    for (let i = appended ? before : 0; i < lines.length; i++) if (test(plain(lines[i]!.text))) found.push(i);
    this.#lines = lines;
    if (!appended) this.#hits = found; else if (found.length > 0) this.#hits = [...this.#hits, ...found];
    return this.#hits;
  }
}

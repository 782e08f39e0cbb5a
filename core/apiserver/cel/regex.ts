// Regular expressions of RE2's kind: what RE2 refuses is refused (look-around, back references), and matching takes time linear in the
// text whatever the pattern (a set of states goes over the text once; there is no backtracking to explode).
import { CelError } from './values.ts';

type Ranges = readonly (readonly [number, number])[];
type Node =
  | { t: 'set'; ranges: Ranges } | { t: 'seq'; of: Node[] } | { t: 'alt'; of: Node[] }
  | { t: 'repeat'; of: Node; min: number; max: number; lazy: boolean }
  | { t: 'assert'; what: 'start' | 'end' | 'lineStart' | 'lineEnd' | 'word' | 'notWord' };
type Instruction = { op: 'set'; ranges: Ranges } | { op: 'split'; x: number; y: number } | { op: 'jump'; x: number } | { op: 'assert'; what: string } | { op: 'match' };

const MAX = 0x10ffff, MAX_REPEAT = 1000, MAX_PROGRAM = 20_000;
const ANY: Ranges = [[0, MAX]], NOT_NEWLINE: Ranges = [[0, 9], [11, MAX]];
const DIGIT: Ranges = [[48, 57]], WORD: Ranges = [[48, 57], [65, 90], [95, 95], [97, 122]], SPACE: Ranges = [[9, 10], [12, 13], [32, 32]];
const POSIX: Readonly<Record<string, Ranges>> = {
  alnum: [[48, 57], [65, 90], [97, 122]], alpha: [[65, 90], [97, 122]], ascii: [[0, 127]], blank: [[9, 9], [32, 32]], cntrl: [[0, 31], [127, 127]], digit: DIGIT,
  graph: [[33, 126]], lower: [[97, 122]], print: [[32, 126]], punct: [[33, 47], [58, 64], [91, 96], [123, 126]], space: [[9, 13], [32, 32]], upper: [[65, 90]], word: WORD, xdigit: [[48, 57], [65, 70], [97, 102]],
};

function invert(ranges: Ranges): Ranges {
  const out: [number, number][] = [];
  let next = 0;
  for (const [a, b] of [...ranges].sort((x, y) => x[0] - y[0])) {
    if (a > next) out.push([next, a - 1]);
    next = Math.max(next, b + 1);
  }
  if (next <= MAX) out.push([next, MAX]);
  return out;
}
function folded(ranges: Ranges): Ranges {
  const out: [number, number][] = ranges.map(r => [r[0], r[1]]);
  for (const [a, b] of ranges) {
    if (b - a > 2000) continue;
    for (let c = a; c <= b; c++) {
      const text = String.fromCodePoint(c);
      for (const other of [text.toLowerCase(), text.toUpperCase()]) { const p = other.codePointAt(0)!; if ([...other].length === 1 && p !== c) out.push([p, p]); }
    }
  }
  return out;
}
const categories = new Map<string, Ranges>();
/** A Unicode category or script, from what the JavaScript engine knows of it. */
function category(name: string): Ranges | undefined {
  const known = categories.get(name);
  if (known) return known;
  let re: RegExp;
  try { re = new RegExp(`^\\p{${name}}$`, 'u'); } catch (e) {
    if (!(e instanceof SyntaxError)) throw e;
    try { re = new RegExp(`^\\p{Script=${name}}$`, 'u'); } catch (e2) { if (!(e2 instanceof SyntaxError)) throw e2; return undefined; }
  }
  const out: [number, number][] = [];
  for (let c = 0; c <= MAX; c++) {
    if (c >= 0xd800 && c <= 0xdfff) continue;
    if (!re.test(String.fromCodePoint(c))) continue;
    const last = out.at(-1);
    if (last && last[1] === c - 1) last[1] = c; else out.push([c, c]);
  }
  categories.set(name, out);
  return out;
}

class RegexParser {
  readonly #s: string[];
  readonly #source: string;
  #i = 0;
  #flags = { i: false, m: false, s: false, U: false };
  #depth = 0;
  constructor(source: string) { this.#source = source; this.#s = [...source]; }

  parse(): Node {
    const n = this.#alternatives();
    if (this.#i < this.#s.length) this.#fail('unexpected )', this.#source);
    return n;
  }
  #fail(what: string, at: string): never { throw new CelError(`error parsing regexp: ${what}: \`${at}\``); }
  #peek(): string | undefined { return this.#s[this.#i]; }

  #alternatives(): Node {
    if (++this.#depth > 1000) this.#fail('expression nests too deeply', this.#source);
    const of = [this.#sequence()];
    while (this.#peek() === '|') { this.#i++; of.push(this.#sequence()); }
    this.#depth--;
    return of.length === 1 ? of[0]! : { t: 'alt', of };
  }

  #sequence(): Node {
    const of: Node[] = [];
    for (;;) {
      const c = this.#peek();
      if (c === undefined || c === '|' || c === ')') return { t: 'seq', of };
      const start = this.#i, atom = this.#atom();
      if (!atom) continue;
      of.push(this.#repeated(atom, start));
    }
  }

  #repeated(atom: Node, start: number): Node {
    let node = atom, times = 0;
    for (;;) {
      const c = this.#peek(), at = this.#i;
      let min: number, max: number;
      if (c === '*') [min, max] = [0, Infinity];
      else if (c === '+') [min, max] = [1, Infinity];
      else if (c === '?') [min, max] = [0, 1];
      else if (c === '{') {
        const m = /^\{(\d+)(?:(,)(\d*))?\}/.exec(this.#s.slice(this.#i, this.#i + 16).join(''));
        if (!m) return node;
        min = Number(m[1]);
        max = m[2] === undefined ? min : m[3] === '' ? Infinity : Number(m[3]);
        if (min > MAX_REPEAT || (max !== Infinity && (max > MAX_REPEAT || max < min))) this.#fail('invalid repeat count', m[0]);
        this.#i += m[0].length - 1;
      } else return node;
      this.#i++;
      if (times++ > 0) this.#fail('invalid nested repetition operator', this.#s.slice(start, this.#i).join('').slice(-2));
      const lazy = this.#peek() === '?';
      if (lazy) this.#i++;
      if (this.#peek() === '+' && at >= 0) this.#fail('invalid nested repetition operator', `${this.#s.slice(at, this.#i).join('')}+`);
      node = { t: 'repeat', of: node, min, max, lazy: lazy !== this.#flags.U };
    }
  }

  #set(ranges: Ranges): Node { return { t: 'set', ranges: this.#flags.i ? folded(ranges) : ranges }; }
  #char(c: string): Node { const p = c.codePointAt(0)!; return this.#set([[p, p]]); }

  /** undefined for what matches nothing of its own (flags, an empty quotation). */
  #atom(): Node | undefined {
    const c = this.#s[this.#i++]!;
    switch (c) {
      case '(': return this.#group();
      case '[': return this.#class();
      case '.': return { t: 'set', ranges: this.#flags.s ? ANY : NOT_NEWLINE };
      case '^': return { t: 'assert', what: this.#flags.m ? 'lineStart' : 'start' };
      case '$': return { t: 'assert', what: this.#flags.m ? 'lineEnd' : 'end' };
      case '*': case '+': case '?': return this.#fail('missing argument to repetition operator', c);
      case '\\': return this.#escape();
      default: return this.#char(c);
    }
  }

  #group(): Node | undefined {
    const outer = { ...this.#flags };
    if (this.#peek() === '?') {
      const rest = this.#s.slice(this.#i - 1).join('');
      const named = /^\(\?P?<([A-Za-z_]\w*)>/.exec(rest);
      const flags = /^\(\?([imsU]*)(?:-([imsU]+))?([:)])/.exec(rest);
      if (named) this.#i += named[0].length - 1;
      else if (flags) {
        this.#i += flags[0].length - 1;
        for (const f of flags[1]!) this.#flags[f as 'i'] = true;
        for (const f of flags[2] ?? '') this.#flags[f as 'i'] = false;
        if (flags[3] === ')') return undefined;
      } else this.#fail('invalid or unsupported Perl syntax', /^\(\?(?:<?[=!]|P?[<=>]?.)/.exec(rest)?.[0] ?? '(?');
    }
    const n = this.#alternatives();
    if (this.#peek() !== ')') this.#fail('missing closing )', this.#source);
    this.#i++;
    this.#flags = outer;
    return n;
  }

  #escape(): Node | undefined {
    const c = this.#s[this.#i++];
    if (c === undefined) return this.#fail('trailing backslash at end of expression', '');
    switch (c) {
      case 'A': return { t: 'assert', what: 'start' };
      case 'z': return { t: 'assert', what: 'end' };
      case 'b': return { t: 'assert', what: 'word' };
      case 'B': return { t: 'assert', what: 'notWord' };
      case 'C': return { t: 'set', ranges: ANY };
      case 'Q': {
        const of: Node[] = [];
        while (this.#i < this.#s.length && !(this.#s[this.#i] === '\\' && this.#s[this.#i + 1] === 'E')) of.push(this.#char(this.#s[this.#i++]!));
        this.#i += 2;
        return of.length === 0 ? undefined : { t: 'seq', of };
      }
      case 'E': return undefined;
      default: {
        const ranges = this.#escapedClass(c);
        return ranges ? this.#set(ranges) : this.#char(this.#escapedChar(c));
      }
    }
  }

  #escapedClass(c: string): Ranges | undefined {
    switch (c) {
      case 'd': return DIGIT;
      case 'D': return invert(DIGIT);
      case 'w': return WORD;
      case 'W': return invert(WORD);
      case 's': return SPACE;
      case 'S': return invert(SPACE);
      case 'p': case 'P': {
        let name = this.#s[this.#i++] ?? '';
        if (name === '{') { name = ''; while (this.#i < this.#s.length && this.#peek() !== '}') name += this.#s[this.#i++]!; this.#i++; }
        const negative = name.startsWith('^') !== (c === 'P');
        const ranges = name.replace('^', '') === 'Any' ? ANY : /^\^?[A-Za-z_]+$/.test(name) ? category(name.replace('^', '')) : undefined;
        if (!ranges) return this.#fail('invalid character class range', `\\${c}{${name}}`);
        return negative ? invert(ranges) : ranges;
      }
      default: return undefined;
    }
  }

  #escapedChar(c: string): string {
    const simple: Readonly<Record<string, string>> = { a: '\u0007', f: '\f', n: '\n', r: '\r', t: '\t', v: '\v' };
    if (simple[c] !== undefined) return simple[c];
    const rest = this.#s.slice(this.#i, this.#i + 10).join('');
    if (c === 'x') {
      const m = /^(?:\{([0-9a-fA-F]{1,6})\}|([0-9a-fA-F]{2}))/.exec(rest);
      const code = m ? Number.parseInt(m[1] ?? m[2]!, 16) : MAX + 1;
      if (code > MAX) this.#fail('invalid escape sequence', '\\x');
      this.#i += m![0].length;
      return String.fromCodePoint(code);
    }
    const octal = /^[0-7]{1,3}/.exec(c + rest);
    if (octal && (c === '0' || octal[0].length > 1)) { this.#i += octal[0].length - 1; return String.fromCodePoint(Number.parseInt(octal[0], 8)); }
    if (/^[a-zA-Z0-9]$/.test(c)) this.#fail('invalid escape sequence', `\\${c}`);
    return c;
  }

  #class(): Node {
    const start = this.#i - 1;
    const negative = this.#peek() === '^';
    if (negative) this.#i++;
    let ranges: [number, number][] = [];
    for (let first = true; ; first = false) {
      const c = this.#s[this.#i++];
      if (c === undefined) return this.#fail('missing closing ]', this.#s.slice(start).join(''));
      if (c === ']' && !first) break;
      if (c === '[' && this.#peek() === ':') {
        const m = /^\[:(\^?)([a-z]+):\]/.exec(this.#s.slice(this.#i - 1, this.#i + 12).join(''));
        if (m) {
          const set = POSIX[m[2]!] ?? this.#fail('invalid character class range', m[0]);
          ranges.push(...(m[1] ? invert(set) : set).map((r): [number, number] => [r[0], r[1]]));
          this.#i += m[0].length - 1;
          continue;
        }
      }
      let low = c;
      if (c === '\\') {
        const e = this.#s[this.#i++] ?? this.#fail('missing closing ]', this.#s.slice(start).join(''));
        const set = this.#escapedClass(e);
        if (set) { ranges.push(...set.map((r): [number, number] => [r[0], r[1]])); continue; }
        low = this.#escapedChar(e);
      }
      let high = low;
      if (this.#peek() === '-' && this.#s[this.#i + 1] !== ']' && this.#s[this.#i + 1] !== undefined) {
        this.#i++;
        high = this.#s[this.#i++]!;
        if (high === '\\') high = this.#escapedChar(this.#s[this.#i++] ?? '');
        if (high.codePointAt(0)! < low.codePointAt(0)!) this.#fail('invalid character class range', `${low}-${high}`);
      }
      ranges.push([low.codePointAt(0)!, high.codePointAt(0)!]);
    }
    if (this.#flags.i) ranges = folded(ranges) as [number, number][];
    return { t: 'set', ranges: negative ? invert(ranges) : ranges };
  }
}

function assemble(node: Node, source: string): Instruction[] {
  const program: Instruction[] = [];
  const emit = (i: Instruction): number => {
    if (program.length >= MAX_PROGRAM) throw new CelError(`error parsing regexp: expression too large: \`${source}\``);
    return program.push(i) - 1;
  };
  const split = (at: number, preferred: number, other: number, lazy: boolean): void => { program[at] = lazy ? { op: 'split', x: other, y: preferred } : { op: 'split', x: preferred, y: other }; };
  const build = (n: Node): void => {
    switch (n.t) {
      case 'set': emit({ op: 'set', ranges: n.ranges }); return;
      case 'assert': emit({ op: 'assert', what: n.what }); return;
      case 'seq': n.of.forEach(build); return;
      case 'alt': {
        const ends: number[] = [];
        n.of.forEach((x, i) => {
          if (i === n.of.length - 1) { build(x); return; }
          const at = emit({ op: 'jump', x: 0 });
          build(x);
          ends.push(emit({ op: 'jump', x: 0 }));
          split(at, at + 1, program.length, false);
        });
        for (const e of ends) program[e] = { op: 'jump', x: program.length };
        return;
      }
      case 'repeat': {
        for (let i = 0; i < n.min; i++) build(n.of);
        if (n.max === Infinity) {
          const at = emit({ op: 'jump', x: 0 });
          build(n.of);
          emit({ op: 'jump', x: at });
          split(at, at + 1, program.length, n.lazy);
          return;
        }
        const ats: number[] = [];
        for (let i = n.min; i < n.max; i++) { ats.push(emit({ op: 'jump', x: 0 })); build(n.of); }
        for (const at of ats) split(at, at + 1, program.length, n.lazy);
      }
    }
  };
  build(node);
  emit({ op: 'match' });
  return program;
}

const inRanges = (c: number, ranges: Ranges): boolean => { for (const [a, b] of ranges) if (c >= a && c <= b) return true; return false; };
const isWord = (c: number | undefined): boolean => c !== undefined && inRanges(c, WORD);

/** A compiled pattern; offsets are in code points of the text. */
export class Regex {
  readonly #program: readonly Instruction[];
  constructor(program: readonly Instruction[]) { this.#program = program; }

  /** Whether the pattern occurs anywhere in the text. */
  test(text: string): boolean { return this.find(Array.from(text, c => c.codePointAt(0)!), 0, true) !== undefined; }

  /** The leftmost match at or after `from`, preferring as Perl would; `any` stops at the first sign of one. */
  find(text: readonly number[], from: number, any = false): { start: number; end: number } | undefined {
    const p = this.#program;
    let states: { pc: number; start: number }[] = [], best: { start: number; end: number } | undefined;
    const mark = new Int32Array(p.length).fill(-1);
    for (let i = from; i <= text.length; i++) {
      const next: { pc: number; start: number }[] = [];
      const add = (first: number, start: number, list: { pc: number; start: number }[]): void => {
        const stack = [first];
        while (stack.length > 0) {
          const pc = stack.pop()!;
          if (mark[pc] === i) continue;
          mark[pc] = i;
          const ins = p[pc]!;
          if (ins.op === 'jump') stack.push(ins.x);
          else if (ins.op === 'split') stack.push(ins.y, ins.x);
          else if (ins.op === 'assert') { if (holds(ins.what, text, i)) stack.push(pc + 1); }
          else list.push({ pc, start });
        }
      };
      const current: { pc: number; start: number }[] = [];
      for (const s of states) add(s.pc, s.start, current);
      if (best === undefined) add(0, i, current);
      const c = text[i];
      for (const s of current) {
        const ins = p[s.pc]!;
        if (ins.op === 'match') {
          best = { start: s.start, end: i };
          if (any) return best;
          break;
        }
        if (ins.op === 'set' && c !== undefined && inRanges(c, ins.ranges)) next.push({ pc: s.pc + 1, start: s.start });
      }
      states = next;
      if (states.length === 0 && best !== undefined) return best;
    }
    return best;
  }
}

function holds(what: string, text: readonly number[], i: number): boolean {
  switch (what) {
    case 'start': return i === 0;
    case 'end': return i === text.length;
    case 'lineStart': return i === 0 || text[i - 1] === 10;
    case 'lineEnd': return i === text.length || text[i] === 10;
    default: return (isWord(text[i - 1]) !== isWord(text[i])) === (what === 'word');
  }
}

const compiled = new Map<string, Regex>();
/** Throws CelError with RE2's text for a pattern it would refuse. */
export function compileRegex(pattern: string): Regex {
  const known = compiled.get(pattern);
  if (known) return known;
  const made = new Regex(assemble(new RegexParser(pattern).parse(), pattern));
  if (compiled.size > 500) compiled.clear();
  compiled.set(pattern, made);
  return made;
}

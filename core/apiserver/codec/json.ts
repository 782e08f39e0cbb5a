// A strict JSON reader with Go's error texts (encoding/json): it keeps the spelling of unusual numbers and reports duplicate
// keys with their path. The fast path of the server is JSON.parse; this one runs where that cannot decide.
import { integer, Int64 } from './int64.ts';
import { scanJson } from './scan.ts';

/** Nesting beyond this is refused: deeper input only ever means harm. */
export const MAX_DEPTH = 1000;

/** Not JSON, in Go's words. */
export class JsonSyntaxError extends Error {
  constructor(message: string) { super(message); this.name = 'JsonSyntaxError'; }
}

/** A number as it was written, where it is not a plain safe integer. */
export class NumberLiteral {
  readonly text: string;
  constructor(text: string) { this.text = text; }
  /** The number JSON readers without a schema make of it: integers stay exact, all else is a double. */
  get value(): number | Int64 { return /^-?\d+$/.test(this.text) ? integer(this.text) : Number(this.text); }
}

export interface ReadResult { value: unknown; /** `duplicate field "a.b"`, in the order met. */ duplicates: string[] }

const quote = (c: string | undefined): string => (c === "'" ? `'\\''` : c === '"' ? `'"'` : `'${JSON.stringify(c).slice(1, -1)}'`);

class Reader {
  readonly #text: string;
  #at = 0;
  readonly #path: (string | number)[] = [];
  readonly duplicates: string[] = [];
  /** Every key as the fault it may be, where it is asked for. */
  faults: string[] | undefined;
  constructor(text: string) { this.#text = text; }

  document(): unknown {
    const v = this.#value();
    this.#space();
    if (this.#at < this.#text.length) throw this.#bad('after top-level value');
    return v;
  }

  #space(): void {
    for (let c = this.#text.charCodeAt(this.#at); c === 32 || c === 10 || c === 13 || c === 9; c = this.#text.charCodeAt(this.#at)) this.#at++;
  }
  #bad(where: string): JsonSyntaxError {
    if (this.#at >= this.#text.length) return new JsonSyntaxError('unexpected end of JSON input');
    return new JsonSyntaxError(`invalid character ${quote(String.fromCodePoint(this.#text.codePointAt(this.#at)!))} ${where}`);
  }

  #value(): unknown {
    this.#space();
    switch (this.#text[this.#at]) {
      case '{': return this.#object();
      case '[': return this.#array();
      case '"': return this.#string();
      case 't': return this.#word('true', true);
      case 'f': return this.#word('false', false);
      case 'n': return this.#word('null', null);
      default: return this.#number();
    }
  }

  #word<T>(word: string, value: T): T {
    for (let i = 0; i < word.length; i++, this.#at++) {
      if (this.#text[this.#at] !== word[i]) throw this.#bad(`in literal ${word} (expecting ${quote(word[i])})`);
    }
    return value;
  }

  #digits(where: string): void {
    if (!/\d/.test(this.#text[this.#at] ?? '')) throw this.#bad(where);
    while (/\d/.test(this.#text[this.#at] ?? '')) this.#at++;
  }
  #number(): number | NumberLiteral {
    const start = this.#at;
    if (this.#text[this.#at] === '-') {
      this.#at++;
      if (!/\d/.test(this.#text[this.#at] ?? '')) throw this.#bad('in numeric literal');
    } else if (!/\d/.test(this.#text[this.#at] ?? '')) throw this.#bad('looking for beginning of value');
    if (this.#text[this.#at] === '0') this.#at++; else this.#digits('in numeric literal');
    if (this.#text[this.#at] === '.') { this.#at++; this.#digits('after decimal point in numeric literal'); }
    if (this.#text[this.#at] === 'e' || this.#text[this.#at] === 'E') {
      this.#at++;
      if (this.#text[this.#at] === '+' || this.#text[this.#at] === '-') this.#at++;
      this.#digits('in exponent of numeric literal');
    }
    const literal = this.#text.slice(start, this.#at);
    return /^-?\d{1,15}$/.test(literal) ? Number(literal) : new NumberLiteral(literal);
  }

  #string(): string {
    const start = this.#at++;
    for (;;) {
      const c = this.#text[this.#at];
      if (c === undefined || c < ' ') throw this.#bad('in string literal');
      if (c === '"') break;
      this.#at++;
      if (c !== '\\') continue;
      const e = this.#text[this.#at];
      if (e === undefined || !'"\\/bfnrtu'.includes(e)) throw this.#bad('in string escape code');
      this.#at++;
      if (e === 'u') for (let i = 0; i < 4; i++, this.#at++) if (!/[0-9a-fA-F]/.test(this.#text[this.#at] ?? '')) throw this.#bad('in \\u hexadecimal character escape');
    }
    this.#at++;
    return JSON.parse(this.#text.slice(start, this.#at)) as string;
  }

  #enter(step: string | number): void {
    this.#path.push(step);
    if (this.#path.length > MAX_DEPTH) throw new JsonSyntaxError('exceeded max depth');
  }

  #object(): Record<string, unknown> {
    const out: Record<string, unknown> = {};
    this.#at++;
    this.#space();
    if (this.#text[this.#at] === '}') { this.#at++; return out; }
    for (;;) {
      this.#space();
      if (this.#text[this.#at] !== '"') throw this.#bad('looking for beginning of object key string');
      const key = this.#string();
      this.#space();
      if (this.#text[this.#at] !== ':') throw this.#bad('after object key');
      this.#at++;
      this.#enter(key);
      if (Object.hasOwn(out, key)) this.duplicates.push(`duplicate field ${JSON.stringify(pathText(this.#path))}`);
      this.faults?.push(`${Object.hasOwn(out, key) ? 'duplicate' : 'unknown'} field ${JSON.stringify(pathText(this.#path))}`);
      const value = this.#value();
      this.#path.pop();
      // Defined rather than assigned: `__proto__` is a name like any other here.
      if (key === '__proto__') Object.defineProperty(out, key, { value, enumerable: true, configurable: true, writable: true });
      else out[key] = value;
      this.#space();
      if (this.#text[this.#at] === '}') { this.#at++; return out; }
      if (this.#text[this.#at] !== ',') throw this.#bad('after object key:value pair');
      this.#at++;
    }
  }

  #array(): unknown[] {
    const out: unknown[] = [];
    this.#at++;
    this.#space();
    if (this.#text[this.#at] === ']') { this.#at++; return out; }
    for (;;) {
      this.#enter(out.length);
      out.push(this.#value());
      this.#path.pop();
      this.#space();
      if (this.#text[this.#at] === ']') { this.#at++; return out; }
      if (this.#text[this.#at] !== ',') throw this.#bad('after array element');
      this.#at++;
    }
  }
}

/** `spec.containers[0].name`. */
export function pathText(path: readonly (string | number)[]): string {
  let out = '';
  for (const step of path) out += typeof step === 'number' ? `[${step}]` : out === '' ? step : `.${step}`;
  return out;
}

/** Reads the text whole. Numbers that are not plain come as NumberLiteral. Throws JsonSyntaxError with Go's text. */
export function readJson(text: string): ReadResult {
  const r = new Reader(text);
  return { value: r.document(), duplicates: r.duplicates };
}

/** Duplicate and unknown fields of a text in the order in which Go's reader meets them: what is below an unknown field it passes over. */
export function inOrder(text: string, duplicates: readonly string[], unknown: readonly string[]): string[] {
  const r = new Reader(text);
  r.faults = [];
  r.document();
  const at = new Map(r.faults.map((f, i) => [f, i])), paths = unknown.map(u => u.slice('unknown field "'.length, -1));
  const passed = (d: string): boolean => { const path = d.slice('duplicate field "'.length, -1); return paths.some(p => path === p || path.startsWith(`${p}.`) || path.startsWith(`${p}[`)); };
  return [...duplicates.filter(d => !passed(d)), ...unknown].sort((a, b) => (at.get(a) ?? 0) - (at.get(b) ?? 0));
}

/** JSON.parse that keeps integers beyond 2^53 exact (as Int64) and fails with Go's texts. */
export function parseJson(text: string): unknown {
  if (!/\d{16}/.test(text)) {
    // Any failure is worded by the strict reader.
    try { return JSON.parse(text); } catch (e) { if (!(e instanceof SyntaxError)) throw e; }
  }
  return plain(readJson(text).value);
}

/** `parseJson`, and the fields the text names twice. */
export function parseJsonWithDuplicates(text: string): { value: unknown; duplicates: readonly string[] } {
  const value = parseJson(text);
  if (scanJson(text).keys === keysOf(value)) return { value, duplicates: [] };
  return { value, duplicates: readJson(text).duplicates };
}

function keysOf(value: unknown): number {
  if (typeof value !== 'object' || value === null || value instanceof Int64) return 0;
  let n = 0;
  if (Array.isArray(value)) { for (const v of value) n += keysOf(v); return n; }
  for (const k of Object.keys(value)) n += 1 + keysOf((value as Record<string, unknown>)[k]);
  return n;
}

/** Replaces number literals by numbers, in place. */
export function plain(value: unknown): unknown {
  if (value instanceof NumberLiteral) return value.value;
  if (Array.isArray(value)) for (let i = 0; i < value.length; i++) value[i] = plain(value[i]);
  else if (typeof value === 'object' && value !== null) {
    const o = value as Record<string, unknown>;
    for (const k of Object.keys(o)) {
      const v = o[k];
      if (typeof v === 'object' && v !== null) o[k] = plain(v);
    }
  }
  return value;
}

// Words of a CEL expression (cel-spec, "Syntax").

export type TokenKind = 'int' | 'uint' | 'double' | 'string' | 'bytes' | 'ident' | 'quoted' | 'op' | 'end';
export interface Token {
  readonly kind: TokenKind;
  /** As written; `<EOF>` at the end. */
  readonly text: string;
  /** Of strings and bytes: the content. */
  readonly value?: string | Uint8Array;
  /** Offset in code points. */
  readonly at: number;
}
/** A mistake in the words: `message` without place. */
export interface LexMistake { readonly at: number; readonly message: string }

const OPERATORS = ['&&', '||', '==', '!=', '<=', '>=', '<', '>', '+', '-', '*', '/', '%', '!', '?', ':', '.', ',', '(', ')', '[', ']', '{', '}'];
const isDigit = (c: string | undefined): boolean => c !== undefined && c >= '0' && c <= '9';
const isHex = (c: string | undefined): boolean => c !== undefined && /^[0-9a-fA-F]$/.test(c);
const isIdentStart = (c: string | undefined): boolean => c !== undefined && /^[A-Za-z_]$/.test(c);
const isIdentPart = (c: string | undefined): boolean => c !== undefined && /^[A-Za-z0-9_]$/.test(c);
const ESCAPES: Readonly<Record<string, string>> = { a: '\u0007', b: '\b', f: '\f', n: '\n', r: '\r', t: '\t', v: '\v', '\\': '\\', "'": "'", '"': '"', '`': '`', '?': '?' };

/** Splits the source; mistakes are collected and what they concern is left out. */
export function lex(source: string): { tokens: Token[]; mistakes: LexMistake[] } {
  const s = [...source], tokens: Token[] = [], mistakes: LexMistake[] = [];
  let i = 0;
  const text = (from: number): string => s.slice(from, i).join('');
  while (i < s.length) {
    const c = s[i]!, at = i;
    if (c === ' ' || c === '\t' || c === '\n' || c === '\r' || c === '\f') { i++; continue; }
    if (c === '/' && s[i + 1] === '/') { while (i < s.length && s[i] !== '\n') i++; continue; }
    const prefix = /^(?:[rR][bB]|[bB][rR]|[rRbB])$/.test(s.slice(i, i + 2).join('')) && (s[i + 2] === '"' || s[i + 2] === "'") ? 2 : /^[rRbB]$/.test(c) && (s[i + 1] === '"' || s[i + 1] === "'") ? 1 : 0;
    if (c === '"' || c === "'" || prefix > 0) {
      const marks = s.slice(i, i + prefix).join('').toLowerCase();
      const end = stringEnd(s, i + prefix, marks.includes('r'));
      if (end === undefined) {
        mistakes.push({ at, message: `Syntax error: token recognition error at: '${s.slice(i).join('')}'` });
        i = s.length;
        continue;
      }
      i = end.after;
      const bytes = marks.includes('b');
      const content = marks.includes('r') ? s.slice(end.from, end.to).join('') : unescape(s, end.from, end.to, bytes);
      if (typeof content === 'object' && 'message' in content) { mistakes.push({ at, message: content.message }); tokens.push({ kind: bytes ? 'bytes' : 'string', text: text(at), value: bytes ? new Uint8Array() : '', at }); continue; }
      tokens.push({ kind: bytes ? 'bytes' : 'string', text: text(at), value: bytes && typeof content === 'string' ? new TextEncoder().encode(content) : content, at });
      continue;
    }
    if (isDigit(c) || (c === '.' && isDigit(s[i + 1]))) { tokens.push(number()); continue; }
    if (isIdentStart(c)) {
      while (isIdentPart(s[i])) i++;
      tokens.push({ kind: 'ident', text: text(at), at });
      continue;
    }
    if (c === '`') {
      let j = i + 1;
      while (j < s.length && /^[A-Za-z0-9_./ -]$/.test(s[j]!)) j++;
      if (s[j] === '`' && j > i + 1) { const value = s.slice(i + 1, j).join(''); i = j + 1; tokens.push({ kind: 'quoted', text: text(at), value, at }); continue; }
    }
    const op = OPERATORS.find(o => s[i] === o[0] && (o.length === 1 || s[i + 1] === o[1]));
    if (op === undefined) {
      // Half of an operator is told, and passed over, with what follows it.
      const half = '=&|'.includes(c) ? 2 : 1;
      mistakes.push({ at, message: `Syntax error: token recognition error at: '${s.slice(i, i + half).join('')}'` });
      i += half;
      continue;
    }
    i += op.length;
    tokens.push({ kind: 'op', text: op, at });
  }
  tokens.push({ kind: 'end', text: '<EOF>', at: s.length });
  return { tokens, mistakes };

  function number(): Token {
    const at = i;
    if (s[i] === '0' && (s[i + 1] === 'x' || s[i + 1] === 'X') && isHex(s[i + 2])) {
      i += 2;
      while (isHex(s[i])) i++;
      if (s[i] === 'u' || s[i] === 'U') { i++; return { kind: 'uint', text: text(at), at }; }
      return { kind: 'int', text: text(at), at };
    }
    let double = false;
    while (isDigit(s[i])) i++;
    if (s[i] === '.' && isDigit(s[i + 1])) { double = true; i++; while (isDigit(s[i])) i++; }
    if ((s[i] === 'e' || s[i] === 'E') && (isDigit(s[i + 1]) || ((s[i + 1] === '+' || s[i + 1] === '-') && isDigit(s[i + 2])))) {
      double = true;
      i += 2;
      while (isDigit(s[i])) i++;
    }
    if (!double && (s[i] === 'u' || s[i] === 'U')) { i++; return { kind: 'uint', text: text(at), at }; }
    return { kind: double ? 'double' : 'int', text: text(at), at };
  }
}

/** Where a string that begins with its quote at `at` has its content and its end; undefined when it has none. */
function stringEnd(s: readonly string[], at: number, raw: boolean): { from: number; to: number; after: number } | undefined {
  const q = s[at]!;
  const triple = s[at + 1] === q && s[at + 2] === q;
  const from = at + (triple ? 3 : 1);
  for (let i = from; i < s.length; i++) {
    const c = s[i]!;
    if (!raw && c === '\\') { i++; continue; }
    if (!triple && (c === '\n' || c === '\r')) return undefined;
    if (c !== q) continue;
    if (!triple) return { from, to: i, after: i + 1 };
    if (s[i + 1] === q && s[i + 2] === q) return { from, to: i, after: i + 3 };
  }
  return undefined;
}

function unescape(s: readonly string[], from: number, to: number, bytes: boolean): string | Uint8Array | { message: string } {
  const out: string[] = [], raw: number[] = [];
  const put = (text: string): void => { if (bytes) raw.push(...new TextEncoder().encode(text)); else out.push(text); };
  for (let i = from; i < to; i++) {
    const c = s[i]!;
    if (c !== '\\') { put(c); continue; }
    const e = s[++i]!;
    const simple = ESCAPES[e];
    if (simple !== undefined) { put(simple); continue; }
    const length = e === 'x' || e === 'X' ? 2 : e === 'u' ? 4 : e === 'U' ? 8 : 0;
    if (length > 0) {
      const hex = s.slice(i + 1, i + 1 + length).join('');
      if (!new RegExp(`^[0-9a-fA-F]{${length}}$`).test(hex)) return { message: 'unable to unescape string' };
      const code = Number.parseInt(hex, 16);
      i += length;
      if (bytes && length === 2) { raw.push(code); continue; }
      if (bytes || code > 0x10ffff || (code >= 0xd800 && code <= 0xdfff)) return { message: bytes ? 'unable to unescape string' : 'invalid unicode code point' };
      put(String.fromCodePoint(code));
      continue;
    }
    const octal = s.slice(i, i + 3).join('');
    if (/^[0-3][0-7]{2}$/.test(octal)) {
      i += 2;
      if (bytes) raw.push(Number.parseInt(octal, 8)); else out.push(String.fromCodePoint(Number.parseInt(octal, 8)));
      continue;
    }
    return { message: `Syntax error: token recognition error at: '\\${e ?? ''}'` };
  }
  return bytes ? Uint8Array.from(raw) : out.join('');
}

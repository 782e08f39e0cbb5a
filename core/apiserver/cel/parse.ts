// From words to a syntax tree (cel-spec, "Syntax"); macros are expanded on the way (macros.ts). Mistakes have the texts of cel-go's
// parser where its grammar tool makes one plain sentence of them.
import type { Expr, MapEntry, Mistake, StructField } from './ast.ts';
import { lex, type Token } from './lex.ts';
import { ACCU, expand } from './macros.ts';
import { BOOL, BYTES, DOUBLE, INT, NULL, STRING, UINT } from './types.ts';
import { Uint } from './values.ts';

/** Deeper expressions are refused, as upstream does. */
const MAX_DEPTH = 250;
/** What an expression may begin with, and what may stand there besides; in the order of upstream's grammar. */
const ORDER = ['[', ']', '{', '}', '(', ')', '.', ',', '-', '!', '?', 'true', 'false', 'null', 'NUM_FLOAT', 'NUM_INT', 'NUM_UINT', 'STRING', 'BYTES', 'IDENTIFIER'];
const BESIDES = new Set([']', '}', ')', ',', '?']), OPENERS = new Set(['[', '{', '(', '.', '-', '!']);
const starts = (besides: readonly string[] = []): string => `{${ORDER.filter(o => !BESIDES.has(o) || besides.includes(o)).map(o => (/^[A-Z]/.test(o) ? o : `'${o}'`)).join(', ')}}`;
const begins = (t: Token): boolean => (t.kind === 'op' ? OPENERS.has(t.text) : t.kind === 'ident' ? t.text !== 'in' : t.kind !== 'end' && t.kind !== 'quoted');
const RESERVED = new Set(['as', 'break', 'const', 'continue', 'else', 'for', 'function', 'if', 'import', 'let', 'loop', 'package', 'namespace', 'return', 'var', 'void', 'while']);
const LEVELS: readonly (readonly string[])[] = [['||'], ['&&'], ['==', '!=', '<', '<=', '>', '>=', 'in'], ['+', '-'], ['*', '/', '%']];
const INT_MAX = 2n ** 63n - 1n, UINT_MAX = 2n ** 64n - 1n;

class SyntaxFault extends Error {
  readonly mistake: Mistake;
  constructor(at: number, message: string) { super(message); this.name = 'SyntaxFault'; this.mistake = { at, message }; }
}

class Parser {
  readonly #tokens: readonly Token[];
  readonly mistakes: Mistake[];
  #i = 0;
  #depth = 0;
  /** Brackets that are open, and conditions that still want their other half: within them the text cannot end. */
  #open = 0;
  constructor(tokens: readonly Token[], mistakes: Mistake[]) { this.#tokens = tokens; this.mistakes = mistakes; }

  whole(): Expr {
    const e = this.#expression();
    const t = this.#peek();
    if (t.kind !== 'end') throw this.#unexpected(t, '<EOF>');
    return e;
  }

  #peek(): Token { return this.#tokens[this.#i]!; }
  #next(): Token { const t = this.#tokens[this.#i]!; if (t.kind !== 'end') this.#i++; return t; }
  #is(text: string): boolean { const t = this.#peek(); return (t.kind === 'op' || (t.kind === 'ident' && text === 'in')) && t.text === text; }
  #take(text: string): Token | undefined { return this.#is(text) ? this.#next() : undefined; }
  #expect(text: string, expecting = `'${text}'`): Token { return this.#take(text) ?? this.#fail(expecting); }
  #fail(expecting: string): never { throw this.#unexpected(this.#peek(), expecting); }
  #unexpected(t: Token, expecting: string): SyntaxFault {
    const extraneous = t.kind !== 'end' && expecting === '<EOF>' && this.#tokens[this.#i + 1]?.kind === 'end';
    return new SyntaxFault(t.at, `Syntax error: ${extraneous ? 'extraneous' : 'mismatched'} input '${t.text}' expecting ${expecting}`);
  }

  /** An expression begins here, or one of `besides` stands here. A single word too much is passed over, as upstream does. */
  #begin(besides: readonly string[] = []): void {
    const t = this.#peek(), fine = (x: Token): boolean => begins(x) || (x.kind === 'op' && besides.includes(x.text));
    if (fine(t)) return;
    const next = this.#tokens[this.#i + 1];
    if (t.kind === 'end' || !next || !fine(next)) throw new SyntaxFault(t.at, `Syntax error: mismatched input '${t.text}' expecting ${starts(besides)}`);
    this.mistakes.push({ at: t.at, message: `Syntax error: extraneous input '${t.text}' expecting ${starts(besides)}` });
    this.#i++;
  }

  /** The end of a bracket. One word too much is passed over; a missing one is made up where the text may end with it. */
  #close(text: string, expecting = `'${text}'`): void {
    if (this.#take(text)) return;
    const t = this.#peek(), next = this.#tokens[this.#i + 1];
    if (t.kind !== 'end' && next?.kind === 'op' && next.text === text) {
      this.mistakes.push({ at: t.at, message: `Syntax error: extraneous input '${t.text}' expecting ${expecting}` });
      this.#i += 2;
    } else if (t.kind === 'end' && this.#open === 1 && expecting === `'${text}'`) this.mistakes.push({ at: t.at, message: `Syntax error: missing '${text}' at '<EOF>'` });
    else throw new SyntaxFault(t.at, `Syntax error: mismatched input '${t.text}' expecting ${expecting}`);
  }

  #expression(): Expr {
    if (++this.#depth > MAX_DEPTH) throw new SyntaxFault(this.#peek().at, `expression recursion limit exceeded: ${MAX_DEPTH}`);
    const condition = this.#binary(0);
    const q = this.#take('?');
    if (!q) { this.#depth--; return condition; }
    this.#open++;
    const yes = this.#binary(0);
    this.#expect(':');
    this.#open--;
    const no = this.#expression();
    this.#depth--;
    return { k: 'call', fn: '_?_:_', target: undefined, args: [condition, yes, no], at: q.at };
  }

  #binary(level: number): Expr {
    if (level === LEVELS.length) return this.#unary();
    let left = this.#binary(level + 1);
    for (;;) {
      const op = LEVELS[level]!.find(o => this.#is(o));
      if (op === undefined) return left;
      const { at } = this.#next();
      left = { k: 'call', fn: op === 'in' ? '@in' : `_${op}_`, target: undefined, args: [left, this.#binary(level + 1)], at };
    }
  }

  #unary(): Expr {
    this.#begin();
    const t = this.#peek();
    if (t.kind === 'op' && (t.text === '!' || t.text === '-')) {
      let n = 0;
      while (this.#take(t.text)) n++;
      // A minus that belongs to a number: the smallest int has no positive twin.
      if (t.text === '-' && n % 2 === 1) {
        const literal = this.#peek();
        if (literal.kind === 'int' || literal.kind === 'double') return this.#suffix(this.#literal(this.#next(), true));
      }
      if (++this.#depth > MAX_DEPTH) throw new SyntaxFault(t.at, `expression recursion limit exceeded: ${MAX_DEPTH}`);
      const operand = this.#suffix(this.#primary());
      this.#depth--;
      return n % 2 === 0 ? operand : { k: 'call', fn: t.text === '!' ? '!_' : '-_', target: undefined, args: [operand], at: t.at };
    }
    return this.#suffix(this.#primary());
  }

  #suffix(start: Expr): Expr {
    let e = start;
    for (;;) {
      const dot = this.#take('.');
      if (dot) {
        const optional = this.#take('?') !== undefined;
        const name = this.#next();
        if (name.kind === 'quoted') { e = { k: 'select', operand: e, field: name.value as string, test: false, optional, at: dot.at }; continue; }
        if (name.kind !== 'ident' || name.text === 'in' || name.text === 'true' || name.text === 'false' || name.text === 'null') throw new SyntaxFault(name.at, `Syntax error: no viable alternative at input '.${optional ? '?' : ''}${name.kind === 'end' ? '' : name.text}'`);
        const open = optional ? undefined : this.#take('(');
        if (!open) { e = { k: 'select', operand: e, field: name.text, test: false, optional, at: dot.at }; continue; }
        e = this.#call(name.text, e, open.at);
        continue;
      }
      const open = this.#take('[');
      if (open) {
        this.#open++;
        this.#begin(['?']);
        const optional = this.#take('?') !== undefined;
        const index = this.#expression();
        this.#close(']');
        this.#open--;
        e = { k: 'call', fn: optional ? '_[?_]' : '_[_]', target: undefined, args: [e, index], at: open.at };
        continue;
      }
      if (this.#is('{')) {
        const name = qualified(e);
        if (name !== undefined) { e = this.#struct(name, this.#next().at); continue; }
      }
      return e;
    }
  }

  #call(fn: string, target: Expr | undefined, at: number): Expr {
    const args: Expr[] = [];
    this.#open++;
    this.#begin([')']);
    if (!this.#is(')')) { do args.push(this.#expression()); while (this.#take(',')); }
    this.#close(')');
    this.#open--;
    return expand(fn, target, args, at, (where, message) => { this.mistakes.push({ at: where, message }); }) ?? { k: 'call', fn, target, args, at };
  }

  #primary(): Expr {
    const t = this.#next();
    switch (t.kind) {
      case 'int': case 'uint': case 'double': case 'string': case 'bytes': return this.#literal(t, false);
      case 'ident':
        if (t.text === 'true' || t.text === 'false') return { k: 'const', value: t.text === 'true', type: BOOL, at: t.at };
        if (t.text === 'null') return { k: 'const', value: null, type: NULL, at: t.at };
        if (t.text === 'in') break;
        if (RESERVED.has(t.text)) {
          // No name of anything, of a macro's variable neither.
          this.mistakes.push({ at: t.at, message: `reserved identifier: ${t.text}` });
          return { k: 'ident', name: ACCU, at: t.at };
        }
        { const open = this.#take('('); if (open) return this.#call(t.text, undefined, open.at); }
        return { k: 'ident', name: t.text, at: t.at };
      case 'op':
        if (t.text === '.') {
          const name = this.#next();
          if (name.kind !== 'ident') throw new SyntaxFault(name.at, `Syntax error: mismatched input '${name.text}' expecting IDENTIFIER`);
          const open = this.#take('(');
          return open ? this.#call(name.text, undefined, open.at) : { k: 'ident', name: name.text, at: name.at };
        }
        if (t.text === '(') { this.#open++; const e = this.#expression(); this.#close(')'); this.#open--; return e; }
        if (t.text === '[') return this.#list(t.at);
        if (t.text === '{') return this.#map(t.at);
        break;
      default:
    }
    throw new SyntaxFault(t.at, `Syntax error: mismatched input '${t.text}' expecting ${starts()}`);
  }

  #literal(t: Token, negative: boolean): Expr {
    const { at } = t, sign = negative ? '-' : '';
    switch (t.kind) {
      case 'string': return { k: 'const', value: t.value as string, type: STRING, at };
      case 'bytes': return { k: 'const', value: t.value as Uint8Array, type: BYTES, at };
      case 'double': return { k: 'const', value: Number(sign + t.text), type: DOUBLE, at };
      case 'uint': {
        const v = BigInt(t.text.slice(0, -1));
        if (v > UINT_MAX) { this.mistakes.push({ at, message: 'invalid uint literal' }); return { k: 'const', value: new Uint(0n), type: UINT, at }; }
        return { k: 'const', value: new Uint(v), type: UINT, at };
      }
      default: {
        const v = negative ? -BigInt(t.text) : BigInt(t.text);
        if (v > INT_MAX || v < -INT_MAX - 1n) { this.mistakes.push({ at, message: 'invalid int literal' }); return { k: 'const', value: 0n, type: INT, at }; }
        return { k: 'const', value: v, type: INT, at };
      }
    }
  }

  #list(at: number): Expr {
    const items: Expr[] = [], optional = new Set<number>();
    this.#open++;
    this.#begin([']', ',', '?']);
    while (!this.#is(']') && !this.#is(',')) {
      if (this.#take('?')) optional.add(items.length);
      items.push(this.#expression());
      if (!this.#take(',')) break;
    }
    if (items.length === 0) this.#take(',');
    this.#close(']', "{']', ','}");
    this.#open--;
    return { k: 'list', items, optional, at };
  }

  #map(at: number): Expr {
    const entries: MapEntry[] = [];
    this.#open++;
    this.#begin(['}', ',', '?']);
    while (!this.#is('}') && !this.#is(',')) {
      const optional = this.#take('?') !== undefined;
      const key = this.#expression();
      const colon = this.#expect(':');
      entries.push({ key, value: this.#expression(), optional, at: colon.at });
      if (!this.#take(',')) break;
    }
    if (entries.length === 0) this.#take(',');
    this.#close('}', "{'}', ','}");
    this.#open--;
    return { k: 'map', entries, at };
  }

  #struct(name: string, at: number): Expr {
    const fields: StructField[] = [];
    while (!this.#is('}')) {
      const optional = this.#take('?') !== undefined;
      const field = this.#next();
      if (field.kind !== 'ident' && field.kind !== 'quoted') throw new SyntaxFault(field.at, `Syntax error: mismatched input '${field.text}' expecting {'}', ',', '?', IDENTIFIER, ESC_IDENTIFIER}`);
      const colon = this.#expect(':');
      fields.push({ name: field.kind === 'quoted' ? field.value as string : field.text, value: this.#expression(), optional, at: colon.at });
      if (!this.#take(',')) break;
    }
    this.#expect('}');
    return { k: 'struct', name, fields, at };
  }
}

/** `a.b.c` as a name; undefined for anything else. */
export function qualified(e: Expr): string | undefined {
  if (e.k === 'ident') return e.name;
  if (e.k !== 'select' || e.test || e.optional) return undefined;
  const before = qualified(e.operand);
  return before === undefined ? undefined : `${before}.${e.field}`;
}

/** The tree, or what is wrong with the text. */
export function parse(source: string): { expr: Expr; mistakes?: undefined } | { expr?: undefined; mistakes: readonly Mistake[] } {
  const { tokens, mistakes } = lex(source);
  const p = new Parser(tokens, mistakes);
  let expr: Expr | undefined;
  try { expr = p.whole(); } catch (e) {
    if (!(e instanceof SyntaxFault)) throw e;
    mistakes.push(e.mistake);
  }
  return expr && mistakes.length === 0 ? { expr } : { mistakes };
}

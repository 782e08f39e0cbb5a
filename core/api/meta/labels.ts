// Label selectors: the string grammar of the API's labelSelector, LabelSelector objects, and what both mean.
import { invalid, fieldErrorText, type FieldError } from './field-error.ts';
import { labelKey, labelValue } from './names.ts';
import { badRequest } from './status.ts';

export type LabelMap = Readonly<Record<string, string>> | undefined | null;
export type Operator = 'in' | 'notin' | '=' | '==' | '!=' | 'exists' | '!' | 'gt' | 'lt';
export interface Requirement { readonly key: string; readonly operator: Operator; readonly values: readonly string[] }

/** A LabelSelector as objects carry it (matchLabels AND matchExpressions). */
export interface LabelSelectorLike {
  matchLabels?: Record<string, string>;
  matchExpressions?: readonly { key: string; operator: string; values?: readonly string[] }[];
}

/** A parsed selector; immutable. */
export interface Selector {
  /** Sorted by key. */
  readonly requirements: readonly Requirement[];
  /** Selects all objects. */
  readonly everything: boolean;
  /** Selects none (a LabelSelector that is null). */
  readonly nothing: boolean;
  matches(labels: LabelMap): boolean;
  /** The canonical string, which parses back: `a=1,b in (x,y),!c`. */
  toString(): string;
}

function holds(r: Requirement, labels: LabelMap): boolean {
  const value = labels && Object.hasOwn(labels, r.key) ? labels[r.key] : undefined;
  switch (r.operator) {
    case 'exists': return value !== undefined;
    case '!': return value === undefined;
    case '=': case '==': return value === r.values[0];
    case '!=': return value !== r.values[0];
    case 'in': return value !== undefined && r.values.includes(value);
    case 'notin': return value === undefined || !r.values.includes(value);
    default: {
      if (value === undefined || !/^[+-]?\d+$/.test(value)) return false;
      const a = BigInt(value), b = BigInt(r.values[0]!);
      return r.operator === 'gt' ? a > b : a < b;
    }
  }
}

function requirementText(r: Requirement): string {
  switch (r.operator) {
    case 'exists': return r.key;
    case '!': return `!${r.key}`;
    case 'in': case 'notin': return `${r.key} ${r.operator} (${[...r.values].sort().join(',')})`;
    case 'gt': return `${r.key}>${r.values[0]!}`;
    case 'lt': return `${r.key}<${r.values[0]!}`;
    default: return `${r.key}${r.operator}${r.values[0]!}`;
  }
}

class Requirements implements Selector {
  readonly requirements: readonly Requirement[];
  readonly nothing: boolean;
  constructor(requirements: Requirement[], nothing = false) {
    this.requirements = requirements.sort((a, b) => (a.key < b.key ? -1 : a.key > b.key ? 1 : 0));
    this.nothing = nothing;
  }
  get everything(): boolean { return !this.nothing && this.requirements.length === 0; }
  matches(labels: LabelMap): boolean {
    if (this.nothing) return false;
    for (const r of this.requirements) if (!holds(r, labels)) return false;
    return true;
  }
  toString(): string { return this.requirements.map(requirementText).join(','); }
}

export const everything: Selector = new Requirements([]);
export const nothing: Selector = new Requirements([], true);

/** All of `labels`, each equal; undefined and {} select everything (as a ReplicationController's or Service's plain map does not: guard those). */
export const selectorFromMap = (labels: LabelMap): Selector =>
  new Requirements(Object.entries(labels ?? {}).map(([key, value]) => ({ key, operator: '=', values: [value] })));

const OBJECT_OPERATORS: Readonly<Record<string, Operator>> = { In: 'in', NotIn: 'notin', Exists: 'exists', DoesNotExist: '!' };

/** A LabelSelector object: null or undefined selects nothing, an empty one everything. Throws BadRequest for an operator that is none. */
export function selectorFrom(selector: LabelSelectorLike | undefined | null): Selector {
  if (!selector) return nothing;
  const requirements: Requirement[] = Object.entries(selector.matchLabels ?? {}).map(([key, value]) => ({ key, operator: '=', values: [value] }));
  for (const e of selector.matchExpressions ?? []) {
    const operator = OBJECT_OPERATORS[e.operator];
    if (operator === undefined) throw badRequest(`${JSON.stringify(e.operator)} is not a valid label selector operator`);
    requirements.push({ key: e.key, operator, values: e.values ?? [] });
  }
  return new Requirements(requirements);
}

const cache = new WeakMap<object, Selector>();
/** `selectorFrom`, remembered per object: for selectors of stored (never mutated) objects on hot paths. */
export function cachedSelectorFrom(selector: LabelSelectorLike | undefined | null): Selector {
  if (!selector) return nothing;
  let found = cache.get(selector);
  if (!found) cache.set(selector, found = selectorFrom(selector));
  return found;
}

const SPECIAL = new Set(['=', '!', '(', ')', ',', '>', '<']);
const SYMBOLS = new Set([')', ',', '!', '==', '=', '>', '<', '!=', '(']);
interface Token { kind: 'id' | 'end' | 'symbol' | 'error'; text: string }

function tokens(text: string): Token[] {
  const out: Token[] = [];
  for (let i = 0; i < text.length;) {
    const c = text[i]!;
    if (c === ' ' || c === '\t' || c === '\r' || c === '\n') { i++; continue; }
    let end = i + 1;
    if (!SPECIAL.has(c)) {
      while (end < text.length && !SPECIAL.has(text[end]!) && !/[ \t\r\n]/.test(text[end]!)) end++;
      out.push({ kind: 'id', text: text.slice(i, end) });
    } else {
      if (end < text.length && SYMBOLS.has(text.slice(i, end + 1))) end++;
      out.push({ kind: 'symbol', text: text.slice(i, end) });
    }
    i = end;
  }
  out.push({ kind: 'end', text: '' });
  return out;
}

/**
 * Parses a labelSelector query parameter. Throws BadRequest with Kubernetes' text
 * (`unable to parse requirement: found 'x', expected: …`).
 */
export function parseSelector(text: string | undefined): Selector {
  if (!text) return everything;
  const found = parsed.get(text);
  if (found) return found;
  const selector = new Requirements(new Parser(tokens(text)).parse());
  if (parsed.size > 1000) parsed.clear();
  parsed.set(text, selector);
  return selector;
}
const parsed = new Map<string, Selector>();

class Parser {
  readonly #tokens: readonly Token[];
  #at = 0;
  constructor(tokens: readonly Token[]) { this.#tokens = tokens; }
  #peek(): Token { return this.#tokens[Math.min(this.#at, this.#tokens.length - 1)]!; }
  #next(): Token { const t = this.#peek(); this.#at++; return t; }

  parse(): Requirement[] {
    const out: Requirement[] = [];
    for (;;) {
      const t = this.#peek();
      if (t.kind === 'end') return out;
      if (t.kind !== 'id' && t.text !== '!') throw badRequest(`found '${t.text}', expected: !, identifier, or 'end of string'`);
      out.push(this.#requirement());
      const after = this.#next();
      if (after.kind === 'end') return out;
      if (after.text !== ',') throw badRequest(`found '${after.text}', expected: ',' or 'end of string'`);
      const t2 = this.#peek();
      if (t2.kind !== 'id' && t2.text !== '!') throw badRequest(`found '${t2.text}', expected: identifier after ','`);
    }
  }

  #requirement(): Requirement {
    let t = this.#next();
    const absent = t.kind === 'symbol' && t.text === '!';
    if (absent) t = this.#next();
    if (t.kind !== 'id') throw fail(`found '${t.text}', expected: identifier`);
    const key = t.text;
    for (const m of labelKey(key)) throw fail(fieldErrorText(invalid('<nil>', key, m)));
    const p = this.#peek();
    if (p.kind === 'end' || p.text === ',') return { key, operator: absent ? '!' : 'exists', values: [] };
    if (absent) return { key, operator: '!', values: [] };
    const operator = this.#operator();
    const values = operator === 'in' || operator === 'notin' ? this.#values() : [this.#exact()];
    return checked({ key, operator, values });
  }

  #operator(): Operator {
    const { text } = this.#next();
    switch (text) {
      case 'in': case 'notin': case '=': case '==': case '!=': return text;
      case '>': return 'gt';
      case '<': return 'lt';
      default: throw fail(`found '${text}', expected: in, notin, =, ==, !=, gt, lt`);
    }
  }

  #values(): string[] {
    const open = this.#next();
    if (open.text !== '(') throw fail(`found '${open.text}' expected: '('`);
    const t = this.#peek();
    if (t.text === ')' && t.kind === 'symbol') { this.#next(); return []; }
    if (t.kind !== 'id' && t.text !== ',') throw fail(`found '${t.text}', expected: ',', ')' or identifier`);
    const values = new Set<string>();
    for (;;) {
      const v = this.#next();
      if (v.kind === 'id') {
        values.add(v.text);
        const after = this.#peek();
        if (after.text === ',') continue;
        if (after.text === ')') break;
        throw fail(`found '${after.text}', expected: ',' or ')'`);
      }
      if (v.text !== ',') throw fail(`found '${v.text}', expected: ',', or identifier`);
      if (values.size === 0) values.add('');
      const after = this.#peek();
      if (after.text === ')') { values.add(''); break; }
      if (after.text === ',') { this.#next(); values.add(''); }
    }
    this.#next();
    return [...values];
  }

  #exact(): string {
    const t = this.#peek();
    if (t.kind === 'end' || t.text === ',') return '';
    this.#next();
    if (t.kind !== 'id') throw fail(`found '${t.text}', expected: identifier`);
    return t.text;
  }
}

const fail = (message: string): Error => badRequest(`unable to parse requirement: ${message}`);

function checked(r: Requirement): Requirement {
  const errors: FieldError[] = [];
  if ((r.operator === 'in' || r.operator === 'notin') && r.values.length === 0) errors.push(invalid('values', [], "for 'in', 'notin' operators, values set can't be empty"));
  r.values.forEach((v, i) => {
    if ((r.operator === 'gt' || r.operator === 'lt') && !/^[+-]?\d+$/.test(v)) errors.push(invalid(`values[${i}]`, v, "for 'Gt', 'Lt' operators, the value must be an integer"));
    const bad = labelValue(v);
    if (bad.length > 0) errors.push(invalid(`values[${i}][${r.key}]`, v, bad.join('; ')));
  });
  if (errors.length === 0) return r;
  const texts = errors.map(fieldErrorText);
  throw fail(texts.length === 1 ? texts[0]! : `[${texts.join(', ')}]`);
}

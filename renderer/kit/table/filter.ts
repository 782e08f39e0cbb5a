// What the filter box understands: words (all must occur, `-word` must not), `/regular expression/`, and labels (`app=web,tier!=db,!x`).

export interface Filterable {
  /** Lower-case text of the row: name, namespace and every cell. */
  text: string;
  labels: Readonly<Record<string, string>>;
}
export type Filter =
  | { kind: 'none' }
  | { kind: 'words'; all: readonly string[]; none: readonly string[] }
  | { kind: 'regex'; regex: RegExp }
  | { kind: 'labels'; terms: readonly LabelTerm[] }
  | { kind: 'error'; message: string };
interface LabelTerm { key: string; op: '=' | '!=' | 'has' | 'hasnt' | 'in' | 'notin'; values: readonly string[] }

/** Never throws; what cannot be read becomes `error`, which matches everything so that the list does not vanish while typing. */
export function parseFilter(input: string): Filter {
  const text = input.trim();
  if (text === '') return { kind: 'none' };
  if (text.startsWith('/')) {
    const end = text.length > 1 && text.endsWith('/') ? -1 : undefined;
    const body = text.slice(1, end);
    if (body === '') return { kind: 'none' };
    try { return { kind: 'regex', regex: new RegExp(body, 'i') }; } catch (error) { return { kind: 'error', message: error instanceof Error ? error.message : String(error) }; }
  }
  if (looksLikeLabels(text)) return { kind: 'labels', terms: splitTerms(text).map(parseTerm) };
  const all: string[] = [];
  const none: string[] = [];
  for (const word of text.toLowerCase().split(/\s+/)) if (word.length > 1 && word.startsWith('-')) none.push(word.slice(1)); else all.push(word);
  return { kind: 'words', all, none };
}

export function matches(filter: Filter, row: () => Filterable): boolean {
  switch (filter.kind) {
    case 'none': case 'error': return true;
    case 'words': { const { text } = row(); return filter.all.every(w => text.includes(w)) && !filter.none.some(w => text.includes(w)); }
    case 'regex': return filter.regex.test(row().text);
    case 'labels': { const { labels } = row(); return filter.terms.every(t => matchesTerm(t, labels)); }
  }
}

const KEY = '[A-Za-z0-9][-A-Za-z0-9_./]*';
const LABELS = new RegExp(`^(${KEY}\\s*(==?|!=)|!${KEY}|${KEY}\\s+(not)?in\\s*\\()`);
const looksLikeLabels = (text: string): boolean => LABELS.test(text);

/** Splits at commas outside parentheses. */
function splitTerms(text: string): string[] {
  const out: string[] = [];
  let depth = 0;
  let from = 0;
  for (let i = 0; i <= text.length; i++) {
    const c = text[i];
    if (c === '(') depth++;
    else if (c === ')') depth--;
    else if (c === undefined || (c === ',' && depth === 0)) {
      const part = text.slice(from, i).trim();
      if (part !== '') out.push(part);
      from = i + 1;
    }
  }
  return out;
}

function parseTerm(term: string): LabelTerm {
  const set = /^(\S+)\s+(not)?in\s*\(([^)]*)\)?$/.exec(term);
  if (set) return { key: set[1]!, op: set[2] ? 'notin' : 'in', values: set[3]!.split(',').map(v => v.trim()) };
  const pair = /^([^=!\s]+)\s*(==?|!=)\s*(.*)$/.exec(term);
  if (pair) return { key: pair[1]!, op: pair[2] === '!=' ? '!=' : '=', values: [pair[3]!] };
  return term.startsWith('!') ? { key: term.slice(1).trim(), op: 'hasnt', values: [] } : { key: term, op: 'has', values: [] };
}

function matchesTerm(t: LabelTerm, labels: Readonly<Record<string, string>>): boolean {
  const value = Object.hasOwn(labels, t.key) ? labels[t.key] : undefined;
  switch (t.op) {
    case 'has': return value !== undefined;
    case 'hasnt': return value === undefined;
    // A value still being typed matches by its beginning.
    case '=': return value !== undefined && (value === t.values[0] || (value.startsWith(t.values[0]!)));
    case '!=': return value !== t.values[0];
    case 'in': return value !== undefined && t.values.includes(value);
    case 'notin': return value === undefined || !t.values.includes(value);
  }
}

// The part of kubectl's JSONPath that column definitions may use (k8s.io/client-go/util/jsonpath): fields, indexes, slices, wildcards,
// recursive descent and filters. An expression is parsed once and asked for many objects.

/** All values an expression finds in an object, in order; keys that are missing find nothing. */
export type JsonPath = (root: unknown) => unknown[];

type Step = (values: readonly unknown[], root: unknown) => unknown[];

/** What the expression cannot be. */
export class JsonPathError extends Error {
  constructor(message: string) { super(message); this.name = 'JsonPathError'; }
}

const isList = (v: unknown): v is unknown[] => Array.isArray(v);
const isMap = (v: unknown): v is Record<string, unknown> => typeof v === 'object' && v !== null && !Array.isArray(v) && !(v instanceof Number);
const childrenOf = (v: unknown): unknown[] => (isList(v) ? v : isMap(v) ? Object.keys(v).sort().map(k => v[k]) : []);

const field = (name: string): Step => values => values.flatMap(v => (isMap(v) && Object.hasOwn(v, name) ? [v[name]] : []));
const wildcard: Step = values => values.flatMap(childrenOf);
const slice = (from: number | undefined, to: number | undefined, step: number): Step => values => values.flatMap(v => {
  if (!isList(v)) return [];
  const at = (n: number): number => Math.min(Math.max(n < 0 ? n + v.length : n, 0), v.length);
  const out: unknown[] = [];
  for (let i = at(from ?? 0); i < at(to ?? v.length); i += step) out.push(v[i]);
  return out;
});
const index = (n: number): Step => values => values.flatMap(v => {
  if (!isList(v)) return [];
  const i = n < 0 ? n + v.length : n;
  return i >= 0 && i < v.length ? [v[i]] : [];
});
function descend(then: Step): Step {
  return (values, root) => {
    const all: unknown[] = [];
    const visit = (v: unknown): void => { all.push(v); childrenOf(v).forEach(visit); };
    values.forEach(visit);
    return then(all, root);
  };
}

type Operand = (value: unknown, root: unknown) => unknown[];
const COMPARE: Readonly<Record<string, (a: number | string | boolean, b: number | string | boolean) => boolean>> = {
  '==': (a, b) => a === b, '!=': (a, b) => a !== b, '<': (a, b) => a < b, '>': (a, b) => a > b, '<=': (a, b) => a <= b, '>=': (a, b) => a >= b,
};
const plain = (v: unknown): number | string | boolean | undefined => (v instanceof Number ? v.valueOf() : typeof v === 'string' || typeof v === 'number' || typeof v === 'boolean' ? v : undefined);

/** `?(@.type=="Ready")`: the text between the parentheses. */
function filter(text: string): Step {
  const at = outsideQuotes(text);
  const found = ['==', '!=', '<=', '>=', '<', '>'].map(op => ({ op, i: at.indexOf(op) })).filter(x => x.i >= 0).sort((a, b) => a.i - b.i || b.op.length - a.op.length)[0];
  const left = operand(text.slice(0, found?.i));
  if (!found) return (values, root) => values.flatMap(v => (isList(v) ? v : [v])).filter(v => left(v, root).length > 0);
  const right = operand(text.slice(found.i + found.op.length)), compare = COMPARE[found.op]!;
  return (values, root) => values.flatMap(v => (isList(v) ? v : isMap(v) ? [v] : [])).filter(v => {
    const a = plain(left(v, root)[0]), b = plain(right(v, root)[0]);
    return a !== undefined && b !== undefined && typeof a === typeof b && compare(a, b);
  });
}

/** The text with everything inside quotes blanked, at the same places. */
const outsideQuotes = (text: string): string => text.replace(/"(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*'/g, m => ' '.repeat(m.length));

function operand(raw: string): Operand {
  const text = raw.trim();
  const quoted = /^(?:"((?:[^"\\]|\\.)*)"|'((?:[^'\\]|\\.)*)')$/.exec(text);
  if (quoted) { const value = (quoted[1] ?? quoted[2] ?? '').replace(/\\(.)/g, '$1'); return () => [value]; }
  if (/^-?\d+(?:\.\d+)?$/.test(text)) { const n = Number(text); return () => [n]; }
  if (text === 'true' || text === 'false') return () => [text === 'true'];
  if (text.startsWith('@')) { const path = parseJsonPath(text.slice(1)); return v => path(v); }
  if (text.startsWith('$')) { const path = parseJsonPath(text.slice(1)); return (_, root) => path(root); }
  throw new JsonPathError(`unrecognized identifier ${text}`);
}

/** Index of the bracket that closes the one at `at`. */
function closing(text: string, at: number): number {
  const open = outsideQuotes(text);
  let depth = 0;
  for (let i = at; i < open.length; i++) {
    if (open[i] === '[') depth++;
    else if (open[i] === ']' && --depth === 0) return i;
  }
  throw new JsonPathError('unterminated array');
}

function bracket(inner: string): Step {
  const text = inner.trim();
  if (text === '*') return wildcard;
  const asked = /^\?\s*\((.*)\)$/s.exec(text);
  if (asked) return filter(asked[1]!);
  const parts = text.split(/,(?=(?:[^'"]|'[^']*'|"[^"]*")*$)/).map(p => p.trim());
  const steps = parts.map((part): Step => {
    const quoted = /^(?:'((?:[^'\\]|\\.)*)'|"((?:[^"\\]|\\.)*)")$/.exec(part);
    if (quoted) return field((quoted[1] ?? quoted[2] ?? '').replace(/\\(.)/g, '$1'));
    if (/^-?\d+$/.test(part)) return index(Number(part));
    const range = /^(-?\d*):(-?\d*)(?::(\d*))?$/.exec(part);
    if (!range) throw new JsonPathError(`invalid array index ${part}`);
    const n = (t: string | undefined): number | undefined => (t ? Number(t) : undefined);
    return slice(n(range[1]), n(range[2]), n(range[3]) || 1);
  });
  return steps.length === 1 ? steps[0]! : (values, root) => steps.flatMap(s => s(values, root));
}

/** Reads `.spec.a`, `.status.conditions[?(@.type=="Ready")].status`… Throws JsonPathError. */
export function parseJsonPath(text: string): JsonPath {
  const steps: Step[] = [];
  let at = text.startsWith('$') || text.startsWith('@') ? 1 : 0;
  while (at < text.length) {
    const c = text[at]!;
    if (c === '[') {
      const end = closing(text, at);
      steps.push(bracket(text.slice(at + 1, end)));
      at = end + 1;
      continue;
    }
    const deep = text.startsWith('..', at);
    if (deep) at += 2; else if (c === '.') at++; else if (at > 0) throw new JsonPathError(`unexpected ${c} in ${text}`);
    if (text[at] === '[') { if (deep) { const end = closing(text, at); steps.push(descend(bracket(text.slice(at + 1, end)))); at = end + 1; } continue; }
    let name = '';
    for (; at < text.length && text[at] !== '.' && text[at] !== '['; at++) {
      if (text[at] === '\\') at++;
      if (/[\s{}()]/.test(text[at] ?? ' ')) throw new JsonPathError(`unexpected ${text[at] ?? 'end'} in ${text}`);
      name += text[at] ?? '';
    }
    if (name === '') { if (at >= text.length && !deep) break; throw new JsonPathError(`unterminated path ${text}`); }
    const step = name === '*' ? wildcard : field(name);
    steps.push(deep ? descend(step) : step);
  }
  return root => steps.reduce<unknown[]>((values, step) => step(values, root), [root]);
}

/** `.spec.replicas` as its names; undefined for anything that is not such a plain path. */
export function simplePath(text: string): readonly string[] | undefined {
  if (!text.startsWith('.') || text.includes('[')) return undefined;
  const names = text.slice(1).match(/(?:[^.\\]|\\.)+/g)?.map(n => n.replace(/\\(.)/g, '$1')) ?? [];
  return names.length > 0 && names.join('.').length === text.slice(1).replace(/\\(.)/g, '$1').length ? names : undefined;
}

/** The value at a plain path, undefined when there is none. */
export function valueAt(object: unknown, path: readonly string[]): unknown {
  let v = object;
  for (const name of path) {
    if (!isMap(v) || !Object.hasOwn(v, name)) return undefined;
    v = v[name];
  }
  return v;
}

/** Sets the value at a plain path, making the objects on the way; throws TypeError where something else is in the way. */
export function setValueAt(object: object, path: readonly string[], value: unknown): void {
  let o = object as Record<string, unknown>;
  for (const name of path.slice(0, -1)) {
    const next = o[name] ??= {};
    if (!isMap(next)) throw new TypeError(`value cannot be set because .${path.join('.')} is not a map[string]interface{}`);
    o = next;
  }
  o[path.at(-1)!] = value;
}

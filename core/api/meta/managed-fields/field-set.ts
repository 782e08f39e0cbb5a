// Sets of field paths, in the very form the wire has them (FieldsV1): `{"f:spec":{"f:replicas":{}}}`. An empty object is a member,
// one with children is a member when it also has `.`; at the root {} is the empty set. Sets are immutable and share their parts, so
// that a set read from an object is used as it is: nothing is parsed, nothing written back that did not change.

export interface FieldSet { readonly [element: string]: FieldSet }

export const EMPTY: FieldSet = Object.freeze({});
/** A member without children. */
export const LEAF: FieldSet = Object.freeze({});

export function isEmpty(s: FieldSet): boolean {
  for (const _ in s) return false;
  return true;
}
const isMember = (s: FieldSet): boolean => '.' in s || isEmpty(s);

/** Node of a member with these children. */
export const member = (children: FieldSet): FieldSet => (isEmpty(children) || '.' in children ? children : { '.': LEAF, ...children });

/** Members of either; one of the arguments itself where it has all of the other. */
export function union(a: FieldSet, b: FieldSet): FieldSet {
  if (a === b || isEmpty(b)) return a;
  if (isEmpty(a)) return b;
  let out: Record<string, FieldSet> | undefined;
  for (const k in b) {
    const x = (out ?? a)[k], y = b[k]!;
    if (x === undefined) { out ??= { ...a }; out[k] = y; continue; }
    const u = unionNode(x, y);
    if (u !== x) { out ??= { ...a }; out[k] = u; }
  }
  return out ?? a;
}

function unionNode(a: FieldSet, b: FieldSet): FieldSet {
  if (a === b) return a;
  if (isEmpty(b)) return member(a);
  if (isEmpty(a)) return member(b);
  return union(a, b);
}

/** Members of `a` that are not members of `b`; `a` itself when none is. */
export function difference(a: FieldSet, b: FieldSet): FieldSet {
  let touched = false;
  for (const k in b) if (k !== '.' && a[k] !== undefined) { touched = true; break; }
  if (!touched) return a;
  // Built anew rather than copied and cut: an object that keys were deleted from is slow ever after.
  const out: Record<string, FieldSet> = {};
  let same = true;
  for (const k in a) {
    const x = a[k]!, y = k === '.' ? undefined : b[k], d = y === undefined ? x : differenceNode(x, y);
    if (d !== x) same = false;
    if (d !== undefined) out[k] = d;
  }
  return same ? a : out;
}

function differenceNode(a: FieldSet, b: FieldSet): FieldSet | undefined {
  if (isEmpty(a)) return isMember(b) ? undefined : a;
  const rest = difference(a, b);
  if (!('.' in rest)) return isEmpty(rest) ? undefined : rest;
  const gone = isMember(b), children: Record<string, FieldSet> = {};
  for (const k in rest) if (k !== '.') children[k] = rest[k]!;
  if (isEmpty(children)) return gone ? undefined : LEAF;
  return gone ? children : rest;
}

/** Members of both. */
export function intersection(a: FieldSet, b: FieldSet): FieldSet {
  let out: Record<string, FieldSet> | undefined;
  for (const k in a) {
    const y = b[k];
    if (y === undefined || k === '.') continue;
    const n = intersectionNode(a[k]!, y);
    if (n !== undefined) (out ??= {})[k] = n;
  }
  return out ?? EMPTY;
}

function intersectionNode(a: FieldSet, b: FieldSet): FieldSet | undefined {
  const both = isMember(a) && isMember(b), children = intersection(a, b);
  if (both) return member(children);
  return isEmpty(children) ? undefined : children;
}

/** The same members. */
export function sameSet(a: FieldSet, b: FieldSet): boolean {
  if (a === b) return true;
  let n = 0;
  for (const k in a) {
    n++;
    const y = b[k];
    if (y === undefined || !sameSet(a[k]!, y)) return false;
  }
  for (const _ in b) n--;
  return n === 0;
}

/** With keys in the order Kubernetes writes them. */
export function sorted(s: FieldSet): FieldSet {
  const keys = Object.keys(s);
  let ordered = true, out: Record<string, FieldSet> | undefined;
  for (let i = 0; i < keys.length; i++) {
    const k = keys[i]!, child = s[k]!, c = isEmpty(child) ? LEAF : sorted(child);
    if (i > 0 && keys[i - 1]! > k) ordered = false;
    if (c !== child) { out ??= { ...s }; out[k] = c; }
  }
  const same = out ?? s;
  if (ordered) return same;
  const again: Record<string, FieldSet> = {};
  for (const k of keys.sort()) again[k] = same[k]!;
  return again;
}

/** The path elements of a list item with keys, and of a set's member. */
export const keyElement = (keys: Readonly<Record<string, unknown>>): string => `k:${JSON.stringify(keys)}`;
export const valueElement = (value: unknown): string => `v:${JSON.stringify(value)}`;

/** One element as error messages show it: `.name`, `[name="c"]`, `[="x"]`, `[0]`. */
export function elementText(element: string): string {
  const rest = element.slice(2);
  switch (element[0]) {
    case 'f': return `.${rest}`;
    case 'k': return `[${Object.entries(JSON.parse(rest) as Record<string, unknown>).map(([k, v]) => `${k}=${JSON.stringify(v)}`).join(',')}]`;
    case 'v': return `[=${rest}]`;
    default: return `[${rest}]`;
  }
}

/** Every member's path as messages show it: members of a node come before what lies deeper, as in Kubernetes. */
export function paths(s: FieldSet, prefix = '', out: string[] = []): string[] {
  const keys = Object.keys(s).filter(k => k !== '.').sort();
  for (const k of keys) if (isMember(s[k]!)) out.push(prefix + elementText(k));
  for (const k of keys) if (!isEmpty(s[k]!)) paths(s[k]!, prefix + elementText(k), out);
  return out;
}

/** A set a client wrote, with keys spelled as this server spells them; undefined when it is none. */
export function parseFieldSet(raw: unknown): FieldSet | undefined {
  if (typeof raw !== 'object' || raw === null || Array.isArray(raw)) return undefined;
  const out: Record<string, FieldSet> = {};
  for (const [k, v] of Object.entries(raw)) {
    const element = k === '.' ? k : parseElement(k), child = parseFieldSet(v);
    if (element === undefined || child === undefined) return undefined;
    out[element] = child;
  }
  return isEmpty(out) ? EMPTY : out;
}

function parseElement(text: string): string | undefined {
  const rest = text.slice(2);
  if (text[1] !== ':') return undefined;
  if (text[0] === 'f') return text;
  if (text[0] === 'i') return /^-?\d+$/.test(rest) ? text : undefined;
  if (text[0] !== 'k' && text[0] !== 'v') return undefined;
  let value: unknown;
  // What is no JSON is no element; the caller says so.
  try { value = JSON.parse(rest); } catch { return undefined; }
  if (text[0] === 'v') return valueElement(value);
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return undefined;
  return keyElement(Object.fromEntries(Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1))));
}

// What an expression can cost by the sizes of its types, without evaluating it (as cel-go's static estimate with the additions of
// k8s.io/apiserver: the numbers decide which rules a custom resource definition may have).
import type { Call, Expr } from './ast.ts';
import type { Checked } from './check.ts';
import { LIST_COST, MAP_COST, STRUCT_COST } from './eval.ts';
import { REGEX_FACTOR, TRAVERSAL } from './functions.ts';
import type { Overload } from './signature.ts';
import type { Type } from './types.ts';

export interface Range { readonly min: number; readonly max: number }
const LIMIT = 2 ** 64;
const top = (n: number): number => (n >= LIMIT || Number.isNaN(n) ? Infinity : n);
const times = (a: number, b: number): number => (a === 0 || b === 0 ? 0 : top(a * b));
const fixed = (n: number): Range => ({ min: n, max: n });
const sum = (...ranges: readonly Range[]): Range => ({ min: top(ranges.reduce((n, r) => n + r.min, 0)), max: top(ranges.reduce((n, r) => n + r.max, 0)) });
const product = (a: Range, b: Range): Range => ({ min: times(a.min, b.min), max: times(a.max, b.max) });
const factor = (r: Range, f: number): Range => ({ min: Math.ceil(r.min * f), max: Math.ceil(r.max * f) });
const union = (a: Range, b: Range): Range => ({ min: Math.min(a.min, b.min), max: Math.max(a.max, b.max) });
const UNKNOWN: Range = { min: 0, max: Infinity };

/** A size, and those of what it holds. */
interface Size { readonly size: Range; readonly key?: Size; readonly value?: Size; readonly field?: (name: string) => Size | undefined }
const SCALAR: Size = { size: fixed(1) };

function sizeOfType(t: Type): Size {
  switch (t.kind) {
    case 'string': case 'bytes': return { size: { min: 0, max: t.max ?? Infinity } };
    case 'list': return { size: { min: 0, max: t.max ?? Infinity }, get value() { return sizeOfType(t.params[0]!); }, key: SCALAR };
    case 'map': return { size: { min: 0, max: t.max ?? Infinity }, get key() { return sizeOfType(t.params[0]!); }, get value() { return sizeOfType(t.params[1]!); } };
    case 'object': return { size: { min: 0, max: t.max ?? Infinity }, field: name => { const f = t.fields?.().get(name); return f && sizeOfType(f); } };
    case 'dyn': case 'param': case 'error': return { size: { min: 0, max: t.max ?? Infinity } };
    case 'opaque': return t.params.length > 0 ? sizeOfType(t.params[0]!) : SCALAR;
    default: return SCALAR;
  }
}

interface Estimated { readonly cost: Range; readonly size: Size }

class Estimator {
  readonly #checked: Checked;
  readonly #variables: Readonly<Record<string, Type>>;
  readonly #scopes: Map<string, Size>[] = [];
  constructor(checked: Checked, variables: Readonly<Record<string, Type>>) { this.#checked = checked; this.#variables = variables; }

  of(e: Expr): Estimated {
    switch (e.k) {
      case 'const': return { cost: fixed(0), size: { size: typeof e.value === 'string' ? fixed([...e.value].length) : e.value instanceof Uint8Array ? fixed(e.value.length) : fixed(1) } };
      case 'ident': return { cost: fixed(1), size: this.#ident(e.name) };
      case 'select': {
        const name = this.#checked.names.get(e);
        if (name !== undefined) return { cost: fixed(1), size: this.#ident(name) };
        const o = this.of(e.operand), kind = this.#checked.types.get(e.operand)?.kind;
        if (e.test) return { cost: o.cost, size: SCALAR };
        const cost = kind === 'map' || kind === 'object' || kind === 'param' || e.optional ? sum(o.cost, fixed(1)) : o.cost;
        return { cost, size: o.size.field?.(e.field) ?? o.size.value ?? sizeOfType(this.#checked.types.get(e)!) };
      }
      case 'call': return this.#call(e);
      case 'list': {
        const items = e.items.map(i => this.of(i));
        const value = items.reduce<Size | undefined>((a, b) => (a ? joined(a, b.size) : b.size), undefined) ?? { size: fixed(0) };
        return { cost: sum(...items.map(i => i.cost), fixed(LIST_COST)), size: { size: { min: items.length - e.optional.size, max: items.length }, key: SCALAR, value } };
      }
      case 'map': {
        const keys = e.entries.map(x => this.of(x.key)), values = e.entries.map(x => this.of(x.value));
        const of = (list: readonly Estimated[]): Size => list.reduce<Size | undefined>((a, b) => (a ? joined(a, b.size) : b.size), undefined) ?? { size: fixed(0) };
        return { cost: sum(...keys.map(k => k.cost), ...values.map(v => v.cost), fixed(MAP_COST)), size: { size: fixed(e.entries.length), key: of(keys), value: of(values) } };
      }
      case 'struct': return { cost: sum(...e.fields.map(f => this.of(f.value).cost), fixed(STRUCT_COST)), size: SCALAR };
      case 'fold': {
        if (e.bind) {
          const init = this.of(e.init);
          this.#scopes.push(new Map([[e.accu, init.size]]));
          const result = this.of(e.result);
          this.#scopes.pop();
          return { cost: sum(fixed(LIST_COST), init.cost, result.cost), size: result.size };
        }
        const range = this.of(e.range), init = this.of(e.init), isList = this.#checked.types.get(e.range)?.kind === 'list';
        const unknown: Size = { size: UNKNOWN };
        this.#scopes.push(new Map([[e.accu, { ...init.size, size: init.size.size }]]));
        const key = range.size.key ?? unknown, value = range.size.value ?? unknown;
        this.#scopes.push(new Map(e.iter2 === undefined ? [[e.iter, isList ? value : range.size.key ?? unknown]] : [[e.iter, isList ? SCALAR : key], [e.iter2, value]]));
        const cond = this.of(e.cond), step = this.of(e.step);
        this.#scopes.pop();
        const result = this.of(e.result);
        this.#scopes.pop();
        const size: Size = e.init.k === 'list' || e.init.k === 'map' ? { size: { min: 0, max: range.size.size.max }, key: SCALAR, ...(step.size.value ? { value: step.size.value } : {}) } : SCALAR;
        return { cost: sum(range.cost, init.cost, result.cost, product(range.size.size, sum(cond.cost, step.cost))), size };
      }
    }
  }

  #ident(name: string): Size {
    for (let i = this.#scopes.length - 1; i >= 0; i--) { const s = this.#scopes[i]!.get(name); if (s) return s; }
    const t = this.#variables[name];
    return t ? sizeOfType(t) : SCALAR;
  }

  #call(e: Call): Estimated {
    const target = e.target !== undefined && !this.#checked.global.has(e) ? this.of(e.target) : undefined;
    const args = e.args.map(a => this.of(a)), all = target ? [target, ...args] : args;
    const own = sizeOfType(this.#checked.types.get(e)!);
    switch (e.fn) {
      case '_&&_': case '_||_': return { cost: { min: all[0]!.cost.min, max: sum(all[0]!.cost, all[1]!.cost).max }, size: SCALAR };
      case '_?_:_': return { cost: sum(all[0]!.cost, union(all[1]!.cost, all[2]!.cost)), size: joined(all[1]!.size, all[2]!.size) };
      case 'dyn': return { cost: sum(fixed(1), all[0]!.cost), size: all[0]!.size };
      default:
    }
    const before = sum(...all.map(a => a.cost));
    const forms = this.#checked.overloads.get(e) ?? [];
    let cost: Range | undefined, size: Size | undefined;
    for (const o of forms) {
      const own = callEstimate(o, all.map(a => a.size));
      cost = cost ? union(cost, own.cost) : own.cost;
      if (own.size) size = size ? joined(size, own.size) : own.size;
    }
    return { cost: sum(before, cost ?? fixed(1)), size: size ?? own };
  }
}

const joined = (a: Size, b: Size): Size => ({
  size: union(a.size, b.size), ...(a.key && b.key ? { key: joined(a.key, b.key) } : {}), ...(a.value && b.value ? { value: joined(a.value, b.value) } : {}),
  ...(a.field ?? b.field ? { field: (n: string) => a.field?.(n) ?? b.field?.(n) } : {}),
});

const FREE = new Set(['serviceAccount', 'path', 'group', 'resource', 'subresource', 'namespace', 'name', 'allowed', 'reason', 'error', 'errored', 'masked', 'prefixLength', 'family', 'isUnspecified', 'isLoopback', 'isLinkLocalMulticast', 'isLinkLocalUnicast']);

function callEstimate(o: Overload, a: readonly Size[]): { cost: Range; size?: Size } {
  const s = (i: number): Range => a[i]?.size ?? UNKNOWN;
  const text = (i: number, n = 1): Range => factor(s(i), TRAVERSAL * n);
  const kind = o.args[0]?.kind;
  if (FREE.has(o.fn) || o.id === 'cidr_ip') return { cost: fixed(1) };
  switch (o.fn) {
    case 'check': return { cost: fixed(350_000) };
    case 'isSorted': case 'sum': case 'min': case 'max': case 'indexOf': case 'lastIndexOf': {
      if (kind === 'string') return { cost: text(0) };
      if (kind !== 'list') return { cost: fixed(1) };
      const elem = a[0]?.value?.size;
      const texts = o.args[0]!.params[0]?.kind === 'string' || o.args[0]!.params[0]?.kind === 'bytes';
      return { cost: product(s(0), sum(fixed(1), texts && elem ? factor(elem, TRAVERSAL) : fixed(0))), ...(a[0]?.value ? { size: a[0].value } : {}) };
    }
    case 'url': case 'isURL': case 'ip': case 'cidr': case 'isIP': case 'isCIDR': case 'quantity': case 'isQuantity': case 'semver': case 'isSemver': return { cost: text(0) };
    case 'ip.isCanonical': return { cost: text(0, 2) };
    case 'lowerAscii': case 'upperAscii': case 'substring': case 'trim': return { cost: text(0), size: { size: s(0) } };
    case 'replace': return { cost: text(0, 2), size: { size: replaced(s(0), s(1), s(2)) } };
    case 'split': return { cost: text(0, 2), size: { size: { min: 0, max: s(0).max }, key: SCALAR, value: { size: { min: 0, max: s(0).max } } } };
    case 'join': {
      const elem = a[0]?.value?.size ?? UNKNOWN, list = s(0);
      let size = product(list, elem);
      if (a.length > 1) size = sum(size, product(s(1), { min: Math.max(0, list.min - 1), max: Math.max(0, list.max - 1) }));
      return { cost: factor(size, TRAVERSAL), size: { size } };
    }
    case 'find': case 'findAll': return { cost: product(factor(sum(s(0), fixed(1)), TRAVERSAL), factor(s(1), REGEX_FACTOR)), size: { size: { min: 0, max: s(0).max }, key: SCALAR, value: { size: { min: 0, max: s(0).max } } } };
    case 'matches': return { cost: product(factor(sum(s(0), fixed(1)), TRAVERSAL), factor(s(1), REGEX_FACTOR)) };
    case 'containsIP': case 'containsCIDR': {
      const base = factor({ min: 8, max: 32 }, TRAVERSAL), parse = o.args[1]?.kind === 'string' ? text(1) : fixed(0);
      return { cost: sum(base, o.fn === 'containsCIDR' ? sum(factor({ min: 4, max: 16 }, TRAVERSAL), fixed(1)) : fixed(0), parse) };
    }
    case 'validate': return { cost: text(1) };
    case 'contains': return { cost: product(text(0), text(1)) };
    case 'startsWith': case 'endsWith': return { cost: text(1) };
    case 'bytes': return { cost: kind === 'string' ? text(0) : fixed(1), size: { size: { min: s(0).min, max: s(0).max * 4 } } };
    case 'string': return kind === 'bytes' ? { cost: text(0), size: { size: { min: Math.floor(s(0).min / 4), max: s(0).max } } } : { cost: fixed(1), ...(kind === 'string' ? { size: a[0]! } : {}) };
    case 'format': case 'strings.quote': return { cost: text(0) };
    case '@in': return o.id === 'in_list' ? { cost: s(1) } : { cost: fixed(1) };
    case '_==_': case '_!=_': return { cost: factor(smaller(s(0), s(1)), TRAVERSAL) };
    case '_<_': case '_<=_': case '_>_': case '_>=_': return kind === 'string' || kind === 'bytes' ? { cost: factor(smaller(s(0), s(1)), TRAVERSAL) } : { cost: fixed(1) };
    case '_+_':
      if (kind === 'string' || kind === 'bytes') return { cost: factor(sum(s(0), s(1)), TRAVERSAL), size: { size: sum(s(0), s(1)) } };
      return kind === 'list' ? { cost: fixed(1), size: { ...both(a[0], a[1]), size: sum(s(0), s(1)) } } : { cost: fixed(1) };
    case '_[_]': case '_[?_]': return { cost: fixed(1), ...(a[0]?.value ? { size: a[0].value } : {}) };
    case 'sets.contains': case 'sets.intersects': return { cost: sum(product(s(0), s(1)), fixed(1)) };
    case 'sets.equivalent': return { cost: sum(product(product(s(0), s(1)), fixed(2)), fixed(1)) };
    default: return { cost: fixed(1) };
  }
}
const smaller = (a: Range, b: Range): Range => ({ min: Math.min(a.min, b.min), max: Math.min(a.max, b.max) });
const both = (a: Size | undefined, b: Size | undefined): Size => {
  const empty = (s: Size | undefined): boolean => s?.size.max === 0;
  return a && b && !empty(a) && !empty(b) ? joined(a, b) : (empty(a) ? b : a) ?? { size: UNKNOWN };
};

/** The size of a text in which the parts of one size are replaced by parts of another. */
function replaced(text: Range, old: Range, by: Range): Range {
  const most = old.min === 0 ? sum(product({ min: 0, max: text.max + 1 }, by), { min: 0, max: text.max }).max : by.max <= old.min ? text.max : times(Math.ceil(text.max / old.min), by.max);
  const least = old.max === 0 ? (text.min + 1) * by.min + text.min : old.max <= by.min ? text.min : Math.ceil(text.min / old.max) * by.min;
  return { min: least, max: most };
}

export const estimate = (expr: Expr, checked: Checked, variables: Readonly<Record<string, Type>>): Range => new Estimator(checked, variables).of(expr).cost;

// The type checker (cel-spec, "Type checking"; texts and the joining of types as in cel-go, aggregates homogeneous as Kubernetes wants).
import type { Call, Expr, Fold, ListExpr, MapExpr, Mistake, Select, Struct } from './ast.ts';
import { validLiteral } from './literals.ts';
import { qualified } from './parse.ts';
import type { Overload } from './signature.ts';
import { BOOL, BYTES, DOUBLE, DURATION, DYN, ERROR, INT, isOptional, listOf, mapOf, NULL, optionalOf, param, STRING, TIMESTAMP, typeOf, typeText, UINT, type Type } from './types.ts';

/** What the evaluator and the estimate need to know beyond the tree. */
export interface Checked {
  readonly types: ReadonlyMap<Expr, Type>;
  /** The forms a call may take at run time. */
  readonly overloads: ReadonlyMap<Expr, readonly Overload[]>;
  /** Names with dots that are one name: `google.protobuf.Timestamp`. */
  readonly names: ReadonlyMap<Expr, string>;
  /** `ip.isCanonical(x)`: calls whose receiver is part of the name. */
  readonly global: ReadonlySet<Expr>;
  /** Variables the expression mentions. */
  readonly used: ReadonlySet<string>;
  /** What struct expressions make. */
  readonly structs: ReadonlyMap<Expr, Type>;
}

export interface Declarations {
  readonly variables: Readonly<Record<string, Type>>;
  readonly structs: ((name: string) => Type | undefined) | undefined;
  functions(name: string): readonly Overload[] | undefined;
}

const TYPE_NAMES: Readonly<Record<string, Type>> = {
  bool: BOOL, int: INT, uint: UINT, double: DOUBLE, string: STRING, bytes: BYTES, list: listOf(DYN), map: mapOf(DYN, DYN), null_type: NULL, type: typeOf(DYN), optional_type: optionalOf(DYN),
  'google.protobuf.Timestamp': TIMESTAMP, 'google.protobuf.Duration': DURATION,
};
/** The type a name stands for in expressions. */
const OPAQUE_NAMES = new Set(['kubernetes.URL', 'kubernetes.Quantity', 'kubernetes.Semver', 'net.IP', 'net.CIDR', 'kubernetes.NamedFormat']);
export const namedType = (name: string): Type | undefined => TYPE_NAMES[name] ?? (OPAQUE_NAMES.has(name) ? { kind: 'opaque', name, params: [] } : undefined);

type Bindings = Map<string, Type>;
const isDyn = (t: Type): boolean => t.kind === 'dyn' || t.kind === 'error';

class Checker {
  readonly mistakes: Mistake[] = [];
  readonly types = new Map<Expr, Type>();
  readonly overloads = new Map<Expr, readonly Overload[]>();
  readonly names = new Map<Expr, string>();
  readonly global = new Set<Expr>();
  readonly used = new Set<string>();
  readonly structs = new Map<Expr, Type>();
  #bindings: Bindings = new Map();
  #fresh = 0;
  readonly #declared: Declarations;
  readonly #scopes: Map<string, Type>[] = [];
  constructor(declared: Declarations) { this.#declared = declared; }

  /** All types with their parameters filled in; those nobody settled are dyn. */
  finish(): void { for (const [e, t] of this.types) this.types.set(e, this.#substitute(t, true)); }

  check(e: Expr): Type {
    const t = this.#check(e);
    this.types.set(e, t);
    return t;
  }

  #report(at: number, message: string): Type { this.mistakes.push({ at, message }); return ERROR; }
  #text(t: Type): string { return typeText(this.#substitute(t, false)).replaceAll(/_var\d+/g, n => `%T${n.slice(4)}`); }

  #local(name: string): Type | undefined {
    for (let i = this.#scopes.length - 1; i >= 0; i--) { const t = this.#scopes[i]!.get(name); if (t) return t; }
    return undefined;
  }
  #name(name: string): Type | undefined {
    if (Object.hasOwn(this.#declared.variables, name)) { this.used.add(name); return this.#declared.variables[name]; }
    const t = namedType(name);
    return t && typeOf(t);
  }

  #check(e: Expr): Type {
    switch (e.k) {
      case 'const': return e.type;
      case 'ident': return this.#local(e.name) ?? this.#name(e.name) ?? this.#report(e.at, `undeclared reference to '${e.name}' (in container '')`);
      case 'select': return this.#select(e);
      case 'call': return this.#call(e);
      case 'list': return this.#list(e);
      case 'map': return this.#map(e);
      case 'struct': return this.#struct(e);
      case 'fold': return this.#fold(e);
    }
  }

  #select(e: Select): Type {
    const name = e.test || e.optional ? undefined : qualified(e);
    if (name !== undefined && this.#local(name.slice(0, name.indexOf('.'))) === undefined) {
      const t = this.#name(name);
      if (t) { this.names.set(e, name); return t; }
    }
    let target = this.#substitute(this.check(e.operand), false);
    const wrapped = isOptional(target);
    if (wrapped) target = target.params[0]!;
    const t = this.#field(target, e.field, e.at);
    if (e.test) return BOOL;
    return (e.optional || wrapped) && t.kind !== 'error' ? (isOptional(t) ? t : optionalOf(t)) : t;
  }

  #field(target: Type, field: string, at: number): Type {
    switch (target.kind) {
      case 'dyn': case 'error': return DYN;
      case 'map': return target.params[1]!;
      case 'param': this.#assign(target, DYN); return DYN;
      case 'object': return target.fields?.().get(field) ?? this.#report(at, `undefined field '${field}'`);
      default: return this.#report(at, `type '${this.#text(target)}' does not support field selection`);
    }
  }

  #call(e: Call): Type {
    const args = e.args.map(a => this.check(a));
    if (e.target === undefined) {
      const found = this.#declared.functions(e.fn);
      if (!found) return this.#report(e.at, `undeclared reference to '${e.fn}' (in container '')`);
      return this.#resolve(e, e.fn, found.filter(o => !o.member), args, false);
    }
    const prefix = qualified(e.target);
    if (prefix !== undefined && this.#local(prefix.split('.')[0]!) === undefined) {
      const named = this.#declared.functions(`${prefix}.${e.fn}`)?.filter(o => !o.member);
      if (named && named.length > 0) { this.global.add(e); return this.#resolve(e, `${prefix}.${e.fn}`, named, args, false); }
    }
    const target = this.check(e.target);
    const found = this.#declared.functions(e.fn);
    if (!found) return this.#report(e.at, `undeclared reference to '${e.fn}' (in container '')`);
    return this.#resolve(e, e.fn, found.filter(o => o.member), [target, ...args], true);
  }

  #resolve(e: Call, fn: string, candidates: readonly Overload[], args: readonly Type[], member: boolean): Type {
    let result: Type | undefined;
    const fitting: Overload[] = [];
    for (const o of candidates) {
      if (o.args.length !== args.length) continue;
      const fresh: Bindings = new Map(), before = new Map(this.#bindings);
      const wanted = o.args.map(a => this.#instance(a, fresh));
      if (!wanted.every((w, i) => this.#assign(w, args[i]!))) { this.#bindings = before; continue; }
      fitting.push(o);
      const r = this.#substitute(this.#instance(o.result, fresh), false);
      if (result === undefined) result = r;
      else if (!isDyn(result) && typeText(result) !== typeText(r)) result = DYN;
    }
    this.overloads.set(e, fitting);
    if (result === undefined) {
      const shown = args.map(a => this.#text(a));
      return args.some(a => a.kind === 'error') ? ERROR : this.#report(e.at, `found no matching overload for '${fn}' applied to '${member ? `${shown[0]!}.` : ''}(${shown.slice(member ? 1 : 0).join(', ')})'`);
    }
    const bad = validLiteral(fn, e.args);
    if (bad) this.#report(bad.at, bad.message);
    return result;
  }

  #list(e: ListExpr): Type {
    let elem: Type | undefined;
    e.items.forEach((item, i) => {
      let t = this.check(item);
      if (e.optional.has(i)) t = this.#unwrapped(t, item.at);
      elem = this.#join(elem, t, item.at);
    });
    return listOf(elem ?? this.#variable());
  }

  #map(e: MapExpr): Type {
    let key: Type | undefined, value: Type | undefined;
    for (const x of e.entries) {
      key = this.#join(key, this.check(x.key), x.key.at);
      let t = this.check(x.value);
      if (x.optional) t = this.#unwrapped(t, x.value.at);
      value = this.#join(value, t, x.value.at);
    }
    return mapOf(key ?? this.#variable(), value ?? this.#variable());
  }

  #unwrapped(t: Type, at: number): Type {
    const s = this.#substitute(t, false);
    if (isOptional(s)) return s.params[0]!;
    return isDyn(s) ? DYN : this.#report(at, `expected type 'optional_type(${this.#text(s)})' but found '${this.#text(s)}'`);
  }

  #struct(e: Struct): Type {
    const type = this.#declared.structs?.(e.name);
    if (!type) {
      for (const f of e.fields) this.check(f.value);
      return this.#report(e.at, this.#local(e.name) ?? this.#name(e.name) ? `'${e.name}' is not a type` : `undeclared reference to '${e.name}' (in container '')`);
    }
    this.structs.set(e, type);
    for (const f of e.fields) {
      let value = this.check(f.value);
      if (f.optional) value = this.#unwrapped(value, f.value.at);
      const field = type.fields!().get(f.name);
      if (!field) { this.#report(f.at, `undefined field '${f.name}'`); continue; }
      if (!this.#assign(field, value)) this.#report(f.at, `expected type of field '${f.name}' is '${this.#text(field)}' but provided type is '${this.#text(value)}'`);
    }
    return type;
  }

  #fold(e: Fold): Type {
    const range = this.#substitute(this.check(e.range), false);
    const init = this.check(e.init);
    let first: Type = DYN, second: Type = DYN;
    switch (range.kind) {
      case 'list': first = e.iter2 === undefined ? range.params[0]! : INT; second = range.params[0]!; break;
      case 'map': first = range.params[0]!; second = range.params[1]!; break;
      case 'dyn': case 'error': break;
      case 'param': this.#assign(range, DYN); break;
      default: this.#report(e.range.at, `expression of type '${this.#text(range)}' cannot be range of a comprehension (must be list, map, or dynamic)`); first = second = ERROR;
    }
    this.#scopes.push(new Map([[e.accu, init]]));
    this.#scopes.push(new Map(e.iter2 === undefined ? [[e.iter, first]] : [[e.iter, first], [e.iter2, second]]));
    this.#expect(e.cond, BOOL);
    if (e.bind) this.check(e.step); else this.#expect(e.step, init);
    this.#scopes.pop();
    const result = this.check(e.result);
    this.#scopes.pop();
    return this.#substitute(result, false);
  }

  #expect(e: Expr, wanted: Type): void {
    const found = this.check(e);
    if (!this.#assign(wanted, found)) this.#report(e.at, `expected type '${this.#text(wanted)}' but found '${this.#text(found)}'`);
  }

  #join(before: Type | undefined, next: Type, at: number): Type {
    if (before === undefined) return next;
    if (this.#assign(before, next)) return general(this.#substitute(before, false), this.#substitute(next, false));
    this.#report(at, `expected type '${this.#text(before)}' but found '${this.#text(next)}'`);
    return before;
  }

  #variable(): Type { return param(`_var${this.#fresh++}`); }
  #instance(t: Type, fresh: Bindings): Type {
    if (t.kind === 'param') { let v = fresh.get(t.name); if (!v) fresh.set(t.name, v = this.#variable()); return v; }
    return t.params.length === 0 ? t : { ...t, params: t.params.map(p => this.#instance(p, fresh)) };
  }
  #substitute(t: Type, open: boolean): Type {
    if (t.kind === 'param') {
      const bound = this.#bindings.get(t.name);
      return bound ? this.#substitute(bound, open) : open ? DYN : t;
    }
    if (t.params.length === 0) return t;
    const params = t.params.map(p => this.#substitute(p, open));
    return params.every((p, i) => p === t.params[i]) ? t : { ...t, params };
  }

  /** Whether a value of `source` may stand where `target` is wanted; binds parameters on the way. */
  #assign(target: Type, source: Type): boolean {
    if (source.kind === 'param') return this.#bind(source, target);
    if (target.kind === 'param') return this.#bind(target, source);
    if (isDyn(target) || isDyn(source)) return true;
    if (source.kind === 'null') return target.kind === 'null' || target.kind === 'object' || target.kind === 'opaque' || target.kind === 'timestamp' || target.kind === 'duration';
    if (target.kind !== source.kind) return false;
    if (target.kind === 'type') return true;
    if (target.kind === 'object') return target.name === source.name;
    if (target.name !== source.name || target.params.length !== source.params.length) return false;
    return target.params.every((p, i) => this.#assign(p, source.params[i]!));
  }

  #bind(variable: Type, other: Type): boolean {
    if (other.kind === 'param' && other.name === variable.name) return true;
    const bound = this.#bindings.get(variable.name);
    if (bound) {
      if (other.kind === 'param' && this.#bindings.get(other.name) === undefined) return this.#bind(other, bound);
      if (!this.#assign(bound, other) && !this.#assign(other, bound)) return false;
      const wider = general(this.#substitute(bound, false), this.#substitute(other, false));
      if (!mentions(wider, variable.name)) this.#bindings.set(variable.name, wider);
      return true;
    }
    const seen = this.#substitute(other, false);
    if (mentions(seen, variable.name)) return seen.kind === 'param';
    this.#bindings.set(variable.name, seen);
    return true;
  }
}

const mentions = (t: Type, name: string): boolean => (t.kind === 'param' && t.name === name) || t.params.some(p => mentions(p, name));
/** The more general of two types that fit. */
function general(a: Type, b: Type): Type {
  if (a.kind === 'dyn' || a.kind === 'error' || a.kind === 'param') return a.kind === 'param' ? b : a;
  if (b.kind === 'dyn') return b;
  if (a.kind === 'null' && b.kind !== 'param') return b;
  if (a.params.length > 0 && a.params.length === b.params.length) return { ...a, params: a.params.map((p, i) => general(p, b.params[i]!)) };
  return a;
}

/** Types of all parts, or what is wrong. */
export function check(expr: Expr, declared: Declarations): { checked: Checked; type: Type; mistakes?: undefined } | { checked?: undefined; mistakes: readonly Mistake[] } {
  const c = new Checker(declared);
  c.check(expr);
  if (c.mistakes.length > 0) return { mistakes: c.mistakes };
  c.finish();
  return { checked: c, type: c.types.get(expr)! };
}

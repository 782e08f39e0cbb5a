// From a checked tree to closures that evaluate it and count what that costs (counting as cel-go's cost tracker does: a name, a field, an
// index or a call is 1, a list 10, a map 30, an object 40, and functions that go over their arguments say what that is).
import type { Call, Expr, Fold, Select } from './ast.ts';
import type { Checked } from './check.ts';
import { namedType } from './check.ts';
import { COST_EXCEEDED } from './limits.ts';
import { fits, keyText, noOverload } from './functions.ts';
import type { Overload } from './signature.ts';
import { typeText, type Type } from './types.ts';
import { adapt, CelError, CelMap, List, Optional, typeOfValue, TypeValue, type Value } from './values.ts';

export const LIST_COST = 10, MAP_COST = 30, STRUCT_COST = 40;

/** The evaluation was stopped; nothing in the expression can catch it. */
export class CostExceeded extends Error {
  constructor() { super(COST_EXCEEDED); this.name = 'CostExceeded'; }
}

/** One evaluation. */
export class Run {
  cost = 0;
  readonly #limit: number;
  readonly #bindings: Readonly<Record<string, unknown>>;
  readonly #types: Readonly<Record<string, Type>>;
  readonly #read = new Map<string, Value>();
  /** Variables of loops, by the slot the compiler gave them. */
  readonly slots: Value[] = [];
  constructor(bindings: Readonly<Record<string, unknown>>, types: Readonly<Record<string, Type>>, limit: number) { this.#bindings = bindings; this.#types = types; this.#limit = limit; }

  spend(n: number): void {
    this.cost += n;
    if (this.cost > this.#limit) throw new CostExceeded();
  }

  variable(name: string): Value {
    let v = this.#read.get(name);
    if (v === undefined) {
      let raw = this.#bindings[name];
      if (raw === undefined) throw new CelError(`no such attribute(s): ${name}`);
      if (typeof raw === 'function') raw = (raw as () => unknown)();
      v = adapt(raw, this.#types[name]!);
      this.#read.set(name, v);
    }
    return v;
  }
}

export type Evaluate = (run: Run) => Value;

class Compiler {
  readonly #checked: Checked;
  readonly #scopes: Map<string, Evaluate>[] = [];
  #slots = 0;
  constructor(checked: Checked) { this.#checked = checked; }

  compile(e: Expr): Evaluate {
    switch (e.k) {
      case 'const': { const { value } = e; return () => value; }
      case 'ident': return this.#ident(e.name);
      case 'select': return this.#select(e);
      case 'call': return this.#call(e);
      case 'list': {
        const items = e.items.map(i => this.compile(i)), { optional } = e;
        return run => {
          const out: Value[] = [];
          items.forEach((item, i) => {
            const v = item(run);
            if (!optional.has(i)) out.push(v);
            else if (v instanceof Optional) { if (v.value !== undefined) out.push(v.value); } else throw new CelError(`cannot initialize optional list element from non-optional value ${typeText(typeOfValue(v))}`);
          });
          run.spend(LIST_COST);
          return new List(out);
        };
      }
      case 'map': {
        const entries = e.entries.map(x => ({ key: this.compile(x.key), value: this.compile(x.value), optional: x.optional }));
        return run => {
          const out: [Value, Value][] = [], seen = new Set<unknown>();
          for (const x of entries) {
            const key = x.key(run);
            let value = x.value(run);
            if (x.optional) {
              if (!(value instanceof Optional)) throw new CelError(`cannot initialize optional entry '${keyText(key)}' from non-optional value`);
              if (value.value === undefined) continue;
              ({ value } = value);
            }
            const mark = typeof key === 'string' ? key : `\0${keyText(key)}`;
            if (seen.has(mark)) throw new CelError(`Failed with repeated key: ${keyText(key)}`);
            seen.add(mark);
            out.push([key, value]);
          }
          run.spend(MAP_COST);
          return CelMap.from(out);
        };
      }
      case 'struct': {
        const type = this.#checked.structs.get(e)!;
        const fields = e.fields.map(f => ({ name: f.name, value: this.compile(f.value), optional: f.optional }));
        return run => {
          const out: [Value, Value][] = [];
          for (const f of fields) {
            const v = f.value(run);
            if (!f.optional) out.push([f.name, v]);
            else if (v instanceof Optional && v.value !== undefined) out.push([f.name, v.value]);
          }
          run.spend(STRUCT_COST);
          return CelMap.from(out, type);
        };
      }
      case 'fold': return e.bind ? this.#bound(e) : this.#loop(e);
    }
  }

  #ident(name: string): Evaluate {
    for (let i = this.#scopes.length - 1; i >= 0; i--) { const found = this.#scopes[i]!.get(name); if (found) return found; }
    const type = Object.hasOwn(this.#variables, name) ? undefined : namedType(name);
    if (type) { const value = new TypeValue(type); return run => { run.spend(1); return value; }; }
    return run => { run.spend(1); return run.variable(name); };
  }
  get #variables(): Readonly<Record<string, true>> { return Object.fromEntries([...this.#checked.used].map(n => [n, true])); }

  #select(e: Select): Evaluate {
    const name = this.#checked.names.get(e);
    if (name !== undefined) return this.#ident(name);
    const operand = this.compile(e.operand), { field } = e;
    if (e.test) {
      return run => {
        let v = operand(run);
        if (v instanceof Optional) { if (v.value === undefined) return false; v = v.value; }
        if (!(v instanceof CelMap)) throw noOverload();
        return v.has(field);
      };
    }
    if (e.optional) {
      return run => {
        let v = operand(run);
        run.spend(1);
        if (v instanceof Optional) { if (v.value === undefined) return v; v = v.value; }
        if (!(v instanceof CelMap)) throw noOverload();
        return new Optional(v.get(field));
      };
    }
    return run => {
      const v = operand(run);
      run.spend(1);
      if (v instanceof CelMap) {
        const found = v.get(field);
        if (found === undefined) throw new CelError(`no such key: ${field}`);
        return found;
      }
      if (v instanceof Optional) {
        if (v.value === undefined) return v;
        if (v.value instanceof CelMap) return new Optional(v.value.get(field));
      }
      throw noOverload();
    };
  }

  #call(e: Call): Evaluate {
    switch (e.fn) {
      case '_&&_': return this.#logical(e, false);
      case '_||_': return this.#logical(e, true);
      case '_?_:_': {
        const [condition, yes, no] = e.args.map(a => this.compile(a)) as [Evaluate, Evaluate, Evaluate];
        return run => {
          const c = condition(run);
          if (typeof c !== 'boolean') throw noOverload();
          return c ? yes(run) : no(run);
        };
      }
      case '@not_strictly_false': {
        const [a] = e.args.map(x => this.compile(x)) as [Evaluate];
        return run => {
          let v: Value;
          try { v = a(run); } catch (error) { if (!(error instanceof CelError)) throw error; return true; }
          run.spend(1);
          return v !== false;
        };
      }
      default: return this.#function(e);
    }
  }

  #function(e: Call): Evaluate {
    const target = e.target !== undefined && !this.#checked.global.has(e) ? [e.target] : [];
    const args = [...target, ...e.args].map(a => this.compile(a));
    const forms = this.#checked.overloads.get(e) ?? [];
    const pick = (values: readonly Value[]): Overload => {
      for (const o of forms) if (o.args.every((t, i) => fits(values[i]!, t))) return o;
      throw noOverload();
    };
    // Operators have one function for all their forms.
    const one = forms.length > 0 && forms.every(o => o.run === forms[0]!.run && o.cost === forms[0]!.cost) ? forms[0] : undefined;
    const operator = one !== undefined && !/^[a-zA-Z]/.test(e.fn);
    return run => {
      const values: Value[] = [];
      for (const a of args) values.push(a(run));
      const o = operator ? one : pick(values);
      let result: Value;
      try { result = o.run(values); } catch (error) { run.spend(o.cost ? o.cost(values, null) : 1); throw error; }
      run.spend(o.cost ? o.cost(values, result) : 1);
      return result;
    };
  }

  /** && and ||: the side that decides wins, whatever happened on the other. */
  #logical(e: Call, decides: boolean): Evaluate {
    const terms = this.#terms(e, e.fn).map(t => this.compile(t));
    return run => {
      let failed: CelError | undefined;
      for (const t of terms) {
        try {
          const v = t(run);
          if (v === decides) return decides;
          if (typeof v !== 'boolean') failed ??= noOverload();
        } catch (error) {
          if (!(error instanceof CelError)) throw error;
          failed ??= error;
        }
      }
      if (failed) throw failed;
      return !decides;
    };
  }
  #terms(e: Expr, fn: string): Expr[] { return e.k === 'call' && e.fn === fn ? e.args.flatMap(a => this.#terms(a, fn)) : [e]; }

  #bound(e: Fold): Evaluate {
    const init = this.compile(e.init), slot = this.#slots++;
    this.#scopes.push(new Map([[e.accu, (run: Run) => { run.spend(1); return (run.slots[slot] ??= init(run)); }]]));
    const result = this.compile(e.result);
    this.#scopes.pop();
    return run => {
      run.spend(LIST_COST);
      delete run.slots[slot];
      return result(run);
    };
  }

  #loop(e: Fold): Evaluate {
    const range = this.compile(e.range), init = this.compile(e.init);
    const accu = this.#slots++, first = this.#slots++, second = this.#slots++;
    const read = (slot: number): Evaluate => run => { run.spend(1); return run.slots[slot]!; };
    // An error in the accumulator stays there: a later element may still decide.
    const readAccu: Evaluate = run => { run.spend(1); const v = run.slots[accu] as Value | CelError; if (v instanceof CelError) throw v; return v; };
    this.#scopes.push(new Map([[e.accu, readAccu]]));
    this.#scopes.push(new Map(e.iter2 === undefined ? [[e.iter, read(first)]] : [[e.iter, read(first)], [e.iter2, read(second)]]));
    const cond = this.compile(e.cond), step = this.compile(e.step);
    this.#scopes.pop();
    const result = this.compile(e.result);
    this.#scopes.pop();
    const two = e.iter2 !== undefined;
    return run => {
      const over = range(run);
      if (!(over instanceof List) && !(over instanceof CelMap)) throw noOverload();
      run.slots[accu] = init(run);
      const body = (a: Value, b: Value | undefined): boolean => {
        run.slots[first] = a;
        if (b !== undefined) run.slots[second] = b;
        if (cond(run) === false) return false;
        try { run.slots[accu] = step(run); } catch (error) {
          if (!(error instanceof CelError)) throw error;
          run.slots[accu] = error as unknown as Value;
        }
        return true;
      };
      if (over instanceof List) { for (let i = 0; i < over.size; i++) if (!(two ? body(BigInt(i), over.at(i)) : body(over.at(i), undefined))) break; }
      else for (const k of over.keys()) if (!body(k, two ? over.get(k) : undefined)) break;
      return result(run);
    };
  }
}

export const assemble = (expr: Expr, checked: Checked): Evaluate => new Compiler(checked).compile(expr);

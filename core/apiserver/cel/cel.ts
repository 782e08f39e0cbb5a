// CEL as Kubernetes uses it: parse, check, estimate and evaluate expressions (the language is specified at github.com/google/cel-spec;
// costs and limits follow cel-go and k8s.io/apiserver). Example:
//
//   const rule = compile('self.minReplicas <= self.replicas', { variables: { self: objectOf('spec', fields) }, expected: [BOOL] });
//   if (rule.program) rule.program.evaluate({ self: object.spec }, { costLimit: PER_CALL_LIMIT })   // { value: true, cost: 5 }
import { mistakesText } from './ast.ts';
import { check } from './check.ts';
import { estimate } from './estimate.ts';
import { assemble, CostExceeded, Run } from './eval.ts';
import { standard } from './functions.ts';
import { kubernetes } from './lib-kubernetes.ts';
import { extensions } from './lib-extensions.ts';
import { COST_EXCEEDED } from './limits.ts';
import { parse } from './parse.ts';
import type { Overload } from './signature.ts';
import { typeText, type Type } from './types.ts';
import { CelError, type Value } from './values.ts';

export interface CompileOptions {
  /** The names the expression may use. Give the types their sizes (`max`) for estimates. */
  readonly variables: Readonly<Record<string, Type>>;
  /** Types the result may have; a dyn result passes only where dyn is one of them. Without it any type will do. */
  readonly expected?: readonly Type[];
  /** Types that `Name{field: value}` makes, by name. */
  readonly structs?: (name: string) => Type | undefined;
}

export type Compiled =
  | { readonly program: Program; readonly error?: undefined }
  /**
   * In upstream's words: `ERROR: <input>:1:5: undeclared reference to 'x' (in container '')`, caret lines below; several mistakes follow
   * one another. A result of another type than expected is `must evaluate to bool`, with `mistyped`.
   */
  | { readonly program?: undefined; readonly error: string; readonly mistyped: boolean };

export interface EvaluateOptions {
  /** The most this evaluation may cost; without it there is no limit. */
  readonly costLimit?: number;
}

/** `value` is plain for booleans and strings; `toJson` of values.ts makes JSON of any. */
export type Outcome =
  | { readonly value: Value; readonly error?: undefined; readonly cost: number; readonly exceeded: false }
  /** `exceeded`: the limit stopped it; what else shares the budget should stop, too. */
  | { readonly value?: undefined; readonly error: string; readonly cost: number; readonly exceeded: boolean };

export interface Program {
  readonly source: string;
  /** Of the result. */
  readonly type: Type;
  /** Whether the expression mentions the variable: how transition rules are told (`oldSelf`). */
  uses(variable: string): boolean;
  /**
   * Never throws. Bindings are JSON values (read by their declared types: an int is a JSON number or the server's Int64, a timestamp an
   * RFC 3339 text…), or CEL values, or functions of no arguments that are called when the variable is first read.
   */
  evaluate(bindings: Readonly<Record<string, unknown>>, options?: EvaluateOptions): Outcome;
  /** The least and the most it can cost, by the sizes of the declared types; Infinity stands for more than can be counted. */
  estimate(): { readonly min: number; readonly max: number };
}

let functions: Map<string, Overload[]> | undefined;
/** The forms of a function; the table is made when the first expression is compiled. */
function overloadsOf(name: string): readonly Overload[] | undefined {
  if (!functions) {
    functions = new Map();
    for (const o of [...standard(), ...extensions(), ...kubernetes()]) {
      const known = functions.get(o.fn);
      if (known) known.push(o); else functions.set(o.fn, [o]);
    }
  }
  return functions.get(name);
}

/** Longer expressions are refused unread, as cel-go does. */
const MAX_LENGTH = 100_000;

/** Parses and checks; compiled programs hold no state and may be kept. Never throws. */
export function compile(expression: string, options: CompileOptions): Compiled {
  if (expression.length > MAX_LENGTH) return { error: `ERROR: <input>:-1:0: expression code point size exceeds limit: size: ${expression.length}, limit ${MAX_LENGTH}`, mistyped: false };
  try { return compileBounded(expression, options); } catch (e) {
    // A chain of operators as long as this ends the stack of whoever walks it.
    if (!(e instanceof RangeError)) throw e;
    return { error: 'ERROR: <input>:-1:0: expression recursion limit exceeded: 250', mistyped: false };
  }
}

function compileBounded(expression: string, options: CompileOptions): Compiled {
  const parsed = parse(expression);
  if (parsed.mistakes) return { error: mistakesText(expression, parsed.mistakes), mistyped: false };
  const { variables, expected } = options;
  const result = check(parsed.expr, { variables, structs: options.structs, functions: overloadsOf });
  if (result.mistakes) return { error: mistakesText(expression, result.mistakes), mistyped: false };
  const { checked, type } = result;
  if (expected && !expected.some(t => typeText(t) === typeText(type))) {
    return { error: expected.length === 1 ? `must evaluate to ${typeText(expected[0]!)}` : `must evaluate to one of [${expected.map(typeText).join(' ')}]`, mistyped: true };
  }
  const { expr } = parsed, run = assemble(expr, checked);
  return {
    program: {
      source: expression, type,
      uses: name => checked.used.has(name),
      estimate: () => estimate(expr, checked, variables),
      evaluate(bindings, o = {}) {
        const state = new Run(bindings, variables, o.costLimit ?? Infinity);
        try {
          return { value: run(state), cost: state.cost, exceeded: false };
        } catch (e) {
          if (e instanceof CelError) return { error: e.message, cost: state.cost, exceeded: false };
          if (e instanceof CostExceeded) return { error: COST_EXCEEDED, cost: state.cost, exceeded: true };
          if (e instanceof RangeError) return { error: 'expression nests too deeply', cost: state.cost, exceeded: false };
          throw e;
        }
      },
    },
  };
}

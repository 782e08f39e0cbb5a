// Macros: calls that the parser rewrites into loops and presence tests (cel-spec, "Macros"; the two-variable and bind forms are
// cel-go's extensions).
import type { Expr, Fold, Ident } from './ast.ts';
import { BOOL, INT } from './types.ts';

export const ACCU = '@result';
type Report = (at: number, message: string) => void;

const ident = (name: string, at: number): Ident => ({ k: 'ident', name, at });
const call = (fn: string, at: number, ...args: Expr[]): Expr => ({ k: 'call', fn, target: undefined, args, at });
const bool = (value: boolean, at: number): Expr => ({ k: 'const', value, type: BOOL, at });
const int = (value: bigint, at: number): Expr => ({ k: 'const', value, type: INT, at });
const list = (at: number, ...items: Expr[]): Expr => ({ k: 'list', items, optional: new Set(), at });
const map = (at: number): Expr => ({ k: 'map', entries: [], at });

/** The expansion; undefined when the call is no macro, or one that was told to `report`. */
export function expand(fn: string, target: Expr | undefined, args: readonly Expr[], at: number, report: Report): Expr | undefined {
  if (target === undefined) {
    if (fn !== 'has' || args.length !== 1) return undefined;
    const a = args[0]!;
    if (a.k === 'select' && !a.test && !a.optional) return { ...a, test: true };
    report(a.at, 'invalid argument to has() macro');
    return bool(false, at);
  }
  const name = (e: Expr | undefined): string | undefined => {
    if (e?.k === 'ident' && e.name !== ACCU) return e.name;
    const word = fn === 'bind' ? 'cel.bind() variable names must be simple identifiers' : fn.startsWith('opt') ? `${fn}() variable name must be a simple identifier` : fn === 'map' || fn === 'filter' ? 'argument is not an identifier' : 'argument must be a simple name';
    report(e?.at ?? at, word);
    return undefined;
  };
  if (target.k === 'ident' && target.name === 'cel' && fn === 'bind' && args.length === 3) {
    const v = name(args[0]);
    if (v === undefined) return bool(false, at);
    return { k: 'fold', range: list(at), iter: '#unused', iter2: undefined, accu: v, init: args[1]!, cond: bool(false, at), step: ident(v, at), result: args[2]!, bind: true, at };
  }
  if ((fn === 'optMap' || fn === 'optFlatMap') && args.length === 2) return optionalMap(fn, target, args, at, name);
  const two = expandTwo(fn, target, args, at, name);
  if (two !== undefined) return two;
  const count = args.length;
  if (!((['all', 'exists', 'exists_one', 'existsOne', 'filter'].includes(fn) && count === 2) || (fn === 'map' && (count === 2 || count === 3)))) return undefined;
  const v = name(args[0]);
  if (v === undefined) return bool(false, at);
  return loop(fn, target, v, undefined, count === 3 ? args[1]! : undefined, args.at(-1)!, at);
}

function optionalMap(fn: string, target: Expr, args: readonly Expr[], at: number, name: (e: Expr | undefined) => string | undefined): Expr {
  const v = name(args[0]);
  if (v === undefined) return bool(false, at);
  const member = (f: string): Expr => ({ k: 'call', fn: f, target, args: [], at });
  const body: Fold = { k: 'fold', range: list(at), iter: '#unused', iter2: undefined, accu: v, init: member('value'), cond: bool(false, at), step: ident(v, at), result: args[1]!, bind: true, at };
  const some: Expr = fn === 'optMap' ? { k: 'call', fn: 'optional.of', target: undefined, args: [body], at } : body;
  return call('_?_:_', at, member('hasValue'), some, { k: 'call', fn: 'optional.none', target: undefined, args: [], at });
}

function expandTwo(fn: string, target: Expr, args: readonly Expr[], at: number, name: (e: Expr | undefined) => string | undefined): Expr | undefined {
  const quantifier = ['all', 'exists', 'existsOne', 'exists_one'].includes(fn) && args.length === 3;
  const transform = ['transformList', 'transformMap', 'transformMapEntry'].includes(fn) && (args.length === 3 || args.length === 4);
  if (!quantifier && !transform) return undefined;
  const a = name(args[0]), b = name(args[1]);
  if (a === undefined || b === undefined) return bool(false, at);
  return loop(fn, target, a, b, args.length === 4 ? args[2]! : undefined, args.at(-1)!, at);
}

function loop(fn: string, range: Expr, iter: string, iter2: string | undefined, filter: Expr | undefined, body: Expr, at: number): Expr {
  const accu = ident(ACCU, at);
  const fold = (init: Expr, cond: Expr, step: Expr, result: Expr = accu): Expr => ({ k: 'fold', range, iter, iter2, accu: ACCU, init, cond, step, result, bind: false, at });
  const when = (condition: Expr | undefined, step: Expr): Expr => (condition ? call('_?_:_', at, condition, step, accu) : step);
  switch (fn) {
    case 'all': return fold(bool(true, at), call('@not_strictly_false', at, accu), call('_&&_', at, accu, body));
    case 'exists': return fold(bool(false, at), call('@not_strictly_false', at, call('!_', at, accu)), call('_||_', at, accu, body));
    case 'exists_one': case 'existsOne': return fold(int(0n, at), bool(true, at), when(body, call('_+_', at, accu, int(1n, at))), call('_==_', at, accu, int(1n, at)));
    case 'filter': return fold(list(at), bool(true, at), when(body, call('_+_', at, accu, list(at, ident(iter, at)))));
    case 'transformMap': return fold(map(at), bool(true, at), when(filter, call('cel.@mapInsert', at, accu, ident(iter, at), body)));
    case 'transformMapEntry': return fold(map(at), bool(true, at), when(filter, call('cel.@mapInsert', at, accu, body)));
    default: return fold(list(at), bool(true, at), when(filter, call('_+_', at, accu, list(at, body))));
  }
}

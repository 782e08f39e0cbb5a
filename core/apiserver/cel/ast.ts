// Syntax trees of CEL, and the errors that point into their source.
import type { Type } from './types.ts';
import type { Value } from './values.ts';

interface Node { /** Offset in code points, for messages. */ readonly at: number }
export interface Const extends Node { readonly k: 'const'; readonly value: Value; readonly type: Type }
export interface Ident extends Node { readonly k: 'ident'; readonly name: string }
/** `test`: has(operand.field); `optional`: operand.?field. */
export interface Select extends Node { readonly k: 'select'; readonly operand: Expr; readonly field: string; readonly test: boolean; readonly optional: boolean }
export interface Call extends Node { readonly k: 'call'; readonly fn: string; readonly target: Expr | undefined; readonly args: readonly Expr[] }
export interface ListExpr extends Node { readonly k: 'list'; readonly items: readonly Expr[]; /** Items written `?item`. */ readonly optional: ReadonlySet<number> }
export interface MapEntry extends Node { readonly key: Expr; readonly value: Expr; readonly optional: boolean }
export interface MapExpr extends Node { readonly k: 'map'; readonly entries: readonly MapEntry[] }
export interface StructField extends Node { readonly name: string; readonly value: Expr; readonly optional: boolean }
export interface Struct extends Node { readonly k: 'struct'; readonly name: string; readonly fields: readonly StructField[] }
/** What macros become: a loop over `range` that carries `accu`; `bind` is cel.bind, whose init is evaluated when it is first read. */
export interface Fold extends Node {
  readonly k: 'fold'; readonly range: Expr; readonly iter: string; readonly iter2: string | undefined; readonly accu: string;
  readonly init: Expr; readonly cond: Expr; readonly step: Expr; readonly result: Expr; readonly bind: boolean;
}
export type Expr = Const | Ident | Select | Call | ListExpr | MapExpr | Struct | Fold;

export interface Mistake { readonly at: number; readonly message: string }

/** As cel-go prints mistakes: place, message, the line, and a caret under the column. */
export function mistakesText(source: string, mistakes: readonly Mistake[]): string {
  const points = [...source];
  const lines: number[] = [0];
  points.forEach((c, i) => { if (c === '\n') lines.push(i + 1); });
  return [...mistakes].sort((a, b) => a.at - b.at).map(({ at, message }) => {
    let line = 0;
    while (line + 1 < lines.length && lines[line + 1]! <= at) line++;
    const start = lines[line]!, column = at - start;
    const end = lines[line + 1] === undefined ? points.length : lines[line + 1]! - 1;
    const text = points.slice(start, end).join('').replaceAll('\t', ' ');
    const wide = points.slice(start, at).map(c => (c.codePointAt(0)! > 0xff ? '．' : '.')).join('');
    return `ERROR: <input>:${line + 1}:${column + 1}: ${message}\n | ${text}\n | ${wide}^`;
  }).join('\n');
}

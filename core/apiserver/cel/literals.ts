// Mistakes in constants that show before anything is evaluated: durations, timestamps and regular expressions.
import type { Expr } from './ast.ts';
import { compileRegex } from './regex.ts';
import { CelError, parseDuration, parseTimestamp } from './values.ts';

const CHECKS: Readonly<Record<string, (text: string) => unknown>> = { duration: parseDuration, timestamp: parseTimestamp, matches: compileRegex };

/** `invalid matches argument` at the constant, or undefined. */
export function validLiteral(fn: string, args: readonly Expr[]): { at: number; message: string } | undefined {
  const test = Object.hasOwn(CHECKS, fn) ? CHECKS[fn] : undefined, a = args.at(-1);
  if (!test || a?.k !== 'const' || typeof a.value !== 'string') return undefined;
  try { test(a.value); return undefined; } catch (e) {
    if (!(e instanceof CelError)) throw e;
    return { at: a.at, message: `invalid ${fn} argument` };
  }
}

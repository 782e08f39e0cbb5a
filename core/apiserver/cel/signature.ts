// Signatures of functions as text: `string.matches(string): bool`, `optional.of(T): optional(T)`; single capitals are type parameters.
import { BOOL, BYTES, DOUBLE, DURATION, DYN, INT, listOf, mapOf, NULL, opaque, optionalOf, param, STRING, TIMESTAMP, typeOf, UINT, type Type } from './types.ts';
import type { Value } from './values.ts';

const SIMPLE: Readonly<Record<string, Type>> = { dyn: DYN, null: NULL, bool: BOOL, int: INT, uint: UINT, double: DOUBLE, string: STRING, bytes: BYTES, timestamp: TIMESTAMP, duration: DURATION };

/** One form of a function. */
export interface Overload {
  readonly id: string;
  readonly fn: string;
  readonly member: boolean;
  /** The receiver first, when it is a member. */
  readonly args: readonly Type[];
  readonly result: Type;
  /** Throws CelError. */
  readonly run: (args: readonly Value[]) => Value;
  /** What a call costs; 1 without it. */
  readonly cost?: (args: readonly Value[], result: Value) => number;
}

/** Parses one type: `list(string)`, `map(K, V)`, `optional(T)`, `kubernetes.URL`. */
export function parseType(text: string): Type {
  const t = text.trim(), open = t.indexOf('(');
  if (open < 0) return SIMPLE[t] ?? (/^[A-Z]$/.test(t) ? param(t) : opaque(t));
  const name = t.slice(0, open), params = split(t.slice(open + 1, -1)).map(parseType);
  switch (name) {
    case 'list': return listOf(params[0]!);
    case 'map': return mapOf(params[0]!, params[1]!);
    case 'optional': return optionalOf(params[0]!);
    case 'type': return typeOf(params[0]!);
    default: return opaque(name, ...params);
  }
}

function split(text: string): string[] {
  const out: string[] = [];
  let depth = 0, start = 0;
  for (let i = 0; i < text.length; i++) {
    if (text[i] === '(') depth++;
    else if (text[i] === ')') depth--;
    else if (text[i] === ',' && depth === 0) { out.push(text.slice(start, i)); start = i + 1; }
  }
  if (text.trim() !== '') out.push(text.slice(start));
  return out;
}

/**
 * `fn(A, B): R`, or `A->fn(B): R` for a member of A. `id` is cel-go's or Kubernetes' name of the overload.
 */
export function overload(signature: string, id: string, run: Overload['run'], cost?: Overload['cost']): Overload {
  const arrow = signature.indexOf('->'), rest = arrow < 0 ? signature : signature.slice(arrow + 2);
  const open = rest.indexOf('('), colon = rest.lastIndexOf('):');
  const args = split(rest.slice(open + 1, colon)).map(parseType);
  if (arrow >= 0) args.unshift(parseType(signature.slice(0, arrow)));
  return { id, fn: rest.slice(0, open), member: arrow >= 0, args, result: parseType(rest.slice(colon + 2)), run, ...(cost ? { cost } : {}) };
}

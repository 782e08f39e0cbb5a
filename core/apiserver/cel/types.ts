// Types of CEL expressions: what the checker works with, and what tells the evaluator how to read JSON values.

export type Kind =
  | 'dyn' | 'error' | 'null' | 'bool' | 'int' | 'uint' | 'double' | 'string' | 'bytes' | 'timestamp' | 'duration'
  | 'list' | 'map' | 'type' | 'object' | 'opaque' | 'param';

export interface Type {
  readonly kind: Kind;
  /** As messages print it: `google.protobuf.Timestamp`, `object`, `kubernetes.URL`. */
  readonly name: string;
  /** Element of a list, key and value of a map, what an optional_type holds. */
  readonly params: readonly Type[];
  /** Fields of an object by name; a name that is missing is an error of the expression. Called when first needed. */
  readonly fields?: () => ReadonlyMap<string, Type>;
  /** Bound of the size for cost estimates: maxLength (in characters), maxItems, maxProperties; undefined: none is known. */
  readonly max?: number;
  /** A list that is compared and joined as a set, or as a map by these keys (x-kubernetes-list-type). */
  readonly list?: { readonly type: 'set' | 'map'; readonly keys: readonly string[] };
}

const simple = (kind: Kind, name: string): Type => Object.freeze({ kind, name, params: [] });

export const DYN = simple('dyn', 'dyn');
export const NULL = simple('null', 'null');
export const BOOL = simple('bool', 'bool');
export const INT = simple('int', 'int');
export const UINT = simple('uint', 'uint');
export const DOUBLE = simple('double', 'double');
export const STRING = simple('string', 'string');
export const BYTES = simple('bytes', 'bytes');
export const TIMESTAMP = simple('timestamp', 'google.protobuf.Timestamp');
export const DURATION = simple('duration', 'google.protobuf.Duration');
/** After a mistake: fits everywhere, so that one mistake is told once. */
export const ERROR = simple('error', '!error!');

export const listOf = (elem: Type, more: Pick<Type, 'max' | 'list'> = {}): Type => ({ kind: 'list', name: 'list', params: [elem], ...more });
export const mapOf = (key: Type, value: Type, max?: number): Type => ({ kind: 'map', name: 'map', params: [key, value], ...(max === undefined ? {} : { max }) });
export const optionalOf = (value: Type): Type => ({ kind: 'opaque', name: 'optional_type', params: [value] });
export const typeOf = (t: Type): Type => ({ kind: 'type', name: 'type', params: [t] });
export const opaque = (name: string, ...params: Type[]): Type => ({ kind: 'opaque', name, params });
/** An object with exactly these fields; values of it are JSON objects. */
export const objectOf = (name: string, fields: () => ReadonlyMap<string, Type>): Type => ({ kind: 'object', name, params: [], fields });
export const param = (name: string): Type => ({ kind: 'param', name, params: [] });
/** The same type with a bound of its size. */
export const sized = (t: Type, max: number | undefined): Type => (max === undefined ? t : { ...t, max });

/** As messages print it: `list(string)`, `map(string, dyn)`. */
export function typeText(t: Type): string {
  if (t.kind === 'type' && t.params[0]?.kind !== 'dyn') return `type(${typeText(t.params[0]!)})`;
  return t.params.length === 0 || t.kind === 'type' ? t.name : `${t.name}(${t.params.map(typeText).join(', ')})`;
}

export const isOptional = (t: Type): boolean => t.kind === 'opaque' && t.name === 'optional_type';

// A shape is a type and its parser in one: what crosses the door between window and host is written down once.

/** Returns `value` as a T or throws ShapeError naming the place. Unknown fields of objects are dropped. */
export type Shape<T> = (value: unknown, at: string) => T;
/** The type a shape stands for. */
export type Shaped<S> = S extends Shape<infer T> ? T : never;

/** What came through the door does not have the agreed form; `message` says where and what was expected. */
export class ShapeError extends Error {
  constructor(at: string, expected: string) {
    super(`${at || 'frame'}: expected ${expected}`);
    this.name = 'ShapeError';
  }
}

export const text: Shape<string> = (v, at) => { if (typeof v !== 'string') throw new ShapeError(at, 'a string'); return v; };
export const flag: Shape<boolean> = (v, at) => { if (typeof v !== 'boolean') throw new ShapeError(at, 'true or false'); return v; };
export const number: Shape<number> = (v, at) => { if (typeof v !== 'number' || !Number.isFinite(v)) throw new ShapeError(at, 'a number'); return v; };
/** A whole number >= 0: ids, sizes, counts. */
export const whole: Shape<number> = (v, at) => {
  if (typeof v !== 'number' || !Number.isSafeInteger(v) || v < 0) throw new ShapeError(at, 'a whole number');
  return v;
};
export const anything: Shape<unknown> = v => v;

/** Exactly this value. */
export function literal<const L extends string | number>(l: L): Shape<L> {
  return (v, at) => { if (v !== l) throw new ShapeError(at, JSON.stringify(l)); return l; };
}
/** One of these words. */
export function oneOf<const L extends string>(...words: readonly L[]): Shape<L> {
  return (v, at) => { if (!(words as readonly unknown[]).includes(v)) throw new ShapeError(at, `one of ${words.join(', ')}`); return v as L; };
}
/** An absent field; JSON has no undefined, so `null` is not accepted for it. */
export function optional<T>(shape: Shape<T>): Shape<T | undefined> {
  return (v, at) => (v === undefined ? undefined : shape(v, at));
}
/** A list whose items all have this shape. */
export function list<T>(shape: Shape<T>): Shape<T[]> {
  return (v, at) => {
    if (!Array.isArray(v)) throw new ShapeError(at, 'a list');
    return v.map((item, i) => shape(item, `${at}[${i}]`));
  };
}
/** An object whose values all have this shape; the key `__proto__` is refused. */
export function record<T>(shape: Shape<T>): Shape<Record<string, T>> {
  return (v, at) => {
    if (!isObject(v)) throw new ShapeError(at, 'an object');
    const out: Record<string, T> = {};
    for (const [key, value] of Object.entries(v)) {
      if (key === '__proto__') throw new ShapeError(at, 'no key __proto__');
      out[key] = shape(value, `${at}.${key}`);
    }
    return out;
  };
}

type Fields = Readonly<Record<string, Shape<unknown>>>;
type MayMiss<F extends Fields> = { [K in keyof F]: undefined extends Shaped<F[K]> ? K : never }[keyof F];
export type ObjectOf<F extends Fields> = { [K in Exclude<keyof F, MayMiss<F>>]: Shaped<F[K]> } & { [K in MayMiss<F>]?: Shaped<F[K]> };

/** An object with these fields; those whose shape is `optional` may be missing. */
export function object<F extends Fields>(fields: F): Shape<ObjectOf<F>> {
  const entries = Object.entries(fields);
  return (v, at) => {
    if (!isObject(v)) throw new ShapeError(at, 'an object');
    const out: Record<string, unknown> = {};
    for (const [key, shape] of entries) {
      const value = shape(v[key], at ? `${at}.${key}` : key);
      if (value !== undefined) out[key] = value;
    }
    return out as ObjectOf<F>;
  };
}

/** One of several objects told apart by their field `t`. */
export function tagged<S extends Readonly<Record<string, Shape<{ t: string }>>>>(shapes: S): Shape<Shaped<S[keyof S]>> {
  return (v, at) => {
    if (!isObject(v) || typeof v.t !== 'string' || !Object.hasOwn(shapes, v.t)) throw new ShapeError(`${at}t`, `one of ${Object.keys(shapes).join(', ')}`);
    return shapes[v.t]!(v, at) as Shaped<S[keyof S]>;
  };
}

const isObject = (v: unknown): v is Record<string, unknown> => typeof v === 'object' && v !== null && !Array.isArray(v);

// Copies and comparisons of wire values (JSON only: no cycles), much faster than structuredClone and JSON.stringify round trips.
// A boxed number (the API server's integers beyond 2^53) counts as a number, not as an object with fields.

const isManagedFields = (list: readonly unknown[]): boolean => list.length > 0 && (list[0] as { fieldsType?: unknown } | null)?.fieldsType === 'FieldsV1';

/** A private deep copy; keys that are undefined are dropped. */
export function clone<T>(value: T): T {
  if (typeof value !== 'object' || value === null) return value;
  if (Array.isArray(value)) {
    // Entries of metadata.managedFields are never changed, only replaced: they are shared (a third of a small object).
    if (isManagedFields(value)) return value;
    const out: unknown[] = [];
    for (const v of value as unknown[]) out.push(typeof v === 'object' ? clone(v) : v);
    return out as T;
  }
  if (value instanceof Number) return value;
  const out: Record<string, unknown> = {};
  for (const k of Object.keys(value)) {
    const v = (value as Record<string, unknown>)[k];
    if (v === undefined) continue;
    const c = typeof v === 'object' ? clone(v) : v;
    // Assigning to this name would set the prototype.
    if (k === '__proto__') Object.defineProperty(out, k, { value: c, enumerable: true, writable: true, configurable: true });
    else out[k] = c;
  }
  return out as T;
}

/** Strict equality: null, absent and empty all differ; the order of keys does not count, and a key that is undefined is an absent one. */
export function equal(a: unknown, b: unknown): boolean {
  if (a === b) return true;
  if (typeof a !== 'object' || typeof b !== 'object' || a === null || b === null) return false;
  if (Array.isArray(a)) {
    if (!Array.isArray(b) || a.length !== b.length) return false;
    for (let i = 0; i < a.length; i++) if (!equal(a[i], b[i])) return false;
    return true;
  }
  if (Array.isArray(b)) return false;
  if (a instanceof Number || b instanceof Number) return a instanceof Number && b instanceof Number && a.toString() === b.toString();
  const x = a as Record<string, unknown>, y = b as Record<string, unknown>;
  let n = 0;
  for (const k of Object.keys(x)) {
    if (x[k] === undefined) continue;
    n++;
    if (!Object.hasOwn(y, k) || !equal(x[k], y[k])) return false;
  }
  for (const k of Object.keys(y)) if (y[k] !== undefined) n--;
  return n === 0;
}

/** Like `equal` for objects, without looking at the keys named. */
export function equalExcept(a: object, b: object, ...skip: string[]): boolean {
  const x: Record<string, unknown> = { ...a }, y: Record<string, unknown> = { ...b };
  for (const k of skip) { delete x[k]; delete y[k]; }
  return equal(x, y);
}

/** True for a JSON object: neither a list nor null nor a number in a box. */
export const isObject = (v: unknown): v is Record<string, unknown> => typeof v === 'object' && v !== null && !Array.isArray(v) && !(v instanceof Number);

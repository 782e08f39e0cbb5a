// Quantities of resources as plain numbers: a node's own figures stay far below 2^53.
const SUFFIX: Readonly<Record<string, number>> = { '': 1, n: 1e-9, u: 1e-6, m: 1e-3, k: 1e3, M: 1e6, G: 1e9, T: 1e12, P: 1e15, E: 1e18, Ki: 2 ** 10, Mi: 2 ** 20, Gi: 2 ** 30, Ti: 2 ** 40, Pi: 2 ** 50, Ei: 2 ** 60 };

/** `500m` -> 0.5, `1Gi` -> 1073741824. NaN for text that is no quantity (the API server has refused it before). */
export function amount(q: string | number): number {
  const m = /^([+-]?[\d.]+)(?:([eE][+-]?\d+)|([numkMGTPE]i?|Ki)?)$/.exec(String(q).trim());
  if (!m) return Number.NaN;
  return m[2] ? Number(m[1]! + m[2]) : Number(m[1]) * (SUFFIX[m[3] ?? ''] ?? Number.NaN);
}
/** Thousandths of a core, rounded up. */
export const milli = (q: string | number): number => Math.ceil(Number((amount(q) * 1000).toFixed(6)));
/** Whole bytes, rounded up. */
export const bytes = (q: string | number): number => Math.ceil(amount(q));

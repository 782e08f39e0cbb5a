// Choices that are the same for the same seed (mulberry32), so that a sequence that went wrong can be played again.

export interface Random {
  /** 0 to 1, 1 excluded. */
  next(): number;
  /** True with probability `p`. */
  chance(p: number): boolean;
  /** 0 … n. */
  upTo(n: number): number;
  /** One of them; undefined of none. */
  pick<T>(of: readonly T[]): T;
}

export function random(seed: number): Random {
  let a = seed >>> 0;
  const next = (): number => {
    a = (a + 0x6d2b79f5) >>> 0;
    let t = Math.imul(a ^ (a >>> 15), 1 | a);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
  return { next, chance: p => next() < p, upTo: n => Math.floor(next() * (n + 1)), pick: of => of[Math.floor(next() * of.length)]! };
}

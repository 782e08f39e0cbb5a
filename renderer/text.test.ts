import { describe, expect, it } from 'vitest';

import english from '../resources/locales/en.json' with { type: 'json' };

const catalogue: Record<string, unknown> = english;
const has = (key: string): boolean => {
  let at: unknown = catalogue;
  const parts = key.split('.');
  for (const [i, part] of parts.entries()) {
    if (typeof at !== 'object' || at === null) return false;
    const level = at as Record<string, unknown>;
    if (i === parts.length - 1) return typeof level[part] === 'string' || typeof level[`${part}_other`] === 'string';
    at = level[part];
  }
  return false;
};
const sources = Object.entries<string>(import.meta.glob(['./**/*.ts', './**/*.tsx', '!./**/*.test.ts', '!./dev/**'], { query: '?raw', import: 'default', eager: true }));

describe('catalogue', () => {
  it('has every text the sources ask for', () => {
    const missing: string[] = [];
    for (const [file, source] of sources) for (const m of source.matchAll(/\bt\('([A-Za-z][\w.-]*)'/g)) if (!has(m[1]!)) missing.push(`${file}: ${m[1]}`);
    expect(missing).toEqual([]);
  });
  it('has a word for every action', () => {
    const missing = sources.flatMap(([, source]) => [...source.matchAll(/^\s*id: '(\w+)', icon: '\w+',/gm)].map(m => m[1]!)).filter(id => !has(`actions.${id}`));
    expect(missing).toEqual([]);
  });
});

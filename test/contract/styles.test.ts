// Style sheets of all features end up in one page, some of them only when a view is first shown: a class that two of them lay out would change what stands already.
import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';

const RENDERER = join(import.meta.dirname, '../../renderer');

it('each class of the window is laid out by one style sheet', () => {
  const homes = new Map<string, Set<string>>();
  for (const file of globSync('**/*.css', { cwd: RENDERER })) {
    const text = readFileSync(join(RENDERER, file), 'utf8').replaceAll(/\/\*[^]*?\*\//g, '');
    for (const [, selectors] of text.matchAll(/([^{}]+)\{/g)) for (const one of selectors!.split(',')) {
      const name = /^\s*\.([\w-]+)/.exec(one)?.[1];
      if (name !== undefined && !/^(Mui|xterm|monaco)/.test(name)) homes.set(name, (homes.get(name) ?? new Set()).add(file));
    }
  }
  expect([...homes].filter(([, files]) => files.size > 1).map(([name, files]) => `.${name}: ${[...files].sort().join(', ')}`)).toEqual([]);
  expect(homes.size).toBeGreaterThan(200);
});

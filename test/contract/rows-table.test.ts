// docs/results/rows.md stays true: every row of its areas is in it, and the files, titles and stories that it names are there.
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';

const ROOT = join(import.meta.dirname, '../..'), read = (path: string): string => readFileSync(join(ROOT, path), 'utf8').replaceAll("\\'", "'");
const rows = read('docs/results/rows.md').split('\n').flatMap(line => { const m = /^\| ([A-Z]{2}\d\d) \| .* \| (.*) \|$/.exec(line); return m ? [{ id: m[1]!, shown: m[2]! }] : []; });

test('every row of the eight areas is in the table', () => {
  const counts = Object.entries({ WL: 24, RO: 19, ST: 10, CF: 18, SC: 17, HP: 13, RB: 8, OP: 16 });
  expect(rows.map(r => r.id)).toEqual(counts.flatMap(([area, n]) => Array.from({ length: n }, (_, i) => `${area}${String(i + 1).padStart(2, '0')}`)));
});

test('what the table names is there', () => {
  const wrong = rows.flatMap(({ id, shown }) => [...shown.matchAll(/(?:(W\d+(?:-\d+)?) )?`([^`]+\.(?:ts|txt|yaml))`(?: “([^”]+)”)?/g)].flatMap(([, story, path = '', title]) => {
    if (!existsSync(join(ROOT, path))) return [`${id}: no ${path}`];
    if (story !== undefined && !read(path).includes(`id: '${story}'`)) return [`${id}: no story ${story} in ${path}`];
    return title !== undefined && !read(path).includes(title) ? [`${id}: no “${title}” in ${path}`] : [];
  }));
  expect(wrong).toEqual([]);
});

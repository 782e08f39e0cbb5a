// docs/conformance.md stays true: every item of the contract has a test, and every test the table names is there.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { allCases, casesIn, itemsNamed, itemsOf, rowsOf, tableOf } from '../conformance/table.ts';

const ROOT = join(import.meta.dirname, '../..');
const items = itemsOf(readFileSync(join(ROOT, 'docs/api-contract.md'), 'utf8'));
const cases = allCases();

describe('the table of conformance', () => {
  test('knows the contract: 19 sections, 30 traps', () => {
    expect(new Set(items.filter(i => !i.id.startsWith('trap')).map(i => i.id.split('.')[0])).size).toBe(19);
    expect(items.filter(i => i.id.startsWith('trap')).map(i => i.id)).toEqual(Array.from({ length: 30 }, (_, n) => `trap ${n + 1}`));
    expect(new Set(items.map(i => i.id)).size).toBe(items.length);
    expect(items.map(i => i.id)).toEqual(expect.arrayContaining(['0.10', '11.5', '14.14', '17.7', '16', '18']));
  });

  test('every item has a test', () => {
    expect(items.filter(i => !cases.some(c => c.ids.includes(i.id))).map(i => `${i.id} ${i.words}`)).toEqual([]);
  });

  test('every item that a title names is one of the contract', () => {
    const known = new Set(items.map(i => i.id));
    expect(cases.flatMap(c => c.ids.filter(id => !known.has(id)).map(id => `${c.file}: ${id} in "${c.title}"`))).toEqual([]);
  });

  test('every test in the table is there', () => {
    const there = new Set(cases.map(c => `${c.file} ${c.title}`));
    const rows = rowsOf(readFileSync(join(ROOT, 'docs/conformance.md'), 'utf8'));
    expect(rows.length).toBeGreaterThan(100);
    expect(rows.filter(r => !there.has(`${r.file} ${r.title}`)).map(r => `${r.id}: ${r.file} ${r.title} (npm run conformance writes the table again)`)).toEqual([]);
  });

  test('reads titles and writes what it reads', () => {
    expect(itemsNamed('3.2, 10.11 words (traps 3, 12 and 30)')).toEqual(['3.2', '10.11', 'trap 3', 'trap 12', 'trap 30']);
    expect(itemsNamed('10,000 objects')).toEqual([]);
    expect(itemsNamed('64 writers')).toEqual([]);
    const found = casesIn('a.test.ts', "  it.each(x)('1.2 it\\'s', () => 0);\n  test(`3.4 of ${x} a|b`, f);\n  it('no number', f);\n  it('1.2 once more', f);");
    expect(found.map(c => c.title)).toEqual(["1.2 it's", '3.4 of … a|b', '1.2 once more']);
    const table = tableOf([{ id: '1.2', words: 'w' }, { id: '3.4', words: 'x|y' }, { id: '9.9', words: 'z' }], found, c => (c.title.startsWith('1') ? 'passed' : 'not run'));
    expect(rowsOf(table)).toEqual([{ id: '1.2', file: 'a.test.ts', title: "1.2 it's", result: 'passed' }, { id: '1.2', file: 'a.test.ts', title: '1.2 once more', result: 'passed' }, { id: '3.4', file: 'a.test.ts', title: '3.4 of … a|b', result: 'not run' }]);
    expect(table).toContain('2 of 3 items');
  });
});

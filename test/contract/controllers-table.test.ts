// docs/controllers.md stays true: what it calls ours runs here, what runs here is in it, and `--controllers` takes every name of it.
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { unknownControllers } from '../../core/controllers/enabled.ts';
import { controllers } from '../../core/controllers/index.ts';

const ROOT = join(import.meta.dirname, '../..'), HERE = join(ROOT, 'core/controllers');
const rows = readFileSync(join(ROOT, 'docs/controllers.md'), 'utf8').split('\n').flatMap(line => { const m = /^\| ([a-z-]+) \| ([a-z-]*) ?\| (ours|inside|none) \| (.*)\|$/.exec(line); return m ? [{ name: m[1]!, alias: m[2]!, here: m[3]!, why: m[4]!.trim() }] : []; });

test('every controller is in the table once, ours with the names they go by', () => {
  expect(rows.length).toBe(51);
  expect(new Set(rows.map(r => r.name)).size).toBe(rows.length);
  expect(rows.filter(r => r.here === 'ours').map(r => `${r.name} ${r.alias || r.name}`).sort()).toEqual(controllers.map(c => `${c.name} ${c.alias}`).sort());
});

test('what is not ours is known by name, and said why', () => {
  const others = rows.filter(r => r.here !== 'ours');
  expect(unknownControllers(controllers, others.flatMap(r => [r.name, ...(r.alias ? [r.alias] : [])]))).toEqual([]);
  expect(others.filter(r => r.why === '')).toEqual([]);
  expect(unknownControllers(controllers, ['nobody-controller'])).toEqual(['nobody-controller']);
});

test('every controller is run by a suite beside it', () => {
  const suites = readdirSync(HERE, { recursive: true, encoding: 'utf8' }).filter(f => f.endsWith('.test.ts')).map(f => readFileSync(join(HERE, f), 'utf8')).join('\n');
  expect(controllers.filter(c => ![c.name, c.alias].some(word => suites.includes(`'${word}'`))).map(c => c.name)).toEqual([]);
});

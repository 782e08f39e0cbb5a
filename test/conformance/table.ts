// `npm run conformance`: writes docs/conformance.md, which tests show which item of docs/api-contract.md, and what the last run gave.
// A test names the items it shows at the head of its title, traps in brackets: `3.2, 3.3 not found: plural names (trap 7)`.
import { existsSync, readFileSync, readdirSync, writeFileSync } from 'node:fs';
import { join, relative } from 'node:path';

const ROOT = join(import.meta.dirname, '../..');
const TABLE = 'docs/conformance.md', CONTRACT = 'docs/api-contract.md';
const TRANSCRIPTS = 'test/conformance/transcripts';
/** Where tests of the contract may stand. */
const PLACES = ['test/conformance', 'test/integration', 'test/contract', 'test/docker', 'core', 'electron'];

export interface Item { readonly id: string; readonly words: string }
export interface Case { readonly file: string; readonly title: string; readonly ids: readonly string[] }
export interface Row { readonly id: string; readonly file: string; readonly title: string; readonly result: string }

const plain = (text: string): string => text.replaceAll(/\*\*|`|\[(?:wire|src|know|1\.20)[^\]]*\]/g, '').replaceAll(/\s+/g, ' ').replace(/^[\s—:-]+/, '').trim();
/** The first words of an item, to recognise it by. */
const brief = (text: string): string => { const p = plain(text.replace(/\*\*TRAP-\d+\*\*[\s:]*/g, '')); return p.length <= 90 ? p : `${p.slice(0, 88).replace(/[\s(,;:][^\s(,;:]*$/, '')} …`; };

/** Every numbered item of the contract in its order (sections without numbers of their own count as one), then the traps. */
export function itemsOf(contract: string): Item[] {
  const items: Item[] = [], traps = new Map<number, string>();
  for (const section of contract.split(/^## /m).slice(1)) {
    const number = /^(\d+)\./.exec(section)?.[1];
    if (!number) continue;
    // Numbers run on through a section, several to a paragraph in places: each is looked for after the one before it.
    const starts: number[] = [];
    for (let at = 0, n = 1; ; n++) {
      const found = new RegExp(`(?:^|\\s)${number}\\.${n}(?=\\s)`).exec(section.slice(at));
      if (!found) break;
      at += found.index + found[0].length;
      starts.push(at);
    }
    if (starts.length === 0) items.push({ id: number, words: brief(section.slice(section.indexOf('.') + 1, section.indexOf('\n'))) });
    starts.forEach((start, i) => items.push({ id: `${number}.${i + 1}`, words: brief(section.slice(start, (starts[i + 1] ?? section.length))) }));
    for (const m of section.matchAll(/TRAP-(\d+)(?:\s*—\s*)?/g)) if (Number(m[1]) > 0 && !traps.has(Number(m[1]))) traps.set(Number(m[1]), brief(section.slice(m.index + m[0].length).replace(/^\**[:.\s]*/, '')));
  }
  return [...items, ...[...traps].sort(([a], [b]) => a - b).map(([n, words]) => ({ id: `trap ${n}`, words }))];
}

/** The items that a title names. */
export function itemsNamed(title: string): string[] {
  const head = /^(?:(?:\d{1,2}\.\d{1,2}|16|18)(?:, |(?= )))+(?= )/.exec(title)?.[0];
  if (!head) return [];
  const traps = [...title.matchAll(/\btraps? ((?:\d+(?:, | and )?)+)/g)].flatMap(m => [...m[1]!.matchAll(/\d+/g)].map(n => `trap ${n[0]}`));
  return [...head.split(', '), ...traps];
}

/** The tests of a file whose titles name items. What a template string fills in is written `…`. */
export function casesIn(file: string, source: string): Case[] {
  return [...source.matchAll(/^[ \t]*(?:it|test|wholly|each)(?:\.\w+(?:\([^\n]*?\))?)*\(\s*(?:'((?:[^'\\]|\\.)*)'|`((?:[^`\\]|\\.)*)`|"((?:[^"\\]|\\.)*)")/gm)].flatMap(m => {
    const title = (m[1] ?? m[2] ?? m[3]!).replaceAll(/\$\{[^}]*\}|\$\w+(?:\.\w+)*|%[sid]/g, '…').replaceAll(/\\(.)/g, '$1');
    const ids = itemsNamed(title);
    return ids.length ? [{ file, title, ids }] : [];
  });
}

/** Every test of this checkout that names an item; a transcript is one, with its first line for a title. */
export function allCases(root = ROOT): Case[] {
  const transcripts = join(root, TRANSCRIPTS);
  const typed: Case[] = readdirSync(transcripts).filter(f => f.endsWith('.txt')).sort().map(f => { const title = readFileSync(join(transcripts, f), 'utf8').split('\n')[0]!.replace(/^# /, ''); return { file: `${TRANSCRIPTS}/${f}`, title: `${title} (kubectl 1.…)`, ids: itemsNamed(title) }; });
  return typed.concat(PLACES.filter(p => existsSync(join(root, p))).flatMap(place => readdirSync(join(root, place), { recursive: true, encoding: 'utf8' })
    .filter(f => f.endsWith('.test.ts')).sort().flatMap(f => { const path = join(root, place, f); return casesIn(relative(root, path), readFileSync(path, 'utf8')); })));
}

/** Rows of the table as it is written. */
export function rowsOf(table: string): Row[] {
  const rows: Row[] = [];
  let id = '';
  for (const line of table.split('\n')) {
    const cells = /^\| (.*) \|$/.exec(line)?.[1]!.split(' | ').map(c => c.trim());
    const test = cells && /^`([^`]+)` (.*)$/.exec(cells[2] ?? '');
    if (!cells || !test) continue;
    if (cells[0] !== '') id = cells[0]!;
    rows.push({ id, file: test[1]!, title: test[2]!.replaceAll('\\|', '|'), result: cells[3] ?? '' });
  }
  return rows;
}

interface Report { testResults: { name: string; assertionResults: { title: string; status: string }[] }[] }

/** What the last runs gave, by file and title; a test that runs several times under one title passed when all did. */
function resultsOf(reports: readonly string[], cases: readonly Case[], before: readonly Row[]): (c: Case) => string {
  const byFile = new Map<string, { title: string; status: string }[]>();
  for (const path of reports) for (const t of (JSON.parse(readFileSync(path, 'utf8')) as Report).testResults) byFile.set(relative(ROOT, t.name), t.assertionResults);
  const former = new Map(before.map(r => [`${r.file} ${r.title}`, r.result]));
  const patterns = new Map(cases.map(c => [c, new RegExp(`^${c.title.split('…').map(s => s.replaceAll(/[.*+?^${}()|[\]\\]/g, '\\$&')).join('.*')}$`)]));
  return c => {
    const runs = byFile.get(c.file.startsWith(TRANSCRIPTS) ? `${TRANSCRIPTS}.test.ts` : c.file)?.filter(r => patterns.get(c)!.test(r.title)) ?? [];
    if (runs.length === 0) return former.get(`${c.file} ${c.title}`) ?? 'not run';
    const good = runs.filter(r => r.status === 'passed').length;
    return good < runs.length ? `**${runs.length - good} of ${runs.length} failed**` : runs.length === 1 ? 'passed' : `passed ${runs.length} times`;
  };
}

/** The whole document. */
export function tableOf(items: readonly Item[], cases: readonly Case[], result: (c: Case) => string): string {
  const rows = items.flatMap(item => {
    const mine = cases.filter(c => c.ids.includes(item.id));
    const words = item.words.replaceAll('|', '\\|');
    return mine.length === 0 ? [`| ${item.id} | ${words} | none |  |`] : mine.map((c, i) => `| ${i === 0 ? item.id : ''} | ${i === 0 ? words : ''} | \`${c.file}\` ${c.title.replaceAll('|', '\\|')} | ${result(c)} |`);
  });
  const shown = items.filter(i => cases.some(c => c.ids.includes(i.id))).length;
  return `# Conformance

What shows each item of [the contract](api-contract.md): written by \`npm run conformance\` from the titles of the tests and the reports of their last
run (\`test/artifacts\`). ${shown} of ${items.length} items have a test. \`…\` stands for what changes from run to run, mostly the version of kubectl: every one
found on the machine.

| item | in short | test | result |
|---|---|---|---|
${rows.join('\n')}
`;
}

if (process.argv[1] === import.meta.filename) {
  const given = process.argv.slice(2), artifacts = join(ROOT, 'test/artifacts');
  const reports = given.length ? given : existsSync(artifacts) ? readdirSync(artifacts).filter(f => /^(unit|contract|integration|docker|conformance)\.json$/.test(f)).map(f => join(artifacts, f)) : [];
  const items = itemsOf(readFileSync(join(ROOT, CONTRACT), 'utf8')), cases = allCases();
  const before = existsSync(join(ROOT, TABLE)) ? rowsOf(readFileSync(join(ROOT, TABLE), 'utf8')) : [];
  writeFileSync(join(ROOT, TABLE), tableOf(items, cases, resultsOf(reports, cases, before)));
  const missing = items.filter(i => !cases.some(c => c.ids.includes(i.id)));
  console.log(`${TABLE}: ${items.length} items${missing.length ? `; without a test: ${missing.map(i => i.id).join(', ')}` : ', each with a test'}`);
}

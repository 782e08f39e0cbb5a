// `npm run campaign stories`: every story with every kubectl of this machine on docker, and with the newest on sandbox (those made for the
// campaign with every kubectl on both); writes docs/results/stories.md.
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';

const out = 'test/artifacts/stories.json';
mkdirSync('test/artifacts', { recursive: true });
rmSync(out, { force: true });
const began = Date.now();
const r = spawnSync('vitest', ['run', '--project', 'conformance', 'test/conformance/stories.test.ts', '--reporter=default', '--reporter=json', `--outputFile.json=${out}`], { stdio: 'inherit', env: { ...process.env, STORIES_KUBECTL: 'all' } });
const tests = JSON.parse(readFileSync(out, 'utf8')).testResults.flatMap(t => t.assertionResults);
// `W1 First contact (kubectl 1.33)` under `stories on docker`.
const cells = new Map(), columns = new Set(), titles = new Map();
for (const t of tests) {
  const m = /^([A-Z]\d+(?:-\d+)?) (.*) \(kubectl (1\.\d+)\)$/.exec(t.title);
  if (!m) continue;
  const column = `${t.ancestorTitles.join(' ').replace(/^.*stories on /, '')} ${m[3]}`;
  columns.add(column);
  titles.set(m[1], m[2]);
  cells.set(`${m[1]} ${column}`, t.status === 'passed' ? `${(t.duration / 1000).toFixed(1)} s` : `**${t.status}**`);
}
// Some stories alone (STORIES=K1,K2): the rows of the others stay as they are.
const before = process.env.STORIES && existsSync('docs/results/stories.md') ? readFileSync('docs/results/stories.md', 'utf8').split('\n').filter(l => l.startsWith('| ')).map(l => l.split('|').slice(1, -1).map(c => c.trim())) : [];
for (const [title, ...row] of before.slice(1)) {
  const [, id, rest] = /^(\S+) (.*)$/.exec(title);
  if (titles.has(id)) continue;
  titles.set(id, rest);
  row.forEach((c, i) => { const column = before[0][i + 1]; columns.add(column); if (c) cells.set(`${id} ${column}`, c); });
}
const names = [...columns].sort();
const order = id => id.replace(/^K/, 'X').replace(/\d+/g, n => n.padStart(3, '0'));
const rows = [...titles].sort((a, b) => (order(a[0]) < order(b[0]) ? -1 : 1)).map(([id, title]) => `| ${id} ${title} | ${names.map(c => cells.get(`${id} ${c}`) ?? '').join(' | ')} |`);
const failed = tests.filter(t => t.status !== 'passed');
mkdirSync('docs/results', { recursive: true });
writeFileSync('docs/results/stories.md', `# Stories\n\n\`npm run campaign stories\`, ${new Date().toISOString().slice(0, 10)}: ${tests.length - failed.length} of ${tests.length} passed in ${Math.round((Date.now() - began) / 1000)} s${process.env.STORIES ? ` (${process.env.STORIES}; the other rows are of earlier runs)` : ''}. Columns: runtime and version of kubectl.\n\n| story | ${names.join(' | ')} |\n|---|${names.map(() => '---|').join('')}\n${rows.join('\n')}\n${failed.map(t => `\n## ${t.fullName}\n\n    ${(t.failureMessages[0] ?? '').split('\n').slice(0, 6).join('\n    ')}\n`).join('')}`);
process.exit(r.status ?? 1);

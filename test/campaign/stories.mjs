// `npm run campaign stories`: every story with every kubectl of this machine on docker, and with the newest on sandbox; writes docs/results/stories.md.
import { spawnSync } from 'node:child_process';
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';

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
const names = [...columns].sort();
const order = id => id.replace(/^K/, 'X').replace(/\d+/g, n => n.padStart(3, '0'));
const rows = [...titles].sort((a, b) => (order(a[0]) < order(b[0]) ? -1 : 1)).map(([id, title]) => `| ${id} ${title} | ${names.map(c => cells.get(`${id} ${c}`) ?? '').join(' | ')} |`);
const failed = tests.filter(t => t.status !== 'passed');
mkdirSync('docs/results', { recursive: true });
writeFileSync('docs/results/stories.md', `# Stories\n\n\`npm run campaign stories\`, ${new Date().toISOString().slice(0, 10)}: ${tests.length - failed.length} of ${tests.length} passed in ${Math.round((Date.now() - began) / 1000)} s. Columns: runtime and version of kubectl.\n\n| story | ${names.join(' | ')} |\n|---|${names.map(() => '---|').join('')}\n${rows.join('\n')}\n${failed.map(t => `\n## ${t.fullName}\n\n    ${(t.failureMessages[0] ?? '').split('\n').slice(0, 6).join('\n    ')}\n`).join('')}`);
process.exit(r.status ?? 1);

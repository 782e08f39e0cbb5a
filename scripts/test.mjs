// `npm test`: installs on Debian (as root) what a suite needs and lacks, then runs every suite in turn.
// `npm test -- unit e2e` runs some. The last line adds them all up: `N passed, N failed`.
import { spawn, spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { relative } from 'node:path';
import { ensureGenerated } from './generated.mjs';

const ALL = ['check', 'unit', 'contract', 'integration', 'docker', 'conformance', 'e2e', 'bench'];
const wanted = process.argv.slice(2).length ? process.argv.slice(2) : ALL;
for (const s of wanted) if (!ALL.includes(s)) { console.error(`no suite "${s}"; suites: ${ALL.join(', ')}`); process.exit(2); }

if (wanted.some(s => !['check', 'unit', 'contract'].includes(s))) {
  const r = spawnSync('bash', ['test/harness/provision.sh'], { stdio: 'inherit' });
  if (r.status !== 0) { console.error('provisioning failed; see above'); console.log('0 passed, 1 failed'); process.exit(1); }
}
ensureGenerated();
mkdirSync('test/artifacts', { recursive: true });

const run = (command, args, env = {}) => new Promise(resolve => {
  const child = spawn(command, args, { stdio: ['ignore', 'inherit', 'inherit'], env: { ...process.env, ...env } });
  child.on('exit', code => resolve(code ?? 1));
});
/** Suites with real processes, containers and browsers on a shared machine: files in which a test failed to its last try are run once more, by themselves, on a
 * fresh host. Up to so many files: more is not bad luck. What needed it is named at the end. */
const REAL = new Set(['integration', 'docker', 'conformance', 'e2e', 'bench']), FILES_AGAIN = 4;
const failures = (suite, files) => files.flatMap(t => {
  const at = `${suite}: ${relative(process.cwd(), t.name)}`;
  const bad = t.assertionResults.filter(a => a.status !== 'passed').map(a => `${at}: ${a.fullName} (${a.status === 'failed' ? (a.failureMessages?.[0] ?? 'no reason kept').split('\n    at ')[0].slice(0, 1500) : a.status})`);
  return bad.length || t.status !== 'failed' ? bad : [`${at}: ${String(t.message).slice(0, 1500)}`];
});
const merged = (all, again) => {
  const files = new Map([...all.testResults, ...again.testResults].map(t => [t.name, t]));
  const testResults = [...files.values()];
  const count = (...status) => testResults.reduce((n, t) => n + t.assertionResults.filter(a => status.includes(a.status)).length, 0);
  return { ...all, testResults, numPassedTests: count('passed'), numFailedTests: count('failed'), numPendingTests: count('pending', 'skipped', 'todo') };
};
let passed = 0, failed = 0;
/** Tests that needed another try, and those that failed to the last: the end of the output names them, for a log that keeps only its end. */
const flaky = [], broken = [];
for (const suite of wanted) {
  const started = Date.now();
  console.error(`\n== ${suite}`);
  let p = 0, f = 0;
  if (suite === 'check') {
    if (await run('node', ['scripts/check.mjs']) === 0) p = 1; else f = 1;
  } else {
    const out = `test/artifacts/${suite}.json`, tries = `test/artifacts/${suite}.second-tries.txt`;
    const vitest = (json, files) => run('vitest', ['run', '--project', suite, '--passWithNoTests', '--reporter=default', '--reporter=json', '--reporter=./scripts/second-try-reporter.mjs', `--outputFile.json=${json}`, ...files], { SECOND_TRIES: tries });
    for (const f of [out, tries]) rmSync(f, { force: true });
    let code = await vitest(out, []);
    try {
      let j = JSON.parse(readFileSync(out, 'utf8'));
      if (existsSync(tries)) flaky.push(...readFileSync(tries, 'utf8').split('\n').filter(Boolean));
      const again = j.testResults.filter(t => t.status === 'failed');
      if (REAL.has(suite) && again.length > 0 && again.length <= FILES_AGAIN) {
        for (const line of failures(suite, again)) flaky.push(`${line}: its file was run again by itself`);
        const second = `${out}.again`;
        const codeAgain = await vitest(second, again.map(t => relative(process.cwd(), t.name)));
        const k = JSON.parse(readFileSync(second, 'utf8'));
        rmSync(second);
        if (k.testResults.length === again.length) { j = merged(j, k); code = codeAgain; writeFileSync(out, JSON.stringify(j)); }
      }
      p = j.numPassedTests; f = j.numFailedTests;
      // A file that fails to load has no test in it, yet it failed.
      f += j.testResults.filter(t => t.status === 'failed' && !t.assertionResults.some(a => a.status === 'failed')).length;
      // A skipped test is a failed one: nothing is passed over in silence.
      f += j.numPendingTests;
      broken.push(...failures(suite, j.testResults));
    } catch (e) { console.error(`no result from ${suite}: ${e.message}`); f = 1; }
    if (code !== 0 && f === 0) { f = 1; broken.push(`${suite}: vitest ended with ${code} though no test failed: see its errors above`); }
  }
  passed += p; failed += f;
  console.error(`== ${suite}: ${p} passed, ${f} failed (${((Date.now() - started) / 1000).toFixed(1)} s)`);
}
if (flaky.length) console.error(`\n${flaky.length} needed another try:\n${flaky.map(t => `  ${t}`).join('\n')}`);
if (broken.length) console.error(`\nfailed:\n${broken.map(t => `  ${t}`).join('\n')}`);
console.log(`${passed} passed, ${failed} failed`);
process.exit(failed ? 1 : 0);

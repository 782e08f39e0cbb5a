// `npm test`: installs on Debian (as root) what a suite needs and lacks, then runs every suite in turn.
// `npm test -- unit e2e` runs some. The last line adds them all up: `N passed, N failed`.
import { spawn, spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, rmSync } from 'node:fs';
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
    for (const f of [out, tries]) rmSync(f, { force: true });
    const code = await run('vitest', ['run', '--project', suite, '--passWithNoTests', '--reporter=default', '--reporter=json', '--reporter=./scripts/second-try-reporter.mjs', `--outputFile.json=${out}`], { SECOND_TRIES: tries });
    try {
      const j = JSON.parse(readFileSync(out, 'utf8'));
      p = j.numPassedTests; f = j.numFailedTests;
      // A file that fails to load has no test in it, yet it failed.
      f += j.testResults.filter(t => t.status === 'failed' && !t.assertionResults.some(a => a.status === 'failed')).length;
      // A skipped test is a failed one: nothing is passed over in silence.
      f += j.numPendingTests;
      for (const t of j.testResults) {
        const bad = t.assertionResults.filter(a => a.status !== 'passed');
        for (const a of bad) broken.push(`${suite}: ${relative(process.cwd(), t.name)}: ${a.fullName} (${a.status === 'failed' ? (a.failureMessages?.[0] ?? 'no reason kept').slice(0, 1500) : a.status})`);
        if (!bad.length && t.status === 'failed') broken.push(`${suite}: ${relative(process.cwd(), t.name)}: ${String(t.message).slice(0, 1500)}`);
      }
    } catch (e) { console.error(`no result from ${suite}: ${e.message}`); f = 1; }
    if (code !== 0 && f === 0) { f = 1; broken.push(`${suite}: vitest ended with ${code} though no test failed: see its errors above`); }
    if (existsSync(tries)) flaky.push(...readFileSync(tries, 'utf8').split('\n').filter(Boolean));
  }
  passed += p; failed += f;
  console.error(`== ${suite}: ${p} passed, ${f} failed (${((Date.now() - started) / 1000).toFixed(1)} s)`);
}
if (flaky.length) console.error(`\n${flaky.length} needed another try:\n${flaky.map(t => `  ${t}`).join('\n')}`);
if (broken.length) console.error(`\nfailed:\n${broken.map(t => `  ${t}`).join('\n')}`);
console.log(`${passed} passed, ${failed} failed`);
process.exit(failed ? 1 : 0);

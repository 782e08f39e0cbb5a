// `npm run campaign model`: 10,000 random sequences against the models of the workloads; writes docs/results/model.md. `SEQUENCES` changes the
// number, `SEED` where they begin: a sequence that went wrong is named by its seed and its acts and is played again with SEED and SEQUENCES=1.
import { spawnSync } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';

const total = Number(process.env.SEQUENCES ?? 10_000), seed = Number(process.env.SEED ?? Date.now() % 1e6);
const MODELS = [
  ['Deployment', 'unit', 'core/controllers/deployment/model.test.ts', 0.24], ['Job', 'unit', 'core/controllers/job/model.test.ts', 0.24],
  ['StatefulSet', 'unit', 'core/controllers/stateful-set/model.test.ts', 0.23], ['DaemonSet', 'unit', 'core/controllers/daemon-set/model.test.ts', 0.23],
  ['all of them, PodDisruptionBudget and ResourceQuota, on the real API server and scheduler', 'integration', 'test/integration/workloads-model.test.ts', 0.04],
  ['a Deployment under a PodDisruptionBudget and a ResourceQuota, on the same', 'integration', 'test/integration/budget-model.test.ts', 0.02],
];
const rows = [];
let failed = false;
for (const [name, project, file, part] of MODELS) {
  const sequences = Math.max(1, Math.round(total * part)), began = Date.now();
  const r = spawnSync('npx', ['vitest', 'run', '--project', project, '--retry', '0', file], { encoding: 'utf8', env: { ...process.env, SEQUENCES: String(sequences), SEED: String(seed), NO_COLOR: '1' }, maxBuffer: 1 << 28 });
  const ok = r.status === 0;
  failed ||= !ok;
  console.error(`${name}: ${sequences} sequences, ${ok ? 'all laws held' : 'FAILED'}`);
  if (!ok) console.error(r.stdout.slice(-6000), r.stderr.slice(-6000));
  rows.push(`| ${name} | ${sequences} | ${Math.round((Date.now() - began) / 1000)} s | ${ok ? 'held' : `broken: ${/Error: (.*)/.exec(r.stderr)?.[1] ?? 'see the run'}`} |`);
}
mkdirSync('docs/results', { recursive: true });
writeFileSync('docs/results/model.md', `# Models of the workloads\n\n\`npm run campaign model\`, seed ${seed}, ${new Date().toISOString().slice(0, 10)}. Random sequences of user actions, pod failures, node losses, restarts and kills of the\nhost in mid-write, on a clock turned by hand; a seed decides all that happens. Laws: surge and unavailability, order and at most one\npod per ordinal, exact counts of jobs, quota and disruption budgets, nothing left behind.\n\n| model | sequences | took | laws |\n|---|---|---|---|\n${rows.join('\n')}\n`);
console.log(rows.join('\n'));
process.exit(failed ? 1 : 0);

// `npm run campaign kill`: 300 kills on all three runtimes; writes docs/results/kill.md. `KILLS` and `SEED` change number and dice, `RUNTIMES=simulated,sandbox` leaves one out.
import { mkdirSync, writeFileSync } from 'node:fs';
import { killCampaign } from './kill.ts';

const total = Number(process.env.KILLS ?? 300), seed = Number(process.env.SEED ?? Date.now() % 1e6);
const rows = [];
let failed = false;
const chosen = process.env.RUNTIMES?.split(',');
for (const [runtime, part, more] of [['simulated', 0.6, { writers: 12, replicas: 8 }], ['simulated', 0.2, { bulk: 200, maxMs: 2000 }], ['docker', 0.1, {}], ['sandbox', 0.1, {}]]) {
  if (chosen && !chosen.includes(runtime)) continue;
  const r = await killCampaign({ runtime, kills: Math.max(1, Math.round(total * part)), seed, env: { PILOTHOUSE_IMAGE_DIRS: '/var/cache/pilothouse-test-images' }, say: t => console.error(`${runtime}: ${t}`), ...more });
  failed ||= r.wrong.length > 0;
  rows.push(`| ${runtime}${more.bulk ? ', large objects' : ''} | ${r.kills} (${r.killedStarting} while starting) | ${r.acknowledged} | ${r.rollouts} | ${r.adopted} | ${r.startMs.sort((a, b) => a - b)[r.startMs.length >> 1]} ms | ${r.wrong.length} |`, ...r.wrong.map(w => `\n    ${w}`));
}
mkdirSync('docs/results', { recursive: true });
writeFileSync('docs/results/kill.md', `# Kill campaign\n\n\`npm run campaign kill\`, seed ${seed}, ${new Date().toISOString().slice(0, 10)}. Several clients write while a rollout is in progress; the host is killed with SIGKILL at a random\nmoment and started again; then everything acknowledged is compared with everything there.\n\n| runtime | kills | writes acknowledged | rollouts that finished after a restart | containers adopted | start, median | wrong |\n|---|---|---|---|---|---|---|\n${rows.join('\n')}\n`);
console.log(rows.join('\n'));
process.exit(failed ? 1 : 0);

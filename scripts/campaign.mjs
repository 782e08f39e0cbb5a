// `npm run campaign [NAME]`: the long runs (fuzzing, soak, kill campaigns). Each is test/campaign/NAME.mjs and writes docs/results/NAME.md.
import { readdirSync, existsSync } from 'node:fs';
import { spawnSync } from 'node:child_process';

const names = existsSync('test/campaign') ? readdirSync('test/campaign').filter(f => f.endsWith('.mjs')).map(f => f.slice(0, -4)) : [];
const wanted = process.argv[2] ? [process.argv[2]] : names;
let failed = 0;
for (const n of wanted) if (spawnSync('node', [`test/campaign/${n}.mjs`, ...process.argv.slice(3)], { stdio: 'inherit' }).status !== 0) failed++;
process.exit(failed ? 1 : 0);

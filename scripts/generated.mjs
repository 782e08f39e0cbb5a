// Generated files are made when they are missing or older than what they are made from.
import { existsSync, readdirSync, statSync } from 'node:fs';
import { spawnSync } from 'node:child_process';

const newest = dir => Math.max(...readdirSync(dir, { withFileTypes: true }).map(e => (e.isDirectory() ? newest(`${dir}/${e.name}`) : statSync(`${dir}/${e.name}`).mtimeMs)));

export function ensureGenerated() {
  const made = 'core/api/types/kubernetes.ts';
  if (existsSync(made) && statSync(made).mtimeMs >= newest('scripts/gen')) return;
  const r = spawnSync('node', ['scripts/gen/gen.ts'], { stdio: ['ignore', 'inherit', 'inherit'] });
  if (r.status !== 0) throw new Error('npm run gen failed; see above');
}

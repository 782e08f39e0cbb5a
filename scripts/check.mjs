// `npm run check`: types, lint, boundaries, unused code. Exits non-zero when any of them complains.
import { spawnSync } from 'node:child_process';
import { ensureGenerated } from './generated.mjs';

ensureGenerated();
let failed = 0;
function step(name, command, args, judge = r => r.status === 0) {
  const started = Date.now();
  const r = spawnSync(command, args, { encoding: 'utf8', maxBuffer: 1 << 28 });
  const ok = judge(r);
  if (!ok) { failed++; process.stderr.write(`${r.stdout ?? ''}${r.stderr ?? ''}${r.error ?? ''}\n`); }
  process.stderr.write(`check: ${name} ${ok ? 'ok' : 'FAILED'} (${Date.now() - started} ms)\n`);
}
step('types', 'tsc', ['-b', '--pretty', 'false']);
step('lint', 'oxlint', ['--deny-warnings']);
step('boundaries', 'depcruise', ['core', 'electron', 'renderer', '--config', '.dependency-cruiser.cjs', '--output-type', 'err'],
  // With a TypeScript it cannot use, dependency-cruiser sees no module at all and is content: that is a failure.
  r => r.status === 0 && Number(/\((\d+) modules/.exec(r.stdout)?.[1] ?? 0) > 15);
step('unused', 'knip', ['--no-progress', '--no-config-hints']);
process.exit(failed ? 1 : 0);

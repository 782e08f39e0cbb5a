// A writer killed with SIGKILL at random moments: what it was told is durable is there, and nothing is half there.
import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { systemClock } from '../base/clock.ts';
import { silentLog } from '../base/log.ts';
import { openStore } from './open.ts';

const WRITER = (dir: string): string => `
import { writeSync } from 'node:fs';
import { openStore } from ${JSON.stringify(new URL('./open.ts', import.meta.url).href)};
import { systemClock } from ${JSON.stringify(new URL('../base/clock.ts', import.meta.url).href)};
import { silentLog } from ${JSON.stringify(new URL('../base/log.ts', import.meta.url).href)};
const s = await openStore({ dir: ${JSON.stringify(dir)}, log: silentLog, clock: systemClock, minLogBytes: 200_000 });
let i = s.revision;
await Promise.all(Array.from({ length: 16 }, async (_, w) => {
  for (;;) {
    const n = i++;
    const value = Buffer.from(String(n).padEnd(400, '.'));
    const r = await s.txn([{ type: 'put', key: '/pair/a' + w, value }, { type: 'put', key: '/pair/b' + w, value }, { type: 'put', key: '/k/' + (n % 300), value }]);
    writeSync(1, w + ' ' + n + ' ' + r.revision + '\\n');
  }
}));`;

it('loses no acknowledged write and leaves no half transaction', async () => {
  const dir = mkdtempSync(join(tmpdir(), 'store-crash-'));
  const script = join(dir, 'writer.mjs');
  const data = join(dir, 'data');
  writeFileSync(script, WRITER(data));
  let highest = 0;
  try {
    for (let round = 0; round < 6; round++) {
      const child = spawn(process.execPath, [script], { stdio: ['ignore', 'pipe', 'inherit'] });
      let out = '';
      const dead = new Promise<void>(resolve => { child.once('close', () => resolve()); });
      // Some hundred acknowledgements, another number each round.
      child.stdout.on('data', (b: Buffer) => { out += String(b); if (out.length > 3000 + round * 7919) child.kill('SIGKILL'); });
      await dead;
      const acknowledged = new Map<string, { n: number; revision: number }>();
      for (const line of out.split('\n').slice(0, -1)) {
        const [w, n, revision] = line.split(' ').map(Number) as [number, number, number];
        acknowledged.set(String(w), { n, revision });
        highest = Math.max(highest, revision);
      }
      expect(acknowledged.size).toBeGreaterThan(0);
      const s = await openStore({ dir: data, log: silentLog, clock: systemClock });
      expect(s.revision).toBeGreaterThanOrEqual(highest);
      for (const [w, last] of acknowledged) {
        const a = s.get(`/pair/a${w}`)!, b = s.get(`/pair/b${w}`)!;
        expect(a.value.equals(b.value)).toBe(true);
        expect(Number.parseInt(String(a.value), 10)).toBeGreaterThanOrEqual(last.n);
        expect(b.revision).toBe(a.revision + 1);
      }
      await s.close();
    }
  } finally { rmSync(dir, { recursive: true, force: true }); }
}, 60_000);

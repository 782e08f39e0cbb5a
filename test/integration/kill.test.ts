// kill -9 of the host at 30 random moments during writes. The seed is printed; SEED=n plays the same dice again.
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { killCampaign, type KillOptions } from '../campaign/kill.ts';
import { buildHost } from '../harness/host.ts';

const ARCHIVES = '/var/cache/pilothouse-test-images';
const seed = Number(process.env.SEED ?? Date.now() % 1_000_000);
const build = join(import.meta.dirname, '../images/build.sh');

beforeAll(() => {
  buildHost();
  for (const out of [[], ['--out', ARCHIVES]]) {
    const r = spawnSync('bash', [build, ...out, 'alpine:latest', 'pause:3.9'], { encoding: 'utf8' });
    if (r.status !== 0) throw new Error(`${build}: ${r.stderr}`);
  }
}, 120_000);

const cases: [KillOptions['runtime'], number, Partial<KillOptions>][] = [['simulated', 17, {}], ['simulated', 5, { bulk: 200, maxMs: 1500 }], ['docker', 4, {}], ['sandbox', 4, {}]];
describe('kill -9 during writes', () => {
  it.each(cases)('%s: %i kills lose nothing that was acknowledged, containers run on, rollouts finish', async (runtime, kills, more) => {
    const r = await killCampaign({ runtime, kills, seed, env: { PILOTHOUSE_IMAGE_DIRS: ARCHIVES }, ...more });
    console.log(`kill: ${runtime}${more.bulk ? ', large objects' : ''}, seed ${seed}: ${r.kills} kills (${r.killedStarting} while starting), ${r.acknowledged} writes acknowledged, ${r.rollouts} rollouts finished, ${r.adopted} containers adopted`);
    expect(r.wrong).toEqual([]);
    expect(r.kills).toBe(kills);
    expect(r.acknowledged).toBeGreaterThan(kills);
    if (runtime !== 'simulated') expect(r.adopted).toBeGreaterThan(0);
  }, 120_000);
});

import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { FakeClock } from '../base/clock.ts';
import { silentLog } from '../base/log.ts';
import { VolumeUsage } from './volume-usage.ts';

it('volumes of claims and the pod\'s own are measured, once a minute', async () => {
  const dir = mkdtempSync(join(tmpdir(), 'usage-')), clock = new FakeClock(), usage = new VolumeUsage(clock, silentLog);
  const pod = { metadata: { name: 'p', namespace: 'ns' }, spec: { containers: [], volumes: [{ name: 'd', persistentVolumeClaim: { claimName: 'c' } }, { name: 'e', ephemeral: {} }, { name: 'own', emptyDir: {} }, { name: 'cfg', configMap: { name: 'x' } }, { name: 'away', emptyDir: {} }] } };
  const ask = (): Promise<object[]> => usage.of(pod, name => (name === 'away' ? undefined : dir));
  const used = async (): Promise<number> => (await ask() as { usedBytes: number }[])[0]!.usedBytes;
  try {
    writeFileSync(join(dir, 'file'), Buffer.alloc(100_000, 1));
    expect(await ask()).toMatchObject([{ name: 'd', pvcRef: { name: 'c', namespace: 'ns' } }, { name: 'e', pvcRef: { name: 'p-e', namespace: 'ns' } }, { name: 'own' }]);
    const before = await used();
    expect(before).toBeGreaterThanOrEqual(100_000);
    writeFileSync(join(dir, 'more'), Buffer.alloc(100_000, 1));
    expect(await used()).toBe(before);
    await clock.advance(60_000);
    // The first to ask after a minute has the old answer and starts the next.
    expect(await used()).toBe(before);
    await expect.poll(used).toBeGreaterThanOrEqual(before + 100_000);
  } finally { rmSync(dir, { recursive: true, force: true }); }
});

// Ten seconds of the fuzzing campaign (`npm run campaign fuzz` is ten minutes), with fixed dice.
import { expect, test } from 'vitest';
import { fuzz } from '../campaign/fuzz/run.ts';

test('8 seconds of noise: no crash, no 500, no hang, memory bounded, nothing unhandled', { timeout: 60_000 }, async () => {
  const r = await fuzz({ seconds: 8, seed: 20_260_101 });
  expect(r.findings).toEqual([]);
  expect(r.requests).toBeGreaterThan(100);
});

import { defineConfig } from 'vitest/config';

// One project per suite; scripts/test.mjs runs them in this order and adds up the counts.
const suite = (name: string, include: string[], real = false, timeout = 20_000, atOnce = 1, globalSetup: string[] = []) => ({
  test: {
    name, include, globalSetup, testTimeout: timeout, hookTimeout: Math.max(timeout, 60_000), environment: 'node' as const,
    // These suites work with real processes, containers and browsers on a shared machine: one more try, and after it one of the whole file
    // (scripts/test.mjs); `npm test` names at its end every test that needed one.
    ...(real ? { fileParallelism: atOnce > 1, maxWorkers: atOnce, pool: 'forks' as const, retry: 1, expect: { poll: { timeout: 10_000 } } } : {}),
  },
  resolve: { alias: { electron: new URL('./test/harness/electron-stub.ts', import.meta.url).pathname } },
});

export default defineConfig({
  test: {
    maxWorkers: 2,
    projects: [
      suite('unit', ['core/**/*.test.ts', 'electron/**/*.test.ts', 'renderer/**/*.test.{ts,tsx}', 'scripts/**/*.test.ts']),
      suite('contract', ['test/contract/**/*.test.ts']),
      // Each file has hosts of its own, which mostly wait: two files at a time.
      suite('integration', ['test/integration/**/*.test.ts'], true, 60_000, 2),
      // As these do; what the start of a pod costs is measured in `bench`.
      suite('docker', ['test/docker/**/*.test.ts'], true, 120_000, 2),
      // Its files mostly wait as well.
      suite('conformance', ['test/conformance/**/*.test.ts'], true, 300_000, 2),
      suite('e2e', ['test/e2e/**/*.test.ts'], true, 180_000, 2, ['test/e2e/before.ts']),
      suite('bench', ['test/bench/**/*.test.ts'], true, 300_000),
    ],
  },
});

// `npm run build`: bundles the headless host (esbuild), Electron's main and preload, and the renderer (Vite) into dist/.
// `--host` builds the host alone.
import { existsSync } from 'node:fs';
import { build } from 'esbuild';
import { ensureGenerated } from './generated.mjs';

/** Bundles the command-line host; ~50 ms. Native and optional modules stay outside. */
export async function buildHost() {
  ensureGenerated();
  await build({
    entryPoints: { pilothouse: 'electron/host/pilothouse.ts' }, outdir: 'dist', outExtension: { '.js': '.mjs' },
    bundle: true, platform: 'node', format: 'esm', target: 'node20', splitting: true, chunkNames: 'host-[name]-[hash]', sourcemap: true, logLevel: 'warning', legalComments: 'none',
    external: ['cpu-features', 'ssh2', '@lydell/node-pty', 'electron'],
    banner: { js: "import { createRequire as __createRequire } from 'node:module'; const require = __createRequire(import.meta.url);" },
  });
}

export async function buildElectron() {
  if (!existsSync('electron/main/main.ts')) return;
  const common = { bundle: true, platform: 'node', target: 'node22', sourcemap: true, logLevel: 'warning', external: ['electron', 'cpu-features', 'ssh2', '@lydell/node-pty'] };
  await build({ ...common, entryPoints: { main: 'electron/main/main.ts', host: 'electron/host/utility.ts' }, outdir: 'dist/electron', format: 'esm', outExtension: { '.js': '.mjs' },
    banner: { js: "import { createRequire as __createRequire } from 'node:module'; const require = __createRequire(import.meta.url);" } });
  await build({ ...common, entryPoints: { preload: 'electron/preload/preload.ts' }, outdir: 'dist/electron', format: 'cjs', outExtension: { '.js': '.cjs' } });
}

export async function buildRenderer() {
  if (!existsSync('renderer/index.html')) return;
  const vite = await import('vite');
  await vite.build({ configFile: 'renderer/vite.config.ts', logLevel: 'warn' });
}

if (import.meta.filename === process.argv[1]) {
  await buildHost();
  if (!process.argv.includes('--host')) { await buildElectron(); await buildRenderer(); }
}

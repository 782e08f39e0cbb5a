// `npm run build`: bundles the headless host (esbuild), Electron's main and preload, and the renderer (Vite) into dist/.
// `--host` builds the host alone; `--host DIR` into another folder, so that a test has a bundle of its own (PILOTHOUSE_BUNDLE).
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, renameSync, utimesSync, writeFileSync } from 'node:fs';
import { build } from 'esbuild';
import { ensureGenerated } from './generated.mjs';

/** dockerode loads these for Docker over ssh and for BuildKit sessions, which we do not use: 2 MB and 100 ms less at start-up. */
const withoutUnused = {
  name: 'without-unused',
  setup(b) {
    b.onResolve({ filter: /^(ssh2|@grpc\/grpc-js|@grpc\/proto-loader)$/ }, a => ({ path: a.path, namespace: 'unused' }));
    b.onLoad({ filter: /.*/, namespace: 'unused' }, () => ({ contents: 'module.exports = { Client: class {} };', loader: 'js' }));
  },
};

/** What `kubectl version` says of us; not there outside a checkout. */
function commit() {
  const r = spawnSync('git', ['rev-parse', 'HEAD'], { encoding: 'utf8' });
  return r.status === 0 ? { 'process.env.PILOTHOUSE_COMMIT': JSON.stringify(r.stdout.trim()) } : {};
}

/** Bundles the command-line host; ~50 ms. Optional modules stay outside. */
export async function buildHost(outdir = 'dist') {
  ensureGenerated();
  const started = new Date();
  const { outputFiles } = await build({
    write: false,
    entryPoints: { pilothouse: 'electron/host/pilothouse.ts' }, outdir, outExtension: { '.js': '.mjs' },
    bundle: true, platform: 'node', format: 'esm', target: 'node20', splitting: true, chunkNames: 'host-[name]-[hash]', sourcemap: true, logLevel: 'warning', legalComments: 'none', define: commit(),
    external: ['electron'], plugins: [withoutUnused],
    // Packages that are CommonJS need `require`; Node 20 does not have Promise.withResolvers yet.
    banner: { js: "import { createRequire as __createRequire } from 'node:module'; const require = __createRequire(import.meta.url);\nPromise.withResolvers ??= function () { let resolve, reject; const promise = new this((a, b) => { resolve = a; reject = b; }); return { promise, resolve, reject }; };" },
  });
  // A host may be running on these files, or start now: it must never find one half written. So only what is new is written, aside, then named;
  // the entry, which names the others, comes last.
  mkdirSync(outdir, { recursive: true });
  for (const { path, contents } of outputFiles.toSorted((a, b) => Number(a.path.endsWith('pilothouse.mjs')) - Number(b.path.endsWith('pilothouse.mjs')))) {
    if (existsSync(path) && readFileSync(path).equals(contents)) continue;
    const aside = `${path}.${process.pid}`;
    writeFileSync(aside, contents);
    renameSync(aside, path);
  }
  // Tells tests how old the sources are that it was made of, also when nothing had to be written.
  utimesSync(`${outdir}/pilothouse.mjs`, started, started);
}

export async function buildElectron() {
  if (!existsSync('electron/main/main.ts')) return;
  const common = { bundle: true, platform: 'node', target: 'node22', sourcemap: true, logLevel: 'warning', external: ['electron'], plugins: [withoutUnused], define: commit() };
  await build({ ...common, entryPoints: { main: 'electron/main/main.ts', host: 'electron/host/utility.ts' }, outdir: 'dist/electron', format: 'esm', outExtension: { '.js': '.mjs' },
    banner: { js: "import { createRequire as __createRequire } from 'node:module'; const require = __createRequire(import.meta.url);" } });
  await build({ ...common, entryPoints: { preload: 'electron/preload/preload.ts' }, outdir: 'dist/electron', format: 'cjs', outExtension: { '.js': '.cjs' } });
}

export async function buildRenderer() {
  if (!existsSync('renderer/index.html')) return;
  // Called from a test this says "test", and Vite would then bundle React's development build: several times slower.
  process.env.NODE_ENV = 'production';
  const vite = await import('vite');
  await vite.build({ configFile: 'renderer/vite.config.ts', logLevel: 'warn' });
}

if (import.meta.filename === process.argv[1]) {
  const host = process.argv.indexOf('--host');
  await buildHost(host > 0 ? process.argv[host + 1] : undefined);
  if (host < 0) { await buildElectron(); await buildRenderer(); }
}

#!/usr/bin/env node
// Makes the images of resources/examples on top of node:20 (from build.sh): one docker-archive with a shared first layer.
//   examples.mjs              loads them into Docker
//   examples.mjs --out DIR    writes DIR/examples.tar
// Each application has tags v1 and v2 that differ in VERSION alone.
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { cpSync, createReadStream, existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';

const here = dirname(fileURLToPath(import.meta.url)), examples = resolve(here, '../../resources/examples');
const out = process.argv[2] === '--out' ? resolve(process.argv[3]) : undefined;
const force = process.argv.includes('--force');
const APPS = [
  ...['rng', 'hasher', 'worker', 'webui'].map(n => ({ image: `dockercoins/${n}`, from: 'dockercoins', main: `${n}.mjs` })),
  { image: 'kiosk-example', from: 'kiosk', main: 'kiosk.mjs' },
  { image: 'recorder-example', from: 'kiosk', main: 'recorder.mjs' },
  { image: 'kubernetes-bootcamp', from: undefined, main: 'bootcamp.mjs' },
  { image: 'recipe-api', from: undefined, main: 'recipe-api.mjs' },
  { image: 'web-api', from: undefined, main: 'web-api.mjs' },
  // TypeScript and a library: one file is made of them.
  { image: 'memcached-operator', bundle: 'operator/controller/main.ts', main: 'main.mjs' },
];
const TAGS = ['v1', 'v2'];

function run(command, args, options = {}) {
  const r = spawnSync(command, args, { stdio: ['ignore', 'pipe', 'inherit'], ...options });
  if (r.status !== 0) throw new Error(`${command} ${args.join(' ')} failed`);
  return r.stdout?.toString() ?? '';
}
const sha256 = file => new Promise((done, fail) => { const h = createHash('sha256'); createReadStream(file).on('data', d => h.update(d)).on('end', () => done(h.digest('hex'))).on('error', fail); });

/** Of everything that the images are made of: images with another stamp are of other sources, and are made anew. */
const sources = [...['dockercoins/src', 'kiosk/src', 'operator/controller', 'redis-client.mjs'].map(p => join(examples, p)), here, resolve(here, '../../node_modules/@kubernetes/client-node/package.json')]
  .flatMap(p => (statSync(p).isDirectory() ? readdirSync(p, { recursive: true }).filter(f => !f.includes('node_modules')).map(f => join(p, f)) : [p])).filter(p => /\.(ts|mjs|json)$/.test(p)).sort();
const stamp = sources.reduce((h, p) => h.update(readFileSync(p)).update('\0'), createHash('sha256')).digest('hex').slice(0, 16);
const LABEL = 'pilothouse.sources', stampFile = out && join(out, 'examples.stamp');
const stamped = image => spawnSync('docker', ['image', 'inspect', '-f', `{{index .Config.Labels "${LABEL}"}}`, image], { encoding: 'utf8' }).stdout?.trim() === stamp;
const present = out ? existsSync(join(out, 'examples.tar')) && existsSync(stampFile) && readFileSync(stampFile, 'utf8') === stamp : APPS.every(a => TAGS.every(t => stamped(`${a.image}:${t}`)));
if (present && !force) { console.error('present  examples'); process.exit(0); }

const started = Date.now();
const work = mkdtempSync(join(tmpdir(), 'pilothouse-examples-'));
try {
  const base = join(work, 'base'), archive = join(work, 'archive');
  mkdirSync(base); mkdirSync(archive);
  let tar = out && join(out, 'node_20.tar');
  if (!tar || !existsSync(tar)) { run('bash', [join(here, 'build.sh'), '--out', work, 'node:20'], { stdio: ['ignore', 'inherit', 'inherit'] }); tar = join(work, 'node_20.tar'); }
  run('tar', ['-x', '-C', base, '-f', tar]);
  const [{ Config, Layers }] = JSON.parse(readFileSync(join(base, 'manifest.json'), 'utf8'));
  const config = JSON.parse(readFileSync(join(base, Config), 'utf8'));
  run('mv', [join(base, Layers[0]), join(archive, 'node.tar')]);
  const manifest = [];
  for (const app of APPS) {
    const dir = join(work, app.main), key = app.image.replace('/', '-');
    mkdirSync(join(dir, 'app'), { recursive: true });
    if (app.bundle) {
      await build({ entryPoints: [join(examples, app.bundle)], outfile: join(dir, 'app', app.main), bundle: true, platform: 'node', format: 'esm', target: 'node20', logLevel: 'error', banner: { js: "import { createRequire } from 'node:module'; const require = createRequire(import.meta.url);" } });
    } else if (app.from) cpSync(join(examples, app.from, 'src'), join(dir, 'app'), { recursive: true });
    else cpSync(join(here, app.main), join(dir, 'app', app.main));
    cpSync(join(examples, 'redis-client.mjs'), join(dir, 'app', 'redis-client.mjs'));
    run('tar', ['-c', '--numeric-owner', '--owner=0', '--group=0', '--sort=name', '--mtime=@0', '-C', dir, '-f', join(archive, `${key}.tar`), '.']);
    for (const tag of TAGS) {
      const c = structuredClone(config);
      c.config = { ...c.config, Env: [...(c.config.Env ?? []), `VERSION=${tag}`], WorkingDir: '/app', Labels: { [LABEL]: stamp }, Entrypoint: ['node'], Cmd: [app.main] };
      c.rootfs.diff_ids.push(`sha256:${await sha256(join(archive, `${key}.tar`))}`);
      c.history.push({ created: c.created, created_by: 'examples.mjs' });
      writeFileSync(join(archive, `${key}-${tag}.json`), JSON.stringify(c));
      manifest.push({ Config: `${key}-${tag}.json`, RepoTags: [`${app.image}:${tag}`], Layers: ['node.tar', `${key}.tar`] });
    }
  }
  writeFileSync(join(archive, 'manifest.json'), JSON.stringify(manifest));
  const target = join(out ?? work, 'examples.tar');
  run('tar', ['-c', '-C', archive, '-f', `${target}.new`, '.']);
  run('mv', [`${target}.new`, target]);
  if (stampFile) writeFileSync(stampFile, stamp);
  if (!out) run('docker', ['load', '-q', '-i', target]);
  console.error(`built    examples (${APPS.length * TAGS.length} images, ${Date.now() - started} ms)`);
} finally { rmSync(work, { recursive: true, force: true }); }

// electron-builder's --dir packaging, offline: Electron's runtime is replaced by a folder with stand-in files.
import { spawnSync } from 'node:child_process';
import { chmodSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';

const root = join(import.meta.dirname, '../..'), dir = mkdtempSync(join(tmpdir(), 'pilothouse-package-'));
afterAll(() => { rmSync(dir, { recursive: true, force: true }); });
const run = (command: string, args: string[]): string => {
  const r = spawnSync(command, args, { cwd: root, encoding: 'utf8', maxBuffer: 1 << 26, env: { ...process.env, CSC_IDENTITY_AUTO_DISCOVERY: 'false' } });
  if (r.status !== 0) throw new Error(`${command} ${args.join(' ')}: ${r.stdout}${r.stderr}`);
  return r.stdout;
};

describe('packaging', () => {
  it('puts exactly what the app needs into the archive', () => {
    run('node', ['scripts/build.mjs']);
    const runtime = join(dir, 'electron');
    mkdirSync(join(runtime, 'resources'), { recursive: true });
    for (const f of ['electron', 'LICENSE', 'LICENSES.chromium.html', 'version']) writeFileSync(join(runtime, f), f === 'version' ? '45.4.1' : '#!/bin/sh\n');
    chmodSync(join(runtime, 'electron'), 0o755);
    run(join(root, 'node_modules/.bin/electron-builder'), ['--linux', 'dir', '--publish', 'never', '-c.electronDist=' + runtime, '-c.directories.output=' + join(dir, 'out')]);
    const app = join(dir, 'out/linux-unpacked');
    expect(existsSync(join(app, 'pilothouse')) || existsSync(join(app, 'Pilothouse'))).toBe(true);
    const files = run(join(root, 'node_modules/.bin/asar'), ['list', join(app, 'resources/app.asar')]).split('\n');
    for (const f of ['/dist/electron/main.mjs', '/dist/electron/host.mjs', '/dist/electron/preload.cjs', '/dist/renderer/index.html', '/dist/pilothouse.mjs', '/resources/examples/kiosk/30-kiosk.yaml', '/package.json']) expect(files).toContain(f);
    // Sources, tests, maps and everything bundled stay outside.
    expect(files.filter(f => /^\/(core|electron|renderer|test|scripts|docs)\b|\.map$|^\/node_modules\/(react|dockerode|monaco)/.test(f))).toEqual([]);
    const preload = readFileSync(join(root, 'dist/electron/preload.cjs'), 'utf8');
    expect(preload.match(/exposeInMainWorld/g)).toHaveLength(1);
  }, 180_000);

  it('refuses a setting that electron-builder does not know', () => {
    expect(() => run(join(root, 'node_modules/.bin/electron-builder'), ['--linux', 'dir', '-c.nonsense=1', '-c.directories.output=' + join(dir, 'bad')])).toThrow(/nonsense/);
  });
});

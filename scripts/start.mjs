// `npm start`: the app in Electron when its runtime is there, otherwise in the browser from the headless host.
import { spawn } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { buildElectron, buildHost, buildRenderer } from './build.mjs';

/** The Electron executable, or undefined: requiring the package would try to download it. */
function electronBinary() {
  try {
    const dir = dirname(createRequire(import.meta.url).resolve('electron/package.json'));
    const override = process.env.ELECTRON_OVERRIDE_DIST_PATH;
    const name = existsSync(join(dir, 'path.txt')) ? readFileSync(join(dir, 'path.txt'), 'utf8').trim() : process.platform === 'win32' ? 'electron.exe' : process.platform === 'darwin' ? 'Electron.app/Contents/MacOS/Electron' : 'electron';
    const binary = join(override ?? join(dir, 'dist'), name);
    return existsSync(binary) ? binary : undefined;
  } catch { return undefined; }
}

await buildHost();
await buildRenderer();
const electron = electronBinary();
if (electron) {
  await buildElectron();
  spawn(electron, ['.'], { stdio: 'inherit' }).on('exit', code => process.exit(code ?? 1));
} else {
  console.error('Electron\'s runtime is not on this machine (get it with: npx install-electron), so Pilothouse opens in your browser instead.');
  process.argv.splice(1, process.argv.length, 'pilothouse', 'up', '--open', ...process.argv.slice(2));
  await import('../dist/pilothouse.mjs');
}

// Starts the launcher (launcher/launcher.c) and speaks its frames: type, 4 bytes of big-endian length, payload.
import { spawn, type ChildProcess } from 'node:child_process';
import { chmod, mkdir, open, rename, writeFile } from 'node:fs/promises';
import { connect, type Socket } from 'node:net';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import type { Readable } from 'node:stream';
import { PROGRAMS } from './launcher/programs.ts';

export const FRAME = { stdin: 0, stdout: 1, stderr: 2, size: 3, stdinEnd: 4, exit: 5, signal: 6, subscribe: 7 } as const;

/** Whether there is a launcher for this processor. */
export function hasLauncher(): boolean { return PROGRAMS[process.arch] !== undefined; }

/** Writes the launcher below `stateDir` and returns its path. */
export async function installLauncher(stateDir: string): Promise<string> {
  const program = PROGRAMS[process.arch];
  if (program === undefined) throw new Error(`no launcher for ${process.arch}`);
  const path = join(stateDir, 'bin', 'launcher');
  await mkdir(join(stateDir, 'bin'), { recursive: true });
  // A running launcher cannot be written to, but its name can be given to another file.
  const fresh = `${path}.${process.pid}`;
  await writeFile(fresh, gunzipSync(Buffer.from(program, 'base64')));
  await chmod(fresh, 0o755);
  await rename(fresh, path);
  return path;
}

/** One setting of the launcher: its letter (launcher.c, `load`) and value. */
export type Setting = [letter: string, value: string | number];

/** Writes settings as the launcher reads them. Throws on a NUL byte: it would end a value early and begin another. */
export async function writeSettings(path: string, settings: readonly Setting[]): Promise<void> {
  for (const [, v] of settings) if (String(v).includes('\0')) throw new Error('a value contains a NUL byte');
  await writeFile(path, `${settings.map(([k, v]) => `${k}${v}`).join('\0')}\0`, { mode: 0o600 });
}

/** Starts `pod` or `run`, which outlive this process. Resolves when it says that it is ready; throws in its words. */
export async function launch(program: string, args: string[], cwd: string): Promise<void> {
  const child = spawn(program, args, { detached: true, cwd, stdio: ['ignore', 'ignore', 'ignore', 'pipe'], env: {} });
  child.unref();
  const said = await firstWords(child);
  if (!said.startsWith('ok')) throw new Error(said || 'the launcher died');
}

/** What a launcher says on fd 3. */
export function firstWords(child: ChildProcess): Promise<string> {
  return new Promise((resolve, reject) => {
    const out = child.stdio[3] as Readable;
    let said = '';
    out.on('data', (d: Buffer) => { said += d.toString(); if (said === 'ok\n') { resolve(said); out.destroy(); } });
    out.on('close', () => { resolve(said); });
    out.on('error', reject);
    child.once('error', reject);
  });
}

/** A launcher's frames begin with their type and four bytes of length. */
export const HEADER_BYTES = 5;

/** One frame, or several for payloads over 64 KiB. */
export function encodeFrame(type: number, payload: Buffer = Buffer.alloc(0)): Buffer {
  const parts: Buffer[] = [];
  let at = 0;
  do {
    const slice = payload.subarray(at, at + 65_536);
    const header = Buffer.alloc(HEADER_BYTES);
    header[0] = type;
    header.writeUInt32BE(slice.length, 1);
    parts.push(header, slice);
    at += slice.length;
  } while (at < payload.length);
  return parts.length === 2 && payload.length === 0 ? parts[0] as Buffer : Buffer.concat(parts);
}

/** Connects to the `ctl` socket of a launcher. Goes through a descriptor of the folder: socket paths end at 107 bytes, ours may not. */
export async function connectCtl(dir: string): Promise<Socket> {
  const folder = await open(dir, 'r');
  try {
    return await new Promise<Socket>((resolve, reject) => {
      const socket = connect({ path: `/proc/self/fd/${folder.fd}/ctl` });
      socket.once('error', reject);
      socket.once('connect', () => { socket.off('error', reject); resolve(socket); });
    });
  } finally { await folder.close(); }
}

// Memory file systems: one for the node's secrets, one per emptyDir with medium Memory.
import { execFile } from 'node:child_process';
import { mkdir, readFile } from 'node:fs/promises';
import { promisify } from 'node:util';

const run = promisify(execFile);
/** A path as the kernel writes it in its tables of mounts. */
export const unescaped = (path: string): string => path.replaceAll(/\\([0-7]{3})/g, (_, octal: string) => String.fromCharCode(Number.parseInt(octal, 8)));

/** Mount points of this machine below `prefix`, deepest first; none where /proc is missing. */
export async function mountsBelow(prefix: string): Promise<string[]> {
  let text: string;
  try { text = await readFile('/proc/self/mounts', 'utf8'); } catch (e) { if ((e as NodeJS.ErrnoException).code === 'ENOENT') return []; throw e; }
  return text.split('\n').map(l => unescaped(l.split(' ')[1] ?? '')).filter(p => p === prefix || p.startsWith(`${prefix}/`)).sort((a, b) => b.length - a.length);
}

/** Mounts a tmpfs at `dir` unless one is there. Needs root on Linux. */
export async function mountMemory(dir: string, size: number | undefined, mode: string): Promise<void> {
  await mkdir(dir, { recursive: true });
  if ((await mountsBelow(dir)).includes(dir)) return;
  await run('mount', ['-t', 'tmpfs', '-o', `mode=${mode}${size === undefined ? '' : `,size=${size}`}`, 'tmpfs', dir]);
}

/** Unmounts everything at and below `dir`. */
export async function unmountBelow(dir: string): Promise<void> {
  for (const path of await mountsBelow(dir)) await run('umount', ['-l', path]);
}

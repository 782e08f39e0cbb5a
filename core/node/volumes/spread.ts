// Mounts that are to be seen on both sides (mountPropagation). Kubernetes has a node's file systems shared; where a machine has not, the
// directory of the volume alone is made so, by a mount on itself, as long as some pod asks for it.
import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { promisify } from 'node:util';
import { mountsBelow, unescaped } from './memory.ts';
import { giveBack, inUse, use } from './shared-use.ts';

const run = promisify(execFile);
const KIND = 'spread';

/** The mount a path is on, and whether what is mounted below it is told to its peers, or comes from a master. */
async function mountOf(path: string): Promise<{ at: string; shared: boolean; slave: boolean }> {
  let best = { at: '', shared: false, slave: false };
  for (const line of (await readFile('/proc/self/mountinfo', 'utf8')).split('\n')) {
    const fields = line.split(' '), at = unescaped(fields[4] ?? '');
    if (at === '' || (path !== at && !path.startsWith(at === '/' ? '/' : `${at}/`)) || at.length < best.at.length) continue;
    const tags = fields.slice(6, fields.indexOf('-'));
    best = { at, shared: tags.some(t => t.startsWith('shared:')), slave: tags.some(t => t.startsWith('master:')) };
  }
  return best;
}

/**
 * Makes what is mounted below a directory reach containers (`slave`), or also come back from them (`shared`). Answers false where it cannot:
 * the root of a machine that tells nobody of its mounts. Needs root on Linux; throws in the system's words.
 */
export async function makeSpread(path: string, how: 'slave' | 'shared', podDir: string, volume: string): Promise<boolean> {
  const spreads = async (): Promise<boolean> => { const m = await mountOf(path); return m.shared || (how === 'slave' && m.slave); };
  // What the machine has so stays so when its pods go.
  if (!inUse(KIND, path) && await spreads()) return true;
  if (path === '/') {
    if (how === 'slave') return false;
    throw new Error('path "/" is mounted on "/" but it is not a shared mount');
  }
  return use(KIND, path, podDir, volume, async () => {
    if (await spreads()) return true;
    if ((await mountOf(path)).at !== path) await run('mount', ['--bind', path, path]);
    await run('mount', ['--make-shared', path]);
    return true;
  });
}

/** The pod looks through none of them any more. One below which something is still mounted stays: that is what was asked for. */
export const leaveSpread = (podDir: string): Promise<void> => giveBack(KIND, podDir, async path => {
  const mounts = await mountsBelow(path);
  if (mounts.length !== 1) return;
  if (await isOnItself(path)) await run('umount', [path]);
  else if (mounts[0] === path) await run('mount', ['--make-private', path]);
});

/** The last mount at a path shows the same directory of the same file system as lies below it. */
async function isOnItself(path: string): Promise<boolean> {
  const all = (await readFile('/proc/self/mountinfo', 'utf8')).split('\n').map(l => l.split(' ')).filter(f => f.length > 6);
  const top = all.findLast(f => unescaped(f[4]!) === path), below = top && all.find(f => f[0] === top[1]);
  if (!top || !below || top[2] !== below[2]) return false;
  const at = unescaped(below[4]!), root = unescaped(below[3]!), join = (a: string, b: string): string => `${a === '/' ? '' : a}/${b}`.replace(/\/$/, '') || '/';
  return unescaped(top[3]!) === join(root, path.slice(at === '/' ? 1 : at.length + 1));
}

/** A copy of a tree at `dir` of which nothing can be written, whatever is mounted below it. */
export async function bindReadOnly(path: string, dir: string): Promise<void> {
  await run('mount', ['--rbind', '--make-rprivate', path, dir]);
  for (const at of await mountsBelow(dir)) await run('mount', ['-o', 'remount,bind,ro', at]);
}

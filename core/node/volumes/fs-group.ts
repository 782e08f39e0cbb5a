import { chmod, lchown, lstat, readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';

/** What the group may do: read, write, and for directories enter them and have what is made there. */
const WRITE = 0o660, READ = 0o440, DIRECTORY = 0o2110;

/**
 * Gives the tree below `path` to `group`: group id, group read/write (with `readOnly` read alone), set-group-id on directories (fsGroup).
 * Needs root; `onRootMismatch` skips a tree whose top already fits.
 */
export async function giveToGroup(path: string, group: number, onRootMismatch: boolean, readOnly = false): Promise<void> {
  const top = await stat(path), mask = readOnly ? READ : WRITE;
  if (onRootMismatch && top.gid === group && (top.mode & (mask | DIRECTORY)) === (mask | DIRECTORY)) return;
  await walk(path, group, mask);
}

async function walk(path: string, group: number, mask: number): Promise<void> {
  const s = await lstat(path);
  await lchown(path, s.uid, group);
  if (s.isSymbolicLink()) return;
  if (!s.isDirectory()) { await chmod(path, (s.mode & 0o7777) | mask); return; }
  for (const name of await readdir(path)) await walk(join(path, name), group, mask);
  await chmod(path, (s.mode & 0o7777) | mask | DIRECTORY);
}

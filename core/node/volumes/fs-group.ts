import { chmod, lchown, lstat, readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';

/** Gives the tree below `path` to `group`: group id, group read/write, set-group-id on directories (fsGroup). Needs root; `onRootMismatch` skips a tree whose top already fits. */
export async function giveToGroup(path: string, group: number, onRootMismatch: boolean): Promise<void> {
  const top = await stat(path);
  if (onRootMismatch && top.gid === group && (top.mode & 0o2070) === 0o2070) return;
  await walk(path, group);
}

async function walk(path: string, group: number): Promise<void> {
  const s = await lstat(path);
  await lchown(path, s.uid, group);
  if (s.isSymbolicLink()) return;
  if (!s.isDirectory()) { await chmod(path, (s.mode & 0o7777) | (s.mode & 0o200 ? 0o660 : 0o440)); return; }
  for (const name of await readdir(path)) await walk(join(path, name), group);
  await chmod(path, (s.mode & 0o7777) | 0o2770);
}

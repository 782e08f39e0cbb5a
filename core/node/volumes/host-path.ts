import { mkdir, stat, writeFile } from 'node:fs/promises';
import type { Stats } from 'node:fs';
import { VolumeError, type VolumeKind } from './volume.ts';

const CHECKS: Readonly<Record<string, { words: string; is(s: Stats): boolean }>> = {
  Directory: { words: 'a directory', is: s => s.isDirectory() }, File: { words: 'a file', is: s => s.isFile() }, Socket: { words: 'a socket file', is: s => s.isSocket() },
  CharDevice: { words: 'a character device', is: s => s.isCharacterDevice() }, BlockDevice: { words: 'a block device', is: s => s.isBlockDevice() },
};

/** A path of the machine itself, checked or made by its type. */
export const hostPathVolume: VolumeKind = async c => {
  const { path, type = '' } = c.volume.hostPath!;
  let found: Stats | undefined;
  try { found = await stat(path); } catch (e) { const code = (e as NodeJS.ErrnoException).code; if (code !== 'ENOENT' && code !== 'ENOTDIR') throw new VolumeError((e as Error).message); }
  const fail = (words: string): never => { throw new VolumeError(`hostPath type check failed: ${path} is not ${words}`); };
  if (type === 'DirectoryOrCreate') {
    if (!found) await mkdir(path, { recursive: true, mode: 0o755 }); else if (!found.isDirectory()) fail('a directory');
  } else if (type === 'FileOrCreate') {
    if (!found) await writeFile(path, '', { mode: 0o644 }); else if (!found.isFile()) fail('a file');
  } else if (type === '') {
    // As with Docker's binds: what is not there becomes a directory.
    if (!found) await mkdir(path, { recursive: true, mode: 0o755 });
  } else {
    const check = CHECKS[type];
    if (!check) throw new VolumeError(`unknown hostPath type ${type}`);
    if (!found || !check.is(found)) fail(check.words);
  }
  return { hostPath: path, readOnly: false };
};

// Volumes of the cluster's own class: one directory each, or one file for a raw block volume, below the data directory, so that they outlive
// pods, nodes and hosts.
import { execFile } from 'node:child_process';
import { constants } from 'node:fs';
import { chmod, cp, mkdir, open, rm, stat } from 'node:fs/promises';
import { join, resolve, sep } from 'node:path';
import { promisify } from 'node:util';
import type { VolumeDirectories } from '../controllers/volume-provisioner/directories.ts';
import { detach, resized } from '../node/volumes/block-devices.ts';

const run = promisify(execFile);

/** Directories and files below `dataDir`/volumes. Nothing is made before the first volume. */
export function volumeDirectories(dataDir: string): VolumeDirectories {
  const root = resolve(dataDir, 'volumes');
  const ours = (path: string): void => { if (!resolve(path).startsWith(root + sep)) throw new Error(`${path} is not below ${root}: it is left alone`); };
  const isFile = async (path: string): Promise<boolean> => {
    try { return (await stat(path)).isFile(); } catch (e) { if ((e as NodeJS.ErrnoException).code === 'ENOENT') return false; throw e; }
  };
  async function size(path: string, bytes: number): Promise<boolean> {
    const file = await open(path, constants.O_RDWR | constants.O_CREAT, 0o600);
    try {
      if ((await file.stat()).size >= bytes) return false;
      await file.truncate(bytes);
      return true;
    } finally { await file.close(); }
  }
  return {
    async make(name) {
      const path = join(root, name);
      await mkdir(path, { recursive: true, mode: 0o755 });
      // The container's user may be anyone; the data directory above lets nobody else in. mkdir's mode is cut by the umask.
      await chmod(path, 0o777);
      return path;
    },
    async makeFile(name, bytes) {
      const path = join(root, name);
      await mkdir(root, { recursive: true, mode: 0o755 });
      await size(path, bytes);
      return path;
    },
    async growFile(path, bytes) {
      ours(path);
      if (await size(path, bytes) && process.platform === 'linux' && process.getuid?.() === 0) await resized(path);
    },
    async copy(from, to) {
      ours(to);
      const file = await isFile(from);
      // Copies share their blocks where the file system can do that.
      if (process.platform === 'linux') await run('cp', ['-a', '--reflink=auto', '--sparse=always', file ? from : `${from}/.`, to], { maxBuffer: 1 << 24 });
      else await cp(from, to, { recursive: true, preserveTimestamps: true, verbatimSymlinks: true, mode: constants.COPYFILE_FICLONE });
    },
    async remove(path) {
      ours(path);
      // A device left behind would keep the room its file took.
      if (process.platform === 'linux' && process.getuid?.() === 0 && await isFile(path)) await detach(path);
      await rm(path, { recursive: true, force: true });
    },
  };
}

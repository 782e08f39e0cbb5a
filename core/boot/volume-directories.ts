// Volumes of the cluster's own class: one directory each, below the data directory, so that they outlive pods, nodes and hosts.
import { chmod, mkdir, rm } from 'node:fs/promises';
import { join, resolve, sep } from 'node:path';
import type { VolumeDirectories } from '../controllers/volume-provisioner/directories.ts';

/** Directories below `dataDir`/volumes. Nothing is made before the first volume. */
export function volumeDirectories(dataDir: string): VolumeDirectories {
  const root = resolve(dataDir, 'volumes');
  return {
    async make(name) {
      const path = join(root, name);
      await mkdir(path, { recursive: true, mode: 0o755 });
      // The container's user may be anyone; the data directory above lets nobody else in. mkdir's mode is cut by the umask.
      await chmod(path, 0o777);
      return path;
    },
    async remove(path) {
      if (!resolve(path).startsWith(root + sep)) throw new Error(`${path} is not below ${root}: it is left alone`);
      await rm(path, { recursive: true, force: true });
    },
  };
}

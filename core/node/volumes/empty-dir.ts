import { chmod, mkdir } from 'node:fs/promises';
import { wholeOf } from '../../api/meta/quantity.ts';
import { mountMemory, unmountBelow } from './memory.ts';
import { VolumeError, type VolumeKind } from './volume.ts';

/** A directory that lives as long as the pod; with medium Memory a tmpfs of sizeLimit. */
export const emptyDirVolume: VolumeKind = async c => {
  const source = c.volume.emptyDir ?? {};
  await mkdir(c.dir, { recursive: true });
  if (source.medium === 'Memory') {
    if (!c.root) throw new VolumeError('emptyDir with medium Memory needs the node to run as root on Linux');
    const size = wholeOf(source.sizeLimit);
    try { await mountMemory(c.dir, size > 0 ? size : undefined, '1777'); } catch (e) { throw new VolumeError(`mount failed: ${(e as Error).message.trim()}`); }
  }
  // The sticky bit is left off: kubelet gives 0777, and programs of one pod share the directory.
  await chmod(c.dir, 0o777);
  await c.own(c.dir);
  return { hostPath: c.dir, readOnly: false, ...(source.medium === 'Memory' ? { unmount: () => unmountBelow(c.dir) } : {}) };
};

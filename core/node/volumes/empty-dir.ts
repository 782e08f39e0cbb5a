import { chmod, mkdir } from 'node:fs/promises';
import { wholeOf } from '../../api/meta/quantity.ts';
import type { Pod } from '../../api/types/kubernetes.ts';
import { mountMemory, unmountBelow } from './memory.ts';
import { VolumeError, type VolumeKind } from './volume.ts';

/** What all containers of a pod may use together; 0 where one is not limited. */
function podMemory(pod: Pod): number {
  const limits = (pod.spec?.containers ?? []).map(c => wholeOf(c.resources?.limits?.['memory']));
  return limits.every(n => n > 0) ? limits.reduce((a, b) => a + b, 0) : 0;
}

/** A directory that lives as long as the pod; with medium Memory a tmpfs of sizeLimit, but no more than the pod's memory. */
export const emptyDirVolume: VolumeKind = async c => {
  const source = c.volume.emptyDir ?? {};
  await mkdir(c.dir, { recursive: true });
  if (source.medium === 'Memory') {
    if (!c.root) throw new VolumeError('emptyDir with medium Memory needs the node to run as root on Linux');
    const size = Math.min(...[wholeOf(source.sizeLimit), podMemory(c.pod)].filter(n => n > 0));
    try { await mountMemory(c.dir, Number.isFinite(size) ? size : undefined, '1777'); } catch (e) { throw new VolumeError(`mount failed: ${(e as Error).message.trim()}`); }
  }
  // The sticky bit is left off: kubelet gives 0777, and programs of one pod share the directory.
  await chmod(c.dir, 0o777);
  await c.own(c.dir);
  return { hostPath: c.dir, readOnly: false, ...(source.medium === 'Memory' ? { unmount: () => unmountBelow(c.dir) } : {}) };
};

import { stampOf, writeAtomically } from './atomic-dir.ts';
import { VolumeError, configMapData, filesOf, type VolumeKind } from './volume.ts';

let writes = 0;

/** Keys of a ConfigMap as files, following its changes. */
export const configMapVolume: VolumeKind = async c => {
  const source = c.volume.configMap!;
  const refresh = async (): Promise<void> => {
    const found = c.configMap(source.name ?? '');
    if (!found && !source.optional) throw new VolumeError(`configmap "${source.name ?? ''}" not found`);
    const files = found ? filesOf('configmap', configMapData(found), source.items, source.defaultMode ?? 0o644, source.optional ?? false) : new Map();
    await writeAtomically(c.dir, files, stampOf(c.now(), ++writes), path => c.own(path, true));
  };
  await refresh();
  return { hostPath: c.dir, readOnly: true, refresh };
};

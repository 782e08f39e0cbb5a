import { stampOf, writeAtomically } from './atomic-dir.ts';
import { VolumeError, filesOf, secretData, type VolumeKind } from './volume.ts';

let writes = 0;

/** Keys of a Secret as files on a memory file system, following its changes. */
export const secretVolume: VolumeKind = async c => {
  const source = c.volume.secret!;
  const refresh = async (): Promise<void> => {
    const found = c.secret(source.secretName ?? '');
    if (!found && !source.optional) throw new VolumeError(`secret "${source.secretName ?? ''}" not found`);
    const files = found ? filesOf('secret', secretData(found), source.items, source.defaultMode ?? 0o644, source.optional ?? false) : new Map();
    await writeAtomically(c.memoryDir, files, stampOf(c.now(), ++writes), path => c.own(path, true));
  };
  await refresh();
  return { hostPath: c.memoryDir, readOnly: true, refresh };
};

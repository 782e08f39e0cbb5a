import { stampOf, writeAtomically, type PayloadFile } from './atomic-dir.ts';
import { downwardFiles } from './downward-api.ts';
import { VolumeError, configMapData, filesOf, secretData, type VolumeKind } from './volume.ts';

let writes = 0;

/** Several sources in one directory: tokens, configMaps, secrets, downward API; on a memory file system. */
export const projectedVolume: VolumeKind = async c => {
  const mode = c.volume.projected?.defaultMode ?? 0o644;
  const refresh = async (): Promise<void> => {
    const files = new Map<string, PayloadFile>();
    const add = (more: ReadonlyMap<string, PayloadFile>): void => { for (const [path, file] of more) files.set(path, file); };
    for (const s of c.volume.projected?.sources ?? []) {
      if (s.configMap) {
        const found = c.configMap(s.configMap.name ?? '');
        if (!found && !s.configMap.optional) throw new VolumeError(`configmap "${s.configMap.name ?? ''}" not found`);
        if (found) add(filesOf('configmap', configMapData(found), s.configMap.items, mode, s.configMap.optional ?? false));
      } else if (s.secret) {
        const found = c.secret(s.secret.name ?? '');
        if (!found && !s.secret.optional) throw new VolumeError(`secret "${s.secret.name ?? ''}" not found`);
        if (found) add(filesOf('secret', secretData(found), s.secret.items, mode, s.secret.optional ?? false));
      } else if (s.downwardAPI) add(downwardFiles(c.pod, s.downwardAPI.items ?? [], mode, c.facts()));
      else if (s.serviceAccountToken) {
        const token = await c.token(s.serviceAccountToken.audience, s.serviceAccountToken.expirationSeconds ?? 3600);
        // A token is for the container's user alone; where the pod has a group, the group reads it too.
        const shared = c.pod.spec?.securityContext?.fsGroup !== undefined;
        const users = new Set([...c.pod.spec!.containers, ...(c.pod.spec?.initContainers ?? [])].map(x => x.securityContext?.runAsUser ?? c.pod.spec?.securityContext?.runAsUser ?? -1));
        files.set(s.serviceAccountToken.path, { data: Buffer.from(token), mode: shared ? 0o640 : users.size === 1 && [...users][0] === 0 ? 0o600 : 0o644 });
      }
    }
    await writeAtomically(c.memoryDir, files, stampOf(c.now(), ++writes), path => c.own(path, true));
  };
  await refresh();
  return { hostPath: c.memoryDir, readOnly: true, refresh };
};

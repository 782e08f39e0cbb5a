import type { DownwardAPIVolumeFile, Pod } from '../../api/types/kubernetes.ts';
import { fieldValue, resourceValue, type PodFacts } from '../env/field-ref.ts';
import { stampOf, writeAtomically, type PayloadFile } from './atomic-dir.ts';
import { VolumeError, type VolumeKind } from './volume.ts';

let writes = 0;

/** Files of downward-API items. Throws VolumeError. */
export function downwardFiles(pod: Pod, items: readonly DownwardAPIVolumeFile[], mode: number, facts: PodFacts): Map<string, PayloadFile> {
  const out = new Map<string, PayloadFile>();
  for (const i of items) {
    let text = '';
    try {
      if (i.fieldRef) text = fieldValue(pod, i.fieldRef.fieldPath, facts);
      else if (i.resourceFieldRef) {
        const { containerName, resource, divisor } = i.resourceFieldRef;
        const container = [...(pod.spec?.containers ?? []), ...(pod.spec?.initContainers ?? [])].find(x => x.name === containerName);
        if (!container) throw new VolumeError(`container ${containerName ?? ''} not found`);
        text = resourceValue(pod, container, resource, divisor, facts);
      }
    } catch (e) { throw e instanceof VolumeError ? e : new VolumeError((e as Error).message); }
    out.set(i.path, { data: Buffer.from(text), mode: i.mode ?? mode });
  }
  return out;
}

/** Fields of the pod as files; labels and annotations follow their changes. */
export const downwardVolume: VolumeKind = async c => {
  const source = c.volume.downwardAPI!;
  const refresh = async (): Promise<void> => { await writeAtomically(c.dir, downwardFiles(c.pod, source.items ?? [], source.defaultMode ?? 0o644, c.facts()), stampOf(c.now(), ++writes), path => c.own(path, true)); };
  await refresh();
  return { hostPath: c.dir, readOnly: true, refresh };
};

// Which ConfigMaps and Secrets a pod is made of.
import type { Pod } from '../../api/types/kubernetes.ts';

/** Whether the pod has anything of that ConfigMap or Secret: files of a volume, variables, a password for its images. */
export function refersTo(pod: Pod, kind: 'configMap' | 'secret', name: string): boolean {
  const s = pod.spec;
  if (!s) return false;
  for (const v of s.volumes ?? []) {
    if (kind === 'configMap' ? v.configMap?.name === name : v.secret?.secretName === name) return true;
    if (v.projected?.sources?.some(p => p[kind]?.name === name)) return true;
  }
  if (kind === 'secret' && s.imagePullSecrets?.some(i => i.name === name)) return true;
  const key = kind === 'configMap' ? 'configMapKeyRef' : 'secretKeyRef', ref = kind === 'configMap' ? 'configMapRef' : 'secretRef';
  for (const c of [...s.initContainers ?? [], ...s.containers, ...s.ephemeralContainers ?? []]) {
    if (c.env?.some(e => e.valueFrom?.[key]?.name === name) || c.envFrom?.some(e => e[ref]?.name === name)) return true;
  }
  return false;
}

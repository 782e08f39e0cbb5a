// What a pod spec may ask for and this node cannot do: refused by an event and a waiting reason, never ignored.
// test/contract/pod-fields.test.ts holds the whole list of fields against it.
import type { AppArmorProfile, Container, Pod, SeccompProfile, Volume } from '../api/types/kubernetes.ts';

const VOLUMES = new Set(['emptyDir', 'hostPath', 'configMap', 'secret', 'downwardAPI', 'projected', 'persistentVolumeClaim', 'ephemeral', 'image', 'nfs', 'csi']);
const PLAIN = new Set(['cpu', 'memory', 'ephemeral-storage']);
/** Extended resources are the scheduler's to count: kubelet runs the pod, whether the node has said that it has them or not. */
const isKnown = (resource: string): boolean => PLAIN.has(resource) || (resource.includes('/') && !/(^|\.)kubernetes\.io\//.test(resource));

/** The volume's kind: `emptyDir`, `nfs`…; emptyDir when the source is empty, as Kubernetes defaults it. */
export const volumeKind = (v: Volume): string => Object.entries(v).find(([k, source]) => k !== 'name' && source !== undefined)?.[0] ?? 'emptyDir';

interface Profiles { seccompProfile?: SeccompProfile; appArmorProfile?: AppArmorProfile; seLinuxOptions?: unknown; windowsOptions?: unknown }
function ofSecurity(s: Profiles | undefined, at: string, appArmor: boolean, seLinux: boolean): string[] {
  const out: string[] = [];
  // Where nothing is labelled, labels mean nothing, as with every other runtime.
  if (seLinux && s?.seLinuxOptions) out.push(`${at}seLinuxOptions are not supported by this node`);
  if (s?.windowsOptions) out.push(`${at}windowsOptions are not supported by this node`);
  if (s?.seccompProfile?.type === 'Localhost') out.push(`${at}seccomp profile ${s.seccompProfile.localhostProfile ?? ''}: this node has RuntimeDefault and Unconfined only`);
  // Unconfined is what every container is where nothing confines it.
  const profile = s?.appArmorProfile;
  if (!appArmor && profile && profile.type !== 'Unconfined') out.push(`${at}AppArmor profile ${profile.localhostProfile ?? profile.type}: cannot enforce AppArmor: AppArmor is not enabled on the host`);
  return out;
}

/** One sentence per thing that cannot be done here; empty when all can. `linux`: this machine runs Linux; `appArmor`: its runtime enforces profiles; `seLinux`: it enforces SELinux, and its runtime sets no labels. */
export function unsupported(pod: Pod, linux: boolean, appArmor = false, seLinux = false): string[] {
  const s = pod.spec; const out: string[] = [];
  if (!s) return out;
  for (const v of s.volumes ?? []) {
    const kind = volumeKind(v);
    if (!VOLUMES.has(kind)) out.push(`volume "${v.name}" is of type ${kind}, which this node cannot mount`);
    if (kind === 'projected') for (const p of v.projected?.sources ?? []) {
      if (p.clusterTrustBundle) out.push(`volume "${v.name}" projects a clusterTrustBundle, which this node cannot mount`);
      if (p.podCertificate) out.push(`volume "${v.name}" projects a podCertificate, which this node cannot mount`);
    }
    const medium = v.emptyDir?.medium;
    if (medium?.startsWith('HugePages')) out.push(`volume "${v.name}" asks for medium ${medium}, which this node cannot mount`);
  }
  if (s.os?.name === 'windows') out.push('spec.os.name is windows: this node runs Linux containers');
  if (s.runtimeClassName) out.push(`runtimeClassName ${s.runtimeClassName} is not configured on this node`);
  if (s.hostUsers === false) out.push('hostUsers: false (user namespaces) is not supported by this node');
  if (s.schedulingGroup) out.push('schedulingGroup (pods that start together or not at all) is not supported by this node');
  if (s.resourceClaims?.length) out.push('resourceClaims (dynamic resource allocation) are not supported by this node');
  for (const name of Object.keys({ ...s.resources?.limits, ...s.resources?.requests })) if (!isKnown(name)) out.push(`resource ${name} of the pod is not offered by this node`);
  const sc = s.securityContext;
  out.push(...ofSecurity(sc, '', appArmor, seLinux));
  for (const c of [...(s.initContainers ?? []), ...s.containers]) out.push(...unsupportedContainer(c, appArmor, seLinux));
  if (!linux && (s.volumes ?? []).some(v => v.emptyDir?.medium === 'Memory')) out.push('emptyDir with medium Memory needs a Linux node');
  return out;
}

/** The same for one container. */
export function unsupportedContainer(c: Container, appArmor = false, seLinux = false): string[] {
  const out: string[] = []; const at = `container "${c.name}"`;
  const sc = c.securityContext;
  out.push(...ofSecurity(sc, `${at}: `, appArmor, seLinux));
  if (sc?.procMount && sc.procMount !== 'Default') out.push(`${at}: procMount ${sc.procMount} is not supported by this node`);
  for (const name of Object.keys({ ...c.resources?.limits, ...c.resources?.requests })) if (!isKnown(name)) out.push(`${at}: resource ${name} is not offered by this node`);
  if (c.resources?.claims?.length) out.push(`${at}: resource claims are not supported by this node`);
  return out;
}

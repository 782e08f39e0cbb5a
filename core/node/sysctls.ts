// Which kernel settings a pod may have of its own: kubelet's safe ones, where the pod has the namespace they belong to.
import type { Pod } from '../api/types/kubernetes.ts';

/** Namespaced, and without effect on other pods or the machine. */
const SAFE: ReadonlyMap<string, 'ipc' | 'net'> = new Map([
  ['kernel.shm_rmid_forced', 'ipc'],
  ...['ip_local_port_range', 'tcp_syncookies', 'ping_group_range', 'ip_unprivileged_port_start', 'ip_local_reserved_ports', 'tcp_keepalive_time', 'tcp_fin_timeout', 'tcp_keepalive_intvl', 'tcp_keepalive_probes', 'tcp_rmem', 'tcp_wmem'].map((n): [string, 'net'] => [`net.ipv4.${n}`, 'net']),
]);

/** Why a pod may not run here for a sysctl it asks for, in kubelet's words. */
export function forbiddenSysctl(pod: Pod): { reason: string; message: string } | undefined {
  const s = pod.spec, no = (why: string): { reason: string; message: string } => ({ reason: 'SysctlForbidden', message: `forbidden sysctl: ${why}` });
  for (const { name } of s?.securityContext?.sysctls ?? []) {
    // Slashes are another way to write the dots.
    const dotted = name.replaceAll('/', '.'), namespace = SAFE.get(dotted);
    if (!namespace) return no(`"${name}" not allowlisted`);
    if (namespace === 'net' && s?.hostNetwork) return no(`"${name}" not allowed with host net enabled`);
    if (namespace === 'ipc' && s?.hostIPC) return no(`"${name}" not allowed with host ipc enabled`);
  }
  return undefined;
}

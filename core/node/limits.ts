// Requests, limits and security contexts of the API as what a runtime applies.
import { qosClass } from '../api/meta/pod.ts';
import { millisOf, wholeOf } from '../api/meta/quantity.ts';
import type { Container, Pod, ResourceRequirements } from '../api/types/kubernetes.ts';
import { ConfigError } from './env/env.ts';
import type { ImageStatus, Resources, Security } from './runtime/runtime.ts';

/** cpu.shares of a request in thousandths of a core; the kernel's least is 2. */
const shares = (m: number): number => Math.min(262_144, Math.max(2, Math.floor((m * 1024) / 1000)));

/**
 * OOM score of kubelet's table, but never negative: Guaranteed pods stay the last pods to be killed, while the user's own
 * programs on the same desktop are not killed before them; and lowering a score needs a capability many machines lack.
 */
function oomScore(pod: Pod, r: ResourceRequirements | undefined, machineMemory: number): number {
  const qos = qosClass(pod.spec!);
  if (qos === 'Guaranteed') return 0;
  if (qos === 'BestEffort') return 1000;
  const request = wholeOf(r?.requests?.['memory'] ?? r?.limits?.['memory'] ?? '0');
  return Math.min(999, Math.max(3, 1000 - Math.floor((1000 * request) / machineMemory)));
}

/** What the runtime applies: shares, limits in thousandths of a core and bytes, OOM score. `machineMemory` in bytes. */
export function containerResources(pod: Pod, c: Container, machineMemory: number): Resources {
  const { limits, requests } = c.resources ?? {};
  const cpu = requests?.['cpu'] ?? limits?.['cpu'];
  return {
    cpuShares: cpu === undefined ? 2 : shares(millisOf(cpu)),
    ...(limits?.['cpu'] === undefined ? {} : { cpuLimitMilli: millisOf(limits['cpu']) }),
    ...(limits?.['memory'] === undefined ? {} : { memoryLimitBytes: wholeOf(limits['memory']) }),
    ...(requests?.['memory'] === undefined ? {} : { memoryRequestBytes: wholeOf(requests['memory']) }),
    oomScoreAdj: oomScore(pod, c.resources, machineMemory),
  };
}

/** Merged security context of pod and container. Throws ConfigError where runAsNonRoot cannot be kept. */
export function containerSecurity(pod: Pod, c: Container, image: ImageStatus, fsGroup: number | undefined): Security {
  const p = pod.spec?.securityContext; const s = c.securityContext;
  const user = s?.runAsUser ?? p?.runAsUser;
  const group = s?.runAsGroup ?? p?.runAsGroup;
  if (s?.runAsNonRoot ?? p?.runAsNonRoot) {
    const who = `(pod: "${podLabel(pod)}", container: ${c.name})`;
    if (user === 0) throw new ConfigError(`container's runAsUser breaks non-root policy ${who}`);
    if (user === undefined) {
      const name = image.user.split(':')[0] ?? '';
      if (name === '' || name === '0') throw new ConfigError(`container has runAsNonRoot and image will run as root ${who}`);
      if (!/^\d+$/.test(name)) throw new ConfigError(`container has runAsNonRoot and image has non-numeric user (${name}), cannot verify user is non-root ${who}`);
    }
  }
  const seccomp = s?.seccompProfile ?? p?.seccompProfile;
  const appArmor = s?.appArmorProfile ?? p?.appArmorProfile;
  const privileged = s?.privileged ?? false;
  return {
    privileged,
    readOnlyRootFilesystem: s?.readOnlyRootFilesystem ?? false,
    noNewPrivileges: s?.allowPrivilegeEscalation === false,
    ...(user === undefined ? {} : { runAsUser: user }), ...(group === undefined ? {} : { runAsGroup: group }),
    supplementalGroups: [...new Set([...(p?.supplementalGroups ?? []), ...(fsGroup === undefined ? [] : [fsGroup])])],
    capAdd: (s?.capabilities?.add ?? []).map(x => x.replace(/^CAP_/, '')), capDrop: (s?.capabilities?.drop ?? []).map(x => x.replace(/^CAP_/, '')),
    ...(privileged || !seccomp ? {} : { seccomp: seccomp.type === 'Localhost' ? seccomp.localhostProfile ?? '' : seccomp.type }),
    ...(!appArmor || appArmor.type === 'RuntimeDefault' ? {} : { appArmor: appArmor.type === 'Localhost' ? appArmor.localhostProfile ?? '' : appArmor.type }),
  };
}

/** `name_namespace(uid)`, as kubelet's messages name a pod. */
export const podLabel = (pod: Pod): string => `${pod.metadata?.name ?? ''}_${pod.metadata?.namespace ?? ''}(${pod.metadata?.uid ?? ''})`;

// Requests, limits and security contexts of the API as what a runtime applies.
import { isSidecar, podAmounts, qosClass } from '../api/meta/pod.ts';
import { millisOf, wholeOf } from '../api/meta/quantity.ts';
import type { Container, Pod, ResourceRequirements } from '../api/types/kubernetes.ts';
import { ConfigError } from './env/env.ts';
import { hasPodLevel, limitsOf } from './resize.ts';
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
  const asked = (x: ResourceRequirements | undefined): number => wholeOf(x?.requests?.['memory'] ?? x?.limits?.['memory'] ?? '0');
  const request = asked(r) + unassigned(pod);
  return Math.min(999, Math.max(3, 1000 - Math.floor((1000 * request) / machineMemory)));
}

/** A container's share of the memory its pod asks for and no container does. */
function unassigned(pod: Pod): number {
  const whole = pod.spec?.resources?.requests?.['memory'];
  if (whole === undefined) return 0;
  const { resources: _, ...bare } = pod.spec!;
  const count = bare.containers.length + (bare.initContainers ?? []).filter(isSidecar).length;
  return Math.max(0, Math.floor((wholeOf(whole) - (podAmounts(bare)['memory'] ?? 0)) / count));
}

/** What the runtime applies: shares, limits in thousandths of a core and bytes (the pod's where the container has none), OOM score. `machineMemory` in bytes. */
export function containerResources(pod: Pod, c: Container, machineMemory: number): Resources {
  const { requests } = c.resources ?? {}, limits = limitsOf(c.resources, pod.spec?.resources);
  const cpu = requests?.['cpu'] ?? limits['cpu'];
  return {
    cpuShares: cpu === undefined ? 2 : shares(millisOf(cpu)),
    ...limitFields(limits),
    ...(requests?.['memory'] === undefined ? {} : { memoryRequestBytes: wholeOf(requests['memory']) }),
    oomScoreAdj: oomScore(pod, c.resources, machineMemory),
  };
}

const limitFields = (limits: Record<string, string> | undefined): Resources => ({
  ...(limits?.['cpu'] === undefined ? {} : { cpuLimitMilli: millisOf(limits['cpu']) }),
  ...(limits?.['memory'] === undefined ? {} : { memoryLimitBytes: wholeOf(limits['memory']) }),
});

/** What the runtime applies to a pod as a whole; nothing where it asks for nothing as a whole. */
export function podResources(pod: Pod): Resources {
  if (!hasPodLevel(pod)) return {};
  const { requests, limits } = pod.spec!.resources!;
  const cpu = requests?.['cpu'] ?? limits?.['cpu'];
  return { cpuShares: cpu === undefined ? shares(podAmounts(pod.spec!)['cpu'] ?? 0) : shares(millisOf(cpu)), ...limitFields(limits) };
}

/** Merged security context of pod and container; `groups`: those of its volumes. Throws ConfigError where runAsNonRoot cannot be kept. */
export function containerSecurity(pod: Pod, c: Container, image: ImageStatus, groups: readonly number[]): Security {
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
  const privileged = s?.privileged ?? false, labels = { ...p?.seLinuxOptions, ...s?.seLinuxOptions };
  return {
    privileged,
    readOnlyRootFilesystem: s?.readOnlyRootFilesystem ?? false,
    noNewPrivileges: s?.allowPrivilegeEscalation === false,
    ...(user === undefined ? {} : { runAsUser: user }), ...(group === undefined ? {} : { runAsGroup: group }),
    ...(p?.supplementalGroupsPolicy === 'Strict' ? { strictGroups: true } : {}),
    supplementalGroups: [...new Set([...(p?.supplementalGroups ?? []), ...groups])],
    capAdd: (s?.capabilities?.add ?? []).map(x => x.replace(/^CAP_/, '')), capDrop: (s?.capabilities?.drop ?? []).map(x => x.replace(/^CAP_/, '')),
    ...(privileged || !seccomp ? {} : { seccomp: seccomp.type === 'Localhost' ? seccomp.localhostProfile ?? '' : seccomp.type }),
    ...(Object.keys(labels).length === 0 ? {} : { seLinux: labels }),
    ...(!appArmor || appArmor.type === 'RuntimeDefault' ? {} : { appArmor: appArmor.type === 'Localhost' ? appArmor.localhostProfile ?? '' : appArmor.type }),
  };
}

/** `name_namespace(uid)`, as kubelet's messages name a pod. */
export const podLabel = (pod: Pod): string => `${pod.metadata?.name ?? ''}_${pod.metadata?.namespace ?? ''}(${pod.metadata?.uid ?? ''})`;

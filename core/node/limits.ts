// Requests, limits and security contexts of the API as what a runtime applies.
import type { Container, Pod, ResourceRequirements } from '../api/types/kubernetes.ts';
import { ConfigError } from './env/env.ts';
import { bytes, milli } from './quantity.ts';
import type { ImageStatus, Resources, Security } from './runtime/runtime.ts';

export type QosClass = 'Guaranteed' | 'Burstable' | 'BestEffort';

/** Kubernetes' quality-of-service class (GetPodQOS): Guaranteed when every container's cpu and memory limits equal its requests. */
export function qosOf(pod: Pod): QosClass {
  const all = [...(pod.spec?.containers ?? []), ...(pod.spec?.initContainers ?? [])];
  let any = false; let guaranteed = all.length > 0;
  for (const c of all) {
    for (const r of ['cpu', 'memory']) {
      const limit = c.resources?.limits?.[r]; const request = c.resources?.requests?.[r] ?? limit;
      if ((limit !== undefined && milli(limit) > 0) || (request !== undefined && milli(request) > 0)) any = true;
      if (limit === undefined || request === undefined || milli(limit) !== milli(request)) guaranteed = false;
    }
  }
  return !any ? 'BestEffort' : guaranteed ? 'Guaranteed' : 'Burstable';
}

/** cpu.shares of a request in thousandths of a core; the kernel's least is 2. */
const shares = (m: number): number => Math.min(262_144, Math.max(2, Math.floor((m * 1024) / 1000)));

/**
 * OOM score of kubelet's table, but never negative: Guaranteed pods stay the last pods to be killed, while the user's own
 * programs on the same desktop are not killed before them; and lowering a score needs a capability many machines lack.
 */
function oomScore(pod: Pod, r: ResourceRequirements | undefined, machineMemory: number): number {
  const qos = qosOf(pod);
  if (qos === 'Guaranteed') return 0;
  if (qos === 'BestEffort') return 1000;
  const request = bytes(r?.requests?.['memory'] ?? r?.limits?.['memory'] ?? '0');
  return Math.min(999, Math.max(3, 1000 - Math.floor((1000 * request) / machineMemory)));
}

export function containerResources(pod: Pod, c: Container, machineMemory: number): Resources {
  const { limits, requests } = c.resources ?? {};
  const cpu = requests?.['cpu'] ?? limits?.['cpu'];
  return {
    cpuShares: cpu === undefined ? 2 : shares(milli(cpu)),
    ...(limits?.['cpu'] === undefined ? {} : { cpuLimitMilli: milli(limits['cpu']) }),
    ...(limits?.['memory'] === undefined ? {} : { memoryLimitBytes: bytes(limits['memory']) }),
    ...(requests?.['memory'] === undefined ? {} : { memoryRequestBytes: bytes(requests['memory']) }),
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
  const seccomp = (s?.seccompProfile ?? p?.seccompProfile) as { type: string; localhostProfile?: string } | undefined;
  const privileged = s?.privileged ?? false;
  return {
    privileged,
    readOnlyRootFilesystem: s?.readOnlyRootFilesystem ?? false,
    noNewPrivileges: s?.allowPrivilegeEscalation === false,
    ...(user === undefined ? {} : { runAsUser: user }), ...(group === undefined ? {} : { runAsGroup: group }),
    supplementalGroups: [...new Set([...(p?.supplementalGroups ?? []), ...(fsGroup === undefined ? [] : [fsGroup])])],
    capAdd: (s?.capabilities?.add ?? []).map(x => x.replace(/^CAP_/, '')), capDrop: (s?.capabilities?.drop ?? []).map(x => x.replace(/^CAP_/, '')),
    ...(privileged || !seccomp ? {} : { seccomp: seccomp.type === 'Localhost' ? seccomp.localhostProfile ?? '' : seccomp.type }),
  };
}

/** `name_namespace(uid)`, as kubelet's messages name a pod. */
export const podLabel = (pod: Pod): string => `${pod.metadata?.name ?? ''}_${pod.metadata?.namespace ?? ''}(${pod.metadata?.uid ?? ''})`;

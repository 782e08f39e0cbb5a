// Names and labels of what we run on Docker. The `k8s_` names are the ones operators and tools know from the kubelet's own Docker days.
import type { RuntimeConfig } from '../runtime.ts';

export const LABEL = {
  cluster: 'io.pilothouse.cluster', node: 'io.pilothouse.node', type: 'io.kubernetes.docker.type', sandbox: 'io.kubernetes.sandbox.id',
  podName: 'io.kubernetes.pod.name', podNamespace: 'io.kubernetes.pod.namespace', podUid: 'io.kubernetes.pod.uid',
  containerName: 'io.kubernetes.container.name', attempt: 'io.pilothouse.attempt', ip: 'io.pilothouse.ip', image: 'io.pilothouse.image',
  /** The agent's own labels, as JSON: they come back exactly as given, whatever else is on the container. */
  agent: 'io.pilothouse.labels', sharedPid: 'io.pilothouse.share-pid',
} as const;

export interface PodIdentity { podName: string; podNamespace: string; podUid: string }

/** `k8s_POD_<pod>_<namespace>_<uid>_<attempt>`. */
export function sandboxName(pod: PodIdentity, attempt: number): string {
  return `k8s_POD_${pod.podName}_${pod.podNamespace}_${pod.podUid}_${attempt}`;
}

/** `k8s_<container>_<pod>_<namespace>_<uid>_<attempt>`. */
export function containerName(name: string, pod: PodIdentity, attempt: number): string {
  return `k8s_${name}_${pod.podName}_${pod.podNamespace}_${pod.podUid}_${attempt}`;
}

/** Name of the cluster's bridge network. */
export function networkName(clusterId: string): string { return `pilothouse-${clusterId}`; }

/** Name of the host's bridge interface: 15 bytes at most, the kernel's limit. */
export function bridgeName(clusterId: string): string { return `ph-${clusterId}`.slice(0, 15); }

/** The filter that selects this node's containers, and no others. */
export function ownLabels(config: Pick<RuntimeConfig, 'clusterId' | 'nodeName'>): string[] {
  return [`${LABEL.cluster}=${config.clusterId}`, `${LABEL.node}=${config.nodeName}`];
}

/** The agent's labels as it gave them. */
export function agentLabels(labels: Record<string, string>): Record<string, string> {
  const raw = labels[LABEL.agent];
  return raw === undefined ? {} : JSON.parse(raw) as Record<string, string>;
}

// What a pod asks of nodes themselves.
import { termMatchesNode } from '../api/meta/node-match.ts';
import type { NodeSelectorTerm } from '../api/types/kubernetes.ts';
import type { NodeInfo } from './node-info.ts';
import type { PodInfo } from './pod-info.ts';

export const termMatches = (t: NodeSelectorTerm, n: NodeInfo): boolean => n.node !== undefined && termMatchesNode(t, n.node);

/** What the pod's nodeSelector and required node affinity say of a node; undefined when they say nothing of any. */
export function nodeSelection(pod: PodInfo): ((n: NodeInfo) => boolean) | undefined {
  const selector = Object.entries(pod.pod.spec?.nodeSelector ?? {});
  const terms = pod.pod.spec?.affinity?.nodeAffinity?.requiredDuringSchedulingIgnoredDuringExecution?.nodeSelectorTerms;
  if (selector.length === 0 && !terms) return undefined;
  return n => selector.every(([k, v]) => n.labels[k] === v) && (!terms || terms.some(t => termMatches(t, n)));
}

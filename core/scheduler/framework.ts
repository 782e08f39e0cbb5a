// The words between the scheduling loop and its plugins.
import type { PodInfo } from './pod-info.ts';
import type { NodeInfo, Snapshot } from './snapshot.ts';

/** Why a node will not do. `fixed`: taking pods off the node would not change it, so preemption need not look. */
export interface Refusal { readonly reasons: readonly string[]; readonly fixed: boolean }

/** What happened in the cluster, as far as it can make an unschedulable pod schedulable. */
export type ClusterEvent = 'node-added' | 'node-resources' | 'node-labels' | 'node-taints' | 'pod-removed' | 'pod-placed' | 'pod-labels' | 'claim-changed';

/** Bound to one pod: everything that depends on the pod alone is computed once, before the nodes are walked. */
export interface PodFilter { filter(node: NodeInfo): Refusal | undefined }

export interface FilterPlugin {
  readonly name: string;
  /** Undefined when this pod has nothing this plugin would look at. */
  prepare(pod: PodInfo, snapshot: Snapshot): PodFilter | undefined;
  /** Events after which a pod this plugin refused is worth another try. */
  readonly events: readonly ClusterEvent[];
}

export interface ScorePlugin {
  readonly name: string;
  readonly weight: number;
  /** Raw scores of `nodes`, in order; undefined when all would be alike. `normalize` says how they become 0..100. */
  score(pod: PodInfo, nodes: readonly NodeInfo[], snapshot: Snapshot): number[] | undefined;
}

/** Scales to 0..100 by the largest; `reversed` when fewer is better. */
export function normalized(scores: number[], reversed = false): number[] {
  const max = Math.max(0, ...scores);
  return scores.map(s => { const share = max === 0 ? 0 : (s * 100) / max; return Math.trunc(reversed ? 100 - share : share); });
}
/** Scales so that the smallest becomes 0 and the largest 100. */
export function spread(scores: number[]): number[] {
  const max = Math.max(...scores);
  const min = Math.min(...scores);
  return scores.map(s => (max === min ? 0 : Math.trunc((100 * (s - min)) / (max - min))));
}

// Which plugins run, in which order. The first filter that refuses a node names the reason, so the order shows in messages.
import type { FilterPlugin, ScorePlugin } from './framework.ts';
import { nodeAffinity, nodeName, nodeUnschedulable, preferredNodeAffinity, preferUntainted, taintToleration } from './plugins/node-basics.ts';
import { balancedAllocation, imageLocality, leastAllocated, nodePorts, nodeResourcesFit } from './plugins/resources.ts';
import { interPodAffinity, ownerSpread, preferredPodAffinity, preferredSpread, topologySpread } from './plugins/spreading.ts';

export const filters: readonly FilterPlugin[] = [nodeUnschedulable, nodeName, taintToleration, nodeAffinity, nodePorts, nodeResourcesFit, topologySpread, interPodAffinity];
export const scores: readonly ScorePlugin[] = [
  preferUntainted, preferredNodeAffinity, leastAllocated, ownerSpread, preferredSpread, preferredPodAffinity, balancedAllocation, imageLocality,
];

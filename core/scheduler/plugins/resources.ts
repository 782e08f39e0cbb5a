// Room on the node: resources, number of pods, host ports; and which node's room is best used.
import type { FilterPlugin, ScorePlugin } from '../framework.ts';
import type { NodeInfo } from '../snapshot.ts';

export const nodePorts: FilterPlugin = {
  name: 'NodePorts', events: ['node-added', 'pod-removed'],
  prepare(pod) {
    if (pod.hostPorts.length === 0) return undefined;
    const no = { reasons: ["node(s) didn't have free ports for the requested pod ports"], fixed: false };
    return { filter: n => (pod.hostPorts.some(h => n.portTaken(h)) ? no : undefined) };
  },
};

export const nodeResourcesFit: FilterPlugin = {
  name: 'NodeResourcesFit', events: ['node-added', 'node-resources', 'pod-removed'],
  prepare(pod) {
    const wanted = [...pod.requests].filter(([, n]) => n > 0);
    return {
      filter(n) {
        let reasons: string[] | undefined;
        let fixed = false;
        if (n.pods.size + 1 > n.maxPods) (reasons ??= []).push('Too many pods');
        for (const [resource, want] of wanted) {
          const has = n.allocatable.get(resource) ?? 0;
          if (want <= has - (n.requested.get(resource) ?? 0)) continue;
          (reasons ??= []).push(`Insufficient ${resource}`);
          // Even an empty node of this size would not do.
          if (want > has) fixed = true;
        }
        return reasons && { reasons, fixed };
      },
    };
  },
};

const share = (n: NodeInfo, resource: string, want: number): number | undefined => {
  const has = n.allocatable.get(resource) ?? 0;
  return has > 0 ? Math.min(1, ((n.scoreRequested.get(resource) ?? 0) + want) / has) : undefined;
};

/** The emptier node, CPU and memory counting alike. */
export const leastAllocated: ScorePlugin = {
  name: 'NodeResourcesFit', weight: 1,
  score: (pod, nodes) => nodes.map(n => {
    const cpu = share(n, 'cpu', pod.scoreRequests.get('cpu') ?? 0);
    const memory = share(n, 'memory', pod.scoreRequests.get('memory') ?? 0);
    const free = [cpu, memory].filter(s => s !== undefined).map(s => Math.trunc((1 - s) * 100));
    return free.length ? Math.trunc(free.reduce((a, b) => a + b, 0) / free.length) : 0;
  }),
};

/** The node on which CPU and memory end up used in like shares. */
export const balancedAllocation: ScorePlugin = {
  name: 'NodeResourcesBalancedAllocation', weight: 1,
  score: (pod, nodes) => nodes.map(n => {
    const cpu = share(n, 'cpu', pod.scoreRequests.get('cpu') ?? 0);
    const memory = share(n, 'memory', pod.scoreRequests.get('memory') ?? 0);
    return cpu === undefined || memory === undefined ? 100 : Math.trunc((1 - Math.abs(cpu - memory) / 2) * 100);
  }),
};

const MB = 1024 * 1024;
/** A node that has the images already; rare images count less, as they do upstream. */
export const imageLocality: ScorePlugin = {
  name: 'ImageLocality', weight: 1,
  score(pod, nodes) {
    const containers = pod.pod.spec?.containers ?? [];
    const names = containers.map(c => c.image ?? '').filter(Boolean).map(i => (/[:@][^/]*$/.test(i) ? i : `${i}:latest`));
    const have = names.map(i => nodes.filter(n => n.images.has(i)).length);
    if (have.every(n => n === 0 || n === nodes.length)) return undefined;
    return nodes.map(n => {
      const bytes = names.reduce((sum, i, at) => sum + Math.trunc((n.images.get(i) ?? 0) * (have[at]! / nodes.length)), 0);
      const max = 1000 * MB * Math.max(1, containers.length);
      const clamped = Math.min(Math.max(bytes, 23 * MB), max);
      return Math.trunc((100 * (clamped - 23 * MB)) / (max - 23 * MB));
    });
  },
};

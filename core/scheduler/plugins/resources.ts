// Room on the node: resources, number of pods; and which node's room is best used.
import type { Plugin, Refusal } from '../framework.ts';
import type { NodeInfo } from '../node-info.ts';
import type { PodInfo } from '../pod-info.ts';

const NO_PORTS: Refusal = { reasons: ["node(s) didn't have free ports for the requested pod ports"], fixed: false };
export const nodePorts: Plugin = {
  name: 'NodePorts',
  events: { 'node-added': true, 'pod-removed': (pod, e) => !e.pod || e.pod.hostPorts.some(a => pod.hostPorts.some(b => a.port === b.port && a.protocol === b.protocol)) },
  preFilter({ pod }) {
    if (pod.hostPorts.length === 0) return undefined;
    return { filter: n => (pod.hostPorts.some(h => n.portTaken(h)) ? NO_PORTS : undefined) };
  },
};

export interface ResourceWeight { readonly name: string; readonly weight: number }
/** Arguments as in NodeResourcesFitArgs. */
export interface NodeResourcesFitArgs {
  /** Extended resources that are somebody else's business: names, or groups (what stands before the slash). */
  readonly ignoredResources?: readonly string[];
  readonly ignoredResourceGroups?: readonly string[];
  readonly scoringStrategy?: {
    readonly type?: 'LeastAllocated' | 'MostAllocated' | 'RequestedToCapacityRatio';
    readonly resources?: readonly ResourceWeight[];
    /** Utilization (0..100) and the score (0..10) there, ascending; straight lines between. */
    readonly shape?: readonly { readonly utilization: number; readonly score: number }[];
  };
}
const CPU_AND_MEMORY: readonly ResourceWeight[] = [{ name: 'cpu', weight: 1 }, { name: 'memory', weight: 1 }];

/** Whether an empty node of that size would do. */
const bigEnough = (pod: PodInfo, n: NodeInfo): boolean => [...pod.requests].every(([r, want]) => want <= (n.allocatable.get(r) ?? 0));
const may = (pod: PodInfo, e: { node?: NodeInfo | undefined }): boolean => !e.node || bigEnough(pod, e.node);

export function nodeResourcesFit(args: NodeResourcesFitArgs = {}): Plugin {
  const ignoredNames = new Set(args.ignoredResources), ignoredGroups = new Set(args.ignoredResourceGroups);
  const ignored = (r: string): boolean => ignoredNames.has(r) || (r.includes('/') && ignoredGroups.has(r.slice(0, r.indexOf('/'))));
  const strategy = args.scoringStrategy ?? {}, resources = strategy.resources ?? CPU_AND_MEMORY;
  const one = strategy.type === 'MostAllocated' ? mostAllocated : strategy.type === 'RequestedToCapacityRatio' ? ratio(strategy.shape ?? [{ utilization: 0, score: 0 }, { utilization: 100, score: 10 }]) : leastAllocated;
  const rounded = strategy.type === 'RequestedToCapacityRatio';
  return {
    name: 'NodeResourcesFit', events: { 'node-added': may, 'node-resources': may, 'pod-removed': true },
    preFilter({ pod }) {
      const wanted = [...pod.requests].filter(([r, n]) => n > 0 && !ignored(r));
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
    preScore({ pod }) {
      const about = resources.filter(r => isPlain(r.name) || (pod.scoreRequests.get(r.name) ?? 0) > 0).map(r => ({ ...r, want: pod.scoreRequests.get(r.name) ?? 0 }));
      return {
        score(n) {
          let sum = 0, weights = 0;
          for (const r of about) {
            const has = n.allocatable.get(r.name) ?? 0;
            if (has === 0) continue;
            const score = one((n.scoreRequested.get(r.name) ?? 0) + r.want, has);
            if (rounded && score === 0) continue;
            sum += score * r.weight;
            weights += r.weight;
          }
          return weights === 0 ? 0 : rounded ? Math.round(sum / weights) : Math.trunc(sum / weights);
        },
      };
    },
  };
}

const isPlain = (resource: string): boolean => resource === 'cpu' || resource === 'memory' || resource === 'ephemeral-storage';
const leastAllocated = (requested: number, has: number): number => (requested > has ? 0 : Math.trunc(((has - requested) * 100) / has));
const mostAllocated = (requested: number, has: number): number => Math.trunc((Math.min(requested, has) * 100) / has);
function ratio(shape: readonly { readonly utilization: number; readonly score: number }[]): (requested: number, has: number) => number {
  return (requested, has) => {
    const used = requested > has ? 100 : Math.trunc((requested * 100) / has);
    const at = shape.findIndex(p => used <= p.utilization);
    if (at < 0) return shape.at(-1)!.score * 10;
    if (at === 0) return shape[0]!.score * 10;
    const a = shape[at - 1]!, b = shape[at]!;
    return Math.trunc(a.score * 10 + ((b.score - a.score) * 10 * (used - a.utilization)) / (b.utilization - a.utilization));
  };
}

function deviationOf(shares: readonly number[]): number {
  if (shares.length < 2) return 0;
  if (shares.length === 2) return Math.abs((shares[0]! - shares[1]!) / 2);
  const mean = shares.reduce((a, b) => a + b, 0) / shares.length;
  return Math.sqrt(shares.reduce((sum, s) => sum + (s - mean) ** 2, 0) / shares.length);
}

/** Arguments as in NodeResourcesBalancedAllocationArgs. */
export interface BalancedAllocationArgs { readonly resources?: readonly ResourceWeight[] }

/** The node on which resources end up used in like shares. */
export function balancedAllocation(args: BalancedAllocationArgs = {}): Plugin {
  const names = (args.resources ?? CPU_AND_MEMORY).map(r => r.name);
  return {
    name: 'NodeResourcesBalancedAllocation',
    preScore({ pod }) {
      const wants = names.map(n => pod.requests.get(n) ?? 0);
      // A pod that asks for nothing changes no balance; it would only crowd the node that is balanced best.
      if (wants.every(w => w === 0)) return undefined;
      const about = names.map((name, i) => ({ name, want: wants[i]! })).filter(r => r.want > 0 || isPlain(r.name));
      const share = (n: NodeInfo, r: { name: string; want: number }): number => {
        const has = n.allocatable.get(r.name) ?? 0;
        return has === 0 ? -1 : Math.min(1, ((n.requested.get(r.name) ?? 0) + r.want) / has);
      };
      // Two are nearly always what there is, and exact this way.
      if (about.length === 2)
        return {
          score(n) {
            const a = share(n, about[0]!), b = share(n, about[1]!);
            return a < 0 || b < 0 ? 100 : Math.trunc((1 - Math.abs((a - b) / 2)) * 100);
          },
        };
      return { score: n => Math.trunc((1 - deviationOf(about.map(r => share(n, r)).filter(s => s >= 0))) * 100) };
    },
  };
}

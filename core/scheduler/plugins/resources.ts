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
/** Utilization (0..100) and the score (0..10) there. */
export interface ShapePoint { readonly utilization?: number; readonly score?: number }
/** Arguments as in NodeResourcesFitArgs. */
export interface NodeResourcesFitArgs {
  /** Extended resources that are somebody else's business: names, or groups (what stands before the slash). */
  readonly ignoredResources?: readonly string[];
  readonly ignoredResourceGroups?: readonly string[];
  readonly scoringStrategy?: {
    readonly type?: 'LeastAllocated' | 'MostAllocated' | 'RequestedToCapacityRatio';
    readonly resources?: readonly ResourceWeight[];
    /** Ascending; straight lines between. */
    readonly requestedToCapacityRatio?: { readonly shape?: readonly ShapePoint[] };
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
  const one = strategy.type === 'MostAllocated' ? mostAllocated : strategy.type === 'RequestedToCapacityRatio' ? ratio(strategy.requestedToCapacityRatio?.shape ?? []) : leastAllocated;
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
function ratio(points: readonly ShapePoint[]): (requested: number, has: number) => number {
  const shape = points.map(({ utilization = 0, score = 0 }) => ({ utilization, score: score * 10 }));
  return (requested, has) => {
    const used = requested > has ? 100 : Math.trunc((requested * 100) / has);
    const at = shape.findIndex(p => used <= p.utilization);
    if (at <= 0) return (at < 0 ? shape.at(-1) : shape[0])?.score ?? 0;
    const a = shape[at - 1]!, b = shape[at]!;
    return a.score + Math.trunc(((b.score - a.score) * (used - a.utilization)) / (b.utilization - a.utilization));
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

/** The node whose resources end up used in more even shares than they are; as Kubernetes 1.36 has it, what the pod changes counts, not what was before. */
export function balancedAllocation(args: BalancedAllocationArgs = {}): Plugin {
  const names = (args.resources ?? CPU_AND_MEMORY).map(r => r.name);
  return {
    name: 'NodeResourcesBalancedAllocation',
    preScore({ pod }) {
      const wants = names.map(n => pod.requests.get(n) ?? 0);
      // A pod that asks for nothing changes no balance.
      if (wants.every(w => w === 0)) return undefined;
      const about = names.map((name, i) => ({ name, want: wants[i]! })).filter(r => r.want > 0 || isPlain(r.name));
      const [one, two, more] = about;
      // Two are nearly always what there is.
      if (one && two && !more)
        return {
          score(n) {
            const has = n.allocatable.get(one.name) ?? 0, has2 = n.allocatable.get(two.name) ?? 0;
            if (has === 0 || has2 === 0) return 75;
            const used = n.requested.get(one.name) ?? 0, used2 = n.requested.get(two.name) ?? 0;
            return 50 + Math.trunc((50 + evenOfTwo(used + one.want, has, used2 + two.want, has2) - evenOfTwo(used, has, used2, has2)) / 2);
          },
        };
      const before: number[] = [], after: number[] = [];
      return {
        score(n) {
          before.length = after.length = 0;
          for (const { name, want } of about) {
            const has = n.allocatable.get(name) ?? 0, used = n.requested.get(name) ?? 0;
            if (has === 0) continue;
            before.push(Math.min(1, used / has));
            after.push(Math.min(1, (used + want) / has));
          }
          return 50 + Math.trunc((50 + evenness(after) - evenness(before)) / 2);
        },
      };
    },
  };
}
const evenOfTwo = (a: number, of: number, b: number, of2: number): number => Math.trunc((1 - Math.abs(Math.min(1, a / of) - Math.min(1, b / of2)) / 2) * 100);
const evenness = (shares: readonly number[]): number => Math.trunc((1 - deviationOf(shares)) * 100);

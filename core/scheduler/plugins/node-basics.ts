// Filters that look at the node object alone: cordoned, named, tainted, selected.
import { isTolerated } from '../../api/meta/taint.ts';
import type { NodeAffinity, Taint } from '../../api/types/kubernetes.ts';
import { normalized, type Plugin, type Refusal } from '../framework.ts';
import { nodeSelection, termMatches } from '../node-selection.ts';
import type { NodeInfo } from '../node-info.ts';
import type { PodInfo } from '../pod-info.ts';

const fixed = (reason: string): Refusal => ({ reasons: [reason], fixed: true });
const CORDON: Taint = { key: 'node.kubernetes.io/unschedulable', effect: 'NoSchedule' };
const UNSCHEDULABLE = fixed('node(s) were unschedulable');
const OTHER_NAME = fixed("node(s) didn't match the requested node name");
const UNTOLERATED = fixed('node(s) had untolerated taint(s)');
const NO_MATCH = fixed("node(s) didn't match Pod's node affinity/selector");
const CONFLICT = fixed('pod affinity terms conflict');
const NOT_ALLOWED = fixed("node(s) didn't match scheduler-enforced node affinity");

export const nodeUnschedulable: Plugin = {
  name: 'NodeUnschedulable', events: { 'node-added': (_, e) => !e.node?.node?.spec?.unschedulable, 'node-taints': (_, e) => !e.node?.node?.spec?.unschedulable },
  preFilter({ pod }) {
    if (isTolerated(CORDON, pod.tolerations)) return undefined;
    return { filter: n => (n.node?.spec?.unschedulable ? UNSCHEDULABLE : undefined) };
  },
};

export const nodeName: Plugin = {
  name: 'NodeName', events: { 'node-added': (pod, e) => e.node?.name === pod.pod.spec?.nodeName },
  preFilter({ pod }) {
    const wanted = pod.pod.spec?.nodeName;
    return wanted ? { filter: n => (n.name === wanted ? undefined : OTHER_NAME) } : undefined;
  },
};

const forbids = (t: Taint): boolean => t.effect === 'NoSchedule' || t.effect === 'NoExecute';
/** Whether every taint that keeps pods off is tolerated. */
export const toleratesNode = (pod: PodInfo, n: NodeInfo): boolean => n.taints.length === 0 || n.taints.every(t => !forbids(t) || isTolerated(t, pod.tolerations));

const tolerable = (pod: PodInfo, e: { node?: NodeInfo | undefined }): boolean => !e.node || toleratesNode(pod, e.node);
export const taintToleration: Plugin = {
  name: 'TaintToleration', events: { 'node-added': tolerable, 'node-taints': tolerable },
  preFilter: ({ pod }) => ({ filter: n => (toleratesNode(pod, n) ? undefined : UNTOLERATED) }),
  /** Fewer PreferNoSchedule taints that are not tolerated. */
  preScore({ pod }, nodes) {
    if (!nodes.some(n => n.taints.some(t => t.effect === 'PreferNoSchedule'))) return undefined;
    return {
      score: n => n.taints.reduce((sum, t) => sum + (t.effect === 'PreferNoSchedule' && !isTolerated(t, pod.tolerations) ? 1 : 0), 0),
      normalize: scores => normalized(scores, true),
    };
  },
};

/** Arguments as in NodeAffinityArgs. */
export interface NodeAffinityArgs {
  /** Holds for every pod of the profile beside its own. */
  readonly addedAffinity?: NodeAffinity;
}

export function nodeAffinity(args: NodeAffinityArgs = {}): Plugin {
  const required = args.addedAffinity?.requiredDuringSchedulingIgnoredDuringExecution?.nodeSelectorTerms, added = args.addedAffinity?.preferredDuringSchedulingIgnoredDuringExecution ?? [];
  const helps = (pod: PodInfo, e: { node?: NodeInfo | undefined }): boolean => !e.node || nodeSelection(pod)?.(e.node) !== false;
  return {
    name: 'NodeAffinity', events: { 'node-added': helps, 'node-labels': helps },
    preFilter({ pod }) {
      const matches = nodeSelection(pod);
      if (!matches && !required) return undefined;
      const nodes = namedNodes(pod);
      if (nodes?.size === 0) return CONFLICT;
      return {
        ...(nodes ? { nodes } : {}),
        filter: n => (required && !required.some(t => termMatches(t, n)) ? NOT_ALLOWED : !matches || matches(n) ? undefined : NO_MATCH),
      };
    },
    preScore({ pod }) {
      const terms = [...(pod.pod.spec?.affinity?.nodeAffinity?.preferredDuringSchedulingIgnoredDuringExecution ?? []), ...added];
      if (terms.length === 0) return undefined;
      return {
        score: n => terms.reduce((sum, t) => sum + (termMatches(t.preference, n) ? t.weight : 0), 0),
        normalize: scores => normalized(scores),
      };
    },
  };
}

/** The nodes every required term names itself (as a DaemonSet's pods do); undefined when some term does not. */
function namedNodes(pod: PodInfo): Set<string> | undefined {
  const terms = pod.pod.spec?.affinity?.nodeAffinity?.requiredDuringSchedulingIgnoredDuringExecution?.nodeSelectorTerms;
  if (!terms?.length) return undefined;
  const all = new Set<string>();
  for (const t of terms) {
    let own: string[] | undefined;
    for (const f of t.matchFields ?? []) if (f.key === 'metadata.name' && f.operator === 'In') own = own ? own.filter(n => f.values?.includes(n)) : [...(f.values ?? [])];
    if (!own) return undefined;
    for (const n of own) all.add(n);
  }
  return all;
}

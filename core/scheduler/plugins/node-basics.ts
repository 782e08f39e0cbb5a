// Filters that look at the node object alone: cordoned, named, tainted, selected.
import { isTolerated } from '../../api/meta/taint.ts';
import type { Taint } from '../../api/types/kubernetes.ts';
import { normalized, type FilterPlugin, type Refusal, type ScorePlugin } from '../framework.ts';
import { termMatchesNode } from '../../api/meta/node-match.ts';

const fixed = (reason: string): Refusal => ({ reasons: [reason], fixed: true });
const CORDON: Taint = { key: 'node.kubernetes.io/unschedulable', effect: 'NoSchedule' };

export const nodeUnschedulable: FilterPlugin = {
  name: 'NodeUnschedulable', events: ['node-added', 'node-taints'],
  prepare(pod) {
    if (isTolerated(CORDON, pod.tolerations)) return undefined;
    const no = fixed('node(s) were unschedulable');
    return { filter: n => (n.node?.spec?.unschedulable ? no : undefined) };
  },
};

export const nodeName: FilterPlugin = {
  name: 'NodeName', events: ['node-added'],
  prepare(pod) {
    const wanted = pod.pod.spec?.nodeName;
    const no = fixed("node(s) didn't match the requested node name");
    return wanted ? { filter: n => (n.name === wanted ? undefined : no) } : undefined;
  },
};

export const taintToleration: FilterPlugin = {
  name: 'TaintToleration', events: ['node-added', 'node-taints'],
  prepare: pod => ({
    filter(n) {
      const taint = n.node?.spec?.taints?.find(t => (t.effect === 'NoSchedule' || t.effect === 'NoExecute') && !isTolerated(t, pod.tolerations));
      return taint && fixed(`node(s) had untolerated taint {${taint.key}: ${taint.value ?? ''}}`);
    },
  }),
};

/** Fewer PreferNoSchedule taints that are not tolerated. */
export const preferUntainted: ScorePlugin = {
  name: 'TaintToleration', weight: 3,
  score(pod, nodes) {
    const counts = nodes.map(n => (n.node?.spec?.taints ?? []).filter(t => t.effect === 'PreferNoSchedule' && !isTolerated(t, pod.tolerations)).length);
    return counts.some(c => c > 0) ? normalized(counts, true) : undefined;
  },
};

export const nodeAffinity: FilterPlugin = {
  name: 'NodeAffinity', events: ['node-added', 'node-labels'],
  prepare(pod) {
    const selector = Object.entries(pod.pod.spec?.nodeSelector ?? {});
    const terms = pod.pod.spec?.affinity?.nodeAffinity?.requiredDuringSchedulingIgnoredDuringExecution?.nodeSelectorTerms;
    if (selector.length === 0 && !terms) return undefined;
    const no = fixed("node(s) didn't match Pod's node affinity/selector");
    return {
      filter(n) {
        const labels = n.node?.metadata?.labels ?? {};
        const fits = selector.every(([k, v]) => labels[k] === v) && (!terms || terms.some(t => termMatchesNode(t, n.node!)));
        return fits ? undefined : no;
      },
    };
  },
};

export const preferredNodeAffinity: ScorePlugin = {
  name: 'NodeAffinity', weight: 2,
  score(pod, nodes) {
    const terms = pod.pod.spec?.affinity?.nodeAffinity?.preferredDuringSchedulingIgnoredDuringExecution ?? [];
    if (terms.length === 0) return undefined;
    return normalized(nodes.map(n => terms.reduce((sum, t) => sum + (termMatchesNode(t.preference, n.node!) ? t.weight : 0), 0)));
  },
};

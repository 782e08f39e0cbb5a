// On which nodes a daemon set runs: what its template says of nodes, and the taints its pods tolerate, given and added.
import { termMatchesNode } from '../../api/meta/node-match.ts';
import { isTolerated } from '../../api/meta/taint.ts';
import type { DaemonSet, Node, PodSpec, Toleration } from '../../api/types/kubernetes.ts';

/** Taints of a node's troubles that no daemon leaves a node for, or waits for before it starts there. */
const ADDED: readonly Toleration[] = [
  { key: 'node.kubernetes.io/not-ready', operator: 'Exists', effect: 'NoExecute' },
  { key: 'node.kubernetes.io/unreachable', operator: 'Exists', effect: 'NoExecute' },
  ...['disk-pressure', 'memory-pressure', 'pid-pressure', 'unschedulable'].map((t): Toleration => ({ key: `node.kubernetes.io/${t}`, operator: 'Exists', effect: 'NoSchedule' })),
];
const NETWORK: Toleration = { key: 'node.kubernetes.io/network-unavailable', operator: 'Exists', effect: 'NoSchedule' };

/** The tolerations of a template's pods: its own, with those of every daemon added or put in their place. */
export function tolerationsOf(spec: PodSpec | undefined): Toleration[] {
  const out = [...(spec?.tolerations ?? [])];
  for (const t of spec?.hostNetwork ? [...ADDED, NETWORK] : ADDED) {
    const at = out.findIndex(o => o.key === t.key && o.effect === t.effect && o.operator === t.operator && !o.value);
    if (at < 0) out.push(t); else out[at] = t;
  }
  return out;
}

/** `run`: a pod is to be there. `stay`: one that is there may go on. */
export interface Verdict { readonly run: boolean; readonly stay: boolean }
const NO: Verdict = { run: false, stay: false }, YES: Verdict = { run: true, stay: true };

/** Judges nodes for a daemon set, each once; made for one look at many nodes. */
export function judgeFor(set: DaemonSet): (node: Node) => Verdict {
  const spec = set.spec?.template.spec;
  const tolerations = tolerationsOf(spec);
  const selector = Object.entries(spec?.nodeSelector ?? {});
  const terms = spec?.affinity?.nodeAffinity?.requiredDuringSchedulingIgnoredDuringExecution?.nodeSelectorTerms;
  const judged = new Map<Node, Verdict>();
  const judge = (node: Node): Verdict => {
    if (spec?.nodeName && spec.nodeName !== node.metadata?.name) return NO;
    if (!selector.every(([k, v]) => node.metadata?.labels?.[k] === v) || (terms && !terms.some(t => termMatchesNode(t, node)))) return NO;
    const repelling = (node.spec?.taints ?? []).filter(t => (t.effect === 'NoSchedule' || t.effect === 'NoExecute') && !isTolerated(t, tolerations));
    return repelling.length === 0 ? YES : { run: false, stay: !repelling.some(t => t.effect === 'NoExecute') };
  };
  return node => {
    let verdict = judged.get(node);
    if (!verdict) judged.set(node, verdict = judge(node));
    return verdict;
  };
}

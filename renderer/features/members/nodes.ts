// A daemon set's nodes: each with its pod and revision, or why it has none.
import { selectorFrom } from '../../../core/api/meta/labels.ts';
import { isTolerated } from '../../../core/api/meta/taint.ts';
import type { ControllerRevision, DaemonSet, Node, NodeSelectorTerm, Pod, Toleration } from '../../../core/api/types/kubernetes.ts';
import { isOf, ownedBy } from '../rollouts/revisions.ts';

/** `missing`: the node should have a pod and has none. */
export type NodeState = 'ready' | 'starting' | 'broken' | 'leaving' | 'missing' | 'excluded';
export interface NodeRow { node: string; state: NodeState; pod: Pod | undefined; revision: number | undefined; updated: boolean; /** Of an excluded node: the taint that is not tolerated, or `''` where labels decide. */ taint: string | undefined }

/** What every daemon pod tolerates besides its own. */
const ADDED: readonly Toleration[] = [
  ...['not-ready', 'unreachable'].map(k => ({ key: `node.kubernetes.io/${k}`, operator: 'Exists', effect: 'NoExecute' })),
  ...['disk-pressure', 'memory-pressure', 'pid-pressure', 'unschedulable'].map(k => ({ key: `node.kubernetes.io/${k}`, operator: 'Exists', effect: 'NoSchedule' })),
];
const ON_HOST: Toleration = { key: 'node.kubernetes.io/network-unavailable', operator: 'Exists', effect: 'NoSchedule' };

/** Whether labels and name of a node are what a term asks for; comparisons by size (Gt, Lt) are left to the scheduler. */
function fits(t: NodeSelectorTerm, node: Node): boolean {
  const expressions = t.matchExpressions ?? [], fields = t.matchFields ?? [];
  if (expressions.length + fields.length === 0) return false;
  return selectorFrom({ matchExpressions: expressions.filter(e => e.operator !== 'Gt' && e.operator !== 'Lt') }).matches(node.metadata?.labels)
    && fields.every(f => f.key !== 'metadata.name' || (f.values ?? []).includes(node.metadata?.name ?? '') === (f.operator === 'In'));
}

/** Undefined for a node that should have a pod. */
function exclusionOf(d: DaemonSet, node: Node): string | undefined {
  const spec = d.spec?.template.spec;
  const labels = node.metadata?.labels ?? {};
  if (Object.entries(spec?.nodeSelector ?? {}).some(([k, v]) => labels[k] !== v)) return '';
  const terms = spec?.affinity?.nodeAffinity?.requiredDuringSchedulingIgnoredDuringExecution?.nodeSelectorTerms;
  if (terms && !terms.some(t => fits(t, node))) return '';
  const tolerated = [...spec?.tolerations ?? [], ...ADDED, ...(spec?.hostNetwork ? [ON_HOST] : [])];
  const taint = (node.spec?.taints ?? []).find(x => x.effect !== 'PreferNoSchedule' && !isTolerated(x, tolerated));
  return taint && `${taint.key}${taint.value ? `=${taint.value}` : ''}:${taint.effect}`;
}

const GRAVITY: readonly NodeState[] = ['broken', 'missing', 'starting', 'leaving', 'ready', 'excluded'];
const isReady = (p: Pod): boolean => p.status?.conditions?.some(c => c.type === 'Ready' && c.status === 'True') ?? false;
const isBroken = (p: Pod): boolean => p.status?.phase === 'Failed' || (p.status?.containerStatuses ?? []).some(c => /BackOff|Err|Invalid|Error/.test(c.state?.waiting?.reason ?? ''));

/** What needs a look first, then by name. `pods` and `revisions` may hold strangers. */
export function nodeRows(d: DaemonSet, nodes: readonly Node[], pods: readonly Pod[], revisions: readonly ControllerRevision[]): NodeRow[] {
  const mine = revisions.filter(r => ownedBy(r, d.metadata?.uid));
  const newest = mine.reduce<ControllerRevision | undefined>((a, b) => (a && a.revision > b.revision ? a : b), undefined);
  const byNode = new Map<string, Pod>();
  for (const p of pods) {
    // A pod that is not bound yet names its node by affinity.
    const on = p.spec?.nodeName ?? p.spec?.affinity?.nodeAffinity?.requiredDuringSchedulingIgnoredDuringExecution?.nodeSelectorTerms.flatMap(t => t.matchFields ?? []).find(f => f.key === 'metadata.name')?.values?.[0];
    if (on === undefined || !ownedBy(p, d.metadata?.uid)) continue;
    const other = byNode.get(on);
    // While one replaces the other, the one that stays.
    if (!other || other.metadata?.deletionTimestamp || (!p.metadata?.deletionTimestamp && isReady(p))) byNode.set(on, p);
  }
  return nodes.map((n): NodeRow => {
    const node = n.metadata?.name ?? '', pod = byNode.get(node), taint = exclusionOf(d, n);
    const revision = pod && mine.find(r => isOf(pod, r));
    const state: NodeState = pod === undefined ? (taint === undefined ? 'missing' : 'excluded') : pod.metadata?.deletionTimestamp ? 'leaving' : isReady(pod) ? 'ready' : isBroken(pod) ? 'broken' : 'starting';
    return { node, state, pod, revision: revision?.revision, updated: revision !== undefined && revision === newest, taint };
  }).sort((a, b) => GRAVITY.indexOf(a.state) - GRAVITY.indexOf(b.state) || a.node.localeCompare(b.node));
}

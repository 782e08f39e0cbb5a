// Why a pod has no node: the scheduler's message (`0/5 nodes are available: 2 Insufficient cpu, …`) taken apart into reasons with the
// number of nodes each rules out. Wordings are those of Kubernetes' scheduler plug-ins; what is not known keeps the server's words.
import { isTolerated } from '../../../core/api/meta/taint.ts';
import type { Node, Pod } from '../../../core/api/types/kubernetes.ts';

/** Each is a sentence of the catalogue below `placement.why`. */
export type WhyNot = 'insufficient' | 'tooManyPods' | 'taint' | 'taints' | 'notReady' | 'unreachable' | 'cordoned' | 'pressure' | 'selector' | 'affinity' | 'antiAffinity' | 'othersAntiAffinity' | 'spread' | 'spreadLabel' | 'ports' | 'nodeName'
  | 'volumeNode' | 'noVolume' | 'lostVolume' | 'volumeCount' | 'volumeZone' | 'volumeAlone' | 'volumeSpace' | 'volumeBusy' | 'enforced' | 'unbound' | 'claimMissing' | 'claimGoing' | 'noNodes' | 'other';
export interface Refusal {
  why: WhyNot;
  /** Nodes it rules out; undefined where it is the pod itself, whatever the node. */
  nodes: number | undefined;
  values: Readonly<Record<string, string>>;
  /** In the scheduler's own words. */
  text: string;
}
export type Preemption = 'unhelpful' | 'noVictims' | 'never' | undefined;
export interface Pending {
  state: 'refused' | 'gated' | 'otherScheduler' | 'making' | 'waiting';
  /** Nodes that were looked at. */
  total: number | undefined;
  refusals: Refusal[];
  preemption: Preemption;
  /** Gates, the scheduler's name, or the node where room is being made. */
  names: readonly string[];
}

const RULES: readonly [RegExp, WhyNot, ...string[]][] = [
  [/^Insufficient (\S+)$/, 'insufficient', 'resource'], [/^Too many pods$/, 'tooManyPods'],
  [/^node\(s\) had untolerated taint(?:\(s\))? \{node\.kubernetes\.io\/not-ready: ?\}$/, 'notReady'], [/^node\(s\) had untolerated taint(?:\(s\))? \{node\.kubernetes\.io\/unreachable: ?\}$/, 'unreachable'],
  [/^node\(s\) had untolerated taint(?:\(s\))? \{node\.kubernetes\.io\/unschedulable: ?\}$/, 'cordoned'], [/^node\(s\) were unschedulable$/, 'cordoned'],
  [/^node\(s\) had untolerated taint(?:\(s\))? \{node\.kubernetes\.io\/(memory|disk|pid)-pressure: ?\}$/, 'pressure', 'what'],
  [/^node\(s\) had untolerated taint(?:\(s\))? \{([^:}]+): ?([^}]*)\}$/, 'taint', 'key', 'value'], [/^node\(s\) had untolerated taint\(s\)$/, 'taints'],
  [/^node\(s\) didn't match Pod's node affinity(?:\/selector)?$/, 'selector'], [/^node\(s\) didn't match pod affinity rules$/, 'affinity'], [/^node\(s\) didn't match pod anti-affinity rules$/, 'antiAffinity'],
  [/^node\(s\) didn't satisfy existing pods anti-affinity rules$/, 'othersAntiAffinity'], [/^node\(s\) didn't match pod topology spread constraints \(missing required label\)$/, 'spreadLabel'], [/^node\(s\) didn't match pod topology spread constraints$/, 'spread'],
  [/^node\(s\) didn't have free ports for the requested pod ports$/, 'ports'], [/^node\(s\) didn't match the requested node name$/, 'nodeName'],
  [/^node\(s\) had volume node affinity conflict$/, 'volumeNode'], [/^node\(s\) didn't match PersistentVolume's node affinity$/, 'volumeNode'], [/^node\(s\) didn't find available persistent volumes to bind$/, 'noVolume'],
  [/^node\(s\) unavailable due to one or more pvc\(s\) bound to non-existent pv\(s\)$/, 'lostVolume'], [/^node\(s\) unavailable due to PersistentVolumeClaim bound to non-existent PersistentVolume$/, 'lostVolume'], [/^node\(s\) exceed max volume count$/, 'volumeCount'],
  [/^node\(s\) had no available volume zone$/, 'volumeZone'], [/^node\(s\) did not have enough free storage$/, 'volumeSpace'], [/^node\(s\) had no available disk$/, 'volumeBusy'], [/^node\(s\) didn't match scheduler-enforced node affinity$/, 'enforced'], [/^node has pod using PersistentVolumeClaim with the same name and ReadWriteOncePod access mode$/, 'volumeAlone'],
  [/^pod has unbound immediate PersistentVolumeClaims/, 'unbound'], [/^persistentvolumeclaim "([^"]+)" not found$/, 'claimMissing', 'name'], [/^persistentvolumeclaim "([^"]+)" is being deleted$/, 'claimGoing', 'name'],
];

function refusal(text: string, nodes: number | undefined): Refusal {
  for (const [pattern, why, ...names] of RULES) {
    const m = pattern.exec(text);
    if (m) return { why, nodes, values: Object.fromEntries(names.map((n, i) => [n, m[i + 1]!.trim()])), text };
  }
  return { why: 'other', nodes, values: {}, text };
}

/** The parts of a FailedScheduling message; a text of another form is one reason in its own words. */
export function parseRefusals(message: string): { total: number | undefined; refusals: Refusal[]; preemption: Preemption } {
  if (message.startsWith('no nodes available to schedule pods')) return { total: 0, refusals: [{ why: 'noNodes', nodes: undefined, values: {}, text: message }], preemption: undefined };
  const m = /^\d+\/(\d+) nodes are available: (.*)$/s.exec(message.trim());
  if (!m) return { total: undefined, refusals: message === '' ? [] : [refusal(message, undefined)], preemption: undefined };
  // After the reasons' full stop comes what an attempt to make room came to.
  const stop = m[2]!.search(/\. | preemption: /);
  const reasons = stop < 0 ? m[2]! : m[2]!.slice(0, stop), last = stop < 0 ? '' : m[2]!.slice(stop);
  // A reason may hold a comma of its own: only one before a number begins the next.
  const refusals = reasons.replace(/\.$/, '').split(/, (?=\d+ \S)/).map(part => {
    const counted = /^(\d+) (.+)$/s.exec(part);
    return counted ? refusal(counted[2]!, Number(counted[1])) : refusal(part, undefined);
  }).sort((a, b) => (b.nodes ?? Infinity) - (a.nodes ?? Infinity));
  const preemption: Preemption = /not eligible due to preemptionPolicy=Never/.test(last) ? 'never' : /No preemption victims found/.test(last) ? 'noVictims' : /Preemption is not helpful/.test(last) ? 'unhelpful' : undefined;
  return { total: Number(m[1]), refusals, preemption };
}

/** Undefined for a pod that has its node, or has ended. */
export function pendingOf(p: Pod): Pending | undefined {
  if (p.spec?.nodeName || p.metadata?.deletionTimestamp || (p.status?.phase ?? 'Pending') !== 'Pending') return undefined;
  const none = { total: undefined, refusals: [], preemption: undefined };
  const c = p.status?.conditions?.find(x => x.type === 'PodScheduled');
  const gates = p.spec?.schedulingGates?.map(g => g.name) ?? [];
  if (gates.length > 0) return { state: 'gated', ...none, names: gates };
  if (p.status?.nominatedNodeName) return { state: 'making', ...parseRefusals(c?.message ?? ''), names: [p.status.nominatedNodeName] };
  if (c?.status === 'False' && c.message) return { state: 'refused', ...parseRefusals(c.message), names: [] };
  const scheduler = p.spec?.schedulerName;
  return scheduler && scheduler !== 'default-scheduler' ? { state: 'otherScheduler', ...none, names: [scheduler] } : { state: 'waiting', ...none, names: [] };
}

/** Taints that keep the pod off nodes, each with how many carry it, the most frequent first: the scheduler's message only counts nodes. */
export function untolerated(p: Pod, nodes: readonly Node[]): { taint: string; nodes: number }[] {
  const counts = new Map<string, number>();
  for (const n of nodes) {
    for (const x of n.spec?.taints ?? []) {
      if (x.effect === 'PreferNoSchedule' || isTolerated(x, p.spec?.tolerations ?? [])) continue;
      const text = `${x.key}${x.value ? `=${x.value}` : ''}:${x.effect}`;
      counts.set(text, (counts.get(text) ?? 0) + 1);
    }
  }
  return [...counts].map(([taint, count]) => ({ taint, nodes: count })).sort((a, b) => b.nodes - a.nodes || a.taint.localeCompare(b.taint));
}

// What a node's conditions mean for pods: the taints they stand for, and how a silent node's conditions are set.
import { formatTime } from '../../api/meta/time.ts';
import type { Node, NodeCondition, Taint } from '../../api/types/kubernetes.ts';

export const NOT_READY = 'node.kubernetes.io/not-ready';
export const UNREACHABLE = 'node.kubernetes.io/unreachable';
const UNSCHEDULABLE = 'node.kubernetes.io/unschedulable';
const PRESSURES: Readonly<Record<string, string>> = {
  MemoryPressure: 'node.kubernetes.io/memory-pressure', DiskPressure: 'node.kubernetes.io/disk-pressure',
  PIDPressure: 'node.kubernetes.io/pid-pressure', NetworkUnavailable: 'node.kubernetes.io/network-unavailable',
};
const MANAGED = new Set([NOT_READY, UNREACHABLE, UNSCHEDULABLE, ...Object.values(PRESSURES)]);
const HEARTBEATS = ['Ready', 'MemoryPressure', 'DiskPressure', 'PIDPressure'];

export const nodeCondition = (n: Node, type: string): NodeCondition | undefined => n.status?.conditions?.find(c => c.type === type);
export const isNodeReady = (n: Node): boolean => nodeCondition(n, 'Ready')?.status === 'True';

/** Conditions of a node that has been silent for too long: all that it used to report is Unknown. */
export function silenced(n: Node, now: number): NodeCondition[] {
  const time = formatTime(now);
  const conditions = [...(n.status?.conditions ?? [])];
  for (const type of HEARTBEATS) {
    const i = conditions.findIndex(c => c.type === type);
    const old = conditions[i];
    if (!old)
      conditions.push({ type, status: 'Unknown', reason: 'NodeStatusNeverUpdated', message: 'Kubelet never posted node status.', lastHeartbeatTime: n.metadata?.creationTimestamp, lastTransitionTime: time });
    else if (old.status !== 'Unknown')
      conditions[i] = { ...old, status: 'Unknown', reason: 'NodeStatusUnknown', message: 'Kubelet stopped posting node status.', lastTransitionTime: time };
  }
  return conditions;
}

/** The taints a node should carry: those of others as they are, ours from its conditions. `evict`: pods are to leave a node that is not ready. */
export function wantedTaints(n: Node, evict: boolean, now: number): Taint[] {
  const old = n.spec?.taints ?? [];
  const wanted: Taint[] = old.filter(t => !MANAGED.has(t.key));
  const want = (key: string, effect: string): void => { wanted.push(old.find(t => t.key === key && t.effect === effect) ?? { key, effect, timeAdded: formatTime(now) }); };
  const ready = nodeCondition(n, 'Ready')?.status;
  const broken = ready === 'False' ? NOT_READY : ready === 'Unknown' ? UNREACHABLE : undefined;
  if (broken) want(broken, 'NoSchedule');
  // Set when the node registered: it holds until the node first says how it is.
  else if (ready === undefined) wanted.push(...old.filter(t => t.key === NOT_READY));
  if (broken && evict) want(broken, 'NoExecute');
  for (const [type, key] of Object.entries(PRESSURES)) if (nodeCondition(n, type)?.status === 'True') want(key, 'NoSchedule');
  if (n.spec?.unschedulable) want(UNSCHEDULABLE, 'NoSchedule');
  return wanted;
}

/** Labels of a node under their older names too, for who still selects by those; undefined when they are there. */
export function olderLabels(n: Node): Record<string, string> | undefined {
  const labels = n.metadata?.labels ?? {}, missing: Record<string, string> = {};
  for (const word of ['os', 'arch']) { const value = labels[`kubernetes.io/${word}`]; if (value !== undefined && labels[`beta.kubernetes.io/${word}`] !== value) missing[`beta.kubernetes.io/${word}`] = value; }
  return Object.keys(missing).length > 0 ? missing : undefined;
}

/** Same taints in any order. */
export function sameTaints(a: readonly Taint[], b: readonly Taint[]): boolean {
  const ids = (taints: readonly Taint[]): string => taints.map(t => `${t.key}=${t.value ?? ''}:${t.effect}`).sort().join();
  return ids(a) === ids(b);
}

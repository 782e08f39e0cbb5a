// Which pods go first when there are too many: Kubernetes' order. Ages are compared by their power of two, so that among pods of
// about the same age none is always the victim.
import type { Pod } from '../../api/types/kubernetes.ts';
import { isReady, podCondition } from '../../api/meta/pod.ts';
import { maxRestarts, type Restarts } from '../pods.ts';
import { parseTime } from '../../api/meta/time.ts';

export const DELETION_COST = 'controller.kubernetes.io/pod-deletion-cost';
const PHASES: Readonly<Record<string, number>> = { Pending: 0, Unknown: 1, Running: 2 };

interface Ranked {
  readonly pod: Pod;
  readonly assigned: boolean;
  readonly phase: number;
  readonly ready: boolean;
  readonly cost: number;
  /** How many related active pods share its node. */
  readonly colocated: number;
  /** Since when it is ready, 0 when it is not, and since when it is there, in ms. */
  readonly readySince: number;
  readonly restarts: Restarts;
  readonly madeAt: number;
}

const cost = (pod: Pod): number => {
  const text = pod.metadata?.annotations?.[DELETION_COST];
  // What is no 32-bit number, or written as `+5` or `007`, costs nothing.
  return text !== undefined && /^(?:-\d+|0|[1-9]\d*)$/.test(text) && Number(text) === (Number(text) | 0) ? Number(text) : 0;
};
/** The power of two of an age, -1 for none. */
const magnitude = (since: number, now: number): number => (now > since ? Math.floor(Math.log2((now - since) * 1e6)) : -1);

function order(a: Ranked, b: Ranked, now: number): number {
  const byUid = (a.pod.metadata?.uid ?? '') < (b.pod.metadata?.uid ?? '') ? -1 : 1;
  /** The younger first; of about the same age any, whatever else they differ in. */
  const younger = (x: number, y: number): number => (x === y ? 0 : !x ? -1 : !y ? 1 : magnitude(x, now) - magnitude(y, now) || byUid);
  return Number(a.assigned) - Number(b.assigned) || a.phase - b.phase || Number(a.ready) - Number(b.ready)
    || a.cost - b.cost || b.colocated - a.colocated || younger(a.readySince, b.readySince)
    || b.restarts.regular - a.restarts.regular || b.restarts.sidecars - a.restarts.sidecars || younger(a.madeAt, b.madeAt) || byUid;
}

/**
 * The `count` pods to delete: unassigned before assigned, pending before running, unready before ready, cheap before costly, doubled-up
 * before alone on a node (counted over `related`), newly ready before long ready, often restarted before rarely, young before old.
 */
export function podsToDelete(pods: readonly Pod[], related: readonly Pod[], count: number, now: number): Pod[] {
  if (count >= pods.length) return [...pods];
  const perNode = new Map<string, number>();
  for (const p of related) if (p.spec?.nodeName) perNode.set(p.spec.nodeName, (perNode.get(p.spec.nodeName) ?? 0) + 1);
  const ranked = pods.map((pod): Ranked => {
    const ready = isReady(pod);
    return {
      pod, ready, cost: cost(pod), restarts: maxRestarts(pod), assigned: !!pod.spec?.nodeName, phase: PHASES[pod.status?.phase ?? 'Pending'] ?? 0,
      colocated: perNode.get(pod.spec?.nodeName ?? '') ?? 0,
      readySince: ready ? parseTime(podCondition(pod, 'Ready')?.lastTransitionTime) || 0 : 0,
      madeAt: parseTime(pod.metadata?.creationTimestamp) || 0,
    };
  });
  return ranked.sort((a, b) => order(a, b, now)).slice(0, count).map(r => r.pod);
}

// What is said of a pod that fits nowhere: how many nodes, each reason with its count, in Kubernetes' own wording.

/** `0/2 nodes are available: 1 Insufficient memory, 1 node(s) were unschedulable.` Reasons sorted as texts, as they are counted. */
export function fitMessage(nodes: number, reasons: ReadonlyMap<string, number>): string {
  const texts = [...reasons].map(([reason, n]) => `${n} ${reason}`).sort();
  return `0/${nodes} nodes are available:${texts.length ? ` ${texts.join(', ')}.` : ''}`;
}
/** Where the pod itself is why no node was looked at: `0/2 nodes are available: persistentvolumeclaim "x" not found.` */
export const blockedMessage = (nodes: number, why: string): string => `0/${nodes} nodes are available: ${why}.`;

export function addReasons(counts: Map<string, number>, reasons: readonly string[], times = 1): void {
  for (const r of reasons) counts.set(r, (counts.get(r) ?? 0) + times);
}

export const NO_NODES = 'no nodes available to schedule pods';
export const NOT_HELPFUL = 'Preemption is not helpful for scheduling';

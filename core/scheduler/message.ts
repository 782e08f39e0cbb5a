// What is said of a pod that fits nowhere: how many nodes, each reason with its count, in Kubernetes' own wording.
import type { Refusal } from './framework.ts';

/** `0/2 nodes are available: 1 Insufficient memory, 1 node(s) were unschedulable.` */
export function fitMessage(nodes: number, reasons: Iterable<string>): string {
  const counts = new Map<string, number>();
  for (const r of reasons) counts.set(r, (counts.get(r) ?? 0) + 1);
  const texts = [...counts].map(([reason, n]) => `${n} ${reason}`).sort();
  return `0/${nodes} nodes are available:${texts.length ? ` ${texts.join(', ')}.` : ''}`;
}

/** The whole message; `preemption` is what the attempt to make room came to. */
export const failureMessage = (nodes: number, refusals: Iterable<Refusal>, preemption: string): string =>
  `${fitMessage(nodes, [...refusals].flatMap(r => r.reasons))} preemption: ${preemption}`;

/** Where the pod itself is why no node was looked at: `0/2 nodes are available: persistentvolumeclaim "x" not found.` */
export const blockedMessage = (nodes: number, why: string): string =>
  `0/${nodes} nodes are available: ${why}. preemption: ${fitMessage(nodes, Array.from({ length: nodes }, () => 'Preemption is not helpful for scheduling'))}`;

export const NO_NODES = 'no nodes available to schedule pods';

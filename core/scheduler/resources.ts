// Amounts of resources as the scheduler sums them: CPU in thousandths, all else in units.
import { amountOf, podAmounts } from '../api/meta/pod.ts';
import type { Pod } from '../api/types/kubernetes.ts';

export type Amounts = Map<string, number>;

/** What a container without a request counts for when nodes are compared, so that such pods spread too (Kubernetes' own values). */
const UNSTATED = { cpu: 100, memory: 200 * 1024 * 1024 };

/** The amounts of a node's capacity. */
export const amounts = (map: Readonly<Record<string, string>> | undefined): Amounts =>
  new Map(Object.entries(map ?? {}).map(([r, q]) => [r, amountOf(r, q)]));

/** What a pod takes of a node (`podAmounts`). */
export const podRequests = (pod: Pod): Amounts => new Map(pod.spec ? Object.entries(podAmounts(pod.spec)) : []);
/** As podRequests, with usual amounts where nothing is requested; only for comparing nodes. */
export const podRequestsForScore = (pod: Pod): Amounts => new Map(pod.spec ? Object.entries(podAmounts(pod.spec, 'requests', UNSTATED)) : []);

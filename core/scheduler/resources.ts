// Amounts of resources as the scheduler sums them: CPU in thousandths, all else in units.
import { amountOf, isSidecar, podAmounts } from '../api/meta/pod.ts';
import type { Container, ContainerStatus, Pod, PodSpec } from '../api/types/kubernetes.ts';

export type Amounts = Map<string, number>;

/** What a container without a request counts for when nodes are compared, so that such pods spread too (Kubernetes' own values). */
const UNSTATED = { cpu: 100, memory: 200 * 1024 * 1024 };

/** The amounts of a node's capacity. */
export const amounts = (map: Readonly<Record<string, string>> | undefined): Amounts =>
  new Map(Object.entries(map ?? {}).map(([r, q]) => [r, amountOf(r, q)]));

/** What a pod takes of a node (`podAmounts`): while it is resized the largest of what it wants, what it was given and what it has. */
export const podRequests = (pod: Pod): Amounts => new Map(pod.spec ? Object.entries(podAmounts(withGiven(pod, pod.spec))) : []);
/** As podRequests, with usual amounts where nothing is requested; only for comparing nodes. */
export const podRequestsForScore = (pod: Pod): Amounts => new Map(pod.spec ? Object.entries(podAmounts(withGiven(pod, pod.spec), 'requests', UNSTATED)) : []);

type Given = Readonly<Record<string, string>> | undefined;
const given = (s: ContainerStatus): Given[] => [s.resources?.requests, s.allocatedResources];
const statusesOf = (pod: Pod): ContainerStatus[] => [...pod.status?.containerStatuses ?? [], ...pod.status?.initContainerStatuses ?? []].filter(s => s.resources?.requests ?? s.allocatedResources);
const isSame = (a: Given, b: Given): boolean => Object.keys({ ...a, ...b }).every(k => a?.[k] === b?.[k]);

/** Whether nothing that counts for its node differs in the status of the two. */
export function hasSameRoom(a: Pod, b: Pod): boolean {
  if (a.status === b.status) return true;
  const x = statusesOf(a), y = statusesOf(b);
  return x.length === y.length && x.every((s, i) => s.name === y[i]!.name && isSame(s.resources?.requests, y[i]!.resources?.requests) && isSame(s.allocatedResources, y[i]!.allocatedResources)) && isInfeasible(a) === isInfeasible(b);
}
/** Its node said that it can never have what it wants: that does not count. */
const isInfeasible = (pod: Pod): boolean => pod.status?.conditions?.some(c => c.type === 'PodResizePending' && c.reason === 'Infeasible') ?? false;

/** The spec with the requests that count. */
function withGiven(pod: Pod, spec: PodSpec): PodSpec {
  const of = new Map(statusesOf(pod).map(s => [s.name, s]));
  if (of.size === 0) return spec;
  const infeasible = isInfeasible(pod);
  const counted = (c: Container): Container => {
    const s = of.get(c.name), wants = c.resources?.requests;
    if (!s || given(s).every(g => g === undefined || isSame(g, wants))) return c;
    const most: Record<string, string> = infeasible ? {} : { ...wants };
    for (const g of given(s)) for (const r in g) if (most[r] === undefined || amountOf(r, g[r]!) > amountOf(r, most[r])) most[r] = g[r]!;
    return { ...c, resources: { ...c.resources, requests: most } };
  };
  return { ...spec, containers: spec.containers.map(counted), ...(spec.initContainers ? { initContainers: spec.initContainers.map(c => (isSidecar(c) ? counted(c) : c)) } : {}) };
}

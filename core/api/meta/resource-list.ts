// Exact sums of resource lists, for what bounds and bills: LimitRange and ResourceQuota. (The scheduler's plain numbers are in pod.ts.)
import type { Container, ContainerStatus, Pod, PodSpec } from '../types/kubernetes.ts';
import { isSidecar } from './pod.ts';
import { parseQuantity, type Quantity } from './quantity.ts';

type List = Readonly<Record<string, string>> | undefined;
/** Resource name -> exact amount. */
export type ResourceSums = Map<string, Quantity>;

const known = new Map<string, Quantity>();
/** `parseQuantity`, remembered: the same few texts come again and again. */
export function quantityOf(text: string): Quantity {
  let q = known.get(text);
  if (q === undefined) {
    if (known.size > 4096) known.clear();
    known.set(text, q = parseQuantity(text));
  }
  return q;
}

/** `a + b` in the format of `a`, of `b` where `a` is nothing or zero. */
export const plus = (a: Quantity | undefined, b: Quantity): Quantity => (a === undefined || a.nanos === 0n ? b : { nanos: a.nanos + b.nanos, format: a.format });

export const sumsOf = (list: List): ResourceSums => new Map(Object.entries(list ?? {}).map(([n, q]) => [n, quantityOf(q)]));
function addInto(sum: ResourceSums, more: ResourceSums): void { for (const [n, q] of more) sum.set(n, plus(sum.get(n), q)); }
function maxInto(sum: ResourceSums, other: ResourceSums): void {
  for (const [n, q] of other) { const have = sum.get(n); if (have === undefined || have.nanos < q.nanos) sum.set(n, q); }
}

/** What a pod-level list may carry. */
const podLevel = (name: string): boolean => name === 'cpu' || name === 'memory' || name.startsWith('hugepages-');

/** During a resize, the larger of what is wished and what the container has. */
function ofContainer(c: Container, which: 'requests' | 'limits', status: ContainerStatus | undefined, infeasible: boolean): ResourceSums {
  const wished = sumsOf(c.resources?.[which]);
  if (!status?.resources) return wished;
  const out: ResourceSums = infeasible ? new Map() : wished;
  maxInto(out, sumsOf(status.resources[which]));
  if (which === 'requests') maxInto(out, sumsOf(status.allocatedResources));
  return out;
}

/**
 * What a pod asks for in all: the larger of its containers together with its sidecars and of each init container with the sidecars
 * before it; pod-level lists replace the sums of the names they carry. `overhead`: with what the runtime takes (k8s.io/component-helpers
 * resource.PodRequests; LimitRange leaves it out). With `status`, a resize that is under way counts as the larger of both.
 */
export function podSums(spec: PodSpec, which: 'requests' | 'limits', o: { readonly overhead: boolean; readonly status?: Pod['status'] }): ResourceSums {
  const statuses = o.status && new Map([...(o.status.containerStatuses ?? []), ...(o.status.initContainerStatuses ?? [])].map(s => [s.name, s]));
  const infeasible = o.status?.conditions?.some(c => c.type === 'PodResizePending' && c.reason === 'Infeasible') ?? false;
  const own = (c: Container): ResourceSums => ofContainer(c, which, statuses?.get(c.name), infeasible);
  const sum: ResourceSums = new Map(), sidecars: ResourceSums = new Map(), starting: ResourceSums = new Map();
  for (const c of spec.containers ?? []) addInto(sum, own(c));
  for (const c of spec.initContainers ?? []) {
    const needs = own(c);
    if (isSidecar(c)) { addInto(sidecars, needs); maxInto(starting, sidecars); } else { addInto(needs, sidecars); maxInto(starting, needs); }
  }
  addInto(sum, sidecars);
  maxInto(sum, starting);
  for (const [n, q] of sumsOf(spec.resources?.[which])) if (podLevel(n)) sum.set(n, q);
  if (!o.overhead) return sum;
  for (const [n, q] of sumsOf(spec.overhead)) {
    // A limit that is not set stays unlimited; only a request grows from nothing.
    if (which === 'requests' || (sum.get(n)?.nanos ?? 0n) !== 0n) sum.set(n, plus(sum.get(n), q));
  }
  return sum;
}

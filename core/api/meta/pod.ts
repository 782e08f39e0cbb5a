// What many rooms ask of a pod.
import type { Container, Pod, PodCondition, PodSpec, ResourceRequirements } from '../types/kubernetes.ts';
import { millisOf, wholeOf } from './quantity.ts';

export const podCondition = (pod: Pod, type: string): PodCondition | undefined => pod.status?.conditions?.find(c => c.type === type);
/** The Ready condition is True. */
export const isReady = (pod: Pod): boolean => podCondition(pod, 'Ready')?.status === 'True';
/** Succeeded or Failed: it will not run again. */
export const isTerminal = (pod: Pod): boolean => pod.status?.phase === 'Succeeded' || pod.status?.phase === 'Failed';
/** Deletion was asked for. */
export const isTerminating = (object: { metadata?: { deletionTimestamp?: unknown } }): boolean => Boolean(object.metadata?.deletionTimestamp);
/** Neither finished nor being deleted: what a controller counts as one of its pods. */
export const isActive = (pod: Pod): boolean => !isTerminal(pod) && !isTerminating(pod);
/** Ready for at least `minReadySeconds` at `now` (ms). */
export function isAvailable(pod: Pod, minReadySeconds: number, now: number): boolean {
  const ready = podCondition(pod, 'Ready');
  if (ready?.status !== 'True') return false;
  return minReadySeconds === 0 || (Boolean(ready.lastTransitionTime) && Date.parse(ready.lastTransitionTime!) + minReadySeconds * 1000 <= now);
}
/** A sidecar: an init container that is restarted always and runs beside the others. */
export const isSidecar = (container: Container): boolean => container.restartPolicy === 'Always';

/** Resource name -> amount: `cpu` in millicores, all else in whole units. */
export type Amounts = Record<string, number>;
const known = new Map<string, number>();
/** One quantity as a number, exact to 2^53; the same texts come again and again and are remembered. Throws as parseQuantity. */
export function amountOf(resource: string, quantity: string): number {
  const key = resource === 'cpu' ? `c${quantity}` : quantity;
  let value = known.get(key);
  if (value === undefined) {
    value = resource === 'cpu' ? millisOf(quantity) : wholeOf(quantity);
    if (known.size > 10_000) known.clear();
    known.set(key, value);
  }
  return value;
}

function amounts(r: ResourceRequirements | undefined, which: 'requests' | 'limits', unstated?: Amounts): Amounts {
  const out: Amounts = { ...unstated }, list = r?.[which];
  for (const name in list) out[name] = amountOf(name, list[name]!);
  return out;
}
function addTo(sum: Amounts, more: Amounts): void { for (const n in more) sum[n] = (sum[n] ?? 0) + more[n]!; }
function maxInto(sum: Amounts, other: Amounts): void { for (const n in other) sum[n] = Math.max(sum[n] ?? 0, other[n]!); }

/**
 * What a pod needs of a node: the larger of all containers with all sidecars together and of each init container with the sidecars
 * started before it, plus overhead; pod-level resources replace the sum for the names they carry. `unstated` stands for what a
 * container does not name.
 */
export function podAmounts(spec: PodSpec, which: 'requests' | 'limits' = 'requests', unstated?: Amounts): Amounts {
  const running: Amounts = {}, sidecars: Amounts = {}, starting: Amounts = {};
  for (const c of spec.containers) addTo(running, amounts(c.resources, which, unstated));
  for (const c of spec.initContainers ?? []) {
    const own = amounts(c.resources, which, unstated);
    if (isSidecar(c)) { addTo(sidecars, own); maxInto(starting, sidecars); } else { addTo(own, sidecars); maxInto(starting, own); }
  }
  addTo(running, sidecars);
  maxInto(running, starting);
  Object.assign(running, amounts(spec.resources, which));
  for (const name in spec.overhead) {
    // A limit that is not set stays unlimited; only a request grows from nothing.
    if (which === 'requests' || running[name] !== undefined) running[name] = (running[name] ?? 0) + amountOf(name, spec.overhead[name]!);
  }
  return running;
}

export type QosClass = 'Guaranteed' | 'Burstable' | 'BestEffort';
/** The QoS class by cpu and memory of all containers, or of the pod where it has resources itself. */
export function qosClass(spec: PodSpec): QosClass {
  const all: (ResourceRequirements | undefined)[] = spec.resources && (spec.resources.requests || spec.resources.limits)
    ? [spec.resources] : [...spec.containers, ...(spec.initContainers ?? [])].map(c => c.resources);
  let any = false, guaranteed = true;
  for (const r of all) {
    for (const name of ['cpu', 'memory'] as const) {
      const request = r?.requests?.[name] === undefined ? 0 : amountOf(name, r.requests[name]!);
      const limit = r?.limits?.[name] === undefined ? 0 : amountOf(name, r.limits[name]!);
      if (request > 0 || limit > 0) any = true;
      if (limit === 0 || (r?.requests?.[name] !== undefined && request !== limit)) guaranteed = false;
    }
  }
  return !any ? 'BestEffort' : guaranteed ? 'Guaranteed' : 'Burstable';
}

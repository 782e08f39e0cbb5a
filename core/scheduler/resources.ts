// Amounts of resources as plain numbers: CPU in thousandths, all else in units. Exact to 2^53.
import { millisOf, wholeOf } from '../api/meta/quantity.ts';
import type { Container, Pod } from '../api/types/kubernetes.ts';

export type Amounts = Map<string, number>;

/** What a container without a request counts for when nodes are compared, so that such pods spread too (Kubernetes' own values). */
const UNSTATED = { cpu: 100, memory: 200 * 1024 * 1024 };

const parsed = new Map<string, number>();
/** One quantity as a number; the same texts come again and again. */
export function amount(resource: string, quantity: string): number {
  const key = resource === 'cpu' ? `c${quantity}` : quantity;
  let value = parsed.get(key);
  if (value === undefined) {
    value = resource === 'cpu' ? millisOf(quantity) : wholeOf(quantity);
    if (parsed.size > 10_000) parsed.clear();
    parsed.set(key, value);
  }
  return value;
}

export const amounts = (map: Readonly<Record<string, string>> | undefined): Amounts =>
  new Map(Object.entries(map ?? {}).map(([r, q]) => [r, amount(r, q)]));

const add = (to: Amounts, more: Iterable<readonly [string, number]>): void => { for (const [r, n] of more) to.set(r, (to.get(r) ?? 0) + n); };
const raise = (to: Amounts, floor: Amounts): void => { for (const [r, n] of floor) if (n > (to.get(r) ?? 0)) to.set(r, n); };

const requestsOf = (c: Container): Amounts => amounts(c.resources?.requests);
function statedOrUsual(c: Container): Amounts {
  const r = requestsOf(c);
  if (!r.has('cpu')) r.set('cpu', UNSTATED.cpu);
  if (!r.has('memory')) r.set('memory', UNSTATED.memory);
  return r;
}

/**
 * What a pod takes: its containers and sidecars together, or the largest moment of its init containers (each with the sidecars
 * started before it), plus overhead. Pod-level requests, where given, replace the sum.
 */
function total(pod: Pod, of: (c: Container) => Amounts): Amounts {
  const sum: Amounts = new Map();
  for (const c of pod.spec?.containers ?? []) add(sum, of(c));
  const sidecars: Amounts = new Map();
  const peak: Amounts = new Map();
  for (const c of pod.spec?.initContainers ?? []) {
    const own = of(c);
    if (c.restartPolicy === 'Always') { add(sidecars, own); add(sum, own); raise(peak, sidecars); continue; }
    add(own, sidecars);
    raise(peak, own);
  }
  raise(sum, peak);
  for (const [r, n] of amounts(pod.spec?.resources?.requests)) sum.set(r, n);
  add(sum, amounts(pod.spec?.overhead));
  return sum;
}

export const podRequests = (pod: Pod): Amounts => total(pod, requestsOf);
/** As podRequests, with usual amounts where nothing is requested; only for comparing nodes. */
export const podRequestsForScore = (pod: Pod): Amounts => total(pod, statedOrUsual);

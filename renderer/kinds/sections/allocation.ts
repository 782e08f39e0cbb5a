// Sums of what pods on a node ask for, by Kubernetes' rule: per resource the sum of the containers or the largest init container,
// whichever is more, plus sidecars and overhead; pods that have ended take nothing.
import { addQuantity, canonicalQuantity, compareQuantity, nanosOf } from '../../../core/api/meta/quantity.ts';
import type { Container, Node, Pod } from '../../../core/api/types/kubernetes.ts';

export interface Allocated { resource: string; requests: string; limits: string; allocatable: string; /** Requests of what can be given, 0 to 1 and above. */ part: number | undefined }
type Amounts = Record<string, string>;
const FIRST = ['cpu', 'memory', 'ephemeral-storage', 'pods'];

function plus(a: Amounts, b: Readonly<Record<string, string>> | undefined): Amounts {
  const out = { ...a };
  for (const [k, v] of Object.entries(b ?? {})) out[k] = addQuantity(out[k], v);
  return out;
}
function larger(a: Amounts, b: Amounts): Amounts {
  const out = { ...a };
  for (const [k, v] of Object.entries(b)) if (out[k] === undefined || compareQuantity(v, out[k]) > 0) out[k] = v;
  return out;
}

export function podAmounts(p: Pod, which: 'requests' | 'limits'): Amounts {
  const of = (c: Container) => c.resources?.[which];
  let main: Amounts = {}, sidecars: Amounts = {}, peak: Amounts = {};
  for (const c of p.spec?.initContainers ?? []) {
    // A sidecar goes on running beside what starts after it.
    if (c.restartPolicy === 'Always') sidecars = plus(sidecars, of(c)); else peak = larger(peak, plus(sidecars, of(c)));
  }
  for (const c of p.spec?.containers ?? []) main = plus(main, of(c));
  return plus(larger(plus(main, sidecars), peak), p.spec?.overhead);
}

/** Rows for everything the node can give; cpu, memory and storage first. */
export function allocationOf(node: Node, pods: readonly Pod[]): Allocated[] {
  const live = pods.filter(p => p.status?.phase !== 'Succeeded' && p.status?.phase !== 'Failed');
  const sum = (which: 'requests' | 'limits'): Amounts => live.reduce<Amounts>((all, p) => plus(all, podAmounts(p, which)), {});
  const requests: Amounts = { ...sum('requests'), pods: String(live.length) }, limits = sum('limits');
  const can = node.status?.allocatable ?? node.status?.capacity ?? {};
  const place = (r: string): number => { const at = FIRST.indexOf(r); return at < 0 ? FIRST.length : at; };
  return Object.keys(can).filter(r => !r.startsWith('hugepages-') || nanosOf(can[r]) > 0n).sort((a, b) => place(a) - place(b) || a.localeCompare(b)).map(resource => {
    const whole = nanosOf(can[resource]), part = nanosOf(requests[resource]);
    return { resource, requests: readable(resource, requests[resource] ?? '0'), limits: limits[resource] ? readable(resource, limits[resource]) : '–', allocatable: readable(resource, can[resource]!), part: whole > 0n ? Number(part * 10_000n / whole) / 10_000 : undefined };
  });
}

const BYTES = /^(memory|ephemeral-storage|storage|hugepages-.*|(requests|limits)\.(memory|storage|ephemeral-storage))$/;
const UNITS = ['', 'Ki', 'Mi', 'Gi', 'Ti', 'Pi'];
/** Bytes in the largest unit that leaves at least 1, to one decimal; anything else as Kubernetes writes it. */
export function readable(resource: string, quantity: string): string {
  if (!BYTES.test(resource)) return canonicalQuantity(quantity);
  let value = Number(nanosOf(quantity) / 1_000_000_000n), unit = 0;
  while (value >= 1024 && unit < UNITS.length - 1) { value /= 1024; unit++; }
  return `${Math.round(value * 10) / 10}${UNITS[unit]}`;
}

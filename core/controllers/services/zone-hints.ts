// `service.kubernetes.io/topology-mode: Auto`: endpoints are shared out among zones by the processors of their nodes, so that traffic
// stays in its zone and none gets more than a fifth above its share. Where that cannot be, no hints are given and an event says why.
import { node as nodeKind } from '../../api/kinds/core/node.ts';
import { millisOf } from '../../api/meta/quantity.ts';
import type { Endpoint, EndpointSlice, Node, Service } from '../../api/types/kubernetes.ts';
import type { ControllerContext } from '../controller.ts';
import type { Wanted } from './slices.ts';

const ZONE = 'topology.kubernetes.io/zone';
const CONTROL_PLANE = ['node-role.kubernetes.io/control-plane', 'node-role.kubernetes.io/master'];
/** How much more than its share an endpoint may get. */
const OVERLOAD = 0.2;

/** The service asks for it, by the present annotation or the one before. */
export const byZone = (s: Service): boolean => {
  const a = s.metadata?.annotations ?? {};
  return /^[Aa]uto$/.test(a['service.kubernetes.io/topology-mode'] ?? a['service.kubernetes.io/topology-aware-hints'] ?? '');
};

/** Zone -> its share of all processors; undefined where a node says too little, or there are fewer than two zones. */
export type Shares = ReadonlyMap<string, number> | undefined;

export function sharesOf(nodes: readonly Node[]): Shares {
  const cpus = new Map<string, number>();
  let total = 0;
  for (const n of nodes) {
    const labels = n.metadata?.labels ?? {};
    if (CONTROL_PLANE.some(l => l in labels) || n.status?.conditions?.find(c => c.type === 'Ready')?.status !== 'True') continue;
    const zone = labels[ZONE], cpu = millisOf(n.status.allocatable?.['cpu']);
    if (!zone || cpu === 0) return undefined;
    cpus.set(zone, (cpus.get(zone) ?? 0) + cpu);
    total += cpu;
  }
  return cpus.size < 2 ? undefined : new Map([...cpus].sort(([a], [b]) => (a < b ? -1 : 1)).map(([zone, cpu]) => [zone, cpu / total]));
}

const most = (zones: ReadonlyMap<string, number>): [string, number] => [...zones].reduce<[string, number]>((best, z) => (z[1] > best[1] ? z : best), ['', 0]);

/** How many endpoints each zone gives to or takes from others. */
function exchange(wished: ReadonlyMap<string, number>, have: ReadonlyMap<string, number>): { gives: Map<string, number>; takes: Map<string, number> } {
  const over = new Map<string, number>(), under = new Map<string, number>(), gives = new Map<string, number>(), takes = new Map<string, number>();
  for (const [zone, wish] of wished) {
    const n = have.get(zone) ?? 0;
    if (n > wish) over.set(zone, n - wish); else if (n < wish) under.set(zone, wish - n);
  }
  for (;;) {
    const [giver, give] = most(over), [taker, take] = most(under);
    if (giver === '' || taker === '' || (give < 1 && take < 1) || give < 0.5 || take < 0.5) return { gives, takes };
    gives.set(giver, (gives.get(giver) ?? 0) + 1); over.set(giver, give - 1);
    takes.set(taker, (takes.get(taker) ?? 0) + 1); under.set(taker, take - 1);
  }
}

const less = (zones: Map<string, number>, zone: string): void => { const n = zones.get(zone)! - 1; if (n > 0) zones.set(zone, n); else zones.delete(zone); };

/**
 * The zone each ready endpoint is for, by its address; a text says why there are none. `before` tells what an endpoint was for, so
 * that those lent to another zone stay so.
 */
export function share(endpoints: readonly Endpoint[], shares: Shares, before: (address: string) => string | undefined): Map<string, string> | string {
  if (!shares) return 'Insufficient Node information: allocatable CPU or zone not specified on one or more nodes';
  const ready = endpoints.filter(e => e.conditions?.ready === true), n = ready.length, zones = shares.size;
  if (zones > n) return `Insufficient number of endpoints (${n} endpoints, ${zones} zones)`;
  const wished = new Map<string, number>(), have = new Map<string, number>();
  let least = 0;
  for (const [zone, part] of shares) {
    const minimum = Math.ceil((part * n) * (1 / (1 + OVERLOAD)));
    least += minimum;
    wished.set(zone, Math.max(part * n, minimum));
  }
  if (least > n) return `Unable to allocate minimum required endpoints to each zone without exceeding overload threshold (${n} endpoints, ${zones} zones)`;
  if (ready.some(e => !e.zone)) return 'One or more endpoints do not have a zone specified';
  for (const e of ready) have.set(e.zone!, (have.get(e.zone!) ?? 0) + 1);
  const { gives, takes } = exchange(wished, have), hints = new Map(ready.map(e => [e.addresses[0]!, e.zone!]));
  const lend = (e: Endpoint, to: string): void => { hints.set(e.addresses[0]!, to); less(gives, e.zone!); less(takes, to); };
  const sorted = [...ready].sort((a, b) => (a.addresses[0]! < b.addresses[0]! ? -1 : 1)), lent = new Set<Endpoint>();
  for (const e of sorted) {
    const to = before(e.addresses[0]!);
    if (to !== undefined && to !== e.zone && gives.has(e.zone!) && takes.has(to)) { lend(e, to); lent.add(e); }
  }
  for (const e of sorted) {
    const to = takes.keys().next().value;
    if (to === undefined) break;
    if (!lent.has(e) && gives.has(e.zone!)) lend(e, to);
  }
  return hints;
}

/** Gives hints to the endpoints of services that ask for it, and looks at those services again when nodes change what is fair. */
export class ZoneHints {
  readonly #ctx: ControllerContext;
  readonly #nodes: () => readonly Node[];
  /** Services that ask for it -> whether they have hints, by address family. */
  readonly #asking = new Map<string, Map<string, boolean>>();
  #shares: { readonly value: Shares } | undefined;

  constructor(ctx: ControllerContext, wake: (key: string) => void) {
    this.#ctx = ctx;
    const nodes = ctx.informers.for<Node>(nodeKind);
    this.#nodes = () => nodes.lister.list();
    const says = (n: Node): string => [n.metadata?.labels?.[ZONE], n.status?.allocatable?.['cpu'], n.status?.conditions?.find(c => c.type === 'Ready')?.status, CONTROL_PLANE.some(l => l in (n.metadata?.labels ?? {}))].join();
    const changed = (): void => { this.#shares = undefined; for (const key of this.#asking.keys()) wake(key); };
    nodes.on({ add: changed, delete: changed, update: (n, prev) => { if (says(n) !== says(prev)) changed(); } });
  }

  /** The service is gone. */
  forget(key: string): void { this.#asking.delete(key); }

  #say(s: Service, type: 'Normal' | 'Warning', message: string, family: string): void {
    this.#ctx.recorder.event(s, type, type === 'Normal' ? 'TopologyAwareHintsEnabled' : 'TopologyAwareHintsDisabled', `${message}, addressType: ${family}`);
  }

  /** `wanted` with the hints the service's annotation asks for; as it is without one. `existing` are the service's slices. */
  apply(key: string, s: Service, wanted: readonly Wanted[], existing: readonly EndpointSlice[]): Wanted[] {
    let had = this.#asking.get(key);
    if (!byZone(s)) {
      for (const [family, on] of had ?? []) if (on) this.#say(s, 'Warning', 'Topology Aware Hints has been disabled', family);
      this.#asking.delete(key);
      return [...wanted];
    }
    if (!had) this.#asking.set(key, had = new Map());
    const before = new Map(existing.flatMap(x => x.endpoints ?? []).map(e => [e.addresses[0], e.hints?.forZones?.[0]?.name]));
    this.#shares ??= { value: sharesOf(this.#nodes()) };
    const out: Wanted[] = [];
    for (const family of new Set(wanted.map(w => w.addressType))) {
      const groups = wanted.filter(w => w.addressType === family), hints = share(groups.flatMap(w => w.endpoints), this.#shares.value, a => before.get(a));
      if (typeof hints === 'string') this.#say(s, 'Warning', hints, family);
      else if (!had.get(family)) this.#say(s, 'Normal', 'Topology Aware Hints has been enabled', family);
      had.set(family, typeof hints !== 'string');
      for (const w of groups) out.push({ ...w, endpoints: w.endpoints.map(({ hints: _none, ...e }) => { const zone = typeof hints === 'string' ? undefined : hints.get(e.addresses[0]!); return zone === undefined ? e : { ...e, hints: { forZones: [{ name: zone }] } }; }) });
    }
    return out;
  }
}

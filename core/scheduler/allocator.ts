// Which devices claims get on a node: every request of every claim has its devices at once, or none has.
import { tolerates } from '../api/meta/taint.ts';
import { parseQuantity } from '../api/meta/quantity.ts';
import type { AllocationResult, Counter, Device, DeviceAllocationConfiguration, DeviceClass, DeviceConstraint, DeviceRequestAllocationResult, DeviceSubRequest, ExactDeviceRequest, NodeSelectorTerm, ResourceSlice } from '../api/types/kubernetes.ts';
import { deviceId, type Claim, type Devices, type Pool, type SelectDevice } from './devices.ts';
import type { NodeInfo } from './node-info.ts';
import { termMatches } from './node-selection.ts';

/** One claim cannot have more devices. */
const MOST = 32;

interface Candidate { readonly pool: Pool; readonly slice: ResourceSlice; readonly device: Device; readonly id: string }
/** One way to meet a request; `name` is `request` or `request/subrequest`. */
interface Want { readonly name: string; readonly of: string; readonly request: ExactDeviceRequest | DeviceSubRequest; readonly cls: DeviceClass }
interface Chosen { readonly want: Want; readonly candidate: Candidate }

const adminOf = (r: ExactDeviceRequest | DeviceSubRequest): boolean => 'adminAccess' in r && r.adminAccess === true;
/** The value of an attribute by its full name, told apart by its sort; undefined where the device has none. */
function attributeOf({ slice, device }: Candidate, name: string): string | undefined {
  const at = name.indexOf('/'), own = name.slice(0, at) === slice.spec.driver ? device.attributes?.[name.slice(at + 1)] : undefined, a = device.attributes?.[name] ?? own;
  return a && JSON.stringify(a);
}
const selects = (s: { nodeName?: string; allNodes?: boolean; nodeSelector?: { nodeSelectorTerms: NodeSelectorTerm[] } }, n: NodeInfo): boolean =>
  s.allNodes === true || (s.nodeName ? s.nodeName === n.name : s.nodeSelector?.nodeSelectorTerms.some(t => termMatches(t, n)) ?? false);

export class Allocator {
  readonly #node: NodeInfo;
  readonly #devices: Devices;
  readonly #select: SelectDevice;
  readonly #candidates: Candidate[] = [];
  readonly #used = new Set<string>();
  /** Expression results by request and device. */
  readonly #matched = new Map<string, boolean>();

  constructor(node: NodeInfo, devices: Devices, select: SelectDevice) {
    this.#node = node;
    this.#devices = devices;
    this.#select = select;
    for (const pool of devices.pools()) for (const slice of pool.slices) {
      const each = slice.spec.perDeviceNodeSelection === true;
      if (!each && !selects(slice.spec, node)) continue;
      for (const device of slice.spec.devices ?? []) if (!each || selects(device, node)) this.#candidates.push({ pool, slice, device, id: deviceId({ driver: pool.driver, pool: pool.name, device: device.name }) });
    }
  }

  /** An allocation for each claim, undefined where the node does not have what they want together. Throws Error where a claim makes no sense. */
  allocate(claims: readonly Claim[]): AllocationResult[] | undefined {
    const out: AllocationResult[] = [];
    const next = (i: number): boolean => {
      if (i === claims.length) return true;
      return this.#claim(claims[i]!, chosen => {
        out[i] = this.#result(claims[i]!, chosen);
        return next(i + 1);
      });
    };
    return next(0) ? out : undefined;
  }

  /** Tries ways to meet the claim until `then` is content with one. */
  #claim(claim: Claim, then: (chosen: readonly Chosen[]) => boolean): boolean {
    const requests = claim.spec.devices?.requests ?? [], constraints = claim.spec.devices?.constraints ?? [], chosen: Chosen[] = [];
    const request = (i: number): boolean => {
      if (i === requests.length) return then([...chosen]);
      const r = requests[i]!, ways = r.exactly ? [{ name: r.name, request: r.exactly }] : (r.firstAvailable ?? []).map(s => ({ name: `${r.name}/${s.name}`, request: s }));
      return ways.some(way => {
        const cls = this.#devices.deviceClass(way.request.deviceClassName);
        if (!cls) throw new Error(`request ${way.name}: device class ${way.request.deviceClassName} does not exist`);
        const want: Want = { ...way, of: r.name, cls };
        if (way.request.allocationMode === 'All') return this.#all(claim, want, chosen, constraints, () => request(i + 1));
        return this.#some(claim, want, way.request.count ?? 1, 0, chosen, constraints, () => request(i + 1));
      });
    };
    return request(0);
  }

  #some(claim: Claim, want: Want, count: number, from: number, chosen: Chosen[], constraints: readonly DeviceConstraint[], then: () => boolean): boolean {
    if (count === 0) return then();
    if (chosen.length >= MOST) return false;
    for (let i = from; i < this.#candidates.length; i++) {
      const c = this.#candidates[i]!;
      // What is being changed is not given away.
      if (!c.pool.complete || !this.#matches(claim, want, c) || !this.#take(want, c, chosen, constraints)) continue;
      if (this.#some(claim, want, count - 1, i + 1, chosen, constraints, then)) return true;
      this.#give(want, c, chosen);
    }
    return false;
  }
  #all(claim: Claim, want: Want, chosen: Chosen[], constraints: readonly DeviceConstraint[], then: () => boolean): boolean {
    const mine: Candidate[] = [];
    for (const c of this.#candidates) {
      if (!this.#matches(claim, want, c)) continue;
      if (!c.pool.complete) throw new Error(`claim ${claim.metadata?.namespace}/${claim.metadata?.name}, request ${want.name}: asks for all devices, but resource pool ${c.pool.driver}/${c.pool.name} is currently being updated`);
      if (chosen.length >= MOST || !this.#take(want, c, chosen, constraints)) break;
      mine.push(c);
    }
    const complete = mine.length > 0 && this.#candidates.every(c => !this.#matches(claim, want, c) || mine.includes(c));
    if (complete && then()) return true;
    for (const c of mine.toReversed()) this.#give(want, c, chosen);
    return false;
  }

  #matches(claim: Claim, want: Want, c: Candidate): boolean {
    const key = `${claim.metadata?.uid}|${want.name}|${c.id}`;
    let yes = this.#matched.get(key);
    if (yes === undefined) {
      const said = (where: string, list: readonly { cel?: { expression: string } }[] | undefined): boolean => (list ?? []).every((s, i) => {
        try { return this.#select(s.cel?.expression ?? '', c.pool.driver, c.device); } catch (e) { throw new Error(`${where}: selector #${i}: ${(e as Error).message}`, { cause: e }); }
      });
      yes = said(`class ${want.cls.metadata?.name}`, want.cls.spec.selectors) && said(`claim ${claim.metadata?.namespace}/${claim.metadata?.name}, request ${want.name}`, want.request.selectors)
        && (c.device.taints ?? []).every(t => t.effect === 'None' || (want.request.tolerations ?? []).some(o => tolerates(o, t)));
      this.#matched.set(key, yes);
    }
    return yes;
  }

  #take(want: Want, c: Candidate, chosen: Chosen[], constraints: readonly DeviceConstraint[]): boolean {
    const admin = adminOf(want.request);
    if (!admin && (this.#used.has(c.id) || this.#devices.isTaken(c.id) || !this.#hasCounters(c))) return false;
    for (const k of constraints) {
      const about = (w: Want): boolean => !k.requests?.length || k.requests.includes(w.of) || k.requests.includes(w.name);
      if (!about(want)) continue;
      const others = chosen.filter(o => about(o.want)).map(o => o.candidate), name = k.matchAttribute ?? k.distinctAttribute;
      if (name === undefined) continue;
      const value = attributeOf(c, name);
      if (value === undefined || others.some(o => (attributeOf(o, name) === value) !== (k.matchAttribute !== undefined))) return false;
    }
    if (!admin) this.#used.add(c.id);
    chosen.push({ want, candidate: c });
    return true;
  }
  #give(want: Want, c: Candidate, chosen: Chosen[]): void {
    chosen.pop();
    if (!adminOf(want.request)) this.#used.delete(c.id);
  }

  /** Whether what devices share is left for one more of them. */
  #hasCounters(c: Candidate): boolean {
    return (c.device.consumesCounters ?? []).every(use => {
      const set = c.pool.slices.flatMap(s => s.spec.sharedCounters ?? []).find(s => s.name === use.counterSet);
      return set !== undefined && Object.entries(use.counters).every(([name, n]) => {
        const has = set.counters[name];
        if (!has) return false;
        let left = nanos(has) - nanos(n);
        for (const s of c.pool.slices) for (const d of s.spec.devices ?? []) {
          const id = deviceId({ driver: c.pool.driver, pool: c.pool.name, device: d.name });
          if (id === c.id || !(this.#used.has(id) || this.#devices.isTaken(id))) continue;
          for (const other of d.consumesCounters ?? []) if (other.counterSet === use.counterSet && other.counters[name]) left -= nanos(other.counters[name]);
        }
        return left >= 0n;
      });
    });
  }

  #result(claim: Claim, chosen: readonly Chosen[]): AllocationResult {
    const results = chosen.map(({ want, candidate: c }): DeviceRequestAllocationResult => ({
      request: want.name, driver: c.pool.driver, pool: c.pool.name, device: c.device.name, ...(adminOf(want.request) ? { adminAccess: true } : {}), ...(want.request.tolerations?.length ? { tolerations: want.request.tolerations } : {}),
    }));
    const config: DeviceAllocationConfiguration[] = [];
    const wants = new Map(chosen.map(c => [c.want.name, c.want]));
    for (const w of wants.values()) for (const k of w.cls.spec.config ?? []) config.push({ source: 'FromClass', requests: [w.name], ...k });
    for (const k of claim.spec.devices?.config ?? []) if (!k.requests?.length || k.requests.some(r => [...wants.values()].some(w => w.name === r || w.of === r))) config.push({ source: 'FromClaim', ...k });
    const nodeSelector = this.#selector(chosen);
    return { devices: { results, ...(config.length ? { config } : {}) }, ...(nodeSelector ? { nodeSelector: { nodeSelectorTerms: [nodeSelector] } } : {}) };
  }

  /** Where all of the devices can be used; undefined for everywhere. */
  #selector(chosen: readonly Chosen[]): NodeSelectorTerm | undefined {
    const terms: NodeSelectorTerm[] = [];
    for (const { candidate: { slice, device } } of chosen) {
      const where = slice.spec.perDeviceNodeSelection ? device : slice.spec;
      if (where.nodeName) return { matchFields: [{ key: 'metadata.name', operator: 'In', values: [this.#node.name] }] };
      const term = where.nodeSelector?.nodeSelectorTerms.find(t => termMatches(t, this.#node));
      if (term && !terms.includes(term)) terms.push(term);
    }
    if (terms.length === 0) return undefined;
    const expressions = terms.flatMap(t => t.matchExpressions ?? []), fields = terms.flatMap(t => t.matchFields ?? []);
    return { ...(expressions.length ? { matchExpressions: expressions } : {}), ...(fields.length ? { matchFields: fields } : {}) };
  }
}
const nanos = (c: Counter): bigint => parseQuantity(c.value).nanos;

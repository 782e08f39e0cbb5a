// What a Service is given with its writes: a cluster IP and node ports; and what it gives back (contract 13.2).
import type { Service, ServicePort } from '../../api/types/kubernetes.ts';
import { invalid, type FieldError } from '../../api/meta/field-error.ts';
import type { KubeObject } from '../../api/meta/object.ts';
import { failure } from '../../api/meta/status.ts';
import { equal } from '../../api/meta/clone.ts';
import type { Reservation, WriteHook } from '../registry/env.ts';
import { addressOf, type AddressObjects } from './address-objects.ts';
import type { ClusterIps } from './cluster-ip.ts';
import type { NodePorts } from './node-port.ts';

type Spec = NonNullable<Service['spec']>;

const hasAddress = (s: Spec | undefined): boolean => s !== undefined && s.type !== 'ExternalName';
const wantsPorts = (s: Spec | undefined): boolean => s?.type === 'NodePort' || (s?.type === 'LoadBalancer' && s.allocateLoadBalancerNodePorts !== false);
const mayHavePorts = (s: Spec | undefined): boolean => s?.type === 'NodePort' || s?.type === 'LoadBalancer';
const portsOf = (s: Spec | undefined): number[] => [...new Set([...(s?.ports ?? []).map(p => p.nodePort ?? 0), s?.healthCheckNodePort ?? 0].filter(p => p > 0))];

/** One write's takings. */
class Taken implements Reservation {
  readonly errors: FieldError[] = [];
  readonly ips: string[] = [];
  readonly ports: number[] = [];
  readonly #ips: ClusterIps;
  readonly #ports: NodePorts;
  readonly #objects: AddressObjects;
  readonly #oldIp: string;
  readonly #oldPorts: readonly number[];
  readonly #next: Spec;
  #settled = false;

  constructor(ips: ClusterIps, ports: NodePorts, objects: AddressObjects, next: Spec, prev: Spec | undefined) {
    this.#ips = ips; this.#ports = ports; this.#objects = objects; this.#next = next;
    this.#oldIp = addressOf({ spec: prev });
    this.#oldPorts = portsOf(prev);
  }

  /** The write is stored: what the new state no longer has is free. */
  commit(): void {
    if (this.#settled) return;
    this.#settled = true;
    if (this.#oldIp !== '' && addressOf({ spec: this.#next }) !== this.#oldIp) this.#ips.release(this.#oldIp);
    const kept = portsOf(this.#next);
    for (const p of this.#oldPorts) if (!kept.includes(p)) this.#ports.release(p);
  }
  rollback(): void {
    if (this.#settled) return;
    this.#settled = true;
    for (const ip of this.ips) this.#ips.release(ip);
    for (const p of this.ports) this.#ports.release(p);
  }

  address(): void {
    const s = this.#next;
    if (!hasAddress(s)) return;
    s.ipFamilyPolicy ??= 'SingleStack';
    if (!s.ipFamilies?.length) s.ipFamilies = ['IPv4'];
    const asked = s.clusterIP ?? '';
    // A list without its first address by name is refused by the kind's own rules.
    if (asked === '' && s.clusterIPs?.length) return;
    if (asked !== '' && !s.clusterIPs?.length) s.clusterIPs = [asked];
    if (asked === 'None' || (asked !== '' && asked === this.#oldIp)) return;
    // Another address than before is refused by the kind's own rules.
    if (asked !== '' && this.#oldIp !== '') return;
    if (asked !== '') {
      const free = !this.#objects.taken(asked), why = free ? this.#ips.take(asked) : 'provided IP is already allocated';
      if (why === undefined) this.ips.push(asked);
      else this.errors.push(invalid('spec.clusterIPs', [asked], `failed to allocate IP ${asked}: ${why}`));
      return;
    }
    const ip = this.#ips.next(x => this.#objects.taken(x));
    if (ip === undefined) throw failure(500, 'InternalError', 'Internal error occurred: failed to allocate a serviceIP: range is full', { details: { causes: [{ message: 'failed to allocate a serviceIP: range is full' }] } });
    this.ips.push(ip);
    s.clusterIP = ip;
    s.clusterIPs = [ip];
  }

  nodePorts(): void {
    const s = this.#next;
    if (!mayHavePorts(s)) return;
    const mine = new Set(this.#oldPorts);
    const take = (port: number, field: string): void => {
      if (mine.has(port)) return;
      const why = this.#ports.take(port);
      if (why !== undefined) { this.errors.push(invalid(field, port, why)); return; }
      this.ports.push(port);
      mine.add(port);
    };
    (s.ports ?? []).forEach((p, i) => { if (p.nodePort) take(p.nodePort, `spec.ports[${i}].nodePort`); });
    if (s.healthCheckNodePort) take(s.healthCheckNodePort, 'spec.healthCheckNodePort');
    const give = (): number => {
      const port = this.#ports.next();
      if (port === undefined) throw failure(500, 'InternalError', 'Internal error occurred: failed to allocate a nodePort: range is full', { details: { causes: [{ message: 'failed to allocate a nodePort: range is full' }] } });
      this.ports.push(port);
      mine.add(port);
      return port;
    };
    if (wantsPorts(s)) {
      for (const p of s.ports ?? []) {
        if (p.nodePort) continue;
        // One number for the protocols of one port.
        p.nodePort = s.ports!.find(x => x !== p && x.port === p.port && x.protocol !== p.protocol && x.nodePort)?.nodePort ?? give();
      }
    }
    if (s.type === 'LoadBalancer' && s.externalTrafficPolicy === 'Local' && !s.healthCheckNodePort) s.healthCheckNodePort = give();
  }
}

/** What the author of an update left out keeps the value it was given; what the new type has no use for is dropped if unchanged. */
function carryAllocated(next: Spec, prev: Spec): void {
  if (hasAddress(next) && hasAddress(prev)) {
    if (!next.clusterIP && !next.clusterIPs?.length) {
      if (prev.clusterIP) next.clusterIP = prev.clusterIP;
      if (prev.clusterIPs) next.clusterIPs = [...prev.clusterIPs];
    }
    next.ipFamilies ??= prev.ipFamilies;
    next.ipFamilyPolicy ??= prev.ipFamilyPolicy;
  } else if (!hasAddress(next) && hasAddress(prev)) {
    for (const k of ['clusterIP', 'clusterIPs', 'ipFamilies', 'ipFamilyPolicy', 'internalTrafficPolicy'] as const) if (next[k] !== undefined && equal(next[k], prev[k])) delete next[k];
  }
  const before = (p: ServicePort): ServicePort | undefined => prev.ports?.find(x => x.port === p.port && (x.protocol ?? 'TCP') === (p.protocol ?? 'TCP'));
  if (mayHavePorts(next) && mayHavePorts(prev)) {
    const taken = new Set(portsOf(next));
    for (const p of next.ports ?? []) {
      const old = before(p)?.nodePort;
      if (!p.nodePort && old && !taken.has(old)) { p.nodePort = old; taken.add(old); }
    }
    if (next.type === 'LoadBalancer' && prev.type === 'LoadBalancer' && next.externalTrafficPolicy === 'Local' && !next.healthCheckNodePort && prev.healthCheckNodePort) next.healthCheckNodePort = prev.healthCheckNodePort;
  } else if (!mayHavePorts(next) && mayHavePorts(prev)) {
    for (const p of next.ports ?? []) if (p.nodePort && before(p)?.nodePort === p.nodePort) delete p.nodePort;
    if (next.externalTrafficPolicy && next.externalTrafficPolicy === prev.externalTrafficPolicy) delete next.externalTrafficPolicy;
  }
  if (next.healthCheckNodePort && !(next.type === 'LoadBalancer' && next.externalTrafficPolicy === 'Local') && next.healthCheckNodePort === prev.healthCheckNodePort) delete next.healthCheckNodePort;
}

/** The allocators' part in the life of services. */
export function serviceHook(ips: ClusterIps, ports: NodePorts, objects: AddressObjects): WriteHook {
  const taken = (next: KubeObject, prev: KubeObject | undefined): Taken => {
    const t = new Taken(ips, ports, objects, ((next as Service).spec ??= {}), (prev as Service | undefined)?.spec);
    try { t.address(); t.nodePorts(); } catch (e) { t.rollback(); throw e; }
    return t;
  };
  return {
    create: next => taken(next, undefined),
    update(next, prev) {
      const s = (next as Service).spec, p = (prev as Service).spec;
      if (s && p) carryAllocated(s, p);
      return taken(next, prev);
    },
    beside: (next, prev) => objects.beside(next, prev),
    deleted(prev) {
      const s = (prev as Service).spec, ip = addressOf(prev as Service);
      if (ip !== '') ips.release(ip);
      for (const port of portsOf(s)) ports.release(port);
    },
  };
}

/** Marks what the services of an opened store hold; returns what two of them hold at once. */
export function repair(services: Iterable<Service>, ips: ClusterIps, ports: NodePorts): string[] {
  const troubles: string[] = [];
  for (const svc of services) {
    const who = `${svc.metadata?.namespace}/${svc.metadata?.name}`, ip = addressOf(svc);
    if (ip !== '') { const why = ips.take(ip); if (why) troubles.push(`service ${who}: cluster IP ${ip}: ${why}`); }
    for (const p of mayHavePorts(svc.spec) ? portsOf(svc.spec) : []) { const why = ports.take(p); if (why) troubles.push(`service ${who}: node port ${p}: ${why}`); }
  }
  return troubles;
}

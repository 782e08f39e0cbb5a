// From Services and EndpointSlices to what a proxy programs: one row per service port, recomputed only for services that changed.
import { endpointSlice } from '../../api/kinds/discovery/endpoint-slice.ts';
import { node } from '../../api/kinds/core/node.ts';
import { service } from '../../api/kinds/core/service.ts';
import type { EndpointSlice, Node, Service } from '../../api/types/kubernetes.ts';
import type { Informer, InformerFactory } from '../../client/informer.ts';

export interface Backend { ip: string; port: number }
export interface ServicePort {
  /** `ns/name:port/PROTO`, unique. */
  key: string;
  clusterIP: string;
  protocol: 'tcp' | 'udp' | 'sctp';
  port: number;
  nodePort: number | undefined;
  /** ClientIP affinity in seconds; 0 without. */
  affinitySeconds: number;
  /** externalTrafficPolicy Local: who comes by the node port keeps its own address. */
  keepsSource?: boolean;
  /** Where everybody goes for whom `from` and `at` say nothing else. */
  backends: Backend[];
  /** Pods of these nodes have endpoints of their own (internalTrafficPolicy Local, hints); none: nothing of theirs is let through. */
  from?: { node: string; cidr: string; backends: Backend[] }[];
  /** externalTrafficPolicy Local: what the node's own port leads to. */
  at?: { node: string; cidr: string; ip: string; backends: Backend[] }[];
}

/** A node, as far as traffic is concerned: its name, the addresses of its pods, its own address and its zone. */
export interface Place { name: string; cidr: string; ip: string; zone: string }

export const SERVICE_NAME = 'kubernetes.io/service-name';

interface Known extends Backend { ready: boolean; ending: boolean; node: string | undefined; forZones: readonly string[]; forNodes: readonly string[] }
const NOBODY: readonly string[] = [];
const namesOf = (list: readonly { name: string }[] | undefined): readonly string[] => (list?.length ? list.map(x => x.name) : NOBODY);

/** Endpoints of one port over all slices, as far as anything may be sent to them. */
function endpointsOf(slices: readonly EndpointSlice[], portName: string | undefined): Known[] {
  const known: Known[] = [];
  for (const s of slices) {
    if (s.addressType !== 'IPv4') continue;
    const port = s.ports?.find(p => (p.name ?? '') === (portName ?? ''))?.port;
    if (port === undefined) continue;
    for (const e of s.endpoints ?? []) {
      const ready = e.conditions?.ready !== false, ending = !ready && e.conditions?.serving === true && e.conditions.terminating === true;
      if (!ready && !ending) continue;
      for (const ip of e.addresses) known.push({ ip, port, ready, ending, node: e.nodeName, forZones: namesOf(e.hints?.forZones), forNodes: namesOf(e.hints?.forNodes) });
    }
  }
  return known;
}

/** Ready endpoints; while none is ready, those that still serve although they terminate (KEP-1669). */
function choose(all: readonly Known[], fits: (e: Known) => boolean = () => true): Backend[] {
  const ready = all.filter(e => e.ready && fits(e));
  const chosen = ready.length ? ready : all.filter(e => e.ending && fits(e));
  const unique = new Map(chosen.map(e => [`${e.ip}:${e.port}`, { ip: e.ip, port: e.port }]));
  return [...unique.keys()].sort().map(k => unique.get(k)!);
}

/** Whom hints leave for the traffic of a node: by node where all have such a hint and one is for it, else by zone likewise, else everybody (undefined). */
function hinted(all: readonly Known[], place: Place): ((e: Known) => boolean) | undefined {
  const ready = all.filter(e => e.ready);
  const asks = (list: 'forNodes' | 'forZones', name: string): boolean => ready.length > 0 && ready.every(e => e[list].length > 0) && ready.some(e => e[list].includes(name));
  if (asks('forNodes', place.name)) return e => e.forNodes.includes(place.name);
  return asks('forZones', place.zone) ? e => e.forZones.includes(place.zone) : undefined;
}

/** Rows of one service; none for headless and ExternalName services. */
export function portsOf(s: Service, slices: readonly EndpointSlice[], places: readonly Place[] = []): ServicePort[] {
  const ip = s.spec?.clusterIP;
  if (!ip || ip === 'None' || ip.includes(':') || s.spec?.type === 'ExternalName') return [];
  const affinity = s.spec?.sessionAffinity === 'ClientIP' ? s.spec.sessionAffinityConfig?.clientIP?.timeoutSeconds ?? 10800 : 0;
  const inside = s.spec?.internalTrafficPolicy === 'Local', outside = s.spec?.externalTrafficPolicy === 'Local';
  return (s.spec?.ports ?? []).map(p => {
    const protocol = (p.protocol ?? 'TCP').toLowerCase() as ServicePort['protocol'];
    const all = endpointsOf(slices, p.name);
    const local = (place: Place): Backend[] => choose(all, e => e.node === place.name);
    const from = places.flatMap(place => {
      const fits = inside ? undefined : hinted(all, place);
      return inside || fits ? [{ node: place.name, cidr: place.cidr, backends: fits ? choose(all, fits) : local(place) }] : [];
    });
    return {
      key: `${s.metadata!.namespace}/${s.metadata!.name}:${p.port}/${protocol}`, clusterIP: ip, protocol, port: p.port,
      nodePort: p.nodePort || undefined, affinitySeconds: affinity, ...(outside ? { keepsSource: true } : {}), backends: choose(all),
      ...(from.length ? { from } : {}), ...(outside && p.nodePort && places.length ? { at: places.map(place => ({ node: place.name, cidr: place.cidr, ip: place.ip, backends: local(place) })) } : {}),
    };
  });
}

/** Addresses of a service's endpoints that get new connections now. */
const served = (slices: readonly EndpointSlice[]): string[] => slices.flatMap(s => (s.endpoints ?? []).filter(e => e.conditions?.ready !== false && e.conditions?.terminating !== true).flatMap(e => e.addresses));

const ZONE = 'topology.kubernetes.io/zone';
const placeOf = (n: Node): Place => ({ name: n.metadata?.name ?? '', cidr: n.spec?.podCIDR ?? '', ip: n.status?.addresses?.find(a => a.type === 'InternalIP')?.address ?? '', zone: n.metadata?.labels?.[ZONE] ?? '' });
const isPlace = (p: Place): boolean => p.cidr !== '' && p.ip !== '';

export class ServiceTable {
  readonly services: Informer<Service>;
  readonly slices: Informer<EndpointSlice>;
  /** `ns/name` -> rows as last computed. */
  readonly #rows = new Map<string, ServicePort[]>();
  /** `ns/name` -> addresses that get new connections, and how many services each address serves. */
  readonly #served = new Map<string, readonly string[]>();
  readonly #serving = new Map<string, number>();
  readonly #places = new Map<string, Place>();
  /** The places by name; made when it is needed after a node came, changed or went. */
  #sorted: readonly Place[] | undefined;

  /** `onChange` gets the `ns/name` of every service that may have changed; read its rows by `refresh`. */
  constructor(informers: InformerFactory, onChange: (service: string) => void) {
    this.services = informers.for<Service>(service);
    this.slices = informers.for<EndpointSlice>(endpointSlice);
    const ofSlice = (s: EndpointSlice): string => `${s.metadata!.namespace}/${s.metadata!.labels?.[SERVICE_NAME] ?? ''}`;
    this.slices.addIndex('service', s => [ofSlice(s)]);
    const svc = (s: Service): void => onChange(`${s.metadata!.namespace}/${s.metadata!.name}`);
    const slice = (s: EndpointSlice): void => onChange(ofSlice(s));
    this.services.on({ add: svc, update: svc, delete: svc });
    this.slices.on({ add: slice, update: slice, delete: slice });
    const place = (n: Node, gone = false): void => {
      const now = placeOf(n), known = this.#places.get(now.name);
      if (gone || !isPlace(now)) { if (!this.#places.delete(now.name)) return; } else if (JSON.stringify(known) === JSON.stringify(now)) return; else this.#places.set(now.name, now);
      this.#sorted = undefined;
      for (const s of this.services.lister.list()) svc(s);
    };
    informers.for<Node>(node).on({ add: n => place(n), update: n => place(n), delete: n => place(n, true) });
  }

  /** Recomputes one service; returns its rows before and after, and the addresses that got new connections before. */
  refresh(key: string): { before: ServicePort[]; after: ServicePort[]; left: readonly string[] } {
    const before = this.#rows.get(key) ?? [], left = this.#served.get(key) ?? NOBODY;
    const s = this.services.lister.getByKey(key);
    const slices = s ? this.slices.lister.byIndex('service', key) : [];
    this.#sorted ??= [...this.#places.values()].sort((a, b) => (a.name < b.name ? -1 : 1));
    const after = s ? portsOf(s, slices, this.#sorted) : [];
    this.#count(key, after.length ? served(slices) : NOBODY);
    if (after.length) this.#rows.set(key, after); else this.#rows.delete(key);
    return { before, after, left };
  }

  #count(key: string, now: readonly string[]): void {
    for (const ip of now) this.#serving.set(ip, (this.#serving.get(ip) ?? 0) + 1);
    for (const ip of this.#served.get(key) ?? NOBODY) { const left = (this.#serving.get(ip) ?? 1) - 1; if (left > 0) this.#serving.set(ip, left); else this.#serving.delete(ip); }
    if (now.length) this.#served.set(key, now); else this.#served.delete(key);
  }
  /** Whether a service sends new connections to the address, by the rows as last computed. */
  serves(ip: string): boolean { return this.#serving.has(ip); }

  /** Every row as last computed. */
  all(): ServicePort[] { return [...this.#rows.values()].flat(); }
}

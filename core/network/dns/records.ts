// What the cluster's DNS knows, by the Kubernetes DNS specification 1.1 (services, headless endpoints, SRV, PTR, ExternalName, pods by
// address), read straight from informer caches: an answer is as fresh as the watch.
import { namespace } from '../../api/kinds/core/namespace.ts';
import { service } from '../../api/kinds/core/service.ts';
import { endpointSlice } from '../../api/kinds/discovery/endpoint-slice.ts';
import type { Endpoint, EndpointSlice, Namespace, Service } from '../../api/types/kubernetes.ts';
import type { Informer, InformerFactory } from '../../client/informer.ts';
import { SERVICE_NAME } from '../proxy/service-table.ts';

export type Answer =
  | { type: 'A'; name: string; data: string }
  | { type: 'CNAME'; name: string; data: string }
  | { type: 'SRV'; name: string; data: { priority: number; weight: number; port: number; target: string } }
  | { type: 'PTR'; name: string; data: string }
  | { type: 'TXT'; name: string; data: string };

/** `outside`: not our zone, forward it. `exists` false: NXDOMAIN. `extra` goes into the additional section. */
export type Result = { outside: true } | { outside: false; exists: boolean; answers: Answer[]; extra: Answer[] };

const MISSING: Result = { outside: false, exists: false, answers: [], extra: [] };
const found = (answers: Answer[], extra: Answer[] = []): Result => ({ outside: false, exists: true, answers, extra });
const IPV4 = /^(\d{1,3})-(\d{1,3})-(\d{1,3})-(\d{1,3})$/;
const dashed = (ip: string): string => ip.replaceAll('.', '-');

export class Records {
  readonly zone: string;
  readonly #services: Informer<Service>;
  readonly #slices: Informer<EndpointSlice>;
  readonly #namespaces: Informer<Namespace>;

  constructor(informers: InformerFactory, zone = 'cluster.local') {
    this.zone = zone;
    this.#services = informers.for<Service>(service);
    this.#slices = informers.for<EndpointSlice>(endpointSlice);
    this.#namespaces = informers.for<Namespace>(namespace);
    this.#slices.addIndex('service', s => [`${s.metadata!.namespace}/${s.metadata!.labels?.[SERVICE_NAME] ?? ''}`]);
    this.#slices.addIndex('ip', s => s.endpoints?.flatMap(e => e.addresses) ?? []);
    this.#services.addIndex('ip', s => s.spec?.clusterIPs ?? (s.spec?.clusterIP ? [s.spec.clusterIP] : []));
  }

  /** `name` without trailing dot, any case. */
  lookup(name: string, type: string): Result {
    const n = name.toLowerCase();
    if (n.endsWith('.in-addr.arpa')) return this.#reverse(n, type);
    if (n !== this.zone && !n.endsWith(`.${this.zone}`)) return { outside: true };
    const labels = n === this.zone ? [] : n.slice(0, -this.zone.length - 1).split('.');
    if (labels.length === 0) return found([]);
    if (labels.length === 1 && labels[0] === 'dns-version') return found(type === 'TXT' ? [{ type: 'TXT', name, data: '1.1.0' }] : []);
    const kind = labels.at(-1), ns = labels.at(-2);
    if (kind !== 'svc' && kind !== 'pod') return MISSING;
    if (ns === undefined) return found([]);
    if (this.#namespaces.lister.get(undefined, ns) === undefined) return MISSING;
    if (labels.length === 2) return found([]);
    if (kind === 'pod') {
      const ip = IPV4.exec(labels.length === 3 ? labels[0]! : '');
      return ip ? found(type === 'A' ? [{ type: 'A', name, data: ip.slice(1).join('.') }] : []) : MISSING;
    }
    const svc = this.#services.lister.get(ns, labels.at(-3)!);
    if (!svc) return MISSING;
    const rest = labels.slice(0, -3);
    const origin = `${labels.slice(-3).join('.')}.${this.zone}`;
    return this.#service(svc, name, origin, rest, type);
  }

  #service(svc: Service, name: string, origin: string, rest: string[], type: string): Result {
    if (svc.spec?.type === 'ExternalName') {
      return rest.length === 0 ? found([{ type: 'CNAME', name, data: svc.spec.externalName!.replace(/\.$/, '') }]) : MISSING;
    }
    const headless = svc.spec?.clusterIP === 'None';
    if (rest.length === 0) {
      if (!headless) return found(type === 'A' && svc.spec?.clusterIP && !svc.spec.clusterIP.includes(':') ? [{ type: 'A', name, data: svc.spec.clusterIP }] : []);
      const endpoints = this.#endpoints(svc);
      if (endpoints.length === 0) return MISSING;
      if (type === 'SRV') return this.#srv(svc, name, origin, undefined, undefined);
      return found(type === 'A' ? unique(endpoints.flatMap(e => e.endpoint.addresses)).map(ip => ({ type: 'A', name, data: ip })) : []);
    }
    if (rest.length === 2 && rest[0]!.startsWith('_') && rest[1]!.startsWith('_')) return this.#srv(svc, name, origin, rest[0]!.slice(1), rest[1]!.slice(1), type);
    if (rest.length === 1 && headless) {
      const ips = unique(this.#endpoints(svc).filter(e => hostOf(e.endpoint).includes(rest[0]!)).flatMap(e => e.endpoint.addresses));
      return ips.length ? found(type === 'A' ? ips.map(ip => ({ type: 'A', name, data: ip })) : []) : MISSING;
    }
    return MISSING;
  }

  #srv(svc: Service, name: string, origin: string, port: string | undefined, protocol: string | undefined, type = 'SRV'): Result {
    const answers: Answer[] = [], extra: Answer[] = [];
    const matches = (p: { name?: string; protocol?: string }): boolean =>
      (port === undefined || (p.name ?? '').toLowerCase() === port) && (protocol === undefined || (p.protocol ?? 'TCP').toLowerCase() === protocol);
    if (svc.spec?.clusterIP !== 'None') {
      for (const p of svc.spec?.ports ?? []) if (matches(p)) answers.push({ type: 'SRV', name, data: { priority: 0, weight: 100, port: p.port, target: origin } });
      if (answers.length && svc.spec?.clusterIP) extra.push({ type: 'A', name: origin, data: svc.spec.clusterIP });
    } else {
      for (const { endpoint, slice } of this.#endpoints(svc)) {
        const target = `${hostOf(endpoint)[0]}.${origin}`;
        for (const p of slice.ports ?? []) if (p.port !== undefined && matches(p)) answers.push({ type: 'SRV', name, data: { priority: 0, weight: 100, port: p.port, target } });
        for (const ip of endpoint.addresses) extra.push({ type: 'A', name: target, data: ip });
      }
    }
    if (answers.length === 0) return MISSING;
    return type === 'SRV' ? found(answers, extra) : found([]);
  }

  #endpoints(svc: Service): { endpoint: Endpoint; slice: EndpointSlice }[] {
    const slices = this.#slices.lister.byIndex('service', `${svc.metadata!.namespace}/${svc.metadata!.name}`);
    return slices.filter(s => s.addressType === 'IPv4').flatMap(slice => (slice.endpoints ?? []).filter(e => e.conditions?.ready !== false).map(endpoint => ({ endpoint, slice })));
  }

  #reverse(n: string, type: string): Result {
    const parts = n.slice(0, -'.in-addr.arpa'.length).split('.');
    if (parts.length !== 4) return { outside: true };
    const ip = parts.reverse().join('.');
    const names: string[] = [];
    for (const s of this.#services.lister.byIndex('ip', ip)) names.push(`${s.metadata!.name}.${s.metadata!.namespace}.svc.${this.zone}`);
    for (const slice of this.#slices.lister.byIndex('ip', ip)) {
      const svc = this.#services.lister.get(slice.metadata!.namespace, slice.metadata!.labels?.[SERVICE_NAME] ?? '');
      if (svc?.spec?.clusterIP !== 'None') continue;
      for (const e of slice.endpoints ?? []) if (e.addresses.includes(ip)) names.push(`${hostOf(e)[0]}.${svc.metadata!.name}.${svc.metadata!.namespace}.svc.${this.zone}`);
    }
    if (names.length === 0) return { outside: true };
    return found(type === 'PTR' ? unique(names).map(data => ({ type: 'PTR', name: n, data })) : []);
  }
}

/** Names under which an endpoint is found below its headless service: its hostname, else its address with dashes. */
const hostOf = (e: Endpoint): string[] => (e.hostname ? [e.hostname] : e.addresses.map(dashed));
const unique = <T>(xs: T[]): T[] => [...new Set(xs)];

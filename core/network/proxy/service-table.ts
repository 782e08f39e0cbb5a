// From Services and EndpointSlices to what a proxy programs: one row per service port, recomputed only for services that changed.
import { endpointSlice } from '../../api/kinds/discovery/endpoint-slice.ts';
import { service } from '../../api/kinds/core/service.ts';
import type { EndpointSlice, Service } from '../../api/types/kubernetes.ts';
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
  backends: Backend[];
}

export const SERVICE_NAME = 'kubernetes.io/service-name';

/** Ready endpoints of one port over all slices; while none is ready, those that still serve although they terminate (KEP-1669). */
export function backendsOf(slices: readonly EndpointSlice[], portName: string | undefined): Backend[] {
  const ready: Backend[] = [], serving: Backend[] = [];
  for (const s of slices) {
    if (s.addressType !== 'IPv4') continue;
    const port = s.ports?.find(p => (p.name ?? '') === (portName ?? ''))?.port;
    if (port === undefined) continue;
    for (const e of s.endpoints ?? []) {
      const into = e.conditions?.ready !== false ? ready : e.conditions?.serving && e.conditions.terminating ? serving : undefined;
      for (const ip of into ? e.addresses : []) into!.push({ ip, port });
    }
  }
  const chosen = ready.length ? ready : serving;
  const unique = new Map(chosen.map(b => [`${b.ip}:${b.port}`, b]));
  return [...unique.keys()].sort().map(k => unique.get(k)!);
}

/** Rows of one service; none for headless and ExternalName services. */
export function portsOf(s: Service, slices: readonly EndpointSlice[]): ServicePort[] {
  const ip = s.spec?.clusterIP;
  if (!ip || ip === 'None' || ip.includes(':') || s.spec?.type === 'ExternalName') return [];
  const affinity = s.spec?.sessionAffinity === 'ClientIP' ? s.spec.sessionAffinityConfig?.clientIP?.timeoutSeconds ?? 10800 : 0;
  return (s.spec?.ports ?? []).map(p => {
    const protocol = (p.protocol ?? 'TCP').toLowerCase() as ServicePort['protocol'];
    return {
      key: `${s.metadata!.namespace}/${s.metadata!.name}:${p.port}/${protocol}`, clusterIP: ip, protocol, port: p.port,
      nodePort: p.nodePort || undefined, affinitySeconds: affinity, ...(s.spec?.externalTrafficPolicy === 'Local' ? { keepsSource: true } : {}), backends: backendsOf(slices, p.name),
    };
  });
}

export class ServiceTable {
  readonly services: Informer<Service>;
  readonly slices: Informer<EndpointSlice>;
  /** `ns/name` -> rows as last computed. */
  readonly #rows = new Map<string, ServicePort[]>();

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
  }

  /** Recomputes one service; returns its rows before and after. */
  refresh(key: string): { before: ServicePort[]; after: ServicePort[] } {
    const before = this.#rows.get(key) ?? [];
    const s = this.services.lister.getByKey(key);
    const after = s ? portsOf(s, this.slices.lister.byIndex('service', key)) : [];
    if (after.length) this.#rows.set(key, after); else this.#rows.delete(key);
    return { before, after };
  }

  /** Every row as last computed. */
  all(): ServicePort[] { return [...this.#rows.values()].flat(); }
}

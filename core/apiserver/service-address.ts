// Where a service leads this server itself, which asks webhooks and aggregated servers: one of its ready endpoints, each time another
// (apiserver/pkg/util/proxy: ResolveEndpoint).
import type { KubeObject } from '../api/meta/object.ts';
import type { Endpoints, EndpointSlice, Service } from '../api/types/kubernetes.ts';
import { labelled } from './registry/label-index.ts';
import type { RegistryEnv } from './registry/env.ts';

type Env = Pick<RegistryEnv, 'store' | 'find'>;
export interface Address { readonly host: string; readonly port: number }

/** Why a service leads nowhere, in upstream's words. */
export class Unreachable extends Error {}

/** A service by its name; undefined when it is not there. Shared. */
export function serviceNamed(env: Env, namespace: string, name: string): Service | undefined { return read(env, 'services', namespace, name) as Service | undefined; }
function read({ find, store }: Env, plural: string, namespace: string, name: string): KubeObject | undefined {
  const r = find('', plural), e = r && store.get(r.key(namespace, name));
  return e && r!.objectOf(e);
}

/** The slices of a service; shared. */
export function slicesOf({ find, store }: Env, namespace: string, service: string): EndpointSlice[] {
  const r = find('discovery.k8s.io', 'endpointslices'), prefix = r?.range(namespace) ?? '', key = 'kubernetes.io/service-name';
  if (!r) return [];
  const few = labelled(store, r, prefix, [{ key, operator: '=', values: [service] }]) ?? store.range({ prefix }).entries;
  return few.map(e => r.objectOf(e) as EndpointSlice).filter(s => s.metadata?.labels?.[key] === service);
}

/** An endpoint of the service's port, which may be given by its number only; an external name is taken as it is. Throws Unreachable. */
export function serviceAddress(env: Env, namespace: string, name: string, port: number): Address {
  const service = serviceNamed(env, namespace, name);
  if (!service) throw new Unreachable(`service ${JSON.stringify(name)} not found`);
  if (service.spec?.type === 'ExternalName') return { host: service.spec.externalName!, port };
  const named = service.spec?.ports?.find(p => p.port === port);
  if (!named) throw new Unreachable(`no service port ${port} found for service ${JSON.stringify(name)}`);
  const all = sliced(slicesOf(env, namespace, name), named.name ?? '') ?? listed(read(env, 'endpoints', namespace, name) as Endpoints | undefined, named.name ?? '');
  const chosen = all[Math.floor(Math.random() * all.length)];
  if (!chosen) throw new Unreachable(`no endpoints available for service ${JSON.stringify(name)}`);
  return chosen;
}

function sliced(slices: readonly EndpointSlice[], port: string): Address[] | undefined {
  if (slices.length === 0) return undefined;
  return slices.flatMap(s => {
    const p = s.ports?.find(x => (x.name ?? '') === port)?.port;
    return p === undefined ? [] : (s.endpoints ?? []).filter(e => e.conditions?.ready !== false).flatMap(e => e.addresses.map(host => ({ host, port: p })));
  });
}
/** Of an object that somebody wrote by hand and nobody has turned into slices yet. */
function listed(endpoints: Endpoints | undefined, port: string): Address[] {
  return (endpoints?.subsets ?? []).flatMap(s => (s.ports ?? []).filter(p => (p.name ?? '') === port).flatMap(p => (s.addresses ?? []).map(x => ({ host: x.ip, port: p.port }))));
}

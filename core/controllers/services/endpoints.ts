// Endpoints, the older list of a service's addresses; kubectl and many clients still read it.
import { endpoints as endpointsKind } from '../../api/kinds/core/endpoints.ts';
import { semanticEqual } from '../../api/meta/equal.ts';
import { objectKey, splitKey } from '../../api/meta/object.ts';
import { isAlreadyExists, isConflict, isNotFound } from '../../api/meta/status.ts';
import { formatTime } from '../../api/meta/time.ts';
import type { CoreEndpointPort, EndpointAddress, Endpoints, EndpointSubset, Pod, Service } from '../../api/types/kubernetes.ts';
import type { Controller } from '../controller.ts';
import { isReady } from '../../api/meta/pod.ts';
import { messageOf } from '../pod-writes.ts';
import { namespaceTerminating } from '../terminating.ts';
import { hasPods, HEADLESS, hostnameIn, isHeadless, LAST_CHANGE, podsOf, targetPort, watchBackends } from './pods-of.ts';

const MANAGED_BY = 'endpoints.kubernetes.io/managed-by';
/** More addresses than this are cut off and an annotation says so. */
const MOST = 1000;
const OVER_CAPACITY = 'endpoints.kubernetes.io/over-capacity';

interface Grouped { ports: CoreEndpointPort[]; ready: EndpointAddress[]; notReady: EndpointAddress[] }

/** The pod's address of the service's first family; undefined without one. */
function ipOf(s: Service, pod: Pod): string | undefined {
  const v6 = s.spec?.ipFamilies?.[0] === 'IPv6' || (s.spec?.clusterIP ?? '').includes(':');
  return (pod.status?.podIPs ?? [{ ip: pod.status?.podIP ?? '' }]).map(i => i.ip).find(ip => ip && ip.includes(':') === v6);
}

function address(s: Service, pod: Pod, ip: string): EndpointAddress {
  const hostname = hostnameIn(s, pod);
  return {
    ip, ...(hostname ? { hostname } : {}), nodeName: pod.spec?.nodeName,
    targetRef: { kind: 'Pod', namespace: pod.metadata?.namespace, name: pod.metadata?.name, uid: pod.metadata?.uid },
  };
}
const byIp = (a: EndpointAddress, b: EndpointAddress): number => (a.ip < b.ip ? -1 : a.ip > b.ip ? 1 : 0);

/** Addresses grouped by the ports they serve. */
export function subsetsOf(s: Service, pods: readonly Pod[]): EndpointSubset[] {
  const always = s.spec?.publishNotReadyAddresses === true;
  const groups = new Map<string, Grouped>();
  for (const pod of pods) {
    if (pod.metadata?.deletionTimestamp !== undefined && !always) continue;
    const ip = ipOf(s, pod), ports: CoreEndpointPort[] = [];
    if (ip === undefined) continue;
    for (const p of s.spec?.ports ?? []) {
      const port = targetPort(p, pod);
      if (port !== undefined) ports.push({ ...(p.name ? { name: p.name } : {}), port, protocol: p.protocol ?? 'TCP', ...(p.appProtocol ? { appProtocol: p.appProtocol } : {}) });
    }
    // A headless service may have no ports; otherwise a pod with none of them is not a backend.
    if (ports.length === 0 && (s.spec?.ports?.length ?? 0) > 0) continue;
    ports.sort((a, b) => a.port - b.port || ((a.name ?? '') < (b.name ?? '') ? -1 : 1));
    const id = JSON.stringify(ports);
    let group = groups.get(id);
    if (!group) groups.set(id, group = { ports, ready: [], notReady: [] });
    (always || isReady(pod) ? group.ready : group.notReady).push(address(s, pod, ip));
  }
  return [...groups].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, g]) => ({
    ...(g.ready.length ? { addresses: g.ready.sort(byIp) } : {}), ...(g.notReady.length ? { notReadyAddresses: g.notReady.sort(byIp) } : {}),
    ...(g.ports.length ? { ports: g.ports } : {}),
  }));
}

/** Cuts to the most an object may carry, ready ones first; true when it had to. */
function truncate(subsets: EndpointSubset[]): boolean {
  const total = subsets.reduce((n, s) => n + (s.addresses?.length ?? 0) + (s.notReadyAddresses?.length ?? 0), 0);
  if (total <= MOST) return false;
  let room = MOST;
  for (const field of ['addresses', 'notReadyAddresses'] as const)
    for (const s of subsets) {
      if (!s[field]) continue;
      s[field] = s[field].slice(0, room);
      room -= s[field].length;
    }
  return true;
}

export const endpointsController: Controller = {
  name: 'endpoints-controller', account: 'endpoint-controller', alias: 'endpoint', component: 'endpoint-controller',
  start(ctx, keys) {
    const { services, pods, sized, wake: wakeSoon } = watchBackends(ctx, keys);
    const endpoints = ctx.informers.for<Endpoints>(endpointsKind);
    // Ours are looked at when first seen too: their service may have gone while nobody watched.
    const wake = (e: Endpoints): void => { if (MANAGED_BY in (e.metadata?.labels ?? {})) wakeSoon(objectKey(e)); };
    endpoints.on({ add: wake, update: wake, delete: e => keys.add(objectKey(e)) });
    return async key => {
      const { namespace, name } = splitKey(key);
      const s = services.lister.get(namespace, name);
      const old = endpoints.lister.get(namespace, name);
      if (!s) {
        // Ours go with their service; hand-made ones go too, as in Kubernetes.
        if (old) await ctx.client.delete(endpointsKind, namespace, name, { preconditions: { uid: old.metadata?.uid } }).catch((e: unknown) => { if (!isNotFound(e)) throw e; });
        return;
      }
      if (!hasPods(s) || s.metadata?.deletionTimestamp !== undefined) return;
      const behind = podsOf(s, pods);
      sized(key, behind.length);
      const subsets = subsetsOf(s, behind);
      const cut = truncate(subsets);
      const labels = { ...s.metadata?.labels, ...(isHeadless(s) ? { [HEADLESS]: '' } : {}), [MANAGED_BY]: 'endpoint-controller' };
      if (old && semanticEqual(old.subsets, subsets) && semanticEqual(old.metadata?.labels, labels) && cut === (OVER_CAPACITY in (old.metadata?.annotations ?? {}))) return;
      const { [OVER_CAPACITY]: _over, ...kept } = old?.metadata?.annotations ?? {};
      const annotations = { ...kept, [LAST_CHANGE]: formatTime(ctx.clock.now()), ...(cut ? { [OVER_CAPACITY]: 'truncated' } : {}) };
      if (old) {
        try { await ctx.client.update<Endpoints>(endpointsKind, { ...old, metadata: { ...old.metadata, labels, annotations }, subsets }); } catch (error) {
          if (!isConflict(error)) ctx.recorder.event(old, 'Warning', 'FailedToUpdateEndpoint', `Failed to update endpoint ${key}: ${messageOf(error)}`);
          throw error;
        }
        return;
      }
      try {
        await ctx.client.create<Endpoints>(endpointsKind, { apiVersion: 'v1', kind: 'Endpoints', metadata: { name, namespace, labels, annotations }, subsets });
      } catch (error) {
        if (namespaceTerminating(error)) return;
        if (!isAlreadyExists(error)) ctx.recorder.event(s, 'Warning', 'FailedToCreateEndpoint', `Failed to create endpoint for service ${key}: ${messageOf(error)}`);
        throw error;
      }
    };
  },
};

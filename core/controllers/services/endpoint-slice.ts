// EndpointSlices of services with a selector: what proxies and DNS read.
import { node as nodeKind } from '../../api/kinds/core/node.ts';
import { service as serviceKind } from '../../api/kinds/core/service.ts';
import { endpointSlice as sliceKind } from '../../api/kinds/discovery/endpoint-slice.ts';
import { splitKey } from '../../api/meta/object.ts';
import { controllerReference } from '../../api/meta/owner.ts';
import { formatTime } from '../../api/meta/time.ts';
import type { DiscoveryEndpointPort, Endpoint, EndpointSlice, Node, Pod, Service } from '../../api/types/kubernetes.ts';
import type { Controller } from '../controller.ts';
import { isReady } from '../../api/meta/pod.ts';
import { namespaceTerminating } from '../terminating.ts';
import { SliceFigures } from './figures.ts';
import { hasPods, HEADLESS, hostnameIn, isHeadless, LAST_CHANGE, podsOf, targetPort, watchBackends } from './pods-of.ts';
import { reconcileSlices, SERVICE_NAME, SLICE_MANAGER, watchSlices, Written, type Wanted } from './slices.ts';
import { ZoneHints } from './zone-hints.ts';

const MANAGER = 'endpointslice-controller.k8s.io';
const INDEX = 'slices-of-service';
const ZONE = 'topology.kubernetes.io/zone';
const familyOf = (ip: string): string => (ip.includes(':') ? 'IPv6' : 'IPv4');

/** Index of slices by manager and service; both slice controllers use it. */
export const sliceIndex = (s: EndpointSlice): string[] => [`${s.metadata?.labels?.[SLICE_MANAGER] ?? ''}/${s.metadata?.namespace}/${s.metadata?.labels?.[SERVICE_NAME] ?? ''}`];

/** trafficDistribution, told to proxies: whose traffic an endpoint is for, by zone and, where the service asks for it, by node. */
function hintsOf(s: Service, zone: string | undefined, node: string | undefined): Endpoint['hints'] {
  const asked = s.spec?.trafficDistribution;
  if (!asked) return undefined;
  const forNodes = asked === 'PreferSameNode' && node ? { forNodes: [{ name: node }] } : {};
  return zone || 'forNodes' in forNodes ? { ...(zone ? { forZones: [{ name: zone }] } : {}), ...forNodes } : undefined;
}

function endpoint(s: Service, pod: Pod, ip: string, zone: string | undefined): Endpoint {
  const serving = isReady(pod);
  const terminating = pod.metadata?.deletionTimestamp !== undefined;
  const hostname = hostnameIn(s, pod);
  const ready = s.spec?.publishNotReadyAddresses === true || (serving && !terminating);
  const hints = ready ? hintsOf(s, zone, pod.spec?.nodeName) : undefined;
  return {
    addresses: [ip],
    conditions: { ready, serving, terminating },
    ...(hostname ? { hostname } : {}), ...(pod.spec?.nodeName ? { nodeName: pod.spec.nodeName } : {}), ...(zone ? { zone } : {}), ...(hints ? { hints } : {}),
    targetRef: { kind: 'Pod', namespace: pod.metadata?.namespace, name: pod.metadata?.name, uid: pod.metadata?.uid },
  };
}

/** Endpoints of a service per address family and set of ports. */
export function wantedSlices(s: Service, pods: readonly Pod[], zoneOf: (node: string) => string | undefined): Wanted[] {
  const wanted: Wanted[] = [];
  for (const family of s.spec?.ipFamilies?.length ? s.spec.ipFamilies : ['IPv4']) {
    const groups = new Map<string, Wanted>();
    for (const pod of pods) {
      const ip = (pod.status?.podIPs ?? [{ ip: pod.status?.podIP ?? '' }]).map(i => i.ip).find(i => i && familyOf(i) === family);
      if (!ip) continue;
      const ports = (s.spec?.ports ?? []).map((p): DiscoveryEndpointPort => ({ name: p.name ?? '', port: targetPort(p, pod), protocol: p.protocol ?? 'TCP', ...(p.appProtocol ? { appProtocol: p.appProtocol } : {}) }))
        .filter(p => p.port !== undefined);
      const id = JSON.stringify(ports);
      let group = groups.get(id);
      if (!group) groups.set(id, group = { addressType: family, ports, endpoints: [] });
      group.endpoints.push(endpoint(s, pod, ip, zoneOf(pod.spec?.nodeName ?? '')));
    }
    if (groups.size === 0) groups.set('', { addressType: family, ports: [], endpoints: [] });
    wanted.push(...groups.values());
  }
  return wanted;
}

export const endpointSliceController: Controller = {
  name: 'endpointslice-controller', alias: 'endpointslice', queue: 'endpoint_slice', component: 'endpoint-slice-controller',
  start(ctx, keys) {
    const { services, pods, sized, wake } = watchBackends(ctx, keys);
    const slices = ctx.informers.for<EndpointSlice>(sliceKind);
    const nodes = ctx.informers.for<Node>(nodeKind);
    slices.addIndex(INDEX, sliceIndex);
    const figures = new SliceFigures(ctx.figures, 'endpoint_slice_controller');
    const written = new Written(), zoneHints = new ZoneHints(ctx, wake);
    watchSlices(slices, MANAGER, written, wake);
    return async key => {
      const { namespace, name } = splitKey(key);
      const s = services.lister.get(namespace, name);
      if (!s) { zoneHints.forget(key); figures.gone(key); }
      // Slices of a service that is gone are the garbage collector's.
      if (!s || !hasPods(s) || s.metadata?.deletionTimestamp !== undefined) return;
      if (written.pending(key, namespace, slices)) { figures.stale(); return; }
      const behind = podsOf(s, pods);
      sized(key, behind.length);
      const existing = slices.lister.byIndex(INDEX, `${MANAGER}/${key}`);
      const wanted = zoneHints.apply(key, s, wantedSlices(s, behind, node => nodes.lister.get(undefined, node)?.metadata?.labels?.[ZONE]), existing);
      const labels = { ...s.metadata?.labels, ...(isHeadless(s) ? { [HEADLESS]: '' } : {}), [SERVICE_NAME]: name, [SLICE_MANAGER]: MANAGER };
      try {
        figures.done(key, wanted, existing.length, await reconcileSlices(ctx.client,
          { namespace, namePrefix: `${name}-`, labels, annotations: { [LAST_CHANGE]: formatTime(ctx.clock.now()) }, owner: controllerReference(s, serviceKind) },
          existing, wanted, w => written.wrote(key, w)));
      } catch (error) {
        if (namespaceTerminating(error)) return;
        figures.failed();
        throw error;
      }
    };
  },
};

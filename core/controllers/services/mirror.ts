// Endpoints that people write by hand (services without a selector) are copied into EndpointSlices, which is what proxies read.
import { endpoints as endpointsKind } from '../../api/kinds/core/endpoints.ts';
import { service as serviceKind } from '../../api/kinds/core/service.ts';
import { endpointSlice as sliceKind } from '../../api/kinds/discovery/endpoint-slice.ts';
import { objectKey, splitKey } from '../../api/meta/object.ts';
import { controllerReference } from '../../api/meta/owner.ts';
import type { Endpoint, EndpointAddress, Endpoints, EndpointSlice, Service } from '../../api/types/kubernetes.ts';
import type { Controller } from '../controller.ts';
import { namespaceTerminating } from '../terminating.ts';
import { sliceIndex } from './endpoint-slice.ts';
import { SliceFigures } from './figures.ts';
import { LAST_CHANGE } from './pods-of.ts';
import { portsId, reconcileSlices, SERVICE_NAME, SLICE_MANAGER, watchSlices, Written, type Wanted } from './slices.ts';

const MANAGER = 'endpointslicemirroring-controller.k8s.io';
const INDEX = 'slices-of-service';
const SKIP = 'endpointslice.kubernetes.io/skip-mirror';
const LEADER = 'control-plane.alpha.kubernetes.io/leader';
const MOST_PER_SUBSET = 1000;
/** Said of the Endpoints alone: when they changed, and how kubectl last applied them. */
const NOT_COPIED: ReadonlySet<string> = new Set([LAST_CHANGE, 'kubectl.kubernetes.io/last-applied-configuration']);

const mirrored = (e: Endpoints): boolean => e.metadata?.labels?.[SKIP] !== 'true' && !(LEADER in (e.metadata?.annotations ?? {}));
const familyOf = (ip: string): string => (ip.includes(':') ? 'IPv6' : 'IPv4');

/** The addresses as endpoints, those with the same ports together; `skipped` are beyond the most of a subset. */
function copies(e: Endpoints): { wanted: Wanted[]; skipped: number } {
  const groups = new Map<string, Wanted>();
  let skipped = 0;
  for (const subset of e.subsets ?? []) {
    const ports = (subset.ports ?? []).map(p => ({ name: p.name ?? '', port: p.port, protocol: p.protocol ?? 'TCP', ...(p.appProtocol ? { appProtocol: p.appProtocol } : {}) }));
    const one = (a: EndpointAddress, ready: boolean): Endpoint => ({
      addresses: [a.ip], conditions: { ready }, ...(a.hostname ? { hostname: a.hostname } : {}), ...(a.nodeName ? { nodeName: a.nodeName } : {}), ...(a.targetRef ? { targetRef: a.targetRef } : {}),
    });
    const all = [...(subset.addresses ?? []).map(a => one(a, true)), ...(subset.notReadyAddresses ?? []).map(a => one(a, false))];
    skipped += Math.max(0, all.length - MOST_PER_SUBSET);
    for (const x of all.slice(0, MOST_PER_SUBSET)) {
      const addressType = familyOf(x.addresses[0]!), id = `${addressType} ${portsId(ports)}`;
      let group = groups.get(id);
      if (!group) groups.set(id, group = { addressType, ports, endpoints: [] });
      group.endpoints.push(x);
    }
  }
  return { wanted: [...groups.values()], skipped };
}

export const endpointSliceMirroringController: Controller = {
  name: 'endpointslice-mirroring-controller', account: 'endpointslicemirroring-controller', alias: 'endpointslicemirroring', queue: 'endpoint_slice_mirroring', component: 'endpoint-slice-mirroring-controller',
  start(ctx, keys) {
    const endpoints = ctx.informers.for<Endpoints>(endpointsKind);
    const services = ctx.informers.for<Service>(serviceKind);
    const slices = ctx.informers.for<EndpointSlice>(sliceKind);
    slices.addIndex(INDEX, sliceIndex);
    const wake = (o: Endpoints | Service): void => keys.add(objectKey(o));
    endpoints.on({ add: wake, update: wake, delete: wake });
    services.on({ add: wake, update: wake, delete: wake });
    const written = new Written(), figures = new SliceFigures(ctx.figures, 'endpoint_slice_mirroring_controller');
    watchSlices(slices, MANAGER, written, key => keys.add(key));
    return async key => {
      const { namespace, name } = splitKey(key);
      if (written.pending(key, namespace, slices)) return;
      const e = endpoints.lister.get(namespace, name);
      const s = services.lister.get(namespace, name);
      const existing = slices.lister.byIndex(INDEX, `${MANAGER}/${key}`);
      const copied = e && s && mirrored(e) && Object.keys(s.spec?.selector ?? {}).length === 0 ? copies(e) : undefined, wanted = copied?.wanted ?? [];
      if (e && copied?.skipped) ctx.recorder.event(e, 'Warning', 'TooManyAddressesToMirror', `A max of ${MOST_PER_SUBSET} addresses can be mirrored to EndpointSlices per Endpoints subset. ${copied.skipped} addresses were skipped`);
      if (wanted.length === 0 && existing.length === 0) { figures.gone(key); return; }
      const labels = { ...e?.metadata?.labels, [SERVICE_NAME]: name, [SLICE_MANAGER]: MANAGER };
      try {
        figures.done(key, wanted, existing.length, await reconcileSlices(ctx.client,
          { namespace, namePrefix: `${name}-`, labels, annotations: Object.fromEntries(Object.entries(e?.metadata?.annotations ?? {}).filter(([k]) => !NOT_COPIED.has(k))), exactly: true, owner: controllerReference(e ?? {}, endpointsKind) },
          existing, wanted, w => written.wrote(key, w)));
      } catch (error) {
        if (namespaceTerminating(error)) return;
        figures.failed();
        throw error;
      }
    };
  },
};

// Named by the sentences of Kubernetes' pages "EndpointSlices" and "Service".
import { afterEach, expect, it } from 'vitest';
import { node as nodeKind } from '../../api/kinds/core/node.ts';
import { pod as podKind } from '../../api/kinds/core/pod.ts';
import { service as serviceKind } from '../../api/kinds/core/service.ts';
import { endpointSlice as sliceKind } from '../../api/kinds/discovery/endpoint-slice.ts';
import type { Endpoint, EndpointSlice, Pod, Service } from '../../api/types/kubernetes.ts';
import { world, type World } from '../../../test/harness/controllers.ts';

let w: World;
afterEach(async () => { expect(w.complaints).toEqual([]); await w.stop(); });
const pod = (i: number, more: { ready?: boolean; phase?: string; ips?: string[]; spec?: Partial<NonNullable<Pod['spec']>>; labels?: Record<string, string> } = {}): Pod => {
  const ips = more.ips ?? [`10.244.0.${i}`];
  return {
    metadata: { name: `p${i}`, namespace: 'a', labels: more.labels ?? { app: 'web' } }, spec: { nodeName: 'n', containers: [{ name: 'c', ports: [{ name: 'http', containerPort: 8080 }] }], ...more.spec },
    status: { phase: more.phase ?? 'Running', ...(ips.length ? { podIP: ips[0], podIPs: ips.map(ip => ({ ip })) } : {}), conditions: [{ type: 'Ready', status: more.ready === false ? 'False' : 'True' }] },
  };
};
const service = (spec: Partial<NonNullable<Service['spec']>> = {}, metadata: Service['metadata'] = {}): Service => ({ metadata: { name: 'web', namespace: 'a', ...metadata }, spec: { selector: { app: 'web' }, ports: [{ name: 'http', port: 80, targetPort: 'http' }], ...spec } });
const slices = (): EndpointSlice[] => w.api.all<EndpointSlice>(sliceKind);
const all = (): Endpoint[] => slices().flatMap(s => s.endpoints ?? []);
const said = (): string[] => all().map(e => `${e.addresses[0]} ${(['ready', 'serving', 'terminating'] as const).filter(c => e.conditions?.[c]).join('+')}`).sort();
const start = (s: Service, ...pods: Pod[]): Promise<World> => world(['endpointslice'], api => { api.put(nodeKind, { metadata: { name: 'n', labels: { 'topology.kubernetes.io/zone': 'z' } } }); api.put(serviceKind, s); for (const p of pods) api.put(podKind, p); });
const ending = (name: string): void => { w.api.change<Pod>(podKind, `a/${name}`, p => { p.metadata!.deletionTimestamp = '2026-01-01T00:01:00Z'; p.metadata!.deletionGracePeriodSeconds = 30; }); };

it('there are three conditions: serving is whether the endpoint is serving responses, terminating whether it is terminating, ready is serving and not terminating', async () => {
  w = await start(service(), pod(1), pod(2, { ready: false }), pod(3), pod(4, { ready: false }));
  ending('p3'); ending('p4');
  await w.settle();
  expect(said()).toEqual(['10.244.0.1 ready+serving', '10.244.0.2 ', '10.244.0.3 serving+terminating', '10.244.0.4 terminating']);
});

it('the exception are services with spec.publishNotReadyAddresses, whose endpoints are always ready', async () => {
  w = await start(service({ publishNotReadyAddresses: true }), pod(1, { ready: false }), pod(2));
  ending('p2');
  await w.settle();
  expect(said()).toEqual(['10.244.0.1 ready', '10.244.0.2 ready+serving+terminating']);
});

it('pods that have finished, or have no address yet, are no endpoints', async () => {
  w = await start(service(), pod(1, { phase: 'Succeeded' }), pod(2, { phase: 'Failed' }), pod(3, { ips: [] }), pod(4));
  expect(said()).toEqual(['10.244.0.4 ready+serving']);
  w.api.change<Pod>(podKind, 'a/p4', p => { p.status!.phase = 'Succeeded'; });
  await w.settle();
  expect(said()).toEqual([]);
});

it('each endpoint tells its node, its zone, its pod, and its host name where the pod\'s subdomain is the service', async () => {
  w = await start(service({ clusterIP: 'None' }), pod(1, { spec: { hostname: 'db-0', subdomain: 'web' } }), pod(2, { spec: { hostname: 'db-1', subdomain: 'other' } }));
  expect(all()[0]).toMatchObject({ nodeName: 'n', zone: 'z', hostname: 'db-0', targetRef: { kind: 'Pod', namespace: 'a', name: 'p1' } });
  expect(all()[1]).not.toHaveProperty('hostname');
});

it('slices are labelled by service and manager, take over the service\'s labels, and say of a headless one that it is', async () => {
  w = await start(service({ clusterIP: 'None' }, { labels: { team: 'x', 'kubernetes.io/service-name': 'forged' } }), pod(1));
  const mine = { 'kubernetes.io/service-name': 'web', 'endpointslice.kubernetes.io/managed-by': 'endpointslice-controller.k8s.io', 'service.kubernetes.io/headless': '' };
  expect(slices()[0]!.metadata!.labels).toEqual({ team: 'x', ...mine });
  expect(slices()[0]!.metadata!.ownerReferences).toMatchObject([{ apiVersion: 'v1', kind: 'Service', name: 'web', controller: true, blockOwnerDeletion: true }]);
  w.api.change<Service>(serviceKind, 'a/web', s => { s.metadata!.labels = { team: 'y' }; });
  await w.settle();
  expect(slices()[0]!.metadata!.labels).toEqual({ team: 'y', ...mine });
});

it('a slice has addresses of one family: a service of both has slices of each', async () => {
  w = await start(service({ ipFamilies: ['IPv4', 'IPv6'] }), pod(1, { ips: ['10.244.0.1', 'fd00::1'] }), pod(2));
  expect(slices().map(s => `${s.addressType} ${s.endpoints?.length}`).sort()).toEqual(['IPv4 2', 'IPv6 1']);
});

it('the names of ports in pods can be used in targetPort of a Service: pods that mean another number by it have slices of their own', async () => {
  w = await start(service(), pod(1), pod(2, { spec: { containers: [{ name: 'c', ports: [{ name: 'http', containerPort: 9090 }] }] } }), pod(3, { spec: { containers: [{ name: 'c' }] } }));
  expect(slices().map(s => `${(s.ports ?? []).map(p => `${p.name}=${p.port}/${p.protocol}`).join()} ${s.endpoints?.map(e => e.addresses[0]).join()}`).sort()).toEqual([' 10.244.0.3', 'http=8080/TCP 10.244.0.1', 'http=9090/TCP 10.244.0.2']);
});

it('a pod that is labelled into or out of the selector comes and goes', async () => {
  w = await start(service(), pod(1), pod(2, { labels: { app: 'other' } }));
  w.api.change<Pod>(podKind, 'a/p1', p => { p.metadata!.labels = {}; });
  w.api.change<Pod>(podKind, 'a/p2', p => { p.metadata!.labels = { app: 'web' }; });
  await w.settle();
  expect(said()).toEqual(['10.244.0.2 ready+serving']);
});

it.each<[string, Partial<NonNullable<Service['spec']>>]>([['without a selector', { selector: undefined as never }], ['of type ExternalName', { type: 'ExternalName', externalName: 'x.example' }]])('nothing is made for a service %s', async (_, spec) => {
  w = await start(service(spec), pod(1));
  expect(slices()).toEqual([]);
});

it('a slice that somebody changed or deleted is put back', async () => {
  w = await start(service(), pod(1));
  const name = `a/${slices()[0]!.metadata!.name!}`;
  w.api.change<EndpointSlice>(sliceKind, name, s => { s.endpoints = [{ addresses: ['1.2.3.4'] }]; });
  await w.settle();
  expect(said()).toEqual(['10.244.0.1 ready+serving']);
  w.api.remove(sliceKind, `a/${slices()[0]!.metadata!.name!}`);
  await w.settle();
  expect(said()).toEqual(['10.244.0.1 ready+serving']);
});

it.each(['PreferClose', 'PreferSameZone'])('trafficDistribution %s: endpoints are for traffic of their own zone; topology-mode, where a service has both, comes first', async trafficDistribution => {
  w = await start(service({ trafficDistribution }), pod(1), pod(2, { ready: false }));
  expect(all().map(e => e.hints)).toEqual([{ forZones: [{ name: 'z' }] }, undefined]);
  w.api.change<Service>(serviceKind, 'a/web', s => { s.metadata!.annotations = { 'service.kubernetes.io/topology-mode': 'Auto' }; });
  await w.settle();
  expect(all().map(e => e.hints)).toEqual([undefined, undefined]);
});

it('counts slices, endpoints and writes under upstream\'s names', async () => {
  w = await start(service(), pod(1), pod(2));
  w.api.remove(podKind, 'a/p1');
  await w.settle();
  const lines = w.counted('endpoint_slice_controller_');
  for (const line of ['changes{operation="create"} 1', 'changes{operation="update"} 1', 'num_endpoint_slices{} 1', 'desired_endpoint_slices{} 1', 'endpoints_desired{} 1']) expect(lines).toContain(`endpoint_slice_controller_${line}`);
  w.api.remove(serviceKind, 'a/web');
  await w.settle();
  expect(w.counted('endpoint_slice_controller_num')).toEqual(['endpoint_slice_controller_num_endpoint_slices{} 0']);
});

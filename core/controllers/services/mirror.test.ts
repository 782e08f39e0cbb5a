// Named by the sentences of Kubernetes' page "EndpointSlices", section mirroring.
import { afterEach, expect, it } from 'vitest';
import { endpoints as endpointsKind } from '../../api/kinds/core/endpoints.ts';
import { service as serviceKind } from '../../api/kinds/core/service.ts';
import { endpointSlice as sliceKind } from '../../api/kinds/discovery/endpoint-slice.ts';
import type { Endpoints, EndpointSlice, Service } from '../../api/types/kubernetes.ts';
import type { FakeApi } from '../../../test/harness/fake-api.ts';
import { world, type World } from '../../../test/harness/controllers.ts';

let w: World;
afterEach(async () => { expect(w.complaints).toEqual([]); await w.stop(); });
const APPLIED = 'kubectl.kubernetes.io/last-applied-configuration';
const service = (spec: Service['spec'] = {}): Service => ({ metadata: { name: 'db', namespace: 'a' }, spec: { ports: [{ port: 80 }], ...spec } });
const endpoints = (subsets: Endpoints['subsets'], metadata: Endpoints['metadata'] = {}): Endpoints => ({ metadata: { name: 'db', namespace: 'a', ...metadata }, subsets });
const ips = (...list: string[]): { ip: string }[] => list.map(ip => ({ ip }));
const many = (n: number, from = 0): { ip: string }[] => Array.from({ length: n }, (_, i) => ({ ip: `10.${from}.${i >> 8}.${i & 255}` }));
const slices = (): EndpointSlice[] => w.api.all<EndpointSlice>(sliceKind);
const short = (): string[] => slices().map(s => `${s.addressType} ${(s.ports ?? []).map(p => `${p.name}:${p.port}`).join()} ${(s.endpoints ?? []).map(e => e.addresses[0]! + (e.conditions?.ready ? '' : '!')).join()}`).sort();
const start = (setup: (api: FakeApi) => void): Promise<World> => world(['endpointslicemirroring'], setup);

it('the control plane mirrors Endpoints resources to EndpointSlices: ready and not ready, of either family, with hosts and labels', async () => {
  w = await start(api => {
    api.put(serviceKind, service());
    api.put(endpointsKind, endpoints([{ addresses: [{ ip: '10.1.1.1', hostname: 'h', nodeName: 'n' }, ...ips('fd00::1')], notReadyAddresses: ips('10.1.1.2'), ports: [{ name: 'http', port: 80 }] }], { labels: { team: 'x' }, annotations: { note: 'y', [APPLIED]: '{}' } }));
  });
  expect(short()).toEqual(['IPv4 http:80 10.1.1.1,10.1.1.2!', 'IPv6 http:80 fd00::1']);
  expect(slices()[0]).toMatchObject({
    metadata: {
      annotations: { note: 'y' }, labels: { team: 'x', 'kubernetes.io/service-name': 'db', 'endpointslice.kubernetes.io/managed-by': 'endpointslicemirroring-controller.k8s.io' },
      ownerReferences: [{ apiVersion: 'v1', kind: 'Endpoints', name: 'db', controller: true, blockOwnerDeletion: true }],
    },
    endpoints: [{ addresses: ['10.1.1.1'], hostname: 'h', nodeName: 'n', conditions: { ready: true } }, { addresses: ['10.1.1.2'], conditions: { ready: false } }],
  });
  expect(Object.keys(slices()[0]!.metadata!.annotations!)).toEqual(['note']);
});

it('follows labels, annotations and addresses of the Endpoints, and goes with them', async () => {
  w = await start(api => { api.put(serviceKind, service()); api.put(endpointsKind, endpoints([{ addresses: ips('10.1.1.1'), ports: [{ port: 80 }] }], { annotations: { a: '1', b: '2' }, labels: { l: 'm' } })); });
  w.api.change<Endpoints>(endpointsKind, 'a/db', e => { e.metadata!.annotations = { a: '3' }; e.metadata!.labels = {}; e.subsets![0]!.addresses = ips('10.1.1.9'); });
  await w.settle();
  expect(short()).toEqual(['IPv4 :80 10.1.1.9']);
  expect([slices()[0]!.metadata!.annotations, slices()[0]!.metadata!.labels?.['l']]).toEqual([{ a: '3' }, undefined]);
  w.api.remove(endpointsKind, 'a/db');
  await w.settle();
  expect(slices()).toEqual([]);
});

it.each<[string, Endpoints['metadata'], Service | undefined]>([
  ['the Endpoints resource has a endpointslice.kubernetes.io/skip-mirror label set to true', { labels: { 'endpointslice.kubernetes.io/skip-mirror': 'true' } }, service()],
  ['the Endpoints resource has a control-plane.alpha.kubernetes.io/leader annotation', { annotations: { 'control-plane.alpha.kubernetes.io/leader': '{}' } }, service()],
  ['the corresponding Service resource does not exist', {}, undefined],
  ['the corresponding Service resource has a non-nil selector', {}, service({ selector: { app: 'x' } })],
])('mirrors unless %s', async (_, metadata, s) => {
  w = await start(api => { if (s) api.put(serviceKind, s); api.put(endpointsKind, endpoints([{ addresses: ips('10.1.1.1') }], metadata)); });
  expect(slices()).toEqual([]);
  if (!s) { w.api.put(serviceKind, service()); await w.settle(); expect(short()).toEqual(['IPv4  10.1.1.1']); }
});

it('stops when the service is given a selector, and begins when it loses it', async () => {
  w = await start(api => { api.put(serviceKind, service()); api.put(endpointsKind, endpoints([{ addresses: ips('10.1.1.1') }])); });
  w.api.change<Service>(serviceKind, 'a/db', s => { s.spec!.selector = { app: 'x' }; });
  await w.settle();
  expect(slices()).toEqual([]);
  w.api.change<Service>(serviceKind, 'a/db', s => { delete s.spec!.selector; });
  await w.settle();
  expect(slices()).toHaveLength(1);
});

it('individual Endpoints resources may translate into multiple EndpointSlices: an Endpoints resource has multiple subsets', async () => {
  w = await start(api => {
    api.put(serviceKind, service());
    api.put(endpointsKind, endpoints([{ addresses: ips('10.1.1.1'), ports: [{ name: 'a', port: 1 }] }, { addresses: ips('10.1.1.1', '10.1.1.2'), ports: [{ name: 'b', port: 2 }] }]));
  });
  expect(short()).toEqual(['IPv4 a:1 10.1.1.1', 'IPv4 b:2 10.1.1.1,10.1.1.2']);
});

it('two subsets with the same ports are one, and nothing is written again', async () => {
  w = await start(api => { api.put(serviceKind, service()); api.put(endpointsKind, endpoints([{ addresses: ips('10.1.1.1'), ports: [{ port: 80 }] }, { addresses: ips('10.1.1.2'), ports: [{ port: 80 }] }])); });
  expect(short()).toEqual(['IPv4 :80 10.1.1.1,10.1.1.2']);
  const writes = w.api.writes.length;
  await w.clock.advance(60_000);
  expect(w.api.writes.length).toBe(writes);
});

it('a maximum of 1000 addresses from each subset will be mirrored', async () => {
  w = await start(api => { api.put(serviceKind, service()); api.put(endpointsKind, endpoints([{ addresses: many(990, 1), notReadyAddresses: many(15, 2), ports: [{ port: 80 }] }])); });
  const all = slices().flatMap(s => s.endpoints ?? []);
  expect([slices().length, all.length, all.filter(e => !e.conditions?.ready).length]).toEqual([10, 1000, 10]);
  expect(w.events).toContain('Endpoints/db Warning TooManyAddressesToMirror A max of 1000 addresses can be mirrored to EndpointSlices per Endpoints subset. 5 addresses were skipped');
});

it('puts back a slice that somebody deletes', async () => {
  w = await start(api => { api.put(serviceKind, service()); api.put(endpointsKind, endpoints([{ addresses: ips('10.1.1.1') }])); });
  w.api.remove(sliceKind, `a/${slices()[0]!.metadata!.name!}`);
  await w.settle();
  expect(short()).toEqual(['IPv4  10.1.1.1']);
});

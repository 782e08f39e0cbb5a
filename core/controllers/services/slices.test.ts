import { describe, expect, it } from 'vitest';
import { node as nodeKind } from '../../api/kinds/core/node.ts';
import { pod as podKind } from '../../api/kinds/core/pod.ts';
import { service as serviceKind } from '../../api/kinds/core/service.ts';
import { endpointSlice as sliceKind } from '../../api/kinds/discovery/endpoint-slice.ts';
import type { Endpoint, EndpointSlice, Node, Pod, Service } from '../../api/types/kubernetes.ts';
import type { FakeApi } from '../../../test/harness/fake-api.ts';
import { world } from '../../../test/harness/controllers.ts';

const pod = (i: number, port = 80, ready = true): Pod => {
  const podIP = `10.244.${i >> 8}.${i & 255}`;
  return {
    metadata: { name: `p${i}`, namespace: 'default', labels: { app: 'web' } }, spec: { nodeName: 'n', containers: [{ name: 'c', ports: [{ name: 'http', containerPort: port }] }] },
    status: { phase: 'Running', podIP, podIPs: [{ ip: podIP }], conditions: [{ type: 'Ready', status: ready ? 'True' : 'False' }] },
  };
};
const service = (more: Partial<NonNullable<Service['spec']>> = {}): Service => ({ metadata: { name: 'web', namespace: 'default' }, spec: { selector: { app: 'web' }, ports: [{ name: 'http', port: 80, targetPort: 'http' }], ...more } });
const slices = (api: FakeApi): EndpointSlice[] => api.all<EndpointSlice>(sliceKind);

describe('EndpointSlices', () => {
  it('hold 100 each, and a change touches only the slice it is in', async () => {
    const w = await world(['endpointslice'], api => { api.put(serviceKind, service()); for (let i = 1; i <= 250; i++) api.put(podKind, pod(i)); });
    expect(slices(w.api).map(s => s.endpoints?.length).sort()).toEqual([100, 100, 50]);
    const before = w.api.writes.length;
    w.api.remove(podKind, 'default/p7');
    w.api.put(podKind, pod(300));
    await w.clock.advance(200);
    expect(w.api.writes.slice(before).filter(x => x.includes('endpointslices')).length).toBeLessThanOrEqual(2);
    expect(slices(w.api).flatMap(s => s.endpoints ?? []).length).toBe(250);
    await w.stop();
  });

  it('group pods by what a named port means to them, and keep one empty slice when there is nobody', async () => {
    const w = await world(['endpointslice'], api => { api.put(serviceKind, service({ publishNotReadyAddresses: true })); api.put(podKind, pod(1, 80)); api.put(podKind, pod(2, 8080, false)); });
    expect(slices(w.api).map(s => [s.ports?.[0]?.port, s.endpoints?.[0]?.conditions?.ready]).sort()).toEqual([[80, true], [8080, true]]);
    w.api.remove(podKind, 'default/p1');
    w.api.remove(podKind, 'default/p2');
    await w.settle();
    expect(slices(w.api).map(s => s.endpoints)).toEqual([[]]);
    await w.stop();
  });

  describe('topology', () => {
    const zoned = (api: FakeApi, pods: Record<string, number>, cpus: Record<string, string>): void => {
      for (const [zone, cpu] of Object.entries(cpus)) api.put<Node>(nodeKind, { metadata: { name: zone, labels: { 'topology.kubernetes.io/zone': zone } }, status: { allocatable: { cpu }, conditions: [{ type: 'Ready', status: 'True' }] } });
      let i = 1;
      for (const [zone, n] of Object.entries(pods)) for (let k = 0; k < n; k++) { const p = pod(i++); api.put(podKind, { ...p, spec: { ...p.spec!, nodeName: zone } }); }
    };
    const auto = (more: object = {}): Service => ({ ...service(more), metadata: { name: 'web', namespace: 'default', annotations: { 'service.kubernetes.io/topology-mode': 'Auto' } } });
    const hints = (api: FakeApi): Record<string, number> => {
      const out: Record<string, number> = {};
      for (const e of slices(api).flatMap(s => s.endpoints ?? [])) { const zone = e.hints?.forZones?.[0]?.name ?? 'none'; out[zone] = (out[zone] ?? 0) + 1; }
      return out;
    };

    it('topology-mode Auto allocates endpoints to zones in proportion to their processors', async () => {
      const w = await world(['endpointslice'], api => { zoned(api, { a: 8, b: 1 }, { a: '4', b: '4' }); api.put(serviceKind, auto()); });
      expect(hints(w.api)).toEqual({ a: 5, b: 4 });
      expect(w.events).toContain('Service/web Normal TopologyAwareHintsEnabled Topology Aware Hints has been enabled, addressType: IPv4');
      const before = slices(w.api).flatMap(s => s.endpoints ?? []).filter(e => e.zone !== e.hints?.forZones?.[0]?.name).map(e => e.addresses[0]);
      w.api.put(podKind, { ...pod(99), spec: { nodeName: 'a', containers: pod(99).spec!.containers } });
      await w.settle();
      const now = slices(w.api).flatMap(s => s.endpoints ?? []).filter(e => e.zone !== e.hints?.forZones?.[0]?.name).map(e => e.addresses[0]);
      expect(now).toEqual(expect.arrayContaining(before));
      expect(w.complaints).toEqual([]);
      await w.stop();
    });

    it('gives none with fewer endpoints than zones, with a node without a zone, or once the annotation goes', async () => {
      const w = await world(['endpointslice'], api => { zoned(api, { a: 1 }, { a: '4', b: '4' }); api.put(serviceKind, auto()); });
      expect(hints(w.api)).toEqual({ none: 1 });
      expect(w.events).toContain('Service/web Warning TopologyAwareHintsDisabled Insufficient number of endpoints (1 endpoints, 2 zones), addressType: IPv4');
      zoned(w.api, {}, {});
      for (let i = 50; i < 53; i++) w.api.put(podKind, { ...pod(i), spec: { nodeName: 'b', containers: pod(i).spec!.containers } });
      await w.settle();
      expect(hints(w.api)).toEqual({ a: 2, b: 2 });
      w.api.put<Node>(nodeKind, { metadata: { name: 'c' }, status: { allocatable: { cpu: '1' }, conditions: [{ type: 'Ready', status: 'True' }] } });
      await w.settle();
      expect(hints(w.api)).toEqual({ none: 4 });
      w.api.remove(nodeKind, 'c');
      await w.settle();
      expect(hints(w.api)).toEqual({ a: 2, b: 2 });
      w.api.change<Service>(serviceKind, 'default/web', s => { delete s.metadata!.annotations; });
      await w.settle();
      expect(hints(w.api)).toEqual({ none: 4 });
      expect(w.events).toContain('Service/web Warning TopologyAwareHintsDisabled Topology Aware Hints has been disabled, addressType: IPv4');
      await w.stop();
    });

    it('trafficDistribution names zone or node of each ready endpoint; those that terminate still serve, without hints', async () => {
      const w = await world(['endpointslice'], api => { zoned(api, { a: 2 }, { a: '4' }); api.put(serviceKind, service({ trafficDistribution: 'PreferSameNode' })); });
      const all = (): Endpoint[] => slices(w.api).flatMap(s => s.endpoints ?? []);
      expect(all().map(e => e.hints)).toEqual([{ forZones: [{ name: 'a' }], forNodes: [{ name: 'a' }] }, { forZones: [{ name: 'a' }], forNodes: [{ name: 'a' }] }]);
      w.api.change<Pod>(podKind, 'default/p1', p => { p.metadata!.deletionTimestamp = '2026-01-01T00:01:00Z'; p.metadata!.deletionGracePeriodSeconds = 30; });
      w.api.change<Service>(serviceKind, 'default/web', s => { s.spec!.trafficDistribution = 'PreferClose'; });
      await w.settle();
      expect(all().map(e => [e.conditions, e.hints])).toEqual([
        [{ ready: false, serving: true, terminating: true }, undefined], [{ ready: true, serving: true, terminating: false }, { forZones: [{ name: 'a' }] }],
      ]);
      await w.stop();
    });
  });
});

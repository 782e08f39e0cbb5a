import { describe, expect, it } from 'vitest';
import { pod as podKind } from '../../api/kinds/core/pod.ts';
import { service as serviceKind } from '../../api/kinds/core/service.ts';
import { endpointSlice as sliceKind } from '../../api/kinds/discovery/endpoint-slice.ts';
import type { EndpointSlice, Pod, Service } from '../../api/types/kubernetes.ts';
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
});

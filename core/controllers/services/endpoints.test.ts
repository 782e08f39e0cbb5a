import { describe, expect, it } from 'vitest';
import { pod as podKind } from '../../api/kinds/core/pod.ts';
import { endpoints as endpointsKind } from '../../api/kinds/core/endpoints.ts';
import { service as serviceKind } from '../../api/kinds/core/service.ts';
import type { Endpoints, Pod, Service } from '../../api/types/kubernetes.ts';
import { world } from '../../../test/harness/controllers.ts';
import { subsetsOf } from './endpoints.ts';

const pod = (i: number, more: { ready?: boolean; http?: number; deleting?: boolean; hostname?: string } = {}): Pod => ({
  metadata: { name: `p${i}`, namespace: 'default', uid: `u${i}`, labels: { app: 'web' }, ...(more.deleting ? { deletionTimestamp: '2026-01-01T00:00:00Z' } : {}) },
  spec: { nodeName: 'n', ...(more.hostname ? { hostname: more.hostname, subdomain: 'web' } : {}), containers: [{ name: 'c', ports: [{ name: 'http', containerPort: more.http ?? 80 }, { name: 'dns', containerPort: 53, protocol: 'UDP' }] }] },
  status: { phase: 'Running', podIP: `10.244.${i >> 8}.${i & 255}`, podIPs: [{ ip: `10.244.${i >> 8}.${i & 255}` }], conditions: [{ type: 'Ready', status: more.ready === false ? 'False' : 'True' }] },
});
const service = (spec: Service['spec'] = {}): Service => ({ metadata: { name: 'web', namespace: 'default' }, spec: { selector: { app: 'web' }, ports: [{ name: 'http', port: 80, targetPort: 'http' }], ...spec } });
const short = (s: Service, ...pods: Pod[]): unknown => subsetsOf(s, pods).map(x => ({ on: x.addresses?.map(a => a.ip), off: x.notReadyAddresses?.map(a => a.ip), ports: x.ports?.map(p => `${p.name ?? ''} ${p.port}/${p.protocol}`) }));

describe('Endpoints', () => {
  it('lists several ports together, by protocol and name, and pods with other ports apart', () => {
    const s = service({ ports: [{ name: 'http', port: 80, targetPort: 'http' }, { name: 'dns', port: 53, targetPort: 'dns', protocol: 'UDP' }, { name: 'admin', port: 1, targetPort: 'nowhere' }] });
    expect(short(s, pod(3), pod(2), pod(4, { http: 8080 }))).toEqual([
      { on: ['10.244.0.2', '10.244.0.3'], ports: ['dns 53/UDP', 'http 80/TCP'] },
      { on: ['10.244.0.4'], ports: ['dns 53/UDP', 'http 8080/TCP'] },
    ]);
  });

  it('keeps those that are not ready apart, unless the service publishes them, and leaves out those that end', () => {
    const pods = [pod(1), pod(2, { ready: false }), pod(3, { deleting: true })];
    expect(short(service(), ...pods)).toEqual([{ on: ['10.244.0.1'], off: ['10.244.0.2'], ports: ['http 80/TCP'] }]);
    expect(short(service({ publishNotReadyAddresses: true }), ...pods)).toEqual([{ on: ['10.244.0.1', '10.244.0.2', '10.244.0.3'], ports: ['http 80/TCP'] }]);
  });

  it('names the hosts of a headless service, which needs no ports', () => {
    const s = service({ clusterIP: 'None', ports: [] });
    expect(subsetsOf(s, [pod(1, { hostname: 'db-0' })])).toEqual([{ addresses: [{ ip: '10.244.0.1', hostname: 'db-0', nodeName: 'n', targetRef: { kind: 'Pod', namespace: 'default', name: 'p1', uid: 'u1' } }] }]);
  });

  it('cuts off beyond 1,000 and says so; goes with its service', async () => {
    const w = await world(['endpoints-controller'], api => { api.put(serviceKind, service()); for (let i = 1; i <= 1_005; i++) api.put(podKind, pod(i, { ready: i !== 1 })); });
    await w.clock.advance(1_000);
    const e = w.api.get<Endpoints>(endpointsKind, 'default/web');
    expect([e?.subsets?.[0]?.addresses?.length, e?.subsets?.[0]?.notReadyAddresses?.length ?? 0]).toEqual([1_000, 0]);
    expect(e?.metadata?.annotations?.['endpoints.kubernetes.io/over-capacity']).toBe('truncated');
    w.api.remove(serviceKind, 'default/web');
    await w.clock.advance(1_000);
    expect(w.api.get(endpointsKind, 'default/web')).toBeUndefined();
    await w.stop();
  });

  it('takes the address of the service\'s first family', () => {
    const both: Pod = { ...pod(1), status: { ...pod(1).status, podIPs: [{ ip: '10.244.0.1' }, { ip: 'fd00::1' }] } };
    expect(short(service({ ipFamilies: ['IPv6', 'IPv4'] }), both, pod(2))).toEqual([{ on: ['fd00::1'], off: undefined, ports: ['http 80/TCP'] }]);
    expect(short(service({ ipFamilies: ['IPv4', 'IPv6'] }), both)).toEqual([{ on: ['10.244.0.1'], off: undefined, ports: ['http 80/TCP'] }]);
  });

  it('is labelled as the controller\'s own, with the service\'s labels, and written once for what stays the same', async () => {
    const w = await world(['endpoints-controller'], api => { api.put(serviceKind, { ...service({ clusterIP: 'None' }), metadata: { name: 'web', namespace: 'default', labels: { team: 'x' } } }); api.put(podKind, pod(1)); });
    expect(w.api.get<Endpoints>(endpointsKind, 'default/web')?.metadata?.labels).toEqual({ team: 'x', 'service.kubernetes.io/headless': '', 'endpoints.kubernetes.io/managed-by': 'endpoint-controller' });
    const writes = w.api.writes.length;
    w.api.change<Pod>(podKind, 'default/p1', p => { p.metadata!.annotations = { a: 'b' }; });
    await w.clock.advance(60_000);
    expect(w.api.writes.length).toBe(writes);
    await w.stop();
  });

  it('says in an event what kept it from being written', async () => {
    const w = await world(['endpoints-controller'], api => { api.put(serviceKind, service()); api.put(podKind, pod(1)); });
    w.api.intercept = r => { if (r.method === 'PUT' && r.path.endsWith('/endpoints/web')) throw new Error('no disk'); };
    w.api.put(podKind, pod(2));
    await w.settle();
    expect(w.events).toContain('Endpoints/web Warning FailedToUpdateEndpoint Failed to update endpoint default/web: no disk');
    await w.stop();
  });
});

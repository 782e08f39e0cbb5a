import { describe, expect, it } from 'vitest';
import type { Endpoint, EndpointSlice, Service } from '../../api/types/kubernetes.ts';
import { portsOf, type Place } from './service-table.ts';

const slice = (ports: EndpointSlice['ports'], ...endpoints: Endpoint[]): EndpointSlice => ({ metadata: { name: 's', namespace: 'default' }, addressType: 'IPv4', ports, endpoints });
const at = (ip: string, ready = true, more: Endpoint['conditions'] = {}): Endpoint => ({ addresses: [ip], conditions: { ready, ...more } });
const service = (spec: Service['spec']): Service => ({ metadata: { name: 'web', namespace: 'default' }, spec: { clusterIP: '10.96.0.9', ...spec } });

describe('portsOf', () => {
  it('has a row per port: each with its protocol, its node port and the pods that know its name', () => {
    const slices = [
      slice([{ name: 'http', port: 8080, protocol: 'TCP' }, { name: 'dns', port: 53, protocol: 'UDP' }], at('10.244.1.3'), at('10.244.1.2')),
      // An older pod has its named port elsewhere.
      slice([{ name: 'http', port: 8000, protocol: 'TCP' }], at('10.244.2.2')),
    ];
    expect(portsOf(service({ type: 'NodePort', ports: [{ name: 'http', port: 80, nodePort: 30080, protocol: 'TCP' }, { name: 'dns', port: 80, protocol: 'UDP' }] }), slices)).toEqual([
      { key: 'default/web:80/tcp', clusterIP: '10.96.0.9', protocol: 'tcp', port: 80, nodePort: 30080, affinitySeconds: 0, backends: [{ ip: '10.244.1.2', port: 8080 }, { ip: '10.244.1.3', port: 8080 }, { ip: '10.244.2.2', port: 8000 }] },
      { key: 'default/web:80/udp', clusterIP: '10.96.0.9', protocol: 'udp', port: 80, nodePort: undefined, affinitySeconds: 0, backends: [{ ip: '10.244.1.2', port: 53 }, { ip: '10.244.1.3', port: 53 }] },
    ]);
  });

  it('knows affinity and its time, and whose address the pods are to see', () => {
    const ports = [{ port: 80 }];
    expect(portsOf(service({ ports, sessionAffinity: 'ClientIP' }), [])[0]).toMatchObject({ affinitySeconds: 10_800 });
    expect(portsOf(service({ ports, sessionAffinity: 'ClientIP', sessionAffinityConfig: { clientIP: { timeoutSeconds: 7 } } }), [])[0]).toMatchObject({ affinitySeconds: 7 });
    expect(portsOf(service({ ports, type: 'NodePort', externalTrafficPolicy: 'Local' }), [])[0]).toMatchObject({ keepsSource: true });
    expect(portsOf(service({ ports, type: 'NodePort', externalTrafficPolicy: 'Cluster' }), [])[0]).not.toHaveProperty('keepsSource');
  });

  it('has nothing to do with headless services and names for something outside', () => {
    expect(portsOf(service({ clusterIP: 'None', ports: [{ port: 80 }] }), [])).toEqual([]);
    expect(portsOf(service({ type: 'ExternalName', externalName: 'example.test', ports: [{ port: 80 }] }), [])).toEqual([]);
  });
});

describe('endpoints', () => {
  const ports = [{ port: 80 }];
  const ips = (backends: { ip: string }[] | undefined): string[] | undefined => backends?.map(b => b.ip);
  const chosen = (...slices: EndpointSlice[]): string[] | undefined => ips(portsOf(service({ ports }), slices)[0]?.backends);
  it('are the ready ones, and while there are none those that still serve although they end', () => {
    const ending = at('10.244.1.4', false, { serving: true, terminating: true }), broken = at('10.244.1.5', false, { serving: false, terminating: false });
    expect(chosen(slice(ports, at('10.244.1.2'), ending, broken))).toEqual(['10.244.1.2']);
    expect(chosen(slice(ports, ending, broken))).toEqual(['10.244.1.4']);
    expect(chosen(slice(ports, broken))).toEqual([]);
  });

  const place = (n: number, zone = ''): Place => ({ name: `node-${n}`, cidr: `10.244.${n}.0/24`, ip: `10.244.0.${n + 1}`, zone });
  const on = (n: number, ip: string, more: Partial<Endpoint> = {}): Endpoint => ({ ...at(ip), nodeName: `node-${n}`, ...more });

  it('of internalTrafficPolicy Local are those of the asking pod\'s node, or none', () => {
    const [p] = portsOf(service({ ports, internalTrafficPolicy: 'Local' }), [slice(ports, on(1, '10.244.1.2'), on(1, '10.244.1.3', { conditions: { ready: false, serving: true, terminating: true } }), on(2, '10.244.2.2', { conditions: { ready: false, serving: true, terminating: true } }))], [place(1), place(2), place(3)]);
    expect(p!.from!.map(f => [f.cidr, ips(f.backends)])).toEqual([['10.244.1.0/24', ['10.244.1.2']], ['10.244.2.0/24', ['10.244.2.2']], ['10.244.3.0/24', []]]);
    expect(ips(p!.backends)).toEqual(['10.244.1.2']);
    expect(p).not.toHaveProperty('at');
  });

  it('of externalTrafficPolicy Local are those of the node whose port it is', () => {
    const [p] = portsOf(service({ type: 'NodePort', ports: [{ port: 80, nodePort: 30080 }], externalTrafficPolicy: 'Local' }), [slice(ports, on(1, '10.244.1.2'))], [place(1), place(2)]);
    expect(p!.at!.map(x => [x.ip, ips(x.backends)])).toEqual([['10.244.0.2', ['10.244.1.2']], ['10.244.0.3', []]]);
    expect(p).not.toHaveProperty('from');
  });

  it('of services that prefer what is near are chosen by hints: node before zone, and all where a hint is missing or there is none for this place', () => {
    const hint = (zone: string, node?: string): Partial<Endpoint> => ({ hints: { forZones: [{ name: zone }], ...(node ? { forNodes: [{ name: node }] } : {}) } });
    const places = [place(1, 'a'), place(2, 'a'), place(3, 'b')];
    const near = (...e: Endpoint[]): unknown => portsOf(service({ ports }), [slice(ports, ...e)], places)[0]!.from?.map(f => [f.node, ips(f.backends)]);
    expect(near(on(1, '10.244.1.2', hint('a')), on(2, '10.244.2.2', hint('a')))).toEqual([['node-1', ['10.244.1.2', '10.244.2.2']], ['node-2', ['10.244.1.2', '10.244.2.2']]]);
    expect(near(on(1, '10.244.1.2', hint('a', 'node-1')), on(3, '10.244.3.2', hint('b', 'node-3')))).toEqual([['node-1', ['10.244.1.2']], ['node-2', ['10.244.1.2']], ['node-3', ['10.244.3.2']]]);
    expect(near(on(1, '10.244.1.2', hint('a')), on(3, '10.244.3.2'))).toBeUndefined();
  });
});

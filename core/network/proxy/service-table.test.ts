import { describe, expect, it } from 'vitest';
import type { Endpoint, EndpointSlice, Service } from '../../api/types/kubernetes.ts';
import { backendsOf, portsOf } from './service-table.ts';

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

describe('backendsOf', () => {
  it('takes ready endpoints, and while there are none those that still serve although they end', () => {
    const ports = [{ port: 80 }];
    const ending = at('10.244.1.4', false, { serving: true, terminating: true }), broken = at('10.244.1.5', false, { serving: false, terminating: false });
    expect(backendsOf([slice(ports, at('10.244.1.2'), ending, broken)], undefined).map(b => b.ip)).toEqual(['10.244.1.2']);
    expect(backendsOf([slice(ports, ending, broken)], undefined).map(b => b.ip)).toEqual(['10.244.1.4']);
    expect(backendsOf([slice(ports, broken)], undefined)).toEqual([]);
  });
});

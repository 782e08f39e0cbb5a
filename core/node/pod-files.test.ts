import { expect, it } from 'vitest';
import type { Pod, PodSpec } from '../api/types/kubernetes.ts';
import { hostsFile, parseResolv, podHostname, resolvFile, uname } from './pod-files.ts';

const pod = (spec: Partial<PodSpec> = {}): Pod => ({ metadata: { name: 'web', namespace: 'shop' }, spec: { containers: [], ...spec } });
const host = parseResolv('# c\nnameserver 1.1.1.1\nsearch example.org lan\noptions ndots:2 timeout:1\n');

it('names a pod', () => {
  expect(podHostname(pod({ hostname: 'h', subdomain: 's' }), 'cluster.local')).toEqual({ hostname: 'h', domain: 's.shop.svc.cluster.local' });
  expect(uname(pod({ hostname: 'h', subdomain: 's', setHostnameAsFQDN: true }), 'cluster.local')).toBe('h.s.shop.svc.cluster.local');
  expect(podHostname({ metadata: { name: `${'a'.repeat(62)}-bcd` }, spec: { containers: [] } }, 'x').hostname).toBe('a'.repeat(62));
});
it('writes hosts with the pod\'s own name and aliases', () => {
  const text = hostsFile(pod({ subdomain: 's', hostAliases: [{ ip: '10.0.0.9', hostnames: ['db', 'db.local'] }] }), ['10.244.0.5'], 'cluster.local');
  expect(text).toContain('10.244.0.5\tweb.s.shop.svc.cluster.local\tweb\n');
  expect(text).toContain('10.0.0.9\tdb\tdb.local\n');
});
it('resolv.conf by policy', () => {
  expect(resolvFile(pod(), host, '10.96.0.10', 'cluster.local')).toBe('search shop.svc.cluster.local svc.cluster.local cluster.local example.org lan\nnameserver 10.96.0.10\noptions ndots:5\n');
  expect(resolvFile(pod({ dnsPolicy: 'Default' }), host, '10.96.0.10', 'cluster.local')).toBe('search example.org lan\nnameserver 1.1.1.1\noptions ndots:2 timeout:1\n');
  expect(resolvFile(pod({ hostNetwork: true, dnsPolicy: 'ClusterFirst' }), host, '10.96.0.10', 'cluster.local')).toContain('nameserver 1.1.1.1');
  expect(resolvFile(pod({ hostNetwork: true, dnsPolicy: 'ClusterFirstWithHostNet' }), host, '10.96.0.10', 'cluster.local')).toContain('nameserver 10.96.0.10');
  expect(resolvFile(pod({ dnsPolicy: 'None', dnsConfig: { nameservers: ['9.9.9.9'], searches: ['a.b'], options: [{ name: 'ndots', value: '1' }, { name: 'edns0' }] } }), host, '10.96.0.10', 'x')).toBe('search a.b\nnameserver 9.9.9.9\noptions ndots:1 edns0\n');
});

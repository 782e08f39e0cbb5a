import { expect, it } from 'vitest';
import type { Container, Pod, Service } from '../../api/types/kubernetes.ts';
import { ConfigError, containerEnv, type Sources } from './env.ts';
import { expand } from './expand.ts';

const pod: Pod = { metadata: { name: 'p', namespace: 'ns', uid: 'u', labels: { b: '2', a: '1' }, annotations: { 'x.y/z': 'v' } }, spec: { containers: [], serviceAccountName: 'sa' } };
const facts = { podIPs: ['10.0.0.5'], hostIPs: ['192.168.0.1'], nodeName: 'n1', allocatable: { cpu: '4', memory: '8Gi' } };
const svc = (name: string, ns: string, clusterIP: string, ports: { port: number; name?: string; protocol?: string }[]): Service => ({ metadata: { name, namespace: ns }, spec: { clusterIP, ports } });
const sources: Sources = {
  configMap: (_, name) => (name === 'cm' ? { data: { k: 'v', 'bad=key': 'x', k2: 'w' } } : undefined),
  secret: (_, name) => (name === 's' ? { data: { pw: Buffer.from('geheim').toString('base64') } } : undefined),
  services: ns => [svc('my-db', ns, '10.96.0.7', [{ port: 5432, name: 'pg' }, { port: 9187 }]), svc('head', ns, 'None', [{ port: 1 }]), svc('kubernetes', 'default', '10.96.0.1', [{ port: 443, name: 'https' }])],
};
const env = (c: Partial<Container>, p = pod) => Object.fromEntries(containerEnv(p, { name: 'c', ...c }, sources, facts).env.map(e => [e.name, e.value]));

it('expands $(VAR), $$ and leaves the unknown', () => { expect(expand('a $(X) $$(X) $(Y) $', n => (n === 'X' ? '1' : undefined))).toBe('a 1 $(X) $(Y) $'); });
it('values refer to what came before, envFrom and services', () => {
  expect(env({ envFrom: [{ configMapRef: { name: 'cm' }, prefix: 'P_' }], env: [{ name: 'A', value: '1' }, { name: 'B', value: '$(A)-$(P_k)-$(MY_DB_SERVICE_HOST)-$(C)' }, { name: 'C', value: '3' }] })).toMatchObject({ P_k: 'v', P_k2: 'w', A: '1', B: '1-v-10.96.0.7-$(C)' });
  expect(containerEnv(pod, { name: 'c', envFrom: [{ configMapRef: { name: 'cm' } }] }, sources, facts).skipped).toHaveLength(1);
});
it('all seven service variables, headless left out', () => {
  const e = env({});
  expect(e).toMatchObject({ MY_DB_SERVICE_HOST: '10.96.0.7', MY_DB_SERVICE_PORT: '5432', MY_DB_SERVICE_PORT_PG: '5432', MY_DB_PORT: 'tcp://10.96.0.7:5432', MY_DB_PORT_5432_TCP: 'tcp://10.96.0.7:5432', MY_DB_PORT_5432_TCP_PROTO: 'tcp', MY_DB_PORT_5432_TCP_PORT: '5432', MY_DB_PORT_5432_TCP_ADDR: '10.96.0.7', MY_DB_PORT_9187_TCP_PORT: '9187', KUBERNETES_SERVICE_HOST: '10.96.0.1' });
  expect(e).not.toHaveProperty('HEAD_SERVICE_HOST');
  const off = env({}, { ...pod, spec: { containers: [], enableServiceLinks: false } });
  expect(off).toHaveProperty('KUBERNETES_SERVICE_PORT', '443'); expect(off).not.toHaveProperty('MY_DB_SERVICE_HOST');
});
it('downward API', () => {
  const ref = (fieldPath: string) => ({ name: fieldPath, valueFrom: { fieldRef: { fieldPath } } });
  expect(env({ env: ['metadata.name', "metadata.labels['a']", "metadata.annotations['x.y/z']", 'status.podIP', 'status.hostIP', 'spec.nodeName', 'spec.serviceAccountName'].map(ref) })).toMatchObject({ 'metadata.name': 'p', "metadata.labels['a']": '1', "metadata.annotations['x.y/z']": 'v', 'status.podIP': '10.0.0.5', 'status.hostIP': '192.168.0.1', 'spec.nodeName': 'n1', 'spec.serviceAccountName': 'sa' });
  expect(env({ resources: { limits: { memory: '100Mi' }, requests: { cpu: '250m' } }, env: [{ name: 'M', valueFrom: { resourceFieldRef: { resource: 'limits.memory', divisor: '1Mi' } } }, { name: 'C', valueFrom: { resourceFieldRef: { resource: 'requests.cpu', divisor: '1m' } } }, { name: 'D', valueFrom: { resourceFieldRef: { resource: 'limits.cpu' } } }] })).toMatchObject({ M: '100', C: '250', D: '4' });
});
it('missing references in Kubernetes\' words; optional ones are left out', () => {
  const from = (valueFrom: object) => () => env({ env: [{ name: 'X', valueFrom }] });
  expect(from({ configMapKeyRef: { name: 'no', key: 'k' } })).toThrow(new ConfigError('configmap "no" not found'));
  expect(from({ configMapKeyRef: { name: 'cm', key: 'no' } })).toThrow("couldn't find key no in ConfigMap ns/cm");
  expect(from({ secretKeyRef: { name: 's', key: 'no' } })).toThrow("couldn't find key no in Secret ns/s");
  expect(from({ secretKeyRef: { name: 'no', key: 'no', optional: true } })()).not.toHaveProperty('X');
  expect(env({ env: [{ name: 'X', valueFrom: { secretKeyRef: { name: 's', key: 'pw' } } }] })['X']).toBe('geheim');
});
it('envFrom: whole configMaps and secrets, prefixed; what is optional may be missing', () => {
  expect(env({ envFrom: [{ secretRef: { name: 's' }, prefix: 'S_' }, { configMapRef: { name: 'no', optional: true } }, { secretRef: { name: 'no', optional: true } }] })).toMatchObject({ S_pw: 'geheim' });
  expect(() => env({ envFrom: [{ configMapRef: { name: 'no' } }] })).toThrow('configmap "no" not found');
  expect(() => env({ envFrom: [{ secretRef: { name: 'no' } }] })).toThrow('secret "no" not found');
});
it('valueFrom: keys of configMaps, optional ones; resources of another container', () => {
  const of = (valueFrom: object, p = pod) => env({ env: [{ name: 'X', valueFrom }] }, p)['X'];
  expect(of({ configMapKeyRef: { name: 'cm', key: 'k' } })).toBe('v');
  expect([of({ configMapKeyRef: { name: 'no', key: 'k', optional: true } }), of({ configMapKeyRef: { name: 'cm', key: 'no', optional: true } }), of({ secretKeyRef: { name: 's', key: 'no', optional: true } })]).toEqual([undefined, undefined, undefined]);
  const other: Pod = { ...pod, spec: { containers: [{ name: 'o', resources: { requests: { memory: '10Mi' } } }] } };
  expect(of({ resourceFieldRef: { containerName: 'o', resource: 'requests.memory', divisor: '1Ki' } }, other)).toBe('10240');
  expect(() => of({ resourceFieldRef: { containerName: 'who', resource: 'limits.cpu' } }, other)).toThrow('container who not found');
});

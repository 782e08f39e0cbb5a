import { expect, it } from 'vitest';
import { inProcess, refused, type InProcess } from '../../../test/harness/in-process.ts';

const IPS = '/apis/networking.k8s.io/v1/ipaddresses', SERVICES = '/api/v1/namespaces/a/services';
const service = (name: string, spec: object = {}): object => ({ metadata: { name }, spec: { ports: [{ port: 80 }], ...spec } });
const names = async (api: InProcess): Promise<string[]> => ((await api.call('GET', IPS)) as unknown as { items: { metadata: { name: string } }[] }).items.map(i => i.metadata.name);

it('13.2 a service has its address as an object as long as it has the address', async () => {
  const api = await inProcess();
  const made = await api.call('POST', SERVICES, service('web')), ip = made.spec!['clusterIP'] as string;
  expect(await api.call('GET', `${IPS}/${ip}`)).toMatchObject({
    metadata: { name: ip, labels: { 'ipaddress.kubernetes.io/ip-family': 'IPv4', 'ipaddress.kubernetes.io/managed-by': 'ipallocator.k8s.io' }, uid: expect.any(String) },
    spec: { parentRef: { resource: 'services', namespace: 'a', name: 'web' } },
  });
  await api.call('POST', SERVICES, service('headless', { clusterIP: 'None' }));
  await api.call('POST', SERVICES, service('dry'), { query: { dryRun: 'All' } });
  expect(await names(api)).toEqual([ip]);
  await api.call('PUT', `${SERVICES}/web`, { ...made, spec: { type: 'ExternalName', externalName: 'example.com' } });
  expect(await names(api)).toEqual([]);
  await api.call('PATCH', `${SERVICES}/web`, { spec: { type: 'ClusterIP', externalName: null, ports: [{ port: 80 }] } }, { contentType: 'application/merge-patch+json' });
  expect(await names(api)).toHaveLength(1);
  const gone = await api.call('DELETE', `${SERVICES}/web`);
  expect(gone).toMatchObject({ kind: 'Service', metadata: { resourceVersion: String(api.store.revision) } });
  expect(await names(api)).toEqual([]);
  for (const n of ['x', 'y']) await api.call('POST', SERVICES, service(n));
  expect(await api.call('DELETE', SERVICES)).toMatchObject({ kind: 'ServiceList', items: [{ metadata: { name: 'headless' } }, { metadata: { name: 'x' } }, { metadata: { name: 'y' } }] });
  expect(await names(api)).toEqual([]);
});

it('an address that somebody has made an object of is his', async () => {
  const api = await inProcess({ serviceCidr: '10.96.0.0/30' });
  await api.call('POST', IPS, { metadata: { name: '10.96.0.1' }, spec: { parentRef: { resource: 'gateways', group: 'example.com', name: 'g' } } });
  expect((await refused(api.call('POST', SERVICES, service('web', { clusterIP: '10.96.0.1' })))).message).toBe('Service "web" is invalid: spec.clusterIPs: Invalid value: ["10.96.0.1"]: failed to allocate IP 10.96.0.1: provided IP is already allocated');
  expect((await api.call('POST', SERVICES, service('web'))).spec!['clusterIP']).toBe('10.96.0.2');
});

it('what is missing or too much is put right at the start, and what is taken away later comes back', async () => {
  const api = await inProcess(), ip = (await api.call('POST', SERVICES, service('web'))).spec!['clusterIP'] as string, [entry] = api.store.range({ prefix: `/registry/networking.k8s.io/ipaddresses/` }).entries;
  await api.store.txn([{ type: 'delete', key: entry!.key }, { type: 'put', key: entry!.key.replace(ip, '10.96.0.200'), value: Buffer.from(entry!.value.toString().replaceAll(ip, '10.96.0.200')) }]);
  expect(await names(api)).toEqual(['10.96.0.200']);
  await api.call('POST', '/api/v1/namespaces', { metadata: { name: 'kube-system' } }); // where the server writes down since when it tracks tokens
  await api.server.keepOwnObjects();
  expect(await names(api)).toEqual([ip]);
  const { uid } = (await api.call('GET', `${IPS}/${ip}`)).metadata;
  const back = new Promise<void>(resolve => { const w = api.store.watch(entry!.key, api.store.revision, events => { if (events.some(e => e.type === 'PUT')) { w.close(); resolve(); } }); });
  await api.call('DELETE', `${IPS}/${ip}`);
  await back;
  const again = await api.call('GET', `${IPS}/${ip}`);
  expect(again.spec).toEqual({ parentRef: { resource: 'services', namespace: 'a', name: 'web' } });
  expect(again.metadata.uid).not.toBe(uid);
  await api.server.close();
});

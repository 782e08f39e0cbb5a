import { connect } from 'node:net';
import { createSocket } from 'node:dgram';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { decode, encode, type DecodedPacket } from 'dns-packet';
import { namespace } from '../../api/kinds/core/namespace.ts';
import { service } from '../../api/kinds/core/service.ts';
import { endpointSlice } from '../../api/kinds/discovery/endpoint-slice.ts';
import type { KubeObject } from '../../api/meta/object.ts';
import { systemClock } from '../../base/clock.ts';
import { silentLog } from '../../base/log.ts';
import { Client } from '../../client/client.ts';
import { createInformerFactory } from '../../client/informer-factory.ts';
import type { InformerFactory } from '../../client/informer.ts';
import { FakeApi } from '../../../test/harness/fake-api.ts';
import { Records, type Answer } from './records.ts';
import { DnsServer } from './server.ts';

const slice = (svc: string, name: string, endpoints: object[], ports: object[]): KubeObject => ({
  apiVersion: 'discovery.k8s.io/v1', kind: 'EndpointSlice', metadata: { name, namespace: 'default', labels: { 'kubernetes.io/service-name': svc } }, addressType: 'IPv4', endpoints, ports,
} as KubeObject);
const svc = (name: string, spec: object): KubeObject => ({ apiVersion: 'v1', kind: 'Service', metadata: { name, namespace: 'default' }, spec } as KubeObject);

let records: Records, informers: InformerFactory, server: DnsServer, upstream: DnsServer, port: number, client: Client;
beforeAll(async () => {
  client = new Client(new FakeApi(systemClock), 'test');
  await client.create(namespace, { apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'default' } });
  for (const s of [
    svc('web', { clusterIP: '10.96.0.20', clusterIPs: ['10.96.0.20'], ports: [{ name: 'http', port: 80, protocol: 'TCP' }] }),
    svc('db', { clusterIP: 'None', ports: [{ name: 'sql', port: 3306, protocol: 'TCP' }] }),
    svc('empty', { clusterIP: 'None', ports: [{ port: 1, protocol: 'TCP' }] }),
    svc('far', { type: 'ExternalName', externalName: 'example.test.' }),
    svc('near', { type: 'ExternalName', externalName: 'web.default.svc.cluster.local' }),
  ]) await client.create(service, s);
  await client.create(endpointSlice, slice('db', 'db-1', [
    { addresses: ['10.244.1.2'], hostname: 'db-0', conditions: { ready: true } }, { addresses: ['10.244.1.3'], conditions: { ready: true } }, { addresses: ['10.244.1.4'], conditions: { ready: false } },
  ], [{ name: 'sql', port: 3306, protocol: 'TCP' }]));
  informers = createInformerFactory(client, { clock: systemClock, log: silentLog });
  records = new Records(informers);
  await informers.start();
  upstream = new DnsServer({ records: { zone: 'test', lookup: (name: string) => ({ outside: false, exists: true, answers: [{ type: 'A', name, data: '192.0.2.7' }], extra: [] }) } as unknown as Records, upstreams: [], log: silentLog });
  server = new DnsServer({ records, upstreams: [{ host: '127.0.0.1', port: await upstream.listen('127.0.0.1', 0) }], log: silentLog });
  port = await server.listen('127.0.0.1', 0);
});
afterAll(async () => { informers.stop(); await server.close(); await upstream.close(); });

const data = (name: string, type: string): unknown[] => { const r = records.lookup(name, type); return r.outside ? ['outside'] : r.exists ? r.answers.map((a: Answer) => a.data) : ['NXDOMAIN']; };

describe('Records, by the Kubernetes DNS specification', () => {
  it.each([
    ['web.default.svc.cluster.local', 'A', ['10.96.0.20']],
    ['WEB.default.SVC.cluster.local', 'A', ['10.96.0.20']],
    ['web.default.svc.cluster.local', 'AAAA', []],
    ['nope.default.svc.cluster.local', 'A', ['NXDOMAIN']],
    ['web.nope.svc.cluster.local', 'A', ['NXDOMAIN']],
    ['default.svc.cluster.local', 'A', []],
    ['svc.cluster.local', 'A', []],
    ['web.cluster.local', 'A', ['NXDOMAIN']],
    ['db.default.svc.cluster.local', 'A', ['10.244.1.2', '10.244.1.3']],
    ['db-0.db.default.svc.cluster.local', 'A', ['10.244.1.2']],
    ['10-244-1-3.db.default.svc.cluster.local', 'A', ['10.244.1.3']],
    ['10-244-1-4.db.default.svc.cluster.local', 'A', ['NXDOMAIN']],
    ['empty.default.svc.cluster.local', 'A', ['NXDOMAIN']],
    ['far.default.svc.cluster.local', 'A', ['example.test']],
    ['10-244-1-9.default.pod.cluster.local', 'A', ['10.244.1.9']],
    ['20.0.96.10.in-addr.arpa', 'PTR', ['web.default.svc.cluster.local']],
    ['2.1.244.10.in-addr.arpa', 'PTR', ['db-0.db.default.svc.cluster.local']],
    ['3.1.244.10.in-addr.arpa', 'PTR', ['10-244-1-3.db.default.svc.cluster.local']],
    ['1.1.1.1.in-addr.arpa', 'PTR', ['outside']],
    ['_http._tcp.web.default.svc.cluster.local', 'SRV', [{ priority: 0, weight: 100, port: 80, target: 'web.default.svc.cluster.local' }]],
    ['_sql._tcp.db.default.svc.cluster.local', 'SRV', [{ priority: 0, weight: 100, port: 3306, target: 'db-0.db.default.svc.cluster.local' }, { priority: 0, weight: 100, port: 3306, target: '10-244-1-3.db.default.svc.cluster.local' }]],
    ['_x._tcp.web.default.svc.cluster.local', 'SRV', ['NXDOMAIN']],
    ['dns-version.cluster.local', 'TXT', ['1.1.0']],
    ['example.test', 'A', ['outside']],
  ])('%s %s', (name, type, want) => { expect(data(name, type)).toEqual(want); });

  it('follows a service that comes and goes', async () => {
    await client.create(service, svc('late', { clusterIP: '10.96.0.30', ports: [{ port: 80, protocol: 'TCP' }] }));
    await expect.poll(() => data('late.default.svc.cluster.local', 'A')).toEqual(['10.96.0.30']);
    await client.delete(service, 'default', 'late');
    await expect.poll(() => data('late.default.svc.cluster.local', 'A')).toEqual(['NXDOMAIN']);
  });
});

const query = (name: string, type: 'A' | 'AAAA' | 'SRV' = 'A'): Buffer => encode({ type: 'query', id: 7, flags: 0x100, questions: [{ name, type }] });
/** The library's types leave out the response code it decodes. */
type Reply = DecodedPacket & { rcode: string };
const read = (message: Buffer): Reply => decode(message) as Reply;
const udp = (message: Buffer): Promise<Reply> => new Promise(resolve => {
  const s = createSocket('udp4');
  s.on('message', m => { s.close(); resolve(read(m)); });
  s.send(message, port, '127.0.0.1');
});

describe('DnsServer', () => {
  it('answers NXDOMAIN and empty answers with a SOA', async () => {
    const missing = await udp(query('nope.default.svc.cluster.local'));
    expect(missing.rcode).toBe('NXDOMAIN');
    expect(missing.authorities?.[0]?.type).toBe('SOA');
    const none = await udp(query('web.default.svc.cluster.local', 'AAAA'));
    expect(none.rcode).toBe('NOERROR');
    expect(none.authorities?.[0]?.type).toBe('SOA');
  });
  it('forwards other names and chases ExternalNames inside and outside', async () => {
    expect((await udp(query('example.test'))).answers?.[0]).toMatchObject({ data: '192.0.2.7' });
    expect((await udp(query('far.default.svc.cluster.local'))).answers?.map(a => (a as { data: unknown }).data)).toEqual(['example.test', '192.0.2.7']);
    expect((await udp(query('near.default.svc.cluster.local'))).answers?.map(a => (a as { data: unknown }).data)).toEqual(['web.default.svc.cluster.local', '10.96.0.20']);
  });
  it('passes on what upstream denies, and asks the next when one does not answer', async () => {
    const denying = new DnsServer({ records: { zone: 'test', lookup: () => ({ outside: false, exists: false, answers: [], extra: [] }) } as unknown as Records, upstreams: [], log: silentLog });
    const gone = createSocket('udp4');
    const dead = await new Promise<number>(resolve => { gone.bind(0, '127.0.0.1', () => { const { port: p } = gone.address(); gone.close(() => resolve(p)); }); });
    const asking = new DnsServer({ records, upstreams: [{ host: '127.0.0.1', port: dead }, { host: '127.0.0.1', port: await denying.listen('127.0.0.1', 0) }], log: silentLog });
    for (const via of ['udp', 'tcp'] as const) {
      const reply = read((await asking.answer(query('nobody.example.test'), via))!);
      expect([reply.id, reply.rcode, reply.authorities?.[0]?.type]).toEqual([7, 'NXDOMAIN', 'SOA']);
    }
    // What a pod's search list makes of an outside name is denied here and goes no further.
    expect(read((await asking.answer(query('example.test.default.svc.cluster.local'), 'udp'))!).rcode).toBe('NXDOMAIN');
    expect(asking.stats).toEqual({ queries: 3, forwarded: 2, failed: 0 });
    await asking.close();
    await denying.close();
  });
  it('says over UDP that an answer is too long, gives it whole over TCP and to who takes more', async () => {
    await client.create(service, svc('many', { clusterIP: 'None', ports: [{ port: 1, protocol: 'TCP' }] }));
    await client.create(endpointSlice, slice('many', 'many-1', Array.from({ length: 90 }, (_, i) => ({ addresses: [`10.244.9.${i + 1}`], conditions: { ready: true } })), [{ port: 1, protocol: 'TCP' }]));
    await expect.poll(() => data('many.default.svc.cluster.local', 'A').length).toBe(90);
    const question = query('many.default.svc.cluster.local');
    const short = (await server.answer(question, 'udp'))!;
    // As many as there is room for: some resolvers never ask over TCP.
    expect([short.length <= 512, read(short).flag_tc, read(short).answers?.length]).toEqual([true, true, 29]);
    expect(read(short).answers?.[28]).toMatchObject({ type: 'A', name: 'many.default.svc.cluster.local', data: '10.244.9.29' });
    const whole = read((await server.answer(question, 'tcp'))!);
    expect([whole.flag_tc, whole.answers?.length, (whole.answers?.[89] as { data?: unknown } | undefined)?.data]).toEqual([false, 90, '10.244.9.90']);
    const wide = encode({ type: 'query', id: 7, flags: 0x100, questions: [{ name: 'many.default.svc.cluster.local', type: 'A' }], additionals: [{ type: 'OPT', name: '.', udpPayloadSize: 4096, extendedRcode: 0, ednsVersion: 0, flags: 0, flag_do: false, options: [] }] });
    expect(read((await server.answer(wide, 'udp'))!).answers?.length).toBe(90);
    // SRV answers name other hosts, in the answer and beside it.
    const srv = await udp(query('_sql._tcp.db.default.svc.cluster.local', 'SRV'));
    expect(srv.answers?.map(a => (a as { data: { target: string } }).data.target)).toEqual(['db-0.db.default.svc.cluster.local', '10-244-1-3.db.default.svc.cluster.local']);
    expect(srv.additionals?.map(a => a.name)).toEqual(['db-0.db.default.svc.cluster.local', '10-244-1-3.db.default.svc.cluster.local']);
  });
  it('answers over TCP, several questions on one connection', async () => {
    const message = query('web.default.svc.cluster.local');
    const framed = Buffer.concat([Buffer.from([0, message.length]), message]);
    const got = await new Promise<Buffer>(resolve => {
      let b = Buffer.alloc(0);
      const s = connect(port, '127.0.0.1', () => { s.write(framed.subarray(0, 5)); s.write(Buffer.concat([framed.subarray(5), framed])); });
      s.on('data', d => { b = Buffer.concat([b, d]); if (b.length > 2 && b.length >= 2 * (2 + b.readUInt16BE(0))) { s.destroy(); resolve(b); } });
    });
    expect(decode(got.subarray(2, 2 + got.readUInt16BE(0))).answers?.[0]).toMatchObject({ data: '10.96.0.20' });
  });
  it('survives rubbish and says SERVFAIL when no upstream answers', async () => {
    expect((await udp(Buffer.concat([Buffer.from([0, 9, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0]), Buffer.from([63, 1])]))).rcode).toBe('FORMERR');
    const alone = new DnsServer({ records, upstreams: [], log: silentLog });
    expect(read((await alone.answer(query('example.test'), 'udp'))!).rcode).toBe('SERVFAIL');
    await alone.close();
  });
});

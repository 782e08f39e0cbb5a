import { createSocket } from 'node:dgram';
import { connect, createServer, type AddressInfo, type Server } from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import { FakeClock } from '../../base/clock.ts';
import { silentLog } from '../../base/log.ts';
import { LoopbackNodePorts } from './loopback.ts';
import type { Backend, ServicePort } from './service-table.ts';

const ends: (() => void)[] = [];
afterEach(() => { for (const end of ends.splice(0)) end(); });

/** A TCP server that says its name and what it was sent, once the client has said all. */
async function backend(name: string): Promise<Backend> {
  const server = createServer({ allowHalfOpen: true }, s => { let got = ''; s.on('data', d => { got += String(d); }); s.on('end', () => s.end(`${name} ${got}`)); });
  const port = await listen(server);
  ends.push(() => server.close());
  return { ip: '127.0.0.1', port };
}
const listen = (server: Server): Promise<number> => new Promise(resolve => { server.listen(0, '127.0.0.1', () => resolve((server.address() as AddressInfo).port)); });
async function freePort(): Promise<number> {
  const server = createServer();
  const port = await listen(server);
  await new Promise(resolve => { server.close(resolve); });
  return port;
}
/** What the other side answered; rejects when nobody listens. */
const say = (port: number, text: string): Promise<string> => new Promise((resolve, reject) => {
  let got = '';
  const s = connect({ host: '127.0.0.1', port, allowHalfOpen: true }, () => s.end(text));
  s.on('data', d => { got += String(d); });
  s.on('close', () => resolve(got));
  s.on('error', reject);
});
const row = (nodePort: number, backends: Backend[], more: Partial<ServicePort> = {}): ServicePort => ({ key: 'default/web:80/tcp', clusterIP: '10.96.0.50', protocol: 'tcp', port: 80, nodePort, affinitySeconds: 0, backends, ...more });
function proxy(): { ports: LoopbackNodePorts; clock: FakeClock } {
  const clock = new FakeClock();
  const ports = new LoopbackNodePorts(clock, silentLog);
  ends.push(() => ports.close());
  return { ports, clock };
}

describe('node ports on loopback', () => {
  it('lead to the endpoints there are at the moment, half-closed connections too, and are gone with the service', async () => {
    const { ports } = proxy();
    const [a, b, nodePort] = [await backend('a'), await backend('b'), await freePort()];
    ports.apply([{ before: [], after: [row(nodePort, [a])] }]);
    await expect.poll(() => say(nodePort, 'hello').catch(() => '')).toBe('a hello');
    ports.apply([{ before: [row(nodePort, [a])], after: [row(nodePort, [b])] }]);
    expect(await say(nodePort, 'hello')).toBe('b hello');
    ports.apply([{ before: [row(nodePort, [b])], after: [row(nodePort, [])] }]);
    expect(await say(nodePort, 'hello').catch(() => '')).toBe('');
    ports.apply([{ before: [row(nodePort, [])], after: [] }]);
    await expect.poll(() => say(nodePort, '').then(() => 'open', (e: NodeJS.ErrnoException) => e.code)).toBe('ECONNREFUSED');
  });

  it('keep to one endpoint with ClientIP affinity, for as long as it says', async () => {
    const { ports, clock } = proxy();
    const all = [await backend('a'), await backend('b'), await backend('c')];
    const nodePort = await freePort();
    ports.apply([{ before: [], after: [row(nodePort, all, { affinitySeconds: 60 })] }]);
    await expect.poll(() => say(nodePort, '').catch(() => '')).toMatch(/^[abc] $/);
    const first = await say(nodePort, '');
    for (let i = 0; i < 10; i++) { await clock.advance(50_000); expect(await say(nodePort, '')).toBe(first); }
    const seen = new Set<string>();
    for (let i = 0; i < 60; i++) { await clock.advance(61_000); seen.add(await say(nodePort, '')); }
    expect(seen.size).toBe(3);
  });

  it('carry UDP, several datagrams at once, and go on with another endpoint when theirs is gone', async () => {
    const { ports } = proxy();
    const echo = (name: string): Promise<Backend> => new Promise(resolve => {
      const s = createSocket('udp4');
      s.on('message', (m, from) => s.send(`${name} ${String(m)}`, from.port, from.address));
      s.bind(0, '127.0.0.1', () => resolve({ ip: '127.0.0.1', port: s.address().port }));
      ends.push(() => s.close());
    });
    const [a, b] = [await echo('a'), await echo('b')];
    const probe = createSocket('udp4');
    const nodePort = await new Promise<number>(resolve => { probe.bind(0, '127.0.0.1', () => { const { port } = probe.address(); probe.close(() => resolve(port)); }); });
    const udp = { key: 'default/web:80/udp', protocol: 'udp' as const };
    ports.apply([{ before: [], after: [row(nodePort, [a], udp)] }]);
    const client = createSocket('udp4');
    ends.push(() => client.close());
    const got: string[] = [];
    client.on('message', m => got.push(String(m)));
    for (const text of ['1', '2', '3']) client.send(text, nodePort, '127.0.0.1');
    await expect.poll(() => [...got].sort()).toEqual(['a 1', 'a 2', 'a 3']);
    ports.apply([{ before: [row(nodePort, [a], udp)], after: [row(nodePort, [b], udp)] }]);
    client.send('4', nodePort, '127.0.0.1');
    await expect.poll(() => got.at(-1)).toBe('b 4');
  });
});

import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { expect, it } from 'vitest';
import { systemClock } from '../../base/clock.ts';
import type { Runtime } from '../runtime/runtime.ts';
import { probe } from './handlers.ts';
import { Prober } from './prober.ts';

it('host: a probe asks the host it names, not the pod', async () => {
  const asked: string[] = [];
  const server = createServer((q, r) => { asked.push(`${q.headers.host} ${q.url}`); r.end('yes'); });
  await new Promise<void>(resolve => { server.listen(0, '127.0.0.1', resolve); });
  const { port } = server.address() as AddressInfo;
  // Nothing listens at the pod's own address.
  const target = { runtime: {} as Runtime, containerId: 'i', sandboxId: 's', podIP: '127.0.0.77', container: { name: 'c' }, through: 'network' as const, clock: systemClock };
  try {
    expect((await probe({ httpGet: { host: '127.0.0.1', port, path: '/named' } }, target, 5000)).outcome).toBe('success');
    expect((await probe({ tcpSocket: { host: '127.0.0.1', port } }, target, 5000)).outcome).toBe('success');
    expect((await probe({ httpGet: { port, path: '/own' } }, target, 5000)).outcome).toBe('failure');
    expect((await probe({ tcpSocket: { port } }, target, 5000)).outcome).toBe('failure');
    expect(asked).toEqual([`127.0.0.1:${port} /named`]);
  } finally { server.close(); }
});

it('a redirect to another host is not followed: a success with a warning', async () => {
  const server = createServer((q, r) => { r.writeHead(302, { location: q.url === '/away' ? 'http://elsewhere.invalid/' : '/home' }); r.end('moved'); });
  await new Promise<void>(resolve => { server.listen(0, '127.0.0.1', resolve); });
  const { port } = server.address() as AddressInfo;
  const target = { runtime: {} as Runtime, containerId: 'i', sandboxId: 's', podIP: '127.0.0.1', container: { name: 'c' }, through: 'network' as const, clock: systemClock };
  try {
    expect(await probe({ httpGet: { port, path: '/away' } }, target, 5000)).toEqual({ outcome: 'warning', message: 'Probe terminated redirects, Response body: moved' });
    expect(await probe({ httpGet: { port, path: '/round' } }, target, 5000)).toEqual({ outcome: 'failure', message: 'stopped after 10 redirects' });
    const events: string[] = [];
    const ready = new Promise<void>(resolve => {
      const p = new Prober({ ...target, container: { name: 'c', readinessProbe: { httpGet: { port, path: '/away' } } } }, 0, { changed: () => { p.stop(); resolve(); }, event: (type, reason, message) => { events.push(`${type} ${reason} ${message}`); } });
    });
    await ready;
    expect(events).toEqual(['Warning ProbeWarning Readiness probe warning: Probe terminated redirects, Response body: moved']);
  } finally { server.close(); }
});

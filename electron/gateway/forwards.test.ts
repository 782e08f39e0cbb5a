import { once } from 'node:events';
import { connect, createServer, type AddressInfo } from 'node:net';
import { duplexPair } from 'node:stream';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { silentLog } from '../../core/base/log.ts';
import type { PortForward } from '../../core/client/port-forward.ts';
import type { Forward } from '../contract/frames.ts';
import { FakeCluster } from './fake-cluster.ts';
import { forwardCalls, Forwards } from './forwards.ts';

const SERVICE = { group: '', version: 'v1', kind: 'Service', plural: 'services', namespaced: true };
const POD = { group: '', version: 'v1', kind: 'Pod', plural: 'pods', namespaced: true };
const ready = (name: string, ok = true): object => ({ metadata: { name }, spec: { containers: [{ ports: [{ name: 'http', containerPort: 8080 }] }] }, status: { phase: 'Running', conditions: [{ type: 'Ready', status: ok ? 'True' : 'False' }] } });

/** A cluster with a service of some pods, each of which says its name and the port that was dialled. */
class Shop extends FakeCluster {
  pods: object[] = [ready('a')];
  broken: Error | undefined;
  links: { pod: string; end(): void }[] = [];
  override upstream() {
    return {
      ...super.upstream(),
      transport: { ...this.transport, request: async (r: { path: string }) => (r.path.endsWith('/services/web') ? { spec: { selector: { app: 'web' }, ports: [{ port: 80, targetPort: 'http' }] } } : { items: this.pods }) },
      forward: async (_ns: string, pod: string): Promise<PortForward> => {
        if (this.broken) throw this.broken;
        const closed = Promise.withResolvers<void>();
        this.links.push({ pod, end: closed.resolve });
        return {
          connect: async port => { const [near, far] = duplexPair(); far.end(`${pod}:${port}`); far.resume(); return near; },
          listen: () => Promise.reject(new Error('not used')), closed: closed.promise, close: closed.resolve,
        };
      },
    };
  }
}
const told: Forward[][] = [];
let forwards: Forwards;
const start = (shop: Shop): void => { forwards = new Forwards(shop, silentLog, list => told.push(structuredClone([...list]))); };
afterEach(() => { forwards.close(); told.length = 0; });
async function read(port: number): Promise<string> {
  const s = connect(port, '127.0.0.1');
  let text = '';
  s.on('data', (b: Buffer) => { text += String(b); });
  await once(s, 'close');
  return text;
}
const web = { cluster: 'fake', namespace: 'shop', resource: SERVICE, name: 'web', port: 80 };

describe('forwards', () => {
  it('reach the target port of a ready pod behind a service, and go on with another when it is gone', async () => {
    const shop = new Shop();
    shop.pods = [ready('sick', false), ready('a')];
    start(shop);
    const f = await forwards.open(web);
    expect(f).toMatchObject({ host: '127.0.0.1', pod: 'a', port: 80 });
    expect(await read(f.localPort)).toBe('a:8080');
    shop.pods = [ready('b')];
    shop.links[0]!.end();
    expect(await read(f.localPort)).toBe('b:8080');
    expect(forwards.list()[0]).toMatchObject({ pod: 'b', error: undefined });
    await vi.waitFor(() => expect(told.at(-1)![0]!.connections).toBe(0));
  });
  it('tell why a connection failed and that the next one works', async () => {
    const shop = new Shop();
    start(shop);
    const f = await forwards.open(web);
    shop.links[0]!.end();
    shop.broken = new Error('the pod is gone');
    await vi.waitFor(async () => { expect(await read(f.localPort)).toBe(''); expect(told.at(-1)![0]!.error).toBe('the pod is gone'); });
    shop.broken = undefined;
    expect(await read(f.localPort)).toBe('a:8080');
    await vi.waitFor(() => expect(told.at(-1)![0]!.error).toBeUndefined());
  });
  it('listen on the port that was asked for, and say when it is taken, when nothing is ready, when there is no such port', async () => {
    const shop = new Shop();
    start(shop);
    const taken = createServer().listen(0, '127.0.0.1');
    await once(taken, 'listening');
    const { port } = taken.address() as AddressInfo;
    await expect(forwards.open({ ...web, localPort: port })).rejects.toThrow(`port ${port} of this machine is in use`);
    taken.close();
    await once(taken, 'close');
    expect((await forwards.open({ ...web, localPort: port })).localPort).toBe(port);
    await expect(forwards.open({ ...web, port: 81 })).rejects.toThrow('service web has no port 81');
    shop.pods = [ready('sick', false)];
    await expect(forwards.open(web)).rejects.toThrow('none of the 1 pods of service web is ready');
    shop.info.protected = true;
    await expect(forwards.open(web)).rejects.toThrow('is protected');
    expect(forwards.list()).toHaveLength(1);
  });
  it('end when stopped: nobody listens any more', async () => {
    start(new Shop());
    const calls = forwardCalls(forwards);
    const f = await calls['forwards.open']!({ ...web, resource: POD, name: 'a', port: 5432 }) as Forward;
    expect(await read(f.localPort)).toBe('a:5432');
    await calls['forwards.stop']!({ id: f.id });
    expect(told.at(-1)).toEqual([]);
    const s = connect(f.localPort, '127.0.0.1');
    const [error] = await once(s, 'error') as [{ code: string }];
    expect(error.code).toBe('ECONNREFUSED');
    await expect(calls['forwards.stop']!({ id: f.id })).rejects.toThrow('no such forward');
    await expect(async () => calls['forwards.open']!({ ...web, port: 99_999 })).rejects.toThrow('99999 is no port');
    await expect(async () => calls['forwards.open']!({ cluster: 1 })).rejects.toThrow('forwards.open.cluster: expected a string');
  });
});

import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { FramePort, ToHost } from '../../electron/contract/frames.ts';
import { Connection } from './connection.ts';

/** A host of which the test plays every part. */
class Host {
  ports: { said: ToHost[]; tell(f: unknown): void; drop(why: string): void }[] = [];
  readonly open = (): Promise<FramePort> => {
    let listener: (f: unknown) => void = () => undefined;
    const closers: ((why: string) => void)[] = [];
    const port = { said: [] as ToHost[], tell: (f: unknown) => listener(f), drop: (why: string) => { for (const c of closers) c(why); } };
    this.ports.push(port);
    return Promise.resolve({ send: f => { port.said.push(f as ToHost); }, onFrame: l => { listener = l; }, onClose: l => { closers.push(l); }, close: () => undefined });
  };
  get port() { return this.ports.at(-1)!; }
  welcome(): void { this.port.tell({ t: 'welcome', version: 1, product: { name: 'x', version: '1' }, platform: 'linux', clusters: [], settings: {}, calls: [] }); }
}
const PODS = { group: '', version: 'v1', kind: 'Pod', plural: 'pods', namespaced: true };
const settle = async (): Promise<void> => { for (let i = 0; i < 5; i++) await Promise.resolve(); };
const setup = async () => {
  const host = new Host();
  const connection = new Connection(host.open, 'secret');
  await settle();
  host.welcome();
  return { host, connection };
};

describe('connection', () => {
  beforeEach(() => { vi.useFakeTimers(); });
  afterEach(() => { vi.useRealTimers(); });
  it('shows its token first and pairs answers with questions', async () => {
    const { host, connection } = await setup();
    expect(host.port.said[0]).toEqual({ t: 'hello', version: 1, token: 'secret' });
    const a = connection.request({ cluster: 'c', method: 'GET', path: '/a' });
    const b = connection.request({ cluster: 'c', method: 'GET', path: '/b' });
    const [, first, second] = host.port.said as { id: number }[];
    host.port.tell({ t: 'failure', id: second!.id, error: { code: 404, reason: 'NotFound', message: 'no b' } });
    host.port.tell({ t: 'response', id: first!.id, body: 1 });
    await expect(b).rejects.toMatchObject({ code: 404, message: 'no b' });
    expect(await a).toBe(1);
  });
  it('loses requests and streams, keeps watches, and asks for them again', async () => {
    const { host, connection } = await setup();
    const on = { snapshot: vi.fn(), events: vi.fn(), state: vi.fn(), restart: vi.fn() };
    const watch = connection.watch({ cluster: 'c', resource: { ...PODS, extra: () => 1 } as typeof PODS }, on);
    const end = vi.fn();
    connection.stream({ t: 'logs', cluster: 'c', namespace: 'n', pod: 'p', container: 'm' }, { data: vi.fn(), end });
    const ask = connection.request({ cluster: 'c', method: 'GET', path: '/a' });
    const refused = expect(ask).rejects.toMatchObject({ reason: 'Disconnected' });
    host.port.drop('gone');
    await refused;
    expect(end).toHaveBeenCalledWith({ error: expect.objectContaining({ reason: 'Disconnected' }) });
    expect(on.state).toHaveBeenLastCalledWith(expect.objectContaining({ state: 'stale', reason: 'gone' }));
    await vi.advanceTimersByTimeAsync(250);
    expect(host.ports).toHaveLength(2);
    host.welcome();
    const again = host.port.said.find(f => f.t === 'watch')!;
    expect(again).toMatchObject({ t: 'watch', cluster: 'c', resource: PODS });
    expect(on.restart).toHaveBeenCalledOnce();
    host.port.tell({ t: 'snapshot', id: again.id, items: [], done: true });
    expect(on.snapshot).toHaveBeenCalledOnce();
    watch.close();
    expect(host.port.said.at(-1)).toEqual({ t: 'cancel', id: again.id });
  });
});

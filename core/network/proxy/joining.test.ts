import { describe, expect, it } from 'vitest';
import { FakeClock } from '../../base/clock.ts';
import { Joining } from './joining.ts';
import type { Backend, ServicePort } from './service-table.ts';

const at = (n: number): Backend => ({ ip: `10.244.1.${n}`, port: 80 });
const row = (backends: Backend[], more: Partial<ServicePort> = {}): ServicePort => ({ key: 'default/web:80/tcp', clusterIP: '10.96.0.9', protocol: 'tcp', port: 80, nodePort: undefined, affinitySeconds: 0, backends, ...more });

describe('new endpoints', () => {
  function setting() {
    const clock = new FakeClock(), up = new Set<string>(), joined: string[] = [];
    let asked = 0;
    const j = new Joining(clock, s => joined.push(s), b => { asked++; return Promise.resolve(up.has(b.ip)); });
    let before: ServicePort[] = [];
    const see = (...rows: ServicePort[]): (string[] | undefined)[] => { const out = j.admit(before, rows); before = rows; return out.map(p => p.backends.map(b => b.ip)); };
    return { clock, up, joined, see, j, asked: () => asked };
  }
  const ips = (...n: number[]): string[] => n.map(x => at(x).ip);

  it('wait beside older ones until they take a connection', async () => {
    const s = setting();
    expect(s.see(row([at(2)]))).toEqual([ips(2)]);
    expect(s.asked()).toBe(0);
    expect(s.see(row([at(2), at(3)]))).toEqual([ips(2)]);
    await s.clock.advance(100);
    expect(s.joined).toEqual([]);
    s.up.add(at(3).ip);
    await s.clock.advance(40);
    expect(s.joined).toEqual(['default/web']);
    expect(s.see(row([at(2), at(3)]))).toEqual([ips(2, 3)]);
  });

  it('do not wait for ever, nor when the older ones go', async () => {
    const s = setting();
    s.see(row([at(2)]));
    s.see(row([at(2), at(3)]));
    await s.clock.advance(1_000);
    expect(s.see(row([at(2), at(3)]))).toEqual([ips(2, 3)]);
    expect(s.see(row([at(4)]))).toEqual([ips(4)]);
    expect(s.see(row([at(4), at(5)]))).toEqual([ips(4)]);
    expect(s.see(row([at(5)]))).toEqual([ips(5)]);
    const before = s.asked();
    await s.clock.advance(5_000);
    expect(s.asked()).toBe(before);
  });

  it('leave a node with its new ones where it has no others; UDP and services that are gone wait for nothing', async () => {
    const s = setting();
    s.see(row([at(2)]));
    const [p] = s.j.admit([], [row([at(2), at(3)], { from: [{ node: 'a', cidr: '10.244.1.0/24', backends: [at(2), at(3)] }, { node: 'b', cidr: '10.244.2.0/24', backends: [at(3)] }] })]);
    expect(p!.from!.map(f => f.backends.map(b => b.ip))).toEqual([ips(2), ips(3)]);
    const udp = { key: 'default/web:80/udp', protocol: 'udp' as const };
    expect(s.see(row([at(2)], udp))).toEqual([ips(2)]);
    expect(s.see(row([at(2), at(3)], udp))).toEqual([ips(2, 3)]);
    s.j.admit([row([at(2)])], []);
    await s.clock.advance(2_000);
    expect(s.joined).toEqual([]);
  });
});

// Services for real: nftables, a pod in its own network namespace behind a bridge, the host as client. Root on Linux.
import { createSocket } from 'node:dgram';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { run } from '../../core/network/run.ts';
import { NftProxy } from '../../core/network/proxy/nft.ts';
import { ClusterDevice, enableBridgeNetfilter, ForwardRules } from '../../core/network/machine.ts';
import type { ServicePort } from '../../core/network/proxy/service-table.ts';

const SERVICES = '10.97.0.0/16', PODS = '10.245.0.0/16', TABLE = 'pilothouse_nfttest', DEVICE = 'phsnfttest', BRIDGE = 'phnfttest';
const get = async (url: string, from?: string): Promise<string> =>
  (await run(from ? 'ip' : 'curl', from ? ['netns', 'exec', from, 'curl', '-s', '-m', '2', url] : ['-s', '-m', '2', url])).trim();
/** One datagram from the host and its answer; rejects when the other side refuses or nothing comes. */
const send = (ip: string, port: number, text: string, from = 0): Promise<string> => new Promise((resolve, reject) => {
  const s = createSocket('udp4');
  const end = (f: () => void): void => { clearTimeout(late); s.close(); f(); };
  const late = setTimeout(() => end(() => reject(new Error('no answer'))), 2_000);
  s.on('message', m => end(() => resolve(String(m))));
  s.on('error', e => end(() => reject(e)));
  s.bind(from, () => s.connect(port, ip, () => s.send(text)));
});
/** A port's row; backends are pods 2 and 3 at port 8080. */
const row = (over: Partial<ServicePort> = {}): ServicePort => ({ key: 'default/web:80/tcp', clusterIP: '10.97.0.50', protocol: 'tcp', port: 80, nodePort: undefined, affinitySeconds: 0, backends: [{ ip: '10.245.1.2', port: 8080 }, { ip: '10.245.1.3', port: 8080 }], ...over });

describe('NftProxy', () => {
  const proxy = new NftProxy({ table: TABLE, serviceCidr: SERVICES, podCidr: PODS, device: DEVICE, bridgeNetfilter: true });
  const device = new ClusterDevice(DEVICE, SERVICES, PODS);
  const forward = new ForwardRules(PODS, TABLE);

  beforeAll(async () => {
    expect(await enableBridgeNetfilter()).toBe(true);
    await proxy.guard();
    await forward.add();
    await device.up(['10.245.0.2']);
    await proxy.setNodeIps(['10.245.0.2']);
    await run('ip', ['-batch', '-'], `link add ${BRIDGE} type bridge\naddr add 10.245.0.1/16 dev ${BRIDGE}\nlink set ${BRIDGE} up\n`);
    for (const n of [2, 3]) {
      await run('ip', ['netns', 'add', `phnft${n}`]);
      await run('ip', ['-batch', '-'], `link add phv${n} type veth peer name eth0 netns phnft${n}\nlink set phv${n} master ${BRIDGE} up\n`);
      await run('ip', ['-n', `phnft${n}`, '-batch', '-'], `addr add 10.245.1.${n}/16 dev eth0\nlink set eth0 up\nlink set lo up\nroute add default via 10.245.0.1\n`);
      await run('sh', ['-c', `echo 1 > /sys/class/net/${BRIDGE}/brif/phv${n}/hairpin_mode`]);
      // A tiny HTTP server inside the namespace that names itself; ends by its pid file.
      await run('sh', ['-c', `ip netns exec phnft${n} python3 -c '
import http.server,os,socket,sys,threading
u=socket.socket(socket.AF_INET,socket.SOCK_DGRAM); u.bind(("",8080))
def udp():
  while True: d,a=u.recvfrom(2048); u.sendto(b"pod${n} "+d,a)
threading.Thread(target=udp,daemon=True).start()
class H(http.server.BaseHTTPRequestHandler):
  def do_GET(s): b=b"pod${n} "+s.client_address[0].encode(); s.send_response(200); s.send_header("content-length",str(len(b))); s.end_headers(); s.wfile.write(b)
  def log_message(s,*a): pass
v=http.server.HTTPServer(("",8080),H)
open("/tmp/phnft${n}.pid","w").write(str(os.getpid()))
v.serve_forever()' >/dev/null 2>&1 &
for i in $(seq 100); do ip netns exec phnft${n} curl -s -m 1 127.0.0.1:8080 >/dev/null && exit 0; sleep 0.05; done; exit 1`]);
    }
  }, 60_000);

  afterAll(async () => {
    await forward.remove();
    await run('sh', ['-c', `for n in 2 3; do kill $(cat /tmp/phnft$n.pid); rm -f /tmp/phnft$n.pid; ip netns del phnft$n; done; ip link del ${BRIDGE}`]);
    await device.down();
    await proxy.close();
  });

  it('rejects an address of the service range that no rule matches, at once, from host and pod', async () => {
    const started = Date.now();
    await expect(get('http://10.97.0.99/')).rejects.toThrow('exit 7');
    await expect(get('http://10.97.0.99/', 'phnft2')).rejects.toThrow();
    expect(Date.now() - started).toBeLessThan(1500);
  });

  it('rejects an address of the pod range that no pod network takes, and other protocols as well', async () => {
    // Beside the bridge's own route: as it is before the first pod, when there is no bridge yet.
    const other = new ClusterDevice(`${DEVICE}2`, '10.98.0.0/16', '10.246.0.0/16');
    const guard = new NftProxy({ table: `${TABLE}2`, serviceCidr: '10.98.0.0/16', podCidr: '10.246.0.0/16', device: `${DEVICE}2`, bridgeNetfilter: true });
    await guard.guard();
    await other.up([]);
    try {
      const started = Date.now();
      await expect(get('http://10.246.1.9/')).rejects.toThrow('exit 7');
      await expect(get('http://10.246.1.9/', 'phnft2')).rejects.toThrow('exit 7');
      await expect(run('ping', ['-c1', '-W2', '10.98.0.7'])).rejects.toThrow();
      await expect(send('10.98.0.7', 53, 'x')).rejects.toThrow('ECONNREFUSED');
      expect(Date.now() - started).toBeLessThan(1500);
      expect(await run('ip', ['route', 'get', '10.246.1.9'])).toContain(`dev ${DEVICE}2`);
    } finally { await other.down(); await guard.close(); }
    expect(await run('ip', ['route', 'show', '10.246.0.0/16'])).toBe('');
  });

  it('balances over endpoints from the host and from a pod, which keeps its own address', async () => {
    await proxy.apply([{ before: [], after: [row()] }]);
    const seen = new Set<string>();
    for (let i = 0; i < 30; i++) seen.add((await get('http://10.97.0.50/')).split(' ')[0]!);
    expect([...seen].sort()).toEqual(['pod2', 'pod3']);
    const fromPod = new Set<string>();
    for (let i = 0; i < 30; i++) fromPod.add(await get('http://10.97.0.50/', 'phnft2'));
    // pod2 reaching itself is masqueraded (hairpin); pod3 sees pod2's own address.
    expect([...fromPod].find(x => x.startsWith('pod3'))).toBe('pod3 10.245.1.2');
    expect([...fromPod].some(x => x.startsWith('pod2'))).toBe(true);
  });

  it('changes endpoints and node port in place, and takes them away', async () => {
    const one = row({ backends: [{ ip: '10.245.1.3', port: 8080 }], nodePort: 30777 });
    await proxy.apply([{ before: [row()], after: [one] }]);
    expect(await get('http://10.97.0.50/')).toMatch(/^pod3/);
    expect(await get('http://10.245.0.2:30777/')).toMatch(/^pod3/);
    expect(await get('http://10.245.0.2:30777/', 'phnft2')).toMatch(/^pod3/);
    const none = row({ backends: [] });
    await proxy.apply([{ before: [one], after: [none] }]);
    await expect(get('http://10.97.0.50/')).rejects.toThrow();
    await proxy.apply([{ before: [none], after: [] }]);
    expect(await run('nft', ['list', 'table', 'ip', TABLE])).not.toContain('chain s_');
  });

  it('keeps a client on its endpoint with ClientIP affinity, also while others come and go', async () => {
    const sticky = row({ affinitySeconds: 60, nodePort: 30778 });
    await proxy.apply([{ before: [], after: [sticky] }]);
    const first = (await get('http://10.97.0.50/')).split(' ')[0];
    for (let i = 0; i < 10; i++) expect((await get('http://10.97.0.50/')).split(' ')[0]).toBe(first);
    const fewer = { ...sticky, backends: [sticky.backends[0]!] };
    await proxy.apply([{ before: [sticky], after: [fewer] }]);
    expect(await get('http://10.97.0.50/')).toMatch(/^pod2/);
    const longer = { ...fewer, affinitySeconds: 90, nodePort: undefined };
    await proxy.apply([{ before: [fewer], after: [longer] }]);
    expect(await get('http://10.97.0.50/')).toMatch(/^pod2/);
    await proxy.apply([{ before: [longer], after: [] }]);
    const rules = await run('nft', ['list', 'table', 'ip', TABLE]);
    expect(rules).not.toContain('chain s_');
    expect(rules).not.toContain('aff_');
  });

  it('serves UDP beside TCP on one address and port, and a client that keeps asking goes over to the endpoints that are left', async () => {
    const tcp = row({ clusterIP: '10.97.0.70', backends: [{ ip: '10.245.1.2', port: 8080 }] });
    const udp = row({ key: 'default/web:80/udp', clusterIP: '10.97.0.70', protocol: 'udp', nodePort: 30779, backends: [{ ip: '10.245.1.3', port: 8080 }] });
    await proxy.apply([{ before: [], after: [tcp, udp] }]);
    expect(await get('http://10.97.0.70/')).toMatch(/^pod2/);
    expect(await send('10.97.0.70', 80, 'a', 40_077)).toBe('pod3 a');
    expect(await send('10.245.0.2', 30779, 'b')).toBe('pod3 b');
    const moved = { ...udp, backends: [{ ip: '10.245.1.2', port: 8080 }] };
    await proxy.apply([{ before: [udp], after: [moved] }]);
    // The same source port: without more the kernel would go on sending to the old endpoint.
    expect(await send('10.97.0.70', 80, 'c', 40_077)).toBe('pod2 c');
    await proxy.apply([{ before: [tcp, moved], after: [] }]);
    await expect(get('http://10.97.0.70/')).rejects.toThrow('exit 7');
    await expect(send('10.97.0.70', 80, 'd')).rejects.toThrow('ECONNREFUSED');
  });

  it('node ports show the pod the node, or with externalTrafficPolicy Local who asks', async () => {
    const one = row({ nodePort: 30780, backends: [{ ip: '10.245.1.3', port: 8080 }] });
    await proxy.apply([{ before: [], after: [one] }]);
    expect(await get('http://10.245.0.2:30780/', 'phnft2')).toBe('pod3 10.245.0.1');
    const local = { ...one, keepsSource: true };
    await proxy.apply([{ before: [one], after: [local] }]);
    expect(await get('http://10.245.0.2:30780/', 'phnft2')).toBe('pod3 10.245.1.2');
    expect(await get('http://10.245.0.2:30780/')).toMatch(/^pod3/);
    expect(await get('http://10.245.0.2:30780/', 'phnft3')).toMatch(/^pod3/);
    await proxy.apply([{ before: [local], after: [] }]);
  });

  it('leads pods of a node, and who comes to a node\'s port, to endpoints of their own; where there are none nothing goes through', async () => {
    const pod2 = { ip: '10.245.1.2', port: 8080 }, pod3 = { ip: '10.245.1.3', port: 8080 };
    // As if each pod were a node of its own; the host stands for neither.
    const near = row({ nodePort: 30781, keepsSource: true,
      from: [{ node: 'n2', cidr: '10.245.1.2/32', backends: [pod2] }, { node: 'n3', cidr: '10.245.1.3/32', backends: [] }],
      at: [{ node: 'n2', cidr: '10.245.1.2/32', ip: '10.245.0.2', backends: [pod3] }, { node: 'n3', cidr: '10.245.1.3/32', ip: '10.245.0.9', backends: [] }] });
    await proxy.apply([{ before: [], after: [near] }]);
    for (let i = 0; i < 5; i++) expect(await get('http://10.97.0.50/', 'phnft2')).toMatch(/^pod2/);
    await expect(run('ip', ['netns', 'exec', 'phnft3', 'curl', '-s', '-m', '0.3', 'http://10.97.0.50/'])).rejects.toThrow('exit 28');
    const seen = async (url: string, from?: string): Promise<string[]> => [...new Set(await Promise.all(Array.from({ length: 14 }, async () => (await get(url, from)).slice(0, 4))))].sort();
    expect(await seen('http://10.97.0.50/')).toEqual(['pod2', 'pod3']);
    // From outside to the port of n2: its own. A pod is inside and goes to all.
    expect(await seen('http://10.245.0.2:30781/')).toEqual(['pod3']);
    expect(await seen('http://10.245.0.2:30781/', 'phnft3')).toEqual(['pod2', 'pod3']);
    const none = { ...near, at: near.at!.map(x => ({ ...x, backends: [] })) };
    await proxy.apply([{ before: [near], after: [none] }]);
    await expect(run('curl', ['-s', '-m', '0.3', 'http://10.245.0.2:30781/'])).rejects.toThrow('exit 28');
    const { from: _from, at: _at, ...plain } = near;
    await proxy.apply([{ before: [none], after: [{ ...plain, affinitySeconds: 60 }] }]);
    await get('http://10.97.0.50/', 'phnft3');
    const sticky = { ...near, affinitySeconds: 60 };
    await proxy.apply([{ before: [{ ...plain, affinitySeconds: 60 }], after: [sticky] }]);
    for (let i = 0; i < 3; i++) expect(await get('http://10.97.0.50/', 'phnft2')).toMatch(/^pod2/);
    await proxy.apply([{ before: [sticky], after: [] }]);
    const rules = await run('nft', ['list', 'table', 'ip', TABLE]);
    expect(rules).not.toContain('chain s_');
    expect(rules).not.toContain('aff_');
  });

  it('lets a pod reach itself through its own service', async () => {
    const one = row({ backends: [{ ip: '10.245.1.2', port: 8080 }] });
    await proxy.apply([{ before: [], after: [one] }]);
    for (let i = 0; i < 5; i++) expect(await get('http://10.97.0.50/', 'phnft2')).toBe('pod2 10.245.0.1');
    await proxy.apply([{ before: [one], after: [] }]);
  });

  it('lets two services swap addresses in one transaction', async () => {
    const a = row({ key: 'default/a:80/tcp', clusterIP: '10.97.0.60' }), b = row({ key: 'default/b:80/tcp', clusterIP: '10.97.0.61', backends: [{ ip: '10.245.1.2', port: 8080 }] });
    await proxy.apply([{ before: [], after: [a] }, { before: [], after: [b] }]);
    const a2 = { ...a, clusterIP: b.clusterIP }, b2 = { ...b, clusterIP: a.clusterIP };
    await proxy.apply([{ before: [a], after: [a2] }, { before: [b], after: [b2] }]);
    expect(await get('http://10.97.0.60/')).toMatch(/^pod2/);
    await proxy.apply([{ before: [a2], after: [] }, { before: [b2], after: [] }]);
  });
});

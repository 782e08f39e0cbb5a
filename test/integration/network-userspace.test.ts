// A machine without root's tools: containers run, node ports answer on 127.0.0.1, services through the API server, and `up` says what is missing.
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync } from 'node:fs';
import { get } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { execFileSync } from 'node:child_process';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { buildHost, eventually, startHost, type Host } from '../harness/host.ts';
import { Kube, kubectls } from '../harness/kubectl.ts';
import { ownImage } from './host-leftovers.ts';

const dir = mkdtempSync(join(tmpdir(), 'pilothouse-userspace-'));
let host: Host | undefined;
const fetchText = (port: number): Promise<string> => new Promise((resolve, reject) => {
  get({ host: '127.0.0.1', port, path: '/hostname', agent: false }, res => { let text = ''; res.setEncoding('utf8').on('data', (d: string) => { text += d; }).on('end', () => resolve(text.trim())); }).on('error', reject);
});

beforeAll(async () => {
  ownImage('docker');
  buildHost();
  // A PATH on which there is neither nft nor ip.
  const bin = join(dir, 'bin');
  mkdirSync(bin);
  for (const tool of ['node', 'sh']) symlinkSync(execFileSync('which', [tool], { encoding: 'utf8' }).trim(), join(bin, tool));
  host = await startHost(['--runtime', 'docker'], { env: { PATH: bin } });
}, 120_000);
afterAll(async () => {
  await host?.dispose();
  rmSync(dir, { recursive: true, force: true });
});

describe('without nftables', () => {
  it('says so, and serves node ports on 127.0.0.1 and services through the API server', async () => {
    expect(host!.stderr()).toMatch(/services: node ports on 127\.0\.0\.1 only, and no cluster addresses inside pods \(no nft on this machine; they need Linux, root and nftables\)/);
    const kube = new Kube(kubectls().at(-1)!.binary, host!.ready.kubeconfig);
    await kube.run(['create', 'deployment', 'web', '--image=alpine:3.20', '--replicas=2', '--', 'sh', '-c', 'mkdir /www; hostname >/www/hostname; exec httpd -f -p 8080 -h /www']);
    await kube.run(['expose', 'deployment', 'web', '--type=NodePort', '--port=80', '--target-port=8080']);
    await kube.run('wait --for=condition=Available deployment/web --timeout=60s');
    const names = (await kube.run(['get', 'pods', '-o', 'jsonpath={.items[*].metadata.name}'])).split(' ').sort();
    expect(names).toHaveLength(2);
    const port = Number(await kube.run(['get', 'service', 'web', '-o', 'jsonpath={.spec.ports[0].nodePort}']));
    const seen = new Set<string>();
    await eventually('both pods answer at the node port', async () => { seen.add(await fetchText(port)); return seen.size === 2; });
    expect([...seen].sort()).toEqual(names);
    expect(names).toContain((await kube.run('get --raw /api/v1/namespaces/default/services/web:80/proxy/hostname')).trim());
    // The cluster's own DNS cannot be reached: pods ask whom the machine asks.
    const outside = /^nameserver\s+(?!127\.)(\d+\.\d+\.\d+\.\d+)/m.exec(existsSync('/etc/resolv.conf') ? readFileSync('/etc/resolv.conf', 'utf8') : '')?.[1];
    const resolv = await kube.run(`exec ${names[0]} -- cat /etc/resolv.conf`);
    if (outside) expect(resolv).toContain(`nameserver ${outside}`);
  }, 120_000);
});

// The whole network with a real host and sandboxed pods on two nodes: what a pod and the machine reach, by address and by name.
import { execFileSync, spawnSync } from 'node:child_process';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { buildHost, eventually, startHost, type Host } from '../harness/host.ts';
import { Kube, kubectls } from '../harness/kubectl.ts';
import { ownImage } from './host-leftovers.ts';

let host: Host, kube: Kube;
const pods: { name: string; ip: string; node: string }[] = [];
let nodes: string[] = [];
const http = (url: string): string => execFileSync('curl', ['-s', '-m', '5', url], { encoding: 'utf8' }).trim();
const inPod = (pod: string, ...command: string[]): Promise<string> => kube.run(['exec', pod, '--', ...command]);
const from = (pod: string, url: string): Promise<string> => inPod(pod, 'wget', '-T', '5', '-qO-', url);
const field = (what: string, path: string): Promise<string> => kube.run(['get', ...what.split(' '), '-o', `jsonpath={${path}}`]);

beforeAll(async () => {
  ownImage('sandbox');
  buildHost();
  host = await startHost(['--runtime', 'sandbox', '--nodes', '2'], { env: { PILOTHOUSE_IMAGE_DIRS: '/var/cache/pilothouse-test-images' } });
  kube = new Kube(kubectls().at(-1)!.binary, host.ready.kubeconfig);
}, 120_000);
afterAll(async () => { await host?.dispose(); });

describe('the network of a cluster', () => {
  it('refuses an unused service address at once and lets nothing of its ranges off the machine, before there is any pod', async () => {
    const service = (await field('service kubernetes', '.spec.clusterIP')).replace(/\.\d+\.\d+$/, '.77.77');
    const pod = (await field('node node-1', '.spec.podCIDR')).replace(/\.\d+\.\d+\/24$/, '.99.99');
    const refused = spawnSync('curl', ['-s', '-m', '5', '-w', '%{time_total} %{errormsg}', `http://${service}/`], { encoding: 'utf8' });
    expect(refused.status, refused.stdout).toBe(7);
    expect(Number(refused.stdout.split(' ')[0]), refused.stdout).toBeLessThan(1);
    expect(spawnSync('curl', ['-s', '-m', '5', `http://${pod}/`]).status).toBe(7);
    // Neither has a way off this machine.
    const outside = /dev (\S+)/.exec(spawnSync('ip', ['route', 'get', '192.0.2.1'], { encoding: 'utf8' }).stdout)?.[1];
    for (const ip of [service, pod]) expect(execFileSync('ip', ['route', 'get', ip], { encoding: 'utf8' })).not.toContain(`dev ${outside} `);
  });

  it('gives every pod an address of its node, and all reach each other, themselves and the host', async () => {
    await kube.run(['create', 'deployment', 'web', '--image=alpine:3.20', '--replicas=4', '--', 'sh', '-c', 'mkdir /www; hostname >/www/index.html; httpd -p 8080 -h /www; trap exit TERM; sleep 100000 & wait']);
    await kube.run('wait --for=condition=Available deployment/web --timeout=90s');
    for (const line of (await kube.run(['get', 'pods', '-o', 'jsonpath={range .items[*]}{.metadata.name} {.status.podIP} {.spec.nodeName}{"\\n"}{end}'])).split('\n').filter(Boolean)) {
      const [name = '', ip = '', node = ''] = line.split(' ');
      pods.push({ name, ip, node });
    }
    expect(new Set(pods.map(p => p.ip)).size).toBe(4);
    expect([...new Set(pods.map(p => p.node))].sort()).toEqual(['node-1', 'node-2']);
    for (const p of pods) expect(p.ip.replace(/\d+$/, '0/24')).toBe(await field(`node ${p.node}`, '.spec.podCIDR'));
    await eventually('httpd answers', () => http(`http://${pods[3]!.ip}:8080/`) === pods[3]!.name);
    for (const p of pods) {
      expect(http(`http://${p.ip}:8080/`)).toBe(p.name);
      expect(await from(pods[0]!.name, `http://${p.ip}:8080/`)).toBe(p.name);
    }
    nodes = (await kube.run(['get', 'nodes', '-o', 'jsonpath={.items[*].status.addresses[?(@.type=="InternalIP")].address}'])).split(' ');
    expect(new Set(nodes).size).toBe(2);
    for (const n of nodes) await inPod(pods[0]!.name, 'ping', '-c', '1', '-W', '3', n);
  }, 150_000);

  it('balances a service over its pods from everywhere: cluster address, node ports on each node and on 127.0.0.1, by name, and to itself', async () => {
    await kube.run(['expose', 'deployment', 'web', '--type=NodePort', '--port=80', '--target-port=8080']);
    const ip = await field('service web', '.spec.clusterIP'), nodePort = await field('service web', '.spec.ports[0].nodePort');
    await eventually('the service answers', () => http(`http://${ip}/`) !== '');
    const all = pods.map(p => p.name).sort();
    for (const url of [`http://${ip}/`, `http://127.0.0.1:${nodePort}/`, ...nodes.map(n => `http://${n}:${nodePort}/`)]) {
      const seen = new Set<string>();
      for (let i = 0; i < 80 && seen.size < 4; i++) seen.add(http(url));
      expect([url, [...seen].sort()]).toEqual([url, all]);
    }
    for (const name of ['web', 'web.default', 'web.default.svc', 'web.default.svc.cluster.local', 'web.default.svc.cluster.local.']) expect(all).toContain(await from(pods[0]!.name, `http://${name}/`));
    for (const n of nodes) expect(all).toContain(await from(pods[1]!.name, `http://${n}:${nodePort}/`));
    // Itself through the service.
    await kube.run(['scale', 'deployment', 'web', '--replicas=1']);
    const left = await eventually('one pod left', async () => { const names = (await field('pods', '.items[*].metadata.name')).split(' ').filter(Boolean); return names.length === 1 && names[0]; });
    await eventually('one endpoint left', () => http(`http://${ip}/`) === left);
    for (let i = 0; i < 3; i++) expect(await from(left, 'http://web/')).toBe(left);
    await kube.run(['scale', 'deployment', 'web', '--replicas=0']);
    await eventually('refused', () => spawnSync('curl', ['-s', '-m', '5', `http://${ip}/`]).status === 7);
  }, 150_000);

  it('answers names as the DNS specification says: headless, other names, backwards, none', async () => {
    await kube.run(['run', 'asker', '--image=alpine:3.20', '--labels=app=asker', '--', 'sleep', '100000']);
    await kube.run(['create', 'service', 'clusterip', 'group', '--clusterip=None', '--tcp=80:8080']);
    await kube.run(['set', 'selector', 'service', 'group', 'app=asker']);
    await kube.run(['create', 'service', 'externalname', 'alias', '--external-name=web.default.svc.cluster.local']);
    await kube.run('wait --for=condition=Ready pod/asker --timeout=60s');
    const ip = await field('pod asker', '.status.podIP'), web = await field('service web', '.spec.clusterIP');
    const ask = async (...q: string[]): Promise<string> => inPod('asker', 'nslookup', ...q).catch((e: unknown) => String(e));
    await eventually('headless', async () => (await ask('group.default.svc.cluster.local')).includes(`Address: ${ip}`));
    expect(await ask('-type=ptr', `${web.split('.').reverse().join('.')}.in-addr.arpa`)).toContain('name = web.default.svc.cluster.local');
    expect(await ask('-type=srv', '_80-8080._tcp.group.default.svc.cluster.local')).toContain(`${ip.replaceAll('.', '-')}.group.default.svc.cluster.local`);
    expect(await ask('alias.default.svc.cluster.local')).toContain(web);
    expect(await ask('nobody.default.svc.cluster.local')).toContain('NXDOMAIN');
  }, 120_000);
});

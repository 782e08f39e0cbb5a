// W9, W10: services, discovery by environment and DNS, node ports, selectorless, ExternalName and headless services.
import { eventually, expect, type Stage, type Story } from './story.ts';

const rc = (name: string, image: string, version: string): string => `apiVersion: v1
kind: ReplicationController
metadata: {name: ${name}}
spec:
  replicas: 2
  selector: {project: chapter3, service: web, version: "${version}"}
  template:
    metadata: {labels: {project: chapter3, service: web, version: "${version}"}}
    spec:
      terminationGracePeriodSeconds: 1
      containers: [{name: nginx, image: "${image}", ports: [{containerPort: 80}]}]
---
`;
const service = (name: string, spec: string): string => `apiVersion: v1\nkind: Service\nmetadata: {name: ${name}}\nspec: {${spec}}\n---\n`;
const checker = (name: string, url: string): string => `apiVersion: v1
kind: Pod
metadata: {name: ${name}}
spec:
  terminationGracePeriodSeconds: 0
  containers: [{name: c, image: "nginx:1.13.1", command: [sh, -c, 'while : ;do curl -s -m 2 "${url}"; sleep 0.5; done']}]
---
`;
const WEB = 'selector: {project: chapter3, service: web}, ports: [{name: http, protocol: TCP, port: 80, targetPort: 80}]';
const exec = (s: Stage, pod: string, command: string): Promise<string> => s.k.run(['exec', pod, '--', 'sh', '-c', command]);

export const w9: Story = {
  id: 'W9', title: 'one service over two controllers; environment, DNS, NodePort', runtimes: ['docker', 'sandbox'], pods: 8,
  async play(s) {
    const { k } = s;
    await s.create(checker('early', 'http://nginx-service/'));
    await s.podsReady(1);
    await s.create(rc('nginx-1.12', 'nginx:1.12.0', '0.1') + rc('nginx-1.13', 'nginx:1.13.1', '0.2'));
    await s.podsReady(4, 'project=chapter3');
    await s.create(service('nginx-service', WEB));
    await eventually('four endpoints', async () => (await k.run('describe service nginx-service')).match(/Endpoints:\s+\S+:80,\S+:80,\S+:80 \+ 1 more\.\.\./));
    expect(await k.run('describe service nginx-service')).toMatch(/Session Affinity:\s+None/);
    expect((await s.rows('get endpoints nginx-service'))[0]).toMatch(/:80,\S+:80,\S+:80 \+ 1 more\.\.\./);
    await s.create(checker('clusterip-chk', 'http://${NGINX_SERVICE_SERVICE_HOST}:80/'));
    await s.logsContain('clusterip-chk', 'Welcome to nginx!');
    const env = await k.run(['exec', 'clusterip-chk', '--', 'env']);
    for (const v of ['NGINX_SERVICE_SERVICE_HOST=', 'NGINX_SERVICE_SERVICE_PORT=80', 'NGINX_SERVICE_PORT=tcp://', 'NGINX_SERVICE_PORT_80_TCP=tcp://', 'NGINX_SERVICE_PORT_80_TCP_PROTO=tcp', 'NGINX_SERVICE_PORT_80_TCP_PORT=80', 'NGINX_SERVICE_PORT_80_TCP_ADDR=', 'NGINX_SERVICE_SERVICE_PORT_HTTP=80']) expect(env).toContain(v);
    expect(await k.run(['exec', 'early', '--', 'env'])).not.toContain('NGINX_SERVICE_SERVICE_HOST');
    expect(await exec(s, 'clusterip-chk', `curl -s http://nginx-service.${s.ns}/`)).toContain('Welcome to nginx!');
    expect(await exec(s, 'early', 'curl -s http://nginx-service/')).toContain('Welcome to nginx!');
    const dns = await k.run(['get', 'svc', '-n', 'kube-system', 'kube-dns', '-o', 'jsonpath={.spec.clusterIP}']);
    expect(await s.sh(`dig +short @${dns} SRV _http._tcp.nginx-service.${s.ns}.svc.cluster.local`)).toMatch(/^\d+ \d+ 80 nginx-service\./);
    const vip = await k.run(['get', 'svc', 'nginx-service', '-o', 'jsonpath={.spec.clusterIP}']);
    expect(await s.sh(`dig +short @${dns} -x ${vip}`)).toBe(`nginx-service.${s.ns}.svc.cluster.local.`);
    const before = await k.run(['get', 'endpoints', 'nginx-service', '-o', 'jsonpath={.subsets[*].addresses[*].ip}']);
    await k.run('delete pods -l version=0.1');
    await s.podsReady(4, 'project=chapter3');
    await eventually('endpoints change', async () => { const now = await k.run(['get', 'endpoints', 'nginx-service', '-o', 'jsonpath={.subsets[*].addresses[*].ip}']); return now !== before && now.split(' ').length === 4; });
    expect(await exec(s, 'clusterip-chk', `curl -s http://nginx-service.${s.ns}/`)).toContain('Welcome to nginx!');
    await s.create(service('nginx-nodeport', `type: NodePort, ${WEB}`));
    const row = (await s.rows('get svc nginx-nodeport'))[0]!;
    const port = Number(/80:(3\d{4})\/TCP/.exec(row)![1]);
    expect(port).toBeGreaterThanOrEqual(30000);
    expect(port).toBeLessThanOrEqual(32767);
    for (const address of [await s.nodeIp(), '127.0.0.1']) await eventually(`node port on ${address}`, async () => (await s.curl(`http://${address}:${port}/`)).includes('Welcome'));
    const pick = 30000 + Math.floor(Math.random() * 2700);
    await eventually('a fixed node port is honoured', async () => (await k.try(['create', '-f', s.file('fixed.yaml', service('fixed', `type: NodePort, selector: {project: chapter3}, ports: [{port: 80, nodePort: ${pick}}]`))])).code === 0);
    expect(await k.fails(['create', '-f', s.file('dup.yaml', service('dup', `type: NodePort, selector: {project: chapter3}, ports: [{port: 80, nodePort: ${pick}}]`))])).toContain('provided port is already allocated');
    expect(await k.fails(['create', '-f', s.file('range.yaml', service('outside', 'type: NodePort, ports: [{port: 80, nodePort: 80}]'))])).toMatch(/provided port is not in the valid range|The range of valid ports is 30000-32767/);
    expect(await k.fails(['create', '-f', s.file('bad.yaml', service('-bad-', 'ports: [{port: 80}]'))])).toContain('is invalid');
  },
};

export const w10: Story = {
  id: 'W10', title: 'service without selector, ExternalName, headless', runtimes: ['docker'], pods: 3,
  async play(s) {
    const { k } = s;
    await s.create(service('google-proxy', 'ports: [{protocol: TCP, port: 80, targetPort: 80}]'));
    expect(await k.fails('get endpoints google-proxy')).toContain('NotFound');
    const vip = await k.run(['get', 'svc', 'google-proxy', '-o', 'jsonpath={.spec.clusterIP}']);
    await expect(s.curl(`http://${vip}/`)).rejects.toThrow();
    // Something foreign: a web server in a container that no Kubernetes knows, on the machine's own network.
    const port = 18000 + Math.floor(Math.random() * 1000);
    const id = await s.sh(`docker run -d --rm --network host node:20 node -e "require('http').createServer((q,r)=>r.end('a foreign page\\n')).listen(${port})"`);
    try {
      const ip = await s.sh("ip -4 -o addr show docker0 | awk '{sub(/\\/.*/, \"\", $4); print $4}'");
      await s.create(`apiVersion: v1\nkind: Endpoints\nmetadata: {name: google-proxy}\nsubsets: [{addresses: [{ip: ${ip}}], ports: [{port: ${port}}]}]\n`);
      expect((await s.rows('get endpoints google-proxy'))[0]).toContain(`${ip}:${port}`);
      await s.create(checker('asker', 'http://${GOOGLE_PROXY_SERVICE_HOST}:80/'));
      await s.logsContain('asker', 'a foreign page');
    } finally { await s.sh(`docker rm -f ${id}`); }
    const named = 'apiVersion: v1\nkind: Endpoints\nmetadata: {name: byname}\nsubsets: [{addresses: [{ip: www.example.com}], ports: [{port: 80}]}]\n';
    expect(await k.fails(['create', '-f', s.file('named.yaml', named)])).toMatch(/must be a valid IP address/);
    await s.create(service('my-service', 'type: ExternalName, externalName: my.database.example.com'));
    expect((await s.rows('get svc my-service'))[0]).toMatch(/ExternalName\s+<none>\s+my\.database\.example\.com/);
    const dns = await k.run(['get', 'svc', '-n', 'kube-system', 'kube-dns', '-o', 'jsonpath={.spec.clusterIP}']);
    expect(await s.sh(`dig +short @${dns} CNAME my-service.${s.ns}.svc.cluster.local`)).toBe('my.database.example.com.');
    await s.create(rc('nginx-1.12', 'nginx:1.12.0', '0.1') + service('headless', `clusterIP: None, ${WEB}`));
    await s.podsReady(2, 'project=chapter3');
    expect((await s.rows('get svc headless'))[0]).toMatch(/ClusterIP\s+None/);
    const ips = (await k.run(['get', 'pods', '-l', 'project=chapter3', '-o', 'jsonpath={.items[*].status.podIP}'])).split(' ').sort();
    await eventually('headless name gives the pods', async () => JSON.stringify((await s.sh(`dig +short @${dns} headless.${s.ns}.svc.cluster.local`)).split('\n').sort()) === JSON.stringify(ips));
  },
};

// W1, W14, W16: what everybody does first.
import { deployment, eventually, expect, type Story } from './story.ts';

export const w1: Story = {
  id: 'W1', title: 'first contact with a fresh cluster', runtimes: ['docker'], pods: 1,
  async play(s) {
    const { k } = s;
    expect(await k.run('config current-context')).toBe('pilothouse');
    const view = await k.run('config view');
    expect(view).toContain('certificate-authority-data: DATA+OMITTED');
    expect(view).toMatch(/client-key-data: (DATA\+OMITTED|REDACTED)/);
    const version = await k.run('version');
    expect(version).toMatch(/Client Version/);
    expect(version).toMatch(/Server Version: .*v1\.36\.0/s);
    const info = await k.run('cluster-info -n kube-system');
    expect(info).toContain('is running at');
    expect(info).toContain('/api/v1/namespaces/kube-system/services/kube-dns:dns/proxy');
    const nodes = await k.run('get nodes');
    const steady = (t: string): string => t.replace(/\d+[smhd]\w*/g, 'AGE').replace(/ +/g, ' ');
    for (const alias of ['no', 'node']) expect(steady(await k.run(`get ${alias}`))).toBe(steady(nodes));
    expect(nodes.split('\n')[0]).toMatch(/^NAME\s+STATUS\s+ROLES\s+AGE\s+VERSION/);
    expect(nodes).toMatch(/\sReady\s+control-plane\s/);
    const wide = await k.run('get nodes -o wide');
    expect(wide).toMatch(/INTERNAL-IP\s+EXTERNAL-IP\s+OS-IMAGE\s+KERNEL-VERSION\s+CONTAINER-RUNTIME/);
    if (s.runtime === 'docker') expect(wide).toMatch(/docker:\/\/\d+\.\d+/);
    expect(await k.run('get nodes -o yaml')).toMatch(/^kind: List$/m);
    const list = await k.json<{ items: { metadata: { name: string }; status: { capacity: Record<string, string> } }[] }>('get nodes');
    expect(Object.keys(list.items[0]!.status.capacity)).toEqual(expect.arrayContaining(['cpu', 'memory', 'pods', 'ephemeral-storage']));
    const empty = await k.try(['get', 'pods']);
    expect(empty.stderr.trim()).toBe(`No resources found in ${s.ns} namespace.`);
    const namespaces = await s.rows('get ns');
    for (const ns of ['default', 'kube-node-lease', 'kube-public', 'kube-system']) expect(namespaces.some(r => new RegExp(`^${ns}\\s+Active`).test(r))).toBe(true);
    const node = list.items[0]!.metadata.name;
    const system = await s.rows('get pods -n kube-system');
    for (const name of [`etcd-${node}`, `kube-apiserver-${node}`, `kube-controller-manager-${node}`, `kube-scheduler-${node}`]) expect(system.find(r => r.startsWith(`${name} `)), name).toMatch(/1\/1\s+Running/);
    for (const prefix of ['coredns', 'kube-proxy', 'storage-provisioner']) expect(system.find(r => r.startsWith(prefix)), prefix).toMatch(/1\/1\s+Running/);
    const services = await k.run('get svc -n default');
    expect(services).toMatch(/kubernetes\s+ClusterIP\s+\d+\.\d+\.0\.1\s+<none>\s+443\/TCP/);
    const ip = await k.run(['get', 'svc', '-n', 'default', 'kubernetes', '-o', 'go-template', '--template', '{{ .spec.clusterIP }}']);
    expect(await k.run('get endpoints -n default kubernetes')).toMatch(/kubernetes\s+\d+\.\d+\.\d+\.\d+:\d+/);
    // From the node and from a pod the API answers with a Status and 401 or 403.
    for (const body of [await s.curl(`https://${ip}/api`, '-k')]) expect(JSON.parse(body)).toMatchObject({ kind: 'Status', status: 'Failure', code: expect.toSatisfy((c: number) => c === 401 || c === 403) });
    await k.run(['run', 'asker', '--image=nginx:1.12.0', '--restart=Never', '--', 'curl', '-sk', '-m', '5', `https://${ip}/api`]);
    await s.field('pod asker', '{.status.phase}', 'Succeeded');
    expect(JSON.parse(await k.run('logs asker'))).toMatchObject({ kind: 'Status', code: expect.toSatisfy((c: number) => c === 401 || c === 403) });
    const explain = await k.run('explain pods');
    expect(explain).toMatch(/KIND:\s+Pod/);
    expect(explain).toMatch(/FIELDS:/);
    expect(await k.run('api-resources')).toMatch(/deployments\s+deploy\s+apps\/v1\s+true\s+Deployment/);
  },
};

export const w14: Story = {
  id: 'W14', title: 'label and selector laws', runtimes: ['docker'], pods: 6,
  async play(s) {
    const { k } = s;
    const pod = (name: string, labels: string): string => `apiVersion: v1\nkind: Pod\nmetadata: {name: ${name}, labels: {${labels}}}\nspec:\n  terminationGracePeriodSeconds: 0\n  containers: [{name: c, image: pause:3.9, imagePullPolicy: IfNotPresent}]\n---\n`;
    await s.create(pod('a', 'chapter: "3", version: "0.1"') + pod('b', 'chapter: "2", version: "0.1"') + pod('c', 'chapter: "2", version: "0.2", author_info: x') + pod('bare', ''));
    const names = async (l: string): Promise<string[]> => (await s.k.run(['get', 'pods', '-l', l, '-o', 'jsonpath={.items[*].metadata.name}'])).split(' ').filter(Boolean);
    expect(await names('chapter=2,version!=0.1')).toEqual(['c']);
    expect(await names('version=0.1')).toEqual(['a', 'b']);
    expect(await names('version==0.1')).toEqual(['a', 'b']);
    expect(await names('chapter in (3,4),version')).toEqual(['a']);
    expect(await names('version notin (0.2),!author_info')).toEqual(['a', 'b', 'bare']);
    expect(await k.fails('label pods a version=v1')).toContain('--overwrite is false');
    expect(await k.run('label pods bare version=v1')).toBe('pod/bare labeled');
    expect(await names('version=v1')).toEqual(['bare']);
    await s.apply(`apiVersion: apps/v1
kind: ReplicaSet
metadata: {name: both}
spec:
  replicas: 1
  selector: {matchLabels: {app: both}, matchExpressions: [{key: track, operator: In, values: [stable, canary]}]}
  template:
    metadata: {labels: {app: both, track: stable}}
    spec: {terminationGracePeriodSeconds: 0, containers: [{name: c, image: pause:3.9, imagePullPolicy: IfNotPresent}]}
`);
    const [owned] = await s.podsReady(1, 'app=both');
    // A label that no longer satisfies both halves lets the pod go, and another takes its place.
    expect(await k.run(`label pods ${owned} track-`)).toMatch(/unlabeled|labeled/);
    await s.podsReady(1, 'app=both,track=stable');
    await s.field(`pod ${owned}`, '{.metadata.ownerReferences}', /^$|^\(empty\)$/);
    await k.run('create service clusterip keep --tcp=80');
    await k.run('create service clusterip gone --tcp=80');
    await k.run('label service gone app=kubernetes-bootcamp --overwrite');
    expect(await k.run('delete service -l app=kubernetes-bootcamp')).toContain('"gone" deleted');
    expect(await s.rows('get service')).toHaveLength(1);
  },
};

export const w16: Story = {
  id: 'W16', title: 'kubernetes-bootcamp', runtimes: ['docker'], pods: 9,
  async play(s) {
    const { k } = s;
    expect(await k.run('create deployment kubernetes-bootcamp --image=kubernetes-bootcamp:v1')).toBe('deployment.apps/kubernetes-bootcamp created');
    const [pod] = await s.podsReady(1, 'app=kubernetes-bootcamp');
    const proxy = k.start('proxy --port=0');
    try {
      const port = (await eventually('proxy', () => /127\.0\.0\.1:(\d+)/.exec(proxy.out())))[1];
      expect(JSON.parse(await s.curl(`http://127.0.0.1:${port}/version`))).toMatchObject({ major: '1', minor: '36', platform: expect.any(String) });
      expect(JSON.parse(await s.curl(`http://127.0.0.1:${port}/api/v1/namespaces/${s.ns}/pods/${pod}/`))).toMatchObject({ kind: 'Pod' });
      // Running says that the program was started; it has no probe that says it listens.
      await eventually('the pod answers through the server', async () => (await s.curl(`http://127.0.0.1:${port}/api/v1/namespaces/${s.ns}/pods/${pod}:8080/proxy/`)).includes(`Running on: ${pod} | v=1`));
    } finally { proxy.stop(); }
    expect(await k.run(['exec', pod!, '--', 'env'])).toContain(`HOSTNAME=${pod}`);
    expect(await k.run(['exec', '-i', pod!, '--', 'bash'], 'echo from-bash; exit\n')).toBe('from-bash');
    await s.logsContain(pod!, 'Kubernetes Bootcamp App Started');
    expect(await k.run('expose deployment/kubernetes-bootcamp --type=NodePort --port 8080')).toBe('service/kubernetes-bootcamp exposed');
    const nodePort = await k.run(['get', 'svc', 'kubernetes-bootcamp', '-o', 'jsonpath={.spec.ports[0].nodePort}']);
    const url = `http://${await s.nodeIp()}:${nodePort}`;
    /** The first answer: who does not listen yet refuses, who is no longer of the service must not answer. */
    const answer = (): Promise<string> => eventually('an answer', () => s.curl(url));
    await eventually('node port answers', async () => (await s.curl(url)).includes('v=1'));
    expect(await s.curl(`http://127.0.0.1:${nodePort}`)).toContain('v=1');
    expect(await k.run('describe services/kubernetes-bootcamp')).toMatch(/NodePort:\s+<unset>\s+\d+\/TCP/);
    await k.run(`label pods ${pod} version=v1`);
    expect((await s.rows('get pods -l version=v1')).length).toBe(1);
    await k.run('scale deployments/kubernetes-bootcamp --replicas=4');
    await s.podsReady(4, 'app=kubernetes-bootcamp');
    const seen = new Set<string>();
    await eventually('answers rotate over 4 pods', async () => { seen.add(/on: (\S+)/.exec(await s.curl(url))![1]!); return seen.size === 4; }, 20_000, 10);
    await k.run('set image deployments/kubernetes-bootcamp kubernetes-bootcamp=kubernetes-bootcamp:v2');
    expect(await k.run('rollout status deployments/kubernetes-bootcamp --timeout=90s', '', 100_000)).toContain('successfully rolled out');
    expect(await answer()).toContain('v=2');
    await k.run('set image deployments/kubernetes-bootcamp kubernetes-bootcamp=kubernetes-bootcamp:v10');
    await eventually('image pull fails visibly', async () => (await s.rows('get pods')).some(r => /ErrImagePull|ImagePullBackOff/.test(r)));
    expect(await k.run('rollout undo deployments/kubernetes-bootcamp')).toContain('rolled back');
    await k.run('rollout status deployments/kubernetes-bootcamp --timeout=90s', '', 100_000);
    expect(await answer()).toContain('v=2');
    await k.run('delete service -l app=kubernetes-bootcamp');
    await eventually('node port closed', async () => { try { await s.curl(url); return false; } catch { return true; /* refused, as it should */ } });
    const [again] = await s.podsReady(4, 'app=kubernetes-bootcamp');
    expect(await k.run(['exec', again!, '--', 'node', '-e', "fetch('http://127.0.0.1:8080').then(r=>r.text()).then(t=>process.stdout.write(t))"])).toContain('v=2');
  },
};

export const pingpong: Story = {
  id: 'W3', title: 'pingpong: create, logs, scale, self-heal, one-shots', runtimes: ['docker', 'sandbox'], pods: 12,
  async play(s) {
    const { k } = s;
    // The seed pings an address outside; nothing here leaves the machine. Images carry a tag other than latest: those would be pulled anew.
    expect(await k.run(['create', 'deployment', 'pingpong', '--image=alpine:3.20', '--dry-run=client', '-o', 'name'])).toBe('deployment.apps/pingpong');
    expect(await s.create(deployment('pingpong', 'alpine:3.20', 1, '', '        command: [ping, 127.0.0.1]'))).toBe('deployment.apps/pingpong created');
    await s.podsReady(1, 'app=pingpong');
    const all = await k.run('get all');
    for (const part of ['deployment.apps/pingpong', 'replicaset.apps/pingpong-', 'pod/pingpong-']) expect(all).toContain(part);
    await s.logsContain('deploy/pingpong', /64 bytes from 127\.0\.0\.1.*seq=2/);
    expect((await k.run('logs deploy/pingpong --tail 1')).split('\n')).toHaveLength(1);
    const follow = k.start('logs deploy/pingpong --tail 1 --follow');
    await eventually('follow grows', () => follow.out().trim().split('\n').length >= 3);
    follow.stop();
    const recent = (await k.run('logs deploy/pingpong --since=3s')).split('\n').length;
    expect(recent).toBeGreaterThanOrEqual(1);
    expect(recent).toBeLessThanOrEqual(5);
    expect(await k.run('scale deploy/pingpong --replicas 8')).toBe('deployment.apps/pingpong scaled');
    const pods = await s.podsReady(8, 'app=pingpong');
    const rs = (await s.rows('get rs'))[0]!.split(/\s+/)[0]!;
    await k.run(`scale rs/${rs} --replicas 3`);
    await s.field(`rs ${rs}`, '{.spec.replicas}', '8');
    await s.podsReady(8, 'app=pingpong');
    const victim = (await s.rows('get pods -l app=pingpong'))[0]!.split(/\s+/)[0]!;
    const watch = k.start('get pods -w');
    await eventually('watch lists', () => watch.out().includes(pods.at(-1)!) || watch.out().includes(victim));
    expect(await k.run(`delete pod ${victim}`)).toContain(`pod "${victim}" deleted`);
    await s.podsReady(8, 'app=pingpong');
    expect(watch.out()).toMatch(new RegExp(`${victim}\\s.*Terminating`));
    expect(watch.out()).toMatch(/ContainerCreating/);
    watch.stop();
    expect((await k.run('logs -l app=pingpong --tail 1')).split('\n')).toHaveLength(8);
    expect(await k.fails('logs -f -l app=pingpong')).toContain('--max-log-requests');
    await k.run('delete deploy/pingpong');
    await eventually('deployment, replica set and pods vanish', async () => (await s.rows('get deploy,rs,pods')).length === 0);
    await k.run('create job once --image=alpine:3.20 -- date');
    await s.field('job once', '{.status.succeeded}', '1');
    expect((await s.rows('get job once'))[0]).toMatch(/1\/1/);
    await k.run('run once2 --image=alpine:3.20 --restart=Never -- date');
    await eventually('Completed', async () => (await s.rows('get pod once2'))[0]?.includes('Completed'));
    expect(await k.run(['create', 'cronjob', 'tick', '--image=alpine:3.20', '--schedule=*/1 * * * *', '--', 'date'])).toBe('cronjob.batch/tick created');
  },
};

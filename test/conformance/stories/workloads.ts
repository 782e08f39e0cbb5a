// W6, W7, W8, W19: pods, replication controllers, rolling updates, what a container may use and what it keeps.
import { eventually, expect, type Story } from './story.ts';

export const w6: Story = {
  id: 'W6', title: 'two containers, one network', runtimes: ['docker'], pods: 1,
  async play(s) {
    const { k } = s;
    await s.create(`apiVersion: v1
kind: Pod
metadata: {name: example}
spec:
  terminationGracePeriodSeconds: 1
  containers:
  - {name: web, image: "nginx:1.12.0"}
  - {name: centos, image: "nginx:1.13.1", command: [sh, -c, "while : ;do curl -s http://localhost:80/; sleep 1; done"]}
`);
    await s.podsReady(1);
    expect((await s.rows('get pod example'))[0]).toMatch(/2\/2\s+Running/);
    await s.logsContain('example -c centos', 'Welcome to nginx!');
    expect((await s.rows('get pods -o wide'))[0]).toMatch(/10\.\d+\.\d+\.\d+/);
    if (s.runtime === 'docker') {
      const names = (await s.sh(`docker ps --format '{{.Names}}' --filter label=io.kubernetes.pod.namespace=${s.ns}`)).split('\n').sort();
      expect(names).toHaveLength(3);
      expect(names[0]).toMatch(/^k8s_POD_example_/);
      const pause = await s.sh(`docker inspect -f '{{.Id}}' ${names[0]}`);
      for (const n of names.slice(1)) expect(await s.sh(`docker inspect -f '{{.HostConfig.NetworkMode}}' ${n}`)).toBe(`container:${pause}`);
    }
    const d = await k.run('describe pods example');
    for (const text of [/^Name:\s+example/m, /\n {2}web:\n/, /\n {2}centos:\n/, /Image ID:\s+docker(-pullable)?:\/\/|Image ID:\s+\S+/, /\/var\/run\/secrets\/kubernetes\.io\/serviceaccount from kube-api-access-\w+ \(ro\)/,
      /PodScheduled\s+True/, /Initialized\s+True/, /Ready\s+True/, /QoS Class:\s+BestEffort/, /Scheduled\s.*Successfully assigned \S+\/example to/, /Pulled\s.*already present on machine/, /Created\s/, /Started\s/]) expect(d).toMatch(text);
    // The agent and users other than this one count: two containers, so two of each.
    expect((await s.events('Started')).length).toBe(2);
  },
};

const RC = (replicas: number): string => `apiVersion: v1
kind: ReplicationController
metadata: {name: nginx}
spec:
  replicas: ${replicas}
  selector: {project: chapter3, service: web, version: "0.1"}
  template:
    metadata: {name: nginx, labels: {project: chapter3, service: web, version: "0.1"}}
    spec:
      terminationGracePeriodSeconds: 1
      containers: [{name: nginx, image: "nginx:1.12.0", ports: [{containerPort: 80}]}]
`;
const ORPHAN = `apiVersion: v1
kind: Pod
metadata: {name: our-nginx, labels: {project: chapter3, service: web, version: "0.1"}}
spec:
  terminationGracePeriodSeconds: 1
  containers: [{name: nginx, image: "nginx:1.12.0"}]
`;

export const w7: Story = {
  id: 'W7', title: 'ReplicationController: adopt, trim, edit, delete; its ReplicaSet twin', runtimes: ['docker'], pods: 8,
  async play(s) {
    const { k } = s;
    expect(await s.create(RC(2))).toBe('replicationcontroller/nginx created');
    const first = await s.podsReady(2);
    await eventually('rc row', async () => /nginx\s+2\s+2\s+2/.test((await s.rows('get rc'))[0]!));
    await s.create(ORPHAN);
    await eventually('surplus pod goes', async () => (await s.rows('get pods')).length === 2 && (await s.rows('get pods')).every(r => !r.startsWith('our-nginx')));
    expect((await s.podsReady(2)).sort()).toEqual(first.sort());
    expect(await s.events('SuccessfulDelete')).toContain('Deleted pod: our-nginx');
    const editor = s.file('editor.sh', '#!/bin/sh\nsed -i "s/replicas: 2$/replicas: 5/" "$1"\n');
    await s.sh(`chmod +x ${editor}`);
    expect(await s.sh(`KUBE_EDITOR=${editor} ${k.binary} --kubeconfig ${k.kubeconfig} -n ${s.ns} edit rc nginx`)).toContain('replicationcontroller/nginx edited');
    await s.podsReady(5);
    await eventually('rc row', async () => /nginx\s+5\s+5\s+5/.test((await s.rows('get rc'))[0]!));
    expect(await k.run('describe rc nginx')).toMatch(/5 Running \/ 0 Waiting \/ 0 Succeeded \/ 0 Failed/);
    expect((await s.events('SuccessfulCreate')).length).toBeGreaterThanOrEqual(1);
    await k.run('delete rc nginx');
    await eventually('all gone', async () => (await s.rows('get pods')).length === 0);
    // A matching orphan is adopted rather than a new pod made.
    await s.create(ORPHAN);
    await s.create(RC(1));
    await s.field('pod our-nginx', '{.metadata.ownerReferences[0].kind}', 'ReplicationController');
    expect(await s.rows('get pods')).toHaveLength(1);
    await k.run('delete rc nginx');
    const rs = (api: string): string => `apiVersion: ${api}
kind: ReplicaSet
metadata: {name: nginx-rs}
spec:
  replicas: 2
  selector: {matchLabels: {project: chapter3}, matchExpressions: [{key: version, operator: In, values: ["0.1", "0.2"]}]}
  template:
    metadata: {labels: {project: chapter3, service: web, version: "0.1"}}
    spec: {terminationGracePeriodSeconds: 1, containers: [{name: nginx, image: "nginx:1.12.0"}]}
`;
    await eventually('all gone', async () => (await s.rows('get pods')).length === 0);
    expect(await k.fails(['create', '-f', s.file('old.yaml', rs('extensions/v1beta1'))])).toMatch(/no matches for kind "ReplicaSet" in version "extensions\/v1beta1"/);
    expect(await s.create(rs('apps/v1'))).toBe('replicaset.apps/nginx-rs created');
    await s.podsReady(2);
    await k.run('delete rs nginx-rs --cascade=orphan');
    expect(await s.rows('get pods')).toHaveLength(2);
    await k.run('delete pods --all');
  },
};

export const w8: Story = {
  id: 'W8', title: 'rolling update and rollback', runtimes: ['docker', 'sandbox'], pods: 7,
  async play(s) {
    const { k } = s;
    await k.run('create deployment nginx --image=nginx:1.12.0 --replicas=2 --port=80');
    expect(await k.run('expose deployment nginx --port=80 --target-port=80')).toBe('service/nginx exposed');
    expect((await s.rows('get svc nginx'))[0]).toMatch(/nginx\s+ClusterIP\s+10\.\S+\s+<none>\s+80\/TCP/);
    await s.podsReady(2);
    const ip = await k.run(['get', 'svc', 'nginx', '-o', 'jsonpath={.spec.clusterIP}']);
    await eventually('service answers', async () => (await s.curl(`http://${ip}/`)).includes('1.12.0'));
    await k.run(['patch', 'deployment', 'nginx', '-p', '{"spec":{"minReadySeconds":3,"strategy":{"rollingUpdate":{"maxSurge":1,"maxUnavailable":1}},"template":{"spec":{"terminationGracePeriodSeconds":5}}}}']);
    await k.run('rollout status deployment nginx --timeout=60s', '', 70_000);
    const before = await k.run(['get', 'deployment', 'nginx', '-o', 'jsonpath={.metadata.annotations.deployment\\.kubernetes\\.io/revision}']);
    // Requests all through the update; each must be answered.
    let failures = 0, requests = 0, over = 0, under = 0, running = true;
    const load = (async () => { while (running) { requests++; try { if (!(await s.curl(`http://${ip}/`)).includes('nginx')) failures++; } catch { failures++; } } })();
    const bounds = (async () => {
      while (running) {
        const d = await k.json<{ status: { availableReplicas?: number; replicas?: number } }>('get deployment nginx');
        if ((d.status.replicas ?? 0) > 3) over++;
        if ((d.status.availableReplicas ?? 0) < 1) under++;
        await new Promise(r => { setTimeout(r, 200); });
      }
    })();
    expect(await k.run('set image deployment nginx nginx=nginx:1.13.1')).toBe('deployment.apps/nginx image updated');
    expect(await k.run('rollout status deployment nginx --timeout=90s', '', 100_000)).toContain('deployment "nginx" successfully rolled out');
    running = false;
    await Promise.all([load, bounds]);
    expect({ failures, over, under }).toEqual({ failures: 0, over: 0, under: 0 });
    expect(requests).toBeGreaterThan(20);
    expect(await s.curl(`http://${ip}/`)).toContain('1.13.1');
    const revision = Number(before) + 1;
    const fresh = (await k.json<{ items: { metadata: { name: string; annotations: Record<string, string> }; spec: { replicas: number } }[] }>('get rs')).items.find(r => r.spec.replicas === 2)!;
    expect(fresh.metadata.annotations).toMatchObject({ 'deployment.kubernetes.io/desired-replicas': '2', 'deployment.kubernetes.io/max-replicas': '3', 'deployment.kubernetes.io/revision': String(revision) });
    expect((await s.rows('get rs')).filter(r => /\s0\s+0\s+0\s/.test(r)).length).toBeGreaterThanOrEqual(1);
    await k.run(['annotate', 'deployment', 'nginx', 'kubernetes.io/change-cause=to 1.13.1']);
    await eventually('cause in the history', async () => (await k.run('rollout history deployment nginx')).match(new RegExp(`^${revision}\\s+to 1\\.13\\.1`, 'm')));
    await k.run('set image deployment nginx nginx=nginx:1.12.0');
    await k.run('rollout status deployment nginx --timeout=90s', '', 100_000);
    const history = await k.run('rollout history deployment nginx');
    expect(history).toMatch(new RegExp(`^${revision + 1}\\s`, 'm'));
    expect(history).not.toMatch(new RegExp(`^${revision - 1}\\s`, 'm'));
    expect(await k.run(['get', 'rs', '-o', `jsonpath={.items[?(@.spec.replicas==2)].metadata.annotations.deployment\\.kubernetes\\.io/revision-history}`])).toContain(String(revision - 1));
    await k.run('set image deployment nginx nginx=nginx:nope');
    await eventually('bad image shows', async () => (await s.rows('get pods')).some(r => /ErrImagePull|ImagePullBackOff/.test(r)));
    expect(await s.curl(`http://${ip}/`)).toContain('nginx');
    expect((await k.try(['rollout', 'status', 'deployment', 'nginx', '--timeout=1s'])).code).not.toBe(0);
    await k.run('rollout undo deployment nginx');
    await k.run('rollout status deployment nginx --timeout=60s', '', 70_000);
    await s.podsReady(2);
  },
};

export const w19: Story = {
  id: 'W19', title: 'limits, and what outlives a container', runtimes: ['docker', 'sandbox'], pods: 5, waits: true,
  async play(s) {
    const { k } = s;
    const pod = (name: string, command: string, more = '', spec = ''): string => `apiVersion: v1\nkind: Pod\nmetadata: {name: ${name}}\nspec: {terminationGracePeriodSeconds: 0, containers: [{name: c, image: "python:3", imagePullPolicy: IfNotPresent, command: ${command}${more}}]${spec}}\n---\n`;
    const sh = (script: string): string => JSON.stringify(['sh', '-c', script]), python = (script: string): string => JSON.stringify(['python3', '-c', script]);
    await k.run('create secret generic word --from-literal=word=mellon');
    await s.create(pod('oom', python('x = bytearray(100_000_000)'), ', resources: {limits: {memory: 64Mi}}')
      + pod('busy', python("import time\nwhile True:\n  t, c = time.time(), time.process_time()\n  while time.time() - t < 2: pass\n  print('share %.2f' % ((time.process_time() - c) / (time.time() - t)), flush=True)"), ', resources: {limits: {cpu: 500m}}')
      + pod('loses', sh('ls /layer /kept/file 2>/dev/null; touch /layer /kept/file; echo run; sleep 1'), ', volumeMounts: [{name: kept, mountPath: /kept}]', ', volumes: [{name: kept, emptyDir: {}}]')
      + pod('holds', sh('while :; do cat /word/word; echo; sleep 0.3; done'), ', volumeMounts: [{name: word, mountPath: /word}]', ', volumes: [{name: word, secret: {secretName: word}}]'));
    // Over its memory: killed, and started again.
    await s.field('pod oom', '{.status.containerStatuses[0].lastState.terminated.reason}/{.status.containerStatuses[0].lastState.terminated.exitCode}', 'OOMKilled/137');
    expect(Number(await k.run(['get', 'pod', 'oom', '-o', 'jsonpath={.status.containerStatuses[0].restartCount}']))).toBeGreaterThan(0);
    expect(await k.run('get pod oom')).toMatch(/OOMKilled|CrashLoopBackOff|Running/);
    // Half a processor is at most half of one.
    const share = Number(/share (\S+)/.exec(await s.logsContain('busy', /share/))![1]);
    expect(share).toBeGreaterThan(0);
    expect(share).toBeLessThan(0.65);
    await k.run('delete pod oom busy --wait=false');
    // A container's own layer goes with it; the pod's volume stays.
    expect(await s.logsContain('loses', /^\/kept\/file$/m)).not.toContain('/layer');
    // A secret that goes leaves those that run alone; who comes later waits for it.
    await s.logsContain('holds', 'mellon');
    await k.run('delete secret word');
    await s.create(pod('late', sh('cat /word/word'), ', volumeMounts: [{name: word, mountPath: /word}]', ', volumes: [{name: word, secret: {secretName: word}}]'));
    await eventually('FailedMount', async () => (await s.events('FailedMount')).some(m => m.includes('secret "word" not found')));
    expect((await s.rows('get pod holds'))[0]).toMatch(/1\/1\s+Running\s+0/);
    expect(await k.run('logs holds --tail=1')).toBe('mellon');
    expect((await s.rows('get pod late'))[0]).toContain('ContainerCreating');
  },
};

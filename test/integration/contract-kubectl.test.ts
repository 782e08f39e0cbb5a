// The API contract, sections 10, 16 and 17.3, with every kubectl of this machine against a running host: each command that puts
// something of its own on the wire, and how soon those that wait learn what they wait for.
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { get } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { eventually, startHost, type Host } from '../harness/host.ts';
import { Kube, kubectls } from '../harness/kubectl.ts';
import { Wire } from '../harness/wire.ts';

let host: Host, api: Wire, dir: string;
beforeAll(async () => {
  host = await startHost(['--runtime', 'simulated', '--nodes', '2']);
  api = new Wire(host.ready.kubeconfig);
  dir = mkdtempSync(join(tmpdir(), 'pilothouse-contract-'));
});
afterAll(async () => {
  api.close();
  rmSync(dir, { recursive: true, force: true });
  await host.dispose();
});

const WEB = (image = 'nginx:1.25', more = ''): string => `apiVersion: apps/v1
kind: Deployment
metadata: {name: web}
spec:
  replicas: 2
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}}
    spec: {containers: [{name: c, image: "${image}", ports: [{containerPort: 80}]${more}}]}
`;

const versions = kubectls();
describe.each(versions)('kubectl 1.$minor', ({ binary, minor }) => {
  // The versions between differ from these two in discovery, schemas, bodies and streams only.
  const whole = minor === versions[0]!.minor || minor === versions.at(-1)!.minor;
  const wholly = (name: string, run: () => Promise<void>): void => { if (whole) test(name, run); };
  const ns = `k${minor}`;
  let k: Kube;
  const rvOf = async (what: string): Promise<string> => k.run(`get ${what} -o jsonpath={.metadata.resourceVersion}`);
  const file = (name: string, text: string): string => { const path = join(dir, `${minor}-${name}`); writeFileSync(path, text); return path; };
  beforeAll(async () => {
    k = new Kube(binary, host.ready.kubeconfig, ns);
    await k.run(['create', 'namespace', ns]);
    await eventually('the default account', async () => (await k.try(['get', 'serviceaccount', 'default'])).code === 0);
  });

  test('16 first use: version, cluster-info, api-resources, api-versions, explain, raw', async () => {
    expect(await k.run('version')).toMatch(/Server Version: .*v1\.36/);
    expect(await k.run('cluster-info')).toContain('control plane');
    const resources = await k.run('api-resources');
    for (const row of [/^pods +po +v1 +true +Pod$/m, /^deployments +deploy +apps\/v1 +true +Deployment$/m, /^events +ev +v1 +true/m, /^namespaces +ns +v1 +false +Namespace$/m]) expect(resources).toMatch(row);
    expect((await k.run('api-versions')).split('\n')).toEqual(expect.arrayContaining(['v1', 'apps/v1', 'batch/v1', 'events.k8s.io/v1']));
    expect(await k.run('explain deployment.spec.strategy')).toContain('rollingUpdate');
    expect(await k.run('explain pods --recursive')).toContain('imagePullPolicy');
    expect(await k.run('get --raw /readyz')).toBe('ok');
  });

  test('0.1, 16 create of typed objects (protobuf from 1.32 on, trap 1)', async () => {
    for (const [args, made] of [['create configmap cm --from-literal=a=b', 'configmap/cm'], ['create secret generic sec --from-literal=a=b', 'secret/sec'], ['create deployment dep --image=nginx:1.25', 'deployment.apps/dep'], ['create job job --image=nginx:1.25', 'job.batch/job'],
      ['create cronjob cron --image=nginx:1.25 --schedule=* * * * *', 'cronjob.batch/cron'], ['create serviceaccount sa', 'serviceaccount/sa'], ['create role role --verb=get --resource=pods', 'role.rbac.authorization.k8s.io/role'], ['create rolebinding rb --role=role --user=u', 'rolebinding.rbac.authorization.k8s.io/rb'],
      ['create service clusterip svc --tcp=80', 'service/svc'], ['create quota q --hard=pods=100', 'resourcequota/q'], ['create ingress ing --rule=h/p=svc:80', 'ingress.networking.k8s.io/ing'], ['create poddisruptionbudget pdb --selector=a=b --min-available=1', 'poddisruptionbudget.policy/pdb']] as const) {
      const list = args.startsWith('create cronjob') ? ['create', 'cronjob', 'cron', '--image=nginx:1.25', '--schedule=* * * * *'] : args.split(' ');
      expect(await k.run(list), args).toBe(`${made} created`);
    }
    expect(await k.run('create token sa')).toMatch(/^[\w-]+\.[\w-]+\.[\w-]+$/);
    expect(await k.run('autoscale deployment dep --max=3')).toContain('autoscaled');
    expect(await k.fails('create configmap cm')).toContain('configmaps "cm" already exists');
    await k.run('delete job/job cronjob/cron deployment/dep hpa/dep --now --wait=false');
  });

  test('16 apply, unchanged, diff, edit, replace; strict fields', async () => {
    const f = file('web.yaml', WEB());
    expect(await k.run(['apply', '-f', f])).toBe('deployment.apps/web created');
    await k.run('rollout status deployment/web --timeout=30s');
    const rv = await rvOf('deployment/web');
    expect(await k.run(['apply', '-f', f])).toBe('deployment.apps/web unchanged');
    expect(await rvOf('deployment/web')).toBe(rv);
    expect((await k.try(['diff', '-f', f])).code).toBe(0);
    const changed = file('web2.yaml', WEB('nginx:1.26'));
    const diff = await k.try(['diff', '-f', changed]);
    expect([diff.code, diff.stdout], diff.stderr).toMatchObject([1, expect.stringMatching(/\+.*image: nginx:1\.26/)]);
    expect(await k.run(['apply', '--dry-run=server', '-f', changed])).toContain('configured (server dry run)');
    expect(await k.fails(['apply', '-f', file('bad.yaml', WEB('nginx:1.25', ', nonsense: 1'))])).toMatch(/unknown field "spec\.template\.spec\.containers\[0\]\.nonsense"/);
    const editor = file('edit.sh', '#!/bin/sh\nsed -i "s/minReadySeconds.*//; s/^  replicas: 2/  replicas: 3/" "$1"\n');
    chmodSync(editor, 0o755);
    process.env.KUBE_EDITOR = editor;
    try { expect(await k.run('edit deployment/web')).toContain('deployment.apps/web edited'); } finally { delete process.env.KUBE_EDITOR; }
    expect(await k.run('get deployment/web -o jsonpath={.spec.replicas}')).toBe('3');
    const cm = join(dir, `${minor}-cm.json`);
    writeFileSync(cm, JSON.stringify({ ...(await k.json('get configmap cm')), data: { a: 'replaced' } }));
    expect(await k.run(['replace', '-f', cm])).toBe('configmap/cm replaced');
    expect(await k.run(['replace', '--force', '-f', cm])).toContain('replaced');
    expect(await k.run(['apply', '--prune', '-l', 'app=nothing', '-f', file('none.yaml', 'apiVersion: v1\nkind: ConfigMap\nmetadata: {name: pruned, labels: {app: nothing}}\n')])).toContain('configmap/pruned created');
  });

  wholly('16 get in every form, describe, events', async () => {
    expect(await k.run('get pods')).toMatch(/^NAME +READY +STATUS +RESTARTS +AGE\nweb-/);
    expect(await k.run('get pods -o wide')).toMatch(/NODE +NOMINATED NODE +READINESS GATES/);
    expect(await k.run('get deploy,rs,svc -o name')).toContain('deployment.apps/web');
    expect(await k.run('get all')).toContain('deployment.apps/web');
    expect(await k.run('get pods --sort-by=.metadata.name --show-labels')).toContain('app=web');
    expect(await k.run('get events --sort-by=.lastTimestamp')).toContain('ScalingReplicaSet');
    expect(await k.run('events --for deployment/web')).toContain('ScalingReplicaSet');
    expect(await k.run('get pods -A --chunk-size=1 -o name')).toContain('pod/web-');
    expect(await k.run('get nodes -o custom-columns=N:.metadata.name')).toMatch(/^N\n/);
    expect(await k.fails('get pods nope')).toBe('Error from server (NotFound): pods "nope" not found\n');
    const d = await k.run('describe deployment web');
    for (const t of ['NewReplicaSet:', 'ScalingReplicaSet', 'StrategyType:']) expect(d).toContain(t);
    expect(await k.run('describe pods -l app=web')).toContain('Scheduled');
    expect(await k.run('describe node')).toContain('Non-terminated Pods');
    expect(await k.run('describe service svc')).toContain('Endpoints:');
    expect(await k.run('top pods')).toMatch(/^NAME +CPU\(cores\) +MEMORY\(bytes\) *\nweb-/);
  });

  wholly('16 label, annotate, patch in each form, set, scale with its condition, expose, taint', async () => {
    expect(await k.run('label configmap cm x=y')).toContain('labeled');
    const rv = await rvOf('configmap/cm');
    await k.run('label configmap cm x=y');
    expect(await rvOf('configmap/cm')).toBe(rv);
    expect(await k.fails(`label configmap cm x=z --overwrite --resource-version=1`)).toContain('the object has been modified');
    expect(await k.run('annotate configmap cm n=1')).toMatch(/annotated?$/);
    for (const [type, patch] of [['merge', '{"data":{"m":"1"}}'], ['json', '[{"op":"add","path":"/data/j","value":"1"}]'], ['strategic', '{"data":{"s":"1"}}']] as const) expect(await k.run(['patch', 'configmap', 'cm', '--type', type, '-p', patch])).toContain('patched');
    expect(await k.run(['patch', 'deployment', 'web', '--subresource=status', '--type=merge', '-p', '{"status":{"collisionCount":1}}'])).toContain('patched');
    expect(await k.run('set image deployment/web c=nginx:1.27')).toContain('image updated');
    expect(await k.run('set env deployment/web A=B')).toContain('env updated');
    expect(await k.run('set resources deployment/web --requests=cpu=1m')).toContain('resource requirements updated');
    expect(await k.run('scale deployment/web --replicas=2 --current-replicas=3')).toBe('deployment.apps/web scaled');
    expect(await k.fails('scale deployment/web --replicas=5 --current-replicas=9')).toContain('Expected replicas to be 9');
    expect(await k.run('scale deployment/web --replicas=1')).toContain('scaled');
    expect(await k.run('expose deployment/web --port=80')).toBe('service/web exposed');
    await eventually('its endpoints', async () => (await k.run('get endpointslices -l kubernetes.io/service-name=web -o jsonpath={.items[*].endpoints[*].conditions.ready}')) === 'true');
    const node = (await k.run('get nodes -o name')).split('\n')[0]!.slice('node/'.length);
    expect(await k.run(`taint node ${node} t${minor}=v:NoSchedule`)).toContain('tainted');
    expect(await k.run(`taint node ${node} t${minor}-`)).toContain('untainted');
  });

  test('13.3, 16 rollout status, history, undo, restart, pause, resume', async () => {
    await k.run('set image deployment/web c=nginx:1.28');
    await k.run('rollout status deployment/web --timeout=30s');
    expect(await k.run('rollout history deployment/web')).toMatch(/REVISION +CHANGE-CAUSE\n1 /);
    expect(await k.run('rollout undo deployment/web --to-revision=1')).toContain('rolled back');
    expect(await k.run('get deployment web -o jsonpath={.spec.template.spec.containers[0].image}')).toBe('nginx:1.25');
    await k.run('rollout status deployment/web --timeout=30s');
    expect(await k.run('rollout restart deployment/web')).toContain('restarted');
    await k.run('rollout status deployment/web --timeout=30s');
    expect(await k.run('rollout pause deployment/web')).toContain('paused');
    expect(await k.run('rollout resume deployment/web')).toContain('resumed');
  });

  test('0.6, 10.1, 16 logs, exec, attach, cp, port-forward, run', async () => {
    // What a first try has left.
    await k.run('delete pod pod --now --ignore-not-found --timeout=30s');
    expect(await k.run(['run', 'pod', '--image=busybox', '--', 'sh', '-c', 'echo hello; sleep 3600'])).toBe('pod/pod created');
    await k.run('wait --for=condition=Ready pod/pod --timeout=30s');
    expect((await k.try(['logs', 'pod', '--tail=5', '--timestamps'])).code).toBe(0);
    expect(await k.run(['exec', 'pod', '--', 'echo', 'a b'])).toBe('a b');
    expect((await k.try(['exec', 'pod', '--', 'sh', '-c', 'exit 7'])).code).toBe(7);
    expect((await k.try(['exec', '-i', 'pod', '--', 'cat'], 'through stdin')).stdout).toBe('through stdin');
    expect(await k.fails(['exec', 'nope', '--', 'true'])).toContain('pods "nope" not found');
    const forward = k.start('port-forward pod/pod :80');
    try {
      const port = Number((await eventually('the forward listens', () => /Forwarding from 127\.0\.0\.1:(\d+)/.exec(forward.out())))[1]);
      const answer = await new Promise<string>((resolve, reject) => {
        const req = get({ host: '127.0.0.1', port }, res => { let t = ''; res.setEncoding('utf8').on('data', (d: string) => { t += d; }).on('end', () => resolve(`${res.statusCode} ${t}`)); });
        req.on('error', error => resolve(`refused ${error.message}`));
        req.setTimeout(5000, () => reject(new Error('no answer over the forward')));
      });
      expect(answer.length).toBeGreaterThan(0);
      expect(forward.out()).toContain('Handling connection');
    } finally { forward.stop(); }
  });

  wholly('16 cordon, drain, uncordon', async () => {
    const node = (await k.run('get nodes -o name')).split('\n')[0]!.slice('node/'.length);
    expect(await k.run(`cordon ${node}`)).toContain('cordoned');
    expect(await k.run(`drain ${node} --ignore-daemonsets --delete-emptydir-data --force --grace-period=1 --timeout=60s`, '', 70_000)).toContain('drained');
    expect(await k.run(`uncordon ${node}`)).toContain('uncordoned');
  });

  test('3.4, 16 those who wait learn it at once: get -w, wait, wait for deletion', async () => {
    await k.run('create configmap seen');
    const w = k.start('get configmaps -w --no-headers');
    try {
      await eventually('the list', () => /^seen /m.test(w.out()), 10_000, 5);
      let start = performance.now();
      await api.patch(`/api/v1/namespaces/${ns}/configmaps/seen`, 'merge', { data: { a: '1', b: '2' } });
      await eventually('the change', () => /^seen +2 /m.test(w.out()), 5000, 2);
      expect(performance.now() - start).toBeLessThan(500);
      const waits = k.run(['wait', '--for=jsonpath={.data.a}=go', 'configmap/seen', '--timeout=20s']);
      await new Promise(resolve => { setTimeout(resolve, 700); });
      start = performance.now();
      await api.patch(`/api/v1/namespaces/${ns}/configmaps/seen`, 'merge', { data: { a: 'go' } });
      expect(await waits).toContain('condition met');
      expect(performance.now() - start).toBeLessThan(1000);
      const gone = k.run('wait --for=delete configmap/seen --timeout=20s');
      await new Promise(resolve => { setTimeout(resolve, 700); });
      start = performance.now();
      await api.delete(`/api/v1/namespaces/${ns}/configmaps/seen`);
      await gone;
      expect(performance.now() - start).toBeLessThan(1000);
    } finally { w.stop(); }
    await k.run('delete pod --all --now --timeout=30s');
    expect(await k.run('delete deployment,service,configmap --all --timeout=30s')).toContain('deployment.apps "web" deleted');
  });
});

// What people do to objects with kubectl, against three simulated nodes: nothing here needs a real container.
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startHost, type Host } from '../harness/host.ts';
import { closeHost, eventually, inNamespace, newest, versions } from './setting.ts';
import type { Stage } from './stories/story.ts';
import { deployment } from './stories/story.ts';

let host: Host, count = 0;
beforeAll(async () => { host = await startHost(['--runtime', 'simulated', '--nodes', '3']); }, 60_000);
afterAll(async () => { expect(await closeHost(host)).toEqual([]); });
const at = (play: (s: Stage) => Promise<void>, kubectl = newest) => (): Promise<unknown> => inNamespace(`objects-${++count}`, host, 'simulated', play, kubectl);
const cm = (name: string, a: string, labels = ''): string => `apiVersion: v1\nkind: ConfigMap\nmetadata: {name: ${name}${labels}}\ndata: {a: "${a}"}\n`;
const spaced = (text: string): string[] => text.split(' ');

for (const kubectl of versions) {
  it(`13.3, 16 the life of a deployment (kubectl 1.${kubectl.minor})`, at(async s => {
    const { k } = s;
    await k.run('create deployment web --image=nginx:1 --replicas=2 --port=80');
    expect(await k.run('rollout status deploy/web --timeout=30s')).toContain('successfully rolled out');
    expect(await k.run('autoscale deployment web --min=2 --max=5 --cpu-percent=70')).toBe('horizontalpodautoscaler.autoscaling/web autoscaled');
    expect((await s.rows('get hpa'))[0]).toMatch(/^web\s+Deployment\/web\s+cpu: <unknown>\/70%\s+2\s+5/);
    expect(await k.run(['get', 'horizontalpodautoscalers.v1.autoscaling', 'web', '-o', 'jsonpath={.spec.targetCPUUtilizationPercentage}'])).toBe('70');
    expect(await k.run('describe hpa web')).toMatch(/resource cpu on pods +\(as a percentage of request\): +<unknown> \/ 70%/);
    expect(await k.run('set env deploy/web A=b')).toContain('env updated');
    await k.run('rollout status deploy/web --timeout=30s');
    expect(await k.run('rollout pause deploy/web')).toContain('paused');
    await k.run('set image deploy/web nginx=nginx:2');
    await k.run('annotate deploy web kubernetes.io/change-cause=two');
    expect(await k.fails('rollout undo deploy/web')).toContain('cannot rollback a paused deployment');
    expect(await k.run('rollout resume deploy/web')).toContain('resumed');
    await k.run('rollout status deploy/web --timeout=30s');
    expect(await k.run('rollout history deploy/web')).toMatch(/^3\s+two/m);
    expect(await k.run('rollout history deploy/web --revision=3')).toMatch(/Image:\s+nginx:2/);
    expect(await k.run('rollout restart deploy/web')).toContain('restarted');
    await k.run('rollout status deploy/web --timeout=30s');
    expect(await k.run(['get', 'deploy', 'web', '-o', 'jsonpath={.spec.template.metadata.annotations}'])).toContain('kubectl.kubernetes.io/restartedAt');
    expect(await k.run('rollout undo deploy/web --to-revision=1')).toContain('rolled back');
    await k.run('rollout status deploy/web --timeout=30s');
    expect(await k.run(['get', 'deploy', 'web', '-o', 'jsonpath={.spec.template.spec.containers[0].image}'])).toBe('nginx:1');
    expect(await k.fails('rollout undo deploy/web --to-revision=77')).toMatch(/unable to find specified revision 77/);
    expect(await k.fails('scale deploy/web --replicas=3 --current-replicas=9')).toContain('Expected replicas to be 9, was 2');
    expect(await k.run('scale deploy/web --replicas=3 --current-replicas=2')).toBe('deployment.apps/web scaled');
    await s.field('deploy web', '{.status.readyReplicas}', '3');
    expect(await k.run('set resources deploy/web -c=nginx --limits=cpu=200m,memory=64Mi')).toContain('resource requirements updated');
    expect(await k.run('set serviceaccount deploy/web default')).toContain('serviceaccount updated');
    await k.run('delete deploy web --cascade=orphan');
    expect((await s.rows('get rs')).length).toBeGreaterThan(0);
    expect((await s.rows('get pods')).length).toBeGreaterThanOrEqual(3);
    await k.run('delete rs --all --cascade=foreground');
    expect(await s.rows('get rs')).toEqual([]);
    await eventually('pods gone', async () => (await s.rows('get pods')).length === 0);
  }, kubectl));

  it(`16 patch, edit, replace, apply, diff (kubectl 1.${kubectl.minor})`, at(async s => {
    const { k } = s;
    await s.apply(cm('one', '1'));
    expect(await s.apply(cm('one', '1'))).toBe('configmap/one unchanged');
    expect(await s.apply(cm('one', '2'))).toBe('configmap/one configured');
    const diff = await k.try(['diff', '-f', s.file('d.yaml', cm('one', '3'))]);
    expect(diff.code).toBe(1);
    expect(diff.stdout).toMatch(/^-\s+a: "2"$/m);
    expect(diff.stdout).toMatch(/^\+\s+a: "3"$/m);
    expect((await k.try(['diff', '-f', s.file('same.yaml', cm('one', '2'))])).code).toBe(0);
    for (const [type, patch] of [['json', '[{"op":"replace","path":"/data/a","value":"j"}]'], ['merge', '{"data":{"b":"m"}}'], ['strategic', '{"data":{"c":"s"}}']] as const) expect(await k.run(['patch', 'cm', 'one', `--type=${type}`, '-p', patch])).toBe('configmap/one patched');
    expect(JSON.parse(await k.run(['get', 'cm', 'one', '-o', 'jsonpath={.data}']))).toEqual({ a: 'j', b: 'm', c: 's' });
    expect(await k.run(['patch', 'cm', 'one', '-p', '{"data":{"c":"s"}}'])).toBe('configmap/one patched (no change)');
    expect(await k.fails(['patch', 'cm', 'one', '--type=json', '-p', '[{"op":"test","path":"/data/a","value":"other"}]'])).toContain('The request is invalid');
    expect(await k.run(['replace', '-f', s.file('r.yaml', cm('one', 'r'))])).toBe('configmap/one replaced');
    expect(await k.run(['replace', '--force', '-f', s.file('r.yaml', cm('one', 'f'))])).toContain('configmap/one replaced');
    expect(await k.fails(['replace', '-f', s.file('n.yaml', cm('none', 'r'))])).toContain('configmaps "none" not found');
    const editor = s.file('editor.sh', '#!/bin/sh\nsed -i "s/a: f/a: edited/" "$1"\n');
    await s.sh(`chmod +x ${editor}`);
    expect(await s.sh(`KUBE_EDITOR=${editor} ${k.binary} --kubeconfig ${k.kubeconfig} -n ${s.ns} edit cm one`)).toContain('configmap/one edited');
    await s.field('cm one', '{.data.a}', 'edited');
    for (const c of ['label cm one x=1', 'annotate cm one x=1']) expect(await k.run(c)).toMatch(/^configmap\/one (labeled|annotated?)$/);
    expect(await k.fails('label cm one x=2')).toContain("'x' already has a value (1), and --overwrite is false");
    expect(await k.run('label cm one x=2 --overwrite')).toBe('configmap/one labeled');
    expect(await k.run('label cm one x-')).toBe('configmap/one unlabeled');
    expect(await k.run(['apply', '--prune', '-l', 'app=pr', '-f', s.file('p1.yaml', cm('p1', '1', ', labels: {app: pr}'))])).toContain('configmap/p1 created');
    expect(await k.run(['apply', '--prune', '-l', 'app=pr', '-f', s.file('p2.yaml', cm('p2', '1', ', labels: {app: pr}'))])).toContain('configmap/p1 pruned');
    expect(await k.run('get cm -l app=pr -o name')).toBe('configmap/p2');
    expect(await k.run(['apply', '--server-side', '-f', s.file('ss.yaml', cm('ss', '1'))])).toBe('configmap/ss serverside-applied');
    expect(await k.run(['create', '--dry-run=server', '-f', s.file('dry.yaml', cm('dry', '1'))])).toBe('configmap/dry created (server dry run)');
    expect(await k.fails('get cm dry')).toContain('NotFound');
  }, kubectl));

  it(`11.5, 16 explain, discovery, who am I (kubectl 1.${kubectl.minor})`, at(async s => {
    const { k } = s;
    expect(await k.run('explain pod.spec.containers.livenessProbe')).toMatch(/initialDelaySeconds\s+<integer>/);
    expect(await k.run('explain deployment --recursive')).toContain('matchExpressions');
    expect(await k.run('explain hpa.spec.metrics --api-version=autoscaling/v2')).toContain('containerResource');
    expect(await k.fails('explain pod.spec.nope')).toMatch(/field "nope" does not exist/);
    const resources = await k.run('api-resources');
    for (const line of [/^deployments\s+deploy\s+apps\/v1\s+true\s+Deployment$/m, /^tokenreviews\s+authentication\.k8s\.io\/v1\s+false\s+TokenReview$/m, /^horizontalpodautoscalers\s+hpa\s+autoscaling\/v2\s/m]) expect(resources).toMatch(line);
    expect(await k.run('api-versions')).toContain('autoscaling/v1\nautoscaling/v2');
    expect(await k.run('auth can-i create pods')).toBe('yes');
    expect(await k.run('auth can-i --list')).toMatch(/^\*\.\*\s+\[\]\s+\[\]\s+\[\*\]$/m);
    if (kubectl.minor >= 28) expect(await k.run('auth whoami')).toMatch(/^Username\s+kubernetes-admin$/m);
    const token = await k.run('create token default --duration=20m');
    expect(token.split('.')).toHaveLength(3);
    const server = await k.run(['config', 'view', '--raw', '--minify', '-o', 'jsonpath={.clusters[0].cluster.server}']);
    // A token that proves who one is gives no right to look until a binding does.
    await k.run(['create', 'rolebinding', 'look', '--clusterrole=view', `--serviceaccount=${s.ns}:default`]);
    expect(await s.sh(`curl -sk -H 'Authorization: Bearer ${token}' ${server}/api/v1/namespaces/${s.ns}/serviceaccounts/default`)).toContain('"kind": "ServiceAccount"');
    expect(await s.sh(`curl -sk -o /dev/null -w '%{http_code}' ${server}/api/v1/pods`)).toBe('403');
    expect(await s.sh(`curl -sk -o /dev/null -w '%{http_code}' -H 'Authorization: Bearer x.y.z' ${server}/api/v1/pods`)).toBe('401');
    expect(await k.run('top nodes')).toMatch(/^NAME +CPU\(cores\) +CPU(%|\(%\)) +MEMORY\(bytes\) +MEMORY(%|\(%\))/);
    // A namespace without running pods has nothing to show; the API is there all the same.
    expect((await k.try(['top', 'pods'])).stderr).not.toContain('Metrics API not available');
    expect(await k.run(['get', '--raw', '/readyz?verbose'])).toContain('readyz check passed');
    expect((await k.run('cluster-info')).replaceAll(/\u001b\[[\d;]*m/g, '')).toContain('Kubernetes control plane is running at');
  }, kubectl));
}

describe('with the newest kubectl', () => {
  it('16 get in every form', at(async s => {
    const { k } = s;
    await s.apply(deployment('web', 'nginx:1', 2));
    await s.podsReady(2);
    const [pod] = (await s.rows('get pods')).map(r => r.split(/\s+/)[0]!);
    expect(await k.run('get pods -o wide')).toMatch(/NAME\s+READY\s+STATUS\s+RESTARTS\s+AGE\s+IP\s+NODE\s+NOMINATED NODE\s+READINESS GATES/);
    expect((await k.run('get pod,deploy,rs -o name')).split('\n')).toHaveLength(4);
    expect(await k.run(`get pod ${pod} -o json`)).toContain('"kind": "Pod"');
    expect(await k.run(`get pod ${pod} -o yaml`)).not.toContain('managedFields');
    expect(await k.run(['get', 'deploy', 'web', '-o', 'go-template={{.spec.replicas}}'])).toBe('2');
    expect(await k.run(['get', 'pods', '-o', 'custom-columns=N:.metadata.name,I:.spec.containers[0].image'])).toMatch(/^N\s+I\nweb-\S+\s+nginx:1/);
    expect((await k.run('get pods --sort-by=.metadata.name -o name')).split('\n')).toHaveLength(2);
    expect(await k.run('get pods --show-labels')).toMatch(/app=web,pod-template-hash=\w+$/m);
    expect(await k.run('get pods -L app')).toMatch(/APP\n.*web$/m);
    expect(await k.run('get pods --field-selector=status.phase=Running --no-headers')).toContain('Running');
    expect(await k.run('get pods --field-selector=status.phase=Pending --no-headers')).toBe('');
    expect(await k.run('get pods --chunk-size=1 -A -o name')).toContain(`pod/${pod}`);
    expect(await k.run('get pod nosuch --ignore-not-found')).toBe('');
    expect(await k.fails('get nosuch')).toContain('the server doesn\'t have a resource type "nosuch"');
    expect(await k.fails('get pods --field-selector=spec.nope=1')).toMatch(/field label not supported: spec\.nope/);
    const watch = k.start('get pods -w --output-watch-events');
    await eventually('watch', () => watch.out().includes('ADDED'));
    await k.run(`delete pod ${pod}`);
    await eventually('deleted', () => new RegExp(`DELETED\\s+${pod}`).test(watch.out()));
    watch.stop();
    // What is there already is told first, unless only changes are wanted; each form as without a watch.
    await k.run('create configmap seen');
    const forms = ['', ' --watch-only', ' -o name', ' -o json', ' -o yaml', ' -o jsonpath={.data.n};', ' -o custom-columns=N:.data.n --no-headers', ' --output-watch-events -o wide'];
    const watches = forms.map(f => k.start(`get configmaps seen -w${f}`));
    await eventually('all watch', () => watches.every((w, i) => forms[i] === ' --watch-only' || w.out() !== ''));
    let n = 0;
    // One that only hears changes does not say when it begins.
    await eventually('each told', async () => { await k.run(['patch', 'configmap', 'seen', '-p', `{"data":{"n":"v${++n}"}}`]); return watches.every((w, i) => (forms[i] === ' -o name' ? w.out().split('\n').length > 2 : forms[i]!.includes('o ') ? /v1|MODIFIED/.test(w.out()) : /^seen +1 /m.test(w.out()))); });
    expect(watches[1]!.out()).not.toMatch(/^seen +0 /m);
    expect(watches[2]!.out()).toMatch(/^(configmap\/seen\n)+$/);
    expect(watches[7]!.out()).toMatch(/^EVENT +NAME +DATA +AGE\nADDED +seen +0 .*\nMODIFIED +seen +1 /);
    for (const w of watches) w.stop();
    expect(await k.run(['get', '--raw', `/api/v1/namespaces/${s.ns}/pods?limit=1`])).toContain('"remainingItemCount":1');
    expect(await k.run('describe deploy web')).toMatch(/NewReplicaSet:\s+web-\w+ \(2\/2 replicas created\)/);
    expect(await k.run('events --for deploy/web')).toContain('ScalingReplicaSet');
  }));

  it('16 wait in every form', at(async s => {
    const { k } = s;
    await s.apply(deployment('web', 'nginx:1', 2));
    expect(await k.run('wait --for=condition=Available deploy/web --timeout=30s')).toBe('deployment.apps/web condition met');
    expect(await k.run(['wait', '--for=jsonpath={.status.readyReplicas}=2', 'deploy/web', '--timeout=20s'])).toContain('condition met');
    expect(await k.fails('wait --for=condition=Nope deploy/web --timeout=1s')).toContain('timed out waiting for the condition');
    // Held until the waiter is seen to watch: one that finds nothing at its start is content, and says nothing.
    const hold = (finalizers: string): Promise<string> => k.run(['patch', 'deploy', 'web', '-p', `{"metadata":{"finalizers":${finalizers}}}`]);
    await hold('["example.com/hold"]');
    const gone = k.start('wait --for=delete deploy/web --timeout=30s -v=6');
    await k.run('delete deploy web --wait=false');
    await eventually('watching', () => gone.out().includes('watch=true'));
    expect(gone.out()).not.toContain('condition met');
    await hold('null');
    await eventually('told', () => gone.out().includes('condition met'));
  }));

  it('9.6, 16 drain, cordon, taint', at(async s => {
    const { k } = s;
    await s.apply(deployment('web', 'nginx:1', 4));
    await s.podsReady(4);
    const node = (await k.run(['get', 'pods', '-o', 'jsonpath={.items[0].spec.nodeName}']));
    await k.run('create poddisruptionbudget none --selector=app=other --min-available=1');
    expect(await k.run(`drain ${node} --ignore-daemonsets --force --dry-run=server`)).toContain('(server dry run)');
    expect(await k.run(`drain ${node} --ignore-daemonsets --force --timeout=60s --pod-selector=app=web`, '', 70_000)).toContain(`node/${node} drained`);
    expect((await s.rows(`get node ${node}`))[0]).toContain('Ready,SchedulingDisabled');
    await s.podsReady(4);
    expect(await k.run(['get', 'pods', '-o', 'jsonpath={.items[*].spec.nodeName}'])).not.toContain(node);
    expect(await k.run(`uncordon ${node}`)).toBe(`node/${node} uncordoned`);
    await k.run('taint nodes --all dedicated=x:NoSchedule');
    try {
      await k.run('run tainted --image=nginx:1');
      await eventually('says why', async () => (await s.events('FailedScheduling')).some(m => m.includes('0/3 nodes are available: 3 node(s) had untolerated taint')));
    } finally { expect(await k.run('taint nodes --all dedicated-')).toMatch(/untainted/); }
    await s.podsReady(5);
    await k.run(`taint node ${node} gone=x:NoExecute`);
    try { await eventually('evicted', async () => !(await k.run(['get', 'pods', '-o', 'jsonpath={.items[*].spec.nodeName}'])).includes(node)); } finally { await k.run(`taint node ${node} gone-`); }
  }));

  it('where no node fits it is said, per reason and count', at(async s => {
    const pod = (name: string, spec: string): string => `apiVersion: v1\nkind: Pod\nmetadata: {name: ${name}}\nspec: {containers: [{name: c, image: "nginx:1", resources: {requests: {memory: ${name === 'big' ? '9000Gi' : '1Mi'}}}}], ${spec}}\n---\n`;
    await s.create(pod('big', 'restartPolicy: Always') + pod('selector', 'nodeSelector: {machine: physical}')
      + pod('affinity', 'affinity: {nodeAffinity: {requiredDuringSchedulingIgnoredDuringExecution: {nodeSelectorTerms: [{matchExpressions: [{key: zone, operator: In, values: [z]}]}]}}}'));
    const why = async (name: string): Promise<string> => eventually(name, async () => (await s.k.run(['get', 'events', '--field-selector', `reason=FailedScheduling,involvedObject.name=${name}`, '-o', 'jsonpath={.items[0].message}'])));
    expect(await why('big')).toContain('0/3 nodes are available: 3 Insufficient memory.');
    expect(await why('selector')).toContain("3 node(s) didn't match Pod's node affinity/selector.");
    expect(await why('affinity')).toContain("3 node(s) didn't match Pod's node affinity/selector.");
    const node = (await s.k.run(['get', 'nodes', '-o', 'jsonpath={.items[1].metadata.name}']));
    await s.k.run(`label node ${node} machine=physical`);
    try { await s.field('pod selector', '{.spec.nodeName}', node); } finally { await s.k.run(`label node ${node} machine-`); }
  }));

  it('3.3 bad manifests get all their errors at once', at(async s => {
    const { k } = s;
    const bad = await k.fails(['create', '-f', s.file('bad.yaml', 'apiVersion: v1\nkind: Pod\nmetadata: {name: Bad_Name}\nspec: {containers: []}\n')]);
    expect(bad).toContain('metadata.name: Invalid value: "Bad_Name"');
    expect(bad).toContain('spec.containers: Required value');
    expect(await k.fails(['create', '-f', s.file('u.yaml', 'apiVersion: v1\nkind: Pod\nmetadata: {name: u}\nspec: {containerz: [], containers: [{name: a, image: b}]}\n')])).toContain('strict decoding error: unknown field "spec.containerz"');
    await s.apply(deployment('web', 'nginx:1', 1));
    expect(await k.fails(['apply', '-f', s.file('imm.yaml', deployment('web', 'nginx:1', 1).replaceAll('app: web', 'app: other'))])).toMatch(/spec\.selector: Invalid value: .*field is immutable/);
    expect(await k.fails(['create', 'namespace', 'Not_A_Name'])).toContain('metadata.name: Invalid value');
    expect(await k.fails(['create', '-f', s.file('syntax.yaml', 'a: [1\n')])).toMatch(/error/);
  }));

  it('16 creates of every sort', at(async s => {
    const { k } = s;
    for (const [command, answer] of [
      ['create service clusterip c --tcp=80:8080', 'service/c created'], ['create service nodeport n --tcp=80:80', 'service/n created'], ['create service externalname e --external-name=a.example.com', 'service/e created'],
      ['create ingress ing --rule=foo.com/*=c:80', 'ingress.networking.k8s.io/ing created'], ['create quota q --hard=pods=100', 'resourcequota/q created'], ['create serviceaccount bot', 'serviceaccount/bot created'],
      ['create role r --verb=get --resource=pods', 'role.rbac.authorization.k8s.io/r created'], ['create rolebinding rb --role=r --serviceaccount=default:bot', 'rolebinding.rbac.authorization.k8s.io/rb created'],
      ['create poddisruptionbudget p --selector=app=web --min-available=1', 'poddisruptionbudget.policy/p created'], ['create secret generic s --from-literal=a=b', 'secret/s created'], ['create configmap m --from-literal=a=b', 'configmap/m created'],
    ] as const) expect(await k.run(spaced(command))).toBe(answer);
    expect((await k.run(['get', 'svc', 'c', '-o', 'jsonpath={.spec.ports[0].targetPort}']))).toBe('8080');
    await k.run(['kustomize', join(s.dir, '.')]).catch((e: unknown) => { expect(String(e)).toContain('kustomization'); });
    await k.run('delete svc,ingress,quota,role,rolebinding,pdb,secret,cm --all');
    expect(await s.rows('get svc,ingress')).toEqual([]);
  }));
});

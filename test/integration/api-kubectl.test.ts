// The API server under every kubectl of this machine: no controllers, no nodes, just verbs.
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { TestApi } from '../harness/api-server.ts';
import { Kube, kubectls } from '../harness/kubectl.ts';

let api: TestApi;
beforeAll(async () => { api = await TestApi.start(); });
afterAll(async () => { await api.stop(); });

const DEPLOYMENT = `
apiVersion: apps/v1
kind: Deployment
metadata: {name: web, labels: {app: web}}
spec:
  replicas: 2
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}}
    spec: {containers: [{name: c, image: nginx:1.25, ports: [{containerPort: 80}]}]}
---
apiVersion: v1
kind: Service
metadata: {name: web}
spec: {type: NodePort, selector: {app: web}, ports: [{port: 80, targetPort: 80}]}
`;

describe.each(kubectls())('kubectl 1.$minor', ({ binary, minor }) => {
  const ns = `n${minor}`;
  let k: Kube;
  beforeAll(async () => {
    k = new Kube(binary, api.kubeconfig, ns);
    await k.run(`create namespace ${ns}`);
    await api.client().create({ group: '', version: 'v1', kind: 'ServiceAccount', plural: 'serviceaccounts', namespaced: true }, { metadata: { name: 'default', namespace: ns } });
  });

  it('creates, reads and deletes', async () => {
    expect(await k.run('create configmap c --from-literal=a=1')).toBe('configmap/c created');
    expect(await k.fails('create configmap c --from-literal=a=1')).toContain('configmaps "c" already exists');
    expect(await k.run(['get', 'cm', 'c', '-o', 'jsonpath={.data.a}'])).toBe('1');
    expect(await k.run('get cm')).toMatch(/^NAME +DATA +AGE\nc +1 +\d+s$/);
    expect(await k.run('create secret generic s --from-literal=p=w')).toBe('secret/s created');
    expect(await k.run('label cm c x=y')).toBe('configmap/c labeled');
    expect(await k.run('label cm c x=y')).toContain('not labeled');
    expect(await k.run('annotate cm c x=y')).toContain('annotate');
    expect(await k.run('get cm -l x=y -o name')).toBe('configmap/c');
    expect(await k.run('delete cm c')).toContain('configmap "c" deleted');
    expect(await k.fails('get cm c')).toContain('Error from server (NotFound): configmaps "c" not found');
    expect((await k.run('create token default')).split('.')).toHaveLength(3);
    expect(await k.run('describe secret s')).toMatch(/Type: +Opaque/);
    expect(await k.run('get all')).toBe('');
  });

  it('applies, scales, patches and replaces', async () => {
    expect(await k.run('apply -f -', DEPLOYMENT)).toBe('deployment.apps/web created\nservice/web created');
    expect(await k.run('apply -f -', DEPLOYMENT)).toBe('deployment.apps/web unchanged\nservice/web unchanged');
    expect(await k.run('apply -f -', DEPLOYMENT.replace('1.25', '1.26'))).toBe('deployment.apps/web configured\nservice/web unchanged');
    expect(await k.run('diff -f -', DEPLOYMENT.replace('1.25', '1.26'))).toBe('');
    expect(await k.run('scale deployment web --replicas=5')).toBe('deployment.apps/web scaled');
    expect(await k.run('scale deployment web --current-replicas=5 --replicas=3')).toBe('deployment.apps/web scaled');
    expect(await k.run(['get', 'deployment', 'web', '-o', 'jsonpath={.spec.replicas} {.metadata.generation}'])).toBe('3 4');
    expect(await k.run('set image deployment/web c=nginx:1.27')).toBe('deployment.apps/web image updated');
    expect(await k.run(['patch', 'deployment', 'web', '-p', '{"spec":{"paused":true}}'])).toContain('patched');
    expect(await k.run(['patch', 'svc', 'web', '--type=json', '-p', '[{"op":"replace","path":"/spec/ports/0/port","value":81}]'])).toContain('patched');
    const svc = await k.json<{ spec: { clusterIP: string; ports: { nodePort: number }[] } }>('get svc web');
    expect(svc.spec.clusterIP).toMatch(/^10\.96\./);
    expect(svc.spec.ports[0]!.nodePort).toBeGreaterThanOrEqual(30000);
    expect(await k.fails(['apply', '-f', '-'], DEPLOYMENT.replace('replicas: 2', 'replcas: 2'))).toMatch(/unknown field "spec\.replcas"|ValidationError/);
    expect(await k.run('get deploy,svc -o wide')).toContain('SELECTOR');
    expect(await k.run('explain deployment.spec.replicas')).toContain('replicas');
    expect(await k.run('delete deployment,svc web')).toContain('deleted');
  });

  it('runs pods as far as an API can', async () => {
    expect(await k.run('run p --image=nginx:1.2 --labels=a=b')).toBe('pod/p created');
    expect(await k.run('get pod p')).toMatch(/p +0\/1 +Pending +0 +/);
    const w = k.start('get pods -w --output-watch-events');
    await expect.poll(() => w.out(), { timeout: 10_000 }).toContain('ADDED');
    expect(await k.run('run q --image=nginx:1.2')).toBe('pod/q created');
    await expect.poll(() => w.out(), { timeout: 10_000 }).toMatch(/ADDED +q/);
    expect(await k.run('delete pod p q')).toContain('pod "q" deleted');
    await expect.poll(() => w.out(), { timeout: 10_000 }).toMatch(/DELETED +q/);
    w.stop();
    expect(await k.fails(['run', 'P!', '--image=x'])).toMatch(/is invalid:[^]*lowercase RFC 1123/);
    expect(await k.run('wait --for=delete pod/p --timeout=5s')).toBe('');
  });
});

import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { configMap } from '../../core/api/kinds/core/config-map.ts';
import { node as nodes } from '../../core/api/kinds/core/node.ts';
import { pod as pods } from '../../core/api/kinds/core/pod.ts';
import { secret } from '../../core/api/kinds/core/secret.ts';
import { millisOf } from '../../core/api/meta/quantity.ts';
import type { ConfigMap, Node, Pod, Secret } from '../../core/api/types/kubernetes.ts';
import { TestNode } from '../harness/node.ts';

const status = (p: Pod, name = 'main') => [...(p.status?.containerStatuses ?? []), ...(p.status?.initContainerStatuses ?? [])].find(s => s.name === name);
const waiting = (p: Pod, name = 'main') => status(p, name)?.state?.waiting?.reason;

describe('node agent: containers', () => {
  let n: TestNode;
  beforeAll(async () => { n = await TestNode.start(); });
  afterAll(async () => { await n.close(); });
  const logs = async (pod: string, container = 'main', o: { previous?: boolean; timestamps?: boolean; tailLines?: number; limitBytes?: number } = {}): Promise<string> => {
    const parts: Buffer[] = [];
    for await (const b of await n.agent.backend.logs('default', pod, container, { follow: false, previous: false, timestamps: false, signal: new AbortController().signal, ...o })) parts.push(b);
    return Buffer.concat(parts).toString();
  };
  const sh = (script: string) => ({ name: 'main', image: 'alpine:3', command: ['sh', '-c', script] });

  it('restartPolicy Never: Succeeded, Completed, readable logs', async () => {
    await n.run('once', { restartPolicy: 'Never', containers: [sh('echo done; exit 0')] });
    const p = await n.pod('once', x => x.status?.phase === 'Succeeded');
    expect(status(p)?.state?.terminated).toMatchObject({ exitCode: 0, reason: 'Completed' });
    expect(p.status?.conditions?.find(c => c.type === 'Ready')).toMatchObject({ status: 'False', reason: 'PodCompleted' });
    expect(await logs('once')).toBe('done\n');
    await n.client.delete(pods, 'default', 'once'); await n.gone('once');
  });
  it('restartPolicy Never with an error: Failed, Error', async () => {
    await n.run('fail', { restartPolicy: 'Never', containers: [sh('exit 3')] });
    const p = await n.pod('fail', x => x.status?.phase === 'Failed');
    expect(status(p)?.state?.terminated).toMatchObject({ exitCode: 3, reason: 'Error' });
    expect(p.status?.conditions?.find(c => c.type === 'ContainersReady')).toMatchObject({ status: 'False', reason: 'PodFailed' });
  });
  it('CrashLoopBackOff with kubelet\'s words and doubling waits', async () => {
    const made = await n.run('crash', 'echo try; exit 1');
    const p = await n.pod('crash', x => waiting(x) === 'CrashLoopBackOff');
    expect(status(p)?.state?.waiting?.message).toBe(`back-off 10s restarting failed container=main pod=crash_default(${made.metadata!.uid})`);
    expect(status(p)).toMatchObject({ restartCount: 1, ready: false, lastState: { terminated: { exitCode: 1, reason: 'Error' } } });
    expect(p.status?.phase).toBe('Running');
    await n.event('crash', `BackOff: Back-off restarting failed container main in pod crash_default(${made.metadata!.uid})`);
    expect(await logs('crash', 'main', { previous: true })).toBe('try\n');
    await n.pod('crash', x => status(x)?.state?.waiting?.message?.startsWith('back-off 20s'), '20s', 500);
    const later = await n.pod('crash', x => status(x)?.state?.waiting?.message?.startsWith('back-off 40s'), '40s', 500);
    expect(status(later)?.restartCount).toBe(3);
    expect((await n.runtime.list()).find(s => s.podName === 'crash')?.containers.length).toBeLessThanOrEqual(2);
  });
  it('OnFailure ends with Succeeded after an exit of 0', async () => {
    await n.run('onfail', { restartPolicy: 'OnFailure', containers: [sh('exit 0')] });
    await n.pod('onfail', x => x.status?.phase === 'Succeeded');
  });
  it('init containers run in order, then the app', async () => {
    await n.run('init', { initContainers: [{ ...sh('sleep 2; echo one'), name: 'a' }, { ...sh('sleep 2; echo two'), name: 'b' }], containers: [sh('sleep infinity')] });
    const p = await n.pod('init', x => status(x, 'a')?.state?.running, 'a running', 20);
    expect(waiting(p)).toBe('PodInitializing'); expect(waiting(p, 'b')).toBe('PodInitializing');
    expect(p.status?.conditions?.find(c => c.type === 'Initialized')).toMatchObject({ status: 'False', reason: 'ContainersNotInitialized', message: 'containers with incomplete status: [a b]' });
    const done = await n.ready('init');
    expect(status(done, 'a')).toMatchObject({ ready: true, state: { terminated: { exitCode: 0 } } });
  });
  it('a failing init container of a Never pod fails the pod', async () => {
    await n.run('initfail', { restartPolicy: 'Never', initContainers: [{ ...sh('exit 2'), name: 'a' }], containers: [sh('sleep infinity')] });
    await n.pod('initfail', x => x.status?.phase === 'Failed');
  });
  it('sidecars start before, stay, and end after the others', async () => {
    await n.run('side', { restartPolicy: 'Never', initContainers: [{ name: 'proxy', image: 'proxy:1', restartPolicy: 'Always' }], containers: [sh('sleep 3; exit 0')] });
    const p = await n.pod('side', x => status(x)?.state?.running, 'main', 20);
    expect(status(p, 'proxy')).toMatchObject({ started: true, ready: true });
    const end = await n.pod('side', x => x.status?.phase === 'Succeeded');
    expect(status(end, 'proxy')?.state?.terminated).toBeDefined();
  });
  it('ErrImagePull, then ImagePullBackOff, then running once the image is right', async () => {
    await n.run('badimage', { containers: [{ name: 'main', image: 'nginx:does-not-exist' }] });
    const p = await n.pod('badimage', x => waiting(x) === 'ErrImagePull', 'ErrImagePull', 20);
    expect(p.status?.phase).toBe('Pending');
    const b = await n.pod('badimage', x => waiting(x) === 'ImagePullBackOff');
    expect(status(b)?.state?.waiting?.message).toMatch(/^Back-off pulling image "nginx:does-not-exist": ErrImagePull: manifest for/);
    for (const t of ['Failed: Failed to pull image "nginx:does-not-exist": manifest', 'Failed: Error: ErrImagePull', 'BackOff: Back-off pulling image "nginx:does-not-exist"', 'Failed: Error: ImagePullBackOff']) await n.event('badimage', t);
    await expect(logs('badimage')).rejects.toThrow('container "main" in pod "badimage" is waiting to start: trying and failing to pull image');
    await n.client.patch(pods, 'default', 'badimage', 'application/strategic-merge-patch+json', { spec: { containers: [{ name: 'main', image: 'nginx:1' }] } });
    await n.ready('badimage');
  });
  it('ErrImageNeverPull and InvalidImageName', async () => {
    await n.run('never', { containers: [{ name: 'main', image: 'absent:1', imagePullPolicy: 'Never' }] });
    expect(status(await n.pod('never', x => waiting(x) === 'ErrImageNeverPull'))?.state?.waiting?.message).toBe('Container image "absent:1" is not present with pull policy of Never');
    await n.run('invalid', { containers: [{ name: 'main', image: 'Not/Valid:1' }] });
    await n.pod('invalid', x => waiting(x) === 'InvalidImageName');
  });
  it('CreateContainerConfigError until the Secret is there', async () => {
    await n.run('needs', { containers: [{ ...sh('echo $P; sleep infinity'), env: [{ name: 'P', valueFrom: { secretKeyRef: { name: 'mypassword', key: 'mypassword' } } }] }] });
    const p = await n.pod('needs', x => waiting(x) === 'CreateContainerConfigError');
    expect(status(p)?.state?.waiting?.message).toBe('secret "mypassword" not found');
    await n.event('needs', 'Failed: Error: secret "mypassword" not found');
    await n.client.create<Secret>(secret, { metadata: { name: 'mypassword', namespace: 'default' }, data: { other: 'eA==' } });
    await n.pod('needs', x => status(x)?.state?.waiting?.message === "couldn't find key mypassword in Secret default/mypassword");
    await n.client.patch(secret, 'default', 'mypassword', 'application/merge-patch+json', { data: { mypassword: Buffer.from('mypassword').toString('base64') } });
    await n.ready('needs');
    expect(await logs('needs')).toBe('mypassword\n');
  });
  it('FailedMount for a volume whose source is missing; starts by itself when it comes; follows changes', async () => {
    await n.run('vol', { containers: [{ ...sh('cat /cfg/a; sleep infinity'), volumeMounts: [{ name: 'v', mountPath: '/cfg' }] }], volumes: [{ name: 'v', configMap: { name: 'late' } }] });
    await n.event('vol', 'FailedMount: MountVolume.SetUp failed for volume "v" : configmap "late" not found');
    expect(waiting((await n.get('vol'))!)).toBe('ContainerCreating');
    await n.client.create<ConfigMap>(configMap, { metadata: { name: 'late', namespace: 'default' }, data: { a: 'first\n' } });
    await n.ready('vol');
    expect(await logs('vol')).toBe('first\n');
    await n.client.patch(configMap, 'default', 'late', 'application/merge-patch+json', { data: { a: 'second\n' } });
    const read = async (): Promise<string> => {
      let out = ''; const { Writable } = await import('node:stream');
      const run = await n.agent.backend.exec('default', 'vol', undefined, ['cat', '/cfg/a']);
      await run({ tty: false, stdout: new Writable({ write(c: Buffer, _, done) { out += c.toString(); done(); } }), signal: new AbortController().signal });
      return out;
    };
    await n.until('second', async () => (await read()) === 'second\n' || undefined);
  });
  it('readiness by HTTP makes the pod ready only after initialDelay', async () => {
    await n.run('probed', { containers: [{ name: 'main', image: 'nginx:1', readinessProbe: { httpGet: { port: 80 }, initialDelaySeconds: 5, periodSeconds: 2 } }] });
    const p = await n.pod('probed', x => status(x)?.state?.running, 'running', 5);
    expect(p.status?.conditions?.find(c => c.type === 'Ready')).toMatchObject({ status: 'False', reason: 'ContainersNotReady', message: 'containers with unready status: [main]' });
    await n.ready('probed');
  });
  it('a failing liveness probe restarts the container', async () => {
    await n.run('sick', { containers: [{ ...sh('sleep infinity'), livenessProbe: { exec: { command: ['sh', '-c', 'echo ill; exit 1'] }, periodSeconds: 1, failureThreshold: 2 } }] });
    await n.event('sick', 'Unhealthy: Liveness probe failed: ill');
    await n.event('sick', 'Killing: Container main failed liveness probe, will be restarted');
    await n.pod('sick', x => (status(x)?.restartCount ?? 0) >= 1);
  });
  it('a startup probe holds the others back', async () => {
    await n.run('slow', { containers: [{ ...sh('sleep infinity'), startupProbe: { exec: { command: ['true'] }, initialDelaySeconds: 3, periodSeconds: 1 }, livenessProbe: { exec: { command: ['true'] } } }] });
    const p = await n.pod('slow', x => status(x)?.state?.running, 'running', 5);
    expect(status(p)).toMatchObject({ started: false, ready: false });
    expect(status(await n.ready('slow'))?.started).toBe(true);
  });
  it('termination message from file and from logs', async () => {
    await n.run('msg', { restartPolicy: 'Never', containers: [sh('echo -n reason > /dev/termination-log; exit 1'), { ...sh('echo from logs; exit 1'), name: 'b', terminationMessagePolicy: 'FallbackToLogsOnError' }] });
    const p = await n.pod('msg', x => x.status?.phase === 'Failed');
    expect(status(p)?.state?.terminated?.message).toBe('reason');
    expect(status(p, 'b')?.state?.terminated?.message).toBe('from logs\n');
  });
  it('an image change restarts the container in place', async () => {
    await n.run('swap', {}); await n.ready('swap');
    await n.client.patch(pods, 'default', 'swap', 'application/strategic-merge-patch+json', { spec: { containers: [{ name: 'main', image: 'nginx:2' }] } });
    const p = await n.pod('swap', x => status(x)?.image === 'nginx:2' && status(x)?.ready);
    expect(status(p)?.restartCount).toBe(1);
    await n.event('swap', 'Killing: Container main definition changed, will be restarted');
  });
  it('activeDeadlineSeconds ends the pod', async () => {
    await n.run('deadline', { activeDeadlineSeconds: 30, containers: [sh('sleep infinity')] });
    const p = await n.pod('deadline', x => x.status?.phase === 'Failed', 'Failed', 500);
    expect(p.status).toMatchObject({ reason: 'DeadlineExceeded', message: 'Pod was active on the node longer than the specified deadline' });
  });
  it('a pod that does not fit is rejected', async () => {
    await n.run('huge', { containers: [{ name: 'main', image: 'nginx:1', resources: { requests: { cpu: '9000' } } }] });
    const p = await n.pod('huge', x => x.status?.phase === 'Failed');
    expect(p.status?.reason).toBe('OutOfcpu');
    expect(p.status?.message).toMatch(/^Pod was rejected: Node didn't have enough resource: cpu, requested: 9000000, used: \d+, capacity: \d+$/);
    // A pod that never came here has no containers to speak of: `kubectl get` shows why.
    expect(p.status).not.toHaveProperty('containerStatuses');
    await n.event('huge', 'OutOfcpu: Node didn\'t have enough resource: cpu');
  });
  it('what a pod held is free as soon as the API server has let it go, while its containers still end', async () => {
    const { status: of } = await n.client.get<Node>(nodes, undefined, 'n1');
    const most = { containers: [{ name: 'main', image: 'nginx:1', resources: { requests: { cpu: `${Math.floor(millisOf(of!.allocatable!['cpu']!) * 0.6)}m` } } }] };
    await n.run('before', most); await n.ready('before');
    await n.client.delete(pods, 'default', 'before', { gracePeriodSeconds: 0 });
    await n.run('after', most);
    await n.ready('after');
    await n.client.delete(pods, 'default', 'after'); await n.gone('after');
  });
  it('what cannot be done is refused by an event', async () => {
    await n.run('iscsi', { containers: [{ name: 'main', image: 'nginx:1' }], volumes: [{ name: 'v', iscsi: { targetPortal: 't', iqn: 'iqn.2001-04.com.example:x', lun: 0 } }] });
    await n.event('iscsi', 'Unsupported: volume "v" is of type iscsi, which this node cannot mount');
    await n.pod('iscsi', x => waiting(x) === 'Unsupported');
  });
  it('disk over an emptyDir\'s limit evicts, by the node\'s clock', async () => {
    await n.run('full', { containers: [{ ...sh('echo more than nothing > /e/f; sleep infinity'), volumeMounts: [{ name: 'e', mountPath: '/e' }] }], volumes: [{ name: 'e', emptyDir: { sizeLimit: '1Ki' } }] });
    const at = n.clock.now();
    const p = await n.pod('full', x => x.status?.phase === 'Failed', 'Failed', 500);
    expect(p.status).toMatchObject({ reason: 'Evicted', message: 'Usage of EmptyDir volume "e" exceeds the limit "1Ki". ' });
    expect(n.clock.now() - at).toBeLessThan(30_000);
  });
  it('a resize is applied in place, and by a restart where the container wants one', async () => {
    const resize = (name: string, memory: string) => n.client.patch(pods, 'default', name, 'application/strategic-merge-patch+json', { spec: { containers: [{ name: 'main', resources: { requests: { memory: '8Mi' }, limits: { memory } } }] } }, 'resize');
    const c = { name: 'main', image: 'nginx:1', resources: { requests: { memory: '8Mi' }, limits: { memory: '16Mi' } } };
    await n.run('grow', { containers: [c] }); await n.run('regrow', { containers: [{ ...c, resizePolicy: [{ resourceName: 'memory', restartPolicy: 'RestartContainer' }] }] });
    await n.ready('grow'); await n.ready('regrow');
    for (const [name, restarts] of [['grow', 0], ['regrow', 1]] as const) {
      await resize(name, '32Mi');
      const p = await n.pod(name, x => status(x)?.resources?.limits?.['memory'] === '32Mi' && status(x)?.ready && !x.status?.conditions?.some(y => y.type.startsWith('PodResize')));
      expect(status(p)?.restartCount).toBe(restarts);
    }
  });
  it('postStart and preStop run; a failed postStart kills', async () => {
    await n.run('hooks', { containers: [{ name: 'main', image: 'nginx:1', lifecycle: { postStart: { exec: { command: ['true'] } }, preStop: { sleep: { seconds: 3 } } } }] });
    await n.ready('hooks');
    const t0 = n.clock.now();
    await n.client.delete(pods, 'default', 'hooks'); await n.gone('hooks');
    expect(n.clock.now() - t0).toBeGreaterThanOrEqual(3000);
    await n.run('badhook', { containers: [{ name: 'main', image: 'nginx:1', lifecycle: { postStart: { exec: { command: ['false'] } } } }] });
    await n.event('badhook', 'FailedPostStartHook: PostStartHook failed');
  });
  it('a start that fails is RunContainerError, then CrashLoopBackOff', async () => {
    await n.run('nocmd', { containers: [{ name: 'main', image: 'nginx:1', command: ['/no-such-program'] }] });
    const p = await n.pod('nocmd', x => waiting(x) === 'CrashLoopBackOff');
    expect(status(p)?.lastState?.terminated).toMatchObject({ exitCode: 128, reason: 'StartError' });
    await n.event('nocmd', 'Failed: Error: failed to start container "main": exec: "/no-such-program"');
  });
  it('a finalizer keeps the object, not the containers', async () => {
    await n.run('held', {}, { finalizers: ['example.com/hold'] }); await n.ready('held');
    await n.client.delete(pods, 'default', 'held');
    await n.until('containers gone', async () => !(await n.runtime.list()).some(s => s.podName === 'held') || undefined);
    expect((await n.get('held'))?.metadata?.deletionTimestamp).toBeDefined();
    await n.client.patch(pods, 'default', 'held', 'application/merge-patch+json', { metadata: { finalizers: null } });
    await n.gone('held');
  });
  it('a dead sandbox is replaced, restart counts go on', async () => {
    await n.run('boxed', {}); await n.ready('boxed');
    const box = (await n.runtime.list()).find(s => s.podName === 'boxed')!;
    await n.runtime.stopSandbox(box.id);
    const p = await n.pod('boxed', x => (status(x)?.restartCount ?? 0) === 1 && status(x)?.ready);
    expect(status(p)?.lastState?.terminated?.exitCode).toBe(137);
    expect((await n.runtime.list()).filter(s => s.podName === 'boxed' && s.ready).map(s => s.attempt)).toEqual([1]);
    await n.event('boxed', 'SandboxChanged: Pod sandbox changed, it will be killed and re-created.');
  });
  it('log options: timestamps, tail, limitBytes; errors in kubelet\'s words', async () => {
    await n.run('lines', 'echo 1; echo 2; echo 3; sleep infinity'); await n.ready('lines');
    expect(await logs('lines', 'main', { tailLines: 2 })).toBe('2\n3\n');
    expect(await logs('lines', 'main', { limitBytes: 3 })).toBe('1\n2');
    expect(await logs('lines', 'main', { timestamps: true })).toMatch(/^\d{4}-\S+Z 1\n/);
    await expect(logs('lines', 'main', { previous: true })).rejects.toThrow('previous terminated container "main" in pod "lines" not found');
    await expect(n.agent.backend.exec('default', 'lines', 'nope', ['true'])).rejects.toThrow('container not found ("nope")');
    expect(JSON.stringify(await n.agent.backend.statsSummary())).toContain('"name":"lines"');
    expect(n.agent.backend.metrics()).toContain('kubelet_running_pods');
  });
});

// How containers and pods end, with real processes: signals, grace, messages, codes, memory, deadlines, restarts, images that cannot be had.
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { pod as pods } from '../../core/api/kinds/core/pod.ts';
import { FOREVER, RUNTIMES, RealNode, sh, statusOf } from './real-node.ts';

describe.each(RUNTIMES)('ends on %s', runtime => {
  let n: RealNode;
  beforeAll(async () => { n = await RealNode.start(runtime); });
  afterAll(async () => { await n.close(); });
  const trapping = (signal: string, code: number, more = {}) => sh(`trap "exit ${code}" ${signal}; trap "" TERM; touch /up; while :; do sleep 0.05; done`, { ...more, readinessProbe: { exec: { command: ['test', '-e', '/up'] }, periodSeconds: 1 } });

  it('exit codes, signals, OOMKilled, a program that is not there, messages from file and log', async () => {
    await n.run('codes', { restartPolicy: 'Never', containers: [
      { ...sh('exit 0'), name: 'zero' }, { ...sh('exit 42'), name: 'code' }, { ...sh('sh -c "kill -SEGV \\$\\$"; exit $?'), name: 'signal' },
      { ...sh('x=aaaaaaaaaaaaaaaa; while :; do x=$x$x; done'), name: 'oom', resources: { limits: { memory: '24Mi' } } },
      { ...sh(''), name: 'none', command: ['/no/such'] }, { ...sh('no-such-program'), name: 'shell' },
      { ...sh('echo -n told > /tmp/why; exit 3'), name: 'file', terminationMessagePath: '/tmp/why' },
      { ...sh('echo out; echo last words >&2; exit 4'), name: 'fallback', terminationMessagePolicy: 'FallbackToLogsOnError' },
      { ...sh('echo no words; exit 0'), name: 'quiet', terminationMessagePolicy: 'FallbackToLogsOnError' },
      { ...sh('head -c 9000 /dev/zero | tr "\\0" x > /dev/termination-log; exit 1'), name: 'much' },
    ] });
    const p = await n.until('codes', x => x?.status?.phase === 'Failed');
    const end = (c: string) => statusOf(p, c)?.state?.terminated;
    expect(end('zero')).toMatchObject({ exitCode: 0, reason: 'Completed' });
    expect(end('code')).toMatchObject({ exitCode: 42, reason: 'Error' });
    expect(end('signal')).toMatchObject({ exitCode: 139, reason: 'Error' });
    expect(end('oom')).toMatchObject({ exitCode: 137, reason: 'OOMKilled' });
    // What the runtime could not start ended with 128; a shell that did not find a program ran, and says 127 itself.
    expect(end('none')).toMatchObject({ reason: 'StartError', exitCode: 128 });
    expect(end('shell')).toMatchObject({ reason: 'Error', exitCode: 127 });
    expect(end('none')?.message).toMatch(/no such file|not found/);
    expect(end('file')?.message).toBe('told');
    expect(end('fallback')?.message?.split('\n').sort()).toEqual(['', 'last words', 'out']);
    expect(end('quiet')?.message).toBeUndefined();
    expect(end('much')?.message).toHaveLength(4096);
  });

  it('the stop signal is the pod\'s; a shorter grace asked for later counts; a forced delete ends at once', async () => {
    await n.run('signal', { os: { name: 'linux' }, restartPolicy: 'Never', terminationGracePeriodSeconds: 30, containers: [trapping('USR1', 7, { lifecycle: { stopSignal: 'SIGUSR1' } })] }, { finalizers: ['example.com/hold'] });
    await n.run('late', { terminationGracePeriodSeconds: 600, containers: [trapping('HUP', 0)] });
    await n.run('forced', { terminationGracePeriodSeconds: 600, containers: [trapping('HUP', 0)] });
    for (const name of ['signal', 'late', 'forced']) await n.ready(name);
    const from = Date.now();
    await n.delete('signal'); await n.delete('late'); await n.delete('forced', 0);
    const p = await n.until('signal', x => statusOf(x)?.state?.terminated);
    expect(statusOf(p)?.state?.terminated?.exitCode).toBe(7);
    await n.client.patch(pods, 'default', 'signal', 'application/merge-patch+json', { metadata: { finalizers: null } });
    await n.eventually('forced one ended', async () => !(await n.runtime.list()).some(s => s.podName === 'forced'));
    expect((await n.get('late'))?.metadata?.deletionTimestamp).toBeDefined();
    await n.delete('late', 1);
    await n.gone('late');
    expect(Date.now() - from).toBeLessThan(30_000);
  });

  it('restart policies, init containers that fail and come again, deadlines', async () => {
    const once = 'test -e /e/x && exit 0; touch /e/x; exit 1';
    const e = { volumeMounts: [{ name: 'e', mountPath: '/e' }] }; const volumes = [{ name: 'e', emptyDir: {} }];
    await n.run('onfailure', { restartPolicy: 'OnFailure', containers: [sh(once, e)], volumes });
    await n.run('init', { restartPolicy: 'OnFailure', initContainers: [{ ...sh(once, e), name: 'i' }], containers: [sh('cat /e/x && echo in order', e)], volumes });
    await n.run('never', { restartPolicy: 'Never', initContainers: [{ ...sh('exit 5'), name: 'i' }], containers: [sh('echo must not run')] });
    await n.run('deadline', { activeDeadlineSeconds: 3, containers: [sh(FOREVER)] });
    await n.run('always', { restartPolicy: 'Always', containers: [sh('exit 0')] });
    // First: its back-off doubles while the others are waited for.
    const p = await n.until('always', x => statusOf(x)?.state?.waiting?.reason === 'CrashLoopBackOff');
    expect(statusOf(p)?.state?.waiting?.message).toBe(`back-off 10s restarting failed container=main pod=always_default(${p.metadata!.uid})`);
    const never = await n.until('never', p => p?.status?.phase === 'Failed');
    expect([statusOf(never, 'i')?.state?.terminated?.exitCode, statusOf(never)?.state?.waiting?.reason]).toEqual([5, 'PodInitializing']);
    expect((await n.until('deadline', p => p?.status?.phase === 'Failed')).status).toMatchObject({ reason: 'DeadlineExceeded', message: 'Pod was active on the node longer than the specified deadline' });
    for (const name of ['onfailure', 'init']) expect(statusOf(await n.until(name, x => x?.status?.phase === 'Succeeded'), name === 'init' ? 'i' : 'main')?.restartCount).toBe(1);
    expect(await n.logs('init')).toContain('in order');
  });

  it('images that cannot be had and settings that are missing, in Kubernetes\' words', async () => {
    const c = (image: string, imagePullPolicy?: string) => [{ name: 'main', image, command: ['true'], ...(imagePullPolicy ? { imagePullPolicy } : {}) }];
    await n.run('pull', { containers: c('127.0.0.1:1/none:1') });
    await n.run('never2', { containers: c('127.0.0.1:1/none:1', 'Never') });
    await n.run('name', { containers: c('Not/Valid:1') });
    await n.run('present', { restartPolicy: 'Never', containers: c('alpine:3.20', 'Never') });
    await n.run('env', { containers: [sh('true', { env: [{ name: 'A', valueFrom: { configMapKeyRef: { name: 'nope', key: 'k' } } }] })] });
    await n.run('from', { containers: [sh('true', { envFrom: [{ secretRef: { name: 'nosecret' } }] })] });
    await n.run('sub', { containers: [sh('true', { volumeMounts: [{ name: 'e', mountPath: '/e', subPathExpr: '$(NO)' }] })], volumes: [{ name: 'e', emptyDir: {} }] });
    const waiting = async (name: string, reason: string): Promise<string> => statusOf(await n.until(name, p => statusOf(p)?.state?.waiting?.reason === reason))?.state?.waiting?.message ?? '';
    await n.event('pull', /^Failed: Failed to pull image "127\.0\.0\.1:1\/none:1": /);
    await n.event('pull', 'Failed: Error: ErrImagePull');
    expect(await waiting('pull', 'ImagePullBackOff')).toMatch(/^Back-off pulling image "127\.0\.0\.1:1\/none:1": ErrImagePull: /);
    await n.event('pull', 'BackOff: Back-off pulling image "127.0.0.1:1/none:1"');
    expect(await waiting('never2', 'ErrImageNeverPull')).toBe('Container image "127.0.0.1:1/none:1" is not present with pull policy of Never');
    expect(await waiting('name', 'InvalidImageName')).toBe('Failed to apply default image tag "Not/Valid:1": couldn\'t parse image name "Not/Valid:1": invalid reference format: repository name must be lowercase');
    await n.event('present', 'Pulled: Container image "alpine:3.20" already present on machine');
    expect(await waiting('env', 'CreateContainerConfigError')).toBe('configmap "nope" not found');
    expect(await waiting('from', 'CreateContainerConfigError')).toBe('secret "nosecret" not found');
    expect(await waiting('sub', 'CreateContainerConfigError')).toBe('missing value for "NO"');
    await n.event('env', 'Failed: Error: configmap "nope" not found');
  });
});

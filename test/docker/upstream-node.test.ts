// What Kubernetes' own suites of the node (test/e2e/common/node, test/e2e/node) ask of one, with real containers: one node per runtime, pods side by side.
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { pod as PODS } from '../../core/api/kinds/core/pod.ts';
import type { Container, Pod } from '../../core/api/types/kubernetes.ts';
import { FOREVER, RUNTIMES, RealNode, sh, statusOf } from './real-node.ts';

const condition = (p: Pod | undefined, type: string) => p?.status?.conditions?.find(c => c.type === type);
const named = (name: string, script: string, more: Partial<Container> = {}): Container => sh(script, { name, ...more });

describe.concurrent.each(RUNTIMES)('upstream node suites on %s', runtime => {
  let n: RealNode;
  beforeAll(async () => { n = await RealNode.start(runtime); });
  afterAll(async () => { await n.close(); });

  const CGROUP = 'cd /sys/fs/cgroup; cat memory/memory.limit_in_bytes cpu/cpu.cfs_quota_us cpu/cpu.shares 2>/dev/null || { cat memory.max; cut -d" " -f1 cpu.max; }';
  it('resources of a pod as a whole: containers share its limits, it has its own group, a resize reaches both, memory over the whole ends who asked for it', async () => {
    const limit = '[ -r /sys/fs/cgroup/memory/memory.limit_in_bytes ] && cat /sys/fs/cgroup/memory/memory.limit_in_bytes || cat /sys/fs/cgroup/memory.max';
    await n.run('whole', { restartPolicy: 'Never', resources: { requests: { cpu: '200m', memory: '48Mi' }, limits: { cpu: '500m', memory: '96Mi' } }, containers: [
      named('free', FOREVER, { env: [{ name: 'MOST', valueFrom: { resourceFieldRef: { resource: 'limits.memory' } } }] }), named('own', FOREVER, { resources: { limits: { memory: '32Mi', cpu: '100m' } } }),
    ] });
    await n.run('shared', { restartPolicy: 'Never', resources: { limits: { memory: '64Mi' } }, containers: [
      named('quiet', `head -c 40000000 /dev/zero > /m/x; touch /m/up; ${FOREVER}`, { volumeMounts: [{ name: 'm', mountPath: '/m' }] }),
      named('greedy', 'while [ ! -e /m/up ]; do sleep 0.05; done; x=a; i=0; while [ $i -lt 25 ]; do x=$x$x; i=$((i+1)); done; echo fits', { volumeMounts: [{ name: 'm', mountPath: '/m' }] }),
    ], volumes: [{ name: 'm', emptyDir: { medium: 'Memory' } }] });
    let p = await n.ready('whole');
    expect(p.status).toMatchObject({ qosClass: 'Burstable', allocatedResources: { cpu: '200m', memory: '48Mi' }, resources: { requests: { cpu: '200m', memory: '48Mi' }, limits: { cpu: '500m', memory: '96Mi' } } });
    expect((await n.exec('whole', ['sh', '-c', `${CGROUP}; echo $MOST`], 'free')).out).toMatch(/^100663296\n50000\n(512\n)?100663296\n$/);
    expect((await n.exec('whole', ['sh', '-c', limit], 'own')).out).toBe(`${32 << 20}\n`);
    await n.client.patch(PODS, 'default', 'whole', 'application/strategic-merge-patch+json', { spec: { resources: { limits: { cpu: '800m', memory: '128Mi' }, requests: { cpu: '300m' } } } }, 'resize');
    p = await n.until('whole', x => x?.status?.resources?.limits?.['memory'] === '128Mi' && !condition(x, 'PodResizeInProgress') && !condition(x, 'PodResizePending'));
    expect(p.status).toMatchObject({ allocatedResources: { cpu: '300m', memory: '48Mi' }, resources: { limits: { cpu: '800m', memory: '128Mi' } } });
    expect(statusOf(p, 'free')?.restartCount).toBe(0);
    expect((await n.exec('whole', ['sh', '-c', CGROUP], 'free')).out).toMatch(/^134217728\n80000\n/);
    expect((await n.exec('whole', ['sh', '-c', limit], 'own')).out).toBe(`${32 << 20}\n`);
    p = await n.until('shared', x => statusOf(x, 'greedy')?.state?.terminated);
    expect(statusOf(p, 'greedy')?.state?.terminated).toMatchObject({ exitCode: 137, reason: 'OOMKilled' });
    for (const name of ['whole', 'shared']) await n.delete(name, 0);
  });

  it('a rule starts all containers anew, init containers first, in the same sandbox with its volumes', async () => {
    const e = { volumeMounts: [{ name: 'e', mountPath: '/e' }] };
    await n.run('anew', { restartPolicy: 'Never', volumes: [{ name: 'e', emptyDir: {} }], initContainers: [named('setup', 'echo init >> /e/log', e)], containers: [
      named('work', `echo work >> /e/log; ${FOREVER}`, { ...e, lifecycle: { preStop: { exec: { command: ['sh', '-c', 'echo stop >> /e/log'] } } } }), named('short', 'echo short >> /e/log', e),
      named('watch', 'while [ ! -e /e/again ]; do [ -e /e/asked ] && { sleep 0.5; touch /e/again; exit 88; }; sleep 0.05; done; sleep 1000', { ...e, restartPolicy: 'Never', restartPolicyRules: [{ action: 'RestartAllContainers', exitCodes: { operator: 'In', values: [88] } }] }),
    ] });
    const before = await n.until('anew', x => statusOf(x, 'short')?.state?.terminated && statusOf(x, 'watch')?.state?.running && statusOf(x, 'work')?.state?.running);
    expect(condition(before, 'AllContainersRestarting')).toMatchObject({ status: 'False' });
    const phases = new Set<string | undefined>();
    expect((await n.exec('anew', ['touch', '/e/asked'], 'work')).code).toBe(0);
    const p = await n.until('anew', x => { phases.add(x?.status?.phase); return statusOf(x, 'short')?.restartCount === 1 && statusOf(x, 'short')?.state?.terminated && statusOf(x, 'watch')?.state?.running && statusOf(x, 'work')?.state?.running; });
    expect([...phases]).toEqual(['Running']);
    expect(p.status?.podIP).toBe(before.status?.podIP);
    for (const c of ['setup', 'work', 'short', 'watch']) {
      expect(statusOf(p, c)).toMatchObject({ restartCount: 1, lastState: { terminated: { exitCode: 137, reason: 'RestartingAllContainers', message: 'The container is removed because RestartAllContainers in place' } } });
      expect(statusOf(p, c)?.containerID).not.toBe(statusOf(before, c)?.containerID);
    }
    expect(condition(p, 'AllContainersRestarting')).toMatchObject({ status: 'False' });
    expect(condition(p, 'Initialized')).toMatchObject({ status: 'True' });
    const log = (await n.exec('anew', ['cat', '/e/log'], 'work')).out.trim().split('\n');
    expect([log[0], log.slice(1, 3).sort(), log[3], log.slice(4).sort()]).toEqual(['init', ['short', 'work'], 'init', ['short', 'work']]);
    await n.delete('anew', 0);
  });

  it('what comes after a container with a postStart hook starts when the hook has run, and is not shown as running before', async () => {
    const e = { volumeMounts: [{ name: 'e', mountPath: '/e' }] }, hook = (name: string) => ({ lifecycle: { postStart: { exec: { command: ['sh', '-c', `while [ ! -e /e/go-${name} ]; do sleep 0.05; done; echo hook-${name} >> /e/log`] } } } });
    await n.run('hooked', { volumes: [{ name: 'e', emptyDir: {} }], initContainers: [named('side', `echo side >> /e/log; ${FOREVER}`, { ...e, ...hook('side'), restartPolicy: 'Always' })], containers: [
      named('first', `echo first >> /e/log; touch /e/go-side-seen; ${FOREVER}`, { ...e, ...hook('first') }), named('second', `echo second >> /e/log; ${FOREVER}`, e),
    ] });
    const touch = (container: string, file: string): Promise<boolean> => n.eventually(`${file} in ${container}`, async () => { try { return (await n.runtimeExec('hooked', container, ['touch', file])).code === 0; } catch { return false; } });
    await n.eventually('the sidecar runs', async () => (await n.runtimeState('hooked', 'side')) === 'running');
    expect(statusOf(await n.get('hooked'), 'side')?.state?.running).toBeUndefined();
    await touch('side', '/e/go-side');
    await n.eventually('the first runs', async () => (await n.runtimeState('hooked', 'first')) === 'running');
    expect(await n.runtimeState('hooked', 'second')).not.toBe('running');
    expect((await n.get('hooked'))?.status).toMatchObject({ phase: 'Pending' });
    await touch('side', '/e/go-first');
    await n.ready('hooked');
    const log = (await n.exec('hooked', ['cat', '/e/log'], 'second')).out.trim().split('\n');
    expect(log.indexOf('second')).toBe(4);
    expect([log.slice(0, 2).sort(), log.slice(2, 4).sort()]).toEqual([['hook-side', 'side'], ['first', 'hook-first']]);
    await n.delete('hooked', 0);
  });

  it('variables from a file an init container has written; a message of whoever runs there', async () => {
    const v = { volumeMounts: [{ name: 'v', mountPath: '/data' }] }, from = (key: string, more = {}) => ({ name: key, valueFrom: { fileKeyRef: { volumeName: 'v', path: 'sub/config.env', key, ...more } } });
    const write = named('write', "mkdir /data/sub; printf \"A='one'\\nB='two'\\n\" > /data/sub/config.env", v), volumes = [{ name: 'v', emptyDir: {} }];
    await n.run('file', { restartPolicy: 'Never', volumes, initContainers: [write], containers: [sh('echo "$A $B ${C-unset}"', { env: [from('A'), from('B'), from('C', { optional: true })] })] });
    await n.run('nokey', { restartPolicy: 'Never', volumes, initContainers: [write], containers: [sh('true', { env: [from('Z')] })] });
    await n.run('escape', { restartPolicy: 'Never', volumes, initContainers: [named('write', 'mkdir /data/sub; ln -s /etc/passwd /data/sub/config.env', v)], containers: [sh('true', { env: [from('A')] })] });
    await n.run('message', { restartPolicy: 'Never', securityContext: { runAsUser: 1000, runAsNonRoot: true }, containers: [sh('echo -n DONE > /dev/termination-custom-log', { terminationMessagePath: '/dev/termination-custom-log' })] });
    await n.until('file', x => x?.status?.phase === 'Succeeded');
    expect(await n.logs('file')).toBe('one two unset\n');
    expect(statusOf(await n.until('nokey', x => statusOf(x)?.state?.waiting?.reason === 'CreateContainerConfigError'))?.state?.waiting?.message).toBe('environment variable key "Z" not found in file "sub/config.env"');
    expect(statusOf(await n.until('escape', x => statusOf(x)?.state?.waiting?.reason === 'CreateContainerConfigError'))?.state?.waiting?.message).toBe("couldn't parse env file");
    expect(statusOf(await n.until('message', x => x?.status?.phase === 'Succeeded'))?.state?.terminated).toMatchObject({ reason: 'Completed', message: 'DONE' });
    for (const name of ['file', 'nokey', 'escape', 'message']) await n.delete(name, 0);
  });
});

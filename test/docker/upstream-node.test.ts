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
      named('watch', 'while [ ! -e /e/again ]; do [ -e /e/asked ] && { rm /e/asked; touch /e/again; exit 88; }; sleep 0.05; done; sleep 1000', { ...e, restartPolicy: 'Never', restartPolicyRules: [{ action: 'RestartAllContainers', exitCodes: { operator: 'In', values: [88] } }] }),
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
});

// Limits that are watched and limits that change: disk over its limit evicts, a resize reaches the running container's cgroup.
import { availableParallelism } from 'node:os';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { pod as pods } from '../../core/api/kinds/core/pod.ts';
import type { Container, Pod } from '../../core/api/types/kubernetes.ts';
import { FOREVER, RUNTIMES, RealNode, sh, statusOf } from './real-node.ts';

describe.each(RUNTIMES)('limits on %s', runtime => {
  let n: RealNode;
  beforeAll(async () => { n = await RealNode.start(runtime); });
  afterAll(async () => { await n.close(); });
  const write = (file: string, mi: number): string => `dd if=/dev/zero of=${file} bs=1M count=${mi} 2>/dev/null; echo written; ${FOREVER}`;
  const disk = (limit: string) => ({ resources: { limits: { 'ephemeral-storage': limit } } });

  it('disk over its limit evicts the pod: an emptyDir, the writable layer, logs, one container of two; within it nothing happens', async () => {
    const e = (name: string) => ({ volumeMounts: [{ name, mountPath: '/e' }] });
    const v = (name: string, sizeLimit?: string) => ({ volumes: [{ name, emptyDir: sizeLimit ? { sizeLimit } : {} }] });
    await n.run('dir', { ...v('scratch', '1Mi'), containers: [sh(write('/e/x', 4), e('scratch'))] });
    await n.run('layer', { containers: [sh(write('/x', 4), disk('1Mi'))] });
    await n.run('both', { ...v('d'), containers: [sh(write('/e/x', 4), { ...disk('2Mi'), ...e('d') })] });
    await n.run('logs', { containers: [sh(`head -c 3000000 /dev/urandom | od; ${FOREVER}`, disk('1Mi'))] });
    await n.run('two', { containers: [sh(write('/x', 4), disk('1Mi')), sh(FOREVER, { name: 'other', ...disk('100Mi') })] });
    await n.run('within', { ...v('d', '8Mi'), containers: [sh(write('/e/x', 4), { ...disk('8Mi'), ...e('d') })] });
    const said: Record<string, string> = {
      dir: 'Usage of EmptyDir volume "scratch" exceeds the limit "1Mi". ', layer: 'Pod ephemeral local storage usage exceeds the total limit of containers 1Mi. ', both: 'Pod ephemeral local storage usage exceeds the total limit of containers 2Mi. ',
      logs: 'Pod ephemeral local storage usage exceeds the total limit of containers 1Mi. ', two: 'Container main exceeded its local ephemeral storage limit "1Mi". ',
    };
    for (const [name, message] of Object.entries(said)) {
      const p = await n.until(name, x => x?.status?.phase === 'Failed', 40_000);
      expect(p.status).toMatchObject({ reason: 'Evicted', message });
      await n.event(name, `Evicted: ${message}`);
      expect(statusOf(p)?.state?.terminated).toBeDefined();
    }
    expect((await n.get('within'))?.status?.phase).toBe('Running');
    await n.run('much', { containers: [sh('true', { resources: { requests: { 'ephemeral-storage': '1Ei' } } })] });
    expect((await n.until('much', x => x?.status?.phase === 'Failed')).status?.reason).toBe('OutOfephemeral-storage');
    for (const name of [...Object.keys(said), 'within', 'much']) { await n.delete(name, 0); await n.gone(name); }
  });

  const CGROUP = 'cd /sys/fs/cgroup; cat memory/memory.limit_in_bytes cpu/cpu.cfs_quota_us cpu/cpu.shares 2>/dev/null || { cat memory.max; cut -d" " -f1 cpu.max; }';
  const resize = (name: string, resources: Container['resources']): Promise<Pod> => n.client.patch<Pod>(pods, 'default', name, 'application/strategic-merge-patch+json', { spec: { containers: [{ name: 'main', resources }] } }, 'resize');
  const condition = (p: Pod | undefined, type: string) => p?.status?.conditions?.find(c => c.type === type);
  const applied = (name: string, which: 'limits' | 'requests', values: object) => n.until(name, p => { const s = statusOf(p); return Object.entries(values).every(([k, x]) => s?.resources?.[which]?.[k] === x) && !condition(p, 'PodResizePending') && !condition(p, 'PodResizeInProgress'); });

  it('a resize is applied to the running container; one that wants a restart gets it', async () => {
    await n.run('live', { containers: [sh(FOREVER, { resizePolicy: [{ resourceName: 'cpu', restartPolicy: 'NotRequired' }, { resourceName: 'memory', restartPolicy: 'NotRequired' }], resources: { requests: { cpu: '100m', memory: '32Mi' }, limits: { cpu: '200m', memory: '64Mi' } } })] });
    const before = statusOf(await n.ready('live'));
    expect(before).toMatchObject({ resources: { limits: { cpu: '200m', memory: '64Mi' } }, allocatedResources: { cpu: '100m', memory: '32Mi' } });
    await resize('live', { requests: { cpu: '250m', memory: '48Mi' }, limits: { cpu: '500m', memory: '96Mi' } });
    const after = statusOf(await applied('live', 'limits', { cpu: '500m', memory: '96Mi' }));
    expect(after).toMatchObject({ restartCount: 0, containerID: before!.containerID, allocatedResources: { cpu: '250m', memory: '48Mi' } });
    expect((await n.exec('live', ['sh', '-c', CGROUP])).out).toMatch(/^100663296\n50000\n(256\n)?$/);
    await n.event('live', 'ResizeStarted: ');
    await n.event('live', 'ResizeCompleted: ');
    await n.delete('live', 0);

    await n.run('again', { containers: [sh(FOREVER, { resizePolicy: [{ resourceName: 'memory', restartPolicy: 'RestartContainer' }], resources: { limits: { memory: '64Mi', cpu: '300m' }, requests: { memory: '32Mi', cpu: '100m' } } })] });
    await n.ready('again');
    await resize('again', { limits: { memory: '40Mi', cpu: '300m' }, requests: { memory: '32Mi', cpu: '100m' } });
    await n.event('again', 'Killing: Container main resize requires restart');
    expect(statusOf(await applied('again', 'limits', { memory: '40Mi' }))).toMatchObject({ restartCount: 1 });
    expect((await n.exec('again', ['sh', '-c', CGROUP])).out).toMatch(/^41943040\n30000\n/);
    await n.delete('again', 0); await n.gone('again'); await n.gone('live');
  });

  it('a resize the node cannot give waits, and says whether for room or for ever', async () => {
    const cpus = availableParallelism() * 1000;
    const asks = (cpu: number) => ({ resources: { requests: { cpu: `${cpu}m` } } });
    await n.run('other', { containers: [sh(FOREVER, asks(cpus - 500))] });
    await n.run('small', { containers: [sh(FOREVER, asks(100))] });
    await n.ready('other'); await n.ready('small');
    await resize('small', { requests: { cpu: `${cpus + 1}m` } });
    let p = await n.until('small', x => condition(x, 'PodResizePending'));
    expect(condition(p, 'PodResizePending')).toMatchObject({ status: 'True', reason: 'Infeasible', message: `Node didn't have enough capacity: cpu, requested: ${cpus + 1}, capacity: ${cpus}` });
    expect(statusOf(p)).toMatchObject({ allocatedResources: { cpu: '100m' }, resources: { requests: { cpu: '100m' } } });
    await resize('small', { requests: { cpu: '600m' } });
    // The pods of the tests before may still be ending, and count until they have ended.
    const deferred = `Node didn't have enough resource: cpu, requested: 600, used: ${cpus - 500}, capacity: ${cpus}`;
    p = await n.until('small', x => condition(x, 'PodResizePending')?.reason === 'Deferred' && condition(x, 'PodResizePending')?.message === deferred);
    await n.event('small', 'ResizeInfeasible: '); await n.event('small', 'ResizeDeferred: ');
    await n.delete('other', 0);
    p = await applied('small', 'requests', { cpu: '600m' });
    expect(statusOf(p)).toMatchObject({ restartCount: 0, allocatedResources: { cpu: '600m' } });
    await n.delete('small', 0);
  });
});

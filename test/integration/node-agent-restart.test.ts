import { rmSync } from 'node:fs';
import { afterEach, expect, it } from 'vitest';
import { pod as pods } from '../../core/api/kinds/core/pod.ts';
import type { Pod } from '../../core/api/types/kubernetes.ts';
import { createSimulatedRuntime } from '../../core/node/runtime/simulated/simulated.ts';
import { TestNode } from '../harness/node.ts';

const cleanups: (() => Promise<void> | void)[] = [];
afterEach(async () => { for (const c of cleanups.splice(0).reverse()) await c(); });

it('adopts what runs after a restart of the agent, and ends orphans', async () => {
  const a = await TestNode.start();
  cleanups.push(() => a.api.stop(), () => rmSync(a.dataDir, { recursive: true, force: true }));
  await a.run('stays', {}); const before = await a.ready('stays');
  await a.run('leaves', {}); await a.ready('leaves');
  await a.close({ leaveRunning: true, keepApi: true });
  await a.client.delete(pods, 'default', 'leaves', { gracePeriodSeconds: 0 });
  const b = await TestNode.start({ api: a.api, clock: a.clock, runtime: a.runtime, dataDir: a.dataDir });
  cleanups.push(() => b.close({ keepApi: true }));
  await b.until('orphan gone', async () => !(await b.runtime.list()).some(s => s.podName === 'leaves') || undefined);
  await b.clock.advance(1000);
  const after = await b.ready('stays');
  expect(after.status?.containerStatuses?.[0]).toMatchObject({ containerID: before.status?.containerStatuses?.[0]?.containerID, restartCount: 0 });
  expect(after.status?.podIP).toBe(before.status?.podIP);
  const list = await b.runtime.list();
  expect(list.filter(s => s.podName === 'stays')).toHaveLength(1);
  await b.runtime.stopContainer(list.find(s => s.podName === 'stays')!.containers[0]!.id, 0);
  await b.pod('stays', p => p.status?.containerStatuses?.[0]?.restartCount === 1 && p.status.containerStatuses[0].ready);
});

it('starts pods again whose runtime lost them; restart counts go on', async () => {
  const a = await TestNode.start();
  cleanups.push(() => a.api.stop(), () => rmSync(a.dataDir, { recursive: true, force: true }));
  await a.run('web', {}); await a.ready('web');
  await a.run('job', { restartPolicy: 'Never', containers: [{ name: 'main', image: 'alpine:3', command: ['true'] }] });
  await a.pod('job', p => p.status?.phase === 'Succeeded');
  await a.close({ keepApi: true });
  expect(await a.runtime.list()).toEqual([]);
  const b = await TestNode.start({ api: a.api, clock: a.clock, dataDir: a.dataDir, runtime: await createSimulatedRuntime({ nodeName: 'n1', clusterId: 'test2' }, a.clock) });
  cleanups.push(() => b.close({ keepApi: true }));
  const p = await b.pod('web', x => x.status?.containerStatuses?.[0]?.restartCount === 1 && x.status.containerStatuses[0].ready);
  expect(p.status?.containerStatuses?.[0]?.lastState?.terminated).toMatchObject({ exitCode: 137, reason: 'ContainerStatusUnknown' });
  expect((await b.get('job'))?.status?.phase).toBe('Succeeded');
});

it('shows the control plane as mirror pods whose restarts count starts of the host', async () => {
  const a = await TestNode.start({ config: { controlPlane: true } });
  cleanups.push(() => a.api.stop(), () => rmSync(a.dataDir, { recursive: true, force: true }));
  const system = async (n: TestNode): Promise<Pod[]> => (await n.client.list<Pod>(pods, { namespace: 'kube-system' })).items;
  const list = await a.until('mirror pods', async () => { const l = await system(a); return l.length === 7 && l.every(p => p.status?.phase === 'Running') ? l : undefined; });
  expect(list.map(p => p.metadata!.name!.replace(/^(coredns|kube-proxy)-.*/, '$1-*')).sort()).toEqual(['coredns-*', 'etcd-n1', 'kube-apiserver-n1', 'kube-controller-manager-n1', 'kube-proxy-*', 'kube-scheduler-n1', 'storage-provisioner']);
  expect(await a.runtime.list()).toEqual([]);
  await expect(a.agent.backend.exec('kube-system', 'etcd-n1', undefined, ['sh'])).rejects.toThrow('runs inside the host process');
  await a.client.delete(pods, 'kube-system', 'etcd-n1');
  const uid = list.find(p => p.metadata?.name === 'etcd-n1')?.metadata?.uid;
  await a.until('etcd back', async () => (await system(a)).some(p => p.metadata?.name === 'etcd-n1' && p.metadata.uid !== uid && p.status?.phase === 'Running') || undefined);
  await a.close({ keepApi: true });
  const b = await TestNode.start({ api: a.api, clock: a.clock, dataDir: a.dataDir, config: { controlPlane: true } });
  cleanups.push(() => b.close({ keepApi: true }));
  await b.until('restarts', async () => (await system(b)).every(p => p.status?.containerStatuses?.[0]?.restartCount === 1) || undefined);
});

it('runs hundreds of simulated pods', async () => {
  const a = await TestNode.start({ config: { maxPods: 2000, maxParallelStarts: 64, podCidr: '10.244.0.0/20' } });
  cleanups.push(() => a.close());
  const count = 250;
  for (let i = 0; i < count; i++) await a.run(`p${i}`, {});
  await a.until('all ready', async () => (await a.client.list<Pod>(pods, { namespace: 'default' })).items.filter(p => p.status?.conditions?.some(c => c.type === 'Ready' && c.status === 'True')).length === count || undefined);
  expect(a.agent.backend.pods().filter(p => p.metadata?.namespace === 'default')).toHaveLength(count);
});

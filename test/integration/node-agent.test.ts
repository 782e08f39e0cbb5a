import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { node as nodes } from '../../core/api/kinds/core/node.ts';
import { lease } from '../../core/api/kinds/coordination/lease.ts';
import type { Lease, Node } from '../../core/api/types/kubernetes.ts';
import { TestNode } from '../harness/node.ts';

describe('node agent', () => {
  let n: TestNode;
  beforeAll(async () => { n = await TestNode.start(); });
  afterAll(async () => { await n.close(); });

  it('registers the node with true capacity, Ready, and a lease', async () => {
    const node = await n.client.get<Node>(nodes, undefined, 'n1');
    expect(node.status?.conditions?.find(c => c.type === 'Ready')).toMatchObject({ status: 'True', reason: 'KubeletReady', message: 'kubelet is posting ready status' });
    expect(Number(node.status?.capacity?.['cpu'])).toBeGreaterThan(0);
    expect(node.status?.nodeInfo).toMatchObject({ kubeletVersion: 'v1.36.0+test', operatingSystem: 'linux', containerRuntimeVersion: 'simulated://1.0.0' });
    expect(node.metadata?.labels?.['kubernetes.io/hostname']).toBe('n1');
    expect(node.spec?.podCIDR).toBe('10.244.0.0/24');
    const l = await n.until('lease', () => n.client.get<Lease>(lease, 'kube-node-lease', 'n1').catch(() => undefined), 0);
    const first = l.spec?.renewTime;
    await n.until('renewal', async () => (await n.client.get<Lease>(lease, 'kube-node-lease', 'n1')).spec?.renewTime !== first || undefined, 1000);
  });

  it('extended resources that somebody adds to its capacity are there for pods, until they are taken away', async () => {
    const set = (amount: string | null): Promise<Node> => n.client.patch<Node>(nodes, undefined, 'n1', 'application/merge-patch+json', { status: { capacity: { 'example.com/fakecpu': amount } } }, 'status');
    const offered = async (): Promise<string | undefined> => (await n.client.get<Node>(nodes, undefined, 'n1')).status?.allocatable?.['example.com/fakecpu'];
    await set('1000');
    await n.until('there', async () => (await offered()) === '1k' || undefined, 5000);
    await set(null);
    await n.until('gone', async () => (await offered()) === undefined || undefined, 5000);
  });

  it('runs a pod to Ready', async () => {
    await n.run('web', {});
    const p = await n.ready('web');
    expect(p.status).toMatchObject({ phase: 'Running', qosClass: 'BestEffort', hostIP: '127.0.0.1', podIP: expect.stringMatching(/^10\.244\.0\./) as string });
    expect(p.status?.containerStatuses).toMatchObject([{ name: 'main', ready: true, started: true, restartCount: 0, image: 'nginx:1', containerID: expect.stringMatching(/^simulated:\/\//) as string }]);
    expect(p.status?.conditions?.map(c => `${c.type}=${c.status}`).sort()).toEqual(['ContainersReady=True', 'Initialized=True', 'PodReadyToStartContainers=True', 'PodScheduled=True', 'Ready=True']);
    for (const t of ['Pulling: Pulling image "nginx:1"', 'Pulled: Successfully pulled image "nginx:1" in', 'Created: Created container: main', 'Started: Started container main']) await n.event('web', t);
  });

  it('deletes it gracefully', async () => {
    await n.run('bye', {});
    await n.ready('bye');
    await n.client.delete({ group: '', version: 'v1', kind: 'Pod', plural: 'pods', namespaced: true }, 'default', 'bye');
    await n.gone('bye');
    await n.event('bye', 'Killing: Stopping container main');
    expect((await n.runtime.list()).some(s => s.podName === 'bye')).toBe(false);
  });
});

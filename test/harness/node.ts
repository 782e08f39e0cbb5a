// A node for tests: real API server over a memory store, real agent with a node's rights, simulated runtime, a clock that moves when told.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { EVENTS, createRecorder } from '../../core/client/create-recorder.ts';
import { createInformerFactory } from '../../core/client/informer-factory.ts';
import { configMap } from '../../core/api/kinds/core/config-map.ts';
import { namespace } from '../../core/api/kinds/core/namespace.ts';
import { pod as pods } from '../../core/api/kinds/core/pod.ts';
import { isNotFound } from '../../core/api/meta/status.ts';
import type { ConfigMap, CoreEvent, Pod, PodSpec } from '../../core/api/types/kubernetes.ts';
import { FakeClock } from '../../core/base/clock.ts';
import { silentLog, type Log } from '../../core/base/log.ts';
import { MANAGER, nodeUser } from '../../core/boot/workers.ts';
import type { Client } from '../../core/client/client.ts';
import { createNodeAgent, type NodeAgent, type NodeConfig } from '../../core/node/agent.ts';
import { createIpam } from '../../core/node/ipam.ts';
import type { Runtime } from '../../core/node/runtime/runtime.ts';
import { createSimulatedRuntime } from '../../core/node/runtime/simulated/simulated.ts';
import { TestApi } from './api-server.ts';

export interface TestNodeOptions { config?: Partial<NodeConfig>; runtime?: Runtime; log?: Log; api?: TestApi; clock?: FakeClock; dataDir?: string }

export class TestNode {
  readonly api: TestApi; readonly clock: FakeClock; readonly client: Client; readonly runtime: Runtime; readonly agent: NodeAgent; readonly dataDir: string;
  readonly #stop: () => void;
  readonly #ownsApi: boolean;

  private constructor(x: { api: TestApi; clock: FakeClock; client: Client; runtime: Runtime; agent: NodeAgent; dataDir: string; stop: () => void; ownsApi: boolean }) {
    this.api = x.api; this.clock = x.clock; this.client = x.client; this.runtime = x.runtime; this.agent = x.agent; this.dataDir = x.dataDir; this.#stop = x.stop; this.#ownsApi = x.ownsApi;
  }

  static async start(o: TestNodeOptions = {}): Promise<TestNode> {
    const clock = o.clock ?? new FakeClock(Date.now());
    const api = o.api ?? await TestApi.start({ clock });
    const client = api.client();
    if (!o.api) {
      await client.create(namespace, { metadata: { name: 'kube-node-lease' } });
      for (const ns of ['default', 'kube-system']) await client.create<ConfigMap>(configMap, { metadata: { name: 'kube-root-ca.crt', namespace: ns }, data: { 'ca.crt': api.pki.ca.cert } });
    }
    const dataDir = o.dataDir ?? mkdtempSync(join(tmpdir(), 'pilothouse-node-'));
    const runtime = o.runtime ?? await createSimulatedRuntime({ nodeName: 'n1', clusterId: 'test' }, clock);
    const own = api.client(nodeUser('n1')), informers = createInformerFactory(api.client(MANAGER), { clock, log: silentLog });
    const ipam = createIpam('10.244.0.0/24');
    const agent = createNodeAgent({
      nodeName: 'n1', client: own, informers, recorder: createRecorder(own, { component: 'kubelet', host: 'n1', clock, log: silentLog }), runtime, clock, log: o.log ?? silentLog,
      network: { ...ipam, hostAddresses: ['127.0.0.1'] },
      config: { dataDir, podCidr: '10.244.0.0/24', clusterDns: '10.96.0.10', clusterDomain: 'cluster.local', maxPods: 110, labels: {}, taints: [], kubeletPort: 10250, hostIP: '127.0.0.1', maxParallelStarts: 4, gitVersion: 'v1.36.0+test', ...o.config },
    });
    await agent.start();
    return new TestNode({ api, clock, client, runtime, agent, dataDir, stop: () => informers.stop(), ownsApi: !o.api });
  }

  /** Creates a pod bound to this node; a string is a container's shell script. */
  run(name: string, spec: string | Partial<PodSpec>, more: Partial<NonNullable<Pod['metadata']>> = {}): Promise<Pod> {
    const s = typeof spec === 'string' ? { containers: [{ name: 'main', image: 'alpine:3', command: ['sh', '-c', spec] }] } : spec;
    return this.client.create<Pod>(pods, { metadata: { name, namespace: 'default', ...more }, spec: { nodeName: 'n1', containers: [{ name: 'main', image: 'nginx:1' }], ...s } });
  }
  async get(name: string, ns = 'default'): Promise<Pod | undefined> {
    try { return await this.client.get<Pod>(pods, ns, name); } catch (e) { if (isNotFound(e)) return undefined; throw e; }
  }
  /** Waits, moving the clock by `stepMs` (0: time stands still), until `check` gives a value. */
  async until<T>(what: string, check: () => Promise<T | undefined | false> | T | undefined | false, stepMs = 50): Promise<T> {
    for (let i = 0; i < 1500; i++) {
      const got = await check();
      if (got !== undefined && got !== false) return got as T;
      await this.clock.advance(stepMs);
      await sleep(i < 100 ? 1 : 4);
    }
    throw new Error(`timed out waiting for ${what}`);
  }
  pod(name: string, ok: (p: Pod) => unknown, what = name, stepMs = 50): Promise<Pod> {
    let last: Pod | undefined;
    return this.until(what, async () => { last = await this.get(name); return last && ok(last) ? last : undefined; }, stepMs).catch((e: unknown) => { throw new Error(`${(e as Error).message}: ${JSON.stringify(last?.status)}`); });
  }
  ready(name: string): Promise<Pod> { return this.pod(name, p => p.status?.conditions?.some(c => c.type === 'Ready' && c.status === 'True'), `${name} to be ready`); }
  gone(name: string, stepMs = 50): Promise<true> { return this.until(`${name} to be gone`, async () => (await this.get(name)) === undefined || undefined, stepMs); }
  /** `reason: message` of the pod's events. */
  async events(name: string): Promise<string[]> {
    const list = await this.client.list<CoreEvent>(EVENTS, { namespace: 'default' });
    return list.items.filter(e => e.involvedObject.name === name).map(e => `${e.reason ?? ''}: ${e.message ?? ''}`);
  }
  event(name: string, text: string): Promise<string> { return this.until(`event "${text}" of ${name}`, async () => (await this.events(name)).find(e => e.includes(text))); }

  async close(o: { leaveRunning?: boolean; keepApi?: boolean } = {}): Promise<void> {
    await this.agent.close({ leaveRunning: o.leaveRunning ?? false });
    this.#stop();
    if (!o.keepApi) { rmSync(this.dataDir, { recursive: true, force: true }); if (this.#ownsApi) await this.api.stop(); }
  }
}

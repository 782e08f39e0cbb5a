// A node with real containers for tests: real API server over a memory store, real agent, one of the two real runtimes, the machine's own clock.
import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PassThrough, Writable } from 'node:stream';
import { setTimeout as sleep } from 'node:timers/promises';
import { configMap } from '../../core/api/kinds/core/config-map.ts';
import { namespace } from '../../core/api/kinds/core/namespace.ts';
import { pod as pods } from '../../core/api/kinds/core/pod.ts';
import { isNotFound } from '../../core/api/meta/status.ts';
import type { ConfigMap, Container, ContainerStatus, CoreEvent, Pod, PodSpec } from '../../core/api/types/kubernetes.ts';
import { systemClock } from '../../core/base/clock.ts';
import { silentLog } from '../../core/base/log.ts';
import type { Client } from '../../core/client/client.ts';
import { EVENTS, createRecorder } from '../../core/client/create-recorder.ts';
import { createInformerFactory } from '../../core/client/informer-factory.ts';
import { createNodeAgent, type NodeAgent } from '../../core/node/agent.ts';
import { createIpam } from '../../core/node/ipam.ts';
import { createDockerRuntime, resetDocker } from '../../core/node/runtime/docker/docker.ts';
import { createSandboxRuntime, resetSandbox } from '../../core/node/runtime/sandbox/sandbox.ts';
import type { ContainerState, Runtime, RuntimeConfig } from '../../core/node/runtime/runtime.ts';
import type { LogQuery } from '../../core/node/server/backend.ts';
import { TestApi } from '../harness/api-server.ts';

export type RealRuntime = 'docker' | 'sandbox';
export const RUNTIMES: readonly RealRuntime[] = ['docker', 'sandbox'];
const ARCHIVES = '/var/cache/pilothouse-test-images';
const BUILD = new URL('../images/build.sh', import.meta.url).pathname;
let subnets = 60 + process.pid % 60;

export const ALPINE = 'alpine:3.20';
export const PYTHON = 'python:3';
/** A container that runs a shell script. */
export const sh = (script: string, more: Partial<Container> = {}): Container => ({ name: 'main', image: ALPINE, imagePullPolicy: 'IfNotPresent', command: ['sh', '-c', script], ...more });
/** A container that runs a Python program. */
export const py = (program: string, more: Partial<Container> = {}): Container => ({ name: 'main', image: PYTHON, imagePullPolicy: 'IfNotPresent', command: ['python3', '-u', '-c', program], ...more });
export const FOREVER = 'trap "exit 0" TERM; while :; do sleep 0.05; done';

export class RealNode {
  readonly api: TestApi; readonly client: Client; readonly runtime: Runtime; readonly agent: NodeAgent; readonly dir: string;
  readonly #end: () => Promise<void>;
  private constructor(x: { api: TestApi; client: Client; runtime: Runtime; agent: NodeAgent; dir: string; end: () => Promise<void> }) { this.api = x.api; this.client = x.client; this.runtime = x.runtime; this.agent = x.agent; this.dir = x.dir; this.#end = x.end; }

  /** `images`: what the sandbox runtime finds on its machine; the others must be in Docker already. */
  static async start(name: RealRuntime, o: { logMaxBytes?: number; logMaxFiles?: number; images?: readonly string[] } = {}): Promise<RealNode> {
    const images = o.images ?? [ALPINE];
    execFileSync('bash', [BUILD, ...(name === 'sandbox' ? ['--out', ARCHIVES] : []), ...images], { stdio: 'ignore' });
    const api = await TestApi.start(); const client = api.client();
    const dir = mkdtempSync(join(tmpdir(), `pilothouse-real-${name}-`));
    await client.create(namespace, { metadata: { name: 'kube-node-lease' } });
    await client.create<ConfigMap>(configMap, { metadata: { name: 'kube-root-ca.crt', namespace: 'default' }, data: { 'ca.crt': api.pki.ca.cert } });
    const n = subnets++;
    const config: RuntimeConfig = { nodeName: 'n1', stateDir: join(dir, 'runtime'), clusterPodCidr: `10.99.${n}.0/24`, podCidr: `10.99.${n}.0/24`, gateway: `10.99.${n}.1`, clusterId: `r${process.pid}${n}`, logMaxBytes: o.logMaxBytes ?? 10 << 20, logMaxFiles: o.logMaxFiles ?? 5 };
    if (name === 'sandbox') {
      mkdirSync(join(config.stateDir, 'images'), { recursive: true });
      for (const i of images) { const file = `${i.replace(/[:/]/g, '_')}.tar`; if (existsSync(join(ARCHIVES, file))) symlinkSync(join(ARCHIVES, file), join(config.stateDir, 'images', file)); }
    }
    const runtime = name === 'docker' ? await createDockerRuntime(config, silentLog) : await createSandboxRuntime(config, silentLog);
    const informers = createInformerFactory(client, { clock: systemClock, log: silentLog });
    const agent = createNodeAgent({
      nodeName: 'n1', client, informers, recorder: createRecorder(client, { component: 'kubelet', host: 'n1', clock: systemClock, log: silentLog }), runtime, clock: systemClock, log: silentLog,
      network: { ...createIpam(config.podCidr, [config.gateway]), hostAddresses: ['127.0.0.1'] },
      config: { dataDir: dir, podCidr: config.podCidr, clusterDns: '10.96.0.10', clusterDomain: 'cluster.local', maxPods: 110, labels: {}, taints: [], kubeletPort: 0, hostIP: '127.0.0.1', maxParallelStarts: 4, gitVersion: 'v1.36.0+test' },
    });
    await agent.start();
    return new RealNode({ api, client, runtime, agent, dir, end: async () => {
      await agent.close({ leaveRunning: false });
      informers.stop(); await api.stop();
      if (name === 'docker') await resetDocker(config.clusterId, silentLog); else await resetSandbox(config, silentLog);
      rmSync(dir, { recursive: true, force: true });
    } });
  }
  close(): Promise<void> { return this.#end(); }

  /** Makes the pod; one of this name that a first try of the test has left goes before it. */
  async run(name: string, spec: Partial<PodSpec>, metadata: Partial<NonNullable<Pod['metadata']>> = {}): Promise<Pod> {
    if (await this.get(name)) { await this.delete(name, 0); await this.gone(name); }
    return this.client.create<Pod>(pods, { metadata: { name, namespace: 'default', ...metadata }, spec: { nodeName: 'n1', terminationGracePeriodSeconds: 1, containers: [], ...spec } });
  }
  /** Runs to its end; the output of its only container. */
  async output(name: string, spec: Partial<PodSpec>): Promise<string> {
    await this.run(name, { restartPolicy: 'Never', ...spec });
    const p = await this.until(name, x => x?.status?.phase === 'Succeeded' || x?.status?.phase === 'Failed');
    const text = await this.logs(name, p.spec?.containers[0]?.name ?? '');
    await this.client.delete(pods, 'default', name, { gracePeriodSeconds: 0 });
    return text;
  }
  async get(name: string): Promise<Pod | undefined> {
    try { return await this.client.get<Pod>(pods, 'default', name); } catch (e) { if (isNotFound(e)) return undefined; throw e; }
  }
  async until(name: string, ok: (p: Pod | undefined) => unknown, ms = 25_000): Promise<Pod> {
    let p: Pod | undefined;
    for (const end = Date.now() + ms; Date.now() < end; await sleep(40)) {
      p = await this.get(name);
      if (ok(p)) return p!;
    }
    throw new Error(`${name}: ${JSON.stringify(p?.status)} ${JSON.stringify(await this.events(name))}`);
  }
  ready(name: string): Promise<Pod> { return this.until(name, p => p?.status?.conditions?.some(c => c.type === 'Ready' && c.status === 'True')); }
  async eventually<T>(what: string, check: () => Promise<T | undefined | false | ''> | T | undefined | false | '', ms = 40_000): Promise<T> {
    for (const end = Date.now() + ms; Date.now() < end; await sleep(50)) { const got = await check(); if (got) return got; }
    throw new Error(`timed out waiting for ${what}`);
  }
  async events(name: string): Promise<string[]> {
    const list = await this.client.list<CoreEvent>(EVENTS, { namespace: 'default' });
    return list.items.filter(e => e.involvedObject.name === name).map(e => `${e.reason ?? ''}: ${e.message ?? ''}`);
  }
  async event(name: string, words: string | RegExp): Promise<string> {
    try { return await this.eventually(`event of ${name}`, async () => (await this.events(name)).find(e => (typeof words === 'string' ? e.includes(words) : words.test(e)))); }
    catch { throw new Error(`no event ${String(words)} of ${name}: ${JSON.stringify(await this.events(name))}`); }
  }
  async logs(name: string, container = 'main', q: Partial<LogQuery> = {}): Promise<string> {
    const out: Buffer[] = [];
    for await (const b of await this.agent.backend.logs('default', name, container, { follow: false, previous: false, timestamps: false, signal: new AbortController().signal, ...q })) out.push(b);
    return Buffer.concat(out).toString();
  }
  async exec(name: string, command: string[], container?: string): Promise<{ code: number; out: string }> {
    let out = '';
    const sink = (): Writable => new Writable({ write(c: Buffer, _, done) { out += c.toString(); done(); } });
    const run = await this.agent.backend.exec('default', name, container, command);
    const code = await run({ tty: false, stdout: sink(), stderr: sink(), signal: AbortSignal.timeout(20_000) });
    return { code, out };
  }
  /** What the runtime itself says of a container, which the API may not show yet. */
  async runtimeState(name: string, container: string): Promise<string | undefined> { return (await this.#container(name, container))?.phase; }
  async #container(name: string, container: string): Promise<ContainerState | undefined> { return (await this.runtime.list()).find(s => s.podName === name)?.containers.findLast(c => c.name === container); }
  /** Runs a command in a container whatever the API says of it. */
  async runtimeExec(name: string, container: string, command: string[]): Promise<{ code: number }> {
    return { code: await this.runtime.exec((await this.#container(name, container))!.id, command, { tty: false, signal: AbortSignal.timeout(20_000) }) };
  }
  async attach(name: string, stdin?: string): Promise<string> {
    let out = '';
    const sink = (): Writable => new Writable({ write(c: Buffer, _, done) { out += c.toString(); done(); } });
    const input = new PassThrough();
    const run = await this.agent.backend.attach('default', name, undefined);
    if (stdin !== undefined) input.end(stdin);
    await run({ tty: false, stdin: input, stdout: sink(), stderr: sink(), signal: AbortSignal.timeout(20_000) });
    return out;
  }
  delete(name: string, gracePeriodSeconds?: number): Promise<unknown> { return this.client.delete(pods, 'default', name, gracePeriodSeconds === undefined ? {} : { gracePeriodSeconds }); }
  gone(name: string, ms = 25_000): Promise<Pod> { return this.until(name, p => p === undefined, ms); }
}

export const statusOf = (p: Pod | undefined, name = 'main'): ContainerStatus | undefined => [...(p?.status?.containerStatuses ?? []), ...(p?.status?.initContainerStatuses ?? []), ...(p?.status?.ephemeralContainerStatuses ?? [])].find(s => s.name === name);

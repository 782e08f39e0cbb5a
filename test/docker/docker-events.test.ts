// Docker's event stream breaks (a daemon that restarts, a connection that is cut): nothing that happened meanwhile may be missed. A
// proxy before the daemon's socket cuts and refuses event streams while everything else goes through.
import { execFileSync } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { connect, createServer, type Server, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, expect, it } from 'vitest';
import { createLog } from '../../core/base/log.ts';
import { createDockerRuntime, resetDocker } from '../../core/node/runtime/docker/docker.ts';
import type { ContainerSpec, Runtime, RuntimeConfig, RuntimeEvent } from '../../core/node/runtime/runtime.ts';
import { eventually } from '../harness/host.ts';

const DAEMON = '/var/run/docker.sock';
const docker = (...args: string[]): string => execFileSync('docker', ['-H', `unix://${DAEMON}`, ...args], { encoding: 'utf8' }).trim();

/** Stands before the daemon. */
class Proxy {
  readonly path: string;
  readonly #server: Server;
  /** Event streams that are open now. */
  readonly streams = new Set<Socket>();
  /** New event streams are refused. */
  down = false;
  /** Lists are refused too. */
  noLists = false;
  /** Of the next event only this many bytes get through before the connection breaks. */
  cutAfter: number | undefined;
  refused = 0;
  readonly #all = new Set<Socket>();

  constructor(path: string) {
    this.path = path;
    this.#server = createServer(client => this.#accept(client)).listen(path);
  }

  #accept(client: Socket): void {
    const daemon = connect({ path: DAEMON });
    const end = (): void => { client.destroy(); daemon.destroy(); this.streams.delete(client); this.#all.delete(client); };
    this.#all.add(client);
    for (const s of [client, daemon]) { s.on('error', end); s.on('close', end); }
    client.on('data', (d: Buffer) => {
      const head = d.toString('latin1', 0, 200);
      if (head.startsWith('GET /events')) {
        if (this.down) { this.refused++; end(); return; }
        this.streams.add(client);
      }
      if (this.noLists && head.startsWith('GET /containers/json')) { this.refused++; end(); return; }
      daemon.write(d);
    });
    daemon.on('data', (d: Buffer) => {
      if (this.streams.has(client) && this.cutAfter !== undefined && d.includes('timeNano')) {
        const part = d.subarray(0, this.cutAfter);
        this.cutAfter = undefined;
        client.write(part, end);
      } else client.write(d);
    });
  }
  cut(): void { for (const s of this.streams) s.destroy(); }
  close(): void { this.#server.close(); for (const s of this.#all) s.destroy(); }
}

const config: RuntimeConfig = { nodeName: 'n1', stateDir: '/nonexistent', clusterPodCidr: '10.245.0.0/16', podCidr: '10.245.1.0/24', gateway: '10.245.0.1', clusterId: `ev${process.pid}`, logMaxBytes: 20_000, logMaxFiles: 3 };
const dir = mkdtempSync(join(tmpdir(), 'pilothouse-events-'));
const events: RuntimeEvent[] = [];
let said = '';
const log = createLog('debug', line => { said += line; });
let proxy: Proxy; let runtime: Runtime; let image = ''; let next = 9;

beforeAll(async () => {
  execFileSync('bash', [new URL('../images/build.sh', import.meta.url).pathname, 'alpine:latest'], { stdio: 'ignore' });
  proxy = new Proxy(join(dir, 'docker.sock'));
  process.env['DOCKER_HOST'] = `unix://${proxy.path}`;
  runtime = await createDockerRuntime(config, log);
  await runtime.start(e => { events.push(e); });
  image = (await runtime.imageStatus('alpine'))?.id ?? '';
});
afterAll(async () => {
  await runtime.close();
  await resetDocker(config.clusterId, log);
  proxy.close();
  delete process.env['DOCKER_HOST'];
  rmSync(dir, { recursive: true, force: true });
});
beforeEach(async () => { Object.assign(proxy, { down: false, noLists: false, cutAfter: undefined }); await connected(); events.length = 0; said = ''; });

const connected = (): Promise<unknown> => eventually('one event stream', () => proxy.streams.size === 1);
const saw = (type: RuntimeEvent['type'], id: string): boolean => events.some(e => e.type === type && (e.containerId ?? e.sandboxId) === id);
const spec = (script: string): ContainerSpec => ({ name: 'app', attempt: 0, imageId: image, image: 'alpine', command: ['sh', '-c', script], env: [], mounts: [], resources: {}, security: { privileged: false, readOnlyRootFilesystem: false, noNewPrivileges: false, supplementalGroups: [], capAdd: [], capDrop: [] }, tty: false, stdin: false, stdinOnce: false, labels: {} });
const box = (): Promise<string> => runtime.runSandbox({ podName: 'web', podNamespace: 'shop', podUid: randomUUID(), attempt: 0, hostname: 'web', ip: `10.245.1.${++next}`, hostNetwork: false, hostPID: false, hostIPC: false, shareProcessNamespace: false, sysctls: {}, ports: [], resources: {}, labels: {} }).then(s => s.id);
async function app(sandbox: string, script = 'sleep 1000'): Promise<string> { const id = await runtime.createContainer(sandbox, spec(script)); await runtime.startContainer(id); return id; }

/** Event streams are cut and refused while `work` runs. */
async function outage(work: () => Promise<void>): Promise<void> {
  proxy.down = true;
  const before = proxy.refused;
  proxy.cut();
  await eventually('a refused stream', () => proxy.refused > before);
  await work();
  proxy.down = false;
  await connected();
}

it('tells of a container and a sandbox that died meanwhile', async () => {
  const first = await box(), second = await box();
  const one = await app(first), other = await app(second);
  await outage(async () => { docker('kill', one); docker('kill', second); await Promise.resolve(); });
  await eventually('both deaths', () => saw('container-died', one) && saw('sandbox-died', second), 5_000, 20);
  expect(saw('container-died', other)).toBe(false);
  expect((await runtime.container(one))?.phase).toBe('exited');
});

it('tells of a container that was started and died, all unheard', async () => {
  const sandbox = await box();
  let id = '';
  await outage(async () => {
    id = await app(sandbox, 'exit 3');
    await eventually('its end', async () => (await runtime.container(id))?.phase === 'exited', 5_000, 20);
  });
  await eventually('its death', () => saw('container-died', id), 5_000, 20);
});

it('tells of a container that died and was started again', async () => {
  const id = await app(await box());
  await eventually('its start', () => saw('container-started', id), 5_000, 20);
  events.length = 0;
  await outage(async () => { docker('restart', '-t', '0', id); await Promise.resolve(); });
  await eventually('death and start', () => saw('container-died', id) && saw('container-started', id), 5_000, 20);
});

it('hears on after a connection that broke inside an event, which comes again', async () => {
  const id = await app(await box());
  await eventually('its start', () => saw('container-started', id), 5_000, 20);
  proxy.cutAfter = 40;
  docker('kill', id);
  await eventually('its death', () => saw('container-died', id), 5_000, 20);
  expect(said).toContain('reconnecting');
  await connected();
});

it('keeps one stream however often it is cut, also when the daemon answers only half', async () => {
  const id = await app(await box());
  for (let i = 0; i < 3; i++) {
    proxy.noLists = true;
    const before = proxy.refused;
    proxy.cut();
    await eventually('a refused list', () => proxy.refused > before);
    proxy.noLists = false;
    await connected();
  }
  events.length = 0;
  docker('kill', id);
  await eventually('its death', () => saw('container-died', id), 5_000, 20);
  // One stream tells one death.
  expect(events.filter(e => e.type === 'container-died' && e.containerId === id)).toHaveLength(1);
  expect(proxy.streams.size).toBe(1);
});

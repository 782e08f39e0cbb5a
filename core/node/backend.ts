// What the node's HTTPS server may ask: checks in kubelet's words first, then the runtime.
import type { Duplex } from 'node:stream';
import { failure } from '../api/meta/status.ts';
import type { Container, Pod } from '../api/types/kubernetes.ts';
import { chooseRun, logBytes } from './logs.ts';
import { COMPONENT_PORTS, isMirror, mirrorLog } from './mirror-pods.ts';
import type { NodeContext } from './node-context.ts';
import { members } from './pod-record.ts';
import type { PodWorker } from './pod-worker.ts';
import { dialTcp } from './runtime/docker/dial.ts';
import type { StreamOptions } from './runtime/runtime.ts';
import type { LogQuery, NodeBackend } from './server/backend.ts';
import type { Stats } from './stats.ts';

export interface Workers {
  /** The worker of a pod by namespace and name. */
  find(namespace: string, name: string): PodWorker | undefined;
  all(): PodWorker[];
  /** Mirror pods of this node: in the API, not run by the agent. */
  mirror(namespace: string, name: string): Pod | undefined;
  mirrors(): Pod[];
}

async function* once(text: string): AsyncGenerator<Buffer> { yield Buffer.from(text); }

export class Backend implements NodeBackend {
  readonly nodeName: string;
  readonly #ctx: NodeContext;
  readonly #workers: Workers;
  readonly #stats: Stats;
  /** Containers somebody has been attached to. */
  readonly #attached = new Set<string>();
  constructor(ctx: NodeContext, workers: Workers, stats: Stats) { this.nodeName = ctx.nodeName; this.#ctx = ctx; this.#workers = workers; this.#stats = stats; }

  #worker(namespace: string, name: string): PodWorker {
    const w = this.#workers.find(namespace, name);
    if (!w) throw failure(404, 'NotFound', `pod "${name}" not found in namespace "${namespace}" on node "${this.nodeName}"`);
    return w;
  }
  #refuseMirror(namespace: string, name: string): void {
    if (this.#workers.mirror(namespace, name)) throw failure(400, 'BadRequest', `pod ${name} stands for a component that runs inside the host process: it has no container to enter`);
  }

  pods(): Pod[] { return [...this.#workers.all().map(w => ({ ...w.pod, status: w.status })), ...this.#workers.mirrors()]; }

  async logs(namespace: string, pod: string, container: string, q: LogQuery): Promise<AsyncIterable<Buffer>> {
    const mirror = this.#workers.mirror(namespace, pod);
    if (mirror && isMirror(mirror)) return once(mirrorLog(mirror));
    const w = this.#worker(namespace, pod);
    const status = [...(w.status.containerStatuses ?? []), ...(w.status.initContainerStatuses ?? []), ...(w.status.ephemeralContainerStatuses ?? [])].find(s => s.name === container);
    const run = chooseRun(w.pod, container, w.runs(container), status, q.previous);
    return logBytes(this.#ctx.runtime, run.state.id, q, this.#ctx.clock);
  }

  #name(w: PodWorker, container: string | undefined): string { return container || w.pod.metadata?.annotations?.['kubectl.kubernetes.io/default-container'] || (w.pod.spec?.containers[0]?.name ?? ''); }
  #containerSpec(namespace: string, pod: string, container: string | undefined): Container | undefined {
    const w = this.#worker(namespace, pod);
    return members(w.pod).find(m => m.container.name === this.#name(w, container))?.container;
  }

  /** The running container, the first of the pod when none is named. */
  #running(namespace: string, pod: string, container: string | undefined): string {
    this.#refuseMirror(namespace, pod);
    const w = this.#worker(namespace, pod);
    const name = this.#name(w, container);
    const run = w.runs(name)?.at(-1);
    if (run?.state.phase !== 'running') throw failure(404, 'NotFound', `container not found ("${name}")`);
    return run.state.id;
  }

  async exec(namespace: string, pod: string, container: string | undefined, command: readonly string[]): Promise<(o: StreamOptions) => Promise<number>> {
    const id = this.#running(namespace, pod, container);
    if (command.length === 0) throw failure(400, 'BadRequest', 'you must specify at least one command for the container');
    return o => this.#ctx.runtime.exec(id, command, o);
  }
  async attach(namespace: string, pod: string, container: string | undefined): Promise<(o: StreamOptions) => Promise<void>> {
    const id = this.#running(namespace, pod, container);
    // Whoever runs a program to talk to it once (kubectl run -i) wants all it says, also what it said before they were there.
    const once = this.#containerSpec(namespace, pod, container)?.stdinOnce ?? false;
    const replay = once && !this.#attached.has(id);
    if (once) this.#attached.add(id);
    return o => this.#ctx.runtime.attach(id, { ...o, replay });
  }
  async portForward(namespace: string, pod: string): Promise<(port: number) => Promise<Duplex>> {
    const mirror = this.#workers.mirror(namespace, pod), own = COMPONENT_PORTS[mirror?.metadata?.labels?.['component'] ?? ''], host = mirror?.status?.podIP;
    // Only the component's own port, and not of the machine's loopback: a host is more than its cluster.
    if (own && host && !host.startsWith('127.'))
      return port => (port === own ? dialTcp(host, port) : Promise.reject(failure(400, 'BadRequest', `pod ${pod} stands for a component that runs inside the host process: only its port ${own} can be reached`)));
    this.#refuseMirror(namespace, pod);
    const sandbox = this.#worker(namespace, pod).sandbox;
    if (!sandbox) throw failure(404, 'NotFound', `sandbox of pod "${pod}" is not running`);
    return port => this.#ctx.runtime.dial(sandbox.id, port);
  }
  statsSummary(o: { onlyCpuAndMemory?: boolean } = {}): Promise<unknown> { return this.#stats.summary(this.nodeName, this.#workers.all(), o.onlyCpuAndMemory ?? false); }
  metrics(): string { return this.#stats.metrics(this.nodeName, this.#workers.all()); }
}

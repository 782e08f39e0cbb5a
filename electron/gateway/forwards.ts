// Ports of pods on this machine's loopback. A forward belongs to the host, not to a window: it lives until it is stopped or the
// host ends, and goes on with another pod when the one behind it is gone.
import { createServer, type AddressInfo, type Server, type Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { resourcePath, type KubeList, type KubeObject, type ResourceType } from '../../core/api/meta/object.ts';
import type { Container, LabelSelector, Pod, Service } from '../../core/api/types/kubernetes.ts';
import type { Log } from '../../core/base/log.ts';
import type { PortForward } from '../../core/client/port-forward.ts';
import type { ForwardRequest } from '../contract/app-calls.ts';
import { resource, type Forward } from '../contract/frames.ts';
import { object, optional, text, whole } from '../contract/shape.ts';
import type { ClusterSource, Upstream } from './seam.ts';
import type { AppHandler } from './session.ts';
import { GatewayError, wireErrorOf } from './wire-error.ts';

const PODS: ResourceType = { group: '', version: 'v1', kind: 'Pod', plural: 'pods', namespaced: true };
const HOST = '127.0.0.1';
const request = object({ cluster: text, namespace: text, resource, name: text, port: whole, localPort: optional(whole) });

interface Target { pod: string; port: number }
interface Running { info: Forward; server: Server; sockets: Set<Duplex>; link?: Promise<{ forward: PortForward; port: number }>; stopped: boolean }

export class Forwards {
  readonly #source: ClusterSource;
  readonly #log: Log;
  readonly #changed: (list: readonly Forward[]) => void;
  readonly #running = new Map<string, Running>();
  #serial = 0;

  /** `changed` hears the whole list after every change. */
  constructor(source: ClusterSource, log: Log, changed: (list: readonly Forward[]) => void) { this.#source = source; this.#log = log; this.#changed = changed; }

  list(): Forward[] { return [...this.#running.values()].map(r => r.info); }

  /**
   * Opens the way to a pod and listens on 127.0.0.1; resolves when connections are taken. Rejects with the server's Status, with
   * GatewayError when there is no pod or no such port, or with the system's error when the local port is taken.
   */
  async open(q: ForwardRequest): Promise<Forward> {
    const cluster = this.#source.list().find(c => c.id === q.cluster);
    if (!cluster) throw new GatewayError(`no cluster "${q.cluster}"`, 404);
    if (cluster.protected) throw new GatewayError(`${cluster.name} is protected: no port of it is opened from here`, 403);
    const info: Forward = { id: `f${++this.#serial}`, ...q, localPort: q.localPort ?? 0, host: HOST, pod: '', connections: 0 };
    const r: Running = { info, server: createServer({ allowHalfOpen: true }, s => { void this.#take(r, s); }), sockets: new Set(), stopped: false };
    const first = await this.#connect(r);
    try {
      await new Promise<void>((done, fail) => { r.server.once('error', fail); r.server.listen(info.localPort, HOST, done); });
    } catch (error) {
      r.stopped = true;
      first.forward.close();
      throw (error as { code?: string }).code === 'EADDRINUSE' ? new GatewayError(`port ${info.localPort} of this machine is in use`, 409) : error;
    }
    r.server.on('error', e => this.#update(r, { error: e.message }));
    info.localPort = (r.server.address() as AddressInfo).port;
    this.#running.set(info.id, r);
    this.#tell();
    return info;
  }

  /** Ends it and every connection through it; false when there is none such. */
  stop(id: string): boolean {
    const r = this.#running.get(id);
    if (!r) return false;
    this.#running.delete(id);
    r.stopped = true;
    r.server.close();
    for (const s of r.sockets) s.destroy();
    void r.link?.then(l => l.forward.close(), () => undefined);
    this.#tell();
    return true;
  }

  close(): void { for (const id of this.#running.keys()) this.stop(id); }

  #tell(): void { this.#changed(this.list()); }
  #update(r: Running, change: Partial<Forward>): void { Object.assign(r.info, change); if (this.#running.has(r.info.id)) this.#tell(); }

  /** The open way to a pod, made anew when the last one has ended: the pod behind it may be another now. */
  #connect(r: Running): Promise<{ forward: PortForward; port: number }> {
    if (r.link) return r.link;
    const link = (async () => {
      const upstream = await this.#source.upstream(r.info.cluster);
      const target = await resolve(upstream, r.info);
      const forward = await upstream.forward(r.info.namespace, target.pod);
      if (r.stopped) { forward.close(); throw new GatewayError('stopped'); }
      r.info.pod = target.pod;
      void forward.closed.then(() => { if (r.link === link) r.link = undefined; });
      return { forward, port: target.port };
    })();
    r.link = link;
    link.catch(() => { if (r.link === link) r.link = undefined; });
    return link;
  }

  async #take(r: Running, socket: Socket): Promise<void> {
    r.sockets.add(socket);
    const failed = (e: unknown): void => {
      if (r.stopped) return;
      const { message } = wireErrorOf(e);
      this.#log.debug('forwarded connection', { forward: r.info.id, error: message });
      this.#update(r, { error: message });
    };
    // Whoever connected may hang up at any time: that is no fault of the forward.
    socket.on('error', () => socket.destroy());
    try {
      const { forward, port } = await this.#connect(r);
      const remote = await forward.connect(port);
      r.sockets.add(remote);
      this.#update(r, { connections: r.info.connections + 1, error: undefined });
      remote.on('error', failed);
      await Promise.allSettled([pipeline(socket, remote), pipeline(remote, socket)]);
      r.sockets.delete(remote);
      this.#update(r, { connections: r.info.connections - 1 });
    } catch (error) { failed(error); } finally { socket.destroy(); r.sockets.delete(socket); }
  }
}

/** The pod and its port behind an object: itself, or one that runs and is ready of those it selects. */
async function resolve(upstream: Upstream, q: Forward): Promise<Target> {
  const get = <T>(path: string, query?: Record<string, string>): Promise<T> => upstream.transport.request({ method: 'GET', path, query }) as Promise<T>;
  if (q.resource.plural === 'pods') return { pod: q.name, port: q.port };
  const owner = await get<KubeObject & { spec?: { selector?: LabelSelector | Record<string, string> } }>(resourcePath(q.resource, q.namespace, q.name));
  const selector = owner.spec?.selector;
  const labels = (selector && 'matchLabels' in selector ? selector.matchLabels : selector) as Record<string, string> | undefined;
  if (!labels || Object.keys(labels).length === 0) throw new GatewayError(`${q.resource.kind.toLowerCase()} ${q.name} selects no pods by labels`, 422);
  const pods = (await get<KubeList<Pod>>(resourcePath(PODS, q.namespace), { labelSelector: Object.entries(labels).map(([k, v]) => `${k}=${v}`).join(',') })).items;
  const pod = pods.find(p => p.status?.phase === 'Running' && p.metadata?.deletionTimestamp === undefined && p.status.conditions?.some(c => c.type === 'Ready' && c.status === 'True'));
  if (!pod) throw new GatewayError(`none of the ${pods.length} pods of ${q.resource.kind.toLowerCase()} ${q.name} is ready`, 503);
  const name = pod.metadata?.name ?? '';
  if (q.resource.plural !== 'services') return { pod: name, port: q.port };
  const port = (owner as Service).spec?.ports?.find(p => p.port === q.port);
  if (!port) throw new GatewayError(`service ${q.name} has no port ${q.port}`, 422);
  const target = port.targetPort ?? port.port;
  if (typeof target === 'number') return { pod: name, port: target };
  const found = pod.spec?.containers.flatMap((c: Container) => c.ports ?? []).find(p => p.name === target);
  if (!found) throw new GatewayError(`pod ${name} has no port named ${target}`, 422);
  return { pod: name, port: found.containerPort };
}

/** `forwards.open` and `forwards.stop` of the contract; throw GatewayError for arguments that are none. */
export function forwardCalls(forwards: Forwards): Record<string, AppHandler> {
  return {
    'forwards.open': args => {
      let q: ForwardRequest;
      try { q = request(args, 'forwards.open'); } catch (e) { throw new GatewayError(wireErrorOf(e).message); }
      for (const p of [q.port, q.localPort ?? 0]) if (p > 65_535) throw new GatewayError(`${p} is no port: ports go up to 65535`);
      return forwards.open(q);
    },
    'forwards.stop': async args => {
      const id = (args as { id?: unknown } | null)?.id;
      if (typeof id !== 'string' || !forwards.stop(id)) throw new GatewayError('there is no such forward (any more)', 404);
      return null;
    },
  };
}

// One window: parses its frames, keeps its conversations, cleans up when it goes.
import { kindFor } from '../../core/api/kinds/index.ts';
import { conditionsHealth } from '../../core/api/kinds/parts/conditions-health.ts';
import type { KubeObject } from '../../core/api/meta/object.ts';
import type { Log } from '../../core/base/log.ts';
import { parseToHost, PROTOCOL, type ClusterInfo, type FramePort, type ToHost, type ToWindow } from '../contract/frames.ts';
import { counter } from './counter.ts';
import { openLogs, type Stream } from './logs.ts';
import type { ClusterSource, Upstream } from './seam.ts';
import { openTerminal } from './terminal.ts';
import { GatewayError, wireErrorOf } from './wire-error.ts';
import { sameToken } from './token.ts';
import type { Subscription, Watches } from './watches.ts';

/** Answers one app call; throws GatewayError for what is the caller's fault. */
export type AppHandler = (args: unknown) => Promise<unknown>;

export interface SessionContext {
  readonly source: ClusterSource;
  readonly watches: Watches;
  readonly log: Log;
  readonly calls: ReadonlyMap<string, AppHandler>;
  readonly product: { name: string; version: string };
  /** Required in `hello` when set; without it the transport vouches for the window. */
  readonly token?: string;
  /** Ports that are forwarded now. */
  forwards(): Extract<ToWindow, { t: 'forwards' }>['forwards'];
  settings(): Readonly<Record<string, unknown>>;
  /** A setting was stored by this window: tell the others. */
  settingChanged(key: string, value: unknown, from: Session): void;
}

/** Conversations one window may hold open; a page needs a few dozen. */
const MAX_OPEN = 2000;

export class Session {
  #context: SessionContext;
  #port: FramePort;
  #greeted = false;
  #watching = new Map<number, Subscription>();
  #streams = new Map<number, Stream>();
  #requests = new Map<number, AbortController>();

  constructor(context: SessionContext, port: FramePort) {
    this.#context = context;
    this.#port = port;
    port.onFrame(raw => this.#receive(raw));
    port.onClose(() => this.close());
  }

  tell(frame: Extract<ToWindow, { t: 'clusters' | 'setting' | 'forwards' }>): void { if (this.#greeted) this.#send(frame); }

  close(): void {
    for (const s of this.#watching.values()) s.close();
    for (const s of this.#streams.values()) s.close();
    for (const r of this.#requests.values()) r.abort();
    this.#watching.clear();
    this.#streams.clear();
    this.#requests.clear();
    this.#greeted = false;
  }

  #send(frame: ToWindow): void { this.#port.send(frame); }

  #receive(raw: unknown): void {
    let frame: ToHost;
    try { frame = parseToHost(raw); } catch (error) {
      this.#context.log.warn('unreadable frame', { error });
      const id = (raw as { id?: unknown } | null)?.id;
      if (typeof id === 'number' && Number.isSafeInteger(id) && id >= 0) this.#send({ t: 'failure', id, error: { ...wireErrorOf(error), reason: 'Gateway', code: 400 } });
      return;
    }
    if (frame.t === 'hello') { this.#greet(frame); return; }
    if (!this.#greeted) { this.#port.close(); return; }
    this.#dispatch(frame);
  }

  #greet(frame: Extract<ToHost, { t: 'hello' }>): void {
    const { token, product, source, calls } = this.#context;
    if (token !== undefined && !sameToken(frame.token, token)) { this.#port.close(); return; }
    this.#greeted = true;
    this.#send({ t: 'welcome', version: PROTOCOL, product, platform: process.platform, clusters: [...source.list()] as ClusterInfo[], settings: { ...this.#context.settings() }, calls: [...calls.keys()] });
    const forwards = this.#context.forwards();
    if (forwards.length > 0) this.#send({ t: 'forwards', forwards });
  }

  #dispatch(frame: Exclude<ToHost, { t: 'hello' }>): void {
    const { id } = frame;
    const opens = frame.t === 'watch' || frame.t === 'count' || frame.t === 'logs' || frame.t === 'terminal' || frame.t === 'request' || frame.t === 'app';
    if (opens) {
      const known = this.#watching.has(id) || this.#streams.has(id) || this.#requests.has(id);
      const full = this.#watching.size + this.#streams.size + this.#requests.size >= MAX_OPEN;
      if (known || full) {
        this.#send({ t: 'failure', id, error: wireErrorOf(new GatewayError(known ? `id ${id} is in use` : 'too many open conversations')) });
        return;
      }
    }
    switch (frame.t) {
      case 'request': void this.#request(frame); break;
      case 'app': void this.#app(frame); break;
      case 'watch': this.#watch(frame); break;
      case 'count': this.#count(frame); break;
      case 'retry': this.#watching.get(id)?.retry(); break;
      case 'logs': this.#stream(id, send => openLogs(frame, this.#upstream(frame.cluster), send)); break;
      case 'terminal': this.#stream(id, send => openTerminal(frame, this.#writable(frame.cluster), send)); break;
      case 'input': this.#streams.get(id)?.input?.(frame.data); break;
      case 'eof': this.#streams.get(id)?.eof?.(); break;
      case 'resize': this.#streams.get(id)?.resize?.(frame.cols, frame.rows); break;
      case 'ack': this.#streams.get(id)?.ack(frame.chars); break;
      case 'cancel': this.#cancel(id); break;
    }
  }

  #cancel(id: number): void {
    this.#watching.get(id)?.close();
    this.#streams.get(id)?.close();
    this.#requests.get(id)?.abort();
    this.#watching.delete(id);
    this.#streams.delete(id);
    this.#requests.delete(id);
  }

  #upstream(cluster: string): () => Promise<Upstream> { return async () => this.#context.source.upstream(cluster); }

  /** A shell can write: a protected cluster gets none. */
  #writable(cluster: string): () => Promise<Upstream> {
    return async () => {
      const info = this.#context.source.list().find(c => c.id === cluster);
      if (info?.protected) throw new GatewayError(`${info.name} is protected: no terminal is opened in it from here`, 403);
      return this.#context.source.upstream(cluster);
    };
  }

  async #request(frame: Extract<ToHost, { t: 'request' }>): Promise<void> {
    const { id, cluster, method, path, query, body, contentType } = frame;
    await this.#answer(id, async signal => {
      // A path is joined to the server's address: it must stay a path.
      if (!path.startsWith('/') || path.startsWith('//') || /[\s?#\\]/.test(path) || path.split('/').includes('..')) throw new GatewayError(`not a path of an API server: ${path}`);
      const info = this.#context.source.list().find(c => c.id === cluster);
      if (!info) throw new GatewayError(`no cluster "${cluster}"`, 404);
      if (info.protected && method !== 'GET' && query?.dryRun !== 'All') throw new GatewayError(`${info.name} is protected: nothing is written to it from here`, 403);
      const upstream = await this.#context.source.upstream(cluster);
      return upstream.transport.request({ method, path, query, body, contentType, signal });
    });
  }

  async #app(frame: Extract<ToHost, { t: 'app' }>): Promise<void> {
    await this.#answer(frame.id, async () => {
      const handler = this.#context.calls.get(frame.call);
      if (!handler) throw new GatewayError(`this host does not offer ${frame.call}`, 501);
      const result = await handler(frame.args);
      if (frame.call === 'settings.set') {
        const { key, value } = frame.args as { key: string; value: unknown };
        this.#context.settingChanged(key, value, this);
      }
      return result;
    });
  }

  async #answer(id: number, work: (signal: AbortSignal) => Promise<unknown>): Promise<void> {
    const stop = new AbortController();
    this.#requests.set(id, stop);
    let frame: ToWindow;
    try { frame = { t: 'response', id, body: await work(stop.signal) }; } catch (error) { frame = { t: 'failure', id, error: wireErrorOf(error) }; }
    if (!this.#requests.delete(id) || stop.signal.aborted) return;
    this.#send(frame);
  }

  #watch(frame: Extract<ToHost, { t: 'watch' }>): void {
    const { id, cluster, resource, namespace, labelSelector, fieldSelector } = frame;
    this.#watching.set(id, this.#context.watches.subscribe(cluster, { resource, namespace, labelSelector, fieldSelector }, () => ({
      snapshot: (items, done) => this.#send({ t: 'snapshot', id, items: [...items], done }),
      events: events => this.#send({ t: 'events', id, events: events.map(e => ({ type: e.type as 'ADDED' | 'MODIFIED' | 'DELETED', object: e.object })) }),
      state: state => this.#send({ t: 'state', id, state }),
    })));
  }

  #count(frame: Extract<ToHost, { t: 'count' }>): void {
    const { id, cluster, resource } = frame;
    const kind = kindFor(resource.group, resource.version, resource.plural);
    const health = kind ? kind.view.health : conditionsHealth;
    let told = false;
    const failed = (error: unknown, object: KubeObject): void => {
      if (told) return;
      told = true;
      this.#context.log.warn('health of an object could not be told', { kind: resource.kind, name: object.metadata?.name, error });
    };
    this.#watching.set(id, this.#context.watches.subscribe(cluster, { resource }, () => counter(health, c => this.#send({ t: 'count', id, ...c }), failed)));
  }

  #stream(id: number, open: (send: (f: ToWindow) => void) => Stream): void {
    this.#streams.set(id, open(frame => {
      if (frame.t === 'end') this.#streams.delete(id);
      this.#send(frame);
    }));
  }
}

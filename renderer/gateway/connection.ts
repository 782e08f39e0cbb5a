// The window's end of the frames: conversations by id, reconnecting with back-off, watches re-established after a loss.
import { t } from 'i18next';
import type { ResourceType } from '../../core/api/meta/object.ts';
import type { AppCall, AppCalls } from '../../electron/contract/app-calls.ts';
import { parseToWindow, PROTOCOL, type ClusterInfo, type Forward, type FramePort, type Freshness, type ToHost, type ToWindow, type WireError } from '../../electron/contract/frames.ts';
import { Store } from '../base/store.ts';

/** A failure told by the host: the API server's Status, or the gateway's own word (`reason: 'Gateway'` or `'Disconnected'`). */
export class HostError extends Error {
  readonly wire: WireError;
  constructor(wire: WireError) { super(wire.message); this.name = 'HostError'; this.wire = wire; }
  get code(): number { return this.wire.code; }
  get reason(): string { return this.wire.reason; }
}

export interface LinkState {
  state: 'connecting' | 'open' | 'lost';
  since: number;
  reason?: string;
  retryAt?: number;
}
export interface HostState {
  product: { name: string; version: string };
  platform: string;
  clusters: readonly ClusterInfo[];
  settings: Readonly<Record<string, unknown>>;
  calls: ReadonlySet<string>;
  /** Ports the host forwards now. */
  forwards: readonly Forward[];
}
export interface ApiRequest {
  cluster: string;
  method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';
  path: string;
  query?: Record<string, string | string[]>;
  body?: unknown;
  contentType?: string;
}
export interface Scope { cluster: string; resource: ResourceType; namespace?: string; labelSelector?: string; fieldSelector?: string }
type Of<T extends ToWindow['t']> = Extract<ToWindow, { t: T }>;
export interface WatchHandlers {
  snapshot(f: Of<'snapshot'>): void;
  events(f: Of<'events'>): void;
  state(s: Freshness): void;
  /** The connection was re-established: a new snapshot follows. */
  restart(): void;
}
export interface StreamHandlers {
  data(stream: 'stdout' | 'stderr', text: string): void;
  /** Last call. */
  end(result: { exit?: number; error?: WireError }): void;
}
/** An open log or terminal. Every character received must be acknowledged once it has been drawn, or the host stops sending. */
export interface OpenStream { ack(chars: number): void; input(data: string): void; eof(): void; resize(cols: number, rows: number): void; close(): void }
type LogsOrTerminal = Extract<ToHost, { t: 'logs' | 'terminal' }>;
type WithoutId<F> = F extends unknown ? Omit<F, 'id'> : never;
export type StreamRequest = WithoutId<LogsOrTerminal>;

type Conversation =
  | { kind: 'ask'; done(body: unknown): void; fail(e: HostError): void }
  | { kind: 'watch'; frame: WithoutId<Extract<ToHost, { t: 'watch' | 'count' }>>; on: Partial<WatchHandlers> & { count?(f: Of<'count'>): void } }
  | { kind: 'stream'; on: StreamHandlers };

const BACKOFF = [200, 500, 1000, 2000, 4000, 8000];
const disconnected = (): WireError => ({ code: 0, reason: 'Disconnected', message: t('freshness.hostLost') });

export class Connection {
  readonly link = new Store<LinkState>({ state: 'connecting', since: Date.now() });
  /** Undefined until the first welcome. */
  readonly host = new Store<HostState | undefined>(undefined);
  #open: () => Promise<FramePort>;
  #token: string | undefined;
  #port: FramePort | undefined;
  #next = 1;
  #talks = new Map<number, Conversation>();
  #failures = 0;
  #timer: ReturnType<typeof setTimeout> | undefined;

  constructor(open: () => Promise<FramePort>, token?: string) {
    this.#open = open;
    this.#token = token;
    void this.#connect();
  }

  /** One call of an API server. Rejects with HostError; aborting rejects too and stops the work on the host. */
  request<T = unknown>(r: ApiRequest, signal?: AbortSignal): Promise<T> {
    return this.#ask<T>(id => ({ t: 'request', id, ...r }), signal);
  }

  app<C extends AppCall>(call: C, args: AppCalls[C]['args']): Promise<AppCalls[C]['result']> {
    return this.#ask(id => ({ t: 'app', id, call, args }));
  }

  /** Follows a list until closed, across reconnects. */
  watch(scope: Scope, on: WatchHandlers): { close(): void; retry(): void } { return this.#follow({ t: 'watch', ...plain(scope) }, on); }

  count(cluster: string, resource: ResourceType, on: (f: Of<'count'>) => void): { close(): void } {
    return this.#follow({ t: 'count', ...plain({ cluster, resource }) }, { count: on });
  }

  /** Opens a log or a terminal; it ends with `Disconnected` when the connection is lost, and is not reopened by itself. */
  stream(frame: StreamRequest, on: StreamHandlers): OpenStream {
    const id = this.#next++;
    const live = (): boolean => this.#talks.has(id);
    const say = (f: ToHost): void => { if (live()) this.#port?.send(f); };
    if (this.link.get().state !== 'open') queueMicrotask(() => { if (this.#talks.delete(id)) on.end({ error: disconnected() }); });
    this.#talks.set(id, { kind: 'stream', on });
    if (this.link.get().state === 'open') this.#port?.send({ ...frame, id } as ToHost);
    return {
      ack: chars => say({ t: 'ack', id, chars }), input: data => say({ t: 'input', id, data }), eof: () => say({ t: 'eof', id }),
      resize: (cols, rows) => say({ t: 'resize', id, cols, rows }),
      close: () => { say({ t: 'cancel', id }); this.#talks.delete(id); },
    };
  }

  /** Tries to connect now instead of when the back-off says. */
  reconnect(): void {
    if (this.link.get().state !== 'lost') return;
    clearTimeout(this.#timer);
    void this.#connect();
  }

  #ask<T>(frame: (id: number) => ToHost, signal?: AbortSignal): Promise<T> {
    return new Promise((done, fail) => {
      if (this.link.get().state !== 'open') { fail(new HostError(disconnected())); return; }
      const id = this.#next++;
      this.#talks.set(id, { kind: 'ask', done: body => done(body as T), fail });
      signal?.addEventListener('abort', () => {
        if (!this.#talks.delete(id)) return;
        this.#port?.send({ t: 'cancel', id });
        fail(new HostError({ code: 0, reason: 'Aborted', message: 'Cancelled' }));
      }, { once: true });
      this.#port?.send(frame(id));
    });
  }

  #follow(frame: WithoutId<Extract<ToHost, { t: 'watch' | 'count' }>>, on: Extract<Conversation, { kind: 'watch' }>['on']): { close(): void; retry(): void } {
    const talk: Conversation = { kind: 'watch', frame, on };
    let id = this.#next++;
    this.#talks.set(id, talk);
    if (this.link.get().state === 'open') this.#port?.send({ ...frame, id });
    const find = (): number => {
      // A reconnect gives the conversation another id.
      if (this.#talks.get(id) !== talk) for (const [k, v] of this.#talks) if (v === talk) id = k;
      return id;
    };
    return {
      close: () => { const now = find(); if (this.#talks.delete(now)) this.#port?.send({ t: 'cancel', id: now }); },
      retry: () => { if (this.link.get().state === 'open') this.#port?.send({ t: 'retry', id: find() }); else this.reconnect(); },
    };
  }

  async #connect(): Promise<void> {
    try {
      const port = await this.#open();
      this.#port = port;
      port.onFrame(raw => this.#receive(raw));
      port.onClose(why => { if (this.#port === port) this.#lost(why); });
      port.send({ t: 'hello', version: PROTOCOL, ...(this.#token === undefined ? {} : { token: this.#token }) });
    } catch (error) {
      this.#lost(error instanceof Error ? error.message : String(error));
    }
  }

  #lost(reason: string): void {
    this.#port = undefined;
    const wait = BACKOFF[Math.min(this.#failures++, BACKOFF.length - 1)]!;
    const was = this.link.get();
    const now = Date.now();
    this.link.set({ state: 'lost', since: was.state === 'lost' ? was.since : now, reason, retryAt: now + wait });
    for (const [id, talk] of this.#talks) {
      if (talk.kind === 'watch') { talk.on.state?.({ state: 'stale', since: this.link.get().since, reason }); continue; }
      this.#talks.delete(id);
      if (talk.kind === 'ask') talk.fail(new HostError(disconnected())); else talk.on.end({ error: disconnected() });
    }
    this.#timer = setTimeout(() => void this.#connect(), wait);
  }

  #receive(raw: unknown): void {
    const frame = parseToWindow(raw);
    switch (frame.t) {
      case 'welcome': this.#welcome(frame); return;
      case 'clusters': this.host.update(h => h && { ...h, clusters: frame.clusters }); return;
      case 'forwards': this.host.update(h => h && { ...h, forwards: frame.forwards }); return;
      case 'setting': this.host.update(h => h && { ...h, settings: { ...h.settings, [frame.key]: frame.value } }); return;
      default: this.#route(frame);
    }
  }

  #route(frame: Exclude<ToWindow, { t: 'welcome' | 'clusters' | 'setting' | 'forwards' }>): void {
    const talk = this.#talks.get(frame.id);
    if (!talk) return;
    if (talk.kind === 'ask') {
      if (frame.t !== 'response' && frame.t !== 'failure') return;
      this.#talks.delete(frame.id);
      if (frame.t === 'response') talk.done(frame.body); else talk.fail(new HostError(frame.error));
    } else if (talk.kind === 'stream') {
      if (frame.t === 'data') talk.on.data(frame.stream, frame.data);
      else if (frame.t === 'end' || frame.t === 'failure') { this.#talks.delete(frame.id); talk.on.end(frame.t === 'failure' ? { error: frame.error } : frame); }
    } else if (frame.t === 'snapshot') talk.on.snapshot?.(frame);
    else if (frame.t === 'events') talk.on.events?.(frame);
    else if (frame.t === 'state') talk.on.state?.(frame.state);
    else if (frame.t === 'count') talk.on.count?.(frame);
    else if (frame.t === 'failure') talk.on.state?.({ state: 'failed', since: Date.now(), reason: frame.error.message, code: frame.error.code });
  }

  #welcome(f: Of<'welcome'>): void {
    this.#failures = 0;
    this.link.set({ state: 'open', since: Date.now() });
    this.host.set({ product: f.product, platform: f.platform, clusters: f.clusters, settings: f.settings, calls: new Set(f.calls), forwards: [] });
    const talks = [...this.#talks];
    this.#talks.clear();
    for (const [, talk] of talks) {
      if (talk.kind !== 'watch') continue;
      const id = this.#next++;
      this.#talks.set(id, talk);
      talk.on.restart?.();
      this.#port?.send({ ...talk.frame, id });
    }
  }
}

/** A KindSpec is a ResourceType with functions in it: only the words may travel. */
const plain = <S extends { resource: ResourceType }>(s: S): S => {
  const { group, version, kind, plural, namespaced } = s.resource;
  return { ...s, resource: { group, version, kind, plural, namespaced } };
};

// What the gateway asks of a way to an API server. Shaped like core/client's Transport (an HttpTransport or an in-process one is
// one as it stands) plus the two byte streams an IDE needs. Kept here because electron/ may import core/api and core/boot only.
import type { KubeObject, WatchEvent } from '../../core/api/meta/object.ts';
import type { ClusterInfo } from '../contract/frames.ts';

export interface UpstreamRequest {
  method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';
  path: string;
  query?: Readonly<Record<string, string | readonly string[] | undefined>>;
  body?: unknown;
  contentType?: string;
  signal?: AbortSignal;
}

/** Rejects with an Error carrying `status` (a Kubernetes Status) for every failure of the API; objects are shared: never mutate. */
export interface UpstreamTransport {
  request(r: UpstreamRequest): Promise<unknown>;
  watch(path: string, query: Readonly<Record<string, string | undefined>>, onEvents: (events: readonly WatchEvent<KubeObject>[]) => void, signal: AbortSignal): Promise<void>;
}

export interface TerminalRequest {
  namespace: string;
  pod: string;
  container?: string;
  mode: 'exec' | 'attach';
  command: readonly string[];
  tty: boolean;
  stdin: boolean;
}
export interface TerminalHandlers {
  data(stream: 'stdout' | 'stderr', bytes: Uint8Array): void;
  /** Once, last. `exit` when the process ended, `error` when the connection or the start failed. */
  end(result: { exit?: number; error?: Error }): void;
}
export interface TerminalSession {
  write(data: string): void;
  closeInput(): void;
  resize(cols: number, rows: number): void;
  /** Stops and resumes reading from the server: back-pressure. */
  pause(): void;
  resume(): void;
  close(): void;
}

export interface Upstream {
  readonly transport: UpstreamTransport;
  /** A GET whose body is read as it is wanted; ends the request when the iterator is closed. Errors as `transport`. */
  stream(path: string, query: Readonly<Record<string, string | undefined>>, signal: AbortSignal): AsyncIterable<Uint8Array>;
  /** Opens exec or attach; rejects when it cannot be started. */
  terminal(r: TerminalRequest, on: TerminalHandlers, signal: AbortSignal): Promise<TerminalSession>;
}

/** The clusters a host knows. Connects to none of them before `upstream` is called for it. */
export interface ClusterSource {
  list(): readonly ClusterInfo[];
  onChange(listener: () => void): () => void;
  upstream(id: string): Upstream | Promise<Upstream>;
}

/** Time as core/base/clock.ts has it. */
export interface GatewayClock { now(): number; after(ms: number, fn: () => void): { cancel(): void } }
/** Lines as core/base/log.ts has them. */
export interface GatewayLog {
  debug(message: string, fields?: Record<string, unknown>): void;
  info(message: string, fields?: Record<string, unknown>): void;
  warn(message: string, fields?: Record<string, unknown>): void;
  error(message: string, fields?: Record<string, unknown>): void;
}

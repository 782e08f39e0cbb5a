// What the gateway asks of a way to an API server: core/client's Transport plus the byte streams an IDE needs.
import type { Transport } from '../../core/client/client.ts';
import type { PortForward } from '../../core/client/port-forward.ts';
import type { ClusterInfo } from '../contract/frames.ts';

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
  readonly transport: Transport;
  /** A GET whose body is read as it is wanted; ends the request when the iterator is closed. Errors as `transport`. */
  stream(path: string, query: Readonly<Record<string, string | undefined>>, signal: AbortSignal): AsyncIterable<Uint8Array>;
  /** A way to the ports of a pod. Errors as `transport`. */
  forward(namespace: string, pod: string): Promise<PortForward>;
  /** Opens exec or attach; rejects when it cannot be started. */
  terminal(r: TerminalRequest, on: TerminalHandlers, signal: AbortSignal): Promise<TerminalSession>;
}

/** The clusters a host knows. Connects to none of them before `upstream` is called for it. */
export interface ClusterSource {
  list(): readonly ClusterInfo[];
  onChange(listener: () => void): () => void;
  upstream(id: string): Upstream | Promise<Upstream>;
}

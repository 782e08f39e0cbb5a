// What the node's HTTPS server (server.ts) needs of the agent. Every method throws ApiError with kubelet's words before anything
// is streamed, so that errors reach kubectl as HTTP answers.
import type { Duplex } from 'node:stream';
import type { Pod } from '../../api/types/kubernetes.ts';
import type { StreamOptions } from '../runtime/runtime.ts';

export interface LogQuery { follow: boolean; previous: boolean; timestamps: boolean; tailLines?: number; /** ms since the epoch */ sinceTime?: number; limitBytes?: number; stream?: 'Stdout' | 'Stderr'; signal: AbortSignal }

export interface NodeBackend {
  readonly nodeName: string;
  /** Pods of this node with the status the agent knows. */
  pods(): Pod[];
  /** Text as `kubectl logs` prints it. Resolves (headers can be sent) before the first chunk is there. */
  logs(namespace: string, pod: string, container: string, query: LogQuery): Promise<AsyncIterable<Buffer>>;
  /** Checks that the container runs; the returned function runs the command and resolves with its exit code. */
  exec(namespace: string, pod: string, container: string | undefined, command: readonly string[]): Promise<(o: StreamOptions) => Promise<number>>;
  attach(namespace: string, pod: string, container: string | undefined): Promise<(o: StreamOptions) => Promise<void>>;
  /** Checks that the pod runs; the returned function opens one connection. */
  portForward(namespace: string, pod: string): Promise<(port: number) => Promise<Duplex>>;
  /** kubelet's /stats/summary as JSON value; volumes are measured only for who wants to know of them. */
  statsSummary(o?: { onlyCpuAndMemory?: boolean }): Promise<unknown>;
  /** kubelet's /metrics, Prometheus text. */
  metrics(): string;
}

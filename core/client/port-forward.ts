// Connections to ports of pods: SPDY streams inside one WebSocket, or over a plain SPDY upgrade on servers before 1.31.
import { request as httpRequest, type IncomingMessage } from 'node:http';
import { request as httpsRequest } from 'node:https';
import { createServer, type AddressInfo, type Socket } from 'node:net';
import { pipeline } from 'node:stream/promises';
import type { Duplex } from 'node:stream';
import { ApiError } from '../api/meta/status.ts';
import { SpdyConnection } from '../base/streams/spdy.ts';
import { websocketDuplex } from '../base/streams/websocket-duplex.ts';
import { openWebSocket } from './open-websocket.ts';
import { errorOf, identityHeaders, targetOf, tlsOf, type HttpTransportOptions } from './transport-http.ts';

const PROTOCOL = 'portforward.k8s.io';

export interface PortForward {
  /** A connection to a port of the pod. If the pod refuses, it is destroyed with the server's words. */
  connect(port: number): Promise<Duplex>;
  /** Listens on this machine and forwards every connection; port 0 picks a free one. `onError` hears of single connections that failed. */
  listen(o: { host?: string; localPort: number; port: number; onError?(error: Error): void }): Promise<{ port: number; close(): void }>;
  /** Resolves when the connection to the server is over: open another to go on. */
  readonly closed: Promise<void>;
  close(): void;
}

/** Rejects with ApiError when the server refuses. */
export async function openPortForward(o: HttpTransportOptions, namespace: string, pod: string): Promise<PortForward> {
  const path = `/api/v1/namespaces/${encodeURIComponent(namespace)}/pods/${encodeURIComponent(pod)}/portforward`;
  let connection: SpdyConnection;
  try {
    connection = await openWebSocket(o, path, {}, [`SPDY/3.1+${PROTOCOL}`], ws => new SpdyConnection(websocketDuplex(ws), { side: 'client' }));
  } catch (error) {
    // Older servers refuse the tunnel in one way or another; what is missing or forbidden stays so.
    if (!(error instanceof ApiError) || [401, 403, 404].includes(error.code)) throw error;
    connection = await overSpdy(o, path);
  }
  return new Forward(connection);
}

class Forward implements PortForward {
  readonly #connection: SpdyConnection;
  readonly #servers = new Set<{ close(): void }>();
  #requests = 0;
  constructor(connection: SpdyConnection) {
    this.#connection = connection;
    void connection.closed.then(() => this.close());
  }
  get closed(): Promise<void> { return this.#connection.closed; }

  async connect(port: number): Promise<Duplex> {
    const requestID = String(this.#requests++);
    const headers = { port: String(port), requestID };
    const error = await this.#connection.open({ ...headers, streamType: 'error' });
    error.end();
    const data = await this.#connection.open({ ...headers, streamType: 'data' });
    let words = '';
    error.on('data', (b: Buffer) => { words += String(b); });
    error.on('end', () => { if (words !== '' && !data.destroyed) data.destroy(new Error(words)); });
    return data;
  }

  async listen(o: { host?: string; localPort: number; port: number; onError?(error: Error): void }): Promise<{ port: number; close(): void }> {
    const sockets = new Set<Socket>();
    const failed = (e: unknown): void => o.onError?.(e instanceof Error ? e : new Error(String(e)));
    const server = createServer({ allowHalfOpen: true }, socket => {
      sockets.add(socket);
      socket.once('close', () => sockets.delete(socket));
      socket.on('error', failed);
      void this.connect(o.port).then(remote => {
        remote.on('error', failed);
        const both = Promise.allSettled([pipeline(socket, remote), pipeline(remote, socket)]);
        return both;
      }).catch((e: unknown) => { failed(e); socket.destroy(); });
    });
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject);
      server.listen(o.localPort, o.host ?? '127.0.0.1', resolve);
    });
    const handle = {
      port: (server.address() as AddressInfo).port,
      close: () => {
        this.#servers.delete(handle);
        server.close();
        for (const s of sockets) s.destroy();
      },
    };
    this.#servers.add(handle);
    return handle;
  }

  close(): void {
    for (const s of this.#servers) s.close();
    this.#connection.close();
  }
}

function overSpdy(o: HttpTransportOptions, path: string): Promise<SpdyConnection> {
  const server = new URL(o.server);
  const options = {
    host: server.hostname.replace(/^\[|\]$/g, ''), port: server.port || undefined, method: 'POST', path: targetOf(server, path), agent: false as const, ...tlsOf(o),
    headers: { ...identityHeaders(o), Connection: 'Upgrade', Upgrade: 'SPDY/3.1', 'X-Stream-Protocol-Version': PROTOCOL, 'Content-Length': 0 },
  };
  return new Promise((resolve, reject) => {
    const sent = server.protocol === 'http:' ? httpRequest(options) : httpsRequest(options);
    sent.once('error', reject);
    sent.once('upgrade', (_answer: IncomingMessage, socket: Duplex, head: Buffer) => resolve(new SpdyConnection(socket, { side: 'client', head })));
    sent.once('response', (answer: IncomingMessage) => {
      let body = '';
      answer.on('data', (b: Buffer) => { body += String(b); });
      answer.once('end', () => reject(errorOf(answer.statusCode ?? 0, body)));
    });
    sent.end();
  });
}

// The node's HTTPS server, through which the API server reaches containers: the kubelet's paths, and only for the API server's own
// client certificate. It speaks WebSocket and SPDY itself; the API server passes bytes on.
import { STATUS_CODES, type IncomingMessage, type ServerResponse } from 'node:http';
import { createServer, type Server } from 'node:https';
import type { AddressInfo } from 'node:net';
import type { Duplex } from 'node:stream';
import type { TLSSocket } from 'node:tls';
import { failure, forbiddenError, methodNotAllowed, noSuchResource, statusOf } from '../../api/meta/status.ts';
import type { Clock } from '../../base/clock.ts';
import type { Log } from '../../base/log.ts';
import { servePortForward } from '../../base/streams/port-forward.ts';
import { acceptRemoteCommand, exitStatus, failedStatus, type Wanted } from '../../base/streams/remote-command.ts';
import { endWhenIdle, IDLE_MS, KEEP_ALIVE_MS } from '../../base/streams/idle.ts';
import { refuseUpgrade } from '../../base/streams/upgrade.ts';
import type { NodeBackend } from './backend.ts';
import { logQuery } from './log-query.ts';

export interface NodeServerOptions { backend: NodeBackend; tls: { cert: string; key: string }; /** PEM of the authority that signs the API server's client certificate. */ clientCa: string; clock: Clock; log: Log }
export interface NodeServer {
  /** Resolves with the port. */
  listen(host: string, port: number): Promise<number>;
  /** Ends every connection, running commands included. */
  close(): Promise<void>;
}

/** Whom the node obeys: the API server's kubelet client, or whoever is master of the cluster anyway. */
const KUBELET_CLIENT = 'kube-apiserver-kubelet-client';
const MASTERS = 'system:masters';

/** The server of one node; nothing listens until `listen`. */
export function createNodeServer(o: NodeServerOptions): NodeServer {
  const sockets = new Set<Duplex>();
  const server: Server = createServer({ ...o.tls, ca: o.clientCa, requestCert: true, rejectUnauthorized: false, ALPNProtocols: ['http/1.1'], noDelay: true, keepAlive: true, keepAliveInitialDelay: KEEP_ALIVE_MS, requestTimeout: 0 });
  server.on('connection', s => { sockets.add(s); s.once('close', () => sockets.delete(s)); });
  server.on('tlsClientError', error => o.log.debug('TLS handshake failed', { error }));
  server.on('request', (req, res) => {
    void serve(o, req, res).catch((error: unknown) => answerError(o.log, req, res, error));
  });
  server.on('upgrade', (req, socket: Duplex, head) => {
    socket.on('error', error => o.log.debug('streaming connection broke', { url: pathOf(req), error }));
    endWhenIdle(socket as TLSSocket, IDLE_MS, o.clock);
    void upgrade(o, req, socket, head).catch((error: unknown) => {
      o.log.debug('streaming request refused', { url: pathOf(req), error });
      refuseUpgrade(socket, statusOf(error));
    });
  });
  return {
    listen: (host, port) => new Promise((resolve, reject) => {
      server.once('error', reject);
      server.listen(port, host, () => {
        server.off('error', reject);
        resolve((server.address() as AddressInfo).port);
      });
    }),
    close: () => new Promise(resolve => {
      server.close(() => resolve());
      for (const s of sockets) s.destroy();
    }),
  };
}

const urlOf = (req: IncomingMessage): URL => new URL(req.url ?? '/', 'https://node');
const pathOf = (req: IncomingMessage): string => (req.url ?? '').split('?')[0]!;
const first = (v: string | string[] | undefined): string => (Array.isArray(v) ? (v[0] ?? '') : (v ?? ''));

/** Throws 401 or 403 for everybody else. */
function admit(req: IncomingMessage): void {
  const socket = req.socket as TLSSocket;
  if (!socket.authorized) throw failure(401, 'Unauthorized', 'Unauthorized');
  const subject = socket.getPeerCertificate().subject as unknown as { CN?: string | string[]; O?: string | string[] };
  const organizations = Array.isArray(subject.O) ? subject.O : [subject.O];
  if (first(subject.CN) === KUBELET_CLIENT || organizations.includes(MASTERS)) return;
  throw forbiddenError({ group: '', plural: 'nodes' }, '', `user ${JSON.stringify(first(subject.CN))} may not use the node API`);
}

async function serve(o: NodeServerOptions, req: IncomingMessage, res: ServerResponse): Promise<void> {
  const { backend } = o;
  const url = urlOf(req);
  const [, what = '', ...rest] = url.pathname.split('/').map(decodeURIComponent);
  if (what === 'healthz') { text(res, 'ok'); return; }
  admit(req);
  if (what === 'exec' || what === 'attach' || what === 'portForward') throw failure(400, 'BadRequest', 'Upgrade request required');
  if (req.method !== 'GET' && req.method !== 'HEAD') throw methodNotAllowed();
  switch (what) {
    case 'pods': json(res, { kind: 'PodList', apiVersion: 'v1', metadata: {}, items: backend.pods() }); return;
    case 'stats': if (rest[0] !== 'summary') break; json(res, await backend.statsSummary({ onlyCpuAndMemory: url.searchParams.get('only_cpu_and_memory') === 'true' })); return;
    case 'metrics': text(res, backend.metrics()); return;
    case 'containerLogs': {
      const [namespace, pod, container] = rest;
      if (!namespace || !pod || !container) break;
      await sendLogs(backend, res, { namespace, pod, container, query: url.searchParams });
      return;
    }
    default: break;
  }
  throw noSuchResource();
}

async function sendLogs(backend: NodeBackend, res: ServerResponse, a: { namespace: string; pod: string; container: string; query: URLSearchParams }): Promise<void> {
  const gone = new AbortController();
  res.once('close', () => gone.abort());
  const lines = await backend.logs(a.namespace, a.pod, a.container, logQuery(a.query, gone.signal));
  res.writeHead(200, { 'Content-Type': 'text/plain' });
  // A follower wants to know that it is connected before the first line is there.
  res.flushHeaders();
  for await (const chunk of lines) {
    if (gone.signal.aborted) break;
    if (!res.write(chunk)) await new Promise<void>(resolve => { res.once('drain', resolve); res.once('close', resolve); });
  }
  res.end();
}

const yes = (q: URLSearchParams, ...names: string[]): boolean => names.some(n => ['1', 'true', 'True', 'TRUE', 't', 'T'].includes(q.get(n) ?? ''));

async function upgrade(o: NodeServerOptions, req: IncomingMessage, socket: Duplex, head: Buffer): Promise<void> {
  admit(req);
  const url = urlOf(req);
  const [, what, namespace, pod, container] = url.pathname.split('/').map(decodeURIComponent);
  if (!namespace || !pod) throw noSuchResource();
  if (what === 'portForward') {
    const dial = await o.backend.portForward(namespace, pod);
    await servePortForward(req, socket, head, { dial, podName: `${pod}_${namespace}` });
    return;
  }
  if (what !== 'exec' && what !== 'attach') throw noSuchResource();
  const q = url.searchParams;
  // The kubelet's own names, and the API's.
  const wanted: Wanted = { stdin: yes(q, 'input', 'stdin'), stdout: yes(q, 'output', 'stdout'), stderr: yes(q, 'error', 'stderr'), tty: yes(q, 'tty') };
  const run = what === 'exec' ? await o.backend.exec(namespace, pod, container, q.getAll('command')) : await o.backend.attach(namespace, pod, container);
  const session = await acceptRemoteCommand(req, socket, head, wanted, o.clock);
  if (!session) return;
  try {
    const code = await run({ tty: wanted.tty, stdin: session.stdin, stdout: session.stdout, stderr: session.stderr, onResize: set => session.onResize(set), signal: session.signal });
    await session.finish(exitStatus(code ?? 0));
  } catch (error) {
    if (!session.signal.aborted) o.log.debug('a command ended with an error', { what, namespace, pod, container, error });
    await session.finish(failedStatus(error));
  }
}

function json(res: ServerResponse, value: unknown): void {
  const body = JSON.stringify(value);
  res.writeHead(200, { 'Content-Type': 'application/json', 'Content-Length': Buffer.byteLength(body) });
  res.end(body);
}
function text(res: ServerResponse, body: string): void {
  res.writeHead(200, { 'Content-Type': 'text/plain; charset=utf-8', 'Content-Length': Buffer.byteLength(body) });
  res.end(body);
}

function answerError(log: Log, req: IncomingMessage, res: ServerResponse, error: unknown): void {
  const status = statusOf(error);
  log.debug('request failed', { url: pathOf(req), code: status.code, error });
  if (res.headersSent) { res.destroy(); return; }
  const body = `${JSON.stringify(status)}\n`;
  res.writeHead(status.code, STATUS_CODES[status.code] ?? '', { 'Content-Type': 'application/json', 'Content-Length': Buffer.byteLength(body) });
  res.end(body);
}

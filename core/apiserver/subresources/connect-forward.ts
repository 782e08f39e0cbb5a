// Passes a request on to where it belongs: plain ones with their bodies, upgraded ones as raw bytes both ways.
import { request as httpRequest, type ClientRequest, type IncomingMessage, type OutgoingHttpHeaders, type ServerResponse } from 'node:http';
import { request as httpsRequest, type Agent } from 'node:https';
import { connect as connectTcp, isIPv6, type Socket } from 'node:net';
import { finished, pipeline } from 'node:stream/promises';
import type { Duplex } from 'node:stream';
import { connect as connectTls } from 'node:tls';
import { internalError, unavailable } from '../../api/meta/status.ts';
import { goWords } from '../../base/go-words.ts';

export interface Target {
  readonly host: string;
  readonly port: number;
  readonly tls: boolean;
  /** Path and query there. */
  readonly path: string;
  /** The agent's: identify with this certificate and verify against this authority. Workloads' certificates are not verified. */
  readonly kubelet?: { readonly cert: string; readonly key: string; readonly ca: string };
  /** An aggregated server: this server's identity as front proxy, whom it speaks for, and how the other side is verified. */
  readonly front?: {
    readonly cert: string; readonly key: string; readonly servername: string; readonly insecure: boolean; readonly ca: string | undefined;
    readonly headers: Readonly<Record<string, string | string[]>>;
  };
  /** What stands before the target's own paths on this server; redirects are rewritten to it. */
  readonly prefix?: string;
}

const DIAL_MS = 30_000;
/** Meant for one connection only (RFC 9110, 7.6.1). */
const HOP = new Set(['connection', 'keep-alive', 'proxy-authenticate', 'proxy-authorization', 'proxy-connection', 'te', 'trailer', 'transfer-encoding', 'upgrade']);
/** Who the client is to this server is no business of a workload. */
const PRIVATE = new Set(['authorization', 'host']);

/** Who stands behind a request is said by this server alone. */
const isIdentity = (name: string): boolean => name.startsWith('x-remote-') || name.startsWith('impersonate-');

const hostPort = (t: Target): string => `${isIPv6(t.host) ? `[${t.host}]` : t.host}:${t.port}`;
/** How to speak TLS with a target, and as whom. */
export const tlsOptions = (t: Target): object => (t.front ? { cert: t.front.cert, key: t.front.key, servername: t.front.servername, ...(t.front.insecure ? { rejectUnauthorized: false } : t.front.ca ? { ca: t.front.ca } : {}) } : t.kubelet ? { cert: t.kubelet.cert, key: t.kubelet.key, ca: t.kubelet.ca } : { rejectUnauthorized: false });
/** Why a target was not reached, as the client hears it. */
export const failed = (t: Target, error: unknown): Error => {
  const words = error instanceof Error ? goWords(error, hostPort(t)) : String(error);
  if (t.front) return unavailable(`error trying to reach service: ${words}`);
  return t.prefix === undefined ? internalError(`error dialing backend: ${words}`) : unavailable(`error trying to reach service: ${words}`);
};

/** Resolves when the answer is out (or the client left). Throws ApiError while nothing has been written. */
export async function forwardRequest(req: IncomingMessage, res: ServerResponse, t: Target, agent: Agent | undefined): Promise<void> {
  const headers: OutgoingHttpHeaders = { host: hostPort(t) };
  const named = new Set((req.headers.connection ?? '').toLowerCase().split(',').map(s => s.trim()));
  for (const [name, value] of Object.entries(req.headers)) if (!HOP.has(name) && !PRIVATE.has(name) && !name.startsWith(':') && !named.has(name) && !(t.front && isIdentity(name))) headers[name] = value;
  if (t.front) { Object.assign(headers, t.front.headers); forwardedFor(req, headers); }
  if (t.prefix !== undefined) forwardedFor(req, headers);
  const hasBody = req.headers['content-length'] !== undefined || req.headers['transfer-encoding'] !== undefined || (req.httpVersionMajor === 2 && !['GET', 'HEAD'].includes(req.method ?? 'GET'));

  const options = { host: t.host, port: t.port, method: req.method, path: t.path, headers, agent, ...(t.tls ? tlsOptions(t) : {}) };
  const sent: ClientRequest = t.tls ? httpsRequest(options) : httpRequest({ ...options, agent: undefined });
  const gone = (): void => { sent.destroy(); };
  res.once('close', gone);
  try {
    const answer = await new Promise<IncomingMessage>((resolve, reject) => {
      sent.once('response', resolve);
      sent.once('error', reject);
      sent.once('socket', s => {
        if (!s.connecting) return;
        s.setTimeout(DIAL_MS, () => s.destroy(new Error(`dial tcp ${hostPort(t)}: i/o timeout`)));
        s.once('connect', () => s.setTimeout(0));
      });
      if (hasBody) pipeline(req, sent).catch(reject); else sent.end();
    });
    // HTTP/2 has no words beside the code.
    if (req.httpVersionMajor < 2) res.statusMessage = answer.statusMessage ?? '';
    const { prefix } = t, answered = answerHeaders(answer, req, t), coding = answer.headers['content-encoding'], page = prefix !== undefined && req.method !== 'HEAD' && isPage(answer) && (coding === undefined || coding === 'gzip' || coding === 'deflate');
    // Rewritten, it has another length.
    if (page) delete answered['content-length'];
    res.writeHead(answer.statusCode ?? 502, answered);
    res.flushHeaders();
    if (page) {
      const hosts = [hostPort(t), req.headers.host ?? String(req.headers[':authority'] ?? '')];
      const { forwardPage, throughProxy } = await import('./html-links.ts');
      await forwardPage(answer, res, coding, address => throughProxy(address, hosts, prefix));
    } else await pipeline(answer, res);
  } catch (error) {
    if (res.destroyed || res.writableEnded) return;
    if (res.headersSent) { res.destroy(); return; }
    throw failed(t, error);
  } finally { res.off('close', gone); }
}

/** A page has links, which are to lead through the proxy. One in a compression that cannot be opened passes as it is. */
const isPage = (answer: IncomingMessage): boolean => answer.headers['content-type']?.split(';')[0]!.trim().toLowerCase() === 'text/html';

function forwardedFor(req: IncomingMessage, headers: OutgoingHttpHeaders): void {
  const before = headers['x-forwarded-for'];
  const peer = req.socket.remoteAddress ?? '';
  headers['x-forwarded-for'] = before ? `${String(before)}, ${peer}` : peer;
  headers['x-forwarded-host'] ??= req.headers.host ?? String(req.headers[':authority'] ?? '');
  headers['x-forwarded-proto'] ??= 'https';
  headers['x-forwarded-uri'] = req.url?.split('?')[0];
}

function answerHeaders(answer: IncomingMessage, req: IncomingMessage, t: Target): OutgoingHttpHeaders {
  const headers: OutgoingHttpHeaders = {};
  for (const [name, value] of Object.entries(answer.headers)) if (!HOP.has(name)) headers[name] = value;
  if (t.prefix !== undefined && typeof headers['location'] === 'string') headers['location'] = rewriteLocation(headers['location'], req, t.prefix, t);
  return headers;
}

/** A redirect within the target leads through the proxy; one to elsewhere stays as it is. */
export function rewriteLocation(location: string, req: { headers: { host?: string } }, prefix: string, t: Target): string {
  const origin = `${t.tls ? 'https' : 'http'}://${hostPort(t)}`;
  let to: URL;
  try { to = new URL(location, `${origin}${t.path}`); } catch { return location; }
  if (to.origin !== new URL(origin).origin && to.host !== req.headers.host) return location;
  // What already leads through the proxy (the target knows its prefix) is left alone.
  if (to.pathname.startsWith(`${prefix}/`)) return location;
  return `${prefix}${to.pathname}${to.search}${to.hash}`;
}

/** Resolves when the connection is over. Throws ApiError when the target cannot be reached; nothing has been written then, and `begun` was not called. */
export async function forwardUpgrade(req: IncomingMessage, client: Duplex, head: Buffer, t: Target, begun?: () => void): Promise<void> {
  const upstream = await dial(t).catch((error: unknown) => { throw failed(t, error); });
  begun?.();
  const lines = [`${req.method ?? 'GET'} ${t.path} HTTP/1.1`, `Host: ${hostPort(t)}`];
  for (let i = 0; i < req.rawHeaders.length; i += 2) {
    const name = req.rawHeaders[i]!;
    if (t.front && isIdentity(name.toLowerCase())) continue;
    if (!PRIVATE.has(name.toLowerCase()) && !name.toLowerCase().startsWith('proxy-')) lines.push(`${name}: ${bearerless(name, req.rawHeaders[i + 1]!)}`);
  }
  for (const [name, value] of Object.entries(t.front?.headers ?? {})) for (const v of [value].flat()) lines.push(`${name}: ${v}`);
  upstream.write(Buffer.concat([Buffer.from(`${lines.join('\r\n')}\r\n\r\n`, 'latin1'), head]));
  const both = [
    pipeline(client, upstream).catch(() => { upstream.destroy(); client.destroy(); }),
    pipeline(upstream, client).catch(() => { upstream.destroy(); client.destroy(); }),
  ];
  // The target has said all it had to say: a client that only listens would hold the connection for ever.
  void both[1]!.then(() => upstream.end());
  await Promise.all([...both, finished(upstream).catch(() => client.destroy())]);
}

/** Browsers carry their token as a WebSocket protocol; it stays here. */
function bearerless(name: string, value: string): string {
  if (name.toLowerCase() !== 'sec-websocket-protocol') return value;
  return value.split(',').map(s => s.trim()).filter(p => !p.startsWith('base64url.bearer.authorization.k8s.io.')).join(', ');
}

function dial(t: Target): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const o = { host: t.host, port: t.port, allowHalfOpen: true, noDelay: true };
    const socket: Socket = t.tls ? connectTls({ ...o, ...tlsOptions(t) }) : connectTcp(o);
    socket.setTimeout(DIAL_MS, () => socket.destroy(new Error(`dial tcp ${hostPort(t)}: i/o timeout`)));
    socket.once('error', reject);
    socket.once(t.tls ? 'secureConnect' : 'connect', () => {
      socket.setTimeout(0);
      socket.setKeepAlive(true, 30_000);
      socket.off('error', reject);
      socket.on('error', () => socket.destroy());
      resolve(socket);
    });
  });
}

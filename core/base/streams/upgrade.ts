// The HTTP side of streaming: which protocol a request asks for, refusing before the upgrade, switching protocols.
import type { IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';
import { WebSocketServer, type WebSocket } from 'ws';
import type { Status } from '../../api/meta/status.ts';

const listed = (header: string | string[] | undefined): string[] =>
  (Array.isArray(header) ? header.join(',') : (header ?? '')).split(',').map(s => s.trim()).filter(s => s !== '');

/** `websocket`, `spdy`, or undefined for anything else. */
export function upgradeOf(req: IncomingMessage): 'websocket' | 'spdy' | undefined {
  const asked = new Set(listed(req.headers.upgrade).map(s => s.toLowerCase()));
  if (asked.has('websocket')) return 'websocket';
  return asked.has('spdy/3.1') ? 'spdy' : undefined;
}

const REASONS: Record<number, string> = { 400: 'Bad Request', 401: 'Unauthorized', 403: 'Forbidden', 404: 'Not Found', 405: 'Method Not Allowed', 409: 'Conflict', 500: 'Internal Server Error', 502: 'Bad Gateway', 503: 'Service Unavailable' };

/** Answers an upgrade request with an ordinary failed response and ends the connection. */
export function refuseUpgrade(socket: Duplex, status: Status & { code: number }, headers: Record<string, string> = {}): void {
  if (socket.destroyed) return;
  const body = Buffer.from(`${JSON.stringify(status)}\n`);
  const lines = Object.entries({ 'Content-Type': 'application/json', 'Content-Length': String(body.length), Connection: 'close', 'Cache-Control': 'no-cache, private', ...headers }).map(([k, v]) => `${k}: ${v}\r\n`);
  socket.end(Buffer.concat([Buffer.from(`HTTP/1.1 ${status.code} ${REASONS[status.code] ?? 'Error'}\r\n${lines.join('')}\r\n`), body]));
}

/** The first of `supported` (in our order of preference) that the client offers; undefined if none. */
export function chooseSpdyProtocol(req: IncomingMessage, supported: readonly string[]): string | undefined {
  const offered = listed(req.headers['x-stream-protocol-version']);
  return supported.find(p => offered.includes(p));
}

/** Sends the 101 of SPDY/3.1. */
export function acceptSpdy(socket: Duplex, protocol: string): void {
  socket.write(`HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: SPDY/3.1\r\nX-Stream-Protocol-Version: ${protocol}\r\n\r\n`);
}

/** 403 with what would have been accepted, as the kubelet answers a client with no protocol in common. */
export function refuseSpdyProtocol(socket: Duplex, req: IncomingMessage, supported: readonly string[], status: Status & { code: number }): void {
  const offered = listed(req.headers['x-stream-protocol-version']).join(', ');
  refuseUpgrade(socket, { ...status, message: `unable to upgrade: unable to negotiate protocol: client supports [${offered}], server accepts [${supported.join(' ')}]` }, { 'X-Accepted-Stream-Protocol-Versions': supported.join(', ') });
}

/** WebSocket protocols the client offers. */
export const offeredWebSocketProtocols = (req: IncomingMessage): string[] => listed(req.headers['sec-websocket-protocol']);

/** Largest message taken; kubectl sends at most 32 KiB at a time, tunnels somewhat more. */
const MESSAGE_MAX = 16 << 20;

/** Completes a WebSocket handshake with `protocol` ('' answers without one); the WebSocket comes paused. A bad handshake is answered here and never resolves. */
export function acceptWebSocket(req: IncomingMessage, socket: Duplex, head: Buffer, protocol: string): Promise<WebSocket> {
  const server = new WebSocketServer({ noServer: true, perMessageDeflate: false, maxPayload: MESSAGE_MAX });
  // The library refuses `SPDY/3.1+…` (a slash is no token character), so the protocol is agreed on here.
  delete req.headers['sec-websocket-protocol'];
  if (protocol !== '') server.on('headers', headers => headers.push(`Sec-WebSocket-Protocol: ${protocol}`));
  return new Promise(resolve => {
    server.handleUpgrade(req, socket, head, ws => {
      // Messages may be waiting in `head`: they stay there until somebody listens.
      ws.pause();
      resolve(ws);
    });
  });
}

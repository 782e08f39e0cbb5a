// A WebSocket to an API server with the same identity and trust as its plain requests.
import type { IncomingMessage } from 'node:http';
import { WebSocket } from 'ws';
import { failure } from '../api/meta/status.ts';
import { systemClock, type Timer } from '../base/clock.ts';
import { errorOf, identityHeaders, targetOf, tlsOf, type HttpTransportOptions } from './transport-http.ts';

const HANDSHAKE_MS = 30_000;
const PING_MS = 20_000;

/**
 * Resolves, in the very turn it opens, with what `onOpen` makes of it, so that no message is missed.
 * Rejects with ApiError when the server answers otherwise, with the socket's error when it cannot be reached.
 */
export function openWebSocket<T>(o: HttpTransportOptions, path: string, query: Readonly<Record<string, string | readonly string[] | undefined>>, protocols: readonly string[], onOpen: (ws: WebSocket, protocol: string) => T): Promise<T> {
  const server = new URL(o.server);
  const url = `${server.protocol === 'http:' ? 'ws:' : 'wss:'}//${server.host}${targetOf(server, path, query)}`;
  // The library refuses `SPDY/3.1+…` (a slash is no token character), so the protocol is agreed on here.
  const ws = new WebSocket(url, { ...tlsOf(o), headers: { ...identityHeaders(o), 'Sec-WebSocket-Protocol': protocols.join(', ') }, perMessageDeflate: false, handshakeTimeout: HANDSHAKE_MS, followRedirects: false });
  return new Promise((resolve, reject) => {
    ws.once('error', reject);
    ws.once('unexpected-response', (_req, answer: IncomingMessage) => {
      let body = '';
      answer.setEncoding('utf8');
      answer.on('data', (s: string) => { body += s; });
      answer.on('end', () => { reject(errorOf(answer.statusCode ?? 0, body)); ws.terminate(); });
      answer.on('error', reject);
    });
    let protocol = '';
    ws.once('upgrade', (answer: IncomingMessage) => {
      protocol = answer.headers['sec-websocket-protocol'] ?? '';
      delete answer.headers['sec-websocket-protocol'];
    });
    ws.once('open', () => {
      if (!protocols.includes(protocol)) {
        reject(failure(400, 'BadRequest', `the server chose the protocol ${JSON.stringify(protocol)}, but was offered ${protocols.join(', ')}`));
        ws.terminate();
        return;
      }
      keepAlive(ws);
      resolve(onOpen(ws, protocol));
    });
  });
}

/** Pings so that nothing between takes the connection for dead, and hangs up when the other side is. */
function keepAlive(ws: WebSocket): void {
  let answered = true;
  let timer: Timer;
  const beat = (): void => {
    if (!answered) { ws.terminate(); return; }
    // A paused WebSocket reads no pongs: its silence says nothing.
    answered = ws.isPaused;
    ws.ping();
    timer = systemClock.after(PING_MS, beat);
  };
  ws.on('pong', () => { answered = true; });
  ws.on('message', () => { answered = true; });
  ws.once('close', () => timer.cancel());
  timer = systemClock.after(PING_MS, beat);
}

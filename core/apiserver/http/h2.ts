// HTTP/2 beside HTTP/1.1 on one port, chosen by ALPN: the HTTP/1.1 server keeps its own way, and connections that agreed on h2 go to
// a server of their own. Upgrades (WebSocket, SPDY) come on HTTP/1.1 connections: their clients ask for nothing else (trap 29).
import type { IncomingMessage, ServerResponse } from 'node:http';
import { createServer, type Http2ServerRequest, type Http2ServerResponse, type ServerHttp2Session } from 'node:http2';
import type { Server } from 'node:https';
import type { TLSSocket } from 'node:tls';
import type { Log } from '../../base/log.ts';

/** Streams one connection may have open: clients open another connection beyond that. */
const MAX_STREAMS = 5000;
/** Bytes a client may send on a stream before it is read: upstream's window. */
const WINDOW = 256 << 10;
/** Of one connection: a few thousand watches with something to say each. In MB. */
const SESSION_MEMORY = 512;

const sockets = new WeakMap<ServerHttp2Session, TLSSocket>();

/** What tells who asks: the request, with the connection it came on where that is shared by many requests. */
export function connectionOf(req: IncomingMessage): Pick<IncomingMessage, 'socket' | 'headers' | 'rawHeaders'> {
  if (req.httpVersionMajor < 2) return req;
  const session = (req as unknown as Http2ServerRequest).stream.session as ServerHttp2Session | undefined;
  return { socket: (session && sockets.get(session)) ?? req.socket, headers: req.headers, rawHeaders: req.rawHeaders };
}

/** Whether nothing more can be written: the answer is out, or the client is gone. HTTP/2's answers know it of their streams only. */
export const isOver = (res: ServerResponse): boolean =>
  res.writableEnded || (res.closed ?? false) || (res.destroyed ?? false) || ((res as unknown as Partial<Http2ServerResponse>).stream?.destroyed ?? false);

export interface H2 {
  /** Tells every connection that nothing new is taken (GOAWAY); open requests go on. */
  goAway(): void;
}

/** Serves connections of `server` that chose h2. `onRequest` sees them in the shape of HTTP/1.1. */
export function serveH2(server: Server, onRequest: (req: IncomingMessage, res: ServerResponse) => void, log: Log): H2 {
  const sessions = new Set<ServerHttp2Session>();
  const h2 = createServer({ settings: { maxConcurrentStreams: MAX_STREAMS, initialWindowSize: WINDOW }, maxSessionMemory: SESSION_MEMORY },
    (req: Http2ServerRequest, res: Http2ServerResponse) => onRequest(req as unknown as IncomingMessage, res as unknown as ServerResponse));
  let connecting: TLSSocket | undefined;
  h2.on('session', session => {
    if (connecting) sockets.set(session, connecting);
    sessions.add(session);
    session.once('close', () => sessions.delete(session));
  });
  h2.on('sessionError', error => log.debug('HTTP/2 connection failed', { error }));
  const http1 = server.listeners('secureConnection') as ((socket: TLSSocket) => void)[];
  server.removeAllListeners('secureConnection');
  server.on('secureConnection', socket => {
    if (socket.alpnProtocol !== 'h2') { for (const listen of http1) listen.call(server, socket); return; }
    connecting = socket;
    h2.emit('connection', socket);
    connecting = undefined;
  });
  return { goAway: () => { for (const s of sessions) s.close(); } };
}

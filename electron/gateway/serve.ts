// The window's files and its connection over loopback HTTP, for the browser and for Electron alike.
import { createReadStream } from 'node:fs';
import { stat } from 'node:fs/promises';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { extname, join, resolve, sep } from 'node:path';
import type { Duplex } from 'node:stream';
import { WebSocketServer } from 'ws';
import type { Log } from '../../core/base/log.ts';
import type { Gateway } from './gateway.ts';
import { wsPort } from './ws-port.ts';

export interface ServeOptions {
  /** Port 0 takes a free one. */
  listen: { host: string; port: number };
  gateway: Gateway;
  /** dist/renderer. */
  assetsDir: string;
  /** What a window must show in its first frame; it travels in the fragment of the URL, which browsers never send. */
  token: string;
  log: Log;
}
export interface UiServer {
  /** With the token: `http://127.0.0.1:7717/#token=…`. */
  readonly url: string;
  readonly port: number;
  close(): Promise<void>;
}

/** `connect-src 'self'` covers the WebSocket in current browsers; older ones want it spelled out, which `ws:` to our own port does. */
export const contentSecurityPolicy = (host: string): string => [
  "default-src 'none'", "script-src 'self'", "style-src 'self' 'unsafe-inline'", "font-src 'self' data:", "img-src 'self' data:",
  `connect-src 'self' ws://${host}`, "worker-src 'self'", "manifest-src 'self'", "base-uri 'none'", "form-action 'none'", "frame-ancestors 'none'",
].join('; ');

const TYPES: Readonly<Record<string, string>> = {
  '.html': 'text/html; charset=utf-8', '.js': 'text/javascript; charset=utf-8', '.css': 'text/css; charset=utf-8', '.json': 'application/json',
  '.svg': 'image/svg+xml', '.png': 'image/png', '.ttf': 'font/ttf', '.woff2': 'font/woff2', '.map': 'application/json', '.ico': 'image/x-icon',
};
const MAX_FRAME = 32 * 1024 * 1024;

/** Rejects when the address cannot be listened on. Answers only requests addressed to itself by name: no DNS rebinding. */
export async function serveUi(o: ServeOptions): Promise<UiServer> {
  const root = resolve(o.assetsDir);
  let hosts = new Set<string>();
  const server = createServer((req, res) => {
    answer(req, res).catch((error: unknown) => {
      o.log.error('serving a file failed', { url: req.url, error });
      if (!res.headersSent) res.writeHead(500);
      res.end();
    });
  });

  async function answer(req: IncomingMessage, res: ServerResponse): Promise<void> {
    const host = req.headers.host ?? '';
    if (!hosts.has(host)) { plain(res, 421, 'This address is not served here.'); return; }
    if (req.method !== 'GET' && req.method !== 'HEAD') { plain(res, 405, 'Only GET.'); return; }
    let path: string;
    try { path = decodeURIComponent(new URL(req.url ?? '/', 'http://ui').pathname); } catch { plain(res, 400, 'Malformed path.'); return; }
    const file = resolve(join(root, path === '/' ? 'index.html' : path));
    const info = file.startsWith(root + sep) && !path.includes('\0') ? await stat(file).catch(() => undefined) : undefined;
    if (!info?.isFile()) { plain(res, 404, 'There is no such page.'); return; }
    res.writeHead(200, {
      ...SAFE, 'content-security-policy': contentSecurityPolicy(host), 'content-type': TYPES[extname(file)] ?? 'application/octet-stream', 'content-length': info.size,
      // Names under assets/ carry a hash of their content.
      'cache-control': path.startsWith('/assets/') ? 'public, max-age=31536000, immutable' : 'no-cache',
    });
    if (req.method === 'HEAD') { res.end(); return; }
    createReadStream(file).on('error', error => { o.log.warn('file', { file, error }); res.destroy(); }).pipe(res);
  }

  const sockets = new WebSocketServer({ noServer: true, maxPayload: MAX_FRAME, perMessageDeflate: false });
  server.on('upgrade', (req: IncomingMessage, socket: Duplex, head: Buffer) => {
    const host = req.headers.host ?? '';
    const refuse = (status: string): void => { socket.end(`HTTP/1.1 ${status}\r\nConnection: close\r\nContent-Length: 0\r\n\r\n`); };
    if (!hosts.has(host)) { refuse('421 Misdirected Request'); return; }
    // Pages of other origins may open WebSockets to loopback; only the Origin tells.
    if (req.headers.origin !== `http://${host}`) { refuse('403 Forbidden'); return; }
    if (req.url !== '/gateway') { refuse('404 Not Found'); return; }
    sockets.handleUpgrade(req, socket, head, ws => { o.gateway.connect(wsPort(ws, o.log), o.token); });
  });

  await new Promise<void>((done, fail) => {
    server.once('error', fail);
    server.listen(o.listen.port, o.listen.host, () => { server.off('error', fail); done(); });
  });
  const { port } = server.address() as AddressInfo;
  const shown = o.listen.host.includes(':') ? `[${o.listen.host}]` : o.listen.host;
  hosts = new Set([`${shown}:${port}`, `127.0.0.1:${port}`, `localhost:${port}`, `[::1]:${port}`]);
  return {
    url: `http://${shown}:${port}/#token=${encodeURIComponent(o.token)}`,
    port,
    close: () => new Promise(done => {
      for (const ws of sockets.clients) ws.terminate();
      server.close(() => done());
      server.closeAllConnections();
    }),
  };
}

const SAFE = { 'x-content-type-options': 'nosniff', 'referrer-policy': 'no-referrer', 'cross-origin-opener-policy': 'same-origin', 'cross-origin-resource-policy': 'same-origin' } as const;
function plain(res: ServerResponse, code: number, message: string): void {
  res.writeHead(code, { ...SAFE, 'content-type': 'text/plain; charset=utf-8' });
  res.end(`${message}\n`);
}

// A Transport over HTTPS (or plain HTTP to a loopback proxy), keep-alive, one connection per watch.
import { Agent as HttpAgent, request as httpRequest, type ClientRequest, type IncomingMessage, type OutgoingHttpHeaders } from 'node:http';
import { Agent as HttpsAgent, request as httpsRequest } from 'node:https';
import { promisify } from 'node:util';
import { gunzip } from 'node:zlib';
import { ApiError, failure, type Status } from '../api/meta/status.ts';
import type { WatchEvent } from '../api/meta/object.ts';
import { systemClock, type Clock } from '../base/clock.ts';
import type { Request, Transport } from './client.ts';
import { LineSplitter } from './line-splitter.ts';

export interface HttpTransportOptions {
  /** `https://host:port[/prefix]`. */
  server: string;
  /** PEM. */
  ca?: string; cert?: string; key?: string;
  /** Bearer token, or where to get the current one. */
  token?: string | (() => string | undefined);
  username?: string; password?: string;
  /** Name to verify the server's certificate against, where it is not the URL's. */
  serverName?: string;
  insecureSkipTlsVerify?: boolean;
  userAgent?: string;
  agent?: HttpsAgent | HttpAgent;
  clock?: Clock;
}

/** Attempts after 429 or a 5xx with Retry-After, as client-go. */
const RETRIES = 10;

/** TLS parts of the options, for whoever opens a socket of their own (exec, port-forward). */
export const tlsOf = (o: HttpTransportOptions): { ca?: string; cert?: string; key?: string; servername?: string; rejectUnauthorized: boolean } =>
  ({ ca: o.ca, cert: o.cert, key: o.key, ...(o.serverName ? { servername: o.serverName } : {}), rejectUnauthorized: o.insecureSkipTlsVerify !== true });

/** Authorization and User-Agent for `o`. */
export function identityHeaders(o: HttpTransportOptions): Record<string, string> {
  const headers: Record<string, string> = { 'User-Agent': o.userAgent ?? 'pilothouse' };
  const token = typeof o.token === 'function' ? o.token() : o.token;
  if (token) headers['Authorization'] = `Bearer ${token}`;
  else if (o.username !== undefined) headers['Authorization'] = `Basic ${Buffer.from(`${o.username}:${o.password ?? ''}`).toString('base64')}`;
  return headers;
}

/** Path and query as they go over the wire, below the server's own prefix. */
export function targetOf(server: URL, path: string, query: Readonly<Record<string, string | readonly string[] | undefined>> = {}): string {
  const q = new URLSearchParams();
  for (const [name, value] of Object.entries(query)) {
    for (const v of typeof value === 'string' ? [value] : (value ?? [])) q.append(name, v);
  }
  const text = q.toString();
  return `${server.pathname.replace(/\/$/, '')}${path}${text ? `?${text}` : ''}`;
}

/** The body of a failed answer as an ApiError; what is no Status becomes one. */
export function errorOf(code: number, body: string): ApiError {
  try {
    const status = JSON.parse(body) as Status;
    if (status.kind === 'Status') return new ApiError({ ...status, code: status.code ?? code });
  } catch {
    // Proxies and old servers answer in plain text: it becomes the message below.
  }
  return failure(code, code === 401 ? 'Unauthorized' : code === 404 ? 'NotFound' : code === 503 ? 'ServiceUnavailable' : '', body.trim() || `the server answered ${code}`);
}

/** Speaks to an API server over HTTP(S); answers that are Status become ApiError, everything else on the way stays the error it is. */
export class HttpTransport implements Transport {
  readonly options: HttpTransportOptions;
  readonly #server: URL;
  readonly #agent: HttpsAgent | HttpAgent;
  readonly #clock: Clock;
  /** Between machines a packed list of pods is a tenth of its size; on the same one packing only costs. */
  readonly #packed: boolean;

  constructor(options: HttpTransportOptions) {
    this.options = options;
    this.#server = new URL(options.server);
    this.#clock = options.clock ?? systemClock;
    this.#packed = !/^(localhost|127\..*|\[::1\])$/.test(this.#server.hostname);
    this.#agent = options.agent ?? (this.#server.protocol === 'http:'
      ? new HttpAgent({ keepAlive: true })
      : new HttpsAgent({ keepAlive: true, ...tlsOf(options) }));
  }

  /** Ends idle connections; running requests finish. */
  close(): void { this.#agent.destroy(); }

  /** JSON answers as values, anything else as text; an empty body is undefined. */
  async request(r: Request): Promise<unknown> {
    const body = r.body === undefined ? undefined : JSON.stringify(r.body);
    const target = targetOf(this.#server, r.path, r.query);
    for (let attempt = 0; ; attempt++) {
      const answer = await this.#exchange(r, target, body, this.#packed);
      const text = (await readBody(answer)).toString('utf8');
      const code = answer.statusCode ?? 0;
      if (code < 400) return text === '' ? undefined : isJson(answer) ? (JSON.parse(text) as unknown) : text;
      const wait = Number(answer.headers['retry-after']);
      if (attempt < RETRIES && wait >= 0 && answer.headers['retry-after'] !== undefined && (code === 429 || code >= 500)) {
        await this.#wait(wait * 1000, r.signal);
        continue;
      }
      throw errorOf(code, text);
    }
  }

  async watch(path: string, query: Readonly<Record<string, string | undefined>>, onEvents: (events: readonly WatchEvent[]) => void, signal: AbortSignal): Promise<void> {
    const target = targetOf(this.#server, path, { ...query, watch: 'true' });
    let answer: IncomingMessage;
    try {
      answer = await this.#exchange({ method: 'GET', signal }, target, undefined, false);
    } catch (error) {
      if (signal.aborted) return;
      throw error;
    }
    if ((answer.statusCode ?? 0) >= 400) throw errorOf(answer.statusCode ?? 0, (await collect(answer)).toString('utf8'));
    await new Promise<void>((resolve, reject) => {
      const lines = new LineSplitter();
      answer.on('data', (chunk: Buffer) => {
        try {
          const events = lines.push(chunk).map(line => JSON.parse(line) as WatchEvent);
          if (events.length > 0 && !signal.aborted) onEvents(events);
        } catch (error) { answer.destroy(error instanceof Error ? error : new Error(String(error))); }
      });
      answer.on('end', () => resolve());
      answer.on('error', error => { if (signal.aborted) resolve(); else reject(error); });
      answer.on('close', () => resolve());
    });
  }

  async #exchange(r: { method: string; contentType?: string; signal?: AbortSignal }, target: string, body: string | undefined, packed: boolean): Promise<IncomingMessage> {
    const headers: OutgoingHttpHeaders = { Accept: 'application/json', ...identityHeaders(this.options) };
    if (packed) headers['Accept-Encoding'] = 'gzip';
    if (body !== undefined) {
      headers['Content-Type'] = r.contentType ?? 'application/json';
      headers['Content-Length'] = Buffer.byteLength(body);
    }
    for (let again = false; ; again = true) {
      let sent: ClientRequest | undefined;
      try {
        return await new Promise<IncomingMessage>((resolve, reject) => {
          const options = { host: this.#server.hostname.replace(/^\[|\]$/g, ''), port: this.#server.port || undefined, method: r.method, path: target, headers, agent: this.#agent, signal: r.signal };
          sent = this.#server.protocol === 'http:' ? httpRequest(options) : httpsRequest(options);
          sent.once('response', resolve);
          sent.once('error', reject);
          // A peer that vanished without a word is noticed by the kernel.
          sent.once('socket', s => s.setKeepAlive(true, 30_000));
          sent.end(body);
        });
      } catch (error) {
        // The server closed a kept connection just when it was used again: nothing was read from it, and a GET may be repeated.
        if (!again && r.method === 'GET' && sent?.reusedSocket && (error as NodeJS.ErrnoException).code === 'ECONNRESET') continue;
        throw error;
      }
    }
  }

  #wait(ms: number, signal: AbortSignal | undefined): Promise<void> {
    return new Promise((resolve, reject) => {
      const abort = (): void => {
        timer.cancel();
        reject(signal?.reason as Error);
      };
      const timer = this.#clock.after(ms, () => {
        signal?.removeEventListener('abort', abort);
        resolve();
      });
      signal?.addEventListener('abort', abort, { once: true });
    });
  }
}

async function readBody(m: IncomingMessage): Promise<Buffer> {
  const bytes = await collect(m);
  return m.headers['content-encoding'] === 'gzip' ? unpack(bytes) : bytes;
}

const unpack = promisify(gunzip);

const isJson = (m: IncomingMessage): boolean => (m.headers['content-type'] ?? '').startsWith('application/json');

async function collect(m: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const c of m) chunks.push(c as Buffer);
  return Buffer.concat(chunks);
}

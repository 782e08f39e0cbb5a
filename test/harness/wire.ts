// Any request to a running host's API server, and its streams, for tests that look at what is on the wire.
import { Agent, request } from 'node:https';
import type { IncomingMessage } from 'node:http';
import { createInterface } from 'node:readline';
import { credentials, type Credentials } from './https.ts';

/** A JSON value one may look into without a type: missing parts are undefined. */
export interface Loose { readonly [key: string]: Loose; readonly [index: number]: Loose }
export interface Reply { readonly status: number; readonly headers: IncomingMessage['headers']; readonly text: string; readonly json: Loose }
export interface Ask { method?: string; body?: unknown; type?: string; headers?: Record<string, string> }
export interface Line { readonly type: string; readonly object: Loose }

export class Wire {
  readonly credentials: Credentials;
  readonly #agent: Agent;
  constructor(kubeconfig: string) {
    this.credentials = credentials(kubeconfig);
    this.#agent = new Agent({ keepAlive: true, ca: this.credentials.ca, cert: this.credentials.cert, key: this.credentials.key });
  }

  /** A body that is no text is sent as JSON; `type` '' sends no content type. The method is GET, or POST with a body. */
  open(path: string, a: Ask = {}): Promise<IncomingMessage> {
    const body = a.body === undefined ? undefined : typeof a.body === 'string' || Buffer.isBuffer(a.body) ? a.body : JSON.stringify(a.body);
    const { hostname, port } = new URL(this.credentials.server);
    const type = a.type ?? (body === undefined ? '' : 'application/json');
    return new Promise((resolve, reject) => {
      const req = request({
        host: hostname, port, path, method: a.method ?? (body === undefined ? 'GET' : 'POST'), agent: this.#agent,
        headers: { ...(type === '' ? {} : { 'content-type': type }), ...(body === undefined ? {} : { 'content-length': String(Buffer.byteLength(body)) }), ...a.headers },
      }, resolve);
      req.on('error', reject);
      req.end(body);
    });
  }

  async call(path: string, a: Ask = {}): Promise<Reply> {
    const res = await this.open(path, a);
    const parts: Buffer[] = [];
    for await (const b of res) parts.push(b as Buffer);
    const text = Buffer.concat(parts).toString();
    let json: unknown;
    try { json = JSON.parse(text); } catch (e) { if (!(e instanceof SyntaxError)) throw e; }
    return { status: res.statusCode ?? 0, headers: res.headers, text, json: json as Loose };
  }

  put(path: string, body: unknown): Promise<Reply> { return this.call(path, { method: 'PUT', body }); }
  delete(path: string, body?: unknown): Promise<Reply> { return this.call(path, { method: 'DELETE', body }); }
  patch(path: string, kind: 'json' | 'merge' | 'strategic-merge', body: unknown): Promise<Reply> { return this.call(path, { method: 'PATCH', body, type: `application/${kind}-patch+json` }); }

  /** Opens a watch; the path says so. */
  async watch(path: string, headers: Record<string, string> = {}): Promise<Watching> {
    const res = await this.open(path, { headers });
    return new Watching(res);
  }

  close(): void { this.#agent.destroy(); }
}

export class Watching {
  readonly response: IncomingMessage;
  /** All lines so far. */
  readonly lines: Line[] = [];
  readonly #waiting = new Set<() => void>();
  #ended = false;
  constructor(response: IncomingMessage) {
    this.response = response;
    const wake = (): void => { for (const w of this.#waiting) w(); };
    response.on('error', () => { this.#ended = true; wake(); });
    const reader = createInterface({ input: response, crlfDelay: Infinity });
    reader.on('line', l => { if (l !== '') { this.lines.push(JSON.parse(l) as Line); wake(); } });
    reader.on('close', () => { this.#ended = true; wake(); });
  }

  /** Resolves with the lines once `enough` says so or the stream has ended; rejects after `ms`. */
  until(enough: (lines: readonly Line[], ended: boolean) => boolean, ms = 10_000): Promise<readonly Line[]> {
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => { this.#waiting.delete(look); reject(new Error(`watch: not within ${ms} ms; got ${JSON.stringify(this.lines).slice(0, 2000)}`)); }, ms);
      const look = (): void => {
        if (!enough(this.lines, this.#ended) && !this.#ended) return;
        clearTimeout(timer);
        this.#waiting.delete(look);
        resolve(this.lines);
      };
      this.#waiting.add(look);
      look();
    });
  }
  get ended(): boolean { return this.#ended; }
  close(): void { this.response.destroy(); }
}

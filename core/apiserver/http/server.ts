// The HTTPS door: HTTP/1.1 with keep-alive, HTTP/2; reads bodies, runs the chain, writes answers (contract 3, 4; TRAP-17).
import type { IncomingMessage, ServerResponse } from 'node:http';
import { randomUUID } from 'node:crypto';
import { Agent, createServer, type Server } from 'node:https';
import type { Duplex } from 'node:stream';
import { ApiError, internalError, methodNotAllowed, noSuchResource, notAcceptable, statusOf, tooLarge, unavailable, type Status } from '../../api/meta/status.ts';
import type { Log } from '../../base/log.ts';
import { KEEP_ALIVE_MS } from '../../base/streams/idle.ts';
import { admitConnection } from '../subresources/connect-admission.ts';
import { staleToken, type Authenticator } from '../authn/authenticator.ts';
import { askedBy, attempted, type AuditRecord, type Auditor } from '../audit/audit.ts';
import { accessOf, demand, type Access } from '../authz/authorizer.ts';
import { MAX_BODY } from '../codec/body.ts';
import type { Body, RequestContext, UserInfo } from '../context.ts';
import { customOf } from '../crd/custom-kind.ts';
import { CONNECT, dispatch, subresourceOf, verbOf, type Resources } from '../dispatch.ts';
import type { RegistryEnv, SubresourceEnv } from '../registry/env.ts';
import type { Aggregator } from '../aggregation/aggregator.ts';
import { forwardRequest, forwardUpgrade, type Target } from '../subresources/connect-forward.ts';
import type { Asked } from '../flowcontrol/classify.ts';
import type { FlowControl } from '../flowcontrol/flow-control.ts';
import { connectionOf, isOver, serveH2, type H2 } from './h2.ts';
import { includeObject, negotiate, type Answer } from './negotiate.ts';
import { joined } from './list-pieces.ts';
import { present, type YamlWriter } from './present.ts';
import { first, flag, parseQuery, resourceRequest, type Query, type RequestVerb, type ResourceRequest } from './request-info.ts';
import type { Answer as PathAnswer } from '../discovery/answer.ts';
import type { Metrics } from '../discovery/metrics.ts';
import { send } from './send.ts';
import { checkTimeout } from './timeout.ts';
import { addWarnings } from './warnings.ts';
import { WatchStream } from './watch-stream.ts';

/** Discovery, OpenAPI, health: everything that is no resource. undefined for paths it does not know. */
export type PathHandler = (method: string, path: string, headers: Readonly<Record<string, string | string[] | undefined>>, query: URLSearchParams) => PathAnswer | undefined | Promise<PathAnswer | undefined>;

/** A request for a subresource that is a connection: log, exec, attach, portforward, proxy. */
export interface ConnectRequest {
  readonly resource: 'pods' | 'services' | 'nodes';
  readonly namespace: string;
  readonly name: string;
  readonly subresource: string;
  /** For proxies: the path after `/proxy`. */
  readonly rest: string;
  readonly query: Query;
  /** The query as it came, without the question mark. */
  readonly search: string;
  readonly user: UserInfo;
}
export interface ConnectHandler {
  /** Serves a plain request; throws ApiError before it writes anything. */
  serve(req: IncomingMessage, res: ServerResponse, r: ConnectRequest): Promise<void>;
  /** Serves a request with an Upgrade header; throws ApiError before it writes anything. `begun` is called when it goes through. */
  upgrade(req: IncomingMessage, socket: Duplex, head: Buffer, r: ConnectRequest, begun?: () => void): Promise<void>;
}

export interface HttpOptions {
  readonly env: RegistryEnv & SubresourceEnv;
  readonly resources: Resources;
  readonly authenticator: Authenticator;
  readonly paths: PathHandler;
  readonly connect: ConnectHandler | undefined;
  readonly metrics: Metrics | undefined;
  readonly auditor?: Auditor | undefined;
  /** Groups and versions other servers answer for. */
  readonly aggregator: Pick<Aggregator, 'has' | 'target'> | undefined;
  /** Priority and fairness; without it everybody runs at once. */
  readonly flow?: FlowControl;
  readonly yaml: YamlWriter;
  readonly log: Log;
}

const VERSION_PATH = /^\/(?:api|apis\/([^/]+))\/([^/]+)\/?$/;
/** What running requests get when the server closes. */
const GRACE_MS = 500;
const NO_BODY_BYTES = Buffer.alloc(0);
const NO_BODY: Body = { bytes: NO_BODY_BYTES, contentType: undefined };

/** The HTTP side of the chain: reads requests, authenticates, dispatches, answers; errors become Status. */
export class HttpServer {
  readonly #o: HttpOptions;
  readonly #servers = new Set<Server>();
  readonly #h2 = new Set<H2>();
  /** Also those that were upgraded and that the server no longer knows as its own. */
  readonly #sockets = new Set<Duplex>();
  readonly #watches = new Set<WatchStream>();
  /** Connections to aggregated servers. */
  readonly #toOthers = new Agent({ keepAlive: true });
  readonly #upgraded = new Set<Duplex>();
  constructor(o: HttpOptions) { this.#o = o; }

  /** Starts to listen; resolves with the port. `ca` sign the client certificates that are believed. Where `only` is given, nothing is there but the paths it fits. */
  listen(host: string, port: number, tls: { cert: string; key: string; ca: readonly string[] }, only?: RegExp): Promise<number> {
    const answer = (req: IncomingMessage, res: ServerResponse): void => {
      if (only && !only.test(req.url!.split('?', 1)[0]!)) res.writeHead(404, { 'content-type': 'text/plain' }).end('404 page not found\n');
      else void this.#request(req, res);
    };
    const server = createServer({
      cert: tls.cert, key: tls.key, ...(tls.ca.length > 0 ? { ca: [...tls.ca], requestCert: true, rejectUnauthorized: false } : {}), ALPNProtocols: ['h2', 'http/1.1'], noDelay: true,
      keepAlive: true, keepAliveInitialDelay: KEEP_ALIVE_MS, keepAliveTimeout: 600_000, requestTimeout: 300_000, maxHeaderSize: 64 * 1024,
    }, answer);
    server.timeout = 0;
    this.#h2.add(serveH2(server, answer, this.#o.log));
    server.on('upgrade', (req, socket, head) => { if (only) socket.destroy(); else void this.#upgrade(req, socket, head); });
    server.on('connection', (socket: Duplex) => { this.#sockets.add(socket); socket.once('close', () => this.#sockets.delete(socket)); });
    server.on('tlsClientError', error => this.#o.log.debug('TLS handshake failed', { error }));
    this.#servers.add(server);
    return new Promise((resolve, reject) => {
      server.once('error', reject);
      server.listen(port, host, () => {
        server.removeListener('error', reject);
        const a = server.address();
        resolve(typeof a === 'object' && a ? a.port : port);
      });
    });
  }

  /** Ends watches with a last bookmark, then connections; resolves when all is closed. */
  async close(): Promise<void> {
    for (const w of this.#watches) w.close();
    for (const s of this.#upgraded) s.destroy();
    for (const h of this.#h2) h.goAway();
    this.#toOthers.destroy();
    const clearing = this.#o.env.clock.after(GRACE_MS, () => { for (const s of this.#sockets) s.destroy(); });
    await Promise.all([...this.#servers].map(s => new Promise<void>(resolve => {
      s.close(() => resolve());
      s.closeIdleConnections();
    })));
    clearing.cancel();
    this.#servers.clear();
  }

  async #request(req: IncomingMessage, res: ServerResponse): Promise<void> {
    const started = performance.now();
    const { metrics } = this.#o;
    metrics?.began();
    const url = req.url!, mark = url.indexOf('?');
    const path = mark < 0 ? url : url.slice(0, mark), search = mark < 0 ? '' : url.slice(mark + 1);
    const warnings: string[] = [];
    let verb: RequestVerb | undefined, r: ResourceRequest | undefined, watching: (() => void) | undefined, record: AuditRecord | undefined, self: UserInfo | undefined;
    const id = req.headers['audit-id'] as string | undefined || randomUUID();
    try {
      res.setHeader('Audit-Id', id);
      const asking = connectionOf(req);
      const quick = this.#o.authenticator.quick(asking);
      self = quick ?? await this.#o.authenticator.authenticate(asking);
      r = resourceRequest(path);
      const query = parseQuery(search);
      verb = r && verbOf(req.method!, r, query);
      if (query['timeout'] !== undefined && verb !== 'watch' && !(r && CONNECT.includes(r.subresource))) checkTimeout(first(query, 'timeout'));
      if (this.#o.auditor) record = this.#audit(req, res, id, accessIn(self, req.method!, path, verb, r, query));
      const user = quick ?? this.#o.authenticator.acting(self, asking);
      if (record) {
        if (user !== self) record.impersonates(user);
        record.authorized(this.#o.env.authorizer, accessIn(user, req.method!, path, verb, r, query));
      }
      if (r === undefined || (verb !== undefined && !CONNECT.includes(r.subresource))) {
        const seat = this.#seat(res, user, r ? { verb: verb!, group: r.group, resource: r.subresource ? `${r.plural}/${r.subresource}` : r.plural, namespace: r.namespace, path: '' } : { verb: req.method!.toLowerCase(), group: '', resource: '', namespace: '', path }, r);
        const release = seat instanceof Promise ? await seat : seat;
        // A watch has its seat until it is on its way.
        if (release && verb === 'watch') watching = release;
        else if (release && isOver(res)) release();
        else if (release) res.once('close', release);
      }
      if (r === undefined) return await this.#path(req, res, user, path, search);
      if (verb === undefined) throw methodNotAllowed();
      demand(this.#o.env.authorizer, accessOf(user, verb, r, query));
      if (this.#o.aggregator?.has(r.group, r.version)) { watching?.(); return await this.#elsewhere(req, res, this.#o.aggregator.target(r.group, r.version, url, user)); }
      const resource = this.#o.resources.at(r);
      if (CONNECT.includes(r.subresource)) {
        subresourceOf(resource, r, verb);
        await admitConnection(this.#o.env, resource, r, query, { user, warnings, ...(record ? { audit: record.annotations } : {}) });
        addWarnings(res, warnings);
        return await this.#connection().serve(req, res, connectRequest(r, query, search, user));
      }
      const agent = req.headers['user-agent'] ?? '';
      const answer = negotiate(req.headers.accept, agent, query, { list: verb === 'list', watch: verb === 'watch', tables: !REVIEWS.has(r.group) && !(verb === 'watch' && flag(query, 'sendInitialEvents')) });
      // Custom resources have no protobuf form; what every object has in common has one.
      if (answer.format === 'protobuf' && answer.as === 'object' && customOf(resource.spec)) throw notAcceptable(`only the following media types are accepted: ${verb === 'watch' ? 'application/json, application/json;stream=watch' : 'application/json, application/yaml'}`);
      const include = includeObject(query);
      const body = req.method === 'GET' ? NO_BODY : await readBody(req);
      const ctx: RequestContext = { method: req.method!, user, query, body, userAgent: agent, warnings, ...(record ? { audit: record.annotations } : {}) };
      record?.request((body as { bytes: Buffer }).bytes, body.contentType);
      const result = await dispatch(this.#o.env, resource, r, verb, ctx);
      addWarnings(res, warnings);
      if (result.type === 'watch') {
        if (req.method === 'HEAD') throw methodNotAllowed();
        metrics?.watchBegan();
        let stream: WatchStream | undefined;
        stream = new WatchStream(this.#o.env, result.resource, result.watch, res, { as: answer.as, include, binary: answer.format === 'protobuf' }, this.#o.log, () => { if (stream) this.#watches.delete(stream); metrics?.watchEnded(); });
        // One that could not even begin is over already.
        if (!isOver(res)) this.#watches.add(stream);
        return;
      }
      const p = present(result, answer, include, resource, this.#o.env.clock.now(), this.#o.yaml);
      if (record) {
        if (result.type === 'object' && (result.object as Status).kind === 'Status') record.said(result.object as Status);
        record.response(() => (typeof p.body === 'function' ? joined(p.body) : p.body));
      }
      send(req, res, p.code, p.contentType, p.body);
    } catch (error) {
      addWarnings(res, warnings);
      if (self === undefined) this.#unknown(req, path, search, id, error);
      this.#fail(req, res, error, record);
    } finally {
      watching?.();
      metrics?.ended();
      if (metrics && r) metrics.observe(labels(verb, req.method!, r), res.statusCode, (performance.now() - started) / 1000);
    }
  }

  /** Begins the record of a request; it ends when the answer has gone out. Of long ones it says when the answer begins as well. */
  #audit(req: IncomingMessage, res: ServerResponse, id: string, access: Access): AuditRecord | undefined {
    const record = this.#o.auditor!.open(access, id, () => askedBy(req));
    if (!record) return undefined;
    record.received();
    const stale = staleToken(access.user);
    if (stale !== undefined) record.annotations['authentication.k8s.io/stale-token'] = stale;
    if (access.verb === 'watch' || (access.resource && CONNECT.includes(access.resource.subresource))) {
      const { writeHead } = res;
      res.writeHead = ((code: number, ...rest: never[]) => { res.writeHead = writeHead; record.started(code); return writeHead.call(res, code, ...rest); }) as typeof writeHead;
    }
    res.once('close', () => record.complete(res.headersSent ? res.statusCode : undefined));
    return record;
  }

  /** Writes down that somebody asked with a credential that does not hold. */
  #unknown(req: IncomingMessage, path: string, search: string, id: string, error: unknown): void {
    if (!this.#o.auditor || !(error instanceof ApiError) || error.code !== 401) return;
    const query = parseQuery(search);
    let r: ResourceRequest | undefined;
    try { r = resourceRequest(path); } catch (e) { if (!(e instanceof ApiError)) throw e; }
    const access = accessIn({ name: '', groups: [] }, req.method!, path, r && verbOf(req.method!, r, query), r, query);
    this.#o.auditor.open(access, id, () => askedBy(req))?.unknown(401, attempted(req, this.#o.authenticator.showsCertificate(connectionOf(req))));
  }

  /** What the request has to hold while it runs; undefined when nothing. Tells the client which schema and level it met. */
  #seat(res: ServerResponse, user: UserInfo, asked: Asked, r: ResourceRequest | undefined): (() => void) | undefined | Promise<() => void> {
    const { flow } = this.#o;
    if (!flow) return undefined;
    const c = flow.classify(user, asked);
    if (c.schemaUid !== '') { res.setHeader('X-Kubernetes-PF-FlowSchema-UID', c.schemaUid); res.setHeader('X-Kubernetes-PF-PriorityLevel-UID', c.levelUid); }
    const listed = r && asked.verb === 'list' && !c.exempt ? this.#o.resources.peek(r) : undefined;
    const seat = flow.admit(c, user, asked, listed ? this.#o.env.store.count(listed.range(r!.namespace)) : 1);
    if (seat instanceof Promise) return seat.then(s => s.release);
    return c.exempt ? undefined : seat.release;
  }

  async #path(req: IncomingMessage, res: ServerResponse, user: UserInfo, path: string, search: string): Promise<void> {
    demand(this.#o.env.authorizer, { user, verb: req.method!.toLowerCase(), path });
    const remote = this.#o.aggregator && VERSION_PATH.exec(path);
    if (remote && this.#o.aggregator!.has(remote[1] ?? '', remote[2]!)) return this.#elsewhere(req, res, this.#o.aggregator!.target(remote[1] ?? '', remote[2]!, req.url!, user));
    const a = await this.#o.paths(req.method!, path, req.headers, new URLSearchParams(search));
    if (a === undefined) throw noSuchResource();
    const body = typeof a.body === 'string' ? Buffer.from(a.body) : a.body;
    for (const [k, v] of Object.entries(a.headers)) res.setHeader(k, v);
    send(req, res, a.status, '', body);
  }

  /** Hands a request to the server that answers for it. */
  async #elsewhere(req: IncomingMessage, res: ServerResponse, target: Target | undefined): Promise<void> {
    if (target) return forwardRequest(req, res, target, this.#toOthers);
    res.setHeader('X-Content-Type-Options', 'nosniff');
    send(req, res, 503, 'text/plain; charset=utf-8', Buffer.from('service unavailable\n'));
  }

  #connection(): ConnectHandler {
    if (!this.#o.connect) throw internalError('this server cannot reach nodes');
    return this.#o.connect;
  }

  async #upgrade(req: IncomingMessage, socket: Duplex, head: Buffer): Promise<void> {
    socket.on('error', error => this.#o.log.debug('upgraded connection failed', { error }));
    const url = req.url!, mark = url.indexOf('?');
    const path = mark < 0 ? url : url.slice(0, mark), search = mark < 0 ? '' : url.slice(mark + 1);
    const id = req.headers['audit-id'] as string | undefined || randomUUID();
    let self: UserInfo | undefined, record: AuditRecord | undefined, code: number | undefined;
    const begun = (): void => { code = 101; record?.started(code); };
    try {
      self = await this.#o.authenticator.authenticate(req);
      const r = resourceRequest(path), query = parseQuery(search), verb = r && verbOf(req.method!, r, query);
      record = this.#o.auditor?.open(accessIn(self, req.method!, path, verb, r, query), id, () => askedBy(req));
      record?.received();
      const user = this.#o.authenticator.acting(self, req);
      if (record && user !== self) record.impersonates(user);
      record?.authorized(this.#o.env.authorizer, accessIn(user, req.method!, path, verb, r, query));
      if (r === undefined) throw noSuchResource();
      if (verb === undefined) throw methodNotAllowed();
      demand(this.#o.env.authorizer, accessOf(user, verb, r, query));
      // A WebSocket begins as a GET: what it opens is asked for as well (10.9).
      if (verb === 'get' && r.group === '' && r.plural === 'pods' && OPENED.has(r.subresource)) demand(this.#o.env.authorizer, accessOf(user, 'create', r, query));
      if (this.#o.aggregator?.has(r.group, r.version)) {
        const target = this.#o.aggregator.target(r.group, r.version, url, user);
        if (!target) throw unavailable('service unavailable');
        this.#upgraded.add(socket);
        try { await forwardUpgrade(req, socket, head, target, begun); } finally { this.#upgraded.delete(socket); }
        return;
      }
      const resource = this.#o.resources.at(r);
      subresourceOf(resource, r, verb);
      if (!CONNECT.includes(r.subresource)) throw methodNotAllowed();
      await admitConnection(this.#o.env, resource, r, query, { user, warnings: [], ...(record ? { audit: record.annotations } : {}) });
      await this.#connection().upgrade(req, socket, head, connectRequest(r, query, search, user), begun);
    } catch (error) {
      // Nothing was upgraded: the answer is an ordinary one (10.7).
      const status = statusOf(error), text = JSON.stringify(status);
      if (self === undefined) this.#unknown(req, path, search, id, error);
      if (code === undefined) { code = status.code; record?.said(status); record?.started(code); }
      if (!(error instanceof ApiError)) this.#o.log.error('upgrade failed', { path, error });
      if (!socket.destroyed) socket.end(`HTTP/1.1 ${status.code} ${status.reason ?? ''}\r\nContent-Type: application/json\r\nContent-Length: ${Buffer.byteLength(text)}\r\nAudit-Id: ${id}\r\nConnection: close\r\n\r\n${text}`);
    } finally { record?.complete(code); }
  }

  #fail(req: IncomingMessage, res: ServerResponse, error: unknown, record: AuditRecord | undefined): void {
    const status = statusOf(error);
    record?.said(status);
    if (!(error instanceof ApiError)) this.#o.log.error('request failed', { method: req.method, url: req.url, error, stack: error instanceof Error ? error.stack : undefined });
    if (res.headersSent) { res.destroy(); return; }
    const retry = status.details?.retryAfterSeconds;
    if (retry) res.setHeader('Retry-After', String(retry));
    let answer: Answer = { format: 'json', as: 'object', pretty: false };
    try {
      answer = { ...negotiate(req.headers.accept, req.headers['user-agent'] ?? '', parseQuery(''), { list: false, watch: false }), as: 'object' };
    } catch (e) { if (!(e instanceof ApiError)) throw e; }
    const p = present({ type: 'object', code: status.code, object: status }, answer, 'Metadata', undefined, 0, this.#o.yaml);
    // The rest of a body nobody reads would be taken for the next request.
    if (!req.complete) res.shouldKeepAlive = false;
    send(req, res, p.code, p.contentType, p.body);
  }
}

/** A request as authorizers and the audit policy see it: for a resource, or for a path. */
const accessIn = (user: UserInfo, method: string, path: string, verb: RequestVerb | undefined, r: ResourceRequest | undefined, query: Query): Access =>
  (r && verb ? accessOf(user, verb, r, query) : { user, verb: method.toLowerCase(), path });

const connectRequest = (r: ResourceRequest, query: Query, search: string, user: UserInfo): ConnectRequest =>
  ({ resource: r.plural as ConnectRequest['resource'], namespace: r.namespace, name: r.name, subresource: r.subresource, rest: r.rest, query, search, user });

/** Connections into pods, for which it takes the right to create them. */
const OPENED: ReadonlySet<string> = new Set(['exec', 'attach', 'portforward']);
/** Groups of reviews, which are answers to questions and have no table. */
const REVIEWS: ReadonlySet<string> = new Set(['authentication.k8s.io', 'authorization.k8s.io']);

const METHOD_VERBS: Readonly<Record<RequestVerb, string>> = { get: 'GET', list: 'LIST', watch: 'WATCH', create: 'POST', update: 'PUT', patch: 'PATCH', delete: 'DELETE', deletecollection: 'DELETECOLLECTION' };
function labels(verb: RequestVerb | undefined, method: string, r: ResourceRequest): Parameters<Metrics['observe']>[0] {
  return {
    verb: CONNECT.includes(r.subresource) && r.subresource !== 'log' ? 'CONNECT' : verb ? METHOD_VERBS[verb] : method, group: r.group, version: r.version, resource: r.plural, subresource: r.subresource,
    scope: r.name !== '' ? 'resource' : r.namespace !== '' ? 'namespace' : 'cluster',
  };
}

/** What a refused client still sends is read and forgotten before it is answered, or it would not see the answer; one that does not stop is cut off. */
const MAX_DRAIN = 64 * 1024 * 1024;
function refuse(req: IncomingMessage, size: number, reject: (error: Error) => void): void {
  let left = MAX_DRAIN - size;
  const why = tooLarge(`Request entity too large: limit is ${MAX_BODY}`);
  req.removeAllListeners('data');
  req.on('data', (b: Buffer) => { left -= b.length; if (left < 0) req.destroy(); });
  req.once('end', () => reject(why));
  req.once('close', () => reject(why));
}

async function readBody(req: IncomingMessage): Promise<Body> {
  const contentType = req.headers['content-type'];
  const length = Number(req.headers['content-length'] ?? Number.NaN);
  if (length === 0) return { bytes: NO_BODY_BYTES, contentType };
  return new Promise((resolve, reject) => {
    if (length > MAX_BODY) { refuse(req, 0, reject); return; }
    const parts: Buffer[] = [];
    let size = 0, refused = false;
    req.on('data', (b: Buffer) => {
      size += b.length;
      if (size > MAX_BODY) { refused = true; parts.length = 0; refuse(req, size, reject); return; }
      parts.push(b);
    });
    req.on('end', () => { if (!refused) resolve({ bytes: parts.length === 1 ? parts[0]! : Buffer.concat(parts, size), contentType }); });
    req.on('error', reject);
    req.on('close', () => { if (!req.complete) reject(new ApiError({ kind: 'Status', apiVersion: 'v1', metadata: {}, status: 'Failure', message: 'the client went away', reason: 'BadRequest', code: 400 })); });
  });
}

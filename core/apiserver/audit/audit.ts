// Writes down who asked what and what came of it (audit.k8s.io/v1 events, one JSON line each), as far as the policy wants it.
import type { IncomingMessage } from 'node:http';
import { isIP } from 'node:net';
import { parse } from 'yaml';
import type { Status } from '../../api/meta/status.ts';
import { formatMicroTime } from '../../api/meta/time.ts';
import type { Clock } from '../../base/clock.ts';
import { decodeProtobuf, ProtobufError } from '../codec/protobuf.ts';
import type { Access, Authorizer } from '../authz/authorizer.ts';
import type { UserInfo } from '../context.ts';
import { judge, type Policy, type Stage, type Verdict } from './policy.ts';

interface Item { metadata?: { name?: string; namespace?: string; uid?: string; resourceVersion?: string; managedFields?: unknown } }
const wire = (u: UserInfo): object => ({ ...(u.name ? { username: u.name } : {}), ...(u.uid ? { uid: u.uid } : {}), ...(u.groups.length ? { groups: u.groups } : {}), ...(u.extra && Object.keys(u.extra).length ? { extra: u.extra } : {}) });

/** What of a request the log tells besides its access. */
export interface Asked { readonly url: string; readonly userAgent: string; readonly sourceIPs: readonly string[] }

const MAX_AGENT = 1024;

/** Proxies on the way first, as they name themselves; then whoever holds the connection. */
export function askedBy(req: IncomingMessage): Asked {
  const said = (name: string): string[] => String(req.headers[name] ?? '').split(',').map(s => s.trim()).filter(s => isIP(s) !== 0);
  const ips = said('x-forwarded-for'), peer = (req.socket?.remoteAddress ?? '').replace(/^::ffff:/, '');
  for (const ip of said('x-real-ip')) if (!ips.includes(ip)) ips.push(ip);
  if (peer && ips.at(-1) !== peer) ips.push(peer);
  const agent = req.headers['user-agent'] ?? '';
  return { url: req.url!, sourceIPs: ips, userAgent: agent.length > MAX_AGENT ? `${agent.slice(0, MAX_AGENT)}...TRUNCATED` : agent };
}

/** JSON, protobuf or YAML bytes as what they say; undefined for what is none of them. */
function read(bytes: Buffer, contentType: string): unknown {
  if (bytes.length === 0) return undefined;
  try {
    if (bytes.subarray(0, 4).toString() === 'k8s\0') return decodeProtobuf(bytes, undefined);
    return contentType.includes('yaml') ? parse(bytes.toString()) : JSON.parse(bytes.toString());
  } catch (e) {
    // What cannot be read has been or will be refused; the log says so by the answer's code.
    if (e instanceof SyntaxError || e instanceof ProtobufError || (e as Error).name === 'YAMLParseError') return undefined;
    throw e;
  }
}

function withoutManagedFields(value: unknown): unknown {
  if (typeof value !== 'object' || value === null) return value;
  const bare = (o: Item): Item => { if (!o?.metadata?.managedFields) return o; const { managedFields: _, ...metadata } = o.metadata; return { ...o, metadata }; };
  const { items } = value as { items?: Item[] };
  return { ...bare(value as Item), ...(Array.isArray(items) ? { items: items.map(bare) } : {}) };
}

/** One request on its way; its stages are written as they come. */
export class AuditRecord {
  /** Filled by admission and authorization. */
  readonly annotations: Record<string, string> = {};
  readonly #head: Record<string, unknown>;
  readonly #received: string;
  readonly #verb: string;
  readonly #ref: Record<string, string> | undefined;
  readonly #verdict: Verdict;
  readonly #clock: Clock;
  readonly #write: (line: string) => void;
  #impersonated: UserInfo | undefined;
  #status: Partial<Status> | undefined;
  #requestObject: unknown;
  #responseObject: unknown;

  constructor(access: Access, id: string, asked: Asked, verdict: Verdict, clock: Clock, write: (line: string) => void) {
    const { user, verb, resource: r } = access;
    this.#verdict = verdict; this.#clock = clock; this.#write = write; this.#verb = verb;
    this.#received = formatMicroTime(clock.now());
    this.#head = { requestURI: asked.url, verb, user: wire(user), sourceIPs: asked.sourceIPs, ...(asked.userAgent ? { userAgent: asked.userAgent } : {}), kind: 'Event', apiVersion: 'audit.k8s.io/v1', level: verdict.level, auditID: id };
    this.#ref = r && { resource: r.resource, namespace: r.namespace, name: r.name, uid: '', apiGroup: r.group, apiVersion: r.version, resourceVersion: '', subresource: r.subresource };
  }

  /** The request is in, and whose it is has been said. */
  received(): void { this.#stage('RequestReceived'); }
  /** Whom the user acts as. */
  impersonates(user: UserInfo): void { this.#impersonated = user; }
  /** What the authorizer says of it. */
  authorized(authorizer: Authorizer, access: Access): void {
    const d = authorizer.authorize(access);
    this.annotations['authorization.k8s.io/decision'] = d.verdict === 'allow' ? 'allow' : 'forbid';
    this.annotations['authorization.k8s.io/reason'] = d.reason;
  }
  /** The body as it came: bytes, or an object in process. What the URL does not say of the object is read off it. */
  request(body: Buffer | object | undefined, contentType = ''): void {
    const { level, omitManagedFields } = this.#verdict, whole = this.#verb === 'create' || this.#verb === 'update';
    if (!whole && level === 'Metadata') return;
    const value = body instanceof Buffer ? read(body, contentType) : body;
    if (whole && this.#ref && typeof value === 'object' && value !== null) {
      const m = (value as Item).metadata ?? {};
      for (const k of ['namespace', 'name', 'uid', 'resourceVersion'] as const) if (this.#ref[k] === '' && typeof m[k] === 'string') this.#ref[k] = m[k];
    }
    if (level !== 'Metadata') this.#requestObject = omitManagedFields ? withoutManagedFields(value) : value;
  }
  /** `made` is asked for only where answers are kept. */
  response(made: () => Buffer | object): void {
    if (this.#verdict.level !== 'RequestResponse') return;
    const body = made(), value = body instanceof Buffer ? read(body, '') : body;
    this.#responseObject = this.#verdict.omitManagedFields ? withoutManagedFields(value) : value;
  }
  /** What the answer says when it is a Status: why it was refused, or that it is done. */
  said(status: Status): void {
    const { status: outcome, message, reason, details, code } = status;
    this.#status = { ...(outcome ? { status: outcome } : {}), ...(message ? { message } : {}), ...(reason ? { reason } : {}), ...(details ? { details } : {}), ...(code ? { code } : {}) };
  }
  /** Nobody is known to have asked: the one event such a request gets. */
  unknown(code: number, message: string): void { this.#status = { message }; this.started(code); }
  /** A long answer begins. */
  started(code: number): void { this.#stage('ResponseStarted', code); }
  /** `code` undefined: the client went before it had an answer. */
  complete(code: number | undefined): void {
    if (code === undefined) this.#status = { status: 'Success', message: 'Connection closed early' };
    this.#stage('ResponseComplete', code ?? 200);
  }

  /** The annotations, as far as the level goes: what webhooks patch is of the request. */
  #told(): Record<string, string> | undefined {
    const all = Object.entries(this.annotations), told = this.#verdict.level === 'Metadata' ? all.filter(([k]) => !k.startsWith('patch.webhook.admission.k8s.io/')) : all;
    return told.length ? Object.fromEntries(told) : undefined;
  }

  #stage(stage: Stage, code?: number): void {
    if (this.#verdict.omit.has(stage)) return;
    const { requestURI, verb, user, sourceIPs, userAgent, ...first } = this.#head;
    // Undefined members are not written. In upstream's order, for whoever reads it by eye.
    this.#write(JSON.stringify({
      ...first, stage, requestURI, verb, user, impersonatedUser: this.#impersonated && wire(this.#impersonated), sourceIPs, userAgent,
      objectRef: this.#ref && Object.fromEntries(Object.entries(this.#ref).filter(([, v]) => v !== '')),
      responseStatus: code === undefined ? undefined : { metadata: {}, ...this.#status, code }, requestObject: this.#requestObject, responseObject: this.#responseObject,
      requestReceivedTimestamp: this.#received, stageTimestamp: stage === 'RequestReceived' ? this.#received : formatMicroTime(this.#clock.now()),
      annotations: this.#told(),
    }));
  }
}

/** How an unknown credential was shown, in upstream's words. */
export function attempted(req: IncomingMessage, certificate: boolean): string {
  const auth = req.headers.authorization?.trim() ?? '', ways = [...(/^basic /i.test(auth) ? ['basic'] : []), ...(/^bearer /i.test(auth) ? ['bearer'] : []), ...(certificate ? ['x509'] : [])];
  return ways.length ? `Authentication failed, attempted: ${ways.join(', ')}` : 'Authentication failed, no credentials provided';
}

/** Keeps the audit log of one server. */
export class Auditor {
  readonly #policy: Policy;
  readonly #clock: Clock;
  readonly #write: (line: string) => void;
  constructor(policy: Policy, clock: Clock, write: (line: string) => void) { this.#policy = policy; this.#clock = clock; this.#write = write; }

  /** undefined when the policy does not care about the request. `access` is the asking user's, whomever it acts as. */
  open(access: Access, id: string, asked: () => Asked): AuditRecord | undefined {
    const verdict = judge(this.#policy, access);
    return verdict && new AuditRecord(access, id, asked(), verdict, this.#clock, this.#write);
  }
}

// Writes down who asked what and what came of it (audit.k8s.io/v1 events, one JSON line each), as far as the policy wants it.
import { randomUUID } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import { formatMicroTime } from '../../api/meta/time.ts';
import type { Clock } from '../../base/clock.ts';
import { impersonatorOf } from '../authn/impersonation.ts';
import { decodeProtobuf, ProtobufError } from '../codec/protobuf.ts';
import type { Access, Authorizer } from '../authz/authorizer.ts';
import type { UserInfo } from '../context.ts';
import { judge, type Policy, type Stage, type Verdict } from './policy.ts';

interface Item { metadata?: { managedFields?: unknown } }
const wire = (u: UserInfo): object => ({ username: u.name, ...(u.uid ? { uid: u.uid } : {}), groups: u.groups, ...(u.extra && Object.keys(u.extra).length ? { extra: u.extra } : {}) });

/** JSON or protobuf bytes as what they say, managed fields left out where wanted; undefined for what is neither. */
function objectOf(bytes: Buffer, omitManagedFields: boolean): unknown {
  let value: unknown;
  try { value = bytes.subarray(0, 4).toString() === 'k8s\0' ? decodeProtobuf(bytes, undefined) : JSON.parse(bytes.toString()); } catch (e) {
    // What cannot be read has been or will be refused; the log says so by the answer's code.
    if (e instanceof SyntaxError || e instanceof ProtobufError) return undefined;
    throw e;
  }
  if (omitManagedFields && typeof value === 'object' && value !== null) {
    for (const o of [value as Item, ...((value as { items?: Item[] }).items ?? [])]) if (o?.metadata) delete o.metadata.managedFields;
  }
  return value;
}

/** One request on its way; its stages are written as they come. */
export class AuditRecord {
  readonly id = randomUUID();
  /** Filled by admission and authorization. */
  readonly annotations: Record<string, string> = {};
  readonly #base: Record<string, unknown>;
  readonly #verdict: Verdict;
  readonly #clock: Clock;
  readonly #write: (line: string) => void;
  #requestObject: unknown;
  #responseObject: unknown;

  constructor(access: Access, req: IncomingMessage, verdict: Verdict, clock: Clock, write: (line: string) => void) {
    const { user, verb, resource: r } = access, by = impersonatorOf(user), agent = req.headers['user-agent'];
    this.#verdict = verdict; this.#clock = clock; this.#write = write;
    this.#base = {
      kind: 'Event', apiVersion: 'audit.k8s.io/v1', level: verdict.level, auditID: this.id, stage: '', requestURI: req.url, verb, user: wire(by ?? user), ...(by ? { impersonatedUser: wire(user) } : {}),
      sourceIPs: [(req.socket?.remoteAddress ?? '').replace(/^::ffff:/, '')].filter(Boolean), ...(agent ? { userAgent: agent } : {}),
      ...(r ? {
        objectRef: {
          resource: r.resource, ...(r.namespace ? { namespace: r.namespace } : {}), ...(r.name ? { name: r.name } : {}), ...(r.group ? { apiGroup: r.group } : {}), apiVersion: r.version,
          ...(r.subresource ? { subresource: r.subresource } : {}),
        },
      } : {}),
      requestReceivedTimestamp: formatMicroTime(clock.now()),
    };
    this.#stage('RequestReceived');
  }

  /** What the authorizer says of it. */
  authorized(authorizer: Authorizer, access: Access): void {
    const d = authorizer.authorize(access);
    this.annotations['authorization.k8s.io/decision'] = d.verdict === 'allow' ? 'allow' : 'forbid';
    this.annotations['authorization.k8s.io/reason'] = d.reason;
  }
  request(body: Buffer): void { if (this.#verdict.level === 'Request' || this.#verdict.level === 'RequestResponse') this.#requestObject = body.length ? objectOf(body, this.#verdict.omitManagedFields) : undefined; }
  response(body: Buffer): void { if (this.#verdict.level === 'RequestResponse') this.#responseObject = objectOf(body, this.#verdict.omitManagedFields); }
  /** A long answer begins. */
  started(code: number): void { this.#stage('ResponseStarted', code); }
  complete(code: number): void { this.#stage('ResponseComplete', code); }

  #stage(stage: Stage, code?: number): void {
    if (this.#verdict.omit.has(stage)) return;
    this.#write(JSON.stringify({
      ...this.#base, stage, ...(code === undefined ? {} : { responseStatus: { metadata: {}, code } }),
      ...(this.#requestObject === undefined ? {} : { requestObject: this.#requestObject }), ...(this.#responseObject === undefined ? {} : { responseObject: this.#responseObject }),
      stageTimestamp: formatMicroTime(this.#clock.now()), ...(Object.keys(this.annotations).length ? { annotations: this.annotations } : {}),
    }));
  }
}

/** Keeps the audit log of one server. */
export class Auditor {
  readonly #policy: Policy;
  readonly #clock: Clock;
  readonly #write: (line: string) => void;
  constructor(policy: Policy, clock: Clock, write: (line: string) => void) { this.#policy = policy; this.#clock = clock; this.#write = write; }

  /** undefined when the policy does not care about the request. */
  open(access: Access, req: IncomingMessage): AuditRecord | undefined {
    const verdict = judge(this.#policy, access);
    return verdict && new AuditRecord(access, req, verdict, this.#clock, this.#write);
  }
}

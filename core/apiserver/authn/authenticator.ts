// Who asks? Client certificates, then bearer tokens: static, service-account, bootstrap (contract 11.1). A credential that fails is
// never anonymous; no credential is.
import { createHash, timingSafeEqual, X509Certificate, type KeyObject } from 'node:crypto';
import type { IncomingHttpHeaders, IncomingMessage } from 'node:http';
import type { TLSSocket } from 'node:tls';
import { unauthorized } from '../../api/meta/status.ts';
import type { Secret } from '../../api/types/kubernetes.ts';
import type { UserInfo } from '../context.ts';
import type { RegistryEnv } from '../registry/env.ts';
import { impersonated, impersonates } from './impersonation.ts';
import { isInvalidated } from './legacy-tokens.ts';
import { tokenUser, type ServiceAccountTokens } from './service-account-tokens.ts';

const ANONYMOUS: UserInfo = Object.freeze({ name: 'system:anonymous', groups: ['system:unauthenticated'] });
/** What of a request tells who asks. */
export type Asking = Pick<IncomingMessage, 'socket' | 'headers' | 'rawHeaders'>;
const AUTHENTICATED = 'system:authenticated';

const digest = (text: string): string => createHash('sha256').update(text).digest('hex');

const stale = new WeakMap<UserInfo, string>();
/** What the audit log notes of a user who came with a token that lives beyond the time it was asked for. */
export const staleToken = (user: UserInfo): string | undefined => stale.get(user);

/** Tells users from TLS sockets and headers; remembers what it found per connection. */
export class Authenticator {
  readonly #env: RegistryEnv;
  readonly #tokens: Map<string, UserInfo>;
  readonly #serviceAccounts: ServiceAccountTokens;
  /** The certificate of a connection does not change while it lasts. */
  readonly #bySocket = new WeakMap<TLSSocket, Shown>();
  /** How often pods' tokens were used in their time, and after it. */
  readonly projected = { valid: 0, stale: 0 };
  /** Told of every use of a token that lies in a secret. */
  legacyUsed: (s: Secret) => void = () => {};
  #front: { key: KeyObject; names: readonly string[] } | undefined;
  readonly #lastToken = new WeakMap<TLSSocket, { auth: string; user: UserInfo }>();

  /** `tokens`: static bearer tokens and whom they stand for. They are kept as digests, so that look-ups tell nothing by their time. */
  constructor(env: RegistryEnv, tokens: ReadonlyMap<string, UserInfo>, serviceAccounts: ServiceAccountTokens) {
    this.#env = env;
    this.#tokens = new Map([...tokens].map(([t, u]) => [digest(t), { ...u, groups: withAuthenticated(u.groups) }]));
    this.#serviceAccounts = serviceAccounts;
  }

  /** Believes whoever shows a certificate of this authority (PEM) with one of these common names: they say who stands behind a request. */
  trustFrontProxy(ca: string, names: readonly string[]): void { this.#front = { key: new X509Certificate(ca).publicKey, names }; }

  /** Who asks. Throws 401 for a credential that does not hold. */
  async authenticate(req: Asking): Promise<UserInfo> {
    return this.#certificate(req.socket as TLSSocket) === 'front' && req.headers['x-remote-user'] ? behindProxy(req.rawHeaders) : this.#user(req.socket as TLSSocket, req.headers);
  }

  /** Whom who asks acts as: somebody else where the headers say so. Throws as `impersonated`. */
  acting(user: UserInfo, req: Asking): UserInfo { return impersonates(req.headers) ? impersonated(user, req.rawHeaders, this.#env.authorizer) : user; }

  /** Whether a certificate was shown. */
  showsCertificate(req: Asking): boolean { return this.#certificate(req.socket as TLSSocket) !== 'none'; }

  /** Like `authenticate`, for the common case that needs no waiting and acts as nobody else; undefined when it does. */
  quick({ socket: s, headers }: Asking): UserInfo | undefined {
    if (impersonates(headers)) return undefined;
    const socket = s as TLSSocket;
    const auth = headers.authorization;
    if (auth === undefined) { const c = this.#certificate(socket); return typeof c === 'object' ? c : undefined; }
    // A connection mostly repeats the token it has shown before.
    const last = this.#lastToken.get(socket);
    if (last?.auth === auth) return last.user;
    const user = auth.startsWith('Bearer ') && this.#certificate(socket) === 'none' ? this.#tokens.get(digest(auth.slice(7))) : undefined;
    if (user) this.#lastToken.set(socket, { auth, user });
    return user;
  }

  async #user(socket: TLSSocket, headers: IncomingHttpHeaders): Promise<UserInfo> {
    const cert = this.#certificate(socket);
    if (typeof cert === 'object') return cert;
    const auth = headers.authorization;
    if (auth !== undefined && /^bearer /i.test(auth)) {
      const user = await this.bearer(auth.slice(7).trim());
      if (user === undefined) throw unauthorized();
      return user;
    }
    if (cert === 'bad') throw unauthorized();
    return ANONYMOUS;
  }

  /** Whom a bearer token stands for; undefined when for nobody. `audiences`: those a service account's token may be for; this server by default. */
  async bearer(token: string, audiences?: readonly string[]): Promise<UserInfo | undefined> {
    const known = this.#tokens.get(digest(token));
    if (known) return known;
    if (/^[a-z0-9]{6}\.[a-z0-9]{16}$/.test(token)) return this.#bootstrap(token);
    const verified = token.split('.').length === 3 ? await this.#serviceAccounts.verify(token, audiences) : undefined;
    if (!verified) return undefined;
    const lives = (group: string, plural: string, namespace: string, name: string, uid: string): boolean => {
      const r = this.#env.find(group, plural), e = r && this.#env.store.get(r.key(namespace, name));
      return e !== undefined && r!.stateOf(e).metadata!.uid === uid;
    };
    if (!lives('', 'serviceaccounts', verified.namespace, verified.serviceAccount.name, verified.serviceAccount.uid)) return undefined;
    const b = verified.bound;
    if (b?.kind === 'secret' && b.uid === '') {
      const r = this.#env.find('', 'secrets'), e = r && this.#env.store.get(r.key(verified.namespace, b.name));
      const secret = e && r!.stateOf(e) as Secret, kept = secret?.data?.['token'];
      if (!secret || kept === undefined || Buffer.from(kept, 'base64').toString() !== token || isInvalidated(secret)) return undefined;
      this.legacyUsed(secret);
    } else if (b && !lives('', `${b.kind}s`, b.kind === 'node' ? '' : verified.namespace, b.name, b.uid)) return undefined;
    const user = tokenUser(verified), { warnAfter } = verified;
    if (warnAfter !== undefined) {
      const late = this.#env.clock.now() - warnAfter;
      if (late > 0) { this.projected.stale++; stale.set(user, `subject: ${user.name}, seconds after warning threshold: ${Math.floor(late / 1000)}`); } else this.projected.valid++;
    }
    return user;
  }

  #bootstrap(token: string): UserInfo | undefined {
    const [id = '', secret = ''] = token.split('.');
    const r = this.#env.find('', 'secrets'), e = r && this.#env.store.get(r.key('kube-system', `bootstrap-token-${id}`));
    if (!e) return undefined;
    const s = r!.stateOf(e) as { type?: string; data?: Record<string, string>; metadata?: { deletionTimestamp?: unknown } };
    const field = (name: string): string => Buffer.from(s.data?.[name] ?? '', 'base64').toString();
    const a = Buffer.from(digest(field('token-secret'))), b = Buffer.from(digest(secret));
    if (s.type !== 'bootstrap.kubernetes.io/token' || s.metadata?.deletionTimestamp !== undefined || field('token-id') !== id || !timingSafeEqual(a, b) || field('usage-bootstrap-authentication') !== 'true') return undefined;
    const expires = field('expiration');
    if (expires !== '' && !(Date.parse(expires) > this.#env.clock.now())) return undefined;
    return { name: `system:bootstrap:${id}`, groups: withAuthenticated(['system:bootstrappers', ...field('auth-extra-groups').split(',').filter(g => g.startsWith('system:bootstrappers:'))]) };
  }

  #certificate(socket: TLSSocket): Shown {
    let found = this.#bySocket.get(socket);
    if (found === undefined) {
      found = readCertificate(socket, this.#front);
      this.#bySocket.set(socket, found);
    }
    return found;
  }
}

/** Whom a connection's certificate stands for: somebody, a front proxy, nobody this server knows, or there is none. */
type Shown = UserInfo | 'front' | 'bad' | 'none';

function readCertificate(socket: TLSSocket, front: { key: KeyObject; names: readonly string[] } | undefined): Shown {
  if (typeof socket.getPeerCertificate !== 'function') return 'none';
  const cert = socket.getPeerCertificate();
  if (!cert || Object.keys(cert).length === 0) return 'none';
  const { CN, O } = cert.subject as unknown as { CN?: string | string[]; O?: string | string[] };
  const name = Array.isArray(CN) ? CN[0] : CN;
  if (!socket.authorized || !name) return 'bad';
  // What the proxies' authority has signed is never a user's own.
  if (front && new X509Certificate(cert.raw).verify(front.key)) return front.names.includes(name) ? 'front' : 'bad';
  const groups = O === undefined ? [] : Array.isArray(O) ? O : [O];
  return { name, groups: withAuthenticated(groups) };
}

/** The user a front proxy names (upstream's default headers). Repeated headers are read one by one: a group may hold a comma. */
function behindProxy(raw: readonly string[]): UserInfo {
  let name = '', uid = '';
  const groups: string[] = [], extra: Record<string, string[]> = {};
  for (let i = 0; i < raw.length; i += 2) {
    const header = raw[i]!.toLowerCase(), value = raw[i + 1]!;
    if (header === 'x-remote-user') name ||= value;
    else if (header === 'x-remote-uid') uid ||= value;
    else if (header === 'x-remote-group') groups.push(value);
    else if (header.startsWith('x-remote-extra-')) (extra[unescaped(header.slice(15))] ??= []).push(value);
  }
  return { name, groups: withAuthenticated(groups), ...(uid ? { uid } : {}), extra };
}

function unescaped(key: string): string {
  try { return decodeURIComponent(key); } catch { return key; /* not escaped, and a stray percent sign */ }
}

const withAuthenticated = (groups: readonly string[]): string[] => (groups.includes(AUTHENTICATED) ? [...groups] : [...groups, AUTHENTICATED]);

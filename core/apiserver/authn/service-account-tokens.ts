// Service-account JWTs: signing for TokenRequest, checking on every request (contract 11.1, 11.2).
import { createHash, createPrivateKey, createPublicKey, randomUUID, type KeyObject } from 'node:crypto';
import type { JWTPayload } from 'jose';
import type { Clock } from '../../base/clock.ts';

export interface TokenSubject {
  readonly namespace: string;
  readonly serviceAccount: { readonly name: string; readonly uid: string };
  /** The node of the pod the token is bound to. */
  readonly node?: { readonly name: string; readonly uid?: string };
  /** What the token dies with. */
  readonly bound?: { readonly kind: 'pod' | 'node' | 'secret'; readonly name: string; /** '' for a secret that holds this very token. */ readonly uid: string };
}

export interface VerifiedToken extends TokenSubject {
  readonly audiences: readonly string[];
  readonly id: string;
  readonly expires: number;
  /** From then on whoever still uses it should have fetched another; ms since the epoch. */
  readonly warnAfter?: number;
}

interface KubernetesClaims {
  namespace: string; serviceaccount: { name: string; uid: string };
  pod?: { name: string; uid: string }; node?: { name: string; uid?: string }; secret?: { name: string; uid: string };
  /** Seconds since the epoch. */
  warnafter?: number;
}

const CLAIM = 'kubernetes.io';
/** Issuer and claims of tokens that lie in secrets. */
const LEGACY = 'kubernetes/serviceaccount';
const CACHED = 2000;
/** What admission asks for on behalf of every pod: a number nobody else comes up with. */
export const POD_SECONDS = 3607;
const EXTENDED_SECONDS = 365 * 24 * 3600;

/** Signs and checks with one private key; whether the account still exists is the caller's question. */
export class ServiceAccountTokens {
  readonly issuer: string;
  /** What a token is for when its maker names nothing else, and what this server accepts. */
  readonly audiences: readonly string[];
  readonly #key: KeyObject;
  readonly #public: KeyObject;
  readonly #algorithm: 'ES256' | 'RS256';
  readonly #kid: string;
  readonly #clock: Clock;
  /** token -> what it says; signature and claims are checked once, expiry and bound objects every time. */
  readonly #verified = new Map<string, VerifiedToken>();

  /** `keyPem`: PKCS#8, an EC P-256 or RSA key. */
  constructor(keyPem: string, issuer: string, clock: Clock) {
    this.#key = createPrivateKey(keyPem);
    this.#public = createPublicKey(this.#key);
    this.#algorithm = this.#key.asymmetricKeyType === 'rsa' ? 'RS256' : 'ES256';
    this.#kid = createHash('sha256').update(this.#public.export({ type: 'spki', format: 'der' })).digest('base64url');
    this.#clock = clock;
    this.issuer = issuer;
    this.audiences = [issuer];
  }

  /**
   * A signed token; `seconds` is its life. The one every pod gets (3607 s, for this server) lives a year, so that clients which read it but
   * once go on working; after the time asked for its use is noted.
   */
  async sign(subject: TokenSubject, audiences: readonly string[], seconds: number): Promise<{ token: string; expires: number; id: string }> {
    const { SignJWT } = await import('jose');
    const now = Math.floor(this.#clock.now() / 1000), expires = now + seconds, id = randomUUID();
    const extended = subject.bound?.kind === 'pod' && seconds === POD_SECONDS && audiences.every(a => this.audiences.includes(a));
    const { namespace, serviceAccount, bound, node } = subject;
    const claims: KubernetesClaims = { namespace, serviceaccount: { ...serviceAccount }, ...(bound ? { [bound.kind]: { name: bound.name, uid: bound.uid } } : {}), ...(node ? { node } : {}), ...(extended ? { warnafter: expires } : {}) };
    const token = await new SignJWT({ [CLAIM]: claims })
      .setProtectedHeader({ alg: this.#algorithm, kid: this.#kid }).setIssuer(this.issuer).setAudience([...audiences])
      .setSubject(`system:serviceaccount:${namespace}:${serviceAccount.name}`).setIssuedAt(now).setNotBefore(now).setExpirationTime(extended ? now + EXTENDED_SECONDS : expires).setJti(id).sign(this.#key);
    return { token, expires: expires * 1000, id };
  }

  /** The token of a secret of type kubernetes.io/service-account-token: it holds as long as the secret does. */
  async signForSecret(namespace: string, account: { readonly name: string; readonly uid: string }, secret: string): Promise<string> {
    const { SignJWT } = await import('jose');
    return new SignJWT({
      [`${CLAIM}/serviceaccount/namespace`]: namespace, [`${CLAIM}/serviceaccount/secret.name`]: secret,
      [`${CLAIM}/serviceaccount/service-account.name`]: account.name, [`${CLAIM}/serviceaccount/service-account.uid`]: account.uid,
    }).setProtectedHeader({ alg: this.#algorithm, kid: this.#kid }).setIssuer(LEGACY).setSubject(`system:serviceaccount:${namespace}:${account.name}`).sign(this.#key);
  }

  /** What the token says, undefined when it is not one of ours, is not signed by us, is expired or is for nobody in `audiences`. */
  async verify(token: string, audiences: readonly string[] = this.audiences): Promise<VerifiedToken | undefined> {
    let v = this.#verified.get(token);
    if (v === undefined) {
      const claims = await this.#claims(token);
      const legacy = claims?.iss === LEGACY ? (name: string): string => String(claims[`${CLAIM}/serviceaccount/${name}`] ?? '') : undefined;
      const k = legacy
        ? { namespace: legacy('namespace'), serviceaccount: { name: legacy('service-account.name'), uid: legacy('service-account.uid') }, secret: { name: legacy('secret.name'), uid: '' } } satisfies KubernetesClaims
        : claims?.[CLAIM] as KubernetesClaims | undefined;
      if (!claims || !k?.namespace || !k.serviceaccount?.name) return undefined;
      const kind = (['pod', 'node', 'secret'] as const).find(x => k[x]);
      v = {
        namespace: k.namespace, serviceAccount: k.serviceaccount, ...(kind ? { bound: { kind, name: k[kind]!.name, uid: k[kind]!.uid ?? '' } } : {}), ...(kind === 'pod' && k.node ? { node: k.node } : {}),
        audiences: legacy ? this.audiences : typeof claims.aud === 'string' ? [claims.aud] : (claims.aud ?? []), id: claims.jti ?? '', expires: legacy ? Infinity : (claims.exp ?? 0) * 1000, ...('warnafter' in k && k.warnafter ? { warnAfter: k.warnafter * 1000 } : {}),
      };
      if (this.#verified.size >= CACHED) this.#verified.delete(this.#verified.keys().next().value!);
      this.#verified.set(token, v);
    }
    if (v.expires <= this.#clock.now()) { this.#verified.delete(token); return undefined; }
    return v.audiences.some(a => audiences.includes(a)) ? v : undefined;
  }

  async #claims(token: string): Promise<JWTPayload | undefined> {
    const { jwtVerify, errors } = await import('jose');
    try {
      return (await jwtVerify(token, this.#public, { issuer: [this.issuer, LEGACY], algorithms: [this.#algorithm], currentDate: new Date(this.#clock.now()) })).payload;
    } catch (e) {
      // A token that is wrong is an answer, not a failure of ours.
      if (e instanceof errors.JOSEError) return undefined;
      throw e;
    }
  }

  /** `/openid/v1/jwks`. */
  jwks(): object {
    return { keys: [{ use: 'sig', alg: this.#algorithm, kid: this.#kid, ...this.#public.export({ format: 'jwk' }) }] };
  }
  /** `/.well-known/openid-configuration`. */
  discovery(jwksUri: string): object {
    return { issuer: this.issuer, jwks_uri: jwksUri, response_types_supported: ['id_token'], subject_types_supported: ['public'], id_token_signing_alg_values_supported: [this.#algorithm] };
  }
}

/** The user a token stands for. */
export function tokenUser(t: VerifiedToken): { name: string; uid: string; groups: string[]; extra: Record<string, string[]> } {
  const extra: Record<string, string[]> = {};
  if (t.id) extra['authentication.kubernetes.io/credential-id'] = [`JTI=${t.id}`];
  if (t.bound?.kind === 'pod') {
    extra['authentication.kubernetes.io/pod-name'] = [t.bound.name];
    extra['authentication.kubernetes.io/pod-uid'] = [t.bound.uid];
  }
  const node = t.bound?.kind === 'node' ? t.bound : t.node;
  if (node) {
    extra['authentication.kubernetes.io/node-name'] = [node.name];
    if (node.uid) extra['authentication.kubernetes.io/node-uid'] = [node.uid];
  }
  return {
    name: `system:serviceaccount:${t.namespace}:${t.serviceAccount.name}`, uid: t.serviceAccount.uid,
    groups: ['system:serviceaccounts', `system:serviceaccounts:${t.namespace}`, 'system:authenticated'], extra,
  };
}

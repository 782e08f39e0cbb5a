// Bound service-account tokens for pods, through the TokenRequest API.
import type { AuthenticationTokenRequest, Pod } from '../../api/types/kubernetes.ts';
import { serviceAccount } from '../../api/kinds/core/service-account.ts';
import { parseTime } from '../../api/meta/time.ts';
import type { Clock } from '../../base/clock.ts';
import type { Client } from '../../client/client.ts';
import { VolumeError } from './volume.ts';

interface Cached { token: string; /** ms since the epoch after which it is renewed */ renewAt: number }

/** Tokens of this node's pods; each is kept until 80 % of its life (at most 24 h) are over. */
export class Tokens {
  readonly #client: Client;
  readonly #clock: Clock;
  readonly #cache = new Map<string, Cached>();
  constructor(client: Client, clock: Clock) { this.#client = client; this.#clock = clock; }

  /** Throws VolumeError with the API server's words. */
  async get(pod: Pod, audience: string | undefined, seconds: number): Promise<string> {
    const m = pod.metadata; const account = pod.spec?.serviceAccountName || 'default';
    const key = `${m?.uid ?? ''}/${account}/${audience ?? ''}/${seconds}`;
    const had = this.#cache.get(key);
    const now = this.#clock.now();
    if (had && now < had.renewAt) return had.token;
    const request = {
      apiVersion: 'authentication.k8s.io/v1', kind: 'TokenRequest', metadata: { namespace: m?.namespace ?? '' },
      spec: { ...(audience ? { audiences: [audience] } : {}), expirationSeconds: seconds, boundObjectRef: { apiVersion: 'v1', kind: 'Pod', name: m?.name ?? '', uid: m?.uid ?? '' } },
    };
    let answer: AuthenticationTokenRequest;
    try { answer = await this.#client.create<AuthenticationTokenRequest>(serviceAccount, request as AuthenticationTokenRequest, { name: 'token', of: account }); }
    catch (e) {
      // An old token that still holds is better than none.
      if (had) return had.token;
      throw new VolumeError(`failed to fetch token: ${(e as Error).message}`);
    }
    const token = answer.status?.token;
    if (!token) throw new VolumeError('failed to fetch token: the API server answered without one');
    const expires = parseTime(answer.status?.expirationTimestamp);
    const life = Number.isNaN(expires) ? seconds * 1000 : expires - now;
    this.#cache.set(key, { token, renewAt: now + Math.min(life * 0.8, 24 * 3_600_000) });
    return token;
  }

  /** True when a token of this pod is due for renewal. */
  due(uid: string): boolean {
    const now = this.#clock.now();
    for (const [key, c] of this.#cache) if (key.startsWith(`${uid}/`) && now >= c.renewAt) return true;
    return false;
  }
  forget(uid: string): void { for (const key of this.#cache.keys()) if (key.startsWith(`${uid}/`)) this.#cache.delete(key); }
}

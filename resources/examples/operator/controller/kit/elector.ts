// Leader election by Lease over @kubernetes/client-node, by the rules of client-go's leaderelection: the library has none of its own.
import { ApiException, V1MicroTime, type CoordinationV1Api, type V1Lease } from '@kubernetes/client-node';

export interface ElectorOptions {
  namespace: string;
  name: string;
  /** Who this is, in spec.holderIdentity. */
  identity: string;
  /** How long after its last renewal another may take the lease; seconds. */
  seconds: number;
  /** Milliseconds of this contender's own clock: clocks of others are never compared with it. */
  now: () => number;
}

/** One contender for a lease. Call {@link attempt} again and again; between calls it does nothing. */
export class Elector {
  readonly #api: CoordinationV1Api;
  readonly #options: ElectorOptions;
  #seen = { version: '', at: 0 };

  constructor(api: CoordinationV1Api, options: ElectorOptions) { this.#api = api; this.#options = options; }

  /** Takes or renews the lease. False: another has it, or another was faster. Errors other than 404 and 409 are thrown. */
  async attempt(): Promise<boolean> {
    const { namespace, name, identity, seconds, now } = this.#options;
    const lease = await this.read();
    const mine = { holderIdentity: identity, leaseDurationSeconds: seconds, renewTime: new V1MicroTime() };
    if (!lease) return this.#write(() => this.#api.createNamespacedLease({ namespace, body: { metadata: { name, namespace }, spec: { ...mine, acquireTime: mine.renewTime, leaseTransitions: 0 } } }));
    const version = lease.metadata?.resourceVersion ?? '', holder = lease.spec?.holderIdentity ?? '';
    if (version !== this.#seen.version) this.#seen = { version, at: now() };
    if (holder !== '' && holder !== identity && now() < this.#seen.at + (lease.spec?.leaseDurationSeconds ?? seconds) * 1000) return false;
    const taken = holder === identity ? {} : { acquireTime: mine.renewTime, leaseTransitions: (lease.spec?.leaseTransitions ?? 0) + 1 };
    return this.#replace({ ...lease, spec: { ...lease.spec, ...mine, ...taken } });
  }

  /** Gives the lease up, so that the next need not wait for its end. False: it was not ours. */
  async release(): Promise<boolean> {
    const lease = await this.read();
    if (lease?.spec?.holderIdentity !== this.#options.identity) return false;
    return this.#replace({ ...lease, spec: { ...lease.spec, holderIdentity: '', leaseDurationSeconds: 1, renewTime: new V1MicroTime() } });
  }

  /** The lease as it is now, or undefined. */
  async read(): Promise<V1Lease | undefined> {
    const { namespace, name } = this.#options;
    try { return await this.#api.readNamespacedLease({ namespace, name }); } catch (e) {
      if (e instanceof ApiException && e.code === 404) return undefined;
      throw e;
    }
  }

  /** Puts a lease as it was read: refused when another wrote since. */
  #replace(body: V1Lease): Promise<boolean> {
    const { namespace, name } = this.#options;
    return this.#write(() => this.#api.replaceNamespacedLease({ namespace, name, body }));
  }

  async #write(write: () => Promise<V1Lease>): Promise<boolean> {
    try {
      this.#seen = { version: (await write()).metadata?.resourceVersion ?? '', at: this.#options.now() };
      return true;
    } catch (e) {
      if (e instanceof ApiException && e.code === 409) return false;
      throw e;
    }
  }
}

// Admission: what may change or refuse a write after it is decoded and before it is stored (contract section 12).
import type { KubeObject } from '../../api/meta/object.ts';
import type { UserInfo } from '../context.ts';
import type { Resource } from '../registry/resource.ts';

export interface Attributes {
  readonly operation: 'CREATE' | 'UPDATE' | 'DELETE' | 'CONNECT';
  readonly resource: Resource;
  readonly subresource: string;
  readonly namespace: string;
  readonly name: string;
  /** A private copy that mutating plug-ins change; absent on deletes. */
  readonly object: KubeObject | undefined;
  /** The state before, shared. */
  readonly old: KubeObject | undefined;
  readonly user: UserInfo;
  readonly dryRun: boolean;
}

/** One plug-in, by Kubernetes' own name. Throws ApiError to refuse; a promise makes the request wait. */
export interface AdmissionPlugin {
  readonly name: string;
  mutate?(a: Attributes): void | Promise<void>;
  validate?(a: Attributes): void | Promise<void>;
}

/** The plug-ins that are on, in their order; all mutate before any validates. Both reject with the ApiError of the first that refuses. */
export class AdmissionChain {
  readonly #mutating: AdmissionPlugin[];
  readonly #validating: AdmissionPlugin[];

  constructor(plugins: readonly AdmissionPlugin[], disabled: readonly string[]) {
    const on = plugins.filter(p => !disabled.includes(p.name));
    this.#mutating = on.filter(p => p.mutate);
    this.#validating = on.filter(p => p.validate);
  }

  async mutate(a: Attributes): Promise<void> {
    for (const p of this.#mutating) { const wait = p.mutate!(a); if (wait) await wait; }
  }
  async validate(a: Attributes): Promise<void> {
    for (const p of this.#validating) { const wait = p.validate!(a); if (wait) await wait; }
  }
}

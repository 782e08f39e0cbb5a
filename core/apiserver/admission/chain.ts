// Admission: what may change or refuse a write after it is decoded and before it is stored (contract section 12).
import type { KubeObject } from '../../api/meta/object.ts';
import type { RequestContext, UserInfo } from '../context.ts';
import type { DeleteRequest, WriteOptions } from '../registry/options.ts';
import type { Resource } from '../registry/resource.ts';
import type { Rounds } from './reinvocation.ts';

/** What `object` is: the resource's own kind, or a subresource's (Scale, Binding, Eviction, TokenRequest, PodExecOptions…). */
export interface ObjectKind { readonly group: string; readonly version: string; readonly kind: string }

export interface Attributes {
  /** A deletecollection is one DELETE for each object; exec, attach, portforward and proxy are CONNECT; binding, eviction and token are CREATE of that subresource. */
  readonly operation: 'CREATE' | 'UPDATE' | 'DELETE' | 'CONNECT';
  readonly resource: Resource;
  readonly kind: ObjectKind;
  readonly subresource: string;
  readonly namespace: string;
  readonly name: string;
  /** A private copy that mutating plug-ins change in place (its identity stays: see `overwrite`); absent on deletes. */
  readonly object: KubeObject | undefined;
  /** The state before, shared. */
  readonly old: KubeObject | undefined;
  /** The request's options; undefined for CONNECT. */
  readonly options: WriteOptions | DeleteRequest | undefined;
  readonly user: UserInfo;
  readonly dryRun: boolean;
  /** Texts for Warning headers of the answer; plug-ins add to it. */
  readonly warnings: string[];
  /** Where plug-ins leave annotations for the audit log; undefined when nobody keeps one. */
  readonly audit: Record<string, string> | undefined;
  /** What plug-ins want called once the write has ended, stored or refused; the store's watchers know by then. */
  readonly ended: (() => void)[];
  /** Where webhooks and policies keep whom to call again; made by the first that runs. */
  rounds?: Rounds;
}

/** The attributes of a request on the resource itself, in which `more` says what is special. */
export function attributesOf(ctx: RequestContext, resource: Resource, more: Pick<Attributes, 'operation' | 'namespace' | 'name' | 'object' | 'old' | 'options'> & Partial<Attributes>): Attributes {
  return { resource, kind: resource.spec, subresource: '', user: ctx.user, dryRun: more.options?.dryRun ?? false, warnings: ctx.warnings, audit: ctx.audit, ended: [], ...more };
}

/** Tells the plug-ins that asked that the write has ended. */
export function endWrite(a: Attributes): void { for (const f of a.ended) f(); }

/** Gives `target` the content of `source` without becoming another object: how a plug-in replaces `object` as a whole. */
export function overwrite(target: KubeObject, source: KubeObject): void {
  for (const k of Object.keys(target)) delete (target as Record<string, unknown>)[k];
  Object.assign(target, source);
}

/** One plug-in, by Kubernetes' own name. Throws ApiError to refuse; a promise makes the request wait. */
export interface AdmissionPlugin {
  readonly name: string;
  mutate?(a: Attributes): void | Promise<void>;
  validate?(a: Attributes): void | Promise<void>;
}

/**
 * The plug-ins that are on, in their order; all mutate (once more, where a webhook or policy changed the object) before any validates.
 * Both reject with the ApiError of the first that refuses.
 */
export class AdmissionChain {
  readonly #mutating: AdmissionPlugin[];
  readonly #validating: AdmissionPlugin[];

  constructor(plugins: readonly AdmissionPlugin[]) {
    this.#mutating = plugins.filter(p => p.mutate);
    this.#validating = plugins.filter(p => p.validate);
  }

  /** Both phases, for requests that are not stored by the registry (connections, tokens). */
  async admit(a: Attributes): Promise<void> {
    await this.mutate(a);
    await this.validate(a);
  }

  async mutate(a: Attributes): Promise<void> {
    for (const p of this.#mutating) { const wait = p.mutate!(a); if (wait) await wait; }
    if (!a.rounds?.again) return;
    a.rounds.round = 1;
    for (const p of this.#mutating) { const wait = p.mutate!(a); if (wait) await wait; }
  }
  async validate(a: Attributes): Promise<void> {
    for (const p of this.#validating) { const wait = p.validate!(a); if (wait) await wait; }
  }
}

// What the verbs need of the server around them.
import type { FieldError } from '../../api/meta/field-error.ts';
import type { KubeObject } from '../../api/meta/object.ts';
import type { Clock } from '../../base/clock.ts';
import type { Log } from '../../base/log.ts';
import type { Op, Store } from '../../store/store.ts';
import type { AdmissionChain } from '../admission/chain.ts';
import type { Authorizer } from '../authz/authorizer.ts';
import type { Rbac } from '../authz/rbac/rbac.ts';
import type { ServiceAccountTokens } from '../authn/service-account-tokens.ts';
import type { UserInfo } from '../context.ts';
import type { NodeStats } from '../virtual/node-stats.ts';
import type { Identities } from './identities.ts';
import type { Resource } from './resource.ts';

export type { FieldValidation } from '../codec/body.ts';

/** Things handed out with a write, such as addresses: kept when it is stored, given back when it is not. */
export interface Reservation {
  readonly errors: readonly FieldError[];
  commit(): void;
  rollback(): void;
}

/** Allocators run around writes of the kinds that ask for them; they fill fields of `next`. */
export interface WriteHook {
  create(next: KubeObject): Reservation;
  update(next: KubeObject, prev: KubeObject): Reservation;
  /** What else the write's transaction has to say: of an object that becomes `next` (undefined: goes) and was `prev` (undefined: is new). */
  beside?(next: KubeObject | undefined, prev: KubeObject | undefined): Op[];
  deleted(prev: KubeObject): void;
}

export interface RegistryEnv {
  readonly store: Store;
  readonly clock: Clock;
  readonly log: Log;
  readonly admission: AdmissionChain;
  readonly identities: Identities;
  readonly authorizer: Authorizer;
  /** The served resource of a group and plural, of the preferred version. */
  find(group: string, plural: string): Resource | undefined;
  /** The served resource of a kind, custom ones included. */
  findKind(group: string, version: string, kind: string): Resource | undefined;
  hook(resource: Resource): WriteHook | undefined;
  /** All served resources of the same storage, this one too: its versions, and kinds of other groups. */
  sharing(resource: Resource): readonly Resource[];
}

/** What subresources need besides. */
export interface SubresourceEnv {
  /** What nodes measure; without it there are no metrics of nodes and pods. */
  nodeStats?: NodeStats;
  readonly tokens: ServiceAccountTokens;
  readonly rbac: Rbac;
  /** Whom a bearer token stands for; undefined when for nobody. */
  bearer(token: string, audiences: readonly string[]): Promise<UserInfo | undefined>;
}

/** Kubernetes' metav1.Time: whole seconds, UTC. */
export const timestamp = (ms: number): string => `${new Date(ms).toISOString().slice(0, 19)}Z`;

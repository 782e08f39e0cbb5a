// The contract of a kind. One file per kind exports one KindSpec; routes, discovery, OpenAPI, storage keys, tables, navigation,
// list and detail pages and contract tests are derived from the array in index.ts. The shape is that of a CRD plus functions.
import type { FieldError } from '../meta/field-error.ts';
import type { KubeObject, ResourceType } from '../meta/object.ts';
import { bareFinalizer, validateObjectMeta } from '../meta/object-meta.ts';

export type Verb = 'create' | 'delete' | 'deletecollection' | 'get' | 'list' | 'patch' | 'update' | 'watch';
export const ALL_VERBS: readonly Verb[] = ['create', 'delete', 'deletecollection', 'get', 'list', 'patch', 'update', 'watch'];

/** How a cell is drawn in the IDE; the wire's Table needs only `type`. A closed union: what needs another word is a React override. */
export type Draw = 'text' | 'name' | 'ratio' | 'state' | 'number' | 'age' | 'labels' | 'code' | 'link' | 'list' | 'bytes' | 'percent';

/** One printer column (Kubernetes' printers; wide columns have priority 1). */
export interface Column<T extends KubeObject = KubeObject> {
  name: string;
  type: 'string' | 'integer' | 'number' | 'boolean' | 'date';
  format?: string;
  description: string;
  /** 0 always shown, 1 only in `-o wide`. */
  priority?: 0 | 1;
  draw: Draw;
  /** Cell value; ages come as the text kubectl prints, counted from `now` (ms). One that takes no `now` is asked once per version of an object. Null where a custom resource has nothing to show. */
  value(object: T, now: number): string | number | boolean | null;
  /** What to sort by in the IDE where the cell's text does not sort (ages, ratios). */
  sort?(object: T): string | number;
}

/** A verdict on one object for badges, row bars and "only what is broken". */
export interface Health { level: 'good' | 'busy' | 'warning' | 'bad' | 'none'; word: string; reason?: string }

export type Section = 'conditions' | 'containers' | 'pods' | 'podTemplate' | 'owners' | 'events' | 'labels' | 'data' | 'ports' | 'endpoints' | 'rollout' | 'spec' | 'allocation'
  | 'placement' | 'schedule' | 'completions' | 'autoscale' | 'ordinals' | 'daemonNodes' | 'budget' | 'quota' | 'limits' | 'claim' | 'volume' | 'class' | 'priority';
export type Action = 'logs' | 'shell' | 'attach' | 'yaml' | 'scale' | 'restart' | 'rollback' | 'pause' | 'setImage' | 'delete' | 'cordon' | 'drain' | 'forward';

/** What the IDE shows of a kind, as data. */
export interface View<T extends KubeObject = KubeObject> {
  nav: 'Workloads' | 'Network' | 'Config' | 'Storage' | 'Access' | 'Cluster' | 'Custom';
  icon: string;
  sections: readonly Section[];
  actions: readonly Action[];
  health?(object: T): Health;
}

/** A function of one object; a method type, so that a list of kinds of different T is a list of kinds. */
export type Of<T extends KubeObject, R> = { of(object: T): R }['of'];

export interface Subresource {
  /** `status`, `scale`, `log`… */
  name: string;
  verbs: readonly Verb[];
  /** The kind it speaks where that is not the parent's (Scale, Eviction, Binding, TokenRequest). */
  responseKind?: { group: string; version: string; kind: string };
}

/**
 * Everything a server and a user interface must know about a kind.
 * The registry calls, in this order: on create `setDefaults`, `prepareForCreate`, `validate`; on update `setDefaults`,
 * `prepareForUpdate(next, prev)`, `validate(next)`, `validateUpdate(next, prev)`; on PUT/PATCH of /status
 * `prepareForStatusUpdate` in place of `prepareForUpdate` and, where there is one, `validateStatusUpdate` in place of both `validate` and
 * `validateUpdate`. They get a private copy: `setDefaults` and `prepare*` mutate it,
 * `validate*` must not. `prev` is shared and must not be mutated.
 */
export interface KindSpec<T extends KubeObject = KubeObject> extends ResourceType {
  readonly listKind: string;
  readonly singular: string;
  readonly shortNames: readonly string[];
  readonly categories: readonly string[];
  readonly verbs: readonly Verb[];
  readonly subresources: readonly Subresource[];
  /** Name of the OpenAPI definition: `io.k8s.api.apps.v1.Deployment`. */
  readonly schema: string;
  /** Storage identity where several served kinds share one store (events.k8s.io Event -> core Event). */
  readonly storedAs?: { readonly group: string; readonly plural: string };
  /** Between this shape and the stored one, where the two differ; neither changes what it is given. */
  readonly convert?: { fromStored(stored: KubeObject): KubeObject; toStored(object: KubeObject): KubeObject };
  /** The text of the Warning every request gets: this version, or the kind, will go. */
  readonly deprecated?: string;
  /** Answered from elsewhere, never stored: what a server measures or knows. */
  readonly virtual?: boolean;
  /** metadata.generation counts spec changes (kinds with spec and status). */
  readonly generation: boolean;
  readonly nameRule: 'dns-subdomain' | 'dns-label' | 'dns-1035' | 'path-segment';
  /** PUT without resourceVersion is allowed (contract 5.6). */
  readonly unconditionalUpdate: boolean;
  /** PUT on a missing name creates (contract 3.4). */
  readonly createOnUpdate: boolean;
  /** Deletion propagation when the client says nothing (contract 5.10). */
  readonly defaultPropagation: 'Background' | 'Orphan';
  setDefaults?(object: T): void;
  prepareForCreate?(object: T): void;
  prepareForUpdate?(next: T, prev: T): void;
  /** A write of /status leaves the metadata alone, too: few kinds are so strict. */
  readonly statusOnly?: boolean;
  /** Without it: the status from `next`, labels, annotations, owners and finalizers as well unless `statusOnly`, all else from `prev`. */
  prepareForStatusUpdate?(next: T, prev: T): void;
  /** Before the first deletion of an object: what keeps it until its affairs are in order. `now` as objects carry times. */
  prepareForDelete?(object: T, now: string): void;
  /** All field errors: those of the metadata (by `namespaced` and `nameRule`; defineKind adds them) before the kind's own. */
  validate(object: T): FieldError[];
  validateUpdate?(next: T, prev: T): FieldError[];
  /** On a write of /status, in place of `validate` and `validateUpdate`: the rules of a status. */
  validateStatusUpdate?(next: T, prev: T): FieldError[];
  /** What only a new object may not have; after `validate`. */
  validateCreate?(object: T): FieldError[];
  /** Warning headers for this object; `prev` is what it was before an update. */
  warnings?(object: T, prev?: T): string[];
  /** Field selectors besides metadata.name and metadata.namespace. */
  readonly fields?: Readonly<Record<string, Of<T, string>>>;
  /** Seconds of grace for a delete (0 = at once); only pods have it. `requested` as in DeleteOptions. */
  gracePeriod?(object: T, requested: number | undefined): number;
  /** Present when there is a /scale. */
  readonly scale?: {
    specReplicas(object: T): number;
    setSpecReplicas(object: T, replicas: number): void;
    statusReplicas(object: T): number;
    /** Serialized selector: `app=web`. */
    selector(object: T): string;
  };
  /** Allocators this kind needs: the server runs them around its writes. */
  readonly allocators?: readonly ('cluster-ip' | 'node-port')[];
  readonly columns: readonly Column<T>[];
  /** Conditions of a Table row (a finished pod: kubectl tells it from a running one by them). */
  rowConditions?(object: T): readonly { type: string; status: string; reason: string; message: string }[];
  /** Name of the controller that reconciles it; checked both ways by test/contract. */
  readonly controller?: string;
  readonly view: View<T>;
}

/** Groups whose finalizers must be qualified or well known; elsewhere, and in custom resources, any name will do. */
const QUALIFIED = new Set([
  '', 'apps', 'autoscaling', 'batch', 'certificates.k8s.io', 'discovery.k8s.io', 'events.k8s.io', 'flowcontrol.apiserver.k8s.io', 'networking.k8s.io', 'node.k8s.io', 'policy',
  'rbac.authorization.k8s.io', 'resource.k8s.io', 'scheduling.k8s.io', 'storage.k8s.io', 'storagemigration.k8s.io',
]);

type Defaulted = 'listKind' | 'singular' | 'shortNames' | 'categories' | 'verbs' | 'subresources' | 'generation' | 'nameRule' | 'unconditionalUpdate' | 'createOnUpdate' | 'defaultPropagation';
export type KindDefinition<T extends KubeObject> = Omit<KindSpec<T>, Defaulted> & Partial<Pick<KindSpec<T>, Defaulted>>;

/** Fills what nearly every kind shares, and puts the rules of metadata before the kind's own; see KindSpec. */
export function defineKind<T extends KubeObject>(d: KindDefinition<T>): KindSpec<T> {
  const rule = d.nameRule ?? 'dns-subdomain';
  return {
    listKind: `${d.kind}List`, singular: d.kind.toLowerCase(), shortNames: [], categories: [], verbs: ALL_VERBS, subresources: [],
    generation: false, nameRule: 'dns-subdomain', unconditionalUpdate: true, createOnUpdate: false, defaultPropagation: 'Background', ...d,
    validate(object) {
      const errors = validateObjectMeta(object.metadata ?? {}, d.namespaced, rule);
      if (object.metadata?.finalizers && QUALIFIED.has(d.group)) object.metadata.finalizers.forEach((f, i) => errors.push(...bareFinalizer(f, `metadata.finalizers[${i}]`)));
      const own = d.validate(object);
      return errors.length === 0 ? own : [...errors, ...own];
    },
    ...(d.validateStatusUpdate ? { validateStatusUpdate: (next: T, prev: T) => [...validateObjectMeta(next.metadata ?? {}, d.namespaced, rule), ...d.validateStatusUpdate!(next, prev)] } : {}),
  };
}

/** The /status rows nearly every kind with a status has. */
export const STATUS: Subresource = { name: 'status', verbs: ['get', 'patch', 'update'] };
/** The /scale row of workload kinds. */
export const SCALE: Subresource = { name: 'scale', verbs: ['get', 'patch', 'update'], responseKind: { group: 'autoscaling', version: 'v1', kind: 'Scale' } };

// How many pods there should be under a disruption budget: the sizes of all that control its pods, added up.
import { deployment as deploymentKind } from '../../api/kinds/apps/deployment.ts';
import { replicaSet as replicaSetKind } from '../../api/kinds/apps/replica-set.ts';
import { statefulSet as statefulSetKind } from '../../api/kinds/apps/stateful-set.ts';
import { replicationController as replicationControllerKind } from '../../api/kinds/core/replication-controller.ts';
import { scaledValue } from '../../api/meta/intstr.ts';
import { objectKey, type KubeObject, type OwnerReference } from '../../api/meta/object.ts';
import { controllerOf } from '../../api/meta/owner.ts';
import { isNotFound } from '../../api/meta/status.ts';
import type { Deployment, Pod, PodDisruptionBudget, ReplicaSet, ReplicationController, StatefulSet } from '../../api/types/kubernetes.ts';
import type { Informer } from '../../client/informer.ts';
import type { ControllerContext } from '../controller.ts';
import { getScale, groupIn, resourcesOf } from '../scale-target.ts';

interface Sized extends KubeObject { spec?: { replicas?: number } }
interface Found { readonly uid: string; readonly size: number }
export interface Expected { readonly expected: number; readonly desired: number; readonly unmanaged: readonly string[] }

const MISSING = 'the server could not find the requested resource';

/** Finds what controls pods, in caches where it is of a kind of our own, by its scale otherwise. */
export class Owners {
  readonly #ctx: ControllerContext;
  readonly #deployments: Informer<Deployment>;
  readonly #sets: Informer<ReplicaSet>;
  readonly #known: Readonly<Record<string, Informer<Sized>>>;

  /** uid of what was counted -> keys of the budgets it counted for, and the other way round. */
  readonly #budgets = new Map<string, Set<string>>();
  readonly #counted = new Map<string, ReadonlySet<string>>();

  /** `resized` is told the key of each budget one of whose owners was made larger or smaller: pods may not follow soon, or at all. */
  constructor(ctx: ControllerContext, resized: (budget: string) => void) {
    this.#ctx = ctx;
    this.#deployments = ctx.informers.for<Deployment>(deploymentKind);
    this.#sets = ctx.informers.for<ReplicaSet>(replicaSetKind);
    this.#known = {
      'apps/ReplicaSet': this.#sets, 'apps/StatefulSet': ctx.informers.for<StatefulSet>(statefulSetKind),
      '/ReplicationController': ctx.informers.for<ReplicationController>(replicationControllerKind),
    };
    // The sets of a Deployment grow and shrink all the time; what counts is the Deployment.
    const update = (o: Sized, prev: Sized): void => { if (o.spec?.replicas !== prev.spec?.replicas && controllerOf(o)?.kind !== 'Deployment') for (const key of this.#budgets.get(o.metadata?.uid ?? '') ?? []) resized(key); };
    for (const informer of [this.#deployments, ...Object.values(this.#known)]) informer.on({ update });
  }

  #cached(namespace: string, ref: OwnerReference, group: string): Found | undefined {
    const owner = this.#known[`${group}/${ref.kind}`]?.lister.get(namespace, ref.name);
    if (!owner || owner.metadata?.uid !== ref.uid) return undefined;
    // A set of a Deployment counts as the Deployment: in mid-rollout its sets are all of them smaller or larger than wished.
    const above = controllerOf(owner);
    if (above?.kind !== 'Deployment') return { uid: ref.uid, size: owner.spec?.replicas ?? 1 };
    const deployment = this.#deployments.lister.get(namespace, above.name);
    return deployment?.metadata?.uid === above.uid ? { uid: above.uid, size: deployment.spec?.replicas ?? 1 } : undefined;
  }

  async #byScale(namespace: string, ref: OwnerReference, group: string): Promise<Found | undefined> {
    const resource = resourcesOf(this.#ctx.config.resources(), group, ref.kind, `version ${JSON.stringify(ref.apiVersion)}`)[0]!;
    try {
      const scale = await getScale(this.#ctx.client, resource, namespace, ref.name);
      return scale.metadata?.uid === ref.uid ? { uid: ref.uid, size: scale.spec?.replicas ?? 0 } : undefined;
    } catch (e) {
      if (!isNotFound(e)) throw e;
      if (e instanceof Error && e.message === MISSING) throw new Error(`${resource.plural}${resource.group ? `.${resource.group}` : ''} does not implement the scale subresource`, { cause: e });
      return undefined;
    }
  }

  #count(key: string, uids: ReadonlySet<string>): void {
    for (const uid of this.#counted.get(key) ?? []) {
      const of = this.#budgets.get(uid);
      if (!uids.has(uid) && of?.delete(key) && of.size === 0) this.#budgets.delete(uid);
    }
    for (const uid of uids) {
      const of = this.#budgets.get(uid);
      if (of) of.add(key); else this.#budgets.set(uid, new Set([key]));
    }
    if (uids.size) this.#counted.set(key, uids); else this.#counted.delete(key);
  }
  /** The budget is gone. */
  forget(key: string): void { this.#count(key, new Set()); }

  /** The sum of the sizes, and the pods that nothing controls. Throws for pods whose controller has no size or is gone. */
  async #scale(key: string, pods: readonly Pod[]): Promise<{ expected: number; unmanaged: string[] }> {
    const sizes = new Map<string, number>(), asked = new Set<string>(), unmanaged: string[] = [];
    for (const pod of pods) {
      const ref = controllerOf(pod), namespace = pod.metadata?.namespace ?? '', name = pod.metadata?.name ?? '';
      if (!ref) { unmanaged.push(name); continue; }
      if (asked.has(ref.uid)) continue;
      asked.add(ref.uid);
      const group = groupIn(ref.apiVersion), found = this.#cached(namespace, ref, group) ?? await this.#byScale(namespace, ref, group);
      if (!found) throw new Error(`found no controllers for pod ${JSON.stringify(name)}`);
      sizes.set(found.uid, found.size);
    }
    this.#count(key, new Set(sizes.keys()));
    return { expected: [...sizes.values()].reduce((a, b) => a + b, 0), unmanaged };
  }

  /** What a budget expects and wants healthy of its pods. */
  async expectedOf(pdb: PodDisruptionBudget, pods: readonly Pod[]): Promise<Expected> {
    const { maxUnavailable, minAvailable } = pdb.spec ?? {};
    if (maxUnavailable !== undefined) {
      const { expected, unmanaged } = await this.#scale(objectKey(pdb), pods);
      return { expected, unmanaged, desired: Math.max(0, expected - scaledValue(maxUnavailable, expected, true)) };
    }
    if (minAvailable === undefined) return { expected: 0, desired: 0, unmanaged: [] };
    if (typeof minAvailable === 'number') return { expected: pods.length, desired: minAvailable, unmanaged: [] };
    const { expected, unmanaged } = await this.#scale(objectKey(pdb), pods);
    return { expected, unmanaged, desired: scaledValue(minAvailable, expected, true) };
  }
}

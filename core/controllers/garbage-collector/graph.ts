// Who owns whom, by uid, kept from the metadata of every object in the cluster. One event costs a few map operations plus the owners
// that changed; nothing is ever walked from end to end.
import type { KubeObject, OwnerReference, ResourceType } from '../../api/meta/object.ts';

export interface GraphNode {
  readonly uid: string;
  /** Undefined while only references to it were seen: nobody knows yet whether it exists. */
  resource: ResourceType | undefined;
  namespace: string;
  name: string;
  owners: readonly OwnerReference[];
  readonly dependents: Set<GraphNode>;
  /** Deletion has begun. */
  deleting: boolean;
  /** Its dependents are to go first (finalizer foregroundDeletion). */
  waitsForDependents: boolean;
  /** Its dependents are to be let go (finalizer orphan). */
  orphans: boolean;
}

export interface Changes {
  /** Look whether it must be deleted. */
  toDelete(uid: string): void;
  /** Let its dependents go. */
  toOrphan(uid: string): void;
}

export const FOREGROUND = 'foregroundDeletion';
export const ORPHAN = 'orphan';

export class Graph {
  readonly #nodes = new Map<string, GraphNode>();
  readonly #changes: Changes;
  constructor(changes: Changes) { this.#changes = changes; }

  get size(): number { return this.#nodes.size; }
  get(uid: string): GraphNode | undefined { return this.#nodes.get(uid); }

  /** An object as it is now. */
  seen(resource: ResourceType, o: KubeObject): void {
    const m = o.metadata;
    const uid = m?.uid;
    if (!uid) return;
    const owners = m.ownerReferences ?? [];
    let node = this.#nodes.get(uid);
    // The common object: no owner, nobody's owner, not going away. It is kept all the same, for its dependents may come.
    if (!node) this.#nodes.set(uid, node = blank(uid));
    node.resource = resource;
    node.namespace = m.namespace ?? '';
    node.name = m.name ?? '';
    this.#relink(node, owners);
    const deleting = m.deletionTimestamp !== undefined;
    const wasWaiting = node.waitsForDependents;
    const wasOrphaning = node.orphans;
    node.deleting = deleting;
    node.waitsForDependents = deleting && (m.finalizers?.includes(FOREGROUND) ?? false);
    node.orphans = deleting && (m.finalizers?.includes(ORPHAN) ?? false);
    if (node.orphans && !wasOrphaning) this.#changes.toOrphan(uid);
    if (node.waitsForDependents && !wasWaiting) {
      for (const d of node.dependents) this.#changes.toDelete(d.uid);
      this.#changes.toDelete(uid);
    }
  }

  /** An object is gone: what it owned may be garbage, and who waited for it may go on. */
  gone(uid: string): void {
    const node = this.#nodes.get(uid);
    if (!node) return;
    const { owners } = node;
    this.#relink(node, []);
    for (const d of node.dependents) this.#changes.toDelete(d.uid);
    for (const ref of owners) if (this.#nodes.get(ref.uid)?.waitsForDependents) this.#changes.toDelete(ref.uid);
    node.resource = undefined;
    if (node.dependents.size === 0) this.#nodes.delete(uid);
  }

  #relink(node: GraphNode, owners: readonly OwnerReference[]): void {
    const old = node.owners;
    if (old.length === 0 && owners.length === 0) return;
    node.owners = owners;
    const uids = new Set(owners.map(r => r.uid));
    for (const ref of old) {
      const owner = this.#nodes.get(ref.uid);
      if (!owner) continue;
      const now = owners.find(r => r.uid === ref.uid);
      if (!now) {
        owner.dependents.delete(node);
        if (!owner.resource && owner.dependents.size === 0) this.#nodes.delete(owner.uid);
      }
      // No longer held back by this dependent.
      if (owner.waitsForDependents && (!now || (ref.blockOwnerDeletion && !now.blockOwnerDeletion))) this.#changes.toDelete(owner.uid);
    }
    for (const uid of uids) {
      let owner = this.#nodes.get(uid);
      if (!owner) this.#nodes.set(uid, owner = blank(uid));
      if (owner.dependents.has(node)) continue;
      owner.dependents.add(node);
      // An owner never seen may not exist, and one that is going may have to take this one along.
      if (!owner.resource || owner.waitsForDependents) this.#changes.toDelete(node.uid);
      else if ((owner.namespace !== '' && owner.namespace !== node.namespace) || !owners.every(r => r.uid !== uid || isCalled(owner!, r))) this.#changes.toDelete(node.uid);
    }
  }
}

/** Whether a reference calls the object by its group, kind and name. */
export const isCalled = (node: GraphNode, ref: OwnerReference): boolean =>
  node.name === ref.name && node.resource?.kind === ref.kind && node.resource.group === ref.apiVersion.slice(0, Math.max(0, ref.apiVersion.indexOf('/')));

const blank = (uid: string): GraphNode => ({ uid, resource: undefined, namespace: '', name: '', owners: [], dependents: new Set(), deleting: false, waitsForDependents: false, orphans: false });

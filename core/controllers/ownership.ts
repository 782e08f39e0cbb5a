// Who controls whom: reading controller references, and claiming dependents (adopting orphans that match, releasing those that no
// longer do), as Kubernetes' controller reference manager does.
import type { Selector } from '../api/meta/labels.ts';
import type { KubeObject, OwnerReference, ResourceType } from '../api/meta/object.ts';
import { controllerOf, controllerReference } from '../api/meta/owner.ts';
import { isNotFound } from '../api/meta/status.ts';
import type { Client } from '../client/client.ts';
import type { Informer } from '../client/informer.ts';
import { selected } from '../client/selection.ts';

const INDEX = 'by-controller';
const indexed = new WeakSet<object>();

/** Makes `dependentsOf` and `claim` possible on an informer; several controllers may ask for it. */
export function indexByController<T extends KubeObject>(informer: Informer<T>): void {
  if (indexed.has(informer)) return;
  indexed.add(informer);
  informer.addIndex(INDEX, o => [controllerOf(o)?.uid ?? orphans(o.metadata?.namespace ?? '')]);
}
/** Up to so many orphans of a namespace are looked at one by one; among more they are found by their labels. */
const FEW_ORPHANS = 64;
const orphans = (namespace: string): string => `orphan/${namespace}`;
/** Cached objects controlled by the owner of this uid. */
export const dependentsOf = <T extends KubeObject>(informer: Informer<T>, uid: string): T[] => informer.lister.byIndex(INDEX, uid);
/** Cached objects of a namespace that nobody controls and a selector takes. */
function orphansFor<T extends KubeObject>(informer: Informer<T>, namespace: string, selector: Selector): T[] {
  const { lister } = informer, value = orphans(namespace);
  if (lister.countIn(INDEX, value) <= FEW_ORPHANS) return lister.byIndex(INDEX, value).filter(o => selector.matches(o.metadata?.labels));
  return selected(informer, namespace, selector).filter(o => controllerOf(o) === undefined);
}

export interface Claim<T extends KubeObject> {
  readonly client: Client;
  readonly owner: KubeObject;
  readonly ownerKind: ResourceType;
  readonly dependentKind: ResourceType;
  readonly informer: Informer<T>;
  readonly selector: Selector;
  /** What must hold beside the selector; a dependent it no longer holds for is released. */
  readonly belongs?: (o: T) => boolean;
  /** Only these are considered for adoption. */
  readonly adoptable?: (o: T) => boolean;
  /** Put on what is adopted, taken off what is released. */
  readonly finalizer?: string;
}

/**
 * The dependents of an owner, after orphans that match were adopted and those that no longer match were released.
 * Adoption happens only after the server confirmed that the owner still exists, is the same and is not being deleted.
 */
export async function claim<T extends KubeObject>(c: Claim<T>): Promise<T[]> {
  const { owner, selector } = c;
  const matches = (o: T): boolean => selector.matches(o.metadata?.labels) && (c.belongs?.(o) ?? true);
  const uid = owner.metadata?.uid ?? '';
  const deleting = owner.metadata?.deletionTimestamp !== undefined;
  const mine: T[] = [];
  for (const o of dependentsOf(c.informer, uid)) {
    if (matches(o)) mine.push(o);
    else if (!deleting) await ignoringMissing(setOwners(c, o, (o.metadata?.ownerReferences ?? []).filter(r => r.uid !== uid), o.metadata?.finalizers?.filter(f => f !== c.finalizer)));
  }
  if (deleting) return mine;
  const adoptable = orphansFor(c.informer, owner.metadata?.namespace ?? '', selector)
    .filter(o => o.metadata?.deletionTimestamp === undefined && matches(o) && (c.adoptable?.(o) ?? true));
  if (adoptable.length === 0) return mine;
  const live = await c.client.get(c.ownerKind, owner.metadata?.namespace, owner.metadata?.name ?? '');
  if (live.metadata?.uid !== uid || live.metadata.deletionTimestamp !== undefined) return mine;
  const ref = controllerReference(owner, c.ownerKind);
  for (const o of adoptable) {
    const adopted = await ignoringMissing(setOwners(c, o, withReference(o.metadata?.ownerReferences ?? [], ref), [...(o.metadata?.finalizers ?? []).filter(f => f !== c.finalizer), c.finalizer ?? '']));
    if (adopted) mine.push(adopted);
  }
  return mine;
}

/** Whoever names this owner already names it as its controller now: there is one reference to an owner, never two. */
const withReference = (refs: readonly OwnerReference[], ref: OwnerReference): OwnerReference[] =>
  (refs.some(r => r.uid === ref.uid) ? refs.map(r => (r.uid === ref.uid ? ref : r)) : [ref, ...refs]);

/** Conditional on uid and version, so that a dependent that changed meanwhile is looked at again first. */
function setOwners<T extends KubeObject>(c: Claim<T>, o: T, ownerReferences: OwnerReference[], finalizers: string[] | undefined): Promise<T> {
  return c.client.patch<T>(c.dependentKind, o.metadata?.namespace, o.metadata?.name ?? '', 'application/merge-patch+json',
    { metadata: { uid: o.metadata?.uid, resourceVersion: o.metadata?.resourceVersion, ownerReferences, ...(c.finalizer === undefined ? {} : { finalizers }) } });
}

async function ignoringMissing<T>(write: Promise<T>): Promise<T | undefined> {
  try {
    return await write;
  } catch (error) {
    if (isNotFound(error)) return undefined;
    throw error;
  }
}

// Owner references.
import { apiVersionOf, type KubeObject, type OwnerReference } from './object.ts';

/** The reference of the controller that manages an object, undefined when none does. */
export const controllerOf = (object: KubeObject): OwnerReference | undefined => object.metadata?.ownerReferences?.find(r => r.controller === true);

/** The reference a controller puts on what it creates: it manages it and is waited for by foreground deletion. */
export function controllerReference(owner: KubeObject, kind: { group: string; version: string; kind: string }): OwnerReference {
  return { apiVersion: apiVersionOf(kind), kind: kind.kind, name: owner.metadata?.name ?? '', uid: owner.metadata?.uid ?? '', controller: true, blockOwnerDeletion: true };
}

/** Group of a reference's apiVersion. */
export const groupOf = (apiVersion: string): string => (apiVersion.includes('/') ? apiVersion.slice(0, apiVersion.indexOf('/')) : '');

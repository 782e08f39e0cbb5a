// Which events of pods wake the owner that keeps them, and which of them it has been waiting for.
import { semanticEqual } from '../api/meta/equal.ts';
import type { Selector } from '../api/meta/labels.ts';
import { objectKey, type KubeObject } from '../api/meta/object.ts';
import { controllerOf } from '../api/meta/owner.ts';
import type { Pod } from '../api/types/kubernetes.ts';
import type { Informer } from '../client/informer.ts';
import { selecting } from '../client/selection.ts';
import type { Keys } from './controller.ts';
import type { Expectations } from './expectations.ts';
import { podKey } from './pods.ts';

export interface PodKeeping<T extends KubeObject> {
  readonly owners: Informer<T>;
  readonly pods: Informer<Pod>;
  readonly selectorOf: (owner: T) => Selector;
  readonly keys: Keys;
  readonly expectations: Expectations;
}

/** Wakes an owner by its own events and by those of its pods; an orphan wakes all of its namespace that would adopt it. */
export function wakeByPods<T extends KubeObject>({ owners, pods, selectorOf, keys, expectations }: PodKeeping<T>): void {
  /** The cached owner a pod names as its controller, if it is one of ours and the same incarnation. */
  const ownerOf = (pod: Pod): T | undefined => {
    const ref = controllerOf(pod);
    if (ref?.kind !== owners.resource.kind) return undefined;
    const owner = owners.lister.get(pod.metadata?.namespace, ref.name);
    return owner?.metadata?.uid === ref.uid ? owner : undefined;
  };
  const adopters = selecting(owners, 'by-selected', selectorOf);
  const wakeMatching = (pod: Pod): void => { for (const o of adopters.matching(pod.metadata?.namespace, pod.metadata?.labels)) keys.add(objectKey(o)); };
  const deleted = (pod: Pod): void => {
    const owner = ownerOf(pod);
    if (!owner) return;
    expectations.deletionObserved(objectKey(owner), podKey(pod));
    keys.add(objectKey(owner));
  };

  owners.on({ add: o => keys.add(objectKey(o)), update: o => keys.add(objectKey(o)), delete: o => { expectations.forget(objectKey(o)); keys.add(objectKey(o)); } });
  pods.on({
    add(pod) {
      if (pod.metadata?.deletionTimestamp !== undefined) { deleted(pod); return; }
      const owner = ownerOf(pod);
      if (owner) { expectations.creationObserved(objectKey(owner)); keys.add(objectKey(owner)); return; }
      if (!controllerOf(pod)) wakeMatching(pod);
    },
    update(pod, prev) {
      if (pod.metadata?.deletionTimestamp !== undefined) {
        deleted(pod);
        // Its labels may have been changed away before; the former owner counts it no longer either way.
        if (controllerOf(pod)?.uid !== controllerOf(prev)?.uid) deleted(prev);
        return;
      }
      const moved = controllerOf(pod)?.uid !== controllerOf(prev)?.uid;
      if (moved) { const former = ownerOf(prev); if (former) keys.add(objectKey(former)); }
      const owner = ownerOf(pod);
      if (owner) keys.add(objectKey(owner));
      else if (!controllerOf(pod) && (moved || !semanticEqual(pod.metadata?.labels, prev.metadata?.labels))) wakeMatching(pod);
    },
    delete: deleted,
  });
}

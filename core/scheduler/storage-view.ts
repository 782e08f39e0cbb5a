// Storage as the scheduler sees it through informers, and the few writes it makes there.
import { persistentVolume as volumeKind } from '../api/kinds/core/persistent-volume.ts';
import { persistentVolumeClaim as claimKind } from '../api/kinds/core/persistent-volume-claim.ts';
import { csiDriver as csiDriverKind } from '../api/kinds/storage/csi-driver.ts';
import { csiNode as csiNodeKind } from '../api/kinds/storage/csi-node.ts';
import { csiStorageCapacity as capacityKind } from '../api/kinds/storage/csi-storage-capacity.ts';
import { storageClass as storageClassKind } from '../api/kinds/storage/storage-class.ts';
import { BOUND_BY_CONTROLLER, SELECTED_NODE, classOf } from '../api/meta/claims.ts';
import { objectKey } from '../api/meta/object.ts';
import type { CSIDriver, CSINode, CSIStorageCapacity, PersistentVolume, PersistentVolumeClaim, StorageClass } from '../api/types/kubernetes.ts';
import type { Client } from '../client/client.ts';
import type { InformerFactory } from '../client/informer.ts';
import type { ClusterEvent } from './framework.ts';
import type { StorageWriter } from './plugins/volume-binding.ts';
import type { Storage } from './storage.ts';

/** `happened` hears of changes that may make a pod schedulable. */
export function createStorageView(client: Client, informers: InformerFactory, happened: (e: ClusterEvent) => void): { storage: Storage; writer: StorageWriter } {
  const claims = informers.for<PersistentVolumeClaim>(claimKind), volumes = informers.for<PersistentVolume>(volumeKind);
  const classes = informers.for<StorageClass>(storageClassKind), csiNodes = informers.for<CSINode>(csiNodeKind);
  const drivers = informers.for<CSIDriver>(csiDriverKind), capacities = informers.for<CSIStorageCapacity>(capacityKind);
  capacities.addIndex('storage-class', c => [c.storageClassName]);
  volumes.addIndex('storage-class', v => [classOf(v)]);
  const watchers = new Map<string, Set<() => void>>();
  const claimChanged = (c: PersistentVolumeClaim): void => {
    const key = objectKey(c);
    for (const w of watchers.get(key) ?? []) w();
    happened({ kind: 'claim-changed', claim: key });
  };
  claims.on({ add: claimChanged, update: claimChanged, delete: c => { for (const w of watchers.get(objectKey(c)) ?? []) w(); } });
  const say = (kind: ClusterEvent['kind']) => (): void => happened({ kind });
  volumes.on({ add: say('volume-changed'), update: say('volume-changed') });
  classes.on({ add: say('class-changed'), update: say('class-changed') });
  for (const i of [csiNodes, drivers, capacities]) i.on({ add: say('csi-changed'), update: say('csi-changed') });
  return {
    storage: {
      claim: (namespace, name) => claims.lister.get(namespace, name),
      volume: name => volumes.lister.get(undefined, name),
      volumesOfClass: name => volumes.lister.byIndex('storage-class', name),
      storageClass: name => classes.lister.get(undefined, name),
      csiNode: name => csiNodes.lister.get(undefined, name),
      csiDriver: name => drivers.lister.get(undefined, name),
      capacitiesOf: name => capacities.lister.byIndex('storage-class', name),
    },
    writer: {
      async reserveVolume(volume, claim) {
        const ref = { apiVersion: 'v1', kind: 'PersistentVolumeClaim', namespace: claim.metadata?.namespace, name: claim.metadata?.name, uid: claim.metadata?.uid, resourceVersion: claim.metadata?.resourceVersion };
        const annotations = volume.spec?.claimRef ? volume.metadata?.annotations : { ...volume.metadata?.annotations, [BOUND_BY_CONTROLLER]: 'yes' };
        // With the resourceVersion that was seen: a volume somebody else took meanwhile must not be taken from him.
        await client.update<PersistentVolume>(volumeKind, { ...volume, metadata: { ...volume.metadata, annotations }, spec: { ...volume.spec, claimRef: ref } } as PersistentVolume);
      },
      async selectNode(claim, node) {
        await client.update<PersistentVolumeClaim>(claimKind, { ...claim, metadata: { ...claim.metadata, annotations: { ...claim.metadata?.annotations, [SELECTED_NODE]: node } } });
      },
      watchClaim(key, changed) {
        const there = watchers.get(key) ?? new Set();
        watchers.set(key, there.add(changed));
        return () => { if (there.delete(changed) && there.size === 0 && watchers.get(key) === there) watchers.delete(key); };
      },
    },
  };
}

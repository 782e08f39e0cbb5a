// ReplicaSet and ReplicationController are one controller; this is all in which they differ.
import type { KubeObject, ResourceType } from '../../api/meta/object.ts';
import type { PodTemplateSpec, ReplicaSetStatus } from '../../api/types/kubernetes.ts';
import { replicaSet } from '../../api/kinds/apps/replica-set.ts';
import { replicationController } from '../../api/kinds/core/replication-controller.ts';
import { cachedSelectorFrom, type LabelMap, type LabelSelectorLike, type Selector } from '../../api/meta/labels.ts';
import { mapSelector } from '../selection.ts';

/** What the controller reads and writes of either kind. */
export interface ReplicaKeeper extends KubeObject {
  spec?: { replicas?: number; minReadySeconds?: number; selector?: unknown; template?: PodTemplateSpec };
  status?: ReplicaSetStatus;
}

export interface Flavour {
  readonly resource: ResourceType;
  readonly name: string;
  readonly alias: string;
  readonly component: string;
  selectorOf(o: ReplicaKeeper): Selector;
}

export const FOR_REPLICA_SET: Flavour = {
  resource: replicaSet, name: 'replicaset-controller', alias: 'replicaset', component: 'replicaset-controller',
  selectorOf: o => cachedSelectorFrom(o.spec?.selector as LabelSelectorLike | undefined),
};
export const FOR_REPLICATION_CONTROLLER: Flavour = {
  resource: replicationController, name: 'replicationcontroller-controller', alias: 'replicationcontroller', component: 'replication-controller',
  selectorOf: o => mapSelector((o.spec?.selector as LabelMap) ?? o.spec?.template?.metadata?.labels),
};

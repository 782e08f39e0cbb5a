// ReplicaSet and ReplicationController are one controller; this is all in which they differ.
import type { KubeObject, ResourceType } from '../../api/meta/object.ts';
import type { PodTemplateSpec, ReplicaSetStatus } from '../../api/types/kubernetes.ts';
import { replicaSet } from '../../api/kinds/apps/replica-set.ts';
import { replicationController } from '../../api/kinds/core/replication-controller.ts';
import { labelSelector, mapSelector, type Labels, type Selector } from '../selection.ts';

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
  selectorOf: o => labelSelector(o.spec?.selector as Parameters<typeof labelSelector>[0]),
};
export const FOR_REPLICATION_CONTROLLER: Flavour = {
  resource: replicationController, name: 'replicationcontroller-controller', alias: 'replicationcontroller', component: 'replication-controller',
  selectorOf: o => mapSelector((o.spec?.selector as Labels | undefined) ?? o.spec?.template?.metadata?.labels),
};

import type { ReplicationController } from '../../types/kubernetes.ts';
import { ageColumn, nameColumn } from '../columns.ts';
import { SCALE, STATUS, defineKind } from '../kind.ts';

export const replicationController = defineKind<ReplicationController>({
  group: '', version: 'v1', kind: 'ReplicationController', plural: 'replicationcontrollers', namespaced: true,
  schema: 'io.k8s.api.core.v1.ReplicationController', shortNames: ['rc'], categories: ['all'],
  subresources: [STATUS, SCALE],
  generation: true, defaultPropagation: 'Orphan',
  validate: () => [],
  columns: [nameColumn, ageColumn],
  view: { nav: 'Workloads', icon: 'replicas', sections: ['labels', 'owners', 'events'], actions: ['yaml', 'delete'] },
});

import type { ReplicaSet } from '../../types/kubernetes.ts';
import { ageColumn, nameColumn } from '../columns.ts';
import { SCALE, STATUS, defineKind } from '../kind.ts';

export const replicaSet = defineKind<ReplicaSet>({
  group: 'apps', version: 'v1', kind: 'ReplicaSet', plural: 'replicasets', namespaced: true,
  schema: 'io.k8s.api.apps.v1.ReplicaSet', shortNames: ['rs'], categories: ['all'],
  subresources: [STATUS, SCALE],
  generation: true,
  validate: () => [],
  columns: [nameColumn, ageColumn],
  view: { nav: 'Workloads', icon: 'replicas', sections: ['labels', 'owners', 'events'], actions: ['yaml', 'delete'] },
});

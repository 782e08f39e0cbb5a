import type { Lease } from '../../types/kubernetes.ts';
import { ageColumn, nameColumn } from '../columns.ts';
import { defineKind } from '../kind.ts';

export const lease = defineKind<Lease>({
  group: 'coordination.k8s.io', version: 'v1', kind: 'Lease', plural: 'leases', namespaced: true,
  schema: 'io.k8s.api.coordination.v1.Lease',
  unconditionalUpdate: false, createOnUpdate: true,
  validate: () => [],
  columns: [nameColumn, ageColumn],
  view: { nav: 'Cluster', icon: 'lease', sections: ['labels', 'owners', 'events'], actions: ['yaml', 'delete'] },
});

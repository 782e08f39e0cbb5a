import type { PriorityClass } from '../../types/kubernetes.ts';
import { ageColumn, nameColumn } from '../columns.ts';
import { defineKind } from '../kind.ts';

export const priorityClass = defineKind<PriorityClass>({
  group: 'scheduling.k8s.io', version: 'v1', kind: 'PriorityClass', plural: 'priorityclasses', namespaced: false,
  schema: 'io.k8s.api.scheduling.v1.PriorityClass', shortNames: ['pc'],
  validate: () => [],
  columns: [nameColumn, ageColumn],
  view: { nav: 'Cluster', icon: 'priority', sections: ['labels', 'owners', 'events'], actions: ['yaml', 'delete'] },
});

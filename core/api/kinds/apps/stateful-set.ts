import type { StatefulSet } from '../../types/kubernetes.ts';
import { ageColumn, nameColumn } from '../columns.ts';
import { SCALE, STATUS, defineKind } from '../kind.ts';

export const statefulSet = defineKind<StatefulSet>({
  group: 'apps', version: 'v1', kind: 'StatefulSet', plural: 'statefulsets', namespaced: true,
  schema: 'io.k8s.api.apps.v1.StatefulSet', shortNames: ['sts'], categories: ['all'],
  subresources: [STATUS, SCALE],
  generation: true,
  validate: () => [],
  columns: [nameColumn, ageColumn],
  view: { nav: 'Workloads', icon: 'stateful', sections: ['labels', 'owners', 'events'], actions: ['yaml', 'delete'] },
});

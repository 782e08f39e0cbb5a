import type { Deployment } from '../../types/kubernetes.ts';
import { ageColumn, nameColumn } from '../columns.ts';
import { SCALE, STATUS, defineKind } from '../kind.ts';

export const deployment = defineKind<Deployment>({
  group: 'apps', version: 'v1', kind: 'Deployment', plural: 'deployments', namespaced: true,
  schema: 'io.k8s.api.apps.v1.Deployment', shortNames: ['deploy'], categories: ['all'],
  subresources: [STATUS, SCALE],
  generation: true,
  validate: () => [],
  columns: [nameColumn, ageColumn],
  view: { nav: 'Workloads', icon: 'deployment', sections: ['labels', 'owners', 'events'], actions: ['yaml', 'delete'] },
});

import type { Job } from '../../types/kubernetes.ts';
import { ageColumn, nameColumn } from '../columns.ts';
import { STATUS, defineKind } from '../kind.ts';

export const job = defineKind<Job>({
  group: 'batch', version: 'v1', kind: 'Job', plural: 'jobs', namespaced: true,
  schema: 'io.k8s.api.batch.v1.Job', categories: ['all'],
  subresources: [STATUS],
  generation: true, defaultPropagation: 'Orphan',
  validate: () => [],
  columns: [nameColumn, ageColumn],
  view: { nav: 'Workloads', icon: 'job', sections: ['labels', 'owners', 'events'], actions: ['yaml', 'delete'] },
});

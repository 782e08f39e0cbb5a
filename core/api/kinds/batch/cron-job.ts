import type { CronJob } from '../../types/kubernetes.ts';
import { ageColumn, nameColumn } from '../columns.ts';
import { STATUS, defineKind } from '../kind.ts';

export const cronJob = defineKind<CronJob>({
  group: 'batch', version: 'v1', kind: 'CronJob', plural: 'cronjobs', namespaced: true,
  schema: 'io.k8s.api.batch.v1.CronJob', shortNames: ['cj'], categories: ['all'],
  subresources: [STATUS],
  generation: true,
  validate: () => [],
  columns: [nameColumn, ageColumn],
  view: { nav: 'Workloads', icon: 'cron', sections: ['labels', 'owners', 'events'], actions: ['yaml', 'delete'] },
});

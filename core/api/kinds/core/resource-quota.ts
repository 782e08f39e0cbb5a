import type { ResourceQuota } from '../../types/kubernetes.ts';
import { ageColumn, nameColumn } from '../columns.ts';
import { STATUS, defineKind } from '../kind.ts';

export const resourceQuota = defineKind<ResourceQuota>({
  group: '', version: 'v1', kind: 'ResourceQuota', plural: 'resourcequotas', namespaced: true,
  schema: 'io.k8s.api.core.v1.ResourceQuota', shortNames: ['quota'],
  subresources: [STATUS],
  validate: () => [],
  columns: [nameColumn, ageColumn],
  view: { nav: 'Config', icon: 'quota', sections: ['labels', 'owners', 'events'], actions: ['yaml', 'delete'] },
});

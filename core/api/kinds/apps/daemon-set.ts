import type { DaemonSet } from '../../types/kubernetes.ts';
import { ageColumn, nameColumn } from '../columns.ts';
import { STATUS, defineKind } from '../kind.ts';

export const daemonSet = defineKind<DaemonSet>({
  group: 'apps', version: 'v1', kind: 'DaemonSet', plural: 'daemonsets', namespaced: true,
  schema: 'io.k8s.api.apps.v1.DaemonSet', shortNames: ['ds'], categories: ['all'],
  subresources: [STATUS],
  generation: true,
  validate: () => [],
  columns: [nameColumn, ageColumn],
  view: { nav: 'Workloads', icon: 'daemon', sections: ['labels', 'owners', 'events'], actions: ['yaml', 'delete'] },
});

import type { PersistentVolumeClaim } from '../../types/kubernetes.ts';
import { ageColumn, nameColumn } from '../columns.ts';
import { STATUS, defineKind } from '../kind.ts';

export const persistentVolumeClaim = defineKind<PersistentVolumeClaim>({
  group: '', version: 'v1', kind: 'PersistentVolumeClaim', plural: 'persistentvolumeclaims', namespaced: true,
  schema: 'io.k8s.api.core.v1.PersistentVolumeClaim', shortNames: ['pvc'],
  subresources: [STATUS],
  validate: () => [],
  columns: [nameColumn, ageColumn],
  view: { nav: 'Storage', icon: 'claim', sections: ['labels', 'owners', 'events'], actions: ['yaml', 'delete'] },
});

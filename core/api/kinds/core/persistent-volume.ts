import type { PersistentVolume } from '../../types/kubernetes.ts';
import { ageColumn, nameColumn } from '../columns.ts';
import { STATUS, defineKind } from '../kind.ts';

export const persistentVolume = defineKind<PersistentVolume>({
  group: '', version: 'v1', kind: 'PersistentVolume', plural: 'persistentvolumes', namespaced: false,
  schema: 'io.k8s.api.core.v1.PersistentVolume', shortNames: ['pv'],
  subresources: [STATUS],
  validate: () => [],
  columns: [nameColumn, ageColumn],
  view: { nav: 'Storage', icon: 'volume', sections: ['labels', 'owners', 'events'], actions: ['yaml', 'delete'] },
});

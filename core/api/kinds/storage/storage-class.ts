import type { StorageClass } from '../../types/kubernetes.ts';
import { ageColumn, nameColumn } from '../columns.ts';
import { defineKind } from '../kind.ts';

export const storageClass = defineKind<StorageClass>({
  group: 'storage.k8s.io', version: 'v1', kind: 'StorageClass', plural: 'storageclasses', namespaced: false,
  schema: 'io.k8s.api.storage.v1.StorageClass', shortNames: ['sc'],
  validate: () => [],
  columns: [nameColumn, ageColumn],
  view: { nav: 'Storage', icon: 'class', sections: ['labels', 'owners', 'events'], actions: ['yaml', 'delete'] },
});

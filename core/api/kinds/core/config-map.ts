import type { ConfigMap } from '../../types/kubernetes.ts';
import { ageColumn, nameColumn } from '../columns.ts';
import { defineKind } from '../kind.ts';

export const configMap = defineKind<ConfigMap>({
  group: '', version: 'v1', kind: 'ConfigMap', plural: 'configmaps', namespaced: true,
  schema: 'io.k8s.api.core.v1.ConfigMap', shortNames: ['cm'],
  validate: () => [],
  columns: [nameColumn, ageColumn],
  view: { nav: 'Config', icon: 'config', sections: ['labels', 'owners', 'events'], actions: ['yaml', 'delete'] },
});

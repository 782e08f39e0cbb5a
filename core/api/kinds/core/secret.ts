import type { Secret } from '../../types/kubernetes.ts';
import { ageColumn, nameColumn } from '../columns.ts';
import { defineKind } from '../kind.ts';

export const secret = defineKind<Secret>({
  group: '', version: 'v1', kind: 'Secret', plural: 'secrets', namespaced: true,
  schema: 'io.k8s.api.core.v1.Secret',
  validate: () => [],
  columns: [nameColumn, ageColumn],
  view: { nav: 'Config', icon: 'secret', sections: ['labels', 'owners', 'events'], actions: ['yaml', 'delete'] },
});

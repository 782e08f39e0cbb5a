import type { LimitRange } from '../../types/kubernetes.ts';
import { ageColumn, nameColumn } from '../columns.ts';
import { defineKind } from '../kind.ts';

export const limitRange = defineKind<LimitRange>({
  group: '', version: 'v1', kind: 'LimitRange', plural: 'limitranges', namespaced: true,
  schema: 'io.k8s.api.core.v1.LimitRange', shortNames: ['limits'],
  createOnUpdate: true,
  validate: () => [],
  columns: [nameColumn, ageColumn],
  view: { nav: 'Config', icon: 'limit', sections: ['labels', 'owners', 'events'], actions: ['yaml', 'delete'] },
});

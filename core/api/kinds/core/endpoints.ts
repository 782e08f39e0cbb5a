import type { Endpoints } from '../../types/kubernetes.ts';
import { ageColumn, nameColumn } from '../columns.ts';
import { defineKind } from '../kind.ts';

export const endpoints = defineKind<Endpoints>({
  group: '', version: 'v1', kind: 'Endpoints', plural: 'endpoints', namespaced: true,
  schema: 'io.k8s.api.core.v1.Endpoints', shortNames: ['ep'],
  createOnUpdate: true,
  validate: () => [],
  columns: [nameColumn, ageColumn],
  view: { nav: 'Network', icon: 'endpoints', sections: ['labels', 'owners', 'events'], actions: ['yaml', 'delete'] },
});

import type { IngressClass } from '../../types/kubernetes.ts';
import { ageColumn, nameColumn } from '../columns.ts';
import { defineKind } from '../kind.ts';

export const ingressClass = defineKind<IngressClass>({
  group: 'networking.k8s.io', version: 'v1', kind: 'IngressClass', plural: 'ingressclasses', namespaced: false,
  schema: 'io.k8s.api.networking.v1.IngressClass',
  generation: true,
  validate: () => [],
  columns: [nameColumn, ageColumn],
  view: { nav: 'Network', icon: 'class', sections: ['labels', 'owners', 'events'], actions: ['yaml', 'delete'] },
});

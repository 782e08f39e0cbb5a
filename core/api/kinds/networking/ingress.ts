import type { Ingress } from '../../types/kubernetes.ts';
import { ageColumn, nameColumn } from '../columns.ts';
import { STATUS, defineKind } from '../kind.ts';

export const ingress = defineKind<Ingress>({
  group: 'networking.k8s.io', version: 'v1', kind: 'Ingress', plural: 'ingresses', namespaced: true,
  schema: 'io.k8s.api.networking.v1.Ingress', shortNames: ['ing'],
  subresources: [STATUS],
  generation: true,
  validate: () => [],
  columns: [nameColumn, ageColumn],
  view: { nav: 'Network', icon: 'ingress', sections: ['labels', 'owners', 'events'], actions: ['yaml', 'delete'] },
});

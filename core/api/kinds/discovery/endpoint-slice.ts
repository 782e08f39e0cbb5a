import type { EndpointSlice } from '../../types/kubernetes.ts';
import { ageColumn, nameColumn } from '../columns.ts';
import { defineKind } from '../kind.ts';

export const endpointSlice = defineKind<EndpointSlice>({
  group: 'discovery.k8s.io', version: 'v1', kind: 'EndpointSlice', plural: 'endpointslices', namespaced: true,
  schema: 'io.k8s.api.discovery.v1.EndpointSlice',
  generation: true,
  validate: () => [],
  columns: [nameColumn, ageColumn],
  view: { nav: 'Network', icon: 'endpoints', sections: ['labels', 'owners', 'events'], actions: ['yaml', 'delete'] },
});

import type { Namespace } from '../../types/kubernetes.ts';
import { ageColumn, nameColumn } from '../columns.ts';
import { STATUS, defineKind } from '../kind.ts';

export const namespace = defineKind<Namespace>({
  group: '', version: 'v1', kind: 'Namespace', plural: 'namespaces', namespaced: false,
  schema: 'io.k8s.api.core.v1.Namespace', shortNames: ['ns'],
  subresources: [STATUS, { name: 'finalize', verbs: ['update'] }],
  nameRule: 'dns-label', verbs: ['create', 'delete', 'get', 'list', 'patch', 'update', 'watch'],
  validate: () => [],
  columns: [nameColumn, ageColumn],
  view: { nav: 'Cluster', icon: 'namespace', sections: ['labels', 'owners', 'events'], actions: ['yaml', 'delete'] },
});

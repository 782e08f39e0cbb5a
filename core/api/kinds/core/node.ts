import type { Node } from '../../types/kubernetes.ts';
import { ageColumn, nameColumn } from '../columns.ts';
import { STATUS, defineKind } from '../kind.ts';

export const node = defineKind<Node>({
  group: '', version: 'v1', kind: 'Node', plural: 'nodes', namespaced: false,
  schema: 'io.k8s.api.core.v1.Node', shortNames: ['no'],
  subresources: [STATUS, { name: 'proxy', verbs: ['create', 'delete', 'get', 'patch', 'update'], responseKind: { group: '', version: 'v1', kind: 'NodeProxyOptions' } }],
  validate: () => [],
  columns: [nameColumn, ageColumn],
  view: { nav: 'Cluster', icon: 'node', sections: ['labels', 'owners', 'events'], actions: ['yaml', 'delete'] },
});

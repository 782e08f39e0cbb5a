import type { Service } from '../../types/kubernetes.ts';
import { ageColumn, nameColumn } from '../columns.ts';
import { STATUS, defineKind } from '../kind.ts';

export const service = defineKind<Service>({
  group: '', version: 'v1', kind: 'Service', plural: 'services', namespaced: true,
  schema: 'io.k8s.api.core.v1.Service', shortNames: ['svc'], categories: ['all'],
  subresources: [STATUS, { name: 'proxy', verbs: ['create', 'delete', 'get', 'patch', 'update'], responseKind: { group: '', version: 'v1', kind: 'ServiceProxyOptions' } }],
  nameRule: 'dns-1035', createOnUpdate: true,
  allocators: ['cluster-ip', 'node-port'],
  validate: () => [],
  columns: [nameColumn, ageColumn],
  view: { nav: 'Network', icon: 'service', sections: ['labels', 'owners', 'events'], actions: ['yaml', 'delete'] },
});

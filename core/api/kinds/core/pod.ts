import type { Pod } from '../../types/kubernetes.ts';
import { ageColumn, nameColumn } from '../columns.ts';
import { STATUS, defineKind } from '../kind.ts';

export const pod = defineKind<Pod>({
  group: '', version: 'v1', kind: 'Pod', plural: 'pods', namespaced: true,
  schema: 'io.k8s.api.core.v1.Pod', shortNames: ['po'], categories: ['all'],
  subresources: [
    STATUS,
    { name: 'attach', verbs: ['create', 'get'], responseKind: { group: '', version: 'v1', kind: 'PodAttachOptions' } },
    { name: 'binding', verbs: ['create'], responseKind: { group: '', version: 'v1', kind: 'Binding' } },
    { name: 'ephemeralcontainers', verbs: ['get', 'patch', 'update'] },
    { name: 'eviction', verbs: ['create'], responseKind: { group: 'policy', version: 'v1', kind: 'Eviction' } },
    { name: 'exec', verbs: ['create', 'get'], responseKind: { group: '', version: 'v1', kind: 'PodExecOptions' } },
    { name: 'log', verbs: ['get'] },
    { name: 'portforward', verbs: ['create', 'get'], responseKind: { group: '', version: 'v1', kind: 'PodPortForwardOptions' } },
    { name: 'proxy', verbs: ['create', 'delete', 'get', 'patch', 'update'], responseKind: { group: '', version: 'v1', kind: 'PodProxyOptions' } },
    { name: 'resize', verbs: ['get', 'patch', 'update'] },
  ],
  generation: true,
  validate: () => [],
  columns: [nameColumn, ageColumn],
  view: { nav: 'Workloads', icon: 'pod', sections: ['labels', 'owners', 'events'], actions: ['yaml', 'delete'] },
});

import type { PodTemplate } from '../../types/kubernetes.ts';
import { ageColumn, nameColumn } from '../columns.ts';
import { defineKind } from '../kind.ts';

export const podTemplate = defineKind<PodTemplate>({
  group: '', version: 'v1', kind: 'PodTemplate', plural: 'podtemplates', namespaced: true,
  schema: 'io.k8s.api.core.v1.PodTemplate',
  generation: true,
  validate: () => [],
  columns: [nameColumn, ageColumn],
  view: { nav: 'Workloads', icon: 'template', sections: ['labels', 'owners', 'events'], actions: ['yaml', 'delete'] },
});

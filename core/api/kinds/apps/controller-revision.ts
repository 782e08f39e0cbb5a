import type { ControllerRevision } from '../../types/kubernetes.ts';
import { ageColumn, nameColumn } from '../columns.ts';
import { defineKind } from '../kind.ts';

export const controllerRevision = defineKind<ControllerRevision>({
  group: 'apps', version: 'v1', kind: 'ControllerRevision', plural: 'controllerrevisions', namespaced: true,
  schema: 'io.k8s.api.apps.v1.ControllerRevision',
  validate: () => [],
  columns: [nameColumn, ageColumn],
  view: { nav: 'Workloads', icon: 'revision', sections: ['labels', 'owners', 'events'], actions: ['yaml', 'delete'] },
});

import type { CoreEvent } from '../../types/kubernetes.ts';
import { ageColumn, nameColumn } from '../columns.ts';
import { defineKind } from '../kind.ts';

export const event = defineKind<CoreEvent>({
  group: '', version: 'v1', kind: 'Event', plural: 'events', namespaced: true,
  schema: 'io.k8s.api.core.v1.Event', shortNames: ['ev'],
  createOnUpdate: true,
  validate: () => [],
  columns: [nameColumn, ageColumn],
  view: { nav: 'Cluster', icon: 'event', sections: ['labels', 'owners', 'events'], actions: ['yaml', 'delete'] },
});

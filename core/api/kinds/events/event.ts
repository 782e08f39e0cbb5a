import type { EventsEvent } from '../../types/kubernetes.ts';
import { ageColumn, nameColumn } from '../columns.ts';
import { defineKind } from '../kind.ts';

export const eventV1 = defineKind<EventsEvent>({
  group: 'events.k8s.io', version: 'v1', kind: 'Event', plural: 'events', namespaced: true,
  schema: 'io.k8s.api.events.v1.Event', shortNames: ['ev'],
  createOnUpdate: true,
  storedAs: { group: '', plural: 'events' },
  validate: () => [],
  columns: [nameColumn, ageColumn],
  view: { nav: 'Cluster', icon: 'event', sections: ['labels', 'owners', 'events'], actions: ['yaml', 'delete'] },
});

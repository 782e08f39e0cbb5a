// events.k8s.io/v1: another view of core events (convert.ts); both share one store.
import type { EventsEvent } from '../../types/kubernetes.ts';
import { event } from '../core/event.ts';
import { defineKind, type Column } from '../kind.ts';
import { fromCoreEvent, toCoreEvent } from './convert.ts';

const regarding = (field: 'kind' | 'namespace' | 'name' | 'uid' | 'apiVersion' | 'resourceVersion' | 'fieldPath') => (e: EventsEvent): string => e.regarding?.[field] ?? '';

export const eventV1 = defineKind<EventsEvent>({
  group: 'events.k8s.io', version: 'v1', kind: 'Event', plural: 'events', namespaced: true,
  schema: 'io.k8s.api.events.v1.Event', shortNames: ['ev'],
  createOnUpdate: true,
  storedAs: { group: '', plural: 'events' }, convert: { fromStored: fromCoreEvent, toStored: toCoreEvent },
  setDefaults(e) { e.regarding ??= {}; },
  validate: e => event.validate(toCoreEvent(e)).filter(x => !x.field.startsWith('metadata.')),
  fields: {
    'regarding.kind': regarding('kind'), 'regarding.namespace': regarding('namespace'), 'regarding.name': regarding('name'),
    'regarding.uid': regarding('uid'), 'regarding.apiVersion': regarding('apiVersion'), 'regarding.resourceVersion': regarding('resourceVersion'),
    'regarding.fieldPath': regarding('fieldPath'),
    reason: e => e.reason ?? '', reportingController: e => e.reportingController || e.deprecatedSource?.component || '', type: e => e.type ?? '',
  },
  columns: event.columns.map((c): Column<EventsEvent> => {
    const { sort, ...rest } = c;
    return { ...rest, value: (e, now) => c.value(toCoreEvent(e), now), ...(sort ? { sort: (e: EventsEvent) => sort(toCoreEvent(e)) } : {}) };
  }),
  view: { nav: 'Cluster', icon: 'event', sections: ['spec', 'labels'], actions: ['yaml', 'delete'], health: e => event.view.health!(toCoreEvent(e)) },
});

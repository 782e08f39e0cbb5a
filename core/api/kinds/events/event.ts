// events.k8s.io/v1: another view of core events (convert.ts); both share one store.
import { semanticEqual } from '../../meta/equal.ts';
import { invalid, required, type FieldError } from '../../meta/field-error.ts';
import { IMMUTABLE } from '../../meta/names.ts';
import type { CoreEvent, EventsEvent } from '../../types/kubernetes.ts';
import { event, validateEvent } from '../core/event.ts';
import { defineKind, type Column } from '../kind.ts';
import { fromCoreEvent, toCoreEvent } from './convert.ts';

const regarding = (field: 'kind' | 'namespace' | 'name' | 'uid' | 'apiVersion' | 'resourceVersion' | 'fieldPath') => (e: EventsEvent): string => e.regarding?.[field] ?? '';

function seriesErrors(s: CoreEvent['series']): FieldError[] {
  if (!s) return [];
  return [...((s.count ?? 0) < 2 ? [invalid('series.count', '', 'should be at least 2')] : []), ...(s.lastObservedTime ? [] : [required('series.lastObservedTime')])];
}

/** What only this version asks of a new event. */
function validateNew(e: CoreEvent): FieldError[] {
  const errors = seriesErrors(e.series), unset = (field: string, set: unknown): void => { if (set) errors.push(invalid(field, '', 'needs to be unset')); };
  if (!e.eventTime) errors.push(required('eventTime'));
  if (e.type !== 'Normal' && e.type !== 'Warning') errors.push(invalid('type', '', `has invalid value: ${e.type ?? ''}`));
  unset('firstTimestamp', e.firstTimestamp);
  unset('lastTimestamp', e.lastTimestamp);
  unset('count', e.count);
  unset('source', e.source?.component || e.source?.host);
  return errors;
}

const FIXED = ['involvedObject', 'reason', 'message', 'source', 'firstTimestamp', 'lastTimestamp', 'count', 'reason', 'type', 'eventTime', 'action', 'related', 'reportingComponent', 'reportingInstance'] as const;
/** Of an event only its series goes on. */
function validateChanged(next: CoreEvent, prev: CoreEvent): FieldError[] {
  return [
    ...(semanticEqual(next.series, prev.series) ? [] : seriesErrors(next.series)),
    ...FIXED.filter(f => !semanticEqual(next[f], prev[f])).map(f => invalid(f === 'reportingComponent' ? 'reportingController' : f, next[f], IMMUTABLE)),
  ];
}

export const eventV1 = defineKind<EventsEvent>({
  group: 'events.k8s.io', version: 'v1', kind: 'Event', plural: 'events', namespaced: true,
  schema: 'io.k8s.api.events.v1.Event', shortNames: ['ev'],
  createOnUpdate: true,
  storedAs: { group: '', plural: 'events' }, convert: { fromStored: fromCoreEvent, toStored: toCoreEvent },
  setDefaults(e) { e.regarding ??= {}; },
  validate: e => validateEvent(toCoreEvent(e)),
  validateCreate: e => validateNew(toCoreEvent(e)),
  validateUpdate: (next, prev) => validateChanged(toCoreEvent(next), toCoreEvent(prev)),
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

import { invalid, required, type FieldError } from '../../meta/field-error.ts';
import { ageText, sinceText } from '../../meta/time.ts';
import type { CoreEvent } from '../../types/kubernetes.ts';
import { count, nameColumn, text, wide } from '../columns.ts';
import { defineKind, type Column } from '../kind.ts';

const firstAt = (e: CoreEvent): string | undefined => e.firstTimestamp ?? e.eventTime;
const lastAt = (e: CoreEvent): string | undefined => e.series?.lastObservedTime ?? e.lastTimestamp ?? firstAt(e);
const since = (at: string | undefined, now: number): string => (at ? ageText(now - Date.parse(at)) : sinceText(undefined, now));
const source = (e: CoreEvent): string => {
  const component = e.source?.component || e.reportingComponent || '', host = e.source?.host || e.reportingInstance || '';
  return host ? `${component}, ${host}` : component;
};

/** How often an event was seen. */
export const eventCount = (e: CoreEvent): number => e.series?.count ?? (e.count || 1);

function validate(e: CoreEvent): FieldError[] {
  const errors: FieldError[] = [];
  const ns = e.metadata.namespace, involved = e.involvedObject?.namespace;
  // An event about a cluster-scoped object stands in default.
  if (!involved) { if (ns !== undefined && ns !== 'default' && ns !== 'kube-system' && ns !== '') errors.push(invalid('involvedObject.namespace', involved ?? '', 'does not match event.namespace')); }
  else if (involved !== ns) errors.push(invalid('involvedObject.namespace', involved, 'does not match event.namespace'));
  if (e.eventTime) {
    if (!e.reportingComponent) errors.push(required('reportingController'));
    if (!e.reportingInstance) errors.push(required('reportingInstance'));
    if (!e.action) errors.push(required('action'));
    if (!e.reason) errors.push(required('reason'));
    if (e.type !== 'Normal' && e.type !== 'Warning') errors.push(invalid('type', e.type ?? '', 'has invalid value: '));
  }
  return errors;
}

export const eventColumns: readonly Column<CoreEvent>[] = [
  { name: 'Last Seen', type: 'string', draw: 'age', description: 'Time since the event was last seen.', value: (e, now) => since(lastAt(e), now), sort: e => Date.parse(lastAt(e) ?? '') || 0 },
  { name: 'Type', type: 'string', draw: 'state', description: 'Normal or Warning.', value: e => e.type ?? '' },
  text('Reason', 'Short, machine-readable reason.', e => e.reason ?? ''),
  text('Object', 'The object this event is about.', e => { const { kind = '', name } = e.involvedObject ?? {}; return name ? `${kind.toLowerCase()}/${name}` : kind.toLowerCase(); }, { draw: 'link' }),
  wide(text('Subobject', 'Part of the object the event is about.', e => e.involvedObject?.fieldPath ?? '')),
  wide(text('Source', 'Component that reported the event.', source)),
  text('Message', 'What happened.', e => (e.message ?? '').trim()),
  wide({ name: 'First Seen', type: 'string', draw: 'age', description: 'Time since the event was first seen.', value: (e, now) => since(firstAt(e), now), sort: e => Date.parse(firstAt(e) ?? '') || 0 }),
  wide(count('Count', 'Number of times the event was seen.', eventCount)),
  wide(nameColumn),
];

const involved = (field: 'kind' | 'namespace' | 'name' | 'uid' | 'apiVersion' | 'resourceVersion' | 'fieldPath') => (e: CoreEvent): string => e.involvedObject?.[field] ?? '';

export const event = defineKind<CoreEvent>({
  group: '', version: 'v1', kind: 'Event', plural: 'events', namespaced: true,
  schema: 'io.k8s.api.core.v1.Event', shortNames: ['ev'],
  createOnUpdate: true,
  setDefaults(e) { e.involvedObject ??= {}; },
  validate,
  fields: {
    'involvedObject.kind': involved('kind'), 'involvedObject.namespace': involved('namespace'), 'involvedObject.name': involved('name'),
    'involvedObject.uid': involved('uid'), 'involvedObject.apiVersion': involved('apiVersion'), 'involvedObject.resourceVersion': involved('resourceVersion'),
    'involvedObject.fieldPath': involved('fieldPath'),
    reason: e => e.reason ?? '', reportingComponent: e => e.reportingComponent || e.source?.component || '',
    source: e => e.source?.component || e.reportingComponent || '', type: e => e.type ?? '',
  },
  columns: eventColumns,
  view: {
    nav: 'Cluster', icon: 'event', sections: ['spec', 'labels'], actions: ['yaml', 'delete'],
    health: e => (e.type === 'Warning' ? { level: 'warning', word: e.reason ?? 'Warning', ...(e.message ? { reason: e.message } : {}) } : { level: 'none', word: e.reason ?? '' }),
  },
});

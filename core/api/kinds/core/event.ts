import { invalid, required, type FieldError } from '../../meta/field-error.ts';
import { dnsSubdomain, labelKey } from '../../meta/names.ts';
import { byteLength } from '../../meta/object-meta.ts';
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

const MAX_WORD = 128, MAX_NOTE = 1024;
const atMost = (value: string | undefined, max: number, field: string): FieldError[] => (byteLength(value ?? '') > max ? [invalid(field, '', `can have at most ${max} characters`)] : []);

/** What holds for events of every version; the names of the fields are core's. */
export function validateEvent(e: CoreEvent): FieldError[] {
  const ns = e.metadata.namespace ?? '', involved = e.involvedObject?.namespace ?? '', errors: FieldError[] = [];
  const elsewhere = invalid('involvedObject.namespace', involved, 'does not match event.namespace');
  // An event about an object without a namespace stands in default.
  if (!e.eventTime) { if (involved ? involved !== ns : ns !== '' && ns !== 'default') errors.push(elsewhere); } else {
    const reporter = e.reportingComponent ?? '';
    if (!involved && ns !== 'default' && ns !== 'kube-system') errors.push(elsewhere);
    if (!reporter) errors.push(required('reportingController'));
    for (const m of labelKey(reporter)) errors.push(invalid('reportingController', reporter, m));
    for (const f of ['reportingInstance', 'action', 'reason'] as const) { if (!e[f]) errors.push(required(f)); errors.push(...atMost(e[f], MAX_WORD, f)); }
    errors.push(...atMost(e.message, MAX_NOTE, 'message'));
  }
  for (const m of dnsSubdomain(ns)) errors.push(invalid('namespace', ns, m));
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
  validate: validateEvent,
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

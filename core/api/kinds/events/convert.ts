// The two shapes of an event. Stored as core/v1; events.k8s.io/v1 is the same object with other field names
// (k8s.io/kubernetes pkg/apis/events/v1/conversion: the internal type is core's).
import type { CoreEvent, EventsEvent } from '../../types/kubernetes.ts';

/** Reads an events.k8s.io/v1 Event as a core/v1 one; nothing is lost. */
export function toCoreEvent(e: EventsEvent): CoreEvent {
  const { note, regarding, deprecatedCount, deprecatedFirstTimestamp, deprecatedLastTimestamp, deprecatedSource, reportingController, series, metadata, ...same } = e;
  const out: CoreEvent = { ...same, apiVersion: 'v1', kind: 'Event', metadata: metadata ?? {}, involvedObject: regarding ?? {} };
  if (note !== undefined) out.message = note;
  if (deprecatedCount !== undefined) out.count = deprecatedCount;
  if (deprecatedFirstTimestamp !== undefined) out.firstTimestamp = deprecatedFirstTimestamp;
  if (deprecatedLastTimestamp !== undefined) out.lastTimestamp = deprecatedLastTimestamp;
  if (deprecatedSource !== undefined) out.source = deprecatedSource;
  if (reportingController !== undefined) out.reportingComponent = reportingController;
  if (series !== undefined) out.series = series;
  return out;
}

/** Shows a core/v1 Event as events.k8s.io/v1. An old event has no eventTime: it stays null on the wire, as upstream serves it. */
export function fromCoreEvent(e: CoreEvent): EventsEvent {
  const { message, involvedObject, count, firstTimestamp, lastTimestamp, source, reportingComponent, series, eventTime, ...same } = e;
  const out: EventsEvent = { ...same, apiVersion: 'events.k8s.io/v1', kind: 'Event', eventTime: (eventTime ?? null) as string, regarding: involvedObject };
  if (message !== undefined) out.note = message;
  if (count !== undefined) out.deprecatedCount = count;
  if (firstTimestamp !== undefined) out.deprecatedFirstTimestamp = firstTimestamp;
  if (lastTimestamp !== undefined) out.deprecatedLastTimestamp = lastTimestamp;
  if (source !== undefined) out.deprecatedSource = source;
  if (reportingComponent !== undefined) out.reportingController = reportingComponent;
  if (series !== undefined) out.series = { count: series.count ?? 0, lastObservedTime: series.lastObservedTime ?? '' };
  return out;
}

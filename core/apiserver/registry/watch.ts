// WATCH: what a stream starts with and which events belong to it (contract 6.6 to 6.14).
import type { KubeObject } from '../../api/meta/object.ts';
import { gone } from '../../api/meta/status.ts';
import { Compacted, type Entry, type Narrow, type StoreEvent, type Watcher } from '../../store/store.ts';
import type { RequestContext, Result, WatchRequest } from '../context.ts';
import { first, flag } from '../http/request-info.ts';
import type { RegistryEnv } from './env.ts';
import { selectEntries, waitForRevision } from './list.ts';
import { integer, listOptions, revisionOf } from './options.ts';
import type { Resource } from './resource.ts';
import { selectorOf, type Selection } from './selector.ts';

const MIN_TIMEOUT_S = 1800;

/** Reads a watch request; 410 when its start is compacted. */
export async function watch(env: RegistryEnv, resource: Resource, ctx: RequestContext, namespace: string, name: string): Promise<Result> {
  const q = ctx.query;
  const o = listOptions(q, true);
  const fieldSelector = name === '' ? o.fieldSelector : [`metadata.name=${name}`, o.fieldSelector].filter(Boolean).join(',');
  const selector = selectorOf(resource, namespace, o.labelSelector, fieldSelector);
  const sendInitial = flag(q, 'sendInitialEvents');
  const revision = revisionOf(o.resourceVersion);
  if (sendInitial && revision !== undefined) await waitForRevision(env, revision);
  const seconds = integer(first(q, 'timeoutSeconds') || '0') || MIN_TIMEOUT_S * (1 + Math.random());
  let initial: readonly Entry[] = [], after = revision ?? env.store.revision, initialBookmark: number | undefined;
  // Without a revision the stream starts with the current state, unless the client says otherwise.
  if (sendInitial || (revision === undefined && q['sendInitialEvents'] === undefined)) {
    const state = selectEntries(env, resource, namespace, { labelSelector: o.labelSelector, fieldSelector, limit: 0, continue: '', resourceVersion: '', match: '' });
    initial = state.entries;
    after = state.revision;
    if (sendInitial) initialBookmark = state.revision;
  }
  if (after < env.store.compactRevision) throw tooOld(after, env.store.compactRevision);
  const { key } = selector;
  return {
    type: 'watch', resource,
    watch: { prefix: key ?? resource.range(namespace), key, matches: selector.matches, narrow: key === undefined ? narrowOf(resource, selector) : undefined, after, initial, initialBookmark, bookmarks: flag(q, 'allowWatchBookmarks'), timeoutMs: Math.max(0, seconds) * 1000 },
  };
}

/** A field or label the selector pins to one value. Not of what is shown otherwise than it is stored: reading that costs more than it spares. */
function narrowOf(resource: Resource, s: Selection): Narrow | undefined {
  if (resource.view || resource.ready) return undefined;
  const { fields = {} } = resource.spec;
  for (const field of s.pinned ? Object.keys(fields) : []) {
    const value = s.pinned!(field), read = fields[field]!;
    if (value !== undefined) return { name: `field ${field}`, value, valueOf: e => read(resource.objectOf(e)) };
  }
  for (const r of s.labels) {
    if ((r.operator === '=' || r.operator === '==' || r.operator === 'in') && r.values.length === 1) return { name: `label ${r.key}`, value: r.values[0]!, valueOf: e => resource.objectOf(e).metadata?.labels?.[r.key] };
  }
  return undefined;
}

const tooOld = (asked: number, compacted: number): Error => gone(`too old resource version: ${asked} (${compacted})`);

export type EventType = 'ADDED' | 'MODIFIED' | 'DELETED';

/** `behind`: events that happened wait to be converted, and no bookmark may go before them. */
export interface LiveWatch extends Watcher { readonly behind: boolean }

/**
 * Opens the live part; `batch` gets all events of the prefix, for `seen` to judge. Throws 410 when the history is gone.
 */
export function openWatch(env: RegistryEnv, resource: Resource, w: WatchRequest, batch: (events: readonly StoreEvent[]) => void): LiveWatch {
  let onEvents = batch, waiting = 0;
  if (resource.ready) {
    // One batch after the other, each when it can be shown; what cannot be converted fails where it is looked at.
    let tail = Promise.resolve();
    const one = async (events: readonly StoreEvent[]): Promise<void> => {
      try { await resource.ready!(events.flatMap(e => (e.prev ? [e.entry, e.prev] : [e.entry]))); } catch (error) { env.log.warn('objects of a watch could not be converted', { error }); }
      waiting--;
      batch(events);
    };
    onEvents = events => {
      waiting++;
      tail = tail.then(() => one(events));
    };
  }
  try {
    const watcher = env.store.watch(w.prefix, w.after, onEvents, w.narrow);
    return { close: () => watcher.close(), get behind() { return waiting > 0; } };
  } catch (e) {
    if (e instanceof Compacted) throw tooOld(w.after, e.compactRevision);
    throw e;
  }
}

/** Says how `event` looks through the watcher's selector, trap 18: starting to match is ADDED, ceasing to match is DELETED. */
export function seen(resource: Resource, w: WatchRequest, event: StoreEvent): { type: EventType; entry: Entry } | undefined {
  const { entry, prev } = event;
  if (event.revision <= w.after || (w.key !== undefined && entry.key !== w.key)) return undefined;
  const { matches } = w;
  if (matches === undefined) return { type: event.type === 'DELETE' ? 'DELETED' : prev === undefined ? 'ADDED' : 'MODIFIED', entry };
  if (event.type === 'DELETE') return matches(resource.objectOf(entry)) ? { type: 'DELETED', entry } : undefined;
  const now = matches(resource.objectOf(entry)), before = prev !== undefined && matches(resource.objectOf(prev));
  if (now) return { type: before ? 'MODIFIED' : 'ADDED', entry };
  return before ? { type: 'DELETED', entry: prev } : undefined;
}

/** A bookmark's object (6.9, 6.11). */
export function bookmark(resource: Resource, revision: number, endOfInitial: boolean): KubeObject {
  return {
    kind: resource.spec.kind, apiVersion: resource.apiVersion,
    metadata: { resourceVersion: String(revision), creationTimestamp: null as unknown as undefined, ...(endOfInitial ? { annotations: { 'k8s.io/initial-events-end': 'true' } } : {}) },
  };
}

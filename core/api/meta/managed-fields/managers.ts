// Who owns what: the entries of metadata.managedFields through updates and applies (contract 5.12, 7.7 to 7.12).
import type { ManagedFieldsEntry } from '../../types/kubernetes.ts';
import { failure } from '../status.ts';
import { difference, EMPTY, intersection, isEmpty, parseFieldSet, paths, sameSet, sorted, union, type FieldSet } from './field-set.ts';

export type Entry = ManagedFieldsEntry;
export interface Manager { readonly manager: string; readonly operation: 'Apply' | 'Update'; readonly apiVersion: string; readonly subresource: string }

/** Update entries an object keeps; older ones are merged. */
const MAX_UPDATERS = 10;
const OLD_UPDATERS = 'ancient-changes';
/** The owner of what was there before anybody kept count. */
export const BEFORE_FIRST_APPLY = 'before-first-apply';

/** Fields of which nobody is told the owner: they are the server's, or say which object it is. */
const SERVERS: FieldSet = Object.freeze({
  'f:apiVersion': EMPTY, 'f:kind': EMPTY,
  'f:metadata': Object.freeze({
    '.': EMPTY, 'f:name': EMPTY, 'f:namespace': EMPTY, 'f:creationTimestamp': EMPTY, 'f:selfLink': EMPTY, 'f:uid': EMPTY, 'f:clusterName': EMPTY,
    'f:generation': EMPTY, 'f:managedFields': EMPTY, 'f:resourceVersion': EMPTY,
  }),
});

export const setOf = (e: Entry): FieldSet => (e.fieldsV1 as FieldSet | undefined) ?? EMPTY;
const withSet = (e: Entry, s: FieldSet): Entry => ({ ...e, fieldsV1: s });

/** The entry is this manager's. Appliers are the same in every version. */
const isOf = (e: Entry, m: Manager): boolean => e.manager === m.manager && e.operation === m.operation && (e.subresource ?? '') === m.subresource && (m.operation === 'Apply' || e.apiVersion === m.apiVersion);

const entry = (m: Manager, time: string, s: FieldSet): Entry => ({
  manager: m.manager, operation: m.operation, apiVersion: m.apiVersion, time, fieldsType: 'FieldsV1', fieldsV1: s, ...(m.subresource === '' ? {} : { subresource: m.subresource }),
});

const text = (a: string | undefined, b: string | undefined): number => { const x = a ?? '', y = b ?? ''; return x < y ? -1 : x > y ? 1 : 0; };
const seconds = (e: Entry): string => String(e.time ?? '');
/** Appliers first, then by time, name, version and subresource, as Kubernetes writes them. */
const byOrder = (a: Entry, b: Entry): number => text(a.operation, b.operation) || text(seconds(a), seconds(b)) || text(a.manager, b.manager) || text(a.apiVersion, b.apiVersion) || text(a.subresource, b.subresource);

const common = new Map<string, FieldSet>();
/**
 * A set as it is kept, keys in order. Objects made alike share one: ten thousand pods of one shape
 * would otherwise hold as many copies. Found by the order it comes in as well: what one client writes comes in the same each time.
 */
function settled(s: FieldSet): FieldSet {
  const given = JSON.stringify(s), known = common.get(given);
  if (known) return known;
  const own = sorted(s), key = JSON.stringify(own), kept = common.get(key) ?? own;
  if (common.size >= 2048) common.clear();
  common.set(key, kept);
  common.set(given, kept);
  return kept;
}

/** What a client wrote into metadata.managedFields: entries, `reset` for the one empty entry that clears them, undefined for anything else. */
export function givenEntries(raw: unknown): readonly Entry[] | 'reset' | undefined {
  if (!Array.isArray(raw) || raw.length === 0) return undefined;
  const out: Entry[] = [];
  for (const e of raw as Entry[]) {
    if (typeof e !== 'object' || e === null) return undefined;
    if (raw.length === 1 && Object.values(e).every(v => v === undefined || v === null || v === '')) return 'reset';
    const s = parseFieldSet(e.fieldsV1 ?? {});
    if ((e.operation !== 'Apply' && e.operation !== 'Update') || e.fieldsType !== 'FieldsV1' || s === undefined) return undefined;
    out.push(withSet(e, s));
  }
  return out;
}

/** The owners after others' fields were changed or removed by `self` (which keeps its own); entries that own nothing go. */
function yielded(entries: readonly Entry[], self: Manager | undefined, changed: (e: Entry) => FieldSet, removed: (e: Entry) => FieldSet): Entry[] {
  const out: Entry[] = [];
  for (const e of entries) {
    if (self && isOf(e, self)) { out.push(e); continue; }
    const before = setOf(e), after = difference(difference(before, changed(e)), removed(e));
    if (after === before) out.push(e); else if (!isEmpty(after)) out.push(withSet(e, after));
  }
  return out;
}

/**
 * Entries after `m` updated an object: it owns what it changed or added, no one owns what is gone. An object whose owners nobody
 * counts (`entries` empty, not `created`) stays uncounted until its first apply.
 */
export function updated(entries: readonly Entry[], m: Manager, changed: FieldSet, removed: FieldSet, time: string, created: boolean): readonly Entry[] {
  if (entries.length === 0 && !created) return entries;
  const gained = difference(changed, SERVERS);
  if (isEmpty(gained) && isEmpty(removed)) return entries;
  const out: Entry[] = [];
  let found = false;
  for (const e of entries) {
    const own = isOf(e, m), before = setOf(e);
    let after = difference(before, removed);
    if (own) { found = true; after = union(after, gained); } else after = difference(after, gained);
    if (isEmpty(after)) continue;
    if (own && !isEmpty(gained)) out.push({ ...e, time, fieldsV1: after === before ? before : settled(after) });
    else out.push(after === before ? e : withSet(e, after));
  }
  if (!found && !isEmpty(gained)) out.push(entry(m, time, settled(gained)));
  return capped(out).sort(byOrder);
}

/** Merges the oldest updaters into one bucket per version until no more than MAX_UPDATERS are left. */
function capped(entries: Entry[]): Entry[] {
  const updaters = entries.filter(e => e.operation === 'Update');
  let count = updaters.length;
  if (count <= MAX_UPDATERS) return entries;
  updaters.sort((a, b) => text(seconds(a), seconds(b)) || text(a.manager, b.manager));
  const first = new Map<string, Entry>(), buckets = new Map<string, Entry>(), gone = new Set<Entry>();
  for (const e of updaters) {
    if (e.manager === OLD_UPDATERS && !e.subresource) buckets.set(e.apiVersion ?? '', e);
  }
  for (const e of updaters) {
    if (count <= MAX_UPDATERS) break;
    const version = e.apiVersion ?? '', seen = first.get(version);
    if (seen === undefined) { first.set(version, e); continue; }
    let bucket = buckets.get(version);
    if (bucket === e) continue;
    if (bucket === undefined) { gone.add(seen); bucket = { ...seen, manager: OLD_UPDATERS }; delete bucket.subresource; } else gone.add(bucket);
    gone.add(e);
    buckets.set(version, { ...bucket, time: e.time, fieldsV1: settled(union(setOf(bucket), setOf(e))) });
    count--;
  }
  const kept = entries.filter(e => !gone.has(e));
  for (const b of buckets.values()) if (!kept.includes(b)) kept.push(b);
  return kept;
}

/** The set `m` applied last, and the version it did that in. */
export function lastApplied(entries: readonly Entry[], m: Manager): { readonly set: FieldSet; readonly apiVersion: string } | undefined {
  const e = entries.find(x => isOf(x, m));
  return e && { set: setOf(e), apiVersion: e.apiVersion ?? '' };
}

/** Members of all entries together with what an applier claims now, its own last entry aside. */
export const claimedByAll = (entries: readonly Entry[], m: Manager, claimed: FieldSet): FieldSet =>
  entries.reduce((all, e) => (isOf(e, m) ? all : union(all, setOf(e))), claimed);

export interface Conflict { readonly entry: Entry; readonly set: FieldSet }

/** Others' fields among those changed; `changed` in the version of the entry. */
export function conflictsOf(entries: readonly Entry[], m: Manager, changed: (e: Entry) => FieldSet): Conflict[] {
  const out: Conflict[] = [];
  for (const e of entries) {
    if (isOf(e, m)) continue;
    const s = intersection(setOf(e), changed(e));
    if (!isEmpty(s)) out.push({ entry: e, set: s });
  }
  return out;
}

/** Entries after `m` applied `claimed`; the time moves only when `moved` (the object changed) or the claim did. */
export function applied(entries: readonly Entry[], m: Manager, claimed: FieldSet, changed: (e: Entry) => FieldSet, removed: (e: Entry) => FieldSet, time: string, moved: boolean): readonly Entry[] {
  const out = yielded(entries, m, changed, removed), at = out.findIndex(e => isOf(e, m)), own = difference(claimed, SERVERS);
  const before = out[at];
  if (isEmpty(own)) { if (at >= 0) out.splice(at, 1); } else if (before && !moved && before.apiVersion === m.apiVersion && sameSet(setOf(before), own)) {
    if (out.every((e, i) => e === entries[i])) return entries;
  } else {
    const e = entry(m, time, settled(own));
    if (at >= 0) out[at] = e; else out.push(e);
  }
  return out.sort(byOrder);
}

const identity = (e: Entry): string => JSON.stringify([e.manager, e.operation, e.operation === 'Update' ? e.apiVersion : '', e.subresource]);

function shown(e: Entry): string {
  const who = e.subresource ? `${JSON.stringify(e.manager)} with subresource ${JSON.stringify(e.subresource)}` : JSON.stringify(e.manager);
  return e.operation === 'Update' ? `${who} using ${e.apiVersion}` : who;
}

/** 409 with every path and its owner, as kubectl prints it. */
export function applyConflict(conflicts: readonly Conflict[]): Error {
  const sortedOnes = [...conflicts].sort((a, b) => text(identity(a.entry), identity(b.entry))).map(c => ({ who: shown(c.entry), at: paths(c.set) }));
  const count = sortedOnes.reduce((n, c) => n + c.at.length, 0);
  const message = count === 1
    ? `Apply failed with 1 conflict: conflict with ${sortedOnes[0]!.who}: ${sortedOnes[0]!.at[0]!}`
    : `Apply failed with ${count} conflicts: ${sortedOnes.map(c => [`conflicts with ${c.who}:`, ...c.at.map(p => `- ${p}`)].join('\n')).join('\n')}`;
  return failure(409, 'Conflict', message, { details: { causes: sortedOnes.flatMap(c => c.at.map(p => ({ reason: 'FieldManagerConflict', message: `conflict with ${c.who}`, field: p }))) } });
}

/** The same entries, times aside. */
export const sameOwners = (a: readonly Entry[], b: readonly Entry[]): boolean => a === b || (a.length === b.length && a.every((e, i) => {
  const f = b[i]!;
  return e.manager === f.manager && e.operation === f.operation && e.apiVersion === f.apiVersion && (e.subresource ?? '') === (f.subresource ?? '') && sameSet(setOf(e), setOf(f));
}));

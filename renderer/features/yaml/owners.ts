// Who owns what: the managers of single fields, and handing over what `kubectl apply` kept by its annotation to server-side apply.
import type { KubeObject } from '../../../core/api/meta/object.ts';
import { difference, EMPTY, isEmpty, union, type FieldSet } from '../../../core/api/meta/managed-fields/field-set.ts';
import type { ManagedFieldsEntry } from '../../../core/api/types/kubernetes.ts';
import { LAST_APPLIED } from './documents.ts';
import { isMap, valueAt, type Step } from './field-path.ts';

/** Who applies manifests from this window, and who edits objects in it. */
export const APPLIER = 'pilothouse', EDITOR = 'pilothouse-edit';

export interface Owner { manager: string; operation: string; subresource?: string; /** RFC 3339; when it last wrote. */ time?: string }

const setOf = (e: ManagedFieldsEntry): FieldSet => (e.fieldsV1 as FieldSet | undefined) ?? EMPTY;
const entriesOf = (o: KubeObject): readonly ManagedFieldsEntry[] => o.metadata?.managedFields as readonly ManagedFieldsEntry[] | undefined ?? [];
const ownerOf = (e: ManagedFieldsEntry): Owner => ({ manager: e.manager ?? '', operation: e.operation ?? '', ...(e.subresource ? { subresource: e.subresource } : {}), ...(e.time === undefined ? {} : { time: String(e.time) }) });

/** The managers of a field of `o`, the last writer first; none for what is not there. */
export function ownersOf(o: KubeObject, steps: readonly Step[]): Owner[] {
  return entriesOf(o).filter(e => has(setOf(e), o, steps)).map(ownerOf).sort((a, b) => (b.time ?? '').localeCompare(a.time ?? ''));
}

function has(set: FieldSet, o: KubeObject, steps: readonly Step[]): boolean {
  let at: unknown = o, here: FieldSet = set;
  for (const [i, s] of steps.entries()) {
    // A member without children below the root owns all that is in it: an atomic list, a map taken whole.
    if (i > 0 && isEmpty(here)) return true;
    const element = Array.isArray(at) ? Object.keys(here).find(k => isElement(k, (at as unknown[])[Number(s)], Number(s))) : `f:${s}`;
    const next = element === undefined ? undefined : here[element];
    if (next === undefined) return false;
    here = next;
    at = valueAt(at, [s]);
  }
  return true;
}

function isElement(element: string, item: unknown, index: number): boolean {
  const rest = element.slice(2);
  if (element.startsWith('k:')) return isMap(item) && Object.entries(JSON.parse(rest) as object).every(([k, v]) => item[k] === v);
  if (element.startsWith('v:')) return JSON.stringify(item) === rest;
  return element === `i:${index}`;
}

const ANNOTATION: FieldSet = { 'f:metadata': { 'f:annotations': { [`f:${LAST_APPLIED}`]: EMPTY } } };

/** What is to be done before a manifest is applied to an object that `kubectl apply` without --server-side has kept so far. */
export interface Handover {
  /** Managers whose fields become the applier's. */
  from: readonly string[];
  /** JSON patch for the object, good for exactly this version of it. */
  patch: readonly object[];
  /** All that was theirs. */
  fields: FieldSet;
}

/** As `kubectl apply --server-side` does it: whoever owns the annotation hands over; undefined when nobody does. */
export function handover(live: KubeObject): Handover | undefined {
  if (live.metadata?.annotations?.[LAST_APPLIED] === undefined) return undefined;
  const entries = entriesOf(live);
  const theirs = entries.filter(e => e.operation === 'Update' && !e.subresource && has(setOf(e), live, ['metadata', 'annotations', LAST_APPLIED]));
  if (theirs.length === 0) return undefined;
  const fields = difference(theirs.reduce((all, e) => union(all, setOf(e)), EMPTY), ANNOTATION);
  const mine = entries.find(e => e.operation === 'Apply' && e.manager === APPLIER && !e.subresource);
  const { apiVersion, time } = theirs.at(-1)!;
  const entry = { ...(mine ?? { apiVersion, time, fieldsType: 'FieldsV1' }), manager: APPLIER, operation: 'Apply', fieldsV1: union(fields, mine ? setOf(mine) : EMPTY) };
  const value = [...entries.filter(e => !theirs.includes(e) && e !== mine), entry];
  return {
    from: theirs.map(e => e.manager ?? ''), fields,
    patch: [{ op: 'replace', path: '/metadata/managedFields', value }, { op: 'replace', path: '/metadata/resourceVersion', value: live.metadata?.resourceVersion }],
  };
}

/** `after`, an applied state, without what was handed over and nobody claims any more; undefined when all of it is claimed. */
export function withoutAbandoned(after: KubeObject, h: Handover): KubeObject | undefined {
  const kept = entriesOf(after).filter(e => !(e.operation === 'Update' && !e.subresource && h.from.includes(e.manager ?? ''))).reduce((all, e) => union(all, setOf(e)), EMPTY);
  const gone = difference(h.fields, kept);
  return isEmpty(gone) ? undefined : cut(after, gone) as KubeObject;
}

function cut(value: unknown, gone: FieldSet): unknown {
  if (Array.isArray(value)) {
    return value.flatMap((item: unknown, i) => {
      const k = Object.keys(gone).find(e => e !== '.' && isElement(e, item, i)), s = k === undefined ? undefined : gone[k]!;
      return s === undefined ? [item] : isEmpty(s) || '.' in s ? [] : [cut(item, s)];
    });
  }
  if (!isMap(value)) return value;
  return Object.fromEntries(Object.entries(value).flatMap(([k, v]) => {
    const s = gone[`f:${k}`];
    if (s === undefined) return [[k, v] as const];
    if (isEmpty(s)) return [];
    const rest = cut(v, s);
    // A map that somebody still has something in stays, whoever made it.
    return '.' in s && typeof rest === 'object' && rest !== null && isEmpty(rest as FieldSet) ? [] : [[k, rest] as const];
  }));
}

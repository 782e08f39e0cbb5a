// Puts an applied configuration into an object, and takes out what its manager no longer claims (contract 7.8).
import { equal, isObject } from '../clone.ts';
import { childSchema, fieldElement, formOf, itemElement, ItemError, wholeSet } from './compare.ts';
import { EMPTY, isEmpty, LEAF, member, type FieldSet } from './field-set.ts';
import { DEDUCED, type FieldSchema } from './schema.ts';

type Obj = Record<string, unknown>;

function set(target: Obj, key: string, value: unknown): void {
  if (key === '__proto__') Object.defineProperty(target, key, { value, enumerable: true, configurable: true, writable: true });
  else target[key] = value;
}

/**
 * Merges `config` into `object`, which must be private and is changed; parts of `config` become parts of it. Answers what was added
 * or got another value. `config` must have passed `claimedSet` without errors.
 */
export function mergeInto(schema: FieldSchema, object: Obj, config: Readonly<Obj>): FieldSet {
  return mergeFields(schema, object, config) ?? EMPTY;
}

function mergeFields(schema: FieldSchema, object: Obj, config: Readonly<Obj>): FieldSet | undefined {
  let changed: Record<string, FieldSet> | undefined;
  for (const k in config) {
    const v = config[k];
    if (v === undefined) continue;
    const s = childSchema(schema, k) ?? DEDUCED, old = Object.hasOwn(object, k) ? object[k] : undefined;
    if (old === undefined || old === null) {
      if (v === null && old === null) continue;
      set(object, k, v);
      (changed ??= {})[fieldElement(k)] = wholeSet(s, v);
      continue;
    }
    const m = mergeValue(s, old, v);
    if (m.value !== old) set(object, k, m.value);
    if (m.changed) (changed ??= {})[fieldElement(k)] = m.changed;
  }
  return changed;
}

interface Merged { value: unknown; changed: FieldSet | undefined }

function mergeValue(s: FieldSchema, old: unknown, v: unknown): Merged {
  const form = formOf(s, v);
  if (form === formOf(s, old)) {
    if ((form === 'struct' || form === 'map') && isObject(old) && isObject(v)) return { value: old, changed: mergeFields(s, old, v) };
    if ((form === 'set' || form === 'keyed') && Array.isArray(old) && Array.isArray(v)) return mergeList(s, old, v);
  }
  return equal(old, v) ? { value: old, changed: undefined } : { value: v, changed: LEAF };
}

const elementOf = (s: FieldSchema, item: unknown): string | undefined => {
  try { return itemElement(s, item); } catch (error) { if (error instanceof ItemError) return undefined; throw error; }
};

/**
 * Items of both, each once: those the configuration names in its order, the others where they stood between them. What the object
 * has twice, or without keys, stays as it is unless the configuration names it.
 */
function mergeList(s: FieldSchema, old: readonly unknown[], wanted: readonly unknown[]): Merged {
  if (old.length === 0 && wanted.length === 0) return { value: old, changed: undefined };
  const wantedElements = wanted.map(item => itemElement(s, item)), named = new Set(wantedElements);
  const oldElements = old.map(item => elementOf(s, item));
  const oldByElement = new Map<string, unknown>();
  const twice = new Set<string>();
  oldElements.forEach((e, i) => { if (e === undefined) return; if (oldByElement.has(e)) twice.add(e); else oldByElement.set(e, old[i]); });
  let changed: Record<string, FieldSet> | undefined;
  const out: unknown[] = [], taken = new Set<string>();
  const take = (i: number): void => {
    const e = wantedElements[i]!, before = oldByElement.get(e), item = wanted[i];
    taken.add(e);
    if (before === undefined || twice.has(e)) { out.push(item); (changed ??= {})[e] = s.form === 'set' ? LEAF : wholeSet(s.items!, item); return; }
    if (s.form === 'set') { out.push(before); return; }
    const m = mergeValue(s.items!, before, item);
    out.push(m.value);
    if (m.changed) (changed ??= {})[e] = m.changed;
  };
  // Shared items in the configuration's order: an old one that is not the next of them waits for its turn.
  const shared = wantedElements.filter(e => oldByElement.has(e));
  let l = 0, r = 0, next = 0;
  while (l < old.length || r < wanted.length) {
    const e = l < old.length ? oldElements[l] : undefined;
    if (l < old.length && (e === undefined || !named.has(e))) { out.push(old[l++]); continue; }
    if (l < old.length && e !== undefined && (taken.has(e) || (r < wanted.length && e !== wantedElements[r] && next < shared.length && shared[next] !== e))) { l++; continue; }
    if (r < wanted.length) {
      if (e === wantedElements[r]) l++;
      if (shared[next] === wantedElements[r]) next++;
      take(r++);
    }
  }
  const same = out.length === old.length && out.every((item, i) => item === old[i]);
  return { value: same ? old : out, changed };
}

/** Removes from `object` (private, changed) what `last` has and `kept` has not; containers this empties go too, unless claimed. Answers what is gone. */
export function prune(schema: FieldSchema, object: Obj, last: FieldSet, kept: FieldSet): FieldSet {
  const gone: Record<string, FieldSet> = {};
  for (const k of Object.keys(object)) {
    const e = fieldElement(k), l = last[e];
    if (l === undefined) continue;
    const s = childSchema(schema, k) ?? DEDUCED, p = pruneValue(s, object[k], l, kept[e], schema.form === 'struct' && schema.field!(k) !== undefined);
    if (p === undefined) continue;
    gone[e] = p.gone;
    if (p.value === undefined) delete object[k]; else if (p.value !== object[k]) set(object, k, p.value);
  }
  return isEmpty(gone) ? EMPTY : gone;
}

/** A struct's field counts as claimed with anything below it, an entry or item only by itself. */
const claims = (node: FieldSet | undefined, named: boolean): boolean => node !== undefined && (named || '.' in node || isEmpty(node));

function pruneValue(s: FieldSchema, value: unknown, last: FieldSet, kept: FieldSet | undefined, named: boolean): { value: unknown; gone: FieldSet } | undefined {
  if (claims(last, named) && !claims(kept, named)) return { value: undefined, gone: wholeSet(s, value) };
  const below = kept ?? EMPTY;
  switch (formOf(s, value)) {
    case 'struct': case 'map': {
      if (!isObject(value)) return undefined;
      const gone = prune(s, value, last, below);
      if (isEmpty(gone)) return undefined;
      for (const _ in value) return { value, gone };
      // Emptied: it stays where somebody claims it as such, else nobody can own what is not there.
      return claims(kept, false) ? { value, gone } : { value: undefined, gone: member(gone) };
    }
    case 'set': case 'keyed': {
      if (!Array.isArray(value)) return undefined;
      const gone: Record<string, FieldSet> = {}, out: unknown[] = [];
      for (const item of value as unknown[]) {
        const e = elementOf(s, item), l = e === undefined ? undefined : last[e];
        const p = l === undefined ? undefined : pruneValue(s.form === 'set' ? DEDUCED : s.items!, item, l, below[e!], false);
        if (p === undefined) { out.push(item); continue; }
        gone[e!] = p.gone;
        if (p.value !== undefined) out.push(p.value);
      }
      if (isEmpty(gone)) return undefined;
      return out.length > 0 ? { value: out, gone } : { value: undefined, gone: member(gone) };
    }
    default: return undefined;
  }
}

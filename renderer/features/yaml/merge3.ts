// Three-way merges of objects. merge3: my edits on top of what others have changed meanwhile. apply3: a manifest over an object, what
// the manifest said when it was last applied being the third side. Both name every path where two have changed the same.
import { canonicalQuantity, quantityError } from '../../../core/api/meta/quantity.ts';
import { deepEqual } from './equal.ts';

/** One field and what each side has in it; undefined where the field is absent. */
export interface Clash { /** `spec.replicas`, `spec.containers[main].image` */ path: string; base: unknown; mine: unknown; theirs: unknown }
export interface Merged { value: unknown; /** Both sides changed these to different values; `value` has mine. */ conflicts: Clash[] }
export interface Applied extends Merged { /** Changed by others while the manifest stayed as it was; `value` has the manifest's. */ drift: Clash[] }

type Map = Record<string, unknown>;
const isMap = (v: unknown): v is Map => typeof v === 'object' && v !== null && !Array.isArray(v);

/** Fields that tell the elements of a list apart, as Kubernetes does for containers, ports, volumes, mounts, variables and aliases. */
const KEYS = ['name', 'mountPath', 'devicePath', 'containerPort', 'port', 'topologyKey', 'ip'] as const;
/** The field whose values tell the elements of all these lists apart, if there is one; lists without one are taken whole. */
function keyOf(...lists: readonly unknown[]): string | undefined {
  const all = lists.filter(l => Array.isArray(l)).filter(l => l.length > 0);
  if (all.length === 0) return undefined;
  const tells = (l: readonly unknown[], key: string): boolean => l.every(x => isMap(x) && (typeof x[key] === 'string' || typeof x[key] === 'number')) && new Set(l.map(x => (x as Map)[key])).size === l.length;
  return KEYS.find(key => all.every(l => tells(l, key)));
}
const byKey = (l: unknown, key: string): Map => Object.fromEntries((Array.isArray(l) ? l : []).map(x => [String((x as Map)[key]), x]));
/** Mine in my order, then what only they have. */
const listOf = (value: Map, mine: unknown, theirs: unknown, key: string): unknown[] =>
  [...new Set([mine, theirs].flatMap(l => (l as Map[]).map(x => String(x[key]))))].filter(n => n in value).map(n => value[n]);
/** Of these only one member may be set: one that the manifest does not name goes (the patch strategy `retainKeys`). */
const ONE_OF = /(^|\.)volumes\[[^\]]*\]$|^spec\.strategy$/;
const below = (at: string, k: string, list: boolean): string => (list ? `${at}[${k}]` : at === '' ? k : `${at}.${k}`);

/** Where both changed the same thing differently, `mine` is taken and the path told. */
export function merge3(base: unknown, mine: unknown, theirs: unknown, at = ''): Merged {
  if (deepEqual(mine, theirs) || deepEqual(base, theirs)) return { value: mine, conflicts: [] };
  if (deepEqual(base, mine)) return { value: theirs, conflicts: [] };
  // Taking out a map takes out what was in it; what others have put there since is theirs.
  if (mine === undefined && isMap(base) && isMap(theirs)) {
    const { value, conflicts } = maps(base, {}, theirs, at);
    return { value: Object.keys(value as Map).length > 0 ? value : undefined, conflicts };
  }
  if (isMap(mine) && isMap(theirs)) return maps(isMap(base) ? base : {}, mine, theirs, at);
  const key = Array.isArray(mine) && Array.isArray(theirs) ? keyOf(base, mine, theirs) : undefined;
  if (key === undefined) return { value: mine, conflicts: [{ path: at, base, mine, theirs }] };
  const { value, conflicts } = maps(byKey(base, key), byKey(mine, key), byKey(theirs, key), at, true);
  return { value: listOf(value as Map, mine, theirs, key), conflicts };
}

function maps(base: Map, mine: Map, theirs: Map, at: string, list = false): Merged {
  const value: Map = {};
  const conflicts: Clash[] = [];
  for (const k of new Set([...Object.keys(mine), ...Object.keys(theirs), ...Object.keys(base)])) {
    const merged = merge3(base[k], mine[k], theirs[k], below(at, k, list));
    if (merged.value !== undefined) value[k] = merged.value;
    conflicts.push(...merged.conflicts);
  }
  return { value, conflicts };
}

/**
 * What `kubectl apply` makes of it: what the manifest says holds, what it said last time (`last`) and no longer says goes, the rest
 * of the object stays. Unlike there, a field that the manifest and somebody else have both changed is told as a conflict.
 */
export function apply3(last: unknown, mine: unknown, theirs: unknown): Applied {
  const conflicts: Clash[] = [], drift: Clash[] = [];
  const one = (base: unknown, my: unknown, their: unknown, at: string): unknown => {
    if (isMap(my) && isMap(their)) return over(isMap(base) ? base : {}, my, their, at, false);
    const key = Array.isArray(my) && Array.isArray(their) ? keyOf(base, my, their) : undefined;
    if (key !== undefined) return listOf(over(byKey(base, key), byKey(my, key), byKey(their, key), at, true), my, their, key);
    if (base !== undefined && !same(base, their) && !same(my, their)) (same(base, my) ? drift : conflicts).push({ path: at, base, mine: my, theirs: their });
    return my;
  };
  const over = (base: Map, my: Map, their: Map, at: string, list: boolean): Map => {
    const value: Map = {};
    for (const k of new Set([...Object.keys(my), ...Object.keys(their)])) {
      const path = below(at, k, list);
      // An explicit null asks for the field to go, as in a patch.
      if (my[k] !== undefined && my[k] !== null) value[k] = k in their ? one(base[k], my[k], their[k], path) : my[k];
      else if (base[k] === undefined || base[k] === null) { if (!(k in my) && !ONE_OF.test(at)) value[k] = their[k]; } else if (!within(base[k], their[k])) conflicts.push({ path, base: base[k], mine: undefined, theirs: their[k] });
    }
    return value;
  };
  return { value: one(last, mine, theirs, ''), conflicts, drift };
}

/** Whether everything `part` says is so in `whole`, whatever else the server has filled in. */
function within(part: unknown, whole: unknown): boolean {
  if (isMap(part) && isMap(whole)) return Object.entries(part).every(([k, v]) => within(v, whole[k]));
  if (Array.isArray(part) && Array.isArray(whole)) return part.length === whole.length && part.every((x, i) => within(x, whole[i]));
  return same(part, whole);
}

/** Equal, also when the server writes the same amount in another way: 0.5 and 500m. Lists may have got defaults in their elements. */
function same(a: unknown, b: unknown): boolean {
  if (deepEqual(a, b)) return true;
  if (Array.isArray(a) && Array.isArray(b)) return within(a, b) || within(b, a);
  const x = amount(a);
  return x !== undefined && x === amount(b);
}
function amount(v: unknown): string | undefined {
  return typeof v === 'number' || (typeof v === 'string' && quantityError(v) === undefined) ? canonicalQuantity(v) : undefined;
}

// The three-way merge of an edited object: my changes on top of what others have made of it meanwhile, every path named where two have
// changed the same.
import { deepEqual } from './equal.ts';
import { isMap, KEYS } from './field-path.ts';

/** One field and what each side has in it; undefined where the field is absent. */
export interface Clash { /** `spec.replicas`, `spec.containers[main].image` */ path: string; base: unknown; mine: unknown; theirs: unknown }
export interface Merged { value: unknown; /** Both sides changed these to different values; `value` has mine. */ conflicts: Clash[] }

type Map = Record<string, unknown>;

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

// Three-way merge of objects: my edits on top of what others have changed meanwhile, with every path both have changed.
import { deepEqual } from './equal.ts';

export interface Merged { value: unknown; /** Paths both sides changed to different values: `spec.replicas`. */ conflicts: string[] }

type Map = Record<string, unknown>;
const isMap = (v: unknown): v is Map => typeof v === 'object' && v !== null && !Array.isArray(v);
/** Lists whose elements have a name are merged by it, as Kubernetes does for containers, ports, volumes and variables. */
const named = (v: unknown): v is Map[] => Array.isArray(v) && v.length > 0 && v.every(x => isMap(x) && typeof x.name === 'string') && new Set(v.map(x => (x as Map).name)).size === v.length;

/** Where both changed the same thing differently, `mine` is taken and the path told. */
export function merge3(base: unknown, mine: unknown, theirs: unknown, at = ''): Merged {
  if (deepEqual(mine, theirs) || deepEqual(base, theirs)) return { value: mine, conflicts: [] };
  if (deepEqual(base, mine)) return { value: theirs, conflicts: [] };
  if (isMap(mine) && isMap(theirs)) return maps(isMap(base) ? base : {}, mine, theirs, at);
  if (named(mine) && named(theirs)) {
    const by = (l: readonly Map[]): Map => Object.fromEntries(l.map(x => [x.name as string, x]));
    const { value, conflicts } = maps(named(base) ? by(base) : {}, by(mine), by(theirs), at, true);
    const order = [...new Set([...mine.map(x => x.name as string), ...theirs.map(x => x.name as string)])];
    return { value: order.filter(n => n in (value as Map)).map(n => (value as Map)[n]), conflicts };
  }
  return { value: mine, conflicts: [at] };
}

function maps(base: Map, mine: Map, theirs: Map, at: string, list = false): Merged {
  const value: Map = {};
  const conflicts: string[] = [];
  for (const k of new Set([...Object.keys(mine), ...Object.keys(theirs), ...Object.keys(base)])) {
    const merged = merge3(base[k], mine[k], theirs[k], list ? `${at}[${k}]` : at === '' ? k : `${at}.${k}`);
    if (merged.value !== undefined) value[k] = merged.value;
    conflicts.push(...merged.conflicts);
  }
  return { value, conflicts };
}

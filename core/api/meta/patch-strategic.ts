// Strategic merge patch with all its directives (k8s.io/apimachinery strategicpatch; contract 7.4):
// $patch: replace|delete|merge, $deleteFromPrimitiveList/f, $setElementOrder/f, $retainKeys, merge keys from the table.
import { isObject } from './clone.ts';
import { mergeRules, shortDefinition, type MergeRule } from './merge-keys.ts';
import { badRequest, failure } from './status.ts';

type Fields = Record<string, unknown>;
const DELETE_PRIMITIVE = '$deleteFromPrimitiveList/', ORDER = '$setElementOrder/', RETAIN = '$retainKeys', PATCH = '$patch';
/** Every object kind has its metadata, also where the table has no row for it. */
const ROOT: Readonly<Record<string, MergeRule>> = { metadata: { of: 'meta.v1.ObjectMeta' } };
const NONE: Readonly<Record<string, MergeRule>> = {};

/**
 * Applies a strategic merge patch to an object whose definition is `schema` (KindSpec.schema). `document` is not mutated; unchanged
 * parts are shared with the answer. Throws 400 for a malformed patch, 422 for list items without their merge key.
 */
export function applyStrategicMergePatch<T>(document: T, patch: unknown, schema: string): T {
  if (!isObject(patch)) throw badRequest('error decoding patch: json: cannot unmarshal into Go value of type map[string]interface {}');
  return mergeMap(document as Fields, patch, mergeRules[shortDefinition(schema)] ?? ROOT) as T;
}

const rulesOf = (rule: MergeRule | undefined): Readonly<Record<string, MergeRule>> => (rule?.of ? mergeRules[rule.of] ?? NONE : NONE);
const merges = (rule: MergeRule | undefined): boolean => rule?.strategy?.startsWith('merge') === true;
const unprocessable = (message: string): Error => failure(422, 'Invalid', message, { details: {} });
const asList = (value: unknown, what: string): unknown[] => {
  if (!Array.isArray(value)) throw badRequest(`invalid patch format of ${what}: it must be a list`);
  return value as unknown[];
};

function mergeMap(original: Fields, patch: Fields, rules: Readonly<Record<string, MergeRule>>): Fields {
  const directive = patch[PATCH];
  if (directive !== undefined) {
    if (directive === 'replace') return plain(patch) as Fields;
    if (directive === 'delete') return {};
    if (directive !== 'merge') throw badRequest(`unknown patch type ${JSON.stringify(directive)} in map`);
  }
  const out: Fields = { ...original };
  const rest: Fields = { ...patch };
  delete rest[PATCH];
  retainKeys(out, rest);
  for (const key of Object.keys(rest)) {
    if (key.startsWith(ORDER)) {
      const field = key.slice(ORDER.length);
      setOrder(out, rest, field, asList(rest[key], '$setElementOrder list'), rules[field]);
      delete rest[key];
    }
  }
  for (const key of Object.keys(rest)) {
    const value = rest[key];
    if (key.startsWith(DELETE_PRIMITIVE)) {
      const field = key.slice(DELETE_PRIMITIVE.length), list = out[field];
      const gone = new Set(asList(value, '$deleteFromPrimitiveList'));
      if (Array.isArray(list)) out[field] = (list as unknown[]).filter(v => !gone.has(v));
      continue;
    }
    if (value === null) { delete out[key]; continue; }
    const old = Object.hasOwn(out, key) ? out[key] : undefined;
    const rule = rules[key];
    if (isObject(value) && isObject(old) && rule?.strategy !== 'replace') out[key] = mergeMap(old, value, rulesOf(rule));
    else if (Array.isArray(value) && Array.isArray(old) && merges(rule)) out[key] = mergeList(old as unknown[], value as unknown[], key, rule!);
    else put(out, key, plain(value));
  }
  return out;
}

function put(target: Fields, key: string, value: unknown): void {
  if (value === DROPPED) return;
  if (key === '__proto__') Object.defineProperty(target, key, { value, enumerable: true, configurable: true, writable: true });
  else target[key] = value;
}

function retainKeys(out: Fields, patch: Fields): void {
  if (patch[RETAIN] === undefined) return;
  const keep = new Set(asList(patch[RETAIN], '$retainKeys'));
  delete patch[RETAIN];
  for (const key of Object.keys(patch)) {
    if (!key.startsWith('$') && patch[key] !== null && !keep.has(key)) throw badRequest('invalid patch format of retainKeys');
  }
  for (const key of Object.keys(out)) if (!keep.has(key)) delete out[key];
}

/** A value the original did not have: without directives, without nulls. */
const DROPPED = Symbol('dropped');
function plain(value: unknown): unknown {
  if (Array.isArray(value)) return (value as unknown[]).map(plain).filter(v => v !== DROPPED);
  if (!isObject(value)) return value;
  if (value[PATCH] === 'delete') return DROPPED;
  const out: Fields = {};
  for (const key of Object.keys(value)) {
    if (key === PATCH || key === RETAIN || key.startsWith(ORDER) || key.startsWith(DELETE_PRIMITIVE) || value[key] === null) continue;
    put(out, key, plain(value[key]));
  }
  return out;
}

/** Items are the same when their merge keys are, or, for primitives, when they are equal. */
const identity = (item: unknown, key: string | undefined): unknown => (key !== undefined && isObject(item) ? item[key] : item);

function mergeList(original: readonly unknown[], patch: readonly unknown[], field: string, rule: MergeRule): unknown[] {
  const { key } = rule;
  if (key === undefined || (!patch.some(isObject) && !original.some(isObject))) {
    if (patch.some(isObject)) throw unprocessable(`cannot merge lists without merge key for ${field}`);
    return ordered([...new Set([...original, ...patch])], patch, original, undefined);
  }
  const plainPatch: Fields[] = [];
  let base = [...original], replaced = false;
  for (const item of patch) {
    if (!isObject(item)) throw badRequest(`invalid patch format of primitive list for ${field}`);
    const directive = item[PATCH];
    if (directive === undefined) plainPatch.push(item);
    else if (directive === 'replace') replaced = true;
    else if (directive === 'delete') {
      if (item[key] === undefined) throw unprocessable(`map: ${JSON.stringify(item)} does not contain declared merge key: ${key}`);
      base = base.filter(o => identity(o, key) !== item[key]);
    } else if (directive === 'merge') throw badRequest('merging lists cannot yet be specified in the patch');
    else throw badRequest(`unknown patch type ${JSON.stringify(directive)} in list`);
  }
  if (replaced) return plain(plainPatch) as unknown[];
  const before = base;
  const merged = [...base];
  const rules = rulesOf(rule);
  for (const item of plainPatch) {
    const id = item[key];
    if (id === undefined || id === null) throw unprocessable(`map: ${JSON.stringify(item)} does not contain declared merge key: ${key}`);
    const at = merged.findIndex(o => identity(o, key) === id);
    const old = at < 0 ? undefined : merged[at];
    if (isObject(old)) merged[at] = mergeMap(old, item, rules);
    else merged.push(plain(item));
  }
  return ordered(merged, plainPatch, before, key);
}

/** The items named by `wanted` in its order, woven into the others, which keep the server's order. */
function ordered(items: readonly unknown[], wanted: readonly unknown[], server: readonly unknown[], key: string | undefined): unknown[] {
  const rankOf = (list: readonly unknown[]): Map<unknown, number> => {
    const ranks = new Map<unknown, number>();
    list.forEach((item, i) => { const id = identity(item, key); if (!ranks.has(id)) ranks.set(id, i); });
    return ranks;
  };
  const wantedRank = rankOf(wanted), serverRank = rankOf(server);
  const id = (item: unknown): unknown => identity(item, key);
  const right = items.filter(i => wantedRank.has(id(i))).sort((a, b) => wantedRank.get(id(a))! - wantedRank.get(id(b))!);
  const left = items.filter(i => !wantedRank.has(id(i))).sort((a, b) => (serverRank.get(id(a)) ?? 0) - (serverRank.get(id(b)) ?? 0));
  const out: unknown[] = [];
  let i = 0, j = 0;
  while (i < left.length || j < right.length) {
    if (i >= left.length) { out.push(right[j++]); continue; }
    if (j >= right.length) { out.push(left[i++]); continue; }
    const l = serverRank.get(id(left[i])), r = serverRank.get(id(right[j]));
    out.push(l !== undefined && r !== undefined && l < r ? left[i++] : right[j++]);
  }
  return out;
}

function setOrder(out: Fields, patch: Fields, field: string, order: readonly unknown[], rule: MergeRule | undefined): void {
  if (!merges(rule)) throw badRequest(`cannot use $setElementOrder with ${field}, which is not merged`);
  const old = out[field], change = patch[field];
  if (change === null || (!Array.isArray(old) && !Array.isArray(change))) return;
  const { key } = rule!;
  if (Array.isArray(change)) checkOrder(change as unknown[], order, key);
  let merged: unknown[];
  if (Array.isArray(old) && Array.isArray(change)) merged = mergeList(old as unknown[], change as unknown[], field, rule!);
  else merged = Array.isArray(old) ? (old as unknown[]) : (plain(change) as unknown[]);
  out[field] = ordered(merged, order, Array.isArray(old) ? (old as unknown[]) : [], key);
  delete patch[field];
}

function checkOrder(change: readonly unknown[], order: readonly unknown[], key: string | undefined): void {
  let at = 0;
  for (const item of change) {
    if (isObject(item) && item[PATCH] !== undefined) continue;
    const id = identity(item, key);
    while (at < order.length && identity(order[at], key) !== id) at++;
    if (at >= order.length) throw badRequest(`The order in patch list:\n${JSON.stringify(change)}\n doesn't match $setElementOrder list:\n${JSON.stringify(order)}\n`);
  }
}


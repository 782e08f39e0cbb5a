// A schema of a custom resource made ready for use: compiled once per version of a definition, walked for every object.
import { asSchema } from '../../api/kinds/apiextensions/validate-schema.ts';
import { clone, isObject } from '../../api/meta/clone.ts';
import type { JSONSchemaProps, ValidationRule } from '../../api/types/kubernetes.ts';
import { formatCheck } from './formats.ts';
import { compilePattern, type Pattern } from './pattern.ts';

/** One place of a schema. Junctors (allOf…) hold conditions on values only. */
export interface Structural {
  readonly type: string;
  readonly nullable: boolean;
  readonly properties: ReadonlyMap<string, Structural>;
  /** Schema of the values of a map; `true` for any value; undefined where there is no such thing. */
  readonly additional: Structural | boolean | undefined;
  readonly items: Structural | undefined;
  readonly preserve: boolean;
  readonly embedded: boolean;
  readonly intOrString: boolean;
  readonly default: unknown;
  readonly listType: string;
  readonly listMapKeys: readonly string[];
  readonly mapType: string;
  readonly rules: readonly ValidationRule[];
  readonly required: readonly string[];
  readonly enum: readonly unknown[] | undefined;
  readonly format: string;
  readonly isFormat: ((text: string) => boolean) | undefined;
  readonly pattern: Pattern | undefined;
  readonly patternText: string;
  readonly raw: JSONSchemaProps;
  readonly allOf: readonly Structural[];
  readonly anyOf: readonly Structural[];
  readonly oneOf: readonly Structural[];
  readonly not: Structural | undefined;
  /** Some place in it has a default, a list with keys, an embedded object, a rule: walks that find none are not begun. */
  readonly has: { readonly defaults: boolean; readonly lists: boolean; readonly embedded: boolean; readonly rules: boolean };
}

/** Compiles a schema that was found structural. Throws CelError for a pattern that is none. */
export function compileSchema(s: JSONSchemaProps): Structural {
  const properties = new Map(Object.entries(s.properties ?? {}).map(([k, v]) => [k, compileSchema(v)]));
  const inner = asSchema(s.additionalProperties), itemSchema = asSchema(s.items);
  const additional = inner ? compileSchema(inner) : typeof s.additionalProperties === 'boolean' ? s.additionalProperties : undefined;
  const items = itemSchema && compileSchema(itemSchema);
  const parts = [...properties.values(), ...(typeof additional === 'object' ? [additional] : []), ...(items ? [items] : [])];
  const listType = s['x-kubernetes-list-type'] ?? '', rules = s['x-kubernetes-validations'] ?? [];
  return {
    type: s.type ?? '', nullable: s.nullable === true, properties, additional, items, rules, listType,
    preserve: s['x-kubernetes-preserve-unknown-fields'] === true, embedded: s['x-kubernetes-embedded-resource'] === true, intOrString: s['x-kubernetes-int-or-string'] === true,
    default: s.default, listMapKeys: s['x-kubernetes-list-map-keys'] ?? [], mapType: s['x-kubernetes-map-type'] ?? '',
    required: s.required ?? [], enum: s.enum, format: s.format && formatCheck(s.format) ? s.format : '', isFormat: s.format ? formatCheck(s.format) : undefined,
    pattern: s.pattern ? compilePattern(s.pattern) : undefined, patternText: s.pattern ?? '', raw: s,
    allOf: (s.allOf ?? []).map(compileSchema), anyOf: (s.anyOf ?? []).map(compileSchema), oneOf: (s.oneOf ?? []).map(compileSchema), not: s.not && compileSchema(s.not),
    has: {
      defaults: s.default !== undefined || parts.some(p => p.has.defaults), lists: listType === 'set' || listType === 'map' || parts.some(p => p.has.lists),
      embedded: s['x-kubernetes-embedded-resource'] === true || parts.some(p => p.has.embedded), rules: rules.length > 0 || parts.some(p => p.has.rules),
    },
  };
}

const IDENTITY: ReadonlySet<string> = new Set(['apiVersion', 'kind', 'metadata']);
const at = (path: string, name: string): string => (path === '' ? name : `${path}.${name}`);

/** Takes what the schema does not know off `object`, in place; the paths of what went, in the order met. The root's identity stays. */
export function prune(object: Record<string, unknown>, s: Structural): string[] {
  const gone: string[] = [];
  if (s.preserve) keep(object, s, true, '', gone); else pruneValue(object, s, true, '', gone);
  return gone;
}

/** Any value of the schema, pruned in place. */
export function pruned<T>(v: T, s: Structural): T { pruneValue(v, s, false, '', []); return v; }

function pruneValue(v: unknown, s: Structural | undefined, root: boolean, path: string, gone: string[]): void {
  if (s?.preserve) { keep(v, s, root, path, gone); return; }
  if (Array.isArray(v)) { for (let i = 0; i < v.length; i++) if (typeof v[i] === 'object') pruneValue(v[i], s?.items, false, `${path}[${i}]`, gone); return; }
  if (!isObject(v)) return;
  for (const k of Object.keys(v)) {
    if ((root || s?.embedded) && IDENTITY.has(k)) continue;
    const p = s?.properties.get(k) ?? s?.additional;
    if (p === undefined || p === false) { gone.push(at(path, k)); delete v[k]; continue; }
    const inner = v[k];
    if (typeof inner === 'object' && inner !== null) pruneValue(inner, p === true ? undefined : p, false, at(path, k), gone);
  }
}

/** Unknown fields stay here, but what is known inside is held to its schema. */
function keep(v: unknown, s: Structural, root: boolean, path: string, gone: string[]): void {
  if (Array.isArray(v)) { if (s.items) for (let i = 0; i < v.length; i++) keep(v[i], s.items, false, `${path}[${i}]`, gone); return; }
  if (!isObject(v)) return;
  for (const k of Object.keys(v)) {
    if ((root || s.embedded) && IDENTITY.has(k)) continue;
    const p = s.properties.get(k) ?? (typeof s.additional === 'object' ? s.additional : undefined);
    if (p) pruneValue(v[k], p, false, at(path, k), gone);
  }
}

const isNoNull = (v: unknown, s: Structural | undefined): boolean => v === null && s !== undefined && !s.nullable;

/** Fills defaults and takes off nulls that are neither allowed nor have a default, in place. */
export function setDefaults(v: unknown, s: Structural): void {
  if (Array.isArray(v)) {
    if (!s.items) return;
    for (let i = 0; i < v.length; i++) {
      if (isNoNull(v[i], s.items) && s.items.default !== undefined) v[i] = clone(s.items.default);
      if (typeof v[i] === 'object') setDefaults(v[i], s.items);
    }
    return;
  }
  if (!isObject(v)) return;
  if (s.has.defaults) {
    for (const [k, p] of s.properties) {
      if (p.default !== undefined && (v[k] === undefined || isNoNull(v[k], p))) v[k] = clone(p.default);
    }
  }
  for (const k of Object.keys(v)) {
    const inner = v[k];
    if (typeof inner !== 'object') continue;
    const p = s.properties.get(k);
    if (p) {
      if (isNoNull(inner, p)) delete v[k]; else setDefaults(inner, p);
    } else if (typeof s.additional === 'object') {
      if (isNoNull(inner, s.additional) && s.additional.default !== undefined) v[k] = clone(s.additional.default);
      setDefaults(v[k], s.additional);
    }
  }
}

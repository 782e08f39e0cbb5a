// Structural equality of wire values.

/**
 * Fields that are maps, or structs Go never leaves out: empty and absent are the same thing there. Everywhere else `{}` says something
 * that absence does not: `emptyDir: {}` is a volume, a `labelSelector: {}` selects everything.
 */
const EMPTY_IS_ABSENT = new Set([
  'annotations', 'labels', 'matchLabels', 'nodeSelector', 'selector', 'data', 'binaryData', 'stringData', 'parameters', 'options', 'volumeAttributes', 'overhead',
  'limits', 'requests', 'capacity', 'allocatable', 'hard', 'used', 'resources', 'metadata', 'spec', 'status', 'strategy', 'updateStrategy', 'loadBalancer', 'disruptedPods',
]);

/**
 * Deep equality as apimachinery's semantic equality treats unset values: missing, null and [] are the same, and so is {} for maps and
 * for the two values themselves.
 */
export function semanticEqual(a: unknown, b: unknown): boolean {
  return same(a, b, true);
}

function same(a: unknown, b: unknown, emptyIsAbsent: boolean): boolean {
  if (a === b) return true;
  const emptyA = isEmpty(a, emptyIsAbsent), emptyB = isEmpty(b, emptyIsAbsent);
  if (emptyA || emptyB) return emptyA && emptyB;
  if (typeof a !== 'object' || typeof b !== 'object' || a === null || b === null) return false;
  if (Array.isArray(a)) {
    if (!Array.isArray(b) || a.length !== b.length) return false;
    for (let i = 0; i < a.length; i++) if (!same(a[i], b[i], false)) return false;
    return true;
  }
  if (Array.isArray(b)) return false;
  const x = a as Record<string, unknown>, y = b as Record<string, unknown>;
  for (const k in x) if (!same(x[k], y[k], EMPTY_IS_ABSENT.has(k))) return false;
  for (const k in y) if (!(k in x) && !isEmpty(y[k], EMPTY_IS_ABSENT.has(k))) return false;
  return true;
}

function isEmpty(v: unknown, objects: boolean): boolean {
  if (v === undefined || v === null) return true;
  if (typeof v !== 'object') return false;
  if (Array.isArray(v)) return v.length === 0;
  if (!objects) return false;
  for (const k in v) if (!isEmpty((v as Record<string, unknown>)[k], EMPTY_IS_ABSENT.has(k))) return false;
  return true;
}

/** The fields of two objects that differ, one per line: `-` as it was, `+` as it is to be. */
export function difference(prev: object, next: object): string {
  const a = prev as Record<string, unknown>, b = next as Record<string, unknown>;
  return [...new Set([...Object.keys(b), ...Object.keys(a)])].sort().filter(k => !same(b[k], a[k], EMPTY_IS_ABSENT.has(k)))
    .map(k => `- ${k}: ${JSON.stringify(a[k]) ?? 'null'}\n+ ${k}: ${JSON.stringify(b[k]) ?? 'null'}\n`).join('');
}

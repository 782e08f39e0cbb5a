// The pod-template-hash: a short name of a template. Not Kubernetes' own digest (that one hashes Go's memory layout), but of the
// same shape: FNV-1a over a canonical text, written in the alphabet that spells no words.
import { safeEncode } from '../../api/meta/names.ts';

/** JSON with sorted keys and without what says nothing (null, empty lists and maps), so that equal templates have equal texts. */
function canonical(value: unknown): string | undefined {
  if (value === undefined || value === null) return undefined;
  if (Array.isArray(value)) return value.length ? `[${value.map(v => canonical(v) ?? 'null').join(',')}]` : undefined;
  if (typeof value !== 'object') return JSON.stringify(value);
  const fields = Object.entries(value).map(([k, v]) => [k, canonical(v)] as const).filter(([, v]) => v !== undefined);
  return fields.length ? `{${fields.sort((a, b) => (a[0] < b[0] ? -1 : 1)).map(([k, v]) => `${JSON.stringify(k)}:${v}`).join(',')}}` : undefined;
}

function fnv1a(text: string): number {
  let hash = 0x811c9dc5;
  for (const byte of new TextEncoder().encode(text)) hash = Math.imul(hash ^ byte, 0x01000193);
  return hash >>> 0;
}

/** At most 10 characters, safe in names and labels; another `collisionCount` gives another hash. */
export function templateHash(template: unknown, collisionCount: number | undefined): string {
  const hash = fnv1a((canonical(template) ?? '') + (collisionCount === undefined ? '' : `#${collisionCount}`));
  return safeEncode(String(hash));
}
